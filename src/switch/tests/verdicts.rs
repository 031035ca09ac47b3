//! What the acquirer is told is what the bank decided: never an approval that is none, never another amount.

use super::rig::{Rig, dialect, purchase, reply, rules};
use crate::{
    record::{Outcome, Record},
    rules::Rules,
    switch::{Input, LinkState, Note, OutcomeKind},
};
use banklink_protocol::{Dialect, Message};
use bytes::BytesMut;
use std::{sync::Arc, time::Duration};

/// One payment, answered with this.
fn answered(rules: Rules, request: Message, answer: impl FnOnce(&mut Message)) -> Rig {
    let acquirer = Arc::clone(&rules.acquirers[0].dialect);
    let mut rig = Rig::up(rules);
    rig.request(decoded(&request, &acquirer));
    let sent = rig.take_sent();
    let mut body = reply(&sent.message, "00");
    answer(&mut body);
    rig.bank_says(sent.connection, body);
    rig
}

/// As it comes from the wire.
fn decoded(message: &Message, dialect: &Arc<Dialect>) -> Message {
    let mut frame = BytesMut::new();
    message.encode(&mut frame).unwrap();
    dialect.decode(frame.freeze()).unwrap()
}

fn code(code: &'static str) -> impl FnOnce(&mut Message) {
    move |answer| answer.set(39, code.as_bytes()).unwrap()
}

#[test]
fn a_decline_is_never_told_with_an_approving_code() {
    let mut narrow = rules(1);
    narrow.banks[0].approving = vec!["00".parse().unwrap()];
    let mut rig = answered(narrow, purchase("000001"), code("08"));
    assert_eq!((rig.outcome(), rig.take_code().as_str()), (OutcomeKind::Declined, "05"));
    let mut mapped = rules(1);
    mapped.banks[0].codes_in.insert("51".parse().unwrap(), "00".parse().unwrap());
    let mut rig = answered(mapped, purchase("000001"), code("51"));
    assert_eq!((rig.outcome(), rig.take_code().as_str()), (OutcomeKind::Declined, "51"));
}

#[test]
fn an_approval_is_never_told_with_a_declining_code() {
    let mut mapped = rules(1);
    mapped.banks[0].codes_in.insert("08".parse().unwrap(), "05".parse().unwrap());
    let mut rig = answered(mapped, purchase("000001"), code("08"));
    assert_eq!((rig.outcome(), rig.take_code().as_str()), (OutcomeKind::Approved, "08"));
}

#[test]
fn a_partial_approval_without_its_amount_is_not_taken() {
    let mut rig = answered(rules(1), purchase("000001"), |answer| {
        answer.set(39, b"10").unwrap();
        answer.remove(4);
    });
    assert!(rig.answers.is_empty());
    assert!(matches!(rig.notes[..], [Note::Unusable { field: 4, .. }]));
    rig.pass(Duration::from_secs(11));
    assert_eq!(rig.outcome(), OutcomeKind::TimedOut);
}

#[test]
fn an_answer_in_another_currency_is_not_taken() {
    let rig = answered(rules(1), purchase("000001"), |answer| answer.set(49, b"978").unwrap());
    assert!(rig.answers.is_empty());
    assert!(matches!(rig.notes[..], [Note::Unusable { field: 49, .. }]));
}

/// The plain dialect with this changed.
pub(super) fn with(overlay: &str) -> Arc<Dialect> {
    Dialect::parse("overlay", &format!("extends = \"iso87-ascii\"\nname = \"overlay\"\n{overlay}")).unwrap()
}

/// The rules of the rig with another dialect for its bank and another for its first acquirer.
pub(super) fn between(acquirer: Arc<Dialect>, bank: Arc<Dialect>) -> Rules {
    let Rules { mut acquirers, mut banks, routes, .. } = rules(1);
    (acquirers[0].dialect, banks[0].dialect) = (acquirer, bank);
    Rules::new(acquirers, banks, routes)
}

#[test]
fn a_partial_amount_is_told_even_if_the_rest_cannot_be_translated() {
    let acquirer = with("[mandatory]\n0210 = [44]");
    let mut rules = between(acquirer, with("[fields]\n44 = { format = \"ans..99\" }"));
    rules.acquirers[0].partial_approvals = true;
    let rig = answered(rules, purchase("000001"), |answer| {
        answer.set(39, b"10").unwrap();
        answer.set(4, b"000000000500").unwrap();
        answer.set(44, &[b'x'; 40]).unwrap();
    });
    assert_eq!(rig.answers[0].1.number(4), Some(500));
    let partial = |record: &Record| {
        matches!(record, Record::Outcome { outcome: Outcome::Approved { partial: Some(500), .. }, .. })
    };
    assert!(rig.records.iter().any(partial));
}

#[test]
fn an_answer_with_a_card_number_longer_than_any_is_not_taken() {
    let longer = with("[fields]\n2 = { format = \"n..24\" }");
    let rig = answered(between(dialect(), longer), purchase("000001"), |answer| {
        answer.set(2, b"411111111111111100000000").unwrap();
    });
    assert!(rig.answers.is_empty());
    assert!(matches!(rig.notes[..], [Note::Unusable { field: 2, .. }]));
}

#[test]
fn rules_with_another_dialect_or_key_do_not_replace_these() {
    let mut rig = Rig::up(rules(1));
    rig.input(Input::Rules(Arc::new(between(dialect(), with("[fields]\n44 = { format = \"ans..99\" }")))));
    assert!(matches!(rig.notes[..], [Note::RulesRefused { .. }]));
    let mut otherwise = rules(1);
    otherwise.acquirers[0].duplicate_rrn = true;
    rig.input(Input::Rules(Arc::new(otherwise)));
    assert!(matches!(rig.notes[..], [_, Note::RulesRefused { .. }]), "a resend would not find the first any more");
    rig.input(Input::Rules(Arc::new(between(dialect(), with("")))));
    assert!(matches!(rig.notes[..], [.., Note::RulesApplied]), "the same under another name");
    rig.request(purchase("000001"));
    let sent = rig.take_sent();
    rig.bank_says(sent.connection, reply(&sent.message, "00"));
    assert_eq!(rig.take_code(), "00");
}

#[test]
fn answers_by_another_connection_count_for_the_one_that_sent() {
    let mut two = rules(1);
    two.banks[0].connections = 2;
    two.banks[0].breaker = 2;
    let mut rig = Rig::up(two);
    rig.bank_signs_off(1);
    for round in 0..3 {
        rig.request(purchase(&format!("{:06}", 2 * round + 1)));
        let sent = rig.take_sent();
        assert_eq!(sent.connection.slot, 0);
        rig.bank_says(super::rig::connection(0, 1), reply(&sent.message, "00"));
        rig.request(purchase(&format!("{:06}", 2 * round + 2)));
        rig.take_sent();
        rig.pass(Duration::from_millis(10_005));
        let reversal = rig.take_type("0420");
        rig.bank_says(super::rig::connection(0, 1), reply(&reversal.message, "00"));
        assert_eq!(rig.link(0, 0), LinkState::Up, "no two time-outs in a row");
    }
}
