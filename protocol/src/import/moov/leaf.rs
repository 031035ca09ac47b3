//! A value in one piece: from type, encoding, prefix and length to the settings of a field of ours.
//!
//! What a length of moov counts is what its encoding asks for: digits of BCD, bytes of all else; of hex text the bytes that
//! it stands for.

use super::{
    names::{Before, Enc, Kind, Prefix},
    source::Field,
};
use toml::{Table, Value};

/// What is bytes by the standard, or by its type, is not text of EBCDIC.
const UNCONVERTED: &str = "its bytes are given as they stand on the wire, not converted from EBCDIC";

/// The most units that a field of ours can have.
const MOST: usize = 32_000;

/// The settings made of a field, and what they do not say.
pub(super) struct Made {
    pub(super) settings: Table,
    pub(super) notes: Vec<String>,
}

/// What the standard says of the number of a field, where it is known.
#[derive(Clone, Copy, Default)]
pub(super) struct Usual {
    pub(super) binary: bool,
    /// A number of fixed length.
    pub(super) number: bool,
    /// A number or text that is not reserved for whatever people put in it.
    pub(super) text: bool,
}

/// Where a value stands.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// Its own prefix, or its fixed length, says how long it is.
    Own,
    /// The length behind its tag does; `ber` or of another kind.
    Tagged { ber: bool },
}

/// How the characters of a value stand on the wire, in our words.
#[derive(Clone, Copy)]
struct Shape {
    class: &'static str,
    encoding: Option<&'static str>,
    /// Units of ours for each unit that moov counts.
    each: usize,
    counts: Option<&'static str>,
    note: Option<&'static str>,
}

/// The settings of a value; an error says why there are none.
pub(super) fn made(field: &Field, usual: Usual, place: Place) -> Result<Made, String> {
    let (kind, enc, prefix) = names(field)?;
    // A bitmap that says nothing of its length has 8 bytes.
    let usual_length = if kind == Kind::Bitmap && field.length == 0 { 8 } else { field.length };
    let field = &Field { length: usual_length, ..field.clone() };
    let mut shape = shape(kind, enc, usual)?;
    let mut notes: Vec<String> = shape.note.map(str::to_owned).into_iter().collect();
    if prefix.before == Before::Nothing {
        notes.push(format!("None.Fixed takes {} here, in newer versions of moov all that is left", field.length));
    }
    if let Some(padding) = field.padding
        && (shape.class, shape.encoding != Some("bcd")) == ("n", true)
        && !padding.with.is_ascii_digit()
    {
        shape.class = "ans";
    }
    let mut settings = Table::new();
    let variable = match place {
        Place::Own => own(field, prefix, &shape, &mut settings, &mut notes)?,
        Place::Tagged { ber } => tagged(field, enc, prefix, &shape, ber, &mut settings)?,
    };
    if let Some(encoding) = shape.encoding {
        set(&mut settings, "encoding", encoding);
    }
    packed(kind, enc, &shape, field.length, variable, &mut settings);
    if shape.encoding == Some("hex") {
        set(&mut settings, "case", "any");
    }
    pad(field, enc, &shape, variable, usual, &mut settings, &mut notes);
    if kind == Kind::Composite {
        notes.push("a composite without subfields: kept in one piece".to_owned());
    } else if !field.parts.is_empty() || field.tag.is_some() || field.bitmap.is_some() || field.never_expands {
        let keys = "`subfields`, `tag`, `bitmap` and `disableAutoExpand`";
        notes.push(format!("{keys} have no meaning in a field that is no Composite: left out"));
    }
    Ok(Made { settings, notes })
}

/// The three names that every field has.
pub(super) fn names(field: &Field) -> Result<(Kind, Enc, Prefix), String> {
    let unknown = |what: &str, name: &String| match name.as_str() {
        "" => format!("it has no {what}"),
        name => format!("the {what} \"{name}\" is not known"),
    };
    let kind = *field.kind.as_ref().map_err(|name| unknown("type", name))?;
    let enc = *field.enc.as_ref().map_err(|name| unknown("encoding", name))?;
    let prefix = *field.prefix.as_ref().map_err(|name| unknown("prefix", name))?;
    Ok((kind, enc, prefix))
}

pub(super) fn set(settings: &mut Table, key: &str, value: &str) {
    settings.insert(key.to_owned(), Value::String(value.to_owned()));
}

fn shape(kind: Kind, enc: Enc, usual: Usual) -> Result<Shape, String> {
    let text = match kind {
        Kind::String | Kind::Track1 => Some("ans"),
        Kind::Numeric => Some("n"),
        Kind::Track2 => Some("z"),
        Kind::Binary | Kind::Hex | Kind::Bitmap | Kind::Composite => None,
    };
    let plain = |class, encoding| Shape { class, encoding, each: 1, counts: None, note: None };
    let raw = plain("b", None);
    Ok(match (enc, text) {
        (Enc::Ascii, Some(class)) => plain(class, None),
        (Enc::Ebcdic | Enc::Ebcdic1047, Some("ans")) if usual.binary => Shape { note: Some(UNCONVERTED), ..raw },
        (Enc::Ebcdic, Some(class)) => plain(class, Some("cp500")),
        (Enc::Ebcdic1047, Some(class)) => plain(class, Some("cp1047")),
        (Enc::Bcd | Enc::Lbcd | Enc::Nibbles | Enc::Ascii | Enc::Ebcdic | Enc::Ebcdic1047, _)
            if kind == Kind::Bitmap =>
        {
            return Err("a bitmap is bytes, or hex characters: this encoding is neither".to_owned());
        }
        (Enc::Ascii, None) => raw,
        (Enc::Ebcdic | Enc::Ebcdic1047, None) => Shape { note: Some(UNCONVERTED), ..raw },
        // A String may be any bytes; the other texts are ASCII, or moov cannot read them.
        (Enc::Binary, Some("n" | "z")) => plain(if kind == Kind::Numeric { "n" } else { "z" }, None),
        (Enc::Binary, _) if kind == Kind::Track1 => plain("ans", None),
        (Enc::Binary, Some(_)) if usual.text => plain("ans", Some("bytes")),
        (Enc::Binary, _) => raw,
        (Enc::Bcd | Enc::Lbcd, _) => {
            let class = if kind == Kind::Track2 { "z" } else { "n" };
            Shape { counts: Some("digits"), ..plain(class, Some("bcd")) }
        }
        (Enc::Nibbles, _) => {
            let note = (kind != Kind::Track2).then_some("the nibbles A to F are given as `:;<=>?`");
            Shape { counts: Some("digits"), note, ..plain("z", Some("bcd")) }
        }
        // A String may be any bytes: where no text is known to stand, they are given in hex.
        (Enc::HexOnWire, Some("ans")) if kind == Kind::String && !usual.text => {
            let note = (!usual.binary).then_some("hex of any bytes stands on the wire: given as those bytes, in hex");
            Shape { counts: Some("bytes"), note, ..plain("b", Some("hex")) }
        }
        (Enc::HexOnWire, Some(class)) => {
            Shape { counts: Some("bytes"), ..plain(if class == "z" { "ans" } else { class }, Some("hex")) }
        }
        (Enc::HexOnWire, None) => Shape { counts: Some("bytes"), ..plain("b", Some("hex")) },
        (Enc::HexInProgram, Some(class @ ("n" | "z"))) => {
            Shape { each: 2, counts: Some("bytes"), ..plain(class, Some("bcd")) }
        }
        (Enc::HexInProgram, _) => raw,
        (Enc::BerTag, _) => return Err("BerTLVTag is the encoding of a tag, not of a value".to_owned()),
    })
}

/// Format and prefix of a value that has its own length; says whether it varies.
fn own(
    field: &Field,
    prefix: Prefix,
    shape: &Shape,
    settings: &mut Table,
    notes: &mut Vec<String>,
) -> Result<bool, String> {
    if prefix.before == Before::Ber {
        return Err("a BER length stands only behind a BER tag".to_owned());
    }
    if field.length == 0 {
        return Err("its length is not told".to_owned());
    }
    if prefix.fixed() {
        let units = field.length.saturating_mul(shape.each);
        if units > MOST {
            return Err(format!("a fixed length of {units} is more than {MOST}"));
        }
        set(settings, "format", &format!("{}{units}", shape.class));
        return Ok(false);
    }
    let (dots, most) = width(prefix)?;
    let most = most.min(MOST / shape.each);
    if field.length > most {
        notes.push(format!("its length of {} is bounded to {most}: more cannot be said before it", field.length));
    }
    let units = field.length.min(most) * shape.each;
    set(settings, "format", &format!("{}{}{units}", shape.class, ".".repeat(dots)));
    prefix_word(prefix, settings);
    if let Some(counts) = shape.counts {
        set(settings, "counts", counts);
    }
    Ok(true)
}

/// The dots of our notation for a prefix, and the largest number it says.
pub(super) fn width(prefix: Prefix) -> Result<(usize, usize), String> {
    let letters = prefix.letters;
    let dots = match prefix.before {
        // Each letter is a byte, and two dots are one byte; or two hex characters, and a dot is one character.
        Before::Binary | Before::Hex => 2 * letters,
        _ => letters,
    };
    let most = match prefix.before {
        Before::Binary | Before::Hex => 256usize.checked_pow(letters as u32).map_or(usize::MAX, |end| end - 1),
        _ => 10usize.checked_pow(letters as u32).map_or(usize::MAX, |end| end - 1),
    };
    if dots > 6 {
        return Err(format!("a length prefix of {letters} bytes or digits is longer than any of ours"));
    }
    Ok((dots, most))
}

/// Names the prefix, unless it is the usual one.
pub(super) fn prefix_word(prefix: Prefix, settings: &mut Table) {
    let word = match prefix.before {
        Before::Ebcdic => "ebcdic",
        Before::Bcd => "bcd",
        Before::Binary => "binary",
        Before::Hex => "hex",
        Before::Ascii | Before::Ber | Before::Nothing => return,
    };
    set(settings, "prefix", word);
}

/// Format of a value whose length stands behind its tag and counts bytes, as ours does.
fn tagged(
    field: &Field,
    enc: Enc,
    prefix: Prefix,
    shape: &Shape,
    ber: bool,
    settings: &mut Table,
) -> Result<bool, String> {
    if matches!(enc, Enc::Bcd | Enc::Lbcd | Enc::Nibbles | Enc::HexOnWire) {
        return Err(
            "the length behind its tag counts digits, or the bytes that hex stands for, and not bytes".to_owned()
        );
    }
    if ber && shape.class == "b" {
        return Ok(true);
    }
    // moov does not look at the length of what stands behind a BER length.
    let (dots, most) = if ber { (5, MOST) } else { width(prefix)? };
    let bound = if ber || field.length == 0 { MOST } else { field.length };
    let units = bound.min(most).min(MOST / shape.each) * shape.each;
    set(settings, "format", &format!("{}{}{units}", shape.class, ".".repeat(dots)));
    Ok(true)
}

/// The spare nibble of packed digits: moov reads over it.
fn packed(kind: Kind, enc: Enc, shape: &Shape, length: usize, variable: bool, settings: &mut Table) {
    if shape.encoding != Some("bcd") {
        return;
    }
    let spare = variable || (length * shape.each) % 2 == 1;
    if enc == Enc::HexInProgram {
        // Always whole bytes; a track of an odd number of digits ends with the filler F.
        if kind == Kind::Track2 {
            set(settings, "nibble-side", "right");
            set(settings, "nibble", "F");
        }
    } else if spare {
        if enc == Enc::Lbcd {
            set(settings, "nibble-side", "right");
        }
        settings.insert("check-nibble".to_owned(), Value::Boolean(false));
    }
}

fn pad(
    field: &Field,
    enc: Enc,
    shape: &Shape,
    variable: bool,
    usual: Usual,
    settings: &mut Table,
    notes: &mut Vec<String>,
) {
    let Some(padding) = field.padding else {
        // moov takes only whole values here. A number that is set shorter is then filled up as the standard does.
        if !variable && usual.number && shape.class == "ans" {
            set(settings, "pad", "left");
            set(settings, "pad-char", "0");
        }
        return;
    };
    if variable {
        notes.push("the padding of a value of variable length is left out: it is written as long as it is".to_owned());
        return;
    }
    if enc == Enc::HexInProgram {
        if (shape.class, padding.left, padding.with) != ("n", true, '0') {
            notes.push("the padding, of hex characters that become bytes, is left out".to_owned());
        }
        return;
    }
    let with = padding.with;
    let admitted = match shape.class {
        "n" => with.is_ascii_digit(),
        "z" => matches!(with, '0'..='?' | 'D'),
        "b" => with.is_ascii(),
        _ => matches!(with, ' '..='~'),
    };
    if !admitted {
        notes.push(format!("the padding with {with:?} is left out: the field does not admit this character"));
        return;
    }
    let (side, usual_with) = match shape.class {
        "n" => ("left", '0'),
        "b" | "z" => ("none", '\0'),
        _ => ("right", ' '),
    };
    let word = if padding.left { "left" } else { "right" };
    if word != side {
        set(settings, "pad", word);
    }
    if with != usual_with {
        set(settings, "pad-char", with.encode_utf8(&mut [0; 4]));
    }
}
