//! The world around one switch, over all its lives. All chance comes from one seed.

use crate::{
    acquirers::{Agent, Kind, Next, Request, plan, resend},
    bank::Bank,
    disk::{Disk, Synced},
    holds::judge_holds,
    network::{Flight, Saying, Socket},
    operator::hold,
    oracle::{Oracle, judge_answer, judge_end, wall},
    random::Random,
    rules::{TIMEOUT, dialect, rules},
    seen::Seen,
    story::{self, tell},
};
use banklink::{
    clock::{Mono, Now},
    record::{Body, Decision, Name, Operation, Park, PaymentId, Record, Unanswered},
    rules::Rules,
    switch::{AcquirerId, BankId, ConnectionId, Ignored, Input, Note, Origin, Output, SessionId, Switch},
};
use banklink_protocol::{
    Message,
    element::{OriginalData, Stan, Transmission},
    frame::Header,
};
use std::{
    cmp::Reverse,
    collections::{BTreeSet, BinaryHeap, HashMap},
    sync::Arc,
};

pub(crate) const MILLI: u64 = 1_000_000;
pub(crate) const SECOND: u64 = 1_000 * MILLI;
/// Payments begin within this time …
const SPAN: u64 = 20 * SECOND;
/// … faults end a little later …
const CALM: u64 = SPAN + 10 * SECOND;
/// … and within a day all must be settled.
const HORIZON: u64 = 86_400 * SECOND;
/// The timer may be asked this late, and the disk may take its time.
const TOLERANCE: u64 = 920 * MILLI;
/// The past may be read for so long.
const READING: u64 = 2 * SECOND;
/// Digests are comparable over all lives.
pub(crate) const KEY: [u8; 16] = [7; 16];

/// What happens at some moment.
pub(crate) enum Event {
    /// A front end sends something.
    Send {
        payment: usize,
        message: Message,
        kind: Kind,
    },
    /// A session ends before its answer.
    CloseSession(usize),
    /// A front end has waited long enough.
    Patience(usize),
    /// An answer reaches its front end.
    Told {
        session: usize,
        message: Message,
    },
    Opens(ConnectionId, u64),
    /// Something is told to the switch, if it is still the same life.
    Input(Input, u64),
    Drops(ConnectionId),
    Closed(ConnectionId, u64),
    /// A message handed over is written, if it still can be.
    Flush(Flight),
    Arrives {
        connection: ConnectionId,
        epoch: u64,
        message: Message,
    },
    Says(Saying),
    /// A bank says nothing at all for a while.
    Silence(BankId, u64),
    WallStep(i64),
    Drain,
    /// A connection is to be made anew.
    Renew(ConnectionId),
    /// An operator commands something.
    Operate(Operation),
    Start(u64),
}

/// The world.
pub(crate) struct World {
    pub(crate) switch: Switch,
    pub(crate) rules: Arc<Rules>,
    pub(crate) seed: u64,
    pub(crate) random: Random,
    pub(crate) now: u64,
    step: i64,
    events: BinaryHeap<Reverse<(u64, u64)>>,
    bodies: HashMap<u64, Event>,
    serial: u64,
    pub(crate) agents: Vec<Agent>,
    pub(crate) requests: Vec<Request>,
    pub(crate) sockets: HashMap<ConnectionId, Socket>,
    pub(crate) banks: Vec<Bank>,
    pub(crate) oracle: Oracle,
    pub(crate) disk: Disk,
    /// The process that runs; a new number for each.
    pub(crate) life: u64,
    pub(crate) down: bool,
    /// The journal is being opened again.
    pub(crate) reviving: bool,
    /// How often the switch asked for what it does not remember, or said nothing since it could not.
    recalls: u64,
    /// When all that the switch asked for is read.
    read_at: u64,
    /// Outputs so far, and those between which the process dies.
    outputs: u64,
    crashes: Vec<u64>,
    drained: bool,
    /// Connections that an operator holds.
    pub(crate) held: BTreeSet<ConnectionId>,
    pub(crate) seen: Seen,
}

/// Runs one seed to its end, or panics.
pub(crate) fn run(seed: u64) -> Seen {
    let mut world = World::new(seed);
    world.schedule();
    world.collect();
    while !world.settled() {
        let event = world.events.peek().map(|Reverse((at, _))| *at);
        let timer = if world.down { None } else { world.switch.deadline().map(|deadline| deadline.0) };
        let disk = world.disk.deadline();
        let next = [event, timer, disk].into_iter().flatten().min().expect("a switch has a timer");
        assert!(next < HORIZON, "all is settled within a day: {:#?} {:?}", world.switch.stored(), world.unsettled());
        world.now = world.now.max(next);
        story::at(world.now);
        if disk == Some(next) {
            world.synced();
        } else if event == Some(next) {
            let Reverse((_, serial)) = world.events.pop().unwrap();
            let event = world.bodies.remove(&serial).unwrap();
            world.happen(event);
        } else {
            world.input(Input::Tick);
        }
    }
    judge_end(&world.agents, &world.banks);
    judge_holds(&world.agents, &world.banks, &world.rules, world.disk.records());
    world.compare_with_fold(&[]);
    world.seen
}

impl World {
    fn new(seed: u64) -> Self {
        let mut random = Random::new(seed);
        let rules = Arc::new(rules(&mut random));
        let now = Now { mono: Mono(SECOND), wall: wall(SECOND, 0) };
        let agents = plan(&dialect("iso87-ascii"), &mut random, SPAN);
        let crashes =
            if random.chance(60) { (0..1 + random.below(3)).map(|_| random.below(900)).collect() } else { Vec::new() };
        let banks = ['a', 'b', 'c'].map(|name| Bank::new(name, &mut random)).into();
        let mut world = Self {
            switch: Switch::with_key(Arc::clone(&rules), now, seed, Some(KEY)),
            rules,
            seed,
            banks,
            random,
            now: SECOND,
            step: 0,
            events: BinaryHeap::new(),
            bodies: HashMap::new(),
            serial: 0,
            agents,
            requests: Vec::new(),
            sockets: HashMap::new(),
            oracle: Oracle::default(),
            disk: Disk::default(),
            recalls: 0,
            read_at: 0,
            life: 1,
            down: false,
            reviving: false,
            outputs: 0,
            crashes,
            drained: false,
            held: BTreeSet::new(),
            seen: Seen::default(),
        };
        for bank in 0..world.banks.len() {
            let last = 999_999 - world.random.below(30) as u32;
            world.numbers_stand_at(BankId(bank as u16), last);
        }
        world
    }

    fn schedule(&mut self) {
        for payment in 0..self.agents.len() {
            if self.agents[payment].follows {
                continue;
            }
            let at = self.agents[payment].starts;
            let (message, kind) = self.agents[payment].first(&mut self.random);
            let resends = if kind == Kind::Payment && self.agents[payment].stays() && self.random.chance(15) {
                1 + self.random.below(2)
            } else {
                0
            };
            for _ in 0..resends {
                let (message, kind) = resend(&message, &mut self.random);
                let later = at + 1 + self.random.below(SPAN / 4);
                self.after(later, Event::Send { payment, message, kind });
            }
            self.after(at, Event::Send { payment, message, kind });
        }
        for _ in 0..self.random.below(8) {
            let connection = self.any_connection();
            let at = self.random.below(SPAN);
            self.after(at, Event::Drops(connection));
        }
        for _ in 0..self.random.below(3) {
            let step = [-3_600, 3_600, -1, 7_200][self.random.below(4) as usize] * 1_000_000;
            let at = self.random.below(SPAN);
            self.after(at, Event::WallStep(step));
        }
        for _ in 0..self.random.below(3) {
            let (bank, at) = (BankId(self.random.below(3) as u16), self.random.below(SPAN));
            let long = self.random.below(12 * SECOND);
            self.after(at, Event::Silence(bank, long));
        }
        if self.random.chance(20) {
            let at = SPAN / 2 + self.random.below(SPAN / 2);
            self.after(at, Event::Drain);
        }
        self.schedule_sign_offs();
        self.schedule_operator(SPAN, CALM);
    }

    /// A bank signs off on a connection, and on again some time later.
    fn schedule_sign_offs(&mut self) {
        for _ in 0..self.random.below(3) {
            let connection = self.any_connection();
            let at = self.random.below(SPAN);
            for (later, function, signs_on) in [(0, "002", false), (2 * SECOND, "001", true)] {
                let dialect = &self.rules.banks[usize::from(connection.bank.0)].dialect;
                let mut message = Message::new(dialect, "0800".parse().unwrap());
                for (field, value) in [(7, "0101000000"), (11, "000009"), (70, function)] {
                    message.set(field, value.as_bytes()).unwrap();
                }
                let signs_on = Some(signs_on);
                self.after(at + later, Event::Says(Saying { connection, epoch: 0, message, signs_on, insists: None }));
            }
        }
    }

    pub(crate) fn calm(&self) -> bool {
        self.now > CALM
    }

    pub(crate) fn clock(&self) -> Now {
        Now { mono: Mono(self.now), wall: wall(self.now, self.step) }
    }

    pub(crate) fn after(&mut self, delay: u64, event: Event) {
        self.serial += 1;
        self.events.push(Reverse((self.now + delay, self.serial)));
        self.bodies.insert(self.serial, event);
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Send { payment, message, kind } => self.send(payment, message, kind),
            Event::CloseSession(session) => self.close_session(session),
            Event::Patience(session) => self.patience(session),
            Event::Told { session, message } => self.told(session, &message),
            Event::Opens(connection, life) => self.opens(connection, life),
            Event::Input(input, life) => {
                if life == self.life && !self.down {
                    self.input(input);
                }
            }
            Event::Drops(connection) => self.drops(connection),
            Event::Closed(connection, epoch) => {
                if self.sockets.entry(connection).or_default().epoch == epoch {
                    self.drops(connection);
                }
            }
            Event::Flush(flight) => self.flush(flight),
            Event::Arrives { connection, epoch, message } => self.arrives(connection, epoch, &message),
            Event::Says(saying) => self.says(saying),
            Event::Silence(bank, long) => self.banks[usize::from(bank.0)].silent_until = self.now + long,
            Event::WallStep(step) => self.step += step,
            Event::Drain => self.drain(),
            Event::Renew(connection) => self.input(Input::Renew { connection }),
            Event::Operate(operation) => self.operate(operation),
            Event::Start(life) => self.start(life),
        }
    }

    /// A front end sends something on a session of its own.
    fn send(&mut self, payment: usize, message: Message, kind: Kind) {
        if self.down {
            let next = self.agents[payment].unanswered(kind, &mut self.random);
            return self.next(payment, next);
        }
        let session = self.requests.len();
        tell(|| {
            let text = |field| message.text(field).unwrap_or_default();
            format!("front end {payment} sends {} {} for {} on session {session}", message.mti(), text(11), text(4))
        });
        let origin = Origin::Session {
            acquirer: self.agents[payment].acquirer,
            session: SessionId(session as u64),
            header: Header::new(),
            arrived: Mono(self.now),
        };
        let arrived = self.now;
        let (closed, answered, waited) = (false, false, false);
        let life = self.life;
        let request =
            Request { payment, message: message.clone(), kind, arrived, closed, answered, waited, life, gone: None };
        self.requests.push(request);
        let patience = self.agents[payment].patience();
        self.after(patience, Event::Patience(session));
        if !self.calm() && self.random.chance(4) {
            let later = self.random.below(4 * SECOND);
            self.after(later, Event::CloseSession(session));
        }
        let recalls = self.recalls;
        self.input(Input::Request { origin, message: message.into() });
        self.requests[session].waited = self.recalls > recalls;
    }

    fn next(&mut self, payment: usize, next: Next) {
        if let Next::Send { message, kind, after } = next {
            self.after(after, Event::Send { payment, message: *message, kind });
        }
    }

    /// A session ends; its front end hears no more on it.
    pub(crate) fn close_session(&mut self, session: usize) {
        let request = &mut self.requests[session];
        if request.closed || request.answered {
            return;
        }
        request.closed = true;
        let (payment, kind) = (request.payment, request.kind);
        tell(|| format!("session {session} of front end {payment} ends"));
        if !self.down {
            self.requests[session].gone = Some(self.life);
            let acquirer = self.agents[payment].acquirer;
            self.input(Input::SessionClosed { acquirer, session: SessionId(session as u64) });
        }
        let mut next = self.agents[payment].unanswered(kind, &mut self.random);
        if let Next::Send { after, .. } = &mut next
            && self.random.chance(30)
        {
            // It does not wait: its answer may still be on its way to the session that is gone.
            *after = self.random.below(60 * MILLI);
        }
        self.next(payment, next);
    }

    fn patience(&mut self, session: usize) {
        let request = &self.requests[session];
        let owed = !request.closed && !request.answered && !request.waited && request.life == self.life && !self.down;
        assert!(!owed, "session {session} has no answer after its timer");
        self.close_session(session);
    }

    fn told(&mut self, session: usize, message: &Message) {
        let (payment, kind) = (self.requests[session].payment, self.requests[session].kind);
        let next = self.agents[payment].answered(payment, kind, message, &mut self.random);
        self.next(payment, next);
        for payment in self.agents[payment].released() {
            self.agents[payment].busy = true;
            let (message, kind) = self.agents[payment].first(&mut self.random);
            let later = MILLI + self.random.below(8 * SECOND);
            self.after(later, Event::Send { payment, message, kind });
        }
    }

    fn drain(&mut self) {
        if !self.down {
            tell(|| "the switch drains".to_owned());
            self.input(Input::Drain);
        }
    }

    pub(crate) fn input(&mut self, input: Input) {
        if self.down {
            return;
        }
        self.switch.handle(self.clock(), input);
        self.collect();
        if !self.down {
            self.switch.check();
        }
    }

    /// Takes what the switch wants done; each is held until its Records are durable.
    pub(crate) fn collect(&mut self) {
        while let Some(output) = self.switch.poll_output() {
            self.outputs += 1;
            if self.crashes.contains(&self.outputs) {
                return self.crash(output);
            }
            let unread = matches!(output, Output::Note(Note::Ignored { why: Ignored::Unread, .. }));
            self.recalls += u64::from(unread || matches!(output, Output::Recall { .. }));
            match output {
                Output::Record(record) => {
                    assert!(!self.reviving, "nothing is recorded that cannot be kept");
                    tell(|| format!("record {record:?}"));
                    if let Record::Commanded { operation, .. } = &record {
                        self.seen.count("commanded");
                        hold(&mut self.held, operation);
                    }
                    self.disk.append(record);
                }
                Output::Answer { to, approves, .. } if self.requests[to.session().0 as usize].closed => {
                    let gone = self.requests[to.session().0 as usize].gone;
                    assert_ne!(gone, Some(self.life), "nobody is answered whose session is known to have ended");
                    if let Some(payment) = approves {
                        self.switch.handle(self.clock(), Input::NotDelivered { payment });
                    }
                }
                Output::ToBank { connection, ref message, .. } => {
                    let socket = self.sockets.entry(connection).or_default();
                    let takes = message.mti().class() == 8 || socket.signed_on;
                    assert!(takes, "payments go to signed-on connections alone");
                    let held = message.mti().class() != 8 && self.held.contains(&connection);
                    assert!(!held, "no payments go to what an operator holds");
                    self.disk.hold(output, socket.epoch);
                }
                _ => {
                    self.may_close_early(&output);
                    self.disk.hold(output, 0);
                }
            }
        }
        let may_fail = !self.calm();
        self.disk.commit(self.now, &mut self.random, may_fail);
        self.release();
    }

    fn synced(&mut self) {
        match self.disk.synced() {
            Synced::Durable => {
                let may_fail = !self.calm();
                self.disk.commit(self.now, &mut self.random, may_fail);
                self.release();
            }
            Synced::Failed => self.fail(),
        }
    }

    fn release(&mut self) {
        while let Some((output, epoch)) = self.disk.release() {
            match output {
                Output::Record(_) => unreachable!("Records are kept, not held"),
                Output::ToBank { connection, send, message, expires, .. } => {
                    self.hand_over(connection, epoch, send, *message, expires);
                }
                Output::Answer { to, approves, message } => {
                    self.answer(to.session().0 as usize, approves, *message);
                }
                Output::AnswerBank { .. } => {}
                Output::Connect { .. } if self.reviving => {}
                Output::Connect { connection } => self.connect(connection),
                Output::Close { connection } => self.close(connection),
                Output::Recall { ticket, names, .. } => self.read_back(ticket, &names),
                Output::Note(note) => self.note(&note),
            }
        }
    }

    /// What is durable is read, in the order of asking. Now and then that takes longer than the switch waits, or fails.
    fn read_back(&mut self, ticket: u64, names: &[Name]) {
        self.seen.count("recall");
        let slow = self.random.below(300);
        let takes = match slow {
            0 => 7 * SECOND,
            1..=30 => self.random.below(1_500 * MILLI),
            _ => self.random.below(2 * MILLI),
        };
        self.read_at = self.read_at.max(self.now + takes);
        let refuses = self.reviving || self.random.below(30) == 0;
        let records = if refuses { None } else { Some(self.disk.read(names)) };
        let input = Event::Input(Input::Recalled { ticket, records }, self.life);
        self.after(self.read_at - self.now, input);
    }

    pub(crate) fn answer(&mut self, session: usize, approves: Option<PaymentId>, message: Message) {
        if self.requests[session].closed {
            let life = self.life;
            if let Some(payment) = approves {
                self.after(0, Event::Input(Input::NotDelivered { payment }, life));
            }
            return;
        }
        let read = if self.requests[session].waited { READING } else { 0 };
        let latest = TIMEOUT.as_nanos() as u64 + TOLERANCE + read;
        judge_answer(&mut self.requests[session], session, &message, self.now, latest);
        let request = &mut self.requests[session];
        let payment = request.payment;
        tell(|| format!("session {session} is answered {} {}", message.mti(), message.text(39).unwrap()));
        if !self.calm() && self.random.chance(3) {
            // It is written, and the session ends before it is read.
            let (acquirer, kind) = (self.agents[payment].acquirer, self.requests[session].kind);
            self.requests[session].closed = true;
            if kind == Kind::Payment {
                self.agents[payment].maybe_told = true;
            }
            let life = self.life;
            self.after(0, Event::Input(Input::SessionClosed { acquirer, session: SessionId(session as u64) }, life));
            let next = self.agents[payment].unanswered(kind, &mut self.random);
            return self.next(payment, next);
        }
        let delay = self.random.below(5 * MILLI);
        self.after(delay, Event::Told { session, message });
    }

    pub(crate) fn note(&mut self, note: &Note) {
        self.seen.note(note);
        match note {
            Note::Parked { item, why, .. } => self.have_decided(*item, *why),
            Note::Drained => self.drained = true,
            _ => {}
        }
    }

    /// An operator looks at what is parked, after a while. What no hold covers is settled otherwise.
    pub(crate) fn have_decided(&mut self, item: PaymentId, why: Park) {
        let decision = match why {
            Park::Strikes | Park::Unsendable => Decision::Retry,
            Park::Uncovered => Decision::Resolve,
            _ => panic!("nothing is parked for {why:?} here"),
        };
        let (wait, life) = (SECOND + self.random.below(10 * SECOND), self.life);
        let by = "the simulated operator".into();
        self.after(wait, Event::Input(Input::Decide { item, decision, by }, life));
    }

    /// Once drained, the process ends; another one begins.
    fn settled(&mut self) -> bool {
        if self.drained && self.disk.is_idle() {
            self.drained = false;
            self.end_life();
        }
        let quiet = self.now > SPAN + SECOND && !self.down && !self.reviving && self.disk.is_idle();
        let material = |event: &Event| match event {
            Event::Opens(..) | Event::Drops(_) | Event::Closed(..) | Event::Silence(..) | Event::Patience(_) => false,
            Event::Flush(Flight { message, .. }) | Event::Arrives { message, .. } => message.mti().class() != 8,
            Event::Says(saying) => saying.message.mti().class() != 8,
            Event::Input(input, life) => {
                *life == self.life && matches!(input, Input::Decide { .. } | Input::NotDelivered { .. })
            }
            _ => true,
        };
        if !quiet || self.agents.iter().any(|agent| agent.busy) || self.bodies.values().any(material) {
            return false;
        }
        let snapshot = self.switch.snapshot();
        snapshot.undelivered == 0 && snapshot.banks.iter().all(|bank| bank.in_flight == 0 && bank.stored == 0)
    }

    /// The front ends that are not done.
    fn unsettled(&self) -> Vec<(usize, &Agent)> {
        self.agents.iter().enumerate().filter(|(_, agent)| agent.busy).collect()
    }

    /// Gives a bank's STANs a past, as folding Records does: the next one is the one after `stan`.
    fn numbers_stand_at(&mut self, bank: BankId, stan: u32) {
        let at = wall(self.now, self.step);
        let transmission = Transmission::from_wall(at.0);
        let mti = "0200".parse().unwrap();
        let sent = Record::Sent {
            payment: PaymentId(0),
            at,
            acquirer: AcquirerId(0),
            connection: ConnectionId { bank, slot: 0 },
            original: OriginalData { mti, stan: Stan(stan), transmission, acquirer: 0, forwarder: 0 },
            rrn: None,
            unanswered: Unanswered::Leave,
            body: Body::default(),
        };
        let not_sent = Record::NotSent { payment: PaymentId(0), at, bank, stan: Stan(stan) };
        for record in [sent, not_sent] {
            self.switch.apply(&record);
            self.disk.append(record);
        }
    }
}
