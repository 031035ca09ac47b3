//! The messages of `tests/vectors/dialects.toml`, and what else is particular about a shipped dialect.

use crate::samples::{hex, unhex};
use banklink_protocol::{
    Dialect, Message,
    describe::{self, Element, Value},
    frame::{Framing, HeaderKind},
};
use bytes::{Bytes, BytesMut};
use std::fmt::Write;

/// Every value of a message by its path, such as `48.92=123`.
fn paths(elements: &[Element], above: &str) -> String {
    let mut all = String::new();
    for element in elements {
        let path = format!("{above}{}", element.key);
        match &element.value {
            Value::Text(text) => writeln!(all, "{path}={text}").unwrap(),
            Value::Elements(below) => all.push_str(&paths(below, &format!("{path}."))),
        }
    }
    all
}

fn encoded(message: &Message) -> String {
    let mut out = BytesMut::new();
    message.encode(&mut out).unwrap();
    hex(&out)
}

/// A list of pairs as it stands in the file.
fn pairs(value: &toml::Value) -> Vec<(String, String)> {
    let text = |item: &toml::Value, at: usize| item[at].as_str().unwrap().to_owned();
    value.as_array().unwrap().iter().map(|item| (text(item, 0), text(item, 1))).collect()
}

#[test]
fn messages_composed_by_hand_read_and_are_written_and_are_built_again() {
    let vectors: toml::Table = include_str!("../../../tests/vectors/dialects.toml").parse().unwrap();
    let mut seen = Vec::new();
    for vector in vectors["message"].as_array().unwrap() {
        let name = vector["dialect"].as_str().unwrap();
        let dialect = Dialect::named(name).unwrap();
        let wire: String = pairs(&vector["wire"]).into_iter().map(|(_, bytes)| bytes).collect();
        let message = dialect.decode(Bytes::from(unhex(&wire))).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(message.mti().to_string(), vector["mti"].as_str().unwrap(), "{name}");
        let said = describe::elements(&message);
        let wanted: String =
            pairs(&vector["values"]).into_iter().map(|(path, value)| format!("{path}={value}\n")).collect();
        assert_eq!(paths(&said, ""), wanted, "{name}");
        assert_eq!(encoded(&message), wire, "{name}");
        let built = describe::message(&dialect, message.mti(), &said).unwrap();
        assert_eq!(encoded(&built), wire, "{name}: built from its values");
        seen.push(name);
    }
    let plain = ["iso87-ascii", "iso87-ascii-bin", "iso87-bcd", "iso87-ebcdic", "iso93-ascii", "cups"];
    for name in Dialect::shipped().iter().filter(|name| !plain.contains(name)) {
        assert!(seen.contains(name), "{name} has no message");
    }
}

/// The published purchase, header taken off.
#[test]
fn a_cups_purchase_is_read_by_the_shipped_dialect() {
    let vectors: serde_json::Value =
        serde_json::from_str(include_str!("../../../tests/vectors/messages.json")).unwrap();
    let vector = vectors["messages"]
        .as_array()
        .unwrap()
        .iter()
        .find(|vector| vector["id"] == "unionpay-cups-0200-46byte-header");
    let vector = vector.unwrap();
    // Four digits of length and 46 bytes of header.
    let wire = &vector["hex"].as_str().unwrap()[100..];
    let dialect = Dialect::named("cups").unwrap();
    let message = dialect.decode(Bytes::from(unhex(wire))).unwrap();
    for (field, value) in vector["fields"].as_object().unwrap() {
        let (value, text) = (value.as_str().unwrap(), |field: &str| message.text(field.parse().unwrap()));
        match field.as_str() {
            "0" | "bitmap" => {}
            // GBK passes as bytes.
            "43" => assert!(text("43").unwrap().starts_with("0xB0AED2E2")),
            // The MAC is hex characters on the wire, and so the bytes they stand for.
            "128" => assert_eq!(message.array::<4>(128), Some([0; 4])),
            field => assert_eq!(text(field).as_deref(), Some(value), "DE{field}"),
        }
    }
    assert_eq!(encoded(&message), wire);
    let built = describe::message(&dialect, message.mti(), &describe::elements(&message)).unwrap();
    assert_eq!(encoded(&built), wire);
}

/// BASE24 returns what it rejects with a 9 in front; it must be readable to be matched.
#[test]
fn a_rejected_base24_message_is_read() {
    let dialect = Dialect::named("base24").unwrap();
    let message = dialect.decode(Bytes::from_static(b"92002020000000800000000000000123TERM0001        ")).unwrap();
    assert_eq!((message.mti().to_string().as_str(), message.number(11)), ("9200", Some(123)));
}

#[test]
fn a_short_value_of_a_field_with_an_inside_is_filled_up_first() {
    let dialect = Dialect::named("base24").unwrap();
    let mut message = Message::new(&dialect, "0200".parse().unwrap());
    message.set(43, b"SHOP").unwrap();
    assert_eq!(message.text(43).unwrap().len(), 40);
    let keys: Vec<_> = message.elements(43).unwrap().map(|piece| piece.value().len()).collect();
    assert_eq!(keys, [22, 13, 3, 2]);
}

/// A participant on the fixed form of DE62, and one whose DE48 is text of its own.
#[test]
fn an_inside_is_taken_back_by_who_extends() {
    let text = "extends = \"visa-base1\"\nname = \"mine\"\n[fields.62]\ninside = \"none\"\nformat = \"b..13\"\n";
    let dialect = Dialect::parse("mine.toml", text).unwrap();
    let mut message = Message::new(&dialect, "0100".parse().unwrap());
    message.set(62, b"\xE8\x01\x23\x45\x67\x89\x01\x23\x45\xC1\xC2\xC3\xC4").unwrap();
    assert!(message.elements(62).is_none() && message.composite(62).is_none());
    let text = "extends = \"mastercard\"\nname = \"mine\"\n[fields.48]\ninside = \"positional\"\n\
                elements = { 3 = { format = \"an2\" } }\n";
    let error = Dialect::parse("mine.toml", text).unwrap_err();
    assert!(error.message.contains("element 2 has no length prefix"), "{error}");
    let text = "extends = \"mastercard\"\nname = \"mine\"\n[fields.48]\ninside = \"tlv\"\n\
                tag = { format = \"an2\" }\nlength = { digits = 3 }\n";
    let dialect = Dialect::parse("mine.toml", text).unwrap();
    let mut message = Message::new(&dialect, "0100".parse().unwrap());
    message.set(48, b"AB002XY").unwrap();
    assert_eq!(paths(&describe::elements(&message), ""), "48.AB=XY\n");
}

/// The blocks of TOML in a page.
fn blocks(page: &str) -> impl Iterator<Item = &str> {
    page.split("```toml\n").skip(1).map(|rest| rest.split("```").next().unwrap())
}

/// What the pages show is a dialect, or a link of the configuration with names that there are.
#[test]
fn the_examples_of_the_pages_hold() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/dialects");
    let mut named = String::new();
    for page in std::fs::read_dir(folder).unwrap() {
        let page = std::fs::read_to_string(page.unwrap().path()).unwrap();
        let title = page.lines().next().unwrap();
        named.push_str(title);
        for block in blocks(&page) {
            if block.contains("extends =") {
                Dialect::parse("example.toml", block).unwrap_or_else(|error| panic!("{title}: {error}"));
                continue;
            }
            let file: toml::Table = block.parse().unwrap();
            let link = file.values().next().unwrap()[0].as_table().unwrap();
            let text = |key: &str| link.get(key).map_or("none", |value| value.as_str().unwrap());
            let header = HeaderKind::named(text("header")).unwrap();
            assert!(Dialect::named(text("dialect")).is_some(), "{title}");
            assert_eq!(Framing::named(text("framing")).unwrap().with_header(header).fault(), None, "{title}");
            if link.contains_key("header_source") {
                header.addressed(text("header_source"), text("header_destination")).unwrap();
            }
        }
    }
    let plain = ["iso87-ascii", "iso87-ascii-bin", "iso87-bcd", "iso87-ebcdic", "iso93-ascii"];
    for name in Dialect::shipped().iter().filter(|name| !plain.contains(name)) {
        assert!(named.contains(name), "{name} has no page");
    }
}
