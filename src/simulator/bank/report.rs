//! The report of a simulated bank: JSON for machines and a short table for people, card numbers masked.

use super::{Bank, books::Totals};
use serde::Serialize;
use std::{
    collections::BTreeMap,
    io::{self, Write},
};

#[derive(Serialize)]
struct Report<'a> {
    bank: &'a str,
    dialect: &'a str,
    totals: &'a Totals,
    by_code: BTreeMap<&'a str, u64>,
    rules: Vec<RuleLine<'a>>,
    entries: &'a [super::books::Entry],
}

#[derive(Serialize)]
struct RuleLine<'a> {
    name: &'a str,
    fired: u64,
}

/// Writes everything the bank saw as one JSON document.
pub fn write_json(bank: &Bank, out: impl Write) -> io::Result<()> {
    let books = bank.books();
    let report = Report {
        bank: bank.name(),
        dialect: bank.dialect().name(),
        totals: books.totals(),
        by_code: books.by_code().iter().map(|(code, count)| (code.as_str(), *count)).collect(),
        rules: bank.rules().fired().map(|(name, fired)| RuleLine { name, fired }).collect(),
        entries: books.entries(),
    };
    let mut out = io::BufWriter::new(out);
    serde_json::to_writer_pretty(&mut out, &report)?;
    out.write_all(b"\n")?;
    out.flush()
}

/// The totals as a few lines of text.
#[must_use]
pub fn summary(bank: &Bank) -> String {
    let totals = bank.books().totals();
    let mut table = comfy_table::Table::new();
    table.load_style(comfy_table::presets::NOTHING);
    table.set_header(["", "count"]);
    let rows = [
        ("requests", totals.requests),
        ("approved", totals.approved),
        ("declined", totals.declined),
        ("left unanswered", totals.unanswered),
        ("booked", totals.booked),
        ("reversed", totals.reversed),
        ("reversals of nothing known", totals.reversals_unmatched),
        ("came again", totals.repeated),
        ("DOUBLED REQUESTS", totals.doubled),
        ("network messages", totals.network),
        ("unreadable", totals.unreadable),
        ("connections", totals.connections),
    ];
    for (name, count) in rows {
        table.add_row([name.to_owned(), count.to_string()]);
    }
    for (name, fired) in bank.rules().fired() {
        table.add_row([format!("rule: {name}"), fired.to_string()]);
    }
    table.to_string()
}
