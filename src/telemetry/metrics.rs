//! Metrics in Prometheus' text form.
//!
//! The data path counts in plain numbers of its own thread; a scrape copies them into the handles, which are registered
//! once for each bank and acquirer. So a payment pays nothing for being counted, scraped or not. The one histogram is
//! written here from the driver's fixed buckets: the exporter's own would keep every sample until somebody asks.

use crate::{
    driver::{AcquirerSnapshot, BankSnapshot, Snapshot},
    switch::LinkState,
};
use ::metrics::{Counter, Gauge, Key, Label, Level, Metadata, Recorder, SharedString, Unit};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle, PrometheusRecorder};
use std::{
    collections::HashMap,
    fmt::Write,
    sync::{Arc, Mutex, PoisonError},
};

/// Name, unit and description of a metric.
struct Description(&'static str, Unit, &'static str);

type BankValue = (Description, fn(&BankSnapshot) -> u64);
type AcquirerValue = (Description, fn(&AcquirerSnapshot) -> u64);

const BANK_COUNTERS: [BankValue; 13] = [
    (
        Description("banklink_bank_rejected_total", Unit::Count, "ALARM: messages of ours that its network rejected"),
        |bank| bank.rejected,
    ),
    (Description("banklink_bank_sent_total", Unit::Count, "Payments sent to the bank"), |bank| bank.sent),
    (Description("banklink_bank_not_sent_total", Unit::Count, "Payments of which certainly no byte left"), |bank| {
        bank.not_sent
    }),
    (Description("banklink_bank_approved_total", Unit::Count, "Payments the bank approved in time"), |bank| {
        bank.approved
    }),
    (Description("banklink_bank_declined_total", Unit::Count, "Payments the bank declined in time"), |bank| {
        bank.declined
    }),
    (Description("banklink_bank_timed_out_total", Unit::Count, "Payments the bank did not answer in time"), |bank| {
        bank.timed_out
    }),
    (Description("banklink_bank_late_total", Unit::Count, "Answers after their time-out"), |bank| bank.late),
    (Description("banklink_bank_unknown_total", Unit::Count, "Answers to nothing in flight"), |bank| bank.unknown),
    (Description("banklink_bank_unusable_total", Unit::Count, "Answers that do not fit their request"), |bank| {
        bank.unusable
    }),
    (Description("banklink_bank_unreadable_total", Unit::Count, "Messages of the bank that do not decode"), |bank| {
        bank.unreadable
    }),
    (Description("banklink_bank_requests_total", Unit::Count, "Requests of the bank's own"), |bank| bank.own_requests),
    (Description("banklink_bank_echoes_missed_total", Unit::Count, "Echoes the bank did not answer in time"), |bank| {
        bank.echoes_missed
    }),
    (
        Description("banklink_bank_disconnects_total", Unit::Count, "Connections that ended or failed to come up"),
        |bank| bank.disconnects,
    ),
];

const BANK_GAUGES: [BankValue; 4] = [
    (Description("banklink_bank_stored", Unit::Count, "Reversals and advices the bank has not taken yet"), |bank| {
        bank.stored
    }),
    (Description("banklink_bank_parked", Unit::Count, "ALARM: stored messages that wait for people"), |bank| {
        bank.parked
    }),
    (Description("banklink_bank_in_flight", Unit::Count, "Payments that wait for the bank's answer"), |bank| {
        bank.in_flight
    }),
    (Description("banklink_bank_up", Unit::Count, "Connections of the bank that take payments"), |bank| {
        bank.up() as u64
    }),
];

const ACQUIRER_COUNTERS: [AcquirerValue; 7] = [
    (Description("banklink_acquirer_requests_total", Unit::Count, "Requests taken in"), |acquirer| acquirer.requests),
    (Description("banklink_acquirer_answers_total", Unit::Count, "Answers given"), |acquirer| acquirer.answers),
    (
        Description("banklink_acquirer_ignored_total", Unit::Count, "Messages dropped: nothing that can be answered"),
        |acquirer| acquirer.ignored,
    ),
    (
        Description("banklink_acquirer_undelivered_total", Unit::Count, "Answers that found their session gone"),
        |acquirer| acquirer.undelivered,
    ),
    (Description("banklink_acquirer_sessions_refused_total", Unit::Count, "Sessions refused"), |acquirer| {
        acquirer.refused
    }),
    (
        Description("banklink_acquirer_attached_total", Unit::Count, "Resends that joined a payment under way"),
        |acquirer| acquirer.attached,
    ),
    (
        Description("banklink_acquirer_fields_dropped_total", Unit::Count, "Optional fields a dialect cannot carry"),
        |acquirer| acquirer.fields_dropped,
    ),
];

const ACQUIRER_GAUGES: [AcquirerValue; 2] = [
    (Description("banklink_acquirer_sessions", Unit::Count, "Sessions open"), |acquirer| acquirer.sessions),
    (Description("banklink_acquirer_in_flight", Unit::Count, "Requests that wait for an answer"), |acquirer| {
        acquirer.in_flight
    }),
];

const LINK: Description =
    Description("banklink_bank_connection_state", Unit::Count, "1 for the state a connection is in, 0 for the others");
const REJECTED: Description = Description(
    "banklink_acquirer_rejected_total",
    Unit::Count,
    "Requests the switch answered itself, without a bank, by reason",
);
const READY: Description =
    Description("banklink_ready", Unit::Count, "1 when payments can be taken: a bank is up, and no drain is under way");
const CERTIFICATES: [Description; 2] = [
    Description(
        "banklink_bank_certificate_expires_timestamp_seconds",
        Unit::Seconds,
        "Until when our certificate toward the bank is valid, in seconds since 1970",
    ),
    Description(
        "banklink_acquirer_certificate_expires_timestamp_seconds",
        Unit::Seconds,
        "Until when our certificate toward the acquirer is valid, in seconds since 1970",
    ),
];
/// The histogram, written by hand.
const LATENCY: &str = "banklink_bank_payment_duration_seconds";
/// Powers of two of microseconds that are bucket bounds: 64 µs to 67 s.
const LATENCY_BOUNDS: std::ops::RangeInclusive<u32> = 6..=26;

const STATES: [LinkState; 9] = [
    LinkState::Down,
    LinkState::Connecting,
    LinkState::SigningOn,
    LinkState::Up,
    LinkState::Tripped,
    LinkState::SignedOff,
    LinkState::Held,
    LinkState::Draining,
    LinkState::Closing,
];

static METADATA: Metadata<'static> = Metadata::new("banklink", Level::INFO, Some(module_path!()));

/// The metrics of one switch. It has a recorder of its own: several switches of a process do not mix.
pub struct Metrics {
    recorder: PrometheusRecorder,
    rendered: PrometheusHandle,
    handles: Mutex<Handles>,
}

/// Registered handles, by metric and labels.
#[derive(Default)]
struct Handles {
    counters: HashMap<(&'static str, Vec<String>), Counter>,
    gauges: HashMap<(&'static str, Vec<String>), Gauge>,
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl Metrics {
    /// Describes every metric.
    #[must_use]
    pub fn new() -> Self {
        let recorder = PrometheusBuilder::new().build_recorder();
        let describe = |description: &Description, counter: bool| {
            let Description(name, unit, text) = description;
            let (name, text) = ((*name).into(), SharedString::const_str(text));
            if counter {
                recorder.describe_counter(name, Some(*unit), text);
            } else {
                recorder.describe_gauge(name, Some(*unit), text);
            }
        };
        BANK_COUNTERS.iter().for_each(|(description, _)| describe(description, true));
        ACQUIRER_COUNTERS.iter().for_each(|(description, _)| describe(description, true));
        BANK_GAUGES.iter().for_each(|(description, _)| describe(description, false));
        ACQUIRER_GAUGES.iter().for_each(|(description, _)| describe(description, false));
        CERTIFICATES.iter().for_each(|description| describe(description, false));
        describe(&LINK, false);
        describe(&READY, false);
        describe(&REJECTED, true);
        let rendered = recorder.handle();
        Self { recorder, rendered, handles: Mutex::default() }
    }

    /// The text for a scrape.
    #[must_use]
    pub fn render(&self, snapshot: &Snapshot) -> String {
        let mut handles = self.handles.lock().unwrap_or_else(PoisonError::into_inner);
        for bank in &snapshot.banks {
            self.bank(&mut handles, bank);
        }
        for acquirer in &snapshot.acquirers {
            self.acquirer(&mut handles, acquirer);
        }
        self.gauge(&mut handles, READY.0, &[], u64::from(snapshot.ready));
        self.rendered.run_upkeep();
        let mut text = self.rendered.render();
        histogram(&mut text, &snapshot.banks);
        text
    }

    fn bank(&self, handles: &mut Handles, bank: &BankSnapshot) {
        let label = [("bank", &*bank.name)];
        for (description, value) in &BANK_COUNTERS {
            self.counter(handles, description.0, &label, value(bank));
        }
        for (description, value) in &BANK_GAUGES {
            self.gauge(handles, description.0, &label, value(bank));
        }
        if let Some(expires) = bank.certificate {
            self.gauge(handles, CERTIFICATES[0].0, &label, expires.unsigned_abs());
        }
        for (slot, state) in bank.connections.iter().enumerate() {
            for possible in STATES {
                let labels = [("bank", &*bank.name), ("slot", &*slot.to_string()), ("state", possible.as_str())];
                self.gauge(handles, LINK.0, &labels, u64::from(possible == *state));
            }
        }
    }

    fn acquirer(&self, handles: &mut Handles, acquirer: &AcquirerSnapshot) {
        let label = [("acquirer", &*acquirer.name)];
        for (description, value) in &ACQUIRER_COUNTERS {
            self.counter(handles, description.0, &label, value(acquirer));
        }
        for (description, value) in &ACQUIRER_GAUGES {
            self.gauge(handles, description.0, &label, value(acquirer));
        }
        if let Some(expires) = acquirer.certificate {
            self.gauge(handles, CERTIFICATES[1].0, &label, expires.unsigned_abs());
        }
        for (reason, count) in &acquirer.rejected {
            self.counter(handles, REJECTED.0, &[("acquirer", &*acquirer.name), ("reason", reason)], *count);
        }
    }

    fn counter(&self, handles: &mut Handles, name: &'static str, labels: &[(&'static str, &str)], value: u64) {
        let known = (name, labels.iter().map(|(_, value)| (*value).to_owned()).collect());
        let register = || self.recorder.register_counter(&key(name, labels), &METADATA);
        handles.counters.entry(known).or_insert_with(register).absolute(value);
    }

    #[expect(clippy::cast_precision_loss, reason = "gauges are floats by definition, and ours are small")]
    fn gauge(&self, handles: &mut Handles, name: &'static str, labels: &[(&'static str, &str)], value: u64) {
        let known = (name, labels.iter().map(|(_, value)| (*value).to_owned()).collect());
        let register = || self.recorder.register_gauge(&key(name, labels), &METADATA);
        handles.gauges.entry(known).or_insert_with(register).set(value as f64);
    }
}

fn key(name: &'static str, labels: &[(&'static str, &str)]) -> Key {
    let labels: Vec<Label> = labels.iter().map(|(key, value)| Label::new(*key, Arc::<str>::from(*value))).collect();
    Key::from_parts(name, labels)
}

/// The latency histogram of every bank. Names are letters, digits, `-`, `_` and `.`: nothing to escape.
fn histogram(text: &mut String, banks: &[BankSnapshot]) {
    let _ = writeln!(text, "# HELP {LATENCY} Time from the arrival of a request to its answer, in seconds");
    let _ = writeln!(text, "# TYPE {LATENCY} histogram");
    for bank in banks {
        let name = &bank.name;
        for power in LATENCY_BOUNDS {
            let bound = std::time::Duration::from_micros(1 << power).as_secs_f64();
            let below = bank.latency.below_power(power);
            let _ = writeln!(text, "{LATENCY}_bucket{{bank=\"{name}\",le=\"{bound}\"}} {below}");
        }
        let _ = writeln!(text, "{LATENCY}_bucket{{bank=\"{name}\",le=\"+Inf\"}} {}", bank.latency.count());
        let _ = writeln!(text, "{LATENCY}_sum{{bank=\"{name}\"}} {}", bank.latency.sum().as_secs_f64());
        let _ = writeln!(text, "{LATENCY}_count{{bank=\"{name}\"}} {}", bank.latency.count());
    }
    text.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn snapshot() -> Snapshot {
        let mut bank =
            BankSnapshot { name: "acme".into(), sent: 7, connections: vec![LinkState::Up], ..Default::default() };
        bank.latency.record(std::time::Duration::from_micros(100));
        let acquirer = AcquirerSnapshot {
            name: "shop".into(),
            requests: 9,
            rejected: [("no_route", 2)].into(),
            ..Default::default()
        };
        Snapshot { acquirers: vec![acquirer], banks: vec![bank], ready: true, draining: false, listeners: 0 }
    }

    #[test]
    fn counters_show_the_totals() {
        let metrics = Metrics::new();
        let text = metrics.render(&snapshot());
        for line in [
            "banklink_bank_sent_total{bank=\"acme\"} 7",
            "banklink_acquirer_requests_total{acquirer=\"shop\"} 9",
            "banklink_acquirer_rejected_total{acquirer=\"shop\",reason=\"no_route\"} 2",
            "banklink_bank_connection_state{bank=\"acme\",slot=\"0\",state=\"up\"} 1",
            "banklink_bank_connection_state{bank=\"acme\",slot=\"0\",state=\"down\"} 0",
            "banklink_bank_payment_duration_seconds_bucket{bank=\"acme\",le=\"0.000064\"} 0",
            "banklink_bank_payment_duration_seconds_bucket{bank=\"acme\",le=\"0.000128\"} 1",
            "banklink_bank_payment_duration_seconds_count{bank=\"acme\"} 1",
            "banklink_ready 1",
        ] {
            assert!(text.lines().any(|had| had == line), "wanted {line} in\n{text}");
        }
        let again = metrics.render(&Snapshot::default());
        assert!(again.contains("banklink_ready 0"));
    }

    #[test]
    fn every_metric_is_described() {
        let text = Metrics::new().render(&snapshot());
        let described: Vec<_> = text.lines().filter_map(|line| line.strip_prefix("# HELP ")).collect();
        for line in text.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
            let name = line.split(['{', ' ']).next().unwrap_or_default();
            let base = ["_bucket", "_sum", "_count"].iter().find_map(|part| name.strip_suffix(part)).unwrap_or(name);
            assert!(described.iter().any(|help| help.starts_with(base)), "{name} has no description");
        }
    }
}
