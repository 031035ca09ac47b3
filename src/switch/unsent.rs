//! What certainly did not leave, and who is not there any more.

use super::{
    AcquirerId, ConnectionId, NotSent, Note, Origin, Refusal, SendId, Turn, answer,
    finish::Ended,
    pending::{State, Waiting},
};
use crate::record::Record;
use banklink_protocol::Message;

impl Turn<'_> {
    /// A send of which certainly no byte left: tried elsewhere while there is time, else declined; no reversal.
    pub(super) fn not_sent(&mut self, send: SendId, why: NotSent, message: Option<Box<Message>>) {
        let Some(key) = self.core.pendings.by_send_id(send) else { return };
        let pending = self.core.pendings.get(key).expect("found by its number");
        let (connection, stan) = (pending.connection, pending.stan);
        let payment = match pending.state {
            State::Network(exchange) => return self.exchange_unsent(key, connection, exchange),
            State::Stored(item) => return self.stored_unsent(key, item, why),
            State::Payment(payment) => payment,
            // It was answered meanwhile, or timed out: its reversal goes on, and finds nothing.
            State::Ended(_) => return self.note(Note::NotSent { connection, stan, why, failover: false }),
        };
        self.core.bank(connection.bank).counters.not_sent += 1;
        let waiting = self.take_waiting(key);
        self.commit(Record::NotSent { payment, at: self.now.wall, bank: connection.bank, stan });
        let mut waiting = waiting.expect("somebody waits for every payment in flight");
        if matches!(why, NotSent::Encode) {
            waiting.targets.retain(|bank| *bank != connection.bank);
        } else {
            waiting.tried.push(connection);
        }
        let again = message
            .filter(|_| why != NotSent::Expired)
            .and_then(|message| self.regain(&mut waiting, connection, message));
        self.note(Note::NotSent { connection, stan, why, failover: again.is_some() });
        match again {
            Some(message) => self.forward(waiting, message),
            None if why == NotSent::Expired => self.finish(waiting, Ended::refused(Refusal::TooLate), None),
            None if why == NotSent::Encode => self.finish(waiting, Ended::refused(Refusal::Untranslatable), None),
            None => self.finish(waiting, Ended::refused(Refusal::NotSent), None),
        }
        self.settle_held(connection);
    }

    /// The acquirer's request again, out of what was to be sent to a bank; `None` where something was lost on the way.
    fn regain(&mut self, waiting: &mut Waiting, from: ConnectionId, mut message: Box<Message>) -> Option<Box<Message>> {
        let acquirer = waiting.origin.acquirer();
        let translation = &self.rules.inbound[usize::from(from.bank.0)][usize::from(acquirer.0)];
        if let Some(request) = waiting.request.take() {
            return (!waiting.targets.is_empty()).then_some(request);
        }
        if waiting.lossy || waiting.targets.is_empty() || translation.crosses() {
            return None;
        }
        if !translation.apply_to(&mut message, self.now.wall.0).ok()?.is_empty() {
            return None;
        }
        let bank = &self.rules.banks[usize::from(from.bank.0)];
        if let Some(code) = waiting.own_code {
            message.set(39, code.as_bytes()).ok()?;
        }
        answer::undo(&mut message, &waiting.instruction, bank).then_some(message)
    }

    /// Takes who waits out of an entry, with the timer and the key in flight.
    pub(super) fn take_waiting(&mut self, key: u32) -> Option<Box<Waiting>> {
        let waiting = self.core.pendings.take_waiting(key)?;
        self.core.wheel.cancel(self.core.timer(key));
        self.core.duplicates.remove(waiting.references.duplicate, key);
        Some(waiting)
    }

    /// An acquirer's session ended: nobody waits there any more, but the payments go on.
    pub(super) fn session_closed(&mut self, acquirer: AcquirerId, session: super::SessionId) {
        let closed = |origin: &Origin| origin.acquirer() == acquirer && origin.session() == session;
        let mut gone = 0;
        for (_, waiting) in self.core.pendings.all_waiting() {
            waiting.abandoned |= closed(&waiting.origin);
            let before = waiting.attached.len();
            waiting.attached.retain(|attached| !closed(&attached.origin));
            gone += before - waiting.attached.len();
        }
        self.core.acquirer(acquirer).in_flight -= gone;
        for waiting in self.core.recalls.waiting() {
            waiting.abandoned |= closed(&waiting.origin);
        }
    }
}
