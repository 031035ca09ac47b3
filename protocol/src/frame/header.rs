//! The header between length and MTI.

use super::UnknownName;
use smallvec::SmallVec;

/// The header bytes of one message, as they came.
pub type Header = SmallVec<[u8; 22]>;

/// The kind of header between length and MTI.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum HeaderKind {
    /// None.
    None,
    /// Five bytes: id, destination, source; the answer swaps destination and source.
    Tpdu,
}

impl HeaderKind {
    /// The names of the configuration.
    pub const NAMES: [&str; 2] = ["none", "tpdu"];

    /// From a name of the configuration, one of [`HeaderKind::NAMES`].
    ///
    /// # Errors
    /// Another name; the error lists the choices.
    pub fn named(name: &str) -> Result<Self, UnknownName> {
        match name {
            "none" => Ok(Self::None),
            "tpdu" => Ok(Self::Tpdu),
            _ => Err(UnknownName::new("header", name, &Self::NAMES)),
        }
    }

    /// The name in a configuration.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Tpdu => "tpdu",
        }
    }

    /// Size in bytes.
    #[must_use]
    pub const fn size(self) -> usize {
        match self {
            Self::None => 0,
            Self::Tpdu => 5,
        }
    }

    /// The header of a message that answers nothing, where the link names no addresses: TPDU id 60 (a transaction),
    /// destination and source zero.
    #[must_use]
    pub fn first(self) -> Header {
        match self {
            Self::None => Header::new(),
            Self::Tpdu => Header::from_slice(&[0x60, 0, 0, 0, 0]),
        }
    }

    /// The header of the answer to a message that came with `header`. Bytes that are no header of this kind come back
    /// unchanged.
    #[must_use]
    pub fn answer(self, header: &Header) -> Header {
        match (self, header.as_slice()) {
            (Self::Tpdu, &[id, to0, to1, from0, from1]) => Header::from_slice(&[id, from0, from1, to0, to1]),
            _ => header.clone(),
        }
    }
}
