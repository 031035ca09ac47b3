//! A failed commit is a crash in process: what was not durable is dropped, who waits is told that the switch cannot say
//! (96), and the machine is made anew of what is durable. Until the journal opens again, everything new is refused.

use super::{
    engine::Engine,
    gate::Gate,
    journal::{Answered, Asked, Journal, Position},
    recovery,
};
use crate::{clock::Mono, config::journal::Settings, record::Record, rules::Rules, switch::Input};
use std::{sync::Arc, time::Duration};

/// How long after a failure, and after each attempt, the journal is opened again.
const PAUSE: Duration = Duration::from_secs(1);

/// In the place of a journal that is not open: what the machine records says nothing of payments, since it refuses them,
/// and nothing can be read back.
struct Unopened;

impl Journal for Unopened {
    fn append(&mut self, records: &mut Vec<Record>) -> Position {
        records.clear();
        Position::default()
    }

    fn durable(&self) -> Position {
        Position::default()
    }

    fn recall(&mut self, asked: Asked) -> Option<Answered> {
        Some(Answered { ticket: asked.ticket, records: None })
    }
}

/// What opening the journal again takes.
pub(super) struct Revival {
    pub(super) settings: Settings,
    pub(super) rules: Arc<Rules>,
    pub(super) seed: u64,
    /// When it is tried next; `None`: the journal is open.
    pub(super) due: Option<Mono>,
}

impl Engine {
    /// Is the journal not open?
    pub(super) fn is_reviving(&self) -> bool {
        self.revival.as_ref().is_some_and(|revival| revival.due.is_some())
    }

    /// Starts over where the journal has failed, and opens it again when it is time.
    pub(super) fn keep_journal(&mut self) {
        // (A journal of the caller's has nothing to be opened again: what it does not keep never leaves.)
        if let (Some(why), true) = (self.gate.journal().failed(), self.revival.is_some()) {
            self.start_over(&why);
        }
        let now = self.hub.clock.mono();
        if self.revival.as_ref().and_then(|revival| revival.due).is_some_and(|due| due <= now) {
            self.revive();
        }
    }

    fn start_over(&mut self, why: &str) {
        tracing::error!(
            why,
            "ALARM: the journal failed; payments under way are answered 96, and the switch starts over"
        );
        let now = self.hub.clock.now();
        for line in self.gate.abandon() {
            line.outlet.close();
        }
        self.machine.abandon(now);
        let mut unit = self.gate.unit();
        self.collect(&mut unit, now);
        self.leave(&mut unit);
        let Some(revival) = &mut self.revival else { return };
        revival.due = Some(now.mono + PAUSE);
        // One that refuses what is new, so that it gets its answer meanwhile; of what may have been before it says nothing.
        self.machine = self.machine.without_memory(Arc::clone(&revival.rules), now, revival.seed);
        self.gate = Gate::new(Box::new(Unopened));
        self.hub.close_connections();
        self.wake_machine();
    }

    /// The new machine does what it wants first, and knows it where the switch is shutting down.
    fn wake_machine(&self) {
        let input = if self.is_shutting_down() { Input::Drain } else { Input::Tick };
        self.hub.push(input);
    }

    fn revive(&mut self) {
        let now = self.hub.clock.now();
        if !self.hub.is_unconnected() {
            self.hub.close_connections();
            return self.put_off(now.mono);
        }
        let Some(revival) = &mut self.revival else { return };
        match recovery::open(&revival.settings, &revival.rules, now, revival.seed) {
            Ok((journal, machine)) => {
                tracing::warn!("the journal is open again");
                revival.due = None;
                (self.gate, self.machine) = (Gate::new(journal), machine);
                self.wake_machine();
            }
            Err(error) => {
                tracing::error!(%error, "ALARM: the journal does not open");
                self.put_off(now.mono);
            }
        }
    }

    fn put_off(&mut self, now: Mono) {
        if let Some(revival) = &mut self.revival {
            revival.due = Some(now + PAUSE);
        }
    }
}
