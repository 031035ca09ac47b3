//! Records: durable facts, in the order they happened. What a Record cannot hold (track, PIN block, CVV, a whole card
//! number) cannot be stored.

use crate::{
    clock::Wall,
    switch::{AcquirerId, BankId, ConnectionId},
};
use banklink_protocol::{
    Mti,
    element::{Money, OriginalData, Pan, ProcessingCode, ResponseCode, Rrn, Stan},
};
use std::fmt;

/// One payment of this switch, numbered in the order of arrival; never used twice.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct PaymentId(pub u64);

/// What may be kept of a card number: the first six and the last four digits.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CardEnds {
    /// First six digits.
    pub bin: [u8; 6],
    /// Last four digits.
    pub last4: [u8; 4],
}

impl CardEnds {
    /// Of a card number; `None` where it is so short (under 13 digits) that the ends would show most of it.
    #[must_use]
    pub fn of(pan: &Pan) -> Option<Self> {
        #[expect(clippy::disallowed_methods, reason = "cuts the number down to what PCI DSS 3.4.1 lets anyone see")]
        let digits = pan.expose();
        if digits.len() < 13 {
            return None;
        }
        Some(Self { bin: *digits.first_chunk()?, last4: *digits.last_chunk()? })
    }
}

impl fmt::Display for CardEnds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for digit in self.bin {
            write!(f, "{}", char::from(digit))?;
        }
        f.write_str("******")?;
        for digit in self.last4 {
            write!(f, "{}", char::from(digit))?;
        }
        Ok(())
    }
}

/// A fact about a payment, to be durable before anyone outside is told.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Record {
    /// A request passed the door.
    Received {
        /// Its number.
        payment: PaymentId,
        /// When.
        at: Wall,
        /// From whom.
        acquirer: AcquirerId,
        /// The request's type.
        mti: Mti,
        /// DE3.
        processing: Option<ProcessingCode>,
        /// DE4 and DE49, where both came.
        amount: Option<Money>,
        /// The acquirer's STAN (DE11).
        stan: Stan,
        /// The acquirer's RRN (DE37).
        rrn: Option<Rrn>,
        /// First six and last four of the card.
        card: Option<CardEnds>,
        /// Keyed digest of the duplicate key (meaningful under this machine's seed alone).
        key: u64,
    },
    /// It is about to be sent: from here on it may have reached the bank.
    Sent {
        /// Its number.
        payment: PaymentId,
        /// When.
        at: Wall,
        /// On which connection of which bank.
        connection: ConnectionId,
        /// What a reversal's DE90 must repeat: MTI, our STAN, our DE7, DE32, DE33 exactly as sent.
        original: OriginalData,
        /// DE37 as sent.
        rrn: Option<Rrn>,
        /// DE4 and DE49 as sent.
        amount: Option<Money>,
        /// First six and last four of the card.
        card: Option<CardEnds>,
        /// Keyed digests of what a resend or a later message of this payment names it by.
        references: References,
    },
    /// The last `Sent` of this payment certainly did not leave.
    NotSent {
        /// Its number.
        payment: PaymentId,
        /// When.
        at: Wall,
        /// The bank it was meant for.
        bank: BankId,
        /// Our STAN, free again.
        stan: Stan,
    },
    /// How it ended.
    Outcome {
        /// Its number.
        payment: PaymentId,
        /// When.
        at: Wall,
        /// Where it was sent last and under which STAN; `None` where it never was.
        sent: Option<(BankId, Stan)>,
        /// How.
        outcome: Outcome,
    },
    /// Its answer was handed over; nothing waits for this.
    Answered {
        /// Its number.
        payment: PaymentId,
        /// When.
        at: Wall,
        /// DE39 as the acquirer got it.
        code: ResponseCode,
    },
}

/// Keyed digests (meaningful under one machine's seed alone) of the names a payment goes by; 0 where it has no such name.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct References {
    /// The duplicate key.
    pub duplicate: u64,
    /// Acquirer, STAN and DE7 (1993: DE12): what the original data of a reversal (DE90, DE56) repeats.
    pub trace: u64,
    /// Acquirer, RRN and terminal: what stays the same over the life of a transaction.
    pub rrn: u64,
}

/// How a payment ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Outcome {
    /// The bank approved.
    Approved {
        /// The bank's DE39.
        code: ResponseCode,
        /// The bank's DE38.
        authorization: Option<[u8; 6]>,
        /// The bank's DE15 (MMDD in 1987).
        settlement: Option<[u8; 4]>,
        /// DE4 of the answer in minor units, where the bank approved less than was asked (partial approval).
        partial: Option<u64>,
    },
    /// The bank declined.
    Declined {
        /// The bank's DE39.
        code: ResponseCode,
    },
    /// No usable answer in time: unknown, reversal due.
    Unknown,
    /// We refused it: no bank has it.
    Refused {
        /// Our DE39.
        code: ResponseCode,
    },
}
