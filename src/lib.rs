//! banklink, an ISO 8583 bank-link switch. The tour, in the order a message meets its modules:
//!
//! 1. [`cli`] reads the command line; `run` gives a file to [`config`], which checks it whole and makes the [`rules`].
//! 2. [`net`] takes an acquirer's session, cuts what it reads into frames and has the codec
//!    ([`banklink_protocol`]) decode them. All messages of one read go on together.
//! 3. [`driver`] hands them to the machine as one batch and tells it the time ([`clock`]).
//! 4. [`switch`], the machine, decides: door, duplicate, route, our own trace numbers. What is so is a [`record`]; what is
//!    to be done is an [`Output`](switch::Output).
//! 5. The driver's gate lets outputs leave once all Records before them are durable.
//! 6. [`net`] writes them to the bank, and brings its answers the same way back.
//! 7. [`telemetry`] turns the machine's [`Note`](switch::Note)s into log lines and metrics; the admin endpoint serves them.
//!
//! Beside that way: [`security`] (development certificates), [`simulator`] (banks and acquirers to test against),
//! [`certify`] (certification scripts, played and reported), [`guess`] (how captured bytes are written), [`capture`] (messages
//! out of a packet capture) and [`demo`] (all of it in one process, compared at the end).

mod admin;
pub mod capture;
pub mod certify;
pub mod cli;
pub mod clock;
pub mod config;
pub mod demo;
pub mod driver;
pub mod guess;
pub mod journal;
pub mod net;
pub mod record;
pub mod rules;
pub mod security;
pub mod simulator;
pub mod switch;
pub mod telemetry;
