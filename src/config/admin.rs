//! `[admin]`: where health and metrics are served, and who may look into the switch and operate it.

use super::{
    certificates,
    section::{Report, Section, Text},
};
use aws_lc_rs::{constant_time, digest};
use rustls::ServerConfig;
use std::{fmt, net::SocketAddr, path::PathBuf, sync::Arc};

/// Where the admin endpoint is when `[admin]` does not say.
const LISTEN: &str = "127.0.0.1:9180";
/// The control socket's name when `[admin]` does not say; beside the configuration.
const SOCKET: &str = "banklink.sock";
/// So many characters a token has at least: short ones can be tried out.
const SHORTEST: usize = 24;

/// What somebody may do.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Role {
    /// Look: lists and traces, card data masked.
    Read,
    /// Decide and command as well.
    Operate,
}

/// Somebody who comes over TLS.
#[derive(Clone)]
pub struct Token {
    /// Who it is, for the records.
    pub name: String,
    /// What they may do.
    pub role: Role,
    /// Of what they show: it is compared by its digest, and not kept.
    digest: [u8; 32],
}

impl Token {
    fn new(name: String, role: Role, secret: &str) -> Self {
        Self { name, role, digest: sha256(secret) }
    }

    /// Is this the token?
    #[must_use]
    pub fn is(&self, shown: &str) -> bool {
        constant_time::verify_slices_are_equal(&self.digest, &sha256(shown)).is_ok()
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Token").field("name", &self.name).field("role", &self.role).finish_non_exhaustive()
    }
}

fn sha256(text: &str) -> [u8; 32] {
    digest::digest(&digest::SHA256, text.as_bytes()).as_ref().try_into().expect("SHA-256 has 32 bytes")
}

/// The admin endpoint.
#[derive(Clone)]
pub struct Admin {
    /// Health, readiness and metrics for everybody; with `tls`, the rest for those with a token.
    pub listen: SocketAddr,
    /// The certificate it shows there.
    pub tls: Option<Arc<ServerConfig>>,
    /// A socket of the file system, for its owner alone: everything.
    pub socket: Option<PathBuf>,
    /// Who may come over TLS.
    pub tokens: Vec<Token>,
}

/// `None`: no table, no endpoint.
pub(super) fn read(root: &Section<'_, '_>, report: &Report<'_>) -> Option<Admin> {
    let section = root.section("admin")?;
    let listen = if section.has("listen") { super::acquirer::address(&section, "listen") } else { LISTEN.parse().ok() };
    let socket = match section.text("socket") {
        Some(text) if text.value == "none" => None,
        Some(text) => Some(report.folder().join(text.value)),
        None => Some(report.folder().join(SOCKET)),
    };
    let tls = section.section("tls").map(|tls| certificates::server(&tls, report, None));
    let tokens = section.sections("token");
    if tls.is_none()
        && let Some(first) = tokens.first()
    {
        section.error(first.span.clone(), "a token is of use over TLS only: [admin] needs `tls`");
    }
    let tokens: Vec<_> = tokens.iter().filter_map(|section| token(section, report)).collect();
    section.finish();
    let tls = match tls {
        Some(None) => return None,
        Some(Some(side)) => Some(side.config),
        None => None,
    };
    Some(Admin { listen: listen?, tls, socket: socket.filter(|_| cfg!(unix)), tokens })
}

fn token(section: &Section<'_, '_>, report: &Report<'_>) -> Option<Token> {
    let (name, role, file) =
        (section.required_text("name"), section.required_text("role"), section.required_text("file"));
    section.finish();
    let role = role.and_then(|text| match text.value.as_str() {
        "read" => Some(Role::Read),
        "operate" => Some(Role::Operate),
        other => {
            section.error(text.span, &format!("unknown role \"{other}\"; known are read and operate"));
            None
        }
    });
    let secret = file.and_then(|file| secret(section, report, &file));
    Some(Token::new(name?.value, role?, &secret?))
}

/// What the file holds, without the white space around it.
fn secret(section: &Section<'_, '_>, report: &Report<'_>, file: &Text) -> Option<String> {
    let path = report.folder().join(&file.value);
    let wrong = |message: String| section.error(file.span.clone(), &message);
    match std::fs::read_to_string(&path) {
        Err(error) => wrong(format!("cannot read the token in {}: {error}", path.display())),
        Ok(text) if text.trim().len() < SHORTEST => {
            wrong(format!("the token in {} has fewer than {SHORTEST} characters", path.display()));
        }
        Ok(text) => return Some(text.trim().to_owned()),
    }
    None
}
