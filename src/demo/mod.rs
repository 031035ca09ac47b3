//! The demonstration: three simulated banks behind mutual TLS, each with another dialect, two acquirer front ends, and the
//! switch between, in one process, over real sockets of this machine.
//!
//! The switch is the product itself, started from a configuration like any user's ([`network`]); banks and acquirers are
//! the simulators, each kind on a thread of its own ([`cast`]). A live table shows it working ([`screen`]), and at the end
//! the three books of every payment are compared ([`report`]). [`chaos`] is the same with processes that are killed.

mod cast;
pub mod chaos;
mod network;
pub mod report;
pub mod screen;

use crate::{
    clock::Wall,
    config::{Config, ConfigErrors},
    driver::{self, Handle, Journal, Position, Snapshot, StartError},
    record::Record,
    security::pki::PkiError,
    simulator::{
        acquirer::template::TemplateError,
        compare::{AcquirerBook, BankBook, Comparison, SwitchView, compare},
    },
};
use cast::{Acquirers, Banks};
use std::{
    fmt, io,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::time::Instant;

/// Most payments of one demonstration: all of them are kept to be compared.
pub const PAYMENTS: f64 = 1_000_000.0;
/// The banks must be reached within this time.
const UP: Duration = Duration::from_secs(10);

/// How long and how fast.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// Payments are sent for this long.
    pub duration: Duration,
    /// So many a second, over both acquirers.
    pub rate: f64,
}

/// Why the demonstration could not be given.
#[derive(Debug)]
pub enum DemoError {
    /// Certificates could not be made.
    Pki(PkiError),
    /// The configuration made for it has a mistake: ours.
    Config(ConfigErrors),
    /// The switch did not start.
    Start(StartError),
    /// The messages could not be prepared: our mistake too.
    Template(TemplateError),
    /// Sockets or threads.
    Io(io::Error),
    /// The banks were not reached in time.
    NotUp(Box<Snapshot>),
    /// What was waited for did not come.
    TooLong(String),
}

impl fmt::Display for DemoError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pki(error) => error.fmt(f),
            Self::Config(errors) => errors.fmt(f),
            Self::Start(error) => error.fmt(f),
            Self::Template(error) => error.fmt(f),
            Self::Io(error) => error.fmt(f),
            Self::TooLong(what) => write!(f, "waited too long for {what}"),
            Self::NotUp(snapshot) => {
                f.write_str("the banks were not reached in time:")?;
                snapshot.banks.iter().try_for_each(|bank| write!(f, " {} {:?}", bank.name, bank.connections))
            }
        }
    }
}
impl std::error::Error for DemoError {}

macro_rules! from {
    ($($variant:ident($error:ty)),*) => {$(
        impl From<$error> for DemoError {
            fn from(error: $error) -> Self {
                Self::$variant(error)
            }
        }
    )*};
}
from!(Pki(PkiError), Config(ConfigErrors), Start(StartError), Template(TemplateError), Io(io::Error));

/// Everything is running.
pub struct Demo {
    settings: Settings,
    view: Arc<Mutex<SwitchView>>,
    switch: Handle,
    banks: Banks,
    acquirers: Acquirers,
    started: Instant,
}

/// What the live table shows of one moment.
pub struct Moment {
    /// Since the first payment.
    pub elapsed: Duration,
    /// The switch's own figures.
    pub snapshot: Snapshot,
}

/// Takes every Record of the switch into its view.
struct Tap {
    view: Arc<Mutex<SwitchView>>,
    position: Position,
}

impl Journal for Tap {
    fn append(&mut self, records: &mut Vec<Record>) -> Position {
        let mut view = self.view.lock().unwrap_or_else(PoisonError::into_inner);
        self.position.0 += records.len() as u64;
        records.drain(..).for_each(|record| view.apply(&record));
        self.position
    }

    fn durable(&self) -> Position {
        self.position
    }
}

impl Demo {
    /// Makes certificates, starts banks, switch and acquirers.
    ///
    /// # Errors
    /// See [`DemoError`].
    pub fn start(settings: Settings) -> Result<Self, DemoError> {
        let wall = Wall(jiff::Timestamp::now().as_microsecond());
        let credentials = network::Credentials::new(wall)?;
        let banks = Banks::start(&credentials)?;
        let (ca, cert) = (credentials.authority.certificate_pem(), credentials.switch.certificate_pem());
        let any = [([127, 0, 0, 1], 0).into(); network::ACQUIRERS.len()];
        let (addresses, key) = (banks.addresses(), credentials.switch.key_pem());
        let tls = [ca.as_str(), cert, key.as_str()];
        let config = network::config(&network::Places { acquirers: &any, banks: &addresses, head: "", tls });
        let config = Config::parse(&config, Path::new("demo.toml"))?;
        let view = Arc::<Mutex<SwitchView>>::default();
        let tap = Tap { view: Arc::clone(&view), position: Position::default() };
        let switch = driver::spawn_with(config, Box::new(tap))?;
        await_banks(&switch)?;
        let acquirers = Acquirers::start(&switch, &settings)?;
        Ok(Self { settings, view, switch, banks, acquirers, started: Instant::now() })
    }

    /// How long and how fast.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The figures now.
    pub async fn moment(&self) -> Moment {
        Moment { elapsed: self.started.elapsed(), snapshot: self.switch.control().snapshot().await }
    }

    /// Sends no more; what is on its way still ends.
    pub fn stop_sending(&self) {
        self.acquirers.stop();
    }

    /// Completes when every payment was answered or given up.
    pub async fn all_answered(&mut self) {
        self.acquirers.ended().await;
    }

    /// Ends everything and compares the books.
    ///
    /// # Errors
    /// A simulator failed.
    pub fn finish(self) -> Result<Outcome, DemoError> {
        let acquirers = self.acquirers.join()?;
        self.switch.drain();
        let last = self.switch.join();
        let banks = self.banks.stop()?;
        let view = self.view.lock().unwrap_or_else(PoisonError::into_inner);
        let acquirer_runs: Vec<_> =
            acquirers.iter().map(|run| run.lock().unwrap_or_else(PoisonError::into_inner)).collect();
        let acquirer_books: Vec<_> = network::ACQUIRERS
            .iter()
            .zip(&acquirer_runs)
            .map(|(acquirer, run)| AcquirerBook { name: acquirer.name, seen: run.seen() })
            .collect();
        let held: Vec<_> = banks.iter().map(|bank| bank.bank()).collect();
        let bank_books: Vec<_> =
            held.iter().map(|bank| BankBook { name: bank.name(), entries: bank.books().entries() }).collect();
        let comparison = compare(&acquirer_books, &view, &bank_books);
        let wrong_answers = acquirer_runs.iter().map(|run| run.results().errors()).sum();
        Ok(Outcome { comparison, wrong_answers, last })
    }
}

/// How it ended.
pub struct Outcome {
    /// The three books compared.
    pub comparison: Comparison,
    /// Answers that did not fit their request, came twice, or never.
    pub wrong_answers: u64,
    /// The switch's last figures.
    pub last: Snapshot,
}

impl Outcome {
    /// Does everything agree, but for what is unknown until reversals settle it?
    #[must_use]
    pub fn agrees(&self) -> bool {
        self.comparison.agrees() && self.wrong_answers == 0
    }
}

fn await_banks(switch: &Handle) -> Result<(), DemoError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let all_up = |snapshot: &Snapshot| snapshot.banks.iter().all(|bank| bank.up() == bank.connections.len());
        match tokio::time::timeout(UP, switch.until(all_up)).await {
            Ok(Some(_)) => Ok(()),
            _ => Err(DemoError::NotUp(Box::new(switch.control().snapshot().await))),
        }
    })
}
