//! The ISO 8583 codec of banklink.
//!
//! Pure: bytes in, values out. No runtime, no clock, no logging. A [`Dialect`] is data (TOML), a [`Message`] is
//! one frame plus a table of where each field stands in it.

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
pub mod message;
pub mod mti;
mod scratch;
pub mod translate;

pub use bitmap::FieldSet;
pub use dialect::Dialect;
pub use error::{DecodeError, EncodeError, FieldError};
pub use message::Message;
pub use mti::Mti;
pub use translate::Translation;
