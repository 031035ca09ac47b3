//! Every vector of `tests/vectors/messages.json`: decoded to the stated values, written back byte for byte, and built again
//! from the values alone; the damaged ones refused.

use crate::{
    grammar::toml,
    samples::{hex, unhex},
};
use banklink_protocol::{Dialect, FieldSet, Message, describe};
use bytes::{Bytes, BytesMut};
use serde_json::Value;
use std::sync::Arc;

fn vectors() -> Value {
    serde_json::from_str(include_str!("../../../tests/vectors/messages.json")).unwrap()
}

/// The bytes from the MTI on.
fn body(vector: &Value) -> Bytes {
    let bytes = unhex(vector["hex"].as_str().unwrap());
    let header = vector["dialect"]["header"]["hex"].as_str().unwrap_or_default().len() / 2;
    Bytes::from(bytes).slice(header..)
}

fn encoded(message: &Message) -> Vec<u8> {
    let mut out = BytesMut::new();
    message.encode(&mut out).unwrap();
    out.to_vec()
}

fn readable() -> Vec<(String, Value, Arc<Dialect>)> {
    let vectors = vectors();
    let good = vectors["messages"].as_array().unwrap().iter().filter(|vector| vector["must_fail"] != true);
    good.map(|vector| {
        let id = vector["id"].as_str().unwrap().to_owned();
        let dialect = Dialect::parse(&id, &toml(vector)).unwrap_or_else(|error| panic!("{error}"));
        (id, vector.clone(), dialect)
    })
    .collect()
}

#[test]
fn every_vector_says_what_its_source_says() {
    let all = readable();
    assert_eq!(all.len(), 28);
    for (id, vector, dialect) in all {
        let body = body(&vector);
        let message = dialect.decode(body.clone()).unwrap_or_else(|error| panic!("{id}: {error}"));
        let fields = vector["fields"].as_object().unwrap();
        let mut wanted = FieldSet::new();
        for (field, value) in fields {
            let value = value.as_str().unwrap();
            match field.as_str() {
                "0" => assert_eq!(message.mti().to_string(), value, "{id}"),
                "bitmap" => {}
                field => {
                    let field: u8 = field.parse().unwrap();
                    wanted.insert(field);
                    if value.is_ascii() {
                        assert_eq!(message.text(field).as_deref(), Some(value), "{id} DE{field}");
                    } else {
                        // GBK passes as bytes and is shown as hex, marked as such.
                        let wanted = format!("0x{}", hex(message.wire(field).unwrap()));
                        assert_eq!(message.text(field), Some(wanted), "{id} DE{field}");
                    }
                }
            }
        }
        assert_eq!(message.field_set(), wanted, "{id}");
        assert_eq!(encoded(&message), body, "{id}: decoded and written back");
    }
}

#[test]
fn every_vector_is_built_from_its_values() {
    for (id, vector, dialect) in readable() {
        let body = body(&vector);
        let decoded = dialect.decode(body.clone()).unwrap();
        let mut built = Message::new(&dialect, decoded.mti());
        // Backwards, so that the order is the codec's and not ours.
        for field in decoded.fields().collect::<Vec<_>>().into_iter().rev() {
            built.set(field, &decoded.logical(field).unwrap()).unwrap_or_else(|error| panic!("{id}: {error}"));
        }
        assert_eq!(hex(&encoded(&built)), hex(&body), "{id}");
        let named = describe::message(&dialect, decoded.mti(), &describe::elements(&decoded)).unwrap();
        assert_eq!(hex(&encoded(&named)), hex(&body), "{id} by names and text");
    }
}

#[test]
fn chip_data_is_taken_apart_and_put_together() {
    let mut seen = 0;
    for (id, vector, dialect) in readable() {
        let Some(wanted) = vector.get("emv") else { continue };
        let mut message = dialect.decode(body(&vector)).unwrap();
        let walked: Vec<(String, String)> =
            message.elements(55).unwrap().map(|piece| (piece.key().into_owned(), hex(piece.value()))).collect();
        assert_eq!(walked, pairs(wanted), "{id}");
        let composite = message.composite(55).unwrap();
        message.set_composite(55, &composite).unwrap();
        assert_eq!(encoded(&message), body(&vector), "{id}");
        seen += 1;
    }
    assert_eq!(seen, 6);
}

fn pairs(list: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    list.as_array().unwrap().iter().map(|pair| (text(&pair[0]), text(&pair[1]))).collect()
}

#[test]
fn tlv_vectors() {
    let dialect = Dialect::named("iso87-ascii").unwrap();
    for vector in vectors()["tlv"].as_array().unwrap() {
        let bytes = unhex(vector["hex"].as_str().unwrap());
        let mut message = Message::new(&dialect, "0200".parse().unwrap());
        let set = message.set(55, &bytes);
        if vector["must_fail"] == true {
            assert!(set.is_err(), "{}", vector["reason"]);
            continue;
        }
        set.unwrap();
        let composite = message.composite(55).unwrap();
        let elements: Vec<_> =
            composite.keys().map(|key| (key.to_owned(), hex(&composite.get(key).unwrap()))).collect();
        assert_eq!(elements, pairs(&vector["tags"]));
        assert_eq!(composite.encode(), bytes);
    }
}

#[test]
fn what_must_fail_fails() {
    let dialect = Dialect::named("iso87-ascii").unwrap();
    let vectors = vectors();
    let bad = vectors["messages"].as_array().unwrap().iter().filter(|vector| vector["must_fail"] == true);
    let mut seen = 0;
    for vector in bad {
        let error = dialect.decode(body(vector)).err();
        assert!(error.is_some(), "{} must not decode", vector["id"]);
        seen += 1;
    }
    assert_eq!(seen, 6);
    let cut = vectors["messages"].as_array().unwrap().iter().find(|vector| vector["reason"] == "truncated").unwrap();
    let error = dialect.decode(body(cut)).unwrap_err();
    assert_eq!(error.to_string(), "DE55 at byte 185: wanted 30 more bytes, had 21");
    let partial = error.partial.unwrap();
    assert_eq!((partial.mti().to_string().as_str(), partial.number(11)), ("0400", Some(100_331)));
}
