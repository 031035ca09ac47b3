//! What a journal's files look like. [The module's page](super) has the tables; this file is their only reader and writer.

use super::{codec::Kind, day::Day};
use crate::clock::Wall;

/// Commits begin at, and are filled up to, a multiple of this; so long is a segment's header.
pub(super) const PAGE: usize = 4096;
/// The format's version.
pub(super) const VERSION: u16 = 1;
/// Bytes of a commit's header.
pub(super) const COMMIT_HEAD: usize = 48;
/// Bytes in front of a record.
pub(super) const FRAME_HEAD: usize = 12;
/// Longest record with its frame. The longest message is 64 KiB on the wire, and twice that in the clear.
pub(super) const MAX_RECORD: usize = 512 * 1024;
/// A commit takes no further record from this length on.
pub(super) const FULL_COMMIT: usize = 256 * 1024;
/// Longest commit.
pub(super) const MAX_COMMIT: usize = 1024 * 1024;
/// Shortest segment: its header and the longest commit.
pub(super) const MIN_SEGMENT: u64 = 2 * 1024 * 1024;

const SEGMENT_MAGIC: [u8; 8] = *b"BLJSEG\r\n";
const COMMIT_MAGIC: [u8; 4] = *b"BLC\x1A";
const FLAG_RECYCLED: u16 = 1;
const FLAG_LOST: u32 = 1;
/// Bytes of a segment's header that its CRC covers.
const SEGMENT_HEAD: usize = 48;

/// `N` bytes at a place that is known to be there.
fn number<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    bytes[at..at + N].try_into().expect("N bytes")
}

/// The first page of a segment.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct SegmentHeader {
    /// Which segment of the journal, from 1.
    pub(super) number: u64,
    /// Position of its first record.
    pub(super) first: u64,
    /// Boot epoch of its writer.
    pub(super) epoch: u32,
    /// When it was begun.
    pub(super) made: Wall,
    /// The day of its data key; the key's epoch is its own.
    pub(super) day: Day,
    /// Was the file in use before? Then older commits may lie behind the last of this segment.
    pub(super) recycled: bool,
}

impl SegmentHeader {
    /// The page.
    pub(super) fn page(&self) -> [u8; PAGE] {
        let mut page = [0; PAGE];
        page[..8].copy_from_slice(&SEGMENT_MAGIC);
        page[8..10].copy_from_slice(&VERSION.to_le_bytes());
        page[10..12].copy_from_slice(&u16::from(self.recycled).to_le_bytes());
        page[12..16].copy_from_slice(&self.epoch.to_le_bytes());
        page[16..24].copy_from_slice(&self.number.to_le_bytes());
        page[24..32].copy_from_slice(&self.first.to_le_bytes());
        page[32..40].copy_from_slice(&self.made.0.to_le_bytes());
        page[40..44].copy_from_slice(&self.day.0.to_le_bytes());
        let crc = crc32c::crc32c(&page[..44]);
        page[44..SEGMENT_HEAD].copy_from_slice(&crc.to_le_bytes());
        page
    }

    /// From a file's first bytes.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, &'static str> {
        let head = bytes.get(..SEGMENT_HEAD).ok_or("the header is cut short")?;
        if number(head, 0) != SEGMENT_MAGIC {
            return Err("this is no segment of a journal");
        }
        if u32::from_le_bytes(number(head, 44)) != crc32c::crc32c(&head[..44]) {
            return Err("the header's checksum is wrong");
        }
        if u16::from_le_bytes(number(head, 8)) != VERSION {
            return Err("the format is of another version");
        }
        Ok(Self {
            number: u64::from_le_bytes(number(head, 16)),
            first: u64::from_le_bytes(number(head, 24)),
            epoch: u32::from_le_bytes(number(head, 12)),
            made: Wall(i64::from_le_bytes(number(head, 32))),
            day: Day(i32::from_le_bytes(number(head, 40))),
            recycled: u16::from_le_bytes(number(head, 10)) & FLAG_RECYCLED != 0,
        })
    }
}

/// The front of a commit.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct CommitHeader {
    /// Bytes of its records.
    pub(super) length: u32,
    /// Position of its first record.
    pub(super) first: u64,
    /// How many records.
    pub(super) count: u32,
    /// When its last record happened.
    pub(super) at: Wall,
    /// A repair put this in the place of records that could not be read: it has none, and `count` were lost.
    pub(super) lost: bool,
}

impl CommitHeader {
    /// The header of a commit of `segment` with these records.
    pub(super) fn bytes(&self, segment: &SegmentHeader, records: &[u8]) -> [u8; COMMIT_HEAD] {
        let mut head = [0; COMMIT_HEAD];
        head[..4].copy_from_slice(&COMMIT_MAGIC);
        head[4..8].copy_from_slice(&self.length.to_le_bytes());
        head[8..16].copy_from_slice(&self.first.to_le_bytes());
        head[16..20].copy_from_slice(&self.count.to_le_bytes());
        head[20..24].copy_from_slice(&segment.epoch.to_le_bytes());
        head[24..32].copy_from_slice(&segment.number.to_le_bytes());
        head[32..40].copy_from_slice(&self.at.0.to_le_bytes());
        head[40..44].copy_from_slice(&if self.lost { FLAG_LOST } else { 0 }.to_le_bytes());
        let crc = Self::crc(&head, records);
        head[44..].copy_from_slice(&crc.to_le_bytes());
        head
    }

    /// From the first bytes of a page; `None` where no commit of this segment begins.
    pub(super) fn parse(bytes: &[u8], segment: &SegmentHeader) -> Option<Self> {
        let head = bytes.get(..COMMIT_HEAD)?;
        let ours = number(head, 0) == COMMIT_MAGIC
            && u32::from_le_bytes(number(head, 20)) == segment.epoch
            && u64::from_le_bytes(number(head, 24)) == segment.number;
        ours.then(|| Self {
            length: u32::from_le_bytes(number(head, 4)),
            first: u64::from_le_bytes(number(head, 8)),
            count: u32::from_le_bytes(number(head, 16)),
            at: Wall(i64::from_le_bytes(number(head, 32))),
            lost: u32::from_le_bytes(number(head, 40)) & FLAG_LOST != 0,
        })
    }

    /// Bytes of the whole commit with its filling; `None` where no commit is of this length.
    pub(super) fn pages(&self) -> Option<usize> {
        let length = (COMMIT_HEAD + self.length as usize).next_multiple_of(PAGE);
        ((self.count > 0 || self.lost) && length <= MAX_COMMIT).then_some(length)
    }

    /// Do header and records of `bytes`, a whole commit, belong together?
    pub(super) fn whole(&self, bytes: &[u8]) -> bool {
        let (head, rest) = bytes.split_at(COMMIT_HEAD);
        let records = rest.get(..self.length as usize);
        records.is_some_and(|records| u32::from_le_bytes(number(head, 44)) == Self::crc(head, records))
    }

    /// The records of a whole commit.
    pub(super) fn records<'a>(&self, commit: &'a [u8]) -> &'a [u8] {
        &commit[COMMIT_HEAD..COMMIT_HEAD + self.length as usize]
    }

    /// How far into a commit the byte lies that is so far into its records.
    pub(super) fn offset_of(&self, within: usize) -> u64 {
        (COMMIT_HEAD + within) as u64
    }

    fn crc(head: &[u8], records: &[u8]) -> u32 {
        crc32c::crc32c_append(crc32c::crc32c(&head[..44]), records)
    }
}

/// A record as it lies in a commit or a snapshot: kind, version, clear part, sealed body.
#[derive(Clone, Copy, Debug)]
pub(super) struct Frame<'a> {
    bytes: &'a [u8],
    clear: usize,
}

impl<'a> Frame<'a> {
    /// Cuts the first frame off `bytes`.
    pub(super) fn cut(bytes: &mut &'a [u8]) -> Result<Self, &'static str> {
        let head = bytes.get(..FRAME_HEAD).ok_or("a record is cut short")?;
        let length = u32::from_le_bytes(number(head, 4)) as usize;
        if length > MAX_RECORD - FRAME_HEAD {
            return Err("a record is longer than any of ours");
        }
        let frame = bytes.get(..FRAME_HEAD + length).ok_or("a record is cut short")?;
        if u32::from_le_bytes(number(head, 0)) != crc32c::crc32c(&frame[4..]) {
            return Err("a record's checksum is wrong");
        }
        let clear = usize::from(u16::from_le_bytes(number(head, 10)));
        if clear > length {
            return Err("a record's clear part is longer than the record");
        }
        *bytes = &bytes[FRAME_HEAD + length..];
        Ok(Self { bytes: frame, clear })
    }

    pub(super) fn kind(&self) -> Kind {
        Kind(self.bytes[8])
    }

    pub(super) fn version(&self) -> u8 {
        self.bytes[9]
    }

    pub(super) fn clear(&self) -> &'a [u8] {
        &self.bytes[FRAME_HEAD..FRAME_HEAD + self.clear]
    }

    /// The sealed body with its tag; empty where there is none.
    pub(super) fn sealed(&self) -> &'a [u8] {
        &self.bytes[FRAME_HEAD + self.clear..]
    }

    /// What the seal of the body holds fast besides it: all that is in the clear.
    pub(super) fn associated(&self) -> &'a [u8] {
        &self.bytes[8..FRAME_HEAD + self.clear]
    }

    /// All of it.
    pub(super) fn bytes(&self) -> &'a [u8] {
        self.bytes
    }
}

/// A frame while it is being written at the end of a buffer.
pub(super) struct OpenFrame {
    start: usize,
    clear: usize,
}

impl OpenFrame {
    /// Leaves room for the frame's head.
    pub(super) fn begin(out: &mut Vec<u8>) -> Self {
        let start = out.len();
        out.extend_from_slice(&[0; FRAME_HEAD]);
        Self { start, clear: 0 }
    }

    /// The clear part is written.
    ///
    /// # Panics
    /// Where it is longer than 64 KiB, which no record's is: its one text is bounded.
    pub(super) fn clear_is_done(&mut self, kind: Kind, version: u8, out: &mut [u8]) {
        self.clear = out.len() - self.start - FRAME_HEAD;
        out[self.start + 8] = kind.0;
        out[self.start + 9] = version;
        let clear = u16::try_from(self.clear).expect("a clear part is below 64 KiB");
        out[self.start + 10..self.start + FRAME_HEAD].copy_from_slice(&clear.to_le_bytes());
    }

    /// What is in the clear, and what is to be sealed, which was written behind it.
    pub(super) fn parts<'a>(&self, out: &'a mut [u8]) -> (&'a [u8], &'a mut [u8]) {
        let (front, body) = out.split_at_mut(self.start + FRAME_HEAD + self.clear);
        (&front[self.start + 8..], body)
    }

    /// All is written: length and checksum.
    pub(super) fn finish(self, out: &mut [u8]) {
        let length = (out.len() - self.start - FRAME_HEAD) as u32;
        out[self.start + 4..self.start + 8].copy_from_slice(&length.to_le_bytes());
        let crc = crc32c::crc32c(&out[self.start + 4..]);
        out[self.start..self.start + 4].copy_from_slice(&crc.to_le_bytes());
    }
}
