//! The header between length and MTI.
//!
//! Each kind has a file: where its parts stand, what the first message carries, how an answer turns it round, and how the
//! network says in it that a message was rejected. A header that says the length of the message is *linked*: it is made
//! right when the message behind it is laid out.

mod base1;
mod base24;
mod cups;
mod tpdu;
mod unionpay_pos;

use super::{FrameError, UnknownName};
use smallvec::SmallVec;
use std::fmt;

/// The header bytes of one message, as they came.
pub type Header = SmallVec<[u8; 22]>;

/// The kind of header between length and MTI.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum HeaderKind {
    /// None.
    None,
    /// Five bytes: id, destination, source; the answer swaps destination and source.
    Tpdu,
    /// UnionPay terminals: a TPDU and six bytes.
    UnionpayPos,
    /// UnionPay hosts: 46 bytes, among them the length of the whole.
    Cups,
    /// Visa BASE I: 22 bytes, more where the network rejects a message.
    Base1,
    /// BASE24: `ISO` and nine characters.
    Base24,
}

/// The code of a network's rejection, as the network writes it.
///
/// A rejected message was not processed: what waits for its answer ends at once, and nothing needs to be reversed.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct RejectCode {
    text: [u8; 5],
    length: u8,
}

/// Puts source and destination into a header, where they fit.
type Put = fn(&mut [u8], &str, &str) -> Option<()>;

/// An address that does not fit the header.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BadAddress {
    /// What is wanted.
    wanted: &'static str,
}

impl HeaderKind {
    /// All kinds.
    pub const ALL: [Self; 6] = [Self::None, Self::Tpdu, Self::UnionpayPos, Self::Cups, Self::Base1, Self::Base24];

    /// The names of the configuration.
    pub const NAMES: [&str; 6] = ["none", "tpdu", "unionpay-pos", "cups", "base1", "base24"];

    /// From a name of the configuration, one of [`HeaderKind::NAMES`].
    ///
    /// # Errors
    /// Another name; the error lists the choices.
    pub fn named(name: &str) -> Result<Self, UnknownName> {
        let found = Self::ALL.into_iter().find(|kind| kind.name() == name);
        found.ok_or_else(|| UnknownName::new("header", name, &Self::NAMES))
    }

    /// The name in a configuration.
    #[must_use]
    pub const fn name(self) -> &'static str {
        Self::NAMES[self as usize]
    }

    /// Size in bytes of a header that we write; one that comes is at least as long.
    #[must_use]
    pub const fn size(self) -> usize {
        match self {
            Self::None => 0,
            Self::Tpdu => tpdu::SIZE,
            Self::UnionpayPos => unionpay_pos::SIZE,
            Self::Cups => cups::SIZE,
            Self::Base1 => base1::SIZE,
            Self::Base24 => base24::SIZE,
        }
    }

    /// The size of the header at the front of `payload`, which is a whole frame of at least [`HeaderKind::size`] bytes.
    ///
    /// # Errors
    /// Bytes that are no header of this kind: where the message begins cannot be known.
    #[inline]
    pub fn length(self, payload: &[u8]) -> Result<usize, FrameError> {
        let bad = |at| FrameError::NoHeader { wanted: self, at };
        match self {
            Self::None => Ok(0),
            Self::Tpdu => Ok(tpdu::SIZE),
            Self::UnionpayPos => Ok(unionpay_pos::SIZE),
            Self::Cups => cups::length(payload).map_err(bad),
            Self::Base1 => base1::length(payload).map_err(bad),
            Self::Base24 => base24::length(payload).map_err(bad),
        }
    }

    /// Does it say the length of header and message, so that no length is needed in front?
    #[must_use]
    pub const fn says_length(self) -> bool {
        matches!(self, Self::Cups)
    }

    /// Is every byte of it printable?
    #[must_use]
    pub const fn is_text(self) -> bool {
        matches!(self, Self::None | Self::Base24)
    }

    /// The bytes of header and message together, as the header at the front of `bytes` says; `None` asks for more bytes.
    pub(super) fn total(self, bytes: &[u8]) -> Result<Option<usize>, FrameError> {
        match self {
            Self::Cups => cups::total(bytes).map_err(|at| FrameError::NoHeader { wanted: self, at }),
            _ => Err(FrameError::NoHeader { wanted: Self::Cups, at: 0 }),
        }
    }

    /// The most bytes of header and message that it can say, where it says them.
    pub(super) const fn most(self) -> usize {
        match self {
            Self::Cups => cups::MOST,
            Self::Base1 => base1::MOST,
            _ => usize::MAX,
        }
    }

    /// Makes the header at the front of `payload` right for the message behind it. Both are known to be at most
    /// [`HeaderKind::most`].
    #[inline]
    pub(super) fn link(self, payload: &mut [u8]) {
        match self {
            Self::None | Self::Tpdu | Self::UnionpayPos => {}
            Self::Cups => cups::link(payload),
            Self::Base1 => base1::link(payload),
            Self::Base24 => base24::link(payload),
        }
    }

    /// The header of a message that answers nothing, where the link names no addresses.
    #[must_use]
    pub fn first(self) -> Header {
        match self {
            Self::None => Header::new(),
            Self::Tpdu => tpdu::first(),
            Self::UnionpayPos => unionpay_pos::first(),
            Self::Cups => cups::first(),
            Self::Base1 => base1::first(),
            Self::Base24 => base24::first(),
        }
    }

    /// The same with addresses: of a TPDU and of a UnionPay terminal four digits, of CUPS up to eleven characters, of BASE I
    /// six digits. The others have none.
    ///
    /// # Errors
    /// An address of another form.
    pub fn addressed(self, source: &str, destination: &str) -> Result<Header, BadAddress> {
        let mut header = self.first();
        let (wanted, put): (_, Put) = match self {
            Self::Tpdu | Self::UnionpayPos => ("four digits", tpdu::address),
            Self::Cups => ("up to eleven letters and digits", cups::address),
            Self::Base1 => ("six digits", base1::address),
            Self::None | Self::Base24 => return Err(BadAddress { wanted: "no addresses: the header has none" }),
        };
        put(&mut header, source, destination).ok_or(BadAddress { wanted })?;
        Ok(header)
    }

    /// The header of the answer to a message that came with `header`. Bytes that are no header of this kind come back
    /// unchanged.
    #[must_use]
    pub fn answer(self, header: &Header) -> Header {
        let mut answer = header.clone();
        match self {
            Self::Tpdu if header.len() == tpdu::SIZE => tpdu::turn(&mut answer),
            Self::UnionpayPos if header.len() == unionpay_pos::SIZE => unionpay_pos::turn(&mut answer),
            Self::Cups if header.len() == cups::SIZE => cups::turn(&mut answer),
            Self::Base1 if header.len() >= base1::SIZE => base1::turn(&mut answer),
            Self::Base24 if header.len() == base24::SIZE => base24::turn(&mut answer),
            _ => {}
        }
        answer
    }

    /// The code with which the network rejected the message that came with `header`; `None` where it did not. The message
    /// behind a rejecting header is our own, sent back.
    #[must_use]
    pub fn reject(self, header: &Header) -> Option<RejectCode> {
        match self {
            Self::None | Self::Tpdu | Self::UnionpayPos => None,
            Self::Cups => cups::reject(header),
            Self::Base1 => base1::reject(header),
            Self::Base24 => base24::reject(header),
        }
    }
}

impl RejectCode {
    /// From up to five printable characters.
    fn new(text: &[u8]) -> Option<Self> {
        let mut code = Self { text: [0; 5], length: text.len() as u8 };
        code.text.get_mut(..text.len())?.copy_from_slice(text);
        text.iter().all(u8::is_ascii_graphic).then_some(code)
    }

    /// As the network writes it: `00035`, `0021`, `196`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        str::from_utf8(&self.text[..usize::from(self.length)]).unwrap_or_default()
    }
}

impl fmt::Display for RejectCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for RejectCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for BadAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "address in the header: wanted {}", self.wanted)
    }
}
impl std::error::Error for BadAddress {}

/// Packs an even number of digits over `out`; `None` where they are others, or of another number.
fn pack(digits: &str, out: &mut [u8]) -> Option<()> {
    let digits = digits.as_bytes();
    if digits.len() != 2 * out.len() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    for (to, [high, low]) in out.iter_mut().zip(digits.as_chunks::<2>().0) {
        *to = (high & 15) << 4 | (low & 15);
    }
    Some(())
}
