//! `banklink saf`: what a running switch has stored for its banks.

use super::{Failure, admin::Admin, print};
use comfy_table::{Table, presets};
use hyper::Method;
use serde_json::{Value, json};

/// Arguments of `banklink saf`.
#[derive(clap::Args, Debug)]
#[command(after_help = "\
A reversal or an advice is tried until its bank takes it. One that the bank refuses again and again is parked: it waits
for somebody to clear it up with the bank, and then to retry or to resolve it. Both are recorded, with who and why.

Examples:
  banklink saf list
  banklink saf retry 4711 --by ann
  banklink saf resolve 4711 --by ann --reason 'the bank has booked it by hand'")]
pub struct Args {
    #[command(flatten)]
    admin: Admin,
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand, Debug)]
enum Command {
    /// All that is stored, oldest first
    List {
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Send one that is parked again
    Retry {
        /// Its number
        item: u64,
        /// Who decides, where it is not whose token or account it is
        #[arg(long, default_value = "")]
        by: String,
    },
    /// Leave one at that: it is settled otherwise
    Resolve {
        /// Its number
        item: u64,
        /// Who decides, where it is not whose token or account it is
        #[arg(long, default_value = "")]
        by: String,
        /// Why
        #[arg(long)]
        reason: String,
    },
}

/// Runs the command.
pub(super) fn run(args: &Args) -> Result<(), Failure> {
    match &args.command {
        Command::List { json: true } => print(&format!("{:#}\n", args.admin.ask(Method::GET, "/saf", None)?)),
        Command::List { json: false } => print(&table(&args.admin.ask(Method::GET, "/saf", None)?)),
        Command::Retry { item, by } => {
            args.admin.ask(Method::POST, &format!("/saf/{item}/retry"), Some(&json!({ "by": by })))?;
            print(&format!("{item} is sent again\n"))
        }
        Command::Resolve { item, by, reason } => {
            let decision = json!({ "by": by, "reason": reason });
            args.admin.ask(Method::POST, &format!("/saf/{item}/resolve"), Some(&decision))?;
            print(&format!("{item} is resolved\n"))
        }
    }
}

fn table(list: &Value) -> String {
    const COLUMNS: [&str; 10] = ["item", "bank", "kind", "mti", "of", "stan", "tries", "code", "parked", "since"];
    let items = list.as_array().map_or(&[][..], Vec::as_slice);
    if items.is_empty() {
        return "nothing is stored\n".to_owned();
    }
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header(COLUMNS);
    for item in items {
        table.add_row(COLUMNS.map(|column| match item.get(column) {
            None | Some(Value::Null) => String::new(),
            Some(Value::String(text)) => text.clone(),
            Some(other) => other.to_string(),
        }));
    }
    format!("{table}\n")
}
