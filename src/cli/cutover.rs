//! `banklink cutover now`: a bank is told of the cutover.

use super::{
    Failure,
    admin::{Admin, By},
    print,
};

/// Arguments of `banklink cutover`.
#[derive(clap::Args, Debug)]
#[command(after_help = "\
Examples:
  banklink cutover now --bank alpha --by ann")]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand, Debug)]
enum Command {
    /// Send the network message for the cutover (DE70 201; DE24 821 from 1993 on) on one of the bank's connections
    Now {
        /// The bank
        #[arg(long)]
        bank: String,
        #[command(flatten)]
        by: By,
        #[command(flatten)]
        admin: Admin,
    },
}

/// Runs the command.
pub(super) fn run(args: &Args) -> Result<(), Failure> {
    let Command::Now { bank, by, admin } = &args.command;
    by.command(admin, &["cutover", bank])?;
    print(&format!("{bank} is told of the cutover; the log says what it answers\n"))
}
