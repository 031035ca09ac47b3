//! A bank's message on its way in: an answer to one of our requests, or a request of its own.

use super::{
    BankId, ConnectionId, Note, Output, Turn, amount, answer, codes,
    doubt::part,
    finish::{Ended, How, Part},
    link::Asked,
    matching::{self, Match},
    network::{self, Function},
    pending::{State, Waiting},
    undelivered::Approval,
};
use crate::{
    clock::Mono,
    record::{Doubt, Outcome, PaymentId, Unanswered},
};
use banklink_protocol::{
    DecodeError, Message,
    element::{ResponseCode, Stan},
    frame::Header,
};

impl Turn<'_> {
    /// A message from a bank.
    pub(super) fn bank_message(&mut self, connection: ConnectionId, header: Header, message: Box<Message>) {
        self.heard(connection);
        if message.mti().is_response() {
            self.bank_answer(connection, message);
        } else if message.mti().response().is_some() {
            self.bank_request(connection, header, message);
        } else {
            self.unknown_answer(connection, &message, None);
        }
    }

    /// Bytes from a bank that do not decode: counted and dropped. Were they an answer, its request's timer decides.
    pub(super) fn unreadable_from_bank(&mut self, connection: ConnectionId, error: &DecodeError) {
        self.heard(connection);
        self.core.bank(connection.bank).counters.unusable += 1;
        let DecodeError { field, offset, reason, .. } = *error;
        self.note(Note::UnreadableFromBank { connection, field, offset, reason });
    }

    /// An answer: to a payment in flight, to one that timed out, to a network message, or to nothing we know.
    fn bank_answer(&mut self, connection: ConnectionId, message: Box<Message>) {
        let Some(stan) = trace(&message) else { return self.unknown_answer(connection, &message, None) };
        let found = self.core.banks[usize::from(connection.bank.0)].stans.find(stan);
        let Some((key, state)) = found.and_then(|key| Some((key, self.named(key, stan, &message)?))) else {
            return self.unknown_answer(connection, &message, None);
        };
        match state {
            State::Network(exchange) => self.exchange_answered(key, connection, exchange, &message),
            State::Ended(payment) => self.late_answer(key, connection, payment, &message),
            State::Stored(item) => self.stored_answer(key, item, connection, &message),
            State::Payment(payment) => {
                if self.core.pendings.waiting(key).is_some_and(|waiting| waiting.deadline <= self.now.mono) {
                    // Its time is up, though the timer has not been asked yet: exactly one of both wins.
                    self.timed_out(key);
                    return self.late_answer(key, connection, payment, &message);
                }
                self.payment_answer(key, connection, message);
            }
        }
    }

    /// The entry under this STAN, if it is of the answer's class at all.
    fn named(&self, key: u32, stan: Stan, message: &Message) -> Option<State> {
        let pending = self.core.pendings.get(key)?;
        (pending.stan == stan && pending.mti.class() == message.mti().class()).then_some(pending.state)
    }

    /// An answer under the STAN of a payment in flight.
    fn payment_answer(&mut self, key: u32, connection: ConnectionId, message: Box<Message>) {
        let bank = &self.rules.banks[usize::from(connection.bank.0)];
        let pending = self.core.pendings.get(key).expect("found by its STAN");
        let waiting = self.core.pendings.waiting(key).expect("somebody waits for every payment in flight");
        match matching::verify(&message, pending, waiting, bank) {
            Match::Another { field } => self.unknown_answer(connection, &message, Some(field)),
            Match::Unusable { field } => {
                let (stan, payment) = (pending.stan, waiting.id.expect("what is in flight is recorded"));
                self.core.bank(connection.bank).counters.unusable += 1;
                self.note(Note::Unusable { connection, payment, stan, field });
            }
            Match::Fits { code, approved, amount } => {
                self.answered(key, connection, message, Said { code, approved, amount });
            }
        }
    }

    /// The answer.
    fn answered(&mut self, key: u32, connection: ConnectionId, mut message: Box<Message>, said: Said) {
        let Said { code, approved, .. } = said;
        let pending = self.core.pendings.get(key).expect("found by its STAN");
        let (sent, unanswered) = ((pending.connection, pending.stan, pending.sent), pending.unanswered);
        self.answers_again(sent.0);
        self.bank_answers(connection.bank);
        let counters = &mut self.core.bank(connection.bank).counters;
        *(if approved { &mut counters.approved } else { &mut counters.declined }) += 1;
        let waiting = self.core.pendings.waiting(key).expect("somebody waits for every payment in flight");
        if let Some((why, told)) = self.reservation(waiting, connection.bank, said) {
            let part = part(&message, waiting.instruction.amount);
            return self.doubt_answer(key, why, Some(told), part);
        }
        let outcome = outcome(&message, waiting, said);
        let reversible = approved && unanswered == Unanswered::Reverse;
        if reversible {
            self.approval(key, outcome);
        }
        let waiting = self.take_waiting(key).expect("just seen");
        let bank = &self.rules.banks[usize::from(connection.bank.0)];
        let edition = self.profile(waiting.origin.acquirer()).dialect.version();
        let told = codes::told(bank, code, approved, edition);
        self.inbound(connection, &waiting, &mut message, told);
        if let Outcome::Approved { partial: Some(amount), .. } = outcome
            && amount::of(&message) != Some(amount)
        {
            // Nothing may be said of the amount but what was approved.
            let _ = amount::set(&mut message, amount, waiting.instruction.kept.get(4));
        }
        let how = match approved {
            true => How::Approved { outcome, code: told, reversible },
            false => How::Declined { outcome, code: told },
        };
        self.finish(waiting, Ended { sent: Some(sent), how }, Some(message));
    }

    /// Why an answer is not passed on though it fits, and what the acquirer is told instead: a code that says nothing to
    /// us, or an approval of a part for an acquirer that takes none.
    fn reservation(&self, waiting: &Waiting, bank: BankId, said: Said) -> Option<(Doubt, ResponseCode)> {
        let Said { code, approved, amount } = said;
        let bank = &self.rules.banks[usize::from(bank.0)];
        let profile = self.profile(waiting.origin.acquirer());
        if !codes::is_known(bank, code) {
            return Some((Doubt::UnknownCode, codes::told(bank, code, false, profile.dialect.version())));
        }
        let instruction = &waiting.instruction;
        let part = amount.is_some() && amount != instruction.amount;
        let taken = profile.partial_approvals || instruction.takes_part;
        (approved && part && !taken).then(|| (Doubt::Part, codes::not_enough(profile.dialect.version())))
    }

    /// Keeps an approval at hand until it is delivered: should it not be, it is reversed, with what was approved.
    fn approval(&mut self, key: u32, outcome: Outcome) {
        let pending = self.core.pendings.get(key).expect("found by its STAN");
        let State::Payment(payment) = pending.state else { return };
        let (acquirer, connection, original) = (pending.acquirer, pending.connection, pending.original());
        let body = self.core.pendings.take_body(key);
        let said = match outcome {
            Outcome::Approved { authorization, partial: amount, .. } => Part { amount, authorization },
            _ => Part::default(),
        };
        let waiting = self.core.pendings.waiting(key).expect("somebody waits for every payment in flight");
        let copies = usize::from(!waiting.abandoned) + waiting.attached.len();
        let until = Mono(0);
        self.core.undelivered.given(Approval { payment, acquirer, connection, original, body, said, copies, until });
    }

    /// The bank's answer in the acquirer's dialect, with the acquirer's code.
    fn inbound(&mut self, connection: ConnectionId, waiting: &Waiting, message: &mut Message, told: ResponseCode) {
        let acquirer = waiting.origin.acquirer();
        let translation = &self.rules.inbound[usize::from(connection.bank.0)][usize::from(acquirer.0)];
        match translation.apply_to(message, self.now.wall.0) {
            Ok(dropped) => {
                if !dropped.is_empty() {
                    let bank = connection.bank;
                    self.note(Note::FieldsDropped { acquirer, bank, outbound: false, fields: dropped });
                }
                if matching::response_code(message) != Some(told) {
                    // A code that the acquirer's dialect cannot carry cannot pass the check of the configuration.
                    let _ = message.set(39, told.as_bytes());
                }
            }
            Err(_) => {
                // The acquirer must learn the outcome whatever its dialect makes of the rest.
                let addressee = answer::Addressee::first(&waiting.instruction);
                let mut own = addressee.own(&self.profile(acquirer).dialect, told, None);
                if let Some(authorization) = message.array::<6>(38) {
                    let _ = own.set(38, &authorization);
                }
                *message = own;
            }
        }
    }

    /// An answer after its time-out: counted; the time-out stands. What may be booked though its reversal was refused is
    /// reversed anew.
    fn late_answer(&mut self, key: u32, connection: ConnectionId, payment: PaymentId, message: &Message) {
        let bank = &self.rules.banks[usize::from(connection.bank.0)];
        let pending = self.core.pendings.get(key).expect("found by its STAN");
        if matching::another_transmission(message, &pending.transmission, bank) {
            return self.unknown_answer(connection, message, Some(7));
        }
        let code = matching::response_code(message);
        let approved = code.is_some_and(|code| matching::approves(code, pending, bank));
        // Who says what means nothing to us may have booked it.
        let may_be_booked = approved || code.is_some_and(|code| !codes::is_known(bank, code));
        let (stan, after) = (pending.stan, self.now.mono.since(pending.sent));
        self.core.bank(connection.bank).counters.late += 1;
        self.note(Note::Late { connection, payment, stan, approved, after });
        self.bank_answers(connection.bank);
        if may_be_booked {
            self.approved_late(key, payment);
        }
    }

    /// An answer to nothing we know.
    pub(super) fn unknown_answer(&mut self, connection: ConnectionId, message: &Message, field: Option<u8>) {
        let stan = trace(message);
        let bank = self.core.bank(connection.bank);
        bank.counters.unknown += 1;
        let nearest = stan.and_then(|stan| bank.stans.nearest(stan));
        let nearest = nearest.and_then(|key| self.core.pendings.get(key)).map(|pending| pending.stan);
        self.note(Note::UnknownAnswer { connection, mti: message.mti(), stan, nearest, field });
    }

    /// No answer in time: unknown, and taken back.
    pub(super) fn timed_out(&mut self, key: u32) {
        let connection = self.core.pendings.get(key).expect("every timer has its entry").connection;
        self.core.bank(connection.bank).counters.timed_out += 1;
        self.doubt(key, Doubt::TimedOut, None);
        self.unanswered(connection);
    }

    /// A bank's own request: sign-on, sign-off and echo are served, the rest is answered by table.
    fn bank_request(&mut self, connection: ConnectionId, header: Header, message: Box<Message>) {
        let mti = message.mti();
        let bank = &self.rules.banks[usize::from(connection.bank.0)];
        let version = bank.dialect.version();
        let served = if mti.class() == 8 { network::function(&message) } else { None };
        let code = match served {
            Some(_) => codes::network_accepted(version),
            None => bank.own_requests.get(&mti).copied().unwrap_or_else(|| codes::unsupported(version)),
        };
        let response = mti.response().expect("only what has an answer comes here");
        let answer = answer::to_request(message, response, code, None);
        if self.is_open(connection) {
            self.output(Output::AnswerBank { connection, header, message: answer });
        }
        self.note(Note::BankRequest { connection, mti, code });
        match served {
            Some(Function::SignOn) => self.bank_asked(connection, Asked::SignOn),
            Some(Function::SignOff) => self.bank_asked(connection, Asked::SignOff),
            Some(Function::Echo) | None => {}
        }
    }
}

/// What an answer says: DE39, what that means, DE4.
#[derive(Clone, Copy)]
struct Said {
    code: ResponseCode,
    approved: bool,
    amount: Option<u64>,
}

/// DE11 of an answer; of twelve digits (2003) the last six.
pub(super) fn trace(message: &Message) -> Option<Stan> {
    message.number(11).map(|number| Stan((number % 1_000_000) as u32))
}

fn outcome(message: &Message, waiting: &Waiting, said: Said) -> Outcome {
    let Said { code, approved, amount } = said;
    if !approved {
        return Outcome::Declined { code };
    }
    let partial = amount.filter(|_| amount != waiting.instruction.amount);
    // Month and day stand last in every edition.
    let settlement = message.look(15, &mut [0; 8]).and_then(<[u8]>::last_chunk).copied();
    Outcome::Approved { code, authorization: message.array(38), settlement, partial }
}
