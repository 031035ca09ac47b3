//! What the switch looks like at one moment: for a live table and for `/readyz`.

use super::{
    LinkState,
    bank::BankState,
    core::{AcquirerState, Core},
    store::Phase,
};
use crate::{
    clock::Wall,
    record::{Park, PaymentId, Stored},
    rules::Rules,
    switch::BankId,
};
use banklink_protocol::{
    Mti,
    element::{ResponseCode, Stan},
};
use std::sync::Arc;

/// The whole switch.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// Indexed by [`super::BankId`].
    pub banks: Vec<BankSnapshot>,
    /// Indexed by [`super::AcquirerId`].
    pub acquirers: Vec<AcquirerSnapshot>,
    /// Approvals that did not reach their acquirers, and are not reversed yet.
    pub undelivered: usize,
    /// Is the switch shutting down?
    pub draining: bool,
}

/// One bank.
#[derive(Clone, Debug)]
pub struct BankSnapshot {
    /// Its name.
    pub name: Arc<str>,
    /// Its connections, by slot.
    pub connections: Vec<ConnectionSnapshot>,
    /// Payments waiting for its answer.
    pub in_flight: usize,
    /// Messages stored for it, parked ones among them.
    pub stored: usize,
    /// Those that go no further by themselves.
    pub parked: usize,
    /// Totals since the start.
    pub counters: BankCounters,
}

/// A message stored for a bank.
#[derive(Clone, Debug)]
pub struct StoredSnapshot {
    /// Its number.
    pub item: PaymentId,
    /// The payment it reverses or completes.
    pub of: Option<PaymentId>,
    /// Its bank.
    pub bank: BankId,
    /// What it is.
    pub kind: Stored,
    /// Its type at the first try.
    pub mti: Mti,
    /// Since when.
    pub queued: Wall,
    /// Under which STAN, from the first try on.
    pub stan: Option<Stan>,
    /// How often it was sent.
    pub tries: u32,
    /// Tries that speak against it.
    pub strikes: u32,
    /// The bank's last word on it.
    pub code: Option<ResponseCode>,
    /// Parked: why.
    pub parked: Option<Park>,
}

/// One connection.
#[derive(Clone, Copy, Debug)]
pub struct ConnectionSnapshot {
    /// Its state.
    pub state: LinkState,
    /// Payments sent on it that wait for their answer.
    pub in_flight: usize,
}

/// One acquirer.
#[derive(Clone, Debug)]
pub struct AcquirerSnapshot {
    /// Its name.
    pub name: Arc<str>,
    /// Its requests that wait for an answer.
    pub in_flight: usize,
    /// Requests taken, in all.
    pub requests: u64,
    /// Answers given, in all.
    pub answers: u64,
}

/// Totals of one bank since the start.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct BankCounters {
    /// Payments sent.
    pub sent: u64,
    /// Approved in time.
    pub approved: u64,
    /// Declined in time.
    pub declined: u64,
    /// Not answered in time: unknown, reversal due.
    pub timed_out: u64,
    /// Certainly not sent after all.
    pub not_sent: u64,
    /// Answers after their time-out.
    pub late: u64,
    /// Answers that belong to nothing.
    pub unknown: u64,
    /// Answers that do not fit their request.
    pub unusable: u64,
}

impl Core {
    pub(super) fn snapshot(&self, rules: &Rules) -> Snapshot {
        let bank = |(bank, profile): (&BankState, &crate::rules::Bank)| BankSnapshot {
            name: profile.name.clone(),
            connections: bank
                .links
                .iter()
                .map(|link| ConnectionSnapshot { state: link.visible(), in_flight: link.in_flight })
                .collect(),
            in_flight: bank.in_flight,
            stored: self.store.queues()[usize::from(bank.id.0)].total,
            parked: self.store.queues()[usize::from(bank.id.0)].parked,
            counters: bank.counters,
        };
        let acquirer = |(state, profile): (&AcquirerState, &crate::rules::Acquirer)| AcquirerSnapshot {
            name: profile.name.clone(),
            in_flight: state.in_flight,
            requests: state.requests,
            answers: state.answers,
        };
        Snapshot {
            banks: self.banks.iter().zip(&rules.banks).map(bank).collect(),
            acquirers: self.acquirers.iter().zip(&rules.acquirers).map(acquirer).collect(),
            undelivered: self.undelivered.len(),
            draining: self.draining,
        }
    }

    pub(super) fn stored(&self) -> Vec<StoredSnapshot> {
        let mut all: Vec<_> = self
            .store
            .iter()
            .map(|(item, stored)| StoredSnapshot {
                item,
                of: stored.of,
                bank: stored.connection.bank,
                kind: stored.kind,
                mti: stored.mti,
                queued: stored.queued,
                stan: stored.entry.and_then(|key| self.pendings.get(key)).map(|pending| pending.stan),
                tries: stored.tries,
                strikes: stored.strikes,
                code: stored.code,
                parked: match stored.phase {
                    Phase::Parked(why) => Some(why),
                    _ => None,
                },
            })
            .collect();
        all.sort_unstable_by_key(|stored| stored.item);
        all
    }
}
