//! Track 2 (DE35).

use super::Pan;
use std::fmt;
use zeroize::{Zeroize, ZeroizeOnDrop};

/// The most characters of track 2 between its sentinels (ISO/IEC 7813; z..37 of DE35).
const MAX: usize = 37;

/// Track 2 (DE35) parsed into card number, expiry and service code.
///
/// The discretionary data (PVV, CVV) is not kept. `Debug` says `[redacted]`; all parts are zeroized on drop.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct Track2 {
    pan: Pan,
    expiry: Option<[u8; 4]>,
    service_code: Option<[u8; 3]>,
}

impl Track2 {
    /// From the logical value: `PAN=YYMMSSS…`, with `=` or `D` as the separator, sentinels and an `F` pad taken off.
    ///
    /// A separator in the place of the expiry or of the service code says that it is absent (ISO/IEC 7813). `None` where
    /// there is no separator, no valid card number before it, or another character after it.
    #[must_use]
    pub fn parse(value: &[u8]) -> Option<Self> {
        let value = strip(value);
        let separator = value.iter().position(|&c| is_separator(c)).filter(|_| value.len() <= MAX)?;
        let (number, rest) = (&value[..separator], &value[separator + 1..]);
        if !rest.iter().all(|&c| c.is_ascii_digit() || is_separator(c)) {
            return None;
        }
        let (expiry, rest) = part(rest);
        let (service_code, _discretionary) = part(rest);
        Some(Self { pan: Pan::parse(number)?, expiry, service_code })
    }

    /// The card number.
    #[must_use]
    pub fn pan(&self) -> &Pan {
        &self.pan
    }

    /// Expiry YYMM as ASCII digits, where present.
    #[must_use]
    pub fn expiry(&self) -> Option<[u8; 4]> {
        self.expiry
    }

    /// Service code as ASCII digits, where present.
    #[must_use]
    pub fn service_code(&self) -> Option<[u8; 3]> {
        self.service_code
    }
}

impl fmt::Debug for Track2 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Track2([redacted])")
    }
}

const fn is_separator(character: u8) -> bool {
    matches!(character, b'=' | b'D')
}

/// Takes off the start and end sentinels and the pad nibble of an odd packed track.
fn strip(value: &[u8]) -> &[u8] {
    let value = value.strip_prefix(b";").unwrap_or(value);
    let value = value.strip_suffix(b"F").unwrap_or(value);
    value.strip_suffix(b"?").unwrap_or(value)
}

/// The next part of `N` digits, or nothing where a separator stands for it; then what follows.
fn part<const N: usize>(rest: &[u8]) -> (Option<[u8; N]>, &[u8]) {
    if rest.first().is_some_and(|&c| is_separator(c)) {
        return (None, &rest[1..]);
    }
    match rest.split_first_chunk::<N>() {
        Some((digits, after)) if digits.iter().all(u8::is_ascii_digit) => (Some(*digits), after),
        _ => (None, &[]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn track(text: &str) -> Track2 {
        Track2::parse(text.as_bytes()).unwrap()
    }

    #[test]
    fn both_separators_mean_the_same() {
        for text in
            ["5413330089020011=2512601079360805", "5413330089020011D2512601079360805F", ";5413330089020011=2512601?"]
        {
            let track = track(text);
            assert_eq!(track.pan(), &Pan::parse(b"5413330089020011").unwrap());
            assert_eq!(track.expiry(), Some(*b"2512"));
            assert_eq!(track.service_code(), Some(*b"601"));
        }
    }

    #[test]
    fn absent_parts_are_marked_by_a_separator() {
        assert_eq!(track("4111111111111111==601").expiry(), None);
        assert_eq!(track("4111111111111111==601").service_code(), Some(*b"601"));
        assert_eq!(track("4111111111111111=2512=99").expiry(), Some(*b"2512"));
        assert_eq!(track("4111111111111111=2512=99").service_code(), None);
        assert_eq!(track("4111111111111111=").expiry(), None);
        assert_eq!(track("4111111111111111=25").expiry(), None, "cut short");
    }

    #[test]
    fn what_is_no_track_is_refused() {
        for bad in ["", "=", "4111111111111111", "1234567=2512", "4111111111111111=25X2", "4111 111111111111=2512"] {
            assert!(Track2::parse(bad.as_bytes()).is_none(), "{bad:?}");
        }
        let long = format!("4111111111111111={}", "1".repeat(21));
        assert!(Track2::parse(long.as_bytes()).is_none(), "38 characters");
        assert!(Track2::parse(&long.as_bytes()[..37]).is_some());
    }

    #[test]
    fn debug_shows_nothing() {
        assert_eq!(format!("{:?}", track("4111111111111111=2512601")), "Track2([redacted])");
    }
}
