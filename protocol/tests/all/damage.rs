//! Damaged messages: what is wrong is said by field, offset, wanted and had, never by the bytes.

use crate::samples::{chip_data, hex, mti_width, purchase};
use banklink_protocol::{DecodeError, Dialect, Message, error::Reason};
use bytes::{Bytes, BytesMut};
use std::sync::Arc;

fn bytes(message: &Message) -> Vec<u8> {
    let mut out = BytesMut::new();
    message.encode(&mut out).unwrap();
    out.to_vec()
}

fn refused(dialect: &Arc<Dialect>, bytes: &[u8]) -> DecodeError {
    dialect.decode(Bytes::copy_from_slice(bytes)).expect_err("must be refused")
}

#[test]
fn a_message_cut_at_any_byte_is_short_there() {
    for name in Dialect::shipped() {
        let dialect = Dialect::named(name).unwrap();
        let whole = bytes(&purchase(&dialect));
        for cut in 0..whole.len() {
            let error = refused(&dialect, &whole[..cut]);
            let Reason::Short { wanted, had } = error.reason else { panic!("{name} cut at {cut}: {error}") };
            assert!(wanted > had && error.offset + had == cut, "{name} cut at {cut}: {error}");
            assert!(error.field.is_some());
            assert_eq!(error.partial.is_some(), cut >= mti_width(&dialect));
        }
    }
}

#[test]
fn trailing_bytes_are_counted() {
    for name in Dialect::shipped() {
        let dialect = Dialect::named(name).unwrap();
        let mut whole = bytes(&purchase(&dialect));
        let end = whole.len();
        whole.extend(b"xyz");
        let error = refused(&dialect, &whole);
        assert_eq!((error.field, error.offset, error.reason), (None, end, Reason::Trailing { bytes: 3 }), "{name}");
        // All fields were decoded, so the request can be answered.
        assert_eq!(error.partial.unwrap().number(11), Some(123));
    }
}

/// One mistake in an ASCII message, and what must be said about it.
#[test]
fn each_mistake_is_named() {
    let dialect = Dialect::named("iso87-ascii").unwrap();
    let cases: [(&str, &str); 12] = [
        ("02O0", "MTI at byte 0: wanted four digits, had something else"),
        ("020070000000000000Z0", "bitmap at byte 4: the bitmap is not in the dialect's encoding"),
        ("02004000000000000000+6000000", "DE2 at byte 20: the length is not a number in its encoding"),
        ("02004000000000000000-1", "DE2 at byte 20: the length is not a number in its encoding"),
        ("02004000000000000000 6000000", "DE2 at byte 20: the length is not a number in its encoding"),
        ("0200400000000000000020", "DE2 at byte 20: wanted a length of at most 19, had 20"),
        ("0200400000000000000002", "DE2 at byte 22: wanted 2 more bytes, had 0"),
        ("020020000000000000001234A6", "DE3 at byte 24: wanted characters of class n, had another at position 5"),
        ("02000000000000001000\u{7}2345678rest", "message at byte 28: wanted the end of the message, had 4 more bytes"),
        ("02008000000000000000800000000000000000", "DE65 at byte 36: the dialect does not define this field"),
        (
            "0200000000000800000012345é789012",
            "DE37 at byte 25: wanted characters of class an, had another at position 6",
        ),
        ("02000000001000000000X00000100", "DE28 at byte 20: wanted characters of class x+n, had another at position 1"),
    ];
    for (text, wanted) in cases {
        assert_eq!(refused(&dialect, text.as_bytes()).to_string(), wanted);
    }
}

#[test]
fn packed_fields_are_checked_nibble_by_nibble() {
    let dialect = Dialect::named("iso87-bcd").unwrap();
    // DE22, n3: a spare nibble of zero stands in front.
    assert!(dialect.decode(Bytes::from_static(b"\x02\x00\0\0\x04\0\0\0\0\0\x00\x51")).is_ok());
    let error = refused(&dialect, b"\x02\x00\0\0\x04\0\0\0\0\0\x10\x51");
    assert_eq!((error.field, error.offset, error.reason), (Some(22), 10, Reason::BadPadding));
    let error = refused(&dialect, b"\x02\x00\0\0\x04\0\0\0\0\0\x00\x5C");
    assert_eq!(error.reason, Reason::BadCharacter { class: "n", position: 2 });
    assert_eq!(error.offset, 11);
}

#[test]
fn a_bad_inside_is_placed_in_the_message() {
    let dialect = Dialect::named("iso87-ascii").unwrap();
    let mut text = b"02000000000000000200009".to_vec();
    text.extend(b"\x9F\x27\x01\x80\x9F\x26\x08\x11\x22");
    let error = refused(&dialect, &text);
    assert_eq!(error.to_string(), "DE55 at byte 30: wanted 8 more bytes, had 2");
    assert!(!hex(error.to_string().as_bytes()).contains("1122"));
}

#[test]
fn the_good_fields_are_kept_where_only_content_is_wrong() {
    for name in ["iso87-ascii", "iso87-bcd", "iso87-ebcdic"] {
        let dialect = Dialect::named(name).unwrap();
        let message = purchase(&dialect);
        let mut whole = bytes(&message);
        let amount = message.wire(4).unwrap();
        let at = whole.windows(amount.len()).position(|window| window == amount).unwrap();
        whole[at] = 0xFF;
        let error = refused(&dialect, &whole);
        assert_eq!(error.field, Some(4), "{name}");
        let partial = *error.partial.unwrap();
        let good: Vec<_> = message.fields().filter(|field| *field != 4).collect();
        assert_eq!(partial.fields().collect::<Vec<_>>(), good, "{name}");
        assert!(good.iter().all(|field| partial.wire(*field) == message.wire(*field)), "{name}");
        let again = dialect.decode(bytes(&partial).into()).unwrap();
        assert_eq!((again.number(11), again.has(4)), (Some(123), false), "{name}");
        whole.push(b'0');
        let doubtful = refused(&dialect, &whole).partial.unwrap();
        assert_eq!(doubtful.fields().collect::<Vec<_>>(), [2, 3], "{name}: with a byte too many no length is sure");
    }
}

#[test]
fn what_was_decoded_before_the_error_is_kept() {
    let dialect = Dialect::named("iso87-ascii").unwrap();
    let mut message = purchase(&dialect);
    message.remove(52);
    let mut whole = bytes(&message);
    let at = whole.windows(4).position(|window| window == b"5999").unwrap();
    whole[at] = b'x';
    whole.push(b'0');
    let error = refused(&dialect, &whole);
    assert_eq!((error.field, error.offset), (Some(18), at));
    let mut partial = *error.partial.unwrap();
    assert_eq!(partial.fields().collect::<Vec<_>>(), [2, 3, 4, 7, 11, 12, 14]);
    partial.set_mti(partial.mti().response().unwrap());
    partial.set(39, b"30").unwrap();
    let answer = dialect.decode(bytes(&partial).into()).unwrap();
    assert_eq!((answer.mti().to_string().as_str(), answer.number(11), answer.has(18)), ("0210", Some(123), false));
}

#[test]
fn nothing_secret_is_printed() {
    for name in Dialect::shipped() {
        let dialect = Dialect::named(name).unwrap();
        let mut message = purchase(&dialect);
        let chip = b"\x57\x03\x47\x61\x73\x5A\x08\x47\x61\x73\x90\x01\x01\x01\x19\xDF\x01\x02\xCA\xFE";
        message.set(55, &chip_data(&dialect, chip)).unwrap();
        let printed = format!("{message:?}");
        for secret in ["4761739001010119", "900101", "29122011", "1234567890ABCDEF", "476173=", "=2912", "CAFE"] {
            assert!(!printed.contains(secret), "{secret} in {printed}");
        }
        assert!(printed.contains("2=476173******0119") && printed.contains("000123"), "{printed}");
    }
}
