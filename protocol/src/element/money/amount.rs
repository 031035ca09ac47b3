//! Amounts.

use super::Currency;
use std::fmt;

/// An amount in minor units. There are no operators on it: arithmetic is checked, and says why it failed.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Money {
    /// Minor units (cents, fils, yen).
    pub minor: i64,
    /// The currency.
    pub currency: Currency,
}

/// Why an amount could not be made.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum MoneyError {
    /// Two currencies met.
    Currencies(Currency, Currency),
    /// The result does not fit in 64 bits.
    Overflow,
    /// Text that is no decimal number.
    NotANumber,
    /// More decimal places than the currency has.
    Places {
        /// Most allowed.
        max: u8,
        /// Written.
        had: usize,
    },
}

impl fmt::Display for MoneyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Currencies(one, other) => write!(f, "{one} and {other} cannot be added"),
            Self::Overflow => f.write_str("the amount does not fit in 64 bits"),
            Self::NotANumber => f.write_str("an amount is digits, with a point before the minor unit, e.g. 12.50"),
            Self::Places { max, had } => write!(f, "the currency has {max} decimal places, the amount has {had}"),
        }
    }
}
impl std::error::Error for MoneyError {}

impl Money {
    /// From minor units.
    #[must_use]
    pub const fn new(minor: i64, currency: Currency) -> Self {
        Self { minor, currency }
    }

    /// From an amount field (DE4, 5, 6: up to 18 digits of minor units).
    #[must_use]
    pub fn from_digits(digits: &[u8], currency: Currency) -> Option<Self> {
        if digits.is_empty() || digits.len() > 18 || !digits.iter().all(u8::is_ascii_digit) {
            return None;
        }
        Some(Self::new(digits.iter().fold(0, |minor, digit| minor * 10 + i64::from(digit - b'0')), currency))
    }

    /// From what a person writes in major units: `12.5`, `12.50`, `-3`, with no more places than the currency has.
    pub fn parse(text: &str, currency: Currency) -> Result<Self, MoneyError> {
        let (negative, unsigned) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
        let (major, places) = unsigned.split_once('.').unwrap_or((unsigned, ""));
        let point = unsigned.len() > major.len();
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if major.is_empty() || (point && places.is_empty()) || !digits(major) || !digits(places) {
            return Err(MoneyError::NotANumber);
        }
        let exponent = currency.exponent();
        let missing = usize::from(exponent)
            .checked_sub(places.len())
            .ok_or(MoneyError::Places { max: exponent, had: places.len() })?;
        let sign = if negative { -1 } else { 1 };
        major
            .bytes()
            .chain(places.bytes())
            .chain(std::iter::repeat_n(b'0', missing))
            .try_fold(0i64, |minor, digit| minor.checked_mul(10)?.checked_add(sign * i64::from(digit - b'0')))
            .map(|minor| Self::new(minor, currency))
            .ok_or(MoneyError::Overflow)
    }

    /// The sum, of one currency.
    pub fn checked_add(self, other: Self) -> Result<Self, MoneyError> {
        self.same_currency(other)?;
        self.minor.checked_add(other.minor).map(|minor| Self { minor, ..self }).ok_or(MoneyError::Overflow)
    }

    /// The difference, of one currency.
    pub fn checked_sub(self, other: Self) -> Result<Self, MoneyError> {
        self.same_currency(other)?;
        self.minor.checked_sub(other.minor).map(|minor| Self { minor, ..self }).ok_or(MoneyError::Overflow)
    }

    /// The opposite amount.
    pub fn checked_neg(self) -> Result<Self, MoneyError> {
        self.minor.checked_neg().map(|minor| Self { minor, ..self }).ok_or(MoneyError::Overflow)
    }

    /// Is there nothing?
    #[must_use]
    pub const fn is_zero(self) -> bool {
        self.minor == 0
    }

    fn same_currency(self, other: Self) -> Result<(), MoneyError> {
        if self.currency == other.currency {
            Ok(())
        } else {
            Err(MoneyError::Currencies(self.currency, other.currency))
        }
    }
}

/// Major units with all places of the currency, then its letters: `-12.50 USD`.
impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (sign, places) = (if self.minor < 0 { "-" } else { "" }, usize::from(self.currency.exponent()));
        let unit = 10u64.pow(places as u32);
        let (major, minor) = (self.minor.unsigned_abs() / unit, self.minor.unsigned_abs() % unit);
        match places {
            0 => write!(f, "{sign}{major} {}", self.currency),
            _ => write!(f, "{sign}{major}.{minor:0places$} {}", self.currency),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const USD: Currency = Currency::numeric(840);
    const JPY: Currency = Currency::numeric(392);
    const KWD: Currency = Currency::numeric(414);

    #[test]
    fn written_and_read_by_the_exponent() {
        for (minor, currency, text) in [
            (1250, USD, "12.50 USD"),
            (-5, USD, "-0.05 USD"),
            (0, USD, "0.00 USD"),
            (1250, JPY, "1250 JPY"),
            (1250, KWD, "1.250 KWD"),
            (i64::MIN, USD, "-92233720368547758.08 USD"),
            (i64::MAX, JPY, "9223372036854775807 JPY"),
        ] {
            let money = Money::new(minor, currency);
            assert_eq!(money.to_string(), text);
            assert_eq!(Money::parse(text.split(' ').next().unwrap(), currency), Ok(money));
        }
        assert_eq!(Money::parse("12.5", USD), Ok(Money::new(1250, USD)));
        assert_eq!(Money::parse("12", USD), Ok(Money::new(1200, USD)));
    }

    #[test]
    fn refused_text() {
        for bad in ["", ".", "1.", ".5", "+1", "1,5", "1 ", "--1", "1e3", "1.2.3", "-"] {
            assert_eq!(Money::parse(bad, USD), Err(MoneyError::NotANumber), "{bad:?}");
        }
        assert_eq!(Money::parse("1.234", USD), Err(MoneyError::Places { max: 2, had: 3 }));
        assert_eq!(Money::parse("1.0", JPY), Err(MoneyError::Places { max: 0, had: 1 }));
        assert_eq!(Money::parse("92233720368547758.08", USD), Err(MoneyError::Overflow));
    }

    #[test]
    fn arithmetic_is_checked() {
        let (one, most) = (Money::new(1, USD), Money::new(i64::MAX, USD));
        assert_eq!(one.checked_add(one), Ok(Money::new(2, USD)));
        assert_eq!(one.checked_sub(one).map(Money::is_zero), Ok(true));
        assert_eq!(most.checked_add(one), Err(MoneyError::Overflow));
        assert_eq!(Money::new(i64::MIN, USD).checked_neg(), Err(MoneyError::Overflow));
        assert_eq!(one.checked_add(Money::new(1, JPY)), Err(MoneyError::Currencies(USD, JPY)));
    }

    #[test]
    fn amount_fields() {
        assert_eq!(Money::from_digits(b"999999999999", USD), Some(Money::new(999_999_999_999, USD)));
        assert_eq!(Money::from_digits(b"999999999999999999", USD).unwrap().minor, 999_999_999_999_999_999);
        for bad in [&b""[..], b"+1", b"1 ", b"9999999999999999999"] {
            assert_eq!(Money::from_digits(bad, USD), None);
        }
    }
}
