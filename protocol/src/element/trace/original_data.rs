//! Original data elements (DE90).

use super::{Stan, Transmission, digits, number};
use crate::Mti;

/// DE90 (n42): MTI, STAN, DE7, acquirer and forwarder of the original, each institution right-justified to 11.
///
/// All from the request **as sent on that link**, not as it came from the acquirer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct OriginalData {
    /// MTI of the original.
    pub mti: Mti,
    /// Its STAN.
    pub stan: Stan,
    /// Its DE7. Zeros where the sender did not know it: the digits are kept as they came.
    pub transmission: Transmission,
    /// Its DE32 as a number (0 where absent).
    pub acquirer: u64,
    /// Its DE33 as a number (0 where absent).
    pub forwarder: u64,
}

impl OriginalData {
    /// From 42 digits.
    #[must_use]
    pub fn parse(digits: &[u8]) -> Option<Self> {
        let digits: &[u8; 42] = digits.try_into().ok()?;
        let (mti, rest) = digits.split_first_chunk::<4>()?;
        let (stan, rest) = rest.split_first_chunk::<6>()?;
        let (transmission, rest) = rest.split_first_chunk::<10>()?;
        let (acquirer, forwarder) = rest.split_first_chunk::<11>()?;
        number(transmission)?;
        Some(Self {
            mti: Mti::from_digits(*mti)?,
            stan: Stan::parse(stan)?,
            transmission: Transmission(*transmission),
            acquirer: number(acquirer)?,
            forwarder: number(forwarder)?,
        })
    }

    /// The 42 digits. Of an institution of more than eleven digits, which only a dialect with a longer DE32 or DE33 can
    /// carry, the lowest eleven stand.
    #[must_use]
    pub fn digits(&self) -> [u8; 42] {
        let mut out = [0; 42];
        out[..4].copy_from_slice(&self.mti.digits());
        out[4..10].copy_from_slice(&self.stan.digits());
        out[10..20].copy_from_slice(&self.transmission.0);
        out[20..31].copy_from_slice(&digits::<11>(self.acquirer));
        out[31..].copy_from_slice(&digits::<11>(self.forwarder));
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_example() {
        let original = OriginalData {
            mti: "0200".parse().unwrap(),
            stan: Stan(123),
            transmission: Transmission(*b"1123031846"),
            acquirer: 12_345,
            forwarder: 0,
        };
        assert_eq!(&original.digits(), b"020000012311230318460000001234500000000000");
        assert_eq!(OriginalData::parse(&original.digits()), Some(original));
    }

    #[test]
    fn a_longer_institution_is_cut() {
        let mut original = OriginalData::parse(b"020000012311230318460000001234500000000000").unwrap();
        original.acquirer = 123_456_789_012;
        assert_eq!(&original.digits(), b"020000012311230318462345678901200000000000");
    }

    #[test]
    fn full_and_empty_parts_come_back() {
        for text in ["042199999912312359599999999999988888888888", "020000000000000000000000000000000000000000"] {
            assert_eq!(OriginalData::parse(text.as_bytes()).unwrap().digits(), text.as_bytes());
        }
    }

    #[test]
    fn refused() {
        let good = "020000012311230318460000001234500000000000";
        assert!(OriginalData::parse(&good.as_bytes()[1..]).is_none());
        for at in [0, 5, 12, 25, 41] {
            let mut bad = good.as_bytes().to_vec();
            bad[at] = b' ';
            assert!(OriginalData::parse(&bad).is_none(), "a space at {at}");
        }
    }
}
