//! A switch with its banks and acquirers, set up from a few lines of configuration.

use super::{Line, Pki, patiently};
use banklink::{
    config::Config,
    driver::{self, BankSnapshot, Handle, Snapshot},
};
use banklink_protocol::{
    Dialect,
    frame::{Framing, HeaderKind},
};
use rustls::{ServerConfig, pki_types::CertificateDer};
use std::{fmt::Write, net::SocketAddr, path::PathBuf, sync::Arc};
use tempfile::TempDir;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

/// A world to be: text of a configuration, and listeners of banks.
pub(crate) struct Setup {
    pub(crate) pki: Pki,
    pub(crate) folder: TempDir,
    text: String,
    banks: Vec<Bank>,
    routed: bool,
}

/// A scripted bank's listener.
pub(crate) struct Bank {
    name: String,
    listener: TcpListener,
    tls: Arc<ServerConfig>,
    dialect: Arc<Dialect>,
    framing: Framing,
}

/// What runs.
pub(crate) struct World {
    pub(crate) switch: Handle,
    pub(crate) pki: Pki,
    pub(crate) folder: TempDir,
    text: String,
    banks: Vec<Bank>,
}

impl Setup {
    pub(crate) fn new() -> Self {
        let (pki, folder) = (Pki::new(), tempfile::tempdir().expect("a folder"));
        pki.write(folder.path());
        Self {
            pki,
            folder,
            text: "[admin]\nlisten = \"127.0.0.1:0\"\n[journal]\nsegment_mib = 2\n".to_owned(),
            banks: Vec::new(),
            routed: false,
        }
    }

    /// An acquirer of that name, with more lines.
    pub(crate) fn acquirer(mut self, name: &str, dialect: &str, more: &str) -> Self {
        let _ = write!(
            self.text,
            "[[acquirer]]\nname = \"{name}\"\nlisten = \"127.0.0.1:0\"\ndialect = \"{dialect}\"\n{more}\n"
        );
        self
    }

    /// A bank that we dial, one connection and no echoes unless `more` says otherwise.
    pub(crate) async fn bank(self, name: &str, dialect: &str, more: &str) -> Self {
        let tls = self.pki.bank_server();
        self.bank_with(name, dialect, more, tls).await
    }

    /// The same with TLS of the test's own.
    pub(crate) async fn bank_with(mut self, name: &str, dialect: &str, more: &str, tls: Arc<ServerConfig>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("bound");
        let defaults =
            [("connections", "1"), ("echo_idle", "\"0s\""), ("reconnect_min", "\"1ms\""), ("timeout", "\"20s\"")];
        let _ = write!(self.text, "[[bank]]\nname = \"{name}\"\nconnect = [\"{address}\"]\ndialect = \"{dialect}\"\n");
        for (key, value) in defaults {
            if !more.lines().any(|line| line.trim_start().starts_with(key)) {
                let _ = writeln!(self.text, "{key} = {value}");
            }
        }
        if !more.contains("tls =") {
            let _ = writeln!(
                self.text,
                "tls = {{ ca = \"ca.pem\", cert = \"switch.pem\", key = \"switch.key\", server_name = \"bank.test\" }}"
            );
        }
        let _ = writeln!(self.text, "{more}");
        self.banks.push(Bank {
            name: name.to_owned(),
            listener,
            tls,
            dialect: Dialect::load(dialect, Some(self.folder.path())).expect("a dialect"),
            framing: framing(more),
        });
        self
    }

    /// Lines at the end of the configuration.
    pub(crate) fn more(mut self, text: &str) -> Self {
        self.routed |= text.contains("[[route]]");
        let _ = writeln!(self.text, "{text}");
        self
    }

    /// Writes the configuration without starting anything, for a switch that runs as a program of its own.
    pub(crate) fn write(mut self) -> (PathBuf, Vec<Bank>, TempDir) {
        let file = self.write_file();
        (file, self.banks, self.folder)
    }

    /// Without a route of its own, every card goes to the banks in order.
    fn write_file(&mut self) -> PathBuf {
        if !self.routed {
            let names: Vec<_> = self.banks.iter().map(|bank| format!("\"{}\"", bank.name)).collect();
            let _ = writeln!(self.text, "[[route]]\ncards = [\"000000-999999\"]\nbanks = [{}]", names.join(", "));
        }
        let file = self.folder.path().join("config.toml");
        std::fs::write(&file, &self.text).expect("the folder is ours");
        file
    }

    /// Checks the configuration and starts the switch.
    pub(crate) fn start(mut self) -> World {
        let file = self.write_file();
        let config = Config::load(&file).unwrap_or_else(|errors| panic!("{errors}\n{}", self.text));
        let switch = driver::spawn(config).expect("free ports");
        World { switch, pki: self.pki, folder: self.folder, text: self.text, banks: self.banks }
    }
}

impl Bank {
    /// The next connection of the switch to this bank, TLS done.
    pub(crate) async fn connection(&self) -> Line {
        self.connection_with_certificate().await.0
    }

    /// The same with the certificate that the switch showed.
    pub(crate) async fn connection_with_certificate(&self) -> (Line, CertificateDer<'static>) {
        let stream = patiently("TLS", async {
            let (stream, _) = self.listener.accept().await.expect("a connection");
            TlsAcceptor::from(Arc::clone(&self.tls)).accept(stream).await.expect("a handshake")
        })
        .await;
        let shown = stream.get_ref().1.peer_certificates().and_then(|chain| chain.first().cloned());
        (Line::new(stream, Arc::clone(&self.dialect), self.framing.clone()), shown.expect("every bank asks for one"))
    }
}

/// The framing that the lines of a configuration ask for.
fn framing(more: &str) -> Framing {
    let value = |key: &str| {
        let line = more.lines().find_map(|line| line.trim_start().strip_prefix(key))?;
        Some(line.split('"').nth(1)?.to_owned())
    };
    let framing = Framing::named(value("framing =").as_deref().unwrap_or("binary2")).expect("a framing");
    framing.with_header(HeaderKind::named(value("header =").as_deref().unwrap_or("none")).expect("a header"))
}

impl World {
    /// Acquirer `shop` and bank `acme`, both ASCII, with more lines for the bank.
    pub(crate) async fn simple(bank: &str) -> Self {
        Self::between("", bank).await
    }

    /// Acquirer `shop` and bank `acme`, both ASCII, with more lines for each.
    pub(crate) async fn between(acquirer: &str, bank: &str) -> Self {
        let setup = Setup::new().acquirer("shop", "iso87-ascii", acquirer);
        setup.bank("acme", "iso87-ascii", bank).await.start()
    }

    /// The simple world with its bank signed on and an acquirer's session: the usual beginning.
    pub(crate) async fn ready(bank: &str) -> (Self, Line, Line) {
        Self::ready_between("", bank).await
    }

    pub(crate) async fn ready_between(acquirer: &str, bank: &str) -> (Self, Line, Line) {
        let mut world = Self::between(acquirer, bank).await;
        let line = world.signed_on("acme").await;
        let shop = world.shop().await;
        (world, line, shop)
    }

    /// The next connection of the switch to this bank, TLS done.
    pub(crate) async fn connection(&mut self, bank: &str) -> Line {
        self.find(bank).connection().await
    }

    /// The same with the certificate that the switch showed.
    pub(crate) async fn connection_with_certificate(&mut self, bank: &str) -> (Line, CertificateDer<'static>) {
        self.find(bank).connection_with_certificate().await
    }

    /// The next attempt of the switch to connect to this bank, which does not come to TLS: the server's view.
    pub(crate) async fn failed_connection(&mut self, bank: &str) -> std::io::Error {
        let bank = self.find(bank);
        patiently("a failed handshake", async {
            let (stream, _) = bank.listener.accept().await.expect("a connection");
            let handshake = TlsAcceptor::from(Arc::clone(&bank.tls)).accept(stream).await;
            handshake.expect_err("no connection may come of this")
        })
        .await
    }

    /// The next connection to this bank, signed on and taking payments.
    pub(crate) async fn signed_on(&mut self, name: &str) -> Line {
        let mut line = self.connection(name).await;
        let before = self.bank(name).await.up();
        line.sign_on("00").await;
        self.until_bank(name, move |bank| bank.up() > before).await;
        line
    }

    /// Ends the switch at once and starts it again, with the same configuration and the same journal.
    pub(crate) fn started_again(self) -> Self {
        let Self { switch, pki, folder, text, banks } = self;
        drop(switch);
        let config = Config::load(&folder.path().join("config.toml")).unwrap_or_else(|errors| panic!("{errors}"));
        let switch = driver::spawn(config).expect("free ports");
        Self { switch, pki, folder, text, banks }
    }

    fn find(&self, name: &str) -> &Bank {
        self.banks.iter().find(|bank| bank.name == name).expect("a bank of this world")
    }

    pub(crate) fn acquirer_address(&self, name: &str) -> SocketAddr {
        self.switch.acquirer(name).expect("an acquirer of this world")
    }

    /// A session of acquirer `shop`, ASCII with the default framing.
    pub(crate) async fn shop(&self) -> Line {
        self.session("shop", "iso87-ascii", "").await
    }

    /// A session of an acquirer.
    pub(crate) async fn session(&self, name: &str, dialect: &str, more: &str) -> Line {
        let stream = TcpStream::connect(self.acquirer_address(name)).await.expect("the switch listens");
        stream.set_nodelay(true).expect("a socket");
        let dialect = Dialect::load(dialect, Some(self.folder.path())).expect("a dialect");
        Line::new(stream, dialect, framing(more))
    }

    /// Waits until something is true of the switch.
    pub(crate) async fn until(&self, reached: impl FnMut(&Snapshot) -> bool + Send + 'static) -> Snapshot {
        patiently("a state", self.switch.until(reached)).await.expect("the switch runs")
    }

    /// Waits until something is true of a bank.
    pub(crate) async fn until_bank(
        &self,
        name: &str,
        mut reached: impl FnMut(&BankSnapshot) -> bool + Send + 'static,
    ) -> BankSnapshot {
        let wanted = name.to_owned();
        let snapshot = self.until(move |snapshot| snapshot.bank(&wanted).is_some_and(&mut reached)).await;
        snapshot.bank(name).expect("it was there just now").clone()
    }

    /// The bank's state now.
    pub(crate) async fn bank(&self, name: &str) -> BankSnapshot {
        self.until_bank(name, |_| true).await
    }

    /// The text of the configuration, to change and load again.
    pub(crate) fn configuration(&self) -> (&str, PathBuf) {
        (&self.text, self.folder.path().join("config.toml"))
    }
}
