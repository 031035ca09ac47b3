//! What the two simulators' command lines have in common: how messages stand on the line, TLS, the runtime, the signals
//! that end it.

use super::Failure;
use crate::{
    net::tls::{self, Pem},
    simulator::stream::DialTls,
};
use banklink_protocol::{
    Dialect,
    frame::{Framing, HeaderKind},
};
use rustls::pki_types::ServerName;
use std::{future::Future, path::PathBuf, sync::Arc};
use tokio_rustls::{TlsAcceptor, TlsConnector};

/// Dialect, frame and header of a connection.
#[derive(clap::Args, Debug)]
#[command(next_help_heading = "On the line")]
pub(super) struct Link {
    /// A shipped dialect (`banklink dialect list`) or the path of a dialect file
    #[arg(long, short, value_name = "NAME|FILE", default_value = "iso87-ascii")]
    dialect: String,
    /// The length in front of each message: binary2, binary2-le, binary4, ascii4 or bcd2, or one of these with
    /// -inclusive
    #[arg(long, value_name = "NAME", default_value = "binary2", value_parser = Framing::named)]
    frame: Framing,
    /// The header between length and MTI: none or tpdu
    #[arg(long, value_name = "NAME", default_value = "none", value_parser = HeaderKind::named)]
    header: HeaderKind,
}

impl Link {
    pub(super) fn dialect(&self) -> Result<Arc<Dialect>, Failure> {
        super::dialect::load(&self.dialect)
    }

    pub(super) fn framing(&self) -> Framing {
        self.frame.clone().with_header(self.header)
    }
}

/// Certificates, all PEM. Given, the connection is TLS and both sides show one; left out, it is plain TCP.
#[derive(clap::Args, Debug)]
#[command(next_help_heading = "TLS (plain TCP without)")]
pub(super) struct Tls {
    /// Our certificate chain
    #[arg(long, value_name = "FILE", requires_all = ["key", "ca"])]
    cert: Option<PathBuf>,
    /// Its private key
    #[arg(long, value_name = "FILE", requires = "cert")]
    key: Option<PathBuf>,
    /// The authority that signed the peer's certificate, which is required and verified
    #[arg(long, value_name = "FILE", requires = "cert")]
    ca: Option<PathBuf>,
    /// The name the peer's certificate must carry, where we dial (default: the host that is dialled)
    #[arg(long, value_name = "NAME", requires = "cert")]
    server_name: Option<String>,
}

impl Tls {
    /// For the side that accepts.
    pub(super) fn acceptor(&self) -> Result<Option<TlsAcceptor>, Failure> {
        let Some((identity, roots)) = self.material()? else { return Ok(None) };
        let config = tls::server(identity, Some(roots.into()), tls::MinVersion::default())?;
        Ok(Some(TlsAcceptor::from(config)))
    }

    /// For the side that dials `address`.
    pub(super) fn connector(&self, address: &str) -> Result<Option<DialTls>, Failure> {
        let Some((identity, roots)) = self.material()? else { return Ok(None) };
        let config = tls::client(roots, Some(identity), tls::MinVersion::default())?;
        let host = address.rsplit_once(':').map_or(address, |(host, _)| host).trim_matches(['[', ']']);
        let name = self.server_name.as_deref().unwrap_or(host).to_owned();
        let name =
            ServerName::try_from(name).map_err(|error| Failure::usage(format_args!("--server-name: {error}")))?;
        Ok(Some(DialTls { connector: TlsConnector::from(config), name }))
    }

    fn material(&self) -> Result<Option<(tls::Identity, rustls::RootCertStore)>, Failure> {
        let (Some(cert), Some(key), Some(ca)) = (&self.cert, &self.key, &self.ca) else { return Ok(None) };
        Ok(Some((tls::Identity::load(Pem::File(cert), Pem::File(key))?, tls::roots(Pem::File(ca))?)))
    }
}

/// Runs a simulator on one thread.
pub(super) fn block_on<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(work)
}

/// Completes on SIGINT or SIGTERM.
pub(super) async fn interrupted() -> Result<(), Failure> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let mut terminate = signal(SignalKind::terminate())?;
        tokio::select! {
            interrupted = tokio::signal::ctrl_c() => interrupted?,
            _ = terminate.recv() => {}
        }
    }
    #[cfg(not(unix))]
    tokio::signal::ctrl_c().await?;
    Ok(())
}
