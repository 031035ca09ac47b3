//! Whatever comes, in whatever order: no panic, and the invariants hold. Peers here follow no rule at all; the simulation
//! is for peers that do.

use super::rig::{Rig, connection, purchase, reply, rules};
use crate::{
    rules::{RrnPolicy, Rules},
    switch::{AcquirerId, ConnectionId, Input, NotSent, SendId, SessionId, random::Random},
};
use banklink_protocol::{Dialect, Message, Mti, dialect::Version};
use std::{sync::Arc, time::Duration};

const SEEDS: u64 = 40;
const STEPS: usize = 1_500;

fn chaotic(seed: u64) -> Rules {
    let mut rules = rules(2);
    for bank in &mut rules.banks {
        bank.connections = 2;
        bank.max_in_flight = 5;
        bank.breaker = (seed % 3) as u32;
        bank.link.sign_on = !seed.is_multiple_of(4);
        bank.codes_out.insert("68".parse().unwrap(), "21".parse().unwrap());
        bank.echoed = vec![7, 11, 12, 13, 32, 37, 41][..(seed % 8) as usize].to_vec();
    }
    rules.banks[1].we_connect = false;
    rules.banks[1].fixed = vec![(32, b"99".to_vec()), (33, b"7".to_vec())];
    rules.acquirers[0].max_in_flight = 6;
    rules.acquirers[1].rrn = RrnPolicy::Assigned;
    rules.acquirers[1].duplicate_transmission = true;
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
}

impl Chaos {
    fn pick<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.random.below(choices.len() as u64) as usize]
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
        let likely =
            self.pick(&[0x0200, 0x0201, 0x0400, 0x0401, 0x0420, 0x0421, 0x0220, 0x0100, 0x0800, 0x1200, 0x1420]);
        let any = self.random.below(0x1_0000) as u16;
        if self.random.below(4) > 0 { Mti::from_packed(likely) } else { Mti::from_packed(any) }
            .unwrap_or(Mti::from_packed(0).unwrap())
    }

    fn request(&mut self) {
        let acquirer = AcquirerId(self.random.below(2) as u16);
        let plain = purchase(&format!("{:06}", self.random.below(8)));
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
            let original = format!("020000000{}11230318460000001234500000000000", self.random.below(8));
            let _ = message.set(90, original.as_bytes());
        }
        if self.random.below(2) == 0 {
            self.disturb(&mut message);
        }
        let origin = self.rig.origin_of(acquirer, self.random.below(4));
        self.rig.input(Input::Request { origin, message });
    }

    fn bank_speaks(&mut self) {
        let mut from = connection(self.random.below(2) as u16, self.random.below(2) as u16);
        let count = self.seen.len() as u64;
        let mut message = if count > 0 && self.random.below(5) > 0 {
            let (on, _, request) = &self.seen[(count - 1 - self.random.below(count.min(8))) as usize];
            from = if self.random.below(3) > 0 { *on } else { from };
            if request.mti().response().is_some() { reply(request, "00") } else { request.clone() }
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
        let count = self.seen.len() as u64;
        if count == 0 {
            return;
        }
        let (connection, send, message) = self.seen[(count - 1 - self.random.below(count.min(8))) as usize].clone();
        let message = (self.random.below(4) > 0).then_some(message);
        self.rig.input(Input::NotSent { connection, send, why, message });
    }

    fn step(&mut self) {
        let link = connection(self.random.below(2) as u16, self.random.below(2) as u16);
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
            18 => self.rig.now.wall.0 += self.random.below(8_000_000_000) as i64 - 4_000_000_000,
            _ => {
                let pause = 1 << self.random.below(15);
                self.rig.pass(Duration::from_millis(pause));
            }
        }
        let sent = std::mem::take(&mut self.rig.sent);
        self.seen.extend(sent.into_iter().map(|sent| (sent.connection, sent.send, sent.message)));
        self.rig.answers.clear();
        self.rig.forget();
    }
}

#[test]
fn no_order_of_anything_breaks_the_machine() {
    let mut totals = [0; 6];
    for seed in 0..SEEDS {
        let (rig, rules, random) = (Rig::new(chaotic(seed)), Arc::new(chaotic(seed)), Random::new(seed));
        let mut chaos = Chaos { rig, rules, random, seen: Vec::new() };
        for _ in 0..STEPS {
            chaos.step();
        }
        chaos.rig.pass(Duration::from_secs(3_600));
        let end = chaos.rig.switch.snapshot();
        assert!(end.acquirers.iter().all(|acquirer| acquirer.in_flight == 0), "seed {seed}: everything ends");
        for bank in end.banks {
            let counters = bank.counters;
            let counts = [counters.approved, counters.declined, counters.timed_out, counters.late];
            let counts = counts.into_iter().chain([counters.unusable, counters.not_sent]);
            totals.iter_mut().zip(counts).for_each(|(total, count)| *total += count);
        }
    }
    assert!(totals.iter().all(|&total| total > 20), "{totals:?}: all that can happen happened");
}
