//! A request's way in: door, duplicate, route, a connection, the bank.

use super::{
    AcquirerId, ConnectionId, Ignored, NotSent, Note, Origin, Output, Refusal, SendId, Turn, answer, codes,
    core::Core,
    duplicate::{Names, same_key, same_payment},
    finish::Ended,
    instruction::{Instruction, Reject},
    matching, network,
    outbound::{left_behind, original_data, prepare},
    pending::{Attached, State, Waiting},
    recent::{Likeness, Past},
    route::Facts,
};
use crate::{
    record::Record,
    rules::{Acquirer, RrnPolicy},
};
use banklink_protocol::{DecodeError, Message, element::Rrn};

impl Turn<'_> {
    /// A message from an acquirer.
    pub(super) fn request(&mut self, origin: Origin, message: Message) {
        let id = origin.acquirer();
        let profile = self.profile(id);
        let mti = message.mti();
        if mti.response().is_none() {
            return self.note(Note::Ignored { acquirer: id, why: Ignored::NotARequest });
        }
        self.core.acquirer(id).requests += 1;
        if mti.class() == 8 {
            return self.acquirer_network(origin, message);
        }
        match Instruction::parse(&message, profile) {
            Err(reject) => self.reject(origin, message, reject),
            Ok(instruction) => {
                let references = self.core.names.of(id, &instruction, profile);
                let waiting = self.core.pendings.boxed(Waiting::new(origin, instruction, references));
                self.payment(waiting, message);
            }
        }
    }

    /// Bytes from an acquirer that do not decode: 30 with the field at fault, where an MTI could be read.
    pub(super) fn unreadable(&mut self, origin: Origin, error: DecodeError) {
        let acquirer = origin.acquirer();
        let Some(partial) = error.partial else {
            return self.note(Note::Ignored { acquirer, why: Ignored::NoMti });
        };
        if partial.mti().response().is_none() {
            return self.note(Note::Ignored { acquirer, why: Ignored::NotARequest });
        }
        self.core.acquirer(acquirer).requests += 1;
        let field = error.field.filter(|&field| field > 1);
        self.reject(origin, *partial, Reject { refusal: Refusal::Format, field });
    }

    /// Refuses at the door, before it is a payment.
    fn reject(&mut self, origin: Origin, message: Message, reject: Reject) {
        let acquirer = origin.acquirer();
        let mti = message.mti();
        let code = codes::refusal(self.profile(acquirer), reject.refusal);
        let response = mti.response().expect("only what has an answer comes here");
        // DE44 names the field of a format error only.
        let field = reject.field.filter(|_| reject.refusal == Refusal::Format);
        let answer = answer::to_request(message, response, code, field);
        self.answer(origin, answer);
        self.note(Note::Refused { acquirer, mti, code, why: reject.refusal, field: reject.field });
    }

    /// The acquirer's own sign-on, echo and the like: answered by the switch itself.
    fn acquirer_network(&mut self, origin: Origin, message: Message) {
        let acquirer = origin.acquirer();
        let version = self.profile(acquirer).dialect.version();
        let code = match network::function(&message) {
            Some(_) => codes::network_accepted(version),
            None => codes::unsupported(version),
        };
        let response = message.mti().response().expect("only what has an answer comes here");
        let answer = answer::to_request(message, response, code, None);
        self.answer(origin, answer);
        self.note(Note::AcquirerNetwork { acquirer, code });
    }

    /// A request that passed the door.
    fn payment(&mut self, mut waiting: Box<Waiting>, message: Message) {
        let acquirer = waiting.origin.acquirer();
        let profile = self.profile(acquirer);
        if let Some(key) = self.in_flight(&waiting, profile) {
            return self.resend(key, waiting);
        }
        if self.core.draining {
            return self.refuse(waiting, Refusal::Draining);
        }
        if self.core.acquirers[usize::from(acquirer.0)].in_flight >= profile.max_in_flight {
            return self.refuse(waiting, Refusal::Full);
        }
        if let Some(refusal) = self.sent_before(&waiting) {
            return self.refuse(waiting, refusal);
        }
        match self.route(&mut waiting) {
            Ok(()) => {
                self.core.acquirer(acquirer).in_flight += 1;
                self.forward(waiting, message);
            }
            Err(refusal) => self.refuse(waiting, refusal),
        }
    }

    /// Why a payment that a bank was sent before does not go there again. A reversal that was not answered does: it must
    /// arrive, and takes effect once however often it comes.
    fn sent_before(&self, waiting: &Waiting) -> Option<Refusal> {
        let past = self.core.recent.by_duplicate(waiting.references.duplicate)?;
        match (past.answered, waiting.instruction.mti.class()) {
            (true, _) => Some(Refusal::Duplicate),
            (false, 4) => None,
            (false, _) => Some(Refusal::Unanswered),
        }
    }

    /// The entry of the same payment, if it is on its way.
    fn in_flight(&self, waiting: &Waiting, profile: &Acquirer) -> Option<u32> {
        let acquirer = waiting.origin.acquirer();
        self.core.duplicates.find(waiting.references.duplicate, |key| {
            let first = self.core.pendings.waiting(key).expect("a key in flight has its request");
            first.origin.acquirer() == acquirer && same_key(&first.instruction, &waiting.instruction, profile)
        })
    }

    /// A resend of a request in flight joins it; with another amount or card it is refused.
    fn resend(&mut self, key: u32, waiting: Box<Waiting>) {
        let acquirer = waiting.origin.acquirer();
        let full = self.core.acquirer(acquirer).in_flight >= self.profile(acquirer).max_in_flight;
        let first = self.core.pendings.waiting_mut(key).expect("a key in flight has its request");
        let payment = first.id.expect("what is in flight is recorded");
        if !same_payment(&first.instruction, &waiting.instruction) {
            let stan = waiting.instruction.stan;
            self.note(Note::DuplicateDiffers { acquirer, payment, stan });
            return self.refuse(waiting, Refusal::Duplicate);
        }
        if full {
            return self.refuse(waiting, Refusal::Full);
        }
        let Waiting { origin, instruction: Instruction { mti, pan_in_de2, kept, .. }, .. } = *waiting;
        first.attached.push(Attached { origin, mti, pan_in_de2, kept });
        self.core.acquirer(acquirer).in_flight += 1;
        self.note(Note::Attached { acquirer, payment });
    }

    /// Decides which banks may get it.
    fn route(&mut self, waiting: &mut Waiting) -> Result<(), Refusal> {
        if waiting.instruction.follows() || waiting.instruction.mti.is_repeat() {
            if let Some(past) = self.original(waiting) {
                waiting.targets.push(past.connection.bank);
                waiting.preferred = Some(past.connection);
                waiting.original = Some(past.original);
                waiting.original_rrn = past.rrn;
                return Ok(());
            }
            if waiting.instruction.mti.class() == 4 {
                return Err(Refusal::NoOriginal);
            }
        }
        let facts = Facts::of(waiting.origin.acquirer(), &waiting.instruction);
        let route = self.core.router.find(self.rules, &facts)?;
        waiting.targets = self.core.router.targets(self.rules, route);
        Ok(())
    }

    /// The recent payment that a reversal, completion or repeat speaks of.
    fn original(&mut self, waiting: &Waiting) -> Option<Past> {
        let acquirer = waiting.origin.acquirer();
        let Core { recent, names, .. } = &mut *self.core;
        let like = Likeness { rrn: waiting.references.rrn, card: waiting.instruction.card() };
        match &waiting.instruction.original {
            Some(original) => recent.by_trace(names.original(acquirer, original), like),
            None => recent.by_rrn(like).or_else(|| recent.by_trace(waiting.references.trace, like)),
        }
    }

    /// Sends to the first bank that is up and has room.
    fn forward(&mut self, mut waiting: Box<Waiting>, mut message: Message) {
        let connection = match self.pick(&mut waiting) {
            Ok(connection) => connection,
            Err(refusal) => return self.finish(waiting, Ended::refused(refusal), None),
        };
        let acquirer = waiting.origin.acquirer();
        let translation = &self.rules.outbound[usize::from(acquirer.0)][usize::from(connection.bank.0)];
        let dropped = match translation.apply_to(&mut message) {
            Ok(dropped) => dropped,
            Err(error) => {
                return self.finish(waiting, Ended::refused_for(Refusal::Untranslatable, error.field), None);
            }
        };
        if let Some(field) = left_behind(&message, dropped) {
            return self.finish(waiting, Ended::refused_for(Refusal::Untranslatable, field), None);
        }
        if !dropped.is_empty() {
            waiting.lossy = true;
            self.note(Note::FieldsDropped { acquirer, bank: connection.bank, outbound: true, fields: dropped });
        }
        let Some((stan, transmission)) = self.core.bank(connection.bank).stans.choose(self.now.wall) else {
            return self.finish(waiting, Ended::refused(Refusal::NoBank), None);
        };
        if self.profile(acquirer).rrn == RrnPolicy::Assigned {
            // What follows a payment keeps its RRN.
            waiting.own_rrn = waiting.original_rrn.or_else(|| Some(Rrn::assigned(self.now.wall.0, stan)));
        }
        let bank = &self.rules.banks[usize::from(connection.bank.0)];
        waiting.own_code = matching::response_code(&message).filter(|code| bank.codes_out.contains_key(code));
        if let Err(error) = prepare(&mut message, bank, &waiting, stan, transmission) {
            return self.finish(waiting, Ended::refused_for(Refusal::Untranslatable, error.field), None);
        }
        let original = original_data(&message, stan, transmission);
        self.send(waiting, connection, original, message);
    }

    /// Records and hands over.
    fn send(
        &mut self,
        mut waiting: Box<Waiting>,
        connection: ConnectionId,
        original: banklink_protocol::element::OriginalData,
        message: Message,
    ) {
        let payment = match waiting.id {
            Some(payment) => payment,
            None => self.receive(&mut waiting),
        };
        let instruction = &waiting.instruction;
        let references = waiting.references;
        self.commit(Record::Sent {
            payment,
            at: self.now.wall,
            connection,
            original,
            rrn: waiting.own_rrn.or(instruction.rrn),
            amount: instruction.money(),
            card: instruction.card(),
            references: Names::lasting(instruction, references),
        });
        let bank = self.core.bank(connection.bank);
        bank.counters.sent += 1;
        let key = bank.stans.find(original.stan).expect("just recorded");
        let header = self.rules.banks[usize::from(connection.bank.0)].header.clone();
        let expires = waiting.deadline;
        self.core.wheel.set(self.core.timer(key), expires);
        self.core.duplicates.insert(references.duplicate, key);
        self.core.pendings.get_mut(key).expect("just recorded").sent = self.now.mono;
        self.core.pendings.put_waiting(key, waiting);
        let send = self.core.pendings.send_id(key);
        self.output(Output::ToBank { connection, send, header, message, expires });
    }

    /// Records that the request came in, and numbers it.
    fn receive(&mut self, waiting: &mut Waiting) -> crate::record::PaymentId {
        let payment = self.core.next_payment;
        let instruction = &waiting.instruction;
        waiting.id = Some(payment);
        self.commit(Record::Received {
            payment,
            at: self.now.wall,
            acquirer: waiting.origin.acquirer(),
            mti: instruction.mti,
            processing: instruction.processing,
            amount: instruction.money(),
            stan: instruction.stan,
            rrn: instruction.rrn,
            card: instruction.card(),
            key: waiting.references.duplicate,
        });
        payment
    }

    /// The connection of the first bank that can take it in time; banks before it are given up.
    fn pick(&mut self, waiting: &mut Waiting) -> Result<ConnectionId, Refusal> {
        let mut refusal = Refusal::NoBank;
        while let Some(&bank) = waiting.targets.first() {
            let profile = &self.rules.banks[usize::from(bank.0)];
            waiting.deadline = waiting.origin.arrived() + profile.answer_timeout;
            if waiting.deadline <= self.now.mono {
                refusal = Refusal::TooLate;
            } else if let Some(connection) = self.core.bank(bank).pick(profile, &waiting.tried, waiting.preferred) {
                return Ok(connection);
            }
            waiting.targets.remove(0);
        }
        Err(refusal)
    }

    /// A send of which certainly no byte left: tried elsewhere while there is time, else declined; no reversal.
    pub(super) fn not_sent(&mut self, send: SendId, why: NotSent, message: Option<Message>) {
        let Some(key) = self.core.pendings.by_send_id(send) else { return };
        let pending = self.core.pendings.get(key).expect("found by its number");
        let (connection, stan) = (pending.connection, pending.stan);
        let payment = match pending.state {
            State::Network(exchange) => return self.exchange_unsent(key, connection, exchange),
            State::Payment(payment) | State::Late(payment) => payment,
        };
        self.core.bank(connection.bank).counters.not_sent += 1;
        let waiting = self.take_waiting(key);
        self.commit(Record::NotSent { payment, at: self.now.wall, bank: connection.bank, stan });
        let Some(mut waiting) = waiting else {
            // It timed out before: nothing is unknown about it any more.
            return self.note(Note::NotSent { connection, stan, why, failover: false });
        };
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
    }

    /// The acquirer's request again, out of what was to be sent to a bank; `None` where something was lost on the way.
    fn regain(&mut self, waiting: &mut Waiting, from: ConnectionId, mut message: Message) -> Option<Message> {
        if waiting.lossy || waiting.targets.is_empty() {
            return None;
        }
        let acquirer = waiting.origin.acquirer();
        let translation = &self.rules.inbound[usize::from(from.bank.0)][usize::from(acquirer.0)];
        if !translation.apply_to(&mut message).ok()?.is_empty() {
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
    }
}
