//! The length headers among the vectors, published with the tests of moov-io/iso8583 (`network/*_test.go`).

use banklink_protocol::frame::{Frame, FrameError, Framing, Header};
use bytes::{Bytes, BytesMut};
use serde_json::Value;

/// Visa's header, a length and two more bytes, is not one of ours: its length alone is.
fn framing(kind: &str) -> Framing {
    let name = match kind {
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
        let prefix = &bytes[..bytes.len().min(framing.length.size())];
        if let Some(length) = header["length"].as_u64() {
            let body = Bytes::from(vec![b'0'; usize::try_from(length).unwrap()]);
            let wire = [prefix, &body[..]].concat();
            let mut written = BytesMut::new();
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
