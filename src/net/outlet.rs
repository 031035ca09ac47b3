//! What waits to be written on one connection: bytes in order, and which sends they belong to.
//!
//! The driver appends, the connection's task writes; both live on one thread. A send is *begun* once the stream took
//! one of its bytes. What was never begun when the connection dies, or when its deadline passes, certainly did not
//! leave: it is handed back by name. What was begun may have arrived, and nothing is said about it.

use crate::{clock::Mono, switch::SendId};
use std::{cell::RefCell, collections::VecDeque, task::Waker};

/// A send that is not begun: where its bytes stand in the stream, and until when it may be begun.
#[derive(Clone, Copy, Debug)]
struct Mark {
    send: SendId,
    start: u64,
    end: u64,
    expires: Mono,
}

/// Why bytes were not taken.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Refused {
    /// The connection ended.
    Closed,
    /// More would wait than the limit allows.
    Full,
}

/// The way out of one connection.
pub struct Outlet {
    state: RefCell<State>,
    limit: usize,
}

struct State {
    bytes: Vec<u8>,
    /// How many of `bytes` the stream has taken.
    taken: usize,
    /// Position in the stream of the first of `bytes`.
    base: u64,
    marks: VecDeque<Mark>,
    waker: Option<Waker>,
    /// The driver has appended since the task was last woken.
    dirty: bool,
    /// A write is waiting for the peer.
    blocked: bool,
    closing: bool,
    closed: bool,
}

impl Outlet {
    /// An empty one that holds at most `limit` bytes.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        let state = State {
            bytes: Vec::new(),
            taken: 0,
            base: 0,
            marks: VecDeque::new(),
            waker: None,
            dirty: false,
            blocked: false,
            closing: false,
            closed: false,
        };
        Self { state: RefCell::new(state), limit }
    }

    /// Appends a frame. `Ok(true)`: the connection is to be woken ([`Outlet::wake`]), once for all that is appended.
    ///
    /// # Errors
    /// Nothing was appended.
    pub fn push(&self, frame: &[u8], send: Option<(SendId, Mono)>) -> Result<bool, Refused> {
        let mut state = self.state.borrow_mut();
        if state.closed || state.closing {
            return Err(Refused::Closed);
        }
        if state.bytes.len() - state.taken + frame.len() > self.limit {
            return Err(Refused::Full);
        }
        if let Some((send, expires)) = send {
            let start = state.base + state.bytes.len() as u64;
            state.marks.push_back(Mark { send, start, end: start + frame.len() as u64, expires });
        }
        state.bytes.extend_from_slice(frame);
        Ok(!std::mem::replace(&mut state.dirty, true))
    }

    /// Lets the task write what was appended.
    pub fn wake(&self) {
        let mut state = self.state.borrow_mut();
        state.dirty = false;
        if let Some(waker) = &state.waker {
            waker.wake_by_ref();
        }
    }

    /// Closes the connection once everything appended so far is written.
    pub fn close(&self) {
        self.state.borrow_mut().closing = true;
        self.wake();
    }

    /// Hands back the sends whose deadline passed before their first byte was taken, with their frames, which are taken
    /// out. Only a connection whose peer does not read can have any.
    pub fn expire(&self, now: Mono, mut expired: impl FnMut(SendId, &[u8])) {
        let mut state = self.state.borrow_mut();
        if !state.blocked {
            return;
        }
        let state = &mut *state;
        let mut gone = 0;
        state.marks.retain_mut(|mark| {
            mark.start -= gone;
            mark.end -= gone;
            if mark.expires > now {
                return true;
            }
            let (from, to) = ((mark.start - state.base) as usize, (mark.end - state.base) as usize);
            expired(mark.send, &state.bytes[from..to]);
            state.bytes.drain(from..to);
            gone += mark.end - mark.start;
            false
        });
    }

    /// The connection is over: nothing is taken any more, and every send that was not begun is handed back with its
    /// frame.
    pub fn end(&self, mut not_sent: impl FnMut(SendId, &[u8])) {
        let mut state = self.state.borrow_mut();
        state.closed = true;
        state.waker = None;
        state.taken = 0;
        let bytes = std::mem::take(&mut state.bytes);
        let base = state.base;
        for mark in state.marks.drain(..) {
            not_sent(mark.send, &bytes[(mark.start - base) as usize..(mark.end - base) as usize]);
        }
    }

    /// For the connection's task: whom to wake.
    pub(super) fn register(&self, waker: &Waker) {
        let mut state = self.state.borrow_mut();
        if !state.waker.as_ref().is_some_and(|known| known.will_wake(waker)) {
            state.waker = Some(waker.clone());
        }
    }

    /// For the connection's task: offers what waits to `write`, which says how many bytes it took; until there is no
    /// more, or it takes none for now (`None`). Says whether anything is left.
    pub(super) fn write<E>(&self, mut write: impl FnMut(&[u8]) -> Result<Option<usize>, E>) -> Result<bool, E> {
        let mut state = self.state.borrow_mut();
        let state = &mut *state;
        while state.taken < state.bytes.len() {
            let Some(taken) = write(&state.bytes[state.taken..])? else {
                state.blocked = true;
                return Ok(true);
            };
            state.taken += taken;
            let begun = state.base + state.taken as u64;
            while state.marks.front().is_some_and(|mark| mark.start < begun) {
                state.marks.pop_front();
            }
        }
        state.base += state.bytes.len() as u64;
        state.bytes.clear();
        state.taken = 0;
        state.blocked = false;
        Ok(false)
    }

    /// For the connection's task: to be closed as soon as nothing waits?
    pub(super) fn is_closing(&self) -> bool {
        self.state.borrow().closing
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NEVER: Mono = Mono(u64::MAX);

    fn outlet(sends: &[(u64, &[u8], Mono)]) -> Outlet {
        let outlet = Outlet::new(64);
        for (send, frame, expires) in sends {
            outlet.push(frame, Some((SendId(*send), *expires))).unwrap();
        }
        outlet
    }

    fn take(outlet: &Outlet, mut most: usize) -> Vec<u8> {
        let mut written = Vec::new();
        let left = outlet.write(|bytes| {
            let taken = most.min(bytes.len());
            most -= taken;
            written.extend_from_slice(&bytes[..taken]);
            Ok::<_, ()>(Some(taken).filter(|taken| *taken > 0))
        });
        assert!(left.is_ok());
        written
    }

    fn ended(outlet: &Outlet) -> Vec<u64> {
        let mut not_sent = Vec::new();
        outlet.end(|send, _| not_sent.push(send.0));
        not_sent
    }

    #[test]
    fn what_was_never_begun_comes_back_when_the_connection_dies() {
        let outlet = outlet(&[(1, b"aaaa", NEVER), (2, b"bbbb", NEVER), (3, b"cccc", NEVER)]);
        assert_eq!(take(&outlet, 5), b"aaaab");
        assert_eq!(ended(&outlet), [3], "1 is out and 2 is begun: both may have arrived");
        assert_eq!(outlet.push(b"dddd", None), Err(Refused::Closed));
    }

    #[test]
    fn an_expired_send_is_cut_out_and_the_rest_goes_on() {
        let outlet = outlet(&[(1, b"aaaa", Mono(5)), (2, b"bbbb", Mono(5)), (3, b"cccc", NEVER), (4, b"d", Mono(4))]);
        let mut written = take(&outlet, 2);
        let mut expired = Vec::new();
        outlet.expire(Mono(5), |send, frame| expired.push((send.0, frame.to_vec())));
        assert_eq!(expired, [(2, b"bbbb".to_vec()), (4, b"d".to_vec())], "1 is begun");
        written.extend(take(&outlet, 64));
        assert_eq!(written, b"aaaacccc");
        assert_eq!(ended(&outlet), [] as [u64; 0]);
    }

    #[test]
    fn nothing_expires_while_the_peer_reads() {
        let outlet = outlet(&[(1, b"aaaa", Mono(5))]);
        outlet.expire(Mono(9), |_, _| panic!("it is about to be written"));
        assert_eq!(take(&outlet, 64), b"aaaa");
    }

    #[test]
    fn the_limit_counts_what_still_waits() {
        let outlet = Outlet::new(8);
        assert_eq!(outlet.push(b"aaaaaa", None), Ok(true));
        assert_eq!(outlet.push(b"bbb", None), Err(Refused::Full));
        assert_eq!(outlet.push(b"bb", None), Ok(false), "woken once for both");
        assert_eq!(take(&outlet, 64), b"aaaaaabb");
        outlet.wake();
        assert_eq!(outlet.push(b"cccccccc", None), Ok(true));
    }
}
