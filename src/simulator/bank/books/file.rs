//! The bank's books on disk: one note a line as JSON, added at the end, synced before the answers leave. Killed at any
//! moment, the bank has lost nothing it answered.

use super::Note;
use std::{
    fs::{File, OpenOptions},
    io::{self, BufRead as _, BufReader, Seek as _, SeekFrom, Write as _},
    path::{Path, PathBuf},
};

/// Longest line that is read, bytes; a note has about 400.
const LINE: usize = 4096;

/// An open file, locked against a second bank.
pub struct BooksFile {
    file: File,
    path: PathBuf,
    pending: Vec<u8>,
    failed: bool,
}

impl BooksFile {
    /// Opens or makes the file and hands out every note in it. A last line that is not whole was never answered: it is
    /// cut off.
    ///
    /// # Errors
    /// The file cannot be opened, read or locked; a line before the last is damaged (the error names it).
    pub fn open(path: &Path, mut each: impl FnMut(Note)) -> io::Result<Self> {
        let named = |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", path.display()));
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path).map_err(named)?;
        file.try_lock().map_err(|error| named(error.into()))?;
        let mut opened = Self { file, path: path.to_owned(), pending: Vec::new(), failed: false };
        let whole = opened.read(&mut each).map_err(named)?;
        opened.file.set_len(whole).map_err(named)?;
        opened.file.seek(SeekFrom::End(0)).map_err(named)?;
        Ok(opened)
    }

    /// Reads the notes of a file that nobody need have closed, without changing it.
    ///
    /// # Errors
    /// As [`BooksFile::open`].
    pub fn read_only(path: &Path, mut each: impl FnMut(Note)) -> io::Result<()> {
        let named = |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", path.display()));
        let file = File::open(path).map_err(named)?;
        let mut opened = Self { file, path: path.to_owned(), pending: Vec::new(), failed: false };
        opened.read(&mut each).map_err(named)?;
        Ok(())
    }

    /// Hands out the notes; the length of what is whole.
    fn read(&mut self, each: &mut impl FnMut(Note)) -> io::Result<u64> {
        let mut reader = BufReader::new(&mut self.file);
        let (mut line, mut whole, mut number) = (Vec::new(), 0_u64, 0_u64);
        loop {
            line.clear();
            let length = io::Read::take(&mut reader, LINE as u64).read_until(b'\n', &mut line)?;
            number += 1;
            match serde_json::from_slice(&line) {
                Ok(note) if line.ends_with(b"\n") => each(note),
                _ if reader.fill_buf()?.is_empty() => return Ok(whole),
                _ => return Err(io::Error::new(io::ErrorKind::InvalidData, format!("line {number} is no note"))),
            }
            whole += length as u64;
        }
    }

    /// Adds a note; it is on disk after the next [`BooksFile::commit`].
    pub fn note(&mut self, note: &Note) {
        // A note has no map with keys that are not text, and a vector takes everything: it cannot fail.
        serde_json::to_writer(&mut self.pending, note).expect("a note is JSON");
        self.pending.push(b'\n');
    }

    /// Writes and syncs what was added.
    ///
    /// # Errors
    /// The file cannot be written. It stays so: what reached the disk is only known when the file is read again.
    pub fn commit(&mut self) -> io::Result<()> {
        if self.failed {
            return Err(io::Error::other(format!("{}: failed before", self.path.display())));
        }
        if self.pending.is_empty() {
            return Ok(());
        }
        let named = |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", self.path.display()));
        let written = self.file.write_all(&self.pending).and_then(|()| self.file.sync_data());
        self.pending.clear();
        self.failed = written.is_err();
        written.map_err(named)
    }
}
