//! JSON and YAML: what is read, what is refused and where, and that nothing panics.

use super::{ENCODINGS, TYPES, dialect, imported, leaf, line, remarks};
use banklink_protocol::import::{Format, moov, recognise};
use proptest::prelude::*;
use serde_json::{Value, json};

const YAML: &str = r#"# A bank's own.
name: Example
x-padding: &zeros { type: Left, pad: "0" }
fields:
    0: { type: String, length: 4, enc: ASCII, prefix: ASCII.Fixed }
    "1":
        type: Bitmap
        enc: HexToASCII
        prefix: Hex.Fixed
    "3":
        type: Composite
        length: 6
        description: Processing Code
        prefix: ASCII.Fixed
        tag: { sort: StringsByInt }
        subfields:
            "1": &two
                type: String
                length: 2
                description: 'Transaction: type'
                enc: ASCII
                prefix: ASCII.Fixed
            "2":
                <<: *two
                description: From account
            "3": *two
    4:
        type: Numeric
        length: 12
        enc: ASCII
        prefix: ASCII.Fixed
        padding: *zeros
"#;

#[test]
fn yaml_says_the_same_as_json() {
    let part = |name: &str| json!({ "type": "String", "length": 2, "description": name, "enc": "ASCII", "prefix": "ASCII.Fixed" });
    let json = json!({ "name": "Example", "fields": {
        "0": leaf("String", 4, "ASCII", "ASCII.Fixed"),
        "1": { "type": "Bitmap", "enc": "HexToASCII", "prefix": "Hex.Fixed" },
        "3": { "type": "Composite", "length": 6, "description": "Processing Code", "prefix": "ASCII.Fixed",
            "tag": { "sort": "StringsByInt" },
            "subfields": { "1": part("Transaction: type"), "2": part("From account"), "3": part("Transaction: type") } },
        "4": { "type": "Numeric", "length": 12, "enc": "ASCII", "prefix": "ASCII.Fixed",
            "padding": { "type": "Left", "pad": "0" } },
    } });
    let yaml = moov("bank.yaml", YAML).unwrap();
    assert_eq!(yaml.toml, imported(&json.to_string()).toml);
    assert_eq!(remarks(&yaml), ["line 3: the key `x-padding` is not known: left out"]);
    assert_eq!(recognise(YAML), Some(Format::Moov));
    assert_eq!(recognise(&json.to_string()), Some(Format::Moov));
    assert_eq!(recognise("\u{feff}{\n\t\"name\": 1,\n\t\"fields\": {}"), Some(Format::Moov));
    for other in ["", "{}", "name = \"mine\"\n[fields]\n", "fields = 1", "subfields: 1"] {
        assert_eq!(recognise(other), None, "{other}");
    }
    assert_eq!(Format::Moov.import("bank.yaml", YAML).unwrap(), yaml);
}

#[test]
fn json_is_read_as_it_is_written() {
    let text = "\u{feff}{\r\n\t\"name\":\"a\\/b\\u00e9\\ud83d\\ude00\\u0000\\\"\",\r\n\t\"fields\":\t{\"11\":{\"TYPE\":\"String\",\"Length\":6,\
        \"enc\":\"ASCII\",\"prefix\":\"ASCII.Fixed\",\"description\":null}}}\n";
    let imported = imported(text);
    assert_eq!(dialect(&imported).name(), "a/bé😀 \"");
    assert!(line(&imported, "11").contains("ans6"));
    let unnamed = moov("specs/acme.v1.json", "{\"fields\":{\"0\":{}}}").unwrap();
    assert_eq!(dialect(&unnamed).name(), "acme.v1");
}

#[test]
fn a_text_that_is_none_is_told_with_its_line() {
    let deep = format!("{{\n\"fields\": {}", "{\"a\":".repeat(100));
    let wide = format!("a: &a [{}]\n", "x,".repeat(1000)) + &format!("b: [{}]\nfields: {{}}", "*a,".repeat(1000));
    let cases = [
        ("", 1, "nothing in it"),
        ("[]", 1, "a table with `fields` is wanted, found a list"),
        ("{\n\"name\": \"x\"\n}", 1, "no table of `fields`"),
        ("name: x\nfields:\n", 1, "no table of `fields`"),
        ("{\"a\": 1,\n\"fields\": {\n}}", 2, "no fields"),
        ("{\n\"fields\": {\n\"0\": {},\n\"0\": {}}}", 4, "second time, the first is in line 3"),
        ("fields:\n  1: {}\n  \"1\": {}\n", 3, "second time"),
        ("{\"fields\": {\n\"2\": {},\n\"02\": {}}}", 3, "the field 2 stands here for the second time"),
        ("{\"fields\": {\n\"2\": {},\n}}", 3, "a key in quotation marks"),
        ("{\"fields\": {\n\"2\": {}\n\"3\": {}}}", 3, "a comma or a closing brace"),
        ("{\"fields\": {\n\"2\": tru}}", 2, "a value is wanted"),
        ("{\"fields\": {\n\"2\": 01}}", 2, "no number"),
        ("{\"fields\":\n \"\n\"}", 2, "no closing quotation mark"),
        ("{\"fields\":\n \"\\x\"}", 2, "does not escape"),
        ("{\"fields\":\n \"\\u12G4\"}", 2, "four hex digits"),
        ("{\"fields\": {\"2\": {}}}\n\nx", 3, "the end of the text"),
        ("{\"fields\": {\n", 2, "the text ends"),
        ("fields:\n  2: {a: b\n  3: c\n", 3, ""),
        ("fields:\n  ? [a]\n  : b\n", 2, "cannot be a key"),
        ("fields: {}\n---\nfields: {}\n", 2, "second document"),
        ("a: &a\n  b: *a\n", 2, "contains it"),
        (&deep, 2, "64 deep"),
        (&wide, 1, "more than 200000 values"),
    ];
    for (text, line, message) in cases {
        let error = moov("bank", text).expect_err(text);
        assert!(error.line == line && error.message.contains(message), "{text:?}: {error}");
        assert!(error.to_string().starts_with(&format!("bank:{line}: ")));
    }
}

/// One of these words, now and then none of them.
fn word(words: &[&'static str]) -> BoxedStrategy<Value> {
    let known = proptest::sample::select(words.to_vec()).prop_map(|word| json!(word));
    prop_oneof![12 => known, 1 => Just(json!("Odd")), 1 => Just(Value::Null)].boxed()
}

fn key() -> impl Strategy<Value = &'static str> {
    proptest::sample::select(vec!["0", "1", "2", "3", "01", "02", "10", "65", "9F02", "5a", "AB", "é", ""])
}

/// A field with everything that one may have, whether or not it goes together.
fn field() -> impl Strategy<Value = Value> {
    let prefixes =
        ["ASCII.Fixed", "ASCII.LL", "ASCII.LLL", "Binary.L", "Binary.LL", "BCD.LL", "EBCDIC.LL", "EBCDIC.Fixed"];
    let prefixes = [prefixes.as_slice(), &["Hex.L", "Hex.LLLL", "BerTLV", "None.Fixed"]].concat();
    let lengths = proptest::sample::select(vec![0, 1, 2, 3, 6, 8, 16, 24, 99, 255, 999, 40_000, 999_999_999]);
    let padding = (word(&["Left", "Right", "None"]), word(&["0", " ", "*", "F", "00"]))
        .prop_map(|(side, pad)| json!({ "type": side, "pad": pad }));
    let encodings = [ENCODINGS.as_slice(), &["BerTLVTag", "PackedBCDHex"]].concat();
    let leaf = (word(&TYPES), lengths, word(&encodings), word(&prefixes), proptest::option::of(padding.clone()))
        .prop_map(|(kind, length, enc, prefix, padding)| {
            json!({ "type": kind, "length": length, "enc": enc, "prefix": prefix, "padding": padding,
                "description": "A \"name\"\n\u{1}" })
        });
    let tag = (0u32..4, word(&encodings), proptest::option::of(padding), any::<bool>(), word(&prefixes)).prop_map(
        |(length, enc, padding, skips, unknown)| {
            json!({ "length": length, "enc": enc, "padding": padding, "skipUnknownTLVTags": skips,
                "prefUnknownTLV": unknown, "sort": if skips { "StringsByHex" } else { "StringsByInt" } })
        },
    );
    leaf.clone().prop_recursive(8, 48, 4, move |inner| {
        let parts = proptest::collection::btree_map(key(), inner, 0..5);
        (leaf.clone(), parts, proptest::option::of(tag.clone()), proptest::option::of(leaf.clone())).prop_map(
            |(mut field, parts, tag, bitmap)| {
                field["type"] = json!("Composite");
                field["enc"] = Value::Null;
                field["subfields"] = json!(parts);
                field["tag"] = json!(tag);
                // A bitmap is the rarer of the two.
                field["bitmap"] = json!(bitmap.filter(|bitmap| bitmap["length"].as_u64().is_some_and(|it| it < 20)));
                field
            },
        )
    })
}

proptest! {
    /// Whatever the text, it is a dialect or an error: never a panic, and never a dialect that does not compile.
    #[test]
    fn any_text_is_read_or_refused(text in "[{}\\[\\]\":,a-f0-9\\\\u&*?!|>%@` \n\t#-]{0,60}", tail in any::<String>()) {
        for text in [text.clone() + &tail, format!("{{\"{text}{tail}"), format!("fields:\n  {text}\n  2: {tail}")] {
            if let Err(error) = moov("any", &text) {
                prop_assert!(error.line >= 1 && !error.message.contains("is no dialect"), "{error}");
            }
            let _ = recognise(&text);
        }
    }

    /// Any description of fields becomes a dialect.
    #[test]
    fn any_description_becomes_a_dialect(fields in proptest::collection::btree_map(0u16..200, field(), 1..6)) {
        let fields: serde_json::Map<_, _> = fields.into_iter().map(|(key, value)| (key.to_string(), value)).collect();
        let imported = moov("any", &json!({ "fields": fields }).to_string());
        prop_assert!(imported.is_ok(), "{imported:?}");
    }
}
