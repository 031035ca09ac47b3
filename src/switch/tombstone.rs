//! Reversals of something we never saw. Should the original come after all, it has been taken back before it was made: it is
//! declined, and no bank is sent it.

use crate::{clock::Wall, record::References};
use hashbrown::HashMap;
use std::collections::VecDeque;

/// Tombstones at most. A reversal that finds no room is answered 96, and comes again.
pub(super) const LIMIT: usize = 1 << 16;
/// How long an original may be on its way after its reversal.
const WINDOW: i64 = 24 * 3_600 * 1_000_000;

/// The tombstones of all acquirers.
#[derive(Default)]
pub(super) struct Tombstones {
    /// How many stand under each name.
    names: HashMap<u64, u32, foldhash::fast::FixedState>,
    /// Oldest first.
    order: VecDeque<(Wall, u64)>,
}

impl Tombstones {
    /// The name of a tombstone: the original data of the reversal, or else its RRN.
    pub(super) const fn name(references: References) -> u64 {
        if references.trace != 0 { references.trace } else { references.rrn }
    }

    /// Sets one up; those that have stood long enough make way.
    pub(super) fn insert(&mut self, at: Wall, references: References) {
        while self.order.front().is_some_and(|(set, _)| set.0 + WINDOW < at.0) || self.order.len() >= LIMIT {
            let (_, name) = self.order.pop_front().expect("just seen");
            if let Some(count) = self.names.get_mut(&name) {
                *count -= 1;
                if *count == 0 {
                    self.names.remove(&name);
                }
            }
        }
        let name = Self::name(references);
        self.order.push_back((at, name));
        *self.names.entry(name).or_default() += 1;
    }

    /// Is there room for another?
    pub(super) fn has_room(&self, now: Wall) -> bool {
        self.order.len() < LIMIT || self.order.front().is_some_and(|(set, _)| set.0 + WINDOW < now.0)
    }

    /// Was this taken back before it came?
    pub(super) fn covers(&self, references: References) -> bool {
        let stands = |name: u64| name != 0 && self.names.contains_key(&name);
        !self.names.is_empty() && (stands(references.trace) || stands(references.rrn))
    }

    /// Does one stand under this name already?
    pub(super) fn stands(&self, references: References) -> bool {
        self.names.contains_key(&Self::name(references))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(trace: u64, rrn: u64) -> References {
        References { trace, rrn, ..References::default() }
    }

    #[test]
    fn covers_by_the_name_it_was_given_and_for_a_day() {
        let mut stones = Tombstones::default();
        assert!(!stones.covers(of(1, 2)));
        stones.insert(Wall(0), of(1, 2));
        stones.insert(Wall(5), of(0, 3));
        assert!(stones.covers(of(1, 9)) && stones.covers(of(0, 3)) && stones.covers(of(7, 3)));
        assert!(!stones.covers(of(7, 2)), "its RRN does not stand where its trace does");
        assert!(!stones.covers(of(0, 0)));
        stones.insert(Wall(WINDOW + 3), of(8, 0));
        assert!(!stones.covers(of(1, 0)) && stones.covers(of(0, 3)) && stones.covers(of(8, 0)));
        assert_eq!((stones.order.len(), stones.names.len()), (2, 2));
    }

    #[test]
    fn has_a_limit() {
        let mut stones = Tombstones::default();
        for trace in 1..=LIMIT as u64 {
            assert!(stones.has_room(Wall(0)));
            stones.insert(Wall(0), of(trace, 0));
        }
        assert!(!stones.has_room(Wall(WINDOW)) && stones.has_room(Wall(WINDOW + 1)));
    }
}
