//! Records as bytes, and what else bytes can be.

use super::samples::{Dice, KINDS, essence, record};
use crate::{
    journal::{codec, format::Frame, to_json, unseal::unseal},
    record::Body,
};
use proptest::prelude::*;

proptest! {
    #[test]
    fn every_record_comes_back(kind in 0..KINDS, seed in proptest::collection::vec(any::<u64>(), 1..8)) {
        let record = record(kind, &mut Dice::new(seed));
        let mut clear = Vec::new();
        let (kind, body) = codec::encode(&record, &mut clear);
        let body = body.cloned().unwrap_or_default();
        let again = codec::decode(kind, codec::VERSION, &clear, body.clone()).expect("it is a record");
        prop_assert_eq!(essence(&again), essence(&record));
        prop_assert!(codec::decode(kind, codec::VERSION + 1, &clear, body.clone()).is_none(), "of another version");
        for length in 0..clear.len() {
            prop_assert!(codec::decode(kind, codec::VERSION, &clear[..length], body.clone()).is_none(), "cut short");
        }
        clear.push(0);
        prop_assert!(codec::decode(kind, codec::VERSION, &clear, body).is_none(), "and one byte more");
    }

    #[test]
    fn any_bytes_are_read_without_harm(kind: u8, version in 0..3u8, bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = codec::decode(codec::Kind(kind), version, &bytes, Body::default());
        let _ = codec::decode_note(codec::Kind(kind), version, &bytes);
        if let Ok(frame) = Frame::cut(&mut &bytes[..]) {
            let _ = unseal(&frame, 1, None, false);
        }
    }

    #[test]
    fn json_shows_no_card(kind in 0..KINDS, seed in proptest::collection::vec(any::<u64>(), 1..8)) {
        let shown = to_json(&record(kind, &mut Dice::new(seed)));
        prop_assert!(shown["record"].is_string());
        prop_assert!(!shown.to_string().contains(super::samples::PAN), "{}", shown);
    }
}

#[test]
fn json_of_a_send() {
    let mut dice = Dice::new(vec![3]);
    let record = super::samples::of(1, crate::record::PaymentId(5), super::samples::NOW, &mut dice);
    let crate::record::Record::Sent { payment, at, acquirer, connection, original, rrn, unanswered, .. } = record
    else {
        unreachable!("kind 1 is a send")
    };
    let body = super::samples::body(&[(2, super::samples::PAN.into()), (14, b"2912".to_vec())]);
    let record = crate::record::Record::Sent { payment, at, acquirer, connection, original, rrn, unanswered, body };
    let shown = to_json(&record);
    assert_eq!((&shown["record"], &shown["payment"]), (&"sent".into(), &5.into()));
    assert_eq!(shown["at"], "2026-11-23T03:18:46Z");
    assert_eq!(shown["body"].to_string(), r#"{"2":"492912******1234","14":4}"#);
}
