//! The proleptic Gregorian calendar in GMT: what DE7 and DE37 need of it, without a clock and without time zones.

const MICROS: i64 = 1_000_000;
const DAY: i64 = 86_400;

/// A moment in GMT, to the second.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Time {
    pub(super) year: i64,
    pub(super) month: u32,
    pub(super) day: u32,
    pub(super) hour: u32,
    pub(super) minute: u32,
    pub(super) second: u32,
}

impl Time {
    /// From microseconds since 1970-01-01T00:00:00Z.
    pub(super) fn from_wall(wall: i64) -> Self {
        let seconds = wall.div_euclid(MICROS);
        let (days, second) = (seconds.div_euclid(DAY), seconds.rem_euclid(DAY) as u32);
        let (year, month, day) = date(days);
        Self { year, month, day, hour: second / 3600, minute: second / 60 % 60, second: second % 60 }
    }

    /// Microseconds since 1970-01-01T00:00:00Z; saturates far from any date a message can mean.
    pub(super) fn wall(&self) -> i64 {
        let second = i64::from(self.hour * 3600 + self.minute * 60 + self.second);
        (days(self.year, self.month, self.day) * DAY + second).saturating_mul(MICROS)
    }

    /// 1 to 366.
    pub(super) fn day_of_year(&self) -> u32 {
        (days(self.year, self.month, self.day) - days(self.year, 1, 1)) as u32 + 1
    }
}

/// Days in a month; 0 for a month that does not exist.
pub(super) const fn days_in_month(year: i64, month: u32) -> u32 {
    match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        _ => 0,
    }
}

/// Days since 1970-01-01, counted in years that begin on 1 March, so that the leap day comes last.
const fn days(year: i64, month: u32, day: u32) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let month_from_march = ((month + 9) % 12) as i64;
    let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let day_of_year = (153 * month_from_march + 2) / 5 + day as i64 - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

/// Year, month and day from days since 1970-01-01: the inverse of [`days`].
const fn date(days: i64) -> (i64, u32, u32) {
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = (day_of_year - (153 * month_from_march + 2) / 5 + 1) as u32;
    let month = (if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 }) as u32;
    (era * 400 + year_of_era + (month <= 2) as i64, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_moments() {
        let time = Time::from_wall(1_795_403_926_999_999);
        assert_eq!(time, Time { year: 2026, month: 11, day: 23, hour: 3, minute: 18, second: 46 });
        assert_eq!(time.wall(), 1_795_403_926_000_000);
        assert_eq!(time.day_of_year(), 327);
        assert_eq!(Time::from_wall(-1).year, 1969);
        assert_eq!(
            Time::from_wall(951_782_400_000_000),
            Time { year: 2000, month: 2, day: 29, hour: 0, minute: 0, second: 0 }
        );
    }

    #[test]
    fn every_day_of_eight_centuries_comes_back() {
        let mut day = days(1600, 1, 1);
        for year in 1600..2400 {
            for month in 1..=12 {
                for of_month in 1..=days_in_month(year, month) {
                    assert_eq!((date(day), days(year, month, of_month)), ((year, month, of_month), day));
                    day += 1;
                }
            }
        }
        assert_eq!(days_in_month(2026, 13), 0);
    }

    #[test]
    fn far_ends_do_not_overflow() {
        assert_eq!(Time::from_wall(i64::MAX).wall(), i64::MAX / MICROS * MICROS);
        assert_eq!(Time::from_wall(i64::MIN).wall(), i64::MIN);
    }
}
