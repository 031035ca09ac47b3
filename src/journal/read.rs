//! Reading a segment, commit by commit. Whatever lies in the file: no more is read at once than the longest commit, and
//! what is not right is said with its offset.

use super::{
    disk::{Access, Disk, DiskFile, failed},
    error::JournalError,
    format::{CommitHeader, Frame, PAGE, SegmentHeader},
    seal::KeyId,
    segment::segment_name,
};
use std::sync::Arc;

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
pub(super) struct SegmentReader {
    place: String,
    file: Box<dyn DiskFile>,
    pub(super) header: SegmentHeader,
    length: u64,
    /// Where the commit read last begins, and where the next would.
    at: u64,
    offset: u64,
    /// Position of the first record of the next commit.
    next: u64,
    commit: Vec<u8>,
    /// One that is read and may turn out not to be whole.
    next_commit: Vec<u8>,
    current: Option<CommitHeader>,
}

impl SegmentReader {
    pub(super) fn open(disk: &Arc<dyn Disk>, number: u64) -> Result<Self, JournalError> {
        let name = segment_name(number);
        let failed = failed(&**disk, "reading", &name);
        let file = disk.open(&name, Access::Read).map_err(&failed)?;
        let mut page = [0; PAGE];
        let read = file.read(&mut page, 0).map_err(&failed)?;
        let length = file.length().map_err(&failed)?;
        let place = disk.locate(&name);
        let corrupt = |why| JournalError::Corrupt { file: place.clone(), offset: 0, why };
        let header = SegmentHeader::parse(&page[..read]).map_err(corrupt)?;
        if header.number != number {
            return Err(corrupt("the header is of another segment than the name"));
        }
        let (offset, next) = (PAGE as u64, header.first);
        Ok(Self {
            place,
            file,
            header,
            length,
            at: 0,
            offset,
            next,
            commit: Vec::new(),
            next_commit: Vec::new(),
            current: None,
        })
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
        JournalError::Corrupt { file: self.place.clone(), offset, why }
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
        self.next_commit.clear();
        self.next_commit.resize(length, 0);
        self.next_commit[..front.len()].copy_from_slice(front);
        if front.len() == PAGE && length > PAGE {
            let mut rest = std::mem::take(&mut self.next_commit);
            let read = self.read(&mut rest[PAGE..], self.offset + PAGE as u64);
            self.next_commit = rest;
            read?;
        }
        let whole = header.whole(&self.next_commit);
        if whole {
            std::mem::swap(&mut self.commit, &mut self.next_commit);
        }
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
        let Some(header) = self.current.filter(|header| !header.lost) else { return Ok(()) };
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

    /// The next whole commit of this segment behind the end that [`SegmentReader::step`] came to, with its offset. Where
    /// there is one, that end is none: commits are written one after another, so only the last can be torn.
    pub(super) fn following(&self) -> Result<Option<(u64, CommitHeader)>, JournalError> {
        const CHUNK: usize = 64 * PAGE;
        let mut chunk = vec![0; CHUNK];
        let mut from = self.offset + PAGE as u64;
        while from < self.length {
            let read = self.read(&mut chunk, from)?;
            for (index, page) in chunk[..read].chunks(PAGE).enumerate() {
                let Some(header) = CommitHeader::parse(page, &self.header) else { continue };
                let Some(length) = header.pages() else { continue };
                let offset = from + (index * PAGE) as u64;
                let mut commit = vec![0; length];
                self.read(&mut commit, offset)?;
                if header.whole(&commit) {
                    return Ok(Some((offset, header)));
                }
            }
            from += CHUNK as u64;
        }
        Ok(None)
    }

    /// The commit read last is read again by the next step.
    pub(super) fn step_back(&mut self) {
        if let Some(header) = self.current.take() {
            (self.offset, self.next) = (self.at, header.first);
        }
    }

    /// Goes on at a place that [`SegmentReader::following`] found.
    pub(super) fn skip_to(&mut self, offset: u64, header: &CommitHeader) {
        (self.offset, self.next) = (offset, header.first);
    }

    fn read(&self, bytes: &mut [u8], offset: u64) -> Result<usize, JournalError> {
        let failed = |source| JournalError::Io { doing: "reading", file: self.place.clone(), source };
        self.file.read(bytes, offset).map_err(failed)
    }
}
