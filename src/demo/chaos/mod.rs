//! The demonstration that kills: switch and banks are processes of their own, SIGKILL takes one after the other under
//! load, and when everything has settled the acquirers' beliefs are held against the banks' books.
//!
//! The acquirers live in this process and behave as real front ends: they connect again and repeat or reverse what was not
//! answered. Kills are counted in answers, not in seconds, so that a run kills under load on any machine, and chosen by a
//! seed.

mod chance;
mod process;
pub mod report;
pub mod screen;
mod stage;

use super::{
    DemoError, PAYMENTS,
    cast::{self, Acquirers},
    network::{ACQUIRERS, AcquirerPart, BANKS},
};
use crate::simulator::{
    acquirer::{
        Plan, Results,
        session::lock,
        store::{Follow, Unanswered},
    },
    bank::books::{Books, Totals},
    compare::{
        AcquirerBook, BankBook,
        settled::{Agreement, Kind, settled},
    },
};
use chance::Chance;
use process::Process;
use stage::Stage;
use std::{
    io,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tokio::time::Instant;

/// What the switch's `[switch]` and `[journal]` tables say.
pub const SWITCH: &str = "durability = \"disk\"\n[journal]\nfolder = \"journal\"\nsegment_mib = 4";

/// The metric of the switch that says how many messages are stored and not yet delivered. `None`: it has no such store yet.
pub const WAITING: Option<&str> = Some("banklink_bank_stored");

/// How often is looked whether what is waited for has come.
const LOOK: Duration = Duration::from_millis(20);
/// Whatever is waited for must come in this time.
const PATIENCE: Duration = Duration::from_secs(120);
/// What the acquirers have stored must be answered in this time after the last payment.
const SETTLE: Duration = Duration::from_secs(90);
/// The acquirers' own timer: well above the switch's (1 s).
const GIVE_UP: Duration = Duration::from_secs(4);
/// Pause of an acquirer before it sends something stored again.
const RETRY: Duration = Duration::from_millis(500);
/// Books that say nothing new are looked at so often while reversals are on their way to the banks.
const BOOKS: Duration = Duration::from_millis(500);
/// Longest time a killed process stays away, milliseconds: a bank's is longer than the switch waits for an answer.
const AWAY: [u64; 2] = [300, 1_500];

/// One of so many victims is killed a second time, this soon (milliseconds at most) after its restart.
const TWICE: u64 = 4;
const STARTING: u64 = 60;

/// Who is killed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Victims {
    /// The switch, every time.
    Switch,
    /// One of the banks.
    Banks,
    /// The switch or a bank.
    All,
}

/// How a run goes.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The executable that is run as switch and banks.
    pub program: PathBuf,
    /// An empty folder: certificates, books, journal and logs.
    pub folder: PathBuf,
    /// Payments a second, over both acquirers.
    pub rate: f64,
    /// How many kills.
    pub kills: u32,
    /// Answers between two kills, on average.
    pub between: u64,
    /// Who is killed.
    pub victims: Victims,
    /// Chooses victims and moments.
    pub seed: u64,
    /// How long the last reversals are waited for while nothing changes at the banks.
    pub settle: Duration,
    /// The `[switch]` table of the configuration, e.g. [`SWITCH`].
    pub switch: String,
}

/// What is done to the journal's folder between a kill of the switch and its restart.
pub type Damage<'a> = &'a mut dyn FnMut(&Path) -> io::Result<()>;

/// A kill, and what came of it.
#[derive(Clone, Debug)]
pub struct Kill {
    /// Who was killed.
    pub victim: String,
    /// Answers that the acquirers had by then.
    pub answered: u64,
    /// From the restart until it was at work again.
    pub restart: Duration,
    /// It was killed a second time while it was starting.
    pub twice: bool,
}

/// Where a run is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Phase {
    /// Payments flow, and the next kill comes.
    Killing,
    /// No new payments; what was not answered is repeated and reversed.
    Settling,
    /// The acquirers are done; the last reversals reach the banks.
    Draining,
}

/// A run in progress.
pub struct Chaos {
    settings: Settings,
    stage: Stage,
    switch: Process,
    banks: Vec<Process>,
    acquirers: Acquirers,
    chance: Chance,
    kills: Vec<Kill>,
    phase: Phase,
    stop: Arc<AtomicBool>,
    started: Instant,
}

/// How it ended.
pub struct Outcome {
    /// The acquirers' beliefs beside the banks' books.
    pub agreement: Agreement,
    /// All kills.
    pub kills: Vec<Kill>,
    /// What each acquirer counted.
    pub acquirers: Vec<(&'static str, Results)>,
    /// What each bank counted.
    pub banks: Vec<(&'static str, Totals)>,
}

impl Outcome {
    /// Is everything agreed, every answer right, and no request sent twice to a bank?
    #[must_use]
    pub fn agrees(&self) -> bool {
        self.agreement.agrees() && self.wrong_answers() == 0 && self.doubled_requests() == 0
    }

    /// Answers that did not fit their request or never came.
    #[must_use]
    pub fn wrong_answers(&self) -> u64 {
        self.acquirers.iter().map(|(_, results)| results.errors()).sum()
    }

    /// Requests that a bank got twice without a word that they are repeats.
    #[must_use]
    pub fn doubled_requests(&self) -> u64 {
        self.banks.iter().map(|(_, totals)| totals.doubled).sum()
    }
}

impl Chaos {
    /// Sets the stage and starts banks, switch and acquirers.
    ///
    /// # Errors
    /// See [`DemoError`].
    pub async fn start(settings: Settings) -> Result<Self, DemoError> {
        let stage = Stage::set(&settings)?;
        let mut banks = stage.bank_processes(&settings.program);
        for bank in &mut banks {
            bank.start()?;
            ready(bank).await?;
        }
        let mut switch = stage.switch(&settings.program);
        switch.start()?;
        ready(&mut switch).await?;
        let mut places = Vec::new();
        for (at, (part, address)) in ACQUIRERS.iter().zip(stage.acquirers()).enumerate() {
            places.push((cast::run(part, plan(part, &settings, at))?, *address));
        }
        let acquirers = Acquirers::send(places)?;
        let chance = Chance::new(settings.seed);
        let stop = Arc::default();
        let (kills, phase, started) = (Vec::new(), Phase::Killing, Instant::now());
        Ok(Self { settings, stage, switch, banks, acquirers, chance, kills, phase, stop, started })
    }

    /// Set from outside, no further kill is made and the run comes to its end.
    #[must_use]
    pub fn stopper(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.stop)
    }

    /// Kills as planned, settles, and compares. `watch` is called often, for a look at the run.
    ///
    /// # Errors
    /// A process ended by itself or did not come back, or nothing moves any more.
    pub async fn play(mut self, damage: Damage<'_>, watch: &mut dyn FnMut(&Self)) -> Result<Outcome, DemoError> {
        let between = self.settings.between.max(1);
        for _ in 0..self.settings.kills {
            let more = self.chance.between(between / 2, between + between / 2);
            self.answers(more, watch).await?;
            if self.stop.load(Ordering::Relaxed) {
                break;
            }
            self.kill(damage, watch).await?;
        }
        self.answers(between, watch).await?;
        self.acquirers.stop();
        self.phase = Phase::Settling;
        self.until("the acquirers to settle", watch, |chaos| chaos.acquirers.have_ended()).await?;
        self.phase = Phase::Draining;
        let agreement = self.drain(watch).await?;
        self.finish(agreement)
    }

    /// Waits for so many more answers, or until the run is stopped.
    async fn answers(&mut self, more: u64, watch: &mut dyn FnMut(&Self)) -> Result<(), DemoError> {
        let wanted = self.answered() + more;
        let done = |chaos: &Self| chaos.answered() >= wanted || chaos.stop.load(Ordering::Relaxed);
        self.until("answers", watch, done).await
    }

    /// Kills somebody, lets the others notice, and starts it again.
    async fn kill(&mut self, damage: Damage<'_>, watch: &mut dyn FnMut(&Self)) -> Result<(), DemoError> {
        let banks = self.banks.len() as u64;
        let chosen = match self.settings.victims {
            Victims::Switch => None,
            Victims::Banks => Some(self.chance.between(0, banks - 1) as usize),
            // As often the switch as all banks together.
            Victims::All => (self.chance.between(0, 1) == 1).then(|| self.chance.between(0, banks - 1) as usize),
        };
        let answered = self.answered();
        self.strike(chosen, damage)?;
        let twice = self.chance.between(1, TWICE) == 1;
        if twice {
            self.victim(chosen).start()?;
            let moment = Instant::now() + Duration::from_millis(self.chance.between(0, STARTING));
            self.until("the end of a pause", watch, |_| Instant::now() >= moment).await?;
            self.strike(chosen, damage)?;
        }
        let away = self.chance.between(0, AWAY[usize::from(chosen.is_some())]);
        let back = Instant::now() + Duration::from_millis(away);
        self.until("the end of a pause", watch, |_| Instant::now() >= back).await?;
        let started = Instant::now();
        let victim = self.victim(chosen);
        victim.start()?;
        ready(victim).await?;
        let victim = victim.name.clone();
        self.kills.push(Kill { victim, answered, restart: started.elapsed(), twice });
        Ok(())
    }

    fn strike(&mut self, chosen: Option<usize>, damage: Damage<'_>) -> io::Result<()> {
        self.victim(chosen).kill()?;
        match chosen {
            None => damage(&self.stage.journal()),
            Some(_) => Ok(()),
        }
    }

    fn victim(&mut self, bank: Option<usize>) -> &mut Process {
        match bank {
            None => &mut self.switch,
            Some(at) => &mut self.banks[at],
        }
    }

    /// Waits until nothing is booked that nobody relies on: the switch's reversals are on their way to the banks.
    async fn drain(&mut self, watch: &mut dyn FnMut(&Self)) -> Result<Agreement, DemoError> {
        let (mut end, mut before) = (Instant::now() + self.settings.settle, None);
        loop {
            let agreement = self.compare()?;
            let waiting = agreement.count(Kind::Unknown);
            if before.is_some_and(|before| before != waiting) {
                end = Instant::now() + self.settings.settle;
            }
            before = Some(waiting);
            let stored = match WAITING {
                Some(metric) => self.switch.metric(metric).await.unwrap_or(1.0),
                None => 0.0,
            };
            if (waiting == 0 && stored == 0.0) || Instant::now() >= end {
                return Ok(agreement);
            }
            let next = Instant::now() + BOOKS;
            self.until("the next look at the books", watch, |_| Instant::now() >= next).await?;
        }
    }

    fn compare(&self) -> Result<Agreement, DemoError> {
        let books = self.books()?;
        let banks: Vec<_> = BANKS
            .iter()
            .zip(&books)
            .map(|(bank, books)| BankBook { name: bank.name, entries: books.entries() })
            .collect();
        let held: Vec<_> = self.acquirers.runs().iter().map(lock).collect();
        let acquirers: Vec<_> = ACQUIRERS
            .iter()
            .zip(&held)
            .map(|(acquirer, run)| AcquirerBook { name: acquirer.name, seen: run.seen() })
            .collect();
        Ok(settled(&acquirers, &banks, None))
    }

    fn books(&self) -> io::Result<Vec<Books>> {
        BANKS.iter().map(|bank| Books::read(&self.stage.books(bank))).collect()
    }

    fn finish(self, agreement: Agreement) -> Result<Outcome, DemoError> {
        let books = self.books()?;
        let banks = BANKS.iter().zip(&books).map(|(bank, books)| (bank.name, books.totals().clone())).collect();
        let runs = self.acquirers.join()?;
        let results = |run| lock(run).results().clone();
        let acquirers = ACQUIRERS.iter().zip(&runs).map(|(part, run)| (part.name, results(run))).collect();
        Ok(Outcome { agreement, kills: self.kills, acquirers, banks })
    }

    /// Answers that the acquirers have.
    fn answered(&self) -> u64 {
        self.acquirers.runs().iter().map(|run| lock(run).results().answered).sum()
    }

    /// Looks again and again until `done`.
    async fn until(
        &mut self,
        what: &str,
        watch: &mut dyn FnMut(&Self),
        done: impl Fn(&Self) -> bool,
    ) -> Result<(), DemoError> {
        let end = Instant::now() + PATIENCE;
        let mut look = tokio::time::interval(LOOK);
        while !done(self) {
            look.tick().await;
            watch(self);
            if Instant::now() >= end {
                return Err(DemoError::TooLong(what.to_owned()));
            }
        }
        Ok(())
    }
}

/// Waits until a process is at work.
async fn ready(process: &mut Process) -> Result<(), DemoError> {
    let end = Instant::now() + PATIENCE;
    let mut look = tokio::time::interval(LOOK);
    while !process.is_ready().await? {
        look.tick().await;
        if Instant::now() >= end {
            return Err(DemoError::TooLong(format!("{} to be at work", process.name)));
        }
    }
    Ok(())
}

/// The first acquirer repeats what was not answered, the second reverses it.
fn plan(part: &AcquirerPart, settings: &Settings, at: usize) -> Plan {
    let unanswered = if at == 0 { Unanswered::Repeat } else { Unanswered::Reverse };
    Plan {
        connections: part.connections,
        window: 1,
        rate: Some(settings.rate * f64::from(part.share) / 100.0),
        count: None,
        duration: None,
        warm_up: Duration::ZERO,
        timeout: GIVE_UP,
        keep: PAYMENTS as usize,
        follow: Some(Follow { unanswered, retry: RETRY, settle: SETTLE }),
    }
}
