//! Our own trace numbers toward one bank: STAN and DE7, never the same pair twice, never a STAN that is still in use.
//!
//! A STAN in use occupies the slot `STAN mod size`, which says at once whose it is. Values whose slot is occupied are
//! skipped.

use crate::clock::Wall;
use banklink_protocol::element::{Stan, Transmission};

const SECOND: i64 = 1_000_000;
/// A wall clock that falls back further than this was wrong before: we follow it. Within it we stay ahead, so that no
/// pair of STAN and DE7 comes twice.
const LARGEST_STEP_BACK: i64 = 86_400;

/// The STAN space of one bank.
pub(super) struct StanSpace {
    /// Entry number + 1 of the request that uses a STAN of this slot; 0 is free.
    slots: Box<[u32]>,
    busy: usize,
    next: Stan,
    /// The second (since 1970) of the DE7 in use; never behind one used before.
    second: i64,
    transmission: Transmission,
    /// The first STAN of this second, and how far beyond it (counting itself as one) the last one given out stands.
    first: Stan,
    reach: u32,
}

impl StanSpace {
    /// With room for so many entries at once, and some more. `start` is the first STAN.
    pub(super) fn new(entries: usize, start: Stan, now: Wall) -> Self {
        let size = entries.clamp(64, 1 << 19).next_power_of_two();
        Self {
            slots: vec![0; size].into_boxed_slice(),
            busy: 0,
            next: start,
            second: now.0.div_euclid(SECOND),
            transmission: Transmission::from_wall(now.0),
            first: start,
            reach: 0,
        }
    }

    /// A free STAN and the DE7 that goes with it; `None` where all are in use. Nothing is taken until
    /// [`StanSpace::occupy`].
    pub(super) fn choose(&mut self, now: Wall) -> Option<(Stan, Transmission)> {
        let mut stan = self.next;
        for _ in 0..self.slots.len() {
            if self.slots[self.slot(stan)] == 0 {
                self.advance(now, stan);
                return Some((stan, self.transmission));
            }
            stan = stan.next();
        }
        None
    }

    /// Takes a STAN for entry number `entry`, with the DE7 it goes with. (Where that is not the one just chosen, a Record
    /// of the past is being folded: `at` says of which year.)
    pub(super) fn take(&mut self, stan: Stan, transmission: Transmission, at: Wall, entry: u32) {
        if transmission != self.transmission {
            let second = transmission.nearest(at.0).unwrap_or(at.0).div_euclid(SECOND);
            if second > self.second {
                (self.second, self.transmission) = (second, transmission);
                (self.first, self.reach) = (stan, 0);
            }
        }
        self.occupy(stan, entry);
    }

    /// After a restart: network messages leave no Record, so what is given out now has a later DE7 than any of theirs.
    pub(super) fn start_over(&mut self) {
        self.second += 1;
        self.transmission = Transmission::from_wall(self.second * SECOND);
        (self.first, self.reach) = (self.next, 0);
    }

    /// Takes a STAN under the DE7 in use.
    pub(super) fn occupy(&mut self, stan: Stan, entry: u32) {
        let slot = self.slot(stan);
        assert_eq!(self.slots[slot], 0, "a STAN in use is never given out");
        self.slots[slot] = entry + 1;
        self.busy += 1;
        self.reach = self.reach.max(distance(self.first, stan) + 1);
        self.next = stan.next();
    }

    /// The numbers given out so far end with these.
    pub(super) fn stand_at(&mut self, stan: Stan, transmission: Transmission, at: Wall) {
        let second = transmission.nearest(at.0).unwrap_or(at.0).div_euclid(SECOND);
        if second >= self.second || self.second - second > LARGEST_STEP_BACK {
            (self.second, self.transmission) = (second, transmission);
        }
        self.next = stan.next();
        (self.first, self.reach) = (stan, 1);
    }

    /// Takes a STAN of the past for `entry`, so that it is not given out again; false where its slot is in use.
    pub(super) fn hold(&mut self, stan: Stan, entry: u32) -> bool {
        let slot = self.slot(stan);
        let free = self.slots[slot] == 0;
        if free {
            self.slots[slot] = entry + 1;
            self.busy += 1;
        }
        free
    }

    /// Makes the table twice as long; `used` are the STANs in use with their entries. What did not meet in the short one does
    /// not meet in the long one.
    pub(super) fn grow(&mut self, used: impl Iterator<Item = (Stan, u32)>) {
        self.slots = vec![0; 2 * self.slots.len()].into_boxed_slice();
        for (stan, entry) in used {
            let slot = self.slot(stan);
            self.slots[slot] = entry + 1;
        }
    }

    /// Gives a STAN back.
    pub(super) fn release(&mut self, stan: Stan) {
        let slot = self.slot(stan);
        assert_ne!(self.slots[slot], 0, "only a STAN in use is given back");
        self.slots[slot] = 0;
        self.busy -= 1;
    }

    /// The entry that may use this STAN; the entry itself knows whether it does.
    pub(super) fn find(&self, stan: Stan) -> Option<u32> {
        self.slots[self.slot(stan)].checked_sub(1)
    }

    /// The occupied slot nearest to a STAN, by its entry.
    pub(super) fn nearest(&self, stan: Stan) -> Option<u32> {
        let (size, slot) = (self.slots.len(), self.slot(stan));
        (0..=size / 2)
            .flat_map(|distance| [(slot + distance) % size, (slot + size - distance) % size])
            .find_map(|slot| self.slots[slot].checked_sub(1))
    }

    /// STANs that may be in use at once.
    pub(super) const fn size(&self) -> usize {
        self.slots.len()
    }

    /// STANs in use.
    pub(super) const fn busy(&self) -> usize {
        self.busy
    }

    fn slot(&self, stan: Stan) -> usize {
        stan.0 as usize & (self.slots.len() - 1)
    }

    /// Moves DE7 on with the clock. Where the clock stands or steps back, DE7 stays, so that it is never behind one given
    /// out; and where the STANs have come round within one second, it runs ahead: the pair is new either way.
    fn advance(&mut self, now: Wall, stan: Stan) {
        let wall = now.0.div_euclid(SECOND);
        if wall > self.second || wall < self.second - LARGEST_STEP_BACK {
            self.second = wall;
        } else if distance(self.first, stan) >= self.reach {
            return;
        } else {
            self.second += 1;
        }
        (self.first, self.reach) = (stan, 0);
        self.transmission = Transmission::from_wall(self.second * SECOND);
    }
}

/// Steps from one STAN up to another, 999999 being followed by 1.
const fn distance(from: Stan, to: Stan) -> u32 {
    (to.0 + Stan::MAX.0 - from.0) % Stan::MAX.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    const NOW: Wall = Wall(1_795_403_926_000_000);

    #[test]
    fn skips_what_is_in_use_and_wraps() {
        let mut space = StanSpace::new(32, Stan(999_998), NOW);
        let mut given = Vec::new();
        for entry in 0..4 {
            let (stan, _) = space.choose(NOW).unwrap();
            space.occupy(stan, entry);
            given.push(stan.0);
        }
        assert_eq!(given, [999_998, 999_999, 1, 2]);
        assert_eq!(space.find(Stan(1)), Some(2));
        space.release(Stan(1));
        assert_eq!(space.busy(), 3);
        assert_eq!(space.nearest(Stan(1)), Some(3));
    }

    #[test]
    fn a_stan_in_use_is_skipped_when_the_numbers_come_round() {
        let mut space = StanSpace::new(1, Stan(1), NOW);
        space.occupy(Stan(1), 7);
        for _ in 0..Stan::MAX.0 {
            let (stan, _) = space.choose(NOW).unwrap();
            assert_ne!(stan, Stan(1));
            space.occupy(stan, 0);
            space.release(stan);
        }
    }

    #[test]
    fn none_is_given_when_all_slots_are_in_use() {
        let mut space = StanSpace::new(1, Stan(1), NOW);
        while let Some((stan, _)) = space.choose(NOW) {
            space.occupy(stan, 0);
        }
        assert_eq!(space.busy(), 64);
    }

    #[test]
    fn no_pair_comes_twice_though_the_numbers_come_round_in_one_second_and_the_clock_steps() {
        let mut space = StanSpace::new(64, Stan(5), NOW);
        let mut seen = HashSet::new();
        let step = |lap: u32| match lap % 4 {
            1 => -3_600 * SECOND,
            2 => 2 * SECOND,
            _ => 0,
        };
        for count in 0..3_500_000_u32 {
            let now = Wall(NOW.0 + step(count / 700_000));
            let (stan, transmission) = space.choose(now).unwrap();
            space.occupy(stan, 0);
            space.release(stan);
            assert!(seen.insert((stan.0, transmission.0)), "{stan} {transmission} twice");
        }
    }
}
