//! `banklink decode`

mod guess;
mod pcap;

use super::{Failure, hex::unhex, input::Input, json, print, table, wire::Wire};
use banklink_protocol::{
    Dialect,
    frame::{Frame, Header},
};
use bytes::Bytes;
use std::{path::PathBuf, sync::Arc};

/// Arguments of `banklink decode`.
#[derive(clap::Args, Debug)]
#[command(after_help = "\
INPUT is hex, white space ignored; with --frame it may hold many messages. Card numbers are masked, secrets hidden, unless
--reveal is given. --json prints one object a line, in the form that `banklink encode` takes:
  {\"mti\":\"0200\",\"fields\":{\"2\":\"…\",\"55\":{\"9F26\":\"…\"}}}
A message that does not decode is shown as far as it went, with the field and offset of the error; the exit code is 1.

Examples:
  banklink decode 3038303030303230303030303030303030303030303030303031
  banklink encode --file payment.json | banklink decode --reveal
  banklink decode --dialect iso87-bcd --frame binary2 --header tpdu --file capture.hex
  banklink decode --dialect mybank.toml --frame ascii4 --raw --file capture.bin --json
  banklink decode --guess --file capture.hex
  banklink decode --pcap link.pcapng --port 7001 --guess
  banklink decode --pcap link.pcap --frame binary2 --header tpdu --dialect iso87-bcd --json")]
pub struct Args {
    #[command(flatten)]
    input: Input,
    #[command(flatten)]
    wire: Wire,
    /// The input is the bytes themselves, not hex
    #[arg(long)]
    raw: bool,
    /// The input is a packet capture (pcap, pcapng): its TCP connections are followed, and the messages of both sides shown
    #[arg(long, value_name = "FILE", conflicts_with_all = ["raw", "text", "file"])]
    pcap: Option<PathBuf>,
    /// Of a capture, only the connections with this port at either end; may be given more than once
    #[arg(long, value_name = "PORT", requires = "pcap")]
    port: Vec<u16>,
    /// Find out frame, header and dialect: try all there are (and any --dialect named), rank what reads the bytes, and say
    /// why the rest does not
    #[arg(long)]
    guess: bool,
    /// Print one JSON object a line
    #[arg(long)]
    json: bool,
    /// Show card numbers and secrets in clear
    #[arg(long)]
    reveal: bool,
}

/// Decodes and prints all messages of the input; fails at the end if any of them did.
pub(super) fn run(args: &Args) -> Result<(), Failure> {
    if let Some(file) = &args.pcap {
        return pcap::run(file, args);
    }
    let input = if args.raw { args.input.bytes()? } else { unhex(&args.input.text()?).map_err(Failure::wrong)? };
    if args.guess {
        return guess::run(input, &args.wire, args.json, args.reveal);
    }
    let dialect = args.wire.dialect()?;
    let (frames, rest) = args.wire.split(input);
    let mut failed = false;
    for (index, frame) in frames.into_iter().enumerate() {
        if index > 0 && !args.json {
            print("\n")?;
        }
        failed |= match frame {
            Frame::KeepAlive => {
                print(if args.json { "{\"keep_alive\":true}\n" } else { "keep-alive\n" }).map(|()| false)?
            }
            Frame::Control { .. } => {
                print(if args.json { "{\"session_control\":true}\n" } else { "session control\n" }).map(|()| false)?
            }
            Frame::Message { header, body } => !show(args, &dialect, &header, body)?,
        };
    }
    match rest {
        Some(error) => Err(Failure::wrong(error)),
        None if failed => Err(Failure::told()),
        None => Ok(()),
    }
}

/// Prints one message, as far as it decodes; was that all of it?
fn show(args: &Args, dialect: &Arc<Dialect>, header: &Header, body: Bytes) -> Result<bool, Failure> {
    let (message, error) = match dialect.decode(body) {
        Ok(message) => (Some(message), None),
        Err(mut error) => (error.partial.take().map(|partial| *partial), Some(error)),
    };
    if args.json {
        let mut object = message.map(|message| json::message(header, &message, args.reveal)).unwrap_or_default();
        if let Some(error) = &error {
            object.insert("error".into(), json::error(error));
        }
        print(&format!("{}\n", serde_json::Value::Object(object)))?;
    } else if let Some(message) = message {
        print(&table::message(header, &message, args.reveal))?;
    }
    if let Some(error) = &error {
        eprintln!("error: {error}");
    }
    Ok(error.is_none())
}
