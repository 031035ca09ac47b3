//! What tells one message from another: STAN (DE11), RRN (DE37), transmission time (DE7), original data (DE90).

mod calendar;
mod original_data;
mod rrn;
mod stan;
mod transmission;

pub use original_data::OriginalData;
pub use rrn::Rrn;
pub use stan::Stan;
pub use transmission::Transmission;

/// `N` ASCII digits of `number`, zero-filled on the left; digits that do not fit are cut off on the left.
pub(crate) const fn digits<const N: usize>(mut number: u64) -> [u8; N] {
    let mut digits = [b'0'; N];
    let mut place = N;
    while place > 0 && number > 0 {
        place -= 1;
        digits[place] += (number % 10) as u8;
        number /= 10;
    }
    digits
}

/// The year with these last two digits that is closest to `now`, in microseconds since 1970-01-01T00:00:00Z; of two as close
/// the later one.
pub(crate) fn year_nearest(two_digits: u64, now: i64) -> u64 {
    let this_year = calendar::Time::from_wall(now).year.clamp(100, 9899) as u64;
    // From forty-nine years back to fifty ahead.
    let earliest = this_year - 49;
    earliest + (two_digits + 100 - earliest % 100) % 100
}

/// The number that ASCII digits say; `None` for another character, for none, and beyond 19 digits.
#[inline]
#[must_use]
pub fn number(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() || digits.len() > 19 {
        return None;
    }
    let (eights, rest) = digits.as_chunks::<8>();
    let number = eights.iter().try_fold(0, |number, &eight| Some(number * 100_000_000 + eight_digits(eight)?))?;
    rest.iter().try_fold(number, |number, digit| {
        let digit = digit.wrapping_sub(b'0');
        (digit < 10).then(|| number * 10 + u64::from(digit))
    })
}

/// Eight digits at once: pairs, then fours, then all of them.
#[inline]
fn eight_digits(digits: [u8; 8]) -> Option<u64> {
    const HIGH: u64 = 0xF0F0_F0F0_F0F0_F0F0;
    const ZEROS: u64 = 0x3030_3030_3030_3030;
    let word = u64::from_le_bytes(digits);
    // Digits stay in the same sixteen characters when six is added.
    if word & HIGH != ZEROS || word.wrapping_add(0x0606_0606_0606_0606) & HIGH != ZEROS {
        return None;
    }
    let ones = word - ZEROS;
    let pairs = (ones * 10 + (ones >> 8)) & 0x00FF_00FF_00FF_00FF;
    let fours = (pairs * 100 + (pairs >> 16)) & 0x0000_FFFF_0000_FFFF;
    Some((fours * 10_000 + (fours >> 32)) & 0xFFFF_FFFF)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_what_its_digits_say() {
        let mut text = String::new();
        for length in 1..=19u32 {
            text.push(char::from(b'0' + (length % 10) as u8));
            assert_eq!(number(text.as_bytes()), Some(text.parse().unwrap()), "{text}");
            assert_eq!(number("0".repeat(length as usize).as_bytes()), Some(0));
            assert_eq!(number("9".repeat(length as usize).as_bytes()), Some(10u64.pow(length) - 1));
            for at in 0..text.len() {
                for wrong in [b'/', b':', b' ', 0, 0xB0, 0xFF] {
                    let mut spoilt = text.clone().into_bytes();
                    spoilt[at] = wrong;
                    assert_eq!(number(&spoilt), None, "{spoilt:?}");
                }
            }
        }
        assert_eq!((number(b""), number(&[b'0'; 20])), (None, None));
    }
}
