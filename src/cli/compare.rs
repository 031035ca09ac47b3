//! `banklink compare`

use super::{Failure, print};
use crate::simulator::compare::{
    AcquirerBook, BankBook, files,
    settled::{Agreement, settled},
};
use std::{fmt::Write as _, path::PathBuf};

/// Disagreements shown one by one.
const SHOWN: usize = 20;

/// Arguments of `banklink compare`.
#[derive(clap::Args, Debug)]
#[command(after_help = "\
After everything has settled, each payment has one right outcome: approved and booked once with that amount, or not
approved and not booked. Payments are found by RRN and terminal, so the switch must pass RRNs on as they come.
Kinds of disagreement: lost (approved, not booked), doubled (booked twice), unknown (booked, nobody relies on it),
outstanding (the same, its reversal still on its way), other_amount, other_card, untold (the acquirer never learnt),
other_at_switch, ambiguous (two payments with one RRN and terminal). Any makes the exit code 1.

The switch's view is optional, a line of JSON for each payment:
  {\"acquirer\":\"shop\",\"stan\":7,\"rrn\":\"632707000007\",\"amount\":500,\"outcome\":\"approved\",\"reversal\":\"none\"}
  outcome: approved, declined, refused, unknown; reversal: none, due, done

Examples:
  banklink compare --acquirer shop.json --bank alpha.jsonl
  banklink compare --acquirer shop.json --acquirer web.json --bank alpha.json --bank beta.json --json")]
pub struct Args {
    /// A report of `banklink load --report`; may be given several times
    #[arg(long, value_name = "FILE", required = true)]
    acquirer: Vec<PathBuf>,
    /// A report of `banklink bank --report` or a file of `banklink bank --books`; may be given several times
    #[arg(long, value_name = "FILE", required = true)]
    bank: Vec<PathBuf>,
    /// The switch's view
    #[arg(long, value_name = "FILE")]
    switch: Option<PathBuf>,
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
}

/// Compares the files and prints the result; any disagreement is a failure.
pub(super) fn run(args: &Args) -> Result<(), Failure> {
    let acquirers = args.acquirer.iter().map(|file| files::acquirer(file)).collect::<Result<Vec<_>, _>>()?;
    let banks = args.bank.iter().map(|file| files::bank(file)).collect::<Result<Vec<_>, _>>()?;
    let switch = args.switch.as_ref().map(|file| files::switch(file)).transpose()?;
    let acquirers: Vec<_> =
        acquirers.iter().map(|view| AcquirerBook { name: &view.name, seen: &view.payments }).collect();
    let banks: Vec<_> = banks.iter().map(|view| BankBook { name: &view.name, entries: &view.payments }).collect();
    let agreement = settled(&acquirers, &banks, switch.as_deref());
    if args.json {
        print(&format!("{}\n", serde_json::to_string_pretty(&agreement)?))?;
    } else {
        print(&text(&agreement))?;
    }
    if agreement.agrees() { Ok(()) } else { Err(Failure::told()) }
}

/// The result for people.
fn text(agreement: &Agreement) -> String {
    let mut text = format!("{} payments\n", agreement.payments);
    let mut row = |name: &str, count: u64, minor: u128| {
        writeln!(text, "  {name:<44}{count:>10}{minor:>16}").expect("a String takes all text");
    };
    let Agreement { approved, declined, timed_out, reversed, .. } = agreement;
    row("approved and booked once", approved.count, approved.minor);
    row("declined and not booked", declined.count, declined.minor);
    row("timed out and not booked", timed_out.count, timed_out.minor);
    row("reversed and not booked", reversed.count, reversed.minor);
    for (kind, class) in &agreement.disagreements {
        row(&format!("DISAGREE: {kind:?}"), class.count, class.minor);
    }
    for line in agreement.lines.iter().take(SHOWN) {
        let booked: Vec<_> = line.booked.iter().map(|(bank, amount)| format!("{bank} {amount}")).collect();
        let belief = line.belief.map_or_else(|| "nobody sent it".to_owned(), |belief| format!("{belief:?}"));
        writeln!(
            text,
            "  {:?}: {} {} RRN {} STAN {:06} {} amount {}: {belief}; booked: [{}]",
            line.kind,
            line.acquirer,
            line.terminal,
            line.rrn,
            line.stan,
            line.card,
            line.amount,
            booked.join(", ")
        )
        .expect("a String takes all text");
    }
    text
}
