//! Messages carried from dialect to dialect of one edition.

use crate::samples::purchase;
use banklink_protocol::{Dialect, FieldSet, Message, Translation, error::Reason};
use bytes::{Bytes, BytesMut};
use std::sync::Arc;

fn bytes(message: &Message) -> Bytes {
    let mut out = BytesMut::new();
    message.encode(&mut out).unwrap();
    out.freeze()
}

fn overlay(text: &str) -> Arc<Dialect> {
    Dialect::parse("target", &format!("extends = \"iso87-ascii\"\nname = \"target\"\n{text}")).unwrap()
}

#[test]
fn every_pair_of_one_edition_carries_all_fields_there_and_back() {
    let names = ["iso87-ascii", "iso87-ascii-bin", "iso87-bcd", "iso87-ebcdic"];
    for one in names {
        for other in names {
            let (from, to) = (Dialect::named(one).unwrap(), Dialect::named(other).unwrap());
            let frame = bytes(&purchase(&from));
            let there = Translation::new(&from, &to).apply(from.decode(frame.clone()).unwrap(), 0).unwrap();
            assert!(there.dropped.is_empty(), "{one} to {other}: {:?}", there.dropped);
            assert_eq!(bytes(&there.message), bytes(&purchase(&to)), "{one} to {other}");
            let arrived = to.decode(bytes(&there.message)).unwrap();
            let back = Translation::new(&to, &from).apply(arrived, 0).unwrap();
            assert_eq!(bytes(&back.message), frame, "{one} to {other} and back");
        }
    }
}

#[test]
fn the_same_dialect_leaves_the_message_untouched() {
    let dialect = Dialect::named("iso87-bcd").unwrap();
    let twin = Dialect::named("iso87-bcd").unwrap();
    let frame = bytes(&purchase(&dialect));
    let translated = Translation::new(&dialect, &twin).apply(dialect.decode(frame.clone()).unwrap(), 0).unwrap();
    assert_eq!(translated.message.wire(43).unwrap().as_ptr(), {
        let at = frame.windows(9).position(|window| window == b"BENCHMARK").unwrap();
        frame[at..].as_ptr()
    });
    assert!(Arc::ptr_eq(translated.message.dialect(), &twin));
}

#[test]
fn what_does_not_fit_is_dropped_or_refused() {
    let from = Dialect::named("iso87-ascii").unwrap();
    let narrow = "[fields]\n43 = { format = \"ans25\" }\n70 = false\n52 = { encoding = \"hex\" }\n";
    let translated = Translation::new(&from, &overlay(narrow)).apply(purchase(&from), 0).unwrap();
    assert_eq!(translated.dropped, [43, 70].into_iter().collect::<FieldSet>());
    assert_eq!(translated.message.wire(52), Some(&b"1234567890ABCDEF"[..]));
    let strict = format!("{narrow}[mandatory]\n\"02xx\" = [43]\n");
    let error = Translation::new(&from, &overlay(&strict)).apply(purchase(&from), 0).unwrap_err();
    assert_eq!((error.field, error.reason), (43, Reason::TooLong { max: 25, had: 40 }));
}

#[test]
fn an_inside_goes_over_by_key() {
    let by_place = overlay(
        "[fields.48]\nformat = \"ans...999\"\ninside = \"positional\"\n[fields.48.elements]\n1 = { format = \"an2\" }\n2 = { format = \"n4\" }\n",
    );
    let by_tag = overlay(
        "[fields.48]\nformat = \"ans...999\"\ninside = \"tlv\"\ntag = { format = \"n1\" }\nlength = { digits = 2 }\n[fields.48.elements]\n1 = { format = \"an2\" }\n2 = { format = \"n4\" }\n",
    );
    let mut message = Message::new(&by_place, "0200".parse().unwrap());
    message.set(48, b"AB0012").unwrap();
    let translated = Translation::new(&by_place, &by_tag).apply(message, 0).unwrap();
    assert_eq!(translated.message.text(48).as_deref(), Some("102AB2040012"));
    let back = Translation::new(&by_tag, &by_place).apply(translated.message, 0).unwrap();
    assert_eq!(back.message.text(48).as_deref(), Some("AB0012"));
    let mut message = Message::new(&by_tag, "0200".parse().unwrap());
    message.set(48, b"904ABCD").unwrap();
    let translated = Translation::new(&by_tag, &by_place).apply(message, 0).unwrap();
    assert_eq!(translated.dropped, [48].into_iter().collect::<FieldSet>());
}
