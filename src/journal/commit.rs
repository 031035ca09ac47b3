//! A commit while it is put together: records one behind the other, bodies sealed, then the header in front. The buffer
//! begins at an address that is a multiple of a page, which is what a direct write wants, and is never moved.

use super::{
    codec,
    facts::Fact,
    format::{COMMIT_HEAD, CommitHeader, FULL_COMMIT, MAX_RECORD, OpenFrame, PAGE, SegmentHeader},
    seal::{DataKey, TAG},
};
use crate::{clock::Wall, record::Record};
use std::sync::Arc;

/// A clear part takes less than this.
const MAX_CLEAR: usize = 66 * 1024;

/// What becomes durable together.
pub(super) struct Commit {
    bytes: Vec<u8>,
    /// Where the first page begins in `bytes`.
    start: usize,
    first: u64,
    count: u32,
    at: Wall,
    /// What is noted of its records; offsets are those in the commit.
    facts: Vec<Fact>,
}

impl Commit {
    pub(super) fn new() -> Self {
        let bytes: Vec<u8> = Vec::with_capacity(PAGE + COMMIT_HEAD + FULL_COMMIT + MAX_RECORD + PAGE);
        let start = bytes.as_ptr().align_offset(PAGE);
        let mut commit = Self { bytes, start, first: 0, count: 0, at: Wall::default(), facts: Vec::new() };
        commit.begin(0);
        commit
    }

    /// Empties it; its first record will be at `first`.
    pub(super) fn begin(&mut self, first: u64) {
        self.bytes.clear();
        self.bytes.resize(self.start + COMMIT_HEAD, 0);
        (self.first, self.count) = (first, 0);
        self.facts.clear();
    }

    /// Takes one more record; an error, and nothing taken, where it is longer than any record may be.
    pub(super) fn push(&mut self, record: &Record, key: &DataKey) -> Result<(), &'static str> {
        let position = self.first + u64::from(self.count);
        let out = &mut self.bytes;
        let offset = (out.len() - self.start) as u32;
        let mut frame = OpenFrame::begin(out);
        let (kind, body) = codec::encode(record, out);
        frame.clear_is_done(kind, codec::VERSION, out);
        if let Some(body) = body.filter(|body| !body.is_empty()) {
            #[expect(clippy::disallowed_methods, reason = "it is sealed here")]
            let clear = body.expose();
            if clear.len() > MAX_RECORD - MAX_CLEAR - TAG {
                return Err("a record's body is longer than any message");
            }
            out.extend_from_slice(clear);
            let (associated, body) = frame.parts(out);
            let tag = key.seal(position, false, associated, body);
            out.extend_from_slice(&tag);
        }
        frame.finish(out);
        self.count += 1;
        self.at = record.at();
        self.facts.extend(Fact::of(record, position, offset));
        Ok(())
    }

    /// Is there nothing in it?
    pub(super) fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Is it to take no more?
    pub(super) fn is_full(&self) -> bool {
        self.bytes.len() - self.start >= FULL_COMMIT
    }

    /// Position of its last record.
    pub(super) fn last(&self) -> u64 {
        self.first + u64::from(self.count) - 1
    }

    /// Position of its first record.
    pub(super) fn first(&self) -> u64 {
        self.first
    }

    /// When its last record happened.
    pub(super) fn at(&self) -> Wall {
        self.at
    }

    /// What is to be noted of its records, which is written at this offset of the segment.
    pub(super) fn facts(&self, offset: u64) -> Arc<[Fact]> {
        self.facts.iter().map(|fact| Fact { offset: fact.offset + offset as u32, ..*fact }).collect()
    }

    /// Bytes it takes in a segment.
    pub(super) fn length(&self) -> usize {
        (self.bytes.len() - self.start).next_multiple_of(PAGE)
    }

    /// All of it as it is written into `segment`.
    pub(super) fn pages(&mut self, segment: &SegmentHeader) -> &[u8] {
        let records = self.start + COMMIT_HEAD;
        let end = self.bytes.len();
        let header = CommitHeader {
            length: (end - records) as u32,
            first: self.first,
            count: self.count,
            at: self.at,
            lost: false,
        };
        let head = header.bytes(segment, &self.bytes[records..]);
        self.bytes[self.start..records].copy_from_slice(&head);
        self.bytes.resize(self.start + (end - self.start).next_multiple_of(PAGE), 0);
        let pages = &self.bytes[self.start..];
        assert!(
            pages.as_ptr().align_offset(PAGE) == 0,
            "the buffer has room for the longest commit and is never moved"
        );
        pages
    }
}
