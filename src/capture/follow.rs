//! All of it: from a capture file to what each side of its connections sent.

use super::{
    connections::{Connections, Event},
    file::{FileError, Packets},
    link::{self, Skipped},
    messages::is_tls,
};
use bytes::Bytes;
use core::net::SocketAddr;
use std::{collections::BTreeMap, io::Read};

/// What was in a capture.
#[derive(Default, Debug)]
pub struct Summary {
    /// Packets.
    pub packets: u64,
    /// TCP segments of the ports asked for.
    pub segments: u64,
    /// Packets of which the capture keeps only the beginning.
    pub cut_short: u64,
    /// Pieces of IP packets, which are not put together.
    pub fragments: u64,
    /// Packets whose headers do not hold together.
    pub malformed: u64,
    /// Packets of a kind of link that is not read, with its number.
    pub unknown_link: Option<(u16, u64)>,
    /// Why the file could not be read to its end.
    pub error: Option<FileError>,
}

/// Follows the connections of a capture; with `ports`, only those with one of them at either end.
///
/// # Errors
/// It is no capture file. A file that is wrong further on is read up to there.
pub fn follow(reader: impl Read, ports: &[u16], mut each: impl FnMut(Event)) -> Result<Summary, FileError> {
    let (mut summary, mut connections, mut events) = (Summary::default(), Connections::default(), Vec::new());
    for packet in Packets::new(reader)? {
        let packet = match packet {
            Ok(packet) => packet,
            Err(error) => {
                summary.error = Some(error);
                break;
            }
        };
        summary.packets += 1;
        match link::segment(&packet) {
            Ok(segment) => {
                if ports.is_empty() || ports.iter().any(|port| [segment.from.port(), segment.to.port()].contains(port))
                {
                    summary.segments += 1;
                    summary.cut_short += u64::from(packet.missing > 0);
                    connections.take(&segment, &mut events);
                    events.drain(..).for_each(&mut each);
                }
            }
            Err(Skipped::Fragment) => summary.fragments += 1,
            Err(Skipped::Malformed) => summary.malformed += 1,
            Err(Skipped::Link(link)) => summary.unknown_link.get_or_insert((link, 0)).1 += 1,
            Err(Skipped::NotTcp) => {}
        }
    }
    connections.finish(&mut events);
    events.into_iter().for_each(each);
    Ok(summary)
}

/// Bytes kept of the beginning of one direction.
const SAMPLE: usize = 16 << 10;

/// Directions kept of one link.
const SAMPLES: usize = 8;

/// Links of which samples are kept.
const MOST_LINKS: usize = 256;

/// The beginnings of the streams of each link, to guess from. A link is a listening side.
#[derive(Default)]
pub struct Samples {
    links: BTreeMap<SocketAddr, Vec<Sample>>,
}

struct Sample {
    stream: u64,
    from: SocketAddr,
    bytes: Vec<u8>,
    /// Nothing is added: bytes are missing behind these.
    closed: bool,
}

impl Samples {
    /// Keeps of what one side sent what is kept.
    pub fn take(&mut self, event: &Event) {
        use super::connections::What;
        if self.links.len() >= MOST_LINKS && !self.links.contains_key(&event.server) {
            return;
        }
        let samples = self.links.entry(event.server).or_default();
        let place = samples.iter().position(|sample| (sample.stream, sample.from) == (event.stream, event.from));
        let place = match place {
            Some(place) => place,
            None if samples.len() >= SAMPLES => return,
            None => {
                let (stream, from) = (event.stream, event.from);
                samples.push(Sample { stream, from, bytes: Vec::new(), closed: false });
                samples.len() - 1
            }
        };
        let sample = &mut samples[place];
        match &event.what {
            What::Bytes(bytes) if !sample.closed => {
                let room = SAMPLE - sample.bytes.len();
                sample.bytes.extend_from_slice(&bytes[..bytes.len().min(room)]);
            }
            _ => sample.closed = true,
        }
    }

    /// The samples of each link that can be read, in the order of their addresses; TLS is left out.
    pub fn of_links(&self) -> impl Iterator<Item = (SocketAddr, Vec<Bytes>)> + '_ {
        let readable = |sample: &&Sample| !sample.bytes.is_empty() && !is_tls(&sample.bytes);
        let bytes = |sample: &Sample| Bytes::copy_from_slice(&sample.bytes);
        let link = move |(server, samples): (&SocketAddr, &Vec<Sample>)| {
            (*server, samples.iter().filter(readable).map(bytes).collect::<Vec<_>>())
        };
        self.links.iter().map(link).filter(|(_, samples)| !samples.is_empty())
    }
}
