//! The machine's state, and the one place where what lasts is changed: [`Core::apply`].

use super::{
    AcquirerId, AcquirerSnapshot, BankId, BankSnapshot, ConnectionId, ConnectionSnapshot, Output, Snapshot,
    bank::BankState,
    duplicate::{InFlight, Names},
    pending::{Pending, Pendings, State},
    random::Random,
    recent::{Past, Recent},
    route::Router,
    wheel::Wheel,
};
use crate::{
    clock::{Mono, Now},
    record::{Outcome, PaymentId, Record},
    rules::Rules,
};
use banklink_protocol::element::Stan;
use std::collections::VecDeque;

/// What the switch knows of one acquirer while it runs.
#[derive(Clone, Copy, Default)]
pub(super) struct AcquirerState {
    pub(super) in_flight: usize,
    pub(super) requests: u64,
    pub(super) answers: u64,
}

/// All state. What lasts (entries, STANs, the recent past, numbers of payments) is changed by Records alone.
pub(super) struct Core {
    pub(super) router: Router,
    pub(super) names: Names,
    pub(super) duplicates: InFlight,
    pub(super) recent: Recent,
    pub(super) pendings: Pendings,
    pub(super) wheel: Wheel,
    pub(super) banks: Vec<BankState>,
    pub(super) acquirers: Vec<AcquirerState>,
    pub(super) outputs: VecDeque<Output>,
    pub(super) random: Random,
    pub(super) next_payment: PaymentId,
    /// The first timers are connections', these; the others are entries'.
    pub(super) link_timers: Vec<ConnectionId>,
    pub(super) draining: bool,
    pub(super) drained: bool,
}

impl Core {
    pub(super) fn new(rules: &Rules, now: Now, seed: u64) -> Self {
        let mut random = Random::new(seed);
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
            names: Names::new(random.next()),
            duplicates: InFlight::new(expected),
            recent: Recent::new(rules.recent),
            pendings: Pendings::default(),
            wheel: Wheel::new(now.mono),
            banks,
            acquirers: vec![AcquirerState::default(); rules.acquirers.len()],
            outputs: VecDeque::new(),
            random,
            next_payment: PaymentId(1),
            link_timers,
            draining: false,
            drained: false,
        }
    }

    /// Folds one Record into the state.
    pub(super) fn apply(&mut self, record: &Record) {
        match *record {
            Record::Received { payment, .. } => self.next_payment = PaymentId(self.next_payment.0.max(payment.0 + 1)),
            Record::Sent { payment, at, connection, original, rrn, card, references, .. } => {
                self.make_way(connection.bank, original.stan);
                let past = Past { connection, original, rrn, card, answered: false, references };
                let past = self.recent.insert(past);
                let key = self.pendings.insert(Pending {
                    connection,
                    stan: original.stan,
                    transmission: original.transmission,
                    mti: original.mti,
                    sent: Mono(0),
                    past,
                    state: State::Payment(payment),
                });
                let bank = &mut self.banks[usize::from(connection.bank.0)];
                bank.stans.take(original.stan, original.transmission, at, key);
                bank.in_flight += 1;
                bank.links[usize::from(connection.slot)].in_flight += 1;
            }
            Record::NotSent { bank, stan, .. } => {
                let key = self.end(bank, stan);
                let pending = self.pendings.get(key).expect("ended entries stay until they are freed");
                self.recent.forget(pending.past, pending.connection, stan);
                self.release(key);
            }
            Record::Outcome { sent: Some((bank, stan)), outcome, .. } => {
                let key = self.end(bank, stan);
                if outcome != Outcome::Unknown {
                    let pending = self.pendings.get(key).expect("ended entries stay until they are freed");
                    self.recent.answered(pending.past, pending.connection, stan);
                    self.release(key);
                }
            }
            Record::Outcome { sent: None, .. } | Record::Answered { .. } => {}
        }
    }

    /// Frees the place of a STAN that a late entry held until it was forgotten, of which no Record speaks: when Records are
    /// folded, the next payment in that place says so.
    fn make_way(&mut self, bank: BankId, stan: Stan) {
        let held = self.banks[usize::from(bank.0)].stans.find(stan);
        let late = |key: &u32| self.pendings.get(*key).is_some_and(|held| matches!(held.state, State::Late(_)));
        if let Some(key) = held.filter(late) {
            self.release(key);
        }
    }

    /// Ends the payment under this STAN. Its entry stays behind as late, until it is freed.
    fn end(&mut self, bank: BankId, stan: Stan) -> u32 {
        let state = &mut self.banks[usize::from(bank.0)];
        let key = state.stans.find(stan).expect("a Record ends only what a Record began");
        let pending = self.pendings.get_mut(key).expect("a STAN in use has its entry");
        assert_eq!(pending.stan, stan, "a STAN in use has its own entry");
        if let State::Payment(id) = pending.state {
            state.in_flight -= 1;
            state.links[usize::from(pending.connection.slot)].in_flight -= 1;
            pending.state = State::Late(id);
        }
        key
    }

    /// Frees an entry and its STAN: a payment's that has ended, or a network message's.
    pub(super) fn release(&mut self, key: u32) {
        let pending = self.pendings.remove(key);
        assert!(!matches!(pending.state, State::Payment(_)), "a payment in flight ends by a Record");
        self.banks[usize::from(pending.connection.bank.0)].stans.release(pending.stan);
    }

    /// The timer of an entry.
    pub(super) const fn timer(&self, key: u32) -> u32 {
        self.link_timers.len() as u32 + key
    }

    pub(super) fn acquirer(&mut self, id: AcquirerId) -> &mut AcquirerState {
        &mut self.acquirers[usize::from(id.0)]
    }

    pub(super) fn bank(&mut self, id: BankId) -> &mut BankState {
        &mut self.banks[usize::from(id.0)]
    }

    pub(super) fn snapshot(&self, rules: &Rules) -> Snapshot {
        let bank = |(bank, profile): (&BankState, &crate::rules::Bank)| BankSnapshot {
            name: profile.name.clone(),
            connections: bank
                .links
                .iter()
                .map(|link| ConnectionSnapshot { state: link.visible(), in_flight: link.in_flight })
                .collect(),
            in_flight: bank.in_flight,
            counters: bank.counters,
        };
        let acquirer = |(state, profile): (&AcquirerState, &crate::rules::Acquirer)| AcquirerSnapshot {
            name: profile.name.clone(),
            in_flight: state.in_flight,
            requests: state.requests,
            answers: state.answers,
        };
        Snapshot {
            banks: self.banks.iter().zip(&rules.banks).map(bank).collect(),
            acquirers: self.acquirers.iter().zip(&rules.acquirers).map(acquirer).collect(),
            draining: self.draining,
        }
    }
}
