//! What a script stands on: the listeners of its banks, a folder for the journal, and the switch where it starts one.

use crate::{
    certify::{
        pki::{Certificate, Pki},
        script::{End, Role, Script, Way},
        wiring::Wiring,
    },
    driver::{self, Handle},
    net::tls::explain,
    simulator::stream::{DialTls, Stream},
};
use rustls::pki_types::ServerName;
use std::{
    io,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::{TlsAcceptor, TlsConnector};

/// A folder that is gone when the run is.
struct Folder(PathBuf);

impl Folder {
    fn new() -> io::Result<Self> {
        static RUNS: AtomicU64 = AtomicU64::new(0);
        let run = RUNS.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("banklink-certify-{}-{run}", std::process::id()));
        std::fs::create_dir(&path)?;
        Ok(Self(path))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What cannot be removed is left to who cleans the system's folder.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// All that stands before the first step.
pub(super) struct Stage<'s> {
    script: &'s Script,
    pki: &'s Pki,
    /// Declared before the folder: the switch ends before its journal goes.
    switch: Option<Handle>,
    /// One for each end that is dialled.
    listeners: Vec<Option<TcpListener>>,
    folder: Folder,
}

impl<'s> Stage<'s> {
    /// Binds the listeners and starts the switch.
    pub(super) async fn set(script: &'s Script, pki: &'s Pki) -> Result<Self, String> {
        let folder = Folder::new().map_err(|error| format!("a temporary folder: {error}"))?;
        let mut listeners = Vec::new();
        for end in &script.ends {
            let address = match &end.way {
                Way::AcceptStarted => SocketAddr::from(([127, 0, 0, 1], 0)),
                Way::Accept(address, _) => *address,
                Way::Dial(..) | Way::DialStarted(_) => {
                    listeners.push(None);
                    continue;
                }
            };
            let listener = TcpListener::bind(address).await;
            listeners
                .push(Some(listener.map_err(|error| format!("{} cannot listen on {address}: {error}", end.name))?));
        }
        let mut stage = Self { script, pki, switch: None, listeners, folder };
        stage.start()?;
        Ok(stage)
    }

    /// Starts the switch, if the script has one.
    fn start(&mut self) -> Result<(), String> {
        let Some(source) = &self.script.start else { return Ok(()) };
        let listening = self.script.ends.iter().zip(&self.listeners);
        let banks: Vec<(String, SocketAddr)> = listening
            .filter_map(|(end, listener)| Some((end.name.clone(), listener.as_ref()?.local_addr().ok()?)))
            .collect();
        let journal = self.folder.0.join("journal");
        let wiring = Wiring { pki: self.pki, journal: Some(Path::new(&journal)), banks: &banks };
        let config = source.config((&self.script.file, &self.script.text), &wiring);
        let config = config.map_err(|errors| errors.to_string())?;
        self.switch = Some(driver::spawn(config).map_err(|error| error.to_string())?);
        Ok(())
    }

    /// Ends the switch at once and starts it again, on the same journal.
    pub(super) fn restart(&mut self) -> Result<(), String> {
        self.switch = None;
        self.start()
    }

    /// The switch, where the script started one.
    pub(super) fn switch(&self) -> Option<&Handle> {
        self.switch.as_ref()
    }

    /// A connection at this end: the next of its peer, or one that it makes.
    pub(super) async fn connection(&self, place: usize, shown: Certificate) -> Result<Box<dyn Stream>, String> {
        let end = &self.script.ends[place];
        let told = |error: io::Error| explain(&error);
        match &end.way {
            Way::AcceptStarted => {
                let tls = self.pki.bank_server(shown).map_err(|error| error.to_string())?;
                self.accept(place, Some(tls)).await.map_err(told)
            }
            Way::Accept(_, tls) => self.accept(place, tls.clone()).await.map_err(told),
            Way::Dial(address, tls) => dial(address, tls.as_ref()).await.map_err(told),
            Way::DialStarted(tls) => {
                let address = self.address(end).ok_or("the switch does not listen")?.to_string();
                let tls = match tls {
                    None => None,
                    Some(name) => Some(self.dialler(end, name, shown)?),
                };
                dial(&address, tls.as_ref()).await.map_err(told)
            }
        }
    }

    fn address(&self, end: &End) -> Option<SocketAddr> {
        let switch = self.switch.as_ref()?;
        if end.role == Role::Bank { switch.bank_listener(&end.name) } else { switch.acquirer(&end.name) }
    }

    fn dialler(&self, end: &End, name: &str, shown: Certificate) -> Result<DialTls, String> {
        // A bank is known by its name; an acquirer only has to have a certificate.
        let own = if end.role == Role::Bank { name } else { "acquirer.test" };
        let config = self.pki.dialler(shown, own).map_err(|error| error.to_string())?;
        let name = ServerName::try_from(super::super::pki::SWITCH).map_err(|error| error.to_string())?;
        Ok(DialTls { connector: TlsConnector::from(config), name })
    }

    /// The next TCP connection of the peer.
    pub(super) async fn accept_tcp(&self, place: usize) -> io::Result<TcpStream> {
        match &self.listeners[place] {
            Some(listener) => Ok(listener.accept().await?.0),
            None => Err(io::Error::other("nobody dials this end")),
        }
    }

    async fn accept(&self, place: usize, tls: Option<Arc<rustls::ServerConfig>>) -> io::Result<Box<dyn Stream>> {
        let stream = self.accept_tcp(place).await?;
        stream.set_nodelay(true)?;
        Ok(match tls {
            None => Box::new(stream),
            Some(tls) => Box::new(TlsAcceptor::from(tls).accept(stream).await?),
        })
    }
}

async fn dial(address: &str, tls: Option<&DialTls>) -> io::Result<Box<dyn Stream>> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    Ok(match tls {
        None => Box::new(stream),
        Some(tls) => Box::new(tls.connector.connect(tls.name.clone(), stream).await?),
    })
}
