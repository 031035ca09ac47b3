//! From a class and a length to the settings of a field in a dialect file.

use super::{
    class::{Bits, Content, Counts, Page, Prefix, Value, Writing},
    source::Field,
};
use toml::Table;

/// The longest value of fixed length that a dialect takes.
const LONGEST_FIXED: usize = 32_000;

/// The longest that a format can say of a variable one.
const LONGEST: usize = 999_999;

/// Where the length of a value comes from.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Length {
    /// Its own prefix, or it is fixed.
    Own,
    /// What stands between its tag and it.
    OfTheTag,
}

/// A field's settings.
pub(super) struct Wire {
    pub(super) settings: Table,
    /// Is all of it, length included, ASCII text, so that it may stand inside text?
    pub(super) text: bool,
    /// What the settings say otherwise than jPOS.
    pub(super) notes: Vec<String>,
}

impl Wire {
    fn new(field: &Field, format: String, text: bool) -> Self {
        let mut wire = Self { settings: Table::new(), text, notes: Vec::new() };
        wire.put("format", format);
        if !field.name.is_empty() {
            wire.put("name", field.name.as_str());
        }
        wire
    }

    pub(super) fn put(&mut self, key: &str, value: impl Into<toml::Value>) {
        self.settings.insert(key.to_owned(), value.into());
    }

    /// The same bytes, as bytes: of text in ASCII, whose elements are no text.
    pub(super) fn into_bytes(mut self) -> Self {
        if let Some(format) = self.settings.get("format").and_then(toml::Value::as_str) {
            let size = format.trim_start_matches(|letter: char| letter != '.' && !letter.is_ascii_digit()).to_owned();
            self.put("format", format!("b{size}"));
        }
        for key in ["encoding", "check", "pad", "pad-char"] {
            self.settings.remove(key);
        }
        self.text = false;
        self
    }
}

/// The settings of a value; an error says why there can be none.
pub(super) fn settings(field: &Field, value: &Value, length: Length, track: bool) -> Result<Wire, String> {
    let mut notes = Vec::new();
    let (max, dots) = match value.prefix {
        None => (fixed(field, value.content)?, String::new()),
        Some(prefix) => (variable(field, value.content, prefix, &mut notes), ".".repeat(prefix.digits)),
    };
    let ascii_prefix = value.prefix.is_none_or(|prefix| prefix.writing == Writing::Ascii);
    let mut wire = content(field, value, track, max, &dots, ascii_prefix)?;
    wire.notes.splice(0..0, notes);
    match (value.prefix, length) {
        (Some(prefix), Length::Own) => put_prefix(&mut wire, value.content, prefix),
        // The tag's length is of bytes; which spare nibble is written makes no difference to it.
        (Some(_), Length::OfTheTag) => {}
        (None, _) => put_padding(&mut wire, value.content),
    }
    Ok(wire)
}

/// Units of a fixed value.
fn fixed(field: &Field, content: Content) -> Result<usize, String> {
    let units = match content {
        Content::PackedAmount | Content::Amount(_) if field.length < 2 => {
            return Err(format!("an amount of {} characters has no room for sign and digits", field.length));
        }
        Content::PackedAmount => field.length - 1,
        _ => field.length,
    };
    if units > LONGEST_FIXED {
        return Err(format!("a fixed length of {units}; a dialect ends at {LONGEST_FIXED}"));
    }
    Ok(units)
}

/// The most units of a variable value: what is declared, as far as the prefix can say it.
fn variable(field: &Field, content: Content, prefix: Prefix, notes: &mut Vec<String>) -> usize {
    let most = match (prefix.writing, prefix.digits) {
        (Writing::Binary, 0..=2) => 0xFF,
        (Writing::Binary, 3..=4) => 0xFFFF,
        (Writing::Binary, _) => LONGEST,
        (_, digits) => 10usize.pow(digits as u32) - 1,
    };
    let (declared, most) = match (content, prefix.counts) {
        (Content::Nibbles { .. }, _) => (field.length.saturating_mul(2), most - most % 2),
        (_, Counts::Bytes) => (field.length, most * 2),
        (_, Counts::Even) => (field.length.saturating_add(field.length % 2), most - most % 2),
        (_, Counts::Units) => (field.length, most),
    };
    if field.length == 0 {
        notes.push(format!("`length` is 0, which jPOS takes for any: {most} is taken"));
        return most.min(LONGEST);
    }
    if declared > most {
        notes.push(format!(
            "`length` is {}, more than the length in front of it can say: {most} is taken",
            field.length
        ));
    }
    declared.min(most).min(LONGEST)
}

fn content(
    field: &Field,
    value: &Value,
    track: bool,
    max: usize,
    dots: &str,
    ascii_prefix: bool,
) -> Result<Wire, String> {
    let format = |class: &str| format!("{class}{dots}{max}");
    let mut wire = match value.content {
        Content::Text(page) | Content::Number(page) | Content::Amount(page) => {
            let ascii = page == Page::Ascii;
            let mut wire = Wire::new(field, format("ans"), ascii && ascii_prefix);
            if !ascii {
                wire.put("encoding", "cp1047");
            }
            wire.put("check", false);
            wire
        }
        Content::Packed { filler } => {
            let mut wire = Wire::new(field, format(if track { "z" } else { "n" }), false);
            let odd = !dots.is_empty() || max % 2 == 1;
            let by_bytes = value.prefix.is_some_and(|prefix| prefix.counts == Counts::Bytes);
            put_packed(&mut wire, odd, field.pad && !by_bytes, filler);
            if value.prefix.is_some_and(|prefix| prefix.counts == Counts::Even) {
                let note =
                    "jPOS counts the spare nibble of an odd number of digits when it writes; here only digits count";
                wire.notes.push(note.to_owned());
            }
            wire
        }
        Content::PackedAmount => {
            let mut wire = Wire::new(field, format("x+n"), false);
            put_packed(&mut wire, max % 2 == 1, field.pad, '0');
            wire
        }
        Content::Nibbles { .. } if dots.is_empty() && max.is_multiple_of(2) => {
            Wire::new(field, format!("b{}", max / 2), false)
        }
        Content::Nibbles { filler } => {
            let mut wire = Wire::new(field, format("z"), false);
            put_packed(&mut wire, true, field.pad, filler);
            wire.notes.push("packed hex digits: A to F are written as `:;<=>?`".to_owned());
            wire
        }
        Content::Bytes => Wire::new(field, format("b"), false),
        Content::Hex(page) => {
            let mut wire = Wire::new(field, format("b"), false);
            wire.put("encoding", if page == Page::Ebcdic { "ebcdic-hex" } else { "hex" });
            wire.put("case", "any");
            wire
        }
    };
    if field.class == "IFE_SIGNED_NUMERIC" {
        wire.notes.push("the sign is in the last digit: the value shows the letter or brace it makes of it".to_owned());
    }
    Ok(wire)
}

fn put_packed(wire: &mut Wire, odd: bool, left: bool, filler: char) {
    wire.put("encoding", "bcd");
    if !odd {
        return;
    }
    if !left {
        wire.put("nibble-side", "right");
        if filler != '0' {
            wire.put("nibble", filler.to_string());
        }
    }
    // jPOS does not look at the spare nibble.
    wire.put("check-nibble", false);
}

fn put_prefix(wire: &mut Wire, content: Content, prefix: Prefix) {
    match prefix.writing {
        Writing::Ascii => {}
        Writing::Ebcdic => wire.put("prefix", "ebcdic"),
        Writing::Bcd => wire.put("prefix", "bcd"),
        Writing::Binary => wire.put("prefix", "binary"),
    }
    match (content, prefix.counts) {
        (Content::Packed { .. }, Counts::Bytes) | (Content::Hex(_), _) => wire.put("counts", "bytes"),
        (Content::Packed { .. } | Content::Nibbles { .. }, _) => wire.put("counts", "digits"),
        _ => {}
    }
}

/// How a short value of a fixed field is filled up where that is not what its class says anyway.
fn put_padding(wire: &mut Wire, content: Content) {
    let digits = matches!(content, Content::Number(_));
    let track = wire.settings.get("format").and_then(toml::Value::as_str).is_some_and(|format| format.starts_with('z'));
    if digits || track {
        wire.put("pad", "left");
        wire.put("pad-char", "0");
    } else if matches!(content, Content::Amount(_)) {
        // The zeros belong behind the sign, which only `x+n` knows of; that would refuse signs that jPOS takes.
        wire.put("pad", "none");
    }
}

/// What takes all that is left of a value of `size`: the last of elements by position.
pub(super) fn rest(field: &Field, text: bool, size: usize) -> Wire {
    let size = size.clamp(1, LONGEST_FIXED);
    let mut wire = Wire::new(field, format!("{}...{size}", if text { "ans" } else { "b" }), text);
    wire.put("prefix", "none");
    if text {
        wire.put("check", false);
    }
    wire
}

/// A bitmap that is the value of a field.
pub(super) fn bitmap(field: &Field, bits: Bits) -> Result<Wire, String> {
    if field.length > 8 {
        return Err("how long a bitmap of more than 8 bytes is, is told by its first bit".to_owned());
    }
    let mut wire = Wire::new(field, format!("b{}", fixed(field, Content::Bytes)?), false);
    match bits {
        Bits::Raw => {}
        Bits::Hex => wire.put("encoding", "hex"),
        Bits::EbcdicHex => wire.put("encoding", "ebcdic-hex"),
    }
    if bits != Bits::Raw {
        wire.put("case", "any");
    }
    Ok(wire)
}

/// A room with the length of what is in use in front of it, as one fixed value.
pub(super) fn room(field: &Field, value: &Value) -> Result<Wire, String> {
    let before = match value.prefix {
        Some(Prefix { writing: Writing::Bcd, digits, .. }) => digits.div_ceil(2),
        Some(Prefix { writing: Writing::Binary, digits, .. }) => {
            if digits < 3 {
                1
            } else {
                2
            }
        }
        Some(prefix) => prefix.digits,
        None => 0,
    };
    let size = fixed(field, Content::Bytes)? + before;
    let text = matches!(value.content, Content::Text(Page::Ascii) | Content::Number(Page::Ascii));
    let mut wire = Wire::new(field, format!("{}{size}", if text { "ans" } else { "b" }), text);
    if text {
        wire.put("check", false);
    }
    wire.notes.push(
        "a room of fixed length: the length in front of it and what fills it up are part of the value".to_owned(),
    );
    Ok(wire)
}
