//! A Record as JSON, for people and their tools: masked, as everything is that leaves the journal.

use crate::{
    clock::Wall,
    record::{Body, CardEnds, Cause, Outcome, Part, Record, References, Stored},
    switch::ConnectionId,
};
use banklink_protocol::element::{Currency, Money, OriginalData, Pan};
use serde_json::{Map, Value, json};
use std::fmt::Debug;

/// A record. Of a body it shows which fields there are and how long, and of the card its first six and last four digits.
#[must_use]
pub fn to_json(record: &Record) -> Value {
    let (kind, fields) = match record {
        Record::Received { .. }
        | Record::Sent { .. }
        | Record::NotSent { .. }
        | Record::Outcome { .. }
        | Record::Answered { .. }
        | Record::Undelivered { .. }
        | Record::Delivered { .. }
        | Record::ApprovedLate { .. }
        | Record::Hold { .. } => online(record),
        _ => stored(record),
    };
    let mut object = Map::new();
    object.insert("record".into(), kind.into());
    if let Value::Object(fields) = fields {
        object.extend(fields.into_iter().filter(|(_, value)| !value.is_null()));
    }
    Value::Object(object)
}

fn online(record: &Record) -> (&'static str, Value) {
    match record {
        Record::Received { payment, at, acquirer, mti, processing, amount, stan, rrn, card, references } => (
            "received",
            json!({
                "payment": payment.0, "at": time(*at), "acquirer": acquirer.0, "mti": mti.to_string(),
                "processing": processing.map(|code| code.bytes().escape_ascii().to_string()),
                "amount": amount.map(money), "stan": stan.to_string(), "rrn": rrn.map(|rrn| rrn.to_string()),
                "card": card.map(|card| card.to_string()), "references": digests(references),
            }),
        ),
        Record::Sent { payment, at, acquirer, connection, original, rrn, unanswered, body } => (
            "sent",
            json!({
                "payment": payment.0, "at": time(*at), "acquirer": acquirer.0, "connection": place(*connection),
                "original": original_data(original), "rrn": rrn.map(|rrn| rrn.to_string()),
                "unanswered": name(unanswered), "body": masked(body),
            }),
        ),
        Record::NotSent { payment, at, bank, stan } => {
            ("not sent", json!({"payment": payment.0, "at": time(*at), "bank": bank.0, "stan": stan.to_string()}))
        }
        Record::Outcome { payment, at, sent, outcome, told, answer } => (
            "outcome",
            json!({
                "payment": payment.0, "at": time(*at), "bank": sent.map(|(bank, _)| bank.0),
                "stan": sent.map(|(_, stan)| stan.to_string()), "outcome": ended(outcome), "told": told.as_str(),
                "answer": masked(answer),
            }),
        ),
        Record::Answered { payment, at, code } => {
            ("answered", json!({"payment": payment.0, "at": time(*at), "code": code.as_str()}))
        }
        Record::Undelivered { payment, at, acquirer, connection, original, body } => (
            "undelivered",
            json!({
                "payment": payment.0, "at": time(*at), "acquirer": acquirer.0, "connection": place(*connection),
                "original": original_data(original), "body": masked(body),
            }),
        ),
        Record::Delivered { payment, at } => ("delivered", json!({"payment": payment.0, "at": time(*at)})),
        Record::ApprovedLate { payment, at, bank, stan } => {
            ("approved late", json!({"payment": payment.0, "at": time(*at), "bank": bank.0, "stan": stan.to_string()}))
        }
        Record::Hold { payment, at, by, part, hold } => (
            "hold",
            json!({
                "payment": payment.0, "at": time(*at), "by": by.0, "part": part.as_ref().map(part_of_hold),
                "held": hold.held, "taken": hold.taken, "completions": hold.completions, "under_way": hold.under_way,
                "until": time(hold.until), "currency": currency(hold.currency), "voided": hold.voided,
            }),
        ),
        _ => unreachable!("the others are stored ones"),
    }
}

fn stored(record: &Record) -> (&'static str, Value) {
    match record {
        Record::Queued { item, at, of, connection, kind, mti, original, body } => (
            "queued",
            json!({
                "item": item.0, "at": time(*at), "of": of.map(|of| of.0), "connection": place(*connection),
                "kind": queued(kind), "mti": mti.to_string(), "original": original.as_ref().map(original_data),
                "body": masked(body),
            }),
        ),
        Record::Tried { item, at, connection, stan, transmission, tries } => (
            "tried",
            json!({
                "item": item.0, "at": time(*at), "connection": place(*connection), "stan": stan.to_string(),
                "transmission": transmission.to_string(), "tries": tries,
            }),
        ),
        Record::Failed { item, at, code, strikes } => (
            "failed",
            json!({
                "item": item.0, "at": time(*at), "code": code.map(|code| code.to_string()), "strikes": strikes,
            }),
        ),
        Record::Done { item, at, code } => ("done", json!({"item": item.0, "at": time(*at), "code": code.as_str()})),
        Record::Parked { item, at, why } => ("parked", json!({"item": item.0, "at": time(*at), "why": name(why)})),
        Record::Decided { item, at, decision, by } => {
            ("decided", json!({"item": item.0, "at": time(*at), "decision": name(decision), "by": by}))
        }
        Record::Commanded { at, operation, by } => (
            "commanded",
            json!({
                "at": time(*at), "operation": operation.to_string(), "connection": operation.connection().map(place),
                "route": operation.route(), "by": by,
            }),
        ),
        Record::Tombstone { at, acquirer, references } => {
            ("tombstone", json!({"at": time(*at), "acquirer": acquirer.0, "references": digests(references)}))
        }
        _ => unreachable!("the others are online ones"),
    }
}

/// ISO 8601 in GMT; a moment no calendar has, in microseconds.
fn time(at: Wall) -> String {
    jiff::Timestamp::from_microsecond(at.0).map_or_else(|_| at.0.to_string(), |moment| moment.to_string())
}

/// `TimedOut` as `timed out`.
fn name(choice: &impl Debug) -> String {
    let mut name = String::new();
    for character in format!("{choice:?}").chars() {
        if character.is_ascii_uppercase() && !name.is_empty() {
            name.push(' ');
        }
        name.push(character.to_ascii_lowercase());
    }
    name
}

fn money(amount: Money) -> Value {
    json!({"minor": amount.minor, "currency": currency(amount.currency)})
}

fn currency(currency: Currency) -> String {
    format!("{:03}", currency.code())
}

fn part_of_hold(part: &Part) -> Value {
    json!({"kind": name(&part.kind), "minor": part.amount, "under_way": part.under_way})
}

fn place(connection: ConnectionId) -> Value {
    json!({"bank": connection.bank.0, "slot": connection.slot})
}

fn original_data(original: &OriginalData) -> Value {
    json!({
        "mti": original.mti.to_string(), "stan": original.stan.to_string(),
        "transmission": original.transmission.to_string(), "acquirer": original.acquirer,
        "forwarder": original.forwarder,
    })
}

/// As hexadecimal text: a number of 64 bits is more than most readers of JSON hold.
fn digests(references: &References) -> Value {
    let digest = |digest: u64| (digest != 0).then(|| format!("{digest:016x}"));
    json!({
        "duplicate": digest(references.duplicate), "trace": digest(references.trace), "rrn": digest(references.rrn),
        "card": digest(references.card), "terminal": references.terminal, "clock": references.clock,
    })
}

fn ended(outcome: &Outcome) -> Value {
    let text = |bytes: &[u8]| bytes.escape_ascii().to_string();
    match outcome {
        Outcome::Approved { code, authorization, settlement, partial } => json!({
            "approved": code.as_str(), "authorization": authorization.map(|code| text(&code)),
            "settlement": settlement.map(|date| text(&date)), "partial": partial,
        }),
        Outcome::Declined { code } => json!({"declined": code.as_str()}),
        Outcome::Unknown { why } => json!({"unknown": name(why)}),
        Outcome::Refused { code } => json!({"refused": code.as_str()}),
        Outcome::Taken { code } => json!({"taken": code.as_str()}),
    }
}

fn queued(kind: &Stored) -> Value {
    match kind {
        Stored::Reversal(Cause::Doubt(doubt)) => json!({"reversal": name(doubt)}),
        Stored::Reversal(cause) => json!({"reversal": name(cause)}),
        Stored::Acquirers { left } => json!({"acquirer's reversal": {"left": left}}),
        Stored::Advice => json!("advice"),
        Stored::Uncovered => json!("uncovered completion"),
        Stored::Question => json!("question"),
    }
}

/// Data elements and their lengths; the card by its ends, where it is one.
fn masked(body: &Body) -> Value {
    let shown = body.fields().map(|(field, value)| {
        let ends = (field == 2).then(|| Pan::parse(value)).flatten().and_then(|pan| CardEnds::of(&pan));
        (field.to_string(), ends.map_or_else(|| json!(value.len()), |ends| json!(ends.to_string())))
    });
    Value::Object(shown.collect())
}
