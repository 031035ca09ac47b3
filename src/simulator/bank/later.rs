//! Answers that leave later: a queue by due time, owned by one connection and gone with it.

use bytes::{Bytes, BytesMut};
use std::{cmp::Reverse, collections::BinaryHeap, time::Duration};
use tokio::time::Instant;

/// Most answers that may wait on one connection; what comes after is dropped (and the request stays unanswered).
const WAITING: usize = 100_000;

/// Frames by due time; equal times keep their order.
#[derive(Default)]
pub(super) struct Later {
    queue: BinaryHeap<Reverse<(Instant, u64, Bytes)>>,
    sequence: u64,
}

impl Later {
    /// Puts a frame off until `due`.
    pub(super) fn push(&mut self, due: Instant, frame: Bytes) {
        if self.queue.len() < WAITING {
            self.sequence += 1;
            self.queue.push(Reverse((due, self.sequence, frame)));
        }
    }

    /// When the next frame is due.
    pub(super) fn due(&self) -> Option<Instant> {
        self.queue.peek().map(|Reverse((due, ..))| *due)
    }

    /// Appends everything due by `now`.
    pub(super) fn take(&mut self, now: Instant, out: &mut BytesMut) {
        while self.due().is_some_and(|due| due <= now) {
            if let Some(Reverse((_, _, frame))) = self.queue.pop() {
                out.extend_from_slice(&frame);
            }
        }
    }
}

/// Far enough to mean never, near enough for every clock.
pub(super) const NEVER: Duration = Duration::from_secs(86_400 * 365);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_leave_in_the_order_they_are_due() {
        let start = Instant::now();
        let mut later = Later::default();
        for (seconds, text) in [(3, "c"), (1, "a"), (2, "b"), (1, "A")] {
            later.push(start + Duration::from_secs(seconds), Bytes::from(text));
        }
        let mut out = BytesMut::new();
        later.take(start, &mut out);
        assert!(out.is_empty());
        later.take(start + Duration::from_secs(2), &mut out);
        assert_eq!(&out[..], b"aAb");
        assert_eq!(later.due(), Some(start + Duration::from_secs(3)));
    }
}
