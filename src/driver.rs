//! The driver: owns the machine. A batch of inputs in, apply, gate, outputs; one timer; counters from Notes.

pub mod snapshot;

pub use snapshot::{AcquirerSnapshot, BankSnapshot, Latency, LinkState, Snapshot};

use crate::config::Config;
use std::{fmt, io, net::SocketAddr};

/// Why the switch did not start.
#[derive(Debug)]
pub struct StartError {
    /// What it was about to do.
    pub what: String,
    /// Why that failed.
    pub source: io::Error,
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.what, self.source)
    }
}
impl std::error::Error for StartError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.source)
    }
}

/// Starts the switch on a thread of its own. When this returns, every port is bound.
///
/// # Errors
/// A port that cannot be bound.
pub fn spawn(_config: Config) -> Result<Handle, StartError> {
    todo!()
}

/// A running switch. Dropping the handle stops it at once; [`Handle::drain`] first is the polite way.
pub struct Handle {}

impl Handle {
    /// Where this acquirer's listener is bound (a port 0 in the configuration has its real number here).
    #[must_use]
    pub fn acquirer(&self, _name: &str) -> Option<SocketAddr> {
        todo!()
    }
    /// Where a bank that dials us finds us.
    #[must_use]
    pub fn bank_listener(&self, _name: &str) -> Option<SocketAddr> {
        todo!()
    }
    /// The admin endpoint.
    #[must_use]
    pub fn admin(&self) -> Option<SocketAddr> {
        todo!()
    }
    /// Counters and states now. After the switch ended: the last ones.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        todo!()
    }
    /// Blocks until `reached` is true of the switch (asked after every batch), or the switch has ended; `None` then.
    pub fn wait_until(&self, _reached: impl FnMut(&Snapshot) -> bool + Send + 'static) -> Option<Snapshot> {
        todo!()
    }
    /// The same for asynchronous callers.
    pub async fn until(&self, _reached: impl FnMut(&Snapshot) -> bool + Send + 'static) -> Option<Snapshot> {
        todo!()
    }
    /// Refuses new requests (91), lets those in flight finish or time out, signs off, ends.
    pub fn drain(&self) {
        todo!()
    }
    /// Waits for the end.
    pub fn join(self) {
        todo!()
    }
}
