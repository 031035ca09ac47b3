//! One direction of a connection: segments in, bytes in order out.
//!
//! The first copy of a byte is the one that counts: what is sent again is passed over, whatever it says. A gap is waited
//! for, as TCP itself waits for it; where the capture goes on without it for [`PATIENCE`], or too much waits behind it, it
//! was never captured, and is told as lost.

use super::Nanos;
use std::collections::BTreeMap;

/// How long a gap is waited for, in nanoseconds of the capture: several times TCP sends again within it.
pub const PATIENCE: Nanos = 10_000_000_000;

/// How long the beginning of a connection is waited for, in nanoseconds: packets overtake one another by less. Where it
/// does not come, the capture was begun later than the connection.
pub const PATIENCE_FOR_SYN: Nanos = 50_000_000;

/// Most bytes that wait behind a gap of one direction.
pub const MOST_WAITING: usize = 1 << 20;

/// Most segments that do.
const MOST_SEGMENTS: usize = 1024;

/// What comes out, in order.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Piece {
    /// Bytes, with the moment their segment was captured.
    Bytes {
        /// That moment.
        time: Nanos,
        /// The bytes.
        bytes: Vec<u8>,
    },
    /// Bytes that were not captured.
    Lost {
        /// The moment of what was captured behind them.
        time: Nanos,
        /// How many.
        count: u64,
    },
}

/// One direction. Places are counted in 64 bits from the first sequence number, so that it may come round.
#[derive(Debug, Default)]
pub struct Half {
    /// Sequence number of place 0.
    base: u32,
    /// The place of the next byte; `None` before the beginning is known.
    next: Option<i64>,
    /// The place of the first byte, where SYN was seen.
    first: Option<i64>,
    /// Is the base known?
    begun: bool,
    /// The place behind the last byte.
    end: Option<i64>,
    waiting: BTreeMap<i64, (Nanos, Vec<u8>)>,
    waiting_bytes: usize,
    /// When the oldest segment behind the gap came.
    since: Nanos,
}

impl Half {
    /// The beginning: the sequence number of SYN.
    pub fn begin(&mut self, syn: u32, out: &mut Vec<Piece>) {
        if self.next.is_some() {
            return;
        }
        let first = syn.wrapping_add(1);
        if !self.begun {
            (self.base, self.begun) = (first, true);
        }
        // Segments that came before it keep their places.
        let place = self.place(first);
        (self.first, self.next) = (Some(place), Some(place));
        self.drain(out);
    }

    /// Can this be the sequence number of SYN of this very connection, late or sent again?
    #[must_use]
    pub fn may_begin_with(&self, syn: u32) -> bool {
        let place = self.place(syn.wrapping_add(1));
        match (self.begun, self.next) {
            (false, _) => true,
            (true, None) => (-(MOST_WAITING as i64)..=0).contains(&place),
            (true, Some(_)) => self.first == Some(place),
        }
    }

    /// A segment's bytes.
    pub fn push(&mut self, time: Nanos, sequence: u32, bytes: &[u8], out: &mut Vec<Piece>) {
        if !self.begun {
            (self.base, self.begun) = (sequence, true);
        }
        let mut place = self.place(sequence);
        let mut bytes = bytes;
        if let Some(next) = self.next
            && place < next
        {
            let old = usize::try_from(next - place).unwrap_or(usize::MAX);
            bytes = bytes.get(old..).unwrap_or_default();
            place = next;
        }
        if bytes.is_empty() {
            return;
        }
        if self.next == Some(place) {
            self.next = Some(place + bytes.len() as i64);
            out.push(Piece::Bytes { time, bytes: bytes.to_vec() });
            return self.drain(out);
        }
        self.wait(time, place, bytes);
        if self.waiting_bytes > MOST_WAITING || self.waiting.len() > MOST_SEGMENTS {
            self.give_up(out);
        }
    }

    /// It is now so late: has a gap been waited for too long?
    pub fn wait_no_longer_than(&mut self, now: Nanos, out: &mut Vec<Piece>) {
        let patience = if self.next.is_some() { PATIENCE } else { PATIENCE_FOR_SYN };
        if !self.waiting.is_empty() && now.saturating_sub(self.since) > patience {
            self.give_up(out);
        }
    }

    /// Nothing is sent behind this sequence number.
    pub fn end(&mut self, sequence: u32) {
        if self.begun {
            self.end = Some(self.place(sequence));
        }
    }

    /// Has everything come, up to the end?
    #[must_use]
    pub fn ended(&self) -> bool {
        self.end.is_some() && self.next >= self.end
    }

    /// Nothing more will come: what waits comes out, with what is lost before it.
    pub fn finish(&mut self, out: &mut Vec<Piece>) {
        while !self.waiting.is_empty() {
            self.give_up(out);
        }
    }

    /// Bytes that wait.
    #[must_use]
    pub const fn waiting(&self) -> usize {
        self.waiting_bytes
    }

    /// The place of a sequence number: the one nearest to the next byte.
    fn place(&self, sequence: u32) -> i64 {
        let near = self.next.unwrap_or(0);
        let near_sequence = self.base.wrapping_add(near as u32);
        near + i64::from(sequence.wrapping_sub(near_sequence).cast_signed())
    }

    fn wait(&mut self, time: Nanos, place: i64, bytes: &[u8]) {
        if self.waiting.is_empty() {
            self.since = time;
        }
        // Of two that begin at one place the longer says more.
        let longer = self.waiting.get(&place).is_none_or(|(_, earlier)| earlier.len() < bytes.len());
        if longer {
            let before = self.waiting.insert(place, (time, bytes.to_vec()));
            self.waiting_bytes = self.waiting_bytes + bytes.len() - before.map_or(0, |(_, earlier)| earlier.len());
        }
    }

    /// What waits and is due.
    fn drain(&mut self, out: &mut Vec<Piece>) {
        let Some(mut next) = self.next else { return };
        while let Some(entry) = self.waiting.first_entry() {
            if *entry.key() > next {
                break;
            }
            let (place, (time, mut bytes)) = entry.remove_entry();
            self.waiting_bytes -= bytes.len();
            let old = usize::try_from(next - place).unwrap_or(usize::MAX);
            if old < bytes.len() {
                bytes.drain(..old);
                next += bytes.len() as i64;
                out.push(Piece::Bytes { time, bytes });
            }
        }
        self.next = Some(next);
        // What still waits waits for another gap.
        if let Some((_, (time, _))) = self.waiting.first_key_value() {
            self.since = *time;
        }
    }

    /// Goes on behind the gap.
    fn give_up(&mut self, out: &mut Vec<Piece>) {
        let Some((&place, &(time, _))) = self.waiting.first_key_value() else { return };
        if let Some(next) = self.next
            && place > next
        {
            out.push(Piece::Lost { time, count: (place - next).unsigned_abs() });
        }
        self.next = Some(place);
        self.drain(out);
    }
}
