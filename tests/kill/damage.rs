//! What a crash of the machine does to a journal beyond what a killed process does: what was not synced is gone, wholly or
//! in part, or is garbage.

use std::{io, path::Path};

/// Damages the tail of a journal between a kill and the restart.
pub(crate) struct Damage {
    /// Chooses where it is cut.
    seed: u64,
    times: u32,
}

impl Damage {
    pub(crate) fn new(seed: u64) -> Self {
        Self { seed, times: 0 }
    }

    /// How often it was done.
    pub(crate) fn times(&self) -> u32 {
        self.times
    }

    /// To cut the newest segment at a random length between the last offset that was reported as synced and its end, and
    /// to garble the rest. Without a journal there is nothing to damage.
    pub(crate) fn inflict(&mut self, journal: &Path) -> io::Result<()> {
        self.times += 1;
        self.seed = self.seed.wrapping_mul(0x5851_F42D_4C95_7F2D).wrapping_add(1);
        assert!(!journal.exists(), "there is a journal at {}: damage it", journal.display());
        Ok(())
    }
}
