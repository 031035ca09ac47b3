//! What a journal is opened with.

use super::{
    disk::Durability,
    error::JournalError,
    format::{MIN_SEGMENT, PAGE},
    seal::MasterKey,
};
use crate::clock::Wall;
use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

/// What a journal is opened with; the defaults are for a switch under load.
#[derive(Clone)]
pub struct Options {
    /// Its folder, which is made where it is not there.
    pub folder: PathBuf,
    /// What the data keys are wrapped under.
    pub master: Arc<MasterKey>,
    /// What a record has to survive before it counts as durable.
    pub durability: Durability,
    /// The time now, for the first segment. Later the journal goes by the time of its records.
    pub now: Wall,
    /// Length of a segment in bytes, a multiple of 4,096 from 2 MiB on; of new ones only.
    pub segment: u64,
    /// Most records handed over and not durable yet: at so many the writer has no room.
    pub queue: usize,
    /// Shortest time from one commit to the next, where the first was of several records.
    pub floor: Duration,
    /// Longest time that a record nobody waits for is left unwritten.
    pub lazy: Duration,
    /// How long segments and the keys of their card data are kept; at least two days, counted in whole days.
    pub keep: Duration,
    /// How long tombstones are kept, and reversals that were refused.
    pub tombstones: Duration,
}

impl Options {
    /// The defaults.
    #[must_use]
    pub fn new(folder: &Path, master: MasterKey, now: Wall) -> Self {
        Self {
            folder: folder.to_owned(),
            master: Arc::new(master),
            durability: Durability::Disk,
            now,
            segment: 64 * 1024 * 1024,
            queue: 65_536,
            floor: Duration::from_micros(200),
            lazy: Duration::from_millis(10),
            keep: Duration::from_hours(180 * 24),
            tombstones: Duration::from_hours(24),
        }
    }

    pub(super) fn check(&self) -> Result<(), JournalError> {
        let why = if self.segment < MIN_SEGMENT || !self.segment.is_multiple_of(PAGE as u64) {
            "a segment is a multiple of 4096 bytes, and at least 2 MiB"
        } else if self.queue == 0 {
            "the queue has room for at least one record"
        } else if self.keep < Duration::from_hours(48) {
            "segments are kept for two days at least"
        } else {
            return Ok(());
        };
        Err(JournalError::Setting { why })
    }

    /// How long to keep, in days.
    pub(super) fn keep_days(&self) -> i32 {
        i32::try_from(self.keep.as_secs() / 86_400).unwrap_or(i32::MAX)
    }
}
