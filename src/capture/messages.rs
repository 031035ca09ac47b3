//! Frames out of what each side of a connection sent, and which streams cannot be read.
//!
//! Where bytes are lost, or are no frame, nobody knows where the next frame begins. It usually begins with a segment: the
//! stream goes on at the next segment that begins with a whole frame whose message the dialect reads, and what was passed
//! over is told. The next connection begins anew in any case.

use super::{
    Nanos,
    connections::{Event, What},
};
use banklink_protocol::{
    Dialect,
    frame::{Frame, Framing, Header},
};
use bytes::{Bytes, BytesMut};
use core::net::SocketAddr;
use hashbrown::HashMap;
use std::sync::Arc;

/// Bytes after which it is certain whether a stream is TLS.
const TLS_HEAD: usize = 6;

/// How the messages of a link stand in its streams.
#[derive(Clone, Debug)]
pub struct Form {
    /// Length and header.
    pub framing: Framing,
    /// What a segment is tried with where it is not known whether a frame begins there.
    pub dialect: Arc<Dialect>,
}

/// Something found in a stream.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Found {
    /// When the segment that completed it was captured.
    pub time: Nanos,
    /// The connection.
    pub stream: u64,
    /// Who sent it.
    pub from: SocketAddr,
    /// To whom.
    pub to: SocketAddr,
    /// The listening side.
    pub server: SocketAddr,
    /// What it is.
    pub what: Content,
}

/// See [`Found`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Content {
    /// A message.
    Message {
        /// Its header.
        header: Header,
        /// MTI and all that follows.
        body: Bytes,
    },
    /// A keep-alive.
    KeepAlive,
    /// The stream is TLS: nothing of it can be read.
    Tls,
    /// Bytes that were not captured.
    Lost(u64),
    /// What follows is no frame, and why.
    NoFrame(String),
    /// So many bytes, captured but in doubt, were passed over before a message was found again, or the stream ended.
    Passed(u64),
    /// The stream ends so many bytes after its last whole frame.
    Unfinished(usize),
}

/// Cuts the streams of a capture.
pub struct Messages<F> {
    /// The form of a link, by its listening side; `None` leaves its streams alone.
    form: F,
    streams: HashMap<u64, Stream>,
}

#[derive(Default)]
struct Stream {
    tls: bool,
    /// What the client sends, what the server sends.
    sides: [Side; 2],
}

#[derive(Default)]
struct Side {
    state: State,
    buffer: BytesMut,
    over: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Default)]
enum State {
    /// Nothing was cut yet: it may be TLS.
    #[default]
    Fresh,
    Cutting,
    /// It is not known where a frame begins; so many bytes were passed over.
    Lost(u64),
}

impl<F: Fn(SocketAddr) -> Option<Form>> Messages<F> {
    /// Cuts as `form` says.
    pub fn new(form: F) -> Self {
        Self { form, streams: HashMap::new() }
    }

    /// Takes what one side sent; what is found is appended to `out`.
    pub fn take(&mut self, event: Event, out: &mut Vec<Found>) {
        let Some(form) = (self.form)(event.server) else { return };
        let stream = self.streams.entry(event.stream).or_default();
        let Event { time, stream: number, from, to, server, what } = event;
        let mut found = |what| out.push(Found { time, stream: number, from, to, server, what });
        let side = usize::from(from == server);
        if !stream.tls {
            match what {
                What::Bytes(bytes) => stream.tls = stream.sides[side].bytes(&form, &bytes, &mut found),
                What::Lost(count) => stream.sides[side].lost(count, &mut found),
                What::End => stream.sides[side].end(&form, &mut found),
            }
        } else if what == What::End {
            stream.sides[side].over = true;
        }
        if stream.sides.iter().all(|side| side.over) {
            self.streams.remove(&number);
        }
    }
}

impl Side {
    /// Takes bytes of one segment; is this TLS?
    fn bytes(&mut self, form: &Form, bytes: &[u8], found: &mut impl FnMut(Content)) -> bool {
        match self.state {
            State::Fresh => {
                self.buffer.extend_from_slice(bytes);
                if is_tls(&self.buffer) {
                    self.buffer.clear();
                    found(Content::Tls);
                    return true;
                }
                if self.buffer.len() >= TLS_HEAD || !may_become_tls(&self.buffer) {
                    self.state = State::Cutting;
                    self.cut(form, found);
                }
            }
            State::Cutting => {
                self.buffer.extend_from_slice(bytes);
                self.cut(form, found);
            }
            State::Lost(passed) if begins_with_message(form, bytes) => {
                if passed > 0 {
                    found(Content::Passed(passed));
                }
                self.state = State::Cutting;
                self.buffer.extend_from_slice(bytes);
                self.cut(form, found);
            }
            State::Lost(passed) => self.state = State::Lost(passed.saturating_add(bytes.len() as u64)),
        }
        false
    }

    fn cut(&mut self, form: &Form, found: &mut impl FnMut(Content)) {
        loop {
            match form.framing.split(&mut self.buffer) {
                Ok(Some(Frame::Message { header, body })) => found(Content::Message { header, body }),
                Ok(Some(Frame::KeepAlive | Frame::Control { .. })) => found(Content::KeepAlive),
                Ok(None) => return,
                Err(error) => {
                    found(Content::NoFrame(error.to_string()));
                    self.state = State::Lost(self.buffer.len() as u64);
                    self.buffer.clear();
                    return;
                }
            }
        }
    }

    fn lost(&mut self, count: u64, found: &mut impl FnMut(Content)) {
        found(Content::Lost(count));
        let passed = match self.state {
            State::Lost(passed) => passed,
            _ => self.buffer.len() as u64,
        };
        self.state = State::Lost(passed);
        self.buffer.clear();
    }

    fn end(&mut self, form: &Form, found: &mut impl FnMut(Content)) {
        if self.state == State::Fresh {
            self.state = State::Cutting;
            self.cut(form, found);
        }
        match self.state {
            State::Lost(passed) if passed > 0 => found(Content::Passed(passed)),
            State::Cutting if !self.buffer.is_empty() => found(Content::Unfinished(self.buffer.len())),
            _ => {}
        }
        *self = Self { over: true, ..Self::default() };
    }
}

/// Do these bytes begin with a whole frame of a message that the dialect reads?
fn begins_with_message(form: &Form, bytes: &[u8]) -> bool {
    match form.framing.split(&mut BytesMut::from(bytes)) {
        Ok(Some(Frame::Message { body, .. })) => form.dialect.decode(body).is_ok(),
        _ => false,
    }
}

/// The head of a TLS record (RFC 8446 §5.1): a handshake that begins with a hello, or, where the capture was begun later,
/// application data of TLS 1.2 and later with a length that there can be.
#[must_use]
pub fn is_tls(bytes: &[u8]) -> bool {
    let most = (1 << 14) + 2048;
    match bytes {
        [0x16, 3, 0..=4, high, low, 1 | 2, ..] => (4..=most).contains(&u16::from_be_bytes([*high, *low])),
        [0x17, 3, 3, high, low, _, ..] => (17..=most).contains(&u16::from_be_bytes([*high, *low])),
        _ => false,
    }
}

/// Can further bytes make these the head of a TLS record?
fn may_become_tls(bytes: &[u8]) -> bool {
    matches!(bytes, [] | [0x16 | 0x17] | [0x16 | 0x17, 3, ..])
}
