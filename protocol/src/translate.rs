//! From one dialect into another of the same edition, field by field by meaning.

use crate::{Dialect, FieldError, Message, bitmap::FieldSet};
use std::sync::Arc;

/// A compiled translation between two dialects.
pub struct Translation {
    from: Arc<Dialect>,
    to: Arc<Dialect>,
}

/// What a translation did.
pub struct Translated {
    /// The message in the target's dialect.
    pub message: Message,
    /// Optional fields that the target cannot carry and that were dropped.
    pub dropped: FieldSet,
}

impl Translation {
    /// Compiles the table.
    #[must_use]
    pub fn new(from: &Arc<Dialect>, to: &Arc<Dialect>) -> Self {
        Self { from: Arc::clone(from), to: Arc::clone(to) }
    }

    /// Translates; with the same dialect on both sides the message comes back untouched and nothing is copied.
    ///
    /// # Errors
    /// The mandatory field (by the target's list for the MTI) that the target cannot carry.
    pub fn apply(&self, message: Message) -> Result<Translated, FieldError> {
        if Arc::ptr_eq(&self.from, &self.to) {
            return Ok(Translated { message, dropped: FieldSet::new() });
        }
        let mut target = Message::new(&self.to, message.mti());
        let mandatory = self.to.mandatory(message.mti());
        let mut dropped = FieldSet::new();
        for field in message.fields() {
            let value = message.logical(field).unwrap_or_default();
            match target.set(field, &value) {
                Ok(()) => {}
                Err(error) if mandatory.contains(field) => return Err(error),
                Err(_) => dropped.insert(field),
            }
        }
        Ok(Translated { message: target, dropped })
    }
}
