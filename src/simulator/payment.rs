//! What a simulator keeps of a payment: enough to recognise and compare it, nothing that could not be shown.

use banklink_protocol::{Message, Mti};
use serde::{Serialize, Serializer};
use std::fmt;
use zeroize::Zeroizing;

/// Longest card number, digits.
const PAN_MAX: usize = 19;
/// A card number shorter than this shows nothing of itself.
const PAN_SHOWN_FROM: usize = 13;

/// A card number of which only the first six and the last four digits were kept.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Card {
    first: u32,
    last: u16,
    digits: u8,
}

impl Card {
    /// From the clear digits, which are not kept. What is no card number gives the empty card.
    #[must_use]
    pub fn of(digits: &[u8]) -> Self {
        if digits.len() > PAN_MAX || !digits.iter().all(u8::is_ascii_digit) {
            return Self::default();
        }
        let number = |part: &[u8]| part.iter().fold(0, |n, digit| n * 10 + u32::from(digit - b'0'));
        if digits.len() < PAN_SHOWN_FROM {
            return Self { digits: digits.len() as u8, ..Self::default() };
        }
        let last = number(&digits[digits.len() - 4..]) as u16;
        Self { first: number(&digits[..6]), last, digits: digits.len() as u8 }
    }
}

impl fmt::Display for Card {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = usize::from(self.digits);
        if digits < PAN_SHOWN_FROM {
            return f.pad(&"*".repeat(digits));
        }
        f.pad(&format!("{:06}{:*<hidden$}{:04}", self.first, "", self.last, hidden = digits - 10))
    }
}

impl fmt::Debug for Card {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Card {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Text of a fixed width as it stands on the wire, padding included.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Text<const N: usize>(pub [u8; N]);

impl<const N: usize> Text<N> {
    /// From up to `N` bytes, filled with spaces on the right; what is longer is cut.
    #[must_use]
    pub fn of(text: &[u8]) -> Self {
        let mut bytes = [b' '; N];
        let length = text.len().min(N);
        bytes[..length].copy_from_slice(&text[..length]);
        Self(bytes)
    }
}

impl<const N: usize> Default for Text<N> {
    fn default() -> Self {
        Self([b' '; N])
    }
}

impl<const N: usize> fmt::Display for Text<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.trim_ascii().escape_ascii().to_string().as_str())
    }
}

impl<const N: usize> fmt::Debug for Text<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl<const N: usize> Serialize for Text<N> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A payment as one of its parties saw it. Numbers stand for digit fields: `transmission` 1123071201 is 23 November,
/// 07:12:01 (DE7).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub struct Payment {
    /// The message type of the request.
    #[serde(serialize_with = "as_text")]
    pub mti: Mti,
    /// DE11 on this party's own link.
    pub stan: u32,
    /// DE7 on this party's own link, as a number; 0 where absent.
    pub transmission: u32,
    /// DE37.
    pub rrn: Text<12>,
    /// DE41.
    pub terminal: Text<8>,
    /// DE4, minor units.
    pub amount: u64,
    /// DE2, or the card number in DE35, masked.
    pub card: Card,
}

fn as_text<S: Serializer>(mti: &Mti, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(mti)
}

impl Payment {
    /// Reads what is there; an absent field is zero or blank.
    #[must_use]
    pub fn read(message: &Message, card: Card) -> Self {
        let number = |field| message.number(field).unwrap_or_default();
        Self {
            mti: message.mti(),
            stan: number(11) as u32,
            transmission: number(7) as u32,
            rrn: text(message, 37),
            terminal: text(message, 41),
            amount: number(4),
            card,
        }
    }
}

/// A text field, cut or filled to `N`.
pub(crate) fn text<const N: usize>(message: &Message, field: u8) -> Text<N> {
    let mut buffer = [0; 64];
    message.read(field, &mut buffer).map_or_else(Text::default, |length| Text::of(&buffer[..length]))
}

/// Runs `with` on the clear card number of a message (DE2, else what stands before the separator in DE35), or on an
/// empty slice; the copy is wiped afterwards.
pub(crate) fn with_card_number<T>(message: &Message, with: impl FnOnce(&[u8]) -> T) -> T {
    let mut buffer = Zeroizing::new([0; 40]);
    if let Some(length) = message.read(2, &mut buffer[..]) {
        return with(&buffer[..length]);
    }
    let track = message.read(35, &mut buffer[..]).unwrap_or_default();
    let length = buffer[..track].iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(track);
    with(&buffer[..length])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_card_shows_six_and_four_and_nothing_of_a_short_number() {
        assert_eq!(Card::of(b"4111111111111111").to_string(), "411111******1111");
        assert_eq!(Card::of(b"4000001234562").to_string(), "400000***4562");
        assert_eq!(Card::of(b"400000123456").to_string(), "************");
        assert_eq!(Card::of(b"41111111x1111111").to_string(), "");
        assert_eq!(format!("{:?}", Card::of(b"5500000000000000004")), "550000*********0004");
    }

    #[test]
    fn text_is_trimmed_where_shown_and_never_prints_control_bytes() {
        assert_eq!(Text::<8>::of(b"T1").to_string(), "T1");
        assert_eq!(Text::<8>::of(b"\x1b[2J").to_string(), "\\x1b[2J");
    }
}
