//! From a captured packet down to its TCP segment.

use super::{Segment, file::Packet};
use core::net::SocketAddr;
use etherparse::{EtherType, LaxNetSlice, LaxSlicedPacket, TransportSlice};

/// Why a packet has no segment for us.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Skipped {
    /// A kind of link that is not read, by its number (`LINKTYPE_…`).
    Link(u16),
    /// A piece of an IP packet: pieces are not put together.
    Fragment,
    /// No TCP: ARP, UDP, ICMP and the like.
    NotTcp,
    /// Headers that do not hold together.
    Malformed,
}

// The numbers of the kinds of links (draft-ietf-opsawg-pcaplinktype).
const NULL: u16 = 0;
const ETHERNET: u16 = 1;
/// Raw IP, on the systems whose own number got into files.
const RAW_BSD: u16 = 12;
const RAW_OPENBSD: u16 = 14;
const RAW: u16 = 101;
const LOOPBACK: u16 = 108;
const LINUX_COOKED: u16 = 113;
const IPV4: u16 = 228;
const IPV6: u16 = 229;
const LINUX_COOKED_2: u16 = 276;

/// The TCP segment of a packet.
///
/// # Errors
/// There is none, and why.
pub fn segment(packet: &Packet) -> Result<Segment<'_>, Skipped> {
    let data = &packet.data[..];
    let sliced = match packet.link {
        ETHERNET => LaxSlicedPacket::from_ethernet(data).map_err(|_| Skipped::Malformed)?,
        RAW | RAW_BSD | RAW_OPENBSD | IPV4 | IPV6 => ip(data)?,
        // Four bytes of address family, in whose byte order ever: IP says its version itself.
        NULL | LOOPBACK => ip(data.get(4..).ok_or(Skipped::Malformed)?)?,
        LINUX_COOKED => cooked(data, 14, 16)?,
        LINUX_COOKED_2 => cooked(data, 0, 20)?,
        link => return Err(Skipped::Link(link)),
    };
    let (payload, source, destination) = match &sliced.net {
        Some(LaxNetSlice::Ipv4(ip)) => {
            (ip.payload(), ip.header().source_addr().into(), ip.header().destination_addr().into())
        }
        Some(LaxNetSlice::Ipv6(ip)) => {
            (ip.payload(), ip.header().source_addr().into(), ip.header().destination_addr().into())
        }
        _ => return Err(Skipped::NotTcp),
    };
    if payload.fragmented {
        return Err(Skipped::Fragment);
    }
    let tcp = match sliced.transport {
        Some(TransportSlice::Tcp(tcp)) => tcp,
        None if payload.ip_number == etherparse::IpNumber::TCP => return Err(Skipped::Malformed),
        _ => return Err(Skipped::NotTcp),
    };
    Ok(Segment {
        time: packet.time,
        from: SocketAddr::new(source, tcp.source_port()),
        to: SocketAddr::new(destination, tcp.destination_port()),
        sequence: tcp.sequence_number(),
        syn: tcp.syn(),
        ack: tcp.ack(),
        fin: tcp.fin(),
        rst: tcp.rst(),
        payload: tcp.payload(),
    })
}

fn ip(data: &[u8]) -> Result<LaxSlicedPacket<'_>, Skipped> {
    LaxSlicedPacket::from_ip(data).map_err(|_| Skipped::Malformed)
}

/// Linux's stand-in for a link header: the type of what follows is at `protocol`, what follows at `size`.
fn cooked(data: &[u8], protocol: usize, size: usize) -> Result<LaxSlicedPacket<'_>, Skipped> {
    let kind = data.get(protocol..).and_then(<[u8]>::first_chunk).ok_or(Skipped::Malformed)?;
    let rest = data.get(size..).ok_or(Skipped::Malformed)?;
    Ok(LaxSlicedPacket::from_ether_type(EtherType(u16::from_be_bytes(*kind)), rest))
}
