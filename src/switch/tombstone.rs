//! Reversals of something we never saw. Should the original come after all, it has been taken back before it was made: it is
//! declined, and no bank is sent it.

use crate::{clock::Wall, record::References};
use hashbrown::HashMap;
use smallvec::SmallVec;
use std::collections::VecDeque;

/// Tombstones at most. A reversal that finds no room is answered 96, and comes again.
pub(super) const LIMIT: usize = 1 << 16;
/// How long an original may be on its way after its reversal.
const WINDOW: i64 = 24 * 3_600 * 1_000_000;

/// The tombstones of all acquirers.
#[derive(Default)]
pub(super) struct Tombstones {
    /// Those that stand under a name: a trace or an RRN.
    names: HashMap<u64, SmallVec<[References; 1]>, foldhash::fast::FixedState>,
    /// Oldest first.
    order: VecDeque<(Wall, References)>,
}

impl Tombstones {
    /// Is there anything the original could be known by?
    pub(super) const fn can_stand(references: References) -> bool {
        references.trace != 0 || references.rrn != 0
    }

    /// Sets one up, under the trace and the RRN that the reversal gave; those that have stood long enough make way.
    pub(super) fn insert(&mut self, at: Wall, references: References) {
        while self.order.front().is_some_and(|(set, _)| set.0 + WINDOW < at.0) || self.order.len() >= LIMIT {
            let (_, oldest) = self.order.pop_front().expect("just seen");
            for name in named(oldest) {
                let under_name = self.names.get_mut(&name).expect("a tombstone stands under its names");
                under_name.remove(0);
                if under_name.is_empty() {
                    self.names.remove(&name);
                }
            }
        }
        self.order.push_back((at, references));
        for name in named(references) {
            self.names.entry(name).or_default().push(references);
        }
    }

    /// Is there room for another?
    pub(super) fn has_room(&self, now: Wall) -> bool {
        self.order.len() < LIMIT || self.order.front().is_some_and(|(set, _)| set.0 + WINDOW < now.0)
    }

    /// Was this taken back before it came? By its trace, or, since a resend may have another DE7, by its RRN; and of the same
    /// card and transaction, where both say so.
    pub(super) fn covers(&self, references: References) -> bool {
        let alike = |one: u64, other: u64| one == 0 || other == 0 || one == other;
        let means = |stone: &References| alike(stone.card, references.card) && alike(stone.rrn, references.rrn);
        let stands = |name: u64| self.names.get(&name).is_some_and(|stones| stones.iter().any(means));
        !self.names.is_empty() && named(references).any(stands)
    }

    /// All of them, oldest first.
    pub(super) fn iter(&self) -> impl Iterator<Item = References> + '_ {
        self.order.iter().map(|(_, references)| *references)
    }

    /// Does one like this stand already?
    pub(super) fn stands(&self, references: References) -> bool {
        named(references).any(|name| self.names.get(&name).is_some_and(|stones| stones.contains(&references)))
    }
}

/// The names of an original.
fn named(references: References) -> impl Iterator<Item = u64> {
    [references.trace, references.rrn].into_iter().filter(|&name| name != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(trace: u64, rrn: u64) -> References {
        References { trace, rrn, ..References::default() }
    }

    #[test]
    fn covers_what_was_taken_back_and_nothing_else_for_a_day() {
        let mut stones = Tombstones::default();
        assert!(!stones.covers(of(1, 2)) && !Tombstones::can_stand(of(0, 0)));
        stones.insert(Wall(0), of(1, 2));
        stones.insert(Wall(5), of(0, 3));
        assert!(stones.covers(of(1, 2)) && stones.covers(of(1, 0)) && stones.covers(of(7, 3)));
        assert!(stones.covers(of(7, 2)), "a resend under a new DE7");
        assert!(!stones.covers(of(1, 9)), "another transaction under the same trace");
        assert!(!stones.covers(of(0, 0)));
        let of_card = |card| References { card, ..of(0, 4) };
        stones.insert(Wall(6), of_card(7));
        assert!(stones.stands(of_card(7)) && !stones.stands(of_card(8)) && !stones.covers(of_card(8)));
        stones.insert(Wall(WINDOW + 3), of(8, 0));
        assert!(!stones.covers(of(1, 0)) && stones.covers(of(0, 3)) && stones.covers(of(8, 0)));
        assert_eq!((stones.order.len(), stones.names.len()), (3, 3));
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
