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

/// The number that ASCII digits say; `None` for another character, for none, and beyond 19 digits.
pub(crate) fn number(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() || digits.len() > 19 {
        return None;
    }
    digits.iter().try_fold(0u64, |number, digit| digit.is_ascii_digit().then(|| number * 10 + u64::from(digit - b'0')))
}
