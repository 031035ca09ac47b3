//! What came to pass, over one seed or many: a fault that never happens tests nothing.

use banklink::{
    record::{Cause, Doubt, Park, Stored},
    switch::{LinkChange, Note, OutcomeKind, Refusal},
};
use std::collections::BTreeMap;

/// Counts by name.
#[derive(Default, PartialEq, Eq, Debug)]
pub(crate) struct Seen(BTreeMap<&'static str, u64>);

/// What must be among them once many seeds have run.
const ALL: [&str; 58] = [
    "approved",
    "declined",
    "timed out",
    "doubtful",
    "taken",
    "replayed",
    "late",
    "unusable",
    "unknown answer",
    "attached",
    "differs",
    "failover",
    "not sent",
    "breaker",
    "echoed",
    "sign-on declined",
    "sign-on unanswered",
    "echoes missed",
    "bank signed off",
    "bank signed on",
    "drained",
    "no bank",
    "full",
    "draining",
    "no issuer",
    "duplicate",
    "unanswered",
    "taken back",
    "store full",
    "not covered",
    "hold ended",
    "uncovered",
    "recovering",
    "stan wrapped",
    "undelivered",
    "reversed: timed out",
    "reversed: restarted",
    "reversed: unknown code",
    "reversed: part",
    "reversed: late approval",
    "reversed: undelivered",
    "reversed: acquirer, all",
    "reversed: acquirer, part",
    "advice",
    "unknown reversed",
    "stored done",
    "stored failed",
    "parked",
    "decided",
    "recovered",
    "crash",
    "disk failed",
    "recall",
    "commanded",
    "route off",
    "commanded link",
    "renewed",
    "rejected",
];

impl Seen {
    pub(crate) fn count(&mut self, what: &'static str) {
        *self.0.entry(what).or_default() += 1;
    }

    pub(crate) fn add(&mut self, other: &Self) {
        for (what, count) in &other.0 {
            *self.0.entry(what).or_default() += count;
        }
    }

    pub(crate) fn assert_everything_happened(&self) {
        let missing: Vec<_> = ALL.iter().filter(|what| !self.0.contains_key(*what)).collect();
        assert!(missing.is_empty(), "no seed had this: {missing:?}");
    }

    pub(crate) fn note(&mut self, note: &Note) {
        let what = match note {
            Note::Payment(payment) => match payment.outcome {
                OutcomeKind::Approved => "approved",
                OutcomeKind::Declined => "declined",
                OutcomeKind::TimedOut => "timed out",
                OutcomeKind::Doubtful => "doubtful",
                OutcomeKind::Taken => "taken",
                OutcomeKind::Replayed => "replayed",
                OutcomeKind::Refused(why) => refused(why),
            },
            Note::Late { .. } => "late",
            Note::Unusable { .. } => "unusable",
            Note::UnknownAnswer { .. } => "unknown answer",
            Note::Attached { .. } => "attached",
            Note::DuplicateDiffers { .. } => "differs",
            Note::NotSent { failover: true, .. } => "failover",
            Note::NotSent { .. } => "not sent",
            Note::Link { why, .. } => link(*why),
            Note::Drained => "drained",
            Note::Stored { kind, .. } => stored(*kind),
            Note::StoredDone { .. } => "stored done",
            Note::StoredFailed { .. } => "stored failed",
            Note::Parked { why: Park::Uncovered, .. } => "uncovered",
            Note::Parked { why: Park::Strikes, .. } => "parked",
            Note::Decided { .. } => "decided",
            Note::Undelivered { .. } => "undelivered",
            Note::UnknownReversed { .. } => "unknown reversed",
            Note::Recovered { .. } => "recovered",
            _ => "other",
        };
        self.count(what);
    }
}

fn refused(why: Refusal) -> &'static str {
    match why {
        Refusal::NoBank => "no bank",
        Refusal::Rejected => "rejected",
        Refusal::RouteOff => "route off",
        Refusal::Full | Refusal::TooMany => "full",
        Refusal::Draining => "draining",
        Refusal::NoIssuer => "no issuer",
        Refusal::Duplicate => "duplicate",
        Refusal::Unanswered => "unanswered",
        Refusal::TakenBack => "taken back",
        Refusal::StoreFull => "store full",
        Refusal::NotCovered => "not covered",
        Refusal::HoldEnded => "hold ended",
        Refusal::Recovering => "recovering",
        _ => "refused otherwise",
    }
}

fn link(why: LinkChange) -> &'static str {
    match why {
        LinkChange::Commanded => "commanded link",
        LinkChange::Renewed => "renewed",
        LinkChange::Breaker => "breaker",
        LinkChange::Echoed => "echoed",
        LinkChange::SignOnDeclined(_) => "sign-on declined",
        LinkChange::SignOnUnanswered => "sign-on unanswered",
        LinkChange::EchoesMissed => "echoes missed",
        LinkChange::BankSignedOff => "bank signed off",
        LinkChange::BankSignedOn => "bank signed on",
        _ => "link",
    }
}

fn stored(kind: Stored) -> &'static str {
    match kind {
        Stored::Reversal(Cause::Doubt(Doubt::TimedOut)) => "reversed: timed out",
        Stored::Reversal(Cause::Doubt(Doubt::Restarted)) => "reversed: restarted",
        Stored::Reversal(Cause::Doubt(Doubt::UnknownCode)) => "reversed: unknown code",
        Stored::Reversal(Cause::Doubt(Doubt::Part)) => "reversed: part",
        Stored::Reversal(Cause::LateApproval) => "reversed: late approval",
        Stored::Reversal(Cause::Undelivered) => "reversed: undelivered",
        Stored::Acquirers { left: None } => "reversed: acquirer, all",
        Stored::Acquirers { left: Some(_) } => "reversed: acquirer, part",
        Stored::Advice => "advice",
        _ => "stored otherwise",
    }
}
