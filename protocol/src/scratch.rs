//! Where set values are laid out: on the stack while they are few and short, else in one block.

/// Bytes that need no block.
const INLINE: usize = 64;
/// The first block: room for an ordinary message.
const BLOCK: usize = 512;

/// A growing buffer that hands out exact room, so that a writer needs no further checks.
#[derive(Clone)]
pub(crate) struct Scratch {
    inline: [u8; INLINE],
    /// Empty until it is needed; always whole (as long as its capacity was when made), beyond `len` it is zero or stale.
    block: Vec<u8>,
    len: usize,
}

impl Scratch {
    #[inline]
    pub(crate) const fn new() -> Self {
        Self { inline: [0; INLINE], block: Vec::new(), len: 0 }
    }

    #[inline]
    pub(crate) const fn len(&self) -> usize {
        self.len
    }

    #[inline]
    pub(crate) fn bytes(&self) -> &[u8] {
        if self.block.is_empty() { &self.inline[..self.len] } else { &self.block[..self.len] }
    }

    /// The next `count` bytes, to be written whole.
    #[inline]
    pub(crate) fn room(&mut self, count: usize) -> &mut [u8] {
        let (start, end) = (self.len, self.len + count);
        let held = if self.block.is_empty() { INLINE } else { self.block.len() };
        if end > held {
            self.grow(end);
        }
        self.len = end;
        if self.block.is_empty() { &mut self.inline[start..end] } else { &mut self.block[start..end] }
    }

    #[cold]
    fn grow(&mut self, least: usize) {
        let size = least.next_power_of_two().max(BLOCK);
        if self.block.is_empty() {
            // Not `vec![0; size]`: asking for zeroed memory goes past the allocator's caches.
            self.block = Vec::with_capacity(size);
            self.block.extend_from_slice(&self.inline);
        }
        self.block.resize(size, 0);
    }

    pub(crate) fn truncate(&mut self, len: usize) {
        self.len = self.len.min(len);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_stays_through_growth() {
        let mut scratch = Scratch::new();
        let mut wanted = Vec::<u8>::new();
        for round in 0..200u8 {
            let piece = vec![round; usize::from(round)];
            scratch.room(piece.len()).copy_from_slice(&piece);
            wanted.extend(&piece);
            assert_eq!(scratch.bytes(), wanted);
        }
        scratch.truncate(3);
        scratch.room(1)[0] = b'x';
        assert_eq!((scratch.bytes(), scratch.len()), (&[1, 2, 2, b'x'][..], 4));
    }
}
