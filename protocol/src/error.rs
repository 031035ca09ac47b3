//! Errors by fault: the peer's bytes ([`DecodeError`]), our values ([`FieldError`], [`EncodeError`]). None of them ever
//! contains the bytes it complains about: a card number could be among them.

use crate::message::Message;
use std::fmt;

/// What was wrong with the bytes at one place. Lengths are in digits for `n` and `z`, in characters for text, in bytes
/// otherwise.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Reason {
    /// The message ends too early: `wanted` more bytes were needed than the `had` that were left.
    Short {
        /// Bytes needed.
        wanted: usize,
        /// Bytes there were.
        had: usize,
    },
    /// A length prefix that is not a number in its encoding.
    BadLength,
    /// A length above the field's maximum.
    TooLong {
        /// Most allowed.
        max: usize,
        /// Announced or given.
        had: usize,
    },
    /// A length below the field's minimum.
    TooShort {
        /// Least allowed.
        min: usize,
        /// Announced or given.
        had: usize,
    },
    /// A character outside the field's content class.
    BadCharacter {
        /// The class as the standard writes it, or `hex`.
        class: &'static str,
        /// Which one, counted from 0 in the value.
        position: usize,
    },
    /// A pad nibble or pad character that is not the dialect's.
    BadPadding,
    /// A field that the dialect does not define (announced by the bitmap, or set).
    Unmapped,
    /// The MTI is not four digits in the dialect's encoding.
    BadMti,
    /// The bitmap is not in the dialect's encoding.
    BadBitmap,
    /// Bytes left over after the last field.
    Trailing {
        /// How many.
        bytes: usize,
    },
    /// A composite (TLV, positional, sub-bitmap) whose inside does not parse.
    BadComposite {
        /// What is wrong inside.
        what: &'static str,
    },
    /// A field that the dialect's mandatory list for this MTI asks for is absent.
    Missing,
    /// A field whose value does not fit the form it has under the message's MTI.
    OtherForm,
    /// What another edition of the standard has no place for.
    NoCounterpart {
        /// What it is.
        what: &'static str,
    },
    /// A frame larger than the codec can address.
    FrameTooLarge {
        /// Most allowed, bytes.
        max: usize,
        /// Given, bytes.
        had: usize,
    },
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Short { wanted, had } => write!(f, "wanted {wanted} more bytes, had {had}"),
            Self::BadLength => f.write_str("the length is not a number in its encoding"),
            Self::TooLong { max, had } => write!(f, "wanted a length of at most {max}, had {had}"),
            Self::TooShort { min, had } => write!(f, "wanted a length of at least {min}, had {had}"),
            Self::BadCharacter { class, position } => {
                write!(f, "wanted characters of class {class}, had another at position {}", position + 1)
            }
            Self::BadPadding => f.write_str("the padding is not the dialect's"),
            Self::Unmapped => f.write_str("the dialect does not define this field"),
            Self::BadMti => f.write_str("wanted four digits, had something else"),
            Self::BadBitmap => f.write_str("the bitmap is not in the dialect's encoding"),
            Self::Trailing { bytes } => write!(f, "wanted the end of the message, had {bytes} more bytes"),
            Self::BadComposite { what } => f.write_str(what),
            Self::Missing => f.write_str("mandatory for this MTI, but absent"),
            Self::OtherForm => f.write_str("the value does not fit the form this field has under the message's MTI"),
            Self::NoCounterpart { what } => write!(f, "the other edition of the standard has no place for {what}"),
            Self::FrameTooLarge { max, had } => write!(f, "wanted a message of at most {max} bytes, had {had}"),
        }
    }
}

/// The peer's bytes do not follow the dialect: where (field, offset in the body), and why.
pub struct DecodeError {
    /// The data element, 0 for the MTI, 1 for the bitmap, `None` for the message as a whole.
    pub field: Option<u8>,
    /// Offset in bytes from the first byte of the MTI.
    pub offset: usize,
    /// What was wrong.
    pub reason: Reason,
    /// All that was decoded before the error, where an MTI could be read: enough to answer it. Where only the content of
    /// fields is wrong while every length holds to the last byte, the good fields behind it are there as well.
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
        match self.field {
            0 => write!(f, "MTI: {}", self.reason),
            field => write!(f, "DE{field}: {}", self.reason),
        }
    }
}
impl std::error::Error for FieldError {}

impl fmt::Display for EncodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Field(error) => error.fmt(f),
            Self::Frame(error) => error.fmt(f),
            Self::FrameTooLarge { max, had } => write!(f, "wanted a frame of at most {max} bytes, had {had}"),
        }
    }
}
impl std::error::Error for EncodeError {}

impl From<FieldError> for EncodeError {
    fn from(error: FieldError) -> Self {
        Self::Field(error)
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.field {
            Some(0) => f.write_str("MTI")?,
            Some(1) => f.write_str("bitmap")?,
            Some(field) => write!(f, "DE{field}")?,
            None => f.write_str("message")?,
        }
        write!(f, " at byte {}: {}", self.offset, self.reason)
    }
}
impl fmt::Debug for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
impl std::error::Error for DecodeError {}
