//! `[[bank]]`: whom we ask, how to reach it, and what it is like.

use super::{
    acquirer::{address, count, unique_name, write_timeout},
    certificates, fields,
    section::{Report, Section},
    store,
};
use crate::{
    net::bank::{Direction, Settings, host_of},
    rules::{Bank, Link},
    switch::BankId,
};
use banklink_protocol::{
    Dialect, Mti,
    dialect::Version,
    element::{ResponseCode, Stan},
};
use std::{collections::BTreeMap, ops::RangeInclusive, sync::Arc, time::Duration};

const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_secs(3600);
/// What a profile may say is echoed (domain rule: parts of the match key).
const ECHOABLE: [u64; 6] = [7, 12, 13, 32, 37, 41];

/// What names a message toward the bank: the switch's to choose.
const OWN: [u8; 2] = [7, 11];
/// What names or makes a payment: card, kind, amount, trace, code, currency, PIN, MAC, original data.
const OF_A_PAYMENT: [u8; 13] = [2, 3, 4, 7, 11, 35, 39, 49, 52, 64, 90, 95, 128];

/// All banks; those with mistakes are left out.
pub(super) fn read_all(root: &Section<'_, '_>, report: &Report<'_>) -> (Vec<Bank>, Vec<Settings>) {
    let sections = root.sections("bank");
    if sections.is_empty() {
        root.error(root.span.clone(), "no [[bank]]: there would be nobody to ask");
    }
    let mut names = Vec::new();
    let (mut rules, mut settings) = (Vec::new(), Vec::new());
    for section in &sections {
        let name = unique_name(section, &mut names, "bank");
        let id = BankId(u16::try_from(rules.len()).unwrap_or(u16::MAX));
        if let Some((rule, setting)) = read(section, report, id, name) {
            rules.push(rule);
            settings.push(setting);
        }
    }
    (rules, settings)
}

fn read(
    section: &Section<'_, '_>,
    report: &Report<'_>,
    bank: BankId,
    name: Option<Arc<str>>,
) -> Option<(Bank, Settings)> {
    let direction = direction(section, report);
    let dialect = fields::dialect(section, report);
    let framing = fields::framing(section);
    let header = framing.as_ref().map(|framing| fields::own_header(section, framing.header));
    let connect_timeout = duration(section, "connect_timeout", 10 * SECOND, Duration::from_millis(10)..=60 * SECOND);
    let write_timeout = write_timeout(section);
    let buffer = count(section, "buffer", 4096..=1 << 30, 4 << 20);
    let rule = rule(section, dialect.as_ref());
    section.finish();
    let (name, dialect, framing, header) = (name?, dialect?, framing?, header?);
    let Way { direction, certificate, material } = direction?;
    let we_connect = matches!(direction, Direction::Dial { .. });
    let rule = Bank { name: Arc::clone(&name), dialect: Arc::clone(&dialect), we_connect, header, ..rule? };
    let settings = Settings {
        bank,
        name,
        direction,
        certificate,
        material,
        dialect,
        framing,
        connect_timeout,
        write_timeout,
        buffer,
    };
    Some((rule, settings))
}

/// What the machine may see; name, direction and header are filled in by the caller.
fn rule(section: &Section<'_, '_>, dialect: Option<&Arc<Dialect>>) -> Option<Bank> {
    let version = dialect.map_or(Version::V1987, |dialect| dialect.version());
    let connections = count(section, "connections", 1..=64, usize::from(Bank::CONNECTIONS));
    let answer_timeout = duration(section, "timeout", Bank::ANSWER_TIMEOUT, Duration::from_millis(1)..=600 * SECOND);
    let max_in_flight = count(section, "max_in_flight", 1..=999_999, Bank::MAX_IN_FLIGHT);
    let echoed = echoed(section, dialect);
    check_trace_space(section, &echoed, answer_timeout);
    let rule = Bank {
        name: Arc::from(""),
        connections: u16::try_from(connections).unwrap_or(u16::MAX),
        we_connect: true,
        answer_timeout,
        max_in_flight,
        echoed,
        approving: approving(section, version),
        codes_in: fields::code_table(section, "codes_in"),
        codes_out: fields::code_table(section, "codes_out"),
        fixed: fields::field_table(section, "fixed", &OF_A_PAYMENT, dialect),
        header: banklink_protocol::frame::Header::new(),
        link: link(section, dialect),
        own_requests: own_requests(section, version),
        breaker: number(section, "breaker", 0..=1_000_000, Bank::BREAKER),
        declining: section.texts("declining").iter().filter_map(|text| fields::code(section, text, version)).collect(),
        reversal: store::reversal(section, version),
        store: store::store(section, version),
        holding: store::holding(section),
        dialect: Arc::clone(dialect?),
    };
    Some(rule)
}

fn duration(
    section: &Section<'_, '_>,
    key: &'static str,
    default: Duration,
    range: RangeInclusive<Duration>,
) -> Duration {
    section.duration(key, range).unwrap_or(default)
}

fn number(section: &Section<'_, '_>, key: &'static str, range: RangeInclusive<u64>, default: u32) -> u32 {
    section.integer(key, range).map_or(default, |number| u32::try_from(number).unwrap_or(u32::MAX))
}

/// The way to a bank, with what is known of our certificate on it.
struct Way {
    direction: Direction,
    certificate: Option<i64>,
    material: u64,
}

fn direction(section: &Section<'_, '_>, report: &Report<'_>) -> Option<Way> {
    let tls = section.section("tls");
    if tls.is_none() && !section.has("tls") {
        section.error(section.span.clone(), "a bank needs `tls`: its `ca`, our `cert` and our `key`");
    }
    match (section.has("connect"), section.has("listen")) {
        (true, false) => dial(section, tls.as_ref(), report),
        (false, true) => accept(section, tls.as_ref(), report),
        (both, _) => {
            let message =
                if both { "either `connect` or `listen`, not both" } else { "a bank needs `connect` or `listen`" };
            let at = if both { section.span_of("listen") } else { section.span.clone() };
            section.error(at, message);
            None
        }
    }
}

fn dial(section: &Section<'_, '_>, tls: Option<&Section<'_, '_>>, report: &Report<'_>) -> Option<Way> {
    let texts = section.texts("connect");
    if texts.is_empty() {
        section.error(section.span_of("connect"), "`connect` needs at least one \"host:port\"");
    }
    let mut addresses = Vec::new();
    for text in texts {
        if host_of(&text.value).is_none() {
            section.error(text.span, &format!("\"{}\" is no \"host:port\"", text.value));
        } else {
            addresses.push(text.value);
        }
    }
    let (side, server_name) = certificates::client(tls?, report)?;
    if addresses.is_empty() {
        return None;
    }
    let direction = Direction::Dial { addresses, server_name, tls: side.config };
    Some(Way { direction, certificate: side.expires, material: side.print })
}

fn accept(section: &Section<'_, '_>, tls: Option<&Section<'_, '_>>, report: &Report<'_>) -> Option<Way> {
    let listen = address(section, "listen");
    let name = section.required_text("client_name").and_then(|text| certificates::server_name(section, &text));
    let side = certificates::server(tls?, report, Some("ca"))?;
    let direction = Direction::Accept { listen: listen?, client_name: name?, tls: side.config };
    Some(Way { direction, certificate: side.expires, material: side.print })
}

fn echoed(section: &Section<'_, '_>, dialect: Option<&Arc<Dialect>>) -> Vec<u8> {
    if !section.has("echoed") {
        return Bank::ECHOED.to_vec();
    }
    let mut echoed = Vec::new();
    for (field, span) in section.integers("echoed", 2..=128) {
        let known = u8::try_from(field).ok().filter(|_| ECHOABLE.contains(&field));
        match known {
            Some(field) if dialect.is_none_or(|dialect| dialect.defines(field)) => echoed.push(field),
            Some(field) => section.error(span, &format!("the dialect does not define data element {field}")),
            None => {
                section.error(span, &format!("data element {field} is no part of a match key; of use are {ECHOABLE:?}"))
            }
        }
    }
    echoed
}

/// Where the bank does not echo DE7, an answer is known by its STAN alone: at the link's `rate`, no STAN may come round
/// while an answer under its last use can still arrive.
fn check_trace_space(section: &Section<'_, '_>, echoed: &[u8], answer_timeout: Duration) {
    let rate = count(section, "rate", 1..=1_000_000, 1000);
    let used = answer_timeout.as_millis() * rate as u128 / 1000;
    if echoed.contains(&7) || used <= u128::from(Stan::MAX.0) {
        return;
    }
    let message = format!(
        "`echoed` is without 7, so answers are told apart by STAN alone, and at `rate` = {rate} a second the {} of them \
         come round within `timeout`; a lower rate or a shorter time-out is needed",
        Stan::MAX.0
    );
    section.error(section.span_of("echoed"), &message);
}

fn approving(section: &Section<'_, '_>, version: Version) -> Vec<ResponseCode> {
    let texts = section.texts("approving");
    if !texts.is_empty() {
        return texts.iter().filter_map(|text| fields::code(section, text, version)).collect();
    }
    Bank::approving(version)
}

fn own_requests(section: &Section<'_, '_>, version: Version) -> BTreeMap<Mti, ResponseCode> {
    let Some(table) = section.section("own_requests") else { return BTreeMap::new() };
    let mut answers = BTreeMap::new();
    for (mti, answer) in table.entries() {
        let code = fields::code(section, &answer, version);
        match mti.value.parse::<Mti>() {
            Ok(request) if request.is_request() => {
                if let Some(code) = code {
                    answers.insert(request, code);
                }
            }
            _ => section.error(mti.span, &format!("\"{}\" is not the MTI of a request", mti.value)),
        }
    }
    answers
}

fn link(section: &Section<'_, '_>, dialect: Option<&Arc<Dialect>>) -> Link {
    let short = Duration::from_millis(1);
    let usual = Link::default();
    let link = Link {
        sign_on: section.boolean("sign_on").unwrap_or(usual.sign_on),
        echo_idle: duration(section, "echo_idle", usual.echo_idle, Duration::ZERO..=HOUR),
        network_timeout: duration(section, "network_timeout", usual.network_timeout, short..=600 * SECOND),
        missed_echoes: number(section, "missed_echoes", 1..=100, usual.missed_echoes),
        reconnect_min: duration(section, "reconnect_min", usual.reconnect_min, short..=HOUR),
        reconnect_max: duration(section, "reconnect_max", usual.reconnect_max, short..=HOUR),
        fields: fields::field_table(section, "network_fields", &OWN, dialect),
    };
    if link.reconnect_min > link.reconnect_max {
        section.error(section.span_of("reconnect_min"), "`reconnect_min` is longer than `reconnect_max`");
    }
    link
}
