//! The banks' side: mutual TLS over TCP, dialled by us when the machine asks for it, or by the bank.

use super::{
    connection::{self, Connection, End, Line, Peer},
    hub::Hub,
    live::Live,
    outlet::Outlet,
    socket, tls,
};
use crate::switch::{BankId, ConnectionId};
use banklink_protocol::{Dialect, frame::Framing};
use rustls::pki_types::ServerName;
use std::{io, net::SocketAddr, rc::Rc, sync::Arc, time::Duration};
use tokio::{
    io::{AsyncRead, AsyncWrite, BufReader},
    net::{TcpListener, TcpStream},
    time::timeout,
};
use tokio_rustls::{TlsAcceptor, TlsConnector};

/// TLS asks its stream for four kilobytes at a time; a read of the socket takes as much as is there.
const READ_AHEAD: usize = 64 * 1024;
/// After an accept that failed for want of descriptors or memory, the next try waits this long.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// The way to one bank.
pub struct Settings {
    /// Which bank.
    pub bank: BankId,
    /// Its name in the configuration.
    pub name: Arc<str>,
    /// Who dials whom.
    pub direction: Direction,
    /// Until when our certificate is valid, in seconds since 1970.
    pub certificate: Option<i64>,
    /// Of all TLS material: other material has another.
    pub material: u64,
    /// How messages are written.
    pub dialect: Arc<Dialect>,
    /// How frames are cut.
    pub framing: Framing,
    /// TCP and TLS must be done within this time.
    pub connect_timeout: Duration,
    /// A connection that reads nothing for this long while messages wait is closed.
    pub write_timeout: Duration,
    /// Messages that may wait for a connection that does not read, in bytes.
    pub buffer: usize,
}

/// Who dials whom.
pub enum Direction {
    /// We dial one of these `host:port`, in turn.
    Dial {
        /// Where the bank listens.
        addresses: Vec<String>,
        /// The name its certificate must carry; `None` = the host that is dialled.
        server_name: Option<ServerName<'static>>,
        /// Our certificate, and the authorities of the bank's.
        tls: Arc<rustls::ClientConfig>,
    },
    /// The bank dials us, and is known by its certificate.
    Accept {
        /// Where we listen for it.
        listen: SocketAddr,
        /// The name its certificate must carry.
        client_name: ServerName<'static>,
        /// Our certificate, and the authorities of the bank's.
        tls: Arc<rustls::ServerConfig>,
    },
}

impl Settings {
    /// Where we listen for the bank, if it dials us.
    #[must_use]
    pub const fn listen(&self) -> Option<SocketAddr> {
        match self.direction {
            Direction::Accept { listen, .. } => Some(listen),
            Direction::Dial { .. } => None,
        }
    }

    fn each(&self, answers_keep_alives: bool) -> Rc<connection::Settings> {
        Rc::new(connection::Settings {
            dialect: Arc::clone(&self.dialect),
            framing: self.framing.clone(),
            idle_timeout: None,
            write_timeout: self.write_timeout,
            answers_keep_alives,
        })
    }
}

/// Dials, once, and runs the connection until it ends. `attempt` picks the address; the machine spaces the attempts.
pub async fn dial(settings: Rc<Settings>, slot: u16, attempt: usize, hub: Rc<Hub>) {
    let connection = ConnectionId { bank: settings.bank, slot };
    let Direction::Dial { addresses, server_name, tls } = &settings.direction else {
        unreachable!("the machine dials only banks that we connect to");
    };
    let address = &addresses[attempt % addresses.len()];
    let connect = connect(address, server_name.as_ref(), tls);
    let stream = match timeout(settings.connect_timeout, connect).await {
        Ok(Ok(stream)) => stream,
        Ok(Err(error)) => return refused(&settings, slot, address, &tls::explain(&error), &hub),
        Err(_) => return refused(&settings, slot, address, "not connected in time", &hub),
    };
    run(stream, &settings, connection, false, &hub).await;
}

fn refused(settings: &Settings, slot: u16, address: &str, why: &str, hub: &Hub) {
    tracing::warn!(bank = &*settings.name, slot, address, why, "cannot connect");
    hub.close_connection(ConnectionId { bank: settings.bank, slot });
}

async fn connect(
    address: &str,
    server_name: Option<&ServerName<'static>>,
    tls: &Arc<rustls::ClientConfig>,
) -> io::Result<tokio_rustls::client::TlsStream<BufReader<TcpStream>>> {
    let name = match server_name {
        Some(name) => name.clone(),
        None => host_of(address).ok_or_else(|| io::Error::other(format!("{address} has no usable host name")))?,
    };
    let stream = TcpStream::connect(address).await?;
    socket::prepare(&stream)?;
    TlsConnector::from(Arc::clone(tls)).connect(name, BufReader::with_capacity(READ_AHEAD, stream)).await
}

/// The host of `host:port`, as a name to verify.
#[must_use]
pub fn host_of(address: &str) -> Option<ServerName<'static>> {
    let (host, port) = address.rsplit_once(':')?;
    port.parse::<u16>().ok()?;
    let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    ServerName::try_from(host.to_owned()).ok()
}

/// Takes the bank's connections from a bound listener until the task is dropped.
pub async fn listen(listener: TcpListener, settings: Live<Settings>, hub: Rc<Hub>) {
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => {
                tokio::task::spawn_local(accepted(stream, peer, settings.get(), Rc::clone(&hub)));
            }
            Err(error) => {
                tracing::error!(bank = &*settings.get().name, %error, "cannot accept a connection");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

async fn accepted(stream: TcpStream, from: SocketAddr, settings: Rc<Settings>, hub: Rc<Hub>) {
    let Direction::Accept { client_name, tls, .. } = &settings.direction else {
        unreachable!("only a bank that dials us has a listener");
    };
    let warn = |why: &str| tracing::warn!(bank = &*settings.name, %from, why, "connection refused");
    if let Err(error) = socket::prepare(&stream) {
        return warn(&error.to_string());
    }
    let stream = BufReader::with_capacity(READ_AHEAD, stream);
    let stream = match timeout(settings.connect_timeout, TlsAcceptor::from(Arc::clone(tls)).accept(stream)).await {
        Ok(Ok(stream)) => stream,
        Ok(Err(error)) => return warn(&tls::explain(&error)),
        Err(_) => return warn("no TLS handshake in time"),
    };
    if !tls::certificate_is_for(stream.get_ref().1.peer_certificates(), client_name) {
        return warn("the peer's certificate is for another name");
    }
    let Some(slot) = hub.free_slot(settings.bank) else {
        return warn("the bank has all its connections already");
    };
    run(stream, &settings, ConnectionId { bank: settings.bank, slot }, true, &hub).await;
}

async fn run(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    settings: &Settings,
    connection: ConnectionId,
    accepted: bool,
    hub: &Rc<Hub>,
) {
    let line = Rc::new(Line { settings: settings.each(accepted), outlet: Outlet::new(settings.buffer) });
    hub.open_connection(connection, &line);
    tracing::info!(bank = &*settings.name, slot = connection.slot, "connected");
    let end = Connection::new(stream, Peer::Bank(connection), line, Rc::clone(hub)).run().await;
    hub.close_connection(connection);
    if matches!(end, End::ByUs) {
        tracing::info!(bank = &*settings.name, slot = connection.slot, why = %end, "disconnected");
    } else {
        tracing::warn!(bank = &*settings.name, slot = connection.slot, why = %end, "disconnected");
    }
}
