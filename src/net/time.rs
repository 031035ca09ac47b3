//! The one place of the running switch that reads the clocks; everything else is told what time it is.

use crate::clock::{Mono, Now, Wall};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// The clocks of this process.
#[derive(Clone, Copy, Debug)]
pub struct SystemClock {
    start: Instant,
}

impl SystemClock {
    /// Monotonic time starts a second above zero, so that "a second ago" can always be said.
    const OFFSET: u64 = 1_000_000_000;

    /// Starts the monotonic clock.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "the start of monotonic time")]
    pub fn start() -> Self {
        Self { start: Instant::now() }
    }

    /// Monotonic time.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "read once per socket read and once per batch")]
    pub fn mono(&self) -> Mono {
        let passed = Instant::now().duration_since(self.start).as_nanos();
        Mono(u64::try_from(passed).unwrap_or(u64::MAX).saturating_add(Self::OFFSET))
    }

    /// Both clocks.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "the wall clock, read once per batch")]
    pub fn now(&self) -> Now {
        let wall = match SystemTime::now().duration_since(UNIX_EPOCH) {
            Ok(since) => i64::try_from(since.as_micros()).unwrap_or(i64::MAX),
            Err(before) => i64::try_from(before.duration().as_micros()).map_or(i64::MIN, |micros| -micros),
        };
        Now { mono: self.mono(), wall: Wall(wall) }
    }

    /// A moment of the runtime's clock, for its timers.
    #[must_use]
    pub fn instant(&self, mono: Mono) -> tokio::time::Instant {
        let passed = std::time::Duration::from_nanos(mono.0.saturating_sub(Self::OFFSET));
        // A deadline beyond the range of the clock is one that never comes: a year ahead does for it.
        let never = std::time::Duration::from_secs(365 * 24 * 3600);
        tokio::time::Instant::from_std(self.start.checked_add(passed).unwrap_or(self.start + never))
    }
}
