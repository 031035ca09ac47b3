//! The closing report: what became of every payment, in the books of acquirers, switch and banks.

use super::{Outcome, screen::grouped};
use crate::simulator::compare::{Class, Comparison, Line};
use std::fmt::Write as _;

/// Payments listed one by one.
const LISTED: usize = 8;

/// The report as text for a terminal of 100 columns.
#[must_use]
pub fn text(outcome: &Outcome) -> String {
    let comparison = &outcome.comparison;
    let mut text = format!(
        "\n {} payments, each looked up in the books of the acquirers, of the switch and of the banks:\n\n",
        grouped(comparison.payments.into())
    );
    let rows: [(&str, &Class); 5] = [
        ("approved by all three, booked at the bank", &comparison.approved),
        ("declined by the bank, and so by all three", &comparison.declined),
        ("refused by the switch, sent to no bank", &comparison.refused),
        ("unknown, reversal due: the bank did not answer in time", &comparison.unknown),
        ("DISAGREEMENT", &comparison.disagreements),
    ];
    for (name, class) in rows {
        writeln!(text, "   {name:<55}{:>10}{:>17}", grouped(class.count.into()), money(class.minor))
            .expect("a String takes all text");
    }
    text.push('\n');
    text.push_str(&by_bank(comparison));
    lines(&mut text, "Unknown, reversal due", &comparison.unknown_lines, comparison.unknown.count);
    lines(&mut text, "Disagreements", &comparison.disagreement_lines, comparison.disagreements.count);
    if outcome.wrong_answers > 0 {
        writeln!(text, " {} answers did not fit their request.\n", outcome.wrong_answers)
            .expect("a String takes all text");
    }
    text.push_str(match (outcome.agrees(), comparison.unknown.count) {
        (true, 0) => " Everything agrees.\n",
        (true, _) => " Everything else agrees.\n",
        (false, _) => " The books do NOT agree.\n",
    });
    text
}

/// Approvals of each bank, counted and summed in each of the three books.
fn by_bank(comparison: &Comparison) -> String {
    let mut text = format!(
        "   {:<13}{:>23}{:>23}{:>23}\n",
        "approved by", "acquirers were told", "the switch recorded", "the bank booked"
    );
    for bank in &comparison.banks {
        let cell = |class: &Class| format!("{:>8}{:>15}", grouped(class.count.into()), money(class.minor));
        writeln!(text, "   {:<13}{}{}{}", bank.name, cell(&bank.told), cell(&bank.recorded), cell(&bank.booked))
            .expect("a String takes all text");
    }
    if comparison.unknown_booked.count > 0 {
        writeln!(
            text,
            "   (booked, but not answered in time: {}, {})",
            grouped(comparison.unknown_booked.count.into()),
            money(comparison.unknown_booked.minor)
        )
        .expect("a String takes all text");
    }
    text.push('\n');
    text
}

fn lines(text: &mut String, title: &str, lines: &[Line], count: u64) {
    if lines.is_empty() {
        return;
    }
    writeln!(text, " {title}:").expect("a String takes all text");
    for line in lines.iter().take(LISTED) {
        let Line { acquirer, bank, stan, rrn, card, reason, .. } = line;
        let amount = money(line.amount.into());
        writeln!(text, "   {acquirer:<10}{bank:<9}{stan:06} {rrn:<13}{card:<20}{amount:>8}  {reason}")
            .expect("a String takes all text");
    }
    let more = count.saturating_sub(LISTED as u64);
    if more > 0 {
        writeln!(text, "   and {} more", grouped(more.into())).expect("a String takes all text");
    }
    text.push('\n');
}

/// Minor units of a currency with two decimals, which is what the demonstration pays in.
pub(super) fn money(minor: u128) -> String {
    format!("{}.{:02}", grouped(minor / 100), minor % 100)
}
