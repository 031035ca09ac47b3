//! Where the fields of a message stand: a slot for each present one, in ascending order.

/// Slots that need no block: more than an ordinary message has fields.
const INLINE: usize = 32;
/// The most there can be: one for each data element.
const MOST: usize = 192;

/// Where one field stands, prefix and value, in the frame or in the scratch.
///
/// The start in the low half, the length above it; the top bit says that packed digits have a spare nibble. The dialect
/// bounds a field far below 32,768 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Slot(u32);

impl Slot {
    const ODD: u32 = 1 << 31;
    const EMPTY: Self = Self(0);

    #[inline(always)]
    pub(crate) const fn new(start: usize, len: usize, odd: bool) -> Self {
        Self(start as u16 as u32 | ((len as u32) << 16) | ((odd as u32) << 31))
    }

    #[inline]
    pub(crate) const fn start(self) -> usize {
        self.0 as u16 as usize
    }

    #[inline]
    pub(crate) const fn end(self) -> usize {
        self.start() + ((self.0 & !Self::ODD) >> 16) as usize
    }

    #[inline]
    pub(crate) const fn odd(self) -> bool {
        self.0 & Self::ODD != 0
    }
}

/// A short list of slots, flat so that a message is moved and cloned as it lies.
#[derive(Clone)]
pub(crate) struct Slots {
    inline: [Slot; INLINE],
    /// All of them, where there are more than fit in line.
    block: Option<Box<[Slot; MOST]>>,
    len: usize,
}

impl Slots {
    #[inline]
    pub(crate) const fn new() -> Self {
        Self { inline: [Slot::EMPTY; INLINE], block: None, len: 0 }
    }

    #[inline]
    fn all(&mut self) -> &mut [Slot] {
        match &mut self.block {
            None => &mut self.inline,
            Some(block) => &mut block[..],
        }
    }

    /// Makes it `len` slots long, to be filled; at most 192.
    #[inline]
    pub(crate) fn resize(&mut self, len: usize) -> &mut [Slot] {
        if len > INLINE && self.block.is_none() {
            self.spill();
        }
        self.len = len;
        &mut self.all()[..len]
    }

    #[cold]
    #[inline(never)]
    fn spill(&mut self) {
        let mut block = Box::new([Slot::EMPTY; MOST]);
        block[..INLINE].copy_from_slice(&self.inline);
        self.block = Some(block);
    }

    #[inline(always)]
    pub(crate) fn push(&mut self, slot: Slot) {
        let at = self.len;
        if at < INLINE && self.block.is_none() {
            self.inline[at] = slot;
            self.len = at + 1;
        } else {
            self.resize(at + 1)[at] = slot;
        }
    }

    pub(crate) fn insert(&mut self, at: usize, slot: Slot) {
        let len = self.len;
        self.resize(len + 1).copy_within(at..len, at + 1);
        self.all()[at] = slot;
    }

    pub(crate) fn remove(&mut self, at: usize) {
        let len = self.len;
        self.all().copy_within(at + 1..len, at);
        self.len = len - 1;
    }

    pub(crate) fn truncate(&mut self, len: usize) {
        self.len = self.len.min(len);
    }
}

impl std::ops::Deref for Slots {
    type Target = [Slot];

    #[inline(always)]
    fn deref(&self) -> &[Slot] {
        match &self.block {
            None => &self.inline[..self.len],
            Some(block) => &block[..self.len],
        }
    }
}

impl std::ops::DerefMut for Slots {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut [Slot] {
        let len = self.len;
        &mut self.all()[..len]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_keep_their_order_in_line_and_beyond() {
        let mut slots = Slots::new();
        let mut wanted = Vec::new();
        let slot = |number: usize| Slot::new(number * 3, number, number % 2 == 1);
        for number in 0..180 {
            slots.push(slot(number));
            wanted.push(slot(number));
            if number % 5 == 0 {
                slots.insert(number / 2, slot(500 + number));
                wanted.insert(number / 2, slot(500 + number));
                slots.remove(number / 3);
                wanted.remove(number / 3);
            }
            assert_eq!(*slots, wanted[..]);
        }
        assert_eq!(*slots.clone(), wanted[..]);
        slots.truncate(3);
        assert_eq!(*slots, wanted[..3]);
        slots.resize(60).fill(slot(7));
        assert_eq!((slots.len(), slots[59], slot(7).odd(), slot(7).end()), (60, slot(7), true, 28));
    }
}
