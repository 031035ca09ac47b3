//! The ways in: TCP, plain or with TLS, and a socket of the file system.

use super::caller::{Door, User};
use axum::{
    Extension, Router,
    extract::connect_info::Connected,
    serve::{IncomingStream, Listener},
};
use std::{io, net::SocketAddr, path::Path, sync::Arc, time::Duration};
use tokio::{
    net::{TcpListener, TcpStream, UnixListener},
    sync::mpsc,
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};

/// A handshake has this long.
const HANDSHAKE: Duration = Duration::from_secs(5);
/// Handshakes that are done and wait to be served.
const WAITING: usize = 16;

/// Binds the socket, for its owner alone. One that a process left behind is replaced; one that somebody listens on is not.
///
/// # Errors
/// It cannot be bound, or is in use.
pub(crate) fn bind_socket(path: &Path) -> io::Result<std::os::unix::net::UnixListener> {
    use std::os::unix::{
        fs::{FileTypeExt, PermissionsExt},
        net::{UnixListener, UnixStream},
    };
    if std::fs::symlink_metadata(path).is_ok_and(|there| there.file_type().is_socket()) {
        if UnixStream::connect(path).is_ok() {
            return Err(io::Error::new(io::ErrorKind::AddrInUse, "another process listens on it"));
        }
        std::fs::remove_file(path)?;
    }
    let listener = UnixListener::bind(path)?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

/// Serves on TCP, with TLS if there is any.
pub(super) async fn tcp(listener: TcpListener, routes: Router, tls: Option<TlsAcceptor>, door: Door) -> io::Result<()> {
    let routes = routes.layer(Extension(door));
    match tls {
        None => axum::serve(listener, routes).await,
        Some(acceptor) => axum::serve(Tls::new(listener, acceptor)?, routes).await,
    }
}

/// Serves on the socket.
pub(super) async fn socket(listener: UnixListener, routes: Router) -> io::Result<()> {
    let routes = routes.layer(Extension(Door::Socket));
    axum::serve(listener, routes.into_make_service_with_connect_info::<User>()).await
}

impl Connected<IncomingStream<'_, UnixListener>> for User {
    fn connect_info(stream: IncomingStream<'_, UnixListener>) -> Self {
        Self(stream.io().peer_cred().ok().map(|peer| peer.uid()))
    }
}

/// TCP with TLS. Handshakes are made beside one another: one that hangs holds nobody up.
struct Tls {
    address: SocketAddr,
    done: mpsc::Receiver<(TlsStream<TcpStream>, SocketAddr)>,
}

impl Tls {
    fn new(listener: TcpListener, acceptor: TlsAcceptor) -> io::Result<Self> {
        let (sender, done) = mpsc::channel(WAITING);
        let address = listener.local_addr()?;
        tokio::spawn(accept(listener, Arc::new(acceptor), sender));
        Ok(Self { address, done })
    }
}

async fn accept(
    mut listener: TcpListener,
    acceptor: Arc<TlsAcceptor>,
    done: mpsc::Sender<(TlsStream<TcpStream>, SocketAddr)>,
) {
    loop {
        let (stream, peer) = Listener::accept(&mut listener).await;
        let (acceptor, done) = (Arc::clone(&acceptor), done.clone());
        tokio::spawn(async move {
            if let Ok(Ok(stream)) = tokio::time::timeout(HANDSHAKE, acceptor.accept(stream)).await {
                // Nobody serves any more: the stream is closed.
                let _ = done.send((stream, peer)).await;
            }
        });
    }
}

impl Listener for Tls {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        match self.done.recv().await {
            Some(accepted) => accepted,
            None => std::future::pending().await,
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.address)
    }
}
