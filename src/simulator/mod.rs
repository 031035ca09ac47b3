//! The two ends of the line, simulated: a [`bank`] that answers by rules and keeps books, an [`acquirer`] that sends
//! payments and checks every answer, and [`compare`], which lays their books beside the switch's.
//!
//! Both are products in their own right (`banklink bank`, `banklink load`) and the peers of the demo, the tests and the
//! benchmarks. They share the machine with the switch when it is measured, so they batch as it does: all frames of one
//! read are handled together and answered in one write.

pub mod acquirer;
pub mod bank;
pub mod compare;
pub mod payment;
pub mod stream;
