//! Specifications of moov-io/iso8583: what becomes of each name they have, and whether messages come out as they went in.

mod insides;
mod notation;

use crate::samples::{hex, unhex};
use banklink_protocol::{
    Dialect, Message,
    import::{Imported, moov},
};
use bytes::{Bytes, BytesMut};
use serde_json::{Value, json};
use std::sync::Arc;

fn imported(text: &str) -> Imported {
    moov("spec.json", text).unwrap_or_else(|error| panic!("{error}"))
}

fn dialect(imported: &Imported) -> Arc<Dialect> {
    Dialect::parse("imported", &imported.toml).unwrap_or_else(|error| panic!("{error}\n{}", imported.toml))
}

/// MTI and bitmap in ASCII, and these fields.
fn spec(fields: Value) -> String {
    let mut all = json!({
        "0": { "type": "String", "length": 4, "enc": "ASCII", "prefix": "ASCII.Fixed" },
        "1": { "type": "Bitmap", "enc": "Binary", "prefix": "Binary.Fixed" },
    });
    all.as_object_mut().unwrap().append(&mut fields.as_object().unwrap().clone());
    json!({ "name": "mine", "fields": all }).to_string()
}

/// One field in place of 60.
fn one(field: Value) -> Imported {
    imported(&spec(json!({ "60": field })))
}

fn remarks(imported: &Imported) -> Vec<String> {
    imported.remarks.iter().map(ToString::to_string).collect()
}

fn line<'a>(imported: &'a Imported, start: &str) -> &'a str {
    imported.toml.lines().find(|line| line.starts_with(start)).unwrap_or_else(|| panic!("{start}\n{}", imported.toml))
}

/// A field as these bytes, decoded and written back.
fn through_at(dialect: &Arc<Dialect>, field: u8, wire: &[u8]) -> Result<Message, String> {
    let mut frame = b"0800".to_vec();
    if field > 64 {
        frame.extend([0x80, 0, 0, 0, 0, 0, 0, 0]);
    }
    frame.extend((1u64 << ((128 - field) % 64)).to_be_bytes());
    frame.extend(wire);
    let message = dialect.decode(Bytes::from(frame.clone())).map_err(|error| error.to_string())?;
    let mut out = BytesMut::new();
    message.encode(&mut out).unwrap();
    assert_eq!(hex(&out), hex(&frame), "written back");
    // Built anew from its logical value it is the same, too.
    let mut built = Message::new(dialect, message.mti());
    built.set(field, &message.logical(field).unwrap()).unwrap();
    let mut out = BytesMut::new();
    built.encode(&mut out).unwrap();
    assert_eq!(hex(&out), hex(&frame), "built from its value");
    Ok(message)
}

/// The same of field 60, in hex.
fn through(imported: &Imported, wire: &str) -> Result<Message, String> {
    through_at(&dialect(imported), 60, &unhex(&wire.replace(' ', "")))
}

fn leaf(kind: &str, length: u32, enc: &str, prefix: &str) -> Value {
    json!({ "type": kind, "length": length, "enc": enc, "prefix": prefix })
}

/// The specification of a vector, in the words of moov; `None` where it has none for a form.
fn of_vector(dialect: &Value) -> Option<Value> {
    let (mti, bitmap) = (dialect["mti"].as_str()?, dialect["bitmap"].as_str()?);
    let (enc, prefix) = match mti {
        "asc" => ("ASCII", "ASCII.Fixed"),
        "ebc" => ("EBCDIC", "EBCDIC.Fixed"),
        _ => ("BCD", "BCD.Fixed"),
    };
    let (bitmap, length) = match bitmap {
        "bin" => ("Binary", 8),
        "hex" => ("HexToASCII", 8),
        "hex128" => ("HexToASCII", 16),
        _ => return None,
    };
    let mut fields = json!({
        "0": { "type": "String", "length": 4, "enc": enc, "prefix": prefix },
        "1": { "type": "Bitmap", "length": length, "enc": bitmap, "prefix": "Hex.Fixed" },
    });
    for (number, form) in dialect["fields"].as_object()? {
        let words: Vec<_> = form.as_str()?.split(' ').collect();
        let (prefix, rest) = match words[0] {
            "fix" => ("ASCII.Fixed".to_owned(), &words[1..]),
            _ => {
                let (kind, count) = words[1].split_at(3);
                let kind = match kind {
                    "asc" => "ASCII",
                    "ebc" => "EBCDIC",
                    "bcd" => "BCD",
                    _ => "Binary",
                };
                (format!("{kind}.{}", "L".repeat(count.parse().unwrap())), &words[2..])
            }
        };
        let (kind, enc) = match (rest[0], rest.get(2)) {
            ("asc", _) => ("String", "ASCII"),
            ("ebc", _) => ("String", "EBCDIC"),
            ("bcd", Some(&"padr")) => ("Numeric", "LBCD"),
            ("bcd", _) => ("String", "BCD"),
            ("bin", _) => ("Binary", "Binary"),
            ("hex", _) => ("Hex", "HexToASCII"),
            ("gbk", _) => ("String", "Binary"),
            _ => return None,
        };
        let length: usize = rest[1].parse().unwrap();
        fields[number] = json!({ "type": kind, "length": length, "enc": enc, "prefix": prefix });
    }
    Some(json!({ "name": "vector", "fields": fields }))
}

#[test]
fn messages_go_through_their_specifications() {
    let vectors: Value = serde_json::from_str(include_str!("../../../tests/vectors/messages.json")).unwrap();
    let (mut seen, mut apart) = (0, 0);
    for vector in vectors["messages"].as_array().unwrap().iter().filter(|vector| vector["must_fail"] != true) {
        let id = vector["id"].as_str().unwrap();
        let Some(mut spec) = of_vector(&vector["dialect"]) else {
            assert_eq!(id, "cardutil-ipm-1144-cp500-hexbitmap", "moov has no bitmap in EBCDIC, and all else");
            continue;
        };
        // Chip data are taken apart; a tag that is not declared is let in.
        let chip = vector["emv"].as_array().filter(|_| spec["fields"]["55"].is_object());
        if let Some(tags) = chip {
            let part = json!({ "type": "Hex", "enc": "Binary", "prefix": "BerTLV" });
            let parts = tags.iter().skip(1).map(|tag| (tag[0].as_str().unwrap().to_owned(), part.clone()));
            let field = spec["fields"]["55"].as_object_mut().unwrap();
            field.remove("enc");
            field.insert("type".to_owned(), json!("Composite"));
            field.insert("tag".to_owned(), json!({ "enc": "BerTLVTag", "skipUnknownTLVTags": true }));
            field.insert("subfields".to_owned(), Value::Object(parts.collect()));
            apart += 1;
        }
        let imported = imported(&spec.to_string());
        assert!(imported.remarks.iter().all(|remark| remark.message.starts_with("EBCDIC of moov")), "{imported:?}");
        let dialect = dialect(&imported);
        let header = vector["dialect"]["header"]["hex"].as_str().unwrap_or_default().len() / 2;
        let body = Bytes::from(unhex(vector["hex"].as_str().unwrap())).slice(header..);
        let message = dialect.decode(body.clone()).unwrap_or_else(|error| panic!("{id}: {error}"));
        let mut out = BytesMut::new();
        message.encode(&mut out).unwrap();
        assert_eq!(hex(&out), hex(&body), "{id}");
        if let Some(tags) = chip {
            let pieces: Vec<_> =
                message.elements(55).unwrap().map(|piece| (piece.key().into_owned(), piece.logical())).collect();
            let wanted: Vec<_> =
                tags.iter().map(|tag| (tag[0].as_str().unwrap().to_owned(), unhex(tag[1].as_str().unwrap()))).collect();
            assert_eq!(pieces, wanted, "{id}");
        }
        for (field, value) in vector["fields"].as_object().unwrap() {
            let (Ok(field @ 2..), Some(value)) = (field.parse::<u8>(), value.as_str().filter(|value| value.is_ascii()))
            else {
                continue;
            };
            assert_eq!(message.text(field).as_deref(), Some(value), "{id} DE{field}");
        }
        seen += 1;
    }
    assert_eq!((seen, apart), (27, 6));
}

/// What moov reads for a prefix that says `units`, as it packs it.
fn prefix_bytes(prefix: &str, units: usize) -> Vec<u8> {
    let (kind, letters) = prefix.split_once('.').unwrap();
    let letters = if letters == "Fixed" { return Vec::new() } else { letters.len() };
    let digits = format!("{units:0letters$}");
    match kind {
        "ASCII" => digits.into_bytes(),
        "EBCDIC" => digits.bytes().map(|digit| digit | 0xF0).collect(),
        "BCD" => unhex(&format!("{}{digits}", if letters % 2 == 1 { "0" } else { "" })),
        "Binary" => units.to_be_bytes()[8 - letters..].to_vec(),
        "Hex" => format!("{units:0width$X}", width = 2 * letters).into_bytes(),
        other => panic!("{other}"),
    }
}

/// So many units of digits, as moov reads them.
fn content(enc: &str, units: usize) -> Vec<u8> {
    let digits: Vec<u8> = (0..units).map(|at| b'1' + (at % 9) as u8).collect();
    let text = String::from_utf8(digits.clone()).unwrap();
    let spare = if units % 2 == 1 { "0" } else { "" };
    match enc {
        "ASCII" | "Binary" => digits,
        "EBCDIC" | "EBCDIC1047" => digits.iter().map(|digit| digit | 0xF0).collect(),
        "BCD" => unhex(&format!("{spare}{text}")),
        "LBCD" => unhex(&format!("{text}{spare}")),
        // A length counts the bytes that the hex stands for.
        "HexToASCII" => hex(&digits).into_bytes(),
        // A length counts the bytes that become hex.
        "ASCIIToHex" => vec![0x12; units],
        other => panic!("{other}"),
    }
}

const TYPES: [&str; 8] = ["String", "Numeric", "Binary", "Hex", "Bitmap", "Track1", "Track2", "Track3"];
const ENCODINGS: [&str; 8] = ["ASCII", "BCD", "LBCD", "EBCDIC", "EBCDIC1047", "Binary", "HexToASCII", "ASCIIToHex"];

#[test]
fn every_type_encoding_and_prefix_is_mapped_or_remarked() {
    let families = ["ASCII", "BCD", "Binary", "EBCDIC", "Hex"];
    let prefixes: Vec<String> = families
        .iter()
        .flat_map(|family| ["Fixed", "L", "LL", "LLL", "LLLL"].map(|letters| format!("{family}.{letters}")))
        .collect();
    let (mut mapped, mut left_out) = (0, Vec::new());
    for (kind, enc) in TYPES.iter().flat_map(|kind| ENCODINGS.map(|enc| (*kind, enc))) {
        let fields: serde_json::Map<_, _> = (100u8..)
            .zip(&prefixes)
            .map(|(number, prefix)| {
                (number.to_string(), json!({ "type": kind, "length": 7, "enc": enc, "prefix": prefix }))
            })
            .collect();
        let imported = imported(&spec(Value::Object(fields)));
        let (dialect, said) = (dialect(&imported), remarks(&imported));
        for (number, prefix) in (100u8..).zip(&prefixes) {
            let what = format!("{kind} {enc} {prefix}");
            if !imported.toml.contains(&format!("\n{number} = ")) {
                let remark = format!("field {number}: left out");
                assert!(said.iter().any(|said| said.contains(&remark)), "{what}: {said:?}");
                left_out.push(what);
                continue;
            }
            let lengths: &[usize] = if prefix.ends_with("Fixed") { &[7] } else { &[7, 6, 1] };
            for units in lengths {
                let mut wire = prefix_bytes(prefix, *units);
                wire.extend(content(enc, *units));
                through_at(&dialect, number, &wire)
                    .unwrap_or_else(|error| panic!("{what}: {error}\n{}", imported.toml));
            }
            mapped += 1;
        }
    }
    // Prefixes of four bytes or eight hex characters are longer than any of ours, and a bitmap is no text.
    let four = left_out.iter().filter(|what| what.contains("Binary.LLLL") || what.contains("Hex.LLLL")).count();
    let bitmaps = left_out.iter().filter(|what| what.starts_with("Bitmap")).count();
    assert_eq!((mapped, four), (8 * 8 * 25 - left_out.len(), 2 * 64));
    assert_eq!(left_out.len(), 2 * 56 + bitmaps, "{left_out:?}");
    assert_eq!(bitmaps, 5 * 25 + 3 * 2, "of eight encodings five are no bitmap's");
}

#[test]
fn values_are_what_moov_says_of_them() {
    let text = |field: Value, wire: &str| through(&one(field), wire).unwrap().text(60).unwrap();
    let field =
        |kind: &str, enc: &str, prefix: &str| json!({ "type": kind, "length": 8, "enc": enc, "prefix": prefix });
    // The names are by what the encoder does with the value it is given, not by what the wire has.
    assert_eq!(text(field("Hex", "HexToASCII", "ASCII.LL"), "303235414632"), "5AF2");
    let lower = dialect(&one(field("Hex", "HexToASCII", "ASCII.LL")));
    let lower = lower.decode(Bytes::from_static(b"0800\0\0\0\0\0\0\0\x10025af2")).unwrap();
    assert_eq!(lower.text(60).as_deref(), Some("5AF2"), "either case is read");
    assert_eq!(text(field("Hex", "ASCIIToHex", "ASCII.LL"), "30325AF2"), "5AF2");
    assert_eq!(text(field("String", "ASCIIToHex", "ASCII.LL"), "30325AF2"), "5AF2");
    assert_eq!(text(field("Numeric", "ASCIIToHex", "Binary.L"), "021234"), "1234");
    assert_eq!(text(field("Track2", "ASCIIToHex", "Binary.L"), "044111D2 9F"), "4111=29");
    assert_eq!(text(field("Track2", "PackedBCDHex", "Binary.L"), "07 04111D29"), "4111=29");
    assert_eq!(text(field("Track2", "ASCII", "ASCII.LL"), "303734313131 3D3239"), "4111=29");
    assert_eq!(text(field("String", "BCD", "BCD.LL"), "05012345"), "12345");
    assert_eq!(text(field("String", "LBCD", "BCD.LL"), "05123450"), "12345");
    assert_eq!(text(field("String", "LBCD", "BCD.LLL"), "0005123450"), "12345");
    // Whatever stands in the spare nibble is read over.
    let spare = dialect(&one(field("String", "BCD", "BCD.LL")));
    let spare = spare.decode(Bytes::from_static(b"0800\0\0\0\0\0\0\0\x10\x03\x91\x23")).unwrap();
    assert_eq!(spare.text(60).as_deref(), Some("123"));
    assert_eq!(text(field("String", "EBCDIC", "EBCDIC.LL"), "F0F3C1C25A"), "AB]");
    assert_eq!(text(field("String", "EBCDIC1047", "EBCDIC.LL"), "F0F3C1C25A"), "AB!");
    assert_eq!(text(field("String", "ASCII", "Hex.L"), "3033414243"), "ABC");
    assert_eq!(text(field("String", "ASCII", "Hex.LL"), "30303033414243"), "ABC");
    assert_eq!(text(field("String", "Binary", "Binary.LL"), "00020001"), "0001");
}

#[test]
fn a_length_that_cannot_be_said_is_bounded_and_remarked() {
    let imported = one(json!({ "type": "String", "length": 255, "enc": "ASCII", "prefix": "ASCII.LL" }));
    assert!(line(&imported, "60").contains(r#"format = "ans..99""#));
    assert_eq!(
        remarks(&imported),
        ["line 1: field 60: its length of 255 is bounded to 99: more cannot be said before it"]
    );
}

#[test]
fn padding_is_carried_over_where_it_has_a_meaning() {
    let padded = |kind: &str, side: &str, pad: &str| {
        one(json!({ "type": kind, "length": 6, "enc": "ASCII", "prefix": "ASCII.Fixed",
            "padding": { "type": side, "pad": pad } }))
    };
    let set = |imported: &Imported, value: &[u8]| {
        let dialect = dialect(imported);
        let mut message = Message::new(&dialect, "0200".parse().unwrap());
        message.set(60, value).unwrap();
        let mut out = BytesMut::new();
        message.encode(&mut out).unwrap();
        String::from_utf8(out[12..].to_vec()).unwrap()
    };
    assert_eq!(set(&padded("String", "Left", "0"), b"12"), "000012");
    assert_eq!(set(&padded("Numeric", "Left", "0"), b"12"), "000012");
    assert_eq!(set(&padded("Numeric", "Left", " "), b"12"), "    12");
    assert_eq!(set(&padded("String", "Right", "*"), b"12"), "12****");
    assert_eq!(set(&padded("String", "None", ""), b"12"), "12    ");
    assert!(padded("String", "None", "").remarks.is_empty());
    for (side, pad, said) in [("Left", "00", "one character"), ("Middle", "0", "not known"), ("Left", "é", "not admit")]
    {
        let imported = padded("String", side, pad);
        assert!(remarks(&imported).iter().any(|remark| remark.contains(said)), "{side}: {:?}", remarks(&imported));
    }
    // Without padding a number is filled up as numbers are.
    let imported =
        imported(&spec(json!({ "11": { "type": "String", "length": 6, "enc": "ASCII", "prefix": "ASCII.Fixed" } })));
    let mut message = Message::new(&dialect(&imported), "0200".parse().unwrap());
    message.set_number(11, 42).unwrap();
    assert_eq!(message.text(11).as_deref(), Some("000042"));
    let variable = one(json!({ "type": "String", "length": 6, "enc": "ASCII", "prefix": "ASCII.LL",
        "padding": { "type": "Left", "pad": "0" } }));
    assert!(remarks(&variable)[0].contains("variable length"));
}

#[test]
fn nothing_unknown_is_lost_in_silence() {
    let text = r#"{
  "name": "odd",
  "author": "me",
  "fields": {
    "0": { "type": "String", "length": 4, "enc": "ASCII", "prefix": "ASCII.Fixed" },
    "1": { "type": "Bitmap", "enc": "Binary", "prefix": "Binary.Fixed" },
    "2": { "type": "Strong", "length": 4, "enc": "ASCII", "prefix": "ASCII.Fixed" },
    "3": { "type": "String", "length": 4, "enc": "UTF8", "prefix": "ASCII.Fixed" },
    "4": { "type": "String", "length": 4, "enc": "ASCII", "prefix": "ASCII.M" },
    "5": { "type": "String", "length": 4, "enc": "ASCII", "prefix": "ASCII.Fixed", "colour": "red" },
    "6": { "type": "String", "length": "four", "enc": "ASCII", "prefix": "ASCII.Fixed" },
    "7": { "type": "String", "length": 4, "enc": "BerTLVTag", "prefix": "BerTLV" },
    "8": [1, 2],
    "65": { "type": "String", "length": 1, "enc": "ASCII", "prefix": "ASCII.Fixed" },
    "200": { "type": "String", "length": 1, "enc": "ASCII", "prefix": "ASCII.Fixed" },
    "x": {}
  }
}"#;
    let imported = imported(text);
    assert!(!imported.toml.contains("\n8 = "));
    let wanted = [
        "line 3: the key `author` is not known: left out",
        "line 7: field 2: left out, a message that carries it is refused: the type \"Strong\" is not known",
        "line 8: field 3: left out, a message that carries it is refused: the encoding \"UTF8\" is not known",
        "line 9: field 4: left out, a message that carries it is refused: the prefix \"ASCII.M\" is not known",
        "line 10: field 5: the key `colour` is not known: left out",
        "line 11: field 6: `length` is \"four\", wanted a number: left out",
        "line 11: field 6: left out, a message that carries it is refused: its length is not told",
        "line 12: field 7: left out, a message that carries it is refused: BerTLVTag is the encoding of a tag, not of a value",
        "line 13: field 8: a list is no description of a field: left out",
        "line 14: field 65: bit 65 announces a further bitmap and stands for no field: left out",
        "line 15: field 200: the bitmap has no bit for it: left out",
        "line 16: field x: this is no number of a field: left out",
    ];
    assert_eq!(remarks(&imported), wanted);
    assert_eq!(dialect(&imported).name(), "odd");
}

#[test]
fn bitmaps_and_message_types() {
    let head = |mti: Value, bitmap: Value| imported(&json!({ "fields": { "0": mti, "1": bitmap } }).to_string());
    let mti =
        |enc: &str, length: u32| json!({ "type": "String", "length": length, "enc": enc, "prefix": "ASCII.Fixed" });
    let bits = |length: u32, enc: &str, never: bool| json!({ "type": "Bitmap", "length": length, "enc": enc, "prefix": "Hex.Fixed", "disableautoexpand": never });
    let forms = [
        (bits(0, "Binary", false), r#"bitmap = { blocks = 3, encoding = "raw" }"#),
        (bits(8, "HexToASCII", false), r#"bitmap = { blocks = 3, encoding = "hex" }"#),
        (bits(8, "Binary", true), r#"bitmap = { blocks = 1, encoding = "raw" }"#),
        (
            bits(16, "HexToASCII", false),
            r#"bitmap = { announce = "never", blocks = 2, encoding = "hex", fixed = true }"#,
        ),
        (bits(24, "Binary", true), r#"bitmap = { announce = "never", blocks = 3, encoding = "raw", fixed = true }"#),
    ];
    for (bitmap, wanted) in forms {
        let imported = head(mti("ASCII", 4), bitmap);
        let mut line = line(&imported, "bitmap").to_owned();
        // `encoding` is one of the settings that people read first.
        let (start, rest) = line.split_at("bitmap = { ".len());
        let mut parts: Vec<_> = rest.trim_end_matches(" }").split(", ").collect();
        parts.sort_unstable();
        line = format!("{start}{} }}", parts.join(", "));
        assert_eq!(line, wanted);
        assert!(imported.remarks.is_empty(), "{:?}", imported.remarks);
    }
    let types = [("ASCII", 4, "ascii"), ("EBCDIC1047", 4, "ebcdic"), ("BCD", 4, "bcd"), ("ASCIIToHex", 2, "bcd")];
    for (enc, length, wanted) in types {
        let imported = head(mti(enc, length), bits(8, "Binary", false));
        assert_eq!(line(&imported, "mti"), format!("mti = \"{wanted}\""));
        assert!(imported.remarks.is_empty());
    }
    let imported = head(mti("ASCII", 3), bits(5, "EBCDIC", false));
    let said: Vec<_> = imported.remarks.iter().map(|remark| remark.field.as_deref()).collect();
    assert_eq!(said, [Some("0"), Some("1"), Some("1")]);
}

#[test]
fn the_edition_is_told_by_its_fields() {
    let version = |fields: Value| line(&imported(&spec(fields)), "version").to_owned();
    let fixed = |length: u32| json!({ "type": "String", "length": length, "enc": "BCD", "prefix": "BCD.Fixed" });
    assert_eq!(version(json!({ "12": fixed(6), "11": fixed(6), "4": fixed(12) })), "version = 1987");
    assert_eq!(version(json!({ "12": fixed(12) })), "version = 1993");
    assert_eq!(version(json!({ "12": fixed(12), "4": fixed(16) })), "version = 2003");
    assert_eq!(version(json!({ "11": fixed(12) })), "version = 2003");
}

#[test]
fn keys_without_a_meaning_where_they_stand_are_told() {
    let with = |mut field: Value, key: &str, value: Value| {
        field[key] = value;
        remarks(&one(field)).join("\n")
    };
    let plain = || leaf("String", 6, "ASCII", "ASCII.Fixed");
    for (key, value) in [
        ("tag", json!({ "length": 2 })),
        ("bitmap", leaf("Bitmap", 8, "Binary", "Binary.Fixed")),
        ("subfields", json!({ "1": plain() })),
        ("disableAutoExpand", json!(true)),
    ] {
        assert!(with(plain(), key, value).contains("no meaning in a field that is no Composite"), "{key}");
    }
    let parts = || {
        json!({ "type": "Composite", "length": 6, "prefix": "ASCII.Fixed", "tag": { "sort": "StringsByInt" },
            "subfields": { "1": plain() } })
    };
    assert_eq!(with(parts(), "description", json!("Parts")), "");
    assert!(with(parts(), "enc", json!("ASCII")).contains("`enc` has no meaning where there are subfields"));
    assert!(with(parts(), "padding", json!({ "type": "Left", "pad": "0" })).contains("a composite is not padded"));
    assert!(with(parts(), "disableautoexpand", json!(true)).contains("only for a bitmap"));
    assert!(with(plain(), "type", json!("Composite")).contains("a composite without subfields"));
    // A bitmap among the fields has 8 bytes, unless it says otherwise.
    assert!(line(&one(leaf("Bitmap", 0, "HexToASCII", "Hex.Fixed")), "60").contains("\"b8\""));
}

/// As the specification `Spec87Hex` that comes with moov has it: the hex of all that stands in the message.
#[test]
fn text_in_hex_is_text() {
    let text = |length: u32, prefix: &str| leaf("String", length, "HexToASCII", prefix);
    let imported = imported(
        &json!({ "name": "hex", "fields": {
            "0": text(4, "Hex.Fixed"),
            "1": { "type": "Bitmap", "enc": "HexToASCII", "prefix": "Hex.Fixed" },
            "2": text(19, "Hex.LL"),
            "3": text(6, "Hex.Fixed"),
            "4": { "type": "Numeric", "length": 12, "enc": "HexToASCII", "prefix": "Hex.Fixed",
                "padding": { "type": "Left", "pad": "0" } },
            "11": text(6, "Hex.Fixed"),
            "41": text(8, "Hex.Fixed"),
            "48": text(999, "Hex.LLL"),
            "52": text(8, "Hex.Fixed"),
        } })
        .to_string(),
    );
    let any = "line 1: field 48: hex of any bytes stands on the wire: given as those bytes, in hex";
    assert_eq!(remarks(&imported), [any]);
    let dialect = dialect(&imported);
    let mut message = Message::new(&dialect, "0200".parse().unwrap());
    message.set(2, b"4111111111111111").unwrap();
    message.set(3, b"000000").unwrap();
    message.set_number(4, 12_345).unwrap();
    message.set_number(11, 7).unwrap();
    message.set(41, b"TERM-01").unwrap();
    message.set(48, b"\x01\xFF").unwrap();
    message.set(52, &[0xA1; 8]).unwrap();
    let mut out = BytesMut::new();
    message.encode(&mut out).unwrap();
    let wire = [
        "30323030",
        "7020000000811000",
        "001034313131313131313131313131313131",
        "303030303030",
        "303030303030303132333435",
        "303030303037",
        "5445524D2D303120",
        "00000201FF",
        "A1A1A1A1A1A1A1A1",
    ];
    assert_eq!(std::str::from_utf8(&out), Ok(wire.concat().as_str()));
    let back = dialect.decode(out.freeze()).unwrap();
    assert_eq!((back.mti().to_string().as_str(), back.number(4), back.number(11)), ("0200", Some(12_345), Some(7)));
    assert_eq!(back.text(41).as_deref(), Some("TERM-01 "));
    assert_eq!((back.text(48).as_deref(), back.text(52).as_deref()), (Some("01FF"), Some("A1A1A1A1A1A1A1A1")));
    let refused = |from: &str, to: &str| {
        let wire = wire.concat().replacen(from, to, 1);
        dialect.decode(Bytes::from(wire)).expect_err(to).to_string()
    };
    assert!(refused("3132333435", "3132333441").contains("DE4"), "a Numeric is a number");
    assert!(refused("5445524D", "54455207").contains("DE41"));
    assert!(refused("30323030", "3032303A").contains("MTI"));
}
