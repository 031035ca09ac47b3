//! A composite: parts by position, by tag, by BER-TLV tag, or behind a bitmap.
//!
//! Inside text of ours everything is ASCII, whatever the field's code page or packing; inside bytes each part says its own
//! encoding. So a composite all in one code page becomes text, one of packed digits a number, and any other bytes.

mod mode;
mod tags;

use super::{
    super::draft::Draft,
    leaf::{self, Place, Usual, set},
    names::{Before, Enc, Kind, Prefix},
    source::Field,
};
use mode::{Layout, Mode, layout, mode, parts, to_ascii};
use tags::{ber, tags};
use toml::{Table, Value};

/// How deep composites may stand in one another in a dialect.
const DEEPEST: usize = 6;

/// The settings of a composite, or of its bytes in one piece where its inside cannot be told; that is remarked. An error
/// says why there is nothing at all.
pub(super) fn made(draft: &mut Draft, field: &Field, place: Place, depth: usize) -> Result<Table, String> {
    let mode = mode(field);
    let prefix = match &field.prefix {
        Ok(prefix) => *prefix,
        Err(name) if name.is_empty() => return Err("it has no prefix".to_owned()),
        Err(name) => return Err(format!("the prefix \"{name}\" is not known")),
    };
    let before = draft.remarks.len();
    match inside(draft, field, mode, place, prefix, depth) {
        Ok(settings) => {
            stray(draft, field);
            Ok(settings)
        }
        Err(why) => {
            // What was remarked of parts that are not there any more says nothing.
            draft.remarks.truncate(before);
            let whole = whole(field, mode, place, prefix, None)?;
            draft.remark(field.line, Some(&field.path), format!("kept in one piece, its parts are left out: {why}"));
            Ok(whole)
        }
    }
}

/// What a composite may say and moov does not look at.
fn stray(draft: &mut Draft, field: &Field) {
    if !matches!(&field.enc, Err(name) if name.is_empty()) {
        draft.remark(field.line, Some(&field.path), "`enc` has no meaning where there are subfields: left out");
    }
    if field.padding.is_some() {
        draft.remark(field.line, Some(&field.path), "a composite is not padded: `padding` is left out");
    }
    if field.bitmap.is_some() && field.tag.as_ref().is_some_and(|tag| tag.enc.is_some()) {
        draft.remark(field.line, Some(&field.path), "its parts stand behind a bitmap: `tag` is left out");
    }
    if field.never_expands {
        draft.remark(field.line, Some(&field.path), "`disableAutoExpand` has a meaning only for a bitmap: left out");
    }
}

fn inside(
    draft: &mut Draft,
    field: &Field,
    mode: Mode,
    place: Place,
    prefix: Prefix,
    depth: usize,
) -> Result<Table, String> {
    if depth >= DEEPEST {
        return Err(format!("composites stand in one another more than {DEEPEST} deep"));
    }
    let layout = layout(field)?;
    let mut settings = Table::new();
    let elements = match layout {
        Layout::Positional => positional(draft, field, mode, prefix, depth, &mut settings)?,
        Layout::Ber { tag } => ber(draft, field, tag, depth, &mut settings)?,
        Layout::Tags { enc, tag } => tags(draft, field, mode, enc, tag, depth, &mut settings)?,
        Layout::Bitmap(bitmap) => by_bitmap(draft, field, mode, bitmap, depth, &mut settings)?,
    };
    let digits = matches!(layout, Layout::Positional)
        && elements.values().all(|element| element.get("format").and_then(Value::as_str).is_some_and(is_fixed_number));
    let sum = if matches!(layout, Layout::Positional) { sum(&elements) } else { None };
    let mut whole = whole(field, mode, place, prefix, sum)?;
    if digits && let (Mode::Text(_), Some(Value::String(format))) = (mode, whole.get_mut("format")) {
        *format = format.replacen("ans", "n", 1);
    }
    whole.extend(settings);
    if !elements.is_empty() {
        whole.insert("elements".to_owned(), Value::Table(elements));
    }
    Ok(whole)
}

fn is_fixed_number(format: &str) -> bool {
    format.strip_prefix('n').is_some_and(|length| length.bytes().all(|digit| digit.is_ascii_digit()))
}

/// What elements take that are all of fixed length: bytes, or, of the parts of packed digits, digits.
fn sum(elements: &Table) -> Option<usize> {
    elements.values().try_fold(0, |sum: usize, element| {
        let format = element.get("format")?.as_str()?;
        let length: usize = format.trim_start_matches(|letter: char| letter.is_ascii_alphabetic()).parse().ok()?;
        sum.checked_add(match element.get("encoding").and_then(Value::as_str) {
            Some("bcd") => length.div_ceil(2),
            Some("hex") => 2 * length,
            _ => length,
        })
    })
}

/// The field without its inside. `sum` is the length of its parts, where they are of fixed length.
fn whole(field: &Field, mode: Mode, place: Place, prefix: Prefix, sum: Option<usize>) -> Result<Table, String> {
    let mut settings = Table::new();
    let (class, each) = match mode {
        Mode::Text(_) => ("ans", 1),
        Mode::Packed => ("n", 2),
        Mode::Bytes => ("b", 1),
    };
    let encoding = match mode {
        Mode::Text(Enc::Ebcdic) => Some("cp500"),
        Mode::Text(Enc::Ebcdic1047) => Some("cp1047"),
        Mode::Packed => Some("bcd"),
        _ => None,
    };
    let length = match (prefix.before, field.length) {
        // Without prefix and length it is as long as its parts.
        (Before::Nothing, 0) => sum.ok_or("it has neither a length nor a prefix")? / each,
        (_, length) => length,
    };
    let variable = match place {
        Place::Own if prefix.before == Before::Ber => {
            return Err("a BER length stands only behind a BER tag".to_owned());
        }
        Place::Own if !prefix.fixed() => Some(leaf::width(prefix)?),
        Place::Own => None,
        Place::Tagged { ber: true } => Some((5, usize::MAX)),
        Place::Tagged { ber: false } => Some(leaf::width(prefix)?),
    };
    let most = 32_000 / each;
    let (dots, bound) = match variable {
        Some((dots, most_said)) => {
            // moov does not look at the length of what stands behind a BER length.
            let length = if place == (Place::Tagged { ber: true }) || (place != Place::Own && length == 0) {
                usize::MAX
            } else {
                length
            };
            (dots, length.min(most_said).min(most))
        }
        None if length > most => return Err(format!("a fixed length of {length} is more than {most}")),
        None => (0, length),
    };
    if bound == 0 {
        return Err("its length is not told".to_owned());
    }
    set(&mut settings, "format", &format!("{class}{}{}", ".".repeat(dots), bound * each));
    if let Some(encoding) = encoding {
        set(&mut settings, "encoding", encoding);
    }
    if place == Place::Own && variable.is_some() {
        leaf::prefix_word(prefix, &mut settings);
        if mode == Mode::Packed {
            set(&mut settings, "counts", "bytes");
        }
    }
    Ok(settings)
}

/// One part, described over the logical value of what contains it.
fn part(draft: &mut Draft, part: &Field, mode: Mode, place: Place, depth: usize) -> Result<Table, String> {
    let mut part = part.clone();
    match mode {
        Mode::Bytes => {}
        Mode::Packed => part.enc = Ok(Enc::Ascii),
        Mode::Text(_) => to_ascii(&mut part),
    }
    let mut settings = if part.kind == Ok(Kind::Composite) && !part.parts.is_empty() {
        made(draft, &part, place, depth + 1)?
    } else {
        if place == Place::Own && matches!(part.prefix, Ok(Prefix { before: Before::Nothing, .. })) {
            return Err("it is as long as what is left".to_owned());
        }
        let made = leaf::made(&part, Usual::default(), place)?;
        for note in made.notes {
            draft.remark(part.line, Some(&part.path), note);
        }
        made.settings
    };
    if !part.name.is_empty() {
        set(&mut settings, "name", &part.name);
    }
    Ok(settings)
}

fn positional(
    draft: &mut Draft,
    field: &Field,
    mode: Mode,
    prefix: Prefix,
    depth: usize,
    settings: &mut Table,
) -> Result<Table, String> {
    set(settings, "inside", "positional");
    if !prefix.fixed() {
        settings.insert("optional".to_owned(), Value::Boolean(true));
    }
    let by_hex = field.tag.as_ref().is_some_and(|tag| tag.by_hex);
    let mut parts: Vec<&Field> = field.parts.iter().collect();
    parts.sort_by(|one, other| match (order(&one.key, by_hex), order(&other.key, by_hex)) {
        (Some(one), Some(other)) => one.cmp(&other),
        _ => one.key.cmp(&other.key),
    });
    if parts.len() > 255 {
        return Err("it has more than 255 parts".to_owned());
    }
    let numbers: Vec<u8> = parts.iter().map_while(|part| part.key.parse().ok()).collect();
    let own = numbers.len() == parts.len()
        && numbers.first().is_some_and(|first| *first > 0)
        && numbers.windows(2).all(|pair| pair[0] < pair[1]);
    if !own {
        let names: Vec<_> = parts.iter().zip(1..).map(|(part, place)| format!("{} is {place}", part.key)).collect();
        let message = format!("parts by position are numbered in their order: {}", names.join(", "));
        draft.remark(field.line, Some(&field.path), message);
    }
    let mut elements = Table::new();
    for (place, one) in parts.iter().enumerate() {
        let number = if own { usize::from(numbers[place]) } else { place + 1 };
        let element = part(draft, one, mode, Place::Own, depth).map_err(|why| format!("{}: {why}", one.key))?;
        elements.insert(number.to_string(), Value::Table(element));
    }
    Ok(elements)
}

fn order(key: &str, by_hex: bool) -> Option<i64> {
    i64::from_str_radix(key, if by_hex { 16 } else { 10 }).ok()
}

fn by_bitmap(
    draft: &mut Draft,
    field: &Field,
    mode: Mode,
    bitmap: &Field,
    depth: usize,
    settings: &mut Table,
) -> Result<Table, String> {
    set(settings, "inside", "bitmap");
    let mut form = Table::new();
    let encoding = match bitmap.enc {
        Ok(Enc::Binary) => "raw",
        Ok(Enc::HexOnWire) => "hex",
        _ => return Err("its bitmap is neither bytes nor hex".to_owned()),
    };
    set(&mut form, "encoding", encoding);
    let (blocks, fixed) = blocks(bitmap)?;
    form.insert("blocks".to_owned(), Value::Integer(i64::from(blocks)));
    if fixed {
        form.insert("fixed".to_owned(), Value::Boolean(true));
        set(&mut form, "announce", "never");
    }
    settings.insert("bitmap".to_owned(), Value::Table(form));
    let mut elements = Table::new();
    for one in parts(field) {
        let number = one.key.parse::<u8>().unwrap_or(0);
        let announces = (number == 1 && blocks > 1) || (number == 65 && blocks > 2);
        if number == 0 || number > 64 * blocks || announces {
            draft.remark(one.line, Some(&one.path), "no bit of the bitmap stands for it: left out");
            continue;
        }
        let element = part(draft, one, mode, Place::Own, depth).map_err(|why| format!("{}: {why}", one.key))?;
        elements.insert(number.to_string(), Value::Table(element));
    }
    if elements.is_empty() { Err("it has no parts".to_owned()) } else { Ok(elements) }
}

/// Blocks of 64 bits, and whether there are always that many.
pub(super) fn blocks(bitmap: &Field) -> Result<(u8, bool), String> {
    match (bitmap.length, bitmap.never_expands) {
        (0 | 8, false) => Ok((3, false)),
        (0 | 8, true) => Ok((1, false)),
        (16, _) => Ok((2, true)),
        (24, _) => Ok((3, true)),
        (length, _) => Err(format!("a bitmap of {length} bytes is no whole number of blocks of 8")),
    }
}
