//! What the conversations are played with: a switch on its own thread, and a scripted acquirer and scripted banks on real
//! sockets. Everything waits for a message or a state, never for a while; [`PATIENCE`] only ends a test that hangs.

pub(crate) mod line;
pub(crate) mod messages;
pub(crate) mod pki;
pub(crate) mod program;
pub(crate) mod world;

pub(crate) use line::Line;
pub(crate) use messages::{field, network, purchase, reply, set};
pub(crate) use pki::Pki;
pub(crate) use program::Program;
pub(crate) use world::{Setup, World};

use std::time::Duration;

/// A test that waits for longer has failed.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// What comes of `future`, or a failed test.
pub(crate) async fn patiently<T>(what: &str, future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future).await.unwrap_or_else(|_| panic!("waited in vain for {what}"))
}
