//! `[[route]]`: which payments go to which banks.

use super::{
    fields,
    section::{Report, Section, Text},
};
use crate::{
    rules::{CardRange, Route, Strategy, Target},
    switch::{AcquirerId, BankId},
};
use banklink_protocol::element::Currency;
use std::sync::Arc;

/// Digits of a routing key.
const KEY_DIGITS: usize = 11;
/// Digits a card range is written with.
const RANGE_DIGITS: std::ops::RangeInclusive<usize> = 6..=KEY_DIGITS;

/// Names to refer to, in the order of their ids; parts with mistakes have none.
pub(super) struct Names {
    pub(super) acquirers: Vec<Arc<str>>,
    pub(super) banks: Vec<Arc<str>>,
    /// Every name written, also of parts with mistakes: those are no unknown names.
    pub(super) written_acquirers: Vec<String>,
    /// The same for banks.
    pub(super) written_banks: Vec<String>,
}

/// All routes.
pub(super) fn read_all(root: &Section<'_, '_>, report: &Report<'_>, names: &Names) -> Vec<Route> {
    let sections = root.sections("route");
    if sections.is_empty() {
        report.error(root.span.clone(), "no [[route]]: every payment would be refused");
    }
    let mut taken: Vec<String> = Vec::new();
    sections.iter().enumerate().map(|(index, section)| read(section, index, names, &mut taken)).collect()
}

fn read(section: &Section<'_, '_>, index: usize, names: &Names, taken: &mut Vec<String>) -> Route {
    let name = section.text("name");
    if let Some(name) = &name {
        if taken.contains(&name.value) {
            section.error(name.span.clone(), &format!("there is another route named \"{}\"", name.value));
        }
        taken.push(name.value.clone());
    }
    let strategy = strategy(section);
    let route = Route {
        name: Arc::from(name.map_or_else(|| format!("route {}", index + 1), |name| name.value)),
        cards: section.texts("cards").iter().filter_map(|text| cards(section, text)).collect(),
        institutions: institutions(section),
        classes: section
            .integers("classes", 1..=8)
            .into_iter()
            .filter_map(|(class, _)| u8::try_from(class).ok())
            .collect(),
        processing: fields::ranges(section, "processing", &(0..=99)),
        currencies: currencies(section),
        amount: section.text("amount").and_then(|text| fields::range(section, "amount", &text, &(0..=999_999_999_999))),
        mcc: fields::ranges(section, "mcc", &(0..=9999)),
        acquirers: acquirers(section, names),
        targets: targets(section, names, strategy),
        strategy,
    };
    section.finish();
    route
}

/// `"400000-499999"`, or `"400000"` for all cards that begin so; 6 to 11 digits.
fn cards(section: &Section<'_, '_>, text: &Text) -> Option<CardRange> {
    let (low, high) = text.value.split_once('-').unwrap_or((&text.value, &text.value));
    let (low, high) = (low.trim(), high.trim());
    let digits = |end: &str| RANGE_DIGITS.contains(&end.len()) && end.bytes().all(|byte| byte.is_ascii_digit());
    let problem = if !digits(low) || !digits(high) {
        "each end has 6 to 11 digits"
    } else if low.len() != high.len() {
        "both ends have the same number of digits"
    } else if low > high {
        "the lower end comes first"
    } else {
        let scale = 10u64.pow((KEY_DIGITS - low.len()) as u32);
        let (low, high) = (low.parse::<u64>().ok()?, high.parse::<u64>().ok()?);
        return Some(CardRange { low: low * scale, high: high * scale + scale - 1 });
    };
    section.error(text.span.clone(), &format!("\"{}\" is no card range: {problem}", text.value));
    None
}

fn institutions(section: &Section<'_, '_>) -> Vec<u64> {
    let mut institutions = Vec::new();
    for text in section.texts("institutions") {
        let fits = (1..=11).contains(&text.value.len()) && text.value.bytes().all(|byte| byte.is_ascii_digit());
        match text.value.parse() {
            Ok(institution) if fits => institutions.push(institution),
            _ => section.error(text.span, &format!("\"{}\" is no bank code: wanted 1 to 11 digits", text.value)),
        }
    }
    institutions
}

fn currencies(section: &Section<'_, '_>) -> Vec<u16> {
    let mut currencies = Vec::new();
    for text in section.texts("currencies") {
        match Currency::parse(text.value.as_bytes()) {
            Some(currency) => currencies.push(currency.code()),
            None => section
                .error(text.span, &format!("\"{}\" is no currency: wanted one like \"USD\" or \"840\"", text.value)),
        }
    }
    currencies
}

fn place(section: &Section<'_, '_>, text: &Text, known: &[Arc<str>], written: &[String], kind: &str) -> Option<u16> {
    let place = known.iter().position(|name| **name == *text.value);
    if place.is_none() && !written.contains(&text.value) {
        let known = written.join(", ");
        section.error(text.span.clone(), &format!("unknown {kind} \"{}\"; known are: {known}", text.value));
    }
    place.and_then(|place| u16::try_from(place).ok())
}

fn acquirers(section: &Section<'_, '_>, names: &Names) -> Vec<AcquirerId> {
    let texts = section.texts("acquirers");
    let find =
        |text: &Text| place(section, text, &names.acquirers, &names.written_acquirers, "acquirer").map(AcquirerId);
    texts.iter().filter_map(find).collect()
}

fn targets(section: &Section<'_, '_>, names: &Names, strategy: Strategy) -> Vec<Target> {
    let texts = section.texts("banks");
    if texts.is_empty() {
        section.error(section.span.clone(), "a route needs `banks`");
    }
    let weights = section.integers("weights", 1..=1_000_000);
    if !weights.is_empty() && weights.len() != texts.len() {
        section.error(section.span_of("weights"), "`weights` has one number for each of `banks`");
    }
    if weights.is_empty() != (strategy != Strategy::Weight) {
        section.error(section.span.clone(), "`weights` and strategy = \"weight\" go together");
    }
    let mut targets: Vec<Target> = Vec::new();
    for (index, text) in texts.iter().enumerate() {
        let Some(bank) = place(section, text, &names.banks, &names.written_banks, "bank").map(BankId) else { continue };
        if targets.iter().any(|target| target.bank == bank) {
            section.error(text.span.clone(), &format!("bank \"{}\" is there twice", text.value));
        }
        let weight = weights.get(index).and_then(|(weight, _)| u32::try_from(*weight).ok()).unwrap_or(1);
        targets.push(Target { bank, weight });
    }
    targets
}

fn strategy(section: &Section<'_, '_>) -> Strategy {
    let Some(text) = section.text("strategy") else { return Strategy::Priority };
    match text.value.as_str() {
        "priority" => Strategy::Priority,
        "weight" => Strategy::Weight,
        "round-robin" => Strategy::RoundRobin,
        other => {
            let message = format!("unknown strategy \"{other}\"; known are priority, weight and round-robin");
            section.error(text.span, &message);
            Strategy::Priority
        }
    }
}
