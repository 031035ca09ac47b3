//! The retrieval reference number (DE37).

use super::{calendar, digits};
use std::fmt;

/// A retrieval reference number (DE37, an12): twelve characters, left-justified, space-filled.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Rrn(pub [u8; 12]);

impl Rrn {
    /// From one to twelve printable ASCII characters; shorter values are filled with spaces on the right.
    #[must_use]
    pub fn parse(value: &[u8]) -> Option<Self> {
        let printable = value.iter().all(|&c| matches!(c, b' '..=b'~'));
        if value.is_empty() || value.len() > 12 || !printable {
            return None;
        }
        let mut bytes = [b' '; 12];
        bytes[..value.len()].copy_from_slice(value);
        Some(Self(bytes))
    }

    /// The customary form `YDDDhhNNNNNN`: last digit of the year, day of the year, hour (GMT), and a number, here that
    /// of the STAN. `wall` is in microseconds since 1970-01-01T00:00:00Z.
    #[must_use]
    pub fn assigned(wall: i64, stan: super::Stan) -> Self {
        let time = calendar::Time::from_wall(wall);
        let date = u64::from(time.year.rem_euclid(10) as u32 * 1000 + time.day_of_year());
        Self(digits((date * 100 + u64::from(time.hour)) * 1_000_000 + u64::from(stan.0 % 1_000_000)))
    }

    /// The characters without the filling.
    #[must_use]
    pub fn trimmed(&self) -> &[u8] {
        self.0.trim_ascii_end()
    }
}

impl fmt::Display for Rrn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.trimmed().escape_ascii())
    }
}

impl fmt::Debug for Rrn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Rrn({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::super::Stan;
    use super::*;

    #[test]
    fn filled_and_trimmed() {
        let short = Rrn::parse(b"ABC123").unwrap();
        assert_eq!(short.0, *b"ABC123      ");
        assert_eq!(short.trimmed(), b"ABC123");
        assert_eq!(format!("{short} {short:?}"), "ABC123 Rrn(ABC123)");
        assert_eq!(Rrn::parse(b"ABC123      "), Some(short));
        for bad in [&b""[..], b"1234567890123", b"12\n4", "é".as_bytes()] {
            assert_eq!(Rrn::parse(bad), None);
        }
    }

    #[test]
    fn assigned_from_time_and_stan() {
        // 2026-11-23T03:18:46Z, day 327 of the year.
        assert_eq!(Rrn::assigned(1_795_403_926_000_000, Stan(123)).0, *b"632703000123");
    }
}
