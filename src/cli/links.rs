//! `banklink link`: the connections of a running switch.

use super::{
    Failure,
    admin::{Admin, By},
    print,
};
use comfy_table::{Table, presets};
use hyper::Method;
use serde_json::Value;

/// Arguments of `banklink link`.
#[derive(clap::Args, Debug)]
#[command(after_help = "\
BANK is all connections of a bank, BANK/SLOT one of them, counted from 0. A connection that is signed off or drained takes no
payments, and none of what is stored, until it is signed on again: also when it is lost and made again, and when the switch
is restarted. Who did it, and why, is recorded (`banklink journal`).

Examples:
  banklink link list
  banklink link drain alpha --by ann --reason 'the bank moves house at noon'
  banklink link sign-on alpha
  banklink link echo alpha/1")]
pub struct Args {
    #[command(flatten)]
    admin: Admin,
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand, Debug)]
enum Command {
    /// All connections with their states
    List {
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Sign on: take payments
    SignOn(Which),
    /// Sign off at once: take none; what is on its way goes on waiting for its answer
    SignOff(Which),
    /// Take none, and sign off once nothing is on its way
    Drain(Which),
    /// Send an echo now
    Echo(Which),
    /// Close, and connect anew
    Close(Which),
}

#[derive(clap::Args, Debug)]
struct Which {
    /// Which connections
    #[arg(value_name = "BANK[/SLOT]")]
    which: String,
    #[command(flatten)]
    by: By,
}

/// Runs the command.
pub(super) fn run(args: &Args) -> Result<(), Failure> {
    let (which, action) = match &args.command {
        Command::List { json } => return list(&args.admin, *json),
        Command::SignOn(which) => (which, "sign-on"),
        Command::SignOff(which) => (which, "sign-off"),
        Command::Drain(which) => (which, "drain"),
        Command::Echo(which) => (which, "echo"),
        Command::Close(which) => (which, "close"),
    };
    match which.which.rsplit_once('/') {
        Some((bank, slot)) if slot.parse::<u16>().is_ok() => {
            which.by.command(&args.admin, &["links", bank, slot, action])?
        }
        _ => which.by.command(&args.admin, &["links", &which.which, action])?,
    };
    list(&args.admin, false)
}

fn list(admin: &Admin, json: bool) -> Result<(), Failure> {
    let links = admin.ask(Method::GET, "/links", None)?;
    if json {
        return print(&format!("{links:#}\n"));
    }
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header(["connection", "state", "bank in flight"]);
    for link in links.as_array().into_iter().flatten() {
        let text = |key: &str| match link.get(key) {
            Some(Value::String(text)) => text.clone(),
            Some(other) => other.to_string(),
            None => String::new(),
        };
        table.add_row([format!("{}/{}", text("bank"), text("slot")), text("state"), text("in_flight")]);
    }
    print(&format!("{table}\n"))
}
