//! Requests a second: so many, and a second's worth of them at once.

use crate::clock::Mono;
use std::time::Duration;

/// A second's worth may be taken at once.
const BURST: Duration = Duration::from_secs(1);

/// How far ahead of its rate somebody is.
#[derive(Clone, Copy, Default)]
pub(super) struct Pace {
    /// When all that was taken is paid for.
    paid: Mono,
}

impl Pace {
    /// One more, if `rate` a second allows it now; 0: as many as come.
    pub(super) fn admits(&mut self, now: Mono, rate: u32) -> bool {
        if rate == 0 {
            return true;
        }
        let paid = self.paid.max(now) + BURST / rate;
        let admitted = paid.since(now) <= BURST;
        if admitted {
            self.paid = paid;
        }
        admitted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seconds_worth_at_once_and_then_one_after_another() {
        let (mut pace, start) = (Pace::default(), Mono(5_000_000_000));
        assert_eq!((0..20).filter(|_| pace.admits(start, 10)).count(), 10);
        let later = |millis| start + Duration::from_millis(millis);
        assert!(!pace.admits(later(99), 10));
        assert!(pace.admits(later(100), 10) && !pace.admits(later(100), 10));
        assert_eq!((0..20).filter(|_| pace.admits(later(3_000), 10)).count(), 10, "what was not used is not saved up");
        assert!((0..10_000).all(|_| pace.admits(start, 0)), "no limit");
    }
}
