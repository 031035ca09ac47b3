//! Changing a message: setting fields into the scratch, removing them, another MTI.

use super::Message;
use crate::{
    FieldError, Mti, composite::Composite, encoding::write, error::Reason, field::Shape, scratch::Scratch, slots::Slot,
};
use std::sync::Arc;

/// A scratch larger than this is looked through for values that were replaced since.
const CROWDED: usize = 16 * 1024;

impl Message {
    /// Sets the message type. Where the dialect has field variants by MTI, fields are laid out anew in the new form; one
    /// that does not fit it is taken out, and [`encode`](Self::encode) fails naming it until it is set or removed.
    pub fn set_mti(&mut self, mti: Mti) {
        if std::ptr::eq(self.dialect.profile(self.mti), self.dialect.profile(mti)) {
            self.mti = mti;
            return;
        }
        let dialect = Arc::clone(&self.dialect);
        let (old, new) = (dialect.profile(self.mti), dialect.profile(mti));
        self.mti = mti;
        for field in self.present.iter() {
            let (from, to) = (old.spec(field), new.spec(field));
            if from == to && old.inside(field) == new.inside(field) {
                continue;
            }
            let logical = self.logical_in(from, field);
            self.drop_field(field);
            if self.set(field, &logical).is_err() {
                self.misfits.get_or_insert_default().insert(field);
            }
        }
    }

    /// Sets a field from its logical value: checked against class and length, padded as the dialect says, packed into the
    /// wire form.
    pub fn set(&mut self, field: u8, logical: &[u8]) -> Result<(), FieldError> {
        if self.scratch.len() > CROWDED {
            self.tidy();
        }
        let profile = self.dialect.profile(self.mti);
        let spec = profile.spec(field);
        if spec.shape == Shape::Undefined {
            return Err(FieldError { field, reason: Reason::Unmapped });
        }
        if spec.inside
            && let Some(inside) = profile.inside(field)
        {
            let wrong = |reason| FieldError { field, reason };
            let whole = write::whole(spec, logical).map_err(wrong)?;
            inside.check(&whole).map_err(|fault| wrong(fault.reason))?;
        }
        let start = self.scratch.len();
        let laid = match write::field(spec, logical, &mut self.scratch) {
            Ok(laid) => laid,
            Err(reason) => return Err(FieldError { field, reason }),
        };
        if self.scratch.len() > u16::MAX as usize {
            let had = self.scratch.len();
            self.scratch.truncate(start);
            return Err(FieldError { field, reason: Reason::FrameTooLarge { max: u16::MAX as usize, had } });
        }
        self.place_in_scratch(field, Slot::new(start, laid.len, laid.odd));
        Ok(())
    }

    /// Lays the set fields out anew, without what was set before and replaced since.
    #[cold]
    fn tidy(&mut self) {
        let mut scratch = Scratch::new();
        for (field, slot) in self.present.iter().zip(self.slots.iter_mut()) {
            if self.changed.contains(field) {
                let bytes = &self.scratch.bytes()[slot.start()..slot.end()];
                let start = scratch.len();
                scratch.room(bytes.len()).copy_from_slice(bytes);
                *slot = Slot::new(start, bytes.len(), slot.odd());
            }
        }
        self.scratch = scratch;
    }

    /// Copies a field, prefix and value, from a message in which it has the same form.
    pub(crate) fn copy_from(&mut self, other: &Self, field: u8) -> Result<(), FieldError> {
        let Some((slot, bytes)) = other.raw(field) else { return Ok(()) };
        let start = self.scratch.len();
        let had = start + bytes.len();
        if had > u16::MAX as usize {
            return Err(FieldError { field, reason: Reason::FrameTooLarge { max: u16::MAX as usize, had } });
        }
        self.scratch.room(bytes.len()).copy_from_slice(bytes);
        self.place_in_scratch(field, Slot::new(start, bytes.len(), slot.odd()));
        Ok(())
    }

    #[inline]
    fn place_in_scratch(&mut self, field: u8, slot: Slot) {
        if field > self.last {
            self.slots.push(slot);
            self.present.insert(field);
            self.last = field;
            self.presence_changed = true;
        } else {
            self.in_order = false;
            let rank = self.present.rank(field);
            if self.present.contains(field) {
                self.slots[rank] = slot;
            } else {
                self.slots.insert(rank, slot);
                self.present.insert(field);
                self.presence_changed = true;
            }
        }
        self.changed.insert(field);
        if let Some(misfits) = &mut self.misfits {
            misfits.remove(field);
        }
    }

    /// Sets a field from a composite.
    ///
    /// # Errors
    /// As [`set`](Self::set).
    pub fn set_composite(&mut self, field: u8, composite: &Composite) -> Result<(), FieldError> {
        self.set(field, &composite.encode())
    }

    /// Sets an all-digit fixed field from a number, zero-filled on the left.
    pub fn set_number(&mut self, field: u8, value: u64) -> Result<(), FieldError> {
        let mut digits = [0; 20];
        let mut left = value;
        let mut start = digits.len();
        while left > 0 || start == digits.len() {
            start -= 1;
            digits[start] = b'0' + (left % 10) as u8;
            left /= 10;
        }
        self.set(field, &digits[start..])
    }

    /// Removes a field; absent is fine.
    pub fn remove(&mut self, field: u8) {
        self.drop_field(field);
        if let Some(misfits) = &mut self.misfits {
            misfits.remove(field);
        }
    }

    fn drop_field(&mut self, field: u8) {
        if self.present.contains(field) {
            self.slots.remove(self.present.rank(field));
            self.present.remove(field);
            self.changed.remove(field);
            self.last = self.present.last().unwrap_or(0);
            self.presence_changed = true;
            self.in_order = false;
            self.gaps = true;
        }
    }
}
