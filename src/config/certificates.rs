//! The `tls` tables: files are read and the TLS settings built while the configuration is checked, so that a missing
//! file or a key that does not fit its certificate is an error with a line, not a surprise at the first connection.

use super::section::{Report, Section, Text};
use crate::net::tls::{self, Identity, MaterialError, MinVersion, Pem, Trust};
use rustls::{ClientConfig, ServerConfig, pki_types::ServerName};
use std::{
    collections::hash_map::DefaultHasher,
    hash::{Hash, Hasher},
    path::PathBuf,
    sync::Arc,
};

/// A side of TLS as the files say it now.
pub(super) struct Side<T> {
    pub(super) config: Arc<T>,
    /// Until when our certificate is valid, in seconds since 1970.
    pub(super) expires: Option<i64>,
    /// Of all that the files hold: tells whether a later reading found something else.
    pub(super) print: u64,
}

/// The accepting side: `cert`, `key`, and the authority of the clients, which `client_ca` names.
pub(super) fn server(
    section: &Section<'_, '_>,
    report: &Report<'_>,
    clients: Option<&'static str>,
) -> Option<Side<ServerConfig>> {
    let identity = identity(section, report);
    let trust = match clients {
        Some(key) => Some(trust(section, report, key)),
        None => section.has("client_ca").then(|| trust(section, report, "client_ca")),
    };
    let min_version = min_version(section);
    let print = print(section, report, clients.unwrap_or("client_ca"));
    if trust.is_none() && section.has("crl") {
        section
            .error(section.span_of("crl"), "`crl` is of use with `client_ca` only: nobody has to show a certificate");
    }
    section.finish();
    let trust = match trust {
        Some(None) => return None,
        Some(trust) => trust,
        None => None,
    };
    let identity = identity?;
    let expires = identity.expires();
    let config = noted(section, tls::server(identity, trust, min_version))?;
    Some(Side { config, expires, print })
}

/// The dialling side: `ca`, `cert`, `key`, and perhaps `server_name`.
pub(super) fn client(
    section: &Section<'_, '_>,
    report: &Report<'_>,
) -> Option<(Side<ClientConfig>, Option<ServerName<'static>>)> {
    let trust = trust(section, report, "ca");
    let identity = identity(section, report);
    let min_version = min_version(section);
    let print = print(section, report, "ca");
    let name = section.text("server_name").map(|text| server_name(section, &text));
    section.finish();
    let identity = identity?;
    let expires = identity.expires();
    let config = noted(section, tls::client(trust?, Some(identity), min_version))?;
    let side = Side { config, expires, print };
    match name {
        Some(None) => None,
        Some(name) => Some((side, name)),
        None => Some((side, None)),
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

/// The authorities that `key` names, and what `crl` says they took back.
fn trust(section: &Section<'_, '_>, report: &Report<'_>, key: &'static str) -> Option<Trust> {
    let file = section.required_text(key);
    let lists = section.texts("crl");
    let file = file?;
    let wrong = |text: &Text, error: MaterialError| section.error(text.span.clone(), &error.to_string());
    let roots = tls::roots(Material::new(report, &file).pem()).map_err(|error| wrong(&file, error)).ok()?;
    let mut trust = Trust::from(roots);
    for list in &lists {
        trust = trust.revoking(Material::new(report, list).pem()).map_err(|error| wrong(list, error)).ok()?;
    }
    Some(trust)
}

/// A fingerprint of every file that the table names; not for secrets to be found by, only to be told apart.
fn print(section: &Section<'_, '_>, report: &Report<'_>, authorities: &'static str) -> u64 {
    let mut hasher = DefaultHasher::new();
    for key in ["cert", "key", authorities, "crl", "min_version"] {
        for text in section.texts(key) {
            key.hash(&mut hasher);
            text.value.hash(&mut hasher);
            if let Material::File(file) = Material::new(report, &text) {
                std::fs::read(file).unwrap_or_default().hash(&mut hasher);
            }
        }
    }
    hasher.finish()
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
