//! What the writer's side and the committer share: the queue, how far it is durable, and who is to be woken.

use super::error::Failure;
use crate::record::Record;
use std::{
    collections::VecDeque,
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    task::Waker,
};

/// Emptied lists that are kept for the next units.
const MOST_SPARE: usize = 64;

/// Shared by the writer and its committer.
pub(super) struct Shared {
    durable: AtomicU64,
    spare: AtomicBool,
    failed: AtomicBool,
    failure: Mutex<Option<Failure>>,
    waker: Mutex<Option<Waker>>,
    queue: Mutex<Queue>,
    pub(super) work: Condvar,
}

/// Reports a panic of the thread it lives in: whoever waits for it would wait for ever.
pub(super) struct Alarm(pub(super) Arc<Shared>, pub(super) &'static str);

impl Drop for Alarm {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let (file, error) = (String::new(), self.1.to_owned());
            self.0.fail(Failure { doing: "the journal", file, error, kind: std::io::ErrorKind::Other });
        }
    }
}

/// Units on their way to the committer.
#[derive(Default)]
pub(super) struct Queue {
    /// In order.
    pub(super) units: VecDeque<Vec<Record>>,
    /// Emptied.
    spare: Vec<Vec<Record>>,
    /// Records in `units` that somebody waits for.
    pub(super) waiting: usize,
    /// The committer sleeps until so many wait; `None` while it is awake.
    pub(super) wake_at: Option<usize>,
    /// No more comes.
    pub(super) stop: bool,
}

/// A lock whose holder panicked is not worse for it: every change to what it holds is one step.
pub(super) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shared {
    /// All up to `position` is durable.
    pub(super) fn new(position: u64) -> Self {
        Self {
            durable: AtomicU64::new(position),
            spare: AtomicBool::new(true),
            failed: AtomicBool::new(false),
            failure: Mutex::default(),
            waker: Mutex::default(),
            queue: Mutex::default(),
            work: Condvar::new(),
        }
    }

    pub(super) fn queue(&self) -> MutexGuard<'_, Queue> {
        locked(&self.queue)
    }

    /// Takes a unit, `waiting` of whose records somebody waits for, and leaves an empty list in its place.
    pub(super) fn push(&self, records: &mut Vec<Record>, waiting: usize) {
        let mut queue = self.queue();
        let mut unit = queue.spare.pop().unwrap_or_default();
        std::mem::swap(records, &mut unit);
        queue.units.push_back(unit);
        queue.waiting += waiting;
        let wake = queue.wake_at.is_some_and(|at| queue.waiting >= at);
        if wake {
            // Once is enough.
            queue.wake_at = None;
        }
        drop(queue);
        if wake {
            self.work.notify_one();
        }
    }

    pub(super) fn durable(&self) -> u64 {
        self.durable.load(Ordering::Acquire)
    }

    /// All up to `position` is durable now.
    pub(super) fn advance(&self, position: u64) {
        self.durable.store(position, Ordering::Release);
        self.wake();
    }

    pub(super) fn register(&self, waker: &Waker) {
        let mut registered = locked(&self.waker);
        match &mut *registered {
            Some(there) => there.clone_from(waker),
            none => *none = Some(waker.clone()),
        }
    }

    pub(super) fn wake(&self) {
        let waker = locked(&self.waker).take();
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    pub(super) fn has_spare(&self) -> bool {
        self.spare.load(Ordering::Relaxed)
    }

    pub(super) fn set_spare(&self, there: bool) {
        if self.spare.swap(there, Ordering::Relaxed) != there {
            self.wake();
        }
    }

    pub(super) fn failure(&self) -> Option<Failure> {
        if self.failed.load(Ordering::Acquire) { locked(&self.failure).clone() } else { None }
    }

    pub(super) fn has_failed(&self) -> bool {
        self.failed.load(Ordering::Acquire)
    }

    /// Nothing becomes durable any more.
    pub(super) fn fail(&self, failure: Failure) {
        locked(&self.failure).get_or_insert(failure);
        self.failed.store(true, Ordering::Release);
        self.wake();
    }
}

impl Queue {
    /// Takes emptied lists back.
    pub(super) fn give_back(&mut self, units: &mut VecDeque<Vec<Record>>) {
        let room = MOST_SPARE - self.spare.len().min(MOST_SPARE);
        self.spare.extend(units.drain(..).take(room));
    }
}
