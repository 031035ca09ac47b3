//! The machine's state. What lasts of it is changed in one place, `apply`.

use super::{
    AcquirerId, BankId, ConnectionId,
    bank::BankState,
    duplicate::{InFlight, Names},
    outbox::Outbox,
    pace::Pace,
    pending::Pendings,
    random::Random,
    recall::Recalls,
    recent::Recent,
    route::Router,
    store::Store,
    tombstone::Tombstones,
    undelivered::Undelivered,
    under_way::PartsUnderWay,
    wheel::Wheel,
};
use crate::{clock::Now, record::PaymentId, rules::Rules};
use banklink_protocol::element::Stan;
use std::collections::BTreeSet;

/// What the switch knows of one acquirer while it runs.
#[derive(Clone, Copy, Default)]
pub(super) struct AcquirerState {
    pub(super) in_flight: usize,
    pub(super) requests: u64,
    pub(super) answers: u64,
    /// How many come a second: payments, and what only asks.
    pub(super) payments: Pace,
    pub(super) inquiries: Pace,
}

/// All state. What lasts (entries, STANs, stored messages, the recent past, numbers of payments) is changed by Records
/// alone.
pub(super) struct Core {
    pub(super) router: Router,
    pub(super) names: Names,
    pub(super) duplicates: InFlight,
    pub(super) recent: Recent,
    pub(super) pendings: Pendings,
    pub(super) wheel: Wheel,
    pub(super) banks: Vec<BankState>,
    pub(super) acquirers: Vec<AcquirerState>,
    pub(super) outputs: Outbox,
    pub(super) random: Random,
    pub(super) store: Store,
    pub(super) under_way: PartsUnderWay,
    pub(super) undelivered: Undelivered,
    pub(super) tombstones: Tombstones,
    /// Not lasting: who waits is told nothing by a switch that dies.
    pub(super) recalls: Recalls,
    pub(super) next_payment: PaymentId,
    /// Routes that an operator wants no payments on, by name.
    pub(super) off: BTreeSet<Box<str>>,
    /// The first timers are connections', these; then comes one for each bank's queue, one for each acquirer's undelivered
    /// approvals and one for those who wait for their past; the others are entries'.
    pub(super) link_timers: Vec<ConnectionId>,
    /// New requests are refused: nothing more can be made durable.
    pub(super) refusing: bool,
    pub(super) draining: bool,
    pub(super) drained: bool,
}

impl Core {
    pub(super) fn new(rules: &Rules, now: Now, seed: u64, key: Option<[u8; 16]>) -> Self {
        let mut random = Random::new(seed);
        let own_key = (u128::from(random.next()) << 64 | u128::from(random.next())).to_le_bytes();
        let mut link_timers = Vec::new();
        let mut banks = Vec::with_capacity(rules.banks.len());
        for (id, bank) in rules.banks.iter().enumerate() {
            let start = Stan(1 + random.below(u64::from(Stan::MAX.0)) as u32);
            let id = BankId(id as u16);
            banks.push(BankState::new(id, bank, link_timers.len() as u32, start, now.wall));
            link_timers.extend((0..bank.connections).map(|slot| ConnectionId { bank: id, slot }));
        }
        // Room for the requests of an ordinary moment, near at hand in the caches; the tables grow to the caps and no further.
        let expected = rules.acquirers.iter().map(|acquirer| acquirer.max_in_flight).sum::<usize>().min(1 << 10);
        Self {
            router: Router::compile(rules),
            names: Names::new(key.unwrap_or(own_key), &rules.acquirers),
            duplicates: InFlight::new(expected),
            recent: Recent::new(rules.recent),
            pendings: Pendings::default(),
            wheel: Wheel::new(now.mono),
            store: Store::new(rules.banks.len()),
            under_way: PartsUnderWay::default(),
            undelivered: Undelivered::new(rules.acquirers.len()),
            tombstones: Tombstones::default(),
            recalls: Recalls::default(),
            banks,
            acquirers: vec![AcquirerState::default(); rules.acquirers.len()],
            outputs: Outbox::default(),
            random,
            next_payment: PaymentId(1),
            off: BTreeSet::new(),
            link_timers,
            refusing: false,
            draining: false,
            drained: false,
        }
    }

    /// The timer of a bank's queue.
    pub(super) const fn queue_timer(&self, bank: BankId) -> u32 {
        self.link_timers.len() as u32 + bank.0 as u32
    }

    /// The timer of an acquirer's undelivered approvals.
    pub(super) const fn undelivered_timer(&self, acquirer: AcquirerId) -> u32 {
        (self.link_timers.len() + self.banks.len()) as u32 + acquirer.0 as u32
    }

    /// The timer of the requests that wait for their past.
    pub(super) const fn recall_timer(&self) -> u32 {
        (self.link_timers.len() + self.banks.len() + self.acquirers.len()) as u32
    }

    /// The timer of an entry.
    pub(super) const fn timer(&self, key: u32) -> u32 {
        self.recall_timer() + 1 + key
    }

    /// Whose timer this is.
    pub(super) fn owner(&self, timer: u32) -> Owner {
        let mut number = timer as usize;
        if let Some(&connection) = self.link_timers.get(number) {
            return Owner::Connection(connection);
        }
        number -= self.link_timers.len();
        if number < self.banks.len() {
            return Owner::Queue(BankId(number as u16));
        }
        number -= self.banks.len();
        if number < self.acquirers.len() {
            return Owner::Undelivered(AcquirerId(number as u16));
        }
        match number - self.acquirers.len() {
            0 => Owner::Recalls,
            key => Owner::Entry(key as u32 - 1),
        }
    }

    /// Changes which routes are off; `change` says whether it did.
    pub(super) fn routes_off(&mut self, change: impl FnOnce(&mut BTreeSet<Box<str>>) -> bool) {
        if change(&mut self.off) {
            self.router.set_off(&self.off);
        }
    }

    pub(super) fn acquirer(&mut self, id: AcquirerId) -> &mut AcquirerState {
        &mut self.acquirers[usize::from(id.0)]
    }

    pub(super) fn bank(&mut self, id: BankId) -> &mut BankState {
        &mut self.banks[usize::from(id.0)]
    }
}

/// Whose a timer is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Owner {
    Connection(ConnectionId),
    Queue(BankId),
    Undelivered(AcquirerId),
    Recalls,
    Entry(u32),
}
