//! Framing: where one message ends and the next begins, and the header before it.
//!
//! A frame is a header ([`HeaderKind`]) and a body that begins with the MTI. Where it ends says a [`Delimiter`]: a length in
//! front ([`LengthForm`]), which counts header and body, and its own bytes too where the link says "inclusive"; an ETX
//! behind; both; or the header itself. [`Framing::split`] takes frames off the front of a buffer without copying; nothing is
//! allocated on the word of a length before it is held against the maximum.
//!
//! A later length is a variant of [`LengthForm`] with a name, a size and a reading; a later header is a file in
//! `frame/header`.

mod delimiter;
mod error;
mod header;
mod length;

pub use delimiter::Delimiter;
pub use error::{FrameError, UnknownName};
pub use header::{BadAddress, Header, HeaderKind, RejectCode};
pub use length::LengthForm;

use bytes::{BufMut, Bytes, BytesMut};
use delimiter::{ETX, Extent, NAMED};

/// How frames are cut on one link.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Framing {
    /// What says where a frame ends.
    pub delimiter: Delimiter,
    /// The header before the MTI; it is counted by the length.
    pub header: HeaderKind,
    /// The largest frame taken or written, in bytes of header and body.
    pub max: usize,
}

/// What the splitter found.
#[derive(Debug, PartialEq, Eq)]
pub enum Frame {
    /// A zero-length frame: the peer's keep-alive.
    KeepAlive,
    /// Session control of the link itself (VAP): no message, and nothing to be answered. That it came says that the line
    /// lives.
    Control {
        /// What it carries.
        body: Bytes,
    },
    /// A message.
    Message {
        /// Its header.
        header: Header,
        /// MTI and all that follows.
        body: Bytes,
    },
}

impl Framing {
    /// The largest frame where the configuration names no other, in bytes of header and body: what four digits can say.
    pub const DEFAULT_MAX: usize = 9_999;
    /// The same for VAP, whose frames are bounded by its own rules.
    pub const VAP_MAX: usize = 2_048;

    /// The names of the configuration.
    pub const NAMES: [&str; NAMED.len()] = {
        let mut names = [""; NAMED.len()];
        let mut at = 0;
        while at < names.len() {
            names[at] = NAMED[at].0;
            at += 1;
        }
        names
    };

    /// A framing without a header, at most [`Framing::DEFAULT_MAX`] bytes a frame, the length not counting itself.
    #[must_use]
    pub const fn new(form: LengthForm) -> Self {
        Self::of(Delimiter::Length { form, inclusive: false, etx: false })
    }

    const fn of(delimiter: Delimiter) -> Self {
        let vap = matches!(delimiter, Delimiter::Length { form: LengthForm::Vap, .. });
        let max = if vap { Self::VAP_MAX } else { Self::DEFAULT_MAX };
        Self { delimiter, header: HeaderKind::None, max }
    }

    /// From a name of the configuration, one of [`Framing::NAMES`]; without a header, with the default maximum.
    ///
    /// # Errors
    /// Another name; the error lists the choices.
    pub fn named(name: &str) -> Result<Self, UnknownName> {
        Delimiter::named(name).map(Self::of)
    }

    /// The name this framing has in a configuration.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.delimiter.name()
    }

    /// The same with another header.
    #[must_use]
    pub const fn with_header(mut self, header: HeaderKind) -> Self {
        self.header = header;
        self
    }

    /// The same with another maximum, in bytes of header and body.
    #[must_use]
    pub const fn with_max(mut self, max: usize) -> Self {
        self.max = max;
        self
    }

    /// Why delimiter and header do not go together, where they do not.
    #[must_use]
    pub const fn fault(&self) -> Option<&'static str> {
        match self.delimiter {
            Delimiter::Header if !self.header.says_length() => {
                Some("the framing \"header\" needs a header that says the length of the message: cups")
            }
            Delimiter::Etx if !self.header.is_text() => Some(
                "with the framing \"etx\" the header must be text, none or base24: a byte of another may be an ETX",
            ),
            _ => None,
        }
    }

    /// Takes the next whole frame off the front of `buffer`; `None` asks for more bytes, and made room for the rest of
    /// the frame where its length was known.
    ///
    /// # Errors
    /// The stream cannot be resynchronised: a length that is none, above the maximum, or too small for its header; no ETX
    /// where there must be one; a header that is none.
    pub fn split(&self, buffer: &mut BytesMut) -> Result<Option<Frame>, FrameError> {
        let Some(Extent { front, payload, behind, control }) = self.delimiter.find(self, buffer)? else {
            return Ok(None);
        };
        if payload > self.max {
            return Err(FrameError::TooLarge { max: self.max, had: payload });
        }
        let whole = front + payload + behind;
        if buffer.len() < whole {
            buffer.reserve(whole - buffer.len());
            return Ok(None);
        }
        if behind > 0 && buffer[whole - 1] != ETX {
            return Err(FrameError::NoEtx);
        }
        if payload == 0 && !control {
            let _ = buffer.split_to(whole);
            return Ok(Some(Frame::KeepAlive));
        }
        let header = if control { 0 } else { self.header.length(&buffer[front..front + payload])? };
        let mut frame = buffer.split_to(whole).freeze();
        frame.truncate(front + payload);
        let body = frame.split_off(front + header);
        if control {
            return Ok(Some(Frame::Control { body }));
        }
        Ok(Some(Frame::Message { header: Header::from_slice(&frame[front..]), body }))
    }

    /// Appends one frame: header, then what `body` writes, and what delimits them. A header that depends on the message
    /// ([`HeaderKind`]) is made right. On an error `out` is as it was.
    ///
    /// # Errors
    /// What `body` says, a header of another kind's size, a frame above the maximum or beyond what length or header can say,
    /// or one with an ETX in it on a link where that ends it.
    pub fn write<E: From<FrameError>>(
        &self,
        out: &mut BytesMut,
        header: &[u8],
        body: impl FnOnce(&mut BytesMut) -> Result<(), E>,
    ) -> Result<(), E> {
        if header.len() != self.header.size() {
            return Err(FrameError::BadHeader { wanted: self.header.size(), had: header.len() }.into());
        }
        let (start, front) = (out.len(), self.delimiter.front());
        out.put_bytes(0, front);
        out.extend_from_slice(header);
        let written = body(out).and_then(|()| Ok(self.delimit(out, start, start + front)?));
        if written.is_err() {
            out.truncate(start);
        }
        written
    }

    /// Finishes a frame that begins at `start` in `out`, its header at `header`.
    fn delimit(&self, out: &mut BytesMut, start: usize, header: usize) -> Result<(), FrameError> {
        let (payload, max) = (out.len() - header, self.largest());
        if payload > max {
            return Err(FrameError::TooLarge { max, had: payload });
        }
        self.header.link(&mut out[header..]);
        match self.delimiter {
            Delimiter::Length { form, inclusive, etx } => {
                form.write(Delimiter::announcement(form, inclusive, etx, payload), &mut out[start..header]);
                if etx {
                    out.put_u8(ETX);
                }
            }
            Delimiter::Etx => match out[header..].iter().position(|byte| *byte == ETX) {
                Some(at) => return Err(FrameError::EtxWithin { at }),
                None => out.put_u8(ETX),
            },
            Delimiter::Header => {}
        }
        Ok(())
    }

    /// Appends a keep-alive.
    pub fn write_keep_alive(&self, out: &mut BytesMut) {
        self.delimiter.keep_alive(&mut |bytes| out.put_slice(bytes));
    }

    /// Appends session control.
    ///
    /// # Errors
    /// A framing that has none, or more bytes than the maximum.
    pub fn write_control(&self, out: &mut BytesMut, body: &[u8]) -> Result<(), FrameError> {
        let Delimiter::Length { form: LengthForm::Vap, .. } = self.delimiter else { return Err(FrameError::NoControl) };
        let max = self.largest();
        if body.len() > max {
            return Err(FrameError::TooLarge { max, had: body.len() });
        }
        let start = out.len();
        out.put_bytes(0, LengthForm::Vap.size());
        LengthForm::Vap.write_control(body.len(), &mut out[start..]);
        out.put_slice(body);
        Ok(())
    }

    /// The header of the answer to a message that came with `header` (TPDU: destination and source swapped).
    #[must_use]
    pub fn answer_header(&self, header: &Header) -> Header {
        self.header.answer(header)
    }

    /// The largest frame that may be written: the maximum, or what length and header can say where that is less.
    #[must_use]
    pub const fn largest(&self) -> usize {
        let (delimiter, header) = (self.delimiter.most(), self.header.most());
        let sayable = if delimiter < header { delimiter } else { header };
        if self.max < sayable { self.max } else { sayable }
    }
}

#[cfg(test)]
mod tests;
