//! Where the tasks of the switch's thread meet: the inbox of the machine, and the ways out to its peers.
//!
//! One thread, so cells and no locks. A task appends what one read brought and marks the driver; the driver, woken
//! once, runs behind every task that is ready and finds the whole batch.

use super::{connection::Line, time::SystemClock};
use crate::switch::{AcquirerId, BankId, ConnectionId, Input, NotSent, SessionId};
use std::{
    cell::{Cell, RefCell, RefMut},
    rc::Rc,
    task::Waker,
};
use tokio::task::AbortHandle;

/// Low bits of a session's number: its place in the table. The rest counts sessions, so no number comes twice.
const PLACE_BITS: u32 = 20;

/// The meeting place.
pub struct Hub {
    /// The clocks.
    pub clock: SystemClock,
    inbox: RefCell<Vec<Input>>,
    driver: RefCell<Option<Waker>>,
    marked: Cell<bool>,
    sessions: RefCell<Sessions>,
    connections: RefCell<Vec<Vec<Slot>>>,
    /// Slots whose connection has ended in the batch that is being gathered.
    ended: RefCell<Vec<ConnectionId>>,
    /// Sessions refused, by acquirer, since the start.
    refused: RefCell<Vec<u64>>,
}

/// A connection slot of a bank.
#[derive(Default)]
enum Slot {
    #[default]
    Empty,
    /// We are dialling.
    Dialling(AbortHandle),
    /// Connected.
    Open(Rc<Line>),
    /// No more, but the machine has not been told yet: a bank's next connection must not take its place before, or
    /// payments decided for the old one would go out on one that has not signed on.
    Ended,
}

#[derive(Default)]
struct Sessions {
    places: Vec<Place>,
    free: Vec<usize>,
    opened: u64,
    open: Vec<usize>,
}

#[derive(Default)]
struct Place {
    session: Option<(SessionId, AcquirerId, Rc<Line>)>,
}

impl Hub {
    /// Empty, for so many acquirers, and for banks with so many connections each.
    #[must_use]
    pub fn new(clock: SystemClock, acquirers: usize, connections: impl Iterator<Item = usize>) -> Self {
        Self {
            clock,
            inbox: RefCell::default(),
            driver: RefCell::default(),
            marked: Cell::new(false),
            sessions: RefCell::new(Sessions { open: vec![0; acquirers], ..Sessions::default() }),
            connections: RefCell::new(connections.map(|slots| (0..slots).map(|_| Slot::Empty).collect()).collect()),
            ended: RefCell::default(),
            refused: RefCell::new(vec![0; acquirers]),
        }
    }

    /// The inbox, to append to; [`Hub::mark`] follows.
    pub fn inbox(&self) -> RefMut<'_, Vec<Input>> {
        self.inbox.borrow_mut()
    }

    /// Appends one input and marks the driver.
    pub fn push(&self, input: Input) {
        self.inbox.borrow_mut().push(input);
        self.mark();
    }

    /// Something is in the inbox: the driver is to run once all that is ready has run.
    pub fn mark(&self) {
        if !self.marked.replace(true)
            && let Some(driver) = &*self.driver.borrow()
        {
            driver.wake_by_ref();
        }
    }

    /// For the driver: whom to wake.
    pub fn register(&self, driver: &Waker) {
        let mut known = self.driver.borrow_mut();
        if !known.as_ref().is_some_and(|known| known.will_wake(driver)) {
            *known = Some(driver.clone());
        }
    }

    /// For the driver: takes the batch and leaves its own emptied one for the next.
    pub fn take(&self, batch: &mut Vec<Input>) {
        debug_assert!(batch.is_empty());
        self.marked.set(false);
        std::mem::swap(&mut *self.inbox.borrow_mut(), batch);
        for connection in self.ended.borrow_mut().drain(..) {
            self.with_slot(connection, |slot| *slot = Slot::Empty);
        }
    }

    /// Enters a new session; `None` when the acquirer has `max` already.
    pub fn open_session(&self, acquirer: AcquirerId, line: &Rc<Line>, max: usize) -> Option<SessionId> {
        let mut sessions = self.sessions.borrow_mut();
        let sessions = &mut *sessions;
        if sessions.open[acquirer.0 as usize] >= max {
            return None;
        }
        let place = match sessions.free.pop() {
            Some(place) => place,
            None if sessions.places.len() >> PLACE_BITS > 0 => return None,
            None => {
                sessions.places.push(Place::default());
                sessions.places.len() - 1
            }
        };
        sessions.opened += 1;
        let session = SessionId(sessions.opened << PLACE_BITS | place as u64);
        sessions.places[place].session = Some((session, acquirer, Rc::clone(line)));
        sessions.open[acquirer.0 as usize] += 1;
        self.mark();
        Some(session)
    }

    /// Removes a session that ended, and tells the machine.
    pub fn close_session(&self, acquirer: AcquirerId, session: SessionId) {
        let mut sessions = self.sessions.borrow_mut();
        let place = place_of(session);
        if sessions.places[place].session.as_ref().is_some_and(|(open, ..)| *open == session) {
            sessions.places[place].session = None;
            sessions.free.push(place);
            sessions.open[acquirer.0 as usize] -= 1;
            self.push(Input::SessionClosed { acquirer, session });
        }
    }

    /// The line to a session; `None` once it has ended.
    #[must_use]
    pub fn session(&self, session: SessionId) -> Option<Rc<Line>> {
        let sessions = self.sessions.borrow();
        let (open, _, line) = sessions.places.get(place_of(session))?.session.as_ref()?;
        (*open == session).then(|| Rc::clone(line))
    }

    /// Closes every session once its answers are written.
    pub fn close_sessions(&self) {
        for place in &self.sessions.borrow().places {
            if let Some((.., line)) = &place.session {
                line.outlet.close();
            }
        }
    }

    /// Sessions open now, over all acquirers.
    #[must_use]
    pub fn sessions_open(&self) -> usize {
        self.sessions.borrow().open.iter().sum()
    }

    /// Sessions of one acquirer: open now, and refused since the start.
    #[must_use]
    pub fn session_counts(&self, acquirer: AcquirerId) -> (u64, u64) {
        let place = acquirer.0 as usize;
        (self.sessions.borrow().open[place] as u64, self.refused.borrow()[place])
    }

    /// Counts a peer that was turned away.
    pub fn refuse(&self, acquirer: AcquirerId) {
        self.refused.borrow_mut()[acquirer.0 as usize] += 1;
        self.mark();
    }

    /// Notes the task that dials for a slot.
    pub fn dialling(&self, connection: ConnectionId, task: AbortHandle) {
        self.with_slot(connection, |slot| {
            assert!(matches!(slot, Slot::Empty), "a connection slot is dialled once at a time");
            *slot = Slot::Dialling(task);
        });
    }

    /// Enters an open connection to a bank; the machine is told.
    pub fn open_connection(&self, connection: ConnectionId, line: &Rc<Line>) {
        self.with_slot(connection, |slot| {
            assert!(!matches!(slot, Slot::Open(_)), "a connection slot holds one connection");
            *slot = Slot::Open(Rc::clone(line));
        });
        self.push(Input::ConnectionUp { connection });
    }

    /// Removes a connection that ended or could not be made; the machine is told, after the sends that were not begun.
    pub fn close_connection(&self, connection: ConnectionId) {
        if let Slot::Open(line) = self.with_slot(connection, |slot| std::mem::replace(slot, Slot::Ended)) {
            let (mut inbox, why) = (self.inbox(), NotSent::ConnectionDown);
            line.outlet.end(|send, frame| {
                let message = line.settings.message(frame);
                inbox.push(Input::NotSent { connection, send, why, message });
            });
        }
        self.ended.borrow_mut().push(connection);
        self.push(Input::ConnectionDown { connection });
    }

    /// Closes a connection once everything handed over is written; gives up one that is being dialled.
    pub fn close(&self, connection: ConnectionId) {
        let dialling = self.with_slot(connection, |slot| match slot {
            Slot::Empty | Slot::Ended => false,
            Slot::Open(line) => {
                line.outlet.close();
                false
            }
            Slot::Dialling(task) => {
                task.abort();
                true
            }
        });
        if dialling {
            self.close_connection(connection);
        }
    }

    /// Closes every connection to a bank, and gives up those being dialled.
    pub fn close_connections(&self) {
        let all = |connections: &Vec<Vec<Slot>>| -> Vec<ConnectionId> {
            let slots =
                connections.iter().enumerate().flat_map(|(bank, slots)| (0..slots.len()).map(move |slot| (bank, slot)));
            slots.map(|(bank, slot)| ConnectionId { bank: BankId(bank as u16), slot: slot as u16 }).collect()
        };
        let connections = all(&self.connections.borrow());
        connections.into_iter().for_each(|connection| self.close(connection));
    }

    /// Is every slot free again, and the machine told so?
    #[must_use]
    pub fn is_unconnected(&self) -> bool {
        self.connections.borrow().iter().flatten().all(|slot| matches!(slot, Slot::Empty))
    }

    /// The line to a bank; `None` while it is not connected.
    #[must_use]
    pub fn connection(&self, connection: ConnectionId) -> Option<Rc<Line>> {
        self.with_slot(connection, |slot| match slot {
            Slot::Open(line) => Some(Rc::clone(line)),
            Slot::Empty | Slot::Dialling(_) | Slot::Ended => None,
        })
    }

    fn with_slot<T>(&self, connection: ConnectionId, use_it: impl FnOnce(&mut Slot) -> T) -> T {
        use_it(&mut self.connections.borrow_mut()[connection.bank.0 as usize][connection.slot as usize])
    }

    /// Connections to banks open or being dialled now.
    #[must_use]
    pub fn connections_open(&self) -> usize {
        let connections = self.connections.borrow();
        connections.iter().flatten().filter(|slot| matches!(slot, Slot::Open(_) | Slot::Dialling(_))).count()
    }

    /// A slot of the bank without a connection, for a bank that dials us.
    #[must_use]
    pub fn free_slot(&self, bank: BankId) -> Option<u16> {
        let connections = self.connections.borrow();
        let slot = connections[bank.0 as usize].iter().position(|slot| matches!(slot, Slot::Empty))?;
        u16::try_from(slot).ok()
    }

    /// Hands back every send to a bank that was not begun before its deadline.
    pub fn expire(&self) {
        let (now, mut inbox) = (self.clock.mono(), self.inbox());
        for (bank, slots) in self.connections.borrow().iter().enumerate() {
            for (slot, line) in slots.iter().enumerate() {
                let Slot::Open(line) = line else { continue };
                let connection = ConnectionId { bank: BankId(bank as u16), slot: slot as u16 };
                line.outlet.expire(now, |send, frame| {
                    let (why, message) = (NotSent::Expired, line.settings.message(frame));
                    inbox.push(Input::NotSent { connection, send, why, message });
                });
            }
        }
    }
}

const fn place_of(session: SessionId) -> usize {
    (session.0 & ((1 << PLACE_BITS) - 1)) as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::{connection::Settings, outlet::Outlet};
    use banklink_protocol::{Dialect, frame::Framing};
    use std::time::Duration;

    #[test]
    fn a_place_is_free_again_only_when_the_machine_learns_of_it() {
        let hub = Hub::new(SystemClock::start(), 1, [1].into_iter());
        let bank = BankId(0);
        let connection = ConnectionId { bank, slot: 0 };
        let settings = Settings {
            dialect: Dialect::named("iso87-ascii").unwrap(),
            framing: Framing::named("binary2").unwrap(),
            idle_timeout: None,
            write_timeout: Duration::from_secs(1),
            answers_keep_alives: true,
        };
        let line = Rc::new(Line { settings: Rc::new(settings), outlet: Outlet::new(4096) });
        hub.open_connection(connection, &line);
        assert_eq!(hub.free_slot(bank), None);
        hub.close_connection(connection);
        assert!(hub.connection(connection).is_none(), "nothing goes there any more");
        assert_eq!(hub.free_slot(bank), None, "and nothing takes its place yet");
        let mut batch = Vec::new();
        hub.take(&mut batch);
        assert!(matches!(batch[..], [Input::ConnectionUp { .. }, Input::ConnectionDown { .. }]));
        assert_eq!(hub.free_slot(bank), Some(0));
    }
}
