//! `[switch]` and `[log]`.

use super::{
    acquirer::count,
    journal,
    section::{Report, Section},
};
use crate::rules::Rules;

/// What is logged, and how.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Log {
    /// A level, or directives like `info,banklink::net=debug`.
    pub level: String,
    /// How lines look.
    pub format: LogFormat,
    /// One line a payment?
    pub payments: bool,
}

/// How log lines look.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

impl Default for Log {
    fn default() -> Self {
        Self { level: "info".to_owned(), format: LogFormat::Text, payments: true }
    }
}

/// `[switch]` and `[journal]`: the number of payments remembered after their answer, and the journal.
pub(super) fn switch(root: &Section<'_, '_>, report: &Report<'_>) -> (usize, Option<journal::Settings>) {
    let section = root.section("switch");
    let recent = section.as_ref().map_or(Rules::RECENT, |section| count(section, "recent", 1..=1 << 28, Rules::RECENT));
    let journal = journal::read(root, section.as_ref(), report);
    if let Some(section) = section {
        section.finish();
    }
    (recent, journal)
}

/// `[log]`.
pub(super) fn log(root: &Section<'_, '_>) -> Log {
    let mut log = Log::default();
    let Some(section) = root.section("log") else { return log };
    if let Some(text) = section.text("level") {
        if text.value.parse::<tracing_subscriber::filter::EnvFilter>().is_err() {
            section.error(text.span.clone(), &format!("\"{}\" is no log level; wanted one like \"info\"", text.value));
        }
        log.level = text.value;
    }
    if let Some(text) = section.text("format") {
        match text.value.as_str() {
            "text" => log.format = LogFormat::Text,
            "json" => log.format = LogFormat::Json,
            other => section.error(text.span, &format!("unknown log format \"{other}\"; known are text and json")),
        }
    }
    log.payments = section.boolean("payments").unwrap_or(true);
    section.finish();
    log
}
