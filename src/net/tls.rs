//! TLS for both sides of a link: rustls with aws-lc-rs given explicitly, certificates always verified, no early data
//! (a replayed first flight would be a double debit). There is no switch that turns verification off.

use rustls::{
    CertificateError, ClientConfig, RootCertStore, ServerConfig, SupportedProtocolVersion,
    client::WebPkiServerVerifier,
    pki_types::{CertificateDer, CertificateRevocationListDer, PrivateKeyDer, ServerName, pem::PemObject},
    server::WebPkiClientVerifier,
};
use std::{fmt, io, path::Path, sync::Arc};

/// The oldest protocol version a link accepts.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum MinVersion {
    /// TLS 1.2 and 1.3.
    #[default]
    Tls12,
    /// TLS 1.3 only.
    Tls13,
}

impl MinVersion {
    /// From the configuration: `1.2` or `1.3`.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "1.2" => Some(Self::Tls12),
            "1.3" => Some(Self::Tls13),
            _ => None,
        }
    }

    fn protocols(self) -> &'static [&'static SupportedProtocolVersion] {
        static ALL: [&SupportedProtocolVersion; 2] = [&rustls::version::TLS13, &rustls::version::TLS12];
        match self {
            Self::Tls12 => &ALL,
            Self::Tls13 => &ALL[..1],
        }
    }
}

/// Our own certificate chain with its key.
pub struct Identity {
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Identity [redacted]")
    }
}

/// Key material that cannot be used. The text names the file, never what is in it.
#[derive(Debug)]
pub struct MaterialError(String);

impl fmt::Display for MaterialError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
impl std::error::Error for MaterialError {}

impl MaterialError {
    /// What went wrong while material was made in memory.
    pub(crate) fn new(error: &dyn fmt::Display) -> Self {
        Self(error.to_string())
    }
}

/// Where key material comes from.
#[derive(Clone, Copy)]
pub enum Pem<'a> {
    /// A file.
    File(&'a Path),
    /// The text itself, for what never was in a file.
    Text(&'a str),
}

/// As errors name it: never what is in it.
impl fmt::Display for Pem<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(file) => file.display().fmt(f),
            Self::Text(_) => f.write_str("the PEM text given"),
        }
    }
}

impl Pem<'_> {
    fn certificates(self) -> Result<Vec<CertificateDer<'static>>, MaterialError> {
        let read: Result<Vec<_>, _> = match self {
            Self::File(file) => CertificateDer::pem_file_iter(file).and_then(Iterator::collect),
            Self::Text(text) => CertificateDer::pem_slice_iter(text.as_bytes()).collect(),
        };
        match read {
            Ok(chain) if chain.is_empty() => Err(MaterialError(format!("no certificate in {self}"))),
            Ok(chain) => Ok(chain),
            Err(error) => Err(MaterialError(format!("no certificate in {self}: {}", pem_text(&error)))),
        }
    }

    fn revocations(self) -> Result<Vec<CertificateRevocationListDer<'static>>, MaterialError> {
        let read: Result<Vec<_>, _> = match self {
            Self::File(file) => CertificateRevocationListDer::pem_file_iter(file).and_then(Iterator::collect),
            Self::Text(text) => CertificateRevocationListDer::pem_slice_iter(text.as_bytes()).collect(),
        };
        match read {
            Ok(lists) if lists.is_empty() => Err(MaterialError(format!("no revocation list in {self}"))),
            Ok(lists) => Ok(lists),
            Err(error) => Err(MaterialError(format!("no revocation list in {self}: {}", pem_text(&error)))),
        }
    }

    fn key(self) -> Result<PrivateKeyDer<'static>, MaterialError> {
        let read = match self {
            Self::File(file) => PrivateKeyDer::from_pem_file(file),
            Self::Text(text) => PrivateKeyDer::from_pem_slice(text.as_bytes()),
        };
        read.map_err(|error| MaterialError(format!("no private key in {self}: {}", pem_text(&error))))
    }
}

impl Identity {
    /// A chain (leaf first) and its private key, as made in memory.
    #[must_use]
    pub const fn new(chain: Vec<CertificateDer<'static>>, key: PrivateKeyDer<'static>) -> Self {
        Self { chain, key }
    }

    /// Reads a certificate chain (leaf first) and its private key, both PEM.
    ///
    /// # Errors
    /// A file that cannot be read, or material that holds nothing of the kind.
    pub fn load(certificate: Pem<'_>, key: Pem<'_>) -> Result<Self, MaterialError> {
        Ok(Self { chain: certificate.certificates()?, key: key.key()? })
    }

    /// Until when our certificate is valid, in seconds since 1970; `None` where it cannot be read.
    #[must_use]
    pub fn expires(&self) -> Option<i64> {
        let (_, certificate) = x509_parser::parse_x509_certificate(self.chain.first()?).ok()?;
        Some(certificate.validity().not_after.timestamp())
    }
}

/// PEM errors can quote the line they stumbled over; ours must not.
fn pem_text(error: &rustls::pki_types::pem::Error) -> String {
    match error {
        rustls::pki_types::pem::Error::Io(error) => error.to_string(),
        rustls::pki_types::pem::Error::NoItemsFound => "none found".to_owned(),
        _ => "not well-formed PEM".to_owned(),
    }
}

/// Whom to believe: what a peer's certificate must lead to, and what was taken back of that.
pub struct Trust {
    roots: RootCertStore,
    revoked: Vec<CertificateRevocationListDer<'static>>,
}

impl From<RootCertStore> for Trust {
    fn from(roots: RootCertStore) -> Self {
        Self { roots, revoked: Vec::new() }
    }
}

impl Trust {
    /// With revocation lists (PEM): from now on a peer is refused whose certificate is on one, and one whose issuer has none
    /// here: nothing can be said of it.
    ///
    /// # Errors
    /// A file that cannot be read, or material that holds no list.
    pub fn revoking(mut self, lists: Pem<'_>) -> Result<Self, MaterialError> {
        self.revoked.extend(lists.revocations()?);
        Ok(self)
    }
}

/// The authorities given: what a peer's certificate must lead to.
///
/// # Errors
/// A file that cannot be read, or material that holds no usable certificate.
pub fn roots(pem: Pem<'_>) -> Result<RootCertStore, MaterialError> {
    let mut store = RootCertStore::empty();
    for certificate in pem.certificates()? {
        store.add(certificate).map_err(|error| MaterialError(format!("{pem} is not a usable authority: {error}")))?;
    }
    Ok(store)
}

fn provider() -> Arc<rustls::crypto::CryptoProvider> {
    Arc::new(rustls::crypto::aws_lc_rs::default_provider())
}

/// The dialling side. One `Arc` per peer is held for as long as the peer is configured: it carries the session cache.
///
/// # Errors
/// A key that does not belong to its certificate, or of an unknown kind.
pub fn client(
    trust: impl Into<Trust>,
    identity: Option<Identity>,
    min_version: MinVersion,
) -> Result<Arc<ClientConfig>, MaterialError> {
    let failed = |error: &dyn fmt::Display| MaterialError(error.to_string());
    let Trust { roots, revoked } = trust.into();
    let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider())
        .with_crls(revoked)
        .only_check_end_entity_revocation()
        .build()
        .map_err(|error| failed(&error))?;
    let builder = ClientConfig::builder_with_provider(provider())
        .with_protocol_versions(min_version.protocols())
        .map_err(|error| failed(&error))?
        .with_webpki_verifier(verifier);
    let config = match identity {
        Some(identity) => {
            builder.with_client_auth_cert(identity.chain, identity.key).map_err(|error| mismatch(&error))?
        }
        None => builder.with_no_client_auth(),
    };
    debug_assert!(!config.enable_early_data, "early data can be replayed");
    Ok(Arc::new(config))
}

/// The accepting side; with `clients` every peer must present a certificate of theirs.
///
/// # Errors
/// A key that does not belong to its certificate, or authorities that cannot be used.
pub fn server(
    identity: Identity,
    clients: Option<Trust>,
    min_version: MinVersion,
) -> Result<Arc<ServerConfig>, MaterialError> {
    let builder = ServerConfig::builder_with_provider(provider())
        .with_protocol_versions(min_version.protocols())
        .map_err(|error| MaterialError(error.to_string()))?;
    let builder = match clients {
        Some(Trust { roots, revoked }) => {
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider())
                .with_crls(revoked)
                .only_check_end_entity_revocation()
                .build()
                .map_err(|error| MaterialError(error.to_string()))?;
            builder.with_client_cert_verifier(verifier)
        }
        None => builder.with_no_client_auth(),
    };
    let config = builder.with_single_cert(identity.chain, identity.key).map_err(|error| mismatch(&error))?;
    debug_assert_eq!(config.max_early_data_size, 0, "early data can be replayed");
    Ok(Arc::new(config))
}

fn mismatch(error: &rustls::Error) -> MaterialError {
    match error {
        rustls::Error::InconsistentKeys(_) => {
            MaterialError("the private key does not belong to the certificate".into())
        }
        other => MaterialError(other.to_string()),
    }
}

/// Is the certificate a peer presented (already verified) one for `name`?
#[must_use]
pub fn certificate_is_for(certificates: Option<&[CertificateDer<'_>]>, name: &ServerName<'_>) -> bool {
    let Some(leaf) = certificates.and_then(<[_]>::first) else { return false };
    webpki::EndEntityCert::try_from(leaf)
        .is_ok_and(|certificate| certificate.verify_is_valid_for_subject_name(name).is_ok())
}

/// What went wrong on a TLS connection, said so that an operator knows whose certificate to look at.
#[must_use]
pub fn explain(error: &io::Error) -> String {
    match error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
        Some(tls) => explain_tls(tls),
        None if error.kind() == io::ErrorKind::UnexpectedEof => "the peer closed the connection".to_owned(),
        None => error.to_string(),
    }
}

fn explain_tls(error: &rustls::Error) -> String {
    use rustls::AlertDescription as Alert;
    match error {
        rustls::Error::InvalidCertificate(reason) => explain_certificate(reason),
        rustls::Error::NoCertificatesPresented => "the peer presented no client certificate".to_owned(),
        rustls::Error::AlertReceived(alert) => match alert {
            Alert::CertificateRequired => "the peer asks for a client certificate and got none".to_owned(),
            Alert::UnknownCA => "the peer does not know the authority that signed our certificate".to_owned(),
            Alert::CertificateExpired => "the peer says that our certificate has expired".to_owned(),
            Alert::BadCertificate | Alert::CertificateUnknown | Alert::UnsupportedCertificate => {
                format!("the peer refuses our certificate ({alert:?})")
            }
            Alert::ProtocolVersion => "the peer speaks none of our TLS versions".to_owned(),
            other => format!("the peer ended the TLS connection ({other:?})"),
        },
        rustls::Error::PeerIncompatible(reason) => format!("the peer's TLS is incompatible with ours ({reason:?})"),
        other => other.to_string(),
    }
}

fn explain_certificate(error: &CertificateError) -> String {
    match error {
        CertificateError::UnknownIssuer => {
            "the peer's certificate is not signed by an authority of this link's `ca` file".to_owned()
        }
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            "the peer's certificate has expired".to_owned()
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "the peer's certificate is not valid yet".to_owned()
        }
        CertificateError::NotValidForName => "the peer's certificate is for another name".to_owned(),
        CertificateError::NotValidForNameContext { expected, presented } => {
            let expected = expected.to_str();
            format!("the peer's certificate is not for {expected} but for {}", presented.join(", "))
        }
        CertificateError::Revoked => "the peer's certificate has been revoked".to_owned(),
        CertificateError::UnknownRevocationStatus => {
            "whether the peer's certificate was revoked is not known: no list of its issuer in this link's `crl`"
                .to_owned()
        }
        CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => {
            "the peer's certificate is not meant for this use (client or server)".to_owned()
        }
        other => format!("the peer's certificate does not hold: {other}"),
    }
}
