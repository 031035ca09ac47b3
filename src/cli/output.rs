//! Standard output.

use super::Failure;
use std::io::{self, Write};

/// Prints text to standard output. A closed pipe ends the command quietly instead of panicking as `println!` would.
///
/// # Errors
/// Standard output cannot be written.
pub fn print(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Err(Failure::reader_gone()),
        Err(error) => Err(Failure::wrong(format_args!("standard output: {error}"))),
        Ok(()) => Ok(()),
    }
}
