//! Errors by fault: the peer's bytes ([`DecodeError`]), our values ([`FieldError`], [`EncodeError`]). None of them ever
//! contains the bytes it complains about: a card number could be among them.

use crate::message::Message;
use std::fmt;

/// What was wrong with the bytes at one place. Lengths are in the unit named.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Reason {
    /// The message ends too early: `wanted` more bytes were needed, `had` were left.
    Short { wanted: usize, had: usize },
    /// A length prefix that is not a number in its encoding.
    BadLength,
    /// A length above the field's maximum.
    TooLong { max: usize, had: usize },
    /// A length below the field's minimum.
    TooShort { min: usize, had: usize },
    /// A character outside the field's content class; `position` counts from 0 in the value.
    BadCharacter { class: &'static str, position: usize },
    /// A pad nibble or pad character that is not the dialect's.
    BadPadding,
    /// The bitmap announces a field that the dialect does not define.
    Unmapped,
    /// The MTI is not four digits in the dialect's encoding.
    BadMti,
    /// The bitmap is not in the dialect's encoding.
    BadBitmap,
    /// Bytes left over after the last field.
    Trailing { bytes: usize },
    /// A composite (TLV, positional, sub-bitmap) whose inside does not parse.
    BadComposite { what: &'static str },
    /// A field that the dialect's mandatory list for this MTI asks for is absent.
    Missing,
    /// A frame larger than the codec can address.
    FrameTooLarge { max: usize, had: usize },
}

/// The peer's bytes do not follow the dialect: where (field, offset in the body), and why.
pub struct DecodeError {
    /// The data element, 0 for the MTI, 1 for the bitmap, `None` for the message as a whole.
    pub field: Option<u8>,
    /// Offset in bytes from the first byte of the MTI.
    pub offset: usize,
    /// What was wrong.
    pub reason: Reason,
    /// All that was decoded before the error, where an MTI could be read: enough to answer it.
    pub partial: Option<Box<Message>>,
}

/// A value that does not fit its field in the dialect.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FieldError {
    /// The data element.
    pub field: u8,
    /// What was wrong with the value.
    pub reason: Reason,
}

/// A message that cannot be laid out as bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum EncodeError {
    /// A field whose value does not fit.
    Field(FieldError),
    /// A message that does not fit the link's framing.
    Frame(crate::frame::FrameError),
    /// The frame would be longer than its length header can say.
    FrameTooLarge {
        /// The most the framing can carry, in bytes.
        max: usize,
        /// The size of this message, in bytes.
        had: usize,
    },
}

impl fmt::Display for FieldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DE{}: {:?}", self.field, self.reason)
    }
}
impl std::error::Error for FieldError {}

impl fmt::Display for EncodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:?}")
    }
}
impl std::error::Error for EncodeError {}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "field {:?} at {}: {:?}", self.field, self.offset, self.reason)
    }
}
impl fmt::Debug for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
impl std::error::Error for DecodeError {}
