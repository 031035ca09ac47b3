//! Framing: where one message ends and the next begins, and the header before it.
//!
//! A frame is a length ([`LengthForm`]), a header ([`HeaderKind`]) and a body that begins with the MTI. The length counts
//! header and body, and its own bytes too where the link says "inclusive". [`Framing::split`] takes frames off the front
//! of a buffer without copying; nothing is allocated on the word of a length before it is held against the maximum.
//!
//! A later form of length or header is a variant of its enum with a name, a size and a reading; nothing else changes.

mod error;
mod header;
mod length;

pub use error::{FrameError, UnknownName};
pub use header::{Header, HeaderKind};
pub use length::LengthForm;

use bytes::{BufMut, Bytes, BytesMut};

/// Added to a length's name where the length counts its own bytes.
const INCLUSIVE: &str = "-inclusive";

/// How frames are cut on one link.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Framing {
    /// The length's form.
    pub length: LengthForm,
    /// Does the length count its own bytes?
    pub inclusive: bool,
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

    /// The names of the configuration.
    pub const NAMES: [&str; 10] = [
        "binary2",
        "binary2-inclusive",
        "binary2-le",
        "binary2-le-inclusive",
        "binary4",
        "binary4-inclusive",
        "ascii4",
        "ascii4-inclusive",
        "bcd2",
        "bcd2-inclusive",
    ];

    /// A framing without a header, at most [`Framing::DEFAULT_MAX`] bytes a frame, the length not counting itself.
    #[must_use]
    pub const fn new(length: LengthForm) -> Self {
        Self { length, inclusive: false, header: HeaderKind::None, max: Self::DEFAULT_MAX }
    }

    /// From a name of the configuration, one of [`Framing::NAMES`]; without a header, with the default maximum.
    ///
    /// # Errors
    /// Another name; the error lists the choices.
    pub fn named(name: &str) -> Result<Self, UnknownName> {
        let (form, inclusive) = name.strip_suffix(INCLUSIVE).map_or((name, false), |form| (form, true));
        let length = LengthForm::ALL.into_iter().find(|length| length.name() == form);
        let length = length.ok_or_else(|| UnknownName::new("framing", name, &Self::NAMES))?;
        Ok(Self { inclusive, ..Self::new(length) })
    }

    /// The name this framing has in a configuration.
    #[must_use]
    pub fn name(&self) -> &'static str {
        let named =
            |name: &&str| name.strip_prefix(self.length.name()) == Some(if self.inclusive { INCLUSIVE } else { "" });
        Self::NAMES.into_iter().find(named).expect("every form has both names")
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

    /// Takes the next whole frame off the front of `buffer`; `None` asks for more bytes, and made room for the rest of
    /// the frame where its length was known.
    ///
    /// # Errors
    /// The stream cannot be resynchronised: a length that is none, above the maximum, or too small for its header.
    pub fn split(&self, buffer: &mut BytesMut) -> Result<Option<Frame>, FrameError> {
        let Some(announced) = self.length.read(buffer)? else { return Ok(None) };
        let payload = self.payload(announced)?;
        let (prefix, header) = (self.length.size(), self.header.size());
        if buffer.len() < prefix + payload {
            buffer.reserve(prefix + payload - buffer.len());
            return Ok(None);
        }
        let mut frame = buffer.split_to(prefix + payload).freeze();
        if payload == 0 {
            return Ok(Some(Frame::KeepAlive));
        }
        let body = frame.split_off(prefix + header);
        Ok(Some(Frame::Message { header: Header::from_slice(&frame[prefix..]), body }))
    }

    /// Appends one frame: length, header, then what `body` writes. On an error `out` is as it was.
    ///
    /// # Errors
    /// What `body` says, a header of another kind's size, or a frame above the maximum or beyond what the length can say.
    pub fn write<E: From<FrameError>>(
        &self,
        out: &mut BytesMut,
        header: &[u8],
        body: impl FnOnce(&mut BytesMut) -> Result<(), E>,
    ) -> Result<(), E> {
        if header.len() != self.header.size() {
            return Err(FrameError::BadHeader { wanted: self.header.size(), had: header.len() }.into());
        }
        let (start, prefix) = (out.len(), self.length.size());
        out.put_bytes(0, prefix);
        out.extend_from_slice(header);
        let written = body(out).and_then(|()| {
            let payload = out.len() - start - prefix;
            let max = self.largest();
            if payload > max {
                return Err(FrameError::TooLarge { max, had: payload }.into());
            }
            self.length.write(self.announcement(payload), &mut out[start..start + prefix]);
            Ok(())
        });
        if written.is_err() {
            out.truncate(start);
        }
        written
    }

    /// Appends a keep-alive.
    pub fn write_keep_alive(&self, out: &mut BytesMut) {
        let (start, prefix) = (out.len(), self.length.size());
        out.put_bytes(0, prefix);
        self.length.write(self.announcement(0), &mut out[start..]);
    }

    /// The header of the answer to a message that came with `header` (TPDU: destination and source swapped).
    #[must_use]
    pub fn answer_header(&self, header: &Header) -> Header {
        self.header.answer(header)
    }

    /// The largest frame that may be written: the maximum, or what the length can say where that is less.
    #[must_use]
    pub const fn largest(&self) -> usize {
        let sayable = self.length.max() - if self.inclusive { self.length.size() } else { 0 };
        if self.max < sayable { self.max } else { sayable }
    }

    /// Bytes of header and body that an announced length stands for. Zero, and inclusive the length's own size, are
    /// keep-alives: an inclusive 0 cannot mean anything else.
    const fn payload(&self, announced: usize) -> Result<usize, FrameError> {
        let own = if self.inclusive { self.length.size() } else { 0 };
        if announced == 0 || announced == own {
            return Ok(0);
        }
        let min = own + self.header.size();
        if announced < min {
            return Err(FrameError::TooSmall { min, had: announced });
        }
        let payload = announced - own;
        if payload > self.max {
            return Err(FrameError::TooLarge { max: self.max, had: payload });
        }
        Ok(payload)
    }

    /// What the length says for so many bytes of header and body.
    const fn announcement(&self, payload: usize) -> usize {
        if self.inclusive { payload + self.length.size() } else { payload }
    }
}

#[cfg(test)]
mod tests;
