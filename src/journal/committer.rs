//! The committer: one thread that lays out, seals and writes what was appended, one commit after another.
//!
//! When it commits: at once where somebody waits and the last commit was of few records; else when `floor` has passed
//! since the last began, or when so many wait that waiting gains nothing. What nobody waits for rides along, or is written
//! after `lazy`.

use super::{
    commit::Commit,
    day::Day,
    disk::{Disk, Durability},
    error::Failure,
    format::SegmentHeader,
    index::{Index, Live},
    keeper::Store,
    seal::{DataKey, KeyId, KeyRing},
    segment::{ActiveSegment, segment_name},
    shared::{Alarm, Shared},
};
use crate::{clock::Wall, record::Record};
use std::{
    collections::VecDeque,
    io,
    sync::Arc,
    time::{Duration, Instant},
};

/// A commit of so many waiting records is followed by another only after the floor.
const MANY: usize = 4;
/// So many waiting records are committed at once.
const PLENTY: usize = 256;
/// A new day's segment that could not be begun is tried again after this, in microseconds.
const DAY_AGAIN: i64 = 60_000_000;

/// How commits are spaced.
#[derive(Clone, Copy)]
pub(super) struct Pace {
    pub(super) floor: Duration,
    pub(super) lazy: Duration,
}

/// Everything the committer's thread owns.
pub(super) struct Committer {
    pub(super) shared: Arc<Shared>,
    pub(super) store: Arc<Store>,
    pub(super) index: Arc<Index>,
    pub(super) disk: Arc<dyn Disk>,
    pub(super) keys: Arc<KeyRing>,
    pub(super) key: Arc<DataKey>,
    pub(super) segment: ActiveSegment,
    pub(super) durability: Durability,
    pub(super) pace: Pace,
    pub(super) commit: Commit,
    /// Before this, no new day's segment is tried.
    pub(super) next_day: Wall,
}

#[expect(
    clippy::disallowed_methods,
    reason = "the spacing of commits is of this thread alone; no decision depends on it"
)]
fn instant() -> Instant {
    Instant::now()
}

impl Committer {
    /// Runs until the writer is dropped or the disk refuses.
    pub(super) fn run(mut self) {
        let _alarm = Alarm(Arc::clone(&self.shared), "its committer panicked");
        let mut units = VecDeque::new();
        let mut last = Last { began: instant(), waiting: 0 };
        while let Some(waiting) = self.take(&mut units, last) {
            last = Last { began: instant(), waiting };
            if let Err(failure) = self.write(&units) {
                return self.shared.fail(failure);
            }
            units.iter_mut().for_each(Vec::clear);
        }
        let name = segment_name(self.segment.header.number);
        if let Err(error) = self.segment.sync() {
            self.shared.fail(failure(&*self.disk, "closing", &name, &error));
        }
    }

    /// Waits until there is something to commit, takes all there is, and says how many records of it are waited for;
    /// `None` when the writer is gone and nothing is left.
    fn take(&self, units: &mut VecDeque<Vec<Record>>, last: Last) -> Option<usize> {
        let mut queue = self.shared.queue();
        queue.give_back(units);
        if last.waiting >= MANY {
            let until = last.began + self.pace.floor;
            while queue.waiting < PLENTY && !queue.stop {
                let Some(left) = until.checked_duration_since(instant()).filter(|left| !left.is_zero()) else { break };
                queue.wake_at = Some(PLENTY);
                queue = self.shared.work.wait_timeout(queue, left).unwrap_or_else(std::sync::PoisonError::into_inner).0;
            }
        }
        let mut until = instant() + self.pace.lazy;
        while queue.waiting == 0 && !queue.stop {
            match until.checked_duration_since(instant()).filter(|left| !left.is_zero()) {
                Some(left) => {
                    queue.wake_at = Some(1);
                    let waited = self.shared.work.wait_timeout(queue, left);
                    queue = waited.unwrap_or_else(std::sync::PoisonError::into_inner).0;
                }
                None if !queue.units.is_empty() => break,
                None => {
                    queue.wake_at = Some(0);
                    queue = self.shared.work.wait(queue).unwrap_or_else(std::sync::PoisonError::into_inner);
                    until = instant() + self.pace.lazy;
                }
            }
        }
        queue.wake_at = None;
        std::mem::swap(&mut queue.units, units);
        (!units.is_empty()).then(|| std::mem::take(&mut queue.waiting))
    }

    fn write(&mut self, units: &VecDeque<Vec<Record>>) -> Result<(), Failure> {
        if let Some(first) = units.iter().find_map(|unit| unit.first()) {
            self.new_day(first.at())?;
        }
        for record in units.iter().flatten() {
            if self.commit.is_full() {
                self.flush()?;
            }
            if let Err(why) = self.commit.push(record, &self.key) {
                let name = segment_name(self.segment.header.number);
                return Err(failure(&*self.disk, "laying out a record for", &name, &io::Error::other(why)));
            }
        }
        self.flush()
    }

    fn flush(&mut self) -> Result<(), Failure> {
        if self.commit.is_empty() {
            return Ok(());
        }
        if !self.segment.has_room(self.commit.length()) {
            self.store.take_spare()?;
            self.rotate(self.segment.header.day, self.commit.at())?;
        }
        let (header, offset) = (self.segment.header, self.segment.offset());
        if let Err(error) = self.segment.write(self.commit.pages(&header)) {
            return Err(failure(&*self.disk, "committing to", &segment_name(header.number), &error));
        }
        let last = self.commit.last();
        self.index.extend(self.commit.facts(offset), last, self.segment.offset());
        self.shared.advance(last);
        self.commit.begin(last + 1);
        Ok(())
    }

    /// Begins a segment, and with it a key, where the day has changed. Where the disk has no room for a key or a spare, the
    /// day goes on a little in the old segment.
    fn new_day(&mut self, at: Wall) -> Result<(), Failure> {
        let day = Day::of(at);
        if day <= self.segment.header.day || at < self.next_day {
            return Ok(());
        }
        self.next_day = Wall(at.0.saturating_add(DAY_AGAIN));
        let id = KeyId { epoch: self.segment.header.epoch, day };
        let Ok(key) = self.keys.make(id) else { return Ok(()) };
        if self.store.try_spare() {
            self.rotate(day, at)?;
            (self.key, self.next_day) = (key, Wall::default());
        }
        Ok(())
    }

    /// Goes on in the spare, which was taken.
    fn rotate(&mut self, day: Day, made: Wall) -> Result<(), Failure> {
        let old = self.segment.header;
        let header = SegmentHeader {
            number: old.number + 1,
            first: self.commit.first(),
            epoch: old.epoch,
            made,
            day,
            recycled: false,
        };
        // Before there is a later segment, this one is whole on the disk.
        let name = segment_name(old.number);
        self.segment.sync().map_err(|error| failure(&*self.disk, "closing", &name, &error))?;
        self.segment = ActiveSegment::begin(&*self.disk, header, self.durability)?;
        self.index.begin(Live::new(header.number, KeyId { epoch: header.epoch, day }, header.first));
        self.store.sealed(old.number, KeyId { epoch: header.epoch, day });
        Ok(())
    }
}

/// The commit before.
#[derive(Clone, Copy)]
struct Last {
    began: Instant,
    waiting: usize,
}

fn failure(disk: &dyn Disk, doing: &'static str, name: &str, error: &io::Error) -> Failure {
    Failure { doing, file: disk.locate(name), error: error.to_string(), kind: error.kind() }
}
