//! The simulated acquirer: a load generator that checks every answer against its request.
//!
//! A run is one [`Run`] shared by all its sessions: it prepares the messages ([`template`]), numbers them, remembers what
//! is on its way ([`ledger`]), checks what comes back and adds it up ([`results`]). A session owns one connection
//! ([`session`]): closed loop (so many outstanding, a new request for each answer) or open loop (a fixed rate, latency
//! counted from the moment the request was meant to leave, so that a stalled switch cannot hide behind it).
//!
//! With a [`store`] it behaves as a real front end: it reconnects, and what was not answered it repeats or reverses until
//! it is. What it believes of each payment in the end is its report ([`belief`]).

pub mod belief;
pub mod ledger;
mod pace;
pub mod prepared;
pub mod results;
pub mod run;
pub mod session;
pub mod store;
pub mod template;

pub use results::Results;
pub use run::{Plan, Run};
pub use session::drive;
pub use template::Template;
