//! The invariants of the whole machine, asserted after every step of the simulation.

use super::{
    BankId,
    core::Core,
    pending::{Exchange, Memory, State},
    store::Phase,
};
use crate::{record::PaymentId, rules::Rules};

impl Core {
    pub(super) fn check(&self, rules: &Rules) {
        self.check_entries();
        self.check_banks(rules);
        self.check_sums(rules);
        self.check_store(rules);
        self.under_way.check(self);
    }

    /// Every entry holds its own STAN; who waits has a timer; nobody else has one.
    fn check_entries(&self) {
        let mut timers = 0;
        for (key, pending) in self.pendings.iter() {
            let bank = &self.banks[usize::from(pending.connection.bank.0)];
            assert_eq!(bank.stans.find(pending.stan), Some(key), "an entry holds its own STAN");
            let waits = self.pendings.waiting(key);
            let timed = self.wheel.is_set(self.timer(key));
            match pending.state {
                State::Payment(id) => {
                    let waiting = waits.expect("somebody waits for every payment in flight");
                    assert_eq!(waiting.id, Some(id), "an entry and who waits for it are the same payment");
                    assert!(timed, "every payment in flight has its timer");
                    assert_eq!(
                        self.duplicates.find(waiting.references.duplicate, |other| other == key),
                        Some(key),
                        "every payment in flight is found by its key"
                    );
                }
                State::Ended(_) => {
                    assert!(waits.is_none() && !timed, "nobody waits for a late answer");
                    assert!(
                        pending.held.is_some() || pending.remembered != Memory::No,
                        "an ended entry stays for a reason"
                    );
                }
                State::Stored(item) => self.check_stored(key, item, timed),
                State::Network(_) => assert!(waits.is_none() && timed, "every network message has its timer"),
            }
            timers += usize::from(timed);
        }
        let others = (0..self.timer(0)).filter(|&timer| self.wheel.is_set(timer)).count();
        assert_eq!(self.wheel.armed(), timers + others, "no timer without its owner");
    }

    /// A stored message and its entry know each other; its timer runs from its first try until it is parked.
    fn check_stored(&self, key: u32, id: PaymentId, timed: bool) {
        let item = self.store.get(id).expect("an entry of a stored message has it");
        assert_eq!(item.entry, Some(key), "and it has the entry");
        assert!(item.tries > 0 && self.pendings.waiting(key).is_none(), "it was tried, and nobody waits");
        assert_eq!(
            timed,
            matches!(item.phase, Phase::Trying | Phase::Resting),
            "its timer runs while it is not at rest"
        );
    }

    /// What is stored holds the STANs it says, and a bank that is left alone has its timer.
    fn check_store(&self, rules: &Rules) {
        self.store.check();
        for (id, item) in self.store.iter() {
            if let Some(key) = item.held {
                let pending = self.pendings.get(key).expect("a held entry stays");
                assert_eq!(pending.held, Some(id), "a held entry knows by whom");
                assert!(matches!(pending.state, State::Ended(_)));
            }
            if let Some(key) = item.entry {
                assert_eq!(self.pendings.get(key).map(|pending| pending.state), Some(State::Stored(id)));
            }
        }
        for (index, queue) in self.store.queues().iter().enumerate() {
            let bank = BankId(index as u16);
            let timed = self.wheel.is_set(self.queue_timer(bank));
            assert_eq!(queue.paused.is_some(), timed, "a pause ends");
            let store = &rules.banks[index].store;
            assert!(queue.trying <= store.window, "the window holds");
            let most = store.limit + rules.banks[index].max_in_flight + self.undelivered.len();
            assert!(queue.total <= most, "what is stored is bounded");
        }
        for (key, pending) in self.pendings.iter() {
            if let Some(id) = pending.held {
                assert_eq!(self.store.get(id).and_then(|item| item.held), Some(key), "who holds an entry is stored");
            }
        }
    }

    fn check_banks(&self, rules: &Rules) {
        for (bank, profile) in self.banks.iter().zip(&rules.banks) {
            let entries = || self.pendings.iter().filter(|(_, pending)| pending.connection.bank == bank.id);
            assert_eq!(bank.stans.busy(), entries().count(), "STANs in use are exactly those of the entries");
            let payments = || entries().filter(|(_, pending)| matches!(pending.state, State::Payment(_)));
            assert_eq!(bank.in_flight, payments().count(), "payments in flight are counted");
            assert!(bank.in_flight <= profile.max_in_flight, "the cap holds");
            for (memory, most) in [(Memory::Late, profile.max_in_flight), (Memory::Refused, profile.store.limit.max(1))]
            {
                let held: Vec<_> = bank.remembered(memory).map(|send| self.pendings.by_send_id(send)).collect();
                assert!(held.len() <= most, "memories are bounded");
                let marked = entries().filter(|(_, pending)| pending.remembered == memory);
                let marked: Vec<_> = marked.map(|(key, _)| key).collect();
                assert_eq!(held.len(), marked.len(), "what is remembered is in its memory, once");
                assert!(marked.iter().all(|key| held.contains(&Some(*key))), "what is remembered is in its memory");
            }
            assert!(bank.stans.busy() <= bank.stans.size(), "STANs are enough");
            for (slot, link) in bank.links.iter().enumerate() {
                let here = payments().filter(|(_, pending)| usize::from(pending.connection.slot) == slot).count();
                assert_eq!(link.in_flight, here, "payments of a connection are counted");
                assert!(link.held.is_none() || !link.takes_payments(), "what is held takes no payments");
                self.check_link(link.exchange(), bank.id, slot);
                if let Some((_, Exchange::SignOff)) = link.exchange() {
                    assert!(self.draining || link.held.is_some(), "we sign off only when told to");
                }
            }
        }
    }

    /// A connection waits for exactly the network messages it knows of.
    fn check_link(&self, exchange: Option<(u32, Exchange)>, bank: super::BankId, slot: usize) {
        let mut found = 0;
        for (key, pending) in self.pendings.iter() {
            let here = pending.connection.bank == bank && usize::from(pending.connection.slot) == slot;
            if let (true, State::Network(kind)) = (here, pending.state) {
                assert_eq!(exchange, Some((key, kind)), "a network message belongs to its connection");
                found += 1;
            }
        }
        assert_eq!(found, usize::from(exchange.is_some()), "a connection's network message has its entry");
    }

    fn check_sums(&self, rules: &Rules) {
        let waiting = self.pendings.iter().filter_map(|(key, _)| self.pendings.waiting(key));
        let mut in_flight = vec![0; self.acquirers.len()];
        let mut payments = 0;
        for waiting in waiting {
            payments += 1;
            in_flight[usize::from(waiting.origin.acquirer().0)] += 1 + waiting.attached.len();
        }
        for waiting in self.recalls.iter() {
            in_flight[usize::from(waiting.origin.acquirer().0)] += 1;
        }
        assert_eq!(
            self.wheel.is_set(self.recall_timer()),
            self.recalls.len() > 0,
            "who waits for the past has a timer"
        );
        assert_eq!(self.pendings.waiting_count(), payments);
        assert_eq!(self.duplicates.len(), payments, "the keys in flight are those of the payments in flight");
        for (index, acquirer) in self.acquirers.iter().enumerate() {
            assert_eq!(acquirer.in_flight, in_flight[index], "an acquirer's requests in flight are counted");
            assert!(acquirer.in_flight <= rules.acquirers[index].max_in_flight, "the cap holds");
        }
        assert!(!self.drained || payments == 0, "drained means that nothing is in flight");
        assert!(!self.drained || self.recalls.len() == 0, "nor waits for its past");
    }
}
