//! One integration target: linking is what costs, not the tests.

mod conversation;
mod corpus;
mod harness;
mod interop;
mod leak;
mod program;
mod simulators;
mod tidy;
mod tools;
