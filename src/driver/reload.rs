//! Which configuration may take the place of the running one: any with the same acquirers and banks at the same places.

use crate::{
    config::Config,
    net::{acquirer, bank},
};
use std::{fmt, rc::Rc};

/// Why a configuration was not taken.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ReloadError {
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
            Self::NeedsRestart(what) => write!(f, "{what} takes a restart; nothing was changed"),
            Self::Refused(why) => write!(f, "the new rules are refused ({why}); nothing was changed"),
            Self::Ended => f.write_str("the switch has ended"),
        }
    }
}
impl std::error::Error for ReloadError {}

/// What of the running switch a reload must leave as it is.
pub(super) struct Fixed {
    acquirers: Vec<String>,
    banks: Vec<String>,
}

impl Fixed {
    pub(super) fn of(acquirers: &[Rc<acquirer::Settings>], banks: &[Rc<bank::Settings>]) -> Self {
        Self {
            acquirers: acquirers.iter().map(|settings| describe_acquirer(settings)).collect(),
            banks: banks.iter().map(|settings| describe_bank(settings)).collect(),
        }
    }

    /// Is it all still so?
    pub(super) fn check(&self, config: &Config) -> Result<(), ReloadError> {
        let acquirers: Vec<_> = config.acquirers.iter().map(describe_acquirer).collect();
        let banks: Vec<_> = config.banks.iter().map(describe_bank).collect();
        let differing = difference(&self.acquirers, &acquirers).or_else(|| difference(&self.banks, &banks));
        differing.map_or(Ok(()), |what| Err(ReloadError::NeedsRestart(what)))
    }
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
        bank::Direction::Dial { addresses, .. } => format!("at {}", addresses.join(", ")),
        bank::Direction::Accept { listen, client_name, .. } => format!("from {} on {listen}", client_name.to_str()),
    };
    format!("bank \"{name}\" {way} ({}, {}, {})", dialect.name(), framing.name(), framing.header.name())
}
