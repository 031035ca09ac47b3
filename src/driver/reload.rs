//! Another configuration takes the place of the running one: the rules at once, for what comes; certificates, addresses to
//! dial and limits of lines for those made from now on. Connections whose TLS material changed are made anew, one after
//! another, while another of their bank takes payments.

use super::Snapshot;
use crate::{
    config::Config,
    net::{acquirer, bank, live::Live},
    switch::{BankId, ConnectionId, Input},
};
use std::{collections::VecDeque, fmt};

/// Why a configuration was not taken.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ReloadError {
    /// It has mistakes, each with file and line.
    Wrong(String),
    /// It changes something that takes a restart.
    NeedsRestart(String),
    /// The machine refused it.
    Refused(&'static str),
    /// The switch has ended.
    Ended,
}

impl fmt::Display for ReloadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Wrong(mistakes) => f.write_str(mistakes),
            Self::NeedsRestart(what) => write!(f, "{what} takes a restart; nothing was changed"),
            Self::Refused(why) => write!(f, "the new rules are refused ({why}); nothing was changed"),
            Self::Ended => f.write_str("the switch has ended"),
        }
    }
}
impl std::error::Error for ReloadError {}

/// The settings of lines, which whoever opens one looks up.
pub(super) struct Lines {
    pub(super) acquirers: Vec<Live<acquirer::Settings>>,
    pub(super) banks: Vec<Live<bank::Settings>>,
    /// Connections that are to be made anew. The first is under way.
    renewals: VecDeque<ConnectionId>,
    /// What waits for the machine to take its rules.
    coming: Option<(Vec<acquirer::Settings>, Vec<bank::Settings>)>,
}

impl Lines {
    pub(super) fn new(acquirers: Vec<acquirer::Settings>, banks: Vec<bank::Settings>) -> Self {
        let acquirers = acquirers.into_iter().map(Live::new).collect();
        let banks = banks.into_iter().map(Live::new).collect();
        Self { acquirers, banks, renewals: VecDeque::new(), coming: None }
    }

    /// Until when our certificates are valid.
    pub(super) fn certify(&self, snapshot: &mut Snapshot) {
        let acquirers = snapshot.acquirers.iter_mut().zip(&self.acquirers);
        acquirers.for_each(|(acquirer, live)| acquirer.certificate = live.get().certificate);
        let banks = snapshot.banks.iter_mut().zip(&self.banks);
        banks.for_each(|(bank, live)| bank.certificate = live.get().certificate);
    }

    /// Takes the lines of another configuration, to be put in force when the machine has taken its rules.
    pub(super) fn prepare(&mut self, config: &mut Config) -> Result<(), ReloadError> {
        let acquirers: Vec<_> = config.acquirers.iter().map(describe_acquirer).collect();
        let banks: Vec<_> = config.banks.iter().map(describe_bank).collect();
        let old: Vec<_> = self.acquirers.iter().map(|live| describe_acquirer(&live.get())).collect();
        let differing = difference(&old, &acquirers);
        let old: Vec<_> = self.banks.iter().map(|live| describe_bank(&live.get())).collect();
        if let Some(what) = differing.or_else(|| difference(&old, &banks)) {
            return Err(ReloadError::NeedsRestart(what));
        }
        self.coming = Some((std::mem::take(&mut config.acquirers), std::mem::take(&mut config.banks)));
        Ok(())
    }

    /// The machine has taken, or refused, the rules they came with. What it is to be told.
    pub(super) fn settle(&mut self, taken: bool, connections: impl Fn(BankId) -> u16) -> Option<Input> {
        let (acquirers, banks) = self.coming.take().filter(|_| taken)?;
        let mut changed = VecDeque::new();
        for (live, settings) in self.banks.iter().zip(banks) {
            if differs(&live.get(), &settings) {
                let bank = settings.bank;
                changed.extend((0..connections(bank)).map(|slot| ConnectionId { bank, slot }));
            }
            live.set(settings);
        }
        self.acquirers.iter().zip(acquirers).for_each(|(live, settings)| live.set(settings));
        self.renewals = changed;
        self.next()
    }

    /// A connection is up, or was not made anew: the next one's turn, if it was that one's.
    pub(super) fn renewed(&mut self, connection: ConnectionId) -> Option<Input> {
        if self.renewals.front() != Some(&connection) {
            return None;
        }
        self.renewals.pop_front();
        self.next()
    }

    fn next(&self) -> Option<Input> {
        self.renewals.front().map(|&connection| Input::Renew { connection })
    }
}

/// Does what a connection was made of differ?
fn differs(old: &bank::Settings, new: &bank::Settings) -> bool {
    let place = |settings: &bank::Settings| match &settings.direction {
        bank::Direction::Dial { addresses, server_name, .. } => (addresses.clone(), server_name.clone()),
        bank::Direction::Accept { client_name, .. } => (Vec::new(), Some(client_name.clone())),
    };
    old.material != new.material || place(old) != place(new)
}

fn difference(old: &[String], new: &[String]) -> Option<String> {
    if old.len() != new.len() {
        return Some("another number of acquirers or banks".to_owned());
    }
    let differing = old.iter().zip(new).find(|(old, new)| old != new)?;
    Some(format!("a change from {} to {}", differing.0, differing.1))
}

fn describe_acquirer(settings: &acquirer::Settings) -> String {
    let acquirer::Settings { name, listen, dialect, framing, .. } = settings;
    format!("acquirer \"{name}\" on {listen} ({}, {}, {})", dialect.name(), framing.name(), framing.header.name())
}

fn describe_bank(settings: &bank::Settings) -> String {
    let bank::Settings { name, direction, dialect, framing, .. } = settings;
    let way = match direction {
        bank::Direction::Dial { .. } => "that we dial".to_owned(),
        bank::Direction::Accept { listen, .. } => format!("that dials us on {listen}"),
    };
    format!("bank \"{name}\" {way} ({}, {}, {})", dialect.name(), framing.name(), framing.header.name())
}
