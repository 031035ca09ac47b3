//! `banklink decode --guess`: which options read these bytes.

use crate::cli::{Failure, json, print, table, wire::Wire};
use crate::guess::{self, Answer, Fit, Forms, HeaderFit, Known, Refusal};
use banklink_protocol::Dialect;
use bytes::Bytes;
use serde_json::{Map, Value as Json, json};
use std::fmt::Write;

/// Most combinations that are listed.
const LISTED: usize = 8;

/// Doubts that are written out for one combination.
const DOUBTS: usize = 3;

/// Guesses, and prints the answer; fails where nothing reads all of the bytes.
pub(super) fn run(input: Vec<u8>, wire: &Wire, as_json: bool, reveal: bool) -> Result<(), Failure> {
    if input.is_empty() {
        return Err(Failure::wrong("wanted captured bytes, had none"));
    }
    let answer = guess::guess(&[Bytes::from(input)], &dialects(wire)?, &wire.forms(Forms::all()));
    print(&if as_json { format!("{}\n", in_json(&answer, reveal)) } else { in_words(&answer, reveal) })?;
    if answer.best().is_some() { Ok(()) } else { Err(Failure::told()) }
}

/// The dialects named, then the shipped ones.
pub(super) fn dialects(wire: &Wire) -> Result<Vec<Known>, Failure> {
    let mut dialects = Vec::new();
    for name in wire.dialects().iter().filter(|name| !Dialect::shipped().contains(&name.as_str())) {
        dialects.push(Known { name: name.clone(), dialect: Dialect::load(name, None)? });
    }
    dialects.extend(guess::shipped());
    Ok(dialects)
}

fn in_words(answer: &Answer, reveal: bool) -> String {
    let mut text = String::new();
    let looked = if answer.first_only { ", of which the first were looked at" } else { "" };
    line(&mut text, &format!("{}{looked}", counted(answer.size, "byte")));
    match answer.fits.first() {
        None => line(&mut text, "Nothing reads them."),
        Some(_) => list(&mut text, answer),
    }
    if let Some((fit, (header, message))) = answer.fits.first().and_then(|fit| Some((fit, fit.first()?))) {
        line(&mut text, &format!("\nThe first message, read with {}:\n", fit.options()));
        text.push_str(&table::message(&header, &message, reveal));
    }
    if !answer.refused.is_empty() {
        line(&mut text, "\nWhat does not fit, and why:\n");
        for refusal in &answer.refused {
            line(&mut text, &format!("  {refusal}"));
        }
    }
    text
}

/// The combinations that fit, best first.
fn list(text: &mut String, answer: &Answer) {
    line(text, "\nWhat fits, best first:\n");
    let options = |fit: &Fit| fit.options().chars().count();
    let width = answer.fits.iter().take(LISTED).map(options).max().unwrap_or(0);
    for (place, fit) in answer.fits.iter().take(LISTED).enumerate() {
        line(text, &format!("  {}. {:<width$}  {}", place + 1, fit.options(), described(fit)));
    }
    if answer.fits.len() > LISTED {
        line(text, &format!("  and {} more", answer.fits.len() - LISTED));
    }
}

/// What there is to say of a combination that fits.
fn described(fit: &Fit) -> String {
    let mut parts = Vec::new();
    parts.push(if fit.decoded == fit.messages {
        counted(fit.messages, "message")
    } else {
        format!("{} of {}", fit.decoded, counted(fit.messages, "message"))
    });
    if let HeaderFit::Unknown(size) = fit.header {
        parts.push(format!("a header of {} that none of ours is", counted(size, "byte")));
    }
    if fit.keep_alives > 0 {
        parts.push(counted(fit.keep_alives, "keep-alive"));
    }
    if let Some((number, error)) = &fit.error {
        parts.push(format!("message {number}: {error}"));
    }
    if fit.unfinished > 0 {
        parts.push(format!("ends within a message, {} after the last whole one", counted(fit.unfinished, "byte")));
    }
    parts.extend(fit.stop.clone());
    parts.push(format!("{} of {} answered well", fit.good, counted(fit.asked, "question")));
    let mut said: Vec<_> = fit.doubts.iter().take(DOUBTS).map(ToString::to_string).collect();
    if fit.doubts.len() > DOUBTS {
        said.push(format!("{} more", fit.doubts.len() - DOUBTS));
    }
    if said.is_empty() { parts.join("; ") } else { format!("{} ({})", parts.join("; "), said.join(", ")) }
}

fn counted(count: usize, what: &str) -> String {
    format!("{} {what}{}", guess::grouped(count), if count == 1 { "" } else { "s" })
}

fn line(text: &mut String, line: &str) {
    writeln!(text, "{line}").expect("a String takes all text");
}

fn in_json(answer: &Answer, reveal: bool) -> Json {
    let first = answer.fits.first().and_then(Fit::first);
    json!({
        "bytes": answer.size,
        "first_only": answer.first_only,
        "fits": answer.fits.iter().take(LISTED).map(fit_in_json).collect::<Vec<_>>(),
        "message": first.map(|(header, message)| json::message(&header, &message, reveal)),
        "refused": answer.refused.iter().map(refusal_in_json).collect::<Vec<_>>(),
    })
}

fn fit_in_json(fit: &Fit) -> Json {
    let mut object = Map::new();
    let mut put = |name: &str, value: Json| object.insert(name.into(), value);
    put("options", fit.options().into());
    put("frame", fit.framing.into());
    match fit.header {
        HeaderFit::Ours(header) => put("header", header.name().into()),
        HeaderFit::Unknown(size) => put("unknown_header", size.into()),
    };
    put("dialect", fit.name.clone().into());
    put("whole", fit.whole().into());
    put("messages", fit.messages.into());
    put("decoded", fit.decoded.into());
    put("keep_alives", fit.keep_alives.into());
    put("unfinished", fit.unfinished.into());
    put("stop", fit.stop.clone().into());
    put("error", fit.error.as_ref().map(|(number, error)| json!({ "message": number, "reason": error })).into());
    put("asked", fit.asked.into());
    put("good", fit.good.into());
    put("doubts", fit.doubts.iter().map(ToString::to_string).collect::<Vec<_>>().into());
    Json::Object(object)
}

fn refusal_in_json(refusal: &Refusal) -> Json {
    match refusal {
        Refusal::Framings { names, why } => json!({ "frames": names, "reason": why }),
        Refusal::Dialect { name, framing, header, skipped, message, why } => json!({
            "dialect": name, "frame": framing, "header": header, "skipped": skipped, "message": message, "reason": why,
        }),
    }
}
