//! The comparison after everything has settled: what each acquirer believes in the end beside what the banks have on their
//! books, and, where it is given, beside what the switch says.
//!
//! For each payment exactly one outcome is right: approved and booked once with that amount, or not approved (declined,
//! timed out, reversed) and not booked. A payment is found by RRN and terminal (DE37, DE41), which every party sees alike.

use super::{AcquirerBook, BankBook, Class};
use crate::simulator::{
    acquirer::belief::{Belief, Seen},
    bank::books::Entry,
    payment::{Card, Payment, Text},
};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};

/// Most disagreements listed; all are counted.
const LISTED: usize = 1_000;

/// What does not fit.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// The acquirer relies on it, no bank has booked it.
    Lost,
    /// It is booked more than once.
    Doubled,
    /// It is booked, nobody relies on it, and no reversal is on its way.
    Unknown,
    /// It is booked and nobody relies on it; the switch says that its reversal is still to be delivered.
    Outstanding,
    /// Another amount is booked than was approved.
    OtherAmount,
    /// It is booked on another card.
    OtherCard,
    /// The acquirer never learnt how it ended; it is not booked.
    Untold,
    /// The switch says otherwise than the acquirer.
    OtherAtSwitch,
    /// Two payments have the same RRN and terminal: they cannot be told apart.
    Ambiguous,
}

/// How a payment ended for the switch.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SwitchOutcome {
    /// Approved by the bank.
    Approved,
    /// Declined by the bank.
    Declined,
    /// Refused by the switch itself.
    Refused,
    /// Not answered in time, or in doubt: reversed.
    Unknown,
}

/// How far the reversal of a payment is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReversalState {
    /// There is none.
    #[default]
    None,
    /// It is stored and not yet acknowledged.
    Due,
    /// The bank acknowledged it.
    Done,
}

/// One payment as the switch has it: a line of JSON,
/// `{"acquirer":"shop","stan":7,"rrn":"632707000007","amount":500,"outcome":"approved","reversal":"none"}`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SwitchLine {
    /// The acquirer's name, as in the configuration and in the acquirer's report.
    pub acquirer: String,
    /// DE11 from the acquirer.
    pub stan: u32,
    /// DE37 from the acquirer.
    pub rrn: Text<12>,
    /// DE4, minor units.
    pub amount: u64,
    /// How it ended.
    pub outcome: SwitchOutcome,
    /// How far its reversal is.
    #[serde(default)]
    pub reversal: ReversalState,
}

/// One payment on which the views do not agree; the card masked.
#[derive(Clone, Debug, Serialize)]
pub struct Disagreement {
    /// What does not fit.
    pub kind: Kind,
    /// Who sent it; empty where only banks have it.
    pub acquirer: String,
    /// DE37.
    pub rrn: Text<12>,
    /// DE41.
    pub terminal: Text<8>,
    /// DE11 between acquirer and switch (between switch and bank where only a bank has it).
    pub stan: u32,
    /// DE4, minor units.
    pub amount: u64,
    /// First six and last four.
    pub card: Card,
    /// What the acquirer believes; `None` where only banks have it.
    pub belief: Option<Belief>,
    /// The banks that have it on their books, with the amounts.
    pub booked: Vec<(String, u64)>,
}

/// The result.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Agreement {
    /// All payments that anyone knows of.
    pub payments: u64,
    /// Approved, booked once.
    pub approved: Class,
    /// Declined, not booked.
    pub declined: Class,
    /// Timed out, not booked (any more).
    pub timed_out: Class,
    /// Reversed by the acquirer, not booked (any more).
    pub reversed: Class,
    /// Everything else, by kind.
    pub disagreements: BTreeMap<Kind, Class>,
    /// The first thousand of them.
    pub lines: Vec<Disagreement>,
}

impl Agreement {
    /// Do all views agree on every payment?
    #[must_use]
    pub fn agrees(&self) -> bool {
        self.disagreements.is_empty()
    }

    /// How many payments disagree in this way.
    #[must_use]
    pub fn count(&self, kind: Kind) -> u64 {
        self.disagreements.get(&kind).map_or(0, |class| class.count)
    }

    fn add(&mut self, disagreement: Disagreement) {
        self.disagreements.entry(disagreement.kind).or_default().add(disagreement.amount);
        if self.lines.len() < LISTED {
            self.lines.push(disagreement);
        }
    }
}

type Key = (Text<12>, Text<8>);
type Booked<'a> = HashMap<Key, Vec<(&'a str, &'a Entry)>>;
type AtSwitch<'a> = HashMap<(&'a str, u32, Text<12>), &'a SwitchLine>;

fn key(payment: &Payment) -> Key {
    (payment.rrn, payment.terminal)
}

/// Compares what acquirers believe with what banks have booked. `switch`: every payment the switch has, where it is known.
#[must_use]
pub fn settled(acquirers: &[AcquirerBook<'_>], banks: &[BankBook<'_>], switch: Option<&[SwitchLine]>) -> Agreement {
    let mut result = Agreement::default();
    let mut booked = on_the_books(banks);
    let at_switch: Option<AtSwitch<'_>> =
        switch.map(|lines| lines.iter().map(|line| ((line.acquirer.as_str(), line.stan, line.rrn), line)).collect());
    let mut times: HashMap<Key, u32> = HashMap::new();
    for seen in acquirers.iter().flat_map(|book| book.seen) {
        *times.entry(key(&seen.payment)).or_default() += 1;
    }
    for book in acquirers {
        for seen in book.seen {
            result.payments += 1;
            let entries = booked.remove(&key(&seen.payment)).unwrap_or_default();
            let line =
                at_switch.as_ref().map(|lines| lines.get(&(book.name, seen.payment.stan, seen.payment.rrn)).copied());
            let kind = match times[&key(&seen.payment)] {
                1 => judge(seen, &entries, line),
                _ => Some(Kind::Ambiguous),
            };
            match kind {
                Some(kind) => result.add(disagreement(kind, book.name, &seen.payment, Some(seen.belief), &entries)),
                None => result.agree(seen),
            }
        }
    }
    // What is left nobody asked for.
    for entries in booked.into_values() {
        result.payments += 1;
        result.add(disagreement(Kind::Unknown, "", &entries[0].1.note.payment, None, &entries));
    }
    result.lines.sort_by_key(|line| (line.kind, line.rrn, line.terminal));
    result
}

impl Agreement {
    fn agree(&mut self, seen: &Seen) {
        let class = match seen.belief {
            Belief::Approved { .. } => &mut self.approved,
            Belief::Declined { .. } => &mut self.declined,
            Belief::TimedOut { .. } => &mut self.timed_out,
            Belief::Reversed { .. } | Belief::Unknown => &mut self.reversed,
        };
        class.add(seen.payment.amount);
    }
}

/// Everything that is on the banks' books.
fn on_the_books<'a>(banks: &[BankBook<'a>]) -> Booked<'a> {
    let mut booked = Booked::new();
    for bank in banks {
        for entry in bank.entries.iter().filter(|entry| entry.booked) {
            booked.entry(key(&entry.note.payment)).or_default().push((bank.name, entry));
        }
    }
    booked
}

/// What does not fit about a payment; `None` where all agree. `line`: `None` where the switch's view is not known, and
/// `Some(None)` where it does not have the payment.
fn judge(seen: &Seen, booked: &[(&str, &Entry)], line: Option<Option<&SwitchLine>>) -> Option<Kind> {
    let due = line.flatten().is_some_and(|line| line.reversal == ReversalState::Due);
    match (seen.belief, booked) {
        (_, [_, _, ..]) => Some(Kind::Doubled),
        (Belief::Approved { .. }, []) => Some(Kind::Lost),
        (Belief::Approved { approved, .. }, [(_, entry)]) => match () {
            () if entry.standing != approved => Some(Kind::OtherAmount),
            () if entry.note.payment.card != seen.payment.card => Some(Kind::OtherCard),
            () => at_switch(seen, line),
        },
        (_, [_]) if due => Some(Kind::Outstanding),
        (_, [_]) => Some(Kind::Unknown),
        (Belief::Unknown, []) => Some(Kind::Untold),
        (_, []) => at_switch(seen, line),
    }
}

/// Does the switch say the same? What it refused at the door it need not have.
fn at_switch(seen: &Seen, line: Option<Option<&SwitchLine>>) -> Option<Kind> {
    let approved = matches!(seen.belief, Belief::Approved { .. });
    let agrees = match line? {
        None => !approved,
        Some(line) if line.amount != seen.payment.amount => false,
        Some(line) => match (line.outcome, line.reversal) {
            (SwitchOutcome::Approved, ReversalState::None) => approved,
            (SwitchOutcome::Approved, _) => !approved,
            (SwitchOutcome::Declined | SwitchOutcome::Refused | SwitchOutcome::Unknown, _) => !approved,
        },
    };
    (!agrees).then_some(Kind::OtherAtSwitch)
}

fn disagreement(
    kind: Kind,
    acquirer: &str,
    payment: &Payment,
    belief: Option<Belief>,
    entries: &[(&str, &Entry)],
) -> Disagreement {
    let Payment { rrn, terminal, stan, amount, card, .. } = *payment;
    let booked = entries.iter().map(|(bank, entry)| ((*bank).to_owned(), entry.standing)).collect();
    Disagreement { kind, acquirer: acquirer.to_owned(), rrn, terminal, stan, amount, card, belief, booked }
}

#[cfg(test)]
mod tests;
