//! Messages out of a packet capture: pcap and pcapng files, down to the bytes that each side of each TCP connection sent.
//!
//! Pure: it reads from any [`Read`](std::io::Read) and gives values; the command (`banklink decode --pcap`) opens the file
//! and prints. What is in a capture was sent by strangers, so nothing here trusts it: every length is held against a
//! limit before it is believed, every buffer has one, and what cannot be read is named and passed over.
//!
//! - [`mod@file`] takes packets out of either format, in either byte order, with times in micro- or nanoseconds.
//! - [`link`](mod@link) goes from a packet down to its TCP [`Segment`]. The headers of IP and TCP are read by `etherparse`; the
//!   file formats are two kinds of records with a length, which a crate would not make shorter.
//! - [`half`] puts the segments of one direction in order: late, doubled, overlapping, lost.
//! - [`connections`] tells connections apart: where one begins and ends, and when its ports are used again.
//! - [`follow`] is all of it in one.
//! - [`messages`] cuts what was sent into frames, and recognises TLS.

pub mod connections;
pub mod file;
pub mod follow;
pub mod half;
pub mod link;
pub mod messages;

use core::net::SocketAddr;

/// A moment of a capture, in nanoseconds since 1970-01-01T00:00:00Z. Blocks without a time have the one before them.
pub type Nanos = i64;

/// A TCP segment, as it was captured.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Segment<'a> {
    /// When it was captured.
    pub time: Nanos,
    /// Who sent it.
    pub from: SocketAddr,
    /// To whom.
    pub to: SocketAddr,
    /// Sequence number of its first byte (or of SYN).
    pub sequence: u32,
    /// Opens a direction.
    pub syn: bool,
    /// Acknowledges something: a SYN without it is the first packet of a connection.
    pub ack: bool,
    /// Nothing follows in this direction.
    pub fin: bool,
    /// The connection is gone.
    pub rst: bool,
    /// What was captured of its bytes: the rest, where the capture keeps only the beginning of a packet, is lost.
    pub payload: &'a [u8],
}
