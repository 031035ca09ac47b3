//! `route explain`: which rule fires for a payment, and why each other one does not.

use super::{AcquirerId, BankId};
use crate::rules::{CardRange, Rules};
use banklink_protocol::{
    Mti,
    element::{Pan, ProcessingCode},
};
use std::sync::Arc;

/// A payment as far as routing looks at it.
#[derive(Clone)]
pub struct Question {
    /// From whom.
    pub acquirer: AcquirerId,
    /// Its type.
    pub mti: Mti,
    /// DE2, or the number of the track.
    pub pan: Option<Pan>,
    /// DE3.
    pub processing: Option<ProcessingCode>,
    /// DE4, minor units.
    pub amount: Option<u64>,
    /// DE49, numeric.
    pub currency: Option<u16>,
    /// DE18.
    pub mcc: Option<u16>,
    /// DE100.
    pub receiving: Option<u64>,
    /// DE32.
    pub acquiring: Option<u64>,
}

/// The answer.
#[derive(Clone, Debug)]
pub struct Explanation {
    /// What happens.
    pub verdict: Verdict,
    /// Every rule, in the order it is looked at; those after the one that fires, and those that could never be looked
    /// at, come last in the order of the file.
    pub rules: Vec<Considered>,
}

/// What happens to the payment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Rule `route` (index into `Rules::routes`) fires; its targets in the order they would be tried.
    Fires {
        /// Index into `Rules::routes`.
        route: usize,
        /// The banks.
        targets: Vec<BankId>,
    },
    /// No card range covers the card (15).
    NoRange,
    /// No rule takes it (92).
    NoRoute,
}

/// One rule and what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Considered {
    /// Index into `Rules::routes`.
    pub route: usize,
    /// Its name.
    pub name: Arc<str>,
    /// What became of it.
    pub result: Result,
}

/// What became of a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Result {
    /// It fires, by this card range (or without one).
    Fires(Option<CardRange>),
    /// It would take the payment too, but the one that fires comes first: a narrower card range, or earlier in the file.
    Behind,
    /// It does not: the condition, what it asks for, and what the payment has.
    Unmet {
        /// The condition, e.g. `currency`.
        condition: &'static str,
        /// What the payment has, e.g. `978` or `none`.
        has: String,
    },
}

/// Explains where a payment would go.
#[must_use]
pub fn explain(_rules: &Rules, _question: &Question) -> Explanation {
    todo!()
}
