//! The fields of a request that its answer gives back: the acquirer's own values, kept while the bank has the request.

use banklink_protocol::Message;

/// What an answer echoes (presence matrix of 0210/0230/0410), beside the card number.
pub(super) const FIELDS: [u8; 12] = [3, 4, 7, 11, 12, 13, 32, 33, 37, 41, 42, 49];

/// The most that [`FIELDS`] can hold together in any edition (2003: 6+16+10+12+14+6+11+11+12+16+35+3).
const CAPACITY: usize = 152;

/// Logical values of [`FIELDS`], one behind the other.
#[derive(Clone)]
pub(super) struct Kept {
    /// Where each value ends; an absent field is as long as nothing.
    ends: [u8; FIELDS.len()],
    bytes: [u8; CAPACITY],
}

impl Kept {
    /// Copies the fields out of a request. The error is a field longer than any edition allows.
    pub(super) fn read(message: &Message) -> Result<Self, u8> {
        let mut kept = Self { ends: [0; FIELDS.len()], bytes: [0; CAPACITY] };
        let mut end = 0;
        for (place, field) in FIELDS.into_iter().enumerate() {
            match message.read(field, &mut kept.bytes[end..]) {
                Some(length) => end += length,
                None if message.has(field) => return Err(field),
                None => {}
            }
            kept.ends[place] = end as u8;
        }
        Ok(kept)
    }

    /// An all-digit value of up to 18 digits as a number.
    pub(super) fn number(&self, field: u8) -> Option<u64> {
        let digits = self.get(field).filter(|value| value.len() <= 18)?;
        digits.iter().try_fold(0, |sum, digit| {
            let digit = digit.wrapping_sub(b'0');
            (digit < 10).then_some(sum * 10 + u64::from(digit))
        })
    }

    /// The logical value of one of [`FIELDS`]; `None` where the request had none (or an empty one).
    #[inline]
    pub(super) fn get(&self, field: u8) -> Option<&[u8]> {
        let place = FIELDS.iter().position(|&kept| kept == field)?;
        Some(self.at(place)).filter(|value| !value.is_empty())
    }

    /// All fields that were there, in ascending order.
    pub(super) fn iter(&self) -> impl Iterator<Item = (u8, &[u8])> {
        FIELDS
            .into_iter()
            .enumerate()
            .map(|(place, field)| (field, self.at(place)))
            .filter(|(_, value)| !value.is_empty())
    }

    fn at(&self, place: usize) -> &[u8] {
        let start = if place == 0 { 0 } else { usize::from(self.ends[place - 1]) };
        &self.bytes[start..usize::from(self.ends[place])]
    }
}
