//! The parties of a script: those of a configuration that it starts a switch with, or those it names by their addresses.

use super::{End, Role, Way, read::Reading};
use crate::{
    config::{
        Config,
        section::{Item, Section, Text},
    },
    net::{bank::host_of, tls},
    simulator::stream::DialTls,
};
use banklink_protocol::{
    Dialect,
    frame::{Framing, HeaderKind},
};
use rustls::RootCertStore;
use std::{path::PathBuf, sync::Arc};
use tokio_rustls::TlsConnector;

const KINDS: [(&str, Role); 3] = [("acquirer", Role::Acquirer), ("bank", Role::Bank), ("host", Role::Host)];

/// The ends of a configuration; `[acquirer.NAME]` and `[bank.NAME]` only say how the script behaves there.
pub(super) fn of_config(root: &Section<'_, '_>, config: &Config, ready: bool) -> Vec<End> {
    let mut ends = Vec::new();
    for settings in &config.acquirers {
        let tls = settings.tls.as_ref().map(|_| super::super::pki::SWITCH.to_owned());
        let (dialect, framing) = (Arc::clone(&settings.dialect), settings.framing.clone());
        let (name, way) = (settings.name.to_string(), Way::DialStarted(tls));
        ends.push(End {
            name,
            role: Role::Acquirer,
            dialect,
            framing,
            way,
            ready: u16::from(ready),
            sign_on: false,
            echo: false,
        });
    }
    for (settings, rules) in config.banks.iter().zip(&config.rules.banks) {
        let way = match &settings.direction {
            crate::net::bank::Direction::Dial { .. } => Way::AcceptStarted,
            crate::net::bank::Direction::Accept { client_name, .. } => {
                Way::DialStarted(Some(client_name.to_str().into_owned()))
            }
        };
        let (dialect, framing) = (Arc::clone(&settings.dialect), settings.framing.clone());
        let connections = if ready { rules.connections } else { 0 };
        let name = settings.name.to_string();
        let sign_on = rules.link.sign_on;
        ends.push(End { name, role: Role::Bank, dialect, framing, way, ready: connections, sign_on, echo: false });
    }
    for (key, role) in KINDS {
        for (name, section) in named(root, key) {
            match ends.iter_mut().find(|end| end.name == name.value && end.role == role) {
                Some(end) => manners(&section, end),
                None => section.error(name.span, &format!("the configuration has no {key} \"{}\"", name.value)),
            }
            section.finish();
        }
    }
    ends
}

/// The ends that name their own addresses.
pub(super) fn of_script(reading: &Reading<'_, '_>, root: &Section<'_, '_>, ready: bool) -> Vec<End> {
    let mut ends: Vec<End> = Vec::new();
    for (key, role) in KINDS {
        for (name, section) in named(root, key) {
            let end = end(reading, &section, &name, role, ready);
            section.finish();
            if ends.iter().any(|other| other.name == name.value) {
                section.error(name.span.clone(), &format!("there is another end named \"{}\"", name.value));
            }
            ends.extend(end);
        }
    }
    if ends.is_empty() {
        let message = "nobody to play: wanted a [config] to start a switch with, or [acquirer.NAME], [bank.NAME] or \
                       [host.NAME] with addresses";
        root.error(root.span.clone(), message);
    }
    ends
}

fn named<'a, 'i>(root: &Section<'a, 'i>, key: &'static str) -> Vec<(Text, Section<'a, 'i>)> {
    let Some(table) = root.section(key) else { return Vec::new() };
    let mut named = Vec::new();
    for (name, item) in table.items() {
        match item {
            Item::Table(section) => named.push((name, section)),
            _ => table.error(name.span, &format!("wanted tables [{key}.NAME]")),
        }
    }
    named
}

fn manners(section: &Section<'_, '_>, end: &mut End) {
    if let Some(ready) = section.integer("ready", 0..=64) {
        end.ready = ready as u16;
    }
    if let Some(sign_on) = section.boolean("sign_on") {
        end.sign_on = sign_on;
    }
    if let Some(echo) = section.boolean("echo") {
        end.echo = echo;
    }
}

fn end(reading: &Reading<'_, '_>, section: &Section<'_, '_>, name: &Text, role: Role, ready: bool) -> Option<End> {
    let dialect = section.required_text("dialect").and_then(|wanted| {
        Dialect::load(&wanted.value, Some(reading.report.folder()))
            .map_err(|error| section.error(wanted.span, &format!("dialect \"{}\": {error}", wanted.value)))
            .ok()
    });
    let framing = named_or(section, "framing", "binary2", Framing::named);
    let header = named_or(section, "header", "none", HeaderKind::named);
    let (connect, listen) = (section.text("connect"), section.text("listen"));
    let way = match (connect, listen) {
        (Some(address), None) => dial(reading, section, &address),
        (None, Some(address)) => accept(reading, section, &address),
        _ => {
            let message = format!("end \"{}\" needs `connect` or `listen`, and only one of them", name.value);
            section.error(name.span.clone(), &message);
            None
        }
    };
    let framing = framing?.with_header(header?);
    let ready = u16::from(ready);
    let (name, sign_on) = (name.value.clone(), role == Role::Bank);
    let mut end = End { name, role, dialect: dialect?, framing, way: way?, ready, sign_on, echo: true };
    manners(section, &mut end);
    Some(end)
}

fn named_or<T, E: std::fmt::Display>(
    section: &Section<'_, '_>,
    key: &'static str,
    default: &str,
    named: impl Fn(&str) -> Result<T, E>,
) -> Option<T> {
    let text = section.text(key);
    let found = named(text.as_ref().map_or(default, |text| &text.value));
    found.map_err(|error| section.error(section.span_of(key), &error.to_string())).ok()
}

fn dial(reading: &Reading<'_, '_>, section: &Section<'_, '_>, address: &Text) -> Option<Way> {
    let Some(host) = host_of(&address.value) else {
        section.error(address.span.clone(), &format!("\"{}\" is no address to dial; wanted host:port", address.value));
        return None;
    };
    let Some(tls) = section.section("tls") else { return Some(Way::Dial(address.value.clone(), None)) };
    let material = material(reading, &tls);
    let name = match tls.text("server_name") {
        None => Some(host),
        Some(text) => {
            let name = rustls::pki_types::ServerName::try_from(text.value.clone()).ok();
            if name.is_none() {
                tls.error(text.span, &format!("\"{}\" is no host name or address", text.value));
            }
            name
        }
    };
    tls.finish();
    let (identity, roots) = material?;
    let config = noted(&tls, tls::client(roots, Some(identity), tls::MinVersion::default()))?;
    let tls = DialTls { connector: TlsConnector::from(config), name: name? };
    Some(Way::Dial(address.value.clone(), Some(tls)))
}

fn accept(reading: &Reading<'_, '_>, section: &Section<'_, '_>, address: &Text) -> Option<Way> {
    let Ok(listen) = address.value.parse() else {
        let message = format!("\"{}\" is no address to listen on; wanted IP:port", address.value);
        section.error(address.span.clone(), &message);
        return None;
    };
    let Some(tls) = section.section("tls") else { return Some(Way::Accept(listen, None)) };
    let material = material(reading, &tls);
    tls.finish();
    let (identity, roots) = material?;
    let config = noted(&tls, tls::server(identity, Some(roots.into()), tls::MinVersion::default()))?;
    Some(Way::Accept(listen, Some(config)))
}

/// `cert`, `key` and `ca`: ours, and the peer's authority.
fn material(reading: &Reading<'_, '_>, tls: &Section<'_, '_>) -> Option<(tls::Identity, RootCertStore)> {
    let (cert, key, ca) = (tls.required_text("cert"), tls.required_text("key"), tls.required_text("ca"));
    let file = |text: Text| -> PathBuf { reading.report.folder().join(text.value) };
    let (cert, key, ca) = (file(cert?), file(key?), file(ca?));
    let identity = noted(tls, tls::Identity::load(tls::Pem::File(&cert), tls::Pem::File(&key)));
    let roots = noted(tls, tls::roots(tls::Pem::File(&ca)));
    Some((identity?, roots?))
}

fn noted<T>(section: &Section<'_, '_>, made: Result<T, tls::MaterialError>) -> Option<T> {
    made.map_err(|error| section.error(section.span.clone(), &error.to_string())).ok()
}
