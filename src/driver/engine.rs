//! The driver's task: one turn a batch.

use super::{
    ReloadError, Snapshot, Stored,
    counters::Counters,
    gate::{Effect, Gate, Unit, What},
    handle::{Command, Commands, Watcher},
    journal::{Answered, Asked, Journal},
    operate::Orders,
    reload::Fixed,
    revival::Revival,
    timer::Timer,
    trace::Tracers,
};
use crate::{
    clock::{Mono, Now},
    config::Config,
    net::{bank, connection::Line, hub::Hub, outlet::Refused},
    record::PaymentId,
    switch::{ConnectionId, Input, NotSent, Note, Origin, Output, SendId, Switch},
    telemetry,
};
use banklink_protocol::{EncodeError, Message, frame::Header};
use std::{
    collections::VecDeque,
    future::poll_fn,
    rc::Rc,
    sync::{Arc, OnceLock},
    task::{Context, Poll},
    time::Duration,
};
use tokio::{sync::oneshot, task::AbortHandle};

/// Batches handled in a row before the tasks get their turn again; more than one only when a turn made new inputs.
const TURNS: usize = 4;
/// Inputs that share a unit: few enough that what they leave behind stays in the processor's caches.
const UNIT: usize = 64;
/// After the machine has drained, peers have this long to take what is written and go.
const FAREWELL: Duration = Duration::from_secs(2);

/// All that the driver's task owns.
pub(super) struct Engine {
    pub(super) hub: Rc<Hub>,
    pub(super) machine: Switch,
    banks: Vec<Rc<bank::Settings>>,
    names: telemetry::Names,
    log_payments: bool,
    commands: Commands,
    listeners: Vec<AbortHandle>,
    pub(super) gate: Gate<Box<dyn Journal>>,
    counters: Counters,
    timer: Timer,
    batch: Vec<Input>,
    outputs: VecDeque<Output>,
    dirty: Vec<Rc<Line>>,
    /// Dials so far, over all slots: which address of a bank is next.
    dials: usize,
    watchers: Vec<Watcher>,
    drained_at: Option<Mono>,
    fixed: Fixed,
    /// Opens the journal again after a failure; `None`: there is none to open.
    pub(super) revival: Option<Revival>,
    /// Who waits to hear what became of new rules.
    reloading: Option<oneshot::Sender<Result<(), ReloadError>>>,
    /// Who waits to hear what became of a decision.
    deciding: Vec<(PaymentId, oneshot::Sender<bool>)>,
    /// Who listens in.
    tracers: Tracers,
    /// What is commanded and not carried out yet.
    orders: Orders,
    last: Arc<OnceLock<Snapshot>>,
}

/// What an engine is made of.
pub(super) struct Parts {
    pub(super) hub: Rc<Hub>,
    pub(super) machine: Switch,
    pub(super) journal: Box<dyn Journal>,
    pub(super) banks: Vec<Rc<bank::Settings>>,
    pub(super) names: telemetry::Names,
    pub(super) log_payments: bool,
    pub(super) commands: Commands,
    pub(super) listeners: Vec<AbortHandle>,
    pub(super) fixed: Fixed,
    pub(super) revival: Option<Revival>,
    pub(super) last: Arc<OnceLock<Snapshot>>,
}

impl Engine {
    pub(super) fn new(parts: Parts) -> Self {
        let clock = parts.hub.clock;
        Self {
            counters: Counters::new(parts.names.acquirers.len(), parts.names.banks.len()),
            hub: parts.hub,
            machine: parts.machine,
            banks: parts.banks,
            names: parts.names,
            log_payments: parts.log_payments,
            commands: parts.commands,
            listeners: parts.listeners,
            gate: Gate::new(parts.journal),
            timer: Timer::new(clock),
            batch: Vec::new(),
            outputs: VecDeque::new(),
            dirty: Vec::new(),
            dials: 0,
            watchers: Vec::new(),
            drained_at: None,
            fixed: parts.fixed,
            revival: parts.revival,
            reloading: None,
            deciding: Vec::new(),
            tracers: Tracers::default(),
            orders: Orders::default(),
            last: parts.last,
        }
    }

    /// Runs until the switch is drained or stopped, and leaves its last state behind.
    pub(super) async fn run(mut self) {
        // What the machine wants before anything has happened: its first connections.
        self.hub.push(Input::Tick);
        poll_fn(|cx| self.poll(cx)).await;
        // Before the command channel closes: who finds it closed looks here.
        let _ = self.last.set(self.snapshot());
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.hub.register(cx.waker());
        self.keep_journal();
        self.gate.journal().register(cx.waker());
        if self.poll_commands(cx).is_ready() {
            return Poll::Ready(());
        }
        if self.timer.fired(cx) {
            self.hub.expire();
            self.hub.push(Input::Tick);
        }
        for _ in 0..TURNS {
            if !self.turn() {
                break;
            }
        }
        self.answer_watchers();
        if self.is_over() {
            return Poll::Ready(());
        }
        self.timer.arm(self.deadline(), cx);
        Poll::Pending
    }

    /// One batch; says whether there was any.
    fn turn(&mut self) -> bool {
        let mut batch = std::mem::take(&mut self.batch);
        self.hub.take(&mut batch);
        let any = !batch.is_empty();
        if any {
            self.handle(&mut batch);
        }
        self.batch = batch;
        // Also what became durable without any input.
        self.release();
        for line in self.dirty.drain(..) {
            line.outlet.wake();
        }
        any
    }

    /// Hands a batch to the machine, unit by unit.
    fn handle(&mut self, batch: &mut Vec<Input>) {
        let now = self.hub.clock.now();
        self.machine.refuse_new(!self.gate.journal().room() || self.is_reviving());
        let mut inputs = batch.drain(..);
        while inputs.len() > 0 {
            let mut unit = self.gate.unit();
            for input in inputs.by_ref().take(UNIT) {
                if self.tracers.listen() {
                    self.tracers.input(now.wall, &self.names, &input);
                }
                self.machine.handle(now, input);
            }
            self.collect(&mut unit, now);
            self.gate.hold(unit);
            self.release();
        }
    }

    /// Lets go what may, and takes what was read back.
    fn release(&mut self) {
        while let Some(answer) = self.gate.journal_mut().recalled() {
            self.recalled(answer);
        }
        while let Some(mut unit) = self.gate.release() {
            self.leave(&mut unit);
            self.gate.recycle(unit);
        }
    }

    /// Takes what the machine wants done into the unit, laid out as bytes.
    pub(super) fn collect(&mut self, unit: &mut Unit, now: Now) {
        let mut outputs = std::mem::take(&mut self.outputs);
        loop {
            self.machine.take_outputs(&mut unit.records, &mut outputs);
            if outputs.is_empty() {
                break;
            }
            for output in &outputs {
                if self.tracers.listen() {
                    self.tracers.output(now.wall, &self.names, output);
                }
                self.collect_one(unit, now, output);
            }
            outputs.clear();
        }
        self.outputs = outputs;
    }

    /// By reference: most outputs are small, and the largest is not to be moved for each of them.
    fn collect_one(&mut self, unit: &mut Unit, now: Now, output: &Output) {
        match *output {
            Output::Record(_) => unreachable!("Records are taken by themselves"),
            Output::ToBank { connection, send, ref header, ref message, expires } => {
                let what = What::Send { connection, send, expires };
                if let Err(why) = self.hand_to_bank(unit, connection, what, header, message) {
                    let message = Some(message.clone());
                    self.machine.handle(now, Input::NotSent { connection, send, why, message });
                }
            }
            Output::AnswerBank { connection, ref header, ref message } => {
                // Lost with its connection: the bank asks again.
                if let Some(line) = self.hub.connection(connection) {
                    let header = line.settings.framing.answer_header(header);
                    let _ = self.hand_to_bank(unit, connection, What::AnswerBank, &header, message);
                }
            }
            Output::Answer { ref to, approves, ref message } => self.answer(unit, now, to, approves, message),
            // While the journal is being opened again no bank is of use.
            Output::Connect { .. } if self.is_reviving() => {}
            Output::Connect { connection } => unit.effects.push(Effect::Connect(connection)),
            Output::Close { connection } => {
                unit.effects.push(Effect::Close(connection, self.hub.connection(connection)));
            }
            Output::Recall { ticket, ref names, around } => {
                unit.effects.push(Effect::Recall(Asked { ticket, names: names.clone(), around }));
            }
            Output::Note(ref note) => unit.notes.push(*note),
        }
    }

    /// Lays a message out for a bank.
    fn hand_to_bank(
        &self,
        unit: &mut Unit,
        connection: ConnectionId,
        what: What,
        header: &Header,
        message: &Message,
    ) -> Result<(), NotSent> {
        let line = self.hub.connection(connection).ok_or(NotSent::ConnectionDown)?;
        if let Err(error) = lay_out(unit, &line, header, message) {
            let bank = &*self.names.banks[usize::from(connection.bank.0)];
            tracing::error!(bank, mti = %message.mti(), %error, "cannot lay out a message");
            return Err(NotSent::Encode);
        }
        unit.effects.push(Effect::Write { line, end: unit.bytes.len(), what });
        Ok(())
    }

    fn answer(&mut self, unit: &mut Unit, now: Now, to: &Origin, approves: Option<PaymentId>, message: &Message) {
        let Origin::Session { acquirer, session, header, .. } = to;
        let Some(line) = self.hub.session(*session) else {
            self.counters.undelivered(*acquirer);
            return self.not_delivered(now, approves);
        };
        let header = line.settings.framing.answer_header(header);
        if let Err(error) = lay_out(unit, &line, &header, message) {
            let acquirer_name = &*self.names.acquirers[usize::from(acquirer.0)];
            tracing::error!(acquirer = acquirer_name, mti = %message.mti(), %error, "cannot lay out an answer");
            self.counters.undelivered(*acquirer);
            return self.not_delivered(now, approves);
        }
        unit.effects.push(Effect::Write { line, end: unit.bytes.len(), what: What::Answer(*acquirer, approves) });
    }

    /// An approval that certainly does not reach its acquirer.
    fn not_delivered(&mut self, now: Now, approves: Option<PaymentId>) {
        if let Some(payment) = approves {
            self.machine.handle(now, Input::NotDelivered { payment });
        }
    }

    /// Lets a unit leave.
    pub(super) fn leave(&mut self, unit: &mut Unit) {
        let mut start = 0;
        for effect in unit.effects.drain(..) {
            match effect {
                Effect::Write { line, end, what } => {
                    self.write(line, &unit.bytes[start..end], what);
                    start = end;
                }
                Effect::Connect(connection) => self.dial(connection),
                Effect::Close(_, Some(line)) => line.outlet.close(),
                Effect::Close(connection, None) => self.hub.close(connection),
                Effect::Recall(asked) => {
                    let answer = self.gate.journal_mut().recall(asked);
                    answer.into_iter().for_each(|answer| self.recalled(answer));
                }
            }
        }
        for note in unit.notes.drain(..) {
            self.note(&note);
        }
    }

    /// Hands what was read back to the machine.
    fn recalled(&self, answer: Answered) {
        let Answered { ticket, records } = answer;
        self.hub.push(Input::Recalled { ticket, records });
    }

    fn write(&mut self, line: Rc<Line>, frame: &[u8], what: What) {
        let mark = match what {
            What::Send { send, expires, .. } => Some((send, expires)),
            What::AnswerBank | What::Answer(..) => None,
        };
        match (line.outlet.push(frame, mark), what) {
            (Ok(true), _) => self.dirty.push(line),
            (Ok(false), _) => {}
            (Err(refused), What::Send { connection, send, .. }) => {
                self.not_sent(&line, frame, connection, send, refused)
            }
            (Err(_), What::Answer(acquirer, approves)) => {
                self.counters.undelivered(acquirer);
                if let Some(payment) = approves {
                    self.hub.push(Input::NotDelivered { payment });
                }
            }
            (Err(_), What::AnswerBank) => {}
        }
    }

    fn not_sent(&self, line: &Line, frame: &[u8], connection: ConnectionId, send: SendId, refused: Refused) {
        let why = match refused {
            Refused::Closed => NotSent::ConnectionDown,
            Refused::Full => NotSent::Full,
        };
        self.hub.push(Input::NotSent { connection, send, why, message: line.settings.message(frame) });
    }

    fn dial(&mut self, connection: ConnectionId) {
        let settings = Rc::clone(&self.banks[usize::from(connection.bank.0)]);
        self.dials += 1;
        let task = bank::dial(settings, connection.slot, self.dials, Rc::clone(&self.hub));
        self.hub.dialling(connection, tokio::task::spawn_local(task).abort_handle());
    }

    fn note(&mut self, note: &Note) {
        self.counters.count(note);
        match note {
            Note::Payment(payment) if self.log_payments => telemetry::payment(&self.names, payment),
            Note::Payment(_) => {}
            Note::Drained => {
                self.drained_at = Some(self.hub.clock.mono());
                self.hub.close_sessions();
                telemetry::note(&self.names, note);
            }
            _ => {
                match note {
                    Note::Operated { ticket, refused } => self.orders.done(*ticket, *refused),
                    Note::RulesApplied => self.reloaded(Ok(())),
                    Note::Decided { item, found } => self.decided(*item, *found),
                    Note::RulesRefused { why } => self.reloaded(Err(ReloadError::Refused(why))),
                    _ => {}
                }
                telemetry::note(&self.names, note);
            }
        }
    }

    fn poll_commands(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        while let Poll::Ready(command) = self.commands.poll_recv(cx) {
            match command {
                // Nobody holds the switch any more, or somebody has had enough of it.
                None | Some(Command::Stop) => return Poll::Ready(()),
                Some(Command::Reload(config, reply)) => self.reload(&config, reply),
                Some(Command::Drain) => {
                    self.listeners.drain(..).for_each(|listener| listener.abort());
                    self.hub.push(Input::Drain);
                }
                Some(Command::Trace(filter, reply)) => drop(reply.send(self.tracers.add(filter, &self.names))),
                Some(Command::Stored(reply)) => drop(reply.send(self.stored())),
                Some(Command::Decide { item, decision, by, reply }) => {
                    self.deciding.push((item, reply));
                    self.hub.push(Input::Decide { item, decision, by });
                }
                Some(Command::Operate { order, by, reply }) => {
                    let inputs = self.orders.begin(order, &by, reply, &self.machine.snapshot());
                    inputs.into_iter().for_each(|input| self.hub.push(input));
                }
                // A caller that went away does not want its answer.
                Some(Command::Snapshot(reply)) => drop(reply.send(self.snapshot())),
                Some(Command::Watch(watcher)) => self.watchers.push(watcher),
            }
        }
        Poll::Pending
    }

    fn reload(&mut self, config: &Config, reply: oneshot::Sender<Result<(), ReloadError>>) {
        if let Err(error) = self.fixed.check(config) {
            return drop(reply.send(Err(error)));
        }
        self.reloading = Some(reply);
        if let Some(revival) = &mut self.revival {
            revival.rules = Arc::clone(&config.rules);
        }
        self.hub.push(Input::Rules(Arc::clone(&config.rules)));
    }

    fn reloaded(&mut self, result: Result<(), ReloadError>) {
        if let Some(reply) = self.reloading.take() {
            let _ = reply.send(result);
        }
    }

    fn decided(&mut self, item: PaymentId, found: bool) {
        if let Some(place) = self.deciding.iter().position(|(other, _)| *other == item) {
            // Whoever asked may have gone.
            let _ = self.deciding.swap_remove(place).1.send(found);
        }
    }

    fn stored(&self) -> Vec<Stored> {
        self.machine.stored().iter().map(|stored| Stored::of(stored, &self.names.banks)).collect()
    }

    fn snapshot(&self) -> Snapshot {
        let listeners = self.tracers.count();
        Snapshot { listeners, ..self.counters.snapshot(&self.machine, &self.hub) }
    }

    fn answer_watchers(&mut self) {
        if self.watchers.is_empty() {
            return;
        }
        let snapshot = self.snapshot();
        for mut watcher in std::mem::take(&mut self.watchers) {
            if (watcher.reached)(&snapshot) {
                let _ = watcher.reply.send(snapshot.clone());
            } else if !watcher.reply.is_closed() {
                self.watchers.push(watcher);
            }
        }
    }

    fn deadline(&self) -> Option<Mono> {
        let farewell = self.drained_at.map(|at| at + FAREWELL);
        let revival = self.revival.as_ref().and_then(|revival| revival.due);
        [self.machine.deadline(), farewell, revival].into_iter().flatten().min()
    }

    /// Has it been told to drain? Nobody is listened to any more then.
    pub(super) fn is_shutting_down(&self) -> bool {
        self.listeners.is_empty()
    }

    /// Drained, and everyone has what was written or has had time enough to take it.
    fn is_over(&self) -> bool {
        let Some(drained_at) = self.drained_at else { return false };
        let gone = self.hub.sessions_open() == 0 && self.hub.connections_open() == 0;
        gone || self.hub.clock.mono() >= drained_at + FAREWELL
    }
}

fn lay_out(unit: &mut Unit, line: &Line, header: &Header, message: &Message) -> Result<(), EncodeError> {
    line.settings.framing.write(&mut unit.bytes, header, |out| message.encode(out))
}
