//! Listening in: what comes and goes, message by message, with what the machine makes of it. Nobody listening costs a look
//! at an empty list.
//!
//! A listener gets copies through a channel of limited length and renders them on its own thread. One that is too slow
//! misses events and is told how many: payments never wait for it.

use crate::{
    clock::Wall,
    switch::{AcquirerId, BankId, ConnectionId, Input, Note, Output},
    telemetry::{self, Names},
};
use banklink_protocol::{DecodeError, Message, frame::Header};
use std::{collections::VecDeque, sync::Arc};
use tokio::sync::mpsc::{self, error::TrySendError};

/// Events that may wait for a listener.
const WAITING: usize = 4_096;
/// Sends to banks that a listener for one RRN remembers, to know their answers by.
const FOLLOWED: usize = 256;

/// What somebody wants to see; all of it where nothing is said.
#[derive(Clone, Default, Debug)]
pub struct TraceFilter {
    /// Only this bank's connections, by its configured name.
    pub bank: Option<String>,
    /// Only this acquirer's sessions, by its configured name.
    pub acquirer: Option<String>,
    /// Only messages with this RRN (DE37), and the bank's answers to them.
    pub rrn: Option<String>,
}

/// Which way a message goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Way {
    /// Came from an acquirer.
    FromAcquirer,
    /// Leaves for a bank.
    ToBank,
    /// Came from a bank.
    FromBank,
    /// Leaves for an acquirer.
    ToAcquirer,
}

impl Way {
    /// In words.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::FromAcquirer => "from acquirer",
            Self::ToBank => "to bank",
            Self::FromBank => "from bank",
            Self::ToAcquirer => "to acquirer",
        }
    }
}

/// Something that was seen.
#[derive(Debug)]
pub enum Traced {
    /// A message. What leaves is seen when it is decided on; it is written once all that is recorded before it is durable.
    Message {
        /// When.
        at: Wall,
        /// Which way.
        way: Way,
        /// The acquirer or the bank.
        peer: Arc<str>,
        /// The bank's connection slot or the acquirer's session.
        line: u64,
        /// The header before the MTI, as it came or leaves.
        header: Header,
        /// What came, as far as it decodes; `None` where not even an MTI did.
        message: Option<Box<Message>>,
        /// Why it did not decode any further.
        error: Option<String>,
    },
    /// What the machine makes of it: the members of a log line.
    Said {
        /// When.
        at: Wall,
        /// What.
        what: serde_json::Map<String, serde_json::Value>,
    },
    /// So many events were not seen, since the listener was too slow.
    Missed(u64),
}

/// All who listen.
#[derive(Default)]
pub(super) struct Tracers {
    listeners: Vec<Listener>,
}

struct Listener {
    bank: Option<BankId>,
    acquirer: Option<AcquirerId>,
    rrn: Option<Vec<u8>>,
    followed: Followed,
    events: mpsc::Sender<Traced>,
    missed: u64,
}

/// What is known to belong to the RRN that is listened for.
#[derive(Default)]
struct Followed {
    /// Bank and STAN of sends.
    sends: VecDeque<(BankId, Vec<u8>)>,
}

/// One message on its way past.
struct Passing<'a> {
    way: Way,
    peer: Peer,
    line: u64,
    header: &'a Header,
    message: Option<&'a Message>,
    error: Option<&'a DecodeError>,
}

#[derive(Clone, Copy, PartialEq)]
enum Peer {
    Acquirer(AcquirerId),
    Bank(BankId),
}

impl Tracers {
    /// Does anybody listen?
    #[inline]
    pub(super) fn listen(&self) -> bool {
        !self.listeners.is_empty()
    }

    /// How many.
    pub(super) fn count(&self) -> u64 {
        self.listeners.iter().filter(|listener| !listener.events.is_closed()).count() as u64
    }

    /// One more listener.
    ///
    /// # Errors
    /// A name that is none of the configuration.
    pub(super) fn add(&mut self, filter: TraceFilter, names: &Names) -> Result<mpsc::Receiver<Traced>, String> {
        let find = |names: &[Arc<str>], wanted: Option<&str>, what: &str| match wanted {
            None => Ok(None),
            Some(wanted) => match names.iter().position(|name| **name == *wanted) {
                Some(place) => Ok(Some(place as u16)),
                None => Err(format!("there is no {what} \"{wanted}\"; there are {}", names.join(", "))),
            },
        };
        let (events, receiver) = mpsc::channel(WAITING);
        self.listeners.push(Listener {
            bank: find(&names.banks, filter.bank.as_deref(), "bank")?.map(BankId),
            acquirer: find(&names.acquirers, filter.acquirer.as_deref(), "acquirer")?.map(AcquirerId),
            rrn: filter.rrn.map(|rrn| rrn.trim().as_bytes().to_vec()),
            followed: Followed::default(),
            events,
            missed: 0,
        });
        Ok(receiver)
    }

    /// What comes to the machine.
    pub(super) fn input(&mut self, at: Wall, names: &Names, input: &Input) {
        let passing = match input {
            Input::Request { origin, message } => Passing {
                way: Way::FromAcquirer,
                peer: Peer::Acquirer(origin.acquirer()),
                line: origin.session().0,
                header: origin.header(),
                message: Some(message),
                error: None,
            },
            Input::Unreadable { origin, error } => Passing {
                way: Way::FromAcquirer,
                peer: Peer::Acquirer(origin.acquirer()),
                line: origin.session().0,
                header: origin.header(),
                message: error.partial.as_deref(),
                error: Some(error),
            },
            Input::FromBank { connection, header, message } => {
                Passing::bank(Way::FromBank, *connection, header, message)
            }
            Input::Rejected { connection, header, message, .. } => {
                Passing::bank(Way::FromBank, *connection, header, message)
            }
            Input::UnreadableFromBank { connection, error } => Passing {
                way: Way::FromBank,
                peer: Peer::Bank(connection.bank),
                line: u64::from(connection.slot),
                header: &Header::new(),
                message: error.partial.as_deref(),
                error: Some(error),
            },
            _ => return,
        };
        self.pass(at, names, &passing);
    }

    /// What the machine wants done.
    pub(super) fn output(&mut self, at: Wall, names: &Names, output: &Output) {
        match output {
            Output::ToBank { connection, header, message, .. } | Output::AnswerBank { connection, header, message } => {
                self.pass(at, names, &Passing::bank(Way::ToBank, *connection, header, message));
            }
            Output::Answer { to, message, .. } => {
                let passing = Passing {
                    way: Way::ToAcquirer,
                    peer: Peer::Acquirer(to.acquirer()),
                    line: to.session().0,
                    header: to.header(),
                    message: Some(message),
                    error: None,
                };
                self.pass(at, names, &passing);
            }
            Output::Note(note) => self.say(at, names, note),
            _ => {}
        }
    }

    fn pass(&mut self, at: Wall, names: &Names, passing: &Passing<'_>) {
        let peer = match passing.peer {
            Peer::Acquirer(id) => &names.acquirers[usize::from(id.0)],
            Peer::Bank(id) => &names.banks[usize::from(id.0)],
        };
        for listener in self.listeners.iter_mut().filter_map(|listener| listener.wants(passing).then_some(listener)) {
            listener.send(Traced::Message {
                at,
                way: passing.way,
                peer: Arc::clone(peer),
                line: passing.line,
                header: passing.header.clone(),
                message: passing.message.map(|message| Box::new(message.clone())),
                error: passing.error.map(ToString::to_string),
            });
        }
        self.listeners.retain(|listener| !listener.events.is_closed());
    }

    fn say(&mut self, at: Wall, names: &Names, note: &Note) {
        let Some(what) = telemetry::said(names, note) else { return };
        for listener in self.listeners.iter_mut().filter(|listener| listener.is_about(names, &what)) {
            listener.send(Traced::Said { at, what: what.clone() });
        }
    }
}

impl<'a> Passing<'a> {
    const fn bank(way: Way, connection: ConnectionId, header: &'a Header, message: &'a Message) -> Self {
        let (peer, line) = (Peer::Bank(connection.bank), connection.slot as u64);
        Self { way, peer, line, header, message: Some(message), error: None }
    }
}

impl Listener {
    fn wants(&mut self, passing: &Passing<'_>) -> bool {
        let named = match passing.peer {
            Peer::Acquirer(id) => self.acquirer.map(|wanted| wanted == id),
            Peer::Bank(id) => self.bank.map(|wanted| wanted == id),
        };
        // With one side named, the other is not asked for.
        let unnamed = self.bank.is_none() && self.acquirer.is_none();
        named.unwrap_or(unnamed) && self.is_of_rrn(passing)
    }

    fn is_of_rrn(&mut self, passing: &Passing<'_>) -> bool {
        let Some(rrn) = &self.rrn else { return true };
        let Some(message) = passing.message else { return false };
        let text = |field| message.text(field).unwrap_or_default().trim().as_bytes().to_vec();
        let same = text(37) == *rrn;
        match (passing.peer, passing.way) {
            (Peer::Bank(bank), Way::ToBank) if same => {
                self.followed.add(bank, text(11));
                true
            }
            (Peer::Bank(bank), Way::FromBank) => same || self.followed.has(bank, &text(11)),
            _ => same,
        }
    }

    /// Is a line about what this listener sees?
    fn is_about(&self, names: &Names, what: &serde_json::Map<String, serde_json::Value>) -> bool {
        let text = |key: &str| what.get(key).and_then(serde_json::Value::as_str);
        let named = |id: Option<&Arc<str>>, key: &str| id.is_some_and(|name| text(key) == Some(name));
        let bank = self.bank.map(|id| &names.banks[usize::from(id.0)]);
        let acquirer = self.acquirer.map(|id| &names.acquirers[usize::from(id.0)]);
        let unnamed = bank.is_none() && acquirer.is_none();
        let of_rrn = self.rrn.as_ref().is_none_or(|rrn| {
            let stans = ["stan", "bank_stan"].map(|key| what.get(key).and_then(serde_json::Value::as_u64));
            let bank = text("bank").and_then(|name| names.banks.iter().position(|other| **other == *name));
            let bank = bank.map(|place| BankId(place as u16));
            text("rrn").is_some_and(|text| text.trim().as_bytes() == rrn)
                || stans.into_iter().flatten().any(|stan| bank.is_some_and(|bank| self.followed.has_number(bank, stan)))
        });
        (unnamed || named(bank, "bank") || named(acquirer, "acquirer")) && of_rrn
    }

    fn send(&mut self, event: Traced) {
        if self.missed > 0 && self.events.try_send(Traced::Missed(self.missed)).is_ok() {
            self.missed = 0;
        }
        if let Err(TrySendError::Full(_)) = self.events.try_send(event) {
            self.missed += 1;
        }
    }
}

impl Followed {
    fn add(&mut self, bank: BankId, stan: Vec<u8>) {
        if self.has(bank, &stan) {
            return;
        }
        if self.sends.len() == FOLLOWED {
            self.sends.pop_front();
        }
        self.sends.push_back((bank, stan));
    }

    fn has(&self, bank: BankId, stan: &[u8]) -> bool {
        self.sends.iter().any(|(of, known)| *of == bank && known == stan)
    }

    fn has_number(&self, bank: BankId, stan: u64) -> bool {
        let number = |digits: &[u8]| std::str::from_utf8(digits).ok().and_then(|digits| digits.parse::<u64>().ok());
        self.sends.iter().any(|(of, known)| *of == bank && number(known) == Some(stan))
    }
}
