//! The TPDU of terminals and NACs: id, destination, source (NIIs of four packed digits).

use super::{Header, pack};

/// Bytes.
pub(super) const SIZE: usize = 5;

/// Id 60 is a transaction; destination and source zero.
pub(super) fn first() -> Header {
    Header::from_slice(&[0x60, 0, 0, 0, 0])
}

/// Destination and source change places, or terminals drop the answer.
pub(super) fn turn(header: &mut [u8]) {
    let (to, from) = header[1..SIZE].split_at_mut(2);
    to.swap_with_slice(from);
}

/// Four digits each.
pub(super) fn address(header: &mut [u8], source: &str, destination: &str) -> Option<()> {
    pack(destination, &mut header[1..3])?;
    pack(source, &mut header[3..5])
}
