//! The simulated bank: one message in, a decision, its answers out. Sockets are in [`serve`].

pub mod books;
mod later;
pub mod report;
pub mod rules;
pub mod serve;

use crate::simulator::{
    payment::{Card, Payment, text, with_card_number},
    stream::write_frame,
};
use banklink_protocol::{
    Dialect, Message, Mti,
    dialect::Version,
    element::{OriginalData, ResponseCode},
    frame::{FrameError, Framing, Header},
};
use books::{Books, OriginalKey};
use bytes::{Bytes, BytesMut};
use rules::{Decision, Facts, Rules, Then, approval, approves};
use std::{sync::Arc, time::Duration};

/// Data elements of a request that its answer repeats. Card verification, track, PIN and chip data never are.
const ECHOED: u64 = bits(&[2, 3, 4, 5, 6, 7, 11, 12, 13, 32, 33, 37, 41, 42, 49, 50, 51]);
/// What a garbled answer consists of: no dialect has such an MTI.
const GARBAGE: [u8; 24] = [0xFF; 24];

/// A simulated bank: its dialect, its rules, its books. Shared by all its connections.
pub struct Bank {
    name: String,
    dialect: Arc<Dialect>,
    framing: Framing,
    rules: Rules,
    books: Books,
    approvals: u32,
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

const fn bits(fields: &[u8]) -> u64 {
    let (mut bits, mut at) = (0, 0);
    while at < fields.len() {
        bits |= 1 << fields[at];
        at += 1;
    }
    bits
}

impl Bank {
    /// A bank that listed nothing yet.
    #[must_use]
    pub fn new(name: &str, dialect: Arc<Dialect>, framing: Framing, rules: Rules, books: Books) -> Self {
        Self { name: name.into(), dialect, framing, rules, books, approvals: 0, echo_stan: 0 }
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

    fn payment(&mut self, header: &Header, message: Message, today: &Today, turn: &mut Turn<'_>) {
        let (decision, card) = self.decide(&message);
        self.books.enter(Payment::read(&message, card), own_key(&message), &decision);
        if let Some(answer) = self.answer(message, &decision, today) {
            self.dispatch(header, &answer, &decision, turn);
        } else {
            turn.close = (decision.then == Then::Close).then_some(decision.delay).or(turn.close);
        }
    }

    /// The rules' decision, and the card number's mask where the books will list it.
    fn decide(&mut self, message: &Message) -> (Decision, Card) {
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
    fn answer(&mut self, mut message: Message, decision: &Decision, today: &Today) -> Option<Message> {
        if matches!(decision.then, Then::Silence | Then::Close) {
            return None;
        }
        let approved = approves(decision.code);
        let (stan, amount) = (message.number(11), message.number(4));
        answer_with(&mut message, decision.code)?;
        let mut set = || {
            if approved {
                self.approvals = self.approvals % 999_999 + 1;
                message.set(38, &banklink_protocol::element::Stan(self.approvals).digits())?;
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

    /// A reversal unbooks its original. One that finds nothing is answered 25 as a request and accepted as an advice
    /// (an advice reports what has happened: it cannot be declined).
    fn reversal(&mut self, header: &Header, message: Message, today: &Today, turn: &mut Turn<'_>) {
        let card = with_card_number(&message, Card::of);
        let original = original_of(&message);
        let known = original.is_some_and(|original| self.books.find(original).is_some()) || !self.books.lists();
        let version = self.dialect.version();
        let code = match version {
            _ if known || message.mti().function() == 2 => reversal_accepted(version),
            Version::V1987 => ResponseCode::parse(b"25").expect("a response code"),
            Version::V1993 | Version::V2003 => ResponseCode::parse(b"914").expect("a response code"),
        };
        let original = original.unwrap_or(OriginalKey { stan: 0, time: 0 });
        self.books.reverse(Payment::read(&message, card), original, code);
        let decision = Decision { code, ..self.rules.default_decision() };
        let decision = Decision { then: Then::Answer, delay: Duration::ZERO, ..decision };
        if let Some(answer) = self.answer(message, &decision, today) {
            self.dispatch(header, &answer, &decision, turn);
        }
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

/// Turns a request into its answer: response MTI, only the echoed fields (network management: all but security data),
/// DE39. `None` for what must not be answered.
fn answer_with(message: &mut Message, code: ResponseCode) -> Option<()> {
    let response = message.mti().response()?;
    let network = message.mti().class() == 8;
    let mut drop = [0_u8; 192];
    let mut count = 0;
    for field in message.fields() {
        let kept =
            if network { !matches!(field, 52 | 53 | 64 | 96 | 128) } else { field < 64 && ECHOED >> field & 1 == 1 };
        if !kept {
            drop[count] = field;
            count += 1;
        }
    }
    for &field in &drop[..count] {
        message.remove(field);
    }
    message.set_mti(response);
    message.set(39, code.as_str().as_bytes()).ok()
}

/// What a reversal says it reverses: DE90 in 1987; in 1993 DE56, which names STAN and DE12.
fn original_of(message: &Message) -> Option<OriginalKey> {
    if message.mti().version() == 0 {
        let original = OriginalData::parse(&message.array::<42>(90)?)?;
        return Some(OriginalKey { stan: original.stan.0, time: number(&original.transmission.0)? });
    }
    let mut buffer = [0; 64];
    let length = message.read(56, &mut buffer)?;
    let original = &buffer[..length];
    Some(OriginalKey { stan: number(original.get(4..10)?)?, time: number(original.get(12..22)?)? })
}

/// What a reversal of this message would name: STAN with DE7 in 1987, with MMDDhhmmss of DE12 in 1993.
fn own_key(message: &Message) -> OriginalKey {
    let time = match message.mti().version() {
        0 => message.number(7),
        _ => message.number(12).map(|local| local % 10_000_000_000),
    };
    OriginalKey { stan: message.number(11).unwrap_or_default() as u32, time: time.unwrap_or_default() as u32 }
}

fn number(digits: &[u8]) -> Option<u32> {
    digits.iter().try_fold(0_u32, |n, digit| {
        digit.is_ascii_digit().then(|| n.wrapping_mul(10).wrapping_add(u32::from(digit - b'0')))
    })
}

fn network_mti(version: Version) -> Mti {
    let digits = match version {
        Version::V1987 => *b"0800",
        Version::V1993 => *b"1804",
        Version::V2003 => *b"2804",
    };
    Mti::from_digits(digits).expect("four digits")
}

/// A reversal is accepted with 00 in 1987, 400 in 1993, 4000 in 2003.
fn reversal_accepted(version: Version) -> ResponseCode {
    match version {
        Version::V1987 => approval(version),
        Version::V1993 => ResponseCode::parse(b"400").expect("a response code"),
        Version::V2003 => ResponseCode::parse(b"4000").expect("a response code"),
    }
}

#[cfg(test)]
mod tests;
