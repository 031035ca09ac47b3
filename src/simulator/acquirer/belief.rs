//! What an acquirer believes of a payment, and the report it gives of all of them.

use super::{Run, results::Summary};
use crate::simulator::{
    bank::rules::approves,
    payment::{Payment, code},
};
use banklink_protocol::element::ResponseCode;
use serde::{Deserialize, Serialize};
use std::io::{self, Write};

/// How a payment ended for the acquirer.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "belief", rename_all = "snake_case")]
pub enum Belief {
    /// Approved: it relies on the money.
    Approved {
        /// The amount that is approved, minor units.
        approved: u64,
        /// DE39.
        #[serde(with = "code")]
        code: ResponseCode,
    },
    /// Declined.
    Declined {
        /// DE39.
        #[serde(with = "code")]
        code: ResponseCode,
    },
    /// It was told that nobody answered in time: declined, whatever the bank has.
    TimedOut {
        /// DE39.
        #[serde(with = "code")]
        code: ResponseCode,
    },
    /// Its own reversal was acknowledged.
    Reversed {
        /// DE39 of the acknowledgement.
        #[serde(with = "code")]
        code: ResponseCode,
    },
    /// It never learnt.
    Unknown,
}

impl Belief {
    /// What an answer with this code says.
    #[must_use]
    pub fn told(code: ResponseCode, amount: u64) -> Self {
        match code.as_bytes() {
            b"68" | b"91" | b"911" | b"9110" => Self::TimedOut { code },
            _ if approves(code) => Self::Approved { approved: amount, code },
            _ => Self::Declined { code },
        }
    }
}

/// How many payments ended in each way.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Beliefs {
    /// Approved.
    pub approved: u64,
    /// Declined.
    pub declined: u64,
    /// Told that nobody answered in time.
    pub timed_out: u64,
    /// Its own reversal was acknowledged.
    pub reversed: u64,
    /// Never learnt.
    pub unknown: u64,
}

impl Beliefs {
    /// Counts one more.
    pub(super) fn add(&mut self, belief: Belief) {
        let count = match belief {
            Belief::Approved { .. } => &mut self.approved,
            Belief::Declined { .. } => &mut self.declined,
            Belief::TimedOut { .. } => &mut self.timed_out,
            Belief::Reversed { .. } => &mut self.reversed,
            Belief::Unknown => &mut self.unknown,
        };
        *count += 1;
    }
}

/// A payment as the acquirer saw it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Seen {
    /// The request.
    #[serde(flatten)]
    pub payment: Payment,
    /// How it ended.
    #[serde(flatten)]
    pub belief: Belief,
}

impl Seen {
    /// DE39 of the answer to the payment itself; `None` where none came in time.
    #[must_use]
    pub fn code(&self) -> Option<ResponseCode> {
        match self.belief {
            Belief::Approved { code, .. } | Belief::Declined { code } | Belief::TimedOut { code } => Some(code),
            Belief::Reversed { .. } | Belief::Unknown => None,
        }
    }
}

/// The report of one acquirer.
#[derive(Debug, Serialize)]
struct Report<'a> {
    acquirer: &'a str,
    summary: Summary,
    /// Payments that are not listed, for there were too many.
    not_listed: u64,
    payments: &'a [Seen],
}

/// Writes what the acquirer believes of every payment as one JSON document, card numbers masked.
///
/// # Errors
/// `out` cannot be written.
pub fn write_json(name: &str, run: &Run, out: impl Write) -> io::Result<()> {
    let (summary, payments) = (run.results().summary(), run.seen());
    let report = Report { acquirer: name, summary, not_listed: run.not_listed(), payments };
    let mut out = io::BufWriter::new(out);
    serde_json::to_writer_pretty(&mut out, &report)?;
    out.write_all(b"\n")?;
    out.flush()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_say_what_they_say() {
        let code = |text: &str| ResponseCode::parse(text.as_bytes()).expect("a code");
        assert_eq!(Belief::told(code("00"), 5), Belief::Approved { approved: 5, code: code("00") });
        assert_eq!(Belief::told(code("68"), 5), Belief::TimedOut { code: code("68") });
        assert_eq!(Belief::told(code("911"), 5), Belief::TimedOut { code: code("911") });
        assert_eq!(Belief::told(code("51"), 5), Belief::Declined { code: code("51") });
    }
}
