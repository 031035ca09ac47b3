//! `route explain`: which rule fires for a payment, and why each other one does not.

use super::{
    AcquirerId, BankId,
    route::{Candidate, Condition, Facts, Router, ordered, unmet},
};
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
    pub finding: Finding,
}

/// What became of a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
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
pub fn explain(rules: &Rules, question: &Question) -> Explanation {
    let facts = facts(question);
    let router = Router::compile(rules);
    let (candidates, _) = router.candidates(&facts);
    let mut considered: Vec<Considered> = Vec::new();
    let mut verdict = None;
    for Candidate { route, range } in candidates {
        let index = usize::from(route);
        if considered.iter().any(|done| done.route == index) {
            continue;
        }
        let finding = match unmet(&rules.routes[index], &facts) {
            Some(condition) => describe(condition, rules, &facts),
            None if verdict.is_some() => Finding::Behind,
            None => {
                let targets = ordered(&rules.routes[index], 0).to_vec();
                verdict = Some(Verdict::Fires { route: index, targets });
                Finding::Fires(range)
            }
        };
        considered.push(Considered { route: index, name: Arc::clone(&rules.routes[index].name), finding });
    }
    let verdict = verdict.unwrap_or_else(|| match router.find(rules, &facts) {
        Err(super::Refusal::NoIssuer) => Verdict::NoRange,
        _ => Verdict::NoRoute,
    });
    considered.extend(never_looked_at(rules, &facts, &considered));
    Explanation { verdict, rules: considered }
}

fn facts(question: &Question) -> Facts {
    Facts {
        acquirer: question.acquirer,
        class: question.mti.class(),
        processing: question.processing.map(|code| code.transaction_type()),
        amount: question.amount,
        currency: question.currency,
        mcc: question.mcc,
        card: question.pan.as_ref().map(|pan| pan.routing_key()),
        institution: question.receiving.or(question.acquiring),
    }
}

/// The rules whose card ranges and bank codes do not name the payment.
fn never_looked_at(rules: &Rules, facts: &Facts, considered: &[Considered]) -> Vec<Considered> {
    let by_card = facts.card.is_some();
    let rest = rules.routes.iter().enumerate().filter(|(index, _)| considered.iter().all(|done| done.route != *index));
    rest.map(|(index, route)| {
        let finding = if by_card {
            // A routing key is the first digits of the card: as many as a bank's published range has, and no more.
            Finding::Unmet { condition: "card range", has: "a card outside its ranges".into() }
        } else {
            let has = facts.institution.map_or_else(|| "none".into(), |code| code.to_string());
            Finding::Unmet { condition: if route.institutions.is_empty() { "card range" } else { "bank code" }, has }
        };
        Considered { route: index, name: Arc::clone(&route.name), finding }
    })
    .collect()
}

fn describe(condition: Condition, rules: &Rules, facts: &Facts) -> Finding {
    fn shown(value: Option<impl ToString>) -> String {
        value.map_or_else(|| "none".into(), |value| value.to_string())
    }
    let (condition, has) = match condition {
        Condition::Acquirer => {
            ("acquirer", shown(rules.acquirers.get(usize::from(facts.acquirer.0)).map(|acquirer| &acquirer.name)))
        }
        Condition::Class => ("message class", shown(Some(facts.class))),
        Condition::Processing => ("processing code", shown(facts.processing.map(|kind| format!("{kind:02}")))),
        Condition::Currency => ("currency", shown(facts.currency.map(|code| format!("{code:03}")))),
        Condition::Amount => ("amount", shown(facts.amount)),
        Condition::Mcc => ("MCC", shown(facts.mcc.map(|mcc| format!("{mcc:04}")))),
    };
    Finding::Unmet { condition, has }
}
