//! A development public key infrastructure: a certificate authority and the certificates it signs, made in memory.
//!
//! For `banklink certs`, the demo and the tests. Keys are ECDSA P-256, new each time, and never leave the process unless
//! [`Folder`] writes them. A bank's real certificates come from the bank's own authority, not from here.

mod folder;
mod profile;

pub use folder::{Folder, FolderError};
pub use profile::{Issued, Profile, ProfileError};

use crate::clock::Wall;
use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, CertifiedIssuer, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose, IsCa, KeyIdMethod, KeyPair, KeyUsagePurpose, RevokedCertParams, SerialNumber,
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use std::fmt;
use time::{Duration, OffsetDateTime};
use zeroize::Zeroizing;

/// Clocks of two machines differ: what is issued now is valid since yesterday.
const BACKDATED: Duration = Duration::days(1);

/// The names every server certificate is valid for, beside its own.
pub const LOCAL_HOSTS: [&str; 3] = ["localhost", "127.0.0.1", "::1"];

/// From when until when a certificate is valid.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Validity {
    from: OffsetDateTime,
    until: OffsetDateTime,
}

impl Validity {
    /// For so many days from now (and since yesterday, since clocks differ).
    #[must_use]
    pub fn days(now: Wall, days: u32) -> Self {
        let now = moment(now);
        Self { from: now.saturating_sub(BACKDATED), until: now.saturating_add(Duration::days(i64::from(days))) }
    }

    /// Ended an hour ago: for trying what a peer says to an expired certificate.
    #[must_use]
    pub fn expired(now: Wall) -> Self {
        let now = moment(now);
        Self { from: now.saturating_sub(Duration::days(30)), until: now.saturating_sub(Duration::hours(1)) }
    }
}

/// What a certificate may be shown for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Role {
    /// By the side that listens.
    Server,
    /// By the side that dials.
    Client,
}

/// What a certificate is to say.
#[derive(Clone, Debug)]
pub struct Leaf {
    /// Common name, and a name it is valid for.
    pub name: String,
    /// Further names and addresses it is valid for.
    pub hosts: Vec<String>,
    /// What it may be shown for.
    pub role: Role,
    /// When it is valid.
    pub validity: Validity,
}

impl Leaf {
    /// A server's, valid for its name and for this machine ([`LOCAL_HOSTS`]).
    #[must_use]
    pub fn server(name: &str, validity: Validity) -> Self {
        let hosts = LOCAL_HOSTS.map(str::to_owned).to_vec();
        Self { name: name.to_owned(), hosts, role: Role::Server, validity }
    }

    /// A client's, known by its name alone.
    #[must_use]
    pub fn client(name: &str, validity: Validity) -> Self {
        Self { name: name.to_owned(), hosts: Vec::new(), role: Role::Client, validity }
    }
}

/// A certificate with its private key. `Debug` shows neither.
pub struct Credential {
    certificate: CertificateDer<'static>,
    certificate_pem: String,
    key: KeyPair,
}

impl Credential {
    /// The chain to show: the certificate alone, since the authority signs directly.
    #[must_use]
    pub fn chain(&self) -> Vec<CertificateDer<'static>> {
        vec![self.certificate.clone()]
    }

    /// The private key, PKCS #8.
    #[must_use]
    pub fn key(&self) -> PrivateKeyDer<'static> {
        PrivatePkcs8KeyDer::from(self.key.serialize_der()).into()
    }

    /// The certificate, PEM.
    #[must_use]
    pub fn certificate_pem(&self) -> &str {
        &self.certificate_pem
    }

    /// The private key, PKCS #8 in PEM.
    #[must_use]
    pub fn key_pem(&self) -> Zeroizing<String> {
        Zeroizing::new(self.key.serialize_pem())
    }
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credential([redacted])")
    }
}

/// A certificate authority. Two of the same name are still two: each has its own key.
pub struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
}

impl Authority {
    /// A new authority.
    ///
    /// # Errors
    /// A name that cannot stand in a certificate.
    pub fn new(name: &str, organisation: &str, validity: Validity) -> Result<Self, PkiError> {
        let mut params = CertificateParams::default();
        params.distinguished_name = distinguished(name, organisation);
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        (params.not_before, params.not_after) = (validity.from, validity.until);
        let key = KeyPair::generate().map_err(|error| PkiError::new(name, &error))?;
        let issuer = CertifiedIssuer::self_signed(params, key).map_err(|error| PkiError::new(name, &error))?;
        Ok(Self { issuer })
    }

    /// Makes a key and signs a certificate for it.
    ///
    /// # Errors
    /// A name that cannot stand in a certificate.
    pub fn issue(&self, leaf: &Leaf) -> Result<Credential, PkiError> {
        let failed = |error| PkiError::new(&leaf.name, &error);
        let names: Vec<String> = std::iter::once(&leaf.name).chain(&leaf.hosts).cloned().collect();
        let mut params = CertificateParams::new(names).map_err(failed)?;
        params.distinguished_name = distinguished(&leaf.name, "");
        params.use_authority_key_identifier_extension = true;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![match leaf.role {
            Role::Server => ExtendedKeyUsagePurpose::ServerAuth,
            Role::Client => ExtendedKeyUsagePurpose::ClientAuth,
        }];
        (params.not_before, params.not_after) = (leaf.validity.from, leaf.validity.until);
        let key = KeyPair::generate().map_err(failed)?;
        let certificate = params.signed_by(&key, &self.issuer).map_err(failed)?;
        Ok(Credential { certificate: certificate.der().clone(), certificate_pem: certificate.pem(), key })
    }

    /// A list, PEM, that takes these certificates back.
    ///
    /// # Errors
    /// A list that cannot be signed.
    pub fn revoke(&self, credentials: &[&Credential], validity: Validity) -> Result<String, PkiError> {
        let mut revoked_certs = Vec::new();
        for credential in credentials {
            let read = x509_parser::parse_x509_certificate(&credential.certificate).ok();
            let (_, certificate) = read.expect("a certificate that was just made");
            revoked_certs.push(RevokedCertParams {
                serial_number: SerialNumber::from_slice(certificate.raw_serial()),
                revocation_time: validity.from,
                reason_code: None,
                invalidity_date: None,
            });
        }
        let params = CertificateRevocationListParams {
            this_update: validity.from,
            next_update: validity.until,
            crl_number: SerialNumber::from(1),
            issuing_distribution_point: None,
            revoked_certs,
            key_identifier_method: KeyIdMethod::Sha256,
        };
        let failed = |error| PkiError::new("revocation list", &error);
        params.signed_by(&self.issuer).map_err(failed)?.pem().map_err(failed)
    }

    /// The root to trust.
    #[must_use]
    pub fn root(&self) -> CertificateDer<'static> {
        self.issuer.der().clone()
    }

    /// The root to trust, PEM.
    #[must_use]
    pub fn certificate_pem(&self) -> String {
        self.issuer.pem()
    }

    /// The authority's private key, PKCS #8 in PEM.
    #[must_use]
    pub fn key_pem(&self) -> Zeroizing<String> {
        Zeroizing::new(self.issuer.key().serialize_pem())
    }
}

impl fmt::Debug for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Authority([redacted])")
    }
}

/// A certificate that cannot be made.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PkiError {
    name: String,
    reason: String,
}

impl PkiError {
    fn new(name: &str, error: &rcgen::Error) -> Self {
        Self { name: name.to_owned(), reason: error.to_string() }
    }
}

impl fmt::Display for PkiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "certificate {:?}: {}", self.name, self.reason)
    }
}
impl std::error::Error for PkiError {}

fn distinguished(name: &str, organisation: &str) -> DistinguishedName {
    let mut distinguished = DistinguishedName::new();
    if !organisation.is_empty() {
        distinguished.push(DnType::OrganizationName, organisation);
    }
    distinguished.push(DnType::CommonName, name);
    distinguished
}

/// Certificates know seconds of four-digit years; any other wall clock is broken, and what it issues is long expired.
fn moment(wall: Wall) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(wall.0.div_euclid(1_000_000)).unwrap_or(OffsetDateTime::UNIX_EPOCH)
}

#[cfg(test)]
mod tests;
