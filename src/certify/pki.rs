//! Throw-away certificates for one run: an authority, the switch's certificates, and what the ends of a script show, the
//! right ones and wrong ones. The private keys never leave the process.

use crate::{
    clock::Wall,
    net::tls::{self, Identity, MaterialError, MinVersion},
    security::pki::{Authority, Credential, Leaf, PkiError, Validity},
};
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use std::sync::Arc;

/// The name that a bank's certificate carries, and the switch asks for.
pub(super) const BANK: &str = "bank.test";
/// The name that the switch's certificate carries.
pub(super) const SWITCH: &str = "switch.test";

/// Days that a certificate of a run is valid.
const DAYS: u32 = 2;

/// Which certificate an end of the script shows.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) enum Certificate {
    /// The one that is asked for.
    #[default]
    Right,
    /// Of an authority that the switch does not know.
    Stranger,
    /// Of the right authority, for somebody else.
    OtherName,
    /// No longer valid.
    Expired,
}

impl Certificate {
    /// The names in a script.
    pub(crate) const ALL: [(&'static str, Self); 4] = [
        ("right", Self::Right),
        ("stranger", Self::Stranger),
        ("other_name", Self::OtherName),
        ("expired", Self::Expired),
    ];
}

/// The authorities of a run.
pub struct Pki {
    authority: Authority,
    stranger: Authority,
    now: Wall,
    client: Credential,
    server: Credential,
}

impl Pki {
    /// Makes the authorities and the switch's certificates, valid from `now` on.
    ///
    /// # Errors
    /// The system has no randomness to give.
    pub fn new(now: Wall) -> Result<Self, PkiError> {
        let validity = Validity::days(now, DAYS);
        let authority = Authority::new("banklink certify", "thrown away at the end of the run", validity)?;
        let stranger = Authority::new("stranger", "nobody knows it", validity)?;
        let client = authority.issue(&Leaf::client(SWITCH, validity))?;
        let server = authority.issue(&Leaf::server(SWITCH, validity))?;
        Ok(Self { authority, stranger, now, client, server })
    }

    /// The `tls` table of a bank that the switch dials.
    pub(super) fn dialling(&self) -> String {
        format!("server_name = '{BANK}'\n{}", self.material("ca", &self.client))
    }

    /// The `tls` table of a listener of the switch; `roots` is the key under which the peers' authority stands.
    pub(super) fn listening(&self, roots: &str) -> String {
        self.material(roots, &self.server)
    }

    fn material(&self, roots: &str, credential: &Credential) -> String {
        let (ca, cert, key) = (self.authority.certificate_pem(), credential.certificate_pem(), credential.key_pem());
        format!("{roots} = '''{ca}'''\ncert = '''{cert}'''\nkey = '''{}'''\n", key.as_str())
    }

    /// A bank that the switch dials.
    pub(super) fn bank_server(&self, shown: Certificate) -> Result<Arc<ServerConfig>, MaterialError> {
        let identity = self.identity(shown, Leaf::server, BANK)?;
        tls::server(identity, Some(self.roots()?.into()), MinVersion::default())
    }

    /// A bank, or an acquirer, that dials the switch and is to be known as `name`.
    pub(super) fn dialler(&self, shown: Certificate, name: &str) -> Result<Arc<ClientConfig>, MaterialError> {
        let identity = self.identity(shown, Leaf::client, name)?;
        tls::client(self.roots()?, Some(identity), MinVersion::default())
    }

    fn identity(
        &self,
        shown: Certificate,
        leaf: impl Fn(&str, Validity) -> Leaf,
        name: &str,
    ) -> Result<Identity, MaterialError> {
        let valid = Validity::days(self.now, DAYS);
        let issued = match shown {
            Certificate::Right => self.authority.issue(&leaf(name, valid)),
            Certificate::Stranger => self.stranger.issue(&leaf(name, valid)),
            Certificate::OtherName => self.authority.issue(&leaf("other.test", valid)),
            Certificate::Expired => self.authority.issue(&leaf(name, Validity::expired(self.now))),
        };
        let credential = issued.map_err(|error| MaterialError::new(&error))?;
        Ok(Identity::new(credential.chain(), credential.key()))
    }

    fn roots(&self) -> Result<RootCertStore, MaterialError> {
        let mut roots = RootCertStore::empty();
        roots.add(self.authority.root()).map_err(|error| MaterialError::new(&error))?;
        Ok(roots)
    }
}
