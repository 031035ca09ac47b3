//! Messages out of packet captures, which are built here packet by packet.

use assert_cmd::Command;
use banklink::capture::follow::follow;
use proptest::prelude::*;
use std::{fs, path::Path};

/// Published with jPOS's documentation, behind a length of two bytes: MTI, bitmap, DE3, 11, 41; and its answer.
const REQUEST: &str = "0018080020200000008000000000000000013239313130303031";
const ANSWER: &str = "001a08102020000002800000000000000001303032393131303030 31";

fn unhex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    digits.chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

const CLIENT: ([u8; 4], u16) = ([10, 0, 0, 1], 40_000);
const SERVER: ([u8; 4], u16) = ([10, 0, 0, 2], 7_001);
const SYN: u8 = 2;
const ACK: u8 = 16;
const FIN: u8 = 1;

/// One TCP segment in IPv4 in Ethernet.
fn segment(from: ([u8; 4], u16), to: ([u8; 4], u16), sequence: u32, flags: u8, payload: &[u8]) -> Vec<u8> {
    let mut packet = vec![0x02, 0, 0, 0, 0, 2, 0x02, 0, 0, 0, 0, 1, 0x08, 0x00];
    let length = (40 + payload.len()) as u16;
    packet.extend([0x45, 0]);
    packet.extend(length.to_be_bytes());
    packet.extend([0, 1, 0x40, 0, 64, 6, 0, 0]);
    packet.extend(from.0);
    packet.extend(to.0);
    packet.extend(from.1.to_be_bytes());
    packet.extend(to.1.to_be_bytes());
    packet.extend(sequence.to_be_bytes());
    packet.extend([0; 4]);
    packet.extend([0x50, flags, 0xff, 0xff, 0, 0, 0, 0]);
    packet.extend(payload);
    packet
}

/// A connection on which the client sends `bytes` in segments of five, and the server answers.
fn conversation(bytes: &[u8], answer: &[u8]) -> Vec<Vec<u8>> {
    let mut packets = vec![
        segment(CLIENT, SERVER, 999, SYN, &[]),
        segment(SERVER, CLIENT, 4_999, SYN | ACK, &[]),
        segment(CLIENT, SERVER, 1_000, ACK, &[]),
    ];
    for (index, part) in bytes.chunks(5).enumerate() {
        packets.push(segment(CLIENT, SERVER, 1_000 + 5 * index as u32, ACK, part));
    }
    packets.push(segment(SERVER, CLIENT, 5_000, ACK, answer));
    packets.push(segment(CLIENT, SERVER, 1_000 + bytes.len() as u32, ACK | FIN, &[]));
    packets.push(segment(SERVER, CLIENT, 5_000 + answer.len() as u32, ACK | FIN, &[]));
    packets
}

/// A pcap file, in either byte order, with times in micro- or nanoseconds.
fn pcap(packets: &[Vec<u8>], big: bool, nanos: bool) -> Vec<u8> {
    let word = |number: u32| if big { number.to_be_bytes() } else { number.to_le_bytes() };
    let half = |number: u16| if big { number.to_be_bytes() } else { number.to_le_bytes() };
    let mut file = Vec::new();
    file.extend(word(if nanos { 0xa1b2_3c4d } else { 0xa1b2_c3d4 }));
    file.extend([half(2), half(4)].concat());
    file.extend([word(0), word(0), word(65_535), word(1)].concat());
    for (index, packet) in packets.iter().enumerate() {
        let length = word(packet.len() as u32);
        file.extend([word(1_795_403_926), word(index as u32), length, length].concat());
        file.extend(packet);
    }
    file
}

/// A pcapng file with one interface.
fn pcapng(packets: &[Vec<u8>]) -> Vec<u8> {
    let block = |kind: u32, body: &[u8]| {
        let mut padded = body.to_vec();
        padded.resize(body.len().next_multiple_of(4), 0);
        let length = (12 + padded.len() as u32).to_le_bytes();
        [&kind.to_le_bytes()[..], &length, &padded, &length].concat()
    };
    let mut file = block(0x0a0d_0d0a, &[&0x1a2b_3c4d_u32.to_le_bytes()[..], &[1, 0, 0, 0], &[0xff; 8]].concat());
    file.extend(block(1, &[1, 0, 0, 0, 0, 0, 0, 0]));
    for packet in packets {
        let moment = 1_795_403_926_000_000_u64;
        let words = [0, (moment >> 32) as u32, moment as u32, packet.len() as u32, packet.len() as u32];
        let head: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
        file.extend(block(6, &[&head[..], packet].concat()));
    }
    file
}

fn decoded(folder: &Path, capture: &[u8], options: &[&str]) -> (i32, String, String) {
    fs::write(folder.join("a.pcap"), capture).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_banklink"));
    let output = command.current_dir(folder).args(["decode", "--pcap", "a.pcap"]).args(options).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code().unwrap(), text(&output.stdout), text(&output.stderr))
}

const BCD: [&str; 4] = ["--frame", "binary2", "--dialect", "iso87-bcd"];

#[test]
fn both_sides_of_a_connection_are_read_in_every_format() {
    let folder = tempfile::tempdir().unwrap();
    let packets = conversation(&unhex(REQUEST), &unhex(ANSWER));
    let captures =
        [pcap(&packets, false, false), pcap(&packets, true, false), pcap(&packets, false, true), pcapng(&packets)];
    for (index, capture) in captures.iter().enumerate() {
        let (code, out, error) = decoded(folder.path(), capture, &BCD);
        assert_eq!(code, 0, "{index}: {out}{error}");
        let (asked, answered) = ("10.0.0.1:40000 → 10.0.0.2:7001", "10.0.0.2:7001 → 10.0.0.1:40000");
        let place = |text: &str| out.find(text).unwrap_or_else(|| panic!("{index}: {text} in {out}"));
        assert!(place(asked) < place("network management request") && place("29110001") < place(answered), "{out}");
        assert!(place(answered) < place("network management response") && out.contains("2026-11-23T"), "{out}");
    }
}

#[test]
fn segments_that_come_late_twice_or_overlap_are_put_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let request = unhex(REQUEST);
    let mut packets = conversation(&request, &unhex(ANSWER));
    packets.swap(4, 6);
    packets.insert(5, packets[3].clone());
    packets.insert(7, segment(CLIENT, SERVER, 1_003, ACK, &request[3..11]));
    let (code, out, error) = decoded(folder.path(), &pcap(&packets, false, false), &BCD);
    assert_eq!((code, out.matches("29110001").count()), (0, 2), "{out}{error}");
}

#[test]
fn lost_bytes_are_named_and_the_next_message_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let request = unhex(REQUEST);
    let mut packets = conversation(&request, &unhex(ANSWER));
    packets.remove(4);
    let end = 1_000 + request.len() as u32;
    let last = packets.len() - 2;
    packets.insert(last, segment(CLIENT, SERVER, end, ACK, &request));
    packets[last + 1] = segment(CLIENT, SERVER, end + request.len() as u32, ACK | FIN, &[]);
    let options = [&BCD[..], &["--json"]].concat();
    let (code, out, error) = decoded(folder.path(), &pcap(&packets, false, false), &options);
    assert_eq!(code, 1, "{out}{error}");
    let events: Vec<serde_json::Value> = out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let said: Vec<_> = events.iter().filter_map(|event| event["said"].as_str()).collect();
    assert!(said.contains(&"5 bytes were not captured"), "{out}");
    let requests = events.iter().filter(|event| event["mti"] == "0800" && event["stream"] == 1).count();
    assert_eq!(requests, 1, "the one behind the gap: {out}");
}

#[test]
fn how_a_link_is_written_is_guessed() {
    let folder = tempfile::tempdir().unwrap();
    let capture = pcap(&conversation(&unhex(REQUEST), &unhex(ANSWER)), false, false);
    let (code, out, error) = decoded(folder.path(), &capture, &["--guess", "--port", "7001"]);
    assert!(code == 0 && out.contains("29110001"), "{out}{error}");
    assert!(error.contains("note: 10.0.0.2:7001 reads with --frame binary2 "), "{error}");
    let (code, out, _) = decoded(folder.path(), &capture, &["--guess", "--port", "9"]);
    assert_eq!((code, out.as_str()), (0, ""), "no such port");
}

#[test]
fn tls_is_named_and_what_is_no_capture_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let hello = [&[0x16, 3, 1, 0, 60, 1][..], &[0; 59]].concat();
    let (code, out, error) = decoded(folder.path(), &pcap(&conversation(&hello, &[]), false, false), &BCD);
    assert!(code == 0 && out.contains("TLS: it cannot be read without its keys"), "{out}{error}");
    let (code, _, error) = decoded(folder.path(), b"0800...", &BCD);
    assert!(code == 1 && error.starts_with("error: a.pcap: "), "{error}");
    let (code, _, error) = decoded(folder.path(), &pcap(&[], false, false), &[]);
    assert!(code == 2 && error.contains("--frame says how messages are cut"), "{error}");
    let mut cut = pcap(&conversation(&unhex(REQUEST), &unhex(ANSWER)), false, false);
    cut.truncate(cut.len() - 3);
    let (code, out, error) = decoded(folder.path(), &cut, &BCD);
    assert!(code == 1 && out.contains("29110001") && error.contains("the capture ends at byte "), "{out}{error}");
}

proptest! {
    /// Nothing that a file holds makes the reader panic.
    #[test]
    fn any_bytes_are_read_or_refused(
        magic in proptest::sample::select(vec![0usize, 1, 2, 3]),
        bytes in proptest::collection::vec(any::<u8>(), 0..600),
        flips in proptest::collection::vec((any::<usize>(), any::<u8>()), 0..12),
    ) {
        let packets = conversation(&unhex(REQUEST), &unhex(ANSWER));
        let mut file = match magic {
            0 => pcap(&packets, false, false),
            1 => pcap(&packets, true, true),
            2 => pcapng(&packets),
            _ => bytes.clone(),
        };
        let length = file.len().max(1);
        for (at, byte) in flips {
            if let Some(place) = file.get_mut(at % length) {
                *place = byte;
            }
        }
        file.extend(&bytes);
        let _ = follow(&file[..], &[], |_| {});
    }
}
