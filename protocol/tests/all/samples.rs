//! What the tests share: hex, and a valid message with every common kind of field.

use banklink_protocol::{Dialect, Message, dialect::Version};
use std::sync::Arc;

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02X}")).collect()
}

pub(crate) fn unhex(text: &str) -> Vec<u8> {
    let digit = |at: usize| u8::from_str_radix(&text[at..at + 2], 16).unwrap();
    (0..text.len()).step_by(2).map(digit).collect()
}

/// A purchase of every edition, with up to 20 fields of those that the dialect defines, on both bitmaps where it has two.
pub(crate) fn purchase(dialect: &Arc<Dialect>) -> Message {
    let (class, fields) = match dialect.version() {
        Version::V1987 => ("0200", edition87()),
        Version::V1993 => ("1200", edition93()),
        Version::V2003 => ("2200", edition03()),
    };
    let mut message = Message::new(dialect, class.parse().unwrap());
    for (field, value) in fields.into_iter().filter(|(field, _)| dialect.defines(*field)) {
        let value = if field == 55 { chip_data(dialect, value) } else { value.to_vec() };
        message.set(field, &value).unwrap();
    }
    message
}

/// Chip data as DE55 of the dialect has them: Visa's are dataset 01 of a few that there may be.
pub(crate) fn chip_data(dialect: &Dialect, tags: &[u8]) -> Vec<u8> {
    if dialect.name() == "visa-base1" {
        [&[1, 0, u8::try_from(tags.len()).unwrap()], tags].concat()
    } else {
        tags.to_vec()
    }
}

/// Bytes of the MTI.
pub(crate) fn mti_width(dialect: &Dialect) -> usize {
    if dialect.head_layout().starts_with("MTI bcd") { 2 } else { 4 }
}

type Fields = Vec<(u8, &'static [u8])>;

fn edition87() -> Fields {
    vec![
        (2, b"4761739001010119"),
        (3, b"000000"),
        (4, b"000000012345"),
        (7, b"1123072500"),
        (11, b"000123"),
        (12, b"072500"),
        (14, b"2912"),
        (18, b"5999"),
        (32, b"123456"),
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
    ]
}

fn edition93() -> Fields {
    let changed: Fields = vec![(12, b"261123072500")];
    laid_over(edition87(), changed)
}

fn edition03() -> Fields {
    let changed: Fields = vec![
        (4, b"8262000000012345"),
        (11, b"000000000123"),
        (12, b"20261123072500"),
        (18, b"2100404"),
        // One dataset of three bytes.
        (43, b"\x71\x00\x03abc"),
        (49, b"\x01\x00\x02\x31\x32"),
        (70, b"000000000000000301"),
        (97, b"D82620000000000000100"),
    ];
    laid_over(edition87(), changed)
}

fn laid_over(mut fields: Fields, changed: Fields) -> Fields {
    for (field, value) in &mut fields {
        if let Some((_, other)) = changed.iter().find(|(other, _)| other == field) {
            *value = other;
        }
    }
    fields
}
