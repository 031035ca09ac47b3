//! What a bank is sent: the acquirer's payment whole, or nothing.

use super::{
    rig::{CARD, Rig, dialect, message, purchase, reply, rules},
    verdicts::{between, with},
};
use crate::switch::NotSent;
use banklink_protocol::{Message, element::ResponseCode};
use std::time::Duration;

fn code(text: &str) -> ResponseCode {
    text.parse().unwrap()
}

fn field(field: u8, value: &[u8]) -> Message {
    let mut request = purchase("000001");
    request.set(field, value).unwrap();
    request
}

#[test]
fn a_pin_or_a_second_account_is_not_left_behind() {
    let cases: [(u8, &[u8]); 3] = [(52, &[1, 2, 3, 4, 5, 6, 7, 8]), (103, b"DE0012345"), (100, b"12345")];
    for (number, value) in cases {
        let mut rig = Rig::up(between(dialect(), with(&format!("[fields]\n{number} = false"))));
        rig.request(field(number, value));
        assert!(rig.sent.is_empty(), "DE{number}");
        let answer = rig.take_answer();
        assert_eq!(answer.text(39).as_deref(), Some("30"));
        assert_eq!(answer.text(44), Some(format!("{number:03}")));
    }
    let mut rig = Rig::up(between(dialect(), with("[fields]\n43 = false")));
    rig.request(field(43, &[b'x'; 40]));
    assert!(!rig.take_sent().message.has(43), "the optional rest is dropped");
}

#[test]
fn a_card_is_named_once_at_least() {
    let track = b"4111111111111111=29121010000012345678";
    for (dropped, stays) in [(2, 35), (35, 2)] {
        let mut rig = Rig::up(between(dialect(), with(&format!("[fields]\n{dropped} = false"))));
        rig.request(field(35, track));
        assert!(rig.take_sent().message.has(stays));
    }
    let mut rig = Rig::up(between(dialect(), with("[fields]\n2 = false")));
    rig.request(purchase("000001"));
    assert!(rig.sent.is_empty());
    assert_eq!(rig.take_code(), "30");
}

#[test]
fn a_track_of_another_card_is_refused() {
    for (track, goes) in [
        (&b"4111111111111111=29121010000012345678"[..], true),
        (b";4111111111111111=2912101000001234?", true),
        (b"4111111111111111D29121010000012345678", true),
        (b"5500000000000004=29121010000012345678", false),
        (b"41111111111111111=2912101000012345678", false),
        (b"411111111111111=29121010000012345678", false),
    ] {
        let mut rig = Rig::up(rules(1));
        rig.request(field(35, track));
        assert_eq!(rig.sent.len(), usize::from(goes), "{}", track.escape_ascii());
        if !goes {
            assert_eq!(rig.take_code(), "14");
        }
    }
}

#[test]
fn codes_of_advices_and_reversals_are_mapped_into_the_banks() {
    let mut mapped = rules(1);
    mapped.banks[0].connections = 2;
    mapped.banks[0].store.spacing = Duration::from_secs(1);
    mapped.banks[0].codes_out.insert(code("68"), code("21"));
    mapped.banks[0].codes_out.insert(code("21"), code("22"));
    let mut rig = Rig::up(mapped);
    let mut advice = field(39, b"68");
    advice.set_mti("0220".parse().unwrap());
    rig.request(advice);
    let sent = rig.take_sent();
    assert_eq!(sent.message.text(39).as_deref(), Some("21"));
    rig.not_sent(sent, NotSent::ConnectionDown);
    rig.pass(Duration::from_millis(1_005));
    let again = rig.take_sent();
    assert_eq!(again.message.text(39).as_deref(), Some("21"), "once, also the next time");
    assert_eq!(again.message.mti().to_string(), "0220", "what did not leave is not repeated");
}

#[test]
fn an_acquirer_that_sent_no_transmission_time_gets_none_of_ours() {
    let mut rig = Rig::up(rules(1));
    let mut request = purchase("000001");
    request.remove(7);
    rig.request(request);
    let sent = rig.take_sent();
    rig.bank_says(sent.connection, reply(&sent.message, "00"));
    assert!(!rig.take_answer().has(7));
}

#[test]
fn a_payment_without_anything_optional_goes_through() {
    let mut rig = Rig::up(rules(1));
    rig.request(message("0200", &[(2, CARD), (3, "000000"), (4, "1"), (11, "000000")]));
    let sent = rig.take_sent();
    rig.bank_says(sent.connection, reply(&sent.message, "00"));
    let answer = rig.take_answer();
    assert_eq!((answer.text(11).as_deref(), answer.text(39).as_deref()), (Some("000000"), Some("00")));
}
