//! The fields of a request that its answer gives back: the acquirer's own values, kept while the bank has the request.

use banklink_protocol::{FieldSet, Message, element::trace};

/// What an answer echoes (presence matrix of 0210/0230/0410), beside the card number.
pub(super) const FIELDS: [u8; 12] = [3, 4, 7, 11, 12, 13, 32, 33, 37, 41, 42, 49];

/// The same as a set.
pub(super) const SET: FieldSet = FieldSet::of(&FIELDS);

/// The place of a field among [`FIELDS`]; beyond them where it is none of them.
const PLACES: [u8; 64] = {
    let mut places = [u8::MAX; 64];
    let mut place = 0;
    while place < FIELDS.len() {
        places[FIELDS[place] as usize] = place as u8;
        place += 1;
    }
    places
};

/// The most that [`FIELDS`] can hold together in any edition (2003: 6+16+10+12+14+6+11+11+12+16+35+3).
const CAPACITY: usize = 152;

/// Logical values of [`FIELDS`], one behind the other.
#[derive(Clone)]
pub(super) struct Kept {
    /// Where each value begins and ends; one that is not there ends where it begins.
    spans: [(u8, u8); FIELDS.len()],
    bytes: [u8; CAPACITY],
    /// Those that were there, and were not empty.
    present: FieldSet,
}

impl Kept {
    /// Copies the fields out of a request. The error is a field longer than any edition allows.
    pub(super) fn read(message: &Message) -> Result<Self, u8> {
        let mut kept = Self { spans: [(0, 0); FIELDS.len()], bytes: [0; CAPACITY], present: FieldSet::new() };
        // DE49 of 2003 proves that the card is at hand: it goes to the bank, and never back.
        let fields = if message.mti().version() == 2 { SET.without(&FieldSet::of(&[49])) } else { SET };
        kept.present = fields.intersection(&message.field_set());
        let (mut end, mut beyond) = (0, None);
        message.each(&fields, |field, value| {
            let start = end;
            match kept.bytes.get_mut(start..start + value.len()) {
                Some(room) => room.copy_from_slice(value),
                None => return beyond = beyond.or(Some(field)),
            }
            end = start + value.len();
            if start == end {
                kept.present.remove(field);
            }
            kept.spans[usize::from(PLACES[usize::from(field)])] = (start as u8, end as u8);
        });
        beyond.map_or(Ok(kept), Err)
    }

    /// An all-digit value of up to 18 digits as a number.
    pub(super) fn number(&self, field: u8) -> Option<u64> {
        self.get(field).filter(|value| value.len() <= 18).and_then(trace::number)
    }

    /// The logical value of one of [`FIELDS`]; `None` where the request had none (or an empty one).
    #[inline]
    pub(super) fn get(&self, field: u8) -> Option<&[u8]> {
        self.present.contains(field).then(|| self.value(field))
    }

    #[inline]
    fn value(&self, field: u8) -> &[u8] {
        let (start, end) = self.spans[usize::from(PLACES[usize::from(field)])];
        &self.bytes[usize::from(start)..usize::from(end)]
    }

    /// All fields that were there, in ascending order, but these.
    pub(super) fn without(&self, fields: &FieldSet) -> impl Iterator<Item = (u8, &[u8])> {
        self.present.without(fields).iter().map(|field| (field, self.value(field)))
    }
}
