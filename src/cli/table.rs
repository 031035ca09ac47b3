//! A message as an aligned table.

use super::hex::hex;
use banklink_protocol::{
    Message, Mti,
    describe::{self, Element, Value},
    frame::Header,
};
use std::fmt::Write;

/// The widest name that is not cut.
const NAME_WIDTH: usize = 44;

/// A message as a table; masked unless `reveal`.
pub(super) fn message(header: &Header, message: &Message, reveal: bool) -> String {
    let mut rows = Vec::new();
    if !header.is_empty() {
        rows.push(Row { key: "header".into(), name: String::new(), value: hex(header) });
    }
    rows.push(Row { key: "MTI".into(), name: meaning(message.mti()), value: message.mti().to_string() });
    for element in describe::elements(message) {
        add(&mut rows, element, 0, reveal);
    }
    print(&rows)
}

/// One line of a table.
pub(super) struct Row {
    key: String,
    name: String,
    value: String,
}

impl Row {
    /// Of a value that is masked already.
    pub(super) fn new(key: &str, name: &str, value: &str) -> Self {
        let value = if value.is_empty() { String::new() } else { visible(value) };
        Self { key: key.to_owned(), name: name.to_owned(), value }
    }
}

fn add(rows: &mut Vec<Row>, element: Element, depth: usize, reveal: bool) {
    let key = format!("{}{}", "  ".repeat(depth), element.key);
    let masked = element.masked();
    match element.value {
        Value::Text(text) => {
            let value = masked.filter(|_| !reveal).unwrap_or(text);
            rows.push(Row { key, name: element.name, value: visible(&value) });
        }
        Value::Elements(inside) => {
            rows.push(Row { key, name: element.name, value: String::new() });
            for element in inside {
                add(rows, element, depth + 1, reveal);
            }
        }
    }
}

/// Rows with their columns aligned.
pub(super) fn print(rows: &[Row]) -> String {
    let key_width = rows.iter().map(|row| row.key.chars().count()).max().unwrap_or(0);
    let longest = rows.iter().map(|row| row.name.chars().count()).max().unwrap_or(0);
    let name_width = longest.min(NAME_WIDTH);
    let mut text = String::new();
    for Row { key, name, value } in rows {
        let name: String = name.chars().take(NAME_WIDTH).collect();
        let line = format!("{key:<key_width$}  {name:<name_width$}  {value}");
        writeln!(text, "{}", line.trim_end()).expect("a String takes all text");
    }
    text
}

/// The value with its spaces kept in sight and control characters escaped: a message must not steer the terminal.
fn visible(value: &str) -> String {
    let text: String =
        value.chars().map(|c| if steers(c) { c.escape_unicode().to_string() } else { c.to_string() }).collect();
    if text.ends_with(' ') || text.starts_with(' ') || text.is_empty() { format!("\"{text}\"") } else { text }
}

/// Does the character move the cursor, colour the text, or turn its direction?
fn steers(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

/// What an MTI says, as text; nothing where it is none.
pub(super) fn meaning_of(mti: &str) -> String {
    mti.parse().map(meaning).unwrap_or_default()
}

/// What an MTI says, e.g. `financial request, repeat`.
fn meaning(mti: Mti) -> String {
    let class = match mti.class() {
        1 => "authorization",
        2 => "financial",
        3 => "file action",
        4 => "reversal",
        5 => "reconciliation",
        6 => "administrative",
        7 => "fee collection",
        8 => "network management",
        _ => "reserved class",
    };
    let function = match mti.function() {
        0 => "request",
        1 => "response",
        2 => "advice",
        3 => "advice response",
        4 => "notification",
        5 => "notification acknowledgement",
        6 => "instruction",
        7 => "instruction acknowledgement",
        8 => "positive acknowledgement",
        _ => "negative acknowledgement",
    };
    format!("{class} {function}{}", if mti.is_repeat() { ", repeat" } else { "" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned_and_end_clean() {
        let row = |key: &str, name: &str, value: &str| Row { key: key.into(), name: name.into(), value: value.into() };
        let text =
            print(&[row("2", "Primary account number", "4"), row("  9F26", "Cryptogram", "00"), row("55", "", "")]);
        assert_eq!(text, "2       Primary account number  4\n  9F26  Cryptogram              00\n55\n");
    }

    #[test]
    fn control_characters_do_not_reach_the_terminal() {
        assert_eq!(visible("a\u{1b}[31mb"), "a\\u{1b}[31mb");
        assert_eq!(visible("TERM01  "), "\"TERM01  \"");
        assert_eq!(visible(""), "\"\"");
    }

    #[test]
    fn message_types_are_spelt_out() {
        for (mti, said) in [
            ("0200", "financial request"),
            ("0421", "reversal advice, repeat"),
            ("1814", "network management response"),
        ] {
            assert_eq!(meaning(mti.parse().unwrap()), said);
        }
    }
}
