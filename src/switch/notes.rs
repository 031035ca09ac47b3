//! Notes: what metrics and log lines are made from. Nothing here can hold more of a card than its first six and last four.

use super::{AcquirerId, BankId, ConnectionId, NotSent, SessionId};
use crate::record::{CardEnds, Park, PaymentId, Stored};
use banklink_protocol::{
    FieldSet, Mti,
    element::{Money, ProcessingCode, ResponseCode, Rrn, Stan},
    error::Reason,
    frame::RejectCode,
};
use std::time::Duration;

/// Something to count or to log.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Note {
    /// A request is done: one structured log line.
    Payment(PaymentNote),
    /// A request was refused at the door, before it was a payment.
    Refused {
        /// By whom.
        acquirer: AcquirerId,
        /// The request's type.
        mti: Mti,
        /// The DE39 it was answered with.
        code: ResponseCode,
        /// Why.
        why: Refusal,
        /// The data element at fault.
        field: Option<u8>,
    },
    /// Something an acquirer sent was dropped without an answer.
    Ignored {
        /// By whom.
        acquirer: AcquirerId,
        /// Why.
        why: Ignored,
    },
    /// An acquirer's own network request (sign-on, echo …) was answered.
    AcquirerNetwork {
        /// By whom.
        acquirer: AcquirerId,
        /// The DE39 it was answered with.
        code: ResponseCode,
    },
    /// A resend joined the request that is already on its way.
    Attached {
        /// By whom.
        acquirer: AcquirerId,
        /// The payment it joined.
        payment: PaymentId,
    },
    /// ALARM: a resend with another amount or card under the same key, answered 94.
    DuplicateDiffers {
        /// By whom.
        acquirer: AcquirerId,
        /// The payment whose key it has.
        payment: PaymentId,
        /// The acquirer's STAN.
        stan: Stan,
    },
    /// Optional fields that the bank's or acquirer's dialect cannot carry were dropped.
    FieldsDropped {
        /// Between which acquirer …
        acquirer: AcquirerId,
        /// … and which bank.
        bank: BankId,
        /// Toward the bank (true) or toward the acquirer.
        outbound: bool,
        /// Which.
        fields: FieldSet,
    },
    /// A send certainly did not leave.
    NotSent {
        /// On which connection.
        connection: ConnectionId,
        /// Our STAN.
        stan: Stan,
        /// Why.
        why: NotSent,
        /// Is it tried elsewhere?
        failover: bool,
    },
    /// An answer that came after its time-out.
    Late {
        /// On which connection.
        connection: ConnectionId,
        /// The payment it belonged to.
        payment: PaymentId,
        /// Our STAN.
        stan: Stan,
        /// Does it approve?
        approved: bool,
        /// How long after the request was sent.
        after: Duration,
    },
    /// A message was stored, to be delivered to a bank however long it takes.
    Stored {
        /// Its bank.
        bank: BankId,
        /// Its number.
        item: PaymentId,
        /// The payment it reverses or completes.
        of: Option<PaymentId>,
        /// What it is.
        kind: Stored,
    },
    /// A stored message is done.
    StoredDone {
        /// Its bank.
        bank: BankId,
        /// Its number.
        item: PaymentId,
        /// The bank's DE39.
        code: ResponseCode,
        /// How often it was sent.
        tries: u32,
        /// From the moment it was stored, by the wall clock.
        after: Duration,
    },
    /// A try of a stored message did not settle it.
    StoredFailed {
        /// Its bank.
        bank: BankId,
        /// Its number.
        item: PaymentId,
        /// The bank's DE39; `None`: no answer.
        code: Option<ResponseCode>,
        /// How often it was sent.
        tries: u32,
    },
    /// ALARM: a stored message goes no further by itself.
    Parked {
        /// Its bank.
        bank: BankId,
        /// Its number.
        item: PaymentId,
        /// Why.
        why: Park,
    },
    /// Somebody decided over a stored message (or asked to, of one that is not there).
    Decided {
        /// Its number.
        item: PaymentId,
        /// Was there such a one?
        found: bool,
    },
    /// An approval certainly did not reach its acquirer.
    Undelivered {
        /// Whose.
        acquirer: AcquirerId,
        /// The payment.
        payment: PaymentId,
    },
    /// A reversal of something we never saw.
    UnknownReversed {
        /// By whom.
        acquirer: AcquirerId,
        /// Its type.
        mti: Mti,
    },
    /// After a restart: what was under way when the switch ended.
    Recovered {
        /// Payments that were with a bank: their reversals are stored.
        in_flight: usize,
        /// Messages stored, those reversals among them.
        stored: usize,
        /// Approvals that did not reach their acquirer.
        undelivered: usize,
    },
    /// An answer that belongs to nothing.
    UnknownAnswer {
        /// On which connection.
        connection: ConnectionId,
        /// Its type.
        mti: Mti,
        /// Its STAN.
        stan: Option<Stan>,
        /// The STAN in flight that is nearest to it.
        nearest: Option<Stan>,
        /// The first echoed field that differs, where the STAN alone would have matched.
        field: Option<u8>,
    },
    /// ALARM: an answer that names a request in flight but does not fit it; the request goes on waiting.
    Unusable {
        /// On which connection.
        connection: ConnectionId,
        /// The payment it names.
        payment: PaymentId,
        /// Our STAN.
        stan: Stan,
        /// The data element that does not fit (0: the MTI).
        field: u8,
    },
    /// Bytes from a bank that do not decode.
    UnreadableFromBank {
        /// On which connection.
        connection: ConnectionId,
        /// The field at fault.
        field: Option<u8>,
        /// Offset in bytes from the MTI.
        offset: usize,
        /// What was wrong.
        reason: Reason,
    },
    /// The bank's own request was answered.
    BankRequest {
        /// On which connection.
        connection: ConnectionId,
        /// Its type.
        mti: Mti,
        /// The DE39 it was answered with.
        code: ResponseCode,
    },
    /// A connection changed its state.
    Link {
        /// Which.
        connection: ConnectionId,
        /// From.
        from: LinkState,
        /// To.
        to: LinkState,
        /// Why.
        why: LinkChange,
    },
    /// An echo was not answered in time.
    EchoMissed {
        /// On which connection.
        connection: ConnectionId,
        /// How many in a row.
        missed: u32,
    },
    /// A network message of ours could not be made or was not sent: the dialect does not carry the field.
    NetworkMessage {
        /// On which connection.
        connection: ConnectionId,
        /// The field that does not fit.
        field: u8,
    },
    /// New rules are in force.
    RulesApplied,
    /// New rules were refused; the old ones stay.
    RulesRefused {
        /// Why.
        why: &'static str,
    },
    /// A command was carried out, or why not.
    Operated {
        /// Of whoever asked.
        ticket: u64,
        /// Why nothing was done.
        refused: Option<&'static str>,
    },
    /// The bank's network sent a message of ours back, rejected: it was not processed.
    Rejected {
        /// On which connection.
        connection: ConnectionId,
        /// The payment, where it was one's.
        payment: Option<PaymentId>,
        /// Our STAN.
        stan: Stan,
        /// Why, in the network's words.
        code: RejectCode,
    },
    /// A connection was not made anew: it takes no payments anyhow, or no other of its bank would meanwhile.
    NotRenewed {
        /// Which.
        connection: ConnectionId,
    },
    /// A bank was told of the cutover.
    CutoverAnswered {
        /// On which connection.
        connection: ConnectionId,
        /// Its DE39; `None`: no answer, or it could not be sent.
        code: Option<ResponseCode>,
    },
    /// All in-flight requests are done after `Input::Drain`, and the banks are signed off.
    Drained,
}

/// All that may be said of one payment.
#[derive(Clone, Copy, Debug)]
pub struct PaymentNote {
    /// Its number; `None` where it was refused before any bank was to see it.
    pub payment: Option<PaymentId>,
    /// From whom.
    pub acquirer: AcquirerId,
    /// On which session.
    pub session: SessionId,
    /// Where it was sent last.
    pub connection: Option<ConnectionId>,
    /// The request's type.
    pub mti: Mti,
    /// DE3.
    pub processing: Option<ProcessingCode>,
    /// First six and last four of the card.
    pub card: Option<CardEnds>,
    /// The acquirer's STAN.
    pub stan_in: Stan,
    /// Ours.
    pub stan_out: Option<Stan>,
    /// The acquirer's RRN.
    pub rrn: Option<Rrn>,
    /// DE4 and DE49.
    pub amount: Option<Money>,
    /// DE39 as the acquirer got it.
    pub code: ResponseCode,
    /// How it ended.
    pub outcome: OutcomeKind,
    /// From the arrival of the request to the answer.
    pub total: Duration,
    /// The part of `total` spent waiting for the bank; zero where it was never sent.
    pub bank: Duration,
    /// Resends that got the same answer.
    pub attached: u16,
    /// False where the session had closed and nobody was left to answer.
    pub delivered: bool,
}

/// How a payment ended, for counting.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum OutcomeKind {
    /// Approved by the bank.
    Approved,
    /// Declined by the bank.
    Declined,
    /// No usable answer in time: its reversal is stored, where it moved anything.
    TimedOut,
    /// Answered, but not so that anybody may rely on it (an unknown code, a part that the acquirer does not take, reversed
    /// before the answer came): its reversal is stored.
    Doubtful,
    /// A reversal or an advice: stored, and acknowledged.
    Taken,
    /// A resend of what was answered before: the same answer.
    Replayed,
    /// Refused by us; no bank has it.
    Refused(Refusal),
}

impl OutcomeKind {
    /// A short constant word, for labels.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Approved => "approved",
            Self::Declined => "declined",
            Self::TimedOut => "timed_out",
            Self::Doubtful => "doubtful",
            Self::Taken => "taken",
            Self::Replayed => "replayed",
            Self::Refused(_) => "refused",
        }
    }
}

/// Why we refused a request ourselves.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[non_exhaustive]
pub enum Refusal {
    /// It does not decode, or a field the switch needs is absent or not in its form (30).
    Format,
    /// A message type or transaction type that is not taken (12).
    Unsupported,
    /// No amount where money moves (13).
    Amount,
    /// A card number of a wrong length or with a wrong check digit, or a track without one (14).
    Card,
    /// No card range covers it (15).
    NoIssuer,
    /// No rule takes it (92).
    NoRoute,
    /// No bank of its rule is up, or none has room (91).
    NoBank,
    /// An operator has turned its rule off (91).
    RouteOff,
    /// The acquirer has too many requests in flight.
    Full,
    /// The acquirer sends more a second than it may.
    TooMany,
    /// A payment under the same key is in flight with another amount or card, or was already sent to a bank (94).
    Duplicate,
    /// A payment under the same key was sent to a bank and not answered in time: unknown still (the acquirer's time-out
    /// code).
    Unanswered,
    /// A reversal whose original is not known (25).
    NoOriginal,
    /// It speaks of a payment whose reversal is under way or done (25).
    BeingReversed,
    /// Its reversal came before it (12).
    TakenBack,
    /// A reversal of a part of what is not answered yet, or what follows a pre-authorisation that is not (09): to be asked again.
    InProgress,
    /// A reversal of what cannot be taken back (40).
    Irreversible,
    /// A reversal of another amount than its original's (64).
    OriginalAmount,
    /// The hold it completes does not cover its amount, or is in another currency (13).
    NotCovered,
    /// The hold it names was completed or voided before, or has expired (25).
    HoldEnded,
    /// So much is stored for its bank that a reversal of it could not be (96).
    StoreFull,
    /// Nothing more can be made durable: the disk is full or slow, or the switch starts over after a failed commit (96).
    Recovering,
    /// The bank's dialect cannot carry a field it demands (30).
    Untranslatable,
    /// It could not be sent in time, and nothing left (the acquirer's time-out code).
    TooLate,
    /// It was not sent and could not be tried elsewhere (91).
    NotSent,
    /// The bank's network rejected it: nobody has processed it (96).
    Rejected,
    /// The switch is shutting down (91).
    Draining,
}

impl Refusal {
    /// A short constant word, for labels.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Format => "format",
            Self::Unsupported => "unsupported",
            Self::Amount => "amount",
            Self::Card => "card",
            Self::NoIssuer => "no_issuer",
            Self::NoRoute => "no_route",
            Self::NoBank => "no_bank",
            Self::RouteOff => "route_off",
            Self::Full => "full",
            Self::TooMany => "rate",
            Self::Duplicate => "duplicate",
            Self::Unanswered => "unanswered",
            Self::NoOriginal => "no_original",
            Self::BeingReversed => "being_reversed",
            Self::TakenBack => "taken_back",
            Self::InProgress => "in_progress",
            Self::Irreversible => "irreversible",
            Self::OriginalAmount => "original_amount",
            Self::NotCovered => "not_covered",
            Self::HoldEnded => "hold_ended",
            Self::StoreFull => "store_full",
            Self::Recovering => "recovering",
            Self::Untranslatable => "untranslatable",
            Self::TooLate => "too_late",
            Self::NotSent => "not_sent",
            Self::Rejected => "rejected",
            Self::Draining => "draining",
        }
    }
}

/// Why something from an acquirer was dropped without an answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Ignored {
    /// Not even an MTI could be read.
    NoMti,
    /// An answer, or a type that has none: only requests, advices and their repeats are answered.
    NotARequest,
    /// What it may repeat or follow could not be read back in time.
    Unread,
}

/// The state of a connection, as others see it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LinkState {
    /// Not connected.
    Down,
    /// Being opened.
    Connecting,
    /// Open; our sign-on waits for its answer.
    SigningOn,
    /// Signed on: takes payments.
    Up,
    /// Open, but out of routing until an echo succeeds: too many time-outs in a row.
    Tripped,
    /// Open, but the bank signed off.
    SignedOff,
    /// Open, but an operator wants no payments on it.
    Held,
    /// Our sign-off waits for its answer.
    Draining,
    /// Being closed.
    Closing,
}

impl LinkState {
    /// A short constant word, for labels.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Down => "down",
            Self::Connecting => "connecting",
            Self::SigningOn => "signing_on",
            Self::Up => "up",
            Self::Tripped => "tripped",
            Self::SignedOff => "signed_off",
            Self::Held => "held",
            Self::Draining => "draining",
            Self::Closing => "closing",
        }
    }
}

/// Why a connection changed its state.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum LinkChange {
    /// It is time to (re)connect.
    Reconnect,
    /// The connection was made.
    Opened,
    /// The connection was lost or could not be made.
    Lost,
    /// The sign-on was approved.
    SignedOn,
    /// The sign-on was declined with this code.
    SignOnDeclined(ResponseCode),
    /// The sign-on was not answered.
    SignOnUnanswered,
    /// Too many echoes in a row were not answered.
    EchoesMissed,
    /// Too many time-outs in a row.
    Breaker,
    /// An echo succeeded.
    Echoed,
    /// The bank signed off.
    BankSignedOff,
    /// The bank signed on.
    BankSignedOn,
    /// An operator commanded it.
    Commanded,
    /// It is made anew, under settings that have changed.
    Renewed,
    /// We are shutting down.
    Drain,
    /// A network message could not be made or sent.
    Unsendable,
}
