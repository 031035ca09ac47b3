//! A file that is written once, from its beginning to its end: past the system's cache, which would have to find memory for
//! it and then push it out all at once, beside the commits that somebody waits for.

use super::{
    disk::{Access, Disk, DiskFile, failed, settle},
    error::JournalError,
    format::PAGE,
};

/// Bytes that are written at once.
pub(super) const CHUNK: usize = 256 * 1024;

/// The file while it is written. It has its name when it is whole.
pub(super) struct Paged<'d> {
    disk: &'d dyn Disk,
    name: String,
    new: String,
    file: Box<dyn DiskFile>,
    chunk: Chunk,
    filled: usize,
    offset: u64,
}

impl<'d> Paged<'d> {
    /// Begins the file of this name, or one that is to take its place.
    pub(super) fn create(disk: &'d dyn Disk, name: String) -> Result<Self, JournalError> {
        let new = format!("{name}.new");
        let file = disk.open(&new, Access::Create).and_then(|_| disk.open(&new, Access::Fill));
        let file = file.map_err(failed(disk, "writing", &new))?;
        Ok(Self { disk, name, new, file, chunk: Chunk::new(), filled: 0, offset: 0 })
    }

    /// Appends bytes.
    pub(super) fn put(&mut self, mut bytes: &[u8]) -> Result<(), JournalError> {
        while !bytes.is_empty() {
            let taken = bytes.len().min(CHUNK - self.filled);
            self.chunk.bytes()[self.filled..self.filled + taken].copy_from_slice(&bytes[..taken]);
            self.filled += taken;
            bytes = &bytes[taken..];
            if self.filled == CHUNK {
                self.flush()?;
            }
        }
        Ok(())
    }

    /// Fills the page up with zeros.
    pub(super) fn pad(&mut self) -> Result<(), JournalError> {
        let end = self.filled.next_multiple_of(PAGE);
        self.chunk.bytes()[self.filled..end].fill(0);
        self.filled = end;
        if end == CHUNK { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> Result<(), JournalError> {
        let pages = &self.chunk.bytes()[..self.filled];
        if !pages.is_empty() {
            self.file.commit(pages, self.offset).map_err(failed(self.disk, "writing", &self.new))?;
        }
        self.offset += self.filled as u64;
        self.filled = 0;
        Ok(())
    }

    /// It is whole: durable under its name when this returns.
    pub(super) fn finish(mut self) -> Result<(), JournalError> {
        self.pad()?;
        self.flush()?;
        self.file.sync().map_err(failed(self.disk, "writing", &self.new))?;
        settle(self.disk, &self.new, &self.name)
    }
}

/// Room for a chunk that begins where a direct write wants it, at a multiple of a page.
pub(super) struct Chunk {
    room: Vec<u8>,
    start: usize,
}

impl Chunk {
    /// Zeros.
    pub(super) fn new() -> Self {
        let room = vec![0; CHUNK + PAGE];
        let start = room.as_ptr().align_offset(PAGE);
        Self { room, start }
    }

    pub(super) fn bytes(&mut self) -> &mut [u8] {
        &mut self.room[self.start..self.start + CHUNK]
    }
}
