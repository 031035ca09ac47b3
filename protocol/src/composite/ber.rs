//! The headers of BER-TLV (X.690 §8.1, EMV book 3 annex B).

use crate::{encoding::Fault, error::Reason};

/// The most bytes of a tag and of a length that are taken.
const MOST: usize = 4;

/// Bytes of the tag at the front of `input`.
pub(super) fn tag(input: &[u8]) -> Result<usize, Fault> {
    let short = Fault::new(0, Reason::Short { wanted: input.len() + 1, had: input.len() });
    let first = *input.first().ok_or(short)?;
    if first == 0 {
        return Err(Fault::new(0, Reason::BadComposite { what: "00 is no tag" }));
    }
    if first & 0x1F != 0x1F {
        return Ok(1);
    }
    for (at, byte) in input.iter().enumerate().skip(1) {
        if at == MOST {
            break;
        }
        if byte & 0x80 == 0 {
            return Ok(at + 1);
        }
    }
    if input.len() < MOST {
        return Err(short);
    }
    Err(Fault::new(0, Reason::BadComposite { what: "a tag of more than four bytes" }))
}

/// The length at the front of `input`, and how many bytes say it.
pub(super) fn length(input: &[u8]) -> Result<(usize, usize), Fault> {
    let first = *input.first().ok_or(Fault::new(0, Reason::Short { wanted: 1, had: 0 }))?;
    if first < 0x80 {
        return Ok((first as usize, 1));
    }
    let count = (first & 0x7F) as usize;
    if count == 0 || count >= MOST {
        let what = "a length that is indefinite or has more than three bytes";
        return Err(Fault::new(0, Reason::BadComposite { what }));
    }
    let bytes = input.get(1..=count).ok_or(Fault::new(0, Reason::Short { wanted: count + 1, had: input.len() }))?;
    Ok((bytes.iter().fold(0, |sum, byte| (sum << 8) | *byte as usize), count + 1))
}

/// Appends the shortest form of a length.
pub(super) fn put_length(length: usize, out: &mut Vec<u8>) {
    match length {
        0..0x80 => out.push(length as u8),
        0x80..0x100 => out.extend([0x81, length as u8]),
        0x100..0x1_0000 => out.extend([0x82, (length >> 8) as u8, length as u8]),
        _ => out.extend([0x83, (length >> 16) as u8, (length >> 8) as u8, length as u8]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_of_one_to_four_bytes() {
        assert_eq!(tag(&[0x5A, 0x08]), Ok(1));
        assert_eq!(tag(&[0x9F, 0x26, 0x08]), Ok(2));
        assert_eq!(tag(&[0xDF, 0x81, 0x29]), Ok(3));
        assert_eq!(tag(&[0xDF, 0x81, 0x81, 0x01]), Ok(4));
        assert!(tag(&[0xDF, 0x81, 0x81, 0x81, 0x01]).is_err());
        assert_eq!(tag(&[0x9F]).unwrap_err().reason, Reason::Short { wanted: 2, had: 1 });
        assert!(tag(&[]).is_err() && tag(&[0]).is_err());
    }

    #[test]
    fn lengths_short_and_long() {
        assert_eq!(length(&[0x7F]), Ok((127, 1)));
        assert_eq!(length(&[0x81, 0x80]), Ok((128, 2)));
        assert_eq!(length(&[0x82, 0x01, 0x00]), Ok((256, 3)));
        assert!(length(&[0x80]).is_err() && length(&[0x84, 0, 0, 0, 1]).is_err());
        assert_eq!(length(&[0x82, 0x01]).unwrap_err().reason, Reason::Short { wanted: 3, had: 2 });
        for number in [0, 127, 128, 255, 256, 65_535, 65_536] {
            let mut out = Vec::new();
            put_length(number, &mut out);
            assert_eq!(length(&out), Ok((number, out.len())));
        }
    }
}
