//! One integration target: linking is what costs, not the tests.

mod corpus;
mod interop;
mod tools;
