//! How payments are taken back at a bank, how what is stored for it is delivered, and how it holds what was pre-authorised.

use super::{acquirer::count, fields, section::Section};
use crate::rules::{Holding, Replacement, Reversal, Rules, Store};
use banklink_protocol::{dialect::Version, element::ResponseCode};
use std::time::Duration;

/// The keys of a bank that say how payments are taken back.
pub(super) fn reversal(section: &Section<'_, '_>, version: Version) -> Reversal {
    let usual = Reversal::default();
    Reversal {
        advice: word(section, "reversal", &[("advice", true), ("request", false)], usual.advice, |advice| {
            (!advice && version != Version::V1987).then_some("reversals are advices from 1993 on (1420)")
        }),
        replacement: word(
            section,
            "replacement",
            &[("left", Replacement::Left), ("delta", Replacement::Delta)],
            usual.replacement,
            |_| None,
        ),
        never: fields::ranges(section, "never_reverse", &(0..=99)),
        ask: if section.has("ask") { fields::ranges(section, "ask", &(0..=99)) } else { usual.ask },
    }
}

/// One of a few words.
fn word<T: Copy>(
    section: &Section<'_, '_>,
    key: &'static str,
    words: &[(&str, T)],
    usual: T,
    fault: impl Fn(T) -> Option<&'static str>,
) -> T {
    let Some(text) = section.text(key) else { return usual };
    let Some((_, value)) = words.iter().find(|(word, _)| *word == text.value) else {
        let known: Vec<_> = words.iter().map(|(word, _)| format!("\"{word}\"")).collect();
        section.error(text.span, &format!("`{key}` is {}, not \"{}\"", known.join(" or "), text.value));
        return usual;
    };
    if let Some(fault) = fault(*value) {
        section.error(text.span, fault);
    }
    *value
}

/// `hold` of a bank.
pub(super) fn holding(section: &Section<'_, '_>) -> Holding {
    let usual = Holding::default();
    let Some(section) = section.section("hold") else { return usual };
    let day = Duration::from_secs(24 * 3600);
    let life = section.duration("life", Duration::from_millis(1)..=400 * day).unwrap_or(usual.life);
    let excess = section.integer("excess", 0..=100).map_or(usual.excess, |percent| percent as u8);
    let many = word(&section, "completions", &[("one", false), ("many", true)], usual.many, |_| None);
    section.finish();
    Holding { life, excess, many }
}

/// `store` of a bank.
pub(super) fn store(section: &Section<'_, '_>, version: Version) -> Store {
    let usual = Store::new(version);
    let Some(section) = section.section("store") else { return usual };
    let short = Duration::from_millis(1);
    let hour = Duration::from_secs(3600);
    let codes = |key: &'static str, usual: Vec<ResponseCode>| match section.has(key) {
        true => section.texts(key).iter().filter_map(|text| fields::code(&section, text, version)).collect(),
        false => usual,
    };
    let store = Store {
        window: count(&section, "window", 1..=10_000, usual.window),
        spacing: section.duration("spacing", short..=hour).unwrap_or(usual.spacing),
        spacing_max: section.duration("spacing_max", short..=24 * hour).unwrap_or(usual.spacing_max),
        strikes: section
            .integer("strikes", 1..=1_000_000)
            .map_or(usual.strikes, |strikes| u32::try_from(strikes).unwrap_or(u32::MAX)),
        limit: count(&section, "limit", 1..=Rules::MAX_STORED as u64, usual.limit),
        settling: codes("settling", usual.settling),
        retrying: codes("retrying", usual.retrying),
    };
    if store.spacing > store.spacing_max {
        section.error(section.span_of("spacing"), "`spacing` is longer than `spacing_max`");
    }
    section.finish();
    store
}
