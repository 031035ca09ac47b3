//! Field values and field rules of a step.

use super::super::{rule::Rule, value::Value};
use crate::config::section::{Item, Section, Text};
use banklink_protocol::Dialect;

/// The number of a data element that the dialect defines.
pub(super) fn number(section: &Section<'_, '_>, text: &Text, dialect: Option<&Dialect>) -> Option<u8> {
    let Some(field) = text.value.parse().ok().filter(|field| (2..=192).contains(field)) else {
        let message = format!("\"{}\" is no data element: wanted a number from 2 to 192", text.value);
        section.error(text.span.clone(), &message);
        return None;
    };
    if let Some(dialect) = dialect.filter(|dialect| !dialect.defines(field)) {
        section.error(text.span.clone(), &format!("dialect {} does not define data element {field}", dialect.name()));
        return None;
    }
    Some(field)
}

/// A value with its generators.
pub(super) fn value(section: &Section<'_, '_>, text: &Text) -> Option<Value> {
    match Value::parse(&text.value) {
        Ok(value) => Some(value),
        Err(message) => {
            section.error(text.span.clone(), &message);
            None
        }
    }
}

/// `[step.fields]` of what is sent: values.
pub(super) fn values(section: &Section<'_, '_>, key: &'static str, dialect: Option<&Dialect>) -> Vec<(u8, Value)> {
    section.section(key).map(|table| values_of(&table, dialect)).unwrap_or_default()
}

/// All entries of a table from data element to value.
pub(super) fn values_of(section: &Section<'_, '_>, dialect: Option<&Dialect>) -> Vec<(u8, Value)> {
    let mut values = Vec::new();
    for (name, item) in section.items() {
        let value = match item {
            Item::Text(text) => value(section, &text),
            Item::Number(number) => Some(Value::Number(number)),
            Item::Table(_) => {
                section.error(name.span.clone(), "what is sent is a text or a number; rules belong to `expect`");
                None
            }
        };
        if let (Some(field), Some(value)) = (number(section, &name, dialect), value) {
            values.push((field, value));
        }
    }
    values
}

/// A list of data elements.
pub(super) fn list(section: &Section<'_, '_>, key: &'static str, dialect: Option<&Dialect>) -> Vec<u8> {
    let numbers = section.integers(key, 2..=192);
    let texts = numbers.into_iter().map(|(field, span)| Text { value: field.to_string(), span });
    texts.filter_map(|text| number(section, &text, dialect)).collect()
}

/// All field rules of an `expect`.
pub(super) fn rules(section: &Section<'_, '_>, dialect: Option<&Dialect>) -> Vec<(u8, Rule)> {
    let mut rules = table(section, "fields", dialect);
    rules.extend(list(section, "present", dialect).into_iter().map(|field| (field, Rule::Present)));
    rules.extend(list(section, "absent", None).into_iter().map(|field| (field, Rule::Absent)));
    for (key, rule) in [("same", Rule::Same as fn(String) -> Rule), ("differs", Rule::Differs)] {
        let Some(table) = section.section(key) else { continue };
        // The keys are names of messages, which are the script's own.
        for (name, fields) in table.lists(2..=192) {
            for (field, span) in fields {
                let text = Text { value: field.to_string(), span };
                if let Some(field) = number(section, &text, dialect) {
                    rules.push((field, rule(name.value.clone())));
                }
            }
        }
    }
    if let Some(name) = section.text("original") {
        let field = if dialect.is_some_and(|dialect| dialect.version() != banklink_protocol::dialect::Version::V1987) {
            56
        } else {
            90
        };
        rules.push((field, Rule::Original(name.value)));
    }
    rules.sort_by_key(|(field, _)| *field);
    rules
}

/// A table from data element to rule.
pub(super) fn table(section: &Section<'_, '_>, key: &'static str, dialect: Option<&Dialect>) -> Vec<(u8, Rule)> {
    let Some(table) = section.section(key) else { return Vec::new() };
    let mut rules = Vec::new();
    for (name, item) in table.items() {
        let rule = match &item {
            Item::Text(text) => value(section, text).map(Rule::Equal),
            Item::Number(number) => Some(Rule::Equal(Value::Number(*number))),
            Item::Table(table) => rule(table, &name),
        };
        let field = number(section, &name, dialect);
        if let (Some(field), Some(rule)) = (field, rule) {
            rules.push((field, rule));
        }
    }
    rules
}

/// One rule that is more than a value.
fn rule(table: &Section<'_, '_>, field: &Text) -> Option<Rule> {
    let text = |key| table.text(key);
    let not = text("not").and_then(|text| value(table, &text)).map(Rule::Not);
    let one_of = table.texts("one_of");
    let one_of =
        (!one_of.is_empty()).then(|| Rule::OneOf(one_of.iter().filter_map(|text| value(table, text)).collect()));
    let range = match (table.integer("from", 0..=u64::MAX), table.integer("to", 0..=u64::MAX)) {
        (None, None) => None,
        (from, to) => Some(Rule::Range(from.unwrap_or(0), to.unwrap_or(u64::MAX))),
    };
    let all = [
        not,
        one_of,
        range,
        text("same").map(|text| Rule::Same(text.value)),
        text("differs").map(|text| Rule::Differs(text.value)),
        text("original").map(|text| Rule::Original(text.value)),
        text("like").map(|text| Rule::Pattern(text.value)),
        text("wire").map(|text| Rule::Wire(text.value.replace(' ', "").to_ascii_uppercase())),
        table.integer("length", 0..=9999).map(Rule::Length),
    ];
    table.finish();
    let mut rules = all.into_iter().flatten();
    let first = rules.next();
    if first.is_none() || rules.next().is_some() {
        table.error(field.span.clone(), &format!("the rule of data element {} needs exactly one key", field.value));
    }
    first
}
