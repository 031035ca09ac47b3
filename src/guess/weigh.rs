//! How sensible a decoded message is, by what the standard says of its fields.
//!
//! None of this is a rule that a message must follow: banks have private processing codes and cards without a check
//! digit. It only has to tell bytes that happen to decode from a message somebody sent.

use banklink_protocol::{
    Message, Mti,
    dialect::Version,
    element::{
        card::Pan,
        code::ProcessingCode,
        money::Currency,
        trace::{OriginalData, Transmission, number},
    },
};
use std::fmt;

/// Something that is odd about the messages.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Doubt {
    /// The data element, 0 the MTI, 1 the bitmap.
    pub field: u8,
    /// What is odd, after the field's name: `is no moment`. Never the value.
    pub what: &'static str,
}

impl fmt::Display for Doubt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.field {
            0 => write!(f, "the MTI {}", self.what),
            1 => write!(f, "the bitmap {}", self.what),
            field => write!(f, "DE{field} {}", self.what),
        }
    }
}

/// What was asked of messages: how often the answer was good, and what it was not good about, each once.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub(super) struct Weight {
    pub(super) good: usize,
    pub(super) bad: usize,
    pub(super) doubts: Vec<Doubt>,
}

impl Weight {
    /// A wrong answer weighs as much as three right ones: a digit that stands where it should not is chance only once.
    pub(super) const fn points(&self) -> i64 {
        self.good as i64 - 3 * self.bad as i64
    }

    fn ask(&mut self, field: u8, good: bool, what: &'static str) {
        if good {
            self.good += 1;
            return;
        }
        self.bad += 1;
        let doubt = Doubt { field, what };
        if !self.doubts.contains(&doubt) {
            self.doubts.push(doubt);
        }
    }

    /// Adds what one message says for itself.
    pub(super) fn add(&mut self, message: &Message) {
        self.head(message);
        for field in message.fields() {
            if message.composite(field).is_some() {
                self.ask(field, true, "");
            } else if !message.is_binary(field)
                && let Some(value) = message.logical(field)
            {
                self.value(message, field, &value);
            }
        }
    }

    fn head(&mut self, message: &Message) {
        let mti = message.mti();
        self.ask(0, of_edition(mti, message.dialect().version()), "is of another edition");
        let sensible = (1..=8).contains(&mti.class()) && mti.function() <= 5 && mti.origin() <= 5;
        self.ask(0, sensible, "is none of the standard's");
        self.ask(1, message.fields().next().is_some(), "announces no field");
        // Nearly every message can be told from the next.
        self.ask(1, message.has(11) || message.has(7) || message.has(37), "announces none of DE7, DE11, DE37");
        if mti.is_response() {
            self.ask(39, message.has(39), "is missing in an answer");
        }
    }

    fn value(&mut self, message: &Message, field: u8, value: &[u8]) {
        let newer = message.dialect().version() != Version::V1987;
        match field {
            2 => {
                self.ask(2, Pan::parse(value).is_some_and(|pan| pan.luhn()), "has not the check digit of a card number")
            }
            3 => self.ask(3, ProcessingCode::parse(value).is_some_and(known), "is none of the known codes"),
            4..=6 => {
                self.ask(field, value.len() < 12 || value.starts_with(b"00"), "is an amount of more than ten digits")
            }
            7 => self.ask(7, value.len() != 10 || Transmission::parse(value).is_some(), "is no moment"),
            12 => self.ask(12, moment(value), "is no time"),
            13 if newer => self.ask(13, year_and_month(value), "is no month"),
            14 => self.ask(14, year_and_month(value), "is no month"),
            13 | 15..=17 => self.ask(field, date(value), "is no date"),
            39 => self.ask(39, value.iter().all(u8::is_ascii_alphanumeric), "is no code"),
            49..=51 => {
                let currency = Currency::parse(value).and_then(Currency::alpha);
                self.ask(field, currency.is_some(), "is no known currency");
            }
            70 => {
                self.ask(70, number(value).is_some_and(|code| (1..400).contains(&code)), "is none of the known codes")
            }
            90 => self.ask(90, OriginalData::parse(value).is_some(), "names no original message"),
            _ => self.ask(field, value.iter().all(|byte| (0x20..0x7F).contains(byte)), "is no plain text"),
        }
    }
}

/// Does the first digit say the dialect's edition, or none of the standard's (8 national, 9 private)?
const fn of_edition(mti: Mti, version: Version) -> bool {
    let digit = match version {
        Version::V1987 => 0,
        Version::V1993 => 1,
        Version::V2003 => 2,
    };
    mti.version() == digit || mti.version() > 7
}

/// Transaction types that the standard or the large networks define, between accounts that are tens (00, 10, 20 …).
fn known(code: ProcessingCode) -> bool {
    let kind = matches!(code.transaction_type(), 0..=24 | 26 | 28..=33 | 35..=40 | 50..=58 | 70..=77 | 90..=94);
    kind && code.from_account()[1] == b'0' && code.to_account()[1] == b'0'
}

/// Two digits at a place.
fn pair(value: &[u8], at: usize) -> Option<u64> {
    number(value.get(at..at + 2)?)
}

fn is_month(value: &[u8], at: usize) -> bool {
    pair(value, at).is_some_and(|month| (1..=12).contains(&month))
}

/// hhmmss, or with a date of six or eight digits before it.
fn moment(value: &[u8]) -> bool {
    let (day, time) = match value.len() {
        6 => (None, value),
        12 => (Some(&value[2..6]), &value[6..]),
        14 => (Some(&value[4..8]), &value[8..]),
        _ => return true,
    };
    let most = |at, most| pair(time, at).is_some_and(|part| part <= most);
    most(0, 23) && most(2, 59) && most(4, 59) && day.is_none_or(date)
}

/// MMDD, or YYMMDD.
fn date(value: &[u8]) -> bool {
    match value.len() {
        4 => {
            let mut transmission = [b'0'; 10];
            transmission[..4].copy_from_slice(value);
            Transmission::parse(&transmission).is_some()
        }
        6 => date(&value[2..]),
        _ => true,
    }
}

/// YYMM.
fn year_and_month(value: &[u8]) -> bool {
    value.len() != 4 || is_month(value, 2)
}
