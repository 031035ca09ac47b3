//! A decoded message: one frame, a table of field places, and a small scratch for the fields that were set since.

use crate::{Dialect, EncodeError, FieldError, Mti};
use bytes::BytesMut;
use std::{fmt, sync::Arc};

/// One ISO 8583 message in one dialect.
///
/// "Logical" values are what a person would write: ASCII digits for `n` in whatever packing, ASCII/UTF-8 text for text
/// fields, `=` as the separator of track 2, raw bytes for `b`.
#[derive(Clone)]
pub struct Message {
    dialect: Arc<Dialect>,
    mti: Mti,
}

impl Message {
    /// An empty message.
    #[must_use]
    pub fn new(dialect: &Arc<Dialect>, mti: Mti) -> Self {
        Self { dialect: Arc::clone(dialect), mti }
    }
    /// The dialect the message is written in.
    #[must_use]
    pub fn dialect(&self) -> &Arc<Dialect> {
        &self.dialect
    }
    /// The message type.
    #[must_use]
    pub fn mti(&self) -> Mti {
        self.mti
    }
    /// Sets the message type.
    pub fn set_mti(&mut self, mti: Mti) {
        self.mti = mti;
    }
    /// Is data element `field` (2..=192) present?
    #[must_use]
    pub fn has(&self, _field: u8) -> bool {
        todo!()
    }
    /// The present data elements in ascending order, bitmaps left out.
    pub fn fields(&self) -> impl Iterator<Item = u8> + '_ {
        std::iter::empty()
    }
    /// The value as it stands on the wire in this dialect, without its length prefix.
    #[must_use]
    pub fn wire(&self, _field: u8) -> Option<&[u8]> {
        todo!()
    }
    /// Writes the logical value into `out` and returns its length; `None` where the field is absent **or** longer than
    /// `out`. Allocates nothing.
    pub fn read(&self, _field: u8, _out: &mut [u8]) -> Option<usize> {
        todo!()
    }
    /// The logical value as an array of exactly `N` bytes (`read` into an array; `None` for any other length).
    #[must_use]
    pub fn array<const N: usize>(&self, _field: u8) -> Option<[u8; N]> {
        todo!()
    }
    /// The value of an all-digit field of up to 18 digits as a number.
    #[must_use]
    pub fn number(&self, _field: u8) -> Option<u64> {
        todo!()
    }
    /// The logical value as owned text (binary as upper-case hex). Allocates: for tools and tests.
    #[must_use]
    pub fn text(&self, _field: u8) -> Option<String> {
        todo!()
    }
    /// Sets a field from its logical value: checked against class and length, padded as the dialect says, packed into the
    /// wire form.
    pub fn set(&mut self, _field: u8, _logical: &[u8]) -> Result<(), FieldError> {
        todo!()
    }
    /// Sets an all-digit fixed field from a number, zero-filled on the left.
    pub fn set_number(&mut self, _field: u8, _value: u64) -> Result<(), FieldError> {
        todo!()
    }
    /// Removes a field; absent is fine.
    pub fn remove(&mut self, _field: u8) {
        todo!()
    }
    /// Appends the message's bytes to `out`; on an error `out` is as it was.
    pub fn encode(&self, _out: &mut BytesMut) -> Result<(), EncodeError> {
        todo!()
    }
}

impl fmt::Debug for Message {
    fn fmt(&self, _f: &mut fmt::Formatter<'_>) -> fmt::Result {
        todo!()
    }
}
