//! How a command fails.

use std::{fmt, process::ExitCode};

/// Why a command did not do what was asked: what to print, and the exit code that says whose mistake it is.
#[derive(Debug)]
pub struct Failure {
    code: u8,
    message: Option<String>,
}

impl Failure {
    /// The thing asked about is wrong: a message does not decode, a configuration has a mistake. Exit code 1.
    pub fn wrong(message: impl fmt::Display) -> Self {
        Self { code: 1, message: Some(message.to_string()) }
    }

    /// The same, where the command has already printed all there is to say.
    #[must_use]
    pub const fn told() -> Self {
        Self { code: 1, message: None }
    }

    /// The command line is wrong in a way the parser could not see. Exit code 2.
    pub fn usage(message: impl fmt::Display) -> Self {
        Self { code: 2, message: Some(message.to_string()) }
    }

    /// The same with something to add.
    pub(super) fn with(self, more: impl fmt::Display) -> Self {
        let message = self.message.map(|message| format!("{message}; {more}"));
        Self { message, ..self }
    }

    /// The reader of our output went away (`banklink … | head`): nobody is left to be told, and nothing is wrong.
    #[must_use]
    pub(super) const fn reader_gone() -> Self {
        Self { code: 0, message: None }
    }

    /// Is nothing wrong?
    #[must_use]
    pub(super) const fn is_nothing(&self) -> bool {
        self.code == 0
    }

    /// Prints the message to standard error; the exit code is for the caller to return.
    pub(super) fn report(self) -> ExitCode {
        if let Some(message) = self.message {
            eprintln!("error: {message}");
        }
        ExitCode::from(self.code)
    }
}

/// Any error is the fault of the thing asked about, with what caused it.
impl<E: std::error::Error> From<E> for Failure {
    fn from(error: E) -> Self {
        let mut message = error.to_string();
        let mut source = error.source();
        while let Some(cause) = source {
            let cause_text = cause.to_string();
            // Some errors already say their cause.
            if !message.contains(&cause_text) {
                message = format!("{message}: {cause_text}");
            }
            source = cause.source();
        }
        Self::wrong(message)
    }
}
