//! Routing: which rule takes a payment, and which banks it names, in the order they are tried.
//!
//! Card ranges may nest and overlap; compiled, they are disjoint segments, each with the rules that cover it, narrowest
//! range first, then in the order of the file. The first rule whose conditions hold fires. Rules without cards and
//! without bank codes take what is left.

use super::{AcquirerId, BankId, Refusal, instruction::Instruction};
use crate::rules::{CardRange, Route, Rules, Strategy};
use smallvec::SmallVec;
use std::{collections::BTreeSet, sync::Arc};

/// Banks in the order they are tried.
pub(super) type Targets = SmallVec<[BankId; 4]>;

/// What the conditions of a rule look at.
#[derive(Clone, Copy)]
pub(super) struct Facts {
    pub(super) acquirer: AcquirerId,
    /// MTI class.
    pub(super) class: u8,
    /// Transaction type of DE3.
    pub(super) processing: Option<u8>,
    pub(super) amount: Option<u64>,
    pub(super) currency: Option<u16>,
    pub(super) mcc: Option<u16>,
    /// `Pan::routing_key`.
    pub(super) card: Option<u64>,
    /// DE100, else DE32.
    pub(super) institution: Option<u64>,
}

impl Facts {
    pub(super) fn of(acquirer: AcquirerId, instruction: &Instruction) -> Self {
        Self {
            acquirer,
            class: instruction.mti.class(),
            processing: instruction.processing.map(|code| code.transaction_type()),
            amount: instruction.amount,
            currency: instruction.currency.map(|currency| currency.code()),
            mcc: instruction.mcc,
            card: instruction.pan.as_ref().map(|pan| pan.routing_key()),
            institution: instruction.receiving.or(instruction.acquiring),
        }
    }
}

/// A condition of a rule that a payment does not meet.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Condition {
    Acquirer,
    Class,
    Processing,
    Currency,
    Amount,
    Mcc,
}

/// The first condition of the rule that does not hold; a condition on something absent does not hold.
pub(super) fn unmet(route: &Route, facts: &Facts) -> Option<Condition> {
    let ranges = |ranges: &[(u8, u8)], value: u8| ranges.iter().any(|&(low, high)| (low..=high).contains(&value));
    if !route.acquirers.is_empty() && !route.acquirers.contains(&facts.acquirer) {
        return Some(Condition::Acquirer);
    }
    if !route.classes.is_empty() && !route.classes.contains(&facts.class) {
        return Some(Condition::Class);
    }
    if !route.processing.is_empty() && !facts.processing.is_some_and(|kind| ranges(&route.processing, kind)) {
        return Some(Condition::Processing);
    }
    if !route.currencies.is_empty() && !facts.currency.is_some_and(|code| route.currencies.contains(&code)) {
        return Some(Condition::Currency);
    }
    if let Some((low, high)) = route.amount
        && !facts.amount.is_some_and(|amount| (low..=high).contains(&amount))
    {
        return Some(Condition::Amount);
    }
    let mcc = |mcc: u16| route.mcc.iter().any(|&(low, high)| (low..=high).contains(&mcc));
    (!route.mcc.is_empty() && !facts.mcc.is_some_and(mcc)).then_some(Condition::Mcc)
}

/// A rule as a candidate, with the card range that makes it one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Candidate {
    pub(super) route: u16,
    pub(super) range: Option<CardRange>,
}

/// Cards between `low` and the next segment's `low`.
struct Segment {
    low: u64,
    candidates: std::ops::Range<usize>,
}

/// All rules, compiled.
pub(super) struct Router {
    segments: Vec<Segment>,
    /// Candidates of the segments, one segment behind the other.
    ranked: Vec<Candidate>,
    /// Bank code and its rule, sorted.
    institutions: Vec<(u64, Candidate)>,
    /// Rules without cards and bank codes.
    open: Vec<Candidate>,
    /// The rules by name, and which of them an operator has turned off.
    names: Vec<Arc<str>>,
    off: Vec<bool>,
    /// How often each rule has fired, for round robin and weights.
    turns: Vec<u64>,
}

impl Router {
    pub(super) fn compile(rules: &Rules) -> Self {
        let candidate = |route: usize| Candidate { route: route as u16, range: None };
        let numbered = || rules.routes.iter().enumerate();
        let mut institutions: Vec<_> = numbered()
            .flat_map(|(index, route)| route.institutions.iter().map(move |&code| (code, candidate(index))))
            .collect();
        institutions.sort_by_key(|&(code, candidate)| (code, candidate.route));
        let open = numbered()
            .filter(|(_, route)| route.cards.is_empty() && route.institutions.is_empty())
            .map(|(index, _)| candidate(index))
            .collect();
        let (segments, ranked) = segments(rules);
        let names: Vec<_> = rules.routes.iter().map(|route| Arc::clone(&route.name)).collect();
        let (off, turns) = (vec![false; names.len()], vec![0; names.len()]);
        Self { segments, ranked, institutions, open, names, off, turns }
    }

    /// These are off, and no others.
    pub(super) fn set_off(&mut self, off: &BTreeSet<Box<str>>) {
        self.off = self.names.iter().map(|name| off.contains(&**name)).collect();
    }

    /// The rules that are looked at for these facts, in order; false where no range or bank code names it at all.
    pub(super) fn candidates(&self, facts: &Facts) -> (impl Iterator<Item = Candidate>, bool) {
        let by_card = match facts.card {
            Some(card) => &self.ranked[self.covering(card)],
            None => &[],
        };
        let by_code = match (facts.card, facts.institution) {
            (None, Some(code)) => &self.institutions[self.named(code)],
            _ => &[],
        };
        let covered = !by_card.is_empty() || !by_code.is_empty();
        (
            by_card.iter().copied().chain(by_code.iter().map(|&(_, route)| route)).chain(self.open.iter().copied()),
            covered,
        )
    }

    /// The rule that fires.
    pub(super) fn find(&self, rules: &Rules, facts: &Facts) -> Result<usize, Refusal> {
        let (mut candidates, covered) = self.candidates(facts);
        let fires = candidates.find(|candidate| unmet(&rules.routes[usize::from(candidate.route)], facts).is_none());
        match fires {
            Some(candidate) if self.off[usize::from(candidate.route)] => Err(Refusal::RouteOff),
            Some(candidate) => Ok(usize::from(candidate.route)),
            None if facts.card.is_some() && !covered && self.open.is_empty() => Err(Refusal::NoIssuer),
            None => Err(Refusal::NoRoute),
        }
    }

    /// The banks of a rule in the order they are tried, and one turn on.
    pub(super) fn targets(&mut self, rules: &Rules, route: usize) -> Targets {
        let turn = self.turns[route];
        self.turns[route] = turn.wrapping_add(1);
        ordered(&rules.routes[route], turn)
    }

    fn covering(&self, card: u64) -> std::ops::Range<usize> {
        match self.segments.partition_point(|segment| segment.low <= card) {
            0 => 0..0,
            after => self.segments[after - 1].candidates.clone(),
        }
    }

    fn named(&self, code: u64) -> std::ops::Range<usize> {
        let start = self.institutions.partition_point(|&(other, _)| other < code);
        start..start + self.institutions[start..].partition_point(|&(other, _)| other == code)
    }
}

/// The targets of a rule at its `turn`-th use: the one whose turn it is first, the others behind it as the file has them.
pub(super) fn ordered(route: &Route, turn: u64) -> Targets {
    let count = route.targets.len() as u64;
    let first = match route.strategy {
        Strategy::Priority => 0,
        Strategy::RoundRobin => turn.checked_rem(count).unwrap_or(0) as usize,
        Strategy::Weight => {
            let total = route.targets.iter().map(|target| u64::from(target.weight)).sum::<u64>();
            let mut share = turn.checked_rem(total).unwrap_or(0);
            let mine = route.targets.iter().position(|target| {
                let weight = u64::from(target.weight);
                let found = share < weight;
                share = share.saturating_sub(weight);
                found
            });
            mine.unwrap_or(0)
        }
    };
    let mut banks: Targets = route.targets.iter().map(|target| target.bank).collect();
    if first > 0 {
        banks[..=first].rotate_right(1);
    }
    banks
}

/// Cuts the card ranges of all rules into disjoint segments.
fn segments(rules: &Rules) -> (Vec<Segment>, Vec<Candidate>) {
    let mut starts: Vec<(u64, Candidate)> = Vec::new();
    for (index, route) in rules.routes.iter().enumerate() {
        let candidate = |&range: &CardRange| (range.low, Candidate { route: index as u16, range: Some(range) });
        starts.extend(route.cards.iter().map(candidate));
    }
    starts.sort_by_key(|&(low, _)| low);
    let mut bounds: Vec<u64> =
        rules.routes.iter().flat_map(|route| &route.cards).flat_map(|range| [range.low, range.high + 1]).collect();
    bounds.sort_unstable();
    bounds.dedup();

    let (mut segments, mut ranked) = (Vec::new(), Vec::new());
    let mut active: Vec<Candidate> = Vec::new();
    let mut starts = starts.into_iter().peekable();
    for low in bounds {
        active.retain(|candidate| high(candidate) >= low);
        while let Some((_, candidate)) = starts.next_if(|&(start, _)| start == low) {
            active.push(candidate);
        }
        active.sort_by_key(|candidate| (width(candidate), candidate.route));
        let first = ranked.len();
        ranked.extend_from_slice(&active);
        segments.push(Segment { low, candidates: first..ranked.len() });
    }
    (segments, ranked)
}

fn high(candidate: &Candidate) -> u64 {
    candidate.range.map_or(u64::MAX, |range| range.high)
}

fn width(candidate: &Candidate) -> u64 {
    candidate.range.map_or(u64::MAX, |range| range.high - range.low)
}
