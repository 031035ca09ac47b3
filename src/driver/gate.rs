//! The one ordered gate: outputs leave in units, first in, first out, each once all Records emitted before its end are
//! durable. The driver goes on with the next batch meanwhile: group commit costs latency, never throughput.

use super::journal::{Asked, Journal, Position};
use crate::{
    clock::Mono,
    net::connection::Line,
    record::{PaymentId, Record},
    switch::{AcquirerId, ConnectionId, Note, SendId},
};
use bytes::BytesMut;
use std::{collections::VecDeque, rc::Rc};

/// What one turn of the driver wants to leave: already laid out, so that releasing it is copying.
#[derive(Default)]
pub(super) struct Unit {
    /// Emitted in this turn; everything below waits for them.
    pub(super) records: Vec<Record>,
    /// All frames of the turn, one behind the other.
    pub(super) bytes: BytesMut,
    /// What to do, in order.
    pub(super) effects: Vec<Effect>,
    /// What to count and to log.
    pub(super) notes: Vec<Note>,
}

/// One thing to do.
pub(super) enum Effect {
    /// Write the next frame of the unit, which ends at `end`. The line is the one that was open when the machine decided:
    /// a connection made since then has not signed on.
    Write { line: Rc<Line>, end: usize, what: What },
    /// Dial.
    Connect(ConnectionId),
    /// Close, once everything handed over is written: the line that was open when the machine decided, or else what is
    /// being dialled.
    Close(ConnectionId, Option<Rc<Line>>),
    /// Read back.
    Recall(Asked),
}

/// What a frame is.
#[derive(Clone, Copy)]
pub(super) enum What {
    /// A send to a bank, to be begun before it expires.
    Send { connection: ConnectionId, send: SendId, expires: Mono },
    /// An answer to a bank's own request.
    AnswerBank,
    /// An answer to an acquirer, and the approval it tells of.
    Answer(AcquirerId, Option<PaymentId>),
}

impl Unit {
    fn is_empty(&self) -> bool {
        self.records.is_empty() && self.effects.is_empty() && self.notes.is_empty()
    }

    fn clear(&mut self) {
        self.records.clear();
        self.bytes.clear();
        self.effects.clear();
        self.notes.clear();
    }
}

/// Units on their way out.
pub(super) struct Gate<J> {
    journal: J,
    waiting: VecDeque<(Position, Unit)>,
    spare: Vec<Unit>,
}

impl<J: Journal> Gate<J> {
    pub(super) fn new(journal: J) -> Self {
        Self { journal, waiting: VecDeque::new(), spare: Vec::new() }
    }

    /// What becomes of the records.
    pub(super) const fn journal(&self) -> &J {
        &self.journal
    }

    /// The same, to be asked for what it keeps.
    pub(super) const fn journal_mut(&mut self) -> &mut J {
        &mut self.journal
    }

    /// Gives up all that waits, since it never may leave: the lines of acquirers whose answers are lost with it.
    pub(super) fn abandon(&mut self) -> Vec<Rc<Line>> {
        let lost = |effect| match effect {
            Effect::Write { line, what: What::Answer(..), .. } => Some(line),
            _ => None,
        };
        self.waiting.drain(..).flat_map(|(_, unit)| unit.effects).filter_map(lost).collect()
    }

    /// An empty unit with the room that an earlier one left.
    pub(super) fn unit(&mut self) -> Unit {
        self.spare.pop().unwrap_or_default()
    }

    /// Hands a turn's unit over.
    pub(super) fn hold(&mut self, mut unit: Unit) {
        if unit.is_empty() {
            return self.recycle(unit);
        }
        let position = self.journal.append(&mut unit.records);
        self.waiting.push_back((position, unit));
    }

    /// The next unit that may leave.
    pub(super) fn release(&mut self) -> Option<Unit> {
        let durable = self.journal.durable();
        let (position, _) = self.waiting.front()?;
        if *position > durable {
            return None;
        }
        self.waiting.pop_front().map(|(_, unit)| unit)
    }

    /// Takes a unit back once it has left.
    pub(super) fn recycle(&mut self, mut unit: Unit) {
        unit.clear();
        self.spare.push(unit);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    /// A journal whose disk is told when to be done.
    #[derive(Default)]
    struct Disk {
        appended: u64,
        durable: Rc<Cell<u64>>,
    }

    impl Journal for Disk {
        fn append(&mut self, records: &mut Vec<Record>) -> Position {
            self.appended += records.drain(..).count() as u64;
            Position(self.appended)
        }
        fn durable(&self) -> Position {
            Position(self.durable.get())
        }
    }

    fn unit(records: u64, connection: u16) -> Unit {
        let code = banklink_protocol::element::ResponseCode::parse(b"00").unwrap();
        let answered = |payment| Record::Answered { payment: PaymentId(payment), at: crate::clock::Wall(0), code };
        let connection = ConnectionId { bank: crate::switch::BankId(0), slot: connection };
        Unit {
            records: (0..records).map(answered).collect(),
            effects: vec![Effect::Connect(connection)],
            ..Unit::default()
        }
    }

    fn released(gate: &mut Gate<Disk>) -> Vec<u16> {
        let mut slots = Vec::new();
        while let Some(unit) = gate.release() {
            for effect in &unit.effects {
                if let Effect::Connect(connection) = effect {
                    slots.push(connection.slot);
                }
            }
            gate.recycle(unit);
        }
        slots
    }

    #[test]
    fn nothing_leaves_before_the_records_before_it_are_durable() {
        let disk = Disk::default();
        let durable = Rc::clone(&disk.durable);
        let mut gate = Gate::new(disk);
        gate.hold(unit(2, 1));
        gate.hold(unit(0, 2));
        gate.hold(unit(1, 3));
        assert_eq!(released(&mut gate), [] as [u16; 0]);
        durable.set(1);
        assert_eq!(released(&mut gate), [] as [u16; 0], "half a unit is not enough");
        durable.set(2);
        assert_eq!(released(&mut gate), [1, 2], "a unit without records waits for those before it, and only for those");
        durable.set(3);
        assert_eq!(released(&mut gate), [3]);
    }

    #[test]
    fn an_empty_unit_holds_nobody_up() {
        let mut gate = Gate::new(Disk::default());
        gate.hold(Unit::default());
        assert!(gate.release().is_none());
    }
}
