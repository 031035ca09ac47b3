//! The entries of a run while it is made.

use super::{
    super::{disk::Disk, error::JournalError},
    Live,
    key::keys,
    run::{Run, Spot},
};

/// Entries by key. Made once and used for one run after the other: it is long, and memory that is new has to be cleared.
#[derive(Default)]
pub(in crate::journal) struct Sorted {
    entries: Vec<(u64, Spot)>,
}

impl Sorted {
    /// Makes the run of a sealed segment; its file is durable when this returns.
    pub(in crate::journal) fn make(&mut self, disk: &dyn Disk, live: &Live) -> Result<Run, JournalError> {
        self.entries.clear();
        self.entries.reserve(live.facts().map(|fact| keys(fact).count()).sum());
        for fact in live.facts() {
            let spot = Spot { offset: fact.offset, behind: (fact.position - live.first) as u32 };
            self.entries.extend(keys(fact).map(|key| (key, spot)));
        }
        self.entries.sort_unstable_by_key(|&(key, spot)| (key, spot.behind));
        let run = Run::of(live, &self.entries);
        run.write(disk, &self.entries)?;
        Ok(run)
    }
}
