//! What is still open is carried over: a fold over the records that knows nothing of the switch, only which record opens
//! something and which closes it. A payment is open from its first record to its outcome, a stored message until it is
//! done or settled, the state of a hold while something of it is under way, an undelivered approval until it is delivered or something of it is stored; tombstones stay for a
//! while. What it keeps are the records as they lie on the disk.

use super::{codec::Note, facts, seal::KeyId};
use crate::{
    clock::Wall,
    record::{Decision, PaymentId, Record},
    switch::BankId,
};
use std::{
    collections::{BTreeMap, HashMap},
    time::Duration,
};

/// A record as it lies on the disk.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Kept {
    /// Its position.
    pub(super) position: u64,
    /// What its body is sealed under.
    pub(super) key: KeyId,
    /// Was the body sealed again since?
    pub(super) carried: bool,
    /// Its frame.
    pub(super) frame: Box<[u8]>,
}

/// A stored message that is not done: how it was queued, and the last of whatever happened to it.
#[derive(Default)]
struct Item {
    queued: Option<Kept>,
    tried: Option<Kept>,
    failed: Option<Kept>,
    parked: Option<Kept>,
    decided: Option<Kept>,
    /// What it takes back was approved after all.
    late: Option<Kept>,
    /// The payment it is of.
    of: Option<PaymentId>,
}

/// What is open after the records so far.
#[derive(Default)]
pub(super) struct Fold {
    received: HashMap<PaymentId, Kept>,
    sent: HashMap<PaymentId, Kept>,
    undelivered: HashMap<PaymentId, Kept>,
    /// What is under way of holds; and of each hold of which something is, the last that was said.
    parts: HashMap<PaymentId, Kept>,
    holds: HashMap<PaymentId, Kept>,
    items: HashMap<PaymentId, Item>,
    /// By the payment, the last stored message of it.
    of: HashMap<PaymentId, PaymentId>,
    tombstones: Vec<(Wall, Kept)>,
    numbers: BTreeMap<BankId, Note>,
    next: PaymentId,
    latest: Wall,
}

impl Fold {
    /// One record further; `kept` is the same record as it lies on the disk.
    pub(super) fn apply(&mut self, record: &Record, kept: impl FnOnce() -> Kept) {
        self.latest = self.latest.max(facts::at(record));
        self.count(record);
        match record {
            Record::Received { payment, .. } => {
                self.received.insert(*payment, kept());
            }
            Record::Sent { payment, .. } => {
                self.sent.insert(*payment, kept());
            }
            Record::NotSent { payment, .. } => {
                self.sent.remove(payment);
            }
            Record::Outcome { payment, .. } => {
                self.received.remove(payment);
                self.sent.remove(payment);
            }
            Record::Undelivered { payment, .. } => {
                self.undelivered.insert(*payment, kept());
            }
            Record::Delivered { payment, .. } => {
                self.undelivered.remove(payment);
            }
            Record::Hold { payment, by, part, hold, .. } => {
                let open = (hold.under_way > 0).then(kept);
                let part = open.clone().filter(|_| part.is_some_and(|part| part.under_way));
                put(&mut self.parts, *by, part);
                put(&mut self.holds, *payment, open);
            }
            Record::Tombstone { at, .. } => self.tombstones.push((*at, kept())),
            Record::Answered { .. } => {}
            Record::ApprovedLate { payment, .. } => {
                if let Some(&item) = self.of.get(payment) {
                    self.last(item, |item| &mut item.late, kept);
                }
            }
            Record::Queued { item, of, .. } => {
                if let Some(of) = of {
                    self.undelivered.remove(of);
                    self.of.insert(*of, *item);
                }
                self.items.insert(*item, Item { queued: Some(kept()), of: *of, ..Item::default() });
            }
            Record::Done { item, .. } | Record::Decided { item, decision: Decision::Resolve, .. } => {
                let of = self.items.remove(item).and_then(|item| item.of);
                if let Some(of) = of.filter(|of| self.of.get(of) == Some(item)) {
                    self.of.remove(&of);
                }
            }
            Record::Tried { item, .. } => self.last(*item, |item| &mut item.tried, kept),
            Record::Failed { item, .. } => self.last(*item, |item| &mut item.failed, kept),
            Record::Parked { item, .. } => self.last(*item, |item| &mut item.parked, kept),
            Record::Decided { item, decision: Decision::Retry, .. } => {
                self.last(*item, |item| &mut item.decided, kept);
            }
        }
    }

    fn last(
        &mut self,
        item: PaymentId,
        place: impl FnOnce(&mut Item) -> &mut Option<Kept>,
        kept: impl FnOnce() -> Kept,
    ) {
        if let Some(item) = self.items.get_mut(&item) {
            *place(item) = Some(kept());
        }
    }

    /// Numbers that were given away, whatever became of what they were given to.
    fn count(&mut self, record: &Record) {
        let number = record.payment().unwrap_or_default();
        self.next = self.next.max(PaymentId(number.0.saturating_add(1)));
        let (bank, stan, transmission, at) = match record {
            Record::Sent { connection, original, at, .. } => {
                (connection.bank, original.stan, original.transmission, *at)
            }
            // From the second try on, the numbers are those of the first.
            Record::Tried { connection, stan, transmission, at, tries: 0..=1, .. } => {
                (connection.bank, *stan, *transmission, *at)
            }
            _ => return,
        };
        self.numbers.insert(bank, Note::Numbers { bank, stan, transmission, at });
    }

    /// One note of an earlier snapshot.
    pub(super) fn note(&mut self, note: Note) {
        match note {
            Note::Numbers { bank, .. } => {
                self.numbers.insert(bank, note);
            }
            Note::Next(payment) => self.next = self.next.max(payment),
        }
    }

    /// An earlier snapshot was of this moment.
    pub(super) fn reach(&mut self, at: Wall) {
        self.latest = self.latest.max(at);
    }

    /// When the last record happened.
    pub(super) fn latest(&self) -> Wall {
        self.latest
    }

    /// All that is to be kept: notes, and records in the order they happened. Tombstones older than `window` go.
    pub(super) fn finish(self, window: Duration) -> (Vec<Note>, Vec<Kept>) {
        let window = i64::try_from(window.as_micros()).unwrap_or(i64::MAX);
        let oldest = self.latest.0.saturating_sub(window);
        let tombstones = self.tombstones.into_iter().filter(|(at, _)| at.0 >= oldest).map(|(_, kept)| kept);
        let items = self.items.into_values();
        let items = items
            .flat_map(|item| [item.queued, item.tried, item.failed, item.parked, item.decided, item.late])
            .flatten();
        let payments = self.received.into_values().chain(self.sent.into_values()).chain(self.undelivered.into_values());
        let holds = self.parts.into_values().chain(self.holds.into_values());
        let mut kept: Vec<Kept> = payments.chain(items).chain(holds).chain(tombstones).collect();
        kept.sort_unstable_by_key(|kept| kept.position);
        kept.dedup_by_key(|kept| kept.position);
        let notes = self.numbers.into_values().chain([Note::Next(self.next)]).collect();
        (notes, kept)
    }
}

/// Keeps what is open, and lets go of what is not any more.
fn put(map: &mut HashMap<PaymentId, Kept>, key: PaymentId, kept: Option<Kept>) {
    match kept {
        Some(kept) => drop(map.insert(key, kept)),
        None => drop(map.remove(&key)),
    }
}
