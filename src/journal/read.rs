//! Reading a segment, commit by commit. Whatever lies in the file: no more is read at once than the longest commit, and
//! what is not right is said with its offset.

use super::{
    disk::{Access, Disk, DiskFile, failed},
    error::JournalError,
    format::{CommitHeader, Frame, MAX_COMMIT, PAGE, SegmentHeader},
    seal::KeyId,
    segment::segment_name,
};

/// How the commits of a segment end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum End {
    /// Nothing was begun behind the last commit, as far as can be seen.
    Clean,
    /// Something stands there that is no whole commit.
    Torn(&'static str),
}

/// What comes next in a segment.
pub(super) enum Step {
    /// A whole commit, which is now the reader's.
    Commit(CommitHeader),
    /// None.
    End(End),
}

/// A segment that is read from its beginning to its end.
pub(super) struct SegmentReader<'a> {
    disk: &'a dyn Disk,
    file: Box<dyn DiskFile>,
    name: String,
    pub(super) header: SegmentHeader,
    length: u64,
    /// Where the commit read last begins, and where the next would.
    at: u64,
    offset: u64,
    /// Position of the first record of the next commit.
    next: u64,
    commit: Vec<u8>,
    current: Option<CommitHeader>,
}

impl<'a> SegmentReader<'a> {
    pub(super) fn open(disk: &'a dyn Disk, number: u64) -> Result<Self, JournalError> {
        let name = segment_name(number);
        let failed = failed(disk, "reading", &name);
        let file = disk.open(&name, Access::Read).map_err(&failed)?;
        let mut page = [0; PAGE];
        let read = file.read(&mut page, 0).map_err(&failed)?;
        let length = file.length().map_err(&failed)?;
        drop(failed);
        let corrupt = |why| JournalError::Corrupt { file: disk.locate(&name), offset: 0, why };
        let header = SegmentHeader::parse(&page[..read]).map_err(corrupt)?;
        if header.number != number {
            return Err(corrupt("the header is of another segment than the name"));
        }
        let (offset, next) = (PAGE as u64, header.first);
        Ok(Self { disk, file, name, header, length, at: 0, offset, next, commit: Vec::new(), current: None })
    }

    /// Its data key.
    pub(super) fn key(&self) -> KeyId {
        KeyId { epoch: self.header.epoch, day: self.header.day }
    }

    /// Where the commit read last begins.
    pub(super) fn at(&self) -> u64 {
        self.at
    }

    /// Where the next commit would begin.
    pub(super) fn offset(&self) -> u64 {
        self.offset
    }

    /// Position of the first record that was not read.
    pub(super) fn next_position(&self) -> u64 {
        self.next
    }

    /// Length of the file.
    pub(super) fn length(&self) -> u64 {
        self.length
    }

    /// This segment is not as it was written, from `offset` on.
    pub(super) fn corrupt(&self, offset: u64, why: &'static str) -> JournalError {
        JournalError::Corrupt { file: self.disk.locate(&self.name), offset, why }
    }

    /// Reads the next commit.
    pub(super) fn step(&mut self) -> Result<Step, JournalError> {
        self.current = None;
        let mut page = [0; PAGE];
        let read = self.read(&mut page, self.offset)?;
        let Some(header) = CommitHeader::parse(&page[..read], &self.header) else {
            // In a file that was in use before, anything may lie here.
            let clean = self.header.recycled || page[..read].iter().all(|&byte| byte == 0);
            return Ok(Step::End(if clean { End::Clean } else { End::Torn("this is no commit") }));
        };
        let Some(length) = header.pages() else { return Ok(Step::End(End::Torn("no commit is of this length"))) };
        if header.first != self.next {
            return Ok(Step::End(End::Torn("the commit is not the one that follows")));
        }
        if !self.load(&page[..read], length, &header)? {
            return Ok(Step::End(End::Torn("the commit's checksum is wrong")));
        }
        (self.at, self.offset) = (self.offset, self.offset + length as u64);
        let Some(next) = self.next.checked_add(u64::from(header.count)) else {
            return Err(self.corrupt(self.at, "the positions run over"));
        };
        self.next = next;
        self.current = Some(header);
        Ok(Step::Commit(header))
    }

    /// Takes the commit that begins with `front` into memory; says whether it is whole. Its filling need not be there.
    fn load(&mut self, front: &[u8], length: usize, header: &CommitHeader) -> Result<bool, JournalError> {
        let mut commit = std::mem::take(&mut self.commit);
        commit.clear();
        commit.resize(length, 0);
        commit[..front.len()].copy_from_slice(front);
        if front.len() == PAGE && length > PAGE {
            self.read(&mut commit[PAGE..], self.offset + PAGE as u64)?;
        }
        let whole = header.whole(&commit);
        self.commit = commit;
        Ok(whole)
    }

    /// The bytes of the commit read last, filling and all.
    pub(super) fn pages(&self) -> &[u8] {
        &self.commit
    }

    /// Hands out the records of the commit read last, with offset and position.
    pub(super) fn records(
        &self,
        mut each: impl FnMut(u64, u64, Frame<'_>) -> Result<(), JournalError>,
    ) -> Result<(), JournalError> {
        let Some(header) = self.current else { return Ok(()) };
        let records = header.records(&self.commit);
        let (mut rest, mut position) = (records, header.first);
        let offset = |rest: &[u8]| self.at + header.offset_of(records.len() - rest.len());
        for _ in 0..header.count {
            let here = offset(rest);
            let frame = Frame::cut(&mut rest).map_err(|why| self.corrupt(here, why))?;
            each(here, position, frame)?;
            position += 1;
        }
        if rest.is_empty() { Ok(()) } else { Err(self.corrupt(offset(rest), "there is more than the commit counts")) }
    }

    /// Is there a whole commit of this segment anywhere behind the end that [`SegmentReader::step`] came to? Then that
    /// end is none: commits are written one after another, so only the last can be torn.
    pub(super) fn is_followed(&mut self) -> Result<bool, JournalError> {
        const CHUNK: usize = 64 * PAGE;
        let mut chunk = vec![0; CHUNK];
        let mut from = self.offset + PAGE as u64;
        while from < self.length {
            let read = self.read(&mut chunk, from)?;
            for (index, page) in chunk[..read].chunks(PAGE).enumerate() {
                let Some(header) = CommitHeader::parse(page, &self.header) else { continue };
                let offset = from + (index * PAGE) as u64;
                let Some(length) = header.pages() else { continue };
                let mut commit = vec![0; length.min(MAX_COMMIT)];
                self.read(&mut commit, offset)?;
                if header.whole(&commit) {
                    return Ok(true);
                }
            }
            from += CHUNK as u64;
        }
        Ok(false)
    }

    fn read(&self, bytes: &mut [u8], offset: u64) -> Result<usize, JournalError> {
        self.file.read(bytes, offset).map_err(failed(self.disk, "reading", &self.name))
    }
}
