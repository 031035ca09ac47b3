//! The command line: one command a file, composed here.
//!
//! A new command is a module with an `Args` struct and `run`, a variant of [`Command`], a line of [`Command::run`] and a
//! place in `GROUPS` of `help`.

mod admin;
mod bank;
mod certify;
mod certs;
mod check;
mod compare;
mod completions;
mod cutover;
mod decode;
mod demo;
mod dialect;
mod encode;
mod failure;
mod help;
mod hex;
mod input;
mod journal;
mod json;
mod link;
mod links;
mod load;
mod output;
mod reload;
mod route;
mod run;
mod saf;
mod table;
mod trace;
mod wire;

pub use failure::Failure;
pub use output::print;

use clap::{FromArgMatches, Parser, Subcommand};
use std::process::ExitCode;

/// An ISO 8583 bank-link switch.
#[derive(Parser, Debug)]
#[command(
    name = "banklink",
    version,
    about = "An ISO 8583 bank-link switch: acquirer sessions in, mutual-TLS bank connections out",
    after_help = help::EXAMPLES,
    disable_help_subcommand = true
)]
pub struct Root {
    #[command(subcommand)]
    command: Command,
}

/// The commands.
#[derive(Subcommand, Debug)]
pub enum Command {
    /// Check a configuration, every mistake with file and line
    Check(check::Args),
    /// Run the switch
    Run(run::Args),
    /// The connections to the banks of a running switch: list, sign-on, sign-off, drain, echo, close
    Link(links::Args),
    /// Put the configuration of a running switch in force as it is now
    Reload(reload::Args),
    /// Tell a bank of the cutover
    Cutover(cutover::Args),
    /// Explain where a payment would go; turn a route of a running switch off and on
    Route(route::Args),
    /// What a running switch has stored for its banks: list, retry, resolve
    Saf(saf::Args),
    /// Follow what goes over the wire of a running switch, message by message
    Trace(trace::Args),
    /// Verify, repair, read and export a journal
    Journal(journal::Args),
    /// Three banks, two acquirers and the switch at work, with live figures
    Demo(demo::Args),
    /// A simulated bank that answers by rules and keeps books
    Bank(bank::Args),
    /// A simulated acquirer: load, with every answer checked
    Load(load::Args),
    /// Hold the reports of simulated acquirers against the books of simulated banks
    Compare(compare::Args),
    /// Play certification scripts, with every deviation reported
    Certify(certify::Args),
    /// Make a development CA with server and client certificates
    Certs(certs::Args),
    /// Show messages as a table or as JSON
    Decode(decode::Args),
    /// Make messages of JSON
    Encode(encode::Args),
    /// List, show and check dialects
    Dialect(dialect::Args),
    /// Write a completion script for a shell
    Completions(completions::Args),
}

impl Command {
    fn run(self) -> Result<(), Failure> {
        match self {
            Self::Check(args) => check::run(&args),
            Self::Trace(args) => trace::run(&args),
            Self::Saf(args) => saf::run(&args),
            Self::Journal(args) => journal::run(&args),
            Self::Run(args) => run::run(&args),
            Self::Link(args) => links::run(&args),
            Self::Reload(args) => reload::run(&args),
            Self::Cutover(args) => cutover::run(&args),
            Self::Route(args) => route::run(&args),
            Self::Demo(args) => demo::run(&args),
            Self::Bank(args) => bank::run(&args),
            Self::Load(args) => load::run(&args),
            Self::Compare(args) => compare::run(&args),
            Self::Certify(args) => certify::run(&args),
            Self::Certs(args) => certs::run(&args),
            Self::Decode(args) => decode::run(&args),
            Self::Encode(args) => encode::run(&args),
            Self::Dialect(args) => dialect::run(&args),
            Self::Completions(args) => completions::run(&args),
        }
    }
}

/// Parses the command line, runs the command, prints its failure. Exit codes: 0 fine, 1 the thing asked about is wrong,
/// 2 the command line is.
#[must_use]
pub fn main() -> ExitCode {
    let matches = help::command().get_matches();
    let root = Root::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    match root.command.run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}
