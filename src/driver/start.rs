//! Starting: bind everything, then run.

use super::{
    Snapshot,
    engine::{Engine, Parts},
    handle::{Bound, Commands, Control, Handle},
    journal::{Journal, NoJournal},
    recovery,
    reload::Lines,
    revival::Revival,
};
use crate::{
    admin,
    config::{Config, journal::Settings},
    net::{acquirer, bank, hub::Hub, live::Live, socket, time::SystemClock},
    rules::Rules,
    switch::Switch,
    telemetry,
};
use std::{
    fmt,
    hash::{BuildHasher, RandomState},
    io,
    net::SocketAddr,
    rc::Rc,
    sync::{Arc, OnceLock, mpsc},
    thread,
};
use tokio::{
    net::TcpListener,
    runtime::{Builder, LocalOptions},
    task::AbortHandle,
};

/// Why the switch did not start.
#[derive(Debug)]
pub struct StartError {
    /// What it was about to do.
    pub what: String,
    /// Why that failed.
    pub source: io::Error,
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.what, self.source)
    }
}
impl std::error::Error for StartError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.source)
    }
}

/// Starts the switch on a thread of its own. When this returns, its journal is read and every port is bound.
///
/// # Errors
/// A journal that does not open, a port that cannot be bound, or a thread that cannot be started.
pub fn spawn(config: Config) -> Result<Handle, StartError> {
    spawn_on(config, None)
}

/// The same with a journal of the caller's: it gets every Record, in order. The configuration's is not opened.
///
/// # Errors
/// A port that cannot be bound, or a thread that cannot be started.
pub fn spawn_with(config: Config, journal: Box<dyn Journal + Send>) -> Result<Handle, StartError> {
    spawn_on(config, Some(journal))
}

fn spawn_on(config: Config, journal: Option<Box<dyn Journal + Send>>) -> Result<Handle, StartError> {
    let (control, commands) = Control::new();
    let (admin_settings, file) = (config.admin.clone(), config.file.clone());
    let (bound_sender, bound_receiver) = mpsc::channel();
    let last = control.last();
    let data_path = move || run(config, journal, commands, last, &bound_sender);
    let mut threads = vec![start_thread("banklink-switch", data_path)?];
    // Without an answer the thread has panicked: joining it says why.
    let bound = bound_receiver.recv().unwrap_or_else(|_| Ok(Bound::default()));
    let mut handle = Handle { control: control.clone(), bound: bound?, threads: Vec::new() };
    handle.threads.append(&mut threads);
    if let Some(settings) = admin_settings {
        let address = settings.listen;
        let tcp = std::net::TcpListener::bind(address).map_err(|source| listening("[admin]", address, source))?;
        handle.bound.admin = tcp.local_addr().ok();
        #[cfg(unix)]
        let socket = settings.socket.as_deref().map(control_socket).transpose()?;
        let ways = admin::Bound {
            tcp,
            #[cfg(unix)]
            socket,
        };
        handle.threads.push(start_thread("banklink-admin", move || admin::serve(ways, settings, file, control))?);
    }
    Ok(handle)
}

#[cfg(unix)]
fn control_socket(path: &std::path::Path) -> Result<std::os::unix::net::UnixListener, StartError> {
    let what = || format!("the control socket {}", path.display());
    admin::bind_socket(path).map_err(|source| StartError { what: what(), source })
}

fn start_thread(name: &str, body: impl FnOnce() + Send + 'static) -> Result<thread::JoinHandle<()>, StartError> {
    let failed = |source| StartError { what: format!("cannot start the thread {name}"), source };
    thread::Builder::new().name(name.to_owned()).spawn(body).map_err(failed)
}

fn listening(who: &str, address: SocketAddr, source: io::Error) -> StartError {
    StartError { what: format!("{who} cannot listen on {address}"), source }
}

/// The switch's thread.
fn run(
    config: Config,
    journal: Option<Box<dyn Journal + Send>>,
    commands: Commands,
    last: Arc<OnceLock<Snapshot>>,
    bound: &mpsc::Sender<Result<Bound, StartError>>,
) {
    let runtime = Builder::new_current_thread().enable_all().build_local(LocalOptions::default());
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(source) => {
            let error = StartError { what: "cannot start the runtime".to_owned(), source };
            return drop(bound.send(Err(error)));
        }
    };
    // Binding and spawning need the runtime's context.
    let engine = match runtime.block_on(async { prepare(config, journal, commands, last) }) {
        Ok((engine, places)) => {
            let _ = bound.send(Ok(places));
            engine
        }
        Err(error) => return drop(bound.send(Err(error))),
    };
    // The engine is a task like the connections', so that being woken by them costs no system call and puts it behind
    // all of them.
    let task = runtime.spawn_local(engine.run());
    if let Err(ended) = runtime.block_on(task) {
        std::panic::resume_unwind(ended.into_panic());
    }
}

fn prepare(
    config: Config,
    journal: Option<Box<dyn Journal + Send>>,
    commands: Commands,
    last: Arc<OnceLock<Snapshot>>,
) -> Result<(Engine, Bound), StartError> {
    let clock = SystemClock::start();
    let rules = config.rules;
    let slots = rules.banks.iter().map(|bank| usize::from(bank.connections));
    let hub = Rc::new(Hub::new(clock, rules.acquirers.len(), slots));
    let lines = Lines::new(config.acquirers, config.banks);
    // Jitter wants a number that differs from process to process.
    let seed = RandomState::new().hash_one(clock.now().wall.0);
    let settings = config.journal.filter(|_| journal.is_none());
    let (journal, machine) = match (journal, &settings) {
        (None, Some(settings)) => open_journal(settings, &rules, clock, seed)?,
        (given, _) => {
            let none = || Box::new(NoJournal::default()) as Box<dyn Journal>;
            (
                given.map_or_else(none, |given| given as Box<dyn Journal>),
                Switch::new(Arc::clone(&rules), clock.now(), seed),
            )
        }
    };
    let revival = settings.map(|settings| Revival { settings, rules: Arc::clone(&rules), seed, due: None });
    let (bound, listeners) = bind(&lines)?;
    let listeners = listen(listeners, &lines, &hub);
    let names = telemetry::Names {
        acquirers: rules.acquirers.iter().map(|acquirer| Arc::clone(&acquirer.name)).collect(),
        banks: rules.banks.iter().map(|bank| Arc::clone(&bank.name)).collect(),
    };
    let log_payments = config.log.payments;
    let engine =
        Engine::new(Parts { hub, machine, journal, lines, names, log_payments, commands, listeners, revival, last });
    Ok((engine, bound))
}

/// Nobody is listened to before the past is known.
fn open_journal(
    settings: &Settings,
    rules: &Arc<Rules>,
    clock: SystemClock,
    seed: u64,
) -> Result<(Box<dyn Journal>, Switch), StartError> {
    let failed = |error: recovery::RecoveryError| StartError {
        what: format!("cannot open the journal in {}", settings.folder.display()),
        source: io::Error::other(error),
    };
    recovery::open(settings, rules, clock.now(), seed).map_err(failed)
}

struct Listeners {
    acquirers: Vec<TcpListener>,
    /// With the bank's place.
    banks: Vec<(usize, TcpListener)>,
}

fn bind(lines: &Lines) -> Result<(Bound, Listeners), StartError> {
    let mut bound = Bound::default();
    let mut listeners = Listeners { acquirers: Vec::new(), banks: Vec::new() };
    for acquirer in lines.acquirers.iter().map(Live::get) {
        let who = format!("acquirer \"{}\"", acquirer.name);
        let (listener, address) = bind_one(&who, acquirer.listen)?;
        listeners.acquirers.push(listener);
        bound.acquirers.push((Arc::clone(&acquirer.name), address));
    }
    for (place, bank) in lines.banks.iter().map(Live::get).enumerate() {
        let Some(address) = bank.listen() else { continue };
        let (listener, address) = bind_one(&format!("bank \"{}\"", bank.name), address)?;
        listeners.banks.push((place, listener));
        bound.banks.push((Arc::clone(&bank.name), address));
    }
    Ok((bound, listeners))
}

fn bind_one(who: &str, address: SocketAddr) -> Result<(TcpListener, SocketAddr), StartError> {
    let failed = |source| listening(who, address, source);
    let listener = socket::listen(address).map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    Ok((listener, address))
}

fn listen(listeners: Listeners, lines: &Lines, hub: &Rc<Hub>) -> Vec<AbortHandle> {
    let sessions = listeners.acquirers.into_iter().zip(&lines.acquirers).map(|(listener, settings)| {
        tokio::task::spawn_local(acquirer::listen(listener, settings.clone(), Rc::clone(hub))).abort_handle()
    });
    let connections = listeners.banks.into_iter().map(|(place, listener)| {
        tokio::task::spawn_local(bank::listen(listener, lines.banks[place].clone(), Rc::clone(hub))).abort_handle()
    });
    sessions.chain(connections).collect()
}
