//! Framing: where one message ends and the next begins, and the header before it.

use bytes::{Bytes, BytesMut};
use smallvec::SmallVec;

/// The form of the length in front of a frame.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LengthForm {
    /// Two bytes, big endian.
    Binary2,
    /// Two bytes, little endian.
    Binary2Le,
    /// Four bytes, big endian.
    Binary4,
    /// Four ASCII digits.
    Ascii4,
    /// Two bytes packed BCD.
    Bcd2,
}

/// The kind of header between length and MTI.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum HeaderKind {
    /// None.
    None,
    /// Five bytes: id, destination, source; the answer swaps destination and source.
    Tpdu,
}

/// The header bytes of one message, as they came.
pub type Header = SmallVec<[u8; 22]>;

/// How frames are cut on one link.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Framing {
    /// The length's form.
    pub length: LengthForm,
    /// Does the length count its own bytes?
    pub inclusive: bool,
    /// The header before the MTI; it is counted by the length.
    pub header: HeaderKind,
    /// The largest frame taken, in bytes of header and body.
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

/// A stream that cannot be resynchronised.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FrameError {
    /// The length is not a number in its form.
    BadLength,
    /// Larger than the maximum.
    TooLarge {
        /// Most allowed, bytes.
        max: usize,
        /// Announced, bytes.
        had: usize,
    },
    /// Too small for its header (or, inclusive, for its own length).
    TooSmall {
        /// Least, bytes.
        min: usize,
        /// Announced, bytes.
        had: usize,
    },
}

impl Framing {
    /// From the names of the configuration, e.g. `binary2`, `binary2-le`, `binary2-inclusive`, `ascii4`, `bcd2`, `binary4`.
    #[must_use]
    pub fn named(_name: &str) -> Option<Self> {
        todo!()
    }
    /// Takes the next whole frame off the front of `buffer`; `None` asks for more bytes.
    pub fn split(&self, _buffer: &mut BytesMut) -> Result<Option<Frame>, FrameError> {
        todo!()
    }
    /// Appends one frame: length, header, then what `body` writes. On an error `out` is as it was.
    pub fn write<E: From<FrameError>>(
        &self,
        _out: &mut BytesMut,
        _header: &[u8],
        _body: impl FnOnce(&mut BytesMut) -> Result<(), E>,
    ) -> Result<(), E> {
        todo!()
    }
    /// Appends a keep-alive.
    pub fn write_keep_alive(&self, _out: &mut BytesMut) {
        todo!()
    }
    /// The header of the answer to a message that came with `header` (TPDU: destination and source swapped).
    #[must_use]
    pub fn answer_header(&self, _header: &Header) -> Header {
        todo!()
    }
}
