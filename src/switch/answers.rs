//! Answers kept for resends: their bytes one behind the other in a ring that overwrites the oldest.

use crate::record::Body;

/// Bytes for each payment remembered, on average: an approval says 16 (DE15, DE38), a balance or a receipt more.
const SHARE: usize = 48;

/// The ring. A place in it is the number of bytes that were ever written before.
pub(super) struct Answers {
    bytes: Vec<u8>,
    capacity: usize,
    written: u64,
}

impl Answers {
    /// The place of an answer that says nothing.
    pub(super) const NONE: u64 = u64::MAX;
    /// Length in front of an answer.
    const HEAD: usize = 2;

    /// For so many payments.
    pub(super) fn new(payments: usize) -> Self {
        Self { bytes: Vec::new(), capacity: (payments * SHARE).max(4096), written: 0 }
    }

    /// Keeps an answer, for a while.
    pub(super) fn put(&mut self, answer: &Body) -> u64 {
        #[expect(
            clippy::disallowed_methods,
            reason = "an answer to an acquirer, without the card; kept in memory alone"
        )]
        let bytes = answer.expose();
        let Ok(length) = u16::try_from(bytes.len()) else { return Self::NONE };
        let needed = Self::HEAD + bytes.len();
        if bytes.is_empty() || needed > self.capacity {
            return Self::NONE;
        }
        let mut at = (self.written % self.capacity as u64) as usize;
        if at + needed > self.capacity {
            // What is left before the end is too short.
            self.written += (self.capacity - at) as u64;
            at = 0;
        }
        if self.bytes.len() < at + needed {
            self.bytes.resize(at + needed, 0);
        }
        self.bytes[at..at + Self::HEAD].copy_from_slice(&length.to_le_bytes());
        self.bytes[at + Self::HEAD..at + needed].copy_from_slice(bytes);
        let place = self.written;
        self.written += needed as u64;
        place
    }

    /// The answer at this place; `None` where it was overwritten.
    pub(super) fn get(&self, place: u64) -> Option<Body> {
        if place == Self::NONE {
            return Some(Body::default());
        }
        if self.written - place > self.capacity as u64 {
            return None;
        }
        let at = (place % self.capacity as u64) as usize;
        let [low, high] = *self.bytes[at..].first_chunk::<{ Self::HEAD }>()?;
        let length = usize::from(u16::from_le_bytes([low, high]));
        Body::from_bytes(&self.bytes[at + Self::HEAD..at + Self::HEAD + length])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_found_until_it_is_overwritten() {
        let mut answers = Answers::new(1);
        let body = |round: u8| {
            let value = vec![b'a' + round % 26; 1 + usize::from(round) * 3 % 200];
            let mut bytes = vec![54, value.len() as u8, 0];
            bytes.extend_from_slice(&value);
            Body::from_bytes(&bytes).unwrap()
        };
        let mut kept = Vec::new();
        for round in 0..200 {
            kept.push((answers.put(&body(round)), body(round)));
            for (place, body) in &kept[kept.len().saturating_sub(10)..] {
                assert_eq!(answers.get(*place).as_ref(), Some(body), "the last ten always fit");
            }
        }
        assert!(answers.get(kept[0].0).is_none(), "the first is long gone");
        assert_eq!(answers.put(&Body::default()), Answers::NONE);
        assert!(answers.get(Answers::NONE).unwrap().is_empty());
    }
}
