//! What the switch knows of one bank while it runs.

use super::{BankCounters, BankId, ConnectionId, SendId, link::Link, pending::Memory, stan::StanSpace};
use crate::{clock::Wall, rules::Bank};
use banklink_protocol::element::Stan;
use std::collections::VecDeque;

/// One bank.
pub(super) struct BankState {
    pub(super) id: BankId,
    pub(super) links: Vec<Link>,
    /// The timer of its first connection; the others follow.
    pub(super) first_timer: u32,
    pub(super) stans: StanSpace,
    /// Payments sent that wait for their answer.
    pub(super) in_flight: usize,
    /// Payments that ended without an answer, oldest first: a late answer is known as such. As many as may be in flight.
    late: Remembered,
    /// Those whose reversal was refused: a late approval is reversed anew. As many as may be stored.
    refused: Remembered,
    pub(super) counters: BankCounters,
    turn: usize,
}

impl BankState {
    pub(super) fn new(id: BankId, bank: &Bank, first_timer: u32, start: Stan, now: Wall) -> Self {
        // Beside the payments, each connection may have one network message out; as many as are in flight may be
        // remembered as late and as many as are stored as refused, and a stored message holds its own STAN and its original's.
        let entries = 4 * (bank.max_in_flight + usize::from(bank.connections)) + 3 * bank.store.limit;
        Self {
            id,
            links: (0..bank.connections).map(|_| Link::new()).collect(),
            first_timer,
            stans: StanSpace::new(entries, start, now),
            in_flight: 0,
            late: Remembered { sends: VecDeque::new(), most: bank.max_in_flight },
            refused: Remembered { sends: VecDeque::new(), most: bank.store.limit.max(1) },
            counters: BankCounters::default(),
            turn: 0,
        }
    }

    /// The connection for the next payment: `preferred` while it takes payments, else the one with the fewest in
    /// flight, in turn where they are equal. None of `tried`, and none at all where the bank has no room.
    pub(super) fn pick(
        &mut self,
        bank: &Bank,
        tried: &[ConnectionId],
        preferred: Option<ConnectionId>,
    ) -> Option<ConnectionId> {
        if self.in_flight >= bank.max_in_flight {
            return None;
        }
        let usable = |slot: usize| {
            let connection = ConnectionId { bank: self.id, slot: slot as u16 };
            (self.links[slot].takes_payments() && !tried.contains(&connection)).then_some(connection)
        };
        let preferred = preferred.filter(|connection| connection.bank == self.id);
        if let Some(connection) = preferred.and_then(|connection| usable(usize::from(connection.slot))) {
            return Some(connection);
        }
        let count = self.links.len();
        let turns = (0..count).map(|step| (self.turn + step) % count);
        let slot = turns.filter(|&slot| usable(slot).is_some()).min_by_key(|&slot| self.links[slot].in_flight)?;
        self.turn = (slot + 1) % count;
        usable(slot)
    }

    /// The connection for a stored message: its original's while that takes payments, else the one with the fewest.
    pub(super) fn pick_stored(&self, preferred: ConnectionId) -> Option<ConnectionId> {
        let usable = |slot: usize| self.links.get(slot).is_some_and(Link::takes_payments);
        if usable(usize::from(preferred.slot)) {
            return Some(preferred);
        }
        let slots = (0..self.links.len()).filter(|&slot| usable(slot));
        let slot = slots.min_by_key(|&slot| self.links[slot].in_flight)?;
        Some(ConnectionId { bank: self.id, slot: slot as u16 })
    }

    /// Remembers a payment that has ended, and says which one is forgotten for it.
    pub(super) fn remember(&mut self, memory: Memory, send: SendId) -> Option<SendId> {
        let remembered = match memory {
            Memory::No => return None,
            Memory::Late => &mut self.late,
            Memory::Refused => &mut self.refused,
        };
        remembered.sends.push_back(send);
        if remembered.sends.len() > remembered.most { remembered.sends.pop_front() } else { None }
    }

    /// Takes a payment out of the memory it is in.
    pub(super) fn forget(&mut self, send: SendId) {
        for remembered in [&mut self.late, &mut self.refused] {
            remembered.sends.retain(|other| *other != send);
        }
    }

    /// Payments remembered, by memory.
    pub(super) fn remembered(&self, memory: Memory) -> impl ExactSizeIterator<Item = SendId> + '_ {
        let remembered = if memory == Memory::Refused { &self.refused } else { &self.late };
        remembered.sends.iter().copied()
    }
}

/// Payments that have ended, oldest first.
struct Remembered {
    sends: VecDeque<SendId>,
    most: usize,
}
