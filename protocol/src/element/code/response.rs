//! The response code (DE39).

use std::{fmt, str::FromStr};

/// DE39 as it stands: two characters in 1987, three in 1993, four in 2003. Compared by value.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ResponseCode {
    length: u8,
    bytes: [u8; 4],
}

impl ResponseCode {
    /// From two to four ASCII letters or digits; usable in constants.
    #[must_use]
    pub const fn parse(value: &[u8]) -> Option<Self> {
        if value.len() < 2 || value.len() > 4 {
            return None;
        }
        let mut bytes = [0; 4];
        let mut i = 0;
        while i < value.len() {
            if !value[i].is_ascii_alphanumeric() {
                return None;
            }
            bytes[i] = value[i];
            i += 1;
        }
        Some(Self { length: value.len() as u8, bytes })
    }

    /// The characters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(self.as_bytes()).expect("only ASCII letters and digits come in")
    }

    /// The characters as bytes, the logical value of DE39.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.length)]
    }
}

impl fmt::Debug for ResponseCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for ResponseCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for ResponseCode {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text.as_bytes()).ok_or("a response code is two to four letters or digits")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const APPROVED: ResponseCode = ResponseCode::parse(b"00").unwrap();

    #[test]
    fn kept_as_they_stand() {
        assert_eq!(APPROVED.as_str(), "00");
        for text in ["00", "N7", "000", "9107"] {
            assert_eq!(text.parse::<ResponseCode>().unwrap().to_string(), text);
        }
        assert_ne!("000".parse(), Ok(APPROVED), "1993's 000 is another value than 1987's 00");
    }

    #[test]
    fn refused() {
        for bad in ["", "0", "00000", "0 ", "é"] {
            assert!(bad.parse::<ResponseCode>().is_err(), "{bad:?}");
        }
    }
}
