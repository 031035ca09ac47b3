//! What speaks of an earlier payment: reversals, completions, repeats. It must find that payment and no other, and name it
//! as the bank knows it.

use super::rig::{CARD, Rig, Sent, purchase, reply, rules};
use crate::rules::RrnPolicy;
use banklink_protocol::Message;
use std::time::Duration;

/// Another message of the payment that `purchase("000001")` made: its RRN, a trace number of its own.
fn follower(mti: &str, original: Option<&str>) -> Message {
    let mut message = purchase("000001");
    message.set(11, b"000002").unwrap();
    message.set_mti(mti.parse().unwrap());
    if let Some(original) = original {
        message.set(90, original.as_bytes()).unwrap();
    }
    message
}

fn original(stan: &str) -> String {
    format!("0200{stan}11230318460000001234500000000000")
}

/// A payment that its bank approved, as it was sent there.
fn approved(rig: &mut Rig, request: Message) -> Sent {
    rig.request(request);
    let sent = rig.take_sent();
    rig.bank_says(sent.connection, reply(&sent.message, "00"));
    rig.answers.clear();
    rig.forget();
    sent
}

/// DE90 by which the bank knows what it was sent.
fn known_by(sent: &Sent) -> String {
    format!("0200{}{}0000001234500000000000", sent.message.text(11).unwrap(), sent.message.text(7).unwrap())
}

#[test]
fn a_reversal_that_names_its_original_by_the_rrn_carries_original_data() {
    let mut rig = Rig::up(rules(1));
    let sent = approved(&mut rig, purchase("000001"));
    for (stan, left) in [("000002", Some("000000000500")), ("000003", None)] {
        let mut reversal = follower("0400", None);
        reversal.set(11, stan.as_bytes()).unwrap();
        if let Some(left) = left {
            reversal.set(95, format!("{left:0<42}").as_bytes()).unwrap();
        }
        rig.request(reversal);
        let again = rig.take_sent();
        assert_eq!(again.message.text(90), Some(known_by(&sent)), "the payment's, not the first reversal's");
        rig.bank_says(again.connection, reply(&again.message, "00"));
        assert!(!rig.take_answer().has(90), "what it did not send, it does not get back");
    }
}

#[test]
fn a_reversal_under_the_trace_of_its_original_is_not_taken_for_it() {
    for terminal_time in ["031846", "031900"] {
        let mut rig = Rig::up(rules(1));
        let sent = approved(&mut rig, purchase("000001"));
        let mut reversal = follower("0400", Some(&original("000001")));
        reversal.set(11, b"000001").unwrap();
        reversal.set(12, terminal_time.as_bytes()).unwrap();
        rig.request(reversal);
        let again = rig.take_sent();
        assert_eq!(again.message.text(90), Some(known_by(&sent)));
        assert_eq!(rig.take_code(), "00");
    }
}

#[test]
fn terminals_that_count_alike_in_the_same_second_are_told_apart() {
    for first in ["TERM0001", "TERM0002"] {
        let mut rig = Rig::up(rules(1));
        let mut sent = Vec::new();
        for terminal in [first, if first == "TERM0001" { "TERM0002" } else { "TERM0001" }] {
            let mut request = purchase("000001");
            request.set(41, terminal.as_bytes()).unwrap();
            sent.push(approved(&mut rig, request));
        }
        rig.request(follower("0400", Some(&original("000001"))));
        let mine = sent.iter().find(|sent| sent.message.text(41).as_deref() == Some("TERM0001")).unwrap();
        assert_eq!(rig.take_sent().message.text(90), Some(known_by(mine)));
    }
}

#[test]
fn a_reversal_of_another_card_finds_no_original() {
    for original in [None, Some(original("000001"))] {
        let mut rig = Rig::up(rules(1));
        approved(&mut rig, purchase("000001"));
        let mut reversal = follower("0400", original.as_deref());
        reversal.set(2, b"5500000000000004").unwrap();
        rig.request(reversal);
        assert!(rig.sent.is_empty());
        assert_eq!(rig.take_code(), "25");
    }
}

#[test]
fn an_rrn_of_zeros_names_nothing() {
    let mut rig = Rig::up(rules(1));
    let mut request = purchase("000001");
    request.set(37, b"000000000000").unwrap();
    approved(&mut rig, request);
    let mut reversal = follower("0400", None);
    reversal.set(37, b"000000000000").unwrap();
    rig.request(reversal);
    assert_eq!(rig.take_code(), "25");
}

#[test]
fn what_follows_keeps_the_rrn_that_we_assigned() {
    let mut assigned = rules(1);
    assigned.acquirers[0].rrn = RrnPolicy::Assigned;
    assigned.banks[0].link.echo_idle = Duration::ZERO;
    let mut rig = Rig::up(assigned);
    let sent = approved(&mut rig, purchase("000001"));
    rig.pass(Duration::from_secs(3_700));
    for (mti, name) in [("0400", Some(original("000001"))), ("0220", None)] {
        rig.request(follower(mti, name.as_deref()));
        let again = rig.sent.pop().unwrap();
        assert_eq!(again.message.text(37), sent.message.text(37), "{mti}");
        rig.bank_says(again.connection, reply(&again.message, "00"));
        assert_eq!(rig.take_answer().text(37).as_deref(), Some("632703000001"), "{mti}");
    }
}

#[test]
fn a_completion_speaks_the_banks_terms_and_gets_its_own_back() {
    let mut rig = Rig::up(rules(1));
    let sent = approved(&mut rig, purchase("000001"));
    rig.request(follower("0220", Some(&original("000001"))));
    let again = rig.take_sent();
    assert_eq!(again.message.text(90), Some(known_by(&sent)));
    let answer = rig.take_answer();
    assert_eq!((answer.text(39).as_deref(), answer.text(90)), (Some("00"), Some(original("000001"))));
    rig.bank_says(again.connection, reply(&again.message, "00"));
    assert!(rig.answers.is_empty() && rig.switch.stored().is_empty(), "answered once, and the bank has it");
}

#[test]
fn original_data_that_no_bank_knows_do_not_reach_one() {
    let mut rig = Rig::up(rules(1));
    rig.request(follower("0220", Some(&original("000009"))));
    assert!(!rig.take_sent().message.has(90), "another payment's numbers there, perhaps");
}

#[test]
fn a_resend_after_the_time_out_is_told_the_same_and_the_acquirers_reversal_finds_ours() {
    let mut late = rules(1);
    late.acquirers[0].timeout_code = "68".parse().unwrap();
    late.banks[0].breaker = 0;
    late.banks[0].link.echo_idle = Duration::ZERO;
    let mut rig = Rig::up(late);
    rig.request(purchase("000001"));
    let sent = rig.take_sent();
    rig.pass(Duration::from_millis(10_005));
    assert_eq!(rig.take_code(), "68");
    let ours = rig.take_sent();
    assert_eq!(ours.message.text(90), Some(known_by(&sent)));
    let mut repeat = purchase("000001");
    repeat.set_mti("0201".parse().unwrap());
    rig.request(repeat);
    assert_eq!(rig.take_code(), "68", "unknown it was and unknown it is");
    for mti in ["0400", "0401", "0420"] {
        rig.request(follower(mti, Some(&original("000001"))));
        assert_eq!(rig.take_code(), "00", "{mti}");
    }
    assert!(rig.sent.is_empty(), "one reversal is enough");
    rig.pass(Duration::from_millis(11_005));
    let again = rig.take_sent();
    assert_eq!((again.message.mti().to_string().as_str(), again.message.text(90)), ("0421", Some(known_by(&sent))));
    assert_eq!(sent.message.text(2).as_deref(), Some(CARD));
}
