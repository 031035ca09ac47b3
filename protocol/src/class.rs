//! Which characters a content class admits, checked sixteen at a time.

/// A content class of ISO 8583 (§4.2): what characters a field may hold.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub(crate) enum Class {
    /// `n`: digits.
    N,
    /// `a`: letters and blank.
    A,
    /// `an`: letters, digits and blank.
    An,
    /// `as`: letters, blank and specials.
    As,
    /// `ns`: digits and specials.
    Ns,
    /// `ans`: any printable character.
    Ans,
    /// `z`: track 2 and 3, the code set of ISO 7813: `0`–`9` and `:;<=>?`, and `D` as another form of `=`.
    Z,
    /// `b`: any byte.
    B,
    /// `x+n`: `C` or `D`, then digits.
    Xn,
}

impl Class {
    /// The class as the standard writes it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::N => "n",
            Self::A => "a",
            Self::An => "an",
            Self::As => "as",
            Self::Ns => "ns",
            Self::Ans => "ans",
            Self::Z => "z",
            Self::B => "b",
            Self::Xn => "x+n",
        }
    }

    /// Does the class admit this ASCII character at this position?
    pub(crate) const fn admits(self, position: usize, byte: u8) -> bool {
        match self {
            Self::N => byte.is_ascii_digit(),
            Self::A => byte.is_ascii_alphabetic() || byte == b' ',
            Self::An => byte.is_ascii_alphanumeric() || byte == b' ',
            Self::As => matches!(byte, 0x20..=0x7E) && !byte.is_ascii_digit(),
            Self::Ns => matches!(byte, 0x20..=0x7E) && !byte.is_ascii_alphabetic(),
            Self::Ans => matches!(byte, 0x20..=0x7E),
            Self::Z => matches!(byte, 0x30..=0x3F | b'D'),
            Self::B => true,
            Self::Xn => {
                if position == 0 {
                    matches!(byte, b'C' | b'D')
                } else {
                    byte.is_ascii_digit()
                }
            }
        }
    }

    /// The first character of `ascii` that the class does not admit.
    #[cold]
    pub(crate) fn offender(self, ascii: &[u8]) -> Option<usize> {
        ascii.iter().enumerate().position(|(position, byte)| !self.admits(position, *byte))
    }

    /// Does the class admit all of `ascii`?
    #[inline]
    pub(crate) fn admits_all(self, ascii: &[u8]) -> bool {
        match self {
            Self::N => all_digits(ascii),
            Self::Ans => all_printable(ascii),
            Self::An => all_alphanumeric(ascii),
            Self::B => true,
            Self::Xn => match ascii.split_first() {
                Some((sign, digits)) => matches!(sign, b'C' | b'D') && all_digits(digits),
                None => true,
            },
            Self::Z => all_track(ascii),
            Self::A | Self::As | Self::Ns => self.offender(ascii).is_none(),
        }
    }
}

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGH: u64 = 0x80 * ONES;

/// Is no byte bad? Sixteen at a time, in a form that compiles to vector instructions; the last sixteen overlap those before.
#[inline(always)]
fn none(bytes: &[u8], bad: impl Fn(u8) -> bool, short: impl Fn(&[u8]) -> bool) -> bool {
    let sixteen = |chunk: &[u8; 16]| chunk.iter().fold(false, |found, byte| found | bad(*byte));
    match bytes.last_chunk::<16>() {
        Some(last) => !sixteen(last) && bytes.as_chunks::<16>().0.iter().all(|chunk| !sixteen(chunk)),
        None => short(bytes),
    }
}

/// The same for fewer than sixteen, eight at a time in one word; the shortest are filled up with `good`.
#[inline(always)]
fn none_short(bytes: &[u8], good: u8, bad: impl Fn(u64) -> u64) -> bool {
    if let (Some(first), Some(last)) = (bytes.first_chunk::<8>(), bytes.last_chunk::<8>()) {
        bad(u64::from_le_bytes(*first)) | bad(u64::from_le_bytes(*last)) == 0
    } else if let (Some(first), Some(last)) = (bytes.first_chunk::<4>(), bytes.last_chunk::<4>()) {
        bad((u64::from(u32::from_le_bytes(*first)) << 32) | u64::from(u32::from_le_bytes(*last))) == 0
    } else if let (Some(first), Some(last)) = (bytes.first(), bytes.last()) {
        let word = [*first, bytes[bytes.len() / 2], *last, good, good, good, good, good];
        bad(u64::from_le_bytes(word)) == 0
    } else {
        true
    }
}

/// ASCII digits only?
#[inline]
pub(crate) fn all_digits(bytes: &[u8]) -> bool {
    none(
        bytes,
        |byte| byte.wrapping_sub(b'0') > 9,
        |bytes| {
            none_short(bytes, b'0', |word| {
                let high = 0xF0 * ONES;
                (word & high ^ (0x30 * ONES)) | (word.wrapping_add(0x06 * ONES) & high ^ (0x30 * ONES))
            })
        },
    )
}

/// EBCDIC digits (F0 to F9) only?
#[inline]
pub(crate) fn all_ebcdic_digits(bytes: &[u8]) -> bool {
    none(
        bytes,
        |byte| byte.wrapping_sub(0xF0) > 9,
        |bytes| {
            // The low nibble must not carry: six more than 9 is still below 16.
            none_short(bytes, 0xF0, |word| {
                let high = 0xF0 * ONES;
                (word & high ^ high) | ((word & (0x0F * ONES)).wrapping_add(0x06 * ONES) & (0x10 * ONES))
            })
        },
    )
}

/// Printable ASCII (20 to 7E) only?
#[inline]
pub(crate) fn all_printable(bytes: &[u8]) -> bool {
    none(
        bytes,
        |byte| byte.wrapping_sub(b' ') > b'~' - b' ',
        |bytes| {
            none_short(bytes, b' ', |word| {
                let ascii = word & !HIGH;
                (word & HIGH) | (!at_least(ascii, 0x20) & HIGH) | at_least(ascii, 0x7F)
            })
        },
    )
}

/// The code set of ISO 7813 only, with `D` for `=`?
#[inline]
pub(crate) fn all_track(bytes: &[u8]) -> bool {
    let bad = |byte: u8| (byte.wrapping_sub(b'0') > 15) & (byte != b'D');
    none(bytes, bad, |bytes| !bytes.iter().any(|byte| bad(*byte)))
}

/// ASCII letters, digits and blanks only?
#[inline]
pub(crate) fn all_alphanumeric(bytes: &[u8]) -> bool {
    none(
        bytes,
        |byte| {
            let letter = (byte | 0x20).wrapping_sub(b'a') < 26;
            !(letter | (byte.wrapping_sub(b'0') < 10) | (byte == b' '))
        },
        |bytes| {
            none_short(bytes, b' ', |word| {
                let ascii = word & !HIGH;
                let folded = ascii | (0x20 * ONES);
                let digit = at_least(ascii, b'0') & !at_least(ascii, b'9' + 1);
                let letter = at_least(ascii, 0x40) & at_least(folded, b'a') & !at_least(folded, b'z' + 1);
                let blank = at_least(ascii, b' ') & !at_least(ascii, b' ' + 1);
                (word & HIGH) | (!(digit | letter | blank) & HIGH)
            })
        },
    )
}

/// Packed digits only (every nibble 0 to 9)?
#[inline]
pub(crate) fn all_packed_digits(bytes: &[u8]) -> bool {
    // A nibble above 9 has its 8 and its 4 or 2 set.
    none(
        bytes,
        |byte| byte & (byte << 1 | byte << 2) & 0x88 != 0,
        |bytes| none_short(bytes, 0, |word| word & (word << 1 | word << 2) & (0x88 * ONES)),
    )
}

/// The 32 bits that eight ASCII hex characters of either case say.
#[inline]
pub(crate) fn hex_word(characters: &[u8; 8]) -> Option<u32> {
    let word = u64::from_be_bytes(*characters);
    let ascii = word & !HIGH;
    let folded = ascii | (0x20 * ONES);
    let digit = at_least(ascii, b'0') & !at_least(ascii, b'9' + 1);
    let letter = at_least(ascii, 0x40) & at_least(folded, b'a') & !at_least(folded, b'f' + 1);
    if (word & HIGH) | (!(digit | letter) & HIGH) != 0 {
        return None;
    }
    // Letters have bit 6 set, and 1 to 6 in the low nibble.
    let nibbles = (word & (0x0F * ONES)) + 9 * ((word >> 6) & ONES);
    let bytes = (nibbles | (nibbles >> 4)) & 0x00FF_00FF_00FF_00FF;
    let pairs = (bytes | (bytes >> 8)) & 0x0000_FFFF_0000_FFFF;
    Some((pairs | (pairs >> 16)) as u32)
}

/// The high bit of every byte of `ascii` (all below 80) that is `least` or more.
#[inline(always)]
const fn at_least(ascii: u64, least: u8) -> u64 {
    ascii.wrapping_add((0x80 - least as u64) * ONES) & HIGH
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every byte at every position of every length up to 20 gets the same verdict as the plain definition.
    fn agrees(good: u8, fast: impl Fn(&[u8]) -> bool, slow: impl Fn(u8) -> bool) {
        for length in 0..50 {
            let mut bytes = vec![good; length];
            assert!(fast(&bytes), "{length} good bytes");
            for position in 0..length {
                for byte in 0..=255 {
                    bytes[position] = byte;
                    assert_eq!(fast(&bytes), slow(byte), "byte {byte:02x} at {position} of {length}");
                }
                bytes[position] = good;
            }
        }
    }

    #[test]
    fn the_fast_checks_say_what_the_definitions_say() {
        agrees(b'7', all_digits, |byte| byte.is_ascii_digit());
        agrees(0xF3, all_ebcdic_digits, |byte| matches!(byte, 0xF0..=0xF9));
        agrees(b'~', all_printable, |byte| Class::Ans.admits(0, byte));
        agrees(b'z', all_alphanumeric, |byte| Class::An.admits(0, byte));
        agrees(b'9', all_track, |byte| Class::Z.admits(0, byte));
        agrees(0x99, all_packed_digits, |byte| byte >> 4 < 10 && byte & 15 < 10);
    }

    #[test]
    fn hex_characters_are_read_eight_at_a_time() {
        assert_eq!(hex_word(b"0123aBcD"), Some(0x0123_ABCD));
        assert_eq!(hex_word(b"FfEe9870"), Some(0xFFEE_9870));
        for byte in 0..=255u8 {
            let wanted = (byte as char).to_digit(16).filter(|_| byte.is_ascii()).map(|digit| digit << 16);
            assert_eq!(hex_word(&[b'0', b'0', b'0', byte, b'0', b'0', b'0', b'0']), wanted, "{byte:02x}");
        }
    }

    #[test]
    fn signs_and_tracks() {
        assert!(Class::Xn.admits_all(b"C00000100") && !Class::Xn.admits_all(b"X00000100"));
        assert!(!Class::Xn.admits_all(b"CC0000100"));
        assert!(Class::Z.admits_all(b";4111111111111111=2912?") && Class::Z.admits_all(b"4111D2912"));
        assert!(!Class::Z.admits_all(b"4111d2912") && !Class::Z.admits_all(b"4111 2912"));
        assert_eq!(Class::N.offender(b"12A4"), Some(2));
    }
}
