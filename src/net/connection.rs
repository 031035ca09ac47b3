//! The loop of one connection, the same for acquirers and banks, plain and TLS: write what waits, read what is there,
//! cut it into frames, decode them, hand them to the machine in one go.
//!
//! It is written as one `poll`, not as a `select!` over futures: nothing is ever cancelled halfway, so no frame is
//! written in part and none is lost, and a read of many frames costs one wake-up of the driver.

use super::{hub::Hub, outlet::Outlet, tls};
use crate::{
    clock::Mono,
    switch::{AcquirerId, ConnectionId, Input, NotSent, Origin, SessionId},
};
use banklink_protocol::{
    DecodeError, Dialect, Message,
    frame::{Frame, FrameError, Framing, Header, RejectCode},
};
use bytes::BytesMut;
use std::{
    fmt,
    future::{Future, poll_fn},
    io,
    pin::Pin,
    rc::Rc,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    time::Sleep,
};
use tokio_util::io::poll_read_buf;

/// Room made for a first read; doubled while reads fill it.
const READ_MIN: usize = 4 * 1024;
/// Most bytes taken by one read.
const READ_MAX: usize = 64 * 1024;
/// Reads in a row before others get their turn.
const READS: usize = 4;
/// Keep-alives are answered at most this often.
const KEEP_ALIVE_PACE: Duration = Duration::from_secs(1);

/// Who is at the other end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Peer {
    /// An acquirer's session.
    Acquirer(AcquirerId, SessionId),
    /// A bank.
    Bank(ConnectionId),
}

/// What a connection needs to know.
pub struct Settings {
    /// How messages are written.
    pub dialect: Arc<Dialect>,
    /// How frames are cut.
    pub framing: Framing,
    /// Nothing read for this long closes it; `None` = never.
    pub idle_timeout: Option<Duration>,
    /// A write that makes no progress for this long closes it.
    pub write_timeout: Duration,
    /// Answer zero-length frames? The side that accepted the connection does, so that no two sides echo for ever.
    pub answers_keep_alives: bool,
}

impl Settings {
    /// The message of a frame that was laid out for this connection and did not leave.
    #[must_use]
    pub fn message(&self, frame: &[u8]) -> Option<Box<Message>> {
        match self.framing.split(&mut BytesMut::from(frame)) {
            Ok(Some(Frame::Message { body, .. })) => self.dialect.decode(body).ok().map(Box::new),
            _ => None,
        }
    }
}

/// One connection as the driver sees it: how to lay out what goes there, and where to put it.
pub struct Line {
    /// Its dialect and framing.
    pub settings: Rc<Settings>,
    /// Its way out.
    pub outlet: Outlet,
}

/// Why a connection ended.
#[derive(Debug)]
pub enum End {
    /// The peer closed it.
    ByPeer,
    /// We did, after everything was written.
    ByUs,
    /// Nothing came for the idle time-out.
    Idle,
    /// The peer did not read for the write time-out.
    NotRead,
    /// The stream cannot be cut into frames any more.
    Framing(FrameError),
    /// TCP or TLS failed.
    Failed(io::Error),
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ByPeer => f.write_str("closed by the peer"),
            Self::ByUs => f.write_str("closed by us"),
            Self::Idle => f.write_str("idle for too long"),
            Self::NotRead => f.write_str("the peer stopped reading"),
            Self::Framing(error) => write!(f, "framing lost: {error}"),
            Self::Failed(error) => f.write_str(&tls::explain(error)),
        }
    }
}

/// One connection and its loop.
pub struct Connection<S> {
    stream: S,
    peer: Peer,
    line: Rc<Line>,
    hub: Rc<Hub>,
    input: BytesMut,
    room: usize,
    last_read: Mono,
    last_keep_alive: Option<Mono>,
    /// Since when a write waits for the peer.
    stuck_since: Option<Mono>,
    watchdog: Option<Watchdog>,
}

/// The one timer of a connection: it is never late for the earlier of idle and write time-out, often early.
struct Watchdog {
    sleep: Pin<Box<Sleep>>,
    at: Mono,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Connection<S> {
    /// A connection ready to run.
    pub fn new(stream: S, peer: Peer, line: Rc<Line>, hub: Rc<Hub>) -> Self {
        let last_read = hub.clock.mono();
        Self {
            stream,
            peer,
            line,
            hub,
            input: BytesMut::new(),
            room: READ_MIN,
            last_read,
            last_keep_alive: None,
            stuck_since: None,
            watchdog: None,
        }
    }

    /// Runs until the connection ends.
    pub async fn run(mut self) -> End {
        poll_fn(|cx| self.poll(cx)).await
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<End> {
        self.line.outlet.register(cx.waker());
        if let Poll::Ready(end) = self.poll_write(cx) {
            return Poll::Ready(end);
        }
        for _ in 0..READS {
            match self.poll_read(cx) {
                Poll::Pending => return self.poll_watchdog(cx),
                Poll::Ready(Some(end)) => return Poll::Ready(end),
                Poll::Ready(None) => {}
            }
        }
        cx.waker().wake_by_ref();
        self.poll_watchdog(cx)
    }

    /// Ready only with the end of the connection.
    fn poll_write(&mut self, cx: &mut Context<'_>) -> Poll<End> {
        if self.stuck_since.is_some() {
            self.drop_expired();
        }
        let (stream, mut wrote) = (&mut self.stream, false);
        let left = self.line.outlet.write(|bytes| match Pin::new(&mut *stream).poll_write(cx, bytes) {
            Poll::Ready(Ok(0)) => Err(io::Error::from(io::ErrorKind::WriteZero)),
            Poll::Ready(Ok(taken)) => {
                wrote = true;
                Ok(Some(taken))
            }
            Poll::Ready(Err(error)) => Err(error),
            Poll::Pending => Ok(None),
        });
        let mut stuck = match left {
            Ok(left) => left,
            Err(error) => return Poll::Ready(End::Failed(error)),
        };
        // TLS holds back what the socket did not take: without a flush the last record could stay there.
        if wrote || self.stuck_since.is_some() {
            match Pin::new(&mut self.stream).poll_flush(cx) {
                Poll::Ready(Ok(())) => {}
                Poll::Ready(Err(error)) => return Poll::Ready(End::Failed(error)),
                Poll::Pending => stuck = true,
            }
        }
        if stuck {
            if wrote || self.stuck_since.is_none() {
                self.stuck_since = Some(self.hub.clock.mono());
            }
            return Poll::Pending;
        }
        self.stuck_since = None;
        if self.line.outlet.is_closing() {
            // A peer that takes no farewell is given up by TCP_USER_TIMEOUT.
            return match ready!(Pin::new(&mut self.stream).poll_shutdown(cx)) {
                Ok(()) => Poll::Ready(End::ByUs),
                Err(error) => Poll::Ready(End::Failed(error)),
            };
        }
        Poll::Pending
    }

    fn drop_expired(&self) {
        let Peer::Bank(connection) = self.peer else { return };
        let (now, mut any) = (self.hub.clock.mono(), false);
        self.line.outlet.expire(now, |send, frame| {
            let (why, message) = (NotSent::Expired, self.line.settings.message(frame));
            self.hub.inbox().push(Input::NotSent { connection, send, why, message });
            any = true;
        });
        if any {
            self.hub.mark();
        }
    }

    /// Ready with the end of the connection, or with `None` after a read.
    fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<Option<End>> {
        self.input.reserve(self.room);
        let read = match ready!(poll_read_buf(Pin::new(&mut self.stream), cx, &mut self.input)) {
            Ok(0) => return Poll::Ready(Some(End::ByPeer)),
            Ok(read) => read,
            Err(error) => return Poll::Ready(Some(End::Failed(error))),
        };
        if read >= self.room {
            self.room = (self.room * 2).min(READ_MAX);
        }
        self.last_read = self.hub.clock.mono();
        Poll::Ready(self.take_frames().err().map(End::Framing))
    }

    /// Cuts and decodes all whole frames; the driver is marked once for all of them.
    fn take_frames(&mut self) -> Result<(), FrameError> {
        let mut inbox = self.hub.inbox();
        let before = inbox.len();
        let result = loop {
            match self.line.settings.framing.split(&mut self.input) {
                Ok(None) => break Ok(()),
                Err(error) => break Err(error),
                Ok(Some(Frame::Message { header, body })) => {
                    let decoded = self.line.settings.dialect.decode(body);
                    let rejected = self.line.settings.framing.header.reject(&header);
                    inbox.push(match rejected {
                        None => self.peer.input(header, decoded, self.last_read),
                        Some(code) => self.peer.rejection(header, decoded, self.last_read, code),
                    });
                }
                // That it was read is what it is for.
                Ok(Some(Frame::Control { .. })) => {}
                Ok(Some(Frame::KeepAlive)) => {
                    Self::keep_alive(&self.line, self.last_read, &mut self.last_keep_alive);
                }
            }
        };
        if inbox.len() > before {
            drop(inbox);
            self.hub.mark();
        }
        result
    }

    fn keep_alive(line: &Line, now: Mono, last: &mut Option<Mono>) {
        if !line.settings.answers_keep_alives || last.is_some_and(|last| now.since(last) < KEEP_ALIVE_PACE) {
            return;
        }
        *last = Some(now);
        let mut frame = BytesMut::new();
        line.settings.framing.write_keep_alive(&mut frame);
        // A full outlet has better things to say; an ended one has nobody to say it to.
        if line.outlet.push(&frame, None) == Ok(true) {
            line.outlet.wake();
        }
    }

    fn poll_watchdog(&mut self, cx: &mut Context<'_>) -> Poll<End> {
        loop {
            let idle = self.line.settings.idle_timeout.map(|timeout| self.last_read + timeout);
            let stuck = self.stuck_since.map(|since| since + self.line.settings.write_timeout);
            let Some(due) = [idle, stuck].into_iter().flatten().min() else { return Poll::Pending };
            match &mut self.watchdog {
                None => {
                    let sleep = Box::pin(tokio::time::sleep_until(self.hub.clock.instant(due)));
                    self.watchdog = Some(Watchdog { sleep, at: due });
                }
                Some(watchdog) if watchdog.at > due => {
                    watchdog.sleep.as_mut().reset(self.hub.clock.instant(due));
                    watchdog.at = due;
                }
                // Armed already, for no later than it is due: nothing to pay for until it fires.
                Some(watchdog) if !watchdog.sleep.is_elapsed() => return Poll::Pending,
                Some(watchdog) => {
                    let now = self.hub.clock.mono();
                    if stuck.is_some_and(|stuck| stuck <= now) {
                        return Poll::Ready(End::NotRead);
                    }
                    if idle.is_some_and(|idle| idle <= now) {
                        return Poll::Ready(End::Idle);
                    }
                    watchdog.sleep.as_mut().reset(self.hub.clock.instant(due));
                    watchdog.at = due;
                }
            }
            if let Some(watchdog) = &mut self.watchdog {
                ready!(watchdog.sleep.as_mut().poll(cx));
            }
        }
    }
}

impl Peer {
    /// What came back under a header that rejects it.
    #[cold]
    fn rejection(
        self,
        header: Header,
        decoded: Result<Message, DecodeError>,
        arrived: Mono,
        code: RejectCode,
    ) -> Input {
        match (self, decoded) {
            (Self::Bank(connection), Ok(message)) => {
                Input::Rejected { connection, header, message: Box::new(message), code }
            }
            (peer, decoded) => peer.input(header, decoded, arrived),
        }
    }

    // Inlined, or every message would be copied once more on its way into the inbox.
    #[inline]
    fn input(self, header: Header, decoded: Result<Message, DecodeError>, arrived: Mono) -> Input {
        match (self, decoded) {
            (Self::Acquirer(acquirer, session), decoded) => {
                let origin = Origin::Session { acquirer, session, header, arrived };
                match decoded {
                    Ok(message) => Input::Request { origin, message: Box::new(message) },
                    Err(error) => Input::Unreadable { origin, error },
                }
            }
            (Self::Bank(connection), Ok(message)) => Input::FromBank { connection, header, message: Box::new(message) },
            (Self::Bank(connection), Err(error)) => Input::UnreadableFromBank { connection, error },
        }
    }
}
