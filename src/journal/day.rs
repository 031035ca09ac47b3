//! Calendar days (GMT): data keys are made and destroyed by the day.

use crate::clock::Wall;
use std::{fmt, str::FromStr};

const MICROS: i64 = 86_400_000_000;

/// A day: how many since 1970-01-01.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(super) struct Day(pub(super) i32);

impl Day {
    /// The day of a moment. Moments that no calendar of ours reaches count as its ends.
    pub(super) fn of(wall: Wall) -> Self {
        // Years 1 to 9999, so that a name has always the same form.
        Self((wall.0.div_euclid(MICROS)).clamp(-719_162, 2_932_896) as i32)
    }

    /// Year, month and day. Counted in years that begin on 1 March, so that the leap day comes last.
    fn civil(self) -> (i64, i64, i64) {
        let days = i64::from(self.0) + 719_468;
        let (era, day) = (days.div_euclid(146_097), days.rem_euclid(146_097));
        let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
        let of_year = day - (365 * year + year / 4 - year / 100);
        let month = (5 * of_year + 2) / 153;
        let of_month = of_year - (153 * month + 2) / 5 + 1;
        let (month, next) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
        (era * 400 + year + next, month, of_month)
    }

    fn from_civil(year: i64, month: i64, day: i64) -> Self {
        let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
        let (era, year) = (year.div_euclid(400), year.rem_euclid(400));
        let of_year = (153 * month + 2) / 5 + day - 1;
        Self((era * 146_097 + year * 365 + year / 4 - year / 100 + of_year - 719_468) as i32)
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = self.civil();
        write!(f, "{year:04}-{month:02}-{day:02}")
    }
}

impl FromStr for Day {
    type Err = ();

    /// Only what [`Day`] prints itself.
    fn from_str(text: &str) -> Result<Self, ()> {
        let part = |from: usize, to: usize| {
            let digits = text.get(from..to).filter(|part| part.bytes().all(|byte| byte.is_ascii_digit()));
            digits.and_then(|digits| digits.parse::<i64>().ok()).ok_or(())
        };
        let day = Self::from_civil(part(0, 4)?, part(5, 7)?, part(8, 10)?);
        (day.to_string() == text).then_some(day).ok_or(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_print_and_come_back() {
        for (days, text) in [
            (0, "1970-01-01"),
            (-1, "1969-12-31"),
            (11_016, "2000-02-29"),
            (20_781, "2026-11-24"),
            (-719_162, "0001-01-01"),
            (2_932_896, "9999-12-31"),
        ] {
            assert_eq!(Day(days).to_string(), text);
            assert_eq!(text.parse(), Ok(Day(days)));
        }
        assert!((-1000..30_000).all(|days| Day(days).to_string().parse() == Ok(Day(days))));
        for bad in ["", "2026-11-2", "2026-11-31", "2026-13-01", "2026x11-24", "+026-11-24", "2026-11-24 "] {
            assert_eq!(bad.parse::<Day>(), Err(()), "{bad}");
        }
        assert_eq!(Day::of(Wall(i64::MIN)).to_string(), "0001-01-01");
        assert_eq!(Day::of(Wall(1_795_403_926_000_000)).to_string(), "2026-11-23");
    }
}
