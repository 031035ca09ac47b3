//! `banklink decode --pcap`: the messages of a packet capture, in the order in which they were whole.

use super::{Args, guess::dialects};
use crate::{
    capture::{
        follow::{Samples, Summary, follow},
        messages::{Content, Form, Found, Messages},
    },
    cli::{Failure, hex::hex, json, print, table},
    guess::{self, Fit, Forms, HeaderFit},
};
use banklink_protocol::frame::Framing;
use serde_json::{Map, Value as Json, json};
use std::{collections::BTreeMap, fmt::Write, fs::File, io::BufReader, net::SocketAddr, path::Path};

/// The forms of links, by their listening sides.
type Links = BTreeMap<SocketAddr, Form>;

/// Decodes and prints all messages of a capture; fails at the end if any of them did, or bytes are missing.
pub(super) fn run(file: &Path, args: &Args) -> Result<(), Failure> {
    let links = if args.guess { Some(guessed(file, args)?) } else { None };
    let form = match (&links, args.wire.framing()) {
        (None, None) => {
            return Err(Failure::usage(
                "a capture holds streams: --frame says how messages are cut, or --guess finds out",
            ));
        }
        (None, Some(framing)) => Some(Form { framing, dialect: args.wire.dialect()? }),
        (Some(_), _) => None,
    };
    let mut messages = Messages::new(|server: SocketAddr| match &links {
        Some(links) => links.get(&server).cloned(),
        None => form.clone(),
    });
    let (mut found, mut printed) = (Vec::new(), Ok(false));
    let summary = follow(open(file)?, &args.port, |event| {
        messages.take(event, &mut found);
        for one in found.drain(..) {
            let form = links.as_ref().and_then(|links| links.get(&one.server)).or(form.as_ref());
            if let (Ok(failed), Some(form)) = (&printed, form) {
                let failed = *failed;
                printed = show(&one, form, args).map(|fine| failed || !fine);
            }
        }
    })
    .map_err(|error| Failure::wrong(format_args!("{}: {error}", file.display())))?;
    let failed = printed?;
    tell(&summary);
    if failed || summary.error.is_some() { Err(Failure::told()) } else { Ok(()) }
}

fn open(file: &Path) -> Result<BufReader<File>, Failure> {
    let opened = File::open(file).map_err(|error| Failure::wrong(format_args!("{}: {error}", file.display())))?;
    Ok(BufReader::with_capacity(1 << 20, opened))
}

/// How each link of the capture is written, guessed from the beginnings of its streams; said on standard error.
fn guessed(file: &Path, args: &Args) -> Result<Links, Failure> {
    let mut samples = Samples::default();
    follow(open(file)?, &args.port, |event| samples.take(&event))
        .map_err(|error| Failure::wrong(format_args!("{}: {error}", file.display())))?;
    let (known, forms) = (dialects(&args.wire)?, args.wire.forms(Forms::of_streams()));
    let mut links = Links::new();
    for (server, samples) in samples.of_links() {
        let answer = guess::guess(&samples, &known, &forms);
        match answer.fits.first().and_then(|fit| Some((fit, form(fit)?))) {
            Some((fit, form)) => {
                eprintln!("note: {server} reads with {}", fit.options());
                links.insert(server, form);
            }
            None => eprintln!("note: {server}: nothing reads what was sent"),
        }
    }
    Ok(links)
}

/// How a link is cut whose fit this is; `None` where its header is none of ours.
fn form(fit: &Fit) -> Option<Form> {
    let HeaderFit::Ours(header) = fit.header else { return None };
    let framing = Framing::named(fit.framing?).ok()?.with_header(header).with_max(usize::from(u16::MAX));
    Some(Form { framing, dialect: fit.dialect.clone() })
}

/// Prints what was found; was it what it should be?
fn show(found: &Found, form: &Form, args: &Args) -> Result<bool, Failure> {
    let said = match &found.what {
        Content::Message { header, body } => {
            let (message, error) = match form.dialect.decode(body.clone()) {
                Ok(message) => (Some(message), None),
                Err(mut error) => (error.partial.take().map(|partial| *partial), Some(error)),
            };
            if args.json {
                let mut object = place(found);
                object.extend(message.map(|message| json::message(header, &message, args.reveal)).unwrap_or_default());
                object.extend(error.as_ref().map(|error| ("error".to_owned(), json::error(error))));
                print(&format!("{}\n", Json::Object(object)))?;
            } else {
                let mut text = format!("{}\n", title(found));
                match message {
                    Some(message) => text.push_str(&table::message(header, &message, args.reveal)),
                    None if !header.is_empty() => drop(writeln!(text, "header  {}", hex(header))),
                    None => {}
                }
                if let Some(error) = &error {
                    let _ = writeln!(text, "does not decode: {error}");
                }
                print(&format!("{text}\n"))?;
            }
            return Ok(error.is_none());
        }
        Content::KeepAlive => "keep-alive".to_owned(),
        Content::Tls => "TLS: it cannot be read without its keys".to_owned(),
        Content::Lost(count) => format!("{count} bytes were not captured"),
        Content::NoFrame(why) => format!("no frame: {why}"),
        Content::Passed(count) => format!("{count} bytes passed over before the next message"),
        Content::Unfinished(count) => format!("ends {count} bytes after its last whole frame"),
    };
    let fine = matches!(found.what, Content::KeepAlive | Content::Tls);
    if args.json {
        let mut object = place(found);
        object.insert("said".into(), said.into());
        print(&format!("{}\n", Json::Object(object)))?;
    } else {
        print(&format!("{}\n{said}\n\n", title(found)))?;
    }
    Ok(fine)
}

/// When, on which stream, who to whom.
fn title(found: &Found) -> String {
    format!("{}  stream {}  {} → {}", time(found.time), found.stream, found.from, found.to)
}

fn place(found: &Found) -> Map<String, Json> {
    let Json::Object(place) = json!({
        "at": time(found.time), "stream": found.stream, "from": found.from.to_string(), "to": found.to.to_string(),
    }) else {
        unreachable!("it is written as an object");
    };
    place
}

fn time(nanos: i64) -> String {
    jiff::Timestamp::from_nanosecond(i128::from(nanos)).map_or_else(|_| nanos.to_string(), |at| format!("{at:.6}"))
}

/// What was left aside, on standard error.
fn tell(summary: &Summary) {
    let Summary { packets, segments, cut_short, fragments, malformed, unknown_link, error } = summary;
    eprintln!("note: {packets} packets, {segments} TCP segments looked at");
    let left_aside = [
        (*cut_short, "segments of which the capture keeps only the beginning"),
        (*fragments, "pieces of IP packets, which are not put together"),
        (*malformed, "packets whose headers do not hold together"),
    ];
    for (count, what) in left_aside.into_iter().filter(|(count, _)| *count > 0) {
        eprintln!("note: {count} {what}");
    }
    if let Some((link, count)) = unknown_link {
        eprintln!("note: {count} packets of a link of type {link}, which is not read");
    }
    if let Some(error) = error {
        eprintln!("error: the capture ends {error}");
    }
}
