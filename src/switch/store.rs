//! Stored messages: reversals and advices that a bank must get, however long it takes. What they are and where they stand;
//! how they are delivered is `delivery`'s.
//!
//! ```text
//!   queued ──▶ Ready ──tried──▶ Trying ──settled──▶ done, gone
//!     │          ▲                │ refused, not answered
//!     │          └──after a while─ Resting ◀┘
//!     ▼ an earlier one of the same payment is not done        too many strikes ──▶ Parked, for people
//!   Behind
//! ```
//!
//! In order per payment only: the second message of a payment waits for the first. Reversals go before advices. A completion
//! that its hold does not cover is parked from the first, and nothing waits for it.

use super::ConnectionId;
use crate::{
    clock::{Mono, Wall},
    record::{Body, Cause, Park, PaymentId, Stored},
};
use banklink_protocol::{Mti, element::ResponseCode};
use hashbrown::HashMap;
use std::collections::VecDeque;

type Map<V> = HashMap<PaymentId, V, foldhash::fast::FixedState>;

/// One stored message.
pub(super) struct Item {
    pub(super) of: Option<PaymentId>,
    /// The payment in whose order it goes; its own number where it follows none.
    pub(super) chain: PaymentId,
    /// The bank, and the connection its original went by.
    pub(super) connection: ConnectionId,
    pub(super) kind: Stored,
    /// Its type at the first try.
    pub(super) mti: Mti,
    pub(super) body: Body,
    pub(super) queued: Wall,
    /// Its own entry, from the first try on: its STAN.
    pub(super) entry: Option<u32>,
    /// Does it name its original? What follows an advice learns only then how the bank knows that.
    pub(super) named: bool,
    /// The entry of its original, whose STAN it keeps taken.
    pub(super) held: Option<u32>,
    pub(super) tries: u32,
    pub(super) strikes: u32,
    /// The bank's last word on it.
    pub(super) code: Option<ResponseCode>,
    pub(super) phase: Phase,
    /// The last try certainly did not leave: the next one is the same again.
    pub(super) unsent: bool,
    /// What the bank had answered in all when it was sent last.
    pub(super) heard: u64,
}

/// Where a stored message stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Phase {
    /// An earlier one of the same payment is not done.
    Behind,
    /// To be sent as soon as there is room.
    Ready,
    /// Sent; its timer runs.
    Trying,
    /// Waits for its next try; its timer runs.
    Resting,
    /// For people.
    Parked(Park),
}

impl Item {
    /// Reversals go before advices.
    pub(super) const fn is_reversal(&self) -> bool {
        matches!(self.kind, Stored::Reversal(_) | Stored::Acquirers { .. })
    }

    /// Did we owe it to the bank because nobody knew its original's outcome?
    pub(super) const fn answers_doubt(&self) -> bool {
        matches!(self.kind, Stored::Reversal(Cause::Doubt(_) | Cause::LateApproval) | Stored::Acquirers { .. })
    }
}

/// The queue of one bank.
#[derive(Default)]
pub(super) struct Queue {
    /// Reversals, then advices; what is not ready any more is passed over.
    ready: [VecDeque<PaymentId>; 2],
    pub(super) trying: usize,
    /// All that are not done, parked ones among them.
    pub(super) total: usize,
    pub(super) parked: usize,
    /// Tries in a row during which the bank said nothing at all.
    pub(super) silent: u32,
    /// Nothing is tried before.
    pub(super) paused: Option<Mono>,
    /// Answers of the bank to anything but network messages.
    pub(super) answers: u64,
}

/// All stored messages.
#[derive(Default)]
pub(super) struct Store {
    items: Map<Item>,
    /// The messages of a payment, in order; the first is not behind any other.
    chains: Map<VecDeque<PaymentId>>,
    queues: Vec<Queue>,
}

impl Store {
    pub(super) fn new(banks: usize) -> Self {
        Self { queues: std::iter::repeat_with(Queue::default).take(banks).collect(), ..Self::default() }
    }

    pub(super) fn queue(&mut self, bank: super::BankId) -> &mut Queue {
        &mut self.queues[usize::from(bank.0)]
    }

    pub(super) fn queues(&self) -> &[Queue] {
        &self.queues
    }

    pub(super) fn get(&self, id: PaymentId) -> Option<&Item> {
        self.items.get(&id)
    }

    pub(super) fn get_mut(&mut self, id: PaymentId) -> Option<&mut Item> {
        self.items.get_mut(&id)
    }

    /// All of them, in no order.
    pub(super) fn iter(&self) -> impl Iterator<Item = (PaymentId, &Item)> {
        self.items.iter().map(|(id, item)| (*id, item))
    }

    /// Is anything stored for this payment and not done?
    pub(super) fn concerns(&self, payment: PaymentId) -> bool {
        self.chains.contains_key(&payment)
    }

    /// Is a reversal stored for it?
    pub(super) fn reverses(&self, payment: PaymentId) -> bool {
        let reverses = |item: &Item| item.of == Some(payment) && item.is_reversal();
        self.chains.get(&self.chain_of(payment)).is_some_and(|chain| chain.iter().any(|id| reverses(&self.items[id])))
    }

    /// In whose order a message goes that follows this payment: what follows a stored message goes behind that.
    fn chain_of(&self, payment: PaymentId) -> PaymentId {
        self.items.get(&payment).map_or(payment, |item| item.chain)
    }

    /// Takes one in, at the end of its payment's.
    pub(super) fn insert(&mut self, id: PaymentId, mut item: Item) {
        // What people are to decide on holds nothing else up.
        let uncovered = item.kind == Stored::Uncovered;
        item.chain = item.of.filter(|_| !uncovered).map_or(id, |of| self.chain_of(of));
        let queue = &mut self.queues[usize::from(item.connection.bank.0)];
        queue.total += 1;
        let chain = self.chains.entry(item.chain).or_default();
        item.phase = match chain.is_empty() {
            true if uncovered => Phase::Parked(Park::Uncovered),
            true => Phase::Ready,
            false => Phase::Behind,
        };
        queue.parked += usize::from(uncovered);
        chain.push_back(id);
        if item.phase == Phase::Ready {
            queue.ready[usize::from(!item.is_reversal())].push_back(id);
        }
        self.items.insert(id, item);
    }

    /// Lets one go: it is done. The next of its payment is ready then.
    pub(super) fn remove(&mut self, id: PaymentId) -> Option<Item> {
        self.set_phase(id, Phase::Behind);
        let item = self.items.remove(&id)?;
        self.queue(item.connection.bank).total -= 1;
        let chain = self.chains.get_mut(&item.chain).expect("every message is in its chain");
        chain.retain(|other| *other != id);
        match chain.front().copied() {
            Some(next) if self.items[&next].phase == Phase::Behind => self.set_phase(next, Phase::Ready),
            Some(_) => {}
            None => drop(self.chains.remove(&item.chain)),
        }
        Some(item)
    }

    /// The only place where a phase changes.
    pub(super) fn set_phase(&mut self, id: PaymentId, phase: Phase) {
        let Some(item) = self.items.get_mut(&id) else { return };
        let queue = &mut self.queues[usize::from(item.connection.bank.0)];
        match item.phase {
            Phase::Trying => queue.trying -= 1,
            Phase::Parked(_) => queue.parked -= 1,
            Phase::Behind | Phase::Ready | Phase::Resting => {}
        }
        match phase {
            Phase::Trying => queue.trying += 1,
            Phase::Parked(_) => queue.parked += 1,
            Phase::Ready => queue.ready[usize::from(!item.is_reversal())].push_back(id),
            Phase::Behind | Phase::Resting => {}
        }
        item.phase = phase;
    }

    /// After a restart no timer runs: all that is not for people or behind another is ready.
    pub(super) fn start_over(&mut self) {
        let stopped = |item: &Item| matches!(item.phase, Phase::Trying | Phase::Resting);
        let mut ids: Vec<_> = self.items.iter().filter(|(_, item)| stopped(item)).map(|(id, _)| *id).collect();
        ids.sort_unstable();
        for id in ids {
            self.set_phase(id, Phase::Ready);
        }
    }

    /// Takes the next one that is to be tried; it is in no queue then until its phase is set.
    pub(super) fn next_ready(&mut self, bank: super::BankId) -> Option<PaymentId> {
        let queue = &mut self.queues[usize::from(bank.0)];
        for ready in &mut queue.ready {
            while let Some(id) = ready.pop_front() {
                if self.items.get(&id).is_some_and(|item| item.phase == Phase::Ready) {
                    return Some(id);
                }
            }
        }
        None
    }

    /// Gives back one that could not be tried after all: it is the next again.
    pub(super) fn put_back(&mut self, id: PaymentId) {
        if let Some(item) = self.items.get(&id) {
            let queue = &mut self.queues[usize::from(item.connection.bank.0)];
            queue.ready[usize::from(!item.is_reversal())].push_front(id);
        }
    }

    /// The counts are those of the messages.
    pub(super) fn check(&self) {
        for (bank, queue) in self.queues.iter().enumerate() {
            let of_bank = || self.items.values().filter(|item| usize::from(item.connection.bank.0) == bank);
            let count = |phase: fn(&Phase) -> bool| of_bank().filter(|item| phase(&item.phase)).count();
            assert_eq!(queue.total, of_bank().count(), "stored messages are counted");
            assert_eq!(queue.trying, count(|phase| *phase == Phase::Trying), "tries are counted");
            assert_eq!(queue.parked, count(|phase| matches!(phase, Phase::Parked(_))), "parked ones are counted");
            let ready = || queue.ready.iter().flatten().filter(|id| self.items.contains_key(*id));
            for (id, item) in self.items.iter().filter(|(_, item)| usize::from(item.connection.bank.0) == bank) {
                let listed = ready().filter(|other| *other == id).count();
                assert!(item.phase != Phase::Ready || listed >= 1, "what is ready is in its queue");
            }
        }
        for (payment, chain) in &self.chains {
            assert!(!chain.is_empty(), "a chain without messages is gone");
            for (place, id) in chain.iter().enumerate() {
                let item = &self.items[id];
                assert_eq!(item.chain, *payment);
                assert!(place == 0 || item.phase == Phase::Behind, "one of a payment at a time");
                assert!(place > 0 || item.phase != Phase::Behind, "the first of a payment is behind nobody");
            }
        }
        let chained: usize = self.chains.values().map(VecDeque::len).sum();
        assert_eq!(chained, self.items.len(), "every message is in its chain");
    }
}
