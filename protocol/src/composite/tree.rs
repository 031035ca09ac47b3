//! A composite taken apart, to be changed and put together again.

use super::{ElementSpec, Inside, Layout, ber, walk::Walk};
use crate::{
    bitmap::FieldSet,
    describe::{Element, ElementReason, Value, from_text, hex, text, unhex},
    dialect::Sensitivity,
    encode,
    encoding::{Fault, prefix, read, write},
    error::Reason,
    field::{Prefix, Spec},
    scratch::Scratch,
};
use std::{fmt, sync::Arc};

/// The inside of one field, owned. What is not changed is put together again from the bytes it came in, in the order it
/// came; so unknown and repeated elements survive.
#[derive(Clone)]
pub struct Composite {
    inside: Arc<Inside>,
    /// The inner bitmap as it came, as long as it holds.
    head: Vec<u8>,
    pieces: Vec<Owned>,
}

#[derive(Clone)]
struct Owned {
    key: String,
    number: u8,
    /// Tag, length and value as they stand.
    raw: Vec<u8>,
    before: usize,
    odd: bool,
}

impl Composite {
    pub(crate) fn new(inside: &Arc<Inside>) -> Self {
        Self { inside: Arc::clone(inside), head: Vec::new(), pieces: Vec::new() }
    }

    pub(crate) fn parse(inside: &Arc<Inside>, value: &[u8]) -> Result<Self, Fault> {
        let mut composite = Self::new(inside);
        let mut first = value.len();
        for piece in Walk::new(inside, value) {
            let piece = piece?;
            first = first.min(piece.at);
            composite.pieces.push(Owned {
                key: piece.key().into_owned(),
                number: piece.element.map_or(0, |element| element.number),
                raw: piece.raw.to_vec(),
                before: piece.before,
                odd: piece.odd,
            });
        }
        composite.head = value[..first].to_vec();
        Ok(composite)
    }

    /// The bytes inside the field, in the field's logical form.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = self.head.clone();
        if let (Layout::Bitmap(form), true) = (&self.inside.layout, out.is_empty()) {
            let present: FieldSet = self.pieces.iter().map(|piece| piece.number).collect();
            encode::bitmap(form, &present, &mut out);
        }
        self.pieces.iter().for_each(|piece| out.extend(&piece.raw));
        out
    }

    /// The keys in order; one that occurs more than once comes more than once.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.pieces.iter().map(|piece| piece.key.as_str())
    }

    /// The logical value of the first element with this key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<Vec<u8>> {
        self.pieces.iter().find(|piece| piece.key == key).map(|piece| self.logical(piece))
    }

    /// The composite inside the first element with this key; `None` where the dialect declares none.
    #[must_use]
    pub fn nested(&self, key: &str) -> Option<Self> {
        let inside = self.inside.by_key(key)?.inside.as_ref()?;
        Self::parse(inside, &self.get(key)?).ok()
    }

    /// Sets the element with this key from its logical value: in its place where it is there, else where it belongs
    /// (at the end, where elements have tags).
    ///
    /// # Errors
    /// A key that is no element here, or a value that does not fit.
    pub fn set(&mut self, key: &str, logical: &[u8]) -> Result<(), ElementReason> {
        let piece = self.lay(key, logical)?;
        match self.pieces.iter().position(|old| old.key == piece.key) {
            Some(place) => self.pieces[place] = piece,
            None => self.add(piece),
        }
        Ok(())
    }

    /// Adds an element after all others, although one with this key may be there: repeated tags, repeated positions.
    ///
    /// # Errors
    /// As [`set`](Self::set).
    pub fn push(&mut self, key: &str, logical: &[u8]) -> Result<(), ElementReason> {
        let piece = self.lay(key, logical)?;
        self.add(piece);
        Ok(())
    }

    /// Removes every element with this key.
    pub fn remove(&mut self, key: &str) {
        let before = self.pieces.len();
        self.pieces.retain(|piece| piece.key != key);
        if self.pieces.len() < before {
            self.head.clear();
        }
    }

    fn add(&mut self, piece: Owned) {
        self.head.clear();
        let end = self.pieces.len();
        let place = match self.inside.layout {
            Layout::Bitmap(_) => self.pieces.partition_point(|old| old.number < piece.number),
            _ => end,
        };
        self.pieces.insert(place, piece);
    }

    /// One element in its wire form.
    fn lay(&self, key: &str, logical: &[u8]) -> Result<Owned, ElementReason> {
        let element = self.inside.by_key(key);
        if let Some((element, inside)) = element.and_then(|element| Some((element, element.inside.as_ref()?))) {
            let whole = write::whole(&element.spec, logical).map_err(ElementReason::Field)?;
            inside.check(&whole).map_err(|fault| ElementReason::Field(fault.reason))?;
        }
        let spec = element.map(|element| &element.spec).or(self.inside.unknown.as_ref());
        let spec = spec.ok_or(ElementReason::NoElement)?;
        let mut scratch = Scratch::new();
        let laid = write::field(spec, logical, &mut scratch).map_err(ElementReason::Field)?;
        let value = scratch.bytes();
        let mut raw = self.header(key, element, value.len())?;
        let before = if raw.is_empty() { spec.prefix_width as usize } else { raw.len() };
        raw.extend(value);
        let number = element.map_or(0, |element| element.number);
        Ok(Owned { key: key.to_owned(), number, raw, before, odd: laid.odd })
    }

    /// Tag and length; nothing where elements have no tags.
    fn header(&self, key: &str, element: Option<&ElementSpec>, length: usize) -> Result<Vec<u8>, ElementReason> {
        let mut raw = Vec::new();
        match &self.inside.layout {
            Layout::Positional { .. } | Layout::Bitmap(_) if element.is_some() => {}
            Layout::Positional { .. } | Layout::Bitmap(_) => return Err(ElementReason::NoElement),
            Layout::Ber => {
                raw = unhex(key).filter(|tag| ber::tag(tag) == Ok(tag.len())).ok_or(ElementReason::NoElement)?;
                ber::put_length(length, &mut raw);
            }
            Layout::Tlv { tag, length: prefix, length_width } => {
                raw = tag_bytes(tag, key).ok_or(ElementReason::NoElement)?;
                let most = prefix::most(*prefix, *length_width);
                if length > most {
                    return Err(ElementReason::Field(Reason::TooLong { max: most, had: length }));
                }
                put_prefix(*prefix, *length_width, length, &mut raw);
            }
        }
        Ok(raw)
    }

    fn logical(&self, piece: &Owned) -> Vec<u8> {
        let element = self.inside.by_key(&piece.key).map(|element| &element.spec);
        let Some(spec) = element.or(self.inside.unknown.as_ref()) else { return Vec::new() };
        let value = &piece.raw[piece.before..];
        let mut out = vec![0; spec.units(value.len(), piece.odd)];
        let units = out.len();
        read::logical(spec, value, units, &mut out);
        out
    }

    /// The elements as a person reads them.
    #[must_use]
    pub fn elements(&self) -> Vec<Element> {
        self.pieces.iter().map(|piece| self.element(piece)).collect()
    }

    fn element(&self, piece: &Owned) -> Element {
        let declared = self.inside.by_key(&piece.key);
        let logical = self.logical(piece);
        let nested = declared.and_then(|element| element.inside.as_ref());
        let value = match nested.and_then(|inside| Self::parse(inside, &logical).ok()) {
            Some(composite) => Value::Elements(composite.elements()),
            None => Value::Text(match declared.map(|element| &element.spec).or(self.inside.unknown.as_ref()) {
                Some(spec) => text(spec, &logical),
                None => hex(&logical),
            }),
        };
        Element {
            key: piece.key.clone(),
            name: declared.map(|element| element.label.name.clone()).unwrap_or_default(),
            sensitivity: declared.map_or(Sensitivity::Secret, |element| element.label.sensitivity),
            value,
        }
    }

    /// Adds elements given as text, hex and nested elements; an error comes with the path below this composite.
    pub(crate) fn push_elements(&mut self, elements: &[Element]) -> Result<(), (String, ElementReason)> {
        for element in elements {
            let declared = self.inside.by_key(&element.key);
            let logical = match &element.value {
                Value::Text(text) => {
                    let spec = declared.map(|element| &element.spec).or(self.inside.unknown.as_ref());
                    let spec = spec.ok_or((element.key.clone(), ElementReason::NoElement))?;
                    from_text(spec, text).ok_or((element.key.clone(), ElementReason::NoHex))?.into_owned()
                }
                Value::Elements(below) => {
                    let inside = declared.and_then(|element| element.inside.as_ref());
                    let inside = inside.ok_or((element.key.clone(), ElementReason::NoComposite))?;
                    let mut nested = Self::new(inside);
                    nested
                        .push_elements(below)
                        .map_err(|(path, reason)| (format!("{}.{path}", element.key), reason))?;
                    nested.encode()
                }
            };
            self.push(&element.key, &logical).map_err(|reason| (element.key.clone(), reason))?;
        }
        Ok(())
    }
}

/// The tag as it stands on the wire.
pub(crate) fn tag_bytes(tag: &Spec, key: &str) -> Option<Vec<u8>> {
    let logical = from_text(tag, key)?;
    let mut scratch = Scratch::new();
    if logical.len() != tag.max as usize {
        return None;
    }
    write::field(tag, &logical, &mut scratch).ok()?;
    Some(scratch.bytes().to_vec())
}

fn put_prefix(prefix: Prefix, width: u8, number: usize, out: &mut Vec<u8>) {
    let start = out.len();
    out.resize(start + width as usize, 0);
    prefix::write(prefix, number, &mut out[start..]);
}

impl fmt::Debug for Composite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.elements().fmt(f)
    }
}
