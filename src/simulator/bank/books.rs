//! The simulated bank's own books: what it saw, what it decided, what it booked, and the report it gives at the end.
//!
//! Memory has a named limit: at most [`Books::limit`] entries of about 120 bytes (index included) are kept. What comes
//! after that is counted in the totals and in `not_listed`, and can no longer be found by a reversal.

use super::rules::{Decision, Then, approves};
use crate::simulator::payment::Payment;
use banklink_protocol::element::ResponseCode;
use hashbrown::HashMap;
use serde::Serialize;

/// Default of [`Books::limit`]: about 120 MB.
pub const ENTRIES: usize = 1_000_000;

/// One request in the books.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Entry {
    /// What came in.
    #[serde(flatten)]
    pub payment: Payment,
    /// DE39 that was decided, sent or not.
    #[serde(serialize_with = "code_text")]
    pub code: ResponseCode,
    /// What became of the answer.
    #[serde(serialize_with = "then_text")]
    pub then: Then,
    /// Is its amount booked (and not unbooked again by a reversal)?
    pub booked: bool,
    /// Was it reversed?
    pub reversed: bool,
}

fn code_text<S: serde::Serializer>(code: &ResponseCode, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(code)
}

fn then_text<S: serde::Serializer>(then: &Then, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&format_args!("{then:?}"))
}

/// Sums over all requests, listed or not.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Totals {
    /// Payment requests, advices and reversals.
    pub requests: u64,
    /// Decided with an approving code.
    pub approved: u64,
    /// Decided with any other.
    pub declined: u64,
    /// Requests that were not answered on purpose (silence, close).
    pub unanswered: u64,
    /// Payments whose amount is booked.
    pub booked: u64,
    /// Their sum in minor units, over all currencies.
    pub booked_minor: u128,
    /// Reversals that found their original.
    pub reversed: u64,
    /// Reversals that did not.
    pub reversals_unmatched: u64,
    /// Sign-on, echo and sign-off requests.
    pub network: u64,
    /// Answers to our own echoes.
    pub echoes_answered: u64,
    /// Frames that did not decode.
    pub unreadable: u64,
    /// Connections over the whole time.
    pub connections: u64,
    /// Connections that were refused (TLS) or broke the framing.
    pub connection_errors: u64,
    /// Answers that could not be laid out in the dialect or the framing.
    pub unwritable: u64,
    /// Requests that found the list full.
    pub not_listed: u64,
}

/// How a reversal names its original: STAN and transmission time in DE90, or STAN and local time in DE56 (1993).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct OriginalKey {
    /// DE11 of the original.
    pub stan: u32,
    /// MMDDhhmmss of the original as a number: its DE7, in 1993 its DE12 without the year.
    pub time: u32,
}

/// The books of one bank.
#[derive(Default)]
pub struct Books {
    limit: usize,
    entries: Vec<Entry>,
    index: HashMap<OriginalKey, u32, foldhash::fast::FixedState>,
    by_code: Vec<(ResponseCode, u64)>,
    totals: Totals,
}

impl Books {
    /// Empty books that list at most `limit` requests; 0 keeps totals only and costs nothing a payment.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self { limit: limit.min(u32::MAX as usize), ..Self::default() }
    }

    /// Most entries that are listed.
    #[must_use]
    pub fn limit(&self) -> usize {
        self.limit
    }

    /// Does it list requests at all?
    #[must_use]
    pub fn lists(&self) -> bool {
        self.limit > 0
    }

    /// All entries, oldest first.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The sums.
    #[must_use]
    pub fn totals(&self) -> &Totals {
        &self.totals
    }

    /// The sums, to count what is no payment.
    pub fn totals_mut(&mut self) -> &mut Totals {
        &mut self.totals
    }

    /// Requests by the code that was decided for them.
    #[must_use]
    pub fn by_code(&self) -> &[(ResponseCode, u64)] {
        &self.by_code
    }

    /// Writes down a payment and what was decided.
    pub fn enter(&mut self, payment: Payment, key: OriginalKey, decision: &Decision) {
        let booked = decision.books && approves(decision.code);
        self.count(decision.code, decision.then);
        if booked {
            self.totals.booked += 1;
            self.totals.booked_minor += u128::from(payment.amount);
        }
        let entry = Entry { payment, code: decision.code, then: decision.then, booked, reversed: false };
        self.list(entry, Some(key));
    }

    /// Is there such a payment, and was it reversed already? `None`: never seen (or not listed).
    #[must_use]
    pub fn find(&self, original: OriginalKey) -> Option<&Entry> {
        self.index.get(&original).map(|&at| &self.entries[at as usize])
    }

    /// Writes down a reversal answered with `code` and takes its original off the books. True where an original was found.
    pub fn reverse(&mut self, reversal: Payment, original: OriginalKey, code: ResponseCode) -> bool {
        let found = self.index.get(&original).copied();
        if let Some(at) = found {
            let entry = &mut self.entries[at as usize];
            if entry.booked {
                entry.booked = false;
                self.totals.booked -= 1;
                self.totals.booked_minor -= u128::from(entry.payment.amount);
            }
            entry.reversed = true;
            self.totals.reversed += 1;
        } else {
            self.totals.reversals_unmatched += 1;
        }
        self.count(code, Then::Answer);
        self.list(Entry { payment: reversal, code, then: Then::Answer, booked: false, reversed: false }, None);
        found.is_some()
    }

    fn count(&mut self, code: ResponseCode, then: Then) {
        self.totals.requests += 1;
        if approves(code) {
            self.totals.approved += 1;
        } else {
            self.totals.declined += 1;
        }
        if matches!(then, Then::Silence | Then::Close) {
            self.totals.unanswered += 1;
        }
        match self.by_code.iter_mut().find(|(known, _)| *known == code) {
            Some((_, count)) => *count += 1,
            None => self.by_code.push((code, 1)),
        }
    }

    fn list(&mut self, entry: Entry, key: Option<OriginalKey>) {
        if self.entries.len() >= self.limit {
            self.totals.not_listed += u64::from(self.lists());
            return;
        }
        let at = self.entries.len() as u32;
        if let Some(key) = key {
            self.index.insert(key, at);
        }
        self.entries.push(entry);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulator::bank::rules::Rules;
    use crate::simulator::payment::{Card, Text};
    use banklink_protocol::{Mti, dialect::Version};

    fn payment(stan: u32, amount: u64) -> Payment {
        Payment {
            mti: Mti::from_digits(*b"0200").expect("an MTI"),
            stan,
            transmission: 1_123_071_200,
            rrn: Text::of(b"632707000001"),
            terminal: Text::of(b"TERM0001"),
            amount,
            card: Card::of(b"4111111111111111"),
        }
    }

    fn approval() -> Decision {
        Rules::approve_all(Version::V1987).default_decision()
    }

    fn key(stan: u32) -> OriginalKey {
        OriginalKey { stan, time: 1_123_071_200 }
    }

    #[test]
    fn an_approval_is_booked_and_a_reversal_unbooks_it_once() {
        let mut books = Books::new(10);
        books.enter(payment(1, 500), key(1), &approval());
        books.enter(payment(2, 70), key(2), &approval());
        assert_eq!((books.totals().booked, books.totals().booked_minor), (2, 570));
        let reversal = Payment { mti: Mti::from_digits(*b"0420").expect("an MTI"), ..payment(3, 500) };
        assert!(books.reverse(reversal, key(1), approval().code));
        assert!(books.reverse(reversal, key(1), approval().code), "a repeat finds it too");
        assert_eq!((books.totals().booked, books.totals().booked_minor), (1, 70), "and unbooks nothing more");
        assert!(!books.reverse(reversal, key(9), approval().code));
        assert_eq!(books.totals().reversals_unmatched, 1);
    }

    #[test]
    fn full_books_go_on_counting() {
        let mut books = Books::new(1);
        books.enter(payment(1, 1), key(1), &approval());
        books.enter(payment(2, 1), key(2), &approval());
        assert_eq!((books.entries().len(), books.totals().requests, books.totals().not_listed), (1, 2, 1));
        let mut totals_only = Books::new(0);
        totals_only.enter(payment(1, 1), key(1), &approval());
        assert_eq!((totals_only.totals().requests, totals_only.totals().not_listed), (1, 0));
    }

    #[test]
    fn a_declined_or_unbooked_payment_is_not_on_the_books() {
        let mut books = Books::new(10);
        books.enter(
            payment(1, 1),
            key(1),
            &Decision { code: ResponseCode::parse(b"51").expect("a code"), ..approval() },
        );
        books.enter(payment(2, 1), key(2), &Decision { books: false, then: Then::Silence, ..approval() });
        assert_eq!((books.totals().booked, books.totals().declined, books.totals().unanswered), (0, 1, 1));
    }
}
