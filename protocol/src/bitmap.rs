//! Sets of data elements, in the shape of the bitmap: DE 1 is the first bit of the first word.

use std::fmt;

/// A set of data elements 1 to 192. Three words; the first bit of the first word is DE 1, as on the wire.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct FieldSet([u64; 3]);

impl FieldSet {
    /// The largest data element: three bitmaps of 64.
    pub const MAX: u8 = 192;

    /// The empty set.
    #[must_use]
    pub const fn new() -> Self {
        Self([0; 3])
    }

    /// The set of these fields.
    ///
    /// # Panics
    /// If one is not in 1 to 192.
    #[must_use]
    pub const fn of(fields: &[u8]) -> Self {
        let mut set = Self::new();
        let mut at = 0;
        while at < fields.len() {
            set.insert(fields[at]);
            at += 1;
        }
        set
    }

    /// From the words of a bitmap as they stand on the wire.
    #[must_use]
    pub const fn from_words(words: [u64; 3]) -> Self {
        Self(words)
    }

    /// The words of a bitmap.
    #[must_use]
    pub const fn words(&self) -> [u64; 3] {
        self.0
    }

    #[inline]
    const fn place(field: u8) -> (usize, u64) {
        let index = field.wrapping_sub(1);
        ((index >> 6) as usize, 1 << (63 - (index & 63)))
    }

    /// Is `field` in the set? (Never, outside 1 to 192.)
    #[inline]
    #[must_use]
    pub const fn contains(&self, field: u8) -> bool {
        let (word, bit) = Self::place(field);
        word < 3 && self.0[word] & bit != 0
    }

    /// Adds a field.
    ///
    /// # Panics
    /// If `field` is not in 1 to 192.
    #[inline]
    pub const fn insert(&mut self, field: u8) {
        let (word, bit) = Self::place(field);
        self.0[word] |= bit;
    }

    /// Takes a field out; absent is fine.
    #[inline]
    pub const fn remove(&mut self, field: u8) {
        let (word, bit) = Self::place(field);
        if word < 3 {
            self.0[word] &= !bit;
        }
    }

    /// How many fields of the set are smaller than `field`.
    #[inline]
    #[must_use]
    pub const fn rank(&self, field: u8) -> usize {
        let (word, bit) = Self::place(field);
        // All bits more significant than `bit` in its word.
        let above = !(bit | (bit - 1));
        let rank = match word {
            0 => (self.0[0] & above).count_ones(),
            1 => self.0[0].count_ones() + (self.0[1] & above).count_ones(),
            _ => self.0[0].count_ones() + self.0[1].count_ones() + (self.0[2] & above).count_ones(),
        };
        rank as usize
    }

    /// The rank of `field`, if it is in the set.
    #[inline(always)]
    pub(crate) const fn find(&self, field: u8) -> Option<usize> {
        let index = field.wrapping_sub(1);
        if index < 64 {
            // Nearly always in the first word, of whose rank there is little to be done.
            let from = self.0[0] >> (63 - index);
            return if from & 1 == 1 { Some((from >> 1).count_ones() as usize) } else { None };
        }
        if self.contains(field) { Some(self.rank(field)) } else { None }
    }

    /// Hands each field of both sets to `put`, in ascending order: with its rank in this one.
    #[inline(always)]
    pub(crate) fn each_of(&self, fields: &Self, mut put: impl FnMut(u8, usize)) {
        let mut before = 0;
        for (word, base) in [(0, 1), (1, 65), (2, 129u8)] {
            let all = self.0[word];
            let mut left = all & fields.0[word];
            while left != 0 {
                let zeros = left.leading_zeros();
                left ^= 1 << (63 - zeros);
                put(base + zeros as u8, before + (all >> 1 >> (63 - zeros)).count_ones() as usize);
            }
            before += all.count_ones() as usize;
        }
    }

    /// The largest field.
    #[inline]
    #[must_use]
    pub const fn last(&self) -> Option<u8> {
        let mut word = 3;
        while word > 0 {
            word -= 1;
            if self.0[word] != 0 {
                return Some(word as u8 * 64 + 64 - self.0[word].trailing_zeros() as u8);
            }
        }
        None
    }

    /// How many fields.
    #[inline]
    #[must_use]
    pub const fn len(&self) -> usize {
        let first = self.0[0].count_ones();
        // Nearly always there is no more.
        if self.0[1] | self.0[2] == 0 {
            return first as usize;
        }
        (first + self.0[1].count_ones() + self.0[2].count_ones()) as usize
    }

    /// None at all?
    #[inline]
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0[0] | self.0[1] | self.0[2] == 0
    }

    /// The fields of this set that are not in `other`.
    #[inline]
    #[must_use]
    pub const fn without(&self, other: &Self) -> Self {
        Self([self.0[0] & !other.0[0], self.0[1] & !other.0[1], self.0[2] & !other.0[2]])
    }

    /// The fields of both sets.
    #[inline]
    #[must_use]
    pub const fn intersection(&self, other: &Self) -> Self {
        Self([self.0[0] & other.0[0], self.0[1] & other.0[1], self.0[2] & other.0[2]])
    }

    /// The fields of either set.
    #[must_use]
    pub const fn union(&self, other: &Self) -> Self {
        Self([self.0[0] | other.0[0], self.0[1] | other.0[1], self.0[2] | other.0[2]])
    }

    /// The smallest field.
    #[inline]
    #[must_use]
    pub const fn first(&self) -> Option<u8> {
        let mut word = 0;
        while word < 3 {
            if self.0[word] != 0 {
                return Some(word as u8 * 64 + self.0[word].leading_zeros() as u8 + 1);
            }
            word += 1;
        }
        None
    }

    /// The fields in ascending order.
    #[inline]
    pub fn iter(&self) -> impl Iterator<Item = u8> + use<> {
        let [first, rest @ ..] = self.0;
        let (mut left, mut rest, mut base) = (first, rest, 0);
        std::iter::from_fn(move || {
            while left == 0 {
                if base == 128 || rest == [0; 2] {
                    return None;
                }
                (left, rest, base) = (rest[0], [rest[1], 0], base + 64);
            }
            let zeros = left.leading_zeros();
            left ^= 1 << (63 - zeros);
            Some(base + zeros as u8 + 1)
        })
    }
}

impl FromIterator<u8> for FieldSet {
    fn from_iter<I: IntoIterator<Item = u8>>(fields: I) -> Self {
        let mut set = Self::new();
        fields.into_iter().for_each(|field| set.insert(field));
        set
    }
}

impl fmt::Debug for FieldSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_and_rank_follow_the_bitmap() {
        let set: FieldSet = [2, 64, 65, 128, 129, 192].into_iter().collect();
        assert_eq!(set.iter().collect::<Vec<_>>(), [2, 64, 65, 128, 129, 192]);
        for (rank, field) in set.iter().enumerate() {
            assert_eq!(set.rank(field), rank);
        }
        assert_eq!(set.rank(66), 3);
        assert_eq!(set.words()[0], 0x4000_0000_0000_0001);
        assert!(!set.contains(0) && !set.contains(193) && !set.contains(255));
        assert_eq!((set.last(), FieldSet::new().last()), (Some(192), None));
        assert_eq!([3, 65].into_iter().collect::<FieldSet>().last(), Some(65));
        assert_eq!((set.len(), FieldSet::new().is_empty()), (6, true));
        assert_eq!((set.rank(64), set.rank(129), set.rank(192)), (1, 4, 5));
        for field in 0..=255 {
            assert_eq!(set.find(field), set.contains(field).then(|| set.rank(field)), "{field}");
        }
        let few = FieldSet::of(&[64, 3, 129]);
        let mut ranks = Vec::new();
        set.each_of(&few, |field, rank| ranks.push((field, rank)));
        assert_eq!(ranks, [(64, 1), (129, 4)]);
        assert_eq!(set.intersection(&few).iter().collect::<Vec<_>>(), [64, 129]);
        assert_eq!(few.without(&set), FieldSet::of(&[3]));
    }
}
