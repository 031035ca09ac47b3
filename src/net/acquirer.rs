//! The acquirers' side: listeners that take sessions from whom they may, as many as they may.

use super::{
    connection::{self, Connection, Line, Peer},
    hub::Hub,
    live::Live,
    outlet::Outlet,
    socket, tls,
};
use crate::switch::{AcquirerId, SessionId};
use banklink_protocol::{Dialect, frame::Framing};
use std::{
    io,
    net::{IpAddr, SocketAddr},
    rc::Rc,
    sync::Arc,
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    time::timeout,
};
use tokio_rustls::TlsAcceptor;

/// A TLS handshake not done by then is given up.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);
/// After an accept that failed for want of descriptors or memory, the next try waits this long.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// An acquirer's listener.
pub struct Settings {
    /// Which acquirer.
    pub acquirer: AcquirerId,
    /// Its name in the configuration.
    pub name: Arc<str>,
    /// Where it listens.
    pub listen: SocketAddr,
    /// How messages are written.
    pub dialect: Arc<Dialect>,
    /// How frames are cut.
    pub framing: Framing,
    /// Sessions at once; the next peer is turned away.
    pub max_sessions: usize,
    /// A session that says nothing for this long is closed; `None` = never.
    pub idle_timeout: Option<Duration>,
    /// A session that reads nothing for this long while answers wait is closed.
    pub write_timeout: Duration,
    /// Answers that may wait for a session that does not read, in bytes.
    pub buffer: usize,
    /// Who may connect; empty = everyone.
    pub allow: Vec<Network>,
    /// TLS, if the sessions use it.
    pub tls: Option<Arc<rustls::ServerConfig>>,
    /// Until when our certificate is valid, in seconds since 1970.
    pub certificate: Option<i64>,
}

/// A network in CIDR form.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Network {
    address: IpAddr,
    prefix: u8,
}

impl Network {
    /// From `10.0.0.0/8`, `2001:db8::/32`, or one address.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address.parse().ok()?, Some(prefix.parse().ok()?)),
            None => (text.parse().ok()?, None),
        };
        let bits = if matches!(address, IpAddr::V4(_)) { 32 } else { 128 };
        let prefix = prefix.unwrap_or(bits);
        (prefix <= bits).then_some(Self { address, prefix })
    }

    /// Does it hold this address? (An IPv4 peer of an IPv6 socket counts as IPv4.)
    #[must_use]
    pub fn contains(&self, peer: IpAddr) -> bool {
        match (self.address, peer.to_canonical()) {
            (IpAddr::V4(network), IpAddr::V4(peer)) => {
                let differing = u32::from(network) ^ u32::from(peer);
                differing.checked_shr(32 - u32::from(self.prefix)).unwrap_or(0) == 0
            }
            (IpAddr::V6(network), IpAddr::V6(peer)) => {
                let differing = u128::from(network) ^ u128::from(peer);
                differing.checked_shr(128 - u32::from(self.prefix)).unwrap_or(0) == 0
            }
            _ => false,
        }
    }
}

/// Takes sessions from a bound listener until the task is dropped.
pub async fn listen(listener: TcpListener, settings: Live<Settings>, hub: Rc<Hub>) {
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => {
                tokio::task::spawn_local(session(stream, peer, settings.get(), Rc::clone(&hub)));
            }
            Err(error) => {
                tracing::error!(acquirer = &*settings.get().name, %error, "cannot accept a session");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

/// One session, from accept to end.
async fn session(stream: TcpStream, peer: SocketAddr, settings: Rc<Settings>, hub: Rc<Hub>) {
    let allowed = settings.allow.is_empty() || settings.allow.iter().any(|network| network.contains(peer.ip()));
    if !allowed {
        return turn_away(&settings, &hub, peer, "not an allowed peer");
    }
    // The place is taken before the handshake: peers that never finish one count, too.
    let each = Rc::new(connection::Settings {
        dialect: Arc::clone(&settings.dialect),
        framing: settings.framing.clone(),
        idle_timeout: settings.idle_timeout,
        write_timeout: settings.write_timeout,
        answers_keep_alives: true,
    });
    let line = Rc::new(Line { settings: each, outlet: Outlet::new(settings.buffer) });
    let Some(id) = hub.open_session(settings.acquirer, &line, settings.max_sessions) else {
        return turn_away(&settings, &hub, peer, "too many sessions");
    };
    let open = Open { hub: &hub, acquirer: settings.acquirer, session: id, line: &line };
    if let Err(error) = socket::prepare(&stream) {
        return turn_away(&settings, &hub, peer, &error.to_string());
    }
    match &settings.tls {
        None => open.run(stream, &settings, peer).await,
        Some(config) => match timeout(HANDSHAKE_TIMEOUT, TlsAcceptor::from(Arc::clone(config)).accept(stream)).await {
            Ok(Ok(stream)) => open.run(stream, &settings, peer).await,
            Ok(Err(error)) => turn_away(&settings, &hub, peer, &tls::explain(&error)),
            Err(_) => turn_away(&settings, &hub, peer, "no TLS handshake in time"),
        },
    }
}

fn turn_away(settings: &Settings, hub: &Hub, peer: SocketAddr, why: &str) {
    hub.refuse(settings.acquirer);
    tracing::warn!(acquirer = &*settings.name, %peer, why, "session refused");
}

/// A session in the hub's table; leaves it when dropped, whatever ended it.
struct Open<'a> {
    hub: &'a Rc<Hub>,
    acquirer: AcquirerId,
    session: SessionId,
    line: &'a Rc<Line>,
}

impl Open<'_> {
    async fn run(&self, stream: impl AsyncRead + AsyncWrite + Unpin, settings: &Settings, from: SocketAddr) {
        tracing::debug!(acquirer = &*settings.name, session = self.session.0, %from, "session open");
        let peer = Peer::Acquirer(self.acquirer, self.session);
        let connection = Connection::new(stream, peer, Rc::clone(self.line), Rc::clone(self.hub));
        let end = connection.run().await;
        match &end {
            connection::End::Framing(_) | connection::End::NotRead | connection::End::Failed(_) => {
                tracing::warn!(acquirer = &*settings.name, session = self.session.0, %from, why = %end, "session ended");
            }
            _ => {
                tracing::debug!(acquirer = &*settings.name, session = self.session.0, %from, why = %end, "session ended");
            }
        }
    }
}

impl Drop for Open<'_> {
    fn drop(&mut self) {
        self.line.outlet.end(|_, _| {});
        self.hub.close_session(self.acquirer, self.session);
    }
}

/// Binds an acquirer's listener.
///
/// # Errors
/// The operating system's.
pub fn bind(settings: &Settings) -> io::Result<TcpListener> {
    socket::listen(settings.listen)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds(network: &str, peer: &str) -> bool {
        Network::parse(network).unwrap().contains(peer.parse().unwrap())
    }

    #[test]
    fn networks_hold_their_addresses() {
        assert!(holds("10.0.0.0/8", "10.255.0.1"));
        assert!(!holds("10.0.0.0/8", "11.0.0.1"));
        assert!(holds("10.0.0.0/8", "::ffff:10.1.2.3"), "an IPv4 peer of an IPv6 socket");
        assert!(holds("192.0.2.7", "192.0.2.7") && !holds("192.0.2.7", "192.0.2.6"));
        assert!(holds("0.0.0.0/0", "203.0.113.9"));
        assert!(holds("2001:db8::/32", "2001:db8:1::5") && !holds("2001:db8::/32", "2001:db9::5"));
        assert!(!holds("::/0", "10.0.0.1"));
    }

    #[test]
    fn what_is_no_network_is_none() {
        for text in ["10.0.0.0/33", "10.0.0/8", "::/129", "", "10.0.0.0/", "shop"] {
            assert_eq!(Network::parse(text), None, "{text}");
        }
    }
}
