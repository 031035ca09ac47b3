//! Who is who: small numbers instead of names.

use crate::clock::Mono;
use banklink_protocol::frame::Header;

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

impl Origin {
    /// The acquirer whose profile applies.
    #[must_use]
    pub const fn acquirer(&self) -> AcquirerId {
        let Self::Session { acquirer, .. } = self;
        *acquirer
    }

    /// The session the answer goes to.
    #[must_use]
    pub const fn session(&self) -> SessionId {
        let Self::Session { session, .. } = self;
        *session
    }

    /// The header the request came with.
    #[must_use]
    pub const fn header(&self) -> &Header {
        let Self::Session { header, .. } = self;
        header
    }

    /// When the request arrived: its timer runs from here.
    #[must_use]
    pub const fn arrived(&self) -> Mono {
        let Self::Session { arrived, .. } = self;
        *arrived
    }
}
