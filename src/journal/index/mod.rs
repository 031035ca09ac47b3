//! The index: where the Records of a payment lie, by the names it goes by. Of a segment that is being written, or was just
//! sealed, what the committer noted is in memory ([`Live`]); of the others there is a [`run`], a sorted file beside the
//! segment with a [`filter`] in front of it. [`recall`] looks up.
//!
//! A run says nothing that its segment does not, and is made again from it where it is missing or damaged.

mod filter;
mod key;
pub(super) mod recall;
mod run;
mod sorted;

pub(super) use key::key_of;
pub(super) use run::{Run, index_name};
pub(super) use sorted::Sorted;

use super::{
    disk::Disk,
    error::JournalError,
    facts::Fact,
    read::{SegmentReader, Step},
    seal::KeyId,
    shared::locked,
    unseal::unseal,
};
use crate::clock::Wall;
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

/// Filters of the newest runs are kept in memory up to so many bytes.
const FILTERS: usize = 64 << 20;

/// What the committer noted of a segment: commit by commit.
#[derive(Clone, Debug)]
pub(super) struct Live {
    /// Number of the segment.
    pub(super) number: u64,
    /// What its bodies are sealed under; its boot epoch with it.
    pub(super) key: KeyId,
    /// Position of its first record, whether it can be read or not.
    pub(super) first: u64,
    /// Position of its last record, so far.
    pub(super) last: u64,
    /// Where its last commit ends, so far.
    pub(super) end: u64,
    pub(super) facts: Vec<Arc<[Fact]>>,
}

impl Live {
    /// A segment without records, of which `first` will be the first.
    pub(super) const fn new(number: u64, key: KeyId, first: u64) -> Self {
        Self { number, key, first, last: first - 1, end: super::format::PAGE as u64, facts: Vec::new() }
    }

    /// Reads a segment that is sealed, to its end.
    pub(super) fn read(disk: &Arc<dyn Disk>, number: u64) -> Result<Self, JournalError> {
        let mut reader = SegmentReader::open(disk, number)?;
        let mut live = Self::new(number, reader.key(), reader.header.first);
        while let Step::Commit(_) = reader.step()? {
            let mut facts = Vec::new();
            reader.records(|offset, position, frame| {
                let record = unseal(&frame, position, None, false).map_err(|why| reader.corrupt(offset, why))?.record;
                facts.extend(Fact::of(&record, position, offset as u32));
                Ok(())
            })?;
            live.extend(facts.into(), reader.next_position() - 1, reader.offset());
        }
        // What ends early is not all of it: better no index than one that hides something.
        if SegmentReader::open(disk, number + 1)?.header.first != reader.next_position() {
            return Err(reader.corrupt(reader.offset(), "commits are missing before the next segment"));
        }
        Ok(live)
    }

    /// One more commit.
    pub(super) fn extend(&mut self, facts: Arc<[Fact]>, last: u64, end: u64) {
        (self.last, self.end) = (last, end);
        if !facts.is_empty() {
            self.facts.push(facts);
        }
    }

    /// All of it, in order.
    pub(super) fn facts(&self) -> impl Iterator<Item = &Fact> {
        self.facts.iter().flat_map(|facts| facts.iter())
    }

    /// Did anything of it happen from the one moment to the other?
    fn happened(&self, (from, to): (Wall, Wall)) -> bool {
        let (first, last) = (self.facts.first(), self.facts.last());
        let (first, last) = (first.and_then(|facts| facts.first()), last.and_then(|facts| facts.last()));
        // (Clocks may have gone back between: what is close counts.)
        first.zip(last).is_some_and(|(first, last)| first.at <= to && last.at >= from)
    }
}

/// What is known of every segment.
pub(super) struct Index {
    state: Mutex<State>,
}

struct State {
    /// Ascending; the last is the one being written.
    live: Vec<Live>,
    /// `None`: not looked at yet.
    runs: BTreeMap<u64, Option<Arc<Run>>>,
}

impl Index {
    /// Of the segments that were not read, and those that were.
    pub(super) fn new(unread: impl Iterator<Item = u64>, live: Vec<Live>) -> Self {
        Self { state: Mutex::new(State { live, runs: unread.map(|number| (number, None)).collect() }) }
    }

    /// A segment is begun.
    pub(super) fn begin(&self, live: Live) {
        locked(&self.state).live.push(live);
    }

    /// A commit of the segment being written is durable.
    pub(super) fn extend(&self, facts: Arc<[Fact]>, last: u64, end: u64) {
        let mut state = locked(&self.state);
        state.live.last_mut().expect("a segment is being written").extend(facts, last, end);
    }

    /// A sealed segment that has no run yet.
    pub(super) fn live(&self, number: u64) -> Option<Live> {
        locked(&self.state).live.iter().find(|live| live.number == number).cloned()
    }

    /// The sealed segments that have no run yet, up to this one, ascending.
    pub(super) fn sealed(&self, number: u64) -> Vec<u64> {
        let state = locked(&self.state);
        state.live.iter().map(|live| live.number).filter(|&live| live <= number).collect()
    }

    /// A run was written, or read.
    pub(super) fn put(&self, run: Run) -> Arc<Run> {
        let mut state = locked(&self.state);
        let (number, run) = (run.number, Arc::new(run));
        state.live.retain(|live| live.number != number);
        state.runs.insert(number, Some(Arc::clone(&run)));
        let filters = |state: &State| state.runs.values().flatten().map(|run| run.filter_bytes()).sum::<usize>();
        let mut held = filters(&state);
        for slot in state.runs.values_mut() {
            if held <= FILTERS {
                break;
            }
            if let Some(oldest) = slot.as_mut().filter(|run| run.filter_bytes() > 0) {
                held -= oldest.filter_bytes();
                *oldest = Arc::new(oldest.without_filter());
            }
        }
        run
    }

    /// A segment is gone.
    pub(super) fn remove(&self, number: u64) {
        locked(&self.state).runs.remove(&number);
    }

    /// What there is to look through: in memory, and numbers of runs; both ascending.
    fn view(&self) -> (Vec<Live>, Vec<u64>) {
        let state = locked(&self.state);
        (state.live.clone(), state.runs.keys().copied().collect())
    }

    /// The run of a segment, made again where it is not there or damaged; `None` where the segment is gone meanwhile.
    fn run(&self, disk: &Arc<dyn Disk>, number: u64) -> Result<Option<Arc<Run>>, JournalError> {
        match locked(&self.state).runs.get(&number) {
            None => return Ok(None),
            Some(Some(run)) => return Ok(Some(Arc::clone(run))),
            Some(None) => {}
        }
        if let Some(run) = Run::read(&**disk, number)? {
            return Ok(Some(self.put(run)));
        }
        self.make_again(disk, number)
    }

    /// Makes a run from its segment.
    fn make_again(&self, disk: &Arc<dyn Disk>, number: u64) -> Result<Option<Arc<Run>>, JournalError> {
        let live = match Live::read(disk, number) {
            Err(JournalError::Io { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            live => live?,
        };
        if !locked(&self.state).runs.contains_key(&number) {
            return Ok(None);
        }
        Ok(Some(self.put(Sorted::default().make(&**disk, &live)?)))
    }
}
