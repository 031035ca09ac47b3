//! A script as it was read: what a run does, in order, without a socket yet. docs/certification.md is its manual.

mod ends;
mod fields;
mod read;
mod step;

use super::{
    pki::{Certificate, Pki},
    rule::Rule,
    value::Value,
    wiring::Source,
};
use crate::config::{ConfigError, ConfigErrors};
use banklink_protocol::{Dialect, Mti, frame::Framing};
use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

/// A certification script without a mistake.
pub struct Script {
    /// What it is called.
    pub name: String,
    /// What it is about.
    pub about: String,
    /// The numbers of the cases that it plays; for the shipped scripts those of tests/all/conversation/CASES.md.
    pub cases: Vec<u32>,
    /// Where it stands.
    pub file: PathBuf,
    /// Its text: a configuration within is read again for each run, with that run's ports.
    pub(crate) text: String,
    /// The switch to start; `None`: what is spoken to runs already.
    pub(crate) start: Option<Source>,
    pub(crate) ends: Vec<End>,
    pub(crate) cards: Vec<String>,
    pub(crate) within: Duration,
    pub(crate) linger: Duration,
    pub(crate) steps: Vec<Step>,
}

impl Script {
    /// Reads a script from its file.
    ///
    /// # Errors
    /// All mistakes, each with file and line.
    pub fn load(file: &Path, pki: &Pki) -> Result<Self, ConfigErrors> {
        let text = std::fs::read_to_string(file).map_err(|error| {
            let message = format!("cannot read the script: {error}");
            ConfigErrors(vec![ConfigError { file: file.display().to_string(), line: 1, message }])
        })?;
        Self::parse(&text, file, pki)
    }

    /// Reads a script, and the configuration it starts a switch with.
    ///
    /// # Errors
    /// All mistakes, each with file and line.
    pub fn parse(text: &str, file: &Path, pki: &Pki) -> Result<Self, ConfigErrors> {
        read::script(text, file, pki)
    }
}

/// Whom the script plays.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Role {
    /// Asks the switch.
    Acquirer,
    /// Is asked by the switch.
    Bank,
    /// The script asks a real host, as a switch would.
    Host,
}

/// One party that the script plays, or, with a host, speaks to.
#[derive(Clone)]
pub(crate) struct End {
    pub(crate) name: String,
    pub(crate) role: Role,
    pub(crate) dialect: Arc<Dialect>,
    pub(crate) framing: Framing,
    /// How connections come to be.
    pub(crate) way: Way,
    /// How many there are before the first step.
    pub(crate) ready: u16,
    /// Is a sign-on waited for on each of these? (Toward a host: sent.)
    pub(crate) sign_on: bool,
    /// Are echo requests of the peer answered without a step?
    pub(crate) echo: bool,
}

/// How an end comes to its connections.
#[derive(Clone)]
pub(crate) enum Way {
    /// It dials a listener of the switch that is started; `true`: with TLS, under that name.
    DialStarted(Option<String>),
    /// The switch that is started dials it.
    AcceptStarted,
    /// It dials an address.
    Dial(String, Option<crate::simulator::stream::DialTls>),
    /// It listens at an address.
    Accept(std::net::SocketAddr, Option<Arc<rustls::ServerConfig>>),
}

/// One step.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    /// Where it begins in the script.
    pub(crate) line: usize,
    /// In a few words, for the report.
    pub(crate) title: String,
    pub(crate) action: Action,
}

/// What a step does. Ends are places in [`Script::ends`].
#[derive(Clone, Debug)]
pub(crate) enum Action {
    /// Sends a message.
    Send(Send),
    /// Sends bytes that need not be a message.
    Bytes { end: usize, on: Option<String>, bytes: Vec<u8>, framed: bool },
    /// Waits for a message, the end of a connection, or a keep-alive.
    Expect(Expect),
    /// Answers a request.
    Answer { to: String, code: Value, out: Outgoing },
    /// Nothing may come for so long.
    Nothing { end: Option<usize>, span: Duration },
    /// Lets time pass.
    Delay(Duration),
    /// Leaves a request without an answer, and says so.
    Silence(String),
    /// Makes or takes a connection.
    Connect { end: usize, name: Option<String>, certificate: Certificate, fails: bool, within: Duration },
    /// Takes connections and closes them at once.
    Refuse { end: usize, times: u64, within: Duration },
    /// Closes a connection, or all of them.
    Disconnect { end: usize, on: Option<String> },
    /// Takes the switch's sign-on, on a connection that is there or on its next one.
    SignOn { end: usize, on: Option<String>, name: Option<String>, code: Option<String>, within: Duration },
    /// Signs off.
    SignOff { end: usize, on: Option<String>, within: Duration },
    /// Waits for a state of the switch that was started.
    Until { of: Of, states: Vec<(String, State)>, within: Duration },
    /// Tells the switch that was started to do something.
    Switch(Order),
    /// Does the same for each value.
    Each { values: Vec<String>, steps: Vec<Step> },
}

/// Whose state.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Of {
    Bank(String),
    Acquirer(String),
}

/// What a counter is to be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum State {
    Is(u64),
    AtLeast(u64),
}

impl State {
    pub(crate) const fn reached(self, had: u64) -> bool {
        match self {
            Self::Is(wanted) => had == wanted,
            Self::AtLeast(wanted) => had >= wanted,
        }
    }
}

/// What the switch is told.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Order {
    Drain,
    Restart,
}

/// A message to send.
#[derive(Clone, Debug)]
pub(crate) struct Send {
    pub(crate) end: usize,
    pub(crate) mti: Mti,
    /// What it begins as.
    pub(crate) base: Base,
    pub(crate) out: Outgoing,
}

/// What a message begins as.
#[derive(Clone, Debug)]
pub(crate) enum Base {
    /// The fields of a template.
    Template(Vec<(u8, Value)>),
    /// A message sent or received before.
    Message(String),
}

/// What is changed in a message before it leaves, and how it leaves.
#[derive(Clone, Default, Debug)]
pub(crate) struct Outgoing {
    /// The connection, by its name.
    pub(crate) on: Option<String>,
    /// The name it is known by afterwards.
    pub(crate) name: Option<String>,
    pub(crate) fields: Vec<(u8, Value)>,
    pub(crate) without: Vec<u8>,
    /// Text of the encoded message that is replaced, and by what.
    pub(crate) replace: Option<(String, String)>,
    /// Bytes cut off the end.
    pub(crate) cut: usize,
    /// Bytes put after the end.
    pub(crate) append: Vec<u8>,
    /// Waits for the next message of the connection, to leave with it in one write.
    pub(crate) hold: bool,
    /// Leaves one byte a write.
    pub(crate) split: bool,
}

/// What is waited for, and what it must be like.
#[derive(Clone, Debug)]
pub(crate) struct Expect {
    pub(crate) end: usize,
    pub(crate) on: Option<String>,
    pub(crate) what: Awaited,
    pub(crate) within: Duration,
    pub(crate) name: Option<String>,
    pub(crate) rules: Vec<(u8, Rule)>,
    /// Of several of that type, the one of which these hold.
    pub(crate) only: Vec<(u8, Rule)>,
    /// The whole message in hex is like this.
    pub(crate) bytes: Option<String>,
}

/// What is waited for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Awaited {
    Message(Mti),
    End,
    KeepAlive,
}
