//! One timer wheel for all timers: hierarchical, with links inside the table, so that setting and cancelling a timer is
//! a few writes and leaves nothing behind.
//!
//! Seven levels of 64 slots; a slot of level 0 is one tick of about a millisecond. A timer stands on the level of the
//! highest bit in which its tick differs from the present one, and moves down when its slot comes up. It never fires
//! early, and at most one tick late.

use crate::clock::Mono;

/// A tick is 2^20 ns, about 1.05 ms.
const TICK_BITS: u32 = 20;
const SLOT_BITS: u32 = 6;
const SLOTS: usize = 1 << SLOT_BITS;
/// Seven levels cover 2^62 ns, 146 years.
const LEVELS: usize = 7;
const MAX_TICK: u64 = (1 << (SLOT_BITS * LEVELS as u32)) - 1;
const NONE: u32 = u32::MAX;
const IDLE: u16 = u16::MAX;

#[derive(Clone, Copy)]
struct Node {
    when: u64,
    previous: u32,
    next: u32,
    /// Level × 64 + slot, or [`IDLE`].
    place: u16,
}

const IDLE_NODE: Node = Node { when: 0, previous: NONE, next: NONE, place: IDLE };

/// Timers, known by small numbers.
pub(super) struct Wheel {
    /// The present tick: no timer lies before it.
    elapsed: u64,
    occupied: [u64; LEVELS],
    heads: [u32; LEVELS * SLOTS],
    nodes: Vec<Node>,
    armed: usize,
}

impl Wheel {
    pub(super) fn new(now: Mono) -> Self {
        Self {
            elapsed: now.0 >> TICK_BITS,
            occupied: [0; LEVELS],
            heads: [NONE; LEVELS * SLOTS],
            nodes: Vec::new(),
            armed: 0,
        }
    }

    /// Sets (or sets anew) timer `key`.
    pub(super) fn set(&mut self, key: u32, at: Mono) {
        if self.nodes.len() <= key as usize {
            self.nodes.resize(key as usize + 1, IDLE_NODE);
        }
        self.cancel(key);
        // Rounded up, so that it never fires early.
        let when = at.0.div_ceil(1 << TICK_BITS).clamp(self.elapsed + 1, MAX_TICK);
        self.nodes[key as usize].when = when;
        self.link(key, when);
        self.armed += 1;
    }

    /// Stops timer `key`; a timer that is not set is fine.
    pub(super) fn cancel(&mut self, key: u32) {
        if self.is_set(key) {
            self.unlink(key);
            self.armed -= 1;
        }
    }

    pub(super) fn is_set(&self, key: u32) -> bool {
        self.nodes.get(key as usize).is_some_and(|node| node.place != IDLE)
    }

    /// Number of timers set.
    pub(super) const fn armed(&self) -> usize {
        self.armed
    }

    /// When [`Wheel::expired`] should be asked next: at or before the earliest timer, rounded up to a tick.
    pub(super) fn deadline(&self) -> Option<Mono> {
        self.next_slot().map(|(_, _, tick)| Mono(tick << TICK_BITS))
    }

    /// Takes the next timer that is due.
    pub(super) fn expired(&mut self, now: Mono) -> Option<u32> {
        let now = now.0 >> TICK_BITS;
        loop {
            match self.next_slot() {
                Some((level, slot, tick)) if tick <= now => {
                    let head = self.heads[level * SLOTS + slot];
                    if level == 0 {
                        self.unlink(head);
                        self.armed -= 1;
                        return Some(head);
                    }
                    // Its slot begins: every timer in it moves to a lower level, in which it lies ahead or is due now.
                    self.elapsed = self.elapsed.max(tick);
                    self.cascade(head);
                }
                _ => {
                    self.elapsed = self.elapsed.max(now);
                    return None;
                }
            }
        }
    }

    /// Moves a chain of timers down.
    fn cascade(&mut self, head: u32) {
        let mut key = head;
        while key != NONE {
            let Node { next, when, .. } = self.nodes[key as usize];
            self.unlink(key);
            self.link(key, when);
            key = next;
        }
    }

    fn link(&mut self, key: u32, when: u64) {
        let level = ((63 - ((self.elapsed ^ when) | (SLOTS as u64 - 1)).leading_zeros()) / SLOT_BITS) as usize;
        let slot = (when >> (level as u32 * SLOT_BITS)) as usize & (SLOTS - 1);
        let place = level * SLOTS + slot;
        let head = self.heads[place];
        let node = &mut self.nodes[key as usize];
        (node.previous, node.next, node.place) = (NONE, head, place as u16);
        if head != NONE {
            self.nodes[head as usize].previous = key;
        }
        self.heads[place] = key;
        self.occupied[level] |= 1 << slot;
    }

    fn unlink(&mut self, key: u32) {
        let Node { previous, next, place, .. } = self.nodes[key as usize];
        if next != NONE {
            self.nodes[next as usize].previous = previous;
        }
        if previous != NONE {
            self.nodes[previous as usize].next = next;
        } else {
            self.heads[usize::from(place)] = next;
            if next == NONE {
                self.occupied[usize::from(place) / SLOTS] &= !(1 << (usize::from(place) % SLOTS));
            }
        }
        self.nodes[key as usize].place = IDLE;
    }

    /// The slot that comes up next: level, slot, the tick it begins at.
    fn next_slot(&self) -> Option<(usize, usize, u64)> {
        let mut next: Option<(usize, usize, u64)> = None;
        for (level, &occupied) in self.occupied.iter().enumerate() {
            if occupied == 0 {
                continue;
            }
            let shift = level as u32 * SLOT_BITS;
            // Every timer lies ahead, within this turn of its level: the lowest occupied slot is the next.
            let slot = occupied.trailing_zeros() as usize;
            let turn = self.elapsed >> (shift + SLOT_BITS) << (shift + SLOT_BITS);
            let tick = turn + ((slot as u64) << shift);
            if next.is_none_or(|(_, _, earliest)| tick < earliest) {
                next = Some((level, slot, tick));
            }
        }
        next
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    const TICK: u64 = 1 << TICK_BITS;

    #[test]
    fn fires_in_order_never_early_and_at_most_a_tick_late() {
        let mut random = crate::switch::random::Random::new(7);
        let mut wheel = Wheel::new(Mono(12_345));
        let mut model: BTreeMap<u32, u64> = BTreeMap::new();
        let mut now = 12_345;
        for _ in 0..20_000 {
            let key = random.below(500) as u32;
            match random.below(4) {
                0 => {
                    wheel.cancel(key);
                    model.remove(&key);
                }
                1 | 2 => {
                    let reach = [1 << 20, 1 << 26, 1 << 33, 1 << 40][random.below(4) as usize];
                    let at = now + random.below(reach);
                    wheel.set(key, Mono(at));
                    model.insert(key, at);
                }
                _ => {
                    let step = [1 << 18, 1 << 22, 1 << 30, 1 << 36][random.below(4) as usize];
                    now += random.below(step);
                    while let Some(key) = wheel.expired(Mono(now)) {
                        let at = model.remove(&key).expect("only what was set fires");
                        assert!(at <= now, "never early");
                    }
                    assert!(model.values().all(|&at| at + TICK > now), "at most a tick late");
                }
            }
            assert_eq!(wheel.armed(), model.len());
            let earliest = model.values().min();
            assert_eq!(wheel.deadline().is_some(), earliest.is_some());
            if let (Some(deadline), Some(&earliest)) = (wheel.deadline(), earliest) {
                assert!(deadline.0 <= earliest.max(now) + 2 * TICK, "the deadline does not come after the timer");
            }
        }
    }

    #[test]
    fn a_timer_for_the_past_fires_on_the_next_tick() {
        let mut wheel = Wheel::new(Mono(100 * TICK));
        wheel.set(3, Mono(0));
        assert_eq!(wheel.deadline(), Some(Mono(101 * TICK)));
        assert_eq!(wheel.expired(Mono(101 * TICK)), Some(3));
        assert_eq!(wheel.expired(Mono(101 * TICK)), None);
        assert_eq!(wheel.deadline(), None);
    }
}
