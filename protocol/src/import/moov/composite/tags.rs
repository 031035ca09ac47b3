//! Parts behind tags: BER-TLV, and tags and lengths of another form.

use super::{
    super::{
        super::draft::Draft,
        leaf::{self, Place, set},
        names::{Before, Enc, Kind, Prefix},
        source::{Field, Tag},
    },
    mode::Mode,
    part,
};
use toml::{Table, Value};

/// Tags that are not declared: refused, unless the specification lets them in.
fn unknown(settings: &mut Table, let_in: bool) {
    if !let_in {
        set(settings, "unknown", "refuse");
    }
}

pub(super) fn ber(
    draft: &mut Draft,
    field: &Field,
    tag: &Tag,
    depth: usize,
    settings: &mut Table,
) -> Result<Table, String> {
    set(settings, "inside", "ber-tlv");
    let readable = tag.unknown.is_none_or(|prefix| prefix.before == Before::Ber);
    if !readable {
        draft.remark(
            field.line,
            Some(&field.path),
            "tags that are not known have BER lengths as all others: `prefUnknownTLV` is left out",
        );
    }
    unknown(settings, tag.skips_unknown);
    let mut elements = Table::new();
    for one in &field.parts {
        let key = one.key.to_ascii_uppercase();
        if key.is_empty() || key.len() % 2 == 1 || !key.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            draft.remark(one.line, Some(&one.path), "the key is no tag in hex: left out");
            continue;
        }
        if !matches!(one.prefix, Ok(Prefix { before: Before::Ber, .. })) {
            return Err(format!("{key} has no BER length behind its BER tag"));
        }
        let element = tagged(draft, one, Mode::Bytes, Place::Tagged { ber: true }, depth)?;
        elements.insert(key, Value::Table(element));
    }
    Ok(elements)
}

/// A part behind a tag. Where its encoding is not known its length still is: it is kept as it stands.
fn tagged(draft: &mut Draft, one: &Field, mode: Mode, place: Place, depth: usize) -> Result<Table, String> {
    let known = one.kind.is_ok() && (one.enc.is_ok() || !one.parts.is_empty());
    if known {
        return part(draft, one, mode, place, depth).map_err(|why| format!("{}: {why}", one.key));
    }
    let why = leaf::names(one).err().unwrap_or_default();
    draft.remark(one.line, Some(&one.path), format!("{why}: kept as it stands"));
    let kind = if mode == Mode::Bytes { Kind::Binary } else { Kind::String };
    let enc = if mode == Mode::Bytes { Enc::Binary } else { Enc::Ascii };
    part(draft, &Field { kind: Ok(kind), enc: Ok(enc), padding: None, ..one.clone() }, mode, place, depth)
}

pub(super) fn tags(
    draft: &mut Draft,
    field: &Field,
    mode: Mode,
    enc: Enc,
    tag: &Tag,
    depth: usize,
    settings: &mut Table,
) -> Result<Table, String> {
    set(settings, "inside", "tlv");
    if tag.length == 0 {
        return Err("the length of its tags is not told".to_owned());
    }
    let prefix = one_prefix(field)?;
    let form = tag_form(enc, tag.length, mode)?;
    settings.insert("tag".to_owned(), Value::Table(form));
    let mut length = Table::new();
    let (dots, _) = leaf::width(prefix)?;
    length.insert("digits".to_owned(), Value::Integer(dots as i64));
    if mode == Mode::Bytes {
        leaf::prefix_word(prefix, &mut length);
    }
    settings.insert("length".to_owned(), Value::Table(length));
    let let_in = tag.skips_unknown && tag.unknown == Some(prefix);
    if tag.skips_unknown && tag.unknown.is_some() && !let_in {
        draft.remark(
            field.line,
            Some(&field.path),
            "tags that are not known have lengths of another kind: they are refused",
        );
    }
    unknown(settings, let_in);
    let mut elements = Table::new();
    for one in &field.parts {
        let Some(key) = tag_key(&one.key, enc, tag).filter(|key| !elements.contains_key(key)) else {
            draft.remark(one.line, Some(&one.path), "the key cannot stand as a tag here, or stands twice: left out");
            continue;
        };
        let element = tagged(draft, one, mode, Place::Tagged { ber: false }, depth)?;
        elements.insert(key, Value::Table(element));
    }
    Ok(elements)
}

/// The prefix that all parts have.
fn one_prefix(field: &Field) -> Result<Prefix, String> {
    let mut prefixes = field.parts.iter().map(|part| part.prefix.clone());
    let first = match prefixes.next() {
        Some(Ok(first)) => first,
        Some(Err(name)) => return Err(format!("the prefix \"{name}\" is not known")),
        None => return Err("it has no parts".to_owned()),
    };
    if first.fixed() || first.before == Before::Ber {
        return Err("behind its tags there are no lengths, or BER lengths".to_owned());
    }
    if prefixes.any(|prefix| prefix.as_ref() != Ok(&first)) {
        return Err("the lengths behind its tags are not all written alike".to_owned());
    }
    Ok(first)
}

/// How a tag stands.
fn tag_form(enc: Enc, length: usize, mode: Mode) -> Result<Table, String> {
    let mut form = Table::new();
    let (class, encoding) = match (mode, enc) {
        (Mode::Text(_), _) | (_, Enc::Ascii) => ("ans", None),
        (_, Enc::Ebcdic) => ("ans", Some("cp500")),
        (_, Enc::Ebcdic1047) => ("ans", Some("cp1047")),
        (_, Enc::Bcd | Enc::Lbcd) => ("n", Some("bcd")),
        (_, Enc::Binary | Enc::HexInProgram) => ("b", None),
        (_, Enc::HexOnWire) => ("b", Some("hex")),
        (_, Enc::BerTag | Enc::Nibbles) => return Err("its tags cannot be written so".to_owned()),
    };
    if length > 32 {
        return Err(format!("tags of {length} characters are too long"));
    }
    set(&mut form, "format", &format!("{class}{length}"));
    if let Some(encoding) = encoding {
        set(&mut form, "encoding", encoding);
    }
    match encoding {
        Some("hex") => set(&mut form, "case", "any"),
        Some("bcd") if length % 2 == 1 => {
            if enc == Enc::Lbcd {
                set(&mut form, "nibble-side", "right");
            }
            form.insert("check-nibble".to_owned(), Value::Boolean(false));
        }
        _ => {}
    }
    Ok(form)
}

/// The key of a part as we name its tag: with its padding, and bytes in hex.
fn tag_key(key: &str, enc: Enc, tag: &Tag) -> Option<String> {
    let wide = if enc == Enc::HexInProgram { 2 * tag.length } else { tag.length };
    let mut key = key.to_owned();
    if let Some(padding) = tag.padding {
        let fill: String = std::iter::repeat_n(padding.with, wide.saturating_sub(key.chars().count())).collect();
        key = if padding.left { fill + &key } else { key + &fill };
    }
    if key.len() != wide {
        return None;
    }
    let good = |admitted: fn(u8) -> bool| key.bytes().all(admitted);
    match enc {
        Enc::Bcd | Enc::Lbcd => good(|byte| byte.is_ascii_digit()).then_some(key),
        Enc::HexInProgram => good(|byte| byte.is_ascii_hexdigit()).then(|| key.to_ascii_uppercase()),
        Enc::Binary | Enc::HexOnWire => Some(key.bytes().map(|byte| format!("{byte:02X}")).collect()),
        _ => good(|byte| matches!(byte, b' '..=b'~')).then_some(key),
    }
}
