//! The grammar that the vectors of `tests/vectors/messages.json` describe their dialects in, as dialect files.

use serde_json::Value;
use std::fmt::Write;

/// A dialect file from the vector's own grammar.
pub(crate) fn toml(vector: &Value) -> String {
    let dialect = &vector["dialect"];
    let mti = match dialect["mti"].as_str().unwrap() {
        "asc" => "ascii",
        "ebc" => "ebcdic",
        _ => "bcd",
    };
    let bitmap = match dialect["bitmap"].as_str().unwrap() {
        "bin" => r#"{ encoding = "raw", blocks = 3 }"#,
        "hex" => r#"{ encoding = "hex" }"#,
        // The only vector of this kind writes it in lower case.
        "ebchex" => r#"{ encoding = "ebcdic-hex", case = "lower" }"#,
        _ => r#"{ encoding = "hex", fixed = true, announce = "never" }"#,
    };
    let mut text = format!("name = \"golden\"\nversion = 1987\nmti = \"{mti}\"\nbitmap = {bitmap}\n[fields]\n");
    for (field, form) in dialect["fields"].as_object().unwrap() {
        writeln!(text, "{field} = {{ {} }}", field_toml(form.as_str().unwrap())).unwrap();
    }
    if vector.get("emv").is_some() {
        text = text.replace("55 = {", "55 = { inside = \"ber-tlv\", ");
    }
    text
}

fn field_toml(form: &str) -> String {
    let words: Vec<_> = form.split(' ').collect();
    let (dots, prefix, rest) = match words[0] {
        "fix" => ("", String::new(), &words[1..]),
        _ => {
            let (kind, count) = words[1].split_at(3);
            let (prefix, dots) = match (kind, count) {
                ("bin", "1") => ("binary", ".."),
                ("bin", _) => ("binary", "..."),
                (kind, count) => {
                    let name = if kind == "asc" { "ascii" } else { kind };
                    (if name == "ebc" { "ebcdic" } else { name }, &"......"[..count.parse().unwrap()])
                }
            };
            (dots, format!(", prefix = \"{prefix}\""), &words[2..])
        }
    };
    let length = rest[1];
    let counts = |what: &str| if dots.is_empty() { String::new() } else { format!(", counts = \"{what}\"") };
    let (class, encoding) = match rest[0] {
        "asc" => ("ans", "encoding = \"ascii\"".to_owned()),
        "ebc" => ("ans", "encoding = \"cp500\"".to_owned()),
        "gbk" => ("ans", "encoding = \"bytes\"".to_owned()),
        "bin" => ("b", "encoding = \"raw\"".to_owned()),
        "hex" => ("b", format!("encoding = \"hex\"{}", counts("bytes"))),
        "bcd" => {
            let side = if rest.get(2) == Some(&"padr") { "right" } else { "left" };
            ("n", format!("encoding = \"bcd\"{}, nibble-side = \"{side}\"", counts("digits")))
        }
        other => panic!("a form that the vectors do not use: {other}"),
    };
    format!("format = \"{class}{dots}{length}\", {encoding}{prefix}")
}
