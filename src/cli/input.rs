//! What a tool works on: an argument, a file, or standard input.

use super::Failure;
use std::{
    fs,
    io::{self, Read},
    path::PathBuf,
};

/// The most a tool reads, in bytes: far above any capture that one looks at by eye.
const MOST: u64 = 64 << 20;

/// Where the input is.
#[derive(clap::Args, Debug)]
pub(super) struct Input {
    /// The input itself; without it and without --file, standard input is read
    #[arg(value_name = "INPUT")]
    text: Option<String>,
    /// Read the input from a file
    #[arg(long, short, value_name = "FILE", conflicts_with = "text")]
    file: Option<PathBuf>,
}

impl Input {
    /// All of it.
    pub(super) fn bytes(&self) -> Result<Vec<u8>, Failure> {
        match (&self.text, &self.file) {
            (Some(text), _) if text != "-" => Ok(text.clone().into_bytes()),
            (_, Some(file)) => {
                let failed = |error| Failure::wrong(format_args!("{}: {error}", file.display()));
                all(&mut fs::File::open(file).map_err(failed)?).map_err(failed)
            }
            _ => all(&mut io::stdin().lock()).map_err(|error| Failure::wrong(format_args!("standard input: {error}"))),
        }
    }

    /// All of it as text.
    pub(super) fn text(&self) -> Result<String, Failure> {
        String::from_utf8(self.bytes()?)
            .map_err(|_| Failure::wrong("the input is not text (--raw takes bytes as they are)"))
    }
}

fn all(source: &mut dyn Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let read = source.take(MOST + 1).read_to_end(&mut bytes)? as u64;
    if read > MOST {
        return Err(io::Error::new(io::ErrorKind::InvalidData, format!("wanted at most {MOST} bytes")));
    }
    Ok(bytes)
}
