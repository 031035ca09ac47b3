//! The transmission date and time (DE7).

use super::{
    calendar::{Time, days_in_month},
    digits, number,
};
use std::fmt;

/// DE7: MMDDhhmmss in GMT, kept as the ten ASCII digits. It has no year: [`Transmission::nearest`] infers one.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Transmission(pub [u8; 10]);

/// Less than half a year, in microseconds.
const HALF_YEAR: u64 = 182 * 86_400 * 1_000_000;

impl Transmission {
    /// The DE7 of a moment, in microseconds since 1970-01-01T00:00:00Z.
    #[must_use]
    pub fn from_wall(wall: i64) -> Self {
        let time = Time::from_wall(wall);
        let date = u64::from(time.month * 100 + time.day);
        Self(digits(date * 1_000_000 + u64::from(time.hour * 10_000 + time.minute * 100 + time.second)))
    }

    /// From ten digits that are a moment of some year (29 February included); no leap second.
    #[must_use]
    pub fn parse(value: &[u8]) -> Option<Self> {
        let transmission = Self(value.try_into().ok()?);
        // 2000 is a leap year.
        transmission.in_year(2000).map(|_| transmission)
    }

    /// The moment closest to `now` that this can mean, both in microseconds since 1970-01-01T00:00:00Z: on 1 January a
    /// DE7 of 31 December is yesterday's. `None` where the digits are no moment at all.
    #[must_use]
    pub fn nearest(self, now: i64) -> Option<i64> {
        let this_year = Time::from_wall(now).year;
        // Within half a year of now no other year comes closer.
        if let Some(moment) = self.in_year(this_year).filter(|moment| moment.abs_diff(now) < HALF_YEAR) {
            return Some(moment);
        }
        let closest = |mut years: std::ops::RangeInclusive<i64>| {
            let moments = years.by_ref().filter_map(|year| self.in_year(this_year + year));
            moments.min_by_key(|&moment| moment.abs_diff(now))
        };
        // 29 February may lie up to eight years away (1896 to 1904).
        closest(-1..=1).or_else(|| closest(-8..=8))
    }

    /// The year of that moment.
    #[must_use]
    pub fn year_nearest(self, now: i64) -> Option<i64> {
        let this_year = Time::from_wall(now).year;
        match self.in_year(this_year) {
            Some(moment) if moment.abs_diff(now) < HALF_YEAR => Some(this_year),
            _ => self.nearest(now).map(|moment| Time::from_wall(moment).year),
        }
    }

    /// The moment in one year; `None` where the digits are none in it.
    fn in_year(self, year: i64) -> Option<i64> {
        let part = |at: usize| number(&self.0[at..at + 2]).map(|number| number as u32);
        let time = Time { year, month: part(0)?, day: part(2)?, hour: part(4)?, minute: part(6)?, second: part(8)? };
        let exists = (1..=days_in_month(year, time.month)).contains(&time.day)
            && time.hour < 24
            && time.minute < 60
            && time.second < 60;
        exists.then(|| time.wall())
    }
}

impl fmt::Display for Transmission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.escape_ascii())
    }
}

impl fmt::Debug for Transmission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Transmission({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-11-23T03:18:46Z.
    const NOW: i64 = 1_795_403_926_000_000;
    const SECOND: i64 = 1_000_000;
    const DAY: i64 = 86_400 * SECOND;

    /// A moment of a year.
    fn moment(year: i64, month: u32, day: u32, hour: u32) -> i64 {
        Time { year, month, day, hour, minute: 0, second: 0 }.wall()
    }

    fn parse(text: &str) -> Transmission {
        Transmission::parse(text.as_bytes()).unwrap()
    }

    #[test]
    fn from_a_moment_and_back() {
        let sent = Transmission::from_wall(NOW);
        assert_eq!(sent.0, *b"1123031846");
        assert_eq!(sent.nearest(NOW), Some(NOW));
        assert_eq!(sent.nearest(NOW + 40 * DAY), Some(NOW));
        assert_eq!(format!("{sent} {sent:?}"), "1123031846 Transmission(1123031846)");
    }

    #[test]
    fn new_year() {
        let (old, new) = (moment(2026, 12, 31, 23), moment(2027, 1, 1, 1));
        assert_eq!(parse("1231230000").nearest(new), Some(old));
        assert_eq!(parse("0101010000").nearest(old), Some(new));
    }

    #[test]
    fn leap_day() {
        assert_eq!(parse("0229120000").nearest(moment(2028, 3, 1, 0)), Some(moment(2028, 2, 29, 12)));
        assert_eq!(
            parse("0229120000").nearest(moment(2026, 3, 1, 0)),
            Some(moment(2024, 2, 29, 12)),
            "two years ago beats two years ahead"
        );
        assert_eq!(parse("0229120000").nearest(moment(2100, 3, 2, 0)), Some(moment(2104, 2, 29, 12)));
    }

    #[test]
    fn only_moments_are_taken() {
        for bad in [
            "1301000000",
            "0001000000",
            "0431000000",
            "0230000000",
            "0100000000",
            "0101240000",
            "0101006000",
            "0101000060",
        ] {
            assert_eq!(Transmission::parse(bad.as_bytes()), None, "{bad}");
        }
        for bad in ["", "010100000", "01010000000", "01010000 0", "+101000000"] {
            assert_eq!(Transmission::parse(bad.as_bytes()), None, "{bad:?}");
        }
        assert_eq!(Transmission(*b"9999999999").nearest(NOW), None);
    }
}
