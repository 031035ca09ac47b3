//! The simulated bank's sockets: it listens, or it dials the switch; on every connection all frames of one read are
//! answered in one write.

use super::{
    Bank, Turn,
    later::{Later, NEVER},
};
use crate::simulator::{
    bank::Today,
    stream::{DialTls, Stream, Wire, broken},
};
use banklink_protocol::frame::{Frame, Framing};
use bytes::BytesMut;
use std::{
    io,
    pin::pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::{
    net::{TcpListener, TcpStream},
    time::Instant,
};
use tokio_rustls::TlsAcceptor;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// Pause before dialling again.
const REDIAL: Duration = Duration::from_millis(500);

/// A bank with its sockets.
#[derive(Clone)]
pub struct Server {
    bank: Arc<Mutex<Bank>>,
    echo: Option<Duration>,
    stop: CancellationToken,
    tasks: TaskTracker,
}

impl Server {
    /// `echo`: send an 0800 echo of our own on a connection after this much silence.
    #[must_use]
    pub fn new(bank: Bank, echo: Option<Duration>) -> Self {
        Self { bank: Arc::new(Mutex::new(bank)), echo, stop: CancellationToken::new(), tasks: TaskTracker::new() }
    }

    /// The bank, for a look at its books. Held for a moment only: its connections wait meanwhile.
    pub fn bank(&self) -> MutexGuard<'_, Bank> {
        self.bank.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends all connections and waits until they are gone.
    pub async fn stop(&self) {
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }

    /// Takes connections until stopped.
    ///
    /// # Errors
    /// The listener fails.
    pub async fn listen(&self, listener: TcpListener, tls: Option<TlsAcceptor>) -> io::Result<()> {
        loop {
            let stream = tokio::select! {
                accepted = listener.accept() => accepted?.0,
                () = self.stop.cancelled() => return Ok(()),
            };
            let (server, tls) = (self.clone(), tls.clone());
            self.tasks.spawn(async move {
                let served = match tls {
                    None => server.serve_plain(stream).await,
                    Some(acceptor) => server.serve_tls(stream, acceptor).await,
                };
                server.ended(&served);
            });
        }
    }

    /// Dials `address` and keeps dialling when the connection ends, until stopped.
    pub async fn dial(&self, address: &str, tls: Option<DialTls>) {
        let work = async {
            loop {
                let served = self.dial_once(address, tls.as_ref()).await;
                self.ended(&served);
                tokio::time::sleep(REDIAL).await;
            }
        };
        tokio::select! {
            () = work => {}
            () = self.stop.cancelled() => {}
        }
    }

    async fn dial_once(&self, address: &str, tls: Option<&DialTls>) -> io::Result<()> {
        let stream = TcpStream::connect(address).await?;
        match tls {
            None => self.serve_plain(stream).await,
            Some(tls) => {
                stream.set_nodelay(true)?;
                let stream = tls.connector.connect(tls.name.clone(), stream).await?;
                self.converse(stream).await
            }
        }
    }

    async fn serve_plain(&self, stream: TcpStream) -> io::Result<()> {
        stream.set_nodelay(true)?;
        self.converse(stream).await
    }

    async fn serve_tls(&self, stream: TcpStream, acceptor: TlsAcceptor) -> io::Result<()> {
        stream.set_nodelay(true)?;
        let stream = tokio::select! {
            stream = acceptor.accept(stream) => stream?,
            () = self.stop.cancelled() => return Ok(()),
        };
        self.converse(stream).await
    }

    fn ended(&self, served: &io::Result<()>) {
        if let Err(error) = served {
            self.bank().books_mut().totals_mut().connection_errors += 1;
            tracing::debug!(%error, "bank connection ended");
        }
    }

    /// One connection from its first byte to its last.
    async fn converse(&self, stream: impl Stream) -> io::Result<()> {
        let framing = self.bank().framing().clone();
        self.bank().books_mut().totals_mut().connections += 1;
        let mut stop = pin!(self.stop.cancelled());
        let mut alarm = pin!(tokio::time::sleep(NEVER));
        let mut wire = Wire::new(stream);
        let mut connection = Connection::new(framing, self.echo);
        if let Some(first) = connection.next() {
            alarm.as_mut().reset(first);
        }
        loop {
            tokio::select! {
                read = wire.exchange() => {
                    if read? == 0 {
                        return Ok(());
                    }
                    connection.read(self, &mut wire)?;
                }
                () = &mut alarm => {
                    connection.ring(self, &mut wire.output);
                    alarm.as_mut().reset(connection.next().unwrap_or_else(|| Instant::now() + NEVER));
                }
                () = &mut stop => return Ok(()),
            }
            if connection.closes() {
                return wire.finish().await;
            }
            if let Some(next) = connection.next().filter(|next| *next < alarm.deadline()) {
                alarm.as_mut().reset(next);
            }
        }
    }
}

/// What one connection remembers.
struct Connection {
    framing: Framing,
    later: Later,
    close_at: Option<Instant>,
    echo: Option<Duration>,
    echo_at: Option<Instant>,
}

impl Connection {
    fn new(framing: Framing, echo: Option<Duration>) -> Self {
        let echo_at = echo.map(|after| Instant::now() + after);
        Self { framing, later: Later::default(), close_at: None, echo, echo_at }
    }

    /// All whole frames of the buffer, under one lock of the bank.
    fn read<S: Stream>(&mut self, server: &Server, wire: &mut Wire<S>) -> io::Result<()> {
        let today = today();
        let mut turn = Turn::new(&mut wire.output);
        let mut bank = server.bank();
        while let Some(frame) = self.framing.split(&mut wire.input).map_err(broken)? {
            if let Frame::Message { header, body } = frame {
                bank.handle(&header, body, &today, &mut turn);
            }
        }
        // One sync for all frames of the read; the bank's other connections wait for it, as they would for its one disk.
        bank.commit()?;
        drop(bank);
        if turn.later.is_empty() && turn.close.is_none() && self.echo.is_none() {
            return Ok(());
        }
        let now = Instant::now();
        for (delay, frame) in turn.later {
            self.later.push(now + delay, frame);
        }
        if let Some(delay) = turn.close {
            self.close_at.get_or_insert(now + delay);
        }
        self.echo_at = self.echo.map(|after| now + after);
        Ok(())
    }

    /// Something is due: answers put off, our own echo.
    fn ring(&mut self, server: &Server, out: &mut BytesMut) {
        let now = Instant::now();
        self.later.take(now, out);
        if self.echo_at.is_some_and(|at| at <= now) {
            server.bank().echo(&today(), &mut Turn::new(out));
            self.echo_at = self.echo.map(|after| now + after);
        }
    }

    fn closes(&self) -> bool {
        self.close_at.is_some_and(|at| at <= Instant::now())
    }

    fn next(&self) -> Option<Instant> {
        [self.later.due(), self.close_at, self.echo_at].into_iter().flatten().min()
    }
}

/// The date and time now, GMT.
fn today() -> Today {
    let now = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).datetime();
    let two = |n: i16| [b'0' + (n / 10 % 10) as u8, b'0' + (n % 10) as u8];
    let mut today = Today { settlement: [0; 4], transmission: [0; 10], year: two(now.year()) };
    let parts = [now.month(), now.day(), now.hour(), now.minute(), now.second()];
    for (index, part) in parts.into_iter().enumerate() {
        today.transmission[index * 2..index * 2 + 2].copy_from_slice(&two(part.into()));
    }
    today.settlement.copy_from_slice(&today.transmission[..4]);
    today
}
