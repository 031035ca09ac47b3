//! Between a UnionPay terminal and its acquirer: a TPDU, then six bytes of packed digits.
//!
//! | bytes | what |
//! |---|---|
//! | 5 | application: 60 magnetic stripe, 61 chip, 62 and 63 value-added services |
//! | 6 | edition of the terminal specification: 30 (2009), 31 (2010), 32 |
//! | 7 | high nibble the terminal's state, low nibble what the host asks it to do next: 0 nothing, 3 sign on again, others are downloads |
//! | 8–10 | version of the terminal's software |

use super::{Header, tpdu};

/// Bytes.
pub(super) const SIZE: usize = tpdu::SIZE + 6;
/// Where the terminal's state and the host's request stand.
const STATE: usize = 7;

pub(super) fn first() -> Header {
    let mut header = tpdu::first();
    header.extend_from_slice(&[0x60, 0x31, 0, 0, 0, 0]);
    header
}

/// The addresses change places, the rest comes back as it came; nothing is asked of the terminal.
pub(super) fn turn(header: &mut [u8]) {
    tpdu::turn(header);
    header[STATE] &= 0xF0;
}
