//! What comes back to the acquirer.

use super::rig::{Rig, connection, message, purchase, reply, rules};
use crate::{
    record::{Outcome, Record},
    rules::RrnPolicy,
    switch::{Note, OutcomeKind},
};
use banklink_protocol::element::ResponseCode;

fn code(text: &str) -> ResponseCode {
    text.parse().unwrap()
}

#[test]
fn case_09_every_echoed_field_comes_back_as_it_was_sent() {
    let mut rig = Rig::up(rules(1));
    rig.request(purchase("000077"));
    let sent = rig.take_sent();
    assert_ne!(sent.message.text(11).as_deref(), Some("000077"), "the bank sees our STAN");
    let mut answer = reply(&sent.message, "00");
    answer.set(38, b"A1B2C3").unwrap();
    // Hosts pad, trim and leave out.
    answer.set(41, b"TERM0001").unwrap();
    answer.remove(42);
    rig.bank_says(sent.connection, answer);
    let (asked, got) = (purchase("000077"), rig.take_answer());
    assert_eq!(got.mti().to_string(), "0210");
    for field in [2, 3, 4, 7, 11, 12, 13, 32, 37, 41, 42, 49] {
        assert_eq!(got.text(field), asked.text(field), "DE{field}");
    }
    assert_eq!((got.text(38).as_deref(), got.text(39).as_deref()), (Some("A1B2C3"), Some("00")));
    assert_eq!(rig.outcome(), OutcomeKind::Approved);
}

#[test]
fn records_come_before_what_depends_on_them() {
    let mut rig = Rig::up(rules(1));
    rig.request(purchase("000001"));
    let sent = rig.take_sent();
    rig.bank_says(sent.connection, reply(&sent.message, "00"));
    assert_eq!(rig.order, ["received", "sent", "to bank", "outcome", "answer", "answered"]);
    let Some(Record::Sent { original, .. }) = rig.records.get(1) else { panic!("the intent to send") };
    assert_eq!(original.stan.to_string(), sent.message.text(11).unwrap());
    assert_eq!(original.transmission.0, sent.message.array::<10>(7).unwrap());
    assert_eq!((original.acquirer, original.forwarder), (12_345, 0));
}

#[test]
fn case_10_declines_pass_through_mapped() {
    for (bank, acquirer) in [("05", "05"), ("14", "14"), ("51", "51"), ("54", "54"), ("55", "55"), ("61", "61")] {
        let mut rig = Rig::up(rules(1));
        rig.request(purchase("000001"));
        let sent = rig.take_sent();
        rig.bank_says(sent.connection, reply(&sent.message, bank));
        assert_eq!(rig.take_code(), acquirer);
        assert_eq!(rig.outcome(), OutcomeKind::Declined);
    }
    let mut mapped = rules(1);
    mapped.banks[0].codes_in.insert(code("N7"), code("05"));
    let mut rig = Rig::up(mapped);
    rig.request(purchase("000001"));
    let sent = rig.take_sent();
    rig.bank_says(sent.connection, reply(&sent.message, "N7"));
    assert_eq!(rig.take_code(), "05");
}

#[test]
fn case_11_an_unknown_code_passes_raw_is_a_decline_and_is_reversed() {
    let mut rig = Rig::up(rules(1));
    rig.request(purchase("000001"));
    let sent = rig.take_sent();
    rig.bank_says(sent.connection, reply(&sent.message, "Z9"));
    assert_eq!(rig.take_code(), "Z9");
    assert_eq!(rig.outcome(), OutcomeKind::Doubtful);
    let reversal = rig.take_sent();
    assert_eq!(
        (reversal.message.mti().to_string().as_str(), reversal.message.text(39).as_deref()),
        ("0420", Some("20"))
    );
    let mut known = rules(1);
    known.banks[0].declining.push(code("Z9"));
    let mut rig = Rig::up(known);
    rig.request(purchase("000001"));
    let sent = rig.take_sent();
    rig.bank_says(sent.connection, reply(&sent.message, "Z9"));
    assert_eq!((rig.take_code().as_str(), rig.outcome()), ("Z9", OutcomeKind::Declined));
    assert!(rig.sent.is_empty(), "what the bank's profile calls a decline is one");
}

#[test]
fn case_40_a_partial_approval_may_be_lower_and_never_higher() {
    let mut parts = rules(1);
    parts.acquirers[0].partial_approvals = true;
    let mut rig = Rig::up(parts);
    rig.request(purchase("000001"));
    let sent = rig.take_sent();
    let partial = |amount: &[u8], code: &str| {
        let mut answer = reply(&sent.message, code);
        answer.set(4, amount).unwrap();
        answer
    };
    rig.bank_says(sent.connection, partial(b"000000001235", "10"));
    rig.bank_says(sent.connection, partial(b"000000001000", "00"));
    assert!(rig.answers.is_empty(), "neither fits: the request goes on waiting");
    assert!(matches!(rig.notes[..], [Note::Unusable { field: 4, .. }, Note::Unusable { field: 4, .. }]));
    rig.bank_says(sent.connection, partial(b"000000001000", "10"));
    let answer = rig.take_answer();
    assert_eq!((answer.text(39).as_deref(), answer.text(4).as_deref()), (Some("10"), Some("000000001000")));
    let approved = rig
        .records
        .iter()
        .any(|record| matches!(record, Record::Outcome { outcome: Outcome::Approved { partial: Some(1000), .. }, .. }));
    assert!(approved);
}

#[test]
fn an_answer_for_another_card_terminal_or_kind_is_not_taken() {
    for (field, value) in [(2, "5500000000000004"), (41, "TERM9999"), (3, "200000")] {
        let mut rig = Rig::up(rules(1));
        rig.request(purchase("000001"));
        let sent = rig.take_sent();
        let mut wrong = reply(&sent.message, "00");
        wrong.set(field, value.as_bytes()).unwrap();
        rig.bank_says(sent.connection, wrong);
        assert!(rig.answers.is_empty(), "DE{field}");
        assert!(matches!(rig.notes[..], [Note::Unusable { field: at, .. }] if at == field));
        rig.bank_says(sent.connection, reply(&sent.message, "00"));
        assert_eq!(rig.take_code(), "00");
    }
}

#[test]
fn case_45_an_answer_with_an_unknown_stan_is_counted_and_dropped() {
    let mut rig = Rig::up(rules(1));
    rig.request(purchase("000001"));
    let sent = rig.take_sent();
    let mut stray = reply(&sent.message, "00");
    let ours: u32 = sent.message.text(11).unwrap().parse().unwrap();
    stray.set_number(11, u64::from(ours % 999_999 + 1)).unwrap();
    rig.bank_says(sent.connection, stray);
    assert!(rig.answers.is_empty());
    let [Note::UnknownAnswer { nearest: Some(nearest), .. }] = rig.notes[..] else { panic!("an unknown answer") };
    assert_eq!(nearest.0, ours);
    assert_eq!(rig.switch.snapshot().banks[0].counters.unknown, 1);
}

#[test]
fn the_same_stan_with_another_transmission_time_is_another_request() {
    let mut rig = Rig::up(rules(1));
    rig.request(purchase("000001"));
    let sent = rig.take_sent();
    let mut old = reply(&sent.message, "00");
    old.set(7, b"1122031846").unwrap();
    rig.bank_says(sent.connection, old);
    assert!(rig.answers.is_empty());
    assert!(matches!(rig.notes[..], [Note::UnknownAnswer { field: Some(7), .. }]));
}

#[test]
fn case_46_an_answer_on_another_connection_of_the_bank_is_taken() {
    let mut two = rules(1);
    two.banks[0].connections = 2;
    let mut rig = Rig::up(two);
    rig.request(purchase("000001"));
    let sent = rig.take_sent();
    rig.bank_says(connection(0, 1 - sent.connection.slot), reply(&sent.message, "00"));
    assert_eq!(rig.take_code(), "00");
}

#[test]
fn an_answer_is_taken_once() {
    let mut rig = Rig::up(rules(1));
    rig.request(purchase("000001"));
    let sent = rig.take_sent();
    rig.bank_says(sent.connection, reply(&sent.message, "00"));
    rig.bank_says(sent.connection, reply(&sent.message, "05"));
    assert_eq!(rig.take_code(), "00");
    assert_eq!(rig.switch.snapshot().banks[0].counters.unknown, 1);
}

#[test]
fn an_assigned_rrn_goes_out_and_the_acquirers_comes_back() {
    let mut assigned = rules(1);
    assigned.acquirers[0].rrn = RrnPolicy::Assigned;
    assigned.banks[0].fixed = vec![(32, b"99887766".to_vec())];
    assigned.banks[0].echoed = vec![7, 32, 37];
    let mut rig = Rig::up(assigned);
    rig.request(purchase("000001"));
    let sent = rig.take_sent();
    assert_ne!(sent.message.text(37).as_deref(), Some("632703000001"));
    assert_eq!(sent.message.text(32).as_deref(), Some("99887766"));
    rig.bank_says(sent.connection, reply(&sent.message, "00"));
    let answer = rig.take_answer();
    assert_eq!(answer.text(37).as_deref(), Some("632703000001"));
    assert_eq!(answer.text(32).as_deref(), Some("12345"));
}

#[test]
fn an_acquirer_without_rrn_gets_the_assigned_one() {
    let mut assigned = rules(1);
    assigned.acquirers[0].rrn = RrnPolicy::Assigned;
    let mut rig = Rig::up(assigned);
    let mut request = purchase("000001");
    request.remove(37);
    rig.request(request);
    let sent = rig.take_sent();
    rig.bank_says(sent.connection, reply(&sent.message, "00"));
    assert_eq!(rig.take_answer().text(37), sent.message.text(37));
}

#[test]
fn the_banks_own_requests_are_answered_by_table() {
    let mut rig = Rig::up(rules(1));
    for (request, code) in [
        (message("0800", &[(7, "1123031846"), (11, "000009"), (70, "301")]), "00"),
        (message("0800", &[(7, "1123031846"), (11, "000010"), (70, "101")]), "12"),
        (purchase("000011"), "12"),
    ] {
        let (stan, mti) = (request.text(11), request.mti().response().unwrap());
        rig.bank_says(connection(0, 0), request);
        let answer = rig.bank_answers.pop().unwrap();
        assert_eq!((answer.mti(), answer.text(11), answer.text(39).as_deref()), (mti, stan, Some(code)));
        assert!(!answer.has(14) && !answer.has(22), "an answer echoes what it must and no more");
    }
}
