//! Insides of every kind: walked, taken apart, changed, put together, refused.

use crate::samples::{hex, unhex};
use banklink_protocol::{Dialect, Message, describe};
use bytes::BytesMut;
use std::sync::Arc;

fn dialect(field: &str) -> Arc<Dialect> {
    let text = format!("extends = \"iso87-ascii\"\nname = \"mine\"\n{field}");
    Dialect::parse("mine", &text).unwrap_or_else(|error| panic!("{error}"))
}

fn message(dialect: &Arc<Dialect>) -> Message {
    Message::new(dialect, "0200".parse().unwrap())
}

/// DE127 as some switches have it: a bitmap of its own, with another one inside.
fn nested() -> Arc<Dialect> {
    dialect(
        r#"
[fields.127]
format = "b......999999"
inside = "bitmap"
bitmap = { encoding = "raw", blocks = 1 }
[fields.127.elements]
2 = { format = "ans..32", name = "Switch key", show = "public" }
3 = { format = "ans48", name = "Routing" }
20 = { format = "n8" }
25 = { format = "b....9999", inside = "bitmap", bitmap = { encoding = "hex", blocks = 1 }, elements = { 2 = { format = "n12", name = "Amount", show = "public" }, 30 = { format = "b2" } } }
"#,
    )
}

#[test]
fn a_bitmap_inside_a_bitmap() {
    let dialect = nested();
    let mut outer = message(&dialect);
    let mut composite = outer.new_composite(127).unwrap();
    composite.set("20", b"20261123").unwrap();
    composite.set("2", b"KEY").unwrap();
    let mut inner = outer.new_composite(127).unwrap();
    inner.set("25", b"40000000000000000000000012345").unwrap_err();
    composite.set("25", &[b"4000000000000000".as_slice(), b"000000012345"].concat()).unwrap();
    assert_eq!(composite.keys().collect::<Vec<_>>(), ["2", "20", "25"]);
    outer.set_composite(127, &composite).unwrap();
    let mut out = BytesMut::new();
    outer.encode(&mut out).unwrap();
    let back = dialect.decode(out.clone().freeze()).unwrap();
    let mut composite = back.composite(127).unwrap();
    assert_eq!(composite.encode(), back.logical(127).unwrap().to_vec());
    let mut amounts = composite.nested("25").unwrap();
    assert_eq!(amounts.get("2").unwrap(), b"000000012345");
    amounts.set("30", &[0xBE, 0xEF]).unwrap();
    composite.set("25", &amounts.encode()).unwrap();
    composite.remove("2");
    let mut changed = back.clone();
    changed.set_composite(127, &composite).unwrap();
    let printed = format!("{changed:?}");
    assert!(printed.contains("2=000000012345") && !printed.contains("BEEF"), "{printed}");
    // One more level by names and text.
    let elements = describe::elements(&changed);
    assert_eq!(describe::message(&dialect, changed.mti(), &elements).unwrap().logical(127), changed.logical(127));
}

#[test]
fn text_tlv_keeps_order_repeats_and_strangers() {
    let dialect = dialect(
        r#"
[fields.48]
inside = "tlv"
tag = { format = "an2" }
length = { digits = 2 }
[fields.48.elements]
PI = { format = "ans..10", name = "Product", show = "public" }
CV = { format = "n3", name = "Card verification value", show = "secret" }
"#,
    );
    let mut changed = message(&dialect);
    changed.set(48, b"PI03ABCZZ02??CV03123PI00").unwrap();
    let keys: Vec<_> = changed.elements(48).unwrap().map(|piece| piece.key().into_owned()).collect();
    assert_eq!(keys, ["PI", "ZZ", "CV", "PI"]);
    let mut composite = changed.composite(48).unwrap();
    assert_eq!(composite.encode(), b"PI03ABCZZ02??CV03123PI00");
    composite.set("PI", b"X").unwrap();
    composite.push("ZZ", b"again").unwrap();
    changed.set_composite(48, &composite).unwrap();
    assert_eq!(changed.text(48).unwrap(), "PI01XZZ02??CV03123PI00ZZ05again");
    let printed = format!("{changed:?}");
    assert!(printed.contains("PI=X") && !printed.contains("123") && !printed.contains("??"), "{printed}");
    for bad in ["PI03AB", "PI", "PI0", "P", "PIx1A", "CV0212", "CV03A12"] {
        assert!(changed.set(48, bad.as_bytes()).is_err(), "{bad}");
    }
    assert_eq!(changed.set(48, b"PI03AB").unwrap_err().to_string(), "DE48: wanted 3 more bytes, had 2");
}

#[test]
fn binary_tlv_with_forms_of_its_own() {
    let dialect = dialect(
        r#"
[fields.48]
format = "b...999"
inside = "tlv"
unknown = "refuse"
tag = { format = "n2", encoding = "bcd" }
length = { prefix = "binary", digits = 3 }
[fields.48.elements]
11 = { format = "n..20", encoding = "bcd", nibble-side = "right", nibble = "F" }
12 = { format = "ans..20", encoding = "cp500" }
"#,
    );
    let mut laid = message(&dialect);
    let mut composite = laid.new_composite(48).unwrap();
    composite.push("11", b"12345").unwrap();
    composite.push("12", b"AB").unwrap();
    assert!(composite.push("13", b"1").is_err());
    assert_eq!(hex(&composite.encode()), "11000312345F120002C1C2");
    laid.set_composite(48, &composite).unwrap();
    assert_eq!(laid.composite(48).unwrap().get("11").unwrap(), b"12345");
    assert!(laid.set(48, &unhex("130001FF")).is_err());
}

#[test]
fn positions_repeated_and_optional() {
    let amounts = dialect(
        r#"
[fields.54]
inside = "positional"
repeat = true
[fields.54.elements]
1 = { format = "n2" }
2 = { format = "n2" }
3 = { format = "n3" }
4 = { format = "x+n12", show = "public" }
"#,
    );
    let mut balance = message(&amounts);
    balance.set(54, b"0001840C0000000012340002840D000000000001").unwrap();
    let composite = balance.composite(54).unwrap();
    assert_eq!(composite.keys().collect::<String>(), "12341234");
    assert_eq!(composite.encode(), balance.logical(54).unwrap().to_vec());
    assert!(balance.set(54, b"0001840C0000000012340002").is_err());
    let may_end = dialect(
        "[fields.60]\ninside = \"positional\"\noptional = true\n[fields.60.elements]\n1 = { format = \"n2\" }\n2 = { format = \"ans..99\" }\n",
    );
    let mut entry = message(&may_end);
    entry.set(60, b"07").unwrap();
    entry.set(60, b"0702AB").unwrap();
    assert_eq!(entry.composite(60).unwrap().get("2").unwrap(), b"AB");
    assert!(entry.set(60, b"0702ABC").is_err() && entry.set(60, b"0").is_err());
}

#[test]
fn an_inside_is_the_same_over_every_code_page() {
    for encoding in ["ascii", "cp500"] {
        let dialect = dialect(&format!(
            "[fields.48]\nencoding = \"{encoding}\"\ninside = \"tlv\"\ntag = {{ format = \"an2\" }}\nlength = {{ digits = 2 }}\n"
        ));
        let mut laid = message(&dialect);
        laid.set(48, b"AB03xyz").unwrap();
        let mut out = BytesMut::new();
        laid.encode(&mut out).unwrap();
        let back = dialect.decode(out.clone().freeze()).unwrap();
        assert_eq!(back.composite(48).unwrap().get("AB").unwrap(), b"xyz");
        // The third character of the length is one of the value: cut inside, told in place.
        let at = out.len() - 4;
        out[at] = if encoding == "ascii" { b'9' } else { 0xF9 };
        let error = dialect.decode(out.freeze()).unwrap_err();
        assert_eq!((error.field, error.offset), (Some(48), at + 1), "{error}");
    }
}

#[test]
fn chip_data_long_short_and_odd() {
    let dialect = Dialect::named("iso87-ascii").unwrap();
    let mut chip = message(&dialect);
    // A length of one byte written with two, a value of no bytes, an unknown tag twice.
    let bytes = unhex("9F10810306011ADF0100DF0100820239009F3600");
    chip.set(55, &bytes).unwrap();
    let mut composite = chip.composite(55).unwrap();
    assert_eq!(composite.encode(), bytes);
    composite.set("82", &[0x5C, 0x00]).unwrap();
    assert_eq!(hex(&composite.encode()), "9F10810306011ADF0100DF010082025C009F3600");
    composite.remove("DF01");
    composite.push("9F10", &[7; 200]).unwrap();
    assert_eq!(hex(&composite.encode()[11..17]), "9F3600".to_owned() + "9F1081");
    for bad in ["9F", "9F26", "9F2608", "9F268001", "008100", "9F26840000000100"] {
        assert!(chip.set(55, &unhex(bad)).is_err(), "{bad}");
    }
}
