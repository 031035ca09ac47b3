//! The gate and the disk behind it: what the switch wants done waits here until all Records before it are durable. The disk
//! syncs after a while, stalls, refuses writes, and forgets its unsynced tail when the power goes.

use crate::random::Random;
use banklink::{
    record::{Name, Outcome, Record},
    switch::Output,
};
use std::collections::VecDeque;

const MICRO: u64 = 1_000;
const MILLI: u64 = 1_000_000;

/// A held output, with the number of Records that must be durable first.
struct Held {
    after: usize,
    output: Output,
    /// Of the connection it is for, when the switch decided.
    epoch: u64,
}

/// The journal of one seed, over all lives of its switch.
#[derive(Default)]
pub(crate) struct Disk {
    /// All that was appended and not lost.
    records: Vec<Record>,
    durable: usize,
    held: VecDeque<Held>,
    /// A commit under way: up to where, and when it is done.
    commit: Option<(usize, u64)>,
    /// A commit under way will fail.
    failing: bool,
}

/// What came of waiting for the disk.
pub(crate) enum Synced {
    /// More is durable.
    Durable,
    /// The write failed: nothing more becomes durable in this life.
    Failed,
}

impl Disk {
    /// Takes a Record.
    pub(crate) fn append(&mut self, record: Record) {
        self.records.push(record);
    }

    /// Takes something to be done after all Records so far.
    pub(crate) fn hold(&mut self, output: Output, epoch: u64) {
        self.held.push_back(Held { after: self.records.len(), output, epoch });
    }

    /// Begins a commit of all that waits, if none is under way.
    pub(crate) fn commit(&mut self, now: u64, random: &mut Random, may_fail: bool) {
        if self.commit.is_some() || self.durable == self.records.len() {
            return;
        }
        let takes = match random.below(200) {
            0 => 50 * MILLI + random.below(400 * MILLI),
            1..=20 => MILLI + random.below(5 * MILLI),
            _ => 100 * MICRO + random.below(300 * MICRO),
        };
        self.failing = may_fail && random.chance(1) && random.chance(25);
        self.commit = Some((self.records.len(), now + takes));
    }

    /// When the commit under way is done.
    pub(crate) fn deadline(&self) -> Option<u64> {
        self.commit.map(|(_, at)| at)
    }

    /// The commit under way is done.
    pub(crate) fn synced(&mut self) -> Synced {
        let (upto, _) = self.commit.take().expect("a commit was under way");
        if std::mem::take(&mut self.failing) {
            return Synced::Failed;
        }
        self.durable = upto;
        Synced::Durable
    }

    /// The next thing that may be done.
    pub(crate) fn release(&mut self) -> Option<(Output, u64)> {
        let ready = self.held.front().is_some_and(|held| held.after <= self.durable);
        let held = ready.then(|| self.held.pop_front().expect("just seen"))?;
        Some((held.output, held.epoch))
    }

    /// The power goes, or a write failed: of the tail that was not synced, some may have reached the disk. What was held
    /// is gone.
    pub(crate) fn lose_tail(&mut self, random: &mut Random) {
        let written = self.commit.take().map_or(self.durable, |(upto, _)| upto);
        // A commit is on the disk as a whole or not at all.
        let kept = if random.chance(30) { written } else { self.durable };
        self.records.truncate(kept);
        self.durable = kept;
        self.held.clear();
        self.failing = false;
    }

    /// Is the approval of the payment with this RRN and STAN durable?
    pub(crate) fn approves(&self, rrn: &str, stan: &str) -> bool {
        let of_rrn = |record: &Record| match record {
            Record::Received { payment, rrn: Some(other), stan: of, .. }
                if other.to_string() == rrn && of.to_string() == stan =>
            {
                Some(*payment)
            }
            _ => None,
        };
        let approved = |record: &Record| match record {
            Record::Outcome { payment, outcome: Outcome::Approved { .. }, .. } => Some(*payment),
            _ => None,
        };
        let received: Vec<_> = self.records.iter().filter_map(of_rrn).collect();
        self.records.iter().filter_map(approved).any(|payment| received.contains(&payment))
    }

    /// What is durable of the payments that go by one of these names.
    pub(crate) fn read(&self, names: &[Name]) -> Vec<Record> {
        let durable = &self.records[..self.durable];
        let named = |record: &&Record| names.iter().any(|name| record.goes_by(*name));
        let payments: Vec<_> = durable.iter().filter(named).filter_map(Record::payment).collect();
        let of = |record: &&Record| payments.iter().any(|payment| record.speaks_of(*payment));
        durable.iter().filter(of).cloned().collect()
    }

    /// All Records that are there.
    pub(crate) fn records(&self) -> &[Record] {
        &self.records
    }

    /// Is nothing held and everything durable?
    pub(crate) fn is_idle(&self) -> bool {
        self.held.is_empty() && self.durable == self.records.len()
    }
}
