//! The clocks of terminals: of what was forgotten, the latest moment of each. What comes later by the same clock cannot be a
//! resend of it. Terminals share 65,536 places; who shares one with a clock that is ahead is looked up in vain, no more.

use crate::record::References;

/// Seconds since 1970 by the terminal's own clock and zone; 0: nothing was forgotten.
#[derive(Clone)]
pub(super) struct Clocks(Box<[u32]>);

impl Default for Clocks {
    fn default() -> Self {
        Self(vec![0; 1 << 16].into_boxed_slice())
    }
}

impl Clocks {
    /// A payment is forgotten.
    pub(super) fn forget(&mut self, references: References) {
        self.stand_at(references.terminal, references.clock);
    }

    /// Of this terminal, what was up to this moment is forgotten.
    pub(super) fn stand_at(&mut self, terminal: u16, clock: u32) {
        let place = &mut self.0[usize::from(terminal)];
        *place = (*place).max(clock);
    }

    /// May something under the same key have been forgotten? Not known where the key has no moment; then it counts as not.
    pub(super) fn may_have(&self, references: References) -> bool {
        references.clock != 0 && references.clock <= self.0[usize::from(references.terminal)]
    }
}
