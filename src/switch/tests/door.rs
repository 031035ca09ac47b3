//! What is refused at the door, and what is never answered.

use super::rig::{POS, Rig, message, purchase, rules};
use crate::switch::{AcquirerId, Ignored, Input, Note, OutcomeKind, Refusal};
use banklink_protocol::Message;

fn with(field: u8, value: &str) -> Message {
    let mut request = purchase("000001");
    request.set(field, value.as_bytes()).unwrap();
    request
}

fn without(field: u8) -> Message {
    let mut request = purchase("000001");
    request.remove(field);
    request
}

#[test]
fn each_fault_has_its_code() {
    let cases = [
        (with(2, "4111111111111112"), "14", None, "a wrong check digit"),
        (with(2, "4111111"), "14", None, "a short card number"),
        (without(4), "13", None, "no amount"),
        (without(3), "30", Some("003"), "no processing code"),
        (without(11), "30", Some("011"), "no STAN"),
        (message("0300", &[(11, "000001")]), "12", None, "a file action"),
    ];
    for (request, code, field, why) in cases {
        let mut rig = Rig::up(rules(1));
        rig.request(request);
        let answer = rig.take_answer();
        assert_eq!(answer.text(39).as_deref(), Some(code), "{why}");
        assert_eq!(answer.text(44).as_deref(), field, "{why}");
        assert!(rig.sent.is_empty() && rig.records.is_empty(), "{why}");
    }
}

#[test]
fn more_a_second_than_agreed_are_refused_and_inquiries_are_counted_apart() {
    let mut rules = rules(1);
    (rules.acquirers[0].rate, rules.acquirers[0].inquiry_rate) = (2, 1);
    let mut rig = Rig::up(rules);
    for (stan, refused) in [("000001", false), ("000002", false), ("000003", true)] {
        rig.request(purchase(stan));
        assert_eq!(rig.answers.pop().is_some(), refused, "{stan}");
    }
    assert_eq!(rig.outcome(), OutcomeKind::Refused(Refusal::TooMany));
    let mut inquiry = purchase("000004");
    inquiry.set(3, b"310000").unwrap();
    rig.request(inquiry.clone());
    assert!(rig.answers.is_empty(), "they have their own");
    inquiry.set(11, b"000005").unwrap();
    rig.request(inquiry);
    assert_eq!(rig.take_code(), "91");
    rig.request(super::rig::follower("0400", "000006"));
    let told: Vec<_> = rig.answers.drain(..).filter_map(|(_, answer)| answer.text(39)).collect();
    assert_eq!(told.last().map(String::as_str), Some("00"), "a reversal is always taken: {told:?}");
    rig.pass(std::time::Duration::from_millis(500));
    rig.request(purchase("000007"));
    assert!(rig.answers.is_empty(), "half a second later there is room for one");
}

#[test]
fn a_refusal_never_carries_track_or_pin() {
    let mut rig = Rig::up(rules(1));
    let mut request = with(35, "4111111111111112=29121010000012345678");
    request.set(52, &[1, 2, 3, 4, 5, 6, 7, 8]).unwrap();
    request.remove(2);
    rig.request(request);
    let answer = rig.take_answer();
    assert_eq!(answer.text(39).as_deref(), Some("14"));
    assert_eq!(answer.fields().collect::<Vec<_>>(), [3, 4, 7, 11, 12, 13, 32, 37, 39, 41, 42, 49]);
}

#[test]
fn the_card_number_may_come_in_track_2() {
    let mut rig = Rig::up(rules(1));
    let mut request = with(35, "4111111111111111=29121010000012345678");
    request.remove(2);
    rig.request(request);
    assert!(rig.take_sent().message.has(35));
}

#[test]
fn an_answer_is_never_answered() {
    let mut rig = Rig::up(rules(1));
    rig.request(message("0210", &[(11, "000001"), (39, "00")]));
    assert!(rig.answers.is_empty());
    assert!(matches!(rig.notes[..], [Note::Ignored { acquirer: POS, why: Ignored::NotARequest }]));
}

#[test]
fn an_acquirers_sign_on_and_echo_are_answered_here() {
    let mut rig = Rig::up(rules(1));
    for (function, code) in [("001", "00"), ("301", "00"), ("101", "12")] {
        rig.request(message("0800", &[(7, "1123031846"), (11, "000003"), (70, function)]));
        let answer = rig.take_answer();
        assert_eq!(answer.mti().to_string(), "0810");
        assert_eq!(answer.text(39).as_deref(), Some(code));
        assert_eq!((answer.text(70).as_deref(), answer.text(11).as_deref()), (Some(function), Some("000003")));
    }
    assert!(rig.sent.is_empty());
}

#[test]
fn what_does_not_decode_is_answered_30_with_the_field() {
    let mut rig = Rig::up(rules(1));
    let mut bytes = bytes::BytesMut::new();
    purchase("000001").encode(&mut bytes).unwrap();
    // The last three bytes are DE49: cut one off.
    bytes.truncate(bytes.len() - 1);
    let error = super::rig::dialect().decode(bytes.freeze()).unwrap_err();
    let origin = rig.origin(1);
    rig.input(Input::Unreadable { origin, error });
    let answer = rig.take_answer();
    assert_eq!((answer.text(39).as_deref(), answer.text(44).as_deref()), (Some("30"), Some("049")));
    assert_eq!(answer.text(11).as_deref(), Some("000001"));
}

#[test]
fn case_54_full_is_an_answer_and_never_a_wait() {
    let mut small = rules(1);
    small.acquirers[0].max_in_flight = 2;
    small.acquirers[0].full_code = "96".parse().unwrap();
    small.banks[0].max_in_flight = 3;
    let mut rig = Rig::up(small);
    for stan in ["000001", "000002", "000003"] {
        rig.request(purchase(stan));
    }
    assert_eq!(rig.take_code(), "96");
    assert_eq!(rig.outcome(), OutcomeKind::Refused(Refusal::Full));
    for stan in ["000004", "000005"] {
        let origin = rig.origin_of(AcquirerId(1), 2);
        rig.input(Input::Request { origin, message: purchase(stan).into() });
    }
    assert_eq!(rig.take_code(), "91", "the bank takes three");
    assert_eq!(rig.sent.len(), 3);
}
