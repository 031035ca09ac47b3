//! What was not answered: the front end's own store of repeats and reversals, each sent until it is answered.
//!
//! Its size has a named limit, [`STORE`]: a front end whose store is full takes no new payments.

use hashbrown::HashMap;
use std::{cmp::Reverse, collections::BinaryHeap, time::Duration};

/// Most messages in the store, those included that may have to go into it.
pub const STORE: usize = 100_000;
/// The pause between two tries is doubled so many times.
const DOUBLINGS: u32 = 3;

/// What a front end does about a request that was not answered: no answer in time, or the connection was lost.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Unanswered {
    /// Nothing: it is given up, and an error.
    #[default]
    Ignore,
    /// It is sent again as a repeat (0201) until it is answered.
    Repeat,
    /// It is reversed with a request (0400, then 0401) until that is answered.
    Reverse,
    /// It is reversed with an advice (0420, then 0421) until that is answered.
    ReverseAdvice,
}

/// How a front end goes on when the line or the answers fail.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Follow {
    /// What becomes of a request that was not answered.
    pub unanswered: Unanswered,
    /// Pause before the second try of a stored message; doubled with every further one, up to eight times this.
    pub retry: Duration,
    /// How long stored messages are worked off after the last new payment; what is left then is unknown.
    pub settle: Duration,
}

/// A message in the store.
struct Item {
    connection: u16,
    tries: u32,
    due: u64,
}

/// Stored messages by the STAN they wait under, each on the connection it belongs to. Times are nanoseconds since the
/// start of the run.
pub(super) struct Store {
    items: HashMap<u32, Item>,
    due: Vec<BinaryHeap<Reverse<(u64, u32)>>>,
    waiting: Vec<usize>,
    retry: u64,
}

impl Store {
    pub(super) fn new(connections: u16, retry: Duration) -> Self {
        let connections = usize::from(connections);
        Self {
            items: HashMap::new(),
            due: std::iter::repeat_with(BinaryHeap::new).take(connections).collect(),
            waiting: vec![0; connections],
            retry: retry.as_nanos() as u64,
        }
    }

    /// Messages in it.
    pub(super) fn len(&self) -> usize {
        self.items.len()
    }

    /// Messages of one connection.
    pub(super) fn waiting(&self, connection: u16) -> usize {
        self.waiting[usize::from(connection)]
    }

    /// Puts a message in, to be sent at `now`.
    pub(super) fn put(&mut self, connection: u16, stan: u32, now: u64) {
        if self.items.insert(stan, Item { connection, tries: 0, due: now }).is_none() {
            self.waiting[usize::from(connection)] += 1;
        }
        self.due[usize::from(connection)].push(Reverse((now, stan)));
    }

    /// The next message that is due on this connection, and which try it is now (from 1).
    pub(super) fn next(&mut self, connection: u16, now: u64) -> Option<(u32, u32)> {
        let queue = &mut self.due[usize::from(connection)];
        while let Some(&Reverse((due, stan))) = queue.peek() {
            if due > now {
                return None;
            }
            queue.pop();
            // What was answered, or put off since, left its old place in the queue.
            let Some(item) = self.items.get_mut(&stan).filter(|item| item.due == due) else { continue };
            item.due = now + (self.retry << item.tries.min(DOUBLINGS)).max(1);
            item.tries += 1;
            queue.push(Reverse((item.due, stan)));
            return Some((stan, item.tries));
        }
        None
    }

    /// The connection is there again: all it has waiting is due.
    pub(super) fn hurry(&mut self, connection: u16, now: u64) {
        let queue = &mut self.due[usize::from(connection)];
        queue.clear();
        for (&stan, item) in self.items.iter_mut().filter(|(_, item)| item.connection == connection) {
            item.due = now;
            queue.push(Reverse((now, stan)));
        }
    }

    /// How often a message was sent from here.
    pub(super) fn tries(&self, stan: u32) -> u32 {
        self.items.get(&stan).map_or(0, |item| item.tries)
    }

    /// It was answered.
    pub(super) fn take(&mut self, stan: u32) {
        if let Some(item) = self.items.remove(&stan) {
            self.waiting[usize::from(item.connection)] -= 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_due_until_it_is_answered_at_growing_pauses() {
        let mut store = Store::new(2, Duration::from_nanos(10));
        store.put(1, 7, 100);
        assert_eq!(store.next(0, 1000), None, "of another connection");
        assert_eq!(store.next(1, 99), None);
        let mut times = Vec::new();
        for now in 100..400 {
            if let Some((stan, tries)) = store.next(1, now) {
                assert_eq!((stan, tries as usize), (7, times.len() + 1));
                times.push(now);
            }
        }
        assert_eq!(times, [100, 110, 130, 170, 250, 330]);
        store.take(7);
        assert_eq!((store.next(1, 1000), store.len(), store.waiting(1)), (None, 0, 0));
    }

    #[test]
    fn after_a_reconnect_all_of_it_is_due_once() {
        let mut store = Store::new(1, Duration::from_nanos(10));
        store.put(0, 1, 0);
        store.put(0, 2, 5);
        assert_eq!(store.next(0, 0), Some((1, 1)));
        store.hurry(0, 7);
        let mut due: Vec<_> = std::iter::from_fn(|| store.next(0, 7)).collect();
        due.sort_unstable();
        assert_eq!(due, [(1, 2), (2, 1)]);
        assert_eq!(store.next(0, 8), None);
    }
}
