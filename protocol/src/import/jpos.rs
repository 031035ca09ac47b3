//! Packagers of jPOS: the XML of its `GenericPackager` as a dialect file.
//!
//! A field there is a Java class and a length. What the class means on the wire, an interpreter, a length prefix and a
//! padding, is read off its name ([`class`]); [`wire`] says the same in a dialect's words, and [`inside`] and [`tags`] do
//! so for what a nested packager declares.
//!
//! jPOS checks next to nothing when it reads: text may be of any characters, numeric fields in text need not be numbers, a
//! spare nibble may be anything. What it reads must be read here, so text and numbers in text become `ans` with
//! `check = false`, `check-nibble` is false, and only packed digits, which have nothing else to be, are `n` (`z` where they
//! are a track: the separator is a nibble of its own). Its EBCDIC is code page 1047.
//!
//! What a dialect cannot say is kept as one value of the same length, or left out where not even its length can be told;
//! each with a [`Remark`](super::Remark).

mod class;
mod inside;
mod source;
mod tags;
mod wire;

use super::{ImportError, Imported, draft::Draft};
use class::{Content, Meaning, Page};
use inside::Whole;
use source::{Field, Packager};
use wire::{Length, Wire};

/// How deep composites may stand in one another in a dialect file.
const DEEPEST: usize = 6;

/// Turns a jPOS packager into a dialect file; `file` is what errors call it, and its stem names the dialect.
///
/// # Errors
/// A text that is not XML, has no `isopackager`, or describes no ISO 8583 message: no MTI, or no bitmap.
pub fn jpos(file: &str, text: &str) -> Result<Imported, ImportError> {
    let mut draft = Draft::default();
    let packager = source::read(file, text, &mut draft.remarks)?;
    let mut importer = Importer { draft };
    importer.head(file, &packager)?;
    importer.body(&packager);
    importer.draft.finish(file)
}

/// Is this text such a packager?
pub(super) fn recognises(text: &str) -> bool {
    source::recognised(text)
}

struct Importer {
    draft: Draft,
}

/// What became of a field.
enum Made {
    Wire(Wire),
    /// It takes no bytes.
    Nothing,
    /// It is left out; a remark says why.
    Missing,
}

impl Importer {
    fn remark(&mut self, line: usize, path: &str, message: impl Into<String>) {
        self.draft.remark(line, Some(path), message);
    }

    /// Name, edition, MTI and bitmap.
    fn head(&mut self, file: &str, packager: &Packager) -> Result<(), ImportError> {
        let wrong = |line: usize, message: String| ImportError { file: file.to_owned(), line, message };
        let stem = file.rsplit(['/', '\\']).next().unwrap_or_default();
        self.draft.source = format!("the jPOS packager {}", printable(stem));
        self.draft.name = name(stem);
        self.draft.version = version(packager);
        let Some(mti) = packager.fields.get(&0) else {
            return Err(wrong(packager.line, "no field 0: a message without an MTI is none of ISO 8583".to_owned()));
        };
        self.draft.mti = match class::meaning(&mti.class) {
            Some(Meaning::Value(value)) if value.prefix.is_none() && value.tag.is_none() && mti.length == 4 => {
                match value.content {
                    Content::Text(Page::Ascii) | Content::Number(Page::Ascii) => "ascii",
                    Content::Text(Page::Ebcdic) | Content::Number(Page::Ebcdic) => "ebcdic",
                    Content::Packed { .. } | Content::Nibbles { .. } => "bcd",
                    _ => "",
                }
            }
            _ => "",
        };
        if self.draft.mti.is_empty() {
            let message = format!("the MTI is a {} of {}, not four digits", printable(&mti.class), mti.length);
            return Err(wrong(mti.line, message));
        }
        let number = packager.bitmap_field;
        let line = packager.fields.get(&number).map_or(packager.line, |field| field.line);
        let Some((bits, length)) = inside::bits_of(packager, number).filter(|_| packager.emit_bitmap) else {
            return Err(wrong(line, "no bitmap: a message without one is none of ISO 8583".to_owned()));
        };
        self.draft.bitmap = inside::form(bits, length, false).map_err(|reason| wrong(line, reason))?;
        if packager.header > 0 {
            let message =
                format!("a header of {} bytes stands before the MTI: that is the link's to say", packager.header);
            self.draft.remark(packager.line, None, message);
        }
        Ok(())
    }

    fn body(&mut self, packager: &Packager) {
        let most = self.draft.bitmap.get("blocks").and_then(toml::Value::as_integer).unwrap_or(2) as u32 * 64;
        let third = packager.third_bitmap_field.filter(|_| most == 128);
        if let Some(third) = third {
            let message = "the third bitmap stands in the place of a field, behind those before it: fields above 128 are \
                left out";
            self.remark(packager.line, &third.to_string(), message);
        }
        let first = packager.first_field.unwrap_or(0);
        for (number, field) in &packager.fields {
            let path = number.to_string();
            // Number 65 is no field where it announces the third bitmap.
            if *number == 0 || *number == packager.bitmap_field || (*number == 65 && most == 192) {
                continue;
            }
            if *number > most || *number < first.max(2) {
                self.remark(field.line, &path, format!("no bit of the bitmap stands for it: fields are 2 to {most}"));
                continue;
            }
            match self.make(field, &path, DEEPEST) {
                Made::Wire(wire) => {
                    self.draft.fields.insert(*number as u8, wire.settings);
                }
                Made::Nothing => self.remark(field.line, &path, "takes no bytes: left out"),
                Made::Missing => {}
            }
        }
    }

    /// The settings of a field or of an element that is no tag's.
    fn make(&mut self, field: &Field, path: &str, left: usize) -> Made {
        let Some(meaning) = class::meaning(&field.class) else {
            let message = format!("the class {} is not known: left out", printable(&field.class));
            self.remark(field.line, path, message);
            return Made::Missing;
        };
        let made = match meaning {
            Meaning::Unused => return Made::Missing,
            Meaning::Nothing => return Made::Nothing,
            Meaning::Foreign(reason) => Err(reason.to_owned()),
            Meaning::Rest(_) => Err("the value takes all that is left, without a length".to_owned()),
            Meaning::Bitmap(_) if field.length == 0 => return Made::Nothing,
            Meaning::Bitmap(bits) => wire::bitmap(field, bits).map(|wire| (wire, Content::Bytes)),
            Meaning::Room(value) => wire::room(field, &value).map(|wire| (wire, Content::Nibbles { filler: '0' })),
            Meaning::Value(value) if value.tag.is_some() => Err("a tag stands before it".to_owned()),
            Meaning::Value(value) if value.prefix.is_none() && field.length == 0 => return Made::Nothing,
            Meaning::Value(value) => {
                let track = matches!(path, "35" | "36") || field.name.to_ascii_lowercase().contains("track");
                wire::settings(field, &value, Length::Own, track).map(|wire| (wire, value.content))
            }
        };
        match made {
            Ok((wire, content)) => Made::Wire(self.finish(field, content, wire, path, left)),
            Err(reason) => {
                self.remark(field.line, path, format!("{}: {reason}: left out", printable(&field.class)));
                Made::Missing
            }
        }
    }

    /// Says what is otherwise, and takes apart what is inside.
    fn finish(&mut self, field: &Field, content: Content, mut wire: Wire, path: &str, left: usize) -> Wire {
        for note in std::mem::take(&mut wire.notes) {
            self.remark(field.line, path, note);
        }
        let Some(packager) = &field.packager else { return wire };
        let joined = match self.inside(&Whole { field, packager, path, left }) {
            Ok(inside) => inside::join(content, wire, inside),
            Err(reason) => Err((wire, reason)),
        };
        joined.unwrap_or_else(|(wire, reason)| {
            self.remark(field.line, path, format!("not taken apart, but kept as one value: {reason}"));
            wire
        })
    }
}

/// The edition, as far as the lengths of some fields tell.
fn version(packager: &Packager) -> i64 {
    let length = |number: u32| packager.fields.get(&number).map_or(0, |field| field.length);
    match (length(4), length(11), length(12)) {
        (16, ..) | (_, 12, _) | (.., 14) => 2003,
        (.., 12) => 1993,
        _ => 1987,
    }
}

/// The name of a dialect from the name of a file.
fn name(stem: &str) -> String {
    let stem = stem.strip_suffix(".xml").unwrap_or(stem);
    let plain = |letter: char| if letter.is_ascii_alphanumeric() || "._-".contains(letter) { letter } else { '-' };
    let name: String = stem.chars().take(60).map(plain).collect();
    if name.is_empty() { "imported".to_owned() } else { name }
}

/// Text of the source for a line of ours.
fn printable(text: &str) -> String {
    text.chars().take(80).map(|letter| if letter.is_control() { ' ' } else { letter }).collect()
}
