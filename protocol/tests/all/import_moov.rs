//! Specifications of moov-io/iso8583: what becomes of each name they have, and whether messages come out as they went in.

use crate::samples::{hex, unhex};
use banklink_protocol::{
    Dialect, Message,
    dialect::Sensitivity,
    import::{Format, Imported, moov, recognise},
};
use bytes::{Bytes, BytesMut};
use proptest::prelude::*;
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

/// Field 60 as these bytes, decoded and written back.
fn through(imported: &Imported, wire: &str) -> Result<Message, String> {
    let dialect = dialect(imported);
    let mut frame = b"0800\0\0\0\0\0\0\0\x10".to_vec();
    frame.extend(unhex(wire));
    let message = dialect.decode(Bytes::from(frame.clone())).map_err(|error| error.to_string())?;
    let mut out = BytesMut::new();
    message.encode(&mut out).unwrap();
    assert_eq!(hex(&out), hex(&frame), "written back");
    // Built anew from its logical value it is the same, too.
    let mut built = Message::new(&dialect, message.mti());
    built.set(60, &message.logical(60).unwrap()).unwrap();
    let mut out = BytesMut::new();
    built.encode(&mut out).unwrap();
    assert_eq!(hex(&out), hex(&frame), "built from its value");
    Ok(message)
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
    let mut seen = 0;
    for vector in vectors["messages"].as_array().unwrap().iter().filter(|vector| vector["must_fail"] != true) {
        let id = vector["id"].as_str().unwrap();
        let Some(spec) = of_vector(&vector["dialect"]) else {
            assert_eq!(id, "cardutil-ipm-1144-cp500-hexbitmap", "moov has no bitmap in EBCDIC, and all else");
            continue;
        };
        let dialect = dialect(&imported(&spec.to_string()));
        let header = vector["dialect"]["header"]["hex"].as_str().unwrap_or_default().len() / 2;
        let body = Bytes::from(unhex(vector["hex"].as_str().unwrap())).slice(header..);
        let message = dialect.decode(body.clone()).unwrap_or_else(|error| panic!("{id}: {error}"));
        let mut out = BytesMut::new();
        message.encode(&mut out).unwrap();
        assert_eq!(hex(&out), hex(&body), "{id}");
        for (field, value) in vector["fields"].as_object().unwrap() {
            let (Ok(field @ 2..), Some(value)) = (field.parse::<u8>(), value.as_str().filter(|value| value.is_ascii()))
            else {
                continue;
            };
            assert_eq!(message.text(field).as_deref(), Some(value), "{id} DE{field}");
        }
        seen += 1;
    }
    assert_eq!(seen, 27);
}
