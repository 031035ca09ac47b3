//! The `tls` tables: files are read and the TLS settings built while the configuration is checked, so that a missing
//! file or a key that does not fit its certificate is an error with a line, not a surprise at the first connection.

use super::section::{Report, Section, Text};
use crate::net::tls::{self, Identity, MaterialError, MinVersion, Pem};
use rustls::{ClientConfig, RootCertStore, ServerConfig, pki_types::ServerName};
use std::{path::PathBuf, sync::Arc};

/// The accepting side: `cert`, `key`, and the authority of the clients, which `client_ca` names.
pub(super) fn server(
    section: &Section<'_, '_>,
    report: &Report<'_>,
    clients: Option<&'static str>,
) -> Option<Arc<ServerConfig>> {
    let identity = identity(section, report);
    let roots = match clients {
        Some(key) => Some(roots(section, report, key)),
        None => section.has("client_ca").then(|| roots(section, report, "client_ca")),
    };
    let min_version = min_version(section);
    section.finish();
    let roots = match roots {
        Some(None) => return None,
        Some(roots) => roots,
        None => None,
    };
    noted(section, tls::server(identity?, roots, min_version))
}

/// The dialling side: `ca`, `cert`, `key`, and perhaps `server_name`.
pub(super) fn client(
    section: &Section<'_, '_>,
    report: &Report<'_>,
) -> Option<(Arc<ClientConfig>, Option<ServerName<'static>>)> {
    let roots = roots(section, report, "ca");
    let identity = identity(section, report);
    let min_version = min_version(section);
    let name = section.text("server_name").map(|text| server_name(section, &text));
    section.finish();
    let config = noted(section, tls::client(roots?, Some(identity?), min_version))?;
    match name {
        Some(None) => None,
        Some(name) => Some((config, name)),
        None => Some((config, None)),
    }
}

/// A name that a certificate is to carry.
pub(super) fn server_name(section: &Section<'_, '_>, text: &Text) -> Option<ServerName<'static>> {
    let name = ServerName::try_from(text.value.clone()).ok();
    if name.is_none() {
        section.error(text.span.clone(), &format!("\"{}\" is no host name or address", text.value));
    }
    name
}

fn identity(section: &Section<'_, '_>, report: &Report<'_>) -> Option<Identity> {
    let (certificate, key) = (section.required_text("cert"), section.required_text("key"));
    let (certificate, key) = (certificate?, key?);
    let (chain, secret) = (Material::new(report, &certificate), Material::new(report, &key));
    match Identity::load(chain.pem(), secret.pem()) {
        Ok(identity) => Some(identity),
        Err(error) => {
            let text = error.to_string();
            let at = if text.starts_with("no private key") { key.span } else { certificate.span };
            section.error(at, &text);
            None
        }
    }
}

fn roots(section: &Section<'_, '_>, report: &Report<'_>, key: &'static str) -> Option<RootCertStore> {
    let file = section.required_text(key)?;
    match tls::roots(Material::new(report, &file).pem()) {
        Ok(roots) => Some(roots),
        Err(error) => {
            section.error(file.span, &error.to_string());
            None
        }
    }
}

/// What `cert`, `key` or `ca` says: the name of a PEM file, or the PEM text itself.
enum Material<'a> {
    File(PathBuf),
    Text(&'a str),
}

impl<'a> Material<'a> {
    fn new(report: &Report<'_>, text: &'a Text) -> Self {
        match text.value.trim_start().starts_with("-----BEGIN ") {
            true => Self::Text(&text.value),
            false => Self::File(report.folder().join(&text.value)),
        }
    }

    fn pem(&self) -> Pem<'_> {
        match self {
            Self::File(file) => Pem::File(file),
            Self::Text(text) => Pem::Text(text),
        }
    }
}

fn min_version(section: &Section<'_, '_>) -> MinVersion {
    let Some(text) = section.text("min_version") else { return MinVersion::default() };
    MinVersion::named(&text.value).unwrap_or_else(|| {
        section.error(text.span, &format!("unknown TLS version \"{}\"; known are 1.2 and 1.3", text.value));
        MinVersion::default()
    })
}

fn noted<T>(section: &Section<'_, '_>, result: Result<T, MaterialError>) -> Option<T> {
    match result {
        Ok(value) => Some(value),
        Err(error) => {
            section.error(section.span.clone(), &error.to_string());
            None
        }
    }
}
