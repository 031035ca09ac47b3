//! The card number.

use std::fmt;
use zeroize::{Zeroize, ZeroizeOnDrop};

/// Digits of a routing key; the narrowest card range a scheme publishes.
const ROUTING_DIGITS: usize = 11;

/// Below this length a mask of six and four would leave too few digits hidden.
const SHORTEST_MASKED: usize = 13;

/// A primary account number (DE2), 8 to 19 digits.
///
/// Held inline, zeroized on drop; no `Display`, no `Serialize`, and a `Debug` that masks.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct Pan {
    digits: [u8; Pan::MAX],
    length: u8,
}

impl Pan {
    /// The fewest digits taken.
    pub const MIN: usize = 8;
    /// The most digits taken (ISO/IEC 7812-1; n..19 of DE2).
    pub const MAX: usize = 19;

    /// From ASCII digits; `None` for another length or a character that is no digit. Luhn is a separate question.
    #[must_use]
    pub fn parse(digits: &[u8]) -> Option<Self> {
        if !(Self::MIN..=Self::MAX).contains(&digits.len()) || !digits.iter().all(u8::is_ascii_digit) {
            return None;
        }
        let mut pan = Self { digits: [0; Self::MAX], length: digits.len() as u8 };
        pan.digits[..digits.len()].copy_from_slice(digits);
        Some(pan)
    }

    /// The clear digits. Every caller needs `#[expect(clippy::disallowed_methods, reason = "…")]`.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        self.clear()
    }

    /// Number of digits.
    #[must_use]
    #[allow(clippy::len_without_is_empty, reason = "a PAN is never empty")]
    pub fn len(&self) -> usize {
        usize::from(self.length)
    }

    /// The first 11 digits as a number, zero-filled on the right where the PAN is shorter: the routing key.
    #[must_use]
    pub fn routing_key(&self) -> u64 {
        // Unused places hold 0, which `& 0xF` turns into the digit 0: the filling needs no branch.
        self.digits[..ROUTING_DIGITS].iter().fold(0, |key, digit| key * 10 + u64::from(digit & 0xF))
    }

    /// Does the check digit hold (ISO/IEC 7812-1 annex B, the Luhn formula)?
    #[must_use]
    pub fn luhn(&self) -> bool {
        let sum: u32 =
            self.clear().iter().rev().enumerate().map(|(place, digit)| luhn_weight(place, digit & 0xF)).sum();
        sum.is_multiple_of(10)
    }

    /// First six and last four with `*` between; fails closed (all `*`) on fewer than 13 digits.
    #[must_use]
    pub fn masked(&self) -> String {
        Self::mask(self.clear())
    }

    /// The same mask for digits that may not be a PAN at all (a malformed DE2): anything but 13 to 19 digits is all `*`,
    /// one for each byte up to 19.
    #[must_use]
    pub fn mask(digits: &[u8]) -> String {
        let shown = (SHORTEST_MASKED..=Self::MAX).contains(&digits.len()) && digits.iter().all(u8::is_ascii_digit);
        let masked = |(place, &digit): (usize, &u8)| {
            if shown && (place < 6 || place >= digits.len() - 4) { char::from(digit) } else { '*' }
        };
        digits.iter().take(Self::MAX).enumerate().map(masked).collect()
    }

    fn clear(&self) -> &[u8] {
        &self.digits[..self.len()]
    }
}

impl fmt::Debug for Pan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pan({})", self.masked())
    }
}

/// What a digit adds to the Luhn sum; `place` counts from the check digit.
fn luhn_weight(place: usize, digit: u8) -> u32 {
    let doubled = u32::from(digit) * if place % 2 == 1 { 2 } else { 1 };
    doubled / 10 + doubled % 10
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pan(text: &str) -> Pan {
        Pan::parse(text.as_bytes()).unwrap()
    }

    #[test]
    fn only_8_to_19_digits_are_taken() {
        for good in ["12345678", "4111111111111111", "6799998900000060017"] {
            assert_eq!(pan(good).len(), good.len());
        }
        for bad in ["", "1234567", "67999989000000600171", "411111111111111D", " 4111111111111111", "+4111111111111111"]
        {
            assert!(Pan::parse(bad.as_bytes()).is_none(), "{bad:?}");
        }
    }

    #[test]
    fn debug_masks_and_fails_closed() {
        assert_eq!(format!("{:?}", pan("4111111111111111")), "Pan(411111******1111)");
        assert_eq!(pan("4222222222222").masked(), "422222***2222");
        assert_eq!(pan("123456789012").masked(), "************");
        assert_eq!(pan("6799998900000060017").masked(), "679999*********0017");
        assert_eq!(Pan::mask(b"4111111111111111=2512"), "*".repeat(19), "a track is no card number");
        assert_eq!(Pan::mask(b""), "");
    }

    #[test]
    fn routing_key_is_eleven_digits() {
        assert_eq!(pan("4111111111111111").routing_key(), 41_111_111_111);
        assert_eq!(pan("12345678").routing_key(), 12_345_678_000);
        assert_eq!(pan("0000000000000000000").routing_key(), 0);
    }

    #[test]
    fn luhn_accepts_published_test_numbers() {
        for good in ["4111111111111111", "5555555555554444", "378282246310005", "4222222222222", "6304000000000000"] {
            assert!(pan(good).luhn(), "{good}");
        }
        assert!(!pan("4111111111111112").luhn());
        assert!(!pan("4111111111111171").luhn(), "a transposition");
    }

    #[test]
    #[expect(clippy::disallowed_methods, reason = "the test looks at what is erased")]
    fn zeroize_leaves_nothing() {
        let mut number = pan("4111111111111111");
        assert_eq!(number.expose(), b"4111111111111111");
        number.zeroize();
        assert_eq!(number.digits, [0; 19]);
        assert_eq!(number.expose(), b"");
    }
}
