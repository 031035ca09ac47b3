//! The writing side of a journal, for the thread that owns the machine: nothing here waits, nothing here encodes.

use super::{
    Asked, Position, Recalled, disk::Lock, error::Failure, facts::waits, index::recall::Desk, keeper::Store,
    shared::Shared,
};
use crate::record::Record;
use std::{sync::Arc, task::Waker, thread::JoinHandle};

/// The end of a journal where Records are appended. Dropping it writes what was handed over, and ends its threads.
pub struct Writer {
    shared: Arc<Shared>,
    store: Arc<Store>,
    desk: Arc<Desk>,
    threads: Vec<JoinHandle<()>>,
    appended: u64,
    awaited: u64,
    limit: u64,
    /// Last, so that the folder is free only when the threads are gone.
    _lock: Lock,
}

impl Writer {
    pub(super) fn new(
        shared: Arc<Shared>,
        store: Arc<Store>,
        desk: Arc<Desk>,
        threads: Vec<JoinHandle<()>>,
        limit: usize,
        lock: Lock,
    ) -> Self {
        let position = shared.durable();
        let limit = limit as u64;
        Self { shared, store, desk, threads, appended: position, awaited: position, limit, _lock: lock }
    }

    /// One more thread that ends with it.
    pub(super) fn with(&mut self, thread: JoinHandle<()>) {
        self.threads.push(thread);
    }

    /// Has Records looked up, of all that is durable now; false where too many look-ups wait already.
    #[must_use]
    pub fn recall(&self, asked: Asked) -> bool {
        self.desk.ask(asked)
    }

    /// The next answer, in the order of asking.
    #[must_use]
    pub fn recalled(&self) -> Option<Recalled> {
        self.desk.told()
    }

    /// Takes the records of one unit, in order and leaving the list empty, and says the position of the last. They are
    /// written together unless there are very many. After a failure they are dropped.
    pub fn append(&mut self, records: &mut Vec<Record>) -> Position {
        let mut waiting = 0;
        for (index, record) in records.iter().enumerate() {
            if waits(record) {
                waiting += 1;
                self.awaited = self.appended + index as u64 + 1;
            }
        }
        self.appended += records.len() as u64;
        if self.shared.has_failed() {
            records.clear();
        } else if !records.is_empty() {
            self.shared.push(records, waiting);
        }
        Position(self.appended)
    }

    /// Position of the last record handed over that is waited for ([`waits`]): what is to leave after the records so far
    /// need not wait for more than this.
    #[must_use]
    pub fn awaited(&self) -> Position {
        Position(self.awaited)
    }

    /// Up to where all records are durable.
    #[must_use]
    pub fn durable(&self) -> Position {
        Position(self.shared.durable())
    }

    /// Has `waker` woken, once, when more is durable or looked up, when the journal fails, and when the spare segment comes or goes.
    /// Look at [`Writer::durable`] after this, not before.
    pub fn register(&self, waker: &Waker) {
        self.shared.register(waker);
    }

    /// Is there room for more? Without, new work is to be refused: what is already begun may still be appended.
    #[must_use]
    pub fn room(&self) -> bool {
        self.appended - self.shared.durable() < self.limit
    }

    /// Is a spare segment there, or being made? Without, the disk is full (or refuses): new work is to be refused, so that
    /// what is left in the segment is for what is already begun. It is tried again every second.
    #[must_use]
    pub fn spare(&self) -> bool {
        self.shared.has_spare()
    }

    /// Why nothing becomes durable any more: this writer is to be dropped, and the journal opened anew.
    #[must_use]
    pub fn failed(&self) -> Option<Failure> {
        self.shared.failure()
    }

    /// What goes wrong beside the writing, where something does: a spare or a snapshot that cannot be made, an old segment
    /// that cannot be removed. It is tried again.
    #[must_use]
    pub fn trouble(&self) -> Option<Failure> {
        self.store.trouble()
    }

    /// Writes what was handed over and closes the journal.
    ///
    /// # Errors
    /// The journal failed, now or before: not all that was handed over is durable.
    pub fn close(mut self) -> Result<Position, Failure> {
        self.end();
        self.failed().map_or_else(|| Ok(self.durable()), Err)
    }

    /// Waits until the keeper has done what there is to do.
    #[cfg(test)]
    pub(super) fn settle(&self) {
        self.store.settle();
    }

    fn end(&mut self) {
        self.desk.stop();
        self.shared.queue().stop = true;
        self.shared.work.notify_one();
        // The committer may still need a spare segment: the keeper goes after it.
        for (thread, is_committer) in self.threads.drain(..).zip(std::iter::once(true).chain(std::iter::repeat(false)))
        {
            if !is_committer {
                self.store.stop();
            }
            // A panic of it was reported as a failure.
            let _ = thread.join();
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.end();
    }
}
