//! Time-outs, late answers, and the wrap of the STANs.

use super::rig::{Rig, Sent, purchase, reply, rules};
use crate::{
    record::{Outcome, Record},
    switch::{Input, NotSent, Note, OutcomeKind, Refusal},
};
use banklink_protocol::element::Stan;
use std::time::Duration;

#[test]
fn case_22_no_answer_is_the_acquirers_code_at_the_deadline() {
    let mut late = rules(1);
    late.acquirers[0].timeout_code = "68".parse().unwrap();
    let mut rig = Rig::up(late);
    let arrived = rig.now.mono;
    rig.request(purchase("000001"));
    rig.pass(Duration::from_millis(9_999));
    assert!(rig.answers.is_empty());
    rig.pass(Duration::from_millis(6));
    assert_eq!(rig.take_code(), "68");
    assert_eq!(rig.outcome(), OutcomeKind::TimedOut);
    let total = rig.payment_note().total;
    assert!((Duration::from_secs(10)..Duration::from_millis(10_005)).contains(&total), "{total:?} after {arrived:?}");
    assert!(
        rig.records.iter().any(|record| matches!(record, Record::Outcome { outcome: Outcome::Unknown { .. }, .. }))
    );
    assert_eq!(
        rig.order,
        ["received", "sent", "to bank", "outcome", "queued", "tried", "to bank", "answer", "answered"],
        "its reversal is stored before the time-out is told"
    );
}

#[test]
fn the_timer_runs_from_the_arrival_of_the_request() {
    let mut rig = Rig::up(rules(1));
    let origin = rig.origin(1);
    rig.to(rig.now.mono + Duration::from_secs(4));
    rig.input(Input::Request { origin, message: purchase("000001").into() });
    rig.pass(Duration::from_millis(6_005));
    assert_eq!(rig.take_code(), "91");
}

#[test]
fn case_24_a_late_approval_is_known_as_late_and_the_time_out_stands() {
    let mut rig = Rig::up(rules(1));
    rig.request(purchase("000001"));
    let sent = rig.take_sent();
    rig.pass(Duration::from_secs(11));
    rig.take_answer();
    rig.bank_says(sent.connection, reply(&sent.message, "00"));
    assert!(rig.answers.is_empty());
    assert!(rig.notes.iter().any(|note| matches!(note, Note::Late { approved: true, .. })));
    assert_eq!(rig.switch.snapshot().banks[0].counters.late, 1);
}

#[test]
fn an_answer_after_the_deadline_but_before_the_timer_is_late_all_the_same() {
    let mut rig = Rig::up(rules(1));
    rig.request(purchase("000001"));
    let sent = rig.take_sent();
    rig.to(rig.now.mono + Duration::from_secs(10));
    rig.bank_says(sent.connection, reply(&sent.message, "00"));
    assert_eq!(rig.take_code(), "91", "exactly one of both wins");
    assert_eq!(rig.outcome(), OutcomeKind::TimedOut);
}

#[test]
fn what_expired_unsent_is_declined_and_nothing_is_unknown() {
    let mut rig = Rig::up(rules(1));
    rig.request(purchase("000001"));
    let sent = rig.take_sent();
    rig.to(rig.now.mono + Duration::from_secs(10));
    rig.not_sent(sent, NotSent::Expired);
    assert_eq!(rig.take_code(), "91");
    assert_eq!(rig.outcome(), OutcomeKind::Refused(Refusal::TooLate));
    assert!(
        !rig.records.iter().any(|record| matches!(record, Record::Outcome { outcome: Outcome::Unknown { .. }, .. }))
    );
}

#[test]
fn a_time_out_that_turns_out_never_to_have_been_sent_is_reversed_for_nothing() {
    let mut rig = Rig::up(rules(1));
    rig.request(purchase("000001"));
    let sent = rig.take_sent();
    rig.pass(Duration::from_secs(11));
    rig.take_answer();
    rig.not_sent(sent, NotSent::Expired);
    assert!(matches!(rig.notes.last(), Some(Note::NotSent { failover: false, .. })));
    assert!(!rig.records.iter().any(|record| matches!(record, Record::NotSent { .. })), "its outcome stands");
    let reversal = rig.take_sent();
    rig.bank_says(reversal.connection, reply(&reversal.message, "25"));
    assert!(rig.switch.stored().is_empty(), "the reversal goes on, and finds nothing");
}

#[test]
fn a_request_too_old_to_be_sent_is_refused() {
    let mut rig = Rig::up(rules(1));
    let origin = rig.origin(1);
    rig.to(rig.now.mono + Duration::from_secs(20));
    rig.input(Input::Request { origin, message: purchase("000001").into() });
    assert!(rig.sent.is_empty());
    assert_eq!(rig.outcome(), OutcomeKind::Refused(Refusal::TooLate));
}

#[test]
fn late_memory_is_bounded_and_forgets() {
    let mut small = rules(1);
    small.banks[0].max_in_flight = 2;
    small.banks[0].breaker = 0;
    let mut rig = Rig::up(small);
    let mut first = None;
    for stan in 1..=5 {
        rig.request(purchase(&format!("{stan:06}")));
        let sent = rig.take_sent();
        first.get_or_insert(reply(&sent.message, "00"));
        rig.pass(Duration::from_millis(10_005));
        let reversal = rig.take_sent();
        rig.bank_says(reversal.connection, reply(&reversal.message, "00"));
        rig.pass(Duration::from_secs(1));
    }
    rig.bank_says(super::rig::connection(0, 0), first.unwrap());
    assert!(matches!(rig.notes.last(), Some(Note::UnknownAnswer { .. })), "forgotten: two are remembered");
}

#[test]
fn case_60_the_numbers_wrap_around_what_is_in_flight() {
    let mut rig = Rig::up(rules(1));
    rig.numbers_stand_at(Stan(999_997));
    let mut next = 0;
    let mut send = |rig: &mut Rig| {
        next += 1;
        rig.request(purchase(&format!("{next:06}")));
        rig.take_sent()
    };
    let stan = |sent: &Sent| sent.message.text(11).unwrap();
    let (held, answered, wrapped) = (send(&mut rig), send(&mut rig), send(&mut rig));
    assert_eq!([stan(&held), stan(&answered), stan(&wrapped)], ["999998", "999999", "000001"]);
    rig.bank_says(answered.connection, reply(&answered.message, "00"));
    rig.numbers_stand_at(Stan(999_996));
    let (before, after) = (send(&mut rig), send(&mut rig));
    assert_eq!([stan(&before), stan(&after)], ["999997", "999999"], "the number in use is skipped");
    assert_ne!(after.message.text(7), answered.message.text(7), "the same number, but another DE7");
    rig.answers.clear();
    rig.bank_says(held.connection, reply(&held.message, "00"));
    assert_eq!(rig.take_answer().text(11).as_deref(), Some("000001"), "the first request's own");
}
