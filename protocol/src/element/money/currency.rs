//! Currencies.

use super::iso4217::{BY_LETTERS, CURRENCIES};
use std::fmt;

/// Decimal places of a currency that is not in the table.
const DEFAULT_EXPONENT: u8 = 2;

/// An ISO 4217 numeric currency code, with its exponent.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Currency(u16);

impl Currency {
    /// From the numeric code, e.g. 840. Unknown codes are kept (exponent 2), since networks have private ones.
    #[must_use]
    pub const fn numeric(code: u16) -> Self {
        Self(code)
    }

    /// From DE49: three digits, or three capital letters of the table.
    #[must_use]
    pub fn parse(value: &[u8]) -> Option<Self> {
        let value: [u8; 3] = value.try_into().ok()?;
        if value.iter().all(u8::is_ascii_digit) {
            return Some(Self(value.iter().fold(0, |code, digit| code * 10 + u16::from(digit - b'0'))));
        }
        let place = BY_LETTERS.binary_search_by_key(&value, |&index| CURRENCIES[usize::from(index)].1).ok()?;
        Some(Self(CURRENCIES[usize::from(BY_LETTERS[place])].0))
    }

    /// The numeric code.
    #[must_use]
    pub const fn code(self) -> u16 {
        self.0
    }

    /// The numeric code as the three ASCII digits of DE49; `None` above 999.
    #[must_use]
    pub const fn digits(self) -> Option<[u8; 3]> {
        if self.0 > 999 {
            return None;
        }
        Some([b'0' + (self.0 / 100) as u8, b'0' + (self.0 / 10 % 10) as u8, b'0' + (self.0 % 10) as u8])
    }

    /// Decimal places of the minor unit (JPY 0, KWD 3, most 2).
    #[must_use]
    pub fn exponent(self) -> u8 {
        self.entry().map_or(DEFAULT_EXPONENT, |entry| entry.2)
    }

    /// The letters, e.g. `USD`.
    #[must_use]
    pub fn alpha(self) -> Option<&'static str> {
        self.entry().map(|entry| std::str::from_utf8(&entry.1).expect("the table holds letters"))
    }

    fn entry(self) -> Option<&'static (u16, [u8; 3], u8)> {
        CURRENCIES.binary_search_by_key(&self.0, |entry| entry.0).ok().map(|place| &CURRENCIES[place])
    }
}

/// The letters, or the three digits where the code has none.
impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.alpha() {
            Some(letters) => f.pad(letters),
            None => write!(f, "{:03}", self.0),
        }
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Currency({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_and_letters_name_the_same() {
        for (digits, letters, exponent) in
            [(b"840", b"USD", 2), (b"392", b"JPY", 0), (b"414", b"KWD", 3), (b"008", b"ALL", 2)]
        {
            let currency = Currency::parse(digits).unwrap();
            assert_eq!(Currency::parse(letters), Some(currency));
            assert_eq!(currency.digits(), Some(*digits));
            assert_eq!(currency.alpha().map(str::as_bytes), Some(&letters[..]));
            assert_eq!(currency.exponent(), exponent);
        }
    }

    #[test]
    fn private_codes_are_kept() {
        let private = Currency::parse(b"007").unwrap();
        assert_eq!((private.code(), private.exponent(), private.alpha()), (7, 2, None));
        assert_eq!(private.to_string(), "007");
        assert_eq!(Currency::numeric(1000).digits(), None);
    }

    #[test]
    fn refused() {
        for bad in [&b"84"[..], b"8400", b"usd", b"U5D", b"QQQ", b"+84", b"", b"   "] {
            assert_eq!(Currency::parse(bad), None);
        }
    }
}
