//! From one dialect into another of the same edition, field by field by meaning.

use crate::{Dialect, FieldError, Message};
use std::sync::Arc;

/// A compiled translation between two dialects.
pub struct Translation {
    _from: Arc<Dialect>,
    _to: Arc<Dialect>,
}

/// What a translation did.
pub struct Translated {
    /// The message in the target's dialect.
    pub message: Message,
    /// Optional fields that the target cannot carry and that were dropped (bit n = DE n), three words for DE 1–192.
    pub dropped: [u64; 3],
}

impl Translation {
    /// Compiles the table.
    #[must_use]
    pub fn new(from: &Arc<Dialect>, to: &Arc<Dialect>) -> Self {
        Self { _from: Arc::clone(from), _to: Arc::clone(to) }
    }
    /// Translates; with the same dialect on both sides the message comes back untouched and nothing is copied.
    /// An error names the mandatory field (by the target's list for the MTI) that the target cannot carry.
    pub fn apply(&self, _message: Message) -> Result<Translated, FieldError> {
        todo!()
    }
}
