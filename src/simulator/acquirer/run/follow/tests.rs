//! A front end and a bank in memory, the line between them in our hands.

use super::*;
use crate::simulator::{
    acquirer::{Plan, Template, belief::Seen, store::Follow},
    bank::{Bank, Today, Turn, books::Books, rules::Rules},
};
use banklink_protocol::{
    Dialect,
    frame::{Frame, Framing, Header},
};
use bytes::Bytes;
use std::{sync::Arc, time::Duration};

const TODAY: Today = Today { settlement: *b"1123", transmission: *b"1123071200", year: *b"26" };

struct Line {
    run: Run,
    bank: Bank,
    framing: Framing,
    dialect: Arc<Dialect>,
}

/// Stored messages are due again at once, so that a test need not wait.
fn line(dialect: &str, unanswered: Unanswered, rules: &str) -> Line {
    let dialect = Dialect::named(dialect).expect("shipped");
    let framing = Framing::named("binary2").expect("known");
    let follow = Follow { unanswered, retry: Duration::ZERO, settle: Duration::from_secs(3600) };
    let plan = Plan {
        connections: 1,
        window: 3,
        rate: None,
        count: Some(3),
        duration: None,
        warm_up: Duration::ZERO,
        timeout: Duration::from_secs(3600),
        keep: 10,
        follow: Some(follow),
    };
    let run = Run::new(&Template::purchase(dialect.version()), &dialect, &framing, plan).expect("it fits");
    let rules = Rules::parse(rules, dialect.version()).expect("rules");
    let bank = Bank::new("test", Arc::clone(&dialect), framing.clone(), rules, Books::new(100));
    Line { run, bank, framing, dialect }
}

impl Line {
    /// What the front end sends in one turn.
    fn sent(&mut self) -> Vec<Bytes> {
        let mut out = BytesMut::new();
        self.run.send(0, &mut out);
        self.cut(&mut out)
    }

    fn cut(&self, bytes: &mut BytesMut) -> Vec<Bytes> {
        let frames = std::iter::from_fn(|| self.framing.split(bytes).expect("well framed"));
        frames.filter_map(|frame| if let Frame::Message { body, .. } = frame { Some(body) } else { None }).collect()
    }

    fn mtis(&self, bodies: &[Bytes]) -> Vec<String> {
        bodies.iter().map(|body| self.dialect.decode(body.clone()).expect("it decodes").mti().to_string()).collect()
    }

    /// The bank's answers.
    fn asked(&mut self, bodies: &[Bytes]) -> Vec<Bytes> {
        let mut out = BytesMut::new();
        let mut turn = Turn::new(&mut out);
        bodies.iter().for_each(|body| self.bank.handle(&Header::new(), body.clone(), &TODAY, &mut turn));
        self.cut(&mut out)
    }

    fn answered(&mut self, answers: Vec<Bytes>) {
        for answer in answers {
            let now = self.run.now();
            self.run.answer(0, answer, now);
        }
    }

    /// Three payments leave; what the bank answers is lost with the connection.
    fn lose(&mut self) -> Vec<Bytes> {
        let sent = self.sent();
        assert_eq!(sent.len(), 3);
        let answers = self.asked(&sent);
        self.run.ended(0);
        assert!(!self.run.finished(0));
        self.run.connected(0);
        answers
    }

    fn beliefs(&self) -> Vec<Belief> {
        self.run.seen().iter().map(|Seen { belief, .. }| *belief).collect()
    }
}

fn code(text: &str) -> ResponseCode {
    ResponseCode::parse(text.as_bytes()).expect("a code")
}

#[test]
fn what_was_lost_is_repeated_until_it_is_answered() {
    for dialect in ["iso87-ascii", "iso87-bcd", "iso93-ascii"] {
        let mut line = line(dialect, Unanswered::Repeat, "");
        line.lose();
        let first = line.sent();
        let version = line.run.mti.version();
        assert_eq!(line.mtis(&first), vec![format!("{version}201"); 3], "{dialect}");
        let again = line.sent();
        assert_eq!(first, again, "the same message until it is answered");
        let answers = line.asked(&again);
        line.answered(answers);
        assert!(line.run.finished(0) && line.sent().is_empty());
        assert!(line.beliefs().iter().all(|belief| matches!(belief, Belief::Approved { .. })), "{:?}", line.beliefs());
        let totals = line.bank.books().totals();
        assert_eq!((totals.booked, totals.repeated, totals.doubled), (3, 3, 0), "{dialect}: the bank knew them again");
        assert_eq!((line.run.results().errors(), line.run.results().recovered), (0, 3));
    }
}

#[test]
fn what_was_lost_is_reversed_until_that_is_answered() {
    for (dialect, unanswered, mti, accepted) in [
        ("iso87-ascii", Unanswered::Reverse, "0400", "00"),
        ("iso87-bcd", Unanswered::ReverseAdvice, "0420", "00"),
        ("iso93-ascii", Unanswered::ReverseAdvice, "1420", "400"),
    ] {
        let mut line = line(dialect, unanswered, "");
        let late = line.lose();
        let first = line.sent();
        assert_eq!(line.mtis(&first), vec![mti; 3], "{dialect}");
        line.answered(late);
        assert!(line.beliefs().is_empty(), "an approval that comes late is not relied on");
        let again = line.sent();
        let repeat = format!("{}1", &mti[..3]);
        assert_eq!(line.mtis(&again), vec![repeat; 3]);
        line.asked(&first);
        let answers = line.asked(&again);
        line.answered(answers);
        assert!(line.run.finished(0));
        assert_eq!(line.beliefs(), vec![Belief::Reversed { code: code(accepted) }; 3], "{dialect}");
        let totals = line.bank.books().totals();
        assert_eq!((totals.booked, totals.reversed, totals.repeated), (0, 3, 3), "{dialect}");
        assert_eq!((line.run.results().errors(), line.run.results().late), (0, 3));
    }
}

#[test]
fn the_original_that_is_named_is_the_one_that_was_sent() {
    let mut line = line("iso87-ascii", Unanswered::Reverse, "");
    let sent = line.sent();
    line.run.ended(0);
    let reversal = line.sent().remove(0);
    let reversal = line.dialect.decode(reversal).expect("it decodes");
    let named = OriginalData::parse(&reversal.array::<42>(90).expect("DE90")).expect("original data");
    let original = sent
        .iter()
        .map(|body| line.dialect.decode(body.clone()).expect("it decodes"))
        .find(|original| original.number(11) == Some(named.stan.0.into()))
        .expect("one of those sent");
    assert_eq!(original.array::<10>(7), Some(named.transmission.0));
    for field in [2, 4, 12, 13, 37, 41, 42] {
        assert_eq!(original.text(field), reversal.text(field), "DE{field}");
    }
    assert!(!reversal.has(35) && reversal.number(11) != original.number(11));
}

/// Sends and answers until all is settled; the number of rounds.
fn settle(line: &mut Line) -> usize {
    for round in 1..20 {
        let sent = line.sent();
        let answers = line.asked(&sent);
        line.answered(answers);
        if line.run.finished(0) {
            return round;
        }
    }
    panic!("not settled: {:?}", line.beliefs());
}

#[test]
fn a_malfunction_does_not_acknowledge_a_reversal() {
    let mut line = line("iso87-ascii", Unanswered::Reverse, "[[rule]]\nmti = '04'\ntimes = 2\nanswer = '96'");
    line.lose();
    assert_eq!(settle(&mut line), 3);
    assert_eq!(line.beliefs(), [Belief::Reversed { code: code("00") }; 3]);
}

#[test]
fn a_malfunction_says_nothing_about_a_payment_and_in_the_end_it_is_reversed() {
    let rules = "[[rule]]\nmti = '0200'\ntimes = 1\nthen = 'silence'\n[[rule]]\nmti = '0200'\nanswer = '96'";
    let mut line = line("iso87-ascii", Unanswered::Repeat, rules);
    line.lose();
    let rounds = settle(&mut line);
    assert_eq!(rounds, MALFUNCTIONS as usize + 1);
    assert_eq!(line.beliefs(), [Belief::Reversed { code: code("00") }; 3]);
}

#[test]
fn what_is_left_when_the_time_is_up_is_unknown() {
    let mut line = line("iso87-ascii", Unanswered::Repeat, "");
    line.lose();
    line.run.close();
    assert_eq!(line.beliefs(), [Belief::Unknown; 3]);
    assert_eq!(line.run.results().count(Verdict::Missing), 3);
}
