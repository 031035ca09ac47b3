//! The length headers among the vectors, published with the tests of moov-io/iso8583 (`network/*_test.go`).

use crate::samples::unhex;
use banklink_protocol::frame::{Frame, FrameError, Framing, Header, HeaderKind};
use bytes::{Bytes, BytesMut};
use serde_json::Value;

fn framing(kind: &str) -> Framing {
    let name = match kind {
        _ if kind.starts_with("Visa VMLH") => "vap",
        _ if kind.starts_with("4 ASCII") => "ascii4",
        _ if kind.starts_with("2-byte BCD") => "bcd2",
        _ => "binary2",
    };
    Framing::named(name).unwrap().with_max(2048)
}

fn split(framing: &Framing, bytes: &[u8]) -> Result<Option<Frame>, FrameError> {
    framing.split(&mut BytesMut::from(bytes))
}

#[test]
fn published_lengths_are_read_and_written() {
    let vectors: Value = serde_json::from_str(include_str!("../../../tests/vectors/messages.json")).unwrap();
    let headers = vectors["frame_headers"].as_array().unwrap();
    assert_eq!(headers.len(), 8);
    for header in headers {
        let kind = header["kind"].as_str().unwrap();
        let framing = framing(kind);
        let hex = header["hex"].as_str().unwrap();
        let bytes: Vec<u8> =
            (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect();
        let prefix = &bytes[..];
        if let Some(length) = header["length"].as_u64() {
            let body = Bytes::from(vec![b'0'; usize::try_from(length).unwrap()]);
            let wire = [prefix, &body[..]].concat();
            let mut written = BytesMut::new();
            if header["session_control"] == true {
                assert_eq!(split(&framing, &wire), Ok(Some(Frame::Control { body: body.clone() })), "{kind}");
                framing.write_control(&mut written, &body).unwrap();
                assert_eq!(written, wire, "{kind}");
                continue;
            }
            let write = |out: &mut BytesMut| {
                out.extend_from_slice(&body);
                Ok::<(), FrameError>(())
            };
            framing.write(&mut written, &[], write).unwrap();
            assert_eq!(written, wire, "{kind}");
            assert_eq!(split(&framing, &wire), Ok(Some(Frame::Message { header: Header::new(), body })), "{kind}");
        } else if kind.ends_with("short read") {
            assert_eq!(split(&framing, prefix), Ok(None), "{kind}");
        } else {
            assert_eq!(split(&framing, prefix), Err(FrameError::TooLarge { max: 2048, had: 0xFFFF }), "{kind}");
        }
    }
}

/// The published CUPS purchase with its four digits of length and its header: read whole, answered with the addresses
/// turned round, and delimited by its own header as well.
#[test]
fn a_published_cups_message_is_framed_both_ways() {
    let vectors: Value = serde_json::from_str(include_str!("../../../tests/vectors/messages.json")).unwrap();
    let all = vectors["messages"].as_array().unwrap();
    let vector = all.iter().find(|vector| vector["id"] == "unionpay-cups-0200-46byte-header").unwrap();
    let wire = unhex(vector["hex"].as_str().unwrap());
    let ascii4 = Framing::named("ascii4").unwrap().with_header(HeaderKind::Cups);
    let Ok(Some(Frame::Message { header, body })) = split(&ascii4, &wire) else { panic!("a message") };
    assert_eq!((header.len(), &body[..4]), (46, &b"0200"[..]));
    assert_eq!(&header[6..28], b"00100000   14427900   ");
    let by_itself = Framing::named("header").unwrap().with_header(HeaderKind::Cups);
    let same = Frame::Message { header: header.clone(), body: body.clone() };
    assert_eq!(split(&by_itself, &wire[4..]), Ok(Some(same)));
    let mut written = BytesMut::new();
    let write = |out: &mut BytesMut| {
        out.extend_from_slice(&body);
        Ok::<(), FrameError>(())
    };
    ascii4.write(&mut written, &header, write).unwrap();
    assert_eq!(written, wire);
    assert_eq!(&ascii4.answer_header(&header)[6..28], b"14427900   00100000   ");
    assert_eq!(HeaderKind::Cups.reject(&header), None);
}
