//! What goes wrong with a journal: always with the file, and with the offset where there is one; never with what is in it.

use std::{fmt, io};

/// A journal that cannot be opened or read.
#[derive(Debug)]
#[non_exhaustive]
pub enum JournalError {
    /// The disk refused.
    Io {
        /// What was being done.
        doing: &'static str,
        /// With which file.
        file: String,
        /// What the system says.
        source: io::Error,
    },
    /// Another process has this journal open.
    Locked {
        /// Its folder.
        folder: String,
    },
    /// A file is not as it was written, and not just at its end.
    Corrupt {
        /// Which.
        file: String,
        /// From where on, in bytes.
        offset: u64,
        /// What is wrong.
        why: &'static str,
    },
    /// Segments are missing.
    Gap {
        /// The file behind the gap, or where one should be.
        file: String,
        /// What is missing.
        why: &'static str,
    },
    /// A key cannot be had.
    Key {
        /// Its file, or the variable it is named by.
        name: String,
        /// Why not.
        why: &'static str,
    },
    /// A setting makes no sense.
    Setting {
        /// What would make sense.
        why: &'static str,
    },
}

impl fmt::Display for JournalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io { doing, file, source } => write!(f, "{file}: {doing}: {source}"),
            Self::Locked { folder } => write!(f, "{folder}: another process has this journal open"),
            Self::Corrupt { file, offset, why } => write!(f, "{file}: offset {offset}: {why}"),
            Self::Gap { file, why } => write!(f, "{file}: {why}"),
            Self::Key { name, why } => write!(f, "{name}: {why}"),
            Self::Setting { why } => write!(f, "journal: {why}"),
        }
    }
}

impl std::error::Error for JournalError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io { source, .. } => Some(source),
            _ => None,
        }
    }
}

/// Why a journal stopped while it was being written: nothing becomes durable any more, and it is to be opened anew.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Failure {
    /// What was being done.
    pub doing: &'static str,
    /// With which file.
    pub file: String,
    /// What the system says.
    pub error: String,
    /// What kind of error it is ([`io::ErrorKind::StorageFull`] and its like).
    pub kind: io::ErrorKind,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}: {}", self.file, self.doing, self.error)
    }
}

impl std::error::Error for Failure {}

impl From<JournalError> for Failure {
    fn from(error: JournalError) -> Self {
        match error {
            JournalError::Io { doing, file, source } => {
                Self { doing, file, error: source.to_string(), kind: source.kind() }
            }
            other => {
                Self { doing: "the journal", file: String::new(), error: other.to_string(), kind: io::ErrorKind::Other }
            }
        }
    }
}
