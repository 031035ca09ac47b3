//! banklink, in the order a message meets its modules.

mod admin;
pub mod cli;
pub mod clock;
pub mod config;
pub mod demo;
pub mod driver;
pub mod net;
pub mod record;
pub mod rules;
pub mod security;
pub mod simulator;
pub mod switch;
pub mod telemetry;
