//! Records: durable facts, in the order they happened. What a Record cannot hold (track, PIN block, CVV) cannot be stored.

use crate::switch::{AcquirerId, BankId};

/// A fact about a payment or a link, to be durable before anyone outside is told.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Record {
    /// A request came in (the owner of `switch` gives these their fields).
    Received {
        /// From whom.
        acquirer: AcquirerId,
    },
    /// It is about to be sent.
    Sent {
        /// To whom.
        bank: BankId,
    },
}
