//! `banklink encode`

use super::{
    Failure,
    hex::{hex, unhex},
    input::Input,
    json::{self, Written},
    print,
    wire::Wire,
};
use banklink_protocol::{Dialect, Mti, describe, frame::Header};
use bytes::BytesMut;
use std::{
    io::{self, Write},
    sync::Arc,
};

/// Arguments of `banklink encode`.
#[derive(clap::Args, Debug)]
#[command(after_help = "\
INPUT is one or more JSON objects, in the form that `banklink decode --json --reveal` prints:
  {\"mti\":\"0200\",\"fields\":{\"2\":\"…\",\"55\":{\"9F26\":\"…\"}}}
Values are text, binary in hex. Each message is printed as a line of hex, or as it is with --raw.

Examples:
  banklink encode '{\"mti\":\"0800\",\"fields\":{\"7\":\"1123031846\",\"11\":\"000001\",\"70\":\"301\"}}'
  banklink encode --dialect iso87-bcd --frame binary2 --header tpdu --file payment.json
  banklink encode --frame ascii4 --raw --file echo.json | nc bank.example 5000 | banklink decode --frame ascii4 --raw")]
pub struct Args {
    #[command(flatten)]
    input: Input,
    #[command(flatten)]
    wire: Wire,
    /// Print the bytes themselves, not hex
    #[arg(long)]
    raw: bool,
}

/// Encodes and prints all messages of the input, up to the first that cannot be.
pub(super) fn run(args: &Args) -> Result<(), Failure> {
    let dialect = args.wire.dialect()?;
    let text = args.input.text()?;
    let mut objects = serde_json::Deserializer::from_str(&text).into_iter::<json::Node>().peekable();
    if objects.peek().is_none() {
        return Err(Failure::wrong("wanted a JSON object, had an empty input"));
    }
    for object in objects {
        let object = object.map_err(|error| Failure::wrong(format_args!("JSON: {error}")))?;
        let bytes = encode(args, &dialect, json::written(object).map_err(Failure::wrong)?)?;
        if args.raw { write(&bytes)? } else { print(&format!("{}\n", hex(&bytes)))? }
    }
    Ok(())
}

fn encode(args: &Args, dialect: &Arc<Dialect>, written: Written) -> Result<BytesMut, Failure> {
    let mti: Mti = written.mti.parse().map_err(|error| Failure::wrong(format_args!("mti: {error}")))?;
    let kind = args.wire.header();
    let header = match written.header {
        None => kind.first(),
        Some(text) => Header::from_vec(unhex(&text).map_err(|error| Failure::wrong(format_args!("header: {error}")))?),
    };
    if header.len() != kind.size() {
        let (wanted, had) = (kind.size(), header.len());
        return Err(Failure::wrong(format_args!("header: wanted {wanted} bytes ({}), had {had}", kind.name())));
    }
    let message = describe::message(dialect, mti, &written.fields)?;
    let mut out = BytesMut::new();
    args.wire.write(&mut out, &header, &message)?;
    Ok(out)
}

fn write(bytes: &[u8]) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    Ok(out.write_all(bytes).and_then(|()| out.flush())?)
}
