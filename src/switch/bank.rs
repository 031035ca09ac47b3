//! What the switch knows of one bank while it runs.

use super::{BankCounters, BankId, ConnectionId, SendId, link::Link, stan::StanSpace};
use crate::{
    clock::{Mono, Wall},
    rules::Bank,
};
use banklink_protocol::element::Stan;
use std::{collections::VecDeque, time::Duration};

/// How long a payment is remembered after its time-out, so that a late answer is known as such.
const LATE_WINDOW: Duration = Duration::from_secs(120);

/// One bank.
pub(super) struct BankState {
    pub(super) id: BankId,
    pub(super) links: Vec<Link>,
    /// The timer of its first connection; the others follow.
    pub(super) first_timer: u32,
    pub(super) stans: StanSpace,
    /// Payments sent that wait for their answer.
    pub(super) in_flight: usize,
    /// Payments timed out, oldest first, each until the moment it is forgotten.
    pub(super) late: VecDeque<(SendId, Mono)>,
    pub(super) counters: BankCounters,
    turn: usize,
}

impl BankState {
    pub(super) fn new(id: BankId, bank: &Bank, first_timer: u32, start: Stan, now: Wall) -> Self {
        // Beside the payments, each connection may have one network message out.
        let in_flight = bank.max_in_flight + usize::from(bank.connections);
        Self {
            id,
            links: (0..bank.connections).map(|_| Link::new()).collect(),
            first_timer,
            stans: StanSpace::new(in_flight, start, now),
            in_flight: 0,
            late: VecDeque::new(),
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

    /// Remembers a payment that has just timed out.
    pub(super) fn remember_late(&mut self, send: SendId, now: Mono) {
        self.late.push_back((send, now + LATE_WINDOW));
    }

    /// The oldest late payment, if its time is up or there are more than `most`.
    pub(super) fn forget_late(&mut self, now: Mono, most: usize) -> Option<SendId> {
        let &(_, until) = self.late.front()?;
        if until > now && self.late.len() <= most {
            return None;
        }
        self.late.pop_front().map(|(send, _)| send)
    }
}
