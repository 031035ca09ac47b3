//! A journal on a disk in memory, and what the tests do with it.

use super::{
    memory::MemoryDisk,
    samples::{NOW, essence},
};
use crate::{
    journal::{
        JournalError, MasterKey, Opened, Options, Position, Restored, Writer,
        carry::{Fold, Kept, Place},
        codec::Note,
        day::Day,
        facts::Fact,
        open_on,
        seal::KeyId,
    },
    record::Record,
};
use std::{
    collections::HashMap,
    path::Path,
    sync::Arc,
    task::{Wake, Waker},
    thread::Thread,
    time::Duration,
};

pub(super) fn master() -> MasterKey {
    MasterKey::new(&[7; 32])
}

/// The shortest segments, commits at once.
pub(super) fn options() -> Options {
    let mut options = Options::new(Path::new(""), master(), NOW);
    options.segment = 2 * 1024 * 1024;
    options.floor = Duration::ZERO;
    options.lazy = Duration::from_millis(1);
    options.tombstones = Duration::MAX;
    options
}

/// A journal that was opened: what it handed out, and its writer.
pub(super) struct Rig {
    pub(super) writer: Writer,
    pub(super) opened: Opened,
    pub(super) restored: Vec<Restored>,
}

pub(super) fn open_with(disk: &MemoryDisk, options: &Options) -> Result<Rig, JournalError> {
    let mut restored = Vec::new();
    let (writer, opened) = open_on(Arc::new(disk.clone()), options, |item| restored.push(item))?;
    Ok(Rig { writer, opened, restored })
}

pub(super) fn open(disk: &MemoryDisk) -> Rig {
    open_with(disk, &options()).unwrap_or_else(|error| panic!("it opens: {error}"))
}

/// The error of opening.
pub(super) fn refused(disk: &MemoryDisk) -> String {
    open_with(disk, &options()).err().expect("it does not open").to_string()
}

impl Rig {
    /// Positions and records that were handed out.
    pub(super) fn records(&self) -> Vec<(Position, Record)> {
        let record = |item: &Restored| match item {
            Restored::Record(position, record) => Some((*position, record.clone())),
            _ => None,
        };
        self.restored.iter().filter_map(record).collect()
    }

    pub(super) fn append(&mut self, records: &[Record]) -> Position {
        self.writer.append(&mut records.to_vec())
    }

    /// Waits until something is so, which the writer's waker tells of.
    pub(super) fn wait(&self, until: impl Fn(&Writer) -> bool) {
        struct Unpark(Thread);
        impl Wake for Unpark {
            fn wake(self: Arc<Self>) {
                self.0.unpark();
            }
        }
        let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
        loop {
            self.writer.register(&waker);
            if until(&self.writer) {
                return;
            }
            std::thread::park();
        }
    }

    /// What was handed out, with the notes, in a form that can be compared.
    pub(super) fn folded(&self) -> Folded {
        let mut folded = Folding::default();
        for item in &self.restored {
            match item {
                Restored::Record(position, record) => folded.apply(position.0, record),
                Restored::Numbers { bank, stan, transmission, at } => {
                    let (bank, stan, transmission, at) = (*bank, *stan, *transmission, *at);
                    folded.fold.note(&Note::Numbers { bank, stan, transmission, at });
                }
                Restored::NextPayment(payment) => folded.fold.note(&Note::Next(*payment)),
                Restored::Clock { terminal, clock } => {
                    folded.fold.note(&Note::Clocks([(*terminal, *clock)].into()));
                }
            }
        }
        folded.finish()
    }

    /// Appends and waits until it is durable, or until the journal failed.
    pub(super) fn commit(&mut self, records: &[Record]) -> Position {
        let position = self.append(records);
        self.wait(|writer| writer.durable() >= position || writer.failed().is_some());
        position
    }
}

/// Notes, then position and essence of what is open.
pub(super) type Folded = (Vec<Note>, Vec<(u64, (String, Vec<u8>))>);

/// A fold whose result can be compared: the frame of what is kept is the record's position, by which it is found again.
#[derive(Default)]
struct Folding {
    fold: Fold,
    records: HashMap<u64, Record>,
}

impl Folding {
    fn apply(&mut self, position: u64, record: &Record) {
        self.records.insert(position, record.clone());
        let key = KeyId { epoch: 0, day: Day(0) };
        let place = Place::AtHand(Arc::new(Kept { position, key, carried: false, frame: Box::default() }));
        if let Some(fact) = Fact::of(record, position, 0) {
            self.fold.apply(&fact, place);
        }
    }

    fn finish(mut self) -> Folded {
        let position = |place: &mut Place| match place {
            Place::AtHand(kept) => kept.position,
            Place::Segment { .. } => panic!("all are at hand"),
        };
        let mut open: Vec<_> = self.fold.places().map(position).collect();
        open.sort_unstable();
        open.dedup();
        let open = open.iter().map(|position| (*position, essence(&self.records[position]))).collect();
        (self.fold.notes(), open)
    }
}

/// What is open after these records, which begin at position 1.
pub(super) fn fold_of(records: &[Record]) -> Folded {
    let mut folding = Folding::default();
    records.iter().zip(1..).for_each(|(record, position)| folding.apply(position, record));
    folding.finish()
}
