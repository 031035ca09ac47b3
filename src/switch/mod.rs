//! The switch: a pure machine. `Input` in, `Output` out; time is told, nothing is asked, nothing waits.
//!
//! A request's way: [`request`] (door: `instruction`; resends: `duplicate`; banks: `route`; our trace numbers: `stan`;
//! the bank's form: `outbound`) → the bank → [`response`] (whose: `matching`) or the timer (`wheel`) → [`finish`] (the
//! answer: `answer`). What nobody may rely on (`doubt`) is taken back (`reversal`); what an acquirer takes back or advises
//! is taken over (`takeover`). Both are stored (`store`) and delivered however long it takes (`delivery`). What a
//! pre-authorisation holds, and who takes of it, is counted (`hold`). Connections live in `link`. What memory (`recent`) holds no more is read back from what was recorded (`recall`). What lasts is changed by
//! Records alone, in `apply`.

mod amount;
mod answer;
mod answers;
mod apply;
mod bank;
mod check;
mod clocks;
mod codes;
mod core;
mod delivery;
mod doubt;
mod duplicate;
pub mod explain;
mod finish;
mod hold;
mod ids;
mod input;
mod instruction;
mod kept;
mod lasting;
mod link;
mod matching;
mod network;
mod notes;
mod outbound;
mod outbox;
mod output;
mod pace;
mod pending;
mod random;
mod recall;
mod recent;
mod rejected;
mod request;
mod response;
mod reversal;
mod revived;
mod route;
mod snapshot;
mod stan;
mod store;
mod takeover;
#[cfg(test)]
mod tests;
mod tombstone;
mod undelivered;
mod under_way;
mod unsent;
mod watch;
mod wheel;

pub use codes::took_reversal;
pub use ids::{AcquirerId, BankId, ConnectionId, Origin, SendId, SessionId};
pub use input::{Input, NotSent};
pub use notes::{Ignored, LinkChange, LinkState, Note, OutcomeKind, PaymentNote, Refusal};
pub use output::Output;
pub use snapshot::{AcquirerSnapshot, BankCounters, BankSnapshot, ConnectionSnapshot, Snapshot, StoredSnapshot};

use self::{
    core::{Core, Owner},
    pending::State,
};
use crate::{
    clock::{Mono, Now, Wall},
    record::{PaymentId, Record},
    rules::{Acquirer, Rules},
};
use banklink_protocol::element::{Stan, Transmission};
use std::{collections::VecDeque, sync::Arc};

/// The machine.
pub struct Switch {
    rules: Arc<Rules>,
    core: Core,
}

impl Switch {
    /// A fresh machine; `seed` feeds jitter, first STANs and key hashing and nothing else. It asks for its connections at
    /// once.
    ///
    /// # Panics
    /// Where [`Rules::check`] does not hold: the configuration lets no such rules through.
    #[must_use]
    pub fn new(rules: Arc<Rules>, now: Now, seed: u64) -> Self {
        Self::with_key(rules, now, seed, None)
    }

    /// A fresh machine whose digests of names are keyed with `key`: the digests of Records made under the same key are its
    /// own.
    ///
    /// # Panics
    /// As [`Switch::new`].
    #[must_use]
    pub fn with_key(rules: Arc<Rules>, now: Now, seed: u64, key: Option<[u8; 16]>) -> Self {
        rules.check().expect("rules are checked before a switch is made of them");
        let core = Core::new(&rules, now, seed, key);
        let mut switch = Self { rules, core };
        switch.turn(now).connect_all();
        switch
    }

    /// The numbers that a bank was sent so far end with these, whatever Records say of them are applied.
    pub fn numbers_stand_at(&mut self, bank: BankId, stan: Stan, transmission: Transmission, at: Wall) {
        if let Some(bank) = self.core.banks.get_mut(usize::from(bank.0)) {
            bank.stans.stand_at(stan, transmission, at);
        }
    }

    /// All numbers of payments below this one are taken. What went by them is not remembered, unless Records of it are
    /// applied: where it matters it is asked for ([`Output::Recall`]).
    pub fn payments_stand_at(&mut self, next: PaymentId) {
        self.core.next_payment = self.core.next_payment.max(next);
        if next > PaymentId(1) {
            self.core.recent.begins_late();
        }
    }

    /// What is not remembered of a terminal ([`References::terminal`](crate::record::References::terminal)) reaches up to this
    /// moment of its clock.
    pub fn clock_stands_at(&mut self, terminal: u16, clock: u32) {
        self.core.recent.clock_stands_at(terminal, clock);
    }

    /// New requests are refused (96) as long as this is set: nothing more can be made durable. What is under way goes on.
    pub const fn refuse_new(&mut self, refuse: bool) {
        self.core.refusing = refuse;
    }

    /// To be called once when all Records of an earlier life are applied, before any input: what was with a bank is in
    /// doubt now, and taken back.
    pub fn recover(&mut self, now: Now) {
        self.turn(now).recover();
    }

    /// The machine is about to be thrown away, since what it recorded cannot be made durable: drops all that it wanted done
    /// and answers everybody who waits with 96. Nothing of it is recorded.
    pub fn abandon(&mut self, now: Now) {
        self.core.outputs.clear();
        self.turn(now).abandon();
    }

    /// A machine that takes the place of this one while what was recorded cannot be read: it knows what it does not know,
    /// and asks for it ([`Output::Recall`]) where it matters. To be told to refuse what is new.
    #[must_use]
    pub fn without_memory(&self, rules: Arc<Rules>, now: Now, seed: u64) -> Self {
        let mut machine = Self::with_key(rules, now, seed, Some(self.core.names.key()));
        machine.core.recent.forget_as(&self.core.recent);
        machine
    }

    /// Decides. `now` never goes back in `now.mono`; `now.wall` may step.
    pub fn handle(&mut self, now: Now, input: Input) {
        let mut turn = self.turn(now);
        match input {
            Input::Request { origin, message } => turn.request(origin, message),
            Input::Unreadable { origin, error } => turn.unreadable(origin, error),
            Input::FromBank { connection, header, message } => turn.bank_message(connection, header, message),
            Input::Rejected { connection, message, code, .. } => turn.rejected(connection, &message, code),
            Input::UnreadableFromBank { connection, error } => turn.unreadable_from_bank(connection, &error),
            Input::NotSent { connection: _, send, why, message } => turn.not_sent(send, why, message),
            Input::NotDelivered { payment } => turn.not_delivered(payment),
            Input::Recalled { ticket, records } => turn.recalled(ticket, records),
            Input::Decide { item, decision, by } => turn.decide(item, decision, by),
            Input::Operate { ticket, operation, by } => turn.operate(ticket, operation, by),
            Input::Renew { connection } => turn.renew(connection),
            Input::ConnectionUp { connection } => turn.connection_up(connection),
            Input::ConnectionDown { connection } => turn.connection_down(connection),
            Input::SessionClosed { acquirer, session } => turn.session_closed(acquirer, session),
            Input::Drain => turn.drain(),
            Input::Tick => turn.tick(),
            Input::Rules(rules) => self.replace(rules),
        }
    }

    /// The only place lasting state changes; recovery is apply alone.
    pub fn apply(&mut self, record: &Record) {
        self.core.apply(record);
    }

    /// The next thing to be done, in order.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.core.outputs.pop()
    }

    /// Takes all that is to be done, as [`Switch::poll_output`] does one by one: the Records behind those that are there,
    /// and what is to leave once these are durable, in order, for an empty queue.
    pub fn take_outputs(&mut self, records: &mut Vec<Record>, outputs: &mut VecDeque<Output>) {
        self.core.outputs.take(records, outputs);
    }

    /// When to call with `Input::Tick`; at most a millisecond and a half after the earliest timer.
    #[must_use]
    pub fn deadline(&self) -> Option<Mono> {
        self.core.wheel.deadline()
    }

    /// Every bank's and acquirer's state and totals; allocates, so for people and not for every payment.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        self.core.snapshot(&self.rules)
    }

    /// The messages stored for banks, oldest first.
    #[must_use]
    pub fn stored(&self) -> Vec<StoredSnapshot> {
        self.core.stored()
    }

    /// Can at least one bank take payments (and is the switch not draining)?
    #[must_use]
    pub fn ready(&self) -> bool {
        !self.core.draining && self.core.banks.iter().flat_map(|bank| &bank.links).any(link::Link::takes_payments)
    }

    /// Everything that a fold of all Records makes of a fresh machine, in lines that can be compared. Long.
    #[must_use]
    pub fn lasting(&self) -> Vec<String> {
        self.core.lasting()
    }

    /// Asserts the invariants.
    pub fn check(&self) {
        self.core.check(&self.rules);
    }

    fn turn(&mut self, now: Now) -> Turn<'_> {
        Turn { rules: &self.rules, core: &mut self.core, now }
    }

    /// Puts new rules in the place of the old ones, if they speak of the same acquirers and banks.
    fn replace(&mut self, rules: Arc<Rules>) {
        let refused = match rules.check() {
            Err(why) => Some(why),
            Ok(()) if !rules.replaces(&self.rules) => {
                Some("acquirers, banks, connections, dialects and duplicate keys stay as they are")
            }
            Ok(()) => None,
        };
        let note = match refused {
            Some(why) => Note::RulesRefused { why },
            None => {
                self.core.router = route::Router::compile(&rules);
                self.core.router.set_off(&self.core.off);
                self.rules = rules;
                Note::RulesApplied
            }
        };
        self.core.outputs.push(Output::Note(note));
    }
}

/// One input being handled: the rules, the state, and what time it is.
struct Turn<'r> {
    rules: &'r Rules,
    core: &'r mut Core,
    now: Now,
}

impl<'r> Turn<'r> {
    /// Timers that are due.
    fn tick(&mut self) {
        while let Some(timer) = self.core.wheel.expired(self.now.mono) {
            match self.core.owner(timer) {
                Owner::Connection(connection) => self.link_timer(connection),
                Owner::Queue(bank) => self.queue_timer(bank),
                Owner::Undelivered(acquirer) => self.undelivered_due(acquirer),
                Owner::Recalls => self.recalls_due(),
                Owner::Entry(key) => self.entry_timer(key),
            }
        }
    }

    fn entry_timer(&mut self, key: u32) {
        let pending = self.core.pendings.get(key).expect("every timer has its entry");
        let (state, connection) = (pending.state, pending.connection);
        match state {
            State::Payment(_) => self.timed_out(key),
            State::Network(exchange) => self.exchange_timed_out(connection, exchange),
            State::Stored(item) => self.stored_timer(item),
            State::Ended(_) => unreachable!("an ended entry has no timer"),
        }
    }

    /// Makes a lasting change, and says so to whoever keeps Records.
    fn commit(&mut self, record: Record) {
        self.core.apply(&record);
        self.core.outputs.record(record);
    }

    fn output(&mut self, output: Output) {
        self.core.outputs.push(output);
    }

    fn note(&mut self, note: Note) {
        self.output(Output::Note(note));
    }

    fn profile(&self, acquirer: AcquirerId) -> &'r Acquirer {
        &self.rules.acquirers[usize::from(acquirer.0)]
    }
}
