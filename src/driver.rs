//! The driver: owns the machine. A batch of inputs in, apply, gate, outputs; one timer; counters from Notes.
//!
//! Everything of the data path lives on one thread with one current-thread runtime: sockets, codec, machine and gate
//! (figures: one read and one write are dearer than all the rest of a payment). A connection's task handles all frames of
//! a read and marks the driver once; the driver runs behind every task that is ready, takes the whole batch, and wakes
//! each connection that got something to write once.

mod counters;
mod engine;
mod gate;
mod handle;
mod journal;
mod latency;
mod numbering;
mod operate;
mod recovery;
mod reload;
mod revival;
mod snapshot;
mod start;
mod timer;
mod trace;

pub use handle::{Control, Handle};
pub use journal::{Answered, Asked, Journal, NoJournal, Position};
pub use latency::Latency;
pub use operate::{Action, Order};
pub use reload::ReloadError;
pub use snapshot::{AcquirerSnapshot, BankSnapshot, Snapshot, Stored};
pub use start::{StartError, spawn, spawn_with};
pub use trace::{TraceFilter, Traced, Way};
