//! The pcap format: a head of 24 bytes, then packets behind 16 bytes each (draft-ietf-opsawg-pcap).

use super::{FileError, MOST_PACKET, Order, Packet, Source};
use crate::capture::Nanos;
use std::io::Read;

/// The first four bytes where the rest is big-endian and fractions of a second are microseconds.
const MICRO: u32 = 0xA1B2_C3D4;
/// The same with nanoseconds.
const NANO: u32 = 0xA1B2_3C4D;

/// What the head says of all packets.
pub(super) struct Head {
    order: Order,
    /// Nanoseconds in the unit of a fraction of a second.
    unit: i64,
    link: u16,
}

impl Head {
    /// The head, of which the first four bytes were read.
    pub(super) fn read<R: Read>(magic: [u8; 4], source: &mut Source<R>) -> Result<Self, FileError> {
        let told = [Order::Big, Order::Little].into_iter().find_map(|order| match order.u32(magic) {
            MICRO => Some((order, 1_000)),
            NANO => Some((order, 1)),
            _ => None,
        });
        let Some((order, unit)) = told else {
            return Err(source.error("neither a pcap nor a pcapng file: it begins with the magic number of neither"));
        };
        let rest: [u8; 20] = source.array()?.ok_or_else(|| source.cut_off())?;
        // The upper half of the number of the link tells of frame check sequences, which IP's own length cuts off.
        let [.., a, b, c, d] = rest;
        Ok(Self { order, unit, link: order.u32([a, b, c, d]) as u16 })
    }

    pub(super) fn packet<R: Read>(&mut self, source: &mut Source<R>) -> Result<Option<Packet>, FileError> {
        let Some(head) = source.array::<16>()? else { return Ok(None) };
        let ([seconds, fraction, captured, length], _) = head.as_chunks::<4>() else { return Ok(None) };
        let [seconds, fraction, captured, length] =
            [*seconds, *fraction, *captured, *length].map(|bytes| self.order.u32(bytes));
        let count = captured as usize;
        if count > MOST_PACKET {
            return Err(source.error(format!("a packet of {count} bytes, wanted at most {MOST_PACKET}")));
        }
        // Four bytes of seconds and four of fractions cannot leave 64 bits.
        let time: Nanos = i64::from(seconds) * 1_000_000_000 + i64::from(fraction) * self.unit;
        let missing = length.saturating_sub(captured) as usize;
        Ok(Some(Packet { time, link: self.link, data: source.take(count)?, missing }))
    }
}
