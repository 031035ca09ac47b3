//! What must hold, seen from outside the machine.

use crate::{
    acquirers::{Agent, Belief, Kind, Request, name_of},
    bank::Bank,
};
use banklink::{
    clock::Wall,
    switch::{BankId, ConnectionId},
};
use banklink_protocol::{Message, element::Stan};
use std::collections::{HashMap, HashSet};

/// What was seen going by, for judging what comes next. It outlives every life of the switch.
#[derive(Default)]
pub(crate) struct Oracle {
    /// Class, STAN and DE7 ever given out toward a bank, with the terminal of the message.
    given: HashMap<(BankId, u8, String, String), String>,
    /// The same of network messages, of which no Record speaks: by life of the switch.
    network: HashSet<(u64, BankId, String, String)>,
}

impl Oracle {
    /// Something goes to a bank, under numbers that no other message ever had.
    pub(crate) fn leaves(&mut self, life: u64, connection: ConnectionId, message: &Message) {
        let (stan, time) = (message.text(11).unwrap(), message.text(7).unwrap());
        assert!((1..=Stan::MAX.0).contains(&stan.parse().unwrap()));
        let (bank, class) = (connection.bank, message.mti().class());
        if class == 8 {
            assert!(self.network.insert((life, bank, stan, time)), "a network message has numbers of its own");
            return;
        }
        let terminal = message.text(41).unwrap();
        let before = self.given.insert((bank, class, stan.clone(), time), terminal.clone());
        // A stored message keeps its numbers, also where a try did not get out.
        let stored = class == 4 || message.mti().function() == 2;
        let again = stored && before.as_ref() == Some(&terminal);
        assert!(before.is_none() || again, "STAN {stan} and DE7 are given out once, or for the same stored message");
    }
}

/// An answer: to whom it should be, at the time it should be, with the acquirer's own fields.
pub(crate) fn judge_answer(request: &mut Request, session: usize, message: &Message, now: u64, latest: u64) {
    assert!(!request.answered, "session {session} is answered twice");
    request.answered = true;
    let late = now.saturating_sub(request.arrived + latest);
    assert!(late == 0, "session {session} is answered {} ms after its deadline", late / 1_000_000);
    assert_eq!(Some(message.mti()), request.message.mti().response());
    for field in [2, 3, 7, 11, 12, 13, 32, 37, 41, 42, 49] {
        assert_eq!(message.text(field), request.message.text(field), "DE{field} comes back as it was sent");
    }
    for field in [14, 35, 52] {
        assert!(!message.has(field), "an answer does not carry DE{field}");
    }
    if let Kind::Reversal { .. } = request.kind {
        assert_eq!(message.text(90), request.message.text(90), "original data are the acquirer's own");
    }
}

/// In the end: what each front end believes is what the banks have booked.
pub(crate) fn judge_end(agents: &[Agent], banks: &[Bank]) {
    let mut booked: HashMap<&str, Vec<u64>> = HashMap::new();
    for entry in banks.iter().flat_map(Bank::entries).filter(|entry| entry.booked > 0) {
        booked.entry(&entry.name).or_default().push(entry.booked);
    }
    for (payment, agent) in agents.iter().enumerate() {
        let name = name_of(&agent.message);
        let effects = booked.get(name.as_str()).map_or(&[][..], Vec::as_slice);
        assert!(effects.len() <= 1, "payment {payment} is booked {} times", effects.len());
        let effect = effects.first().copied();
        let advised: u64 = banks.iter().filter_map(|bank| bank.advices.get(&name)).sum();
        assert!(!agent.busy, "payment {payment} came to no end");
        match &agent.belief {
            Belief::Approved { amount } if agent.message.text(3).as_deref() == Some("310000") => {
                assert!(effect.is_none(), "payment {payment} asked only ({amount})");
            }
            Belief::Approved { amount } => {
                assert_eq!(effect, Some(*amount), "payment {payment}: approved to the acquirer, and at the bank");
            }
            Belief::Refused { code } => assert_eq!(effect, None, "payment {payment}: told {code}, booked at the bank"),
            Belief::Reversed => assert_eq!(effect, None, "payment {payment}: reversed, booked at the bank"),
            // Where it completes a hold, people may have been asked.
            Belief::Advised if agent.follows => assert!(advised <= 1, "payment {payment}: an advice is taken once"),
            Belief::Advised => assert_eq!(advised, 1, "payment {payment}: an advice is taken once"),
            Belief::Nothing => {
                assert!(agent.vanished || !agent.begun, "payment {payment}: nobody knows");
                // It may have been told, and went away before it heard.
                assert!(effect.is_none() || agent.maybe_told, "payment {payment}: booked, and nobody was told");
            }
        }
        if !agent.advice {
            assert_eq!(advised, 0);
        }
    }
}

/// A moment of the wall clock.
pub(crate) fn wall(mono: u64, step: i64) -> Wall {
    // One second before the year ends: the first minute of every seed is the turn of the year.
    Wall(1_798_761_599_000_000 + (mono / 1000) as i64 + step)
}
