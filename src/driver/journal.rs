//! The seam of the journal: Records are handed over in order, the gate asks how far they are durable, and what the machine
//! does not remember is read back.

use crate::record::Record;
use std::task::Waker;

pub use crate::journal::{Asked, Position};

/// What was read back ([`Input::Recalled`](crate::switch::Input::Recalled)).
#[derive(Debug)]
pub struct Answered {
    /// What was asked.
    pub ticket: u64,
    /// The Records; `None`: they cannot be read.
    pub records: Option<Vec<Record>>,
}

/// Where Records become durable.
pub trait Journal {
    /// Takes the records of one unit, in order and leaving the list empty, and says the position that what is to leave
    /// behind them has to wait for.
    fn append(&mut self, records: &mut Vec<Record>) -> Position;
    /// Up to where all records are durable.
    fn durable(&self) -> Position;
    /// Has Records read back, of all that is durable now. Where nothing need be read the answer is given at once: a journal
    /// that keeps nothing has nothing.
    fn recall(&mut self, asked: Asked) -> Option<Answered> {
        Some(Answered { ticket: asked.ticket, records: Some(Vec::new()) })
    }
    /// The next answer that was not given at once, in the order of asking.
    fn recalled(&mut self) -> Option<Answered> {
        None
    }
    /// Has `waker` woken when more is durable or read back, or nothing will be any more. To be asked before
    /// [`Journal::durable`] and [`Journal::recalled`].
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

    fn recall(&mut self, asked: Asked) -> Option<Answered> {
        (**self).recall(asked)
    }

    fn recalled(&mut self) -> Option<Answered> {
        (**self).recalled()
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
