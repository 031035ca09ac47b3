//! What the journal wants to know of a record without knowing what it means.

use crate::{clock::Wall, record::Record};

/// Does anything outside wait for this record? The others never raise a commit by themselves: they ride with the next,
/// or are written a little later. What a crash takes of them is repeated without harm: an answer that is said to be
/// unknown to have arrived, a try that is made again, an acceptance that the bank gives again.
#[must_use]
pub fn waits(record: &Record) -> bool {
    !matches!(record, Record::Answered { .. } | Record::Failed { .. } | Record::Done { .. })
}

/// When it happened.
pub(super) const fn at(record: &Record) -> Wall {
    match record {
        Record::Received { at, .. }
        | Record::Sent { at, .. }
        | Record::NotSent { at, .. }
        | Record::Outcome { at, .. }
        | Record::Answered { at, .. }
        | Record::Undelivered { at, .. }
        | Record::Delivered { at, .. }
        | Record::ApprovedLate { at, .. }
        | Record::Hold { at, .. }
        | Record::Queued { at, .. }
        | Record::Tried { at, .. }
        | Record::Failed { at, .. }
        | Record::Done { at, .. }
        | Record::Parked { at, .. }
        | Record::Decided { at, .. }
        | Record::Tombstone { at, .. } => *at,
    }
}
