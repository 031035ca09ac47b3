//! The systems trace audit number (DE11).

use std::fmt;

/// A systems trace audit number, 1 to 999999. A peer may send 000000; we never assign it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct Stan(pub u32);

impl Stan {
    /// The lowest number that is assigned.
    pub const MIN: Self = Self(1);
    /// The highest number of six digits; the next one is [`Stan::MIN`].
    pub const MAX: Self = Self(999_999);

    /// From the six digits of DE11 (n6).
    #[must_use]
    pub fn parse(digits: &[u8]) -> Option<Self> {
        let digits: [u8; 6] = digits.try_into().ok()?;
        super::number(&digits).map(|number| Self(number as u32))
    }

    /// The six ASCII digits of DE11.
    #[must_use]
    pub const fn digits(self) -> [u8; 6] {
        super::digits(self.0 as u64)
    }

    /// The one after this; after 999999 comes 1.
    #[must_use]
    pub const fn next(self) -> Self {
        if self.0 >= Self::MAX.0 { Self::MIN } else { Self(self.0 + 1) }
    }
}

impl fmt::Display for Stan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:06}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn six_digits_both_ways() {
        assert_eq!(Stan::parse(b"000123"), Some(Stan(123)));
        assert_eq!(Stan(123).digits(), *b"000123");
        assert_eq!(Stan(123).to_string(), "000123");
        for bad in [&b"123"[..], b"+00123", b"00012 ", b"0000123", b""] {
            assert_eq!(Stan::parse(bad), None);
        }
    }

    #[test]
    fn wraps_past_zero() {
        assert_eq!(Stan(999_999).next(), Stan(1));
        assert_eq!(Stan(999_998).next(), Stan::MAX);
        assert_eq!(Stan(0).next(), Stan::MIN);
    }
}
