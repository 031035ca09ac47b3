//! One integration target: linking is what costs, not the tests.

mod admin;
mod certification;
mod conversation;
mod corpus;
#[cfg(target_os = "linux")]
mod failing_disk;
mod harness;
mod imports;
mod interop;
mod leak;
mod program;
mod reload;
mod simulators;
mod tidy;
mod tools;
