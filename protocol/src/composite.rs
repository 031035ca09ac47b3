//! What is inside a field: elements by position, by tag, by BER-TLV tag, or by a bitmap of their own.
//!
//! The inside is described over the field's *logical* value: the bytes of a `b` field, the ASCII characters of any other,
//! whatever the dialect's packing or code page. The same description so serves an ASCII and an EBCDIC link.
//!
//! A declared inside is checked when the message is decoded and when the field is set, so that a walk over a field of a
//! [`Message`](crate::Message) meets no surprise. Only what the dialect declares is entered: the depth is the dialect's.

mod ber;
mod tree;
mod walk;

pub use tree::Composite;
pub use walk::Piece;

pub(crate) use tree::tag_bytes;
pub(crate) use walk::Walk;

use crate::{
    dialect::{BitmapForm, Label},
    encoding::Fault,
    field::{Prefix, Spec},
};
use std::sync::Arc;

/// One declared element.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct ElementSpec {
    /// What people call it: `9F26`, `PI`, `3`.
    pub(crate) key: String,
    /// The tag as it stands on the wire; empty for elements by position and number.
    pub(crate) tag: Vec<u8>,
    /// Its number: the bit of an inner bitmap, the place of a positional element; 0 for tags.
    pub(crate) number: u8,
    pub(crate) spec: Spec,
    pub(crate) label: Label,
    pub(crate) inside: Option<Arc<Inside>>,
}

/// How the elements follow one another.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Layout {
    /// In a fixed order; with `repeat` the whole order again until the end, with `optional` it may end after any element.
    Positional { repeat: bool, optional: bool },
    /// Tag, length, value, each in its own form.
    Tlv { tag: Spec, length: Prefix, length_width: u8 },
    /// BER-TLV as in EMV book 3, annex B: tags of one to four bytes, lengths of one to four.
    Ber,
    /// A bitmap, then the elements it announces.
    Bitmap(BitmapForm),
}

/// The inside of a field.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Inside {
    pub(crate) layout: Layout,
    /// By tag where there are tags, else by number.
    pub(crate) elements: Vec<ElementSpec>,
    /// What a tag is that is not among the elements; `None` refuses it.
    pub(crate) unknown: Option<Spec>,
}

impl Inside {
    /// The element with this tag, as on the wire.
    pub(crate) fn by_tag(&self, tag: &[u8]) -> Option<&ElementSpec> {
        let found = self.elements.binary_search_by(|element| element.tag.as_slice().cmp(tag)).ok()?;
        Some(&self.elements[found])
    }

    /// The element with this number.
    pub(crate) fn by_number(&self, number: u8) -> Option<&ElementSpec> {
        let found = self.elements.binary_search_by_key(&number, |element| element.number).ok()?;
        Some(&self.elements[found])
    }

    /// The element people call `key`.
    pub(crate) fn by_key(&self, key: &str) -> Option<&ElementSpec> {
        self.elements.iter().find(|element| element.key == key)
    }

    /// Walks over all of `value`, and into what is declared inside its elements.
    pub(crate) fn check(&self, value: &[u8]) -> Result<(), Fault> {
        for piece in Walk::new(self, value) {
            let piece = piece?;
            if let Some(inside) = piece.inside() {
                let nested = piece.logical();
                inside.check(&nested).map_err(|fault| Fault {
                    at: piece.value_at() + piece.spec.wire_place(fault.at),
                    reason: fault.reason,
                })?;
            }
        }
        Ok(())
    }
}

/// The elements of one field in order, borrowing its bytes.
pub struct Elements<'a>(Walk<'a>);

impl<'a> Elements<'a> {
    pub(crate) fn new(inside: &'a Inside, value: &'a [u8]) -> Self {
        Self(Walk::new(inside, value))
    }
}

impl<'a> Iterator for Elements<'a> {
    type Item = Piece<'a>;

    fn next(&mut self) -> Option<Piece<'a>> {
        // The field was checked when it was decoded or set.
        self.0.next()?.ok()
    }
}
