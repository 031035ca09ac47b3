//! What can be wrong with framing: the peer's stream, or a name in a configuration.

use super::{HeaderKind, LengthForm};
use crate::EncodeError;
use std::fmt;

/// A stream that cannot be resynchronised, or a frame that cannot be written. Never contains the bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum FrameError {
    /// The length is not a number in its form.
    BadLength {
        /// What was wanted.
        form: LengthForm,
        /// Which of its digits is none, from 0.
        position: usize,
    },
    /// Larger than the maximum.
    TooLarge {
        /// Most allowed, bytes of header and body.
        max: usize,
        /// Announced, bytes; on a link without lengths one more than the maximum, since nobody says how many will come.
        had: usize,
    },
    /// Too small for its header (or, inclusive, for its own length).
    TooSmall {
        /// Least, as the length counts.
        min: usize,
        /// Announced.
        had: usize,
    },
    /// No header of the link's kind in front of the message, so that nobody knows where the message begins.
    NoHeader {
        /// The kind of header.
        wanted: HeaderKind,
        /// The byte of it that is wrong, from 0.
        at: usize,
    },
    /// No ETX where the frame ends.
    NoEtx,
    /// A frame to be written that contains an ETX, on a link where the first ETX ends it.
    EtxWithin {
        /// Where, in bytes of header and body.
        at: usize,
    },
    /// Session control to be written on a link that has none.
    NoControl,
    /// A header to be written that has another size than the link's.
    BadHeader {
        /// Size of the link's header, bytes.
        wanted: usize,
        /// Size of the one given, bytes.
        had: usize,
    },
}

impl fmt::Display for FrameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BadLength { form, position } => {
                write!(f, "frame length: wanted {}, had another character as digit {}", form.described(), position + 1)
            }
            Self::TooLarge { max, had } => write!(f, "frame too large: wanted at most {max} bytes, had {had}"),
            Self::TooSmall { min, had } => write!(f, "frame length too small: wanted 0 or at least {min}, had {had}"),
            Self::NoHeader { wanted, at } => {
                write!(f, "frame header: wanted that of {}, had something else at byte {at}", wanted.name())
            }
            Self::NoEtx => f.write_str("frame: wanted ETX at its end, had another byte"),
            Self::EtxWithin { at } => {
                write!(
                    f,
                    "frame: the message has an ETX at byte {at}, which would end it: bitmap and binary fields must be hex"
                )
            }
            Self::NoControl => f.write_str("frame: session control exists only with the framing vap"),
            Self::BadHeader { wanted, had } => write!(f, "frame header: wanted {wanted} bytes, had {had}"),
        }
    }
}
impl std::error::Error for FrameError {}

impl From<FrameError> for EncodeError {
    fn from(error: FrameError) -> Self {
        Self::Frame(error)
    }
}

/// A name of the configuration that means nothing.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct UnknownName {
    what: &'static str,
    name: String,
    choices: &'static [&'static str],
}

impl UnknownName {
    pub(super) fn new(what: &'static str, name: &str, choices: &'static [&'static str]) -> Self {
        Self { what, name: name.to_owned(), choices }
    }
}

impl fmt::Display for UnknownName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "unknown {} {:?}, choose one of {}", self.what, self.name, self.choices.join(", "))
    }
}
impl std::error::Error for UnknownName {}
