//! The steps that send and await messages.

use super::{Read, end, within};
use crate::{
    certify::{
        rule::unhex,
        script::{
            Action, Awaited, Base, Expect, Outgoing, Role, Send, fields,
            read::{Reading, shipped},
        },
        value::Value,
    },
    config::section::{Section, Text},
};
use banklink_protocol::{Dialect, Mti};

/// `send = "0200"`.
pub(super) fn send(reading: &Reading<'_, '_>, section: &Section<'_, '_>) -> Read {
    let mti = mti(section, "send");
    let end = end(reading, section, "from", Role::Acquirer);
    let dialect = end.map(|end| &*reading.ends[end].dialect);
    let out = outgoing(reading, section, end);
    let base = base(reading, section, mti, dialect);
    let (mti, end) = (mti?, end?);
    let title = format!("send {mti} from {}{}", reading.ends[end].name, named(out.name.as_deref()));
    Some((title, Action::Send(Send { end, mti, base: base?, out })))
}

/// `like` a message that was there, or a template.
fn base(
    reading: &Reading<'_, '_>,
    section: &Section<'_, '_>,
    mti: Option<Mti>,
    dialect: Option<&Dialect>,
) -> Option<Base> {
    if section.has("like") {
        if section.has("template") {
            section.error(section.span_of("like"), "a message is `like` another or of a `template`, not both");
        }
        return reference(reading, section, "like").map(Base::Message);
    }
    let usual = if mti.is_some_and(|mti| mti.class() == 8) { "network" } else { "purchase" };
    let wanted = section.text("template");
    let name = wanted.as_ref().map_or(usual, |text| text.value.as_str());
    if let Some(fields) = reading.templates.get(name) {
        return Some(Base::Template(fields.clone()));
    }
    let dialect = dialect?;
    let Some(fields) = shipped(name, dialect.version()) else {
        section.error(section.span_of("template"), &format!("there is no [template.{name}]"));
        return None;
    };
    let fields = fields.iter().filter(|(field, _)| dialect.defines(*field));
    let parsed = fields.map(|(field, text)| (*field, Value::parse(text).expect("our own template")));
    Some(Base::Template(parsed.collect()))
}

/// `answer = "00"`.
pub(super) fn answer(reading: &Reading<'_, '_>, section: &Section<'_, '_>) -> Read {
    let code = section.text("answer").and_then(|text| fields::value(section, &text).map(|code| (text, code)));
    let to = if section.has("to") { reference(reading, section, "to") } else { reading.known.borrow().1.clone() };
    let Some(to) = to else {
        if !section.has("to") {
            section.error(section.span.clone(), "nothing to answer yet: no step before this one expects a request");
        }
        return None;
    };
    let end = reading.known.borrow().0.get(&to).copied();
    let out = outgoing(reading, section, end);
    let (text, code) = code?;
    let shown = if to.starts_with('@') { "the request" } else { to.as_str() };
    Some((format!("answer {shown} with {}", text.value), Action::Answer { to: to.clone(), code, out }))
}

/// `expect = "0210"`, `"end"`, `"keep_alive"`.
pub(super) fn expect(reading: &Reading<'_, '_>, section: &Section<'_, '_>) -> Read {
    let text = section.text("expect")?;
    let what = match text.value.as_str() {
        "end" => Some(Awaited::End),
        "keep_alive" => Some(Awaited::KeepAlive),
        _ => mti(section, "expect").map(Awaited::Message),
    };
    let role = match what {
        Some(Awaited::Message(mti)) if mti.is_request() => Role::Bank,
        _ => Role::Acquirer,
    };
    let end = end(reading, section, "at", role);
    let dialect = end.map(|end| &*reading.ends[end].dialect);
    let rules = fields::rules(section, dialect);
    let only = fields::table(section, "only", dialect);
    for (field, rule) in rules.iter().chain(&only) {
        let names = rule.messages();
        if let Some(name) = names.into_iter().find(|name| !reading.known.borrow().0.contains_key(*name)) {
            let message = format!("the rule of data element {field} speaks of \"{name}\", which no step before names");
            section.error(section.span.clone(), &message);
        }
    }
    let bytes = section.text("bytes_like").map(|text| text.value.replace(' ', "").to_ascii_uppercase());
    let (on, within) = (section.text("on").map(|on| on.value), within(reading, section));
    let given = section.text("as").map(|name| name.value);
    let title = format!(
        "expect {} at {}{}",
        text.value,
        end.map_or("", |end| reading.ends[end].name.as_str()),
        named(given.as_deref())
    );
    let what = what?;
    let mut name = given;
    if let Awaited::Message(mti) = what {
        // A request that has no name can be answered by the next step.
        let name = name.get_or_insert_with(|| format!("@{}", reading.report.line(&section.span)));
        let mut known = reading.known.borrow_mut();
        known.0.insert(name.clone(), end?);
        if mti.is_request() {
            known.1 = Some(name.clone());
        }
    }
    Some((title, Action::Expect(Expect { end: end?, on, what, within, name, rules, only, bytes })))
}

/// The keys that all messages on their way out have.
fn outgoing(reading: &Reading<'_, '_>, section: &Section<'_, '_>, end: Option<usize>) -> Outgoing {
    let dialect = end.map(|end| &*reading.ends[end].dialect);
    let fields = fields::values(section, "fields", dialect);
    for name in fields.iter().flat_map(|(_, value)| value.messages()) {
        if !reading.known.borrow().0.contains_key(name) {
            section.error(section.span_of("fields"), &format!("no step before this one names a message \"{name}\""));
        }
    }
    let replace = section.texts("replace");
    let replace = match &replace[..] {
        [] => None,
        [from, to] => Some((from.value.clone(), to.value.clone())),
        _ => {
            section.error(section.span_of("replace"), "`replace` is a list of two texts: what, and by what");
            None
        }
    };
    let append = section.text("append").and_then(|text| {
        let bytes = unhex(&text.value);
        if bytes.is_none() {
            section.error(text.span, "`append` is an even number of hexadecimal digits");
        }
        bytes
    });
    let name = section.text("as").map(|name| name.value);
    if let (Some(name), Some(end)) = (&name, end) {
        reading.known.borrow_mut().0.insert(name.clone(), end);
    }
    Outgoing {
        on: section.text("on").map(|on| on.value),
        name,
        fields,
        without: fields::list(section, "without", None),
        replace,
        cut: section.integer("cut", 1..=9999).map_or(0, |cut| cut as usize),
        append: append.unwrap_or_default(),
        hold: section.boolean("hold").unwrap_or(false),
        split: section.boolean("split").unwrap_or(false),
    }
}

/// A message that a step before this one names.
pub(super) fn reference(reading: &Reading<'_, '_>, section: &Section<'_, '_>, key: &'static str) -> Option<String> {
    let Text { value, span } = section.text(key)?;
    if !reading.known.borrow().0.contains_key(&value) {
        section.error(span, &format!("no step before this one names a message \"{value}\""));
        return None;
    }
    Some(value)
}

fn mti(section: &Section<'_, '_>, key: &'static str) -> Option<Mti> {
    let text = section.text(key)?;
    match text.value.parse() {
        Ok(mti) => Some(mti),
        Err(error) => {
            section.error(text.span, &format!("\"{}\" is no message type: {error}", text.value));
            None
        }
    }
}

fn named(name: Option<&str>) -> String {
    name.map(|name| format!(" as \"{name}\"")).unwrap_or_default()
}
