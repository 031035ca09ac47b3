//! Plays a script once: every step in its order, everything that is not as it should be noted, and on with the next.

mod arrival;
mod compose;
mod line;
mod lines;
mod stage;
mod steps;

use super::{
    pki::Pki,
    report::{Deviation, Kind, Outcome, ScriptReport, StepReport, milliseconds},
    script::{Action, Script, Step},
    value::{Moment, Values},
};
use banklink_protocol::{Message, frame::Header};
use bytes::Bytes;
use line::{Brought, Line};
use stage::Stage;
use std::{
    collections::{HashMap, VecDeque},
    time::Duration,
};
use tokio::{sync::mpsc, time::Instant};

/// The longest loop value that a report shows.
const SHOWN: usize = 6;

/// The counters and states of a bank that `until` may wait for.
pub(super) fn bank_states() -> Vec<String> {
    let mut states = numbers(&crate::driver::BankSnapshot::default());
    states.push("up".to_owned());
    states
}

/// Those of an acquirer.
pub(super) fn acquirer_states() -> Vec<String> {
    numbers(&crate::driver::AcquirerSnapshot::default())
}

fn numbers(snapshot: &impl serde::Serialize) -> Vec<String> {
    let Ok(serde_json::Value::Object(members)) = serde_json::to_value(snapshot) else { return Vec::new() };
    members.into_iter().filter(|(_, value)| value.is_u64()).map(|(name, _)| name).collect()
}

/// One thing that came, in the order of its end.
struct Arrival {
    /// The connection, by its place among those of its end.
    line: usize,
    came: Came,
}

enum Came {
    Message(Box<(Header, Message, Bytes)>),
    Unreadable(String),
    KeepAlive,
    End,
    Broken(String),
}

/// Where a message that is known by name was sent or received.
struct Known {
    end: usize,
    line: usize,
    header: Header,
}

/// What an end of the script has at the moment.
#[derive(Default)]
struct Party {
    lines: Vec<Line>,
    /// Came, and no step has looked at it yet.
    arrived: VecDeque<Arrival>,
    /// Came while a step waited for something else, and was told there; a later step may still ask for it.
    aside: VecDeque<Arrival>,
}

struct Player<'s> {
    script: &'s Script,
    stage: Stage<'s>,
    parties: Vec<Party>,
    events: mpsc::UnboundedReceiver<Brought>,
    sender: mpsc::UnboundedSender<Brought>,
    values: Values,
    known: HashMap<String, Known>,
    reports: Vec<StepReport>,
}

/// Plays a script from its beginning to its end.
pub async fn play(script: &Script, pki: &Pki) -> ScriptReport {
    let began = Instant::now();
    let mut report = ScriptReport {
        name: script.name.clone(),
        file: script.file.display().to_string(),
        cases: script.cases.clone(),
        steps: Vec::new(),
        unasked: Vec::new(),
        milliseconds: 0,
    };
    match Stage::set(script, pki).await {
        Err(why) => {
            report.steps.push(StepReport {
                line: 1,
                title: "begin".to_owned(),
                outcome: Outcome::Deviated(vec![Deviation::new(Kind::Connection, "a place to play", why)]),
                milliseconds: 0,
            });
            report.steps.extend(script.steps.iter().map(|step| not_reached(step, "nothing was begun")));
        }
        Ok(stage) => {
            let mut player = Player::new(script, stage);
            player.begin().await;
            player.steps(&script.steps, None).await;
            report.unasked = player.end().await;
            report.steps = player.reports;
        }
    }
    report.took(began.elapsed());
    report
}

fn not_reached(step: &Step, why: &str) -> StepReport {
    let outcome = Outcome::NotReached(why.to_owned());
    StepReport { line: step.line, title: step.title.clone(), outcome, milliseconds: 0 }
}

impl<'s> Player<'s> {
    fn new(script: &'s Script, stage: Stage<'s>) -> Self {
        let (sender, events) = mpsc::unbounded_channel();
        // A switch that runs already remembers the trace numbers of earlier runs; one that is started does not.
        let stan = if script.start.is_some() { 0 } else { (jiff::Timestamp::now().as_second() % 999_999) as u32 };
        Self {
            script,
            stage,
            parties: script.ends.iter().map(|_| Party::default()).collect(),
            events,
            sender,
            values: Values::new(script.cards.clone(), stan),
            known: HashMap::new(),
            reports: Vec::new(),
        }
    }

    /// The connections that are there before the first step.
    async fn begin(&mut self) {
        let script = self.script;
        // Banks first: an acquirer that is early is answered 91.
        let mut places: Vec<usize> = (0..script.ends.len()).collect();
        places.sort_by_key(|place| script.ends[*place].role == super::script::Role::Acquirer);
        for place in places {
            let end = &script.ends[place];
            for number in 1..=end.ready {
                let name = (end.ready > 1).then(|| number.to_string());
                let began = Instant::now();
                let outcome = if end.sign_on {
                    self.sign_on(place, None, name, None, script.within).await
                } else {
                    self.connect(place, name, super::pki::Certificate::Right, script.within).await
                };
                if outcome != Outcome::Passed {
                    let title = format!("begin: a connection of {}", end.name);
                    let milliseconds = milliseconds(began.elapsed());
                    self.reports.push(StepReport { line: 1, title, outcome, milliseconds });
                }
            }
        }
    }

    /// Plays steps; `turn` is the value of the loop they are in.
    async fn steps(&mut self, steps: &'s [Step], turn: Option<&str>) {
        for step in steps {
            if let Action::Each { values, steps } = &step.action {
                for (turn, value) in values.iter().enumerate() {
                    // A long value may be a card number or a track: its turn is named by its number then.
                    let number = (turn + 1).to_string();
                    let shown = if value.len() <= SHOWN { value } else { &number };
                    self.values.turn(Some(value.clone()));
                    Box::pin(self.steps(steps, Some(shown))).await;
                    self.values.turn(None);
                }
                continue;
            }
            let began = Instant::now();
            let outcome = self.step(&step.action).await;
            let title = match turn {
                Some(turn) => format!("{} [{turn}]", step.title),
                None => step.title.clone(),
            };
            let milliseconds = milliseconds(began.elapsed());
            self.reports.push(StepReport { line: step.line, title, outcome, milliseconds });
        }
    }

    /// Listens for a last moment; what came and nothing asked for.
    async fn end(&mut self) -> Vec<Deviation> {
        self.listen(Instant::now() + self.script.linger).await;
        let mut unasked = Vec::new();
        for (party, end) in self.parties.iter_mut().zip(&self.script.ends) {
            for arrival in std::mem::take(&mut party.arrived) {
                if !matches!(arrival.came, Came::KeepAlive) {
                    unasked.push(arrival::unasked(&end.name, &arrival, "no step asked for it"));
                }
            }
        }
        unasked
    }

    /// The moment that values of a step are made of.
    fn now() -> Moment {
        let now = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).datetime();
        let parts = [now.year(), now.month().into(), now.day().into(), now.hour().into(), now.minute().into()];
        let mut digits = [b'0'; 12];
        for (index, part) in parts.into_iter().chain([i16::from(now.second())]).enumerate() {
            digits[index * 2] = b'0' + (part / 10 % 10) as u8;
            digits[index * 2 + 1] = b'0' + (part % 10) as u8;
        }
        Moment { digits }
    }

    /// Lets time pass; what comes meanwhile is kept.
    async fn listen(&mut self, until: Instant) {
        while self.next(until).await {}
    }

    /// Waits for one event and sorts it in; false when the time is over.
    async fn next(&mut self, until: Instant) -> bool {
        // What has come is looked at first, also when the time is over.
        let brought = match self.events.try_recv() {
            Ok(brought) => brought,
            Err(_) => match tokio::time::timeout_at(until, self.events.recv()).await {
                Ok(Some(brought)) => brought,
                _ => return false,
            },
        };
        self.sort(brought).await;
        true
    }

    /// Is the time of a step over? (For loops that look before they wait.)
    fn left(until: Instant) -> Duration {
        until.saturating_duration_since(Instant::now())
    }
}
