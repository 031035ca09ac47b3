//! All that can happen to the switch.

use super::{AcquirerId, ConnectionId, Origin, SendId, SessionId};
use crate::{
    record::{Decision, Operation, PaymentId, Record},
    rules::Rules,
};
use banklink_protocol::{
    DecodeError, Message,
    frame::{Header, RejectCode},
};
use std::sync::Arc;

/// All that can happen to the switch.
pub enum Input {
    /// A message from an acquirer.
    Request {
        /// Where it came from.
        origin: Origin,
        /// The message, in the acquirer's dialect.
        message: Box<Message>,
    },
    /// Bytes from an acquirer that do not decode; `error.partial` is enough for a 30 where an MTI was read.
    Unreadable {
        /// Where they came from.
        origin: Origin,
        /// What was wrong.
        error: DecodeError,
    },
    /// A message from a bank: an answer, or a request of its own.
    FromBank {
        /// The connection it came on.
        connection: ConnectionId,
        /// Its header.
        header: Header,
        /// The message, in the bank's dialect.
        message: Box<Message>,
    },
    /// A message of ours that the bank's network sends back, rejected.
    Rejected {
        /// The connection it came on.
        connection: ConnectionId,
        /// The header that says so.
        header: Header,
        /// Our message.
        message: Box<Message>,
        /// Why, in the network's words.
        code: RejectCode,
    },
    /// Bytes from a bank that do not decode.
    UnreadableFromBank {
        /// The connection they came on.
        connection: ConnectionId,
        /// What was wrong.
        error: DecodeError,
    },
    /// A send of which certainly no byte left. The message is given back (decoded again, where it was laid out already):
    /// without it there is nothing to try elsewhere and the request is answered 91.
    NotSent {
        /// The connection it was meant for.
        connection: ConnectionId,
        /// Which send.
        send: SendId,
        /// Why.
        why: NotSent,
        /// What was to be sent.
        message: Option<Box<Message>>,
    },
    /// An answer certainly did not reach its acquirer: its session had ended, or did not take it.
    NotDelivered {
        /// The payment it was of.
        payment: PaymentId,
    },
    /// The answer to an [`Output::Recall`](super::Output::Recall). Answers come in the order they were asked for.
    Recalled {
        /// Which.
        ticket: u64,
        /// All Records, in their order, of the payments that go by one of the names: those about them and those of what is
        /// stored for them. `None` where they cannot be read now.
        records: Option<Vec<Record>>,
    },
    /// Somebody decided over a stored message.
    Decide {
        /// Its number.
        item: PaymentId,
        /// To try again, or to leave it at that.
        decision: Decision,
        /// Who, and why.
        by: Box<str>,
    },
    /// Somebody commands something; told by a `Note::Operated` with this ticket.
    Operate {
        /// Of the caller's choosing.
        ticket: u64,
        /// What.
        operation: Operation,
        /// Who, and why.
        by: Box<str>,
    },
    /// The settings of a connection have changed: it is to be closed and made anew, once nothing is on its way on it. Told by
    /// its coming up, or by a `Note::NotRenewed`.
    Renew {
        /// Which.
        connection: ConnectionId,
    },
    /// A connection is open (TCP, TLS and certificate checks done).
    ConnectionUp {
        /// Which.
        connection: ConnectionId,
    },
    /// A connection attempt failed, or a connection ended; told exactly once for each `Connect` and each `ConnectionUp`,
    /// also after a `Close`. (A `Connect` that led to a `ConnectionUp` ends with it: once for both.)
    ConnectionDown {
        /// Which.
        connection: ConnectionId,
    },
    /// An acquirer session ended: nobody waits for its answers any more.
    SessionClosed {
        /// Whose.
        acquirer: AcquirerId,
        /// Which.
        session: SessionId,
    },
    /// New rules.
    Rules(Arc<Rules>),
    /// Refuse new requests, let those in flight finish, sign off, then say `Note::Drained`.
    Drain,
    /// The deadline the machine asked for has come.
    Tick,
}

/// Why a send did not leave.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum NotSent {
    /// The connection ended before its first byte.
    ConnectionDown,
    /// Its deadline passed while it waited to be written.
    Expired,
    /// It could not be laid out as bytes.
    Encode,
    /// The connection's buffer is full.
    Full,
}
