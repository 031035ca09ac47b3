//! The seam of the journal: Records are handed over in order, and the gate asks how far they are durable.

use crate::record::Record;

/// A position in the stream of Records: how many came before and with it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub struct Position(pub u64);

/// Where Records become durable.
pub trait Journal {
    /// Takes the records of one unit, in order and leaving the list empty, and says the position of the last.
    fn append(&mut self, records: &mut Vec<Record>) -> Position;
    /// Up to where all records are durable.
    fn durable(&self) -> Position;
}

impl<J: Journal + ?Sized> Journal for Box<J> {
    fn append(&mut self, records: &mut Vec<Record>) -> Position {
        (**self).append(records)
    }

    fn durable(&self) -> Position {
        (**self).durable()
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
