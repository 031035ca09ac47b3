//! The profile of a development authority: `certs/profile.toml`.

use super::{Authority, Credential, Leaf, PkiError, Validity};
use crate::clock::Wall;
use serde::Deserialize;
use std::fmt;

/// What a development authority is made of.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// Common name of the authority.
    pub authority: String,
    /// Its organisation.
    pub organisation: String,
    /// Days that the authority is valid.
    pub authority_days: u32,
    /// Days that a certificate is valid.
    pub days: u32,
    /// Name of the switch in its certificates.
    pub switch: String,
    /// Banks that get certificates.
    pub banks: Vec<String>,
    /// Names and addresses that servers are valid for beside their own, localhost, 127.0.0.1 and ::1.
    pub hosts: Vec<String>,
}

/// A profile that cannot be read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ProfileError(toml::de::Error);

impl fmt::Display for ProfileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "certificate profile: {}", self.0)
    }
}
impl std::error::Error for ProfileError {}

/// All that a profile asks for, made.
pub struct Issued {
    /// The authority.
    pub authority: Authority,
    /// File name without an ending, and the certificate with its key.
    pub credentials: Vec<(String, Credential)>,
}

impl Default for Profile {
    /// The profile that comes with the program, `certs/profile.toml`.
    fn default() -> Self {
        Self::parse(include_str!("../../../certs/profile.toml")).expect("a test parses the shipped profile")
    }
}

impl Profile {
    /// From TOML.
    ///
    /// # Errors
    /// A key that is missing, unknown or of another type, with its line.
    pub fn parse(text: &str) -> Result<Self, ProfileError> {
        toml::from_str(text).map_err(ProfileError)
    }

    /// Makes an authority, a server and a client certificate of the switch, and both for each bank: who dials shows the
    /// client's, who listens the server's.
    ///
    /// # Errors
    /// A name that cannot stand in a certificate.
    pub fn issue(&self, now: Wall) -> Result<Issued, PkiError> {
        let authority = Authority::new(&self.authority, &self.organisation, Validity::days(now, self.authority_days))?;
        let validity = Validity::days(now, self.days);
        let mut credentials = Vec::new();
        for name in std::iter::once(&self.switch).chain(&self.banks) {
            let mut server = Leaf::server(name, validity);
            server.hosts.extend_from_slice(&self.hosts);
            credentials.push((format!("{name}-server"), authority.issue(&server)?));
            credentials.push((format!("{name}-client"), authority.issue(&Leaf::client(name, validity))?));
        }
        Ok(Issued { authority, credentials })
    }
}
