//! Keys: one space for all names, and for payments. Digests are keyed and spread evenly as they are; numbers are mixed.

use super::super::facts::{Fact, What};
use crate::record::{Name, PaymentId};

/// The key of a name.
pub(in crate::journal) const fn key_of(name: Name) -> u64 {
    match name {
        Name::Duplicate(digest) => digest,
        Name::Trace(digest) => digest.rotate_left(16),
        Name::Rrn(digest) => digest.rotate_left(32),
        Name::Card(digest) => digest.rotate_left(48),
        Name::Payment(PaymentId(number)) => mixed(number),
    }
}

/// Two numbers never have the same (the finalizer of splitmix64).
const fn mixed(number: u64) -> u64 {
    let number = (number ^ (number >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    number ^ (number >> 31)
}

/// Is this what is told of a payment that is looked up? What happened to stored messages between their first try and their
/// end is not.
const fn tells(fact: &Fact) -> bool {
    match fact.what {
        What::Received(_)
        | What::Sent(_)
        | What::NotSent
        | What::Outcome
        | What::ApprovedLate
        | What::Queued(_)
        | What::Hold { .. }
        | What::Tried(Some(_)) => true,
        What::Undelivered
        | What::Delivered
        | What::Tried(None)
        | What::Failed
        | What::Done { .. }
        | What::Parked
        | What::Retried
        | What::Resolved
        | What::Tombstone
        | What::Held { .. }
        | What::Route { .. } => false,
    }
}

/// The keys that a record is found by.
pub(super) fn keys(fact: &Fact) -> impl Iterator<Item = u64> {
    let own = tells(fact).then_some(Name::Payment(fact.payment));
    let names = match fact.what {
        What::Received(of) => {
            let named = |name, digest: u64| (digest != 0).then_some(name);
            [
                named(Name::Duplicate(of.duplicate), of.duplicate),
                named(Name::Trace(of.trace), of.trace),
                named(Name::Rrn(of.rrn), of.rrn),
                named(Name::Card(of.card), of.card),
            ]
        }
        What::Queued(of) => [of.map(Name::Payment), None, None, None],
        What::Hold { by, .. } => [(by != fact.payment).then_some(Name::Payment(by)), None, None, None],
        _ => [None; 4],
    };
    own.into_iter().chain(names.into_iter().flatten()).map(key_of)
}
