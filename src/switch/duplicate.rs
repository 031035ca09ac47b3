//! Duplicates in flight: a resend joins the request that is already on its way. And the names a payment goes by.
//!
//! The key is that of the acquirer: DE32, terminal, merchant, STAN, local time and date, MTI class, DE3 class; DE37
//! where the acquirer says it is unique, DE7 only where there is no local time and the profile allows it (resends often
//! carry a new DE7). A keyed hash finds the candidate; the fields themselves are then compared.

use super::{
    AcquirerId,
    instruction::{Instruction, Original},
    recent::Past,
};
use crate::{clock::Wall, record::References, rules::Acquirer};
use banklink_protocol::element::{OriginalData, Pan, Stan, Transmission};
use hashbrown::HashTable;
use siphasher::sip::SipHasher13;
use std::hash::Hasher;
use zeroize::Zeroizing;

/// What a field of the key looks like for comparison: hosts pad and trim.
fn part(instruction: &Instruction, field: u8) -> &[u8] {
    let value = instruction.kept.get(field).unwrap_or_default();
    // Most are neither.
    let ends = value.first().zip(value.last());
    let bare = ends.is_some_and(|(first, last)| first.is_ascii_graphic() && last.is_ascii_graphic());
    if bare { value } else { value.trim_ascii() }
}

/// The fields of the duplicate key of one request.
fn key_fields(instruction: &Instruction, profile: &Acquirer) -> impl Iterator<Item = u8> {
    let timed = instruction.kept.get(12).is_some() || instruction.kept.get(13).is_some();
    let rrn = profile.duplicate_rrn.then_some(37);
    let transmission = (!timed && profile.duplicate_transmission).then_some(7);
    [11, 12, 13, 32, 41, 42].into_iter().chain(rrn).chain(transmission)
}

/// The first two digits of DE3, with the MTI class: part of the key.
fn class(instruction: &Instruction) -> (u8, u8) {
    (instruction.mti.class(), instruction.processing.map_or(u8::MAX, |code| code.transaction_type()))
}

/// Are these two requests of one acquirer the same payment by its key?
pub(super) fn same_key(one: &Instruction, other: &Instruction, profile: &Acquirer) -> bool {
    class(one) == class(other) && key_fields(one, profile).all(|field| part(one, field) == part(other, field))
}

/// Do they agree in what must not differ between resends: amount, currency, card?
pub(super) fn same_payment(one: &Instruction, other: &Instruction) -> bool {
    one.amount == other.amount && one.currency == other.currency && one.pan == other.pan
}

/// Does a resend agree with what was received under the same key?
pub(super) fn same_as_past(past: &Past, instruction: &Instruction, references: References) -> bool {
    past.asked == instruction.amount && past.references.card == references.card
}

/// The moment in the duplicate key of a request, by the clock of its terminal (or of the host that sent it), as if that were
/// GMT; the year is the one that brings it closest to now. 0 where the key has none, or what is none.
fn clock(instruction: &Instruction, profile: &Acquirer, now: Wall) -> u32 {
    let get = |field| instruction.kept.get(field);
    let digits: Option<[u8; 10]> = match (get(12), get(13)) {
        // 1987: hhmmss, and MMDD beside it.
        (Some(time), Some(date)) if time.len() == 6 => joined(date, time),
        // Later editions: the date stands in front.
        (Some(moment), _) => moment.last_chunk().filter(|_| moment.len() >= 12).copied(),
        (None, None) if profile.duplicate_transmission => get(7).and_then(|moment| moment.try_into().ok()),
        (None, _) => None,
    };
    let moment = digits.and_then(|digits| Transmission(digits).nearest(now.0));
    moment.and_then(|moment| u32::try_from(moment / 1_000_000).ok()).unwrap_or(0)
}

fn joined(date: &[u8], time: &[u8]) -> Option<[u8; 10]> {
    let mut digits = [0; 10];
    digits[..4].copy_from_slice(date.first_chunk::<4>().filter(|_| date.len() == 4)?);
    digits[4..].copy_from_slice(time.first_chunk::<6>()?);
    Some(digits)
}

/// Makes the digests; keyed, so that no peer can choose them, and nobody can tell a card from its digest.
pub(super) struct Names {
    key: [u8; 16],
    hasher: SipHasher13,
    /// What an acquirer is in a name: of what the configuration calls it, so that its order does not matter.
    acquirers: Vec<u64>,
}

impl Names {
    pub(super) fn new(key: [u8; 16], acquirers: &[Acquirer]) -> Self {
        let hasher = SipHasher13::new_with_key(&key);
        let of = |acquirer: &Acquirer| {
            let mut hasher = hasher;
            hasher.write_u8(b'A');
            hasher.write(acquirer.name.as_bytes());
            hasher.finish()
        };
        Self { acquirers: acquirers.iter().map(of).collect(), key, hasher }
    }

    pub(super) const fn key(&self) -> [u8; 16] {
        self.key
    }

    /// All names of a request.
    pub(super) fn of(
        &self,
        acquirer: AcquirerId,
        instruction: &Instruction,
        profile: &Acquirer,
        now: Wall,
    ) -> References {
        let terminal = self.terminal(acquirer, instruction);
        References {
            duplicate: self.duplicate(terminal, instruction, profile),
            trace: self.trace(terminal, instruction),
            rrn: self.rrn(terminal, instruction),
            card: instruction.pan.as_ref().map_or(0, |pan| self.card(pan)),
            terminal: terminal as u16,
            clock: clock(instruction, profile, now),
        }
    }

    /// Of those, the names under which it is remembered. A reversal often has the trace or the RRN of its original, and is
    /// never the original of anything itself.
    pub(super) fn lasting(instruction: &Instruction, references: References) -> References {
        match instruction.mti.class() {
            4 => References { trace: 0, rrn: 0, ..references },
            _ => references,
        }
    }

    /// An acquirer's terminal: part of every other name. One terminal counts its own STANs, and has one clock.
    fn terminal(&self, acquirer: AcquirerId, instruction: &Instruction) -> u64 {
        let mut buffer = Buffer::begin(b'M', self.acquirers[usize::from(acquirer.0)]);
        buffer.push(part(instruction, 41));
        self.digest(&buffer)
    }

    fn duplicate(&self, terminal: u64, instruction: &Instruction, profile: &Acquirer) -> u64 {
        let (mti_class, kind) = class(instruction);
        let mut buffer = Buffer::begin(b'D', terminal);
        buffer.push(&[mti_class, kind]);
        // The terminal is in it already.
        for field in key_fields(instruction, profile).filter(|&field| field != 41) {
            buffer.push(part(instruction, field));
        }
        self.digest(&buffer)
    }

    /// STAN and DE7 (1993: DE12), as the original data of a later message repeat them.
    fn trace(&self, terminal: u64, instruction: &Instruction) -> u64 {
        let field = if instruction.mti.version() == 0 { 7 } else { 12 };
        let moment = instruction.kept.get(field);
        moment.map_or(0, |moment| self.trace_of(terminal, instruction.stan, moment))
    }

    /// With the terminal, which the original data do not repeat and the message beside them does: terminals that count
    /// alike begin payments under one STAN in the same second.
    fn trace_of(&self, terminal: u64, stan: Stan, moment: &[u8]) -> u64 {
        let mut buffer = Buffer::begin(b'T', terminal);
        buffer.push(&stan.digits());
        buffer.push(moment);
        self.digest(&buffer)
    }

    /// The name by which a message speaks of an earlier one in its original data; 0 where it does not.
    pub(super) fn original(&self, acquirer: AcquirerId, instruction: &Instruction) -> u64 {
        let terminal = || self.terminal(acquirer, instruction);
        match instruction.original {
            Some(Original::De90(OriginalData { stan, transmission, .. })) => {
                self.trace_of(terminal(), stan, &transmission.0)
            }
            Some(Original::De56 { stan, local }) => self.trace_of(terminal(), stan, local.digits()),
            None => 0,
        }
    }

    fn rrn(&self, terminal: u64, instruction: &Instruction) -> u64 {
        let rrn = part(instruction, 37);
        // Zeros are the filling of who has no RRN.
        if rrn.iter().all(|&digit| digit == b'0') {
            return 0;
        }
        let mut buffer = Buffer::begin(b'R', terminal);
        buffer.push(rrn);
        self.digest(&buffer)
    }

    /// Of every acquirer's payments: a card is the same wherever it is used.
    fn card(&self, pan: &Pan) -> u64 {
        #[expect(clippy::disallowed_methods, reason = "only its keyed digest is kept")]
        let digits = pan.expose();
        let mut bytes = Zeroizing::new([b'C'; 1 + Pan::MAX]);
        bytes[1..=digits.len()].copy_from_slice(digits);
        self.hasher.hash(&bytes[..=digits.len()]).max(1)
    }

    /// Never 0, which stands for "no name".
    fn digest(&self, buffer: &Buffer) -> u64 {
        self.hasher.hash(&buffer.bytes[..buffer.length]).max(1)
    }
}

/// Parts with their lengths, hashed in one go.
struct Buffer {
    bytes: [u8; 144],
    length: usize,
}

impl Buffer {
    /// What begins a name of this kind.
    fn begin(kind: u8, of: u64) -> Self {
        let mut bytes = [0; 144];
        bytes[0] = kind;
        bytes[1..9].copy_from_slice(&of.to_le_bytes());
        Self { bytes, length: 9 }
    }

    /// Appends a part; what does not fit any more does not tell names apart (the fields are compared anyway).
    #[inline]
    fn push(&mut self, part: &[u8]) {
        let room = self.bytes.len() - self.length;
        let taken = part.len().min(room.saturating_sub(1));
        if room > 0 {
            self.bytes[self.length] = taken as u8;
            self.bytes[self.length + 1..self.length + 1 + taken].copy_from_slice(&part[..taken]);
            self.length += 1 + taken;
        }
    }
}

/// Requests in flight by their duplicate key.
pub(super) struct InFlight {
    table: HashTable<(u64, u32)>,
}

impl InFlight {
    pub(super) fn new(capacity: usize) -> Self {
        Self { table: HashTable::with_capacity(capacity) }
    }

    /// The entry with this digest for which `same` holds.
    pub(super) fn find(&self, digest: u64, same: impl Fn(u32) -> bool) -> Option<u32> {
        self.table.find(digest, |&(other, entry)| other == digest && same(entry)).map(|&(_, entry)| entry)
    }

    pub(super) fn insert(&mut self, digest: u64, entry: u32) {
        self.table.insert_unique(digest, (digest, entry), |&(digest, _)| digest);
    }

    pub(super) fn remove(&mut self, digest: u64, entry: u32) {
        let found = self.table.find_entry(digest, |&(_, other)| other == entry);
        found.expect("every request in flight has its key here").remove();
    }

    pub(super) fn len(&self) -> usize {
        self.table.len()
    }
}
