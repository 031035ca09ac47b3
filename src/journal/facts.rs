//! What the journal knows of a record without knowing what it means: when it was, what it opens or closes, which numbers it
//! gives away, and what it is found by later. The committer notes this of each record that it lays out, so that nobody has
//! to read the segment again for it.

use crate::{
    clock::Wall,
    record::{Decision, Operation, PaymentId, Record, References},
    switch::{BankId, ConnectionId, took_reversal},
};
use banklink_protocol::element::{Stan, Transmission};
use std::hash::BuildHasher;

/// Does anything outside wait for this record? The others never raise a commit by themselves: they ride with the next,
/// or are written a little later. What a crash takes of them is repeated without harm: an answer that is said to be
/// unknown to have arrived, a try that is made again, an acceptance that the bank gives again.
#[must_use]
pub fn waits(record: &Record) -> bool {
    !matches!(record, Record::Answered { .. } | Record::Failed { .. } | Record::Done { .. })
}

/// A record, as the journal sees it.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Fact {
    pub(super) position: u64,
    /// Where its frame begins in its segment.
    pub(super) offset: u32,
    pub(super) at: Wall,
    /// The payment or the stored message that it is about; 0 for none.
    pub(super) payment: PaymentId,
    pub(super) what: What,
}

/// What happened.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) enum What {
    /// A payment came; the names it goes by.
    Received(References),
    /// It was sent under these numbers.
    Sent(Numbers),
    NotSent,
    Outcome,
    Undelivered,
    Delivered,
    ApprovedLate,
    /// A message was stored, of this payment.
    Queued(Option<PaymentId>),
    /// It was tried; the numbers, where they are new.
    Tried(Option<Numbers>),
    Failed,
    /// Settled with the bank; or did it refuse a reversal, which it may yet prove wrong?
    Done {
        refused: bool,
    },
    Parked,
    Retried,
    Resolved,
    /// Where the payment's hold stands, since `by`: is that, or anything else of it, under way?
    Hold {
        by: PaymentId,
        part_under_way: bool,
        any_under_way: bool,
    },
    Tombstone,
    /// A connection is held from now on, or not any more.
    Held {
        connection: ConnectionId,
        held: bool,
    },
    /// A route, by the digest of its name, is off from now on, or not any more.
    Route {
        name: u64,
        off: bool,
    },
}

/// Trace numbers that were given away.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Numbers {
    pub(super) bank: BankId,
    pub(super) stan: Stan,
    pub(super) transmission: Transmission,
}

/// What of a command lasts.
fn commanded(operation: &Operation) -> Option<What> {
    match operation {
        Operation::SignOn(connection) => Some(What::Held { connection: *connection, held: false }),
        Operation::SignOff(connection) | Operation::Drain(connection) => {
            Some(What::Held { connection: *connection, held: true })
        }
        Operation::RouteOn(name) => Some(What::Route { name: digest(name), off: false }),
        Operation::RouteOff(name) => Some(What::Route { name: digest(name), off: true }),
        _ => None,
    }
}

/// Two names of one configuration do not have the same.
fn digest(name: &str) -> u64 {
    foldhash::fast::FixedState::default().hash_one(name)
}

impl Fact {
    /// `None`: it opens and closes nothing, and nobody looks for it.
    pub(super) fn of(record: &Record, position: u64, offset: u32) -> Option<Self> {
        let what = match *record {
            Record::Received { references, .. } => What::Received(references),
            Record::Sent { connection, original, .. } => {
                let (stan, transmission) = (original.stan, original.transmission);
                What::Sent(Numbers { bank: connection.bank, stan, transmission })
            }
            Record::NotSent { .. } => What::NotSent,
            Record::Outcome { .. } => What::Outcome,
            Record::Answered { .. } => return None,
            Record::Undelivered { .. } => What::Undelivered,
            Record::Delivered { .. } => What::Delivered,
            Record::ApprovedLate { .. } => What::ApprovedLate,
            Record::Queued { of, .. } => What::Queued(of),
            // From the second try on, the numbers are those of the first.
            Record::Tried { connection, stan, transmission, tries, .. } => {
                What::Tried((tries <= 1).then_some(Numbers { bank: connection.bank, stan, transmission }))
            }
            Record::Failed { .. } => What::Failed,
            Record::Done { code, .. } => What::Done { refused: !took_reversal(code) },
            Record::Parked { .. } => What::Parked,
            Record::Decided { decision: Decision::Retry, .. } => What::Retried,
            Record::Decided { decision: Decision::Resolve, .. } => What::Resolved,
            Record::Hold { by, part, hold, .. } => What::Hold {
                by,
                part_under_way: part.is_some_and(|part| part.under_way),
                any_under_way: hold.under_way > 0,
            },
            Record::Commanded { ref operation, .. } => commanded(operation)?,
            Record::Tombstone { .. } => What::Tombstone,
        };
        Some(Self { position, offset, at: record.at(), payment: record.payment().unwrap_or_default(), what })
    }
}
