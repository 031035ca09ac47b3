//! `[[acquirer]]`: who may ask us, where, and how.

use super::{
    certificates, fields,
    section::{Report, Section},
};
use crate::{
    net::acquirer::{Network, Settings},
    rules::{Acquirer, RrnPolicy},
    switch::AcquirerId,
};
use std::{net::SocketAddr, sync::Arc, time::Duration};

const SECOND: Duration = Duration::from_secs(1);
const DAY: Duration = Duration::from_secs(24 * 3600);

/// All acquirers; those with mistakes are left out.
pub(super) fn read_all(root: &Section<'_, '_>, report: &Report<'_>) -> (Vec<Acquirer>, Vec<Settings>) {
    let sections = root.sections("acquirer");
    if sections.is_empty() {
        root.error(root.span.clone(), "no [[acquirer]]: nobody could ask us anything");
    }
    let mut names: Vec<String> = Vec::new();
    let (mut rules, mut settings) = (Vec::new(), Vec::new());
    for section in &sections {
        let name = unique_name(section, &mut names, "acquirer");
        let id = AcquirerId(u16::try_from(rules.len()).unwrap_or(u16::MAX));
        if let Some((rule, setting)) = read(section, report, id, name) {
            rules.push(rule);
            settings.push(setting);
        }
    }
    (rules, settings)
}

/// The `name` of an acquirer or bank, once only.
pub(super) fn unique_name(section: &Section<'_, '_>, names: &mut Vec<String>, kind: &str) -> Option<Arc<str>> {
    let text = section.required_text("name")?;
    let fits = |character: char| character.is_ascii_alphanumeric() || "-_.".contains(character);
    if text.value.is_empty() || text.value.len() > 64 || !text.value.chars().all(fits) {
        section.error(text.span, "a name is 1 to 64 letters, digits, `-`, `_` or `.`");
        return None;
    }
    if names.contains(&text.value) {
        section.error(text.span, &format!("there is another {kind} named \"{}\"", text.value));
        return None;
    }
    names.push(text.value.clone());
    Some(Arc::from(text.value))
}

fn read(
    section: &Section<'_, '_>,
    report: &Report<'_>,
    id: AcquirerId,
    name: Option<Arc<str>>,
) -> Option<(Acquirer, Settings)> {
    let listen = address(section, "listen");
    let dialect = fields::dialect(section, report);
    let framing = fields::framing(section);
    let (idle_timeout, write_timeout) = (idle_timeout(section), write_timeout(section));
    let max_sessions = count(section, "max_sessions", 1..=100_000, 256);
    let max_in_flight = count(section, "max_in_flight", 1..=999_999, Acquirer::MAX_IN_FLIGHT);
    let rate = count(section, "rate", 1..=10_000_000, 0) as u32;
    let inquiry_rate = count(section, "inquiry_rate", 1..=10_000_000, 0) as u32;
    let buffer = count(section, "buffer", 4096..=1 << 30, 1 << 20);
    let allow = networks(section);
    let rrn = rrn(section);
    let luhn = section.boolean("luhn").unwrap_or(false);
    let processing = fields::ranges(section, "processing", &(0..=99));
    let duplicate_rrn = section.boolean("duplicate_rrn").unwrap_or(false);
    let duplicate_transmission = section.boolean("duplicate_transmission").unwrap_or(false);
    let partial_approvals = section.boolean("partial_approvals").unwrap_or(false);
    let grace = section.duration("undelivered_grace", Duration::ZERO..=Duration::from_secs(3600));
    let undelivered_grace = grace.unwrap_or(Acquirer::UNDELIVERED_GRACE);
    let tls = section.section("tls").map(|tls| certificates::server(&tls, report, None));
    let version = dialect.as_ref().map_or(banklink_protocol::dialect::Version::V1987, |dialect| dialect.version());
    let full_code = fields::code_or(section, "full_code", version, Acquirer::full_code(version));
    let timeout_code = fields::code_or(section, "timeout_code", version, Acquirer::timeout_code(version));
    section.finish();
    let (name, listen, dialect, framing) = (name?, listen?, dialect?, framing?);
    let (tls, certificate) = match tls {
        Some(built) => built.map(|side| (Some(side.config), side.expires))?,
        None => (None, None),
    };
    let rule = Acquirer {
        name: Arc::clone(&name),
        dialect: Arc::clone(&dialect),
        max_in_flight,
        rate,
        inquiry_rate,
        full_code,
        timeout_code,
        rrn,
        luhn,
        processing,
        duplicate_rrn,
        duplicate_transmission,
        partial_approvals,
        undelivered_grace,
    };
    let settings = Settings {
        acquirer: id,
        name,
        listen,
        dialect,
        framing,
        max_sessions,
        idle_timeout,
        write_timeout,
        buffer,
        allow,
        tls,
        certificate,
    };
    Some((rule, settings))
}

/// An address to listen on.
pub(super) fn address(section: &Section<'_, '_>, key: &'static str) -> Option<SocketAddr> {
    let text = section.required_text(key)?;
    let address = text.value.parse().ok();
    if address.is_none() {
        let message = format!("\"{}\" is no address to listen on; wanted IP:port, like \"0.0.0.0:8583\"", text.value);
        section.error(text.span, &message);
    }
    address
}

/// A number with a default.
pub(super) fn count(
    section: &Section<'_, '_>,
    key: &'static str,
    range: std::ops::RangeInclusive<u64>,
    default: usize,
) -> usize {
    section.integer(key, range).map_or(default, |number| usize::try_from(number).unwrap_or(usize::MAX))
}

/// `write_timeout`, 10 s by default.
pub(super) fn write_timeout(section: &Section<'_, '_>) -> Duration {
    section.duration("write_timeout", Duration::from_millis(10)..=60 * SECOND).unwrap_or(10 * SECOND)
}

/// `idle_timeout`; absent or `"0s"` = never.
fn idle_timeout(section: &Section<'_, '_>) -> Option<Duration> {
    section.duration("idle_timeout", Duration::ZERO..=DAY).filter(|timeout| !timeout.is_zero())
}

fn networks(section: &Section<'_, '_>) -> Vec<Network> {
    let mut networks = Vec::new();
    for text in section.texts("allow") {
        match Network::parse(&text.value) {
            Some(network) => networks.push(network),
            None => {
                let message = format!("\"{}\" is no network; wanted one like \"10.0.0.0/8\"", text.value);
                section.error(text.span, &message);
            }
        }
    }
    networks
}

fn rrn(section: &Section<'_, '_>) -> RrnPolicy {
    let Some(text) = section.text("rrn") else { return RrnPolicy::AsSent };
    match text.value.as_str() {
        "as-sent" => RrnPolicy::AsSent,
        "assigned" => RrnPolicy::Assigned,
        other => {
            section.error(text.span, &format!("unknown RRN policy \"{other}\"; known are as-sent and assigned"));
            RrnPolicy::AsSent
        }
    }
}
