//! `banklink trace`: what goes over the wire of a running switch.

use super::{
    Failure,
    admin::{Admin, escaped},
    link::interrupted,
    print,
    table::{self, Row},
};
use serde_json::Value;
use std::{
    fmt::Write as _,
    fs::File,
    io::{BufWriter, Write as _},
    path::PathBuf,
};

/// Arguments of `banklink trace`.
#[derive(clap::Args, Debug)]
#[command(after_help = "\
Every message of a bank's connections or an acquirer's sessions as a table, card numbers masked and secrets hidden, with
what the switch makes of it: matched, late, unknown, timed out, reversed, connections that come and go. With neither a bank
nor an acquirer named, all. It ends with SIGINT or SIGTERM, or with the switch. A switch that nobody listens to does nothing
for it, and one that is faster than the listener goes on: what was missed is said.

Examples:
  banklink trace --bank alpha
  banklink trace --bank alpha --rrn 632707000007
  banklink trace --acquirer shop --json > shop.jsonl
  banklink trace --bank alpha --file for-the-certification-desk.txt --count 20")]
pub struct Args {
    /// Only this bank
    #[arg(long, value_name = "NAME")]
    bank: Option<String>,
    /// Only this acquirer
    #[arg(long, value_name = "NAME")]
    acquirer: Option<String>,
    /// Only messages with this retrieval reference number (DE37), and the answers to them
    #[arg(long, value_name = "RRN")]
    rrn: Option<String>,
    /// End after so many messages
    #[arg(long, value_name = "N")]
    count: Option<u64>,
    /// One JSON object a line
    #[arg(long)]
    json: bool,
    /// Write to this file instead
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
    #[command(flatten)]
    admin: Admin,
}

/// Runs the command.
pub(super) fn run(args: &Args) -> Result<(), Failure> {
    let mut file = match &args.file {
        Some(path) => {
            let failed = |error| Failure::wrong(format_args!("{}: {error}", path.display()));
            Some(BufWriter::new(File::create(path).map_err(failed)?))
        }
        None => None,
    };
    let mut left = args.count.unwrap_or(u64::MAX);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let followed = runtime.block_on(async {
        let path = path(args);
        let following = args.admin.follow(&path, |line| {
            let event: Value = serde_json::from_slice(line)?;
            let text = if args.json { format!("{event}\n") } else { told(&event) };
            match &mut file {
                Some(file) => file.write_all(text.as_bytes()).and_then(|()| file.flush())?,
                None => print(&text)?,
            }
            left -= u64::from(event.get("way").is_some());
            if left == 0 { Err(Failure::reader_gone()) } else { Ok(()) }
        });
        tokio::select! {
            followed = following => followed,
            ended = interrupted() => ended,
        }
    });
    match followed {
        Err(failure) if failure.is_nothing() => Ok(()),
        followed => followed,
    }
}

fn path(args: &Args) -> String {
    let asked = [("bank", &args.bank), ("acquirer", &args.acquirer), ("rrn", &args.rrn)];
    let asked = asked.into_iter().filter_map(|(key, value)| Some((key, value.as_deref()?)));
    let mut path = String::from("/trace");
    for (index, (key, value)) in asked.enumerate() {
        path.push(if index == 0 { '?' } else { '&' });
        path.push_str(key);
        path.push('=');
        path.push_str(&escaped(value));
    }
    path
}

/// One event as text.
fn told(event: &Value) -> String {
    let text = |key: &str| event.get(key).and_then(Value::as_str).unwrap_or_default();
    if let Some(missed) = event.get("missed") {
        return format!("-- {missed} events were missed --\n\n");
    }
    if let Some(Value::Object(said)) = event.get("said") {
        return format!("{}  {}\n\n", text("at"), sentence(said));
    }
    let line = event.get("line").and_then(Value::as_u64).unwrap_or_default();
    let mut told = format!("{}  {} {}/{line}\n", text("at"), text("way"), text("peer"));
    let mut rows = Vec::new();
    if event.get("header").is_some() {
        rows.push(Row::new("header", "", text("header")));
    }
    if event.get("mti").is_some() {
        rows.push(Row::new("MTI", &table::meaning_of(text("mti")), text("mti")));
    }
    add(&mut rows, event.get("fields"), 0);
    told.push_str(&table::print(&rows));
    if event.get("error").is_some() {
        let _ = writeln!(told, "does not decode: {}", text("error"));
    }
    told.push('\n');
    told
}

fn add(rows: &mut Vec<Row>, elements: Option<&Value>, depth: usize) {
    for element in elements.and_then(Value::as_array).into_iter().flatten() {
        let text = |key: &str| element.get(key).and_then(Value::as_str).unwrap_or_default();
        let key = format!("{}{}", "  ".repeat(depth), text("key"));
        rows.push(Row::new(&key, text("name"), text("value")));
        add(rows, element.get("value"), depth + 1);
    }
}

/// A log line: its text, then what belongs to it.
fn sentence(said: &serde_json::Map<String, Value>) -> String {
    let mut sentence = said.get("message").and_then(Value::as_str).unwrap_or_default().to_owned();
    for (key, value) in said.iter().filter(|(key, _)| !matches!(key.as_str(), "level" | "message")) {
        let _ = match value {
            Value::String(text) => write!(sentence, " {key}={text}"),
            other => write!(sentence, " {key}={other}"),
        };
    }
    sentence
}
