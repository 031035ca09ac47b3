//! The simulated bank's own books: what it saw, what it decided, what it booked, and the report it gives at the end.
//!
//! Everything the bank decides is a [`Note`], and [`Books`] are nothing but the notes taken in, one after the other: with
//! a file ([`mod@file`]) the same notes are read back at start. A message is known by its [`MessageKey`]; when it comes again
//! it is answered as before and has no second effect. A reversal that comes before its original is remembered, and the
//! original is declined when it comes.
//!
//! Memory has a named limit: at most [`Books::limit`] entries of about 180 bytes (index included) are kept. What comes
//! after that is counted in the totals and in `not_listed`; it can no longer be found by a reversal or recognised when it
//! comes again.

pub mod file;
mod totals;

pub use totals::Totals;

use super::rules::{Then, approves};
use crate::simulator::payment::{Payment, code};
use banklink_protocol::element::ResponseCode;
use file::BooksFile;
use hashbrown::HashMap;
use serde::{Deserialize, Serialize};
use std::{io, path::Path};

/// Default of [`Books::limit`]: about 180 MB.
pub const ENTRIES: usize = 1_000_000;

/// What a message is known by: its class, DE11 and a time. A reversal names its original so: class and STAN with DE7 in
/// DE90, or with the local time in DE56 (1993).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
pub struct MessageKey {
    /// Second digit of the MTI.
    pub class: u8,
    /// DE11.
    pub stan: u32,
    /// MMDDhhmmss as a number: DE7, in 1993 DE12 without the year.
    pub time: u32,
}

/// One message and what was decided about it.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Note {
    /// What came in.
    #[serde(flatten)]
    pub payment: Payment,
    /// What it is known by.
    pub key: MessageKey,
    /// DE39 that was decided, sent or not.
    #[serde(with = "code")]
    pub code: ResponseCode,
    /// What became of the answer.
    pub then: Then,
    /// DE38 of the answer; 0: none.
    pub approval: u32,
    /// Did the bank act on it? If not, it is decided afresh when it comes again.
    pub settled: bool,
    /// What a reversal takes back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub original: Option<MessageKey>,
    /// What a partial reversal leaves on the books, minor units.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left: Option<u64>,
}

/// One message in the books.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Entry {
    /// The message, and what was decided last.
    #[serde(flatten)]
    pub note: Note,
    /// Is there money of it on the books (not taken off again by a reversal)?
    pub booked: bool,
    /// What is on the books, minor units.
    pub standing: u64,
    /// Was it reversed, wholly or in part?
    pub reversed: bool,
    /// How often it came.
    pub tries: u32,
}

/// The books of one bank.
#[derive(Default)]
pub struct Books {
    limit: usize,
    entries: Vec<Entry>,
    index: HashMap<MessageKey, u32, foldhash::fast::FixedState>,
    /// Reversals that came before their originals.
    early: HashMap<MessageKey, u32, foldhash::fast::FixedState>,
    by_code: Vec<(ResponseCode, u64)>,
    totals: Totals,
    approvals: u32,
    file: Option<BooksFile>,
}

impl Books {
    /// Empty books that list at most `limit` messages; 0 keeps totals only and costs nothing a payment.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self { limit: limit.min(u32::MAX as usize), ..Self::default() }
    }

    /// Books with a file: what it holds is taken in, and what is noted from now on is added to it.
    ///
    /// # Errors
    /// The file cannot be opened or read, another bank has it open, or a line of it (but for the last) is damaged.
    pub fn open(limit: usize, path: &Path) -> io::Result<Self> {
        let mut books = Self::new(limit);
        books.file = Some(BooksFile::open(path, |note| {
            books.take(note);
        })?);
        Ok(books)
    }

    /// The books as their file has them, which is not changed and may be in use.
    ///
    /// # Errors
    /// The file cannot be read, or a line of it (but for the last) is damaged.
    pub fn read(path: &Path) -> io::Result<Self> {
        let mut books = Self::new(usize::MAX);
        BooksFile::read_only(path, |note| books.take(note))?;
        Ok(books)
    }

    /// Makes durable what was noted since the last call. No answer may leave before.
    ///
    /// # Errors
    /// The file cannot be written: nothing that was noted since may be answered.
    pub fn commit(&mut self) -> io::Result<()> {
        self.file.as_mut().map_or(Ok(()), BooksFile::commit)
    }

    /// Most entries that are listed.
    #[must_use]
    pub fn limit(&self) -> usize {
        self.limit
    }

    /// Does it list messages at all?
    #[must_use]
    pub fn lists(&self) -> bool {
        self.limit > 0
    }

    /// All entries, oldest first.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The sums.
    #[must_use]
    pub fn totals(&self) -> &Totals {
        &self.totals
    }

    /// The sums, to count what is no payment.
    pub fn totals_mut(&mut self) -> &mut Totals {
        &mut self.totals
    }

    /// Messages by the code that was decided for them.
    #[must_use]
    pub fn by_code(&self) -> &[(ResponseCode, u64)] {
        &self.by_code
    }

    /// The message that is known by `key`; `None`: never seen (or not listed).
    #[must_use]
    pub fn find(&self, key: &MessageKey) -> Option<&Entry> {
        self.index.get(key).map(|&at| &self.entries[at as usize])
    }

    /// Was the reversal of this message there before it?
    #[must_use]
    pub fn is_overtaken(&self, key: &MessageKey) -> bool {
        self.early.contains_key(key)
    }

    /// The next approval number (DE38), from 1 to 999,999 and round again.
    pub fn next_approval(&mut self) -> u32 {
        self.approvals = self.approvals % 999_999 + 1;
        self.approvals
    }

    /// Counts a message that came again and changed nothing.
    pub fn again(&mut self, key: &MessageKey) {
        let Some(&at) = self.index.get(key) else { return };
        let entry = &mut self.entries[at as usize];
        entry.tries = entry.tries.saturating_add(1);
    }

    /// Writes down a message and what was decided about it: one not seen before, or one that was not settled.
    pub fn note(&mut self, note: Note) {
        if let Some(file) = &mut self.file {
            file.note(&note);
        }
        self.take(note);
    }

    /// Takes a note in: the only place where the books change.
    fn take(&mut self, note: Note) {
        self.count(&note);
        let booked = note.settled && note.payment.mti.class() != 4 && approves(note.code);
        let standing = if booked { note.payment.amount } else { 0 };
        if booked {
            self.totals.booked += 1;
            self.totals.booked_minor += u128::from(standing);
        }
        let at = self.list(Entry { note, booked, standing, reversed: false, tries: 1 });
        if note.payment.mti.class() == 4 && note.settled {
            self.reverse(&note, at);
        }
    }

    /// Takes the original of a reversal off the books, all of it or down to what is left; or remembers that it is not to
    /// be booked. What is reversed stays as it is.
    fn reverse(&mut self, note: &Note, at: Option<u32>) {
        let original = note.original.and_then(|key| self.index.get(&key).copied());
        let original = original.map(|at| &mut self.entries[at as usize]).filter(|entry| entry.note.settled);
        let Some(entry) = original else {
            self.totals.reversals_unmatched += 1;
            if let (Some(key), Some(at)) = (note.original, at) {
                self.early.insert(key, at);
            }
            return;
        };
        if entry.reversed {
            self.totals.reversed_again += 1;
            return;
        }
        entry.reversed = true;
        self.totals.reversed += 1;
        if entry.booked {
            let left = note.left.unwrap_or_default().min(entry.standing);
            self.totals.booked_minor -= u128::from(entry.standing - left);
            entry.standing = left;
            entry.booked = left > 0;
            self.totals.booked -= u64::from(!entry.booked);
        }
    }

    fn count(&mut self, note: &Note) {
        self.approvals = self.approvals.max(note.approval);
        self.totals.requests += 1;
        if approves(note.code) {
            self.totals.approved += 1;
        } else {
            self.totals.declined += 1;
        }
        if matches!(note.then, Then::Silence | Then::Close) {
            self.totals.unanswered += 1;
        }
        match self.by_code.iter_mut().find(|(known, _)| *known == note.code) {
            Some((_, count)) => *count += 1,
            None => self.by_code.push((note.code, 1)),
        }
    }

    /// Puts an entry in its place: that of the same message, or a new one.
    fn list(&mut self, entry: Entry) -> Option<u32> {
        if !self.lists() {
            return None;
        }
        if let Some(&at) = self.index.get(&entry.note.key) {
            let place = &mut self.entries[at as usize];
            *place = Entry { tries: place.tries.saturating_add(1), reversed: place.reversed, ..entry };
            return Some(at);
        }
        if self.entries.len() >= self.limit {
            self.totals.not_listed += 1;
            return None;
        }
        let at = self.entries.len() as u32;
        self.index.insert(entry.note.key, at);
        self.entries.push(entry);
        Some(at)
    }
}

#[cfg(test)]
mod tests;
