//! An acquirer, the switch, and a bank that keeps books: do they agree?

use super::rig::{Rig, TIMEOUT, reply};
use crate::rules::Rules;
use banklink_protocol::Message;
use std::{
    collections::{BTreeMap, HashMap, HashSet},
    time::Duration,
};

type Trace = (String, String);

/// A bank that keeps books: it answers a repeat as it did the first, and takes back what a reversal names, now or later.
#[derive(Default)]
pub(super) struct Books {
    /// RRN and amount of what stands.
    standing: HashMap<Trace, (String, u64)>,
    taken_back: HashSet<Trace>,
    answered: HashMap<(u8, Trace), Message>,
}

impl Books {
    fn process(&mut self, request: &Message) -> Message {
        let class = request.mti().class();
        let trace = (request.text(11).unwrap(), request.text(7).unwrap());
        if let Some(answer) = self.answered.get(&(class, trace.clone())) {
            return answer.clone();
        }
        let code = if class == 4 { self.reverse(request) } else { self.book(request, &trace) };
        let answer = reply(request, code);
        self.answered.insert((class, trace), answer.clone());
        answer
    }

    fn book(&mut self, request: &Message, trace: &Trace) -> &'static str {
        let amount = request.number(4).unwrap();
        if self.taken_back.contains(trace) {
            return "12";
        }
        if amount % 100 == 51 {
            return "51";
        }
        self.standing.insert(trace.clone(), (request.text(37).unwrap(), amount));
        "00"
    }

    fn reverse(&mut self, request: &Message) -> &'static str {
        let named = request.text(90).expect("a reversal names its original");
        let trace = (named[4..10].to_owned(), named[10..20].to_owned());
        let left = request.text(95).map_or(0, |amounts| amounts[..12].parse().unwrap());
        match self.standing.get_mut(&trace) {
            Some((_, amount)) => {
                *amount = left;
                "00"
            }
            None => {
                self.taken_back.insert(trace);
                "25"
            }
        }
    }

    pub(super) fn by_rrn(&self) -> BTreeMap<String, u64> {
        let mut sums = BTreeMap::new();
        for (rrn, amount) in self.standing.values() {
            *sums.entry(rrn.clone()).or_default() += amount;
        }
        sums.retain(|_, amount| *amount > 0);
        sums
    }
}

/// An acquirer, the switch, and the bank.
pub(super) struct Table {
    pub(super) rig: Rig,
    pub(super) books: Books,
    requests: Vec<Message>,
}

impl Table {
    pub(super) fn new(rules: Rules) -> Self {
        let mut rig = Rig::up(rules);
        rig.left.clear();
        Self { rig, books: Books::default(), requests: Vec::new() }
    }

    pub(super) fn request(&mut self, message: Message) {
        self.requests.push(message.clone());
        self.rig.request(message);
    }

    /// The bank has got all that was sent, and answers.
    pub(super) fn bank(&mut self) {
        for sent in std::mem::take(&mut self.rig.sent) {
            if sent.message.mti().class() == 8 {
                continue;
            }
            let answer = self.books.process(&sent.message);
            self.rig.bank_says(sent.connection, answer);
        }
    }

    /// Its answers are lost.
    pub(super) fn silence(&mut self) {
        self.rig.sent.clear();
        self.rig.pass(TIMEOUT);
    }

    /// The switch dies with so many Records in its journal. What was to leave by then has left, if `left`; else what waited
    /// for the last Record has not.
    pub(super) fn crash(&mut self, records: usize, left: bool) {
        let durable = if left { records } else { records.saturating_sub(1) };
        self.rig.left.retain(|(after, _)| *after <= durable);
        self.books = Books::default();
        for (_, message) in &self.rig.left {
            if !message.mti().is_response() && message.mti().class() != 8 {
                self.books.process(message);
            }
        }
        self.rig.crash_after(records);
    }

    /// Everybody goes on until all is settled: the acquirer repeats what was not answered.
    pub(super) fn settle(&mut self) {
        self.rig.connect();
        for round in 0..3 {
            self.bank();
            for request in self.requests.clone() {
                if self.told(&request).is_some() {
                    continue;
                }
                let mut repeat = request.clone();
                repeat.set_mti(request.mti().repeat());
                self.rig.request(repeat);
                self.bank();
            }
            self.rig.pass(Duration::from_secs(10 << round));
        }
        assert!(self.rig.switch.stored().is_empty(), "nothing is left to deliver");
    }

    /// DE39 and DE4 of the answer that a request got first.
    pub(super) fn told(&self, request: &Message) -> Option<(String, u64)> {
        let is_it =
            |answer: &&Message| request.mti().response() == Some(answer.mti()) && answer.text(11) == request.text(11);
        let answer = self.rig.left.iter().map(|(_, message)| message).find(is_it)?;
        Some((answer.text(39)?, answer.number(4)?))
    }

    /// What the acquirer believes of each transaction.
    pub(super) fn believed(&self) -> BTreeMap<String, u64> {
        let mut sums = BTreeMap::new();
        for request in &self.requests {
            let (code, amount) = self.told(request).expect("everything is answered");
            let sum: &mut u64 = sums.entry(request.text(37).unwrap()).or_default();
            match request.mti().class() {
                4 if code == "00" => *sum = request.text(95).map_or(0, |left| left[..12].parse().unwrap()).min(*sum),
                _ if code == "00" => *sum += amount,
                _ => {}
            }
        }
        sums.retain(|_, amount| *amount > 0);
        sums
    }
}
