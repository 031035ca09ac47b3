//! The switch dies at any moment: whatever part of its journal is left, acquirer and bank agree in the end.

use super::rig::{Rig, original_of, purchase, reply, rules};
use crate::{
    rules::Rules,
    switch::{Input, SessionId},
};
use banklink_protocol::Message;
use std::{
    collections::{BTreeMap, HashMap, HashSet},
    time::Duration,
};

type Trace = (String, String);

/// A bank that keeps books: it answers a repeat as it did the first, and takes back what a reversal names, now or later.
#[derive(Default)]
struct Books {
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

    fn by_rrn(&self) -> BTreeMap<String, u64> {
        let mut sums = BTreeMap::new();
        for (rrn, amount) in self.standing.values() {
            *sums.entry(rrn.clone()).or_default() += amount;
        }
        sums.retain(|_, amount| *amount > 0);
        sums
    }
}

/// An acquirer, the switch, and the bank.
struct Table {
    rig: Rig,
    books: Books,
    requests: Vec<Message>,
}

impl Table {
    fn new(rules: Rules) -> Self {
        let mut rig = Rig::up(rules);
        rig.left.clear();
        Self { rig, books: Books::default(), requests: Vec::new() }
    }

    fn request(&mut self, message: Message) {
        self.requests.push(message.clone());
        self.rig.request(message);
    }

    /// The bank has got all that was sent, and answers.
    fn bank(&mut self) {
        for sent in std::mem::take(&mut self.rig.sent) {
            if sent.message.mti().class() == 8 {
                continue;
            }
            let answer = self.books.process(&sent.message);
            self.rig.bank_says(sent.connection, answer);
        }
    }

    /// Its answers are lost.
    fn silence(&mut self) {
        self.rig.sent.clear();
        self.rig.pass(Duration::from_millis(10_005));
    }

    /// The switch dies with so many Records in its journal. What was to leave by then has left, if `left`; else what waited
    /// for the last Record has not.
    fn crash(&mut self, records: usize, left: bool) {
        let durable = if left { records } else { records.saturating_sub(1) };
        self.rig.left.retain(|(after, _)| *after <= durable);
        self.books = Books::default();
        for (_, message) in &self.rig.left {
            if !message.mti().is_response() {
                self.books.process(message);
            }
        }
        self.rig.crash_after(records);
    }

    /// Everybody goes on until all is settled: the acquirer repeats what was not answered.
    fn settle(&mut self) {
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
    fn told(&self, request: &Message) -> Option<(String, u64)> {
        let is_it =
            |answer: &&Message| request.mti().response() == Some(answer.mti()) && answer.text(11) == request.text(11);
        let answer = self.rig.left.iter().map(|(_, message)| message).find(is_it)?;
        Some((answer.text(39)?, answer.number(4)?))
    }

    /// What the acquirer believes of each transaction.
    fn believed(&self) -> BTreeMap<String, u64> {
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

/// Plays a conversation, and then again for every place where the journal may be cut.
fn at_every_cut(rules: impl Fn() -> Rules, conversation: impl Fn(&mut Table)) {
    let mut whole = Table::new(rules());
    conversation(&mut whole);
    let records = whole.rig.journal.len();
    whole.settle();
    assert_eq!(whole.believed(), whole.books.by_rrn(), "without a crash");
    for cut in 0..=records {
        for left in [false, true] {
            let mut table = Table::new(rules());
            conversation(&mut table);
            let tail = format!("{:?}", &table.rig.journal[cut.saturating_sub(1)..cut]);
            table.crash(cut, left);
            table.settle();
            assert_eq!(table.believed(), table.books.by_rrn(), "cut after {cut} ({left}), behind {tail}");
        }
    }
}

fn slow() -> Rules {
    let mut rules = rules(1);
    rules.banks[0].breaker = 0;
    rules.banks[0].link.echo_idle = Duration::ZERO;
    rules.acquirers[0].timeout_code = "68".parse().unwrap();
    rules
}

fn follower(mti: &str, stan: &str, left: Option<u64>) -> Message {
    let mut message = purchase("000001");
    message.set_mti(mti.parse().unwrap());
    message.set(11, stan.as_bytes()).unwrap();
    message.set(90, original_of("000001").as_bytes()).unwrap();
    if let Some(left) = left {
        message.set(95, format!("{left:012}{:030}", 0).as_bytes()).unwrap();
    }
    message
}

#[test]
fn case_55_a_payment_and_its_decline() {
    at_every_cut(slow, |table| {
        table.request(purchase("000001"));
        table.bank();
        let mut declined = purchase("000002");
        declined.set(4, b"000000005151").unwrap();
        table.request(declined);
        table.bank();
    });
}

#[test]
fn case_55_a_time_out_and_its_reversal() {
    at_every_cut(slow, |table| {
        table.request(purchase("000001"));
        table.silence();
        table.silence();
        table.bank();
        table.rig.pass(Duration::from_secs(2));
        table.bank();
    });
}

#[test]
fn case_55_a_reversal_of_an_approval() {
    at_every_cut(slow, |table| {
        table.request(purchase("000001"));
        table.bank();
        table.request(follower("0400", "000002", None));
        table.bank();
    });
}

#[test]
fn case_55_a_reversal_in_flight() {
    at_every_cut(slow, |table| {
        table.request(purchase("000001"));
        table.request(follower("0400", "000002", None));
        table.bank();
    });
}

#[test]
fn case_55_a_part_and_then_the_rest() {
    at_every_cut(slow, |table| {
        table.request(purchase("000001"));
        table.bank();
        table.request(follower("0420", "000002", Some(500)));
        table.request(follower("0400", "000003", Some(200)));
        table.bank();
        table.request(follower("0400", "000004", None));
        table.silence();
        table.rig.pass(Duration::from_secs(2));
        table.bank();
    });
}

#[test]
fn case_55_an_advice() {
    at_every_cut(slow, |table| {
        let mut advice = purchase("000001");
        advice.set_mti("0220".parse().unwrap());
        table.request(advice);
        table.silence();
        table.rig.pass(Duration::from_secs(2));
        table.bank();
    });
}

#[test]
fn case_55_a_reversal_of_what_never_came() {
    at_every_cut(slow, |table| {
        table.request(follower("0420", "000002", None));
        table.request(purchase("000001"));
        table.bank();
    });
}

#[test]
fn case_55_an_approval_that_nobody_was_there_to_hear() {
    for comes_back in [false, true] {
        let conversation = |table: &mut Table| {
            table.rig.request(purchase("000001"));
            table.rig.input(Input::SessionClosed { acquirer: super::rig::POS, session: SessionId(1) });
            table.bank();
            if comes_back {
                table.request(purchase("000001"));
            } else {
                table.rig.pass(Duration::from_secs(600));
                table.bank();
            }
        };
        let mut whole = Table::new(slow());
        conversation(&mut whole);
        let records = whole.rig.journal.len();
        for cut in 0..=records {
            let mut table = Table::new(slow());
            conversation(&mut table);
            table.crash(cut, true);
            table.rig.connect();
            table.bank();
            table.rig.pass(Duration::from_secs(600));
            table.bank();
            let standing = table.books.by_rrn().len();
            let told = table.told(&purchase("000001")).is_some();
            // Between the outcome and the word that nobody heard it, it was possibly delivered: that is never reversed.
            let possibly = cut == 3;
            assert_eq!(standing == 1, told || possibly, "cut after {cut}");
            assert!(table.rig.switch.stored().is_empty());
        }
    }
}

#[test]
fn numbers_go_on_where_they_were() {
    let mut rig = Rig::up(slow());
    rig.request(purchase("000001"));
    let first = rig.take_sent();
    rig.crash();
    rig.connect();
    let reversal = rig.take_type("0420");
    rig.request(purchase("000002"));
    let next = rig.take_type("0200");
    let traces = [&first, &reversal, &next].map(|sent| sent.message.text(11).unwrap());
    assert_eq!(traces.iter().collect::<HashSet<_>>().len(), 3, "{traces:?}: what is busy is skipped");
    let numbers = rig.journal.iter().filter_map(|record| match record {
        crate::record::Record::Received { payment, .. } => Some(payment.0),
        crate::record::Record::Queued { item, .. } => Some(item.0),
        _ => None,
    });
    let numbers: Vec<_> = numbers.collect();
    assert!(numbers.is_sorted() && numbers.len() == 3, "{numbers:?}: no number is used twice");
}

#[test]
fn reversals_of_an_earlier_life_leave_before_new_payments() {
    let mut rig = Rig::up(slow());
    for stan in ["000001", "000002", "000003"] {
        rig.request(purchase(stan));
    }
    rig.crash();
    rig.request(purchase("000009"));
    assert_eq!(rig.take_code(), "91", "no connection is up");
    rig.connect();
    rig.request(purchase("000009"));
    let types: Vec<_> = rig.sent.iter().map(|sent| sent.message.mti().to_string()).collect();
    assert_eq!(types, ["0420", "0420", "0420", "0200"]);
    assert!(rig.sent.iter().take(3).all(|sent| sent.message.text(39).as_deref() == Some("22")));
    rig.request(purchase("000001"));
    assert_eq!(rig.take_code(), "68", "a resend of what was cut off is told that it came to nothing");
}
