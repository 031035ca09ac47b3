//! All records of a journal, for people: also while a switch writes it.

use super::{
    Position,
    disk::{Disk, Folder},
    error::JournalError,
    read::{SegmentReader, Step},
    seal::{DataKey, KeyRing, MasterKey},
    segment::Listing,
    unseal::unseal,
};
use crate::record::Record;
use std::{collections::VecDeque, path::Path, sync::Arc};

/// A record, and where it lies.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Number of its segment.
    pub segment: u64,
    /// Offset in that segment's file, in bytes.
    pub offset: u64,
    /// Its position.
    pub position: Position,
    /// The record; its body is empty where it could not be opened.
    pub record: Record,
    /// Has it a body that could not be opened: no master key was given, or its key is destroyed?
    pub closed: bool,
}

/// The records of a journal, in order. At the end it says `None`; asked again later, it goes on with what was written
/// since.
pub struct Scan {
    disk: Arc<dyn Disk>,
    keys: KeyRing,
    segment: Option<Segment>,
    /// The segment to begin with.
    number: u64,
    from: u64,
    ready: VecDeque<Entry>,
    failed: bool,
}

/// A segment being read: its number, how far, and its key.
struct Segment {
    reader: SegmentReader,
    key: Option<Arc<DataKey>>,
}

/// All records of the journal in `folder`, oldest first; card data only with the master key. It takes no lock and changes
/// nothing.
///
/// # Errors
/// The folder cannot be read, or holds no segment.
pub fn scan(folder: &Path, master: Option<MasterKey>) -> Result<Scan, JournalError> {
    scan_on(Arc::new(Folder::new(folder)), master)
}

/// As [`scan`], on a disk that is not the machine's.
///
/// # Errors
/// As [`scan`].
pub fn scan_on(disk: Arc<dyn Disk>, master: Option<MasterKey>) -> Result<Scan, JournalError> {
    let listing = Listing::of(&*disk)?;
    let Some(&number) = listing.segments.first() else {
        return Err(JournalError::Gap { file: disk.locate(""), why: "there is no segment of a journal" });
    };
    let keys = KeyRing::new(Arc::clone(&disk), master.map(Arc::new));
    Ok(Scan { disk, keys, segment: None, number, from: 0, ready: VecDeque::new(), failed: false })
}

impl Scan {
    /// Begins at a position: segments before it are not read.
    ///
    /// # Errors
    /// A segment whose header is damaged.
    pub fn starting_at(mut self, position: Position) -> Result<Self, JournalError> {
        let listing = Listing::of(&*self.disk)?;
        for &number in listing.segments.iter().rev() {
            self.number = number;
            if SegmentReader::open(&self.disk, number)?.header.first <= position.0 {
                break;
            }
        }
        self.from = position.0;
        Ok(self)
    }

    /// Position of the newest record at this moment.
    ///
    /// # Errors
    /// The newest segment is damaged.
    pub fn newest(&self) -> Result<Position, JournalError> {
        let number = Listing::of(&*self.disk)?.segments.last().copied().unwrap_or(self.number);
        let mut reader = SegmentReader::open(&self.disk, number)?;
        while let Step::Commit(_) = reader.step()? {}
        Ok(Position(reader.next_position() - 1))
    }

    /// Reads one more commit; says whether there was one.
    fn fill(&mut self) -> Result<bool, JournalError> {
        loop {
            if self.segment.is_none() {
                let reader = SegmentReader::open(&self.disk, self.number)?;
                let key = self.keys.get(reader.key())?;
                self.segment = Some(Segment { reader, key });
            }
            let Some(Segment { reader, key }) = &mut self.segment else { continue };
            if let Step::Commit(_) = reader.step()? {
                let (segment, from, ready) = (self.number, self.from, &mut self.ready);
                reader.records(|offset, position, frame| {
                    if position >= from {
                        let unsealed = unseal(&frame, position, key.as_deref(), false);
                        let unsealed = unsealed.map_err(|why| reader.corrupt(offset, why))?;
                        let (record, closed) = (unsealed.record, unsealed.erased);
                        ready.push_back(Entry { segment, offset, position: Position(position), record, closed });
                    }
                    Ok(())
                })?;
                return Ok(true);
            }
            let next = match SegmentReader::open(&self.disk, self.number + 1) {
                Ok(next) => next,
                Err(JournalError::Io { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => {
                    return Ok(false);
                }
                Err(error) => return Err(error),
            };
            if next.header.first != reader.next_position() {
                // The last commits may have come between the two looks.
                if let Step::Commit(_) = reader.step()? {
                    reader.step_back();
                    continue;
                }
                return Err(reader.corrupt(reader.offset(), "commits are missing before the next segment"));
            }
            self.number += 1;
            self.segment = Some(Segment { key: self.keys.get(next.key())?, reader: next });
        }
    }
}

impl Iterator for Scan {
    type Item = Result<Entry, JournalError>;

    fn next(&mut self) -> Option<Self::Item> {
        while self.ready.is_empty() && !self.failed {
            match self.fill() {
                Ok(true) => {}
                Ok(false) => return None,
                Err(error) => {
                    self.failed = true;
                    return Some(Err(error));
                }
            }
        }
        self.ready.pop_front().map(Ok)
    }
}
