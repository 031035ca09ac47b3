//! Three books of the same payments laid side by side: what the acquirers were told, what the switch did, what the banks
//! booked.
//!
//! Every payment ends in one of three classes. **Agreed**: all three say approved (and the bank booked this amount), or
//! all say declined, or nobody past the switch has it. **Unknown, reversal due**: the bank did not answer in time; its
//! books may say anything, and money may be held until a reversal sets it right. **Disagreement**: everything else, each
//! with its reason.

//!
//! That is the comparison of a run in which reversals have yet to come. [`settled`] is the stricter one, for when
//! everything has been delivered: then nothing is unknown.

pub mod files;
pub mod settled;
mod switch_view;

pub use settled::SwitchLine;
pub use switch_view::{SwitchPayment, SwitchView};

use super::{
    acquirer::belief::Seen,
    bank::{books::Entry, rules::approves},
    payment::{Card, Payment},
};
use crate::record::Outcome;
use serde::Serialize;
use std::collections::HashMap;

/// What one acquirer saw.
pub struct AcquirerBook<'a> {
    /// Its name; its place in the list is its [`crate::switch::AcquirerId`].
    pub name: &'a str,
    /// Its payments.
    pub seen: &'a [Seen],
}

/// What one bank wrote down.
pub struct BankBook<'a> {
    /// Its name; its place in the list is its [`crate::switch::BankId`].
    pub name: &'a str,
    /// Its requests.
    pub entries: &'a [Entry],
}

/// One payment that did not simply agree; the card masked.
#[derive(Clone, Debug, Serialize)]
pub struct Line {
    /// Who sent it; empty where only a bank knows it.
    pub acquirer: String,
    /// Who got it; empty where nobody did.
    pub bank: String,
    /// DE11 between acquirer and switch (between switch and bank where only the bank knows it).
    pub stan: u32,
    /// DE37.
    pub rrn: String,
    /// DE4, minor units.
    pub amount: u64,
    /// First six and last four.
    pub card: Card,
    /// Has the bank booked it?
    pub booked: bool,
    /// What does not fit.
    pub reason: &'static str,
}

/// Most lines kept of each kind; all are counted.
const LINES: usize = 1_000;

/// Payments of one class.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Class {
    /// How many.
    pub count: u64,
    /// Their sum, minor units.
    pub minor: u128,
}

/// The result.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Comparison {
    /// All payments that any of the three knows.
    pub payments: u64,
    /// Approved everywhere, booked at the bank.
    pub approved: Class,
    /// Declined by the bank, and so everywhere.
    pub declined: Class,
    /// Refused by the switch; no bank has it.
    pub refused: Class,
    /// Not answered in time: unknown, reversal due.
    pub unknown: Class,
    /// Of the unknown: booked at the bank.
    pub unknown_booked: Class,
    /// Everything else.
    pub disagreements: Class,
    /// The approvals of each bank, in the order of the banks.
    pub banks: Vec<BankSums>,
    /// The first thousand unknown ones.
    pub unknown_lines: Vec<Line>,
    /// The first thousand disagreements.
    pub disagreement_lines: Vec<Line>,
}

/// The approvals of one bank as each of the three wrote them down.
#[derive(Clone, Debug, Default, Serialize)]
pub struct BankSums {
    /// The bank.
    pub name: String,
    /// What acquirers were told is approved, of what the switch sent to this bank.
    pub told: Class,
    /// What the switch recorded as approved.
    pub recorded: Class,
    /// What the bank has booked.
    pub booked: Class,
}

impl Class {
    fn add(&mut self, amount: u64) {
        self.count += 1;
        self.minor += u128::from(amount);
    }
}

impl BankSums {
    fn add(&mut self, payment: &SwitchPayment, seen: Option<&Seen>) {
        if let Some(seen) = seen.filter(|seen| seen.code().is_some_and(approves)) {
            self.told.add(seen.payment.amount);
        }
        if matches!(payment.outcome, Some(Outcome::Approved { .. })) {
            self.recorded.add(payment.amount);
        }
    }
}

impl Comparison {
    /// Is there no disagreement?
    #[must_use]
    pub fn agrees(&self) -> bool {
        self.disagreements.count == 0
    }

    fn unknown(&mut self, line: Line) {
        self.unknown.add(line.amount);
        if line.booked {
            self.unknown_booked.add(line.amount);
        }
        if self.unknown_lines.len() < LINES {
            self.unknown_lines.push(line);
        }
    }

    fn disagreement(&mut self, line: Line) {
        self.disagreements.add(line.amount);
        if self.disagreement_lines.len() < LINES {
            self.disagreement_lines.push(line);
        }
    }
}

/// What became of one payment when its three views are held together.
enum Found {
    Approved,
    Declined,
    Refused,
    Unknown(&'static str),
    Disagreement(&'static str),
}

/// Compares the books.
#[must_use]
pub fn compare(acquirers: &[AcquirerBook<'_>], switch: &SwitchView, banks: &[BankBook<'_>]) -> Comparison {
    let sums = banks.iter().map(|bank| BankSums { name: bank.name.to_owned(), ..BankSums::default() });
    let mut result = Comparison { banks: sums.collect(), ..Comparison::default() };
    for (sums, book) in result.banks.iter_mut().zip(banks) {
        book.entries.iter().filter(|entry| entry.booked).for_each(|entry| sums.booked.add(entry.note.payment.amount));
    }
    let mut seen = index_acquirers(acquirers);
    let mut entries = index_banks(banks);
    for payment in switch.payments() {
        let at_acquirer = take(&mut seen, &(payment.acquirer, payment.stan, payment.rrn));
        let at_bank = payment.sent.and_then(|sent| take(&mut entries, &(sent.bank, sent.stan, sent.transmission)));
        let class = classify(payment, at_acquirer, at_bank);
        if let Some(sums) = payment.sent.and_then(|sent| result.banks.get_mut(usize::from(sent.bank))) {
            sums.add(payment, at_acquirer);
        }
        let line = |reason| Line {
            acquirer: name_of(acquirers.iter().map(|book| book.name), payment.acquirer),
            bank: payment.sent.map(|sent| name_of(banks.iter().map(|book| book.name), sent.bank)).unwrap_or_default(),
            stan: payment.stan,
            rrn: String::from_utf8_lossy(payment.rrn.trim_ascii()).into_owned(),
            amount: payment.amount,
            card: at_acquirer.map(|seen| seen.payment.card).unwrap_or_default(),
            booked: at_bank.is_some_and(|entry| entry.booked),
            reason,
        };
        result.payments += 1;
        match class {
            Found::Approved => result.approved.add(payment.amount),
            Found::Declined => result.declined.add(payment.amount),
            Found::Refused => result.refused.add(payment.amount),
            Found::Unknown(reason) => result.unknown(line(reason)),
            Found::Disagreement(reason) => result.disagreement(line(reason)),
        }
    }
    let left = seen.into_iter().flat_map(|((acquirer, ..), left)| left.into_iter().map(move |seen| (acquirer, seen)));
    for (acquirer, seen) in left {
        result.payments += 1;
        unknown_to_the_switch(&mut result, acquirers[usize::from(acquirer)].name, seen);
    }
    let left = entries.into_iter().flat_map(|((bank, ..), left)| left.into_iter().map(move |entry| (bank, entry)));
    for (bank, entry) in left {
        result.payments += 1;
        let name = banks[usize::from(bank)].name;
        result.disagreement(line(
            String::new(),
            name.into(),
            &entry.note.payment,
            entry.booked,
            "the switch never sent it",
        ));
    }
    result
}

type AcquirerKey = (u16, u32, [u8; 12]);
type BankKey = (u16, u32, u32);

fn index_acquirers<'a>(books: &[AcquirerBook<'a>]) -> HashMap<AcquirerKey, Vec<&'a Seen>> {
    let mut index: HashMap<_, Vec<_>> = HashMap::new();
    for (book, acquirer) in books.iter().zip(0..) {
        for seen in book.seen {
            index.entry((acquirer, seen.payment.stan, seen.payment.rrn.0)).or_default().push(seen);
        }
    }
    index
}

fn index_banks<'a>(books: &[BankBook<'a>]) -> HashMap<BankKey, Vec<&'a Entry>> {
    let mut index: HashMap<_, Vec<_>> = HashMap::new();
    for (book, bank) in books.iter().zip(0..) {
        for entry in book.entries.iter().filter(|entry| entry.note.payment.mti.class() != 4) {
            index.entry((bank, entry.note.payment.stan, entry.note.payment.transmission)).or_default().push(entry);
        }
    }
    index
}

/// Takes one view out; what is left at the end nobody else knew.
fn take<K: Eq + std::hash::Hash, T: Copy>(index: &mut HashMap<K, Vec<T>>, key: &K) -> Option<T> {
    let views = index.get_mut(key)?;
    let view = views.pop();
    if views.is_empty() {
        index.remove(key);
    }
    view
}

fn name_of<'a>(mut names: impl Iterator<Item = &'a str>, at: u16) -> String {
    names.nth(at.into()).unwrap_or_default().to_owned()
}

fn line(acquirer: String, bank: String, payment: &Payment, booked: bool, reason: &'static str) -> Line {
    let Payment { stan, amount, card, .. } = *payment;
    Line { acquirer, bank, stan, rrn: payment.rrn.to_string(), amount, card, booked, reason }
}

/// A request that never became a payment: right where it was declined, wrong where it was approved or left alone.
fn unknown_to_the_switch(result: &mut Comparison, acquirer: &str, seen: &Seen) {
    let reason = match seen.code() {
        Some(code) if !approves(code) => return result.refused.add(seen.payment.amount),
        Some(_) => "approved to the acquirer, unknown to the switch",
        None => "not answered, unknown to the switch",
    };
    result.disagreement(line(acquirer.into(), String::new(), &seen.payment, false, reason));
}

fn classify(payment: &SwitchPayment, seen: Option<&Seen>, entry: Option<&Entry>) -> Found {
    let Some(seen) = seen else { return Found::Disagreement("the acquirer never sent it") };
    if seen.payment.amount != payment.amount {
        return Found::Disagreement("another amount at the acquirer");
    }
    if entry.is_some_and(|entry| entry.note.payment.amount != payment.amount) {
        return Found::Disagreement("another amount at the bank");
    }
    if entry.is_some_and(|entry| entry.note.payment.card != seen.payment.card) {
        return Found::Disagreement("another card at the bank");
    }
    let told = seen.code().map(approves);
    let booked = entry.is_some_and(|entry| entry.booked);
    match payment.outcome {
        None => Found::Disagreement("it never ended"),
        Some(Outcome::Approved { .. }) => match (told, entry, booked) {
            (Some(true), _, true) => Found::Approved,
            (_, None, _) => Found::Disagreement("approved, unknown to the bank"),
            (_, Some(_), false) => Found::Disagreement("approved, not booked at the bank"),
            (Some(false), ..) => Found::Disagreement("approved and booked, declined to the acquirer"),
            (None, ..) => Found::Disagreement("approved and booked, the acquirer got no answer"),
        },
        Some(Outcome::Declined { .. }) => match (told, entry, booked) {
            (_, _, true) => Found::Disagreement("declined, booked at the bank"),
            (_, None, _) => Found::Disagreement("declined, unknown to the bank"),
            (Some(false), ..) => Found::Declined,
            (Some(true), ..) => Found::Disagreement("declined, approved to the acquirer"),
            (None, ..) => Found::Disagreement("declined, the acquirer got no answer"),
        },
        Some(Outcome::Refused { .. }) => match (told, booked) {
            (_, true) => Found::Disagreement("refused by the switch, booked at the bank"),
            (Some(false), _) => Found::Refused,
            (Some(true), _) => Found::Disagreement("refused by the switch, approved to the acquirer"),
            (None, _) => Found::Disagreement("refused by the switch, the acquirer got no answer"),
        },
        Some(Outcome::Unknown { .. }) => match (told, booked) {
            (Some(true), _) => Found::Disagreement("timed out, approved to the acquirer"),
            (_, true) => Found::Unknown("booked at the bank"),
            (_, false) => Found::Unknown("not booked at the bank"),
        },
        Some(Outcome::Taken { .. }) => match (told, booked) {
            (Some(true), false) => Found::Refused,
            _ => Found::Disagreement("taken over by the switch, and not acknowledged or booked"),
        },
    }
}

#[cfg(test)]
mod tests;
