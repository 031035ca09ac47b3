//! The switch: a pure machine. `Input` in, `Output` out; time is told, nothing is asked, nothing waits.

pub mod explain;
mod notes;
mod snapshot;

pub use notes::{Ignored, LinkChange, LinkState, Note, OutcomeKind, PaymentNote, Refusal};
pub use snapshot::{AcquirerSnapshot, BankCounters, BankSnapshot, ConnectionSnapshot, Snapshot};

use crate::{
    clock::{Mono, Now},
    record::Record,
    rules::Rules,
};
use banklink_protocol::{DecodeError, Message, frame::Header};
use std::sync::Arc;

/// An acquirer of the configuration (index into `Rules::acquirers`).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct AcquirerId(pub u16);
/// A bank of the configuration (index into `Rules::banks`).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct BankId(pub u16);
/// A connection slot of a bank.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ConnectionId {
    /// The bank.
    pub bank: BankId,
    /// 0..connections.
    pub slot: u16,
}
/// An acquirer session: one TCP connection, never reused in a process.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct SessionId(pub u64);
/// One send to a bank, for `NotSent`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct SendId(pub u64);

/// Where a request came from, and so where its answer goes.
#[derive(Clone, Debug)]
pub enum Origin {
    /// An acquirer's TCP session.
    Session {
        /// The acquirer.
        acquirer: AcquirerId,
        /// Its session.
        session: SessionId,
        /// The request's header, turned round in the answer.
        header: Header,
        /// When the read that completed the request returned.
        arrived: Mono,
    },
}

/// All that can happen to the switch.
pub enum Input {
    /// A message from an acquirer.
    Request { origin: Origin, message: Message },
    /// Bytes from an acquirer that do not decode; `error.partial` is enough for a 30 where an MTI was read.
    Unreadable { origin: Origin, error: DecodeError },
    /// A message from a bank: an answer, or a request of its own.
    FromBank { connection: ConnectionId, header: Header, message: Message },
    /// Bytes from a bank that do not decode.
    UnreadableFromBank { connection: ConnectionId, error: DecodeError },
    /// A send of which certainly no byte left. The message is given back (decoded again, where it was laid out already):
    /// without it there is nothing to try elsewhere and the request is answered 91.
    NotSent { connection: ConnectionId, send: SendId, why: NotSent, message: Option<Message> },
    /// A connection is open (TCP, TLS and certificate checks done).
    ConnectionUp { connection: ConnectionId },
    /// A connection attempt failed, or a connection ended; told exactly once for each `Connect` and each `ConnectionUp`,
    /// also after a `Close`.
    ConnectionDown { connection: ConnectionId },
    /// An acquirer session ended: nobody waits for its answers any more.
    SessionClosed { acquirer: AcquirerId, session: SessionId },
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

/// All that the switch wants done.
pub enum Output {
    /// Make this durable before any later output leaves.
    Record(Record),
    /// Send to a bank, with this header as it stands; drop as `NotSent::Expired` if not begun by `expires`.
    ToBank { connection: ConnectionId, send: SendId, header: Header, message: Message, expires: Mono },
    /// Answer a bank's own request; the header is the request's, to be turned round. Lost with its connection.
    AnswerBank { connection: ConnectionId, header: Header, message: Message },
    /// Answer a request; `to.header` is the request's, to be turned round.
    Answer { to: Origin, message: Message },
    /// Open this connection now.
    Connect { connection: ConnectionId },
    /// Close this connection (after what was handed over is written).
    Close { connection: ConnectionId },
    /// Something to count or to log.
    Note(Note),
}

/// The machine.
pub struct Switch {
    _rules: Arc<Rules>,
}

impl Switch {
    /// A fresh machine; `seed` feeds jitter and key hashing and nothing else.
    #[must_use]
    pub fn new(rules: Arc<Rules>, now: Now, seed: u64) -> Self {
        let _ = (now, seed);
        Self { _rules: rules }
    }
    /// Decides.
    pub fn handle(&mut self, _now: Now, _input: Input) {
        todo!()
    }
    /// The only place lasting state changes; recovery is apply alone.
    pub fn apply(&mut self, _record: &Record) {
        todo!()
    }
    /// The next thing to be done, in order.
    pub fn poll_output(&mut self) -> Option<Output> {
        todo!()
    }
    /// When to call with `Input::Tick`.
    #[must_use]
    pub fn deadline(&self) -> Option<Mono> {
        todo!()
    }
    /// Every bank's and acquirer's state and totals; allocates, so for people and not for every payment.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        todo!()
    }
    /// Can at least one bank take payments (and is the switch not draining)?
    #[must_use]
    pub fn ready(&self) -> bool {
        todo!()
    }
    /// Asserts the invariants.
    pub fn check(&self) {
        todo!()
    }
}
