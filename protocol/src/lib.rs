//! The ISO 8583 codec of banklink.
//!
//! Pure: bytes in, values out. No runtime, no clock, no logging. A [`Dialect`] is data (TOML), a [`Message`] is
//! one frame plus a table of where each field stands in it.
//!
//! ```
//! use banklink_protocol::{Dialect, Message};
//! use bytes::BytesMut;
//!
//! let dialect = Dialect::named("iso87-bcd").unwrap();
//! let mut request = Message::new(&dialect, "0200".parse().unwrap());
//! request.set(2, b"4111111111111111")?;
//! request.set(3, b"000000")?;
//! request.set_number(4, 12_345)?;
//! request.set_number(11, 1)?;
//! let mut wire = BytesMut::new();
//! request.encode(&mut wire)?;
//!
//! let received = dialect.decode(wire.freeze())?;
//! assert_eq!(received.number(4), Some(12_345));
//! assert_eq!(received.text(3).as_deref(), Some("000000"));
//! let mut answer = received.clone();
//! answer.set_mti(received.mti().response().unwrap());
//! answer.set(39, b"00")?;
//! assert_eq!(format!("{answer:?}"), "0210 2=411111******1111 3=000000 4=000000012345 11=000001 39=00");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! The way of the bytes:
//!
//! - [`frame`] cuts a stream into messages and puts length and header before them.
//! - [`dialect`] says how a bank writes; its module documents the TOML format whole.
//! - [`Dialect::decode`] turns one frame into a [`Message`]: strict, zero-copy, an error names field, offset, wanted and had
//!   ([`error`]), and carries what was decoded before it.
//! - [`Message`] gives *logical* values (what a person would write, whatever the packing) and takes them. What is not set is
//!   written back byte for byte as it came.
//! - [`composite`] is what is inside a field: chip data, TLV, positions, inner bitmaps.
//! - [`translate`] carries a message into another dialect of the same edition.
//! - [`describe`] gives a message as named, nested, masked values and builds one from them: what tables, JSON and logs are
//!   made of.
//! - [`element`] holds the values that have a meaning of their own: card numbers, amounts, codes, traces.

pub mod bitmap;
mod class;
pub mod composite;
mod decode;
pub mod describe;
pub mod dialect;
mod ebcdic;
pub mod element;
mod encode;
mod encoding;
pub mod error;
mod field;
pub mod frame;
pub mod import;
pub mod message;
pub mod mti;
mod scratch;
mod slots;
pub mod translate;

pub use bitmap::FieldSet;
pub use dialect::Dialect;
pub use error::{DecodeError, EncodeError, FieldError};
pub use message::Message;
pub use mti::Mti;
pub use translate::Translation;
