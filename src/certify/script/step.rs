//! The steps of a script, each with exactly one verb.

mod message;

use super::{
    Action, Of, Order, Role, State, Step,
    read::{LONGEST, Reading},
};
use crate::{
    certify::{pki::Certificate, rule::unhex},
    config::section::{Item, Section, Text},
};
use std::time::Duration;

/// What a step can do; each step has one of these keys.
const VERBS: [&str; 15] = [
    "send",
    "bytes",
    "expect",
    "answer",
    "nothing",
    "delay",
    "silence",
    "connect",
    "refuse",
    "disconnect",
    "sign_on",
    "sign_off",
    "until",
    "switch",
    "step",
];

/// All `[[step]]`s of a table.
pub(super) fn read_all(reading: &Reading<'_, '_>, parent: &Section<'_, '_>) -> Vec<Step> {
    let sections = parent.sections("step");
    if sections.is_empty() {
        parent.error(parent.span.clone(), "no [[step]]: there is nothing to do");
    }
    sections.iter().filter_map(|section| read(reading, section)).collect()
}

fn read(reading: &Reading<'_, '_>, section: &Section<'_, '_>) -> Option<Step> {
    let verbs: Vec<&str> = VERBS.into_iter().filter(|verb| section.has(verb)).collect();
    let [verb] = verbs[..] else {
        let message = match &verbs[..] {
            [] => format!("a step needs one of these keys: {}", VERBS.join(", ")),
            several => format!("a step does one thing, and this one has {}", several.join(" and ")),
        };
        section.error(section.span.clone(), &message);
        return None;
    };
    let read = match verb {
        "send" => message::send(reading, section),
        "expect" => message::expect(reading, section),
        "answer" => message::answer(reading, section),
        "bytes" => bytes(reading, section),
        "connect" | "refuse" | "disconnect" | "sign_on" | "sign_off" => line(reading, section, verb),
        "step" => each(reading, section),
        _ => simple(reading, section, verb),
    };
    section.finish();
    let (title, action) = read?;
    Some(Step { line: reading.report.line(&section.span), title, action })
}

type Read = Option<(String, Action)>;

/// `step` below `each` or `repeat`.
fn each(reading: &Reading<'_, '_>, section: &Section<'_, '_>) -> Read {
    let mut values: Vec<String> = section.texts("each").into_iter().map(|text| text.value).collect();
    if let Some(times) = section.integer("repeat", 1..=100_000) {
        if !values.is_empty() {
            section.error(section.span.clone(), "a loop has `each` or `repeat`, not both");
        }
        values = (1..=times).map(|turn| turn.to_string()).collect();
    }
    if values.is_empty() {
        section.error(section.span.clone(), "steps within a step need `each = [values]` or `repeat = times`");
    }
    let steps = read_all(reading, section);
    Some((format!("{} times", values.len()), Action::Each { values, steps }))
}

fn bytes(reading: &Reading<'_, '_>, section: &Section<'_, '_>) -> Read {
    let text = section.text("bytes")?;
    let end = end(reading, section, "from", Role::Acquirer);
    let on = section.text("on").map(|on| on.value);
    let framed = section.boolean("framed").unwrap_or(false);
    let Some(bytes) = unhex(&text.value) else {
        section.error(text.span, "`bytes` is an even number of hexadecimal digits");
        return None;
    };
    let end = end?;
    let title = format!("send {} bytes from {}", bytes.len(), reading.ends[end].name);
    Some((title, Action::Bytes { end, on, bytes, framed }))
}

fn simple(reading: &Reading<'_, '_>, section: &Section<'_, '_>, verb: &str) -> Read {
    match verb {
        "nothing" => {
            let span = section.duration("nothing", Duration::from_millis(1)..=LONGEST)?;
            let end = section.has("at").then(|| end(reading, section, "at", Role::Acquirer));
            let end = match end {
                Some(end) => Some(end?),
                None => None,
            };
            let place = end.map_or_else(|| "anywhere".to_owned(), |end| format!("at {}", reading.ends[end].name));
            Some((format!("expect nothing {place} for {span:?}"), Action::Nothing { end, span }))
        }
        "delay" => {
            let delay = section.duration("delay", Duration::from_millis(1)..=LONGEST)?;
            Some((format!("wait {delay:?}"), Action::Delay(delay)))
        }
        "silence" => {
            let name = message::reference(reading, section, "silence")?;
            Some((format!("leave {name} without an answer"), Action::Silence(name)))
        }
        "switch" => {
            let text = section.text("switch")?;
            let order = match text.value.as_str() {
                "drain" => Some(Order::Drain),
                "restart" => Some(Order::Restart),
                _ => None,
            };
            if order.is_none() {
                section.error(text.span.clone(), "`switch` is \"drain\" or \"restart\"");
            }
            needs_start(reading, section, &text);
            Some((format!("{} the switch", text.value), Action::Switch(order?)))
        }
        _ => until(reading, section),
    }
}

fn needs_start(reading: &Reading<'_, '_>, section: &Section<'_, '_>, text: &Text) {
    if !reading.started {
        section.error(text.span.clone(), "only a switch that the script starts with [config] can be asked or told");
    }
}

/// `until = { bank = "acme", stored = 0 }`.
fn until(reading: &Reading<'_, '_>, section: &Section<'_, '_>) -> Read {
    let table = section.section("until")?;
    let here = Text { value: String::new(), span: table.span.clone() };
    needs_start(reading, section, &here);
    let (mut of, mut states) = (None, Vec::new());
    for (key, item) in table.items() {
        match (key.value.as_str(), item) {
            ("bank", Item::Text(text)) => of = Some(Of::Bank(text.value)),
            ("acquirer", Item::Text(text)) => of = Some(Of::Acquirer(text.value)),
            (_, Item::Number(number)) => states.push((key, State::Is(number))),
            (_, Item::Text(text)) => {
                match text.value.strip_prefix(">=").and_then(|number| number.trim().parse().ok()) {
                    Some(least) => states.push((key, State::AtLeast(least))),
                    None => table.error(text.span, "a state is a number, or a text like \">= 3\""),
                }
            }
            _ => table.error(key.span, "a state is a number, or a text like \">= 3\""),
        }
    }
    let Some(of) = of else {
        table.error(table.span.clone(), "`until` needs `bank` or `acquirer`, and the states that are waited for");
        return None;
    };
    let (name, known) = match &of {
        Of::Bank(name) => (name, crate::certify::play::bank_states()),
        Of::Acquirer(name) => (name, crate::certify::play::acquirer_states()),
    };
    let role = if matches!(of, Of::Bank(_)) { Role::Bank } else { Role::Acquirer };
    if !reading.ends.iter().any(|end| end.name == *name && end.role == role) {
        table.error(table.span.clone(), &format!("there is no end \"{name}\""));
    }
    for (key, _) in &states {
        if !known.contains(&key.value) {
            let message = format!("there is no state `{}`; known are {}", key.value, known.join(", "));
            table.error(key.span.clone(), &message);
        }
    }
    let told: Vec<String> = states
        .iter()
        .map(|(key, state)| match state {
            State::Is(number) => format!("{} = {number}", key.value),
            State::AtLeast(number) => format!("{} >= {number}", key.value),
        })
        .collect();
    let title = format!("wait until {name} has {}", told.join(", "));
    let states = states.into_iter().map(|(key, state)| (key.value, state)).collect();
    Some((title, Action::Until { of, states, within: within(reading, section) }))
}

/// The verbs about connections, whose value is the end.
fn line(reading: &Reading<'_, '_>, section: &Section<'_, '_>, verb: &'static str) -> Read {
    let end = end(reading, section, verb, Role::Bank);
    let on = || section.text("on").map(|on| on.value);
    let name = || section.text("as").map(|name| name.value);
    let place = end.map_or("", |end| reading.ends[end].name.as_str());
    match verb {
        "connect" => {
            let certificate = certificate(section);
            let fails = section.boolean("fails").unwrap_or(false);
            let (name, within) = (name(), within(reading, section));
            let title = format!("{} of {place}", if fails { "a connection that fails" } else { "a connection" });
            Some((title, Action::Connect { end: end?, name, certificate, fails, within }))
        }
        "refuse" => {
            let times = section.integer("times", 1..=1000).unwrap_or(1);
            let within = within(reading, section);
            Some((format!("refuse {times} connections to {place}"), Action::Refuse { end: end?, times, within }))
        }
        "disconnect" => {
            let on = on();
            Some((format!("disconnect {place}"), Action::Disconnect { end: end?, on }))
        }
        "sign_on" => {
            let (on, name, within) = (on(), name(), within(reading, section));
            let code = section.text("code").map(|code| code.value);
            Some((format!("sign-on at {place}"), Action::SignOn { end: end?, on, name, code, within }))
        }
        _ => {
            let (on, within) = (on(), within(reading, section));
            Some((format!("sign-off of {place}"), Action::SignOff { end: end?, on, within }))
        }
    }
}

fn certificate(section: &Section<'_, '_>) -> Certificate {
    let Some(text) = section.text("certificate") else { return Certificate::Right };
    match Certificate::ALL.iter().find(|(name, _)| *name == text.value) {
        Some((_, certificate)) => *certificate,
        None => {
            let known: Vec<&str> = Certificate::ALL.iter().map(|(name, _)| *name).collect();
            section.error(text.span, &format!("`certificate` is one of {}", known.join(", ")));
            Certificate::Right
        }
    }
}

/// `within` of the step, or of the script.
fn within(reading: &Reading<'_, '_>, section: &Section<'_, '_>) -> Duration {
    section.duration("within", Duration::from_millis(1)..=LONGEST).unwrap_or(reading.within)
}

/// The end that `key` names; absent, the only one of that role, or the only one there is.
fn end(reading: &Reading<'_, '_>, section: &Section<'_, '_>, key: &'static str, role: Role) -> Option<usize> {
    if let Some(text) = section.text(key) {
        let found = reading.ends.iter().position(|end| end.name == text.value);
        if found.is_none() {
            let names: Vec<&str> = reading.ends.iter().map(|end| end.name.as_str()).collect();
            let message = format!("there is no end \"{}\"; there are {}", text.value, names.join(", "));
            section.error(text.span, &message);
        }
        return found;
    }
    if section.has(key) {
        return None;
    }
    let of_role: Vec<usize> = (0..reading.ends.len()).filter(|end| reading.ends[*end].role == role).collect();
    match (&of_role[..], reading.ends.len()) {
        ([end], _) => Some(*end),
        ([], 1) => Some(0),
        _ => {
            section.error(section.span.clone(), &format!("which end is meant is not clear; wanted `{key}`"));
            None
        }
    }
}
