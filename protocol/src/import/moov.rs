//! Message specifications of moov-io/iso8583, in JSON or YAML, as its `specs.Builder` writes them.
//!
//! A field has a `type`, an `enc`, a `prefix` and a `length`; a composite has `subfields`, and a `tag` or a `bitmap`. What
//! a length counts is taken from how moov *reads*: it hands the number to the encoding, which takes digits of BCD and bytes
//! of all else (of hex text the bytes it stands for). Texts of moov may hold anything, so they become `ans`, or bytes.

mod composite;
mod json;
mod leaf;
mod names;
mod notation;
mod source;
mod usual;
mod yaml;

use super::{ImportError, Imported, draft::Draft};
use leaf::{Place, Usual, set};
use names::{Enc, Kind};
use notation::{Broken, Entry, Kind as Notation, Node};
use source::Field;
use std::{collections::BTreeMap, path::Path};
use toml::{Table, Value};
use usual::Standard;

/// Is it JSON or YAML with `fields` at its top?
pub(super) fn recognises(text: &str) -> bool {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if notation::is_json(text) {
        return text.contains("\"fields\"");
    }
    text.lines().any(|line| {
        let key = line.split(':').next().unwrap_or_default();
        line.len() > key.len() && key.trim_matches(['"', '\'']).trim_end() == "fields"
    })
}

/// Turns a specification of moov-io/iso8583 into a dialect file; `file` is what errors call it.
///
/// # Errors
/// A text that is neither JSON nor YAML, that says a thing twice, or that has no `fields`; with the line.
pub fn moov(file: &str, text: &str) -> Result<Imported, ImportError> {
    let failed = |broken: Broken| ImportError { file: file.to_owned(), line: broken.line, message: broken.message };
    let root = notation::read(text).map_err(failed)?;
    let mut draft = Draft { source: "a specification of moov-io/iso8583".to_owned(), ..Draft::default() };
    let fields = fields(&mut draft, &root, file).map_err(failed)?;
    draft.version = version(&fields);
    head(&mut draft, &fields, root.line);
    let blocks = draft.bitmap.get("blocks").and_then(Value::as_integer).unwrap_or(2);
    let standard = Standard::of(draft.version);
    let mut remarked_page = false;
    for (number, field) in &fields {
        let Some(number) = place(&mut draft, *number, blocks, field) else { continue };
        if !remarked_page && uses(field, Enc::Ebcdic) {
            remarked_page = true;
            let message = "EBCDIC of moov is code page 500 but for `|`, which it writes as 6A and not as BB";
            draft.remark(field.line, Some(&field.path), message);
        }
        if let Some(mut settings) = self::field(&mut draft, field, standard.usual(number)) {
            if !field.name.is_empty() {
                set(&mut settings, "name", &field.name);
            }
            standard.show(number, &mut settings);
            draft.fields.insert(number, settings);
        }
    }
    draft.finish(file)
}

/// The fields by number, each as it is described.
fn fields(draft: &mut Draft, root: &Node, file: &str) -> Result<BTreeMap<u32, Field>, Broken> {
    let Notation::Table(entries) = &root.kind else {
        return Err(Broken::new(root.line, format!("a table with `fields` is wanted, found {}", root.what())));
    };
    let Some(Node { kind: Notation::Table(fields), line }) = root.get("fields") else {
        return Err(Broken::new(
            root.line,
            "there is no table of `fields`: this is no specification of moov-io/iso8583",
        ));
    };
    if fields.is_empty() {
        return Err(Broken::new(*line, "there are no fields in it"));
    }
    let name = match root.get("name") {
        Some(Node { kind: Notation::Scalar(name), .. }) => name.to_string(),
        _ => String::new(),
    };
    let stem = Path::new(file).file_stem().map(|stem| stem.to_string_lossy().into_owned());
    // It is shown on terminals.
    let mut names = [name, stem.unwrap_or_default()].map(|name| name.replace(char::is_control, " ").trim().to_owned());
    draft.name = names.iter_mut().find(|name| !name.is_empty()).map_or_else(|| "imported".to_owned(), std::mem::take);
    for Entry { key, line, .. } in entries.iter() {
        if !matches!(notation::plain(key).as_str(), "name" | "fields") {
            draft.remark(*line, None, format!("the key `{key}` is not known: left out"));
        }
    }
    let mut all: BTreeMap<u32, Field> = BTreeMap::new();
    for Entry { key, line, value } in fields.iter() {
        match key.parse::<u32>() {
            Ok(number) if all.contains_key(&number) => {
                return Err(Broken::new(*line, format!("the field {number} stands here for the second time")));
            }
            Ok(number) => {
                if let Some(field) = Field::read(draft, key, &number.to_string(), *line, value) {
                    all.insert(number, field);
                }
            }
            Err(_) => draft.remark(*line, Some(key), "this is no number of a field: left out"),
        }
    }
    Ok(all)
}

/// The edition, told by fields that changed with it.
fn version(fields: &BTreeMap<u32, Field>) -> i64 {
    let units = |number: u32| {
        let field = fields.get(&number)?;
        let each = if field.enc == Ok(Enc::HexInProgram) { 2 } else { 1 };
        Some(field.length * each)
    };
    match (units(4), units(11), units(12)) {
        (Some(16), ..) | (_, Some(12), _) | (.., Some(14)) => 2003,
        (.., Some(12)) => 1993,
        _ => 1987,
    }
}

/// MTI and bitmap: fields 0 and 1 of moov.
fn head(draft: &mut Draft, fields: &BTreeMap<u32, Field>, top: usize) {
    draft.mti = match fields.get(&0) {
        Some(field) => mti(draft, field),
        None => {
            draft.remark(top, Some("0"), "the message type is not described: taken as ASCII");
            "ascii"
        }
    };
    let field = fields.get(&1);
    let line = field.map_or(top, |field| field.line);
    let bitmap = field.filter(|field| field.kind == Ok(Kind::Bitmap));
    let encoding = match bitmap.map(|field| &field.enc) {
        Some(Ok(Enc::Binary)) => "raw",
        Some(Ok(Enc::HexOnWire)) => "hex",
        Some(_) => {
            draft.remark(line, Some("1"), "the bitmap is neither Binary nor HexToASCII: taken as bytes");
            "raw"
        }
        None => {
            draft.remark(line, Some("1"), "the bitmap is not described: taken as 8 bytes");
            "raw"
        }
    };
    set(&mut draft.bitmap, "encoding", encoding);
    let form = bitmap.map_or(Ok((3, false)), composite::blocks);
    let (blocks, fixed) = form.unwrap_or_else(|why| {
        draft.remark(line, Some("1"), format!("{why}: taken as 8 bytes"));
        (1, false)
    });
    draft.bitmap.insert("blocks".to_owned(), Value::Integer(i64::from(blocks)));
    if fixed {
        draft.bitmap.insert("fixed".to_owned(), Value::Boolean(true));
        set(&mut draft.bitmap, "announce", "never");
    }
    if bitmap.is_some_and(|field| !field.parts.is_empty() || field.padding.is_some()) {
        draft.remark(line, Some("1"), "a bitmap has neither subfields nor padding: left out");
    }
}

fn mti(draft: &mut Draft, field: &Field) -> &'static str {
    let fixed = field.prefix.as_ref().is_ok_and(|prefix| prefix.fixed());
    match (&field.enc, field.length) {
        (Ok(Enc::Ascii | Enc::Binary), 4) | (Ok(Enc::HexOnWire), 2) if fixed => "ascii",
        (Ok(Enc::Ebcdic | Enc::Ebcdic1047), 4) if fixed => "ebcdic",
        (Ok(Enc::Bcd | Enc::Lbcd), 4) | (Ok(Enc::Binary | Enc::HexInProgram), 2) if fixed => "bcd",
        (Ok(Enc::HexOnWire), 4) if fixed => "hex",
        _ => {
            draft.remark(field.line, Some("0"), "the message type is not four digits of fixed length: taken as ASCII");
            "ascii"
        }
    }
}

/// The number of a field that a bit of the bitmap stands for.
fn place(draft: &mut Draft, number: u32, blocks: i64, field: &Field) -> Option<u8> {
    if number < 2 {
        return None;
    }
    let why = match number {
        // What many describe there is that very bitmap.
        65 if blocks > 2 && field.kind == Ok(Kind::Bitmap) => return None,
        65 if blocks > 2 => "bit 65 announces a further bitmap and stands for no field",
        129 if blocks > 2 => "bit 129 announces a further bitmap and stands for no field",
        number if i64::from(number) > 64 * blocks => "the bitmap has no bit for it",
        number => return u8::try_from(number).ok(),
    };
    draft.remark(field.line, Some(&field.path), format!("{why}: left out"));
    None
}

/// The settings of a field; what cannot be told at all is remarked, and left out.
fn field(draft: &mut Draft, field: &Field, usual: Usual) -> Option<Table> {
    let composite = field.kind == Ok(Kind::Composite) && !field.parts.is_empty();
    let made = if composite {
        composite::made(draft, field, Place::Own, 0)
    } else {
        leaf::made(field, usual, Place::Own).map(|made| {
            for note in made.notes {
                draft.remark(field.line, Some(&field.path), note);
            }
            made.settings
        })
    };
    match made {
        Ok(settings) => Some(settings),
        Err(why) => {
            draft.remark(
                field.line,
                Some(&field.path),
                format!("left out, a message that carries it is refused: {why}"),
            );
            None
        }
    }
}

/// Does the field, or a part of it, have this encoding?
fn uses(field: &Field, enc: Enc) -> bool {
    field.enc == Ok(enc) || field.parts.iter().any(|part| uses(part, enc))
}
