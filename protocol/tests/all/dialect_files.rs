//! Dialect files: what they can say, and how a mistake in one is told.

use crate::samples::{hex, unhex};
use banklink_protocol::{
    Dialect, Message,
    dialect::{DialectError, Sensitivity, Version},
};
use bytes::{Bytes, BytesMut};
use std::sync::Arc;

const HEAD: &str = "name = \"mine\"\nversion = 1987\nmti = \"ascii\"\nbitmap = { encoding = \"raw\" }\n";

/// A dialect with these lines after a head of four.
fn dialect(lines: &str) -> Result<Arc<Dialect>, DialectError> {
    Dialect::parse("mine.toml", &format!("{HEAD}{lines}"))
}

/// A dialect with one field.
fn with_field(entry: &str) -> Result<Arc<Dialect>, DialectError> {
    dialect(&format!("[fields]\n60 = {{ {entry} }}\n"))
}

/// The wire bytes of DE60, prefix included, for a logical value; read back to the same value.
fn laid(entry: &str, logical: &[u8]) -> String {
    let dialect = with_field(entry).unwrap_or_else(|error| panic!("{error}"));
    let mut message = Message::new(&dialect, "0200".parse().unwrap());
    message.set(60, logical).unwrap_or_else(|error| panic!("{entry}: {error}"));
    let mut out = BytesMut::new();
    message.encode(&mut out).unwrap();
    let back = dialect.decode(out.clone().freeze()).unwrap_or_else(|error| panic!("{entry}: {error}"));
    assert_eq!(back.logical(60).as_deref(), Some(logical), "{entry}");
    assert_eq!(back.length(60), Some(logical.len()));
    hex(&out[12..])
}

fn refused(entry: &str, bytes: &str) -> String {
    let dialect = with_field(entry).unwrap();
    let mut frame = b"0200\0\0\0\0\0\0\0\x10".to_vec();
    frame.extend(unhex(bytes));
    dialect.decode(Bytes::from(frame)).expect_err("must be refused").to_string()
}

#[test]
fn every_prefix_form() {
    for (entry, wire) in [
        (r#"format = "ans..99""#, "3033414243"),
        (r#"format = "ans...999", prefix = "ascii""#, "303033414243"),
        (r#"format = "ans......999999""#, "303030303033414243"),
        (r#"format = "ans..99", prefix = "ebcdic""#, "F0F3414243"),
        (r#"format = "ans..99", prefix = "bcd""#, "03414243"),
        (r#"format = "ans...999", prefix = "bcd""#, "0003414243"),
        (r#"format = "ans....9999", prefix = "bcd""#, "0003414243"),
        (r#"format = "ans..255", prefix = "binary""#, "03414243"),
        (r#"format = "ans...999", prefix = "binary""#, "0003414243"),
        (r#"format = "ans..255", prefix = "hex""#, "3033414243"),
        (r#"format = "ans.9""#, "33414243"),
        (r#"format = "ans..99", prefix = "ebcdic", encoding = "cp1047""#, "F0F3C1C2C3"),
    ] {
        assert_eq!(laid(entry, b"ABC"), wire, "{entry}");
    }
    assert_eq!(laid(r#"format = "ans..255", prefix = "hex""#, &[b'x'; 15])[..4], *"3046");
}

#[test]
fn packed_digits_with_every_filler() {
    for (entry, wire) in [
        (r#"format = "n3", encoding = "bcd""#, "0123"),
        (r#"format = "n3", encoding = "bcd", nibble-side = "right""#, "1230"),
        (r#"format = "n3", encoding = "bcd", nibble-side = "right", nibble = "F""#, "123F"),
        (r#"format = "n3", encoding = "bcd", nibble = "F""#, "F123"),
        (r#"format = "n..19", encoding = "bcd", prefix = "bcd", counts = "digits""#, "030123"),
        (
            r#"format = "n..19", encoding = "bcd", prefix = "binary", counts = "digits", nibble-side = "right""#,
            "031230",
        ),
        (r#"format = "n..19", encoding = "bcd", counts = "bytes", nibble-side = "right", nibble = "F""#, "3032123F"),
        (r#"format = "n..19", encoding = "bcd", prefix = "binary", counts = "bytes", nibble = "F""#, "02F123"),
    ] {
        assert_eq!(laid(entry, b"123"), wire, "{entry}");
    }
    let strict = r#"format = "n3", encoding = "bcd""#;
    assert_eq!(refused(strict, "F123"), "DE60 at byte 12: the padding is not the dialect's");
    let lenient = with_field(r#"format = "n3", encoding = "bcd", check-nibble = false"#).unwrap();
    let frame = [b"0200\0\0\0\0\0\0\0\x10".as_slice(), &[0xF1, 0x23]].concat();
    let message = lenient.decode(Bytes::from(frame.clone())).unwrap();
    assert_eq!(message.text(60).as_deref(), Some("123"));
    let mut out = BytesMut::new();
    message.encode(&mut out).unwrap();
    assert_eq!(out, frame, "what came is kept");
}

#[test]
fn tracks_signs_hex_and_code_pages() {
    for (entry, logical, wire) in [
        (r#"format = "z..37", encoding = "bcd", prefix = "bcd", counts = "digits""#, "411=29", "06411D29"),
        (
            r#"format = "z..37", encoding = "bcd", prefix = "bcd", counts = "digits", nibble-side = "right", nibble = "F""#,
            "41=29",
            "0541D29F",
        ),
        (r#"format = "z..37", separator = "D""#, "41=29", "30353431443239"),
        (r#"format = "z..37", encoding = "cp037", prefix = "ebcdic""#, "41=29", "F0F5F4F17EF2F9"),
        (r#"format = "x+n4""#, "C0012", "4330303132"),
        (r#"format = "x+n4", encoding = "bcd""#, "D0012", "440012"),
        (r#"format = "x+n4", encoding = "bcd", sign = "ebcdic""#, "C0012", "C30012"),
        (r#"format = "x+n5", encoding = "bcd", sign = "nibble""#, "D00012", "D00012"),
        (r#"format = "x+n4", encoding = "cp500""#, "D0012", "C4F0F0F1F2"),
        (r#"format = "ans3", encoding = "cp037""#, "[]^", "BABBB0"),
        (r#"format = "ans3", encoding = "cp500""#, "[]^", "4A5A5F"),
        (r#"format = "ans3", encoding = "cp1047""#, "[]^", "ADBD5F"),
        (r#"format = "ans4", encoding = "bytes""#, "é-x", "C3A92D78"),
    ] {
        assert_eq!(laid(entry, logical.as_bytes()), wire, "{entry}");
    }
    for (entry, wire) in [
        (r#"format = "b2", encoding = "hex""#, "30464130"),
        (r#"format = "b2", encoding = "hex", case = "lower""#, "30666130"),
        (r#"format = "b2", encoding = "ebcdic-hex""#, "F0C6C1F0"),
        (r#"format = "b..8", encoding = "hex", counts = "bytes""#, "303230464130"),
        (r#"format = "b..8", encoding = "hex", counts = "digits""#, "303430464130"),
    ] {
        assert_eq!(laid(entry, &[0x0F, 0xA0]), wire, "{entry}");
    }
    assert!(refused(r#"format = "b2", encoding = "hex""#, "30666130").contains("class hex"));
}

#[test]
fn short_values_are_filled_up_as_the_dialect_says() {
    for (entry, value, wanted) in [
        (r#"format = "n6""#, "12", "000012"),
        (r#"format = "ans6""#, "AB", "AB    "),
        (r#"format = "ans6", pad = "left""#, "AB", "    AB"),
        (r#"format = "an6", pad = "left", pad-char = "0""#, "AB", "0000AB"),
        (r#"format = "n6", encoding = "bcd""#, "12", "000012"),
        (r#"format = "x+n6""#, "D12", "D000012"),
        (r#"format = "ans6", encoding = "cp500""#, "AB", "AB    "),
    ] {
        let mut message = Message::new(&with_field(entry).unwrap(), "0200".parse().unwrap());
        message.set(60, value.as_bytes()).unwrap();
        assert_eq!(message.text(60).as_deref(), Some(wanted), "{entry}");
    }
    let mut message = Message::new(&with_field(r#"format = "ans6", pad = "none""#).unwrap(), "0200".parse().unwrap());
    assert_eq!(message.set(60, b"AB").unwrap_err().to_string(), "DE60: wanted a length of at least 6, had 2");
    assert!(!message.has(60));
}

#[test]
fn every_bitmap_form() {
    let written = |bitmap: &str, fields: &[u8]| {
        let list: String = fields.iter().map(|field| format!("{field} = {{ format = \"n1\" }}\n")).collect();
        let text = format!("name = \"b\"\nversion = 1987\nmti = \"bcd\"\nbitmap = {{ {bitmap} }}\n[fields]\n{list}");
        let dialect = Dialect::parse("b", &text).unwrap();
        let mut message = Message::new(&dialect, "0200".parse().unwrap());
        fields.iter().for_each(|field| message.set(*field, b"1").unwrap());
        let mut out = BytesMut::new();
        message.encode(&mut out).unwrap();
        assert_eq!(dialect.decode(out.clone().freeze()).unwrap().field_set(), message.field_set());
        hex(&out[2..out.len() - fields.len()])
    };
    assert_eq!(written(r#"encoding = "raw""#, &[2]), "4000000000000000");
    assert_eq!(written(r#"encoding = "raw""#, &[2, 128]), "C0000000000000000000000000000001");
    let three = "C00000000000000080000000000000000000000000000001";
    assert_eq!(written(r#"encoding = "raw", blocks = 3"#, &[2, 192]), three);
    let fixed = r#"encoding = "raw", fixed = true"#;
    assert_eq!(written(fixed, &[2]), "40000000000000000000000000000000");
    assert_eq!(written(fixed, &[2, 70]), "C0000000000000000400000000000000");
    assert_eq!(written(&format!("{fixed}, announce = \"never\""), &[2, 70])[..2], *"40");
    assert_eq!(written(&format!("{fixed}, announce = \"always\""), &[2])[..2], *"C0");
    assert_eq!(unhex(&written(r#"encoding = "hex""#, &[5, 7])), b"0A00000000000000");
    assert_eq!(unhex(&written(r#"encoding = "hex", case = "lower""#, &[5, 7])), b"0a00000000000000");
    assert_eq!(written(r#"encoding = "ebcdic-hex""#, &[5, 7])[..4], *"F0C1");
}

#[test]
fn variants_and_mandatory_lists_follow_the_mti() {
    let dialect = dialect(
        "[fields]\n3 = { format = \"n6\" }\n48 = { format = \"ans...999\" }\n\
         [variants.\"08xx\"]\n48 = { format = \"b4\" }\n\
         [variants.\"0810\"]\n48 = { format = \"n8\" }\n\
         [mandatory]\n\"02xx\" = [3]\n\"0xx0\" = [48]\n",
    )
    .unwrap();
    let set = |mti: &str, value: &[u8]| {
        let mut message = Message::new(&dialect, mti.parse().unwrap());
        message.set(48, value).map(|()| message.wire(48).unwrap().len())
    };
    assert_eq!((set("0200", b"12345678"), set("0800", b"\0\0\0\x01"), set("0810", b"1")), (Ok(8), Ok(4), Ok(8)));
    assert_eq!(dialect.mandatory("0200".parse().unwrap()).iter().collect::<Vec<_>>(), [3, 48]);
    assert_eq!(dialect.mandatory("0201".parse().unwrap()).iter().collect::<Vec<_>>(), [3]);
    let error = dialect.decode(Bytes::from_static(b"0200\0\0\0\0\0\x01\0\x00003ABC")).unwrap_err();
    assert_eq!(error.to_string(), "DE3 at byte 18: mandatory for this MTI, but absent");
    let partial = error.partial.unwrap();
    assert_eq!(partial.text(48).as_deref(), Some("ABC"));
}

#[test]
fn another_mti_lays_a_variant_out_anew_or_says_that_it_cannot() {
    let dialect =
        dialect("[fields]\n48 = { format = \"ans...999\" }\n[variants.\"0210\"]\n48 = { format = \"n4\" }\n").unwrap();
    let answer = |value: &[u8]| {
        let mut message = Message::new(&dialect, "0200".parse().unwrap());
        message.set(48, value).unwrap();
        message.set_mti("0210".parse().unwrap());
        message
    };
    let mut out = BytesMut::new();
    answer(b"12").encode(&mut out).unwrap();
    assert_eq!(&out[12..], b"0012");
    out.clear();
    let mut misfit = answer(b"AB");
    assert!(misfit.encode(&mut out).unwrap_err().to_string().starts_with("DE48: the value does not fit the form"));
    assert!(out.is_empty());
    misfit.set(48, b"7").unwrap();
    misfit.encode(&mut out).unwrap();
    assert_eq!(&out[12..], b"0007");
}

#[test]
fn shipped_dialects_are_listed_and_described() {
    for name in Dialect::shipped() {
        let dialect = Dialect::named(name).unwrap();
        assert_eq!(dialect.name(), *name);
        let version = match *name {
            name if name.starts_with("iso93") => Version::V1993,
            name if name.starts_with("iso2003") => Version::V2003,
            _ => Version::V1987,
        };
        assert_eq!(dialect.version(), version);
        assert_eq!(dialect.sensitivity(2), Sensitivity::Pan);
        for secret in [35, 36, 45, 52, 64, 128, 250] {
            assert_eq!(dialect.sensitivity(secret), Sensitivity::Secret, "DE{secret} in {name}");
        }
        assert!(dialect.fields().count() > 120 && dialect.fields().all(|field| dialect.field_name(field).is_some()));
    }
    assert!(Dialect::named("iso87").is_none() && Dialect::named("nonsense").is_none());
}

#[test]
fn a_file_extends_its_neighbour_and_the_shipped() {
    let directory = std::env::temp_dir().join(format!("banklink-dialects-{}", std::process::id()));
    std::fs::create_dir_all(&directory).unwrap();
    std::fs::write(
        directory.join("house.toml"),
        "extends = \"iso87-bcd\"\nname = \"house\"\nfields.41 = { format = \"ans16\" }\n",
    )
    .unwrap();
    std::fs::write(
        directory.join("bank.toml"),
        "extends = \"house.toml\"\nname = \"bank\"\n[fields]\n42 = false\n43 = { format = \"n99x\" }\n",
    )
    .unwrap();
    let house = Dialect::load("house.toml", Some(&directory)).unwrap();
    assert!(house.defines(42) && house.field_name(41).unwrap().starts_with("Card acceptor"));
    let error = Dialect::load("bank.toml", Some(&directory)).unwrap_err();
    assert!(error.file.ends_with("bank.toml") && error.line == 5 && error.field.as_deref() == Some("43"), "{error}");
    std::fs::write(directory.join("a.toml"), "extends = \"a.toml\"\n").unwrap();
    assert!(Dialect::load("a.toml", Some(&directory)).unwrap_err().message.contains("circle"));
    let missing = Dialect::load("no-such-file.toml", Some(&directory)).unwrap_err();
    assert_eq!(missing.line, 0);
    std::fs::remove_dir_all(&directory).unwrap();
}

#[test]
fn a_mistake_is_told_by_file_line_and_field() {
    for (lines, line, field, part) in [
        ("[fields]\n60 = { format = \"q6\" }", 6, Some("60"), "`format` is \"q6\""),
        ("[fields]\n60 = { format = \"n6\", colour = \"red\" }", 6, Some("60"), "unknown key `colour`"),
        ("colour = 1\n[fields]\n60 = { format = \"n6\" }", 5, None, "unknown key `colour`"),
        ("[fields]\n\n60 = { format = \"n6\", encoding = \"morse\" }", 7, Some("60"), "\"ascii\", \"cp037\""),
        (
            "[fields]\n60 = { format = \"ans..20\", encoding = \"bcd\" }",
            6,
            Some("60"),
            "does not go with the class ans",
        ),
        ("[fields]\n60 = { format = \"ans..100\" }", 6, Some("60"), "maximum of 100 cannot be said"),
        ("[fields]\n60 = { format = \"ans..300\", prefix = \"binary\" }", 6, Some("60"), "ends at 255"),
        ("[fields]\n60 = { format = \"ans..20\", min = 21 }", 6, Some("60"), "above the maximum of 20"),
        ("[fields]\n60 = { format = \"ans20\", min = 2 }", 6, Some("60"), "fixed length"),
        (
            "[fields]\n60 = { format = \"n..20\", encoding = \"bcd\" }",
            6,
            Some("60"),
            "`counts` \"digits\" or \"bytes\"",
        ),
        ("[fields]\n60 = { format = \"n6\", nibble = \"G\" }", 6, Some("60"), "one hex digit"),
        ("[fields]\n60 = { format = \"n6\", nibble = \"F\" }", 6, Some("60"), "only with packed digits"),
        ("[fields]\n60 = { format = \"n6\", prefix = \"bcd\" }", 6, Some("60"), "only with a length prefix"),
        ("[fields]\n60 = { format = \"ans..6\", pad = \"left\" }", 6, Some("60"), "only with fixed length"),
        ("[fields]\n60 = { format = \"b6\", case = \"lower\" }", 6, Some("60"), "only with hex text"),
        ("[fields]\n60 = { format = \"n6\", pad-char = \"x\" }", 6, Some("60"), "class n does not admit"),
        ("[fields]\n60 = { format = 6 }", 6, Some("60"), "is a text, found a number"),
        ("[fields]\n60 = { format = \"n6\", show = \"maybe\" }", 6, Some("60"), "\"secret\""),
        ("[fields]\n200 = { format = \"n6\" }", 6, Some("200"), "from 2 to 128"),
        ("[fields]\n1 = { format = \"n6\" }", 6, Some("1"), "from 2 to 128"),
        ("[fields]\n60 = { format = \"n6\" }\n[mandatory]\n\"0200\" = [61]", 8, Some("61"), "not defined"),
        ("[fields]\n60 = { format = \"n6\" }\n[mandatory]\n\"1200\" = [60]", 8, None, "no MTI of this version"),
        ("[fields]\n60 = { format = \"n6\"", 6, None, "unclosed inline table"),
        (
            "[defaults]\nn = { encodings = \"bcd\" }\n[fields]\n60 = { format = \"n6\" }",
            6,
            None,
            "unknown key `encodings`",
        ),
        ("extends = \"iso99\"", 5, None, "no shipped dialect"),
    ] {
        is_told(lines, line, field, part);
    }
}

#[test]
fn a_mistake_inside_a_field_is_told_by_its_element() {
    for (lines, line, field, part) in [
        ("[fields.60]\nformat = \"ans...999\"\ninside = \"tlv\"", 5, Some("60"), "needs a `tag`"),
        ("[fields.60]\nformat = \"ans...999\"\ninside = \"ber-tlv\"", 5, Some("60"), "must be of class b"),
        (
            "[fields.60]\nformat = \"ans...999\"\ninside = \"positional\"\n[fields.60.elements]\n1 = { format = \"n2\", encoding = \"bcd\", size = 1 }",
            9,
            Some("60.1"),
            "unknown key `size`",
        ),
        ("[fields]\n60 = { format = \"ans...99\", prefix = \"none\" }", 6, Some("60"), "needs a length prefix"),
        (
            "[fields.60]\nformat = \"ans...99\"\ninside = \"positional\"\n[fields.60.elements]\n1 = { format = \"ans..9\", prefix = \"none\" }\n2 = { format = \"n2\" }",
            5,
            Some("60"),
            "element 1 has no length prefix",
        ),
        (
            "[fields.60]\nformat = \"b...99\"\ninside = \"bitmap\"\nbitmap = { encoding = \"raw\", bits = 20 }\nelements = { 1 = { format = \"b1\" } }",
            8,
            Some("60"),
            "a multiple of 8",
        ),
        (
            "[fields.60]\nformat = \"b...99\"\ninside = \"bitmap\"\nbitmap = { encoding = \"raw\", bits = 24 }\nelements = { 25 = { format = \"b1\" } }",
            9,
            Some("60.25"),
            "no bit of the inner bitmap",
        ),
    ] {
        is_told(lines, line, field, part);
    }
}

fn is_told(lines: &str, line: usize, field: Option<&str>, part: &str) {
    let error = dialect(lines).expect_err(lines);
    let told = error.to_string();
    assert_eq!((error.line, error.field.as_deref()), (line, field), "{told}");
    assert!(told.contains(part), "{told}");
    assert!(told.starts_with(&format!("mine.toml:{line}: ")), "{told}");
}

#[test]
fn the_examples_of_the_documentation_are_dialects() {
    let source = include_str!("../../src/dialect.rs");
    let text: String =
        source.lines().filter_map(|line| line.strip_prefix("//!")).map(|line| format!("{line}\n")).collect();
    let blocks: Vec<_> = text.split("```toml").skip(1).map(|rest| rest.split("```").next().unwrap()).collect();
    assert_eq!(blocks.len(), 2);
    let north = Dialect::parse("first", blocks[0]).unwrap_or_else(|error| panic!("{error}"));
    assert!(!north.defines(60) && north.mandatory("0200".parse().unwrap()).contains(41));
    let insides = format!("extends = \"iso87-ascii\"\nname = \"second\"\n{}", blocks[1]);
    Dialect::parse("second", &insides).unwrap_or_else(|error| panic!("{error}"));
}

#[test]
fn text_may_stand_as_the_hex_of_its_characters() {
    assert_eq!(laid("format = \"ans4\", encoding = \"hex\"", b"a-1 "), hex(b"612D3120"));
    assert_eq!(laid("format = \"n..9\", encoding = \"hex\", counts = \"bytes\"", b"123"), hex(b"03313233"));
    assert_eq!(laid("format = \"n..9\", encoding = \"hex\", counts = \"digits\"", b"123"), hex(b"06313233"));
    let letter = refused("format = \"n4\", encoding = \"hex\"", &hex(b"31324133"));
    assert!(letter.contains("DE60 at byte 16"), "{letter}");
    let no_hex = refused("format = \"n4\", encoding = \"hex\"", &hex(b"31G23133"));
    assert!(no_hex.contains("DE60 at byte 14"), "{no_hex}");
    assert!(with_field("format = \"z4\", encoding = \"hex\"").is_err());
}
