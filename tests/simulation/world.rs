//! The world around one switch: sockets that drop, banks that dawdle, clocks that step. All of it from one seed.

use crate::{
    acquirers::{Request, plan},
    bank::Bank,
    oracle::{Oracle, judge_answer, judge_end, wall},
    random::Random,
};
use banklink::{
    clock::{Mono, Now},
    record::{PaymentId, Record, References},
    rules::{self, CardRange, Route, RrnPolicy, Rules, Strategy},
    switch::{
        BankId, ConnectionId, Input, LinkChange, NotSent, Note, Origin, OutcomeKind, Output, Refusal, SendId,
        SessionId, Switch,
    },
};
use banklink_protocol::{
    Dialect, Message,
    element::{OriginalData, Stan, Transmission},
    frame::Header,
};
use std::{
    cmp::Reverse,
    collections::{BinaryHeap, HashMap},
    sync::{Arc, LazyLock},
    time::Duration,
};

const MILLI: u64 = 1_000_000;
const SECOND: u64 = 1_000 * MILLI;
/// Requests and faults come within this time …
const SPAN: u64 = 20 * SECOND;
/// … and after this much more all must be settled.
const HORIZON: u64 = 200 * SECOND;
const TIMEOUT: u64 = 3 * SECOND;
/// A time-out may be answered this late.
const TOLERANCE: u64 = 5 * MILLI;

/// What happens at some moment.
enum Event {
    Request(usize),
    CloseSession(usize),
    Opens(ConnectionId),
    Fails(ConnectionId),
    Drops(ConnectionId),
    Closed(ConnectionId, u64),
    /// A message handed over is written, if it still can be.
    Flush {
        connection: ConnectionId,
        epoch: u64,
        send: SendId,
        message: Message,
        expires: Mono,
    },
    Arrives {
        connection: ConnectionId,
        epoch: u64,
        message: Message,
    },
    Says {
        connection: ConnectionId,
        epoch: u64,
        message: Message,
        signs_on: Option<bool>,
    },
    WallStep(i64),
    Jump(BankId),
    Drain,
}

/// One socket.
#[derive(Default)]
struct Socket {
    epoch: u64,
    open: bool,
    /// The switch has been told that its sign-on was accepted, and nothing to the contrary since.
    signed_on: bool,
    /// It was, until the bank signed off.
    suspended: bool,
}

impl Socket {
    fn sign_off(&mut self) {
        (self.signed_on, self.suspended) = (false, false);
    }
}

/// What came to pass, over one seed or many.
#[derive(Default, PartialEq, Eq, Debug)]
pub(crate) struct Seen(std::collections::BTreeMap<&'static str, u64>);

impl Seen {
    fn count(&mut self, what: &'static str) {
        *self.0.entry(what).or_default() += 1;
    }

    pub(crate) fn add(&mut self, other: &Self) {
        for (what, count) in &other.0 {
            *self.0.entry(what).or_default() += count;
        }
    }

    /// A fault that never happens tests nothing.
    pub(crate) fn assert_everything_happened(&self) {
        for what in [
            "approved",
            "declined",
            "timed out",
            "late",
            "unusable",
            "unknown",
            "attached",
            "differs",
            "failover",
            "not sent",
            "breaker",
            "echoed",
            "sign-on declined",
            "sign-on unanswered",
            "echoes missed",
            "bank signed off",
            "bank signed on",
            "drained",
            "no bank",
            "full",
            "draining",
            "no issuer",
            "duplicate",
            "stan wrapped",
            "undelivered",
        ] {
            assert!(self.0.contains_key(what), "no seed had this: {what}");
        }
    }
}

struct World {
    switch: Switch,
    rules: Arc<Rules>,
    random: Random,
    now: u64,
    step: i64,
    events: BinaryHeap<Reverse<(u64, u64)>>,
    bodies: HashMap<u64, Event>,
    serial: u64,
    requests: Vec<Request>,
    sockets: HashMap<ConnectionId, Socket>,
    banks: Vec<Bank>,
    oracle: Oracle,
    /// STANs given out, for those that may still be held as late.
    given: Vec<(BankId, u32)>,
    drained: bool,
    seen: Seen,
}

/// Runs one seed to its end, or panics.
pub(crate) fn run(seed: u64) -> Seen {
    let mut world = World::new(seed);
    world.schedule_faults();
    world.collect();
    let end = SPAN + HORIZON;
    loop {
        let event = world.events.peek().map(|Reverse((at, _))| *at);
        let timer = world.switch.deadline().map(|deadline| deadline.0);
        let Some(next) = event.into_iter().chain(timer).min().filter(|next| *next < end) else { break };
        world.now = world.now.max(next);
        if Some(next) == event {
            let Reverse((_, serial)) = world.events.pop().unwrap();
            let event = world.bodies.remove(&serial).unwrap();
            world.happen(event);
        } else {
            world.input(Input::Tick);
        }
    }
    world.judge(seed);
    world.seen
}

fn dialect(name: &str) -> Arc<Dialect> {
    static DIALECTS: LazyLock<[Arc<Dialect>; 2]> =
        LazyLock::new(|| ["iso87-ascii", "iso87-bcd"].map(|name| Dialect::named(name).unwrap()));
    Arc::clone(&DIALECTS[usize::from(name == "iso87-bcd")])
}

fn rules() -> Rules {
    let bank = |name: &str, language: &str, connections| {
        let mut bank = rules::Bank::new(name, &dialect(language));
        bank.connections = connections;
        bank.answer_timeout = Duration::from_nanos(TIMEOUT);
        bank.max_in_flight = 8;
        bank.breaker = 3;
        bank.link.network_timeout = Duration::from_secs(1);
        bank.link.echo_idle = Duration::from_secs(4);
        bank.link.reconnect_min = Duration::from_millis(200);
        bank.link.reconnect_max = Duration::from_secs(2);
        bank
    };
    let acquirer = |name: &str, rrn| {
        let mut acquirer = rules::Acquirer::new(name, &dialect("iso87-ascii"));
        acquirer.timeout_code = "68".parse().unwrap();
        acquirer.max_in_flight = 12;
        acquirer.rrn = rrn;
        acquirer
    };
    let route = |name: &str, low, high, banks: &[BankId], strategy| {
        let mut route = Route::to(name, banks);
        route.cards = vec![CardRange { low, high }];
        route.strategy = strategy;
        route
    };
    let (a, b, c) = (BankId(0), BankId(1), BankId(2));
    let mut weighted = route("weighted", 34_000_000_000, 34_999_999_999, &[a, c], Strategy::Weight);
    weighted.targets[1].weight = 3;
    let mut rules = Rules::new(
        vec![acquirer("pos", RrnPolicy::AsSent), acquirer("atm", RrnPolicy::Assigned)],
        vec![bank("a", "iso87-ascii", 2), bank("b", "iso87-bcd", 2), bank("c", "iso87-ascii", 1)],
        vec![
            route("first", 41_111_100_000, 41_111_199_999, &[a, b], Strategy::Priority),
            route("turns", 55_000_000_000, 55_999_999_999, &[b, c], Strategy::RoundRobin),
            weighted,
        ],
    );
    rules.recent = 1 << 10;
    rules
}

impl World {
    fn new(seed: u64) -> Self {
        let rules = Arc::new(rules());
        let mut random = Random::new(seed);
        let now = Now { mono: Mono(SECOND), wall: wall(SECOND, 0) };
        let requests = plan(&dialect("iso87-ascii"), &mut random, SPAN);
        let mut world = Self {
            switch: Switch::new(Arc::clone(&rules), now, seed),
            banks: rules.banks.iter().map(|_| Bank::default()).collect(),
            rules,
            random,
            now: SECOND,
            step: 0,
            events: BinaryHeap::new(),
            bodies: HashMap::new(),
            serial: 0,
            requests,
            sockets: HashMap::new(),
            oracle: Oracle::default(),
            given: Vec::new(),
            drained: false,
            seen: Seen::default(),
        };
        for bank in 0..world.banks.len() {
            let last = 999_999 - world.random.below(30) as u32;
            world.numbers_stand_at(BankId(bank as u16), last);
        }
        world
    }

    fn schedule_faults(&mut self) {
        for index in 0..self.requests.len() {
            let at = self.requests[index].at;
            self.after(at, Event::Request(index));
            if self.random.chance(4) {
                let later = self.random.below(4 * SECOND);
                self.after(at + later, Event::CloseSession(index));
            }
        }
        for _ in 0..self.random.below(8) {
            let connection = self.any_connection();
            let at = self.random.below(SPAN);
            self.after(at, Event::Drops(connection));
        }
        for _ in 0..self.random.below(3) {
            let step = [-3_600, 3_600, -1, 86_400][self.random.below(4) as usize] * 1_000_000;
            let at = self.random.below(SPAN);
            self.after(at, Event::WallStep(step));
        }
        for _ in 0..self.random.below(4) {
            let (bank, at) = (BankId(self.random.below(3) as u16), self.random.below(SPAN));
            self.after(at, Event::Jump(bank));
        }
        if self.random.chance(30) {
            let at = SPAN / 2 + self.random.below(SPAN / 2);
            self.after(at, Event::Drain);
        }
        self.schedule_sign_offs();
    }

    /// A bank signs off on a connection, and on again some time later.
    fn schedule_sign_offs(&mut self) {
        for _ in 0..self.random.below(3) {
            let connection = self.any_connection();
            let at = self.random.below(SPAN);
            for (later, function, signs_on) in [(0, "002", false), (2 * SECOND, "001", true)] {
                let mut message = self.network(connection.bank, "0800");
                message.set(70, function.as_bytes()).unwrap();
                // Epoch 0 means: on whatever connection there is by then.
                let says = Event::Says { connection, epoch: 0, message, signs_on: Some(signs_on) };
                self.after(at + later, says);
            }
        }
    }

    fn network(&self, bank: BankId, mti: &str) -> Message {
        let mut message = Message::new(&self.rules.banks[usize::from(bank.0)].dialect, mti.parse().unwrap());
        message.set(7, b"0101000000").unwrap();
        message.set(11, b"000009").unwrap();
        message
    }

    fn any_connection(&mut self) -> ConnectionId {
        let (bank, slot) = (self.random.below(3) as u16, self.random.below(2) as u16);
        ConnectionId { bank: BankId(bank), slot: if bank == 2 { 0 } else { slot } }
    }

    fn after(&mut self, delay: u64, event: Event) {
        self.serial += 1;
        self.events.push(Reverse((self.now + delay, self.serial)));
        self.bodies.insert(self.serial, event);
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Request(index) => self.ask(index),
            Event::CloseSession(index) => self.close_session(index),
            Event::Opens(connection) => self.opens(connection),
            Event::Fails(connection) => self.input(Input::ConnectionDown { connection }),
            Event::Drops(connection) => self.drops(connection),
            Event::Closed(connection, epoch) => {
                if self.sockets.entry(connection).or_default().epoch == epoch {
                    self.drops(connection);
                }
            }
            Event::Flush { connection, epoch, send, message, expires } => {
                self.flush(connection, epoch, send, message, expires);
            }
            Event::Arrives { connection, epoch, message } => self.arrives(connection, epoch, &message),
            Event::Says { connection, epoch, message, signs_on } => self.says(connection, epoch, message, signs_on),
            Event::WallStep(step) => self.step += step,
            Event::Jump(bank) => self.jump(bank),
            Event::Drain => self.input(Input::Drain),
        }
    }

    fn ask(&mut self, index: usize) {
        let request = &mut self.requests[index];
        if request.closed {
            return;
        }
        request.arrived = Some(self.now);
        let origin = Origin::Session {
            acquirer: request.acquirer,
            session: SessionId(index as u64),
            header: Header::new(),
            arrived: Mono(self.now),
        };
        let message = request.message.clone();
        self.input(Input::Request { origin, message });
    }

    fn close_session(&mut self, index: usize) {
        let request = &mut self.requests[index];
        if request.belief.is_none() {
            request.closed = true;
            let (acquirer, session) = (request.acquirer, SessionId(index as u64));
            self.input(Input::SessionClosed { acquirer, session });
        }
    }

    fn opens(&mut self, connection: ConnectionId) {
        let socket = self.sockets.entry(connection).or_default();
        socket.epoch += 1;
        socket.open = true;
        self.input(Input::ConnectionUp { connection });
    }

    fn drops(&mut self, connection: ConnectionId) {
        let socket = self.sockets.entry(connection).or_default();
        if socket.open {
            socket.open = false;
            socket.sign_off();
            self.input(Input::ConnectionDown { connection });
        }
    }

    /// Gives a bank's STANs a past, as folding Records does: the next one is the one after `stan`.
    fn numbers_stand_at(&mut self, bank: BankId, stan: u32) {
        let (payment, at) = (PaymentId(0), wall(self.now, self.step));
        let transmission = Transmission::from_wall(at.0);
        let mti = "0200".parse().unwrap();
        let original = OriginalData { mti, stan: Stan(stan), transmission, acquirer: 0, forwarder: 0 };
        let (connection, references) = (ConnectionId { bank, slot: 0 }, References::default());
        let sent = Record::Sent { payment, at, connection, original, rrn: None, amount: None, card: None, references };
        self.switch.apply(&sent);
        self.switch.apply(&Record::NotSent { payment, at, bank, stan: Stan(stan) });
        self.switch.check();
    }

    /// The numbers come round: the next STANs are those just before ones that were given out a while ago.
    fn jump(&mut self, bank: BankId) {
        let mine: Vec<u32> = self.given.iter().filter(|(at, _)| *at == bank).map(|&(_, stan)| stan).collect();
        let Some(&first) = mine.get(mine.len() / 2) else { return };
        let before = (1..=64).map(|back| (first + 999_998 - back) % 999_999 + 1);
        let free = before.into_iter().find(|stan| !self.oracle.may_be_busy(bank, *stan, &self.given));
        if let Some(stan) = free {
            self.numbers_stand_at(bank, stan);
        }
    }

    fn flush(&mut self, connection: ConnectionId, epoch: u64, send: SendId, message: Message, expires: Mono) {
        let socket = self.sockets.entry(connection).or_default();
        let why = if !socket.open || socket.epoch != epoch {
            Some(NotSent::ConnectionDown)
        } else if expires.0 <= self.now {
            Some(NotSent::Expired)
        } else if self.random.chance(3) {
            Some([NotSent::Full, NotSent::Encode][self.random.below(2) as usize])
        } else {
            None
        };
        if let Some(why) = why {
            let message = (!self.random.chance(10)).then_some(message);
            return self.input(Input::NotSent { connection, send, why, message });
        }
        let delay = self.random.below(50 * MILLI);
        self.after(delay, Event::Arrives { connection, epoch, message });
    }

    /// A message reaches a bank, unless it was lost with its connection.
    fn arrives(&mut self, connection: ConnectionId, epoch: u64, message: &Message) {
        let socket = &self.sockets[&connection];
        if (!socket.open || socket.epoch != epoch) && self.random.chance(50) {
            return;
        }
        if message.mti().class() == 8 {
            return self.network_arrives(connection, epoch, message);
        }
        let replies = self.banks[usize::from(connection.bank.0)].payment(message, &mut self.random);
        for reply in replies {
            let says = Event::Says { connection, epoch, message: reply.message, signs_on: None };
            self.after(reply.after, says);
        }
    }

    fn network_arrives(&mut self, connection: ConnectionId, epoch: u64, message: &Message) {
        let code = match self.random.below(20) {
            0 | 1 => "05",
            2 | 3 => return,
            _ => "00",
        };
        let mut answer = message.clone();
        answer.set_mti(message.mti().response().unwrap());
        answer.set(39, code.as_bytes()).unwrap();
        let signs_on = (message.text(70).as_deref() == Some("001") && code == "00").then_some(true);
        let delay = self.random.below(1_100 * MILLI);
        self.after(delay, Event::Says { connection, epoch, message: answer, signs_on });
    }

    /// A bank's message reaches the switch, on its connection or on another of the bank.
    fn says(&mut self, connection: ConnectionId, epoch: u64, message: Message, signs_on: Option<bool>) {
        let usable =
            |socket: Option<&Socket>| socket.is_some_and(|socket| socket.open && [0, socket.epoch].contains(&epoch));
        let mut on = connection;
        if message.mti().class() != 8 && (!usable(self.sockets.get(&on)) || self.random.chance(10)) {
            let other = ConnectionId { slot: 1 - connection.slot.min(1), ..connection };
            if self.sockets.get(&other).is_some_and(|socket| socket.open) {
                on = other;
            }
        }
        let Some(socket) = self.sockets.get_mut(&on).filter(|socket| socket.open) else { return };
        if on == connection && epoch != 0 && socket.epoch != epoch {
            return;
        }
        match signs_on {
            // The bank's own sign-on brings back only what had signed on before.
            Some(true) => socket.signed_on |= message.mti().is_response() || socket.suspended,
            Some(false) => {
                socket.suspended |= socket.signed_on;
                socket.signed_on = false;
            }
            None => {}
        }
        self.input(Input::FromBank { connection: on, header: Header::new(), message });
    }

    fn input(&mut self, input: Input) {
        let now = Now { mono: Mono(self.now), wall: wall(self.now, self.step) };
        self.switch.handle(now, input);
        self.collect();
        self.switch.check();
    }

    fn collect(&mut self) {
        while let Some(output) = self.switch.poll_output() {
            match output {
                Output::Record(record) => self.oracle.record(record),
                Output::ToBank { connection, send, message, expires, .. } => {
                    self.hand_over(connection, send, message, expires);
                }
                Output::Answer { to, message } => {
                    let session = to.session();
                    let request = &mut self.requests[session.0 as usize];
                    judge_answer(request, session, &message, self.now, TIMEOUT + TOLERANCE);
                }
                Output::AnswerBank { .. } => {}
                Output::Connect { connection } => self.connect(connection),
                Output::Close { connection } => {
                    let socket = self.sockets.entry(connection).or_default();
                    socket.sign_off();
                    let epoch = socket.epoch;
                    if socket.open {
                        let delay = self.random.below(50 * MILLI);
                        self.after(delay, Event::Closed(connection, epoch));
                    }
                }
                Output::Note(note) => self.note(&note),
            }
        }
    }

    fn hand_over(&mut self, connection: ConnectionId, send: SendId, message: Message, expires: Mono) {
        let socket = self.sockets.entry(connection).or_default();
        let epoch = socket.epoch;
        self.oracle.handed_over(connection, &message, socket.signed_on);
        let stan: u32 = message.text(11).unwrap().parse().unwrap();
        if stan == 1 {
            self.seen.count("stan wrapped");
        }
        self.given.push((connection.bank, stan));
        // Mostly written at once, sometimes held up in the connection's buffer for a while.
        let delay = if self.random.chance(90) { 0 } else { self.random.below(3_500 * MILLI) };
        self.after(delay, Event::Flush { connection, epoch, send, message, expires });
    }

    fn connect(&mut self, connection: ConnectionId) {
        assert!(!self.sockets.entry(connection).or_default().open, "only what is closed is opened");
        let delay = MILLI + self.random.below(300 * MILLI);
        let event = if self.random.chance(85) { Event::Opens(connection) } else { Event::Fails(connection) };
        self.after(delay, event);
    }

    fn note(&mut self, note: &Note) {
        let what = match note {
            Note::Payment(payment) => {
                if !payment.delivered {
                    self.seen.count("undelivered");
                }
                match payment.outcome {
                    OutcomeKind::Approved => "approved",
                    OutcomeKind::Declined => "declined",
                    OutcomeKind::TimedOut => "timed out",
                    OutcomeKind::Refused(Refusal::NoBank) => "no bank",
                    OutcomeKind::Refused(Refusal::Full) => "full",
                    OutcomeKind::Refused(Refusal::Draining) => "draining",
                    OutcomeKind::Refused(Refusal::NoIssuer) => "no issuer",
                    OutcomeKind::Refused(Refusal::Duplicate) => "duplicate",
                    OutcomeKind::Refused(_) => "refused otherwise",
                }
            }
            Note::Late { .. } => "late",
            Note::Unusable { .. } => "unusable",
            Note::UnknownAnswer { .. } => "unknown",
            Note::Attached { .. } => "attached",
            Note::DuplicateDiffers { .. } => "differs",
            Note::NotSent { failover: true, .. } => "failover",
            Note::NotSent { .. } => "not sent",
            Note::Link { why, .. } => match why {
                LinkChange::Breaker => "breaker",
                LinkChange::Echoed => "echoed",
                LinkChange::SignOnDeclined(_) => "sign-on declined",
                LinkChange::SignOnUnanswered => "sign-on unanswered",
                LinkChange::EchoesMissed => "echoes missed",
                LinkChange::BankSignedOff => "bank signed off",
                LinkChange::BankSignedOn => "bank signed on",
                _ => "link",
            },
            Note::Drained => {
                assert!(!std::mem::replace(&mut self.drained, true), "drained once");
                "drained"
            }
            _ => "other",
        };
        self.seen.count(what);
    }

    fn judge(&mut self, seed: u64) {
        judge_end(&self.requests, &self.banks);
        let snapshot = self.switch.snapshot();
        assert_eq!(snapshot.draining, self.drained, "a drain ends");
        assert!(snapshot.banks.iter().all(|bank| bank.in_flight == 0), "all is settled");
        // What the Records say of it is the same: folded anew, nothing is in flight either.
        let now = Now { mono: Mono(self.now), wall: wall(self.now, self.step) };
        let mut again = Switch::new(Arc::clone(&self.rules), now, seed);
        for record in &self.oracle.records {
            again.apply(record);
        }
        assert!(again.snapshot().banks.iter().all(|bank| bank.in_flight == 0), "the Records end what they begin");
    }
}
