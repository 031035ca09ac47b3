//! Records: durable facts, in the order they happened. What a Record cannot hold (track, PIN block, CVV) cannot be stored;
//! a card number has its place in a [`Body`] alone, which a journal seals.

mod body;
mod hold;
mod operation;

pub use body::Body;
pub use hold::{Follows, Hold, Part};
pub use operation::Operation;

use crate::{
    clock::Wall,
    switch::{AcquirerId, BankId, ConnectionId},
};
use banklink_protocol::{
    Mti,
    element::{Money, OriginalData, Pan, ProcessingCode, ResponseCode, Rrn, Stan, Transmission},
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

/// A fact, to be durable before anyone outside is told.
///
/// Sends to a bank come in two kinds: online ones (`Received` → `Sent` → `NotSent` or `Outcome` → `Answered`), for which
/// somebody waits, and stored ones (`Queued` → `Tried` … → `Done` or `Parked`), which are delivered however long it takes.
#[derive(Clone, Debug)]
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
        /// DE4 and DE49; currency 000 where DE49 did not come.
        amount: Option<Money>,
        /// The acquirer's STAN (DE11).
        stan: Stan,
        /// The acquirer's RRN (DE37).
        rrn: Option<Rrn>,
        /// First six and last four of the card.
        card: Option<CardEnds>,
        /// What a resend or a later message of this payment names it by.
        references: References,
    },
    /// It is about to be sent: from here on it may have reached the bank.
    Sent {
        /// Its number.
        payment: PaymentId,
        /// When.
        at: Wall,
        /// From whom it came.
        acquirer: AcquirerId,
        /// On which connection of which bank.
        connection: ConnectionId,
        /// What a reversal's DE90 must repeat: MTI, our STAN, our DE7, DE32, DE33 exactly as sent.
        original: OriginalData,
        /// DE37 as sent.
        rrn: Option<Rrn>,
        /// What is to be done where no answer comes.
        unanswered: Unanswered,
        /// What a reversal repeats of it, as sent to that bank.
        body: Body,
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
        /// DE39 as the acquirer is told.
        told: ResponseCode,
        /// What else its answer says, for a resend: in the acquirer's dialect, without what the request said itself.
        answer: Body,
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
    /// Its approval certainly did not reach the acquirer: after a grace it is reversed, unless the acquirer comes back.
    Undelivered {
        /// Its number.
        payment: PaymentId,
        /// When.
        at: Wall,
        /// From whom it came.
        acquirer: AcquirerId,
        /// Where it was sent.
        connection: ConnectionId,
        /// As in its `Sent`.
        original: OriginalData,
        /// As in its `Sent`.
        body: Body,
    },
    /// The acquirer came back for it: it is not undelivered any more.
    Delivered {
        /// Its number.
        payment: PaymentId,
        /// When.
        at: Wall,
    },
    /// The bank approved it (or said what means nothing) after it had ended: should its reversal be refused, it is reversed
    /// anew.
    ApprovedLate {
        /// Its number.
        payment: PaymentId,
        /// When.
        at: Wall,
        /// The bank.
        bank: BankId,
        /// Our STAN.
        stan: Stan,
    },
    /// A message to a bank is stored, to be delivered however long it takes. The acquirer is answered after this.
    Queued {
        /// The number of the stored message.
        item: PaymentId,
        /// When.
        at: Wall,
        /// The payment it reverses or completes, where that is known.
        of: Option<PaymentId>,
        /// The bank, and the connection of its original.
        connection: ConnectionId,
        /// What it is.
        kind: Stored,
        /// Its type at the first try.
        mti: Mti,
        /// What the bank knows its original by; its STAN stays taken until this is done.
        original: Option<OriginalData>,
        /// The message in the bank's dialect, without its trace numbers (DE7, DE11).
        body: Body,
    },
    /// A stored message is about to be sent: the first time under new trace numbers, then always under the same.
    Tried {
        /// Its number.
        item: PaymentId,
        /// When.
        at: Wall,
        /// On which connection.
        connection: ConnectionId,
        /// DE11.
        stan: Stan,
        /// DE7.
        transmission: Transmission,
        /// How many times with this one.
        tries: u32,
    },
    /// A try that did not settle it.
    Failed {
        /// Its number.
        item: PaymentId,
        /// When.
        at: Wall,
        /// The bank's DE39; `None`: no answer.
        code: Option<ResponseCode>,
        /// Tries so far that speak against it: refused, or passed over while the bank answered others.
        strikes: u32,
    },
    /// The bank took it, or has nothing to do for it.
    Done {
        /// Its number.
        item: PaymentId,
        /// When.
        at: Wall,
        /// The bank's DE39.
        code: ResponseCode,
    },
    /// It goes no further by itself: for people.
    Parked {
        /// Its number.
        item: PaymentId,
        /// When.
        at: Wall,
        /// Why.
        why: Park,
    },
    /// Somebody decided over a stored message.
    Decided {
        /// Its number.
        item: PaymentId,
        /// When.
        at: Wall,
        /// To try again, or to leave it at that.
        decision: Decision,
        /// Who, and why.
        by: Box<str>,
    },
    /// What a pre-authorisation holds has changed: it began, or something that follows it takes, adds, gives back or ends.
    Hold {
        /// The pre-authorisation.
        payment: PaymentId,
        /// When.
        at: Wall,
        /// What changed it: itself, or what follows it.
        by: PaymentId,
        /// What that has of it from now on, where it follows it and has anything.
        part: Option<Part>,
        /// Where it stands from now on.
        hold: Hold,
    },
    /// Somebody commanded something of a connection or a route.
    Commanded {
        /// When.
        at: Wall,
        /// What.
        operation: Operation,
        /// Who, and why.
        by: Box<str>,
    },
    /// A reversal of something we never saw: should it come yet, it is declined and not sent.
    Tombstone {
        /// When.
        at: Wall,
        /// From whom.
        acquirer: AcquirerId,
        /// What the original would be found by.
        references: References,
    },
}

impl Record {
    /// The number of the payment or the stored message that it is about.
    #[must_use]
    pub const fn payment(&self) -> Option<PaymentId> {
        match self {
            Self::Received { payment, .. }
            | Self::Sent { payment, .. }
            | Self::NotSent { payment, .. }
            | Self::Outcome { payment, .. }
            | Self::Answered { payment, .. }
            | Self::Undelivered { payment, .. }
            | Self::Delivered { payment, .. }
            | Self::ApprovedLate { payment, .. }
            | Self::Hold { payment, .. } => Some(*payment),
            Self::Queued { item, .. }
            | Self::Tried { item, .. }
            | Self::Failed { item, .. }
            | Self::Done { item, .. }
            | Self::Parked { item, .. }
            | Self::Decided { item, .. } => Some(*item),
            Self::Commanded { .. } | Self::Tombstone { .. } => None,
        }
    }

    /// Does a payment begin with it that goes by this name?
    #[must_use]
    pub fn goes_by(&self, name: Name) -> bool {
        let Self::Received { payment, references, .. } = self else { return false };
        match name {
            Name::Duplicate(digest) => references.duplicate == digest,
            Name::Trace(digest) => references.trace == digest,
            Name::Rrn(digest) => references.rrn == digest,
            Name::Card(digest) => references.card == digest,
            Name::Payment(number) => *payment == number,
        }
    }

    /// When it happened.
    #[must_use]
    pub const fn at(&self) -> Wall {
        match self {
            Self::Received { at, .. }
            | Self::Sent { at, .. }
            | Self::NotSent { at, .. }
            | Self::Outcome { at, .. }
            | Self::Answered { at, .. }
            | Self::Undelivered { at, .. }
            | Self::Delivered { at, .. }
            | Self::ApprovedLate { at, .. }
            | Self::Hold { at, .. }
            | Self::Queued { at, .. }
            | Self::Tried { at, .. }
            | Self::Failed { at, .. }
            | Self::Done { at, .. }
            | Self::Parked { at, .. }
            | Self::Decided { at, .. }
            | Self::Commanded { at, .. }
            | Self::Tombstone { at, .. } => *at,
        }
    }

    /// Is it about this payment, about what is stored for it, or about what it has of another's hold?
    #[must_use]
    pub fn speaks_of(&self, payment: PaymentId) -> bool {
        let other = match self {
            Self::Queued { of, .. } => *of,
            Self::Hold { by, .. } => Some(*by),
            _ => None,
        };
        self.payment() == Some(payment) || other == Some(payment)
    }

    /// Puts other numbers in the place of those of acquirers and banks: a journal keeps its own, whatever the order of the
    /// configuration.
    pub fn renumber(
        &mut self,
        acquirers: impl Fn(AcquirerId) -> AcquirerId,
        connections: impl Fn(ConnectionId) -> ConnectionId,
    ) {
        let bank = |id: &mut BankId| *id = connections(ConnectionId { bank: *id, slot: 0 }).bank;
        match self {
            Self::Received { acquirer, .. } | Self::Tombstone { acquirer, .. } => *acquirer = acquirers(*acquirer),
            Self::Sent { acquirer, connection, .. } | Self::Undelivered { acquirer, connection, .. } => {
                *acquirer = acquirers(*acquirer);
                *connection = connections(*connection);
            }
            Self::Queued { connection, .. } | Self::Tried { connection, .. } => *connection = connections(*connection),
            Self::NotSent { bank: id, .. } | Self::ApprovedLate { bank: id, .. } => bank(id),
            Self::Outcome { sent: Some((id, _)), .. } => bank(id),
            Self::Commanded { operation, .. } => {
                if let Some(connection) = operation.connection_mut() {
                    *connection = connections(*connection);
                }
            }
            Self::Outcome { sent: None, .. }
            | Self::Answered { .. }
            | Self::Delivered { .. }
            | Self::Hold { .. }
            | Self::Failed { .. }
            | Self::Done { .. }
            | Self::Parked { .. }
            | Self::Decided { .. } => {}
        }
    }
}

/// Keyed digests of the names a payment goes by; 0 where it has no such name.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct References {
    /// The duplicate key.
    pub duplicate: u64,
    /// Acquirer, terminal, STAN and DE7 (1993: DE12): what the original data of a reversal (DE90, DE56) repeat.
    pub trace: u64,
    /// Acquirer, RRN and terminal: what stays the same over the life of a transaction.
    pub rrn: u64,
    /// The card number.
    pub card: u64,
    /// Which terminal's clock the moment in the duplicate key is of: one of 65,536.
    pub terminal: u16,
    /// That moment, by the terminal's own clock and zone, as if it were GMT: seconds since 1970; 0 where the key has none.
    pub clock: u32,
}

/// A name that payments are looked up by in what was recorded.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Name {
    /// The duplicate key ([`References::duplicate`]).
    Duplicate(u64),
    /// [`References::trace`].
    Trace(u64),
    /// [`References::rrn`].
    Rrn(u64),
    /// [`References::card`].
    Card(u64),
    /// Its number.
    Payment(PaymentId),
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
    /// No usable answer in time, or an answer we could not pass on as it is: not to be relied on.
    Unknown {
        /// Why.
        why: Doubt,
    },
    /// We refused it: no bank has it.
    Refused {
        /// Our DE39.
        code: ResponseCode,
    },
    /// A reversal or an advice: stored, and acknowledged by us.
    Taken {
        /// Our DE39.
        code: ResponseCode,
    },
}

/// Why nobody may rely on the outcome of a payment: what its reversal gives as its reason.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Doubt {
    /// No answer in time.
    TimedOut,
    /// The switch restarted while it was at the bank.
    Restarted,
    /// The acquirer reversed it before its answer came.
    Reversed,
    /// The answer had a code that says nothing to us.
    UnknownCode,
    /// A part was approved, and the acquirer takes no parts.
    Part,
}

/// What is to be done about a payment that is not answered.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Unanswered {
    /// It is reversed.
    Reverse,
    /// It moved nothing.
    Leave,
    /// It cannot be taken back: people have to ask.
    Ask,
}

/// What a stored message is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Stored {
    /// A reversal that we owe the bank.
    Reversal(Cause),
    /// An acquirer's reversal, of all or of a part (then what is left, in minor units).
    Acquirers {
        /// What stays of the amount; `None`: nothing, all is reversed.
        left: Option<u64>,
    },
    /// An acquirer's advice.
    Advice,
    /// An acquirer's completion, by an advice, that its hold does not cover: for people to decide whether it goes.
    Uncovered,
    /// No message: a payment that cannot be taken back, for people to clear up.
    Question,
}

impl Stored {
    /// Is it an acquirer's advice?
    #[must_use]
    pub const fn is_advice(self) -> bool {
        matches!(self, Self::Advice | Self::Uncovered)
    }

    /// What a reversal leaves of its original, in minor units; `None` where it is none.
    #[must_use]
    pub const fn leaves(self) -> Option<u64> {
        match self {
            Self::Reversal(_) | Self::Acquirers { left: None } => Some(0),
            Self::Acquirers { left } => left,
            Self::Advice | Self::Uncovered | Self::Question => None,
        }
    }
}

/// Why we reverse a payment ourselves.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Cause {
    /// Its outcome is in doubt.
    Doubt(Doubt),
    /// It was approved after its first reversal was closed without success.
    LateApproval,
    /// Its approval could not be delivered.
    Undelivered,
}

/// Why a stored message was parked.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Park {
    /// The bank refused it too often, or passed it over while it answered others.
    Strikes,
    /// It cannot be laid out in the bank's dialect.
    Unsendable,
    /// It is a question, not a message.
    Question,
    /// The hold it completes does not cover it.
    Uncovered,
}

/// What somebody decided over a stored message.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Decision {
    /// Send it again.
    Retry,
    /// It is settled otherwise.
    Resolve,
}
