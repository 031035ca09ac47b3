//! What a load run adds up to: counts by response code and by error, latencies in a histogram, as a table or as JSON.

use super::{belief::Beliefs, ledger::Verdict};
use banklink_protocol::element::ResponseCode;
use hdrhistogram::Histogram;
use serde::Serialize;
use std::{collections::BTreeMap, time::Duration};

/// Longest latency told apart, nanoseconds (one hour).
const LONGEST: u64 = 3_600_000_000_000;

/// The sums of one run.
#[derive(Clone)]
pub struct Results {
    /// Requests sent.
    pub sent: u64,
    /// Right answers.
    pub answered: u64,
    /// Requests that were not sent, for the line was down when they were due.
    pub skipped: u64,
    /// Connections that could not be made, or broke.
    pub line_failures: u64,
    /// Repeats sent.
    pub repeats: u64,
    /// Payments that were approved in answer to a repeat.
    pub recovered: u64,
    /// Reversals sent, repeats of them included.
    pub reversals: u64,
    /// How payments ended.
    pub beliefs: Beliefs,
    /// Answers that came late or again to what was repeated or reversed: to be expected.
    pub late: u64,
    by_code: Vec<(ResponseCode, u64)>,
    errors: [u64; Verdict::ERRORS.len()],
    latency: Histogram<u64>,
    measured_from: u64,
    measured_to: u64,
}

/// The results as they are printed and serialized.
#[derive(Clone, Debug, Serialize)]
pub struct Summary {
    /// Requests sent, warm-up included.
    pub sent: u64,
    /// Right answers, warm-up included.
    pub answered: u64,
    /// Right answers a second, warm-up excluded.
    pub payments_per_second: f64,
    /// Seconds measured, warm-up excluded.
    pub seconds: f64,
    /// Latencies in microseconds, warm-up excluded. Open loop: from the moment the request was meant to leave.
    pub latency_us: LatencySummary,
    /// Answers by DE39.
    pub by_code: BTreeMap<String, u64>,
    /// Errors by kind; only kinds that happened.
    pub errors: BTreeMap<&'static str, u64>,
    /// How payments ended.
    pub beliefs: Beliefs,
    /// What else happened on a line that fails; only what did.
    pub line: BTreeMap<&'static str, u64>,
}

/// Latencies in microseconds.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct LatencySummary {
    /// Half were faster.
    pub p50: f64,
    /// 99 of 100 were faster.
    pub p99: f64,
    /// 999 of 1000 were faster.
    pub p99_9: f64,
    /// The slowest.
    pub max: f64,
    /// The mean.
    pub mean: f64,
}

impl Results {
    /// Nothing yet; latencies and rates are measured from `warm_up` after the start.
    #[must_use]
    pub fn new(warm_up: Duration) -> Self {
        let measured_from = warm_up.as_nanos() as u64;
        Self {
            sent: 0,
            answered: 0,
            skipped: 0,
            line_failures: 0,
            repeats: 0,
            recovered: 0,
            reversals: 0,
            beliefs: Beliefs::default(),
            late: 0,
            by_code: Vec::new(),
            errors: [0; Verdict::ERRORS.len()],
            latency: Histogram::new_with_bounds(1, LONGEST, 3).expect("the bounds are in order"),
            measured_from,
            measured_to: measured_from,
        }
    }

    /// A right answer. Times are nanoseconds since the start of the run.
    pub fn right(&mut self, code: ResponseCode, sent: u64, now: u64) {
        self.answered += 1;
        self.code(code);
        if sent >= self.measured_from {
            self.latency.saturating_record(now.saturating_sub(sent).max(1));
            self.measured_to = now;
        }
    }

    /// Counts a code.
    pub(super) fn code(&mut self, code: ResponseCode) {
        match self.by_code.iter_mut().find(|(known, _)| *known == code) {
            Some((_, count)) => *count += 1,
            None => self.by_code.push((code, 1)),
        }
    }

    /// Anything else.
    pub fn wrong(&mut self, verdict: Verdict) {
        if let Some(at) = Verdict::ERRORS.iter().position(|error| *error == verdict) {
            self.errors[at] += 1;
        }
    }

    /// How often this error happened.
    #[must_use]
    pub fn count(&self, verdict: Verdict) -> u64 {
        Verdict::ERRORS.iter().zip(self.errors).filter(|(error, _)| **error == verdict).map(|(_, count)| count).sum()
    }

    /// All errors.
    #[must_use]
    pub fn errors(&self) -> u64 {
        self.errors.iter().sum()
    }

    /// The figures.
    #[must_use]
    pub fn summary(&self) -> Summary {
        let seconds = (self.measured_to - self.measured_from) as f64 / 1e9;
        let micros = |nanos: u64| nanos as f64 / 1e3;
        let quantile = |q| if self.latency.is_empty() { 0.0 } else { micros(self.latency.value_at_quantile(q)) };
        Summary {
            sent: self.sent,
            answered: self.answered,
            payments_per_second: if seconds > 0.0 { self.latency.len() as f64 / seconds } else { 0.0 },
            seconds,
            latency_us: LatencySummary {
                p50: quantile(0.5),
                p99: quantile(0.99),
                p99_9: quantile(0.999),
                max: micros(self.latency.max()),
                mean: self.latency.mean() / 1e3,
            },
            by_code: self.by_code.iter().map(|(code, count)| (code.to_string(), *count)).collect(),
            errors: Verdict::ERRORS
                .iter()
                .zip(self.errors)
                .filter(|(_, count)| *count > 0)
                .map(|(error, count)| (error.text(), count))
                .collect(),
            beliefs: self.beliefs,
            line: [
                ("not sent, line down", self.skipped),
                ("line failures", self.line_failures),
                ("repeats sent", self.repeats),
                ("approved by a repeat", self.recovered),
                ("reversals sent", self.reversals),
                ("late or second answers", self.late),
            ]
            .into_iter()
            .filter(|(_, count)| *count > 0)
            .collect(),
        }
    }
}

impl Summary {
    /// A table for people.
    #[must_use]
    pub fn table(&self) -> String {
        let mut table = comfy_table::Table::new();
        table.load_style(comfy_table::presets::UTF8_HORIZONTAL_ONLY);
        table.set_header(["payments/s", "p50 µs", "p99 µs", "p99.9 µs", "max µs", "sent", "answered", "errors"]);
        let micros = |value: f64| format!("{value:.0}");
        table.add_row([
            format!("{:.0}", self.payments_per_second),
            micros(self.latency_us.p50),
            micros(self.latency_us.p99),
            micros(self.latency_us.p99_9),
            micros(self.latency_us.max),
            self.sent.to_string(),
            self.answered.to_string(),
            self.errors.values().sum::<u64>().to_string(),
        ]);
        let mut text = table.to_string();
        for (code, count) in &self.by_code {
            text.push_str(&format!("\n  response code {code}: {count}"));
        }
        for (what, count) in &self.line {
            text.push_str(&format!("\n  {what}: {count}"));
        }
        for (error, count) in &self.errors {
            text.push_str(&format!("\n  ERROR {error}: {count}"));
        }
        text
    }
}
