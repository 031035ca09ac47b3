//! Commands of operators: names become numbers, one order may be of many connections, and who gave it is told when all of
//! it is done.

use crate::{
    record::Operation,
    switch::{BankId, ConnectionId, Input, LinkState, Snapshot},
};
use std::str::FromStr;
use tokio::sync::oneshot;

/// What is to be done with a connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Action {
    /// Sign on: it takes payments.
    SignOn,
    /// Sign off at once: it takes none.
    SignOff,
    /// Sign off once nothing is on its way on it.
    Drain,
    /// An echo now.
    Echo,
    /// Close it; it is made again.
    Close,
}

impl FromStr for Action {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        match word {
            "sign-on" => Ok(Self::SignOn),
            "sign-off" => Ok(Self::SignOff),
            "drain" => Ok(Self::Drain),
            "echo" => Ok(Self::Echo),
            "close" => Ok(Self::Close),
            _ => Err(format!("\"{word}\" is none of sign-on, sign-off, drain, echo, close")),
        }
    }
}

impl Action {
    const fn on(self, connection: ConnectionId) -> Operation {
        match self {
            Self::SignOn => Operation::SignOn(connection),
            Self::SignOff => Operation::SignOff(connection),
            Self::Drain => Operation::Drain(connection),
            Self::Echo => Operation::Echo(connection),
            Self::Close => Operation::Close(connection),
        }
    }
}

/// What an operator commands, by names of the configuration.
#[derive(Clone, Debug)]
pub enum Order {
    /// Of a bank's connection, or of all of them.
    Link {
        /// The bank.
        bank: String,
        /// The connection slot, from 0; `None`: all.
        slot: Option<u16>,
        /// What.
        action: Action,
    },
    /// Of a route: on or off.
    Route {
        /// The route.
        name: String,
        /// Does it take payments?
        on: bool,
    },
    /// The bank is told of the cutover, on one of its connections.
    Cutover {
        /// The bank.
        bank: String,
    },
}

/// Orders that are not carried out yet.
#[derive(Default)]
pub(super) struct Orders {
    open: Vec<Open>,
    next: u64,
}

struct Open {
    /// The tickets of its inputs.
    tickets: std::ops::Range<u64>,
    left: usize,
    /// What could not be done: which of them, and why.
    refused: Vec<(u64, &'static str)>,
    reply: oneshot::Sender<Result<(), String>>,
}

impl Orders {
    /// Takes an order; what the machine is to be told. A name that is unknown is told at once.
    pub(super) fn begin(
        &mut self,
        order: Order,
        by: &str,
        reply: oneshot::Sender<Result<(), String>>,
        machine: &Snapshot,
    ) -> Vec<Input> {
        match operations(order, machine) {
            Err(why) => {
                // Whoever asked may have gone.
                let _ = reply.send(Err(why));
                Vec::new()
            }
            Ok(operations) => {
                let first = self.next;
                self.next += operations.len() as u64;
                let tickets = first..self.next;
                self.open.push(Open { tickets, left: operations.len(), refused: Vec::new(), reply });
                let numbered = (first..).zip(operations);
                numbered.map(|(ticket, operation)| Input::Operate { ticket, operation, by: by.into() }).collect()
            }
        }
    }

    /// One of them was carried out, or why not.
    pub(super) fn done(&mut self, ticket: u64, refused: Option<&'static str>) {
        let Some(place) = self.open.iter().position(|open| open.tickets.contains(&ticket)) else { return };
        let open = &mut self.open[place];
        open.left -= 1;
        open.refused.extend(refused.map(|why| (ticket - open.tickets.start, why)));
        if open.left > 0 {
            return;
        }
        let Open { refused, reply, tickets, .. } = self.open.swap_remove(place);
        let single = tickets.end - tickets.start == 1;
        let told = match &refused[..] {
            [] => Ok(()),
            [(_, why)] if single => Err((*why).to_owned()),
            some => {
                let some: Vec<_> = some.iter().map(|(slot, why)| format!("connection {slot}: {why}")).collect();
                Err(some.join("; "))
            }
        };
        let _ = reply.send(told);
    }
}

fn operations(order: Order, machine: &Snapshot) -> Result<Vec<Operation>, String> {
    let find = |wanted: &str| {
        let place = machine.banks.iter().position(|bank| *bank.name == *wanted);
        place.ok_or_else(|| {
            let names: Vec<_> = machine.banks.iter().map(|bank| &*bank.name).collect();
            format!("there is no bank \"{wanted}\"; there are {}", names.join(", "))
        })
    };
    match order {
        Order::Route { name, on: true } => Ok(vec![Operation::RouteOn(name.into())]),
        Order::Route { name, on: false } => Ok(vec![Operation::RouteOff(name.into())]),
        Order::Cutover { bank } => {
            let place = find(&bank)?;
            let up = machine.banks[place].connections.iter().position(|connection| connection.state == LinkState::Up);
            let slot = up.unwrap_or_default() as u16;
            Ok(vec![Operation::Cutover(ConnectionId { bank: BankId(place as u16), slot })])
        }
        Order::Link { bank: name, slot, action } => {
            let place = find(&name)?;
            let (bank, count) = (BankId(place as u16), machine.banks[place].connections.len() as u16);
            if let Some(slot) = slot.filter(|slot| *slot >= count) {
                return Err(format!("bank \"{name}\" has {count} connections, from 0: there is no {slot}"));
            }
            let slots = slot.map_or(0..count, |slot| slot..slot + 1);
            Ok(slots.map(|slot| action.on(ConnectionId { bank, slot })).collect())
        }
    }
}
