//! An operator who holds connections and turns routes off, and puts it all back before the end.

use crate::{
    story::tell,
    world::{Event, SECOND, World},
};
use banklink::{
    record::Operation,
    switch::{ConnectionId, Input},
};
use std::collections::BTreeSet;

const ROUTES: [&str; 3] = ["first", "turns", "weighted"];

/// Which connections are held after this.
pub(crate) fn hold(held: &mut BTreeSet<ConnectionId>, operation: &Operation) {
    match operation {
        Operation::SignOff(of) | Operation::Drain(of) => _ = held.insert(*of),
        Operation::SignOn(of) => _ = held.remove(of),
        _ => {}
    }
}

impl World {
    /// What the operator does between `from` and `to`, and puts back by `to`, if the switch is there to be told.
    pub(crate) fn schedule_operator(&mut self, span: u64, calm: u64) {
        if !self.random.chance(30) {
            return;
        }
        for _ in 0..1 + self.random.below(4) {
            let connection = self.any_connection();
            let route = || ROUTES[connection.slot as usize + connection.bank.0 as usize % 2].into();
            let (does, undoes) = match self.random.below(7) {
                0 | 1 => (Operation::SignOff(connection), Some(Operation::SignOn(connection))),
                2 | 3 => (Operation::Drain(connection), Some(Operation::SignOn(connection))),
                4 => (Operation::RouteOff(route()), Some(Operation::RouteOn(route()))),
                5 => (Operation::Close(connection), None),
                _ => (Operation::Echo(connection), None),
            };
            let at = self.random.below(span);
            let later = at + self.random.below(4 * SECOND);
            self.after(at, Event::Operate(does));
            if let Some(undoes) = undoes {
                self.after(later, Event::Operate(undoes.clone()));
                // Once more, where the switch was not there, or lost what it was told.
                self.after(calm + SECOND, Event::Operate(undoes));
            }
        }
    }

    pub(crate) fn operate(&mut self, operation: Operation) {
        if self.down || self.reviving {
            if self.calm() {
                self.after(SECOND, Event::Operate(operation));
            }
            return;
        }
        tell(|| format!("the operator commands {operation:?}"));
        self.input(Input::Operate { ticket: 0, operation, by: "the simulated operator".into() });
    }
}
