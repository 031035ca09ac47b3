//! The closing report of a chaos run.

use super::Outcome;
use crate::{
    demo::{report::money, screen::grouped},
    simulator::compare::Class,
};
use std::fmt::Write as _;

/// Disagreements listed one by one.
const LISTED: usize = 12;

/// The report as text for a terminal of 100 columns.
#[must_use]
pub fn text(outcome: &Outcome) -> String {
    let agreement = &outcome.agreement;
    let mut text = format!(
        "\n {} kills; {} payments, what the acquirers believe beside what the banks have booked:\n\n",
        outcome.kills.len(),
        grouped(agreement.payments.into())
    );
    let mut row = |name: &str, class: &Class| {
        writeln!(text, "   {name:<55}{:>10}{:>17}", grouped(class.count.into()), money(class.minor))
            .expect("a String takes all text");
    };
    row("approved, booked once", &agreement.approved);
    row("declined, not booked", &agreement.declined);
    row("timed out, not booked", &agreement.timed_out);
    row("reversed by the acquirer, not booked", &agreement.reversed);
    for (kind, class) in &agreement.disagreements {
        row(&format!("DISAGREEMENT: {kind:?}"), class);
    }
    text.push('\n');
    for line in agreement.lines.iter().take(LISTED) {
        let booked: Vec<_> = line.booked.iter().map(|(bank, amount)| format!("{bank} {amount}")).collect();
        let belief = line.belief.map_or_else(|| "nobody sent it".to_owned(), |belief| format!("{belief:?}"));
        writeln!(
            text,
            "   {:?}: {} {:06} {} {} {}: {belief}; booked: [{}]",
            line.kind,
            line.acquirer,
            line.stan,
            line.rrn,
            line.card,
            money(line.amount.into()),
            booked.join(", ")
        )
        .expect("a String takes all text");
    }
    text.push_str(&counted(outcome));
    text.push_str(if outcome.agrees() { " Everything agrees.\n" } else { " The books do NOT agree.\n" });
    text
}

/// What happened on the way.
fn counted(outcome: &Outcome) -> String {
    let mut text = String::new();
    let mut line = |what: String| writeln!(text, "   {what}").expect("a String takes all text");
    for (name, results) in &outcome.acquirers {
        line(format!(
            "{name}: {} sent, {} repeats and {} reversals sent, the line failed {} times",
            grouped(results.sent.into()),
            grouped(results.repeats.into()),
            grouped(results.reversals.into()),
            grouped(results.line_failures.into())
        ));
    }
    for (name, totals) in &outcome.banks {
        line(format!(
            "{name}: {} booked, {} reversed, {} reversals of what it did not know",
            grouped(totals.booked.into()),
            grouped(totals.reversed.into()),
            grouped(totals.reversals_unmatched.into())
        ));
    }
    if outcome.wrong_answers() > 0 {
        line(format!("{} answers did not fit their request or never came", outcome.wrong_answers()));
    }
    if outcome.doubled_requests() > 0 {
        line(format!("{} requests reached a bank twice", outcome.doubled_requests()));
    }
    text.push('\n');
    text
}
