//! Dialects of others, turned into ours: the description of a message format that another program reads becomes a readable
//! TOML file ([`crate::dialect`] documents it), with a list of all that could not be carried over.
//!
//! One file a format: it reads the foreign notation, with lines, into a [`draft`]; the draft becomes TOML and is checked by
//! compiling it. A further format is a module here and a line in [`Format`].

mod draft;
mod jpos;
mod moov;

pub use jpos::jpos;
pub use moov::moov;

use std::fmt;

/// A foreign notation that is known here.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Format {
    /// The XML of a `GenericPackager` of jPOS.
    Jpos,
    /// A message specification of moov-io/iso8583, in JSON or YAML.
    Moov,
}

impl Format {
    /// Turns a text of this notation into a dialect file; `file` is what errors call it.
    ///
    /// # Errors
    /// A text that is no description of a message format.
    pub fn import(self, file: &str, text: &str) -> Result<Imported, ImportError> {
        match self {
            Self::Jpos => jpos(file, text),
            Self::Moov => moov(file, text),
        }
    }
}

/// The notation a text is written in, by how it begins; what is wrong further on is for [`Format::import`] to say.
#[must_use]
pub fn recognise(text: &str) -> Option<Format> {
    let jpos = jpos::recognises(text).then_some(Format::Jpos);
    jpos.or_else(|| moov::recognises(text).then_some(Format::Moov))
}

/// A foreign description as a dialect file of ours.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Imported {
    /// The dialect file. It compiles.
    pub toml: String,
    /// What it does not say although the source did, or says otherwise; in the order of the source.
    pub remarks: Vec<Remark>,
}

/// Something that could not be carried over as it stood.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Remark {
    /// Line of the source, from 1.
    pub line: usize,
    /// The field concerned, e.g. `55` or `48.01`.
    pub field: Option<String>,
    /// What is not carried over, and why.
    pub message: String,
}

impl fmt::Display for Remark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}", self.line)?;
        if let Some(field) = &self.field {
            write!(f, ": field {field}")?;
        }
        write!(f, ": {}", self.message)
    }
}

/// A source that is no description of a message format at all.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ImportError {
    /// The source.
    pub file: String,
    /// Line, from 1.
    pub line: usize,
    /// What is wrong.
    pub message: String,
}

impl fmt::Display for ImportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file, self.line, self.message)
    }
}
impl std::error::Error for ImportError {}
