//! How messages stand in a stream of bytes: dialect, frame and header, as options of a tool.

use super::Failure;
use crate::guess::Forms;
use banklink_protocol::{
    Dialect, EncodeError, Message,
    frame::{Frame, Framing, Header, HeaderKind},
};
use bytes::{Bytes, BytesMut};
use std::sync::Arc;

/// The largest message the codec addresses, in bytes.
const MOST: usize = u16::MAX as usize;

/// Dialect, frame and header.
#[derive(clap::Args, Debug)]
pub(super) struct Wire {
    /// A shipped dialect (`banklink dialect list`) or the path of a dialect file
    #[arg(long, short, value_name = "NAME|FILE", default_value = "iso87-ascii")]
    dialect: Vec<String>,
    /// The length in front of each message: binary2, binary2-le, binary4, ascii4 or bcd2, or one of these with
    /// -inclusive; without it the input is one bare message
    #[arg(long, value_name = "NAME", value_parser = Framing::named)]
    frame: Option<Framing>,
    /// The header between length and MTI: none or tpdu
    #[arg(long, value_name = "NAME", default_value = "none", value_parser = HeaderKind::named)]
    header: HeaderKind,
}

impl Wire {
    pub(super) fn dialect(&self) -> Result<Arc<Dialect>, Failure> {
        match &self.dialect[..] {
            [name] => super::dialect::load(name),
            _ => Err(Failure::usage("one dialect reads all messages: several are for decode --guess")),
        }
    }

    /// All that were named.
    pub(super) fn dialects(&self) -> &[String] {
        &self.dialect
    }

    pub(super) const fn header(&self) -> HeaderKind {
        self.header
    }

    /// Cuts the input into frames; without a frame form it is one. What could be cut comes with the error, if any.
    pub(super) fn split(&self, input: Vec<u8>) -> (Vec<Frame>, Option<String>) {
        let Some(framing) = self.framing() else { return self.bare(input) };
        let mut buffer = BytesMut::from(Bytes::from(input));
        let mut frames = Vec::new();
        loop {
            match framing.split(&mut buffer) {
                Ok(Some(frame)) => frames.push(frame),
                Ok(None) if buffer.is_empty() => return (frames, None),
                Ok(None) => {
                    let error =
                        format!("the input ends within a frame, {} bytes after the last whole one", buffer.len());
                    return (frames, Some(error));
                }
                Err(error) => return (frames, Some(error.to_string())),
            }
        }
    }

    fn bare(&self, input: Vec<u8>) -> (Vec<Frame>, Option<String>) {
        let (mut header, size) = (Bytes::from(input), self.header.size());
        if header.len() < size {
            return (Vec::new(), Some(format!("header: wanted {size} bytes, had {}", header.len())));
        }
        let size = match self.header.length(&header) {
            Ok(size) => size,
            Err(error) => return (Vec::new(), Some(error.to_string())),
        };
        let body = header.split_off(size);
        (vec![Frame::Message { header: Header::from_slice(&header), body }], None)
    }

    /// Appends one message with its header, in a frame if there is one.
    pub(super) fn write(&self, out: &mut BytesMut, header: &Header, message: &Message) -> Result<(), EncodeError> {
        match self.framing() {
            Some(framing) => framing.write(out, header, |out| message.encode(out)),
            None => {
                out.extend_from_slice(header);
                message.encode(out)
            }
        }
    }

    /// What to try where the options are to be guessed: a frame or header that was named is not in question.
    pub(super) fn forms(&self, mut forms: Forms) -> Forms {
        if let Some(framing) = &self.frame {
            forms.framings = vec![Some(framing.clone())];
        }
        if self.header != HeaderKind::None {
            forms.headers = vec![self.header];
        }
        forms
    }

    /// The framing with its header; `None` where no frame form was named.
    pub(super) fn framing(&self) -> Option<Framing> {
        self.frame.clone().map(|framing| framing.with_header(self.header).with_max(MOST))
    }
}
