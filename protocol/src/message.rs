//! A decoded message: one frame, a table of field places, and a small scratch for the fields that were set since.

mod edit;

use crate::{
    Dialect, EncodeError, Mti,
    bitmap::FieldSet,
    class::Class,
    composite::{Composite, Elements, Inside},
    dialect::Label,
    element::trace,
    encoding::read,
    field::Spec,
    scratch::Scratch,
    slots::{Slot, Slots},
};
use bytes::{Bytes, BytesMut};
use smallvec::SmallVec;
use std::{fmt, sync::Arc};
use zeroize::Zeroize;

/// One ISO 8583 message in one dialect.
///
/// "Logical" values are what a person would write: ASCII digits for `n` in whatever packing, ASCII/UTF-8 text for text
/// fields, `=` as the separator of track 2, raw bytes for `b`.
#[derive(Clone)]
pub struct Message {
    pub(crate) dialect: Arc<Dialect>,
    pub(crate) frame: Bytes,
    pub(crate) present: FieldSet,
    /// The fields that stand in the scratch; the other present ones stand in the frame.
    changed: FieldSet,
    /// One slot for each present field, in ascending order.
    slots: Slots,
    pub(crate) scratch: Scratch,
    pub(crate) mti: Mti,
    /// Where the frame's fields begin, 0 where there is no frame.
    pub(crate) head: u16,
    /// Was a field added or removed, so that the frame's bitmap no longer holds?
    pub(crate) presence_changed: bool,
    /// The largest present field, 0 where there is none.
    last: u8,
    /// Is every set field larger than all that were present when it was set, and none removed?
    in_order: bool,
    /// Does the frame hold more than the fields that stand in it, so that what is left of it has gaps?
    gaps: bool,
    /// Fields lost to `set_mti` because the new MTI's variant cannot carry them.
    misfits: Option<Box<FieldSet>>,
}

impl Message {
    /// An empty message.
    #[must_use]
    pub fn new(dialect: &Arc<Dialect>, mti: Mti) -> Self {
        Self::of(dialect, mti, Bytes::new(), 0, FieldSet::new(), Slots::new())
    }

    /// A message whose fields stand in `frame`, from `head` on.
    #[inline]
    pub(crate) fn of(
        dialect: &Arc<Dialect>,
        mti: Mti,
        frame: Bytes,
        head: usize,
        present: FieldSet,
        slots: Slots,
    ) -> Self {
        Self {
            dialect: Arc::clone(dialect),
            frame,
            present,
            changed: FieldSet::new(),
            slots,
            scratch: Scratch::new(),
            mti,
            head: head as u16,
            presence_changed: false,
            last: present.last().unwrap_or(0),
            in_order: true,
            gaps: false,
            misfits: None,
        }
    }

    /// The frame holds more than the fields that were decoded from it.
    #[cold]
    pub(crate) fn forget_rest(&mut self) {
        self.in_order = false;
        self.presence_changed = true;
        self.gaps = true;
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

    pub(crate) fn misfit(&self) -> Option<u8> {
        self.misfits.as_ref().and_then(|misfits| misfits.first())
    }

    /// Is data element `field` (2..=192) present?
    #[must_use]
    #[inline]
    pub fn has(&self, field: u8) -> bool {
        self.present.contains(field)
    }

    /// The present data elements in ascending order, bitmaps left out.
    pub fn fields(&self) -> impl Iterator<Item = u8> + '_ {
        self.present.iter()
    }

    /// The present data elements as a set.
    #[must_use]
    pub fn field_set(&self) -> FieldSet {
        self.present
    }

    /// The value on the wire, and its units.
    #[inline]
    fn value(&self, spec: &Spec, field: u8) -> Option<(&[u8], usize)> {
        let (slot, raw) = self.raw(field)?;
        let value = &raw[spec.prefix_width as usize..];
        Some((value, spec.units(value.len(), slot.odd())))
    }

    /// Prefix and value on the wire.
    #[inline(always)]
    fn raw(&self, field: u8) -> Option<(Slot, &[u8])> {
        let slot = self.slots[self.present.find(field)?];
        Some((slot, &self.buffer(self.changed.contains(field))[slot.start()..slot.end()]))
    }

    #[inline]
    pub(crate) fn spec(&self, field: u8) -> &Spec {
        self.dialect.profile(self.mti).spec(field)
    }

    /// The value as it stands on the wire in this dialect, without its length prefix.
    #[must_use]
    pub fn wire(&self, field: u8) -> Option<&[u8]> {
        self.value(self.spec(field), field).map(|(value, _)| value)
    }

    /// The length of the logical value: digits, characters or bytes.
    #[must_use]
    pub fn length(&self, field: u8) -> Option<usize> {
        self.value(self.spec(field), field).map(|(_, units)| units)
    }

    /// Writes the logical value into `out` and returns its length; `None` where the field is absent **or** longer than
    /// `out`. Allocates nothing.
    pub fn read(&self, field: u8, out: &mut [u8]) -> Option<usize> {
        let spec = self.spec(field);
        let (value, units) = self.value(spec, field)?;
        read::logical(spec, value, units, out)
    }

    /// The logical value where it stands, if it stands on the wire in that very form, else laid out in `buffer`; `None` where
    /// the field is absent, or has to be laid out and is longer than `buffer`.
    #[inline]
    pub fn look<'a>(&'a self, field: u8, buffer: &'a mut [u8]) -> Option<&'a [u8]> {
        let (slot, raw) = self.raw(field)?;
        let spec = self.spec(field);
        let value = &raw[spec.prefix_width as usize..];
        if spec.plain {
            return Some(value);
        }
        let length = read::logical(spec, value, spec.units(value.len(), slot.odd()), buffer)?;
        Some(&buffer[..length])
    }

    /// Hands each of these fields that is present to `put`, in ascending order: its number, and its logical value.
    pub fn each(&self, fields: &FieldSet, mut put: impl FnMut(u8, &[u8])) {
        let specs = self.dialect.profile(self.mti).specs();
        let (slots, frame, scratch) = (&*self.slots, &*self.frame, self.scratch.bytes());
        let any_changed = !self.changed.is_empty();
        self.present.each_of(fields, |field, rank| {
            let (spec, slot) = (&specs[field as usize], slots[rank]);
            let buffer = if any_changed && self.changed.contains(field) { scratch } else { frame };
            let value = &buffer[slot.start() + spec.prefix_width as usize..slot.end()];
            if spec.plain {
                put(field, value);
            } else {
                let units = spec.units(value.len(), slot.odd());
                let mut logical = SmallVec::<[u8; 64]>::from_elem(0, units);
                read::logical(spec, value, units, &mut logical);
                put(field, &logical);
                logical.as_mut_slice().zeroize();
            }
        });
    }

    fn logical_in(&self, spec: &Spec, field: u8) -> SmallVec<[u8; 64]> {
        let mut out = SmallVec::new();
        if let Some((value, units)) = self.value(spec, field) {
            out.resize(units, 0);
            read::logical(spec, value, units, &mut out);
        }
        out
    }

    /// The logical value as an owned buffer: on the stack up to 64 bytes.
    #[must_use]
    pub fn logical(&self, field: u8) -> Option<SmallVec<[u8; 64]>> {
        self.has(field).then(|| self.logical_in(self.spec(field), field))
    }

    /// The logical value as an array of exactly `N` bytes (`read` into an array; `None` for any other length).
    #[must_use]
    pub fn array<const N: usize>(&self, field: u8) -> Option<[u8; N]> {
        self.look(field, &mut [0; N])?.try_into().ok()
    }

    /// The value of an all-digit field of up to 18 digits as a number.
    #[must_use]
    #[inline]
    pub fn number(&self, field: u8) -> Option<u64> {
        // Most that are asked for are not there.
        if self.has(field) { self.digits(field) } else { None }
    }

    fn digits(&self, field: u8) -> Option<u64> {
        let mut buffer = [0; 18];
        let digits = self.look(field, &mut buffer).filter(|digits| digits.len() <= 18)?;
        trace::number(digits)
    }

    /// The logical value as owned text (binary as upper-case hex). Allocates: for tools and tests.
    #[must_use]
    pub fn text(&self, field: u8) -> Option<String> {
        let logical = self.logical(field)?;
        Some(crate::describe::text(self.spec(field), &logical))
    }

    /// Is the field's value binary (class `b`), so that people write it in hex?
    #[must_use]
    pub fn is_binary(&self, field: u8) -> bool {
        self.spec(field).class == Class::B && self.dialect.profile(self.mti).defined.contains(field)
    }

    pub(crate) fn label(&self, field: u8) -> Option<&Label> {
        self.dialect.profile(self.mti).label(field)
    }

    fn inside(&self, field: u8) -> Option<&Arc<Inside>> {
        self.dialect.profile(self.mti).inside(field)
    }

    /// Walks over the elements inside a field, borrowing its bytes. `None` where the field is absent, the dialect declares
    /// no inside, or the value stands on the wire in another form than its logical one (EBCDIC, packed, hex text):
    /// [`composite`](Self::composite) serves all.
    #[must_use]
    pub fn elements(&self, field: u8) -> Option<Elements<'_>> {
        let inside = self.inside(field)?;
        let spec = self.spec(field);
        let (value, _) = self.value(spec, field).filter(|_| spec.plain)?;
        Some(Elements::new(inside, value))
    }

    /// The inside of a field, taken apart; `None` where the field is absent or the dialect declares no inside.
    #[must_use]
    pub fn composite(&self, field: u8) -> Option<Composite> {
        let inside = self.inside(field)?;
        Composite::parse(inside, &self.logical(field)?).ok()
    }

    /// An empty composite for a field; `None` where the dialect declares no inside.
    #[must_use]
    pub fn new_composite(&self, field: u8) -> Option<Composite> {
        self.inside(field).map(Composite::new)
    }

    /// Appends the message's bytes to `out`; on an error `out` is as it was.
    pub fn encode(&self, out: &mut BytesMut) -> Result<(), EncodeError> {
        crate::encode::message(self, out)
    }

    /// Hands the fields' bytes in order to `put`, in as few contiguous runs as there are.
    #[inline]
    pub(crate) fn runs(&self, mut put: impl FnMut(&[u8])) {
        if self.in_order {
            // Fields of the frame, if any, stand before all that were set.
            put(&self.frame[self.head as usize..]);
            put(self.scratch.bytes());
        } else if self.gaps {
            self.runs_with_gaps(put);
        } else {
            // Between two set fields, those of the frame stand one behind the other.
            let (slots, scratch) = (&*self.slots, self.scratch.bytes());
            let mut from = 0;
            for field in self.changed.iter() {
                let at = self.present.rank(field);
                if from < at {
                    put(&self.frame[slots[from].start()..slots[at - 1].end()]);
                }
                put(&scratch[slots[at].start()..slots[at].end()]);
                from = at + 1;
            }
            if let (Some(first), Some(last)) = (slots.get(from), slots.last()) {
                put(&self.frame[first.start()..last.end()]);
            }
        }
    }

    /// The same field by field.
    #[inline(never)]
    fn runs_with_gaps(&self, mut put: impl FnMut(&[u8])) {
        let (mut from_scratch, mut start, mut end) = (false, self.head as usize, self.head as usize);
        for (field, slot) in self.present.iter().zip(self.slots.iter()) {
            let changed = self.changed.contains(field);
            if changed != from_scratch || slot.start() != end {
                put(&self.buffer(from_scratch)[start..end]);
                (from_scratch, start) = (changed, slot.start());
            }
            end = slot.end();
        }
        put(&self.buffer(from_scratch)[start..end]);
    }

    #[inline]
    fn buffer(&self, scratch: bool) -> &[u8] {
        if scratch { self.scratch.bytes() } else { &self.frame }
    }
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        crate::describe::debug(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialect::Version;

    #[test]
    fn a_message_is_small_enough_to_be_moved() {
        assert!(size_of::<Message>() <= 448, "{}", size_of::<Message>());
    }

    #[test]
    fn setting_a_field_for_ever_does_not_fill_the_message() {
        let dialect = Dialect::named("iso87-ascii").unwrap();
        let mut message = Message::new(&dialect, "0200".parse().unwrap());
        message.set(3, b"000000").unwrap();
        for round in 0..1000u32 {
            message.set(48, &vec![b'0' + (round % 10) as u8; 900]).unwrap();
            message.set_number(11, round.into()).unwrap();
        }
        assert_eq!((message.number(3), message.number(11), message.length(48)), (Some(0), Some(999), Some(900)));
        let mut out = BytesMut::new();
        message.encode(&mut out).unwrap();
        assert_eq!(dialect.decode(out.freeze()).unwrap().logical(48), message.logical(48));
        assert!(message.wire(200).is_none() && message.set(200, b"1").is_err() && !message.is_binary(255));
    }

    #[test]
    fn every_shipped_dialect_takes_a_payment_there_and_back() {
        for name in Dialect::shipped() {
            let dialect = Dialect::named(name).unwrap();
            let edition03 = dialect.version() == Version::V2003;
            let mut message = Message::new(&dialect, "0200".parse().unwrap());
            let values: [(u8, &str); 9] = [
                (2, "4111111111111"),
                (3, "000000"),
                (4, if edition03 { "8402000000012345" } else { "000000012345" }),
                (7, "1123072500"),
                (11, if edition03 { "000000000001" } else { "000001" }),
                (35, "4111111111111111=29122011234567890"),
                (41, "TERM0001"),
                (70, if edition03 { "000000000000000301" } else { "301" }),
                (97, if edition03 { "C84020000000000000100" } else { "C0000000000000100" }),
            ];
            for (field, value) in values.iter().rev() {
                message.set(*field, value.as_bytes()).unwrap();
            }
            message.set(52, &[1, 2, 3, 4, 5, 6, 7, 0xFF]).unwrap();
            let mut out = BytesMut::new();
            message.encode(&mut out).unwrap();
            let frame = out.clone().freeze();
            let mut back = dialect.decode(frame.clone()).unwrap();
            for (field, value) in values {
                // Terminals of 16 characters are filled up.
                assert_eq!(back.text(field).as_deref().map(str::trim_end), Some(value), "DE{field} in {name}");
            }
            assert_eq!(back.text(52).as_deref(), Some("01020304050607FF"));
            out.clear();
            back.encode(&mut out).unwrap();
            assert_eq!(out, frame, "{name}");
            back.set(11, b"2").unwrap();
            back.remove(70);
            out.clear();
            back.encode(&mut out).unwrap();
            let again = dialect.decode(out.clone().freeze()).unwrap();
            assert_eq!((again.number(11), again.has(70), again.text(35)), (Some(2), false, back.text(35)));
        }
    }
}
