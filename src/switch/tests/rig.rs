//! A switch on a bench: the test plays acquirers, banks, connections and clock.

use crate::{
    clock::{Mono, Now, Wall},
    record::{Body, Name, PaymentId, Record, Unanswered},
    rules::{Acquirer, Bank, Route, Rules},
    switch::{
        AcquirerId, BankId, ConnectionId, Input, LinkState, NotSent, Note, Origin, OutcomeKind, Output, PaymentNote,
        SendId, SessionId, Switch,
    },
};
use banklink_protocol::{
    Dialect, Message, Mti,
    element::{OriginalData, Stan, Transmission},
    frame::Header,
};
use std::{
    sync::{Arc, LazyLock},
    time::Duration,
};

/// 2026-11-23T03:18:46Z.
const START: Wall = Wall(1_795_403_926_000_000);
pub(super) const POS: AcquirerId = AcquirerId(0);
pub(super) const CARD: &str = "4111111111111111";
/// Of the digests: the same in every life of the switch.
const KEY: [u8; 16] = *b"sixteen bytes 01";

/// What was handed over for a bank.
pub(super) struct Sent {
    pub(super) connection: ConnectionId,
    pub(super) send: SendId,
    pub(super) message: Message,
}

/// The switch and all that came out of it, until the test looks.
pub(super) struct Rig {
    pub(super) switch: Switch,
    pub(super) now: Now,
    pub(super) sent: Vec<Sent>,
    pub(super) answers: Vec<(Origin, Message)>,
    pub(super) bank_answers: Vec<Message>,
    pub(super) notes: Vec<Note>,
    pub(super) records: Vec<Record>,
    pub(super) connects: Vec<ConnectionId>,
    pub(super) closes: Vec<ConnectionId>,
    pub(super) order: Vec<&'static str>,
    /// Every Record of the switch's life, and of its lives before.
    pub(super) journal: Vec<Record>,
    /// What left, and after how many Records: it may have left as soon as these are durable.
    pub(super) left: Vec<(usize, Message)>,
    pub(super) rules: Arc<Rules>,
    /// What the switch wants to have read back. Read at once, unless the test is to do it.
    pub(super) recalls: Vec<(u64, Vec<Name>, Option<Wall>)>,
    pub(super) reads_late: bool,
}

pub(super) fn dialect() -> Arc<Dialect> {
    static DIALECT: LazyLock<Arc<Dialect>> = LazyLock::new(|| Dialect::named("iso87-ascii").unwrap());
    Arc::clone(&DIALECT)
}

/// Two acquirers that want check digits checked, `banks` banks of one connection each, one rule for everything to all of
/// them.
pub(super) fn rules(banks: usize) -> Rules {
    let bank = |index: usize| {
        let mut bank = Bank::new(&format!("bank{index}"), &dialect());
        bank.connections = 1;
        bank.answer_timeout = Duration::from_secs(10);
        bank.store.limit = 100;
        bank
    };
    let acquirer = |name| {
        let mut acquirer = Acquirer::new(name, &dialect());
        acquirer.luhn = true;
        acquirer
    };
    let ids: Vec<_> = (0..banks).map(|index| BankId(index as u16)).collect();
    Rules::new(vec![acquirer("pos"), acquirer("atm")], (0..banks).map(bank).collect(), vec![Route::to("all", &ids)])
}

pub(super) fn connection(bank: u16, slot: u16) -> ConnectionId {
    ConnectionId { bank: BankId(bank), slot }
}

pub(super) fn message(mti: &str, fields: &[(u8, &str)]) -> Message {
    let mut message = Message::new(&dialect(), mti.parse::<Mti>().unwrap());
    for (field, value) in fields {
        message.set(*field, value.as_bytes()).unwrap();
    }
    message
}

/// A purchase of 12.34 USD with this STAN; its RRN carries the STAN too.
pub(super) fn purchase(stan: &str) -> Message {
    let rrn = format!("632703{stan}");
    message(
        "0200",
        &[
            (2, CARD),
            (3, "000000"),
            (4, "000000001234"),
            (7, "1123031846"),
            (11, stan),
            (12, "031846"),
            (13, "1123"),
            (14, "2912"),
            (18, "5411"),
            (22, "051"),
            (32, "12345"),
            (37, &rrn),
            (41, "TERM0001"),
            (42, "MERCHANT0000001"),
            (49, "840"),
        ],
    )
}

/// DE90 by which the acquirer names `purchase(stan)`.
pub(super) fn original_of(stan: &str) -> String {
    format!("0200{stan}11230318460000001234500000000000")
}

/// DE90 by which the bank knows what it was sent.
pub(super) fn known_by(sent: &Sent) -> String {
    let trace = |field| sent.message.text(field).unwrap();
    format!("{}{}{}0000001234500000000000", sent.message.mti(), trace(11), trace(7))
}

/// What follows `purchase("000001")`, under a STAN of its own: DE90 names it.
pub(super) fn follower(mti: &str, stan: &str) -> Message {
    let mut message = purchase("000001");
    message.set_mti(mti.parse().unwrap());
    message.set(11, stan.as_bytes()).unwrap();
    message.set(90, original_of("000001").as_bytes()).unwrap();
    message
}

/// The same, of a part: this is left.
pub(super) fn partial(mti: &str, stan: &str, left: u64) -> Message {
    let mut message = follower(mti, stan);
    message.set(95, format!("{left:012}{:030}", 0).as_bytes()).unwrap();
    message
}

/// One bank that is silent when it likes: no echo, no breaker, and time-outs told as 68.
pub(super) fn patient() -> Rules {
    let mut rules = rules(1);
    rules.banks[0].breaker = 0;
    rules.banks[0].link.echo_idle = Duration::ZERO;
    rules.acquirers[0].timeout_code = "68".parse().unwrap();
    rules
}

/// A moment after the time-out of what was just sent.
pub(super) const TIMEOUT: Duration = Duration::from_millis(10_005);

/// The bank's answer: what it was sent, with a code.
pub(super) fn reply(request: &Message, code: &str) -> Message {
    let mut answer = request.clone();
    answer.set_mti(request.mti().response().unwrap());
    for field in [14, 18, 22, 25, 35, 52] {
        answer.remove(field);
    }
    answer.set(39, code.as_bytes()).unwrap();
    answer
}

impl Rig {
    pub(super) fn new(rules: Rules) -> Self {
        Self::at(rules, START)
    }

    /// The same on another day.
    pub(super) fn at(rules: Rules, wall: Wall) -> Self {
        let now = Now { mono: Mono(1_000_000_000), wall };
        let rules = Arc::new(rules);
        let mut rig = Self {
            switch: Switch::with_key(Arc::clone(&rules), now, 1, Some(KEY)),
            now,
            journal: Vec::new(),
            left: Vec::new(),
            rules,
            sent: Vec::new(),
            answers: Vec::new(),
            bank_answers: Vec::new(),
            notes: Vec::new(),
            records: Vec::new(),
            connects: Vec::new(),
            closes: Vec::new(),
            order: Vec::new(),
            recalls: Vec::new(),
            reads_late: false,
        };
        rig.collect();
        rig
    }

    /// With every connection signed on.
    pub(super) fn up(rules: Rules) -> Self {
        let mut rig = Self::new(rules);
        rig.connect();
        rig.forget();
        rig
    }

    /// Opens every connection that was asked for, and signs it on.
    pub(super) fn connect(&mut self) {
        for connection in std::mem::take(&mut self.connects) {
            self.input(Input::ConnectionUp { connection });
            self.sign_on("00");
        }
    }

    /// The first connection of bank 0 is lost, and made again at once.
    pub(super) fn reconnect(&mut self) {
        let connection = connection(0, 0);
        self.input(Input::ConnectionDown { connection });
        self.input(Input::ConnectionUp { connection });
        self.sign_on("00");
    }

    /// The same, of one that is held: it is not signed on.
    pub(super) fn reconnect_held(&mut self) {
        let connection = connection(0, 0);
        self.input(Input::ConnectionDown { connection });
        self.input(Input::ConnectionUp { connection });
    }

    /// The switch dies with all that is not in its journal, and a new one begins with what is.
    pub(super) fn crash(&mut self) {
        let records = self.journal.len();
        self.crash_after(records);
    }

    /// The same, and of the journal only so many Records are left.
    pub(super) fn crash_after(&mut self, records: usize) {
        self.fold(records);
        for pile in [&mut self.connects, &mut self.closes] {
            pile.clear();
        }
        (self.sent, self.answers) = (Vec::new(), Vec::new());
        self.bank_answers.clear();
        self.recalls.clear();
        self.forget();
        self.switch.recover(self.now);
        self.collect();
        self.switch.check();
    }

    /// A new switch with so many Records of the journal folded into it, and nothing else done.
    pub(super) fn fold(&mut self, records: usize) {
        self.journal.truncate(records);
        self.switch = Switch::with_key(Arc::clone(&self.rules), self.now, 2, Some(KEY));
        for record in &self.journal {
            self.switch.apply(record);
        }
    }

    /// The one message of this type that was handed over for a bank.
    pub(super) fn take_type(&mut self, mti: &str) -> Sent {
        let of_type = |sent: &Sent| sent.message.mti().to_string() == mti;
        let count = self.sent.iter().filter(|sent| of_type(sent)).count();
        let place = self.sent.iter().position(of_type);
        assert_eq!(count, 1, "one {mti} for a bank");
        self.sent.remove(place.expect("just counted"))
    }

    /// The bank answers the sign-on that was sent last.
    pub(super) fn sign_on(&mut self, code: &str) {
        let sent = self.sent.pop().expect("a sign-on");
        assert_eq!(sent.message.text(70).as_deref(), Some("001"), "a sign-on");
        self.bank_says(sent.connection, reply(&sent.message, code));
    }

    pub(super) fn forget(&mut self) {
        self.notes.clear();
        self.records.clear();
        self.order.clear();
    }

    pub(super) fn input(&mut self, input: Input) {
        self.switch.handle(self.now, input);
        self.collect();
        self.switch.check();
        while !self.reads_late && !self.recalls.is_empty() {
            self.read_back();
        }
    }

    /// Answers the first recall with what the journal has.
    pub(super) fn read_back(&mut self) {
        let (ticket, names, _) = self.recalls.remove(0);
        let named = |record: &&Record| names.iter().any(|name| record.goes_by(*name));
        let payments: Vec<_> = self.journal.iter().filter(named).filter_map(Record::payment).collect();
        let of = |record: &&Record| payments.iter().any(|payment| record.speaks_of(*payment));
        let records = Some(self.journal.iter().filter(of).cloned().collect());
        self.input(Input::Recalled { ticket, records });
    }

    fn collect(&mut self) {
        while let Some(output) = self.switch.poll_output() {
            let word = match output {
                Output::Record(record) => {
                    let word = match record {
                        Record::Received { .. } => "received",
                        Record::Sent { .. } => "sent",
                        Record::NotSent { .. } => "not sent",
                        Record::Outcome { .. } => "outcome",
                        Record::Answered { .. } => "answered",
                        Record::Undelivered { .. } => "undelivered",
                        Record::Delivered { .. } => "delivered",
                        Record::ApprovedLate { .. } => "approved late",
                        Record::Commanded { .. } => "commanded",
                        Record::Hold { .. } => "hold",
                        Record::Queued { .. } => "queued",
                        Record::Tried { .. } => "tried",
                        Record::Failed { .. } => "failed",
                        Record::Done { .. } => "done",
                        Record::Parked { .. } => "parked",
                        Record::Decided { .. } => "decided",
                        Record::Tombstone { .. } => "tombstone",
                    };
                    self.journal.push(record.clone());
                    self.records.push(record);
                    word
                }
                Output::ToBank { connection, send, message, .. } => {
                    self.left.push((self.journal.len(), (*message).clone()));
                    self.sent.push(Sent { connection, send, message: *message });
                    "to bank"
                }
                Output::AnswerBank { message, .. } => {
                    self.bank_answers.push(*message);
                    "answer bank"
                }
                Output::Answer { to, message, .. } => {
                    self.left.push((self.journal.len(), (*message).clone()));
                    self.answers.push((to, *message));
                    "answer"
                }
                Output::Recall { ticket, names, around } => {
                    self.recalls.push((ticket, names.to_vec(), around));
                    "recall"
                }
                Output::Connect { connection } => {
                    self.connects.push(connection);
                    "connect"
                }
                Output::Close { connection } => {
                    self.closes.push(connection);
                    "close"
                }
                Output::Note(note) => {
                    self.notes.push(note);
                    continue;
                }
            };
            self.order.push(word);
        }
    }

    pub(super) fn origin(&self, session: u64) -> Origin {
        self.origin_of(POS, session)
    }

    pub(super) fn origin_of(&self, acquirer: AcquirerId, session: u64) -> Origin {
        let session = SessionId(session);
        Origin::Session { acquirer, session, header: Header::new(), arrived: self.now.mono }
    }

    pub(super) fn request(&mut self, message: Message) {
        let origin = self.origin(1);
        self.input(Input::Request { origin, message: message.into() });
    }

    pub(super) fn bank_says(&mut self, connection: ConnectionId, message: Message) {
        self.input(Input::FromBank { connection, header: Header::new(), message: message.into() });
    }

    /// Bank 0 signs off on one of its connections: answers still come by it.
    pub(super) fn bank_signs_off(&mut self, slot: u16) {
        self.bank_says(connection(0, slot), message("0800", &[(7, "1123031846"), (11, "000009"), (70, "002")]));
        self.bank_answers.clear();
        self.forget();
    }

    pub(super) fn not_sent(&mut self, sent: Sent, why: NotSent) {
        let Sent { connection, send, message } = sent;
        self.input(Input::NotSent { connection, send, why, message: Some(message.into()) });
    }

    /// The one message handed over for a bank.
    pub(super) fn take_sent(&mut self) -> Sent {
        assert_eq!(self.sent.len(), 1, "one message for a bank");
        self.sent.remove(0)
    }

    /// A payment that its bank has answered with this code, as it was sent there.
    pub(super) fn answered(&mut self, request: Message, code: &str) -> Sent {
        self.request(request);
        let sent = self.take_sent();
        self.says(&sent, code);
        self.answers.clear();
        self.forget();
        sent
    }

    /// A payment that is answered while other messages are out.
    pub(super) fn answered_beside(&mut self, stan: &str) {
        self.request(purchase(stan));
        let sent = self.take_type("0200");
        self.says(&sent, "00");
        self.answers.clear();
    }

    /// The bank answers what it was sent, on the same connection.
    pub(super) fn says(&mut self, sent: &Sent, code: &str) {
        self.bank_says(sent.connection, reply(&sent.message, code));
    }

    /// A payment that its bank does not answer in time, and its reversal.
    pub(super) fn unanswered(&mut self, request: Message) -> (Sent, Sent) {
        self.request(request);
        let sent = self.take_sent();
        self.pass(TIMEOUT);
        self.answers.clear();
        self.forget();
        let reversal = self.take_sent();
        (sent, reversal)
    }

    /// Types of what was handed over for banks, in order.
    pub(super) fn types(&self) -> Vec<String> {
        self.sent.iter().map(|sent| sent.message.mti().to_string()).collect()
    }

    /// The one answer.
    pub(super) fn take_answer(&mut self) -> Message {
        assert_eq!(self.answers.len(), 1, "one answer");
        self.answers.remove(0).1
    }

    /// DE39 of the one answer.
    pub(super) fn take_code(&mut self) -> String {
        self.take_answer().text(39).unwrap()
    }

    /// Makes bank 0 give out the STAN after `stan` next, as folding Records of the past would.
    pub(super) fn numbers_stand_at(&mut self, stan: Stan) {
        let original = OriginalData {
            mti: "0200".parse().unwrap(),
            stan,
            transmission: Transmission::from_wall(self.now.wall.0),
            acquirer: 0,
            forwarder: 0,
        };
        let (payment, at) = (PaymentId(0), self.now.wall);
        self.switch.apply(&Record::Sent {
            payment,
            at,
            acquirer: POS,
            connection: connection(0, 0),
            original,
            rrn: None,
            unanswered: Unanswered::Leave,
            body: Body::default(),
        });
        self.switch.apply(&Record::NotSent { payment, at, bank: BankId(0), stan });
    }

    /// Lets time pass, with every timer at its time.
    pub(super) fn pass(&mut self, duration: Duration) {
        let end = self.now.mono + duration;
        while let Some(deadline) = self.switch.deadline().filter(|deadline| *deadline <= end) {
            self.to(deadline);
            self.input(Input::Tick);
        }
        self.to(end);
    }

    /// Lets time pass without telling the switch.
    pub(super) fn to(&mut self, mono: Mono) {
        let passed = mono.since(self.now.mono);
        self.now.mono = mono.max(self.now.mono);
        self.now.wall.0 += passed.as_micros() as i64;
    }

    pub(super) fn link(&self, bank: usize, slot: usize) -> LinkState {
        self.switch.snapshot().banks[bank].connections[slot].state
    }

    pub(super) fn payment_note(&self) -> PaymentNote {
        let mut notes = self.notes.iter().filter_map(|note| match note {
            Note::Payment(note) => Some(*note),
            _ => None,
        });
        let note = notes.next().expect("a payment's line");
        assert!(notes.next().is_none(), "one line a payment");
        note
    }

    pub(super) fn outcome(&self) -> OutcomeKind {
        self.payment_note().outcome
    }
}
