//! The switch's own view of its payments: a fold over its Records.

use crate::record::{Outcome, PaymentId, Record};
use banklink_protocol::element::ResponseCode;
use std::collections::BTreeMap;

/// Where and under which numbers a payment went to a bank.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SentTo {
    /// The bank's number.
    pub bank: u16,
    /// DE11 toward the bank.
    pub stan: u32,
    /// DE7 toward the bank, as a number.
    pub transmission: u32,
}

/// One payment as the switch saw it.
#[derive(Clone, Copy, Debug)]
pub struct SwitchPayment {
    /// The acquirer's number.
    pub acquirer: u16,
    /// DE11 from the acquirer.
    pub stan: u32,
    /// DE37 from the acquirer; blank where none came.
    pub rrn: [u8; 12],
    /// DE4, minor units.
    pub amount: u64,
    /// Where it went last, unless it certainly did not leave.
    pub sent: Option<SentTo>,
    /// How it ended.
    pub outcome: Option<Outcome>,
    /// DE39 as the acquirer got it.
    pub answered: Option<ResponseCode>,
}

/// All payments of one switch. Grows with every payment: for demonstrations and tests of known length.
#[derive(Default)]
pub struct SwitchView {
    payments: BTreeMap<PaymentId, SwitchPayment>,
}

impl SwitchView {
    /// Takes one Record in.
    pub fn apply(&mut self, record: &Record) {
        match record {
            Record::Received { payment, acquirer, amount, stan, rrn, .. } => {
                let received = SwitchPayment {
                    acquirer: acquirer.0,
                    stan: stan.0,
                    rrn: rrn.map_or([b' '; 12], |rrn| rrn.0),
                    amount: amount.map_or(0, |amount| amount.minor.unsigned_abs()),
                    sent: None,
                    outcome: None,
                    answered: None,
                };
                self.payments.insert(*payment, received);
            }
            Record::Sent { payment, connection, original, .. } => {
                let transmission = original.transmission.0.iter().fold(0, |n, digit| n * 10 + u32::from(digit - b'0'));
                let sent = SentTo { bank: connection.bank.0, stan: original.stan.0, transmission };
                self.change(*payment, |payment| payment.sent = Some(sent));
            }
            Record::NotSent { payment, .. } => self.change(*payment, |payment| payment.sent = None),
            Record::Outcome { payment, outcome, .. } => {
                self.change(*payment, |payment| payment.outcome = Some(*outcome));
            }
            Record::Answered { payment, code, .. } => self.change(*payment, |payment| payment.answered = Some(*code)),
            _ => {}
        }
    }

    fn change(&mut self, payment: PaymentId, change: impl FnOnce(&mut SwitchPayment)) {
        if let Some(payment) = self.payments.get_mut(&payment) {
            change(payment);
        }
    }

    /// All payments, in the order of their arrival.
    pub fn payments(&self) -> impl Iterator<Item = &SwitchPayment> {
        self.payments.values()
    }
}
