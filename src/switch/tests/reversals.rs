//! What a reversal of ours says, field by field.

use super::{
    rig::{CARD, Rig, TIMEOUT, known_by, patient, purchase, reply},
    verdicts::{between, with},
};
use crate::{
    rules::Rules,
    switch::{Note, OutcomeKind},
};
use banklink_protocol::{Dialect, Message};
use std::time::Duration;

fn sensitive(stan: &str) -> Message {
    let mut request = purchase(stan);
    request.remove(2);
    request.remove(14);
    request.set(35, b"4111111111111111=29121010000012345678").unwrap();
    request.set(45, b"B4111111111111111^DOE/JOHN^2912101").unwrap();
    request.set(52, &[1, 2, 3, 4, 5, 6, 7, 8]).unwrap();
    request.set(55, &[0x9F, 0x26, 1, 0]).unwrap();
    request.set(33, b"77").unwrap();
    request.set(43, &[b'x'; 40]).unwrap();
    request
}

#[test]
fn case_22_a_reversal_repeats_what_it_must_and_nothing_secret() {
    let mut rig = Rig::up(patient());
    let (sent, reversal) = rig.unanswered(sensitive("000001"));
    let says = |field| reversal.message.text(field);
    for field in [3, 4, 12, 13, 18, 22, 32, 33, 37, 41, 42, 43, 49] {
        assert_eq!(says(field), sent.message.text(field), "DE{field}");
    }
    assert_eq!((says(2).as_deref(), says(14).as_deref()), (Some(CARD), Some("2912")), "out of track 2");
    assert_eq!(says(39).as_deref(), Some("68"));
    let (stan, time) = (sent.message.text(11).unwrap(), sent.message.text(7).unwrap());
    assert_eq!(says(90), Some(format!("0200{stan}{time}0000001234500000000077")));
    assert!(reversal.message.text(7).unwrap() > time, "a DE7 of its own");
    for field in [35, 45, 52, 55, 95, 38] {
        assert!(!reversal.message.has(field), "DE{field}");
    }
    let mut fields: Vec<_> = reversal.message.fields().collect();
    fields.retain(|field| ![7, 11, 39, 90, 2, 14].contains(field));
    assert_eq!(fields, [3, 4, 12, 13, 18, 22, 32, 33, 37, 41, 42, 43, 49], "and no more");
}

#[test]
fn a_bank_that_wants_requests_gets_requests() {
    let mut asking = patient();
    asking.banks[0].reversal.advice = false;
    let mut rig = Rig::up(asking);
    let (_, reversal) = rig.unanswered(purchase("000001"));
    assert_eq!(reversal.message.mti().to_string(), "0400");
    rig.pass(TIMEOUT + Duration::from_millis(1_005));
    let again = rig.take_type("0401");
    rig.bank_says(again.connection, reply(&again.message, "00"));
    assert!(rig.switch.stored().is_empty());
}

#[test]
fn the_bank_has_its_own_word_for_our_reason() {
    let mut own = patient();
    own.banks[0].codes_out.insert("68".parse().unwrap(), "U3".parse().unwrap());
    let (_, reversal) = Rig::up(own).unanswered(purchase("000001"));
    assert_eq!(reversal.message.text(39).as_deref(), Some("U3"));
}

#[test]
fn what_moved_nothing_is_not_reversed_and_what_cannot_be_taken_back_is_asked() {
    for (processing, reversed, parked) in
        [("310000", 0, 0), ("000000", 1, 0), ("200000", 1, 0), ("210000", 0, 1), ("920000", 0, 0)]
    {
        let mut never = patient();
        never.banks[0].reversal.never = vec![(92, 92)];
        let mut rig = Rig::up(never);
        let mut request = purchase("000001");
        request.set(3, processing.as_bytes()).unwrap();
        rig.request(request);
        let sent = rig.take_sent();
        rig.pass(TIMEOUT);
        assert_eq!((rig.take_code().as_str(), rig.sent.len()), ("68", reversed), "{processing}");
        assert_eq!(rig.switch.snapshot().banks[0].parked, parked, "{processing}");
        let alarms = rig.notes.iter().filter(|note| matches!(note, Note::Parked { .. })).count();
        assert_eq!(alarms, parked, "{processing}");
        rig.sent.clear();
        rig.bank_says(sent.connection, reply(&sent.message, "00"));
        assert!(rig.sent.is_empty(), "{processing}");
    }
}

#[test]
fn case_40_a_part_for_who_takes_none_is_declined_and_the_part_reversed() {
    for takes in [false, true] {
        let mut parts = patient();
        parts.acquirers[0].partial_approvals = takes;
        let mut rig = Rig::up(parts);
        rig.request(purchase("000001"));
        let sent = rig.take_sent();
        let mut answer = reply(&sent.message, "10");
        answer.set(4, b"000000000500").unwrap();
        answer.set(38, b"A1B2C3").unwrap();
        rig.bank_says(sent.connection, answer);
        if takes {
            assert_eq!((rig.take_code().as_str(), rig.sent.len()), ("10", 0));
            continue;
        }
        assert_eq!((rig.take_code().as_str(), rig.outcome()), ("51", OutcomeKind::Doubtful));
        let reversal = rig.take_sent();
        let says = |field| reversal.message.text(field);
        assert_eq!((says(4).as_deref(), says(38).as_deref()), (Some("000000000500"), Some("A1B2C3")));
        assert_eq!((says(39).as_deref(), says(90)), (Some("32"), Some(known_by(&sent))));
        rig.request(purchase("000001"));
        assert_eq!(rig.take_code(), "51", "a resend is told the same");
    }
}

/// Both sides in the edition of 1993.
fn of_1993() -> Rules {
    let dialect = Dialect::named("iso93-ascii").unwrap();
    let mut rules = between(dialect.clone(), dialect);
    rules.banks[0].breaker = 0;
    rules.banks[0].link.echo_idle = Duration::ZERO;
    for bank in &mut rules.banks {
        bank.approving = crate::rules::Bank::approving(banklink_protocol::dialect::Version::V1993);
        bank.store = crate::rules::Store::new(banklink_protocol::dialect::Version::V1993);
        bank.link.sign_on = false;
    }
    rules.acquirers[0].timeout_code = "911".parse().unwrap();
    rules
}

fn purchase_1993(function: &str) -> Message {
    let mut message = Message::new(&Dialect::named("iso93-ascii").unwrap(), "1200".parse().unwrap());
    let fields: [(u8, &str); 13] = [
        (2, CARD),
        (3, "000000"),
        (4, "000000001234"),
        (7, "1123031846"),
        (11, "000001"),
        (12, "261123031846"),
        (14, "2912"),
        (24, function),
        (26, "5411"),
        (32, "12345"),
        (37, "632703000001"),
        (41, "TERM0001"),
        (49, "840"),
    ];
    for (field, value) in fields {
        message.set(field, value.as_bytes()).unwrap();
    }
    message
}

fn up(rules: Rules) -> Rig {
    let mut rig = Rig::new(rules);
    for connection in std::mem::take(&mut rig.connects) {
        rig.input(crate::switch::Input::ConnectionUp { connection });
    }
    rig.forget();
    rig
}

#[test]
fn of_1993_it_is_an_advice_with_function_reason_and_de56() {
    let mut rig = up(of_1993());
    let (sent, reversal) = rig.unanswered(purchase_1993("200"));
    let says = |field| reversal.message.text(field);
    assert_eq!(reversal.message.mti().to_string(), "1420");
    assert_eq!((says(24).as_deref(), says(25).as_deref()), (Some("400"), Some("4021")));
    let stan = sent.message.text(11).unwrap();
    assert_eq!(says(56), Some(format!("1200{stan}2611230318460512345")));
    assert!(!reversal.message.has(39) && !reversal.message.has(90));
    rig.pass(TIMEOUT + Duration::from_millis(1_005));
    let again = rig.take_type("1421");
    rig.bank_says(again.connection, reply(&again.message, "400"));
    assert!(rig.switch.stored().is_empty());
}

#[test]
fn of_1993_the_request_says_whether_it_takes_a_part() {
    for (function, code, reversals) in [("200", "116", 1), ("181", "002", 0)] {
        let mut rig = up(of_1993());
        rig.request(purchase_1993(function));
        let sent = rig.take_sent();
        let mut answer = reply(&sent.message, "002");
        answer.set(4, b"000000000500").unwrap();
        rig.bank_says(sent.connection, answer);
        assert_eq!((rig.take_code().as_str(), rig.sent.len()), (code, reversals), "{function}");
    }
}

#[test]
fn a_body_that_the_dialect_does_not_carry_any_more_is_parked() {
    let mut rig = Rig::up(patient());
    rig.request(purchase("000001"));
    let mut narrow = between(super::rig::dialect(), with("[fields]\n18 = false"));
    narrow.banks[0].breaker = 0;
    rig.rules = std::sync::Arc::new(narrow);
    rig.crash();
    rig.connect();
    assert!(rig.sent.is_empty());
    let stored = rig.switch.stored();
    assert_eq!((stored.len(), stored[0].parked), (1, Some(crate::record::Park::Unsendable)));
    rig.request(purchase("000002"));
    assert_eq!(rig.types(), ["0200"], "payments go on");
    rig.sent.clear();
    rig.input(crate::switch::Input::Decide {
        item: stored[0].item,
        decision: crate::record::Decision::Retry,
        by: "somebody".into(),
    });
    assert!(rig.sent.is_empty());
    assert_eq!(rig.switch.stored()[0].parked, Some(crate::record::Park::Unsendable), "it still cannot be sent");
}
