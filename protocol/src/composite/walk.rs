//! A walk over the elements of a value: lazy, borrowing, element by element.

use super::{ElementSpec, Inside, Layout, ber};
use crate::{
    FieldSet,
    class::Class,
    decode,
    describe::hex,
    encoding::{Fault, prefix, read},
    error::Reason,
    field::{Prefix, Spec},
};
use std::borrow::Cow;

/// One element met on a walk.
#[derive(Clone, Copy)]
pub struct Piece<'a> {
    /// The declared element, if it is one.
    pub(crate) element: Option<&'a ElementSpec>,
    pub(crate) spec: &'a Spec,
    /// The tag as it stands; empty for elements by position and number.
    pub(crate) tag: &'a [u8],
    tag_class: Class,
    /// Tag, length and value as they stand.
    pub(crate) raw: &'a [u8],
    /// Where `raw` begins in the field's logical value.
    pub(crate) at: usize,
    /// Bytes before the value in `raw`.
    pub(crate) before: usize,
    pub(crate) odd: bool,
}

impl<'a> Piece<'a> {
    /// What people call it: `9F26`, `PI`, `3`.
    #[must_use]
    pub fn key(&self) -> Cow<'a, str> {
        match self.element {
            Some(element) => Cow::Borrowed(&element.key),
            None if self.tag_class == Class::B => Cow::Owned(hex(self.tag)),
            None => String::from_utf8_lossy(self.tag),
        }
    }

    /// The value as it stands inside the field.
    #[must_use]
    pub fn value(&self) -> &'a [u8] {
        &self.raw[self.before..]
    }

    /// The value's logical form.
    #[must_use]
    pub fn logical(&self) -> Vec<u8> {
        let units = self.spec.units(self.value().len(), self.odd);
        let mut out = vec![0; units];
        read::logical(self.spec, self.value(), units, &mut out);
        out
    }

    pub(crate) fn inside(&self) -> Option<&'a Inside> {
        self.element?.inside.as_deref()
    }

    pub(crate) fn value_at(&self) -> usize {
        self.at + self.before
    }
}

/// The elements of a value in order.
pub(crate) struct Walk<'a> {
    inside: &'a Inside,
    whole: &'a [u8],
    at: usize,
    /// The next place of a positional element.
    place: usize,
    /// What the bitmap announces and has not been met yet; `None` before the bitmap was read.
    announced: Option<FieldSet>,
    failed: bool,
}

impl<'a> Walk<'a> {
    pub(crate) fn new(inside: &'a Inside, whole: &'a [u8]) -> Self {
        Self { inside, whole, at: 0, place: 0, announced: None, failed: false }
    }

    fn rest(&self) -> &'a [u8] {
        &self.whole[self.at..]
    }

    fn step(&mut self) -> Result<Option<Piece<'a>>, Fault> {
        match &self.inside.layout {
            Layout::Positional { repeat, optional } => self.positional(*repeat, *optional),
            Layout::Bitmap(form) => {
                if self.announced.is_none() {
                    let (announced, rest) = decode::bitmap(form, self.whole)?;
                    self.at = self.whole.len() - rest.len();
                    self.announced = Some(announced);
                }
                self.announced()
            }
            Layout::Tlv { .. } | Layout::Ber if self.rest().is_empty() => Ok(None),
            Layout::Tlv { tag, length, length_width } => {
                let header = tlv_header(tag, *length, *length_width, self.rest())?;
                self.tagged(header, tag.class).map(Some)
            }
            Layout::Ber => {
                let header = ber_header(self.rest())?;
                self.tagged(header, Class::B).map(Some)
            }
        }
    }

    fn positional(&mut self, repeat: bool, optional: bool) -> Result<Option<Piece<'a>>, Fault> {
        let elements = &self.inside.elements;
        let empty = self.rest().is_empty();
        if self.place == elements.len() {
            if empty {
                return Ok(None);
            }
            if !repeat {
                return Err(Fault::new(0, Reason::Trailing { bytes: self.rest().len() }));
            }
            self.place = 0;
        }
        if empty && (optional || self.place == 0) {
            return Ok(None);
        }
        let element = &elements[self.place];
        self.place += 1;
        self.numbered(element).map(Some)
    }

    fn announced(&mut self) -> Result<Option<Piece<'a>>, Fault> {
        let announced = self.announced.get_or_insert_default();
        let Some(number) = announced.first() else {
            return match self.rest().len() {
                0 => Ok(None),
                bytes => Err(Fault::new(0, Reason::Trailing { bytes })),
            };
        };
        announced.remove(number);
        match self.inside.by_number(number) {
            Some(element) => self.numbered(element).map(Some),
            None => Err(Fault::new(0, Reason::BadComposite { what: "the inner bitmap announces an unknown element" })),
        }
    }

    fn numbered(&mut self, element: &'a ElementSpec) -> Result<Piece<'a>, Fault> {
        let found = if element.spec.takes_the_rest() {
            let odd = read::alone(&element.spec, self.rest())?;
            read::Found { len: self.rest().len(), odd }
        } else {
            read::field(&element.spec, self.rest())?
        };
        let piece = Piece {
            element: Some(element),
            spec: &element.spec,
            tag: &[],
            tag_class: Class::N,
            raw: &self.rest()[..found.len],
            at: self.at,
            before: element.spec.prefix_width as usize,
            odd: found.odd,
        };
        self.at += found.len;
        Ok(piece)
    }

    fn tagged(&mut self, header: Header, tag_class: Class) -> Result<Piece<'a>, Fault> {
        let rest = self.rest();
        let had = rest.len() - header.len;
        let short = Fault::new(header.len, Reason::Short { wanted: header.value, had });
        let raw = rest.get(..header.len + header.value).ok_or(short)?;
        let tag = &rest[..header.tag];
        let element = self.inside.by_tag(tag);
        let unknown = Fault::new(0, Reason::BadComposite { what: "a tag that the dialect does not define" });
        let spec = element.map(|element| &element.spec).or(self.inside.unknown.as_ref()).ok_or(unknown)?;
        let odd = read::alone(spec, &raw[header.len..])
            .map_err(|fault| Fault { at: header.len + fault.at, reason: fault.reason })?;
        let piece = Piece { element, spec, tag, tag_class, raw, at: self.at, before: header.len, odd };
        self.at += raw.len();
        Ok(piece)
    }
}

impl<'a> Iterator for Walk<'a> {
    type Item = Result<Piece<'a>, Fault>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.failed {
            return None;
        }
        let at = self.at;
        let step = self.step().map_err(|fault| Fault { at: self.at.max(at) + fault.at, reason: fault.reason });
        self.failed = step.is_err();
        step.transpose()
    }
}

/// What stands before a value: bytes of the tag, of tag and length together, and of the value.
struct Header {
    tag: usize,
    len: usize,
    value: usize,
}

fn ber_header(input: &[u8]) -> Result<Header, Fault> {
    let tag = ber::tag(input)?;
    let (value, width) =
        ber::length(&input[tag..]).map_err(|fault| Fault { at: tag + fault.at, reason: fault.reason })?;
    Ok(Header { tag, len: tag + width, value })
}

fn tlv_header(spec: &Spec, length: Prefix, width: u8, input: &[u8]) -> Result<Header, Fault> {
    let tag = read::field(spec, input)?.len;
    let value = prefix::number_at(length, width, &input[tag..])
        .map_err(|fault| Fault { at: tag + fault.at, reason: fault.reason })?;
    Ok(Header { tag, len: tag + width as usize, value })
}
