//! What is still open is carried over: a fold over the records that knows nothing of the switch, only which record opens
//! something and which closes it. A payment is open from its first record to its outcome, a stored message until it is
//! done or settled (one that was refused a while longer: should the payment it takes back be approved after all, it is to be
//! reversed anew), the state of a hold while something of it is under way, an undelivered approval until it is delivered or
//! something of it is stored; what is commanded of a connection or a route until the opposite is; tombstones stay for a while. What it keeps is where the records lie.

use super::{
    codec::Note,
    facts::{Fact, Numbers, What},
    seal::KeyId,
};
use crate::{
    clock::Wall,
    record::PaymentId,
    switch::{BankId, ConnectionId},
};
use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
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

/// Where a record is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Place {
    /// In a segment, at this offset.
    Segment {
        /// Which.
        number: u64,
        /// Of its frame.
        offset: u32,
        /// Its position.
        position: u64,
        /// What its body is sealed under.
        key: KeyId,
    },
    /// Carried over before: at hand.
    AtHand(Arc<Kept>),
}

/// A stored message that is not done: how it was queued, and the last of whatever happened to it.
#[derive(Default)]
struct Item {
    queued: Option<Place>,
    tried: Option<Place>,
    failed: Option<Place>,
    parked: Option<Place>,
    decided: Option<Place>,
    done: Option<Place>,
    /// What it takes back was approved after all.
    late: Option<Place>,
    /// The payment it is of.
    of: Option<PaymentId>,
}

impl Item {
    fn places(&mut self) -> impl Iterator<Item = &mut Place> {
        let Self { queued, tried, failed, parked, decided, done, late, .. } = self;
        [queued, tried, failed, parked, decided, done, late].into_iter().flatten()
    }
}

/// Refused reversals that are carried over at most.
const MOST_REFUSED: usize = 65_536;

type ByPayment<T> = HashMap<PaymentId, T, foldhash::fast::FixedState>;

/// What is open after the records so far.
#[derive(Default)]
pub(super) struct Fold {
    received: ByPayment<Place>,
    sent: ByPayment<Place>,
    undelivered: ByPayment<Place>,
    /// What is under way of holds; and of each hold of which something is, the last that was said.
    parts: ByPayment<Place>,
    holds: ByPayment<Place>,
    items: ByPayment<Item>,
    /// By the payment, the last stored message of it.
    of: ByPayment<PaymentId>,
    /// By the payment, a reversal of it that the bank refused, and when.
    refused: ByPayment<(Wall, Item)>,
    /// Connections that are held, and routes that are off.
    held: BTreeMap<ConnectionId, Place>,
    off: BTreeMap<u64, Place>,
    tombstones: Vec<(Wall, Place)>,
    numbers: BTreeMap<BankId, (Numbers, Wall)>,
    /// The latest moment of each terminal's clock.
    clocks: BTreeMap<u16, u32>,
    next: PaymentId,
    latest: Wall,
}

impl Fold {
    /// One record further, which lies there.
    pub(super) fn apply(&mut self, fact: &Fact, place: Place) {
        let payment = fact.payment;
        self.latest = self.latest.max(fact.at);
        self.next = self.next.max(PaymentId(payment.0.saturating_add(1)));
        match fact.what {
            What::Received(references) => {
                self.received.insert(payment, place);
                self.clock(references.terminal, references.clock);
            }
            What::Sent(numbers) => {
                self.sent.insert(payment, place);
                self.numbers.insert(numbers.bank, (numbers, fact.at));
            }
            What::NotSent => drop(self.sent.remove(&payment)),
            What::Outcome => {
                self.received.remove(&payment);
                self.sent.remove(&payment);
            }
            What::Undelivered => drop(self.undelivered.insert(payment, place)),
            What::Delivered => drop(self.undelivered.remove(&payment)),
            What::Hold { by, part_under_way, any_under_way } => {
                let open = any_under_way.then_some(place);
                put(&mut self.parts, by, open.clone().filter(|_| part_under_way));
                put(&mut self.holds, payment, open);
            }
            What::Tombstone => self.tombstones.push((fact.at, place)),
            What::Held { connection, held: true } => drop(self.held.insert(connection, place)),
            What::Held { connection, held: false } => drop(self.held.remove(&connection)),
            What::Route { name, off: true } => drop(self.off.insert(name, place)),
            What::Route { name, off: false } => drop(self.off.remove(&name)),
            What::ApprovedLate => {
                if let Some(&item) = self.of.get(&payment) {
                    self.last(item, |item| &mut item.late, place);
                }
            }
            What::Queued(of) => {
                if let Some(of) = of {
                    self.undelivered.remove(&of);
                    self.of.insert(of, payment);
                    self.refused.remove(&of);
                }
                self.items.insert(payment, Item { queued: Some(place), of, ..Item::default() });
            }
            What::Done { refused } => self.settled(payment, refused.then_some((fact.at, place))),
            What::Resolved => self.settled(payment, None),
            What::Tried(numbers) => {
                if let Some(numbers) = numbers {
                    self.numbers.insert(numbers.bank, (numbers, fact.at));
                }
                self.last(payment, |item| &mut item.tried, place);
            }
            What::Failed => self.last(payment, |item| &mut item.failed, place),
            What::Parked => self.last(payment, |item| &mut item.parked, place),
            What::Retried => self.last(payment, |item| &mut item.decided, place),
        }
    }

    /// A stored message goes no further.
    fn settled(&mut self, item: PaymentId, refused: Option<(Wall, Place)>) {
        let Some(mut stored) = self.items.remove(&item) else { return };
        if let Some(of) = stored.of.filter(|of| self.of.get(of) == Some(&item)) {
            self.of.remove(&of);
        }
        if let Some((at, place)) = refused {
            stored.done = Some(place);
            self.refused.insert(stored.of.unwrap_or(item), (at, stored));
        }
    }

    fn last(&mut self, item: PaymentId, which: impl FnOnce(&mut Item) -> &mut Option<Place>, place: Place) {
        if let Some(item) = self.items.get_mut(&item) {
            *which(item) = Some(place);
        }
    }

    fn clock(&mut self, terminal: u16, clock: u32) {
        if clock != 0 {
            let latest = self.clocks.entry(terminal).or_default();
            *latest = clock.max(*latest);
        }
    }

    /// One note of an earlier snapshot.
    pub(super) fn note(&mut self, note: &Note) {
        match *note {
            Note::Numbers { bank, stan, transmission, at } => {
                self.numbers.insert(bank, (Numbers { bank, stan, transmission }, at));
            }
            Note::Next(payment) => self.next = self.next.max(payment),
            Note::Clocks(ref clocks) => clocks.iter().for_each(|&(terminal, clock)| self.clock(terminal, clock)),
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

    /// Tombstones and refused reversals older than `window` go, and of the latter the oldest where they are very many.
    pub(super) fn expire(&mut self, window: Duration) {
        let window = i64::try_from(window.as_micros()).unwrap_or(i64::MAX);
        let oldest = self.latest.0.saturating_sub(window);
        self.tombstones.retain(|(at, _)| at.0 >= oldest);
        let mut moments: Vec<_> = self.refused.values().map(|(at, _)| at.0).collect();
        let oldest = match moments.len().checked_sub(MOST_REFUSED).filter(|surplus| *surplus > 0) {
            Some(surplus) => oldest.max(*moments.select_nth_unstable(surplus).1),
            None => oldest,
        };
        self.refused.retain(|_, (at, _)| at.0 >= oldest);
    }

    /// Numbers that were given away, whatever became of what they were given to, and clocks.
    pub(super) fn notes(&self) -> Vec<Note> {
        let numbers = self.numbers.values().map(|&(Numbers { bank, stan, transmission }, at)| Note::Numbers {
            bank,
            stan,
            transmission,
            at,
        });
        let clocks: Vec<_> = self.clocks.iter().map(|(&terminal, &clock)| (terminal, clock)).collect();
        let clocks = clocks.chunks(Note::CLOCKS).map(|part| Note::Clocks(part.into()));
        numbers.chain([Note::Next(self.next)]).chain(clocks).collect()
    }

    /// Where all that is to be kept lies, in no order, some of it twice.
    pub(super) fn places(&mut self) -> impl Iterator<Item = &mut Place> {
        let payments = self.received.values_mut().chain(self.sent.values_mut()).chain(self.undelivered.values_mut());
        let holds = self.parts.values_mut().chain(self.holds.values_mut());
        let refused = self.refused.values_mut().map(|(_, item)| item);
        let items = self.items.values_mut().chain(refused).flat_map(Item::places);
        let commands = self.held.values_mut().chain(self.off.values_mut());
        payments.chain(holds).chain(items).chain(commands).chain(self.tombstones.iter_mut().map(|(_, place)| place))
    }
}

/// Keeps what is open, and lets go of what is not any more.
fn put(map: &mut ByPayment<Place>, key: PaymentId, place: Option<Place>) {
    match place {
        Some(place) => drop(map.insert(key, place)),
        None => drop(map.remove(&key)),
    }
}
