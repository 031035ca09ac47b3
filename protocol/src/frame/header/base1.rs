//! Visa BASE I: 22 bytes that begin with their own number.
//!
//! | bytes | what |
//! |---|---|
//! | 0 | length of the header |
//! | 1 | its format, 1; bit 8: another header follows |
//! | 2 | format of the text, 2 |
//! | 3–4 | length of header and message, big endian |
//! | 5–7, 8–10 | destination and source, six packed digits |
//! | 11 | round-trip control |
//! | 12–13, 14–16 | flags of BASE I, of the message's status |
//! | 17 | batch |
//! | 18–20 | reserved |
//! | 21 | user information |
//!
//! The network rejects by sending the message back behind a header of 26 bytes: bytes 22–23 are a bitmap whose first bit says
//! that it is a rejection, 24–25 the code in four packed digits; our own header follows, and our message.

use super::{Header, RejectCode, pack};
use std::ops::Range;

/// Bytes of an ordinary header.
pub(super) const SIZE: usize = 22;
/// What two bytes can say.
pub(super) const MOST: usize = u16::MAX as usize;

const TOTAL: Range<usize> = 3..5;
const DESTINATION: Range<usize> = 5..8;
const SOURCE: Range<usize> = 8..11;
/// Where a header that rejects says so.
const REJECTS: usize = 22;
const REJECT: Range<usize> = 24..26;
/// The highest bit of a byte.
const FIRST_BIT: u8 = 0x80;

/// The size of the header, or of two where the network sends ours back behind its own; an error is the place that makes it
/// no header. (What it says of the length of the message is not held against it: where the frame ends is known.)
pub(super) fn length(payload: &[u8]) -> Result<usize, usize> {
    let one = single(payload, 0)?;
    if payload[1] & FIRST_BIT != 0 {
        return Ok(one + single(payload, one)?);
    }
    let rejects = one >= REJECT.end && payload[REJECTS] & FIRST_BIT != 0;
    // An MTI is packed, and so begins with a smaller byte than any header.
    Ok(one + if rejects { single(payload, one).unwrap_or(0) } else { 0 })
}

/// The size of the one header that begins at `at`.
fn single(payload: &[u8], at: usize) -> Result<usize, usize> {
    let size = payload.get(at).map_or(0, |size| usize::from(*size));
    if size >= SIZE && at + size <= payload.len() { Ok(size) } else { Err(at) }
}

pub(super) fn link(payload: &mut [u8]) {
    let [.., high, low] = payload.len().to_be_bytes();
    payload[TOTAL].copy_from_slice(&[high, low]);
}

pub(super) fn first() -> Header {
    let mut header = Header::from_elem(0, SIZE);
    (header[0], header[1], header[2]) = (SIZE as u8, 1, 2);
    header
}

/// Destination and source change places, the rest comes back as it came.
pub(super) fn turn(header: &mut Header) {
    header.truncate(SIZE);
    (header[0], header[1]) = (SIZE as u8, header[1] & !FIRST_BIT);
    let (before, source) = header.split_at_mut(SOURCE.start);
    before[DESTINATION].swap_with_slice(&mut source[..SOURCE.len()]);
}

/// Six digits each.
pub(super) fn address(header: &mut [u8], source: &str, destination: &str) -> Option<()> {
    pack(destination, &mut header[DESTINATION])?;
    pack(source, &mut header[SOURCE])
}

pub(super) fn reject(header: &[u8]) -> Option<RejectCode> {
    let &[first, second] = header.get(REJECT)? else { return None };
    if header[REJECTS] & FIRST_BIT == 0 {
        return None;
    }
    let digits = [first >> 4, first & 15, second >> 4, second & 15];
    RejectCode::new(&digits.map(|nibble| b"0123456789ABCDEF"[usize::from(nibble)]))
}
