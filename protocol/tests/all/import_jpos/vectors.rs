//! Every golden message, read by a packager that says what its source says.

use super::{Field, encoded, packager, there_and_back, whole};
use crate::samples::{hex, unhex};
use serde_json::Value;

/// The jPOS class of a field in the grammar of the vectors, and its `pad`.
fn class(form: &str) -> (String, usize, bool) {
    let words: Vec<_> = form.split(' ').collect();
    let pad = words.last() == Some(&"padl");
    if words[0] == "fix" {
        let class = match words[1] {
            "asc" | "gbk" => "IF_CHAR",
            "ebc" => "IFE_CHAR",
            "bcd" => "IFB_NUMERIC",
            "bin" => "IFB_BINARY",
            "hex" => "IFA_BINARY",
            other => panic!("{other}"),
        };
        return (class.to_owned(), words[2].parse().unwrap(), pad);
    }
    let (kind, count) = words[1].split_at(3);
    let letters = "L".repeat(count.parse().unwrap());
    let class = match (kind, words[2]) {
        ("asc", "asc") => format!("IFA_{letters}CHAR"),
        ("asc", "bin") => format!("IFA_{letters}BINARY"),
        ("ebc", "ebc") => format!("IFE_{letters}CHAR"),
        ("ebc", "asc") => format!("IFEA_{letters}CHAR"),
        ("bcd", "bcd") => format!("IFB_{letters}NUM"),
        ("bcd", "asc") => format!("IFB_{letters}CHAR"),
        ("bcd", "bin") => format!("IFB_{letters}BINARY"),
        ("bin", "ebc") => format!("IFB_L{letters}HECHAR"),
        other => panic!("{other:?}"),
    };
    (class, words[3].parse().unwrap(), pad)
}

fn packager_of(dialect: &Value) -> Option<String> {
    let mti = match dialect["mti"].as_str()? {
        "asc" => "IFA_NUMERIC",
        "ebc" => "IFE_NUMERIC",
        _ => "IFB_NUMERIC",
    };
    let bitmap = match dialect["bitmap"].as_str()? {
        "bin" => "IFB_BITMAP",
        "hex" => "IFA_BITMAP",
        "ebchex" => "IFE_BITMAP",
        // jPOS has no bitmap that is as long without its first bit as with it.
        _ => return None,
    };
    let forms: Vec<(u32, String, usize, bool)> = dialect["fields"]
        .as_object()?
        .iter()
        .map(|(number, form)| {
            let (class, length, pad) = class(form.as_str().unwrap());
            (number.parse().unwrap(), class, length, pad)
        })
        .collect();
    let mut fields: Vec<Field<'_>> = vec![(0, mti, 4, false), (1, bitmap, 16, false)];
    fields.extend(forms.iter().map(|(number, class, length, pad)| (*number, class.as_str(), *length, *pad)));
    Some(packager(&fields, ""))
}

#[test]
fn every_vector_is_read_and_written_by_an_imported_packager() {
    let vectors: Value = serde_json::from_str(include_str!("../../../../tests/vectors/messages.json")).unwrap();
    let mut seen = 0;
    for vector in vectors["messages"].as_array().unwrap().iter().filter(|vector| vector["must_fail"] != true) {
        let Some(text) = packager_of(&vector["dialect"]) else { continue };
        let dialect = whole(&text);
        let header = vector["dialect"]["header"]["hex"].as_str().unwrap_or_default().len() / 2;
        let body = unhex(vector["hex"].as_str().unwrap()).split_off(header);
        let message = if vector["dialect"]["bitmap"] == "ebchex" {
            // Its source writes the bitmap in lower case, jPOS in upper case: only what came in is written back so.
            let message = dialect.decode(body.clone().into()).unwrap();
            assert_eq!(hex(&encoded(&message)), hex(&body));
            message
        } else {
            there_and_back(&dialect, &body)
        };
        for (field, value) in vector["fields"].as_object().unwrap() {
            let (Ok(number @ 2..), Some(value)) = (field.parse::<u8>(), value.as_str()) else { continue };
            if value.is_ascii() {
                assert_eq!(message.text(number).as_deref(), Some(value), "{} DE{number}", vector["id"]);
            } else {
                assert!(message.text(number).unwrap().starts_with("0x"), "{} DE{number}", vector["id"]);
            }
        }
        seen += 1;
    }
    assert_eq!(seen, 22, "all but those with a bitmap that jPOS has not");
}
