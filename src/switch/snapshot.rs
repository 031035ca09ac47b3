//! What the switch looks like at one moment: for a live table and for `/readyz`.

use super::LinkState;
use std::sync::Arc;

/// The whole switch.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// Indexed by [`super::BankId`].
    pub banks: Vec<BankSnapshot>,
    /// Indexed by [`super::AcquirerId`].
    pub acquirers: Vec<AcquirerSnapshot>,
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
    /// Totals since the start.
    pub counters: BankCounters,
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
