//! The seam of the journal: Records are handed over in order, and the gate asks how far they are durable.

use crate::record::Record;
use std::task::Waker;

pub use crate::journal::Position;

/// Where Records become durable.
pub trait Journal {
    /// Takes the records of one unit, in order and leaving the list empty, and says the position that what is to leave
    /// behind them has to wait for.
    fn append(&mut self, records: &mut Vec<Record>) -> Position;
    /// Up to where all records are durable.
    fn durable(&self) -> Position;
    /// Has `waker` woken when more is durable, or nothing will be any more. To be asked before [`Journal::durable`].
    fn register(&self, waker: &Waker) {
        let _ = waker;
    }
    /// Is there room for what new requests would bring?
    fn room(&self) -> bool {
        true
    }
    /// Why nothing becomes durable any more: the journal is to be opened anew, and the machine made of what it has.
    fn failed(&self) -> Option<String> {
        None
    }
}

impl<J: Journal + ?Sized> Journal for Box<J> {
    fn append(&mut self, records: &mut Vec<Record>) -> Position {
        (**self).append(records)
    }

    fn durable(&self) -> Position {
        (**self).durable()
    }

    fn register(&self, waker: &Waker) {
        (**self).register(waker);
    }

    fn room(&self) -> bool {
        (**self).room()
    }

    fn failed(&self) -> Option<String> {
        (**self).failed()
    }
}

/// `durability = "off"`: every record counts as durable at once and is forgotten.
#[derive(Debug, Default)]
pub struct NoJournal {
    position: Position,
}

impl Journal for NoJournal {
    fn append(&mut self, records: &mut Vec<Record>) -> Position {
        self.position.0 += records.len() as u64;
        records.clear();
        self.position
    }

    fn durable(&self) -> Position {
        self.position
    }
}
