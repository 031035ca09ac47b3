//! `banklink saf`: what a running switch has stored for its banks.

use super::{Failure, print};
use comfy_table::{Table, presets};
use http_body_util::{BodyExt, Full};
use hyper::{Method, Request, body::Bytes};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use std::net::SocketAddr;

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
    /// The switch's admin endpoint
    #[arg(long, default_value = "127.0.0.1:9180", global = true)]
    admin: SocketAddr,
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
        /// Who decides
        #[arg(long)]
        by: String,
    },
    /// Leave one at that: it is settled otherwise
    Resolve {
        /// Its number
        item: u64,
        /// Who decides
        #[arg(long)]
        by: String,
        /// Why
        #[arg(long)]
        reason: String,
    },
}

/// Runs the command.
pub(super) fn run(args: &Args) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let ask = |method, path: &str, body: Option<Value>| runtime.block_on(ask(args.admin, method, path, body));
    match &args.command {
        Command::List { json: true } => print(&format!("{:#}\n", ask(Method::GET, "/saf", None)?)),
        Command::List { json: false } => print(&table(&ask(Method::GET, "/saf", None)?)),
        Command::Retry { item, by } => {
            ask(Method::POST, &format!("/saf/{item}/retry"), Some(json!({ "by": by })))?;
            print(&format!("{item} is sent again\n"))
        }
        Command::Resolve { item, by, reason } => {
            ask(Method::POST, &format!("/saf/{item}/resolve"), Some(json!({ "by": by, "reason": reason })))?;
            print(&format!("{item} is resolved\n"))
        }
    }
}

async fn ask(admin: SocketAddr, method: Method, path: &str, body: Option<Value>) -> Result<Value, Failure> {
    let unreachable = |error: std::io::Error| Failure::wrong(format!("no admin endpoint at {admin}: {error}"));
    let stream = tokio::net::TcpStream::connect(admin).await.map_err(unreachable)?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    let driven = tokio::spawn(connection);
    let body = body.map_or_else(Bytes::new, |body| Bytes::from(body.to_string()));
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header("host", admin.to_string())
        .header("content-type", "application/json")
        .body(Full::new(body))?;
    let answer = sender.send_request(request).await?;
    let status = answer.status();
    let text = answer.into_body().collect().await?.to_bytes();
    drop(sender);
    let _ = driven.await;
    let value: Value = serde_json::from_slice(&text).unwrap_or(Value::Null);
    if status.is_success() {
        return Ok(value);
    }
    let why = value.get("error").and_then(Value::as_str).unwrap_or("it refuses").to_owned();
    Err(Failure::wrong(format!("{why} ({status})")))
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
