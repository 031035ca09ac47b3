//! Certification scripts: what a network or a bank has one do before it lets one in, as data.
//!
//! A [`Script`] says whom it plays (acquirers and banks around a switch it starts or around one that runs, or a switch
//! before a real host) and what happens, step by step. [`play()`] plays it once over real sockets, does not stop at the first
//! thing that is not as it should be, and gives a [`report`] of everything that was. docs/certification.md is the manual.
//!
//! Pure: values and field rules (`value`, `rule`), the script as it is read (`script`), the [`report`]. Sockets, clocks
//! and the switch are in [`mod@play`] alone.

pub mod pki;
pub mod play;
pub mod report;
mod rule;
pub mod script;
mod value;
mod wiring;

pub use pki::Pki;
pub use play::play;
pub use report::ScriptReport;
pub use script::Script;
