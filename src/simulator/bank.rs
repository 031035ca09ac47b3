//! The simulated bank: one message in, a decision, its answers out. Sockets are in [`serve`].

pub mod books;
mod later;
mod messages;
pub mod report;
pub mod rules;
pub mod serve;

use crate::simulator::{
    payment::{Card, Payment, text, with_card_number},
    stream::write_frame,
};
use banklink_protocol::{
    Dialect, Message,
    dialect::Version,
    element::{ResponseCode, Stan},
    frame::{FrameError, Framing, Header},
};
use books::{Books, Entry, Note};
use bytes::{Bytes, BytesMut};
use messages::{answer_with, left_by, network_mti, original_of, own_key};
use rules::{Decision, Facts, Rules, Then, approves};
use std::{sync::Arc, time::Duration};

/// What a garbled answer consists of: no dialect has such an MTI.
const GARBAGE: [u8; 24] = [0xFF; 24];

/// A simulated bank: its dialect, its rules, its books. Shared by all its connections.
pub struct Bank {
    name: String,
    dialect: Arc<Dialect>,
    framing: Framing,
    rules: Rules,
    books: Books,
    echo_stan: u32,
}

/// What one turn of a connection has to write: at once, later, and whether to close.
pub struct Turn<'a> {
    /// Frames to be written now, in one write.
    pub now: &'a mut BytesMut,
    /// Frames to be written after a while.
    pub later: Vec<(Duration, Bytes)>,
    /// Close the connection, after this much time, once `now` is written.
    pub close: Option<Duration>,
}

impl<'a> Turn<'a> {
    /// Nothing to do yet; what leaves at once is appended to `now`.
    pub fn new(now: &'a mut BytesMut) -> Self {
        Self { now, later: Vec::new(), close: None }
    }
}

/// The calendar day and time the bank works with: DE7 and DE15.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Today {
    /// DE15 of the 1987 edition, MMDD.
    pub settlement: [u8; 4],
    /// DE7, MMDDhhmmss GMT.
    pub transmission: [u8; 10],
    /// Year, two digits.
    pub year: [u8; 2],
}

impl Bank {
    /// A bank that listed nothing yet.
    #[must_use]
    pub fn new(name: &str, dialect: Arc<Dialect>, framing: Framing, rules: Rules, books: Books) -> Self {
        Self { name: name.into(), dialect, framing, rules, books, echo_stan: 0 }
    }

    /// Its name, for reports.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }
    /// How its messages are written.
    #[must_use]
    pub fn dialect(&self) -> &Arc<Dialect> {
        &self.dialect
    }
    /// How its frames are cut.
    #[must_use]
    pub fn framing(&self) -> &Framing {
        &self.framing
    }
    /// Its rules, with how often each fired.
    #[must_use]
    pub fn rules(&self) -> &Rules {
        &self.rules
    }
    /// Its books.
    #[must_use]
    pub fn books(&self) -> &Books {
        &self.books
    }
    /// Its books, to count connections.
    pub fn books_mut(&mut self) -> &mut Books {
        &mut self.books
    }

    /// Makes its books durable. The answers of a turn may leave after this, not before.
    ///
    /// # Errors
    /// The books' file cannot be written: nothing of the turn may leave.
    pub fn commit(&mut self) -> std::io::Result<()> {
        self.books.commit()
    }

    /// Handles one frame.
    pub fn handle(&mut self, header: &Header, body: Bytes, today: &Today, turn: &mut Turn<'_>) {
        match self.dialect.decode(body) {
            Ok(message) if message.mti().is_response() => self.books.totals_mut().echoes_answered += 1,
            Ok(message) => self.request(header, message, today, turn),
            Err(error) => {
                self.books.totals_mut().unreadable += 1;
                if let Some(partial) = error.partial.filter(|partial| partial.mti().is_request()) {
                    self.refuse(header, *partial, error.field, turn);
                }
            }
        }
    }

    /// An echo request of our own.
    pub fn echo(&mut self, today: &Today, turn: &mut Turn<'_>) {
        self.echo_stan = self.echo_stan % 999_999 + 1;
        let version = self.dialect.version();
        let mut echo = Message::new(&self.dialect, network_mti(version));
        let mut set = || {
            echo.set(7, &today.transmission)?;
            echo.set_number(11, self.echo_stan.into())?;
            match version {
                Version::V1987 => echo.set(70, b"301"),
                Version::V1993 | Version::V2003 => {
                    let mut local = [0; 12];
                    local[..2].copy_from_slice(&today.year);
                    local[2..].copy_from_slice(&today.transmission);
                    echo.set(12, &local)?;
                    echo.set(24, b"831")
                }
            }
        };
        if set().is_ok() {
            let header = self.framing.header.first();
            self.write(&header, &echo, turn.now);
        }
    }

    fn request(&mut self, header: &Header, message: Message, today: &Today, turn: &mut Turn<'_>) {
        match message.mti().class() {
            8 => self.network(header, message, turn),
            4 => self.reversal(header, message, today, turn),
            _ => self.payment(header, message, today, turn),
        }
    }

    /// Sign-on, echo, sign-off: repeated with DE39.
    fn network(&mut self, header: &Header, mut message: Message, turn: &mut Turn<'_>) {
        self.books.totals_mut().network += 1;
        let code = self.rules.network();
        if answer_with(&mut message, code).is_some() {
            self.write(&self.framing.answer_header(header), &message, turn.now);
        }
    }

    /// What is booked or declined. What came before is answered as before: a request at once, an advice as the rules say.
    fn payment(&mut self, header: &Header, message: Message, today: &Today, turn: &mut Turn<'_>) {
        let key = own_key(&message);
        let known = self.books.find(&key).copied();
        let (mut decision, card) = match known.filter(|entry| entry.note.settled) {
            Some(entry) => {
                let decision = self.follow(&entry, &message);
                return self.give(header, message, &decision, entry.note.approval, today, turn);
            }
            None => self.decide(&message, known.map_or(1, |entry| entry.tries.saturating_add(1))),
        };
        if self.books.is_overtaken(&key) {
            decision = Decision { code: self.rules.reversals().overtaken, books: true, ..self.plain() };
            self.books.totals_mut().overtaken += 1;
        }
        let approved = approves(decision.code);
        let advice = message.mti().function() == 2;
        let note = Note {
            payment: Payment::read(&message, card),
            key,
            code: decision.code,
            then: decision.then,
            approval: if approved { self.books.next_approval() } else { 0 },
            // An advice that is declined is sent until it is not.
            settled: decision.books && (approved || !advice || self.books.is_overtaken(&key)),
            original: None,
            left: None,
        };
        self.books.note(note);
        self.give(header, message, &decision, note.approval, today, turn);
    }

    /// A message that is known and settled comes again: the code stays. How a request was left unanswered says nothing
    /// about its repeat; an advice or a reversal that comes again meets the rules again.
    fn follow(&mut self, entry: &Entry, message: &Message) -> Decision {
        self.books.again(&entry.note.key);
        let mti = message.mti();
        let follower = mti.function() == 2 || mti.class() == 4;
        if follower || mti.is_repeat() {
            self.books.totals_mut().repeated += 1;
        } else {
            self.books.totals_mut().doubled += 1;
        }
        if !follower {
            return Decision { code: entry.note.code, ..self.plain() };
        }
        let (decision, _) = self.decide(message, entry.tries.saturating_add(1));
        Decision { code: entry.note.code, ..decision }
    }

    /// One plain answer at once.
    fn plain(&self) -> Decision {
        Decision { then: Then::Answer, delay: Duration::ZERO, ..self.rules.default_decision() }
    }

    /// Answers as decided, or does not.
    fn give(
        &mut self,
        header: &Header,
        message: Message,
        decision: &Decision,
        approval: u32,
        today: &Today,
        turn: &mut Turn<'_>,
    ) {
        if let Some(answer) = self.answer(message, decision, approval, today) {
            self.dispatch(header, &answer, decision, turn);
        } else {
            turn.close = (decision.then == Then::Close).then_some(decision.delay).or(turn.close);
        }
    }

    /// The rules' decision, and the card number's mask where the books will list it. `attempt`: how many times this very
    /// message came.
    fn decide(&mut self, message: &Message, attempt: u32) -> (Decision, Card) {
        let lists = self.books.lists();
        if self.rules.is_empty() && !lists {
            return (self.rules.default_decision(), Card::default());
        }
        let terminal = text::<16>(message, 41);
        let mut processing = [0; 6];
        let length = message.read(3, &mut processing).unwrap_or_default();
        let facts = Facts {
            mti: message.mti().original(),
            amount: message.number(4).unwrap_or_default(),
            card: &[],
            terminal: terminal.0.trim_ascii(),
            processing: &processing[..length],
            attempt,
        };
        if !lists && !self.rules.needs_card() {
            return (self.rules.decide(&facts), Card::default());
        }
        let rules = &mut self.rules;
        with_card_number(message, |card| {
            let mask = Card::of(card);
            let facts = Facts { card, ..facts };
            (rules.decide(&facts), mask)
        })
    }

    /// The answer to a payment, made out of the request; `None` where the decision sends nothing decodable.
    fn answer(&self, mut message: Message, decision: &Decision, approval: u32, today: &Today) -> Option<Message> {
        if matches!(decision.then, Then::Silence | Then::Close) {
            return None;
        }
        let (stan, amount) = (message.number(11), message.number(4));
        answer_with(&mut message, decision.code)?;
        let mut set = || {
            if approval > 0 {
                message.set(38, &Stan(approval).digits())?;
            }
            match self.dialect.version() {
                Version::V1987 => message.set(15, &today.settlement)?,
                Version::V1993 => {
                    let mut date = [0; 6];
                    date[..2].copy_from_slice(&today.year);
                    date[2..].copy_from_slice(&today.settlement);
                    message.set(15, &date)?;
                }
                Version::V2003 => {}
            }
            match decision.then {
                Then::WrongStan => message.set_number(11, stan.unwrap_or_default() % 999_999 + 1),
                Then::WrongAmount => message.set_number(4, amount.unwrap_or_default() + 1),
                _ => Ok(()),
            }
        };
        set().ok().map(|()| message)
    }

    /// Puts an answer where the decision wants it: now or later, once or twice, or garbled.
    fn dispatch(&mut self, header: &Header, answer: &Message, decision: &Decision, turn: &mut Turn<'_>) {
        let header = self.framing.answer_header(header);
        let start = turn.now.len();
        if decision.then == Then::Garbage {
            let garbage = |out: &mut BytesMut| -> Result<(), FrameError> {
                out.extend_from_slice(&GARBAGE);
                Ok(())
            };
            // Far below every maximum: it cannot fail.
            let _ = self.framing.write(turn.now, &header, garbage);
        } else {
            self.write(&header, answer, turn.now);
        }
        if decision.then == Then::Double {
            let frame = turn.now.split_off(start);
            turn.now.extend_from_slice(&frame);
            turn.now.extend_from_slice(&frame);
        }
        if !decision.delay.is_zero() {
            turn.later.push((decision.delay, turn.now.split_off(start).freeze()));
        }
    }

    /// A reversal takes its original off the books, wholly or down to what it leaves. Where no rule names a code, what
    /// became of the original decides it.
    fn reversal(&mut self, header: &Header, message: Message, today: &Today, turn: &mut Turn<'_>) {
        let key = own_key(&message);
        let known = self.books.find(&key).copied();
        let (decision, card) = match known.filter(|entry| entry.note.settled) {
            Some(entry) => {
                let decision = self.follow(&entry, &message);
                return self.give(header, message, &decision, 0, today, turn);
            }
            None => self.decide(&message, known.map_or(1, |entry| entry.tries.saturating_add(1))),
        };
        let original = original_of(&message);
        let codes = *self.rules.reversals();
        let code = match original.and_then(|original| self.books.find(&original)).filter(|entry| entry.note.settled) {
            _ if decision.named => decision.code,
            Some(entry) if entry.reversed => codes.already_reversed,
            None if self.books.lists() => codes.unknown_original,
            _ => codes.accepted,
        };
        let decision = Decision { code, ..decision };
        let refused = decision.named && !codes.accepts(code);
        self.books.note(Note {
            payment: Payment::read(&message, card),
            key,
            code,
            then: decision.then,
            approval: 0,
            settled: decision.books && !refused,
            original,
            left: left_by(&message),
        });
        self.give(header, message, &decision, 0, today, turn);
    }

    /// A request that does not decode: 30 (904 in 1993), with the field at fault in DE44.
    fn refuse(&mut self, header: &Header, mut partial: Message, field: Option<u8>, turn: &mut Turn<'_>) {
        let code: &[u8] = if self.dialect.version() == Version::V1987 { b"30" } else { b"904" };
        let code = ResponseCode::parse(code).expect("a response code");
        if answer_with(&mut partial, code).is_some() {
            if let Some(field) = field {
                // Courtesy only: where DE44 cannot take it, the code alone says enough.
                let _ = partial.set(44, format!("{field:03}").as_bytes());
            }
            self.write(&self.framing.answer_header(header), &partial, turn.now);
        }
    }

    /// Appends one frame; what cannot be written is left out and counted.
    fn write(&mut self, header: &Header, message: &Message, out: &mut BytesMut) {
        if write_frame(&self.framing, header, message, out).is_err() {
            self.books.totals_mut().unwritable += 1;
        }
    }
}

#[cfg(test)]
mod tests;
