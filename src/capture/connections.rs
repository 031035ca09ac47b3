//! TCP connections: where one begins and ends, which of its sides listens, and when its ports are used again.

use super::{
    Nanos, Segment,
    half::{Half, Piece},
};
use core::net::SocketAddr;
use hashbrown::HashMap;

/// Most connections that are known at a time, those that are over included.
pub const MOST_CONNECTIONS: usize = 4096;

/// Most bytes that wait behind gaps of all connections.
const MOST_WAITING: usize = 64 << 20;

/// What one side of a connection sent.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Event {
    /// When it was captured.
    pub time: Nanos,
    /// The connection, numbered from 1 as they appear.
    pub stream: u64,
    /// Who sent it.
    pub from: SocketAddr,
    /// To whom.
    pub to: SocketAddr,
    /// Which of the two listens: the side that SYN went to; where it was not captured, the one with the lower port.
    pub server: SocketAddr,
    /// What it is.
    pub what: What,
}

/// See [`Event`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum What {
    /// Bytes, the next in order.
    Bytes(Vec<u8>),
    /// So many bytes were not captured.
    Lost(u64),
    /// This direction is over.
    End,
}

/// All connections of a capture.
#[derive(Default)]
pub struct Connections {
    open: HashMap<(SocketAddr, SocketAddr), Connection>,
    count: u64,
    waiting: usize,
}

struct Connection {
    stream: u64,
    /// The listening side second.
    ends: [SocketAddr; 2],
    /// What each of them sends.
    halves: [Half; 2],
    over: [bool; 2],
    last: Nanos,
}

impl Connections {
    /// Takes one segment; what comes out is appended to `out`.
    pub fn take(&mut self, segment: &Segment<'_>, out: &mut Vec<Event>) {
        let key = (segment.from.min(segment.to), segment.from.max(segment.to));
        if let Some(connection) = self.open.get(&key)
            && segment.syn
            && !connection.may_be_opened_by(segment)
        {
            // The ports are used again.
            self.close(key, out);
        }
        if !self.open.contains_key(&key) {
            if segment.rst || !segment.syn && segment.payload.is_empty() {
                return;
            }
            self.make_room(out);
            self.count += 1;
            self.open.insert(key, Connection::new(self.count, segment));
        }
        let Some(connection) = self.open.get_mut(&key) else { return };
        let before = connection.waiting();
        connection.take(segment, out);
        self.waiting = self.waiting + connection.waiting() - before;
        if self.waiting > MOST_WAITING {
            self.waiting -= connection.waiting();
            connection.wait_no_longer(segment.time, out);
        }
    }

    /// The capture is at its end.
    pub fn finish(&mut self, out: &mut Vec<Event>) {
        let mut left: Vec<_> = self.open.iter().map(|(key, connection)| (connection.stream, *key)).collect();
        left.sort_unstable();
        for (_, key) in left {
            self.close(key, out);
        }
    }

    fn close(&mut self, key: (SocketAddr, SocketAddr), out: &mut Vec<Event>) {
        if let Some(mut connection) = self.open.remove(&key) {
            self.waiting -= connection.waiting();
            connection.close(out);
        }
    }

    /// Forgets those that are over, and if that is not enough a quarter of them, the longest silent.
    fn make_room(&mut self, out: &mut Vec<Event>) {
        if self.open.len() < MOST_CONNECTIONS {
            return;
        }
        self.open.retain(|_, connection| !connection.is_over());
        if self.open.len() < MOST_CONNECTIONS {
            return;
        }
        let mut silent: Vec<_> =
            self.open.iter().map(|(key, connection)| (connection.last, connection.stream, *key)).collect();
        silent.sort_unstable();
        for (_, _, key) in silent.into_iter().take(MOST_CONNECTIONS / 4) {
            self.close(key, out);
        }
    }
}

impl Connection {
    fn new(stream: u64, segment: &Segment<'_>) -> Self {
        let server_sends = match (segment.syn, segment.ack) {
            (true, ack) => ack,
            _ => (segment.from.port(), segment.from) < (segment.to.port(), segment.to),
        };
        let ends = if server_sends { [segment.to, segment.from] } else { [segment.from, segment.to] };
        Self { stream, ends, halves: Default::default(), over: [false; 2], last: segment.time }
    }

    const fn is_over(&self) -> bool {
        self.over[0] && self.over[1]
    }

    const fn waiting(&self) -> usize {
        self.halves[0].waiting() + self.halves[1].waiting()
    }

    fn side(&self, segment: &Segment<'_>) -> usize {
        usize::from(segment.from != self.ends[0])
    }

    fn may_be_opened_by(&self, segment: &Segment<'_>) -> bool {
        self.halves[self.side(segment)].may_begin_with(segment.sequence)
    }

    fn take(&mut self, segment: &Segment<'_>, out: &mut Vec<Event>) {
        self.last = segment.time;
        let side = self.side(segment);
        if self.over[side] {
            return;
        }
        let mut pieces = Vec::new();
        let half = &mut self.halves[side];
        let first = segment.sequence.wrapping_add(u32::from(segment.syn));
        if segment.syn {
            half.begin(segment.sequence, &mut pieces);
        }
        half.push(segment.time, first, segment.payload, &mut pieces);
        if segment.fin {
            half.end(first.wrapping_add(segment.payload.len() as u32));
        }
        self.tell(side, pieces, out);
        for side in [0, 1] {
            let mut pieces = Vec::new();
            self.halves[side].wait_no_longer_than(segment.time, &mut pieces);
            self.tell(side, pieces, out);
            if self.halves[side].ended() {
                self.end(side, out);
            }
        }
        if segment.rst {
            self.close(out);
        }
    }

    /// What waits comes out now.
    fn wait_no_longer(&mut self, time: Nanos, out: &mut Vec<Event>) {
        self.last = time;
        for side in [0, 1] {
            let mut pieces = Vec::new();
            self.halves[side].finish(&mut pieces);
            self.tell(side, pieces, out);
        }
    }

    fn close(&mut self, out: &mut Vec<Event>) {
        self.wait_no_longer(self.last, out);
        for side in [0, 1] {
            self.end(side, out);
        }
    }

    fn end(&mut self, side: usize, out: &mut Vec<Event>) {
        if !std::mem::replace(&mut self.over[side], true) {
            out.push(self.event(side, self.last, What::End));
        }
    }

    fn tell(&self, side: usize, pieces: Vec<Piece>, out: &mut Vec<Event>) {
        out.extend(pieces.into_iter().map(|piece| match piece {
            Piece::Bytes { time, bytes } => self.event(side, time, What::Bytes(bytes)),
            Piece::Lost { time, count } => self.event(side, time, What::Lost(count)),
        }));
    }

    fn event(&self, side: usize, time: Nanos, what: What) -> Event {
        let [from, to] = [self.ends[side], self.ends[1 - side]];
        Event { time, stream: self.stream, from, to, server: self.ends[1], what }
    }
}
