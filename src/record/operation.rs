//! What somebody commands of a running switch.

use crate::switch::ConnectionId;
use std::fmt;

/// A command over a connection or a route. What it changes lasts until the opposite is commanded, across restarts.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Operation {
    /// The connection takes payments: we sign on.
    SignOn(ConnectionId),
    /// It takes none: we sign off at once, and leave it open. Payments on their way on it go on waiting for their answers.
    SignOff(ConnectionId),
    /// It takes none; we sign off once all that is on its way on it has ended.
    Drain(ConnectionId),
    /// An echo now. Nothing lasting.
    Echo(ConnectionId),
    /// It is closed, and made again as if it had been lost. Nothing lasting.
    Close(ConnectionId),
    /// The bank is told of the cutover (DE70 201, DE24 821) on it. Nothing lasting.
    Cutover(ConnectionId),
    /// The route of this name takes payments.
    RouteOn(Box<str>),
    /// It takes none: what would go by it is refused (91).
    RouteOff(Box<str>),
}

impl Operation {
    /// The connection it is about.
    #[must_use]
    pub const fn connection(&self) -> Option<ConnectionId> {
        match self {
            Self::SignOn(connection)
            | Self::SignOff(connection)
            | Self::Drain(connection)
            | Self::Echo(connection)
            | Self::Close(connection)
            | Self::Cutover(connection) => Some(*connection),
            Self::RouteOn(_) | Self::RouteOff(_) => None,
        }
    }

    /// The route it is about.
    #[must_use]
    pub fn route(&self) -> Option<&str> {
        match self {
            Self::RouteOn(name) | Self::RouteOff(name) => Some(name),
            _ => None,
        }
    }

    pub(super) const fn connection_mut(&mut self) -> Option<&mut ConnectionId> {
        match self {
            Self::SignOn(connection)
            | Self::SignOff(connection)
            | Self::Drain(connection)
            | Self::Echo(connection)
            | Self::Close(connection)
            | Self::Cutover(connection) => Some(connection),
            Self::RouteOn(_) | Self::RouteOff(_) => None,
        }
    }
}

impl fmt::Display for Operation {
    /// What is done, without what it is done to.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::SignOn(_) => "sign on",
            Self::SignOff(_) => "sign off",
            Self::Drain(_) => "drain",
            Self::Echo(_) => "echo",
            Self::Close(_) => "close",
            Self::Cutover(_) => "cutover",
            Self::RouteOn(_) => "route on",
            Self::RouteOff(_) => "route off",
        })
    }
}
