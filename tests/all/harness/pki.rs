//! Certificates for one test, made in memory and written where a configuration can name them.

use banklink::{
    net::{
        time::SystemClock,
        tls::{self, Identity, MinVersion},
    },
    security::pki::{Authority, Credential, Folder, Leaf, Validity},
};
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use std::{path::Path, sync::Arc};

/// An authority, and certificates of it by name.
pub(crate) struct Pki {
    pub(crate) authority: Authority,
    /// Another one that nobody trusts.
    pub(crate) stranger: Authority,
}

impl Pki {
    pub(crate) fn new() -> Self {
        let authority = |name| Authority::new(name, "tests", valid()).expect("a plain name");
        Self { authority: authority("authority"), stranger: authority("stranger") }
    }

    /// Writes `ca.pem`, and `switch.pem`/`switch.key` for our side (dialling and dialled).
    pub(crate) fn write(&self, path: &Path) {
        let folder = Folder::new(path);
        folder.write_root("ca", &self.authority).expect("the folder is ours");
        let credential = self.issue(&Leaf::client("switch.test", valid()));
        folder.write_credential("switch", &credential).expect("the folder is ours");
        let credential = self.issue(&Leaf::server("switch.test", valid()));
        folder.write_credential("switch-server", &credential).expect("the folder is ours");
    }

    pub(crate) fn issue(&self, leaf: &Leaf) -> Credential {
        self.authority.issue(leaf).expect("a plain name")
    }

    /// A bank's server side that asks for a certificate of ours.
    pub(crate) fn bank_server(&self) -> Arc<ServerConfig> {
        server(self.issue(&Leaf::server("bank.test", valid())), Some(self.roots()))
    }

    /// A bank's client side, for a bank that dials us.
    pub(crate) fn bank_client(&self, credential: Option<Credential>) -> Arc<ClientConfig> {
        let identity = credential.map(identity);
        tls::client(self.roots(), identity, MinVersion::Tls12).expect("usable material")
    }

    pub(crate) fn roots(&self) -> RootCertStore {
        roots(&self.authority)
    }
}

pub(crate) fn roots(authority: &Authority) -> RootCertStore {
    let mut roots = RootCertStore::empty();
    roots.add(authority.root()).expect("an authority");
    roots
}

/// A server with this certificate.
pub(crate) fn server(credential: Credential, clients: Option<RootCertStore>) -> Arc<ServerConfig> {
    tls::server(identity(credential), clients.map(Into::into), MinVersion::Tls12).expect("usable material")
}

fn identity(credential: Credential) -> Identity {
    Identity::new(credential.chain(), credential.key())
}

pub(crate) fn valid() -> Validity {
    Validity::days(SystemClock::start().now().wall, 30)
}

pub(crate) fn expired() -> Validity {
    Validity::expired(SystemClock::start().now().wall)
}
