//! One integration target: linking is what costs, not the tests.

mod admin;
mod certification;
mod conversation;
mod corpus;
#[cfg(target_os = "linux")]
mod failing_disk;
#[path = "../../protocol/tests/all/grammar.rs"]
mod grammar;
mod guess;
mod harness;
mod imports;
mod interop;
mod leak;
mod pcap;
mod program;
mod reload;
mod simulators;
mod tidy;
mod tools;
