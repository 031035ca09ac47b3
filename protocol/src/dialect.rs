//! A dialect: how one bank writes ISO 8583, as data.

use crate::{DecodeError, Message};
use bytes::Bytes;
use std::{fmt, path::Path, sync::Arc};

/// The edition of the standard a dialect belongs to (first digit of the MTI).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Version {
    /// ISO 8583:1987.
    V1987,
    /// ISO 8583:1993.
    V1993,
    /// ISO 8583:2003.
    V2003,
}

/// How a field may be shown.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Sensitivity {
    /// May be printed whole.
    Public,
    /// A card number: BIN and last four at most.
    Pan,
    /// Track data, PIN, CVV, keys: never, not even masked.
    Secret,
    /// Expiry, names: hidden unless revealed.
    Private,
}

/// A dialect, compiled from TOML.
pub struct Dialect {
    name: String,
}

/// A mistake in a dialect file.
#[derive(Debug)]
pub struct DialectError {
    /// The file or shipped name.
    pub file: String,
    /// Line, from 1; 0 where the file could not be read at all.
    pub line: usize,
    /// The field concerned, e.g. `55` or `48.01`.
    pub field: Option<String>,
    /// What is wrong.
    pub message: String,
}

impl fmt::Display for DialectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file, self.line, self.message)
    }
}
impl std::error::Error for DialectError {}

impl Dialect {
    /// The names of the shipped dialects.
    pub fn shipped() -> &'static [&'static str] {
        todo!()
    }
    /// A shipped dialect by name.
    pub fn named(_name: &str) -> Option<Arc<Self>> {
        todo!()
    }
    /// A shipped name, or a path to a dialect file (`extends` is resolved beside the file, then among the shipped).
    pub fn load(_name_or_path: &str, _relative_to: Option<&Path>) -> Result<Arc<Self>, DialectError> {
        todo!()
    }
    /// The dialect's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }
    /// The edition it belongs to.
    #[must_use]
    pub fn version(&self) -> Version {
        todo!()
    }
    /// Is the field defined?
    #[must_use]
    pub fn defines(&self, _field: u8) -> bool {
        todo!()
    }
    /// The field's name, e.g. `Primary account number`.
    #[must_use]
    pub fn field_name(&self, _field: u8) -> Option<&str> {
        todo!()
    }
    /// How the field may be shown; an undefined field is `Secret`.
    #[must_use]
    pub fn sensitivity(&self, _field: u8) -> Sensitivity {
        todo!()
    }
    /// Decodes one framed message (header already taken off), zero-copy and strict.
    pub fn decode(self: &Arc<Self>, _body: Bytes) -> Result<Message, DecodeError> {
        todo!()
    }
}
