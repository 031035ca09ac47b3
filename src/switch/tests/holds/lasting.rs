//! What lasts: restarts, and a memory that is smaller than what it has to keep in mind.

use super::{authorization, follows, generous, holding, reverses};
use crate::{
    record::{Decision, Park, PaymentId, Record},
    switch::{
        Input, Refusal, SessionId,
        tests::rig::{POS, Rig, Sent, purchase, rules},
    },
};
use banklink_protocol::Message;
use std::time::Duration;

#[test]
fn what_waits_for_people_waits_after_a_restart_too() {
    let (mut rig, _) = holding(rules(1));
    let item = rig.parks(follows("0220", "000002", 10_001));
    let queued = rig.journal.iter().position(|record| matches!(record, Record::Queued { .. })).unwrap();
    for records in [queued + 1, rig.journal.len()] {
        let journal = rig.journal.clone();
        rig.crash_after(records);
        rig.connect();
        assert!(rig.sent.is_empty(), "it is not sent");
        assert_eq!(rig.switch.stored()[0].parked, Some(Park::Uncovered));
        rig.journal = journal;
    }
    rig.crash();
    rig.decides(item, Decision::Retry);
    rig.crash();
    rig.connect();
    assert_eq!(rig.types(), ["0220"], "what was decided stays decided");
}

/// One that memory has let go of.
fn forgotten() -> (Rig, Sent) {
    let mut small = generous();
    small.banks[0].holding.excess = 0;
    small.recent = 2;
    holding(small)
}

/// A purchase of another terminal.
fn another(stan: u32) -> Message {
    let mut message = purchase(&format!("{stan:06}"));
    message.set(41, b"TERM0002").unwrap();
    message
}

#[test]
fn a_hold_that_was_forgotten_is_read_back_with_what_was_taken_of_it() {
    let (mut rig, _) = forgotten();
    rig.approves(follows("0200", "000002", 6_000));
    for stan in 10..13 {
        rig.answered(another(stan), "00");
    }
    rig.request(follows("0200", "000003", 6_000));
    assert_eq!(rig.take_code(), "13");
    for stan in 20..23 {
        rig.answered(another(stan), "00");
    }
    rig.delivers(reverses("0200", "000002", 6_000, "000004", None));
    assert_eq!(rig.stands().taken, 0, "of a reversal, both the completion and its hold are read");
    rig.approves(follows("0200", "000005", 10_000));
}

#[test]
fn what_is_under_way_is_not_forgotten_and_neither_is_its_hold() {
    for (code, taken) in [("00", 6_000), ("51", 0)] {
        for crash in [false, true] {
            let (mut rig, _) = forgotten();
            rig.request(follows("0200", "000002", 6_000));
            let completion = rig.take_sent();
            for stan in 10..13 {
                rig.request(another(stan));
                let sent = rig.sent.pop().unwrap();
                rig.says(&sent, "00");
                rig.answers.clear();
            }
            if crash {
                rig.crash();
                rig.connect();
                assert_eq!((rig.types(), rig.stands().taken), (vec!["0420".to_owned()], 0));
            } else {
                rig.says(&completion, code);
                assert_eq!((rig.take_code().as_str(), rig.stands().taken), (code, taken));
            }
            assert_eq!(rig.stands().under_way, 0);
        }
    }
}

#[test]
fn a_reversal_of_a_completion_that_never_came_takes_back_neither_the_hold_nor_what_else_has_its_rrn() {
    for forgets in [false, true] {
        let (mut rig, _) = if forgets { forgotten() } else { holding(generous()) };
        for stan in 10..13 {
            rig.answered(another(stan), "00");
        }
        rig.request(reverses("0200", "000002", 10_000, "000003", None));
        assert_eq!((rig.take_code().as_str(), rig.sent.len()), ("25", 0));
        assert_eq!(rig.refused(follows("0200", "000002", 10_000), Refusal::TakenBack), "12");
        rig.approves(follows("0200", "000004", 10_000));
    }
}

#[test]
fn a_hold_may_begin_when_memory_has_let_go_of_its_payment() {
    let mut small = generous();
    small.recent = 2;
    let mut rig = Rig::up(small);
    rig.request(authorization());
    let sent = rig.take_sent();
    for stan in 10..13 {
        rig.answered(another(stan), "00");
    }
    rig.input(Input::SessionClosed { acquirer: POS, session: SessionId(1) });
    rig.says(&sent, "00");
    assert!(!rig.stands().voided);
    rig.pass(Duration::from_secs(61));
    assert_eq!(rig.types(), ["0420"]);
    assert!(rig.stands().voided, "it was not delivered, and we have taken it back");
}

/// Whatever is left of the journal after a crash: what the bank may have taken is never more than the hold covers.
#[test]
fn after_a_crash_between_any_two_records_nothing_is_taken_twice() {
    let mut rig = Rig::up(generous());
    rig.answered(authorization(), "00");
    rig.approves(follows("0100", "000002", 2_000));
    rig.approves(follows("0200", "000003", 6_000));
    rig.answered(follows("0200", "000004", 3_000), "51");
    rig.delivers(follows("0220", "000005", 3_000));
    rig.delivers(reverses("0100", "000002", 2_000, "000006", None));
    rig.delivers(reverses("0200", "000003", 6_000, "000007", Some(4_000)));
    rig.delivers(reverses("0200", "000003", 6_000, "000008", None));
    rig.delivers(reverses("0220", "000005", 3_000, "000009", None));
    rig.delivers(reverses("0100", "000001", 10_000, "000010", None));
    let journal = rig.journal.clone();
    for records in 0..=journal.len() {
        rig.journal = journal.clone();
        rig.crash_after(records);
        // What the Records make of it once more is what it has become.
        let lasting = rig.switch.lasting();
        let all = rig.journal.len();
        rig.fold(all);
        assert_eq!(rig.switch.lasting(), lasting, "after {records}");
        let Some(hold) = rig.journal.iter().rev().find_map(|record| match record {
            Record::Hold { hold, .. } => Some(*hold),
            _ => None,
        }) else {
            continue;
        };
        assert_eq!(hold.under_way, 0, "after {records}: nothing is under way that nobody ends");
        let (held, taken) = told(&rig.journal);
        assert!(hold.voided || hold.held <= held, "after {records}: {hold:?}, and the bank holds {held}");
        assert_eq!(hold.taken, taken, "after {records}");
    }
}

/// What the bank holds and has taken, by the outcomes and the stored messages alone.
fn told(journal: &[Record]) -> (u64, u64) {
    use crate::record::{Follows, Outcome};
    use std::collections::BTreeMap;
    let (mut kinds, mut amounts) = (BTreeMap::new(), BTreeMap::<PaymentId, u64>::new());
    let mut asked = BTreeMap::new();
    for record in journal {
        match *record {
            Record::Received { payment, amount: Some(amount), mti, .. } => {
                asked.insert(payment, amount.minor as u64);
                let kind = if mti.class() == 2 { Follows::Completion } else { Follows::Increment };
                kinds.insert(payment, kind);
            }
            Record::Outcome { payment, outcome: Outcome::Approved { .. }, .. } => {
                amounts.insert(payment, asked[&payment]);
            }
            Record::Queued { item, kind, .. } if kind.is_advice() => drop(amounts.insert(item, asked[&item])),
            Record::Queued { of: Some(of), kind, .. } => {
                if let (Some(amount), Some(left)) = (amounts.get_mut(&of), kind.leaves()) {
                    *amount = left;
                }
            }
            _ => {}
        }
    }
    let sum = |kind| amounts.iter().filter(|(id, _)| kinds[*id] == kind).map(|(_, amount)| amount).sum();
    (sum(Follows::Increment), sum(Follows::Completion))
}
