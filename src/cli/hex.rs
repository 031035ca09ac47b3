//! Bytes as people paste them.

use std::fmt::Write;

/// Upper-case hex.
pub(super) fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        write!(text, "{byte:02X}").expect("a String takes all text");
    }
    text
}

/// Bytes from hex of either case, with white space anywhere.
///
/// # Errors
/// Another character, or an odd number of digits; the text is not repeated, since it may be a card number.
pub(super) fn unhex(text: &str) -> Result<Vec<u8>, String> {
    let mut digits = Vec::with_capacity(text.len());
    for (position, character) in text.chars().enumerate().filter(|(_, character)| !character.is_whitespace()) {
        let digit = character.to_digit(16).ok_or_else(|| format!("character {} is no hex digit", position + 1))?;
        digits.push(digit as u8);
    }
    let (pairs, odd) = digits.as_chunks::<2>();
    if !odd.is_empty() {
        return Err(format!("wanted an even number of hex digits, had {}", digits.len()));
    }
    Ok(pairs.iter().map(|[high, low]| high << 4 | low).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ways() {
        assert_eq!(unhex(" 02 00\n3a\tFf ").unwrap(), [0x02, 0x00, 0x3A, 0xFF]);
        assert_eq!(hex(&[0x02, 0x00, 0x3A, 0xFF]), "02003AFF");
        assert!(unhex("").unwrap().is_empty());
    }

    #[test]
    fn errors_do_not_repeat_the_text() {
        assert_eq!(unhex("0x41").unwrap_err(), "character 2 is no hex digit");
        assert_eq!(unhex("411").unwrap_err(), "wanted an even number of hex digits, had 3");
    }
}
