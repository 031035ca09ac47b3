//! The message type indicator: version, class, function, origin (ISO 8583 §4.1).

use std::fmt;

/// A message type indicator, four decimal digits kept as four nibbles (`0x0200` is MTI 0200).
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Mti(u16);

impl Mti {
    /// From the packed form; `None` where a nibble is above 9.
    #[inline]
    #[must_use]
    pub const fn from_packed(packed: u16) -> Option<Self> {
        // A nibble above 9 has its 8 and its 4 or 2 set.
        if packed & (packed << 1 | packed << 2) & 0x8888 != 0 {
            return None;
        }
        Some(Self(packed))
    }

    /// From four ASCII digits.
    #[inline]
    #[must_use]
    pub const fn from_digits(digits: [u8; 4]) -> Option<Self> {
        let word = u32::from_be_bytes(digits);
        let high = 0xF0F0_F0F0;
        // Digits stay in the same sixteen characters when six is added.
        if (word & high) != 0x3030_3030 || (word.wrapping_add(0x0606_0606) & high) != 0x3030_3030 {
            return None;
        }
        let nibbles = word & 0x0F0F_0F0F;
        let pairs = (nibbles | nibbles >> 4) & 0x00FF_00FF;
        Some(Self((pairs | pairs >> 8) as u16))
    }

    /// The packed form, one digit a nibble.
    #[inline]
    #[must_use]
    pub const fn packed(self) -> u16 {
        self.0
    }

    /// The four ASCII digits.
    #[inline]
    #[must_use]
    pub const fn digits(self) -> [u8; 4] {
        [
            b'0' + (self.0 >> 12) as u8,
            b'0' + (self.0 >> 8 & 0xF) as u8,
            b'0' + (self.0 >> 4 & 0xF) as u8,
            b'0' + (self.0 & 0xF) as u8,
        ]
    }

    /// Digit 1: 0 is the 1987 edition, 1 is 1993, 2 is 2003, 8 national, 9 private.
    #[must_use]
    pub const fn version(self) -> u8 {
        (self.0 >> 12) as u8
    }

    /// Digit 2: 1 authorization, 2 financial, 3 file action, 4 reversal or chargeback, 5 reconciliation,
    /// 6 administrative, 7 fee collection, 8 network management.
    #[must_use]
    pub const fn class(self) -> u8 {
        (self.0 >> 8 & 0xF) as u8
    }

    /// Digit 3: 0 request, 1 its response, 2 advice, 3 its response, 4 notification, 5 its acknowledgement.
    #[must_use]
    pub const fn function(self) -> u8 {
        (self.0 >> 4 & 0xF) as u8
    }

    /// Digit 4: 0 acquirer, 2 issuer, 4 other; odd is the repeat of the one before.
    #[must_use]
    pub const fn origin(self) -> u8 {
        (self.0 & 0xF) as u8
    }

    /// Is this a message that waits for an answer (request, advice, notification, instruction)?
    #[must_use]
    pub const fn is_request(self) -> bool {
        matches!(self.function(), 0 | 2 | 4 | 6)
    }

    /// Is this an answer to something?
    #[must_use]
    pub const fn is_response(self) -> bool {
        matches!(self.function(), 1 | 3 | 5 | 7)
    }

    /// Is the repeat bit set (fourth digit odd)?
    #[must_use]
    pub const fn is_repeat(self) -> bool {
        self.origin() % 2 == 1
    }

    /// The MTI that answers this one: third digit plus one, repeat bit dropped (0201→0210, 0421→0430).
    /// `None` for what is an answer itself: an answer is never answered.
    #[must_use]
    pub const fn response(self) -> Option<Self> {
        if !self.is_request() {
            return None;
        }
        Some(Self((self.0 + 0x10) & 0xFFFE))
    }

    /// The repeat of this message (0200→0201, 0420→0421); a repeat is its own repeat.
    #[must_use]
    pub const fn repeat(self) -> Self {
        Self(self.0 | 1)
    }

    /// The message this one repeats (0201→0200); itself when it is no repeat.
    #[must_use]
    pub const fn original(self) -> Self {
        Self(self.0 & 0xFFFE)
    }

    /// The same message with another version digit (0200→1200).
    #[must_use]
    pub const fn with_version(self, version: u8) -> Self {
        Self(self.0 & 0x0FFF | (version as u16 % 10) << 12)
    }
}

impl fmt::Display for Mti {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04x}", self.0)
    }
}

impl fmt::Debug for Mti {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::str::FromStr for Mti {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let digits: [u8; 4] = text.as_bytes().try_into().map_err(|_| "an MTI has four digits")?;
        Self::from_digits(digits).ok_or("an MTI has four digits")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mti(text: &str) -> Mti {
        text.parse().unwrap()
    }

    #[test]
    fn responses_follow_the_standard() {
        for (request, response) in [
            ("0200", "0210"),
            ("0201", "0210"),
            ("0421", "0430"),
            ("0402", "0412"),
            ("0800", "0810"),
            ("1804", "1814"),
            ("1421", "1430"),
        ] {
            assert_eq!(mti(request).response(), Some(mti(response)), "{request}");
            assert_eq!(mti(response).response(), None, "an answer is never answered");
        }
    }

    #[test]
    fn text_and_packed_agree() {
        assert_eq!(mti("0200").packed(), 0x0200);
        assert_eq!(mti("1804").to_string(), "1804");
        for wrong in 10..16u16 {
            assert!((0..4).all(|place| Mti::from_packed(wrong << (4 * place)).is_none()));
        }
        for byte in (0..=255).filter(|byte: &u8| !byte.is_ascii_digit()) {
            for place in 0..4 {
                let mut digits = *b"9090";
                digits[place] = byte;
                assert_eq!(Mti::from_digits(digits), None);
            }
        }
        assert_eq!((Mti::from_digits(*b"9876"), Mti::from_packed(0x9999).is_some()), (Mti::from_packed(0x9876), true));
        assert!("02O0".parse::<Mti>().is_err());
        assert_eq!(mti("0200").repeat(), mti("0201"));
        assert_eq!(mti("0421").original(), mti("0420"));
        assert_eq!(mti("0200").with_version(1), mti("1200"));
    }
}
