//! What a simulator keeps of a payment: enough to recognise and compare it, nothing that could not be shown.

use banklink_protocol::{Message, Mti};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::{fmt, str::FromStr};
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

impl<'de> Deserialize<'de> for Card {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mask = String::deserialize(deserializer)?;
        let stars = mask.bytes().filter(|byte| *byte == b'*').count();
        if stars == mask.len() {
            return Ok(Self { digits: stars.min(PAN_MAX) as u8, ..Self::default() });
        }
        let ends = (mask.len() <= PAN_MAX && mask.len() == stars + 10)
            .then(|| Some((mask.get(..6)?.parse().ok()?, mask.get(mask.len() - 4..)?.parse().ok()?)))
            .flatten();
        let (first, last) = ends.ok_or_else(|| de::Error::custom("a card is six digits, stars and four digits"))?;
        Ok(Self { first, last, digits: mask.len() as u8 })
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

impl<'de, const N: usize> Deserialize<'de> for Text<N> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self::of(String::deserialize(deserializer)?.as_bytes()))
    }
}

/// A payment as one of its parties saw it. Numbers stand for digit fields: `transmission` 1123071201 is 23 November,
/// 07:12:01 (DE7).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Payment {
    /// The message type of the request.
    #[serde(serialize_with = "as_text", deserialize_with = "of_text")]
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

/// As text: for serde's `serialize_with`.
pub(crate) fn as_text<T: fmt::Display, S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(value)
}

/// From text: for serde's `deserialize_with`.
pub(crate) fn of_text<'de, T: FromStr<Err: fmt::Display>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<T, D::Error> {
    String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
}

/// A response code as text, and back.
pub(crate) mod code {
    use banklink_protocol::element::ResponseCode;
    use serde::{Deserialize, Deserializer, Serializer, de};

    pub(crate) fn serialize<S: Serializer>(code: &ResponseCode, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(code)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<ResponseCode, D::Error> {
        let text = String::deserialize(deserializer)?;
        ResponseCode::parse(text.as_bytes()).ok_or_else(|| de::Error::custom("no response code"))
    }
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
    fn what_is_written_is_read_back_the_same() {
        let payment = Payment {
            mti: Mti::from_digits(*b"0200").expect("an MTI"),
            stan: 7,
            transmission: 1_123_071_201,
            rrn: Text::of(b"632707000007"),
            terminal: Text::of(b"T1"),
            amount: 500,
            card: Card::of(b"4000001234562"),
        };
        for card in [&b"4111111111111111"[..], b"0000001234560000009", b"400000123456", b""] {
            let payment = Payment { card: Card::of(card), ..payment };
            let json = serde_json::to_string(&payment).expect("JSON");
            assert_eq!(serde_json::from_str::<Payment>(&json).expect("the same"), payment, "{json}");
        }
        for wrong in ["\"4111111111111111\"", "\"4111x1******1111\"", "\"11***111\""] {
            assert!(serde_json::from_str::<Card>(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn text_is_trimmed_where_shown_and_never_prints_control_bytes() {
        assert_eq!(Text::<8>::of(b"T1").to_string(), "T1");
        assert_eq!(Text::<8>::of(b"\x1b[2J").to_string(), "\\x1b[2J");
    }
}
