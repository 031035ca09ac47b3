//! What an operator commands of connections and routes. The command is recorded before anything is done for it, and what it
//! changes is changed by that Record: a connection that is held stays so when it is lost and made again, and when the
//! switch is.

use super::{Held, Open, Standing, State};
use crate::{
    record::{Operation, Record},
    switch::{ConnectionId, LinkChange, Note, Turn, core::Core, pending::Exchange},
};

impl Core {
    /// Somebody commanded it.
    pub(in crate::switch) fn apply_commanded(&mut self, operation: &Operation) {
        let held = match operation {
            Operation::SignOn(_) => None,
            Operation::SignOff(_) => Some(Held::Off),
            Operation::Drain(_) => Some(Held::OnceIdle),
            Operation::RouteOn(name) => return self.routes_off(|off| off.remove(name)),
            Operation::RouteOff(name) => return self.routes_off(|off| off.insert(name.clone())),
            Operation::Echo(_) | Operation::Close(_) | Operation::Cutover(_) => return,
        };
        let Some(connection) = operation.connection() else { return };
        let bank = self.banks.get_mut(usize::from(connection.bank.0));
        // (A bank may have fewer connections than it had.)
        if let Some(link) = bank.and_then(|bank| bank.links.get_mut(usize::from(connection.slot))) {
            link.held = held;
        }
    }
}

impl Turn<'_> {
    /// An operator commands something.
    pub(in crate::switch) fn operate(&mut self, ticket: u64, operation: Operation, by: Box<str>) {
        let refused = self.refusal(&operation);
        if refused.is_none() {
            self.commit(Record::Commanded { at: self.now.wall, operation: operation.clone(), by });
            self.carry_out(&operation);
        }
        self.note(Note::Operated { ticket, refused });
    }

    /// Why it cannot be done.
    fn refusal(&mut self, operation: &Operation) -> Option<&'static str> {
        if self.core.draining {
            return Some("the switch is shutting down");
        }
        if self.core.refusing {
            return Some("nothing can be recorded now");
        }
        let Some(connection) = operation.connection() else {
            let known =
                operation.route().is_some_and(|name| self.rules.routes.iter().any(|route| *route.name == *name));
            return (!known).then_some("there is no such route");
        };
        let links = self.core.banks.get(usize::from(connection.bank.0)).map_or(0, |bank| bank.links.len());
        if usize::from(connection.slot) >= links {
            return Some("there is no such connection");
        }
        let link = self.link(connection);
        match operation {
            Operation::Echo(_) | Operation::Cutover(_) if link.open().is_none() => Some("it is not connected"),
            Operation::Echo(_) | Operation::Cutover(_) if link.exchange.is_some() => {
                Some("another network message waits for its answer on it")
            }
            Operation::Close(_) if matches!(link.state, State::Down | State::Closing) => Some("it is not connected"),
            _ => None,
        }
    }

    fn carry_out(&mut self, operation: &Operation) {
        match *operation {
            Operation::SignOn(connection) => self.lift(connection),
            Operation::SignOff(connection) | Operation::Drain(connection) => self.hold_back(connection),
            Operation::Echo(connection) => self.echo(connection),
            Operation::Close(connection) => self.close(connection, LinkChange::Commanded),
            Operation::Cutover(connection) => {
                if !self.exchange(connection, Exchange::Cutover) {
                    self.note(Note::CutoverAnswered { connection, code: None });
                }
            }
            Operation::RouteOn(_) | Operation::RouteOff(_) => {}
        }
    }

    /// A connection takes no payments from now on.
    fn hold_back(&mut self, connection: ConnectionId) {
        if let Some(Open { standing, .. }) = self.link(connection).open()
            && *standing != Standing::Held
        {
            self.stand(connection, Standing::Held, LinkChange::Commanded);
        }
        self.sign_off_held(connection);
    }

    /// It takes them again.
    fn lift(&mut self, connection: ConnectionId) {
        self.link(connection).renewed = false;
        let rules = self.bank_rules(connection);
        let (signs_on, dials) = (rules.link.sign_on, rules.we_connect);
        match &self.link(connection).state {
            State::Down if dials => {
                self.cancel_link_timer(connection);
                self.connect(connection);
            }
            State::Open(Open { standing: Standing::Held | Standing::SignedOff, .. }) if signs_on => {
                self.drop_exchange(connection);
                self.cancel_link_timer(connection);
                if self.exchange(connection, Exchange::SignOn) {
                    self.enter(connection, State::SigningOn, LinkChange::Commanded);
                } else {
                    self.close(connection, LinkChange::Unsendable);
                }
            }
            State::Open(Open { standing: Standing::Held | Standing::SignedOff, .. }) => {
                self.opened(connection, LinkChange::Commanded);
            }
            _ => {}
        }
    }

    /// Signs off a held connection, where that is due and nothing else waits for its answer on it.
    pub(super) fn sign_off_held(&mut self, connection: ConnectionId) {
        let signs_on = self.bank_rules(connection).link.sign_on;
        let link = self.link(connection);
        let due = match link.held {
            Some(Held::Off) => true,
            Some(Held::OnceIdle) => link.in_flight == 0,
            None => link.renewed && link.in_flight == 0,
        };
        let (free, renewed) = (link.exchange.is_none(), link.renewed);
        let Some(open) = link.open() else { return };
        if !(due && free && open.standing == Standing::Held && (open.signed_on || renewed)) {
            return;
        }
        let signs_off = std::mem::take(&mut open.signed_on) && signs_on;
        if signs_off && !self.exchange(connection, Exchange::SignOff) {
            self.close(connection, LinkChange::Unsendable);
        } else if renewed && !signs_off {
            self.close(connection, LinkChange::Renewed);
        }
    }

    /// A connection is to be made anew, under settings that have changed: once nothing is on its way on it, and where
    /// another of the bank takes payments meanwhile. Says so at once where it is not done.
    pub(in crate::switch) fn renew(&mut self, connection: ConnectionId) {
        let bank = self.core.banks.get(usize::from(connection.bank.0));
        let links = bank.map_or(&[][..], |bank| &bank.links);
        let others = links.iter().enumerate().filter(|(slot, _)| *slot != usize::from(connection.slot));
        let covered = others.into_iter().any(|(_, link)| link.takes_payments());
        let stands = links.get(usize::from(connection.slot)).is_some_and(super::Link::takes_payments);
        if self.core.draining || !covered || !stands {
            return self.note(Note::NotRenewed { connection });
        }
        self.link(connection).renewed = true;
        self.stand(connection, Standing::Held, LinkChange::Renewed);
        self.sign_off_held(connection);
    }

    /// A payment has ended: a connection that is to be signed off once nothing is on its way on it may be there.
    pub(in crate::switch) fn settle_held(&mut self, connection: ConnectionId) {
        if self.link(connection).is_held_back() {
            self.sign_off_held(connection);
        }
    }
}
