//! What must hold, seen from outside the machine.

use crate::{
    acquirers::{Belief, Request, terminal},
    bank::Bank,
};
use banklink::{
    clock::Wall,
    record::Record,
    switch::{BankId, ConnectionId, SessionId},
};
use banklink_protocol::{Message, element::Stan};
use std::collections::{HashMap, HashSet};

/// What was seen going by, for judging what comes next.
#[derive(Default)]
pub(crate) struct Oracle {
    /// Payments with a bank now, by bank and STAN.
    live: HashMap<(BankId, String), String>,
    /// Pairs of STAN and DE7 ever given out.
    pairs: HashSet<(BankId, String, String)>,
    /// Sends announced by a Record and not yet seen.
    announced: HashSet<(ConnectionId, Stan)>,
    /// Outcomes recorded and not yet answered.
    outcomes: u64,
    answered: u64,
    pub(crate) records: Vec<Record>,
}

impl Oracle {
    pub(crate) fn record(&mut self, record: Record) {
        match &record {
            Record::Sent { connection, original, .. } => {
                assert!(self.announced.insert((*connection, original.stan)), "announced once");
            }
            Record::Outcome { sent, .. } => {
                self.outcomes += 1;
                if let Some((bank, stan)) = sent {
                    let ended = self.live.remove(&(*bank, stan.to_string()));
                    assert!(ended.is_some(), "an outcome ends what was sent");
                }
            }
            Record::NotSent { bank, stan, .. } => {
                self.live.remove(&(*bank, stan.to_string()));
            }
            Record::Answered { .. } => {
                self.answered += 1;
                assert!(self.answered <= self.outcomes, "an outcome is recorded before it is answered");
            }
            _ => {}
        }
        self.records.push(record);
    }

    /// Something goes to a bank.
    pub(crate) fn handed_over(&mut self, connection: ConnectionId, message: &Message, signed_on: bool) {
        let (stan, time) = (message.text(11).unwrap(), message.text(7).unwrap());
        let (bank, number) = (connection.bank, Stan(stan.parse().unwrap()));
        assert!((1..=999_999).contains(&number.0));
        assert!(!self.live.contains_key(&(bank, stan.clone())), "STAN {stan} is in flight");
        assert!(self.pairs.insert((bank, stan.clone(), time)), "STAN and DE7 are given out once");
        if message.mti().class() != 8 {
            assert!(signed_on, "payments go to signed-on connections alone");
            assert!(self.announced.remove(&(connection, number)), "a send is recorded before it is sent");
            self.live.insert((bank, stan), message.text(41).unwrap());
        }
    }

    /// Is a number in use that would share its place with this one?
    pub(crate) fn may_be_busy(&self, bank: BankId, stan: u32, since: &[(BankId, u32)]) -> bool {
        let clash = |other: u32| other % 64 == stan % 64;
        let live = self.live.keys().any(|(at, other)| *at == bank && clash(other.parse().unwrap()));
        live || since.iter().any(|&(at, other)| at == bank && clash(other))
    }
}

/// An answer: to whom it should be, at the time it should be, with the acquirer's own fields.
pub(crate) fn judge_answer(request: &mut Request, session: SessionId, message: &Message, now: u64, latest: u64) {
    let arrived = request.arrived.unwrap_or_else(|| panic!("{session:?} was never asked"));
    assert!(request.belief.is_none(), "{session:?} is answered twice");
    assert!(!request.closed, "{session:?} is closed");
    assert!(
        now <= arrived + latest,
        "{session:?} is answered {} ms after its deadline",
        (now - arrived - latest) / 1_000_000
    );
    assert_eq!(message.mti().to_string(), "0210");
    for field in [2, 3, 7, 11, 12, 13, 32, 37, 41, 42, 49] {
        assert_eq!(message.text(field), request.message.text(field), "DE{field} comes back as it was sent");
    }
    assert!(!message.has(14), "an answer does not carry the expiry");
    let code = message.text(39).unwrap();
    request.belief = Some(match code.as_str() {
        "00" | "10" => Belief::Approved { amount: message.number(4).unwrap() },
        "68" => Belief::TimedOut,
        _ => Belief::Refused { code },
    });
}

/// In the end: everyone is answered, and the acquirers believe what the banks have booked.
pub(crate) fn judge_end(requests: &[Request], banks: &[Bank]) {
    let mut booked: HashMap<&str, Vec<u64>> = HashMap::new();
    for entry in banks.iter().flat_map(Bank::entries) {
        booked.entry(&entry.terminal).or_default().push(entry.booked);
    }
    let mut by_payment: HashMap<usize, Vec<&Request>> = HashMap::new();
    for (session, request) in requests.iter().enumerate() {
        assert!(request.belief.is_some() || request.closed, "session {session} was never answered");
        by_payment.entry(request.payment).or_default().push(request);
    }
    for (payment, requests) in by_payment {
        let effects = booked.get(terminal(payment).as_str()).map_or(&[][..], Vec::as_slice);
        assert!(effects.len() <= 1, "payment {payment} reached a bank {} times", effects.len());
        let effect = effects.first().copied().unwrap_or(0);
        for request in &requests {
            if let Some(Belief::Approved { amount }) = request.belief {
                assert_eq!(amount, effect, "payment {payment}: approved here, booked there");
            }
        }
        let excused = |request: &&Request| {
            request.closed || matches!(request.belief, Some(Belief::Approved { .. } | Belief::TimedOut))
        };
        assert!(effect == 0 || requests.iter().any(excused), "payment {payment}: booked, and nobody was told");
    }
}

/// A moment of the wall clock.
pub(crate) fn wall(mono: u64, step: i64) -> Wall {
    // One second before the year ends: the first minute of every seed is the turn of the year.
    Wall(1_798_761_599_000_000 + (mono / 1000) as i64 + step)
}
