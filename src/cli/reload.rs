//! `banklink reload`: the configuration of a running switch, read again.

use super::{
    Failure,
    admin::{Admin, By},
    print,
};

/// Arguments of `banklink reload`.
#[derive(clap::Args, Debug)]
#[command(after_help = "\
The file that the switch was started with is checked whole, then put in force: routes, codes, timers and limits for what
comes; certificates, revocation lists and addresses to dial for connections made from then on, and those whose certificates
changed are made anew one after another, while another of their bank takes payments. With a mistake in it nothing changes.

Examples:
  banklink reload --by ann")]
pub struct Args {
    #[command(flatten)]
    by: By,
    #[command(flatten)]
    admin: Admin,
}

/// Runs the command.
pub(super) fn run(args: &Args) -> Result<(), Failure> {
    let answer = args.by.command(&args.admin, &["reload"])?;
    let file = answer.get("file").and_then(serde_json::Value::as_str).unwrap_or("the configuration");
    print(&format!("{file} is in force\n"))
}
