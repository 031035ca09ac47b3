//! What a dialect file declares inside a field, or inside an element of one.

use super::{
    DialectError, compile, spec,
    tree::{Kind, Node, Reader},
};
use crate::{
    class::Class,
    composite::{ElementSpec, Inside, Layout, tag_bytes},
    describe::{hex, unhex},
    field::{Coding, Prefix, Spec},
};
use std::sync::Arc;

/// How deep composites may stand in one another.
pub(super) const DEEPEST: usize = 6;

#[derive(Clone, Copy, PartialEq)]
enum Word {
    Positional,
    Tlv,
    Ber,
    Bitmap,
}

/// The keys of a composite are read off the field's own table: `inside`, `elements` and what the layout needs.
pub(super) fn read(reader: &mut Reader, parent: &Spec, left: usize) -> Result<Option<Arc<Inside>>, DialectError> {
    let words = [
        ("none", None),
        ("positional", Some(Word::Positional)),
        ("tlv", Some(Word::Tlv)),
        ("ber-tlv", Some(Word::Ber)),
        ("bitmap", Some(Word::Bitmap)),
    ];
    let Some(word) = reader.choice("inside", &words)?.flatten() else { return Ok(None) };
    if left == 0 {
        return Err(reader.error(format!("composites stand in one another more than {DEEPEST} deep")));
    }
    let binary = parent.class == Class::B;
    let layout = layout(reader, word, binary)?;
    let tagged = matches!(word, Word::Tlv | Word::Ber);
    let kept = match reader.choice("unknown", &[("keep", true), ("refuse", false)])? {
        Some(_) if !tagged => return Err(reader.error("`unknown` has a meaning only for tags")),
        kept => kept.unwrap_or(true),
    };
    let anything = anything(binary);
    let elements = elements(reader, &layout, binary, &anything, left)?;
    let unknown = (tagged && kept).then_some(anything);
    Ok(Some(Arc::new(Inside { layout, elements, unknown })))
}

/// What an element is of which nothing is declared.
fn anything(binary: bool) -> Spec {
    let (class, coding) = if binary { (Class::B, Coding::Raw) } else { (Class::Ans, Coding::Ascii) };
    Spec { class, coding, max: spec::MOST as u16, ..Spec::UNDEFINED }.shaped()
}

fn layout(reader: &mut Reader, word: Word, binary: bool) -> Result<Layout, DialectError> {
    match word {
        Word::Positional => Ok(Layout::Positional {
            repeat: reader.flag("repeat")?.unwrap_or(false),
            optional: reader.flag("optional")?.unwrap_or(false),
        }),
        Word::Ber if !binary => Err(reader.error("BER-TLV is binary: the field must be of class b")),
        Word::Ber => Ok(Layout::Ber),
        Word::Bitmap => {
            let Some(table) = reader.table("bitmap")? else {
                return Err(reader.error("an inner `bitmap` must be described"));
            };
            let form = compile::bitmap(table, true)?;
            if !binary && (!form.hex || form.ebcdic) {
                return Err(reader.error("a bitmap inside text is written in `hex`"));
            }
            Ok(Layout::Bitmap(form))
        }
        Word::Tlv => {
            let Some(table) = reader.table("tag")? else { return Err(reader.error("tlv needs a `tag`")) };
            let tag = spec::tag(table)?;
            let Some(mut table) = reader.table("length")? else { return Err(reader.error("tlv needs a `length`")) };
            let (length, length_width) = spec::length(&mut table)?;
            table.finish()?;
            if !binary && (tag.coding != Coding::Ascii || !matches!(length, Prefix::Ascii | Prefix::Hex)) {
                return Err(reader.error("inside text, tags and lengths are ASCII, whatever the field's code page"));
            }
            Ok(Layout::Tlv { tag, length, length_width })
        }
    }
}

fn elements(
    reader: &mut Reader,
    layout: &Layout,
    binary: bool,
    anything: &Spec,
    left: usize,
) -> Result<Vec<ElementSpec>, DialectError> {
    let mut elements = Vec::new();
    if let Some(mut table) = reader.table("elements")? {
        for (key, node) in table.rest() {
            if matches!(node.kind, Kind::Flag(false)) {
                continue;
            }
            elements.push(element(reader, key, node, layout, binary, anything, left)?);
        }
    }
    match layout {
        Layout::Tlv { .. } | Layout::Ber => elements.sort_by(|one, other| one.tag.cmp(&other.tag)),
        Layout::Positional { .. } | Layout::Bitmap(_) if elements.is_empty() => {
            return Err(reader.error("`elements` must be declared"));
        }
        Layout::Positional { .. } | Layout::Bitmap(_) => {
            elements.sort_by_key(|element| element.number);
            ended(reader, layout, &elements)?;
        }
    }
    Ok(elements)
}

fn element(
    parent: &Reader,
    key: String,
    node: Node,
    layout: &Layout,
    binary: bool,
    anything: &Spec,
    left: usize,
) -> Result<ElementSpec, DialectError> {
    let path = format!("{}.{key}", parent.path.as_deref().unwrap_or_default());
    let origin = node.origin.clone();
    let wrong = |message: &str| Err(origin.error(Some(&path), message));
    let mut reader = Reader::new(node, Some(path.clone()))?;
    let (mut number, mut tag) = (0, Vec::new());
    match layout {
        Layout::Ber => match unhex(&key) {
            Some(bytes) if hex(&bytes) == key => tag = bytes,
            _ => return wrong("a BER-TLV tag is written in upper-case hex"),
        },
        Layout::Tlv { tag: spec, .. } => match tag_bytes(spec, &key) {
            Some(bytes) => tag = bytes,
            None => return wrong("the key does not have the form of a tag here"),
        },
        Layout::Positional { .. } => match key.parse() {
            Ok(place) if place > 0 => number = place,
            _ => return wrong("positional elements are numbered in their order"),
        },
        Layout::Bitmap(form) => match key.parse() {
            Ok(place) if (1..=form.bits()).contains(&place) && !form.is_announcement(place) => number = place,
            _ => return wrong("the key is no bit of the inner bitmap that stands for an element"),
        },
    }
    let own_length = tag.is_empty();
    let label = compile::label(&mut reader)?;
    let mut spec = spec::element(&mut reader, own_length, (!own_length).then_some(anything))?;
    let inner = read(&mut reader, &spec, left - 1)?;
    spec.inside = inner.is_some();
    reader.finish()?;
    if !binary && !matches!(spec.coding, Coding::Ascii | Coding::Bytes) {
        return wrong("inside text every element is ASCII, whatever the field's own encoding");
    }
    Ok(ElementSpec { key, tag, number, spec, label, inside: inner })
}

/// Does every element say where it ends? Only the last of a fixed order may take what is left.
fn ended(reader: &Reader, layout: &Layout, elements: &[ElementSpec]) -> Result<(), DialectError> {
    let last_may = matches!(layout, Layout::Positional { repeat: false, .. });
    let ended = if last_may { &elements[..elements.len() - 1] } else { elements };
    match ended.iter().find(|element| element.spec.takes_the_rest()) {
        None => Ok(()),
        Some(element) => Err(reader.error(format!(
            "element {} has no length prefix: only the last of positional elements that do not repeat may take what is left",
            element.key
        ))),
    }
}
