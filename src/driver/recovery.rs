//! The journal of the configuration behind the gate, and the machine that its Records make.

use super::{
    journal::{Answered, Asked, Journal},
    numbering::{Numbering, NumberingError},
};
use crate::{
    clock::Now,
    config::journal::Settings,
    journal::{self, JournalError, MasterKey, Options, Position, Recalled, Restored, Writer},
    record::Record,
    rules::Rules,
    switch::Switch,
};
use std::{fmt, sync::Arc, task::Waker};

/// Why the journal cannot be used.
#[derive(Debug)]
pub(super) enum RecoveryError {
    /// It does not open.
    Journal(JournalError),
    /// Its numbers of acquirers and banks are not those of this configuration.
    Numbering(NumberingError),
}

impl fmt::Display for RecoveryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Journal(error) => error.fmt(f),
            Self::Numbering(error) => error.fmt(f),
        }
    }
}
impl std::error::Error for RecoveryError {}

impl From<JournalError> for RecoveryError {
    fn from(error: JournalError) -> Self {
        Self::Journal(error)
    }
}

/// Opens the journal and folds what is durable into a fresh machine, which then goes on.
pub(super) fn open(
    settings: &Settings,
    rules: &Arc<Rules>,
    now: Now,
    seed: u64,
) -> Result<(Box<dyn Journal>, Switch), RecoveryError> {
    let master = MasterKey::load(&settings.master_key()?)?;
    let mut options = Options::new(&settings.folder, master, now.wall);
    (options.durability, options.segment, options.keep) = (settings.durability, settings.segment, settings.keep);
    let mut folded = Vec::new();
    // The digest key is known only when all is read; what is read is what two segments hold at the most.
    let (writer, opened) = journal::open(&options, |restored| folded.push(restored))?;
    let numbering = Numbering::load(&settings.folder, rules).map_err(RecoveryError::Numbering)?;
    let mut machine = Switch::with_key(Arc::clone(rules), now, seed, Some(*opened.digest_key));
    let count = folded.len();
    for restored in folded {
        restore(&mut machine, &numbering, restored).map_err(RecoveryError::Numbering)?;
    }
    if let Some(torn) = &opened.torn {
        tracing::warn!(
            file = torn.file,
            offset = torn.offset,
            why = torn.why,
            "the journal's last commit was not whole"
        );
    }
    let (position, segments) = (opened.position.0, opened.segments);
    tracing::info!(position, segments, read = count, epoch = opened.epoch, "journal opened");
    machine.recover(now);
    Ok((Box::new(Durable { writer, numbering }), machine))
}

fn restore(machine: &mut Switch, numbering: &Numbering, restored: Restored) -> Result<(), NumberingError> {
    match restored {
        Restored::Record(_, mut record) => {
            numbering.read(&mut record)?;
            machine.apply(&record);
        }
        Restored::Numbers { bank, stan, transmission, at } => {
            // A bank that is not asked any more has no numbers to keep.
            if let Some(bank) = numbering.bank(bank) {
                machine.numbers_stand_at(bank, stan, transmission, at);
            }
        }
        Restored::NextPayment(next) => machine.payments_stand_at(next),
        Restored::Clock { terminal, clock } => machine.clock_stands_at(terminal, clock),
    }
    Ok(())
}

/// A journal on disk.
struct Durable {
    writer: Writer,
    numbering: Numbering,
}

impl Journal for Durable {
    fn append(&mut self, records: &mut Vec<Record>) -> Position {
        self.numbering.write(records);
        self.writer.append(records);
        self.writer.awaited()
    }

    fn durable(&self) -> Position {
        self.writer.durable()
    }

    fn recall(&mut self, asked: Asked) -> Option<Answered> {
        let ticket = asked.ticket;
        let taken = self.writer.recall(asked);
        (!taken).then_some(Answered { ticket, records: None })
    }

    fn recalled(&mut self) -> Option<Answered> {
        let Recalled { ticket, records } = self.writer.recalled()?;
        let read = records.map_err(|error| error.to_string()).and_then(|mut records| {
            let numbered = records.iter_mut().try_for_each(|record| self.numbering.read(record));
            numbered.map(|()| records).map_err(|error| error.to_string())
        });
        let records = read.inspect_err(|error| tracing::error!(error, "ALARM: the past cannot be read back")).ok();
        Some(Answered { ticket, records })
    }

    fn register(&self, waker: &Waker) {
        self.writer.register(waker);
    }

    fn room(&self) -> bool {
        self.writer.room() && self.writer.spare()
    }

    fn failed(&self) -> Option<String> {
        self.writer.failed().map(|failure| failure.to_string())
    }
}
