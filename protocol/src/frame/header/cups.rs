//! Between UnionPay hosts (CUPS): 46 bytes, which say the length of the whole.
//!
//! | bytes | what |
//! |---|---|
//! | 0 | length of the header, 46 |
//! | 1 | bit 8: 0 production, 1 test; the others: version, 1 or 2 |
//! | 2–5 | length of header and message, four ASCII digits |
//! | 6–16, 17–27 | destination and source, eleven characters, blanks behind |
//! | 28–30 | reserved |
//! | 31 | batch |
//! | 32–39 | transaction information, eight characters |
//! | 40 | user information |
//! | 41–45 | reject code, five digits; members send 00000 |
//!
//! The centre rejects by sending the message back: 00015 length of the header, 00025 version, 00035 length of the whole,
//! 00045 destination, 00055 source, and more.

use super::{Header, RejectCode};
use std::ops::Range;

/// Bytes.
pub(super) const SIZE: usize = 46;
/// What four digits can say.
pub(super) const MOST: usize = 9_999;

const TOTAL: Range<usize> = 2..6;
const DESTINATION: Range<usize> = 6..17;
const SOURCE: Range<usize> = 17..28;
const INFORMATION: Range<usize> = 32..40;
const REJECT: Range<usize> = 41..46;
/// Not rejected.
const GOOD: &[u8; 5] = b"00000";

/// The length of a frame from its first bytes; an error is the place that makes it no header.
pub(super) fn total(bytes: &[u8]) -> Result<Option<usize>, usize> {
    if bytes.first().is_some_and(|own| usize::from(*own) != SIZE) {
        return Err(0);
    }
    let Some(digits) = bytes.get(TOTAL) else { return Ok(None) };
    if let Some(at) = digits.iter().position(|digit| !digit.is_ascii_digit()) {
        return Err(TOTAL.start + at);
    }
    let total = digits.iter().fold(0, |total, digit| total * 10 + usize::from(digit & 15));
    if total < SIZE { Err(TOTAL.start) } else { Ok(Some(total)) }
}

/// The header at the front of a whole frame must say that frame's length.
pub(super) fn length(payload: &[u8]) -> Result<usize, usize> {
    if total(payload)? == Some(payload.len()) { Ok(SIZE) } else { Err(TOTAL.start) }
}

pub(super) fn link(payload: &mut [u8]) {
    let mut left = payload.len();
    for digit in payload[TOTAL].iter_mut().rev() {
        *digit = b'0' + (left % 10) as u8;
        left /= 10;
    }
}

/// Version 2 of production, without addresses.
pub(super) fn first() -> Header {
    let mut header = Header::from_elem(0, SIZE);
    (header[0], header[1]) = (SIZE as u8, 2);
    header[TOTAL].fill(b'0');
    header[DESTINATION].fill(b' ');
    header[SOURCE].fill(b' ');
    header[INFORMATION].fill(b'0');
    header[REJECT].copy_from_slice(GOOD);
    header
}

/// Destination and source change places; batch, transaction and user information come back as they came.
pub(super) fn turn(header: &mut [u8]) {
    let (before, source) = header.split_at_mut(SOURCE.start);
    before[DESTINATION].swap_with_slice(&mut source[..SOURCE.len()]);
    header[REJECT].copy_from_slice(GOOD);
}

/// Up to eleven letters and digits each.
pub(super) fn address(header: &mut [u8], source: &str, destination: &str) -> Option<()> {
    for (place, address) in [(DESTINATION, destination), (SOURCE, source)] {
        if !address.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return None;
        }
        header[place].get_mut(..address.len())?.copy_from_slice(address.as_bytes());
    }
    Some(())
}

pub(super) fn reject(header: &[u8]) -> Option<RejectCode> {
    let code = header.get(REJECT).filter(|code| *code != GOOD)?;
    // Whatever it is, it is not "not rejected".
    RejectCode::new(code).or_else(|| RejectCode::new(b"?"))
}
