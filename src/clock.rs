//! Time as a value: the machines are told what time it is, they never ask.
//!
//! [`Mono`] runs the timers and only ever goes forward; [`Wall`] is what a calendar shows and may step. Both are made up
//! freely in tests, which `std::time::Instant` cannot be.

use std::{ops::Add, time::Duration};

/// Monotonic time: nanoseconds since an arbitrary start of this process.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Mono(pub u64);

/// Wall time: microseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Wall(pub i64);

/// The two clocks read together, once per batch.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Now {
    /// For timers.
    pub mono: Mono,
    /// For records, DE7 and calendars.
    pub wall: Wall,
}

impl Add<Duration> for Mono {
    type Output = Self;

    fn add(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)))
    }
}

impl Mono {
    /// Time passed since `earlier`, zero if it lies ahead.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }
}

impl Wall {
    /// The calendar year (GMT, proleptic Gregorian).
    #[must_use]
    pub const fn year(self) -> i64 {
        // Counted in years that begin on 1 March, so that the leap day comes last; 719,468 days lie between
        // 0000-03-01 and 1970-01-01.
        let days = self.0.div_euclid(86_400_000_000) + 719_468;
        let (era, day) = (days.div_euclid(146_097), days.rem_euclid(146_097));
        let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
        let day_of_year = day - (365 * year + year / 4 - year / 100);
        // From the 306th day on it is January or February of the next year.
        era * 400 + year + if day_of_year >= 306 { 1 } else { 0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_year_of_a_moment() {
        const DAY: i64 = 86_400_000_000;
        for (days, year) in
            [(0, 1970), (-1, 1969), (364, 1970), (365, 1971), (11_016, 2000), (11_322, 2000), (11_323, 2001)]
        {
            assert_eq!(Wall(days * DAY).year(), year, "day {days}");
            assert_eq!(Wall(days * DAY + DAY - 1).year(), year, "the last moment of day {days}");
        }
    }
}
