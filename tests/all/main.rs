//! One integration target: linking is what costs, not the tests.

mod conversation;
mod corpus;
#[cfg(target_os = "linux")]
mod failing_disk;
#[path = "../../protocol/tests/all/grammar.rs"]
mod grammar;
mod guess;
mod harness;
mod interop;
mod leak;
mod program;
mod simulators;
mod tidy;
mod tools;
