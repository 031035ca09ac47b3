//! A running switch, seen from other threads.

use super::{
    ReloadError, Snapshot,
    operate::Order,
    snapshot::Stored,
    trace::{TraceFilter, Traced},
};
use crate::{
    config::Config,
    record::{Decision, PaymentId},
};
use std::{
    net::SocketAddr,
    sync::{Arc, OnceLock},
    thread::JoinHandle,
};
use tokio::sync::{mpsc, oneshot};

/// What other threads ask of the driver.
pub(super) enum Command {
    /// Counters and states now.
    Snapshot(oneshot::Sender<Snapshot>),
    /// Tell when it is so.
    Watch(Watcher),
    /// Take new rules, if nothing else of the configuration is new.
    Reload(Box<Config>, oneshot::Sender<Result<(), ReloadError>>),
    /// Listen in.
    Trace(TraceFilter, oneshot::Sender<Result<mpsc::Receiver<Traced>, String>>),
    /// What is stored for banks.
    Stored(oneshot::Sender<Vec<Stored>>),
    /// Decide over a stored message; was there such a one?
    Decide { item: PaymentId, decision: Decision, by: Box<str>, reply: oneshot::Sender<bool> },
    /// Command something; why not, if it cannot be done.
    Operate { order: Order, by: Box<str>, reply: oneshot::Sender<Result<(), String>> },
    /// Refuse new requests, finish what is in flight, sign off, end.
    Drain,
    /// End now.
    Stop,
}

/// The driver's end of the command channel.
pub(super) type Commands = mpsc::UnboundedReceiver<Command>;

/// Somebody who waits for a state.
pub(super) struct Watcher {
    pub(super) reached: Box<dyn FnMut(&Snapshot) -> bool + Send>,
    pub(super) reply: oneshot::Sender<Snapshot>,
}

/// Asks and commands a running switch; any number of them, on any thread.
#[derive(Clone)]
pub struct Control {
    commands: mpsc::UnboundedSender<Command>,
    last: Arc<OnceLock<Snapshot>>,
}

impl Control {
    pub(super) fn new() -> (Self, Commands) {
        let (commands, receiver) = mpsc::unbounded_channel();
        (Self { commands, last: Arc::default() }, receiver)
    }

    /// Where the switch's thread leaves its last state.
    pub(super) fn last(&self) -> Arc<OnceLock<Snapshot>> {
        Arc::clone(&self.last)
    }

    /// Counters and states now. After the switch ended: the last ones.
    pub async fn snapshot(&self) -> Snapshot {
        let (reply, answer) = oneshot::channel();
        if self.commands.send(Command::Snapshot(reply)).is_ok()
            && let Ok(snapshot) = answer.await
        {
            return snapshot;
        }
        self.last.get().cloned().unwrap_or_default()
    }

    /// What is stored for banks, oldest first; nothing where the switch has ended.
    pub async fn stored(&self) -> Vec<Stored> {
        let (reply, answer) = oneshot::channel();
        let _ = self.commands.send(Command::Stored(reply));
        answer.await.unwrap_or_default()
    }

    /// Listens in: what comes and goes from now on, until the receiver is dropped or the switch ends.
    ///
    /// # Errors
    /// A name that is none of the configuration, or the switch has ended.
    pub async fn trace(&self, filter: TraceFilter) -> Result<mpsc::Receiver<Traced>, String> {
        let (reply, answer) = oneshot::channel();
        let _ = self.commands.send(Command::Trace(filter, reply));
        answer.await.unwrap_or_else(|_| Err("the switch has ended".to_owned()))
    }

    /// Decides over a stored message: it is recorded who did, and why. False where nothing of this number is stored.
    pub async fn decide(&self, item: PaymentId, decision: Decision, by: &str) -> bool {
        let (reply, answer) = oneshot::channel();
        let _ = self.commands.send(Command::Decide { item, decision, by: by.into(), reply });
        answer.await.unwrap_or(false)
    }

    /// Commands something of connections or routes: it is recorded who did, and why.
    ///
    /// # Errors
    /// A name that is none of the configuration, or why nothing, or not all, could be done.
    pub async fn operate(&self, order: Order, by: &str) -> Result<(), String> {
        let (reply, answer) = oneshot::channel();
        let _ = self.commands.send(Command::Operate { order, by: by.into(), reply });
        answer.await.unwrap_or_else(|_| Err("the switch has ended".to_owned()))
    }

    /// Waits until `reached` is true of the switch (asked after every batch), or the switch has ended; `None` then.
    pub async fn until(&self, reached: impl FnMut(&Snapshot) -> bool + Send + 'static) -> Option<Snapshot> {
        self.watch(reached)?.await.ok()
    }

    /// Returns when the switch has ended.
    pub async fn ended(&self) {
        self.commands.closed().await;
    }

    fn watch(&self, reached: impl FnMut(&Snapshot) -> bool + Send + 'static) -> Option<oneshot::Receiver<Snapshot>> {
        let (reply, answer) = oneshot::channel();
        self.commands.send(Command::Watch(Watcher { reached: Box::new(reached), reply })).ok()?;
        Some(answer)
    }

    /// Puts the rules of another configuration in force: routes, timers, code tables, limits on requests in flight. What
    /// is in flight goes on.
    ///
    /// # Errors
    /// It changes what a running switch cannot: which acquirers and banks there are, their dialects, connections,
    /// addresses. Nothing has changed then.
    pub async fn reload(&self, config: Config) -> Result<(), ReloadError> {
        let (reply, answer) = oneshot::channel();
        let sent = self.commands.send(Command::Reload(Box::new(config), reply));
        sent.map_err(|_| ReloadError::Ended)?;
        answer.await.unwrap_or(Err(ReloadError::Ended))
    }

    /// Refuses new requests (91), lets those in flight finish or time out, signs off, ends.
    pub fn drain(&self) {
        let _ = self.commands.send(Command::Drain);
    }

    /// Ends at once.
    pub fn stop(&self) {
        let _ = self.commands.send(Command::Stop);
    }
}

/// Where the ports of a switch are bound.
#[derive(Clone, Default, Debug)]
pub(super) struct Bound {
    pub(super) acquirers: Vec<(Arc<str>, SocketAddr)>,
    pub(super) banks: Vec<(Arc<str>, SocketAddr)>,
    pub(super) admin: Option<SocketAddr>,
}

/// A running switch. Dropping the handle stops it at once; [`Handle::drain`] first is the polite way.
pub struct Handle {
    pub(super) control: Control,
    pub(super) bound: Bound,
    pub(super) threads: Vec<JoinHandle<()>>,
}

impl Handle {
    /// To ask and command the switch from elsewhere.
    #[must_use]
    pub fn control(&self) -> Control {
        self.control.clone()
    }

    /// Where this acquirer's listener is bound (a port 0 in the configuration has its real number here).
    #[must_use]
    pub fn acquirer(&self, name: &str) -> Option<SocketAddr> {
        find(&self.bound.acquirers, name)
    }

    /// Where a bank that dials us finds us.
    #[must_use]
    pub fn bank_listener(&self, name: &str) -> Option<SocketAddr> {
        find(&self.bound.banks, name)
    }

    /// The admin endpoint.
    #[must_use]
    pub const fn admin(&self) -> Option<SocketAddr> {
        self.bound.admin
    }

    /// Counters and states now. After the switch ended: the last ones.
    ///
    /// # Panics
    /// On a thread of an asynchronous runtime: use [`Handle::control`] there.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        let (reply, answer) = oneshot::channel();
        if self.control.commands.send(Command::Snapshot(reply)).is_ok()
            && let Ok(snapshot) = answer.blocking_recv()
        {
            return snapshot;
        }
        self.control.last.get().cloned().unwrap_or_default()
    }

    /// Blocks until `reached` is true of the switch (asked after every batch), or the switch has ended; `None` then.
    ///
    /// # Panics
    /// On a thread of an asynchronous runtime: use [`Handle::until`] there.
    pub fn wait_until(&self, reached: impl FnMut(&Snapshot) -> bool + Send + 'static) -> Option<Snapshot> {
        self.control.watch(reached)?.blocking_recv().ok()
    }

    /// The same for asynchronous callers.
    pub async fn until(&self, reached: impl FnMut(&Snapshot) -> bool + Send + 'static) -> Option<Snapshot> {
        self.control.until(reached).await
    }

    /// Refuses new requests (91), lets those in flight finish or time out, signs off, ends.
    pub fn drain(&self) {
        self.control.drain();
    }

    /// Waits for the end: of a drain, or of a stop. The last state.
    #[must_use]
    pub fn join(mut self) -> Snapshot {
        self.threads.drain(..).for_each(end);
        self.control.last.get().cloned().unwrap_or_default()
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.control.stop();
        self.threads.drain(..).for_each(end);
    }
}

/// Waits for a thread. A panic in it is our bug and goes on here, unless one is under way already.
fn end(thread: JoinHandle<()>) {
    if let Err(panic) = thread.join()
        && !std::thread::panicking()
    {
        std::panic::resume_unwind(panic);
    }
}

fn find(bound: &[(Arc<str>, SocketAddr)], wanted: &str) -> Option<SocketAddr> {
    bound.iter().find(|(name, _)| **name == *wanted).map(|(_, address)| *address)
}
