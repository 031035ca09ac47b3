//! The keeper: a thread beside the committer that holds a spare segment ready, carries over what is open when a segment
//! is sealed, and removes what is old. Nothing waits for it but a committer that comes to the end of its segment before
//! the spare is there.

use super::{
    disk::Disk,
    error::{Failure, JournalError},
    index::{Index, Sorted},
    retention::{self, Carrying},
    seal::{KeyId, KeyRing},
    segment,
    shared::{Shared, locked},
};
use std::{
    io,
    sync::{Arc, Condvar, Mutex, PoisonError},
    time::{Duration, Instant},
};

/// A spare that could not be made is tried again after this.
const SPARE_AGAIN: Duration = Duration::from_secs(1);
/// A snapshot that could not be made, after this: reading for it is work.
const CARRY_AGAIN: Duration = Duration::from_secs(10);

/// What the keeper and the committer agree on.
pub(super) struct Store {
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    spare: Spare,
    /// The newest segment that is sealed and has no snapshot yet.
    sealed: Option<u64>,
    /// The key that is sealed with now.
    key: KeyId,
    /// Spare and snapshots: what goes wrong with them.
    troubles: [Option<Failure>; 2],
    stop: bool,
}

enum Spare {
    Ready,
    /// The committer is making a segment of it: until it has another name, no other can be made.
    Taken,
    Missing,
    Refused(Failure),
}

impl Store {
    /// The spare was just made a segment; `sealed` is the newest segment behind it, if it has no snapshot.
    pub(super) fn new(key: KeyId, sealed: Option<u64>) -> Self {
        let state = State { spare: Spare::Missing, sealed, key, troubles: [None, None], stop: false };
        Self { state: Mutex::new(state), changed: Condvar::new() }
    }

    /// Takes the spare, waiting while it is being made.
    pub(super) fn take_spare(&self) -> Result<(), Failure> {
        let mut state = locked(&self.state);
        loop {
            match &state.spare {
                Spare::Ready => break,
                Spare::Refused(failure) => return Err(failure.clone()),
                Spare::Missing | Spare::Taken => {
                    state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner)
                }
            }
        }
        state.spare = Spare::Taken;
        Ok(())
    }

    /// Takes the spare if it is there.
    pub(super) fn try_spare(&self) -> bool {
        matches!(locked(&self.state).spare, Spare::Ready) && self.take_spare().is_ok()
    }

    /// The spare that was taken is a segment now, and the one before it is sealed; bodies are sealed under `key`.
    pub(super) fn sealed(&self, number: u64, key: KeyId) {
        let mut state = locked(&self.state);
        (state.spare, state.sealed, state.key) = (Spare::Missing, Some(number), key);
        self.changed.notify_all();
    }

    pub(super) fn stop(&self) {
        locked(&self.state).stop = true;
        self.changed.notify_all();
    }

    pub(super) fn trouble(&self) -> Option<Failure> {
        let state = locked(&self.state);
        state.troubles.iter().flatten().next().cloned()
    }

    fn stopped(&self) -> bool {
        locked(&self.state).stop
    }

    /// Waits for something to do.
    fn next(&self, spare_at: Instant, carry_at: Instant) -> Job {
        let mut state = locked(&self.state);
        loop {
            let now = instant();
            if state.stop {
                return Job::Stop;
            }
            let wants_spare = matches!(state.spare, Spare::Missing | Spare::Refused(_));
            if wants_spare && spare_at <= now {
                return Job::Spare;
            }
            if let Some(number) = state.sealed.filter(|_| carry_at <= now) {
                return Job::Carry(number, state.key);
            }
            let spare = wants_spare.then_some(spare_at);
            let carry = state.sealed.map(|_| carry_at);
            state = match spare.into_iter().chain(carry).min() {
                None => self.changed.wait(state).unwrap_or_else(PoisonError::into_inner),
                Some(until) => {
                    let waited = self.changed.wait_timeout(state, until.saturating_duration_since(now));
                    waited.unwrap_or_else(PoisonError::into_inner).0
                }
            };
        }
    }

    fn set_spare(&self, spare: Spare) {
        let mut state = locked(&self.state);
        state.troubles[0] = if let Spare::Refused(failure) = &spare { Some(failure.clone()) } else { None };
        state.spare = spare;
        self.changed.notify_all();
    }

    fn set_carried(&self, number: u64, trouble: Option<Failure>) {
        let mut state = locked(&self.state);
        if trouble.is_none() && state.sealed == Some(number) {
            state.sealed = None;
        }
        state.troubles[1] = trouble;
        self.changed.notify_all();
    }

    /// Waits until the keeper has nothing to do, or cannot do it.
    #[cfg(test)]
    pub(super) fn settle(&self) {
        let mut state = locked(&self.state);
        let busy = |state: &State| {
            matches!(state.spare, Spare::Missing | Spare::Taken)
                || (state.sealed.is_some() && state.troubles[1].is_none())
        };
        while busy(&state) && !state.stop {
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

enum Job {
    Stop,
    Spare,
    Carry(u64, KeyId),
}

/// Everything the keeper's thread owns.
pub(super) struct Keeper {
    pub(super) shared: Arc<Shared>,
    pub(super) store: Arc<Store>,
    pub(super) disk: Arc<dyn Disk>,
    pub(super) keys: Arc<KeyRing>,
    /// Length of a segment.
    pub(super) size: u64,
    pub(super) keep: retention::Keep,
    pub(super) index: Arc<Index>,
    pub(super) carrying: Carrying,
    pub(super) sorted: Sorted,
}

#[expect(clippy::disallowed_methods, reason = "when to try again after a refusal; no decision depends on it")]
fn instant() -> Instant {
    Instant::now()
}

/// Reports a panic of the keeper: the committer would wait for a spare for ever.
struct Alarm(Arc<Shared>, Arc<Store>);

impl Drop for Alarm {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let (file, error) = (String::new(), "its keeper panicked".to_owned());
            let failure = Failure { doing: "the journal", file, error, kind: io::ErrorKind::Other };
            self.0.set_spare(false);
            self.1.set_spare(Spare::Refused(failure));
        }
    }
}

impl Keeper {
    /// Runs until it is told to stop.
    pub(super) fn run(mut self) {
        let _alarm = Alarm(Arc::clone(&self.shared), Arc::clone(&self.store));
        let (mut spare_at, mut carry_at) = (instant(), instant());
        loop {
            match self.store.next(spare_at, carry_at) {
                Job::Stop => return,
                Job::Spare => match segment::make_spare(&*self.disk, self.size, &|| self.store.stopped()) {
                    Ok(made) => {
                        self.store.set_spare(if made { Spare::Ready } else { Spare::Missing });
                        self.shared.set_spare(true);
                    }
                    Err(error) => {
                        spare_at = instant() + SPARE_AGAIN;
                        self.shared.set_spare(false);
                        self.store.set_spare(Spare::Refused(error.into()));
                    }
                },
                Job::Carry(number, key) => {
                    let trouble = self.carry(number, key).err().map(Failure::from);
                    if trouble.is_some() {
                        carry_at = instant() + CARRY_AGAIN;
                    }
                    self.store.set_carried(number, trouble);
                }
            }
        }
    }

    /// Carries over what is open at the end of a segment, and writes the runs of all that have none. Once a segment is
    /// behind a snapshot, its run is all that is known of it here.
    fn carry(&mut self, number: u64, key: KeyId) -> Result<(), JournalError> {
        let sealed = self.index.sealed(number);
        for &segment in &sealed {
            if segment <= self.carrying.number {
                continue;
            }
            let live = self.index.live(segment).expect("only the keeper takes what is sealed");
            self.carrying.apply(&live);
            retention::trim(&*self.disk, &live)?;
        }
        let snapshot = self.carrying.snapshot(&self.disk, &self.keys, key, &self.keep)?;
        for segment in sealed {
            let live = self.index.live(segment).expect("only the keeper takes what is sealed");
            self.index.put(self.sorted.make(&*self.disk, &live)?);
        }
        retention::clean(&self.disk, &self.keys, &self.index, &snapshot, key, &self.keep)
    }
}
