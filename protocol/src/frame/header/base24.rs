//! BASE24: the characters `ISO` and nine digits.
//!
//! | bytes | what |
//! |---|---|
//! | 0–2 | `ISO` |
//! | 3–4 | product: 00 network management, 01 ATM, 02 POS |
//! | 5–6 | release of the external message, 60 |
//! | 7–9 | status: 000 good; up to 128 the number of the field in error; 196 key out of step, 197 wrong MAC, 198 security failed, 199 device failed |
//! | 10 | who began the message: 1 device, 2 device handler, 3 authorization, 4 this interface, 5 host, 6 interchange |
//! | 11 | who answered it, 0 as long as nobody has |
//!
//! A message with a status is one sent back, its MTI with a 9 in front.

use super::{Header, RejectCode};
use std::ops::Range;

/// Bytes.
pub(super) const SIZE: usize = 12;

const LITERAL: &[u8; 3] = b"ISO";
const PRODUCT: Range<usize> = 3..5;
const STATUS: Range<usize> = 7..10;
const RESPONDER: usize = 11;
/// The product of network management.
const NETWORK: &[u8; 2] = b"00";
/// The product of everything else, where the link's header does not name another.
const POS: &[u8; 2] = b"02";
const GOOD: &[u8; 3] = b"000";
/// A host, as which we answer.
const HOST: u8 = b'5';

/// An error is the place that makes it no header.
pub(super) fn length(payload: &[u8]) -> Result<usize, usize> {
    let other = payload.iter().zip(LITERAL).position(|(byte, wanted)| byte != wanted);
    other.map_or(Ok(SIZE), Err)
}

/// The product goes by the MTI behind the header, which is ASCII.
pub(super) fn link(payload: &mut [u8]) {
    let network = payload.get(SIZE + 1) == Some(&b'8');
    let product = &mut payload[PRODUCT];
    if network {
        product.copy_from_slice(NETWORK);
    } else if product == NETWORK {
        product.copy_from_slice(POS);
    }
}

/// As a POS message that an interchange begins.
pub(super) fn first() -> Header {
    Header::from_slice(b"ISO026000060")
}

/// All as it came, answered by a host.
pub(super) fn turn(header: &mut [u8]) {
    header[STATUS].copy_from_slice(GOOD);
    header[RESPONDER] = HOST;
}

pub(super) fn reject(header: &[u8]) -> Option<RejectCode> {
    let status = header.get(STATUS).filter(|status| *status != GOOD)?;
    RejectCode::new(status).or_else(|| RejectCode::new(b"?"))
}
