//! The life of one connection to a bank.
//!
//! ```text
//!             time to connect                opened             sign-on approved
//!     Down ─────────────────▶ Connecting ─────────▶ SigningOn ──────────────────▶ Open ──drain──▶ Draining
//!      ▲  (or the bank dials us: straight to opened)    │ declined, unanswered     │ echoes missed   │ sign-off
//!      │                                                ▼                          ▼                 ▼ answered or not
//!      └──────────── the connection is gone ───────── Closing ◀────────────────────┴─────────────────┘
//!
//!     Open stands:  Up ──N time-outs in a row──▶ Tripped ──an echo succeeds──▶ Up
//!                   Up ──the bank signs off──▶ SignedOff ──the bank signs on──▶ Up
//!                   any ──an operator holds it──▶ Held ──an operator signs it on──▶ SigningOn
//! ```
//!
//! Only a connection that is Open and Up takes payments. A lost connection goes Down from wherever it is; payments sent
//! on it go on waiting, since their answers may come by any other connection of the bank.

mod operate;

use super::{
    AcquirerId, BankId, ConnectionId, LinkChange, LinkState, Note, Output, Turn, codes, matching, network,
    pending::{Exchange, Memory, Pending, State as Entry},
};
use crate::{clock::Mono, record::Unanswered, rules};
use banklink_protocol::Message;
use std::time::Duration;

/// One connection.
pub(super) struct Link {
    state: State,
    /// The network message that waits for its answer, and its entry: at most one at a time.
    exchange: Option<(u32, Exchange)>,
    /// Payments sent on it that wait for their answer.
    pub(super) in_flight: usize,
    /// It is to be made anew once nothing is on its way on it.
    renewed: bool,
    /// An operator wants no payments on it: lasts.
    pub(super) held: Option<Held>,
    /// Attempts in a row that did not lead to a signed-on connection.
    failures: u32,
}

/// Each state owns what is true in it alone.
enum State {
    Down,
    Connecting,
    SigningOn,
    Open(Open),
    Draining,
    Closing,
}

struct Open {
    standing: Standing,
    /// Echoes missed in a row.
    missed: u32,
    /// Payments timed out in a row.
    timeouts: u32,
    /// When the bank was last heard on it.
    heard: Mono,
    /// Our last word to the bank was a sign-on, or it wants none.
    signed_on: bool,
}

/// How an operator holds a connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Held {
    /// Signed off at once.
    Off,
    /// Signed off once nothing is on its way on it.
    OnceIdle,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Standing {
    Up,
    Tripped,
    SignedOff,
    Held,
}

/// What the bank asks of the connection.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Asked {
    SignOn,
    SignOff,
}

impl Link {
    pub(super) const fn new() -> Self {
        Self { state: State::Down, exchange: None, in_flight: 0, renewed: false, held: None, failures: 0 }
    }

    pub(super) const fn takes_payments(&self) -> bool {
        matches!(self.state, State::Open(Open { standing: Standing::Up, .. }))
    }

    /// Is it held by an operator, or about to be made anew?
    pub(super) const fn is_held_back(&self) -> bool {
        self.held.is_some() || self.renewed
    }

    pub(super) const fn visible(&self) -> LinkState {
        match &self.state {
            State::Down => LinkState::Down,
            State::Connecting => LinkState::Connecting,
            State::SigningOn => LinkState::SigningOn,
            State::Open(Open { standing: Standing::Up, .. }) => LinkState::Up,
            State::Open(Open { standing: Standing::Tripped, .. }) => LinkState::Tripped,
            State::Open(Open { standing: Standing::SignedOff, .. }) => LinkState::SignedOff,
            State::Open(Open { standing: Standing::Held, .. }) => LinkState::Held,
            State::Draining => LinkState::Draining,
            State::Closing => LinkState::Closing,
        }
    }

    pub(super) const fn exchange(&self) -> Option<(u32, Exchange)> {
        self.exchange
    }

    const fn open(&mut self) -> Option<&mut Open> {
        match &mut self.state {
            State::Open(open) => Some(open),
            _ => None,
        }
    }
}

impl<'r> Turn<'r> {
    /// Asks for every connection that is ours to make.
    pub(super) fn connect_all(&mut self) {
        for bank in 0..self.core.banks.len() {
            for slot in 0..self.core.banks[bank].links.len() {
                let connection = ConnectionId { bank: BankId(bank as u16), slot: slot as u16 };
                if self.bank_rules(connection).we_connect {
                    self.connect(connection);
                }
            }
        }
    }

    fn connect(&mut self, connection: ConnectionId) {
        self.enter(connection, State::Connecting, LinkChange::Reconnect);
        self.output(Output::Connect { connection });
    }

    /// A connection is open: sign on.
    pub(super) fn connection_up(&mut self, connection: ConnectionId) {
        if !matches!(self.link(connection).state, State::Down | State::Connecting) {
            // Told of a new one before the end of the old one: the old one is gone.
            self.connection_down(connection);
        }
        self.cancel_link_timer(connection);
        if self.core.draining {
            return self.close(connection, LinkChange::Drain);
        }
        if !self.bank_rules(connection).link.sign_on || self.link(connection).held.is_some() {
            return self.opened(connection, LinkChange::Opened);
        }
        if self.exchange(connection, Exchange::SignOn) {
            self.enter(connection, State::SigningOn, LinkChange::Opened);
        } else {
            self.close(connection, LinkChange::Unsendable);
        }
    }

    /// A connection ended or could not be made: try again after a while.
    pub(super) fn connection_down(&mut self, connection: ConnectionId) {
        self.drop_exchange(connection);
        self.cancel_link_timer(connection);
        let was_open = self.link(connection).open().is_some();
        let link = self.link(connection);
        link.renewed = false;
        link.failures = if was_open { 0 } else { link.failures.saturating_add(1) };
        let failures = link.failures;
        self.enter(connection, State::Down, LinkChange::Lost);
        if self.bank_rules(connection).we_connect && !self.core.draining {
            let pause = self.pause(connection, failures);
            self.set_link_timer(connection, self.now.mono + pause);
        }
        self.settle_drain();
    }

    /// Exponential back-off with jitter: half of it is certain, half is chance, so that links do not come back in step.
    fn pause(&mut self, connection: ConnectionId, failures: u32) -> Duration {
        let link = &self.bank_rules(connection).link;
        let doubled = link.reconnect_min.saturating_mul(1 << failures.min(20));
        let nanos = doubled.min(link.reconnect_max).as_nanos().min(u128::from(u64::MAX)) as u64;
        Duration::from_nanos(nanos / 2 + self.core.random.below(nanos / 2 + 1))
    }

    /// A connection takes payments from now on.
    fn opened(&mut self, connection: ConnectionId, why: LinkChange) {
        let (heard, signed_on) = (self.now.mono, why == LinkChange::SignedOn);
        let held = self.link(connection).held.is_some();
        let standing = if held { Standing::Held } else { Standing::Up };
        self.enter(connection, State::Open(Open { standing, missed: 0, timeouts: 0, heard, signed_on }), why);
        self.link(connection).failures = 0;
        self.await_silence(connection);
        if held {
            self.sign_off_held(connection);
        } else {
            self.bank_is_back(connection.bank);
        }
    }

    /// Lets go of a connection; it is Down when we are told that it ended.
    fn close(&mut self, connection: ConnectionId, why: LinkChange) {
        self.drop_exchange(connection);
        self.cancel_link_timer(connection);
        self.enter(connection, State::Closing, why);
        self.output(Output::Close { connection });
        self.settle_drain();
    }

    /// A connection's own timer: time to connect, or to see whether the bank has been silent.
    pub(super) fn link_timer(&mut self, connection: ConnectionId) {
        let now = self.now.mono;
        let idle = self.bank_rules(connection).link.echo_idle;
        let link = self.link(connection);
        match &link.state {
            State::Down => self.connect(connection),
            State::Open(Open { standing, heard, .. }) if link.exchange.is_none() => {
                let due = *heard + idle;
                if *standing != Standing::Tripped && due > now {
                    self.set_link_timer(connection, due);
                } else {
                    self.echo(connection);
                }
            }
            _ => {}
        }
    }

    /// Asks to be woken when the bank has been silent long enough for an echo.
    fn await_silence(&mut self, connection: ConnectionId) {
        let idle = self.bank_rules(connection).link.echo_idle;
        if !idle.is_zero() {
            self.set_link_timer(connection, self.now.mono + idle);
        }
    }

    fn echo(&mut self, connection: ConnectionId) {
        self.cancel_link_timer(connection);
        if !self.exchange(connection, Exchange::Echo) {
            self.close(connection, LinkChange::Unsendable);
        }
    }

    /// Sends a network message and waits for its answer; false where it cannot be made.
    fn exchange(&mut self, connection: ConnectionId, exchange: Exchange) -> bool {
        let bank = self.bank_rules(connection);
        let Some((stan, transmission)) = self.core.bank(connection.bank).stans.choose(self.now.wall) else {
            return false;
        };
        let message = match network::request(bank, exchange, stan, transmission, self.now.wall) {
            Ok(message) => message,
            Err(error) => {
                self.note(Note::NetworkMessage { connection, field: error.field });
                return false;
            }
        };
        let key = self.core.pendings.insert(Pending {
            connection,
            stan,
            transmission,
            mti: message.mti(),
            institutions: (0, 0),
            sent: self.now.mono,
            acquirer: AcquirerId(0),
            unanswered: Unanswered::Leave,
            owed: None,
            held: None,
            remembered: Memory::No,
            approved: false,
            state: Entry::Network(exchange),
        });
        self.core.bank(connection.bank).stans.occupy(stan, key);
        let expires = self.now.mono + bank.link.network_timeout;
        self.core.wheel.set(self.core.timer(key), expires);
        let send = self.core.pendings.send_id(key);
        self.output(Output::ToBank {
            connection,
            send,
            header: bank.header.clone(),
            message: Box::new(message),
            expires,
        });
        self.link(connection).exchange = Some((key, exchange));
        true
    }

    /// An answer under the STAN of a network message.
    pub(super) fn exchange_answered(
        &mut self,
        key: u32,
        connection: ConnectionId,
        exchange: Exchange,
        message: &Message,
    ) {
        let bank = self.bank_rules(connection);
        let pending = self.core.pendings.get(key).expect("found by its STAN");
        let ours = pending.connection == connection
            && Some(message.mti()) == pending.mti.response()
            && !matching::another_transmission(message, &pending.transmission, bank);
        if !ours {
            return self.unknown_answer(connection, message, None);
        }
        self.drop_exchange(connection);
        let code = matching::response_code(message);
        let accepted = code.is_some_and(|code| codes::accepts_network(bank, code));
        match (exchange, code) {
            (Exchange::SignOn, _) if accepted => self.opened(connection, LinkChange::SignedOn),
            (Exchange::SignOn, Some(code)) => self.close(connection, LinkChange::SignOnDeclined(code)),
            (Exchange::SignOn, None) => self.close(connection, LinkChange::SignOnUnanswered),
            (Exchange::Echo, _) => self.echoed(connection, accepted),
            (Exchange::SignOff, _) => self.signed_off(connection),
            (Exchange::Cutover, code) => {
                self.note(Note::CutoverAnswered { connection, code });
                self.await_silence(connection);
                self.sign_off_held(connection);
            }
        }
    }

    /// Our sign-off was answered, or not: with the end of the switch the connection ends; one that is held stays.
    fn signed_off(&mut self, connection: ConnectionId) {
        if matches!(self.link(connection).state, State::Draining) {
            self.close(connection, LinkChange::Drain);
        } else if self.link(connection).renewed {
            self.close(connection, LinkChange::Renewed);
        } else {
            self.await_silence(connection);
        }
    }

    /// The bank is there; with an approving code it is trusted with payments again.
    fn echoed(&mut self, connection: ConnectionId, accepted: bool) {
        let retry = self.bank_rules(connection).link.network_timeout;
        let Some(open) = self.link(connection).open() else { return };
        open.missed = 0;
        let tripped = open.standing == Standing::Tripped;
        if accepted && tripped {
            open.timeouts = 0;
            self.stand(connection, Standing::Up, LinkChange::Echoed);
        }
        if tripped && !accepted {
            self.set_link_timer(connection, self.now.mono + retry);
        } else {
            self.await_silence(connection);
        }
        self.sign_off_held(connection);
    }

    /// A network message was not answered in time.
    pub(super) fn exchange_timed_out(&mut self, connection: ConnectionId, exchange: Exchange) {
        self.drop_exchange(connection);
        match exchange {
            Exchange::SignOn => self.close(connection, LinkChange::SignOnUnanswered),
            Exchange::SignOff => self.signed_off(connection),
            Exchange::Cutover => {
                self.note(Note::CutoverAnswered { connection, code: None });
                self.await_silence(connection);
                self.sign_off_held(connection);
            }
            Exchange::Echo => {
                let most = self.bank_rules(connection).link.missed_echoes;
                let Some(open) = self.link(connection).open() else { return };
                open.missed += 1;
                let missed = open.missed;
                self.note(Note::EchoMissed { connection, missed });
                if missed >= most {
                    self.close(connection, LinkChange::EchoesMissed);
                } else {
                    self.echo(connection);
                }
            }
        }
    }

    /// A network message that did not leave: the connection is of no use.
    pub(super) fn exchange_unsent(&mut self, key: u32, connection: ConnectionId, exchange: Exchange) {
        if self.link(connection).exchange == Some((key, exchange)) {
            self.close(connection, LinkChange::Unsendable);
        }
    }

    /// Something came from the bank on this connection.
    pub(super) fn heard(&mut self, connection: ConnectionId) {
        let now = self.now.mono;
        if let Some(open) = self.link(connection).open() {
            open.heard = now;
        }
    }

    /// A payment sent on this connection was answered in time, by whichever.
    pub(super) fn answers_again(&mut self, connection: ConnectionId) {
        if let Some(open) = self.link(connection).open() {
            open.timeouts = 0;
        }
    }

    /// A payment sent on this connection timed out: too many in a row take it out of routing, and an echo asks at once.
    pub(super) fn unanswered(&mut self, connection: ConnectionId) {
        let most = self.bank_rules(connection).breaker;
        let Some(open) = self.link(connection).open() else { return };
        open.timeouts = open.timeouts.saturating_add(1);
        if most == 0 || open.timeouts < most || open.standing != Standing::Up {
            return;
        }
        self.stand(connection, Standing::Tripped, LinkChange::Breaker);
        if self.link(connection).exchange.is_none() {
            self.echo(connection);
        }
    }

    /// The bank signed on or off on this connection.
    pub(super) fn bank_asked(&mut self, connection: ConnectionId, asked: Asked) {
        let Some(open) = self.link(connection).open() else { return };
        match (asked, open.standing) {
            (Asked::SignOff, Standing::Up | Standing::Tripped) => {
                self.stand(connection, Standing::SignedOff, LinkChange::BankSignedOff);
            }
            (Asked::SignOn, Standing::SignedOff) => {
                open.timeouts = 0;
                self.stand(connection, Standing::Up, LinkChange::BankSignedOn);
            }
            _ => {}
        }
    }

    /// Can we answer on it?
    pub(super) fn is_open(&mut self, connection: ConnectionId) -> bool {
        matches!(self.link(connection).state, State::SigningOn | State::Open(_) | State::Draining)
    }

    /// No new requests; those in flight finish.
    pub(super) fn drain(&mut self) {
        self.core.draining = true;
        for connection in self.connections() {
            self.cancel_link_timer_if_down(connection);
            if matches!(self.link(connection).state, State::Connecting | State::SigningOn) {
                self.close(connection, LinkChange::Drain);
            }
        }
        self.settle_drain();
    }

    /// Once nothing is in flight while draining: sign off, and say so when all are off.
    pub(super) fn settle_drain(&mut self) {
        if !self.core.draining
            || self.core.drained
            || self.core.pendings.waiting_count() > 0
            || self.core.recalls.len() > 0
        {
            return;
        }
        let connections = self.connections();
        for &connection in &connections {
            if self.link(connection).open().is_some() {
                self.sign_off(connection);
            }
        }
        let off = |connection: &ConnectionId| matches!(self.link(*connection).state, State::Down | State::Closing);
        if connections.iter().all(off) && !self.core.drained {
            self.core.drained = true;
            self.note(Note::Drained);
        }
    }

    fn sign_off(&mut self, connection: ConnectionId) {
        self.drop_exchange(connection);
        self.cancel_link_timer(connection);
        let held = self.link(connection).held.is_some();
        let signed_on = self.link(connection).open().is_some_and(|open| open.signed_on || !held);
        if signed_on && self.bank_rules(connection).link.sign_on && self.exchange(connection, Exchange::SignOff) {
            self.enter(connection, State::Draining, LinkChange::Drain);
        } else {
            self.close(connection, LinkChange::Drain);
        }
    }

    /// Forgets the network message the connection waits for.
    fn drop_exchange(&mut self, connection: ConnectionId) {
        if let Some((key, _)) = self.link(connection).exchange.take() {
            self.core.wheel.cancel(self.core.timer(key));
            self.core.release(key);
        }
    }

    fn stand(&mut self, connection: ConnectionId, standing: Standing, why: LinkChange) {
        let link = self.link(connection);
        let from = link.visible();
        if let Some(open) = link.open() {
            open.standing = standing;
        }
        let to = self.link(connection).visible();
        self.note(Note::Link { connection, from, to, why });
        if standing == Standing::Up {
            self.bank_is_back(connection.bank);
        }
    }

    fn enter(&mut self, connection: ConnectionId, state: State, why: LinkChange) {
        let link = self.link(connection);
        let from = link.visible();
        link.state = state;
        let to = link.visible();
        if from != to {
            self.note(Note::Link { connection, from, to, why });
        }
    }

    fn connections(&self) -> Vec<ConnectionId> {
        let slots = |bank: &super::bank::BankState| {
            let id = bank.id;
            (0..bank.links.len()).map(move |slot| ConnectionId { bank: id, slot: slot as u16 })
        };
        self.core.banks.iter().flat_map(slots).collect()
    }

    fn link(&mut self, connection: ConnectionId) -> &mut Link {
        &mut self.core.banks[usize::from(connection.bank.0)].links[usize::from(connection.slot)]
    }

    fn bank_rules(&self, connection: ConnectionId) -> &'r rules::Bank {
        &self.rules.banks[usize::from(connection.bank.0)]
    }

    fn link_timer_key(&self, connection: ConnectionId) -> u32 {
        self.core.banks[usize::from(connection.bank.0)].first_timer + u32::from(connection.slot)
    }

    fn set_link_timer(&mut self, connection: ConnectionId, at: Mono) {
        self.core.wheel.set(self.link_timer_key(connection), at);
    }

    fn cancel_link_timer(&mut self, connection: ConnectionId) {
        self.core.wheel.cancel(self.link_timer_key(connection));
    }

    fn cancel_link_timer_if_down(&mut self, connection: ConnectionId) {
        if matches!(self.link(connection).state, State::Down) {
            self.cancel_link_timer(connection);
        }
    }
}
