//! The entries of a run while it is made.

use super::{
    super::{disk::Disk, error::JournalError},
    Live,
    key::keys,
    run::{Run, Spot},
};

/// Entries of a bucket, on average: few enough to be sorted where they lie.
const BUCKET: usize = 32;

/// Entries by key. Made once and used for one run after the other: it is long, and memory that is new has to be cleared.
#[derive(Default)]
pub(in crate::journal) struct Sorted {
    entries: Vec<(u64, Spot)>,
    /// Where the next entry of each bucket is put.
    places: Vec<usize>,
}

impl Sorted {
    /// Makes the run of a sealed segment; its file is durable when this returns.
    pub(in crate::journal) fn make(&mut self, disk: &dyn Disk, live: &Live) -> Result<Run, JournalError> {
        self.sort(live);
        let run = Run::of(live, &self.entries);
        run.write(disk, &self.entries)?;
        Ok(run)
    }

    /// Keys spread evenly: each goes at once to about where it belongs.
    fn sort(&mut self, live: &Live) {
        let Self { entries, places } = self;
        let count = live.facts().map(|fact| keys(fact).count()).sum::<usize>();
        let buckets = count.div_ceil(BUCKET);
        let bucket = |key: u64| ((u128::from(key) * buckets as u128) >> 64) as usize;
        places.clear();
        places.resize(buckets, 0);
        live.facts().flat_map(keys).for_each(|key| places[bucket(key)] += 1);
        let mut next = 0;
        for place in places.iter_mut() {
            next += std::mem::replace(place, next);
        }
        entries.resize(count, (0, Spot { offset: 0, behind: 0 }));
        for fact in live.facts() {
            let spot = Spot { offset: fact.offset, behind: (fact.position - live.first) as u32 };
            for key in keys(fact) {
                let place = &mut places[bucket(key)];
                entries[*place] = (key, spot);
                *place += 1;
            }
        }
        let mut start = 0;
        for &end in places.iter() {
            entries[start..end].sort_unstable_by_key(|&(key, spot)| (key, spot.behind));
            start = end;
        }
    }
}
