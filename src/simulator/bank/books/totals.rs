//! The sums of a simulated bank.

use serde::{Deserialize, Serialize};

/// Sums over all requests, listed or not.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Totals {
    /// Payment requests, advices and reversals; of what came again only what was decided afresh.
    pub requests: u64,
    /// Decided with an approving code.
    pub approved: u64,
    /// Decided with any other.
    pub declined: u64,
    /// Those that were not answered on purpose (silence, close).
    pub unanswered: u64,
    /// Payments whose amount is booked.
    pub booked: u64,
    /// Their sum in minor units, over all currencies.
    pub booked_minor: u128,
    /// Reversals that took their original back, wholly or in part.
    pub reversed: u64,
    /// Reversals of what was reversed already.
    pub reversed_again: u64,
    /// Reversals that found no original.
    pub reversals_unmatched: u64,
    /// Payments that were declined because their reversal was there first.
    pub overtaken: u64,
    /// Repeats, advices and reversals that came again, and were answered as before.
    pub repeated: u64,
    /// Payment requests that came again and did not say that they are repeats. A switch never sends one.
    pub doubled: u64,
    /// Sign-on, echo and sign-off requests.
    pub network: u64,
    /// Answers to our own echoes.
    pub echoes_answered: u64,
    /// Frames that did not decode.
    pub unreadable: u64,
    /// Connections over the whole time.
    pub connections: u64,
    /// Connections that were refused (TLS) or broke the framing.
    pub connection_errors: u64,
    /// Answers that could not be laid out in the dialect or the framing.
    pub unwritable: u64,
    /// Requests that found the list full.
    pub not_listed: u64,
}
