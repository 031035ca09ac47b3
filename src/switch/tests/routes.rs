//! Which bank gets it.

use super::rig::{CARD, POS, Rig, connection, purchase, reply, rules};
use crate::{
    rules::{CardRange, Route, Rules, Strategy},
    switch::{
        BankId, Input, NotSent, OutcomeKind, Refusal,
        explain::{Finding, Question, Verdict, explain},
    },
};
use banklink_protocol::element::Pan;
use std::sync::Arc;

fn cards(low: u64, high: u64) -> CardRange {
    CardRange { low, high }
}

/// 411111xxxxx to bank 0, and inside it 41111111xxx to bank 1.
fn nested() -> Rules {
    let mut rules = rules(2);
    let mut wide = Route::to("wide", &[BankId(0)]);
    wide.cards = vec![cards(41_111_100_000, 41_111_199_999)];
    let mut narrow = Route::to("narrow", &[BankId(1)]);
    narrow.cards = vec![cards(41_111_111_000, 41_111_111_999)];
    rules.routes = vec![wide, narrow];
    rules
}

fn paying_with(pan: &str) -> banklink_protocol::Message {
    let mut request = purchase(&pan[10..]);
    request.set(2, pan.as_bytes()).unwrap();
    request
}

#[test]
fn case_51_the_narrowest_range_wins_and_an_unknown_card_is_15() {
    let mut rig = Rig::up(nested());
    rig.request(paying_with(CARD));
    assert_eq!(rig.take_sent().connection, connection(1, 0));
    rig.request(paying_with("4111120000000046"));
    assert!(rig.sent.is_empty());
    assert_eq!(rig.take_code(), "15");
    let mut rig = Rig::up(nested());
    rig.request(paying_with("4111110000000022"));
    assert_eq!(rig.take_code(), "14", "a wrong check digit comes first");
    rig.request(paying_with("4111110000000021"));
    assert_eq!(rig.take_sent().connection, connection(0, 0));
}

#[test]
fn case_51_new_rules_hold_from_the_next_request_on() {
    let mut rig = Rig::up(nested());
    rig.request(purchase("000001"));
    let sent = rig.take_sent();
    let mut turned = nested();
    turned.routes[1].targets[0].bank = BankId(0);
    rig.input(Input::Rules(Arc::new(turned)));
    rig.bank_says(sent.connection, reply(&sent.message, "00"));
    assert_eq!(rig.take_code(), "00", "what is in flight ends as it began");
    rig.request(purchase("000002"));
    assert_eq!(rig.take_sent().connection, connection(0, 0));
    rig.input(Input::Rules(Arc::new(rules(3))));
    rig.request(purchase("000003"));
    assert_eq!(rig.take_sent().connection, connection(0, 0), "other banks cannot be put in while running");
}

#[test]
fn no_rule_is_92_and_no_bank_up_is_91() {
    let mut refusing = rules(1);
    refusing.routes[0].currencies = vec![978];
    let mut rig = Rig::up(refusing);
    rig.request(purchase("000001"));
    assert_eq!(rig.take_code(), "92");
    let mut rig = Rig::new(rules(1));
    rig.request(purchase("000001"));
    assert_eq!(rig.take_code(), "91");
    assert_eq!(rig.outcome(), OutcomeKind::Refused(Refusal::NoBank));
    assert!(rig.records.is_empty(), "no bank was to see it: nothing to record");
}

#[test]
fn case_52_the_secondary_gets_what_the_primary_cannot_take() {
    let mut rig = Rig::up(rules(2));
    rig.input(Input::ConnectionDown { connection: connection(0, 0) });
    rig.request(purchase("000001"));
    assert_eq!(rig.take_sent().connection, connection(1, 0));
}

#[test]
fn case_52_what_certainly_did_not_leave_is_tried_at_the_next_bank() {
    let mut rig = Rig::up(rules(2));
    rig.request(purchase("000001"));
    let first = rig.take_sent();
    assert_eq!(first.connection, connection(0, 0));
    rig.not_sent(first, NotSent::ConnectionDown);
    let second = rig.take_sent();
    assert_eq!(second.connection, connection(1, 0));
    assert!(second.message.has(14), "nothing is lost on the way");
    rig.bank_says(second.connection, reply(&second.message, "00"));
    assert_eq!(rig.take_code(), "00");
    assert_eq!(
        rig.order,
        ["received", "sent", "to bank", "not sent", "sent", "to bank", "outcome", "answer", "answered"]
    );
}

#[test]
fn what_did_not_leave_and_has_nowhere_to_go_is_91_and_may_be_sent_again() {
    let mut rig = Rig::up(rules(1));
    rig.request(purchase("000001"));
    let sent = rig.take_sent();
    rig.not_sent(sent, NotSent::Full);
    assert_eq!(rig.take_code(), "91");
    rig.request(purchase("000001"));
    assert_eq!(rig.sent.len(), 1, "no bank has it: a resend is as good as new");
}

#[test]
fn a_reversal_is_never_moved_to_another_bank() {
    let mut rig = Rig::up(rules(2));
    rig.request(purchase("000001"));
    let sent = rig.take_sent();
    rig.bank_says(sent.connection, reply(&sent.message, "00"));
    rig.answers.clear();
    rig.input(Input::ConnectionDown { connection: connection(0, 0) });
    let mut reversal = purchase("000001");
    reversal.set_mti("0400".parse().unwrap());
    rig.request(reversal);
    assert!(rig.sent.is_empty(), "its bank is away, and no other bank knows it");
    assert_eq!(rig.take_code(), "00", "it is stored");
    rig.input(Input::ConnectionUp { connection: connection(0, 0) });
    rig.sign_on("00");
    let again = rig.take_sent();
    assert_eq!((again.connection, again.message.mti().to_string().as_str()), (connection(0, 0), "0420"));
}

#[test]
fn round_robin_and_weights_share_as_they_say() {
    for (strategy, weights, shares) in [
        (Strategy::RoundRobin, [1, 1], [4, 4]),
        (Strategy::Weight, [3, 1], [6, 2]),
        (Strategy::Priority, [1, 1], [8, 0]),
    ] {
        let mut shared = rules(2);
        shared.routes[0].strategy = strategy;
        for (target, weight) in shared.routes[0].targets.iter_mut().zip(weights) {
            target.weight = weight;
        }
        let mut rig = Rig::up(shared);
        for stan in 1..=8 {
            rig.request(purchase(&format!("{stan:06}")));
        }
        let to = |bank: u16| rig.sent.iter().filter(|sent| sent.connection.bank == BankId(bank)).count();
        assert_eq!([to(0), to(1)], shares, "{strategy:?}");
    }
}

#[test]
fn explain_names_the_rule_that_fires_and_why_others_do_not() {
    let mut rules = nested();
    rules.routes[1].amount = Some((0, 1000));
    let question = Question {
        acquirer: POS,
        mti: "0200".parse().unwrap(),
        pan: Pan::parse(CARD.as_bytes()),
        processing: None,
        amount: Some(1234),
        currency: None,
        mcc: None,
        receiving: None,
        acquiring: None,
    };
    let explained = explain(&rules, &question);
    assert_eq!(explained.verdict, Verdict::Fires { route: 0, targets: vec![BankId(0)] });
    assert_eq!(explained.rules[0].finding, Finding::Unmet { condition: "amount", has: "1234".into() });
    assert!(matches!(explained.rules[1].finding, Finding::Fires(Some(_))));
    let other = Question { pan: Pan::parse(b"5500000000000004"), ..question };
    assert_eq!(explain(&rules, &other).verdict, Verdict::NoRange);
}

#[test]
fn account_payments_go_by_bank_code() {
    let mut coded = rules(2);
    coded.routes[0].institutions = vec![111];
    coded.routes[0].targets.truncate(1);
    let mut other = Route::to("by acquirer code", &[BankId(1)]);
    other.institutions = vec![12_345];
    coded.routes.push(other);
    let mut rig = Rig::up(coded);
    let mut request = purchase("000001");
    request.remove(2);
    rig.request(request.clone());
    assert_eq!(rig.take_sent().connection, connection(1, 0), "DE32 where there is no DE100");
    request.set(100, b"111").unwrap();
    request.set(11, b"000002").unwrap();
    rig.request(request);
    assert_eq!(rig.take_sent().connection, connection(0, 0));
}
