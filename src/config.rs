//! The configuration: one TOML file, checked whole before a port is bound. Every error names file and line, and all
//! errors of a pass are told together.

use std::{fmt, path::Path};

/// A configuration without a mistake.
pub struct Config {}

impl Config {
    /// Reads and checks a file. Paths in it are relative to it.
    ///
    /// # Errors
    /// All mistakes found, in the order of the file.
    pub fn load(_path: &Path) -> Result<Self, ConfigErrors> {
        todo!()
    }
    /// Checks a text; `file` is named in errors, and its folder is what paths are relative to.
    ///
    /// # Errors
    /// All mistakes found, in the order of the file.
    pub fn parse(_text: &str, _file: &Path) -> Result<Self, ConfigErrors> {
        todo!()
    }
}

/// One mistake in a configuration.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ConfigError {
    /// The file (a dialect's own for a mistake in a dialect).
    pub file: String,
    /// Line, from 1.
    pub line: usize,
    /// What is wrong, and what would be right.
    pub message: String,
}

/// All mistakes of one file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ConfigErrors(pub Vec<ConfigError>);

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file, self.line, self.message)
    }
}
impl fmt::Display for ConfigErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, error) in self.0.iter().enumerate() {
            if index > 0 {
                writeln!(f)?;
            }
            write!(f, "{error}")?;
        }
        Ok(())
    }
}
impl std::error::Error for ConfigError {}
impl std::error::Error for ConfigErrors {}
