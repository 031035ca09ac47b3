//! Store and forward: what is stored goes to its bank, however long that takes.

use super::rig::{Rig, Sent, TIMEOUT, connection, partial, patient, purchase, reply};
use crate::{
    record::{Decision, Park, PaymentId, Record},
    rules::Rules,
    switch::{Input, NotSent, Note},
};
use std::time::Duration;

const SECOND: Duration = Duration::from_secs(1);

/// The bank's settings of store and forward.
fn store(set: impl FnOnce(&mut crate::rules::Store)) -> Rules {
    let mut rules = patient();
    set(&mut rules.banks[0].store);
    rules
}

fn advice(stan: &str) -> banklink_protocol::Message {
    let mut advice = purchase(stan);
    advice.set_mti("0220".parse().unwrap());
    advice
}

/// So many advices, stored while the bank has no connection.
fn with_advices(rules: Rules, count: usize) -> Rig {
    let mut rig = Rig::up(rules);
    rig.input(Input::ConnectionDown { connection: connection(0, 0) });
    for stan in 1..=count {
        rig.request(advice(&format!("{stan:06}")));
        assert_eq!(rig.take_code(), "00", "acknowledged though the bank is down");
    }
    assert!(rig.sent.is_empty());
    rig.input(Input::ConnectionUp { connection: connection(0, 0) });
    rig.sign_on("00");
    rig
}

fn seconds_to(rig: &mut Rig, sent: impl Fn(&Rig) -> bool) -> u64 {
    let start = rig.now.mono;
    while !sent(rig) {
        let deadline = rig.switch.deadline().expect("something is to come");
        rig.to(deadline);
        rig.input(Input::Tick);
        assert!(rig.now.mono.since(start) < Duration::from_secs(10_000), "never");
    }
    (rig.now.mono.since(start) + SECOND / 2).as_secs()
}

fn decide(rig: &mut Rig, item: PaymentId, decision: Decision) {
    rig.input(Input::Decide { item, decision, by: "somebody, for a reason".into() });
}

#[test]
fn case_23_a_silent_bank_gets_repeats_with_doubling_pauses_to_a_cap_and_nothing_is_parked() {
    let mut rig = Rig::up(store(|store| store.spacing_max = Duration::from_secs(40)));
    let (_, first) = rig.unanswered(purchase("000001"));
    let mut waits = Vec::new();
    for _ in 0..12 {
        waits.push(seconds_to(&mut rig, |rig| !rig.sent.is_empty()));
        let again = rig.take_type("0421");
        for field in [7, 11, 37, 90] {
            assert_eq!(again.message.text(field), first.message.text(field), "DE{field}");
        }
    }
    assert_eq!(waits, [11, 12, 14, 18, 26, 42, 50, 50, 50, 50, 50, 50], "ten seconds of waiting, and the pause");
    let stored = &rig.switch.stored()[0];
    assert_eq!((stored.tries, stored.strikes, stored.parked), (13, 0, None), "silent tries count, and none against it");
}

#[test]
fn one_silence_of_a_whole_window_counts_once() {
    let mut rig = with_advices(patient(), 10);
    assert_eq!(rig.sent.len(), 10);
    rig.sent.clear();
    assert_eq!(seconds_to(&mut rig, |rig| rig.sent.len() == 10), 11, "one second after the first time-out");
    rig.sent.clear();
    assert_eq!(seconds_to(&mut rig, |rig| rig.sent.len() == 10), 12, "then two");
}

#[test]
fn a_bank_that_speaks_again_gets_its_queue_at_once() {
    let mut rig = with_advices(store(|store| store.window = 1), 3);
    let first = rig.take_sent();
    for _ in 0..6 {
        seconds_to(&mut rig, |rig| !rig.sent.is_empty());
        rig.sent.clear();
    }
    rig.pass(TIMEOUT);
    rig.says(&first, "00");
    let next = rig.take_type("0221");
    assert_ne!(next.message.text(11), first.message.text(11), "a late acknowledgement is one, and the next goes");
    assert_eq!(rig.switch.stored().len(), 2);
}

#[test]
fn what_is_passed_over_while_others_are_answered_is_parked() {
    let mut rig = Rig::up(store(|store| store.strikes = 3));
    let (_, passed_over) = rig.unanswered(purchase("000001"));
    for stan in 2..=4 {
        rig.answered_beside(&format!("{stan:06}"));
        seconds_to(&mut rig, |rig| rig.notes.iter().any(|note| matches!(note, Note::StoredFailed { .. })));
        rig.forget();
        if stan < 4 {
            seconds_to(&mut rig, |rig| !rig.sent.is_empty());
            rig.take_type("0421");
        }
    }
    let stored = &rig.switch.stored()[0];
    assert_eq!((stored.strikes, stored.parked), (3, Some(Park::Strikes)));
    rig.pass(Duration::from_secs(3_600));
    assert!(rig.sent.is_empty(), "no further by itself");
    rig.says(&passed_over, "00");
    assert!(rig.switch.stored().is_empty(), "the bank's word is still taken");
}

#[test]
fn case_28_final_codes_settle_and_case_29_retry_codes_never_park() {
    for code in ["00", "21", "25", "94", "12"] {
        let mut rig = Rig::up(patient());
        let (_, reversal) = rig.unanswered(purchase("000001"));
        rig.says(&reversal, code);
        assert!(rig.switch.stored().is_empty(), "{code}");
        assert!(matches!(rig.records.last(), Some(Record::Done { .. })));
    }
    for code in ["09", "68", "90", "91", "96"] {
        let mut rig = Rig::up(store(|store| store.strikes = 2));
        let (_, mut reversal) = rig.unanswered(purchase("000001"));
        let mut waits = Vec::new();
        for _ in 0..5 {
            rig.says(&reversal, code);
            rig.says(&reversal, code);
            waits.push(seconds_to(&mut rig, |rig| !rig.sent.is_empty()));
            reversal = rig.take_type("0421");
        }
        assert_eq!(waits, [1, 2, 4, 8, 16], "{code}");
        assert_eq!(rig.switch.stored()[0].strikes, 0);
    }
}

#[test]
fn other_codes_are_strikes_then_an_alarm_and_people_decide() {
    for decision in [Decision::Retry, Decision::Resolve] {
        let mut rig = Rig::up(store(|store| store.strikes = 3));
        let (_, mut reversal) = rig.unanswered(purchase("000001"));
        for strike in 1..=3 {
            rig.says(&reversal, "05");
            rig.says(&reversal, "05");
            assert_eq!(rig.switch.stored()[0].strikes, strike, "a doubled refusal is one");
            if strike < 3 {
                seconds_to(&mut rig, |rig| !rig.sent.is_empty());
                reversal = rig.take_sent();
            }
        }
        assert!(rig.notes.iter().any(|note| matches!(note, Note::Parked { why: Park::Strikes, .. })));
        let stored = rig.switch.stored().remove(0);
        assert_eq!((stored.parked, rig.switch.snapshot().banks[0].parked), (Some(Park::Strikes), 1));
        rig.pass(Duration::from_secs(86_400));
        assert!(rig.sent.is_empty());
        decide(&mut rig, stored.item, decision);
        let by = |record: &Record| matches!(record, Record::Decided { by, .. } if &**by == "somebody, for a reason");
        assert!(rig.records.iter().any(by));
        if decision == Decision::Retry {
            let again = rig.take_type("0421");
            assert_eq!(again.message.text(11), reversal.message.text(11));
            rig.says(&again, "00");
        }
        assert!(rig.switch.stored().is_empty() && rig.sent.is_empty());
        decide(&mut rig, stored.item, decision);
        assert!(matches!(rig.notes.last(), Some(Note::Decided { found: false, .. })));
    }
}

#[test]
fn a_refused_advice_is_not_settled_by_what_settles_a_reversal() {
    let mut rig = with_advices(patient(), 1);
    let sent = rig.take_sent();
    rig.says(&sent, "25");
    assert_eq!(rig.switch.stored()[0].strikes, 1, "an advice has happened: the bank must book it");
}

#[test]
fn the_window_holds_and_reversals_go_before_advices() {
    let mut rig = Rig::up(store(|store| store.window = 2));
    rig.request(purchase("000009"));
    rig.take_sent();
    rig.input(Input::ConnectionDown { connection: connection(0, 0) });
    for stan in ["000001", "000002", "000003"] {
        rig.request(advice(stan));
    }
    rig.pass(TIMEOUT);
    rig.input(Input::ConnectionUp { connection: connection(0, 0) });
    rig.sign_on("00");
    assert_eq!(rig.types(), ["0420", "0220"], "two at once, the reversal first");
    for left in [2, 1, 0] {
        let sent = rig.sent.remove(0);
        rig.says(&sent, "00");
        assert_eq!(rig.sent.len(), 2.min(left + 1).min(rig.switch.stored().len()), "one answered, one sent");
    }
}

#[test]
fn the_messages_of_a_payment_go_in_order_and_others_do_not_wait() {
    let mut rig = Rig::up(patient());
    rig.answered(purchase("000001"), "00");
    rig.request(partial("0420", "000002", 500));
    let first = rig.take_sent();
    rig.request(partial("0420", "000003", 200));
    let mut completion = advice("000004");
    completion.set(37, b"632703000001").unwrap();
    rig.request(completion);
    rig.request(advice("000005"));
    let others: Vec<_> = rig.sent.drain(..).map(|sent| sent.message.text(37).unwrap()).collect();
    assert_eq!(others, ["632703000005"], "the others of that payment wait");
    rig.says(&first, "91");
    rig.pass(Duration::from_millis(1_005));
    let again = rig.take_type("0421");
    rig.says(&again, "00");
    let second = rig.take_sent();
    assert_eq!(second.message.text(95).unwrap()[..12], *"000000000200");
    rig.says(&second, "00");
    assert_eq!(rig.take_sent().message.mti().to_string(), "0220");
}

#[test]
fn a_reversal_keeps_to_its_connection_while_that_is_up_then_to_its_bank() {
    let mut two = patient();
    two.banks[0].connections = 3;
    let mut rig = Rig::up(two);
    let (sent, reversal) = rig.unanswered(purchase("000001"));
    assert_eq!(reversal.connection, sent.connection);
    rig.input(Input::ConnectionDown { connection: sent.connection });
    rig.pass(TIMEOUT + SECOND);
    let again = rig.take_type("0421");
    assert_ne!(again.connection, sent.connection);
    assert_eq!(again.connection.bank, sent.connection.bank);
    rig.bank_says(connection(0, 2), reply(&again.message, "00"));
    assert!(rig.switch.stored().is_empty(), "answered by any connection of the bank");
}

#[test]
fn what_did_not_leave_is_tried_again_the_same_and_what_cannot_be_laid_out_is_parked() {
    let mut rig = Rig::up(patient());
    let (_, first) = rig.unanswered(purchase("000001"));
    let number = first.message.text(11);
    rig.not_sent(first, NotSent::Full);
    assert!(rig.sent.is_empty());
    rig.pass(Duration::from_millis(1_005));
    let again = rig.take_type("0420");
    assert_eq!((again.message.text(11), rig.switch.stored()[0].tries), (number, 1));
    rig.not_sent(again, NotSent::Encode);
    assert_eq!(rig.switch.stored()[0].parked, Some(Park::Unsendable));
    rig.pass(Duration::from_secs(60));
    assert!(rig.sent.is_empty());
}

#[test]
fn a_full_store_refuses_new_payments_and_still_takes_what_they_owe() {
    let mut rig = Rig::up(store(|store| (store.limit, store.window) = (3, 1)));
    for stan in ["000001", "000002", "000003"] {
        rig.request(purchase(stan));
    }
    let sent: Vec<Sent> = rig.sent.drain(..).collect();
    assert_eq!(sent.len(), 3);
    for refused in [purchase("000004"), advice("000005")] {
        rig.request(refused);
        assert_eq!(rig.take_code(), "96");
    }
    rig.pass(TIMEOUT);
    assert_eq!(rig.switch.stored().len(), 3, "every outcome and its reversal fits");
    let codes: Vec<_> = rig.answers.drain(..).map(|(_, answer)| answer.text(39).unwrap()).collect();
    assert_eq!(codes, ["68"; 3]);
    rig.request(purchase("000006"));
    assert_eq!(rig.take_code(), "96");
    let first = rig.take_sent();
    rig.says(&first, "00");
    rig.sent.clear();
    rig.request(purchase("000006"));
    assert_eq!(rig.types(), ["0200"], "there is room again");
}

#[test]
fn drain_leaves_what_is_stored_for_the_next_life() {
    let mut rig = Rig::up(patient());
    rig.unanswered(purchase("000001"));
    rig.input(Input::Drain);
    let sign_off = rig.take_sent();
    rig.says(&sign_off, "00");
    assert!(rig.notes.iter().any(|note| matches!(note, Note::Drained)));
    rig.pass(Duration::from_secs(3_600));
    assert!(rig.sent.is_empty(), "nothing is tried any more");
    rig.crash();
    rig.connect();
    assert_eq!(rig.types(), ["0421"]);
}
