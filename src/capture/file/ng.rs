//! The pcapng format: blocks, each with its length before and behind it (draft-ietf-opsawg-pcapng).
//!
//! A section says its byte order, and describes its interfaces before their packets. Blocks that hold no packet (names,
//! statistics, secrets) are passed over.

use super::{FileError, MOST_PACKET, Order, Packet, Source};
use crate::capture::Nanos;
use std::io::Read;

/// The first four bytes: the type of a section header, the same in either byte order.
pub(super) const MAGIC: [u8; 4] = [0x0A, 0x0D, 0x0D, 0x0A];

const SECTION: u32 = 0x0A0D_0D0A;
const INTERFACE: u32 = 1;
const OLD_PACKET: u32 = 2;
const SIMPLE_PACKET: u32 = 3;
const PACKET: u32 = 6;

/// Options of an interface: the unit of its times, and what is to be added to them, in seconds.
const TIME_RESOLUTION: u16 = 9;
const TIME_OFFSET: u16 = 14;

/// The largest block that is read whole: a packet with its options.
const MOST_BLOCK: usize = MOST_PACKET + (1 << 16);

/// Most interfaces of a section.
const MOST_INTERFACES: usize = 4096;

/// The section in hand.
pub(super) struct Section {
    order: Order,
    interfaces: Vec<Interface>,
    /// The time of the packet before, for blocks that have none.
    last: Nanos,
}

struct Interface {
    link: u16,
    /// Most bytes kept of a packet; 0 says no limit.
    snap: usize,
    /// Units in a second.
    per_second: u128,
    /// Seconds to be added.
    offset: i64,
}

impl Section {
    /// The section header, of which the block's type was read.
    pub(super) fn read<R: Read>(source: &mut Source<R>) -> Result<Self, FileError> {
        let head: [u8; 8] = source.array()?.ok_or_else(|| source.cut_off())?;
        let [a, b, c, d, magic @ ..] = head;
        let order = [Order::Big, Order::Little].into_iter().find(|order| order.u32(magic) == 0x1A2B_3C4D);
        let Some(order) = order else { return Err(source.error("a section without its byte order")) };
        let length = order.u32([a, b, c, d]);
        if length < 28 || !length.is_multiple_of(4) {
            return Err(source.error(format!("a section header of {length} bytes")));
        }
        source.skip(u64::from(length) - 12)?;
        Ok(Self { order, interfaces: Vec::new(), last: 0 })
    }

    /// The next block that holds a packet.
    pub(super) fn packet<R: Read>(&mut self, source: &mut Source<R>) -> Result<Option<Packet>, FileError> {
        loop {
            source.begun = source.offset;
            let Some(kind) = source.array::<4>()? else { return Ok(None) };
            if kind == MAGIC {
                let last = self.last;
                *self = Self { last, ..Self::read(source)? };
                continue;
            }
            let kind = self.order.u32(kind);
            let length = self.order.u32(source.array()?.ok_or_else(|| source.cut_off())?);
            if length < 12 || !length.is_multiple_of(4) {
                return Err(source.error(format!("a block of {length} bytes")));
            }
            if !matches!(kind, INTERFACE | OLD_PACKET | SIMPLE_PACKET | PACKET) {
                source.skip(u64::from(length) - 8)?;
                continue;
            }
            if length as usize > MOST_BLOCK {
                return Err(source.error(format!("a block of {length} bytes, wanted at most {MOST_BLOCK}")));
            }
            let block = source.take(length as usize - 8)?;
            let (body, again) = block.split_last_chunk::<4>().ok_or_else(|| source.cut_off())?;
            if self.order.u32(*again) != length {
                return Err(source.error("the two lengths of a block differ"));
            }
            debug_assert_ne!(kind, SECTION, "its type is the same in either byte order");
            let packet = match kind {
                INTERFACE => self.interface(body).map(|()| None),
                kind => self.packet_in(kind, body).map(Some),
            };
            if let Some(packet) = packet.map_err(|why| source.error(why))? {
                self.last = packet.time;
                return Ok(Some(packet));
            }
        }
    }

    fn interface(&mut self, body: &[u8]) -> Result<(), &'static str> {
        let too_short = "an interface without its link type";
        let link = self.order.u16(*body.first_chunk().ok_or(too_short)?);
        let (snap, mut options) = body.get(4..).and_then(<[u8]>::split_first_chunk).ok_or(too_short)?;
        let mut interface = Interface { link, snap: self.order.u32(*snap) as usize, per_second: 1_000_000, offset: 0 };
        while let Some((&[a, b, c, d], rest)) = options.split_first_chunk::<4>() {
            let (code, length) = (self.order.u16([a, b]), usize::from(self.order.u16([c, d])));
            let Some(value) = rest.get(..length).filter(|_| code != 0) else { break };
            match (code, value) {
                (TIME_RESOLUTION, [resolution]) => {
                    interface.per_second = units(*resolution).ok_or("a unit of time beyond reason")?
                }
                (TIME_OFFSET, value) => {
                    if let Some(bytes) = value.first_chunk::<8>() {
                        interface.offset = match self.order {
                            Order::Big => i64::from_be_bytes(*bytes),
                            Order::Little => i64::from_le_bytes(*bytes),
                        };
                    }
                }
                _ => {}
            }
            options = rest.get(length.next_multiple_of(4)..).unwrap_or_default();
        }
        if self.interfaces.len() == MOST_INTERFACES {
            return Err("more interfaces than a capture has");
        }
        self.interfaces.push(interface);
        Ok(())
    }

    fn packet_in(&self, kind: u32, body: &[u8]) -> Result<Packet, &'static str> {
        let too_short = "a packet without its head";
        let word = |at: usize| {
            let bytes = body.get(at..).and_then(<[u8]>::first_chunk).ok_or(too_short)?;
            Ok::<_, &'static str>(self.order.u32(*bytes))
        };
        let number = match kind {
            PACKET => word(0)? as usize,
            OLD_PACKET => usize::from(self.order.u16(*body.first_chunk().ok_or(too_short)?)),
            _ => 0,
        };
        let interface = self.interfaces.get(number).ok_or("a packet of an interface that was not described")?;
        let (time, captured, length, data) = if kind == SIMPLE_PACKET {
            let length = word(0)? as usize;
            let most = if interface.snap == 0 { usize::MAX } else { interface.snap };
            (self.last, length.min(most), length, 4)
        } else {
            let time = u64::from(word(4)?) << 32 | u64::from(word(8)?);
            (interface.time(time), word(12)? as usize, word(16)? as usize, 20)
        };
        let data =
            body.get(data..).and_then(|rest| rest.get(..captured)).ok_or("a packet that is longer than its block")?;
        let missing = length.saturating_sub(captured);
        Ok(Packet { time, link: interface.link, data: data.to_vec(), missing })
    }
}

impl Interface {
    /// A time in the interface's units. Times that 64 bits of nanoseconds cannot say stop at the last they can.
    fn time(&self, units: u64) -> Nanos {
        let nanos = u128::from(units) * 1_000_000_000 / self.per_second;
        let nanos = i128::try_from(nanos).unwrap_or(i128::MAX);
        let nanos = nanos.saturating_add(i128::from(self.offset) * 1_000_000_000);
        nanos.clamp(i128::from(Nanos::MIN), i128::from(Nanos::MAX)) as Nanos
    }
}

/// Units in a second: a power of ten, or with the first bit set of two.
fn units(resolution: u8) -> Option<u128> {
    let base: u128 = if resolution & 0x80 == 0 { 10 } else { 2 };
    base.checked_pow(u32::from(resolution & 0x7F))
}
