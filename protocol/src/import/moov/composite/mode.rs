//! What a composite is made of, and how its parts follow one another.

use super::super::{
    names::{Before, Enc, Kind},
    source::{Field, Tag},
};

/// What a composite is made of.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    /// Text in one encoding.
    Text(Enc),
    /// Packed digits, an even number in each part.
    Packed,
    Bytes,
}

/// How the parts follow one another.
pub(super) enum Layout<'a> {
    Positional,
    Tags { enc: Enc, tag: &'a Tag },
    Ber { tag: &'a Tag },
    Bitmap(&'a Field),
}

pub(super) fn layout(field: &Field) -> Result<Layout<'_>, String> {
    if let Some(bitmap) = bitmap_of(field) {
        return Ok(Layout::Bitmap(bitmap));
    }
    let Some(tag) = &field.tag else { return Ok(Layout::Positional) };
    match &tag.enc {
        None => Ok(Layout::Positional),
        Some(Err(name)) => Err(format!("the encoding \"{name}\" of its tags is not known")),
        Some(Ok(Enc::BerTag)) => Ok(Layout::Ber { tag }),
        Some(Ok(enc)) => Ok(Layout::Tags { enc: *enc, tag }),
    }
}

/// The bitmap of a composite: said apart, or, in early specifications, the subfield 0.
fn bitmap_of(field: &Field) -> Option<&Field> {
    let zero = || field.parts.iter().find(|part| part.key == "0" && part.kind == Ok(Kind::Bitmap));
    field.bitmap.as_deref().or_else(zero)
}

/// The parts without the bitmap.
pub(super) fn parts(field: &Field) -> impl Iterator<Item = &Field> {
    field.parts.iter().filter(|part| !(part.key == "0" && part.kind == Ok(Kind::Bitmap)))
}

/// What a composite can be described as.
pub(super) fn mode(field: &Field) -> Mode {
    for enc in [Enc::Ascii, Enc::Ebcdic, Enc::Ebcdic1047] {
        if is_text(field, enc, true) {
            return Mode::Text(enc);
        }
    }
    let packed = |part: &Field| {
        matches!(part.enc, Ok(Enc::Bcd | Enc::Lbcd))
            && matches!(part.kind, Ok(Kind::String | Kind::Numeric))
            && part.prefix.as_ref().is_ok_and(|prefix| prefix.fixed())
            && part.length.is_multiple_of(2)
    };
    let positional = matches!(layout(field), Ok(Layout::Positional));
    if positional && !field.parts.is_empty() && field.parts.iter().all(packed) { Mode::Packed } else { Mode::Bytes }
}

/// Is all of it text of this encoding, lengths and tags included?
fn is_text(field: &Field, enc: Enc, top: bool) -> bool {
    let ascii = enc == Enc::Ascii;
    let prefix = field
        .prefix
        .as_ref()
        .is_ok_and(|prefix| prefix.fixed() || prefix.before == if ascii { Before::Ascii } else { Before::Ebcdic });
    if !(top || prefix) {
        return false;
    }
    if field.kind != Ok(Kind::Composite) {
        return field.enc == Ok(enc)
            && matches!(field.kind, Ok(Kind::String | Kind::Numeric | Kind::Track1 | Kind::Track2));
    }
    let head = match layout(field) {
        Ok(Layout::Positional) => true,
        Ok(Layout::Tags { enc: own, .. }) => own == enc,
        Ok(Layout::Bitmap(bitmap)) => ascii && bitmap.enc == Ok(Enc::HexOnWire),
        Ok(Layout::Ber { .. }) | Err(_) => false,
    };
    head && !field.parts.is_empty() && parts(field).all(|part| is_text(part, enc, false))
}

/// Inside text everything is ASCII.
pub(super) fn to_ascii(field: &mut Field) {
    if field.enc.is_ok() {
        field.enc = Ok(Enc::Ascii);
    }
    if let Ok(prefix) = &mut field.prefix
        && prefix.before == Before::Ebcdic
    {
        prefix.before = Before::Ascii;
    }
    if let Some(tag) = &mut field.tag {
        if tag.enc.is_some() {
            tag.enc = Some(Ok(Enc::Ascii));
        }
        if let Some(prefix) = &mut tag.unknown
            && prefix.before == Before::Ebcdic
        {
            prefix.before = Before::Ascii;
        }
    }
    field.parts.iter_mut().for_each(to_ascii);
}
