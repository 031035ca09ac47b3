//! Totals from Notes that the machine does not keep itself. Plain numbers of one thread: metrics read them when asked.

use super::{AcquirerSnapshot, BankSnapshot, Latency, Snapshot};
use crate::{
    net::hub::Hub,
    switch::{AcquirerId, BankId, LinkChange, LinkState, Note, OutcomeKind, PaymentNote, Refusal, Switch},
};
use std::collections::BTreeMap;

/// Totals since the start.
pub(super) struct Counters {
    acquirers: Vec<AcquirerTotals>,
    banks: Vec<BankTotals>,
}

#[derive(Default)]
struct AcquirerTotals {
    ignored: u64,
    undelivered: u64,
    attached: u64,
    fields_dropped: u64,
    rejected: BTreeMap<Refusal, u64>,
}

#[derive(Default)]
struct BankTotals {
    unreadable: u64,
    rejected: u64,
    own_requests: u64,
    echoes_missed: u64,
    disconnects: u64,
    latency: Latency,
}

impl Counters {
    pub(super) fn new(acquirers: usize, banks: usize) -> Self {
        Self {
            acquirers: std::iter::repeat_with(AcquirerTotals::default).take(acquirers).collect(),
            banks: std::iter::repeat_with(BankTotals::default).take(banks).collect(),
        }
    }

    /// An answer that found its session gone or not reading.
    pub(super) fn undelivered(&mut self, acquirer: AcquirerId) {
        self.acquirer(acquirer).undelivered += 1;
    }

    /// Counts what a note says.
    pub(super) fn count(&mut self, note: &Note) {
        match note {
            Note::Payment(payment) => self.payment(payment),
            Note::Refused { acquirer, why, .. } => *self.acquirer(*acquirer).rejected.entry(*why).or_default() += 1,
            Note::Ignored { acquirer, .. } => self.acquirer(*acquirer).ignored += 1,
            Note::Attached { acquirer, .. } => self.acquirer(*acquirer).attached += 1,
            Note::FieldsDropped { acquirer, fields, .. } => {
                let dropped: u32 = fields.iter().map(|word| word.count_ones()).sum();
                self.acquirer(*acquirer).fields_dropped += u64::from(dropped);
            }
            Note::Rejected { connection, .. } => self.bank(connection.bank).rejected += 1,
            Note::UnreadableFromBank { connection, .. } => self.bank(connection.bank).unreadable += 1,
            Note::BankRequest { connection, .. } => self.bank(connection.bank).own_requests += 1,
            Note::EchoMissed { connection, .. } => self.bank(connection.bank).echoes_missed += 1,
            Note::Link { connection, to: LinkState::Down, why: LinkChange::Lost, .. } => {
                self.bank(connection.bank).disconnects += 1;
            }
            _ => {}
        }
    }

    fn payment(&mut self, payment: &PaymentNote) {
        match (payment.outcome, payment.connection) {
            (OutcomeKind::Refused(why), _) => *self.acquirer(payment.acquirer).rejected.entry(why).or_default() += 1,
            (_, Some(connection)) => self.bank(connection.bank).latency.record(payment.total),
            (_, None) => {}
        }
        if !payment.delivered {
            self.acquirer(payment.acquirer).undelivered += 1;
        }
    }

    fn acquirer(&mut self, acquirer: AcquirerId) -> &mut AcquirerTotals {
        &mut self.acquirers[usize::from(acquirer.0)]
    }

    fn bank(&mut self, bank: BankId) -> &mut BankTotals {
        &mut self.banks[usize::from(bank.0)]
    }

    /// Everything at this moment.
    pub(super) fn snapshot(&self, machine: &Switch, hub: &Hub) -> Snapshot {
        let inside = machine.snapshot();
        let acquirers = inside.acquirers.into_iter().zip(&self.acquirers).enumerate();
        let acquirers = acquirers.map(|(id, (acquirer, totals))| {
            let (sessions, refused) = hub.session_counts(AcquirerId(id as u16));
            AcquirerSnapshot {
                name: acquirer.name,
                certificate: None,
                sessions,
                refused,
                in_flight: acquirer.in_flight as u64,
                requests: acquirer.requests,
                answers: acquirer.answers,
                ignored: totals.ignored,
                undelivered: totals.undelivered,
                rejected: totals.rejected.iter().map(|(why, count)| (why.as_str(), *count)).collect(),
                attached: totals.attached,
                fields_dropped: totals.fields_dropped,
            }
        });
        let banks = inside.banks.into_iter().zip(&self.banks).map(|(bank, totals)| BankSnapshot {
            name: bank.name,
            certificate: None,
            connections: bank.connections.iter().map(|connection| connection.state).collect(),
            in_flight: bank.in_flight as u64,
            sent: bank.counters.sent,
            not_sent: bank.counters.not_sent,
            approved: bank.counters.approved,
            declined: bank.counters.declined,
            timed_out: bank.counters.timed_out,
            late: bank.counters.late,
            unknown: bank.counters.unknown,
            unusable: bank.counters.unusable,
            stored: bank.stored as u64,
            parked: bank.parked as u64,
            unreadable: totals.unreadable,
            rejected: totals.rejected,
            own_requests: totals.own_requests,
            echoes_missed: totals.echoes_missed,
            disconnects: totals.disconnects,
            latency: totals.latency.clone(),
        });
        Snapshot {
            acquirers: acquirers.collect(),
            banks: banks.collect(),
            ready: machine.ready(),
            draining: inside.draining,
            listeners: 0,
        }
    }
}
