//! Composites of moov: by position, by tag, BER-TLV, behind a bitmap, and those whose inside cannot be told.

use super::{dialect, imported, leaf, one, remarks, spec, through};
use crate::samples::hex;
use banklink_protocol::{
    Message,
    describe::{self, Element},
    dialect::Sensitivity,
};
use serde_json::{Value, json};

/// What is inside field 60, in short: `1=AB 2=(1=C)`.
fn inside(message: &Message) -> String {
    fn short(elements: &[Element]) -> String {
        let one = |element: &Element| match &element.value {
            describe::Value::Text(text) => format!("{}={text}", element.key),
            describe::Value::Elements(inner) => format!("{}=({})", element.key, short(inner)),
        };
        elements.iter().map(one).collect::<Vec<_>>().join(" ")
    }
    let all = describe::elements(message);
    match &all.iter().find(|element| element.key == "60").unwrap().value {
        describe::Value::Elements(elements) => short(elements),
        describe::Value::Text(text) => format!("whole {text}"),
    }
}

fn composite(length: u32, prefix: &str, tag: Value, subfields: Value) -> Value {
    json!({ "type": "Composite", "length": length, "prefix": prefix, "tag": tag, "subfields": subfields })
}

fn ascii(text: &str) -> String {
    hex(text.as_bytes())
}

/// The same text in the EBCDIC of digits, letters and blanks.
fn ebcdic(text: &str) -> String {
    let byte = |byte: u8| match byte {
        b'0'..=b'9' => byte | 0xF0,
        b'A'..=b'I' => byte - b'A' + 0xC1,
        b'J'..=b'R' => byte - b'J' + 0xD1,
        b'S'..=b'Z' => byte - b'S' + 0xE2,
        _ => 0x40,
    };
    hex(&text.bytes().map(byte).collect::<Vec<_>>())
}

#[test]
fn parts_by_position() {
    let two = |enc: &str, prefix: &str| json!({ "02": leaf("String", 2, enc, prefix), "01": leaf("Numeric", 4, enc, prefix) });
    let sorted = json!({ "sort": "StringsByInt" });
    // Text in one encoding is text; the order is that of the keys.
    let text = one(composite(6, "ASCII.Fixed", sorted.clone(), two("ASCII", "ASCII.Fixed")));
    assert!(text.toml.contains("format = \"ans6\"") && text.remarks.is_empty(), "{}\n{:?}", text.toml, text.remarks);
    assert_eq!(inside(&through(&text, &ascii("1234AB")).unwrap()), "1=1234 2=AB");
    assert!(through(&text, &ascii("1234A")).is_err() && through(&text, &ascii("12X4AB")).is_err());
    // Of variable length it may end after any part.
    let text = one(composite(99, "EBCDIC.LL", sorted.clone(), two("EBCDIC", "EBCDIC.Fixed")));
    assert!(text.toml.contains("encoding = \"cp500\""));
    assert_eq!(inside(&through(&text, &ebcdic("061234AB")).unwrap()), "1=1234 2=AB");
    assert_eq!(inside(&through(&text, &ebcdic("041234")).unwrap()), "1=1234");
    // Numbers are a number, packed or not.
    let numbers =
        json!({ "1": leaf("Numeric", 2, "ASCII", "ASCII.Fixed"), "2": leaf("Numeric", 4, "ASCII", "ASCII.Fixed") });
    assert!(one(composite(6, "ASCII.Fixed", sorted.clone(), numbers)).toml.contains("format = \"n6\""));
    let packed = one(composite(3, "BCD.Fixed", sorted.clone(), two("BCD", "BCD.Fixed")));
    assert!(packed.toml.contains("format = \"n6\"\nencoding = \"bcd\""), "{}", packed.toml);
    let message = through(&packed, "123456").unwrap();
    assert_eq!((message.text(60).as_deref(), inside(&message).as_str()), (Some("123456"), "1=1234 2=56"));
    // Anything else is bytes, and each part says how it stands.
    let mixed = json!({
        "1": leaf("Numeric", 3, "BCD", "BCD.Fixed"),
        "2": leaf("String", 9, "EBCDIC", "EBCDIC.L"),
        "3": leaf("Hex", 2, "HexToASCII", "Hex.Fixed"),
        "4": leaf("String", 20, "LBCD", "Binary.L"),
        "7": composite(4, "ASCII.LL", sorted.clone(), two("ASCII", "ASCII.Fixed")),
    });
    let mixed = one(composite(255, "Binary.L", sorted.clone(), mixed));
    let wire = format!("12 0123 F2C1C2 {} 03 1230 {}", ascii("5AF2"), ascii("041234"));
    assert_eq!(inside(&through(&mixed, &wire).unwrap()), "1=123 2=AB 3=5AF2 4=123 7=(1=1234)");
    // Keys that are no places are numbered, which is remarked.
    let named =
        json!({ "0A": leaf("String", 1, "ASCII", "ASCII.Fixed"), "F1": leaf("String", 2, "ASCII", "ASCII.Fixed") });
    let named = one(composite(3, "ASCII.Fixed", json!({ "sort": "StringsByHex" }), named));
    assert_eq!(remarks(&named), ["line 1: field 60: parts by position are numbered in their order: 0A is 1, F1 is 2"]);
    assert_eq!(inside(&through(&named, &ascii("XYZ")).unwrap()), "1=X 2=YZ");
    // Without prefix and length it is as long as its parts.
    let sum = one(composite(0, "None.Fixed", sorted, two("ASCII", "ASCII.Fixed")));
    assert_eq!(inside(&through(&sum, &ascii("1234AB")).unwrap()), "1=1234 2=AB");
}

#[test]
fn parts_by_tag() {
    let tag = json!({ "length": 2, "enc": "ASCII", "padding": { "type": "Left", "pad": "0" }, "sort": "StringsByInt",
        "skipUnknownTLVTags": true, "storeUnknownTLVTags": true, "prefUnknownTLV": "ASCII.LL" });
    let parts = json!({ "1": leaf("String", 10, "ASCII", "ASCII.LL"), "12": leaf("Numeric", 3, "ASCII", "ASCII.LL") });
    let open = one(composite(999, "ASCII.LLL", tag.clone(), parts.clone()));
    assert!(open.remarks.is_empty(), "{:?}", open.remarks);
    let wire = ascii("02112037770102AB9901Z");
    assert_eq!(inside(&through(&open, &wire.replacen(&ascii("021"), &ascii("018"), 1)).unwrap()), "12=777 01=AB 99=Z");
    // Not let in, a tag that is not declared is refused.
    let mut closed = tag.clone();
    closed.as_object_mut().unwrap().remove("skipUnknownTLVTags");
    let closed = one(composite(999, "ASCII.LLL", closed, parts.clone()));
    assert!(through(&closed, &ascii("0059901Z")).is_err());
    assert_eq!(inside(&through(&closed, &ascii("0060102AB")).unwrap()), "01=AB");
    let mut other = tag;
    other["prefUnknownTLV"] = json!("ASCII.LLL");
    assert!(remarks(&one(composite(999, "ASCII.LLL", other, parts)))[0].contains("lengths of another kind"));
    // In EBCDIC throughout it is text; of mixed encodings it is bytes.
    let tag = json!({ "length": 2, "enc": "EBCDIC", "sort": "StringsByInt" });
    let parts = json!({ "AB": leaf("String", 10, "EBCDIC", "EBCDIC.LL") });
    let text = one(composite(999, "EBCDIC.LLL", tag.clone(), parts));
    assert_eq!(inside(&through(&text, &ebcdic("006AB02XY")).unwrap()), "AB=XY");
    let parts = json!({ "AB": leaf("String", 10, "ASCII", "Binary.L"), "CD": leaf("Hex", 4, "Binary", "Binary.L") });
    let bytes = one(composite(999, "ASCII.LLL", tag, parts));
    let wire = format!("{} {} 01 {} {} 02 BEEF", ascii("009"), ebcdic("AB"), ascii("X"), ebcdic("CD"));
    assert_eq!(inside(&through(&bytes, &wire).unwrap()), "AB=X CD=BEEF");
    // Tags of bytes, told in hex, and of packed digits.
    let parts = |key: &str| json!({ key: leaf("Numeric", 4, "ASCIIToHex", "Binary.LL") });
    let bytes = one(composite(99, "Binary.L", json!({ "length": 1, "enc": "ASCIIToHex" }), parts("5f")));
    assert_eq!(inside(&through(&bytes, "05 5F 0002 1234").unwrap()), "5F=1234");
    let packed = one(composite(99, "Binary.L", json!({ "length": 3, "enc": "BCD" }), parts("123")));
    assert_eq!(inside(&through(&packed, "06 0123 0002 1234").unwrap()), "123=1234");
}

#[test]
fn chip_data_and_data_sets() {
    let open = json!({ "enc": "BerTLVTag", "sort": "StringsByHex", "skipUnknownTLVTags": true });
    let parts = json!({
        "9F02": { "type": "Numeric", "length": 12, "enc": "ASCIIToHex", "prefix": "BerTLV", "description": "Amount" },
        "9F1E": { "type": "String", "enc": "ASCII", "prefix": "BerTLV" },
        "57": { "type": "Track2", "enc": "ASCIIToHex", "prefix": "BerTLV" },
        "70": { "type": "Composite", "prefix": "BerTLV", "tag": { "enc": "BerTLVTag" },
            "subfields": { "8A": { "type": "Binary", "enc": "Binary", "prefix": "BerTLV" } } },
    });
    let chip = one(composite(999, "ASCII.LLL", open.clone(), parts.clone()));
    assert!(chip.remarks.is_empty(), "{:?}", chip.remarks);
    let data = "9F0206000000001234 9F1E024142 57054111D2912F 7004 8A023030 DF0101FF".replace(' ', "");
    let message = through(&chip, &(ascii(&format!("{:03}", data.len() / 2)) + &data)).unwrap();
    assert_eq!(inside(&message), "9F02=000000001234 9F1E=AB 57=4111=2912 70=(8A=3030) DF01=FF");
    // Inside the template no other tag is let in.
    assert!(through(&chip, &(ascii("005") + "7003DF0100")).is_err());
    // Who may see a tag of chip data is known, whatever the specification.
    let shown = dialect(&imported(&spec(json!({ "55": composite(999, "ASCII.LLL", open.clone(), parts) }))));
    let row = |key: &str| shown.layout(None).into_iter().find(|row| row.key == key).unwrap();
    assert_eq!((row("9F02").sensitivity, row("9F02").name.as_str()), (Sensitivity::Public, "Amount"));
    assert_eq!(row("57").sensitivity, Sensitivity::Secret);
    // Data sets: a tag of one byte, a length of two, BER-TLV of EBCDIC inside.
    let set = json!({ "type": "Composite", "length": 255, "prefix": "Binary.LL", "tag": open, "subfields": {
        "01": { "type": "String", "length": 11, "enc": "EBCDIC", "prefix": "BerTLV" } } });
    let outer = json!({ "length": 1, "enc": "ASCIIToHex", "sort": "StringsByHex", "skipUnknownTLVTags": true,
        "prefUnknownTLV": "Binary.LL" });
    let sets = one(composite(255, "Binary.L", outer, json!({ "56": set })));
    let said = remarks(&sets);
    assert!(said.len() == 1 && said[0].contains("EBCDIC of moov is code page 500 but for `|`"), "{said:?}");
    let wire = format!("0C 56 0004 0102{} 65 0002 0304", ebcdic("A1"));
    assert_eq!(inside(&through(&sets, &wire).unwrap()), "56=(01=A1) 65=0304");
}

#[test]
fn parts_behind_a_bitmap() {
    let bitmap = |length: u32, enc: &str| json!({ "type": "Bitmap", "length": length, "enc": enc, "prefix": "Hex.Fixed", "disableAutoExpand": true });
    let with = |bitmap: Value, parts: Value| {
        one(json!({ "type": "Composite", "length": 255, "prefix": "ASCII.LL", "bitmap": bitmap, "subfields": parts }))
    };
    let parts =
        json!({ "1": leaf("String", 2, "ASCII", "ASCII.Fixed"), "10": leaf("String", 6, "ASCII", "ASCII.Fixed") });
    // A message that moov packs for its own test of such a field.
    let hex = with(bitmap(8, "HexToASCII"), parts.clone());
    assert_eq!(inside(&through(&hex, &ascii("22004000000000000011 456")).unwrap()), "10=11 456");
    assert!(hex.toml.contains("format = \"ans..99\""), "{}", hex.toml);
    let mixed =
        json!({ "1": leaf("Numeric", 3, "BCD", "BCD.Fixed"), "64": leaf("String", 2, "EBCDIC", "EBCDIC.Fixed") });
    let raw = with(bitmap(8, "Binary"), mixed);
    let wire = format!("{} 8000000000000001 0123 {}", ascii("12"), ebcdic("AB"));
    assert_eq!(inside(&through(&raw, &wire).unwrap()), "1=123 64=AB");
    let long = with(bitmap(16, "HexToASCII"), json!({ "70": leaf("String", 2, "ASCII", "ASCII.Fixed") }));
    assert_eq!(inside(&through(&long, &ascii("3400000000000000000400000000000000AB")).unwrap()), "70=AB");
    // Early specifications have it as the subfield 0.
    let mut early = parts;
    early["0"] = bitmap(8, "HexToASCII");
    let early = one(composite(255, "ASCII.LL", json!({ "sort": "StringsByInt" }), early));
    assert_eq!(inside(&through(&early, &ascii("22004000000000000011 456")).unwrap()), "10=11 456");
}

/// Where the inside cannot be told the field is, and the message can be read.
#[test]
fn what_is_inside_is_left_out_before_a_message_is_refused() {
    let sorted = json!({ "sort": "StringsByInt" });
    let ber = |enc: &str| json!({ "9F02": { "type": "Numeric", "enc": enc, "prefix": "BerTLV" } });
    let tag = json!({ "length": 2, "enc": "ASCII" });
    let bitmap = json!({ "type": "Bitmap", "length": 5, "enc": "Binary", "prefix": "Binary.Fixed" });
    let cases = [
        // moov counts half of what hex takes, so that its lengths are none of BER.
        (
            composite(99, "ASCII.LL", json!({ "enc": "BerTLVTag" }), ber("HexToASCII")),
            "9F02: the length behind its tag",
        ),
        (composite(99, "ASCII.LL", json!({ "enc": "BerTLVTag" }), ber("BCD")), "9F02: the length behind its tag"),
        (composite(99, "ASCII.LL", sorted.clone(), json!({ "1": leaf("String", 4, "UTF8", "ASCII.Fixed") })), "UTF8"),
        (
            composite(99, "ASCII.LL", sorted.clone(), json!({ "1": leaf("String", 4, "ASCII", "None.Fixed") })),
            "what is left",
        ),
        (
            composite(99, "ASCII.LL", tag.clone(), json!({ "01": leaf("String", 4, "ASCII", "ASCII.Fixed") })),
            "no lengths",
        ),
        (
            composite(
                99,
                "ASCII.LL",
                tag,
                json!({ "01": leaf("String", 4, "ASCII", "ASCII.L"),
                "02": leaf("String", 4, "ASCII", "ASCII.LL") }),
            ),
            "not all written alike",
        ),
        (
            composite(
                99,
                "ASCII.LL",
                json!({ "enc": "ASCII" }),
                json!({ "01": leaf("String", 4, "ASCII", "ASCII.L") }),
            ),
            "not told",
        ),
        (
            json!({ "type": "Composite", "length": 99, "prefix": "ASCII.LL", "bitmap": bitmap,
                "subfields": { "2": leaf("String", 4, "ASCII", "ASCII.Fixed") } }),
            "5 bytes",
        ),
    ];
    for (field, why) in cases {
        let imported = one(field);
        let said = remarks(&imported);
        assert!(
            said.len() == 1 && said[0].contains("field 60: kept in one piece") && said[0].contains(why),
            "{said:?}"
        );
        let whole = inside(&through(&imported, &ascii("04ABCD")).unwrap());
        assert!(["whole ABCD", "whole 41424344"].contains(&whole.as_str()), "{whole}");
    }
    // Behind a tag the length of a part is known, whatever it is.
    let odd = json!({ "01": leaf("Future", 4, "ASCII", "ASCII.LL"), "02": leaf("String", 4, "ASCII", "ASCII.LL") });
    let odd = one(composite(99, "ASCII.LL", json!({ "length": 2, "enc": "ASCII" }), odd));
    assert_eq!(remarks(&odd), ["line 1: field 60.01: the type \"Future\" is not known: kept as it stands"]);
    assert_eq!(inside(&through(&odd, &ascii("120102AB0202CD")).unwrap()), "01=4142 02=CD");
    // Seven deep is one too many.
    let mut deep = leaf("String", 2, "ASCII", "ASCII.Fixed");
    for _ in 0..7 {
        deep = composite(2, "ASCII.Fixed", sorted.clone(), json!({ "1": deep }));
    }
    let deep = one(deep);
    assert!(remarks(&deep)[0].contains("more than 6 deep"), "{:?}", remarks(&deep));
    assert_eq!(inside(&through(&deep, &ascii("AB")).unwrap()), "1=(1=(1=(1=(1=(1=AB)))))");
}
