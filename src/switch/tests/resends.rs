//! Resends and what only looks like one.

use super::rig::{Rig, purchase, reply, rules};
use crate::{
    record::Record,
    rules::{Acquirer, Rules},
    switch::{AcquirerId, Input, Note, Origin, SessionId},
};
use banklink_protocol::Message;

fn changed(field: u8, value: &str) -> Message {
    let mut request = purchase("000001");
    request.set(field, value.as_bytes()).unwrap();
    request
}

#[test]
fn case_36_a_duplicate_in_flight_joins_and_both_get_the_answer() {
    let mut rig = Rig::up(rules(1));
    rig.request(purchase("000001"));
    let origin = rig.origin(2);
    rig.input(Input::Request { origin, message: changed(7, "1123031850").into() });
    let sent = rig.take_sent();
    rig.bank_says(sent.connection, reply(&sent.message, "00"));
    assert_eq!(rig.answers.len(), 2, "one send, two answers");
    for (origin, answer) in &rig.answers {
        let own = if origin.session() == SessionId(1) { "1123031846" } else { "1123031850" };
        assert_eq!((answer.text(39).as_deref(), answer.text(7).as_deref()), (Some("00"), Some(own)));
    }
    assert_eq!(rig.payment_note().attached, 1);
}

#[test]
fn case_37_a_repeat_joins_the_waiting_request() {
    let mut rig = Rig::up(rules(1));
    rig.request(purchase("000001"));
    let mut repeat = purchase("000001");
    repeat.set_mti("0201".parse().unwrap());
    rig.request(repeat);
    let sent = rig.take_sent();
    rig.bank_says(sent.connection, reply(&sent.message, "00"));
    assert!(rig.answers.iter().all(|(_, answer)| answer.mti().to_string() == "0210"));
    assert_eq!(rig.answers.len(), 2);
}

#[test]
fn a_repeat_whose_original_never_came_is_sent_and_answered() {
    let mut rig = Rig::up(rules(1));
    let mut repeat = purchase("000001");
    repeat.set_mti("0201".parse().unwrap());
    rig.request(repeat);
    let sent = rig.take_sent();
    assert_eq!(sent.message.mti().to_string(), "0201");
    rig.bank_says(sent.connection, reply(&sent.message, "00"));
    assert_eq!(rig.take_answer().mti().to_string(), "0210");
}

#[test]
fn case_38_the_same_stan_of_another_terminal_or_day_is_no_duplicate() {
    for (field, value) in [(41, "TERM0002"), (13, "1124"), (3, "200000")] {
        let mut rig = Rig::up(rules(1));
        rig.request(purchase("000001"));
        rig.request(changed(field, value));
        assert_eq!(rig.sent.len(), 2, "DE{field}");
    }
}

#[test]
fn case_39_the_same_key_with_another_amount_or_card_is_94_and_an_alarm() {
    for (field, value) in [(4, "000000009999"), (2, "5500000000000004")] {
        let mut rig = Rig::up(rules(1));
        rig.request(purchase("000001"));
        rig.request(changed(field, value));
        assert_eq!(rig.sent.len(), 1, "DE{field}");
        assert_eq!(rig.take_code(), "94");
        assert!(rig.notes.iter().any(|note| matches!(note, Note::DuplicateDiffers { .. })));
    }
}

#[test]
fn a_resend_of_what_a_bank_has_answered_is_told_the_same_and_not_sent_again() {
    let mut rig = Rig::up(rules(1));
    rig.request(purchase("000001"));
    let sent = rig.take_sent();
    rig.bank_says(sent.connection, reply(&sent.message, "00"));
    rig.answers.clear();
    rig.request(purchase("000001"));
    assert!(rig.sent.is_empty());
    assert_eq!(rig.take_code(), "00");
}

#[test]
fn a_closed_session_gets_no_answer_but_a_resend_elsewhere_does() {
    let mut rig = Rig::up(rules(1));
    rig.request(purchase("000001"));
    rig.input(Input::SessionClosed { acquirer: super::rig::POS, session: SessionId(1) });
    let origin = rig.origin(2);
    rig.input(Input::Request { origin, message: purchase("000001").into() });
    let sent = rig.take_sent();
    rig.bank_says(sent.connection, reply(&sent.message, "00"));
    assert_eq!(rig.answers.len(), 1);
    assert_eq!(rig.answers[0].0.session(), SessionId(2));
    assert!(!rig.payment_note().delivered);
}

#[test]
fn a_reversal_goes_to_its_originals_bank_in_the_banks_own_terms() {
    let mut rig = Rig::up(rules(2));
    rig.request(purchase("000001"));
    let sent = rig.take_sent();
    rig.bank_says(sent.connection, reply(&sent.message, "00"));
    rig.answers.clear();
    let mut reversal = purchase("000002");
    reversal.set_mti("0400".parse().unwrap());
    let original = "0200000001112303184600000012345".to_owned() + "00000000000";
    reversal.set(90, original.as_bytes()).unwrap();
    rig.request(reversal);
    let again = rig.take_sent();
    assert_eq!(again.connection, sent.connection);
    let (stan, time) = (sent.message.text(11).unwrap(), sent.message.text(7).unwrap());
    assert_eq!(again.message.text(90).unwrap(), format!("0200{stan}{time}0000001234500000000000"));
    assert_eq!(rig.take_answer().text(90).unwrap(), original, "the acquirer gets its own terms back");
}

#[test]
fn a_reversal_of_what_is_not_known_is_answered_25() {
    let mut rig = Rig::up(rules(1));
    let mut reversal = purchase("000002");
    reversal.set_mti("0400".parse().unwrap());
    reversal.set(90, b"020000000911230318460000001234500000000000").unwrap();
    rig.request(reversal);
    assert!(rig.sent.is_empty());
    let answer = rig.take_answer();
    assert_eq!((answer.mti().to_string().as_str(), answer.text(39).as_deref()), ("0410", Some("25")));
}

#[test]
fn names_are_the_same_whatever_the_order_of_the_configuration() {
    let received = |turned: bool| {
        let mut rules = rules(1);
        let other = Acquirer::new("another", &rules.acquirers[0].dialect);
        if turned {
            rules.acquirers.insert(0, other)
        } else {
            rules.acquirers.push(other)
        }
        let mut rig = Rig::up(Rules::new(rules.acquirers, rules.banks, rules.routes));
        let mut origin = rig.origin(1);
        let Origin::Session { acquirer, .. } = &mut origin;
        *acquirer = AcquirerId(u16::from(turned));
        rig.input(Input::Request { origin, message: purchase("000001").into() });
        let of = |record: &Record| match record {
            Record::Received { references, .. } => Some(*references),
            _ => None,
        };
        rig.records.iter().find_map(of).unwrap()
    };
    let references = received(false);
    assert_eq!(references, received(true));
    assert!(references.trace != 0 && references.duplicate != 0 && references.clock != 0);
}
