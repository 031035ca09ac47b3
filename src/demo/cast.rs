//! The simulators on their threads: all banks on one, all acquirers on another.

use super::{
    DemoError, PAYMENTS, Settings,
    network::{ACQUIRERS, AcquirerPart, BANKS, BankPart, Credentials},
};
use crate::{
    driver::Handle,
    net::tls::{self, Identity, MinVersion, Pem},
    simulator::{
        acquirer::{
            Plan, Run, Template, drive,
            session::{Shared, lock},
        },
        bank::{Bank, books::Books, rules::Rules, serve::Server},
    },
};
use banklink_protocol::{
    Dialect,
    frame::{Framing, HeaderKind},
};
use std::{
    io,
    net::{SocketAddr, TcpListener},
    sync::{Arc, Mutex},
    thread::{self, JoinHandle},
    time::Duration,
};
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;

/// An acquirer gives a payment up after this long: well after the switch has.
const GIVE_UP: Duration = Duration::from_secs(5);

/// The banks at work.
pub(super) struct Banks {
    servers: Vec<Server>,
    addresses: Vec<SocketAddr>,
    stop: watch::Sender<bool>,
    thread: JoinHandle<io::Result<()>>,
}

impl Banks {
    pub(super) fn start(credentials: &Credentials) -> Result<Self, DemoError> {
        let (mut servers, mut addresses, mut places) = (Vec::new(), Vec::new(), Vec::new());
        for (part, credential) in BANKS.iter().zip(&credentials.banks) {
            let key = credential.key_pem();
            let identity = Identity::load(Pem::Text(credential.certificate_pem()), Pem::Text(&key));
            let roots = tls::roots(Pem::Text(&credentials.authority.certificate_pem()));
            let config =
                identity.and_then(|identity| tls::server(identity, Some(roots?.into()), MinVersion::default()));
            let config = config.map_err(io::Error::other)?;
            let listener = TcpListener::bind("127.0.0.1:0")?;
            listener.set_nonblocking(true)?;
            addresses.push(listener.local_addr()?);
            servers.push(Server::new(bank(part), None));
            places.push((listener, TlsAcceptor::from(config)));
        }
        let (stop, stopped) = watch::channel(false);
        let at_work = servers.clone();
        let thread = spawn("demo-banks", move || serve(at_work, places, stopped))?;
        Ok(Self { servers, addresses, stop, thread })
    }

    pub(super) fn addresses(&self) -> Vec<SocketAddr> {
        self.addresses.clone()
    }

    /// Ends them; their books stay.
    pub(super) fn stop(self) -> Result<Vec<Server>, DemoError> {
        self.stop.send_replace(true);
        join(self.thread)?;
        Ok(self.servers)
    }
}

fn serve(
    servers: Vec<Server>,
    places: Vec<(TcpListener, TlsAcceptor)>,
    mut stopped: watch::Receiver<bool>,
) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        for (server, (listener, tls)) in servers.iter().cloned().zip(places) {
            let listener = tokio::net::TcpListener::from_std(listener)?;
            tokio::spawn(async move { server.listen(listener, Some(tls)).await });
        }
        // The sender ends with a word or with the demonstration: either way it is over.
        let _ = stopped.wait_for(|stop| *stop).await;
        for server in &servers {
            server.stop().await;
        }
        Ok(())
    })
}

fn bank(part: &BankPart) -> Bank {
    let (dialect, framing) = line(part.dialect, part.framing, part.header);
    let rules = Rules::parse(part.rules, dialect.version()).expect("the demo's rules are well-formed");
    Bank::new(part.name, dialect, framing, rules, Books::new(PAYMENTS as usize))
}

/// The acquirers at work.
pub(super) struct Acquirers {
    runs: Vec<Shared>,
    ended: watch::Receiver<bool>,
    thread: JoinHandle<io::Result<()>>,
}

impl Acquirers {
    pub(super) fn start(switch: &Handle, settings: &Settings) -> Result<Self, DemoError> {
        let mut places = Vec::new();
        for part in &ACQUIRERS {
            let address = switch.acquirer(part.name).ok_or_else(|| io::Error::other("the switch does not listen"))?;
            places.push((run(part, plan(part, settings))?, address));
        }
        Self::send(places)
    }

    /// Each sends to its address.
    pub(super) fn send(places: Vec<(Run, SocketAddr)>) -> Result<Self, DemoError> {
        let work: Vec<_> =
            places.into_iter().map(|(run, address)| (Arc::new(Mutex::new(run)), address.to_string())).collect();
        let runs = work.iter().map(|(run, _)| Arc::clone(run)).collect();
        let (end, ended) = watch::channel(false);
        let thread = spawn("demo-acquirers", move || {
            let result = drive_all(work);
            end.send_replace(true);
            result
        })?;
        Ok(Self { runs, ended, thread })
    }

    pub(super) fn runs(&self) -> &[Shared] {
        &self.runs
    }

    pub(super) fn have_ended(&self) -> bool {
        *self.ended.borrow() || self.ended.has_changed().is_err()
    }

    pub(super) fn stop(&self) {
        self.runs.iter().for_each(|run| lock(run).stop());
    }

    pub(super) async fn ended(&mut self) {
        // An error says that the thread is gone: ended too.
        let _ = self.ended.wait_for(|ended| *ended).await;
    }

    pub(super) fn join(self) -> Result<Vec<Shared>, DemoError> {
        join(self.thread)?;
        Ok(self.runs)
    }
}

fn drive_all(work: Vec<(Shared, String)>) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut tasks = tokio::task::JoinSet::new();
        for (run, address) in work {
            tasks.spawn(async move { drive(&run, &address, None).await });
        }
        let mut first = Ok(());
        while let Some(ended) = tasks.join_next().await {
            first = first.and(ended.unwrap_or_else(|error| Err(io::Error::other(error))));
        }
        first
    })
}

/// The load of one acquirer.
pub(super) fn run(part: &AcquirerPart, plan: Plan) -> Result<Run, DemoError> {
    let (dialect, framing) = line(part.dialect, part.framing, part.header);
    let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
    let template = Template::purchase(dialect.version())
        .with_cards(owned(part.cards))
        .with_terminals(owned(part.terminals))
        .with_amounts(100, 9999)
        .with_field(32, part.institution);
    Ok(Run::new(&template, &dialect, &framing, plan)?)
}

/// Its share of the payments, at a steady rate.
pub(super) fn plan(part: &AcquirerPart, settings: &Settings) -> Plan {
    Plan {
        connections: part.connections,
        window: 1,
        rate: Some(settings.rate * f64::from(part.share) / 100.0),
        count: None,
        duration: Some(settings.duration),
        warm_up: Duration::ZERO,
        timeout: GIVE_UP,
        keep: PAYMENTS as usize,
        follow: None,
    }
}

fn line(dialect: &str, framing: &str, header: &str) -> (Arc<Dialect>, Framing) {
    let dialect = Dialect::named(dialect).expect("a shipped dialect");
    let header = HeaderKind::named(header).expect("a known header");
    (dialect, Framing::named(framing).expect("a known framing").with_header(header))
}

fn spawn<T: Send + 'static>(name: &str, body: impl FnOnce() -> T + Send + 'static) -> io::Result<JoinHandle<T>> {
    thread::Builder::new().name(name.to_owned()).spawn(body)
}

fn join(thread: JoinHandle<io::Result<()>>) -> io::Result<()> {
    thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}
