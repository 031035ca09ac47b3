//! What the tests share: hex, and a valid message with every common kind of field.

use banklink_protocol::{Dialect, Message};
use std::sync::Arc;

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02X}")).collect()
}

pub(crate) fn unhex(text: &str) -> Vec<u8> {
    let digit = |at: usize| u8::from_str_radix(&text[at..at + 2], 16).unwrap();
    (0..text.len()).step_by(2).map(digit).collect()
}

/// A purchase with 20 fields, on both bitmaps.
pub(crate) fn purchase(dialect: &Arc<Dialect>) -> Message {
    let class = if dialect.name().starts_with("iso93") { "1200" } else { "0200" };
    let mut message = Message::new(dialect, class.parse().unwrap());
    let time: &[u8] = if class == "1200" { b"261123072500" } else { b"072500" };
    let fields: [(u8, &[u8]); 20] = [
        (2, b"4761739001010119"),
        (3, b"000000"),
        (4, b"000000012345"),
        (7, b"1123072500"),
        (11, b"000123"),
        (12, time),
        (14, b"2912"),
        (18, b"5999"),
        (32, b"12345678901"),
        (35, b"4761739001010119=29122011143804400"),
        (37, b"632707000123"),
        (41, b"TERM0001"),
        (42, b"MERCHANT0000001"),
        (43, b"BENCHMARK STORES          LONDON      GB"),
        (49, b"826"),
        (52, b"\x12\x34\x56\x78\x90\xAB\xCD\xEF"),
        (55, b"\x9F\x26\x08\x11\x22\x33\x44\x55\x66\x77\x88\x9F\x27\x01\x80"),
        (70, b"301"),
        (97, b"D0000000000000100"),
        (102, b"ACCOUNT-1"),
    ];
    for (field, value) in fields {
        message.set(field, value).unwrap();
    }
    message
}
