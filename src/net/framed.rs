//! The codec's framing as `tokio_util` codecs, for a `Framed` stream: what tools and tests want. The switch's own
//! connections call [`Framing`] directly, many frames to a read and many to a write.

use banklink_protocol::frame::{Frame, FrameError, Framing};
use bytes::BytesMut;
use std::{fmt, io};
use tokio_util::codec::{Decoder, Encoder};

/// Cuts a stream into frames, and writes frames.
#[derive(Clone, Debug)]
pub struct FrameCodec(pub Framing);

/// A stream that ended badly.
#[derive(Debug)]
pub enum FramedError {
    /// The transport's fault.
    Io(io::Error),
    /// The peer's fault: the stream cannot be resynchronised. Or, writing, a frame that the link cannot carry.
    Frame(FrameError),
}

impl fmt::Display for FramedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(error) => error.fmt(f),
            Self::Frame(error) => error.fmt(f),
        }
    }
}
impl std::error::Error for FramedError {}

impl From<io::Error> for FramedError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<FrameError> for FramedError {
    fn from(error: FrameError) -> Self {
        Self::Frame(error)
    }
}

/// A stream that ends within a frame is an error (`UnexpectedEof` of the default `decode_eof`).
impl Decoder for FrameCodec {
    type Item = Frame;
    type Error = FramedError;

    fn decode(&mut self, source: &mut BytesMut) -> Result<Option<Frame>, FramedError> {
        Ok(self.0.split(source)?)
    }
}

impl Encoder<Frame> for FrameCodec {
    type Error = FramedError;

    fn encode(&mut self, frame: Frame, out: &mut BytesMut) -> Result<(), FramedError> {
        match frame {
            Frame::KeepAlive => {
                self.0.write_keep_alive(out);
                Ok(())
            }
            Frame::Control { body } => Ok(self.0.write_control(out, &body)?),
            Frame::Message { header, body } => self.0.write(out, &header, |out| {
                out.extend_from_slice(&body);
                Ok(())
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use banklink_protocol::frame::{Header, HeaderKind, LengthForm};
    use bytes::Bytes;

    fn codec() -> FrameCodec {
        FrameCodec(Framing::new(LengthForm::Ascii4).with_header(HeaderKind::Tpdu).with_max(64))
    }

    fn message(body: &'static [u8]) -> Frame {
        Frame::Message { header: Header::from_slice(b"\x60\x00\x01\x00\x02"), body: Bytes::from_static(body) }
    }

    #[test]
    fn what_is_encoded_is_decoded_byte_by_byte() {
        let (mut codec, mut wire) = (codec(), BytesMut::new());
        codec.encode(message(b"0800"), &mut wire).unwrap();
        codec.encode(Frame::KeepAlive, &mut wire).unwrap();
        codec.encode(message(b"0810"), &mut wire).unwrap();
        let (mut buffer, mut frames) = (BytesMut::new(), Vec::new());
        for byte in wire {
            buffer.extend_from_slice(&[byte]);
            frames.extend(codec.decode(&mut buffer).unwrap());
        }
        assert_eq!(frames, [message(b"0800"), Frame::KeepAlive, message(b"0810")]);
        assert!(codec.decode_eof(&mut buffer).unwrap().is_none(), "a clean end");
    }

    #[test]
    fn an_end_within_a_frame_is_an_error() {
        let mut half = BytesMut::from(&b"00090"[..]);
        let error = codec().decode_eof(&mut half).unwrap_err();
        assert!(matches!(error, FramedError::Io(_)), "{error}");
    }

    #[test]
    fn errors_name_their_fault() {
        let error = codec().decode(&mut BytesMut::from(&b"0065"[..])).unwrap_err();
        assert_eq!(error.to_string(), "frame too large: wanted at most 64 bytes, had 65");
        let mut out = BytesMut::new();
        let bare = Frame::Message { header: Header::new(), body: Bytes::from_static(b"0800") };
        let error = codec().encode(bare, &mut out).unwrap_err();
        assert_eq!((error.to_string().as_str(), out.len()), ("frame header: wanted 5 bytes, had 0", 0));
    }
}
