//! Whatever comes, in whatever order: no panic, and the invariants hold. Peers here follow no rule at all; the simulation
//! is for peers that do.

use super::rig::{Rig, connection, original_of, purchase, reply, rules};
use crate::{
    record::{Cause, Decision, PaymentId, Record, Stored},
    rules::{RrnPolicy, Rules},
    switch::{AcquirerId, ConnectionId, Input, NotSent, Note, SendId, SessionId, random::Random},
};
use banklink_protocol::{Dialect, Message, Mti, dialect::Version};
use std::{collections::BTreeMap, sync::Arc, time::Duration};

const SEEDS: u64 = 80;
const STEPS: usize = 1_500;

fn chaotic(seed: u64) -> Rules {
    let mut rules = rules(2);
    for bank in &mut rules.banks {
        bank.connections = 2;
        bank.max_in_flight = 5;
        bank.breaker = (seed % 3) as u32;
        bank.link.sign_on = !seed.is_multiple_of(4);
        bank.codes_out.insert("68".parse().unwrap(), "21".parse().unwrap());
        bank.store.window = 1 + (seed % 3) as usize;
        bank.store.strikes = 2;
        bank.store.limit = 12;
        bank.reversal.advice = seed.is_multiple_of(3) || seed.is_multiple_of(5);
        bank.echoed = vec![7, 11, 12, 13, 32, 37, 41][..(seed % 8) as usize].to_vec();
    }
    rules.banks[1].we_connect = false;
    rules.banks[1].fixed = vec![(32, b"99".to_vec()), (33, b"7".to_vec())];
    rules.acquirers[0].max_in_flight = 6;
    rules.acquirers[1].rrn = RrnPolicy::Assigned;
    rules.acquirers[1].duplicate_transmission = true;
    rules.acquirers[1].partial_approvals = true;
    rules.recent = 16;
    let Rules { mut acquirers, mut banks, routes, recent, .. } = rules;
    if seed.is_multiple_of(2) {
        banks[1].dialect = Dialect::named("iso87-bcd").unwrap();
    }
    if seed.is_multiple_of(5) {
        let dialect = Dialect::named("iso93-ascii").unwrap();
        acquirers.iter_mut().for_each(|acquirer| acquirer.dialect = Arc::clone(&dialect));
        banks.iter_mut().for_each(|bank| bank.dialect = Arc::clone(&dialect));
    }
    Rules { recent, ..Rules::new(acquirers, banks, routes) }
}

struct Chaos {
    rig: Rig,
    rules: Arc<Rules>,
    random: Random,
    /// Messages once sent to a bank, to be answered twice, elsewhere, changed.
    seen: Vec<(ConnectionId, SendId, Message)>,
    happened: BTreeMap<&'static str, u32>,
    steps: u64,
    /// The first of them in this life of the switch: nobody speaks of the others as not sent.
    life: usize,
}

impl Chaos {
    fn pick<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.random.below(choices.len() as u64) as usize]
    }

    /// Of a payment lately made, or of the next.
    fn number(&mut self) -> u64 {
        self.steps / 20 + self.random.below(4)
    }

    fn digits(&mut self, length: u64) -> Vec<u8> {
        (0..length).map(|_| b'0' + self.random.below(10) as u8).collect()
    }

    /// Some fields set to anything they can hold, some to what others hold too, some left out.
    fn disturb(&mut self, message: &mut Message) {
        for _ in 0..self.random.below(6) {
            let field =
                self.pick(&[2, 3, 4, 7, 11, 12, 13, 15, 32, 33, 35, 37, 38, 39, 41, 42, 49, 52, 56, 70, 90, 95, 24]);
            let length = self.pick(&[1, 2, 3, 4, 6, 8, 10, 11, 12, 15, 16, 19, 22, 35, 37, 42]);
            let value = match self.random.below(3) {
                0 => vec![b'0'; length as usize],
                1 => vec![b' '; length as usize],
                _ => self.digits(length),
            };
            if self.random.below(3) == 0 || message.set(field, &value).is_err() {
                message.remove(field);
            }
        }
    }

    fn mti(&mut self) -> Mti {
        let likely = self.pick(&[
            0x0200, 0x0200, 0x0100, 0x0201, 0x0400, 0x0401, 0x0420, 0x0421, 0x0220, 0x0100, 0x0800, 0x0200, 0x1420,
        ]);
        let any = self.random.below(0x1_0000) as u16;
        if self.random.below(4) > 0 { Mti::from_packed(likely) } else { Mti::from_packed(any) }
            .unwrap_or(Mti::from_packed(0).unwrap())
    }

    fn request(&mut self) {
        let acquirer = AcquirerId(self.random.below(2) as u16);
        let (one, other) = (self.number(), self.number());
        let plain = purchase(&format!("{one:06}"));
        let dialect = Arc::clone(&self.rules.acquirers[0].dialect);
        let mut mti = self.mti();
        if dialect.version() == Version::V1993 && self.random.below(4) > 0 {
            mti = mti.with_version(1);
        }
        let mut message = Message::new(&dialect, mti);
        for field in plain.fields() {
            let _ = message.set(field, &plain.logical(field).unwrap());
        }
        if self.random.below(3) == 0 {
            let _ = message.set(90, original_of(&format!("{other:06}")).as_bytes());
        }
        if mti.class() == 4 && self.random.below(3) == 0 {
            let _ = message.set(95, &[&b"000000000"[..], &self.digits(3), &[b'0'; 30]].concat());
        }
        if self.random.below(2) == 0 {
            self.disturb(&mut message);
        }
        let origin = self.rig.origin_of(acquirer, self.random.below(4));
        self.rig.input(Input::Request { origin, message: message.into() });
    }

    fn bank_speaks(&mut self) {
        let mut from = connection(self.random.below(2) as u16, self.random.below(2) as u16);
        let count = self.seen.len() as u64;
        let mut message = if count > 0 && self.random.below(5) > 0 {
            let (on, _, request) = &self.seen[(count - 1 - self.random.below(count.min(8))) as usize];
            from = if self.random.below(3) > 0 { *on } else { from };
            let request = request.clone();
            let codes = match request.dialect().version() {
                Version::V1987 => ["00", "00", "00", "51", "10", "Z9", "91", "25"],
                _ => ["000", "400", "000", "116", "002", "777", "907", "914"],
            };
            let code = self.pick(&codes);
            if request.mti().response().is_some() { reply(&request, code) } else { request }
        } else {
            let mti = self.mti();
            Message::new(&self.rules.banks[usize::from(from.bank.0)].dialect, mti)
        };
        if self.random.below(2) == 0 {
            self.disturb(&mut message);
        }
        if message.dialect().same_form(&self.rules.banks[usize::from(from.bank.0)].dialect) {
            self.rig.bank_says(from, message);
        }
    }

    fn not_sent(&mut self) {
        let why = self.pick(&[NotSent::ConnectionDown, NotSent::Expired, NotSent::Encode, NotSent::Full]);
        let lately = &self.seen[self.life..];
        let count = lately.len() as u64;
        if count == 0 {
            return;
        }
        let (connection, send, message) = lately[(count - 1 - self.random.below(count.min(8))) as usize].clone();
        let message = (self.random.below(4) > 0).then_some(message.into());
        self.rig.input(Input::NotSent { connection, send, why, message });
    }

    /// Somebody decides over a stored message, or hears that an answer did not arrive.
    fn told_of_payments(&mut self) {
        let last = self.rig.journal.iter().rev().find_map(|record| match record {
            Record::Received { payment, .. } => Some(payment.0),
            _ => None,
        });
        let payment = PaymentId(last.unwrap_or(0).saturating_sub(self.random.below(3)));
        let stored: Vec<_> = self.rig.switch.stored().iter().map(|stored| stored.item).collect();
        match (self.random.below(3), stored.is_empty()) {
            (0, false) => {
                let item = self.pick(&stored);
                let decision = self.pick(&[Decision::Retry, Decision::Retry, Decision::Resolve]);
                self.rig.input(Input::Decide { item, decision, by: "somebody".into() });
            }
            _ => self.rig.input(Input::NotDelivered { payment }),
        }
    }

    /// The switch dies; the last few Records may be lost with it. What is left says of stored messages all that was known.
    fn crash(&mut self) {
        self.life = self.seen.len();
        let records = self.rig.journal.len();
        if self.random.below(2) == 0 {
            self.rig.crash_after(records.saturating_sub(self.random.below(6) as usize));
        } else {
            let before = self.rig.switch.lasting();
            self.rig.fold(records);
            assert_eq!(before, self.rig.switch.lasting(), "what is folded is what was");
            self.rig.crash_after(records);
        }
    }

    /// What happened in this step, by name.
    fn count(&mut self) {
        for note in &self.rig.notes {
            let name = match note {
                Note::Payment(payment) => payment.outcome.as_str(),
                Note::Attached { .. } => "attached",
                Note::DuplicateDiffers { .. } => "another amount",
                Note::NotSent { .. } => "not sent",
                Note::Late { approved: true, .. } => "late approval",
                Note::Late { .. } => "late decline",
                Note::Stored { kind: Stored::Reversal(Cause::LateApproval), .. } => "reversed late",
                Note::Stored { kind: Stored::Reversal(Cause::Undelivered), .. } => "reversed undelivered",
                Note::Stored { kind: Stored::Reversal(_), .. } => "reversed",
                Note::Stored { kind: Stored::Acquirers { left: Some(_) }, .. } => "reversed in part",
                Note::Stored { kind: Stored::Acquirers { .. }, .. } => "reversed by the acquirer",
                Note::Stored { .. } => "advice",
                Note::StoredDone { .. } => "delivered",
                Note::StoredFailed { code: Some(_), .. } => "not taken",
                Note::StoredFailed { .. } => "unanswered",
                Note::Parked { .. } => "parked",
                Note::Decided { .. } => "decided",
                Note::Undelivered { .. } => "undelivered",
                Note::UnknownReversed { .. } => "never seen",
                Note::Recovered { .. } => "recovered",
                Note::Unusable { .. } => "unusable",
                Note::UnknownAnswer { .. } => "unknown",
                _ => continue,
            };
            *self.happened.entry(name).or_default() += 1;
        }
    }

    fn step(&mut self) {
        let link = connection(self.random.below(2) as u16, self.random.below(2) as u16);
        self.steps += 1;
        match self.random.below(20) {
            0..=6 => self.request(),
            7..=11 => self.bank_speaks(),
            12 => self.not_sent(),
            13 => self.rig.input(Input::ConnectionUp { connection: link }),
            14 if self.random.below(4) == 0 => self.rig.input(Input::ConnectionDown { connection: link }),
            15 => {
                let (acquirer, session) = (AcquirerId(self.random.below(2) as u16), SessionId(self.random.below(4)));
                self.rig.input(Input::SessionClosed { acquirer, session });
            }
            16 => self.rig.input(Input::Tick),
            17 if self.random.below(400) == 0 => self.rig.input(Input::Drain),
            17 if self.random.below(8) == 0 => self.crash(),
            17 => self.told_of_payments(),
            18 => self.rig.now.wall.0 += self.random.below(8_000_000_000) as i64 - 4_000_000_000,
            _ => {
                let pause = 1 << self.random.below(15);
                self.rig.pass(Duration::from_millis(pause));
            }
        }
        let sent = std::mem::take(&mut self.rig.sent);
        self.seen.extend(sent.into_iter().map(|sent| (sent.connection, sent.send, sent.message)));
        self.rig.answers.clear();
        self.count();
        self.rig.forget();
    }
}

/// All that can happen.
const ALL: [&str; 28] = [
    "advice",
    "another amount",
    "approved",
    "attached",
    "decided",
    "declined",
    "delivered",
    "doubtful",
    "late approval",
    "late decline",
    "never seen",
    "not sent",
    "not taken",
    "parked",
    "recovered",
    "refused",
    "replayed",
    "reversed",
    "reversed by the acquirer",
    "reversed in part",
    "reversed late",
    "reversed undelivered",
    "taken",
    "timed_out",
    "unanswered",
    "undelivered",
    "unknown",
    "unusable",
];

#[test]
fn no_order_of_anything_breaks_the_machine() {
    let mut happened = BTreeMap::new();
    for seed in 0..SEEDS {
        let (rig, rules, random) = (Rig::new(chaotic(seed)), Arc::new(chaotic(seed)), Random::new(seed));
        let mut chaos = Chaos { rig, rules, random, seen: Vec::new(), happened, steps: 0, life: 0 };
        for _ in 0..STEPS {
            chaos.step();
        }
        chaos.rig.pass(Duration::from_secs(3_600));
        let end = chaos.rig.switch.snapshot();
        assert!(end.acquirers.iter().all(|acquirer| acquirer.in_flight == 0), "seed {seed}: everything ends");
        happened = chaos.happened;
    }
    let missing: Vec<_> = ALL.iter().filter(|name| happened.get(*name).is_none_or(|count| *count < 5)).collect();
    assert!(missing.is_empty(), "{missing:?} did not happen, or hardly: {happened:?}");
    assert!(happened.keys().all(|name| ALL.contains(name)), "all that happens is listed");
}
