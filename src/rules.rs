//! What the machines may see of the configuration: checked, resolved, pure data.

use banklink_protocol::{Dialect, Translation, dialect::Version, element::ResponseCode, frame::Header};
use std::{collections::BTreeMap, sync::Arc, time::Duration};

/// All rules of one configuration.
pub struct Rules {
    /// Indexed by [`crate::switch::AcquirerId`].
    pub acquirers: Vec<Acquirer>,
    /// Indexed by [`crate::switch::BankId`].
    pub banks: Vec<Bank>,
    /// Routes in the order of the file.
    pub routes: Vec<Route>,
    /// Translations acquirer → bank: `outbound[acquirer][bank]`.
    pub outbound: Vec<Vec<Translation>>,
    /// Translations bank → acquirer: `inbound[bank][acquirer]`.
    pub inbound: Vec<Vec<Translation>>,
    /// Payments remembered after their answer, so that what follows them (reversal, completion, repeat) finds its bank;
    /// rounded up to a power of two, about 300 bytes each with their answers.
    pub recent: usize,
}

impl Rules {
    /// Payments remembered, where nothing else is said.
    pub const RECENT: usize = 1 << 18;
    /// The most messages that may be stored for one bank: each holds up to two of its 999,999 STANs.
    pub const MAX_STORED: usize = 200_000;

    /// Rules of these parts, with a translation for each acquirer and bank.
    #[must_use]
    pub fn new(acquirers: Vec<Acquirer>, banks: Vec<Bank>, routes: Vec<Route>) -> Self {
        let outbound =
            |acquirer: &Acquirer| banks.iter().map(|bank| Translation::new(&acquirer.dialect, &bank.dialect)).collect();
        let inbound =
            |bank: &Bank| acquirers.iter().map(|acquirer| Translation::new(&bank.dialect, &acquirer.dialect)).collect();
        let outbound = acquirers.iter().map(outbound).collect();
        let inbound = banks.iter().map(inbound).collect();
        Self { acquirers, banks, routes, outbound, inbound, recent: Self::RECENT }
    }

    /// Do the parts refer to each other as they must? (Whether they make sense is the configuration's to check.)
    ///
    /// # Errors
    /// What does not fit.
    pub fn check(&self) -> Result<(), &'static str> {
        let (acquirers, banks) = (self.acquirers.len(), self.banks.len());
        let square = |table: &[Vec<Translation>], rows: usize, columns: usize| {
            table.len() == rows && table.iter().all(|row| row.len() == columns)
        };
        if !square(&self.outbound, acquirers, banks) || !square(&self.inbound, banks, acquirers) {
            return Err("a translation for each acquirer and bank");
        }
        if self.banks.iter().any(|bank| bank.connections == 0 || bank.max_in_flight == 0) {
            return Err("a bank has at least one connection and takes at least one request");
        }
        if self.banks.iter().any(|bank| bank.store.window == 0 || bank.store.limit > Self::MAX_STORED) {
            return Err("a bank takes at least one stored message at once, and at most 200,000 are stored for it");
        }
        for route in &self.routes {
            if route.targets.is_empty() || route.targets.iter().any(|target| usize::from(target.bank.0) >= banks) {
                return Err("a route names banks that exist");
            }
            if route.cards.iter().any(|range| range.low > range.high || range.high >= 100_000_000_000) {
                return Err("a card range has eleven digits and its low end first");
            }
        }
        Ok(())
    }

    /// Can these rules take the place of `other` while payments are in flight? Acquirers and banks must be the same
    /// ones, in the same order, with the same connections, dialects and duplicate keys.
    #[must_use]
    pub fn replaces(&self, other: &Self) -> bool {
        let acquirers =
            |rules: &Self| rules.acquirers.iter().map(|acquirer| Arc::clone(&acquirer.name)).collect::<Vec<_>>();
        let banks = |rules: &Self| {
            let bank = |bank: &Bank| (Arc::clone(&bank.name), bank.connections, bank.we_connect);
            rules.banks.iter().map(bank).collect::<Vec<_>>()
        };
        acquirers(self) == acquirers(other)
            && banks(self) == banks(other)
            && self.speaks_as(other)
            && self.names_as(other)
    }

    /// Is the duplicate key of every acquirer the one it was? A resend must find what was sent under the old rules.
    fn names_as(&self, other: &Self) -> bool {
        let key = |acquirer: &Acquirer| (acquirer.duplicate_rrn, acquirer.duplicate_transmission);
        self.acquirers.iter().map(key).eq(other.acquirers.iter().map(key))
    }

    /// Has every acquirer and bank the dialect that the one in its place has? Messages decoded by the one must be
    /// messages of the other.
    fn speaks_as(&self, other: &Self) -> bool {
        let acquirers = self.acquirers.iter().zip(&other.acquirers).map(|(one, other)| (&one.dialect, &other.dialect));
        let banks = self.banks.iter().zip(&other.banks).map(|(one, other)| (&one.dialect, &other.dialect));
        acquirers.chain(banks).all(|(one, other)| one.same_form(other))
    }
}

/// An acquirer's profile.
pub struct Acquirer {
    /// Its name in the configuration.
    pub name: Arc<str>,
    /// How its messages are written.
    pub dialect: Arc<Dialect>,
    /// Requests that may wait for an answer at once; the next one is answered `full_code`.
    pub max_in_flight: usize,
    /// Requests a second, a second's worth at once, inquiries apart; more are answered `full_code`. 0: as many as come.
    pub rate: u32,
    /// The same of inquiries (DE3 30 to 39).
    pub inquiry_rate: u32,
    /// Answer when there is no room (91 or 96).
    pub full_code: ResponseCode,
    /// Answer when the bank did not answer in time (default 91, often 68).
    pub timeout_code: ResponseCode,
    /// What DE37 the bank sees.
    pub rrn: RrnPolicy,
    /// Refuse card numbers whose check digit is wrong (14) at the door?
    pub luhn: bool,
    /// DE3 transaction types taken, inclusive ranges; empty = all. Others are answered 12.
    pub processing: Vec<(u8, u8)>,
    /// Is this acquirer's DE37 unique to one payment, and so part of the duplicate key?
    pub duplicate_rrn: bool,
    /// May DE7 be part of the duplicate key where DE12/DE13 are absent? (Resends often carry a new DE7.)
    pub duplicate_transmission: bool,
    /// Does its front end take approvals of a part of the amount? Where not, and where the request does not say so itself
    /// (1993: function code 181), the part is reversed and the payment declined.
    pub partial_approvals: bool,
    /// An approval that certainly did not reach it is reversed after this, unless it comes back for it.
    pub undelivered_grace: Duration,
}

impl Acquirer {
    /// Requests in flight, where nothing else is said.
    pub const MAX_IN_FLIGHT: usize = 4096;
    /// How long an undelivered approval waits for its acquirer, where nothing else is said.
    pub const UNDELIVERED_GRACE: Duration = Duration::from_secs(60);

    /// A profile with nothing special about it: 4096 requests in flight, refusals and time-outs answered 91 (1993: 907 and
    /// 911), RRN as sent, check digits left to the bank.
    #[must_use]
    pub fn new(name: &str, dialect: &Arc<Dialect>) -> Self {
        Self {
            name: name.into(),
            dialect: Arc::clone(dialect),
            max_in_flight: Self::MAX_IN_FLIGHT,
            rate: 0,
            inquiry_rate: 0,
            full_code: Self::full_code(dialect.version()),
            timeout_code: Self::timeout_code(dialect.version()),
            rrn: RrnPolicy::AsSent,
            luhn: false,
            processing: Vec::new(),
            duplicate_rrn: false,
            duplicate_transmission: false,
            partial_approvals: false,
            undelivered_grace: Self::UNDELIVERED_GRACE,
        }
    }

    /// The answer when there is no room, where nothing else is said: "issuer or switch inoperative".
    #[must_use]
    pub fn full_code(version: Version) -> ResponseCode {
        by_edition(version, ["91", "907", "9107"])
    }

    /// The answer after a time-out, where nothing else is said: "issuer or switch inoperative", 1993 "issuer timed out".
    #[must_use]
    pub fn timeout_code(version: Version) -> ResponseCode {
        by_edition(version, ["91", "911", "9111"])
    }
}

/// One of the codes for 1987, 1993 and 2003.
fn by_edition(version: Version, codes: [&str; 3]) -> ResponseCode {
    let code = match version {
        Version::V1987 => codes[0],
        Version::V1993 => codes[1],
        Version::V2003 => codes[2],
    };
    code.parse().expect("a constant of two to four digits")
}

/// Who makes the RRN.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RrnPolicy {
    /// The acquirer's DE37 goes to the bank as sent.
    AsSent,
    /// We assign our own toward the bank; the acquirer gets back what it sent (or ours where it sent none).
    Assigned,
}

/// A bank's profile.
pub struct Bank {
    /// Its name in the configuration.
    pub name: Arc<str>,
    /// How its messages are written.
    pub dialect: Arc<Dialect>,
    /// Number of connection slots.
    pub connections: u16,
    /// We dial (false: the bank dials us, and `Connect` is never asked for).
    pub we_connect: bool,
    /// From the arrival of the request to the time-out.
    pub answer_timeout: Duration,
    /// Requests in flight at once over all connections.
    pub max_in_flight: usize,
    /// Data elements the bank echoes unchanged, part of the match key beside MTI class and STAN: of 7, 12, 13, 32, 37, 41.
    pub echoed: Vec<u8>,
    /// DE39 values that approve.
    pub approving: Vec<ResponseCode>,
    /// Acquirer-side code for a bank's code; what is absent passes as it is.
    pub codes_in: BTreeMap<ResponseCode, ResponseCode>,
    /// Bank-side code for ours (in advices and reversals).
    pub codes_out: BTreeMap<ResponseCode, ResponseCode>,
    /// Fields set to a fixed logical value on every message to the bank (our DE32/DE33 …).
    pub fixed: Vec<(u8, Vec<u8>)>,
    /// Header of the messages we begin toward this bank (its TPDU); empty where the framing has none.
    pub header: Header,
    /// Sign-on, echo, reconnect.
    pub link: Link,
    /// What we answer to requests the bank sends us, by MTI; absent = 12.
    pub own_requests: BTreeMap<banklink_protocol::Mti, ResponseCode>,
    /// Time-outs in a row on one connection that take it out of routing until an echo succeeds; 0 = never.
    pub breaker: u32,
    /// DE39 values that decline and mean something to us, beside those of the standard.
    pub declining: Vec<ResponseCode>,
    /// How payments are taken back at this bank.
    pub reversal: Reversal,
    /// How stored messages are delivered to it.
    pub store: Store,
    /// What it holds for pre-authorisations.
    pub holding: Holding,
}

/// How payments are taken back at a bank.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Reversal {
    /// By an advice (0420, 0421), which must be accepted, or by a request (0400, 0401)? 1993 knows only the advice.
    pub advice: bool,
    /// What DE95 says of a partial reversal in 1987.
    pub replacement: Replacement,
    /// DE3 transaction types that are never reversed, inclusive ranges, beside inquiries and administration.
    pub never: Vec<(u8, u8)>,
    /// DE3 transaction types that cannot be taken back: where their outcome is unknown, people have to ask the bank.
    pub ask: Vec<(u8, u8)>,
}

/// What DE95 (replacement amounts) says in a partial reversal of 1987.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Replacement {
    /// The amount that is left (the standard).
    Left,
    /// The amount that is taken back.
    Delta,
}

impl Default for Reversal {
    /// By advice; DE95 says what is left; deposits and credits other than refunds and adjustments are asked for.
    fn default() -> Self {
        Self { advice: true, replacement: Replacement::Left, never: Vec::new(), ask: vec![(21, 21), (23, 29)] }
    }
}

/// How stored messages (reversals and advices) are delivered to a bank.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Store {
    /// How many may wait for their answer at once; 1 where the bank wants strict order.
    pub window: usize,
    /// Pause after the first try that did not settle it; doubled each time up to `spacing_max`.
    pub spacing: Duration,
    /// The longest pause.
    pub spacing_max: Duration,
    /// After so many tries that the bank refused with a code outside the tables, or passed over while it answered
    /// others, a message is parked.
    pub strikes: u32,
    /// Stored messages at most, parked ones among them; then new payments are answered 96.
    pub limit: usize,
    /// DE39 values that settle a reversal, beside the approving ones.
    pub settling: Vec<ResponseCode>,
    /// DE39 values after which it is tried again, without end.
    pub retrying: Vec<ResponseCode>,
}

impl Store {
    /// A window of 16, pauses from one second to five minutes, eight strikes, 100,000 messages, the standard's codes.
    #[must_use]
    pub fn new(version: Version) -> Self {
        let codes = |codes: &[&str]| codes.iter().filter_map(|code| ResponseCode::parse(code.as_bytes())).collect();
        let (settling, retrying): (&[&str], &[&str]) = match version {
            Version::V1987 => (&["21", "25", "94", "12"], &["09", "68", "90", "91", "96"]),
            Version::V1993 => {
                (&["400", "900", "901", "902", "913", "914"], &["906", "907", "909", "910", "911", "912", "923"])
            }
            Version::V2003 => (&["4000", "1816", "1822", "9102"], &["9107", "1811", "1812", "9111"]),
        };
        Self {
            window: 16,
            spacing: Duration::from_secs(1),
            spacing_max: Duration::from_secs(300),
            strikes: 8,
            limit: 100_000,
            settling: codes(settling),
            retrying: codes(retrying),
        }
    }
}

/// How a bank holds what was pre-authorised.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Holding {
    /// How long. Networks give 5 to 30 days.
    pub life: Duration,
    /// So many percent of what is held may be taken beyond it.
    pub excess: u8,
    /// May it be taken by many completions, until nothing remains? Else the first one ends it.
    pub many: bool,
}

impl Default for Holding {
    /// Seven days, nothing beyond, one completion.
    fn default() -> Self {
        Self { life: Duration::from_secs(7 * 24 * 3600), excess: 0, many: false }
    }
}

impl Bank {
    /// Connections, where nothing else is said.
    pub const CONNECTIONS: u16 = 2;
    /// Time to answer, where nothing else is said.
    pub const ANSWER_TIMEOUT: Duration = Duration::from_secs(25);
    /// Requests in flight, where nothing else is said.
    pub const MAX_IN_FLIGHT: usize = 4096;
    /// Time-outs in a row that trip a connection, where nothing else is said.
    pub const BREAKER: u32 = 5;
    /// What is echoed, where nothing else is said.
    pub const ECHOED: [u8; 1] = [7];

    /// A profile with nothing special about it: two connections that we make, 25 s to answer, DE7 echoed, the standard's
    /// approving codes, signed on and asked for an echo after a minute of silence.
    #[must_use]
    pub fn new(name: &str, dialect: &Arc<Dialect>) -> Self {
        Self {
            name: name.into(),
            dialect: Arc::clone(dialect),
            connections: Self::CONNECTIONS,
            we_connect: true,
            answer_timeout: Self::ANSWER_TIMEOUT,
            max_in_flight: Self::MAX_IN_FLIGHT,
            echoed: Self::ECHOED.to_vec(),
            approving: Self::approving(dialect.version()),
            codes_in: BTreeMap::new(),
            codes_out: BTreeMap::new(),
            fixed: Vec::new(),
            header: Header::new(),
            link: Link::default(),
            own_requests: BTreeMap::new(),
            breaker: Self::BREAKER,
            declining: Vec::new(),
            reversal: Reversal::default(),
            store: Store::new(dialect.version()),
            holding: Holding::default(),
        }
    }

    /// The approving codes of an edition of the standard.
    #[must_use]
    pub fn approving(version: Version) -> Vec<ResponseCode> {
        let codes: &[&str] = match version {
            Version::V1987 => &["00", "08", "10", "11", "16", "85"],
            Version::V1993 => &["000", "001", "002", "003", "004", "005", "006"],
            Version::V2003 => &["0000", "0001", "0002", "0003", "0004", "0005", "0006"],
        };
        codes.iter().filter_map(|code| ResponseCode::parse(code.as_bytes())).collect()
    }
}

/// Link management of a bank.
pub struct Link {
    /// Sign on after connecting? (A connection that needs none is Up at once.)
    pub sign_on: bool,
    /// Send an echo after this much silence; zero = never.
    pub echo_idle: Duration,
    /// Wait this long for the answer to sign-on or echo.
    pub network_timeout: Duration,
    /// Echoes missed in a row before the connection is closed.
    pub missed_echoes: u32,
    /// First pause before a reconnect; doubled up to `reconnect_max`, jittered.
    pub reconnect_min: Duration,
    /// Longest pause.
    pub reconnect_max: Duration,
    /// Extra fields of our network messages, logical values (e.g. DE53, DE32).
    pub fields: Vec<(u8, Vec<u8>)>,
}

impl Default for Link {
    /// Signed on; an echo after a minute of silence, answered within ten seconds, missed three times; reconnects after
    /// half a second, at most half a minute apart.
    fn default() -> Self {
        Self {
            sign_on: true,
            echo_idle: Duration::from_secs(60),
            network_timeout: Duration::from_secs(10),
            missed_echoes: 3,
            reconnect_min: Duration::from_millis(500),
            reconnect_max: Duration::from_secs(30),
            fields: Vec::new(),
        }
    }
}

/// One routing rule. An empty condition is met by everything.
pub struct Route {
    /// Its name, for `route explain`.
    pub name: Arc<str>,
    /// Card ranges, inclusive, scaled to 11 digits (`Pan::routing_key`), with the digits they were written with.
    pub cards: Vec<CardRange>,
    /// Bank codes in DE100 (else DE32) for account payments.
    pub institutions: Vec<u64>,
    /// MTI classes (second digit).
    pub classes: Vec<u8>,
    /// DE3 transaction types, inclusive ranges.
    pub processing: Vec<(u8, u8)>,
    /// DE49.
    pub currencies: Vec<u16>,
    /// DE4, inclusive, minor units.
    pub amount: Option<(u64, u64)>,
    /// DE18, inclusive ranges.
    pub mcc: Vec<(u16, u16)>,
    /// Acquirers.
    pub acquirers: Vec<crate::switch::AcquirerId>,
    /// Who gets it.
    pub targets: Vec<Target>,
    /// How the first target is picked.
    pub strategy: Strategy,
}

impl Route {
    /// A rule for everything, to these banks by priority; conditions are added by field.
    #[must_use]
    pub fn to(name: &str, banks: &[crate::switch::BankId]) -> Self {
        Self {
            name: name.into(),
            cards: Vec::new(),
            institutions: Vec::new(),
            classes: Vec::new(),
            processing: Vec::new(),
            currencies: Vec::new(),
            amount: None,
            mcc: Vec::new(),
            acquirers: Vec::new(),
            targets: banks.iter().map(|&bank| Target { bank, weight: 1 }).collect(),
            strategy: Strategy::Priority,
        }
    }
}

/// A card range.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CardRange {
    /// Lowest routing key.
    pub low: u64,
    /// Highest routing key.
    pub high: u64,
}

/// A routing target.
pub struct Target {
    /// The bank.
    pub bank: crate::switch::BankId,
    /// Share under `Strategy::Weight`.
    pub weight: u32,
}

/// How the first target is picked; the others follow in order as fail-over.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Strategy {
    /// The first that is up.
    Priority,
    /// By weight.
    Weight,
    /// In turn.
    RoundRobin,
}
