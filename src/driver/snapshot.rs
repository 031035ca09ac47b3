//! What the running switch knows about itself: counters since the start, states now. No card data.

use crate::switch::LinkState;
use serde::Serializer;
use std::{collections::BTreeMap, sync::Arc};

use super::Latency;

/// The whole switch at one moment.
#[derive(Clone, Default, Debug, serde::Serialize)]
pub struct Snapshot {
    /// In the order of the configuration.
    pub acquirers: Vec<AcquirerSnapshot>,
    /// In the order of the configuration.
    pub banks: Vec<BankSnapshot>,
    /// Takes payments: at least one bank is up, and the switch is not draining.
    pub ready: bool,
    /// Draining or drained.
    pub draining: bool,
    /// Who listens in now.
    pub listeners: u64,
}

/// One acquirer.
#[derive(Clone, Default, Debug, serde::Serialize)]
pub struct AcquirerSnapshot {
    /// Its name in the configuration.
    pub name: Arc<str>,
    /// Until when our certificate toward its sessions is valid, in seconds since 1970; `None` without TLS.
    pub certificate: Option<i64>,
    /// Sessions open now.
    pub sessions: u64,
    /// Sessions refused: peer not allowed, too many, TLS failed.
    pub refused: u64,
    /// Requests that wait for an answer now.
    pub in_flight: u64,
    /// Requests taken in.
    pub requests: u64,
    /// Answers given, of whatever kind.
    pub answers: u64,
    /// Messages that were dropped: nothing that could be answered.
    pub ignored: u64,
    /// Answers that found their session gone, or not reading.
    pub undelivered: u64,
    /// Requests answered by the switch itself without a bank, by reason.
    pub rejected: BTreeMap<&'static str, u64>,
    /// Resends that joined a request already on its way.
    pub attached: u64,
    /// Optional fields a dialect could not carry, dropped on the way to or from a bank.
    pub fields_dropped: u64,
}

/// One bank.
#[derive(Clone, Default, Debug, serde::Serialize)]
pub struct BankSnapshot {
    /// Its name in the configuration.
    pub name: Arc<str>,
    /// Until when our certificate on its connections is valid, in seconds since 1970.
    pub certificate: Option<i64>,
    /// One state a connection slot.
    #[serde(serialize_with = "words")]
    pub connections: Vec<LinkState>,
    /// Payments that wait for its answer now.
    pub in_flight: u64,
    /// Payments sent.
    pub sent: u64,
    /// Certainly not sent after all.
    pub not_sent: u64,
    /// Payments it approved.
    pub approved: u64,
    /// Payments it declined.
    pub declined: u64,
    /// Payments it did not answer in time.
    pub timed_out: u64,
    /// Answers after the time-out.
    pub late: u64,
    /// Answers to nothing we know.
    pub unknown: u64,
    /// Answers that do not fit their request.
    pub unusable: u64,
    /// Messages that did not decode.
    pub unreadable: u64,
    /// Messages of ours that its network sent back, rejected.
    pub rejected: u64,
    /// Messages stored for it now (reversals, advices), parked ones among them.
    pub stored: u64,
    /// Stored messages that go no further by themselves: for people.
    pub parked: u64,
    /// Its own requests.
    pub own_requests: u64,
    /// Echoes it did not answer in time.
    pub echoes_missed: u64,
    /// Connections that ended or failed to come up.
    pub disconnects: u64,
    /// From the arrival of the request to its answer.
    pub latency: Latency,
}

fn words<S: Serializer>(states: &[LinkState], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(states.iter().map(|state| state.as_str()))
}

impl BankSnapshot {
    /// Connections that take payments.
    #[must_use]
    pub fn up(&self) -> usize {
        self.connections.iter().filter(|state| **state == LinkState::Up).count()
    }
}

impl AcquirerSnapshot {
    /// Requests answered by the switch itself, for whatever reason.
    #[must_use]
    pub fn rejected_total(&self) -> u64 {
        self.rejected.values().sum()
    }
}

impl Snapshot {
    /// The bank of that name.
    #[must_use]
    pub fn bank(&self, name: &str) -> Option<&BankSnapshot> {
        self.banks.iter().find(|bank| &*bank.name == name)
    }
    /// The acquirer of that name.
    #[must_use]
    pub fn acquirer(&self, name: &str) -> Option<&AcquirerSnapshot> {
        self.acquirers.iter().find(|acquirer| &*acquirer.name == name)
    }
}

/// A message stored for a bank. No card data.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Stored {
    /// Its number.
    pub item: u64,
    /// The payment it reverses or completes.
    pub of: Option<u64>,
    /// Its bank.
    pub bank: Arc<str>,
    /// What it is.
    pub kind: String,
    /// Its type at the first try.
    pub mti: String,
    /// Since when.
    pub since: String,
    /// Under which STAN, from the first try on.
    pub stan: Option<u32>,
    /// How often it was sent.
    pub tries: u32,
    /// The bank's last word on it.
    pub code: Option<String>,
    /// Parked: why.
    pub parked: Option<String>,
}

impl Stored {
    pub(super) fn of(stored: &crate::switch::StoredSnapshot, banks: &[Arc<str>]) -> Self {
        let since = jiff::Timestamp::from_microsecond(stored.queued.0);
        Self {
            item: stored.item.0,
            of: stored.of.map(|of| of.0),
            bank: banks.get(usize::from(stored.bank.0)).cloned().unwrap_or_default(),
            kind: format!("{:?}", stored.kind),
            mti: stored.mti.to_string(),
            since: since.map_or_else(|_| String::new(), |since| since.to_string()),
            stan: stored.stan.map(|stan| stan.0),
            tries: stored.tries,
            code: stored.code.map(|code| code.to_string()),
            parked: stored.parked.map(|why| format!("{why:?}")),
        }
    }
}
