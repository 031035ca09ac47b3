//! The past beyond memory. What came before the payments remembered is read back from what was recorded
//! ([`Output::Recall`]): for a request that may be the resend of something forgotten, and for one that speaks of something
//! forgotten. It waits for that, and then goes its way as if nothing had been between.
//!
//! Where the past cannot be read the request gets no answer at all: it may be the resend of an approval, and whatever we
//! said of it could be wrong. Its acquirer's timer ends it, and repeats or reverses it, as if it had been lost on its way.
//!
//! Whether a request may be a resend says the clock of its terminal: the key has its moment, a terminal's moments ascend,
//! and of what was forgotten the latest moment of each terminal stays known ([`super::clocks`]).

use super::{
    Ignored, Note, Output, Turn,
    instruction::{Instruction, Original},
    pending::Waiting,
    watch::Moment,
};
use crate::{
    clock::{Mono, Wall},
    record::{Name, Record},
};
use banklink_protocol::Message;
use smallvec::SmallVec;
use std::{collections::VecDeque, time::Duration};

/// Requests that may wait at once; the next one is dropped.
const MOST: usize = 1024;
/// A request whose past was not read for so long is dropped.
const PATIENCE: Duration = Duration::from_secs(2);

/// What is asked for.
pub(super) struct Question {
    names: SmallVec<[Name; 3]>,
    around: Option<Wall>,
}

/// A request that waits.
struct Asked {
    ticket: u64,
    waiting: Box<Waiting>,
    message: Box<Message>,
    question: Question,
    /// What was remembered when it was asked.
    moment: Moment,
    until: Mono,
}

/// Requests that wait for their past, in the order they asked, which is the order they are told.
#[derive(Default)]
pub(super) struct Recalls {
    asked: VecDeque<Asked>,
    last: u64,
}

impl Recalls {
    pub(super) fn len(&self) -> usize {
        self.asked.len()
    }

    /// When the first has waited too long.
    fn due(&self) -> Option<Mono> {
        self.asked.iter().map(|asked| asked.until).min()
    }

    fn take(&mut self, ticket: u64) -> Option<Asked> {
        let place = self.asked.iter().position(|asked| asked.ticket == ticket)?;
        self.asked.remove(place)
    }

    fn take_overdue(&mut self, now: Mono) -> Option<Asked> {
        let place = self.asked.iter().position(|asked| asked.until <= now)?;
        self.asked.remove(place)
    }

    pub(super) fn waiting(&mut self) -> impl Iterator<Item = &mut Waiting> {
        self.asked.iter_mut().map(|asked| &mut *asked.waiting)
    }

    /// For the invariants.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Waiting> {
        self.asked.iter().map(|asked| &*asked.waiting)
    }
}

impl Turn<'_> {
    /// What is to be read before this request can be decided on.
    pub(super) fn question(&mut self, waiting: &Waiting) -> Option<Question> {
        if !self.core.recent.forgets() {
            return None;
        }
        let acquirer = waiting.origin.acquirer();
        let (instruction, references) = (&waiting.instruction, waiting.references);
        let mut names = SmallVec::new();
        let mut around = None;
        if self.core.recent.may_have_forgotten(references) {
            names.push(Name::Duplicate(references.duplicate));
            around = Some(Wall(i64::from(references.clock) * 1_000_000));
        }
        if speaks_of_another(instruction) {
            let original = self.core.names.original(acquirer, instruction);
            // By the RRN the first message of a transaction may be remembered, and the one it speaks of not.
            let forgotten = original != 0 && self.core.recent.by_trace(original, references.into()).is_none();
            let past = self.original(waiting).filter(|_| !forgotten);
            if let Some(hold) = past.and_then(|past| self.forgot_hold_of(&past)) {
                // It may have begun long before what has a part of it.
                (around, names) = (None, names.into_iter().chain([Name::Payment(hold)]).collect());
            }
            // What it speaks of may be forgotten while anything is read, though it is remembered now.
            if past.is_none() || !names.is_empty() {
                let trace = if original == 0 { references.trace } else { original };
                around = said(instruction, self.now.wall).filter(|_| names.is_empty());
                names.extend([Name::Trace(trace), Name::Rrn(references.rrn)]);
            }
        }
        names.retain(|name| !matches!(name, Name::Trace(0) | Name::Rrn(0)));
        (!names.is_empty()).then_some(Question { names, around })
    }

    /// Has it read. The request counts as in flight meanwhile.
    pub(super) fn recall(&mut self, waiting: Box<Waiting>, message: Box<Message>, question: Question) {
        let id = waiting.origin.acquirer();
        let full = self.core.acquirer(id).in_flight >= self.profile(id).max_in_flight;
        if full || self.core.drained || self.core.recalls.len() >= MOST {
            return self.drop_unread(waiting);
        }
        self.core.acquirer(id).in_flight += 1;
        let until = self.now.mono + PATIENCE;
        self.ask(waiting, message, question, until);
    }

    fn ask(&mut self, waiting: Box<Waiting>, message: Box<Message>, question: Question, until: Mono) {
        let moment = self.core.recent.moment();
        let recalls = &mut self.core.recalls;
        recalls.last += 1;
        let (ticket, names, around) = (recalls.last, question.names.clone(), question.around);
        recalls.asked.push_back(Asked { ticket, waiting, message, question, moment, until });
        self.output(Output::Recall { ticket, names, around });
        self.set_recall_timer();
    }

    /// What was asked for was read; `None`: it could not be.
    pub(super) fn recalled(&mut self, ticket: u64, records: Option<Vec<Record>>) {
        // (Who waited too long is gone.)
        let Some(asked) = self.core.recalls.take(ticket) else { return };
        let Asked { waiting, message, question, moment, until, .. } = asked;
        match records {
            // Something was forgotten between that the reading did not see.
            Some(records) if !self.core.recent.has_all_since(&moment, &records) => {
                self.ask(waiting, message, question, until);
            }
            records => {
                self.core.acquirer(waiting.origin.acquirer()).in_flight -= 1;
                match records {
                    Some(records) => {
                        self.core.recent.revive(&records);
                        self.payment(waiting, message, true);
                    }
                    None => self.drop_unread(waiting),
                }
                self.set_recall_timer();
            }
        }
        self.all_recalled();
    }

    /// Requests that have waited too long.
    pub(super) fn recalls_due(&mut self) {
        while let Some(asked) = self.core.recalls.take_overdue(self.now.mono) {
            self.core.acquirer(asked.waiting.origin.acquirer()).in_flight -= 1;
            self.drop_unread(asked.waiting);
        }
        self.set_recall_timer();
        self.all_recalled();
    }

    /// The switch starts over.
    pub(super) fn abandon_recalls(&mut self) {
        while let Some(asked) = self.core.recalls.asked.pop_front() {
            self.core.acquirer(asked.waiting.origin.acquirer()).in_flight -= 1;
            self.drop_unread(asked.waiting);
        }
        self.set_recall_timer();
    }

    /// Its past is not known: nothing is said.
    fn drop_unread(&mut self, waiting: Box<Waiting>) {
        self.note(Note::Ignored { acquirer: waiting.origin.acquirer(), why: Ignored::Unread });
        self.core.pendings.done(waiting);
    }

    fn all_recalled(&mut self) {
        if self.core.recalls.len() == 0 {
            self.core.recent.nobody_asks();
            self.settle_drain();
        }
    }

    fn set_recall_timer(&mut self) {
        let timer = self.core.recall_timer();
        match self.core.recalls.due() {
            Some(due) => self.core.wheel.set(timer, due),
            None => self.core.wheel.cancel(timer),
        }
    }
}

/// Does it speak of an earlier payment, or repeat one?
pub(super) fn speaks_of_another(instruction: &Instruction) -> bool {
    instruction.mti.class() == 4
        || instruction.original.is_some()
        || instruction.follows_up
        || instruction.is_advice()
        || instruction.mti.is_repeat()
}

/// When the payment it speaks of was begun, where it says so.
fn said(instruction: &Instruction, now: Wall) -> Option<Wall> {
    let moment = match instruction.original? {
        Original::De90(original) => original.transmission.nearest(now.0),
        Original::De56 { local, .. } => {
            banklink_protocol::element::Transmission(*local.digits().last_chunk()?).nearest(now.0)
        }
    };
    moment.map(Wall)
}
