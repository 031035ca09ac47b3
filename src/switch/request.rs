//! A request's way in: door, duplicate, route, a connection, the bank.

use super::{
    BankId, ConnectionId, Ignored, Note, Origin, Output, Refusal, Turn, answer, codes,
    duplicate::{Names, same_as_past, same_key, same_payment},
    finish::Ended,
    hold::Claim,
    instruction::{Instruction, Reject},
    matching, network,
    outbound::{adapt, left_behind, number, original_data, repeatable},
    pending::{Attached, Waiting},
    recall::speaks_of_another,
    recent::{Past, Standing},
    reversal,
    route::Facts,
};
use crate::{
    record::{PaymentId, Record},
    rules::{Acquirer, RrnPolicy},
};
use banklink_protocol::{
    DecodeError, Message,
    element::{OriginalData, Rrn, Stan},
};

impl Turn<'_> {
    /// A message from an acquirer.
    pub(super) fn request(&mut self, origin: Origin, message: Box<Message>) {
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
                let references = self.core.names.of(id, &instruction, profile, self.now.wall);
                let waiting = self.core.pendings.boxed(Waiting::new(origin, instruction, references));
                self.payment(waiting, message, false);
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
        self.reject(origin, partial, Reject { refusal: Refusal::Format, field });
    }

    /// Refuses at the door, before it is a payment.
    fn reject(&mut self, origin: Origin, message: Box<Message>, reject: Reject) {
        let acquirer = origin.acquirer();
        let mti = message.mti();
        let code = codes::refusal(self.profile(acquirer), reject.refusal);
        let response = mti.response().expect("only what has an answer comes here");
        // DE44 names the field of a format error only.
        let field = reject.field.filter(|_| reject.refusal == Refusal::Format);
        let answer = answer::to_request(message, response, code, field);
        self.answer(origin, answer, None);
        self.note(Note::Refused { acquirer, mti, code, why: reject.refusal, field: reject.field });
    }

    /// The acquirer's own sign-on, echo and the like: answered by the switch itself.
    fn acquirer_network(&mut self, origin: Origin, message: Box<Message>) {
        let acquirer = origin.acquirer();
        let version = self.profile(acquirer).dialect.version();
        let code = match network::function(&message) {
            Some(_) => codes::network_accepted(version),
            None => codes::unsupported(version),
        };
        let response = message.mti().response().expect("only what has an answer comes here");
        let answer = answer::to_request(message, response, code, None);
        self.answer(origin, answer, None);
        self.note(Note::AcquirerNetwork { acquirer, code });
    }

    /// A request that passed the door; what memory does not hold of its past is read back first, once.
    pub(super) fn payment(&mut self, waiting: Box<Waiting>, message: Box<Message>, past_is_read: bool) {
        let acquirer = waiting.origin.acquirer();
        let profile = self.profile(acquirer);
        if let Some(key) = self.in_flight(&waiting, profile) {
            return self.resend(key, waiting);
        }
        if let Some(past) = self.past(&waiting) {
            return self.again(&past, waiting);
        }
        // Before anything is refused: of what was approved before, nobody may be told that it was not.
        if !past_is_read && let Some(question) = self.question(&waiting) {
            return self.recall(waiting, message, question);
        }
        if self.core.draining {
            return self.refuse(waiting, Refusal::Draining);
        }
        if self.core.refusing {
            return self.refuse(waiting, Refusal::Recovering);
        }
        if waiting.instruction.mti.class() == 4 {
            return self.acquirer_reversal(waiting, message);
        }
        if self.core.tombstones.covers(waiting.references) {
            return self.refuse(waiting, Refusal::TakenBack);
        }
        if waiting.instruction.is_advice() {
            return self.advice(waiting, message);
        }
        if self.core.acquirers[usize::from(acquirer.0)].in_flight >= profile.max_in_flight {
            return self.refuse(waiting, Refusal::Full);
        }
        if !self.is_in_pace(&waiting) {
            return self.refuse(waiting, Refusal::TooMany);
        }
        self.online(waiting, message);
    }

    /// Does it come within the acquirer's rate? What only asks (DE3 30 to 39) has one of its own: a storm of status
    /// inquiries takes nothing from the payments.
    fn is_in_pace(&mut self, waiting: &Waiting) -> bool {
        let (id, now) = (waiting.origin.acquirer(), self.now.mono);
        let profile = self.profile(id);
        let asks = waiting.instruction.processing.is_some_and(|code| (30..=39).contains(&code.transaction_type()));
        let acquirer = self.core.acquirer(id);
        match asks {
            true => acquirer.inquiries.admits(now, profile.inquiry_rate),
            false => acquirer.payments.admits(now, profile.rate),
        }
    }

    /// A request that somebody waits for, on its way to a bank.
    fn online(&mut self, mut waiting: Box<Waiting>, message: Box<Message>) {
        match self.route(&mut waiting) {
            Ok(()) => {
                self.core.acquirer(waiting.origin.acquirer()).in_flight += 1;
                self.forward(waiting, message);
            }
            Err(refusal) => self.refuse(waiting, refusal),
        }
    }

    /// What was received under the same key and is not on its way any more.
    fn past(&self, waiting: &Waiting) -> Option<Past> {
        let past = self.core.recent.by_duplicate(waiting.references.duplicate)?;
        (past.standing != Standing::Received).then_some(*past)
    }

    /// A resend of what ended: the same answer again, to whoever asks for the same.
    fn again(&mut self, past: &Past, waiting: Box<Waiting>) {
        if !same_as_past(past, &waiting.instruction, waiting.references) {
            let (acquirer, payment, stan) = (past.acquirer, past.payment, waiting.instruction.stan);
            self.note(Note::DuplicateDiffers { acquirer, payment, stan });
            return self.refuse(waiting, Refusal::Duplicate);
        }
        match (past.standing, past.told) {
            (Standing::Approved | Standing::Declined | Standing::Taken | Standing::Unknown, Some(told)) => {
                self.replay(past, told, waiting);
            }
            // An advice was acknowledged, whatever became of it.
            (_, Some(told)) if waiting.instruction.is_advice() => self.replay(past, told, waiting),
            // What was reversed after its approval is not approved any more.
            _ => self.refuse(waiting, Refusal::Unanswered),
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
        if waiting.abandoned {
            // Its session ended while its past was being read.
            return self.core.pendings.done(waiting);
        }
        let Waiting { origin, instruction: Instruction { mti, pan_in_de2, kept, .. }, .. } = *waiting;
        first.attached.push(Attached { origin, mti, pan_in_de2, kept });
        self.core.acquirer(acquirer).in_flight += 1;
        self.note(Note::Attached { acquirer, payment });
    }

    /// Decides which banks may get it.
    pub(super) fn route(&mut self, waiting: &mut Waiting) -> Result<(), Refusal> {
        let instruction = &waiting.instruction;
        if speaks_of_another(instruction) {
            let past = self.original(waiting);
            if let Some((past, followed)) = past.and_then(|past| Some((past, past.followed()?))) {
                if !instruction.is_advice() && self.core.store.reverses(followed.payment) {
                    // While its reversal is stored, nothing else of a payment goes out.
                    return Err(Refusal::BeingReversed);
                }
                waiting.claim = match self.claim(instruction, &past, followed) {
                    Ok(claim) => claim,
                    // Nobody may decline an advice.
                    Err(_) if instruction.is_advice() => Claim::Uncovered,
                    Err(refusal) => return Err(refusal),
                };
                waiting.targets.push(followed.connection.bank);
                waiting.follows = Some(followed);
                return Ok(());
            }
        }
        let facts = Facts::of(waiting.origin.acquirer(), &waiting.instruction);
        let route = self.core.router.find(self.rules, &facts)?;
        waiting.targets = self.core.router.targets(self.rules, route);
        Ok(())
    }

    /// Sends to the first bank that is up and has room.
    pub(super) fn forward(&mut self, mut waiting: Box<Waiting>, mut message: Box<Message>) {
        let connection = match self.pick(&mut waiting) {
            Ok(connection) => connection,
            Err(refusal) => return self.finish(waiting, Ended::refused(refusal), None),
        };
        self.keep_as_it_came(&mut waiting, connection.bank, &message);
        if let Err((refusal, field)) = self.translate(&mut waiting, connection.bank, &mut message) {
            return self.finish(waiting, Ended::refused_for(refusal, field), None);
        }
        let Some((stan, transmission)) = self.core.bank(connection.bank).stans.choose(self.now.wall) else {
            return self.finish(waiting, Ended::refused(Refusal::NoBank), None);
        };
        self.assign_rrn(&mut waiting, stan);
        let bank = &self.rules.banks[usize::from(connection.bank.0)];
        let prepared = number(&mut message, stan, transmission).and_then(|()| adapt(&mut message, bank, &waiting));
        if let Err(error) = prepared {
            return self.finish(waiting, Ended::refused_for(Refusal::Untranslatable, Some(error.field)), None);
        }
        let original = original_data(&message, stan, transmission);
        self.send(waiting, connection, original, message);
    }

    /// Keeps a request as it came, should it certainly not leave and be tried elsewhere. Where both sides are of one edition it
    /// is had again out of what was to be sent.
    fn keep_as_it_came(&self, waiting: &mut Waiting, bank: BankId, message: &Message) {
        let acquirer = waiting.origin.acquirer();
        let crosses = self.rules.outbound[usize::from(acquirer.0)][usize::from(bank.0)].crosses();
        waiting.request = crosses.then(|| Box::new(message.clone()));
    }

    /// Puts a request into the dialect of a bank; the error names the field that does not go there.
    pub(super) fn translate(
        &mut self,
        waiting: &mut Waiting,
        bank: BankId,
        message: &mut Message,
    ) -> Result<(), (Refusal, Option<u8>)> {
        let acquirer = waiting.origin.acquirer();
        let translation = &self.rules.outbound[usize::from(acquirer.0)][usize::from(bank.0)];
        let (came, said) = (message.mti(), matching::response_code(message));
        let applied = translation.apply_to(message, self.now.wall.0);
        let dropped = applied.map_err(|error| (Refusal::Untranslatable, Some(error.field)))?;
        if let Some(field) = left_behind(message, dropped, came) {
            return Err((Refusal::Untranslatable, Some(field)));
        }
        if !dropped.is_empty() {
            waiting.lossy = true;
            self.note(Note::FieldsDropped { acquirer, bank, outbound: true, fields: dropped });
        }
        let profile = &self.rules.banks[usize::from(bank.0)];
        // By the word of the acquirer, or by that of the bank's edition for it.
        let carried = matching::response_code(message);
        let ours = [said, carried].into_iter().flatten().find(|code| profile.codes_out.contains_key(code));
        waiting.own_code = ours.filter(|_| carried.is_some());
        Ok(())
    }

    /// What follows a payment keeps its RRN.
    pub(super) fn assign_rrn(&self, waiting: &mut Waiting, stan: Stan) {
        if self.profile(waiting.origin.acquirer()).rrn == RrnPolicy::Assigned {
            let followed = waiting.follows.and_then(|followed| followed.rrn);
            waiting.own_rrn = followed.or_else(|| Some(Rrn::assigned(self.now.wall.0, stan)));
        }
    }

    /// Records and hands over.
    fn send(
        &mut self,
        mut waiting: Box<Waiting>,
        connection: ConnectionId,
        original: OriginalData,
        message: Box<Message>,
    ) {
        let payment = match waiting.id {
            Some(payment) => payment,
            None => self.receive(&mut waiting),
        };
        self.hold_takes(payment, &waiting);
        let instruction = &waiting.instruction;
        let bank = &self.rules.banks[usize::from(connection.bank.0)];
        self.commit(Record::Sent {
            payment,
            at: self.now.wall,
            acquirer: waiting.origin.acquirer(),
            connection,
            original,
            rrn: waiting.own_rrn.or(instruction.rrn),
            unanswered: reversal::unanswered(instruction, bank),
            body: repeatable(&message, instruction),
        });
        let state = self.core.bank(connection.bank);
        state.counters.sent += 1;
        let key = state.stans.find(original.stan).expect("just recorded");
        let expires = waiting.deadline;
        self.core.wheel.set(self.core.timer(key), expires);
        self.core.duplicates.insert(waiting.references.duplicate, key);
        self.core.pendings.get_mut(key).expect("just recorded").sent = self.now.mono;
        self.core.pendings.put_waiting(key, waiting);
        let send = self.core.pendings.send_id(key);
        self.output(Output::ToBank { connection, send, header: bank.header.clone(), message, expires });
    }

    /// Records that the request came in, and numbers it.
    pub(super) fn receive(&mut self, waiting: &mut Waiting) -> PaymentId {
        let payment = self.core.next_payment;
        let instruction = &waiting.instruction;
        waiting.id = Some(payment);
        let mut references = Names::lasting(instruction, waiting.references);
        if waiting.follows.is_some() && (instruction.is_advice() || waiting.claim != Claim::None) {
            // The RRN of a transaction names its first message.
            references.rrn = 0;
        }
        self.commit(Record::Received {
            payment,
            at: self.now.wall,
            acquirer: waiting.origin.acquirer(),
            mti: instruction.mti,
            processing: instruction.processing,
            amount: instruction.amount_received(),
            stan: instruction.stan,
            rrn: instruction.rrn,
            card: instruction.card(),
            references,
        });
        payment
    }

    /// The connection of the first bank that can take it in time; banks before it are given up.
    fn pick(&mut self, waiting: &mut Waiting) -> Result<ConnectionId, Refusal> {
        let mut refusal = Refusal::NoBank;
        let preferred = waiting.follows.map(|followed| followed.connection);
        while let Some(&bank) = waiting.targets.first() {
            let profile = &self.rules.banks[usize::from(bank.0)];
            waiting.deadline = waiting.origin.arrived() + profile.answer_timeout;
            if waiting.deadline <= self.now.mono {
                refusal = Refusal::TooLate;
            } else if !self.has_room_to_store(bank) {
                // Should it not be answered, its reversal could not be stored.
                refusal = Refusal::StoreFull;
            } else if let Some(connection) = self.core.bank(bank).pick(profile, &waiting.tried, preferred) {
                return Ok(connection);
            }
            waiting.targets.remove(0);
        }
        Err(refusal)
    }
}
