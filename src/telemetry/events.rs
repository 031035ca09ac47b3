//! Log lines from Notes.

use crate::{
    record::PaymentId,
    switch::{AcquirerId, BankId, ConnectionId, LinkChange, LinkState, Note, OutcomeKind, PaymentNote},
};
use std::{fmt, sync::Arc};
use tracing::{debug, error, field::display, info, warn};

/// The names that ids stand for.
#[derive(Clone, Debug)]
pub struct Names {
    /// By [`AcquirerId`].
    pub acquirers: Vec<Arc<str>>,
    /// By [`BankId`].
    pub banks: Vec<Arc<str>>,
}

impl Names {
    pub(super) fn acquirer(&self, id: AcquirerId) -> &str {
        &self.acquirers[usize::from(id.0)]
    }
    pub(super) fn bank(&self, id: BankId) -> &str {
        &self.banks[usize::from(id.0)]
    }
}

/// The one line of a payment.
pub fn payment(names: &Names, payment: &PaymentNote) {
    let micros = |duration: std::time::Duration| u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
    let reason = match payment.outcome {
        OutcomeKind::Refused(why) => Some(why.as_str()),
        _ => None,
    };
    info!(
        target: "banklink::payment",
        payment = payment.payment.map(|payment| payment.0),
        acquirer = names.acquirer(payment.acquirer),
        session = payment.session.0,
        bank = payment.connection.map(|connection| names.bank(connection.bank)),
        slot = payment.connection.map(|connection| connection.slot),
        mti = %payment.mti,
        processing = payment.processing.as_ref().map(|code| display(Text(code.bytes()))),
        card = payment.card.map(display),
        stan = payment.stan_in.0,
        bank_stan = payment.stan_out.map(|stan| stan.0),
        rrn = payment.rrn.map(|rrn| display(Text(rrn.0))),
        amount = payment.amount.map(|amount| amount.minor),
        currency = payment.amount.map(|amount| amount.currency.code()),
        code = %payment.code,
        outcome = payment.outcome.as_str(),
        reason,
        total_us = micros(payment.total),
        bank_us = micros(payment.bank),
        attached = payment.attached,
        delivered = payment.delivered,
    );
}

/// Bytes of a field that is text by its class; anything else shows as `?`.
struct Text<const N: usize>([u8; N]);

impl<const N: usize> fmt::Display for Text<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for byte in self.0 {
            let shown = if byte.is_ascii_graphic() || byte == b' ' { char::from(byte) } else { '?' };
            write!(f, "{shown}")?;
        }
        Ok(())
    }
}

/// A line for anything else worth one.
pub fn note(names: &Names, note: &Note) {
    match note {
        Note::Payment(_) => {}
        Note::Refused { .. }
        | Note::Ignored { .. }
        | Note::AcquirerNetwork { .. }
        | Note::Attached { .. }
        | Note::DuplicateDiffers { .. }
        | Note::FieldsDropped { .. } => acquirer_note(names, note),
        Note::Link { connection, from, to, why } => link(names, *connection, *from, *to, *why),
        Note::RulesApplied => info!("new rules are in force"),
        Note::RulesRefused { why } => error!(why, "new rules refused, the old ones stay"),
        Note::Operated { refused, .. } => info!(refused, "commanded"),
        Note::Drained => info!("drained: nothing is in flight, the banks are signed off"),
        Note::Stored { .. }
        | Note::StoredDone { .. }
        | Note::StoredFailed { .. }
        | Note::Parked { .. }
        | Note::Decided { .. }
        | Note::Undelivered { .. }
        | Note::UnknownReversed { .. }
        | Note::Recovered { .. } => super::stored::note(names, note),
        _ => bank_note(names, note),
    }
}

fn acquirer_note(names: &Names, note: &Note) {
    match note {
        Note::Refused { acquirer, mti, code, why, field } => {
            let acquirer = names.acquirer(*acquirer);
            warn!(acquirer, %mti, %code, reason = why.as_str(), field, "request refused");
        }
        Note::Ignored { acquirer, why } => {
            warn!(acquirer = names.acquirer(*acquirer), why = ?why, "message dropped: it cannot be answered");
        }
        Note::AcquirerNetwork { acquirer, code } => {
            debug!(acquirer = names.acquirer(*acquirer), %code, "network request answered");
        }
        Note::Attached { acquirer, payment } => {
            info!(acquirer = names.acquirer(*acquirer), payment = payment.0, "resend joined the payment under way");
        }
        Note::DuplicateDiffers { acquirer, payment: PaymentId(payment), stan } => {
            let acquirer = names.acquirer(*acquirer);
            error!(acquirer, payment, stan = stan.0, "ALARM: a resend differs from the payment it repeats");
        }
        Note::FieldsDropped { acquirer, bank, outbound, fields } => {
            let (acquirer, bank) = (names.acquirer(*acquirer), names.bank(*bank));
            debug!(acquirer, bank, outbound, fields = %Fields(fields), "optional fields dropped");
        }
        _ => {}
    }
}

fn bank_note(names: &Names, note: &Note) {
    match note {
        Note::NotSent { connection, stan, why, failover } => {
            let bank = names.bank(connection.bank);
            warn!(bank, slot = connection.slot, stan = stan.0, why = ?why, failover, "not sent");
        }
        Note::Late { connection, payment, stan, approved, after } => {
            let (bank, after_us) = (names.bank(connection.bank), after.as_micros());
            warn!(
                bank,
                slot = connection.slot,
                payment = payment.0,
                stan = stan.0,
                approved,
                after_us,
                "answer after its time-out"
            );
        }
        Note::UnknownAnswer { connection, mti, stan, nearest, field } => {
            let (stan, nearest) = (stan.map(|stan| stan.0), nearest.map(|stan| stan.0));
            let bank = names.bank(connection.bank);
            warn!(bank, slot = connection.slot, %mti, stan, nearest, field, "answer to nothing that is in flight");
        }
        Note::Unusable { connection, payment, stan, field } => {
            let bank = names.bank(connection.bank);
            error!(
                bank,
                slot = connection.slot,
                payment = payment.0,
                stan = stan.0,
                field,
                "ALARM: an answer does not fit its request"
            );
        }
        Note::UnreadableFromBank { connection, field, offset, reason } => {
            let bank = names.bank(connection.bank);
            warn!(bank, slot = connection.slot, field, offset, why = %reason, "a message of the bank does not decode");
        }
        Note::BankRequest { connection, mti, code } => {
            info!(bank = names.bank(connection.bank), slot = connection.slot, %mti, %code, "the bank's request answered");
        }
        Note::Rejected { connection, payment, stan, code } => {
            let (bank, slot, payment) = (names.bank(connection.bank), connection.slot, payment.map(|of| of.0));
            error!(bank, slot, payment, stan = stan.0, %code, "ALARM: the network rejects a message of ours");
        }
        Note::NotRenewed { connection } => {
            let (bank, slot) = (names.bank(connection.bank), connection.slot);
            info!(bank, slot, "goes on under the settings it was made with, until it ends");
        }
        Note::CutoverAnswered { connection, code } => {
            let code = code.map(display);
            info!(bank = names.bank(connection.bank), slot = connection.slot, code, "cutover announced");
        }
        Note::EchoMissed { connection, missed } => {
            warn!(bank = names.bank(connection.bank), slot = connection.slot, missed, "echo not answered");
        }
        Note::NetworkMessage { connection, field } => {
            let bank = names.bank(connection.bank);
            error!(
                bank,
                slot = connection.slot,
                field,
                "a network message cannot be made: the dialect lacks the field"
            );
        }
        _ => {}
    }
}

fn link(names: &Names, connection: ConnectionId, from: LinkState, to: LinkState, why: LinkChange) {
    let (bank, slot, from, to_word) = (names.bank(connection.bank), connection.slot, from.as_str(), to.as_str());
    let code = match why {
        LinkChange::SignOnDeclined(code) => Some(display(code)),
        _ => None,
    };
    let why = Why(why);
    match to {
        LinkState::Up | LinkState::Connecting | LinkState::SigningOn | LinkState::Draining | LinkState::Closing => {
            info!(bank, slot, from, to = to_word, %why, code, "link");
        }
        LinkState::Down | LinkState::Tripped | LinkState::SignedOff | LinkState::Held => {
            warn!(bank, slot, from, to = to_word, %why, code, "link");
        }
    }
}

struct Why(LinkChange);

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            LinkChange::Reconnect => "time to connect",
            LinkChange::Opened => "connected",
            LinkChange::Lost => "connection lost",
            LinkChange::SignedOn => "signed on",
            LinkChange::SignOnDeclined(_) => "sign-on declined",
            LinkChange::SignOnUnanswered => "sign-on not answered",
            LinkChange::EchoesMissed => "echoes not answered",
            LinkChange::Breaker => "too many time-outs in a row",
            LinkChange::Echoed => "echo answered",
            LinkChange::BankSignedOff => "the bank signed off",
            LinkChange::BankSignedOn => "the bank signed on",
            LinkChange::Commanded => "commanded",
            LinkChange::Renewed => "made anew under changed settings",
            LinkChange::Drain => "shutting down",
            LinkChange::Unsendable => "a network message could not be sent",
        })
    }
}

/// The fields of a bit set, as `DE48,DE62`.
struct Fields<'a>(&'a banklink_protocol::FieldSet);

impl fmt::Display for Fields<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, field) in self.0.iter().enumerate() {
            write!(f, "{}DE{field}", if index == 0 { "" } else { "," })?;
        }
        Ok(())
    }
}
