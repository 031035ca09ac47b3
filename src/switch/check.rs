//! The invariants of the whole machine, asserted after every step of the simulation.

use super::{
    core::Core,
    pending::{Exchange, State},
};
use crate::rules::Rules;

impl Core {
    pub(super) fn check(&self, rules: &Rules) {
        self.check_entries();
        self.check_banks(rules);
        self.check_sums(rules);
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
                State::Late(_) => assert!(waits.is_none() && !timed, "nobody waits for a late answer"),
                State::Network(_) => assert!(waits.is_none() && timed, "every network message has its timer"),
            }
            timers += usize::from(timed);
        }
        let of_links = (0..self.link_timers.len() as u32).filter(|&timer| self.wheel.is_set(timer)).count();
        assert_eq!(self.wheel.armed(), timers + of_links, "no timer without its owner");
    }

    fn check_banks(&self, rules: &Rules) {
        for (bank, profile) in self.banks.iter().zip(&rules.banks) {
            let entries = || self.pendings.iter().filter(|(_, pending)| pending.connection.bank == bank.id);
            assert_eq!(bank.stans.busy(), entries().count(), "STANs in use are exactly those of the entries");
            let payments = || entries().filter(|(_, pending)| matches!(pending.state, State::Payment(_)));
            assert_eq!(bank.in_flight, payments().count(), "payments in flight are counted");
            assert!(bank.in_flight <= profile.max_in_flight, "the cap holds");
            let late = entries().filter(|(_, pending)| matches!(pending.state, State::Late(_))).count();
            assert!(late <= bank.late.len() && bank.late.len() <= profile.max_in_flight, "late memory is bounded");
            for (slot, link) in bank.links.iter().enumerate() {
                let here = payments().filter(|(_, pending)| usize::from(pending.connection.slot) == slot).count();
                assert_eq!(link.in_flight, here, "payments of a connection are counted");
                self.check_link(link.exchange(), bank.id, slot);
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
        if let Some((_, Exchange::SignOff)) = exchange {
            assert!(self.draining, "we sign off only when shutting down");
        }
    }

    fn check_sums(&self, rules: &Rules) {
        let waiting = self.pendings.iter().filter_map(|(key, _)| self.pendings.waiting(key));
        let mut in_flight = vec![0; self.acquirers.len()];
        let mut payments = 0;
        for waiting in waiting {
            payments += 1;
            in_flight[usize::from(waiting.origin.acquirer().0)] += 1 + waiting.attached.len();
        }
        assert_eq!(self.pendings.waiting_count(), payments);
        assert_eq!(self.duplicates.len(), payments, "the keys in flight are those of the payments in flight");
        for (index, acquirer) in self.acquirers.iter().enumerate() {
            assert_eq!(acquirer.in_flight, in_flight[index], "an acquirer's requests in flight are counted");
            assert!(acquirer.in_flight <= rules.acquirers[index].max_in_flight, "the cap holds");
        }
        assert!(!self.drained || payments == 0, "drained means that nothing is in flight");
    }
}
