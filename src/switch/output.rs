//! All that the switch wants done.

use super::{ConnectionId, Note, Origin, SendId};
use crate::{
    clock::{Mono, Wall},
    record::{Name, PaymentId, Record},
};
use banklink_protocol::{Message, frame::Header};
use smallvec::SmallVec;

/// All that the switch wants done, in order.
pub enum Output {
    /// Make this durable before any later output leaves.
    Record(Record),
    /// Send to a bank, with this header as it stands; drop as `NotSent::Expired` if not begun by `expires`.
    ToBank {
        /// On this connection.
        connection: ConnectionId,
        /// What `Input::NotSent` calls it.
        send: SendId,
        /// The header, as it is to be written.
        header: Header,
        /// The message, in the bank's dialect.
        message: Box<Message>,
        /// After this moment its answer would come too late.
        expires: Mono,
    },
    /// Answer a bank's own request. Lost with its connection.
    AnswerBank {
        /// On this connection.
        connection: ConnectionId,
        /// The request's header, to be turned round.
        header: Header,
        /// The answer, in the bank's dialect.
        message: Box<Message>,
    },
    /// Answer a request.
    Answer {
        /// Where it goes; its header is the request's, to be turned round.
        to: Origin,
        /// The approval it tells of: where the answer certainly does not arrive, the switch wants to know
        /// ([`Input::NotDelivered`](super::Input::NotDelivered)).
        approves: Option<PaymentId>,
        /// The answer, in the acquirer's dialect.
        message: Box<Message>,
    },
    /// Read back what was recorded of the payments that go by one of these names ([`Input::Recalled`](super::Input::Recalled)).
    Recall {
        /// What its answer is called.
        ticket: u64,
        /// The names.
        names: SmallVec<[Name; 3]>,
        /// The payment was received within a day and two hours of this moment (which is of a terminal's clock and zone), or of
        /// the newest; `None`: at any time.
        around: Option<Wall>,
    },
    /// Open this connection now.
    Connect {
        /// Which.
        connection: ConnectionId,
    },
    /// Close this connection (after what was handed over is written).
    Close {
        /// Which.
        connection: ConnectionId,
    },
    /// Something to count or to log.
    Note(Note),
}
