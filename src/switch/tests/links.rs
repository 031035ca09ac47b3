//! Sign-on, echo, breaker, sign-off, drain.

use super::rig::{POS, Rig, connection, message, purchase, reply, rules};
use crate::{
    record::Operation,
    rules::Rules,
    switch::{Input, LinkChange, LinkState, NotSent, Note, OutcomeKind, Refusal},
};
use std::time::Duration;

const LINK: crate::switch::ConnectionId = crate::switch::ConnectionId { bank: crate::switch::BankId(0), slot: 0 };

fn echo_after(seconds: u64) -> Rules {
    let mut rules = rules(1);
    rules.banks[0].link.echo_idle = Duration::from_secs(seconds);
    rules.banks[0].link.network_timeout = Duration::from_secs(2);
    rules
}

#[test]
fn case_02_a_declined_sign_on_takes_no_payments_and_backs_off() {
    let mut rig = Rig::new(rules(1));
    rig.input(Input::ConnectionUp { connection: LINK });
    assert_eq!(rig.link(0, 0), LinkState::SigningOn);
    rig.sign_on("05");
    assert_eq!((rig.link(0, 0), &rig.closes[..]), (LinkState::Closing, &[LINK][..]));
    rig.request(purchase("000001"));
    assert_eq!(rig.take_code(), "91");
    rig.connects.clear();
    rig.input(Input::ConnectionDown { connection: LINK });
    rig.pass(Duration::from_millis(400));
    assert!(rig.connects.is_empty(), "not at once");
    rig.pass(Duration::from_secs(4));
    assert_eq!(rig.connects, [LINK]);
}

#[test]
fn case_03_financial_before_sign_on_is_91_and_nothing_is_sent() {
    let mut rig = Rig::new(rules(1));
    rig.input(Input::ConnectionUp { connection: LINK });
    rig.sent.clear();
    rig.request(purchase("000001"));
    assert!(rig.sent.is_empty());
    assert_eq!(rig.take_code(), "91");
}

#[test]
fn case_04_drain_finishes_what_is_in_flight_signs_off_and_says_so() {
    let mut rig = Rig::up(rules(1));
    rig.request(purchase("000001"));
    let sent = rig.take_sent();
    rig.input(Input::Drain);
    assert!(rig.sent.is_empty(), "no sign-off while a payment is in flight");
    rig.request(purchase("000002"));
    assert_eq!(rig.take_code(), "91");
    assert_eq!(rig.outcome(), OutcomeKind::Refused(Refusal::Draining));
    rig.bank_says(sent.connection, reply(&sent.message, "00"));
    assert_eq!(rig.take_code(), "00");
    let sign_off = rig.take_sent();
    assert_eq!(sign_off.message.text(70).as_deref(), Some("002"));
    assert!(!rig.notes.iter().any(|note| matches!(note, Note::Drained)));
    rig.bank_says(LINK, reply(&sign_off.message, "00"));
    assert!(rig.notes.iter().any(|note| matches!(note, Note::Drained)));
    assert_eq!(rig.closes, [LINK]);
}

#[test]
fn drain_ends_though_no_bank_answers() {
    let mut rig = Rig::up(rules(2));
    rig.request(purchase("000001"));
    rig.input(Input::Drain);
    rig.pass(Duration::from_secs(30));
    assert_eq!(rig.take_code(), "91");
    assert_eq!(rig.notes.iter().filter(|note| matches!(note, Note::Drained)).count(), 1);
}

#[test]
fn case_05_an_echo_after_silence_and_an_answer_to_the_banks() {
    let mut rig = Rig::up(echo_after(10));
    rig.pass(Duration::from_secs(9));
    assert!(rig.sent.is_empty());
    rig.pass(Duration::from_secs(2));
    let echo = rig.take_sent();
    assert_eq!(echo.message.text(70).as_deref(), Some("301"));
    rig.bank_says(LINK, reply(&echo.message, "00"));
    rig.bank_says(LINK, message("0800", &[(7, "1123031846"), (11, "000009"), (70, "301")]));
    assert_eq!(rig.bank_answers.pop().unwrap().text(39).as_deref(), Some("00"));
    assert_eq!(rig.link(0, 0), LinkState::Up);
}

#[test]
fn case_06_three_missed_echoes_reconnect() {
    let mut rig = Rig::up(echo_after(10));
    rig.pass(Duration::from_millis(15_500));
    assert_eq!(rig.sent.len(), 3);
    assert!(rig.closes.is_empty());
    rig.pass(Duration::from_secs(1));
    assert_eq!(rig.closes, [LINK]);
    rig.input(Input::ConnectionDown { connection: LINK });
    rig.sent.clear();
    rig.pass(Duration::from_secs(2));
    assert_eq!(rig.connects, [LINK]);
    rig.input(Input::ConnectionUp { connection: LINK });
    rig.sign_on("00");
    assert_eq!(rig.link(0, 0), LinkState::Up);
}

#[test]
fn case_07_an_idle_link_with_its_echoes_answered_stays_up() {
    let mut rig = Rig::up(echo_after(10));
    for _ in 0..60 {
        rig.pass(Duration::from_millis(10_005));
        let echo = rig.take_sent();
        rig.bank_says(LINK, reply(&echo.message, "00"));
    }
    assert_eq!(rig.link(0, 0), LinkState::Up);
    assert!(rig.notes.is_empty());
}

#[test]
fn case_53_a_half_dead_connection_is_taken_out_until_its_echo_succeeds() {
    let mut half = echo_after(60);
    half.banks[0].connections = 2;
    half.banks[0].breaker = 3;
    let mut rig = Rig::up(half);
    for stan in 1..=6 {
        rig.request(purchase(&format!("{stan:06}")));
    }
    for sent in std::mem::take(&mut rig.sent) {
        if sent.connection.slot == 0 {
            rig.bank_says(sent.connection, reply(&sent.message, "00"));
        }
    }
    rig.pass(Duration::from_millis(10_005));
    assert_eq!((rig.link(0, 0), rig.link(0, 1)), (LinkState::Up, LinkState::Tripped));
    let echo = rig.take_type("0800");
    let reversals = rig.sent.drain(..).map(|sent| sent.message.mti().to_string());
    assert_eq!(reversals.collect::<Vec<_>>(), ["0420"; 3]);
    assert_eq!((echo.connection, echo.message.text(70).as_deref()), (connection(0, 1), Some("301")));
    rig.request(purchase("000007"));
    rig.request(purchase("000008"));
    assert!(rig.sent.drain(..).all(|sent| sent.connection.slot == 0));
    rig.bank_says(echo.connection, reply(&echo.message, "00"));
    assert_eq!(rig.link(0, 1), LinkState::Up);
}

#[test]
fn the_banks_sign_off_takes_the_connection_out_and_its_sign_on_back() {
    let mut rig = Rig::up(rules(1));
    for (function, state, code) in [("002", LinkState::SignedOff, "91"), ("001", LinkState::Up, "00")] {
        rig.bank_says(LINK, message("0800", &[(7, "1123031846"), (11, "000009"), (70, function)]));
        assert_eq!(rig.bank_answers.pop().unwrap().text(39).as_deref(), Some("00"));
        assert_eq!(rig.link(0, 0), state);
        rig.request(purchase(&format!("00000{}", code.len() + usize::from(code == "00"))));
        for sent in std::mem::take(&mut rig.sent) {
            rig.bank_says(LINK, reply(&sent.message, "00"));
        }
        assert_eq!(rig.take_code(), code);
    }
}

#[test]
fn payments_on_a_lost_connection_wait_for_their_answer_on_another() {
    let mut two = rules(1);
    two.banks[0].connections = 2;
    let mut rig = Rig::up(two);
    rig.request(purchase("000001"));
    let sent = rig.take_sent();
    rig.input(Input::ConnectionDown { connection: sent.connection });
    assert!(rig.answers.is_empty(), "it may have reached the bank");
    rig.bank_says(connection(0, 1 - sent.connection.slot), reply(&sent.message, "00"));
    assert_eq!(rig.take_code(), "00");
}

#[test]
fn a_sign_on_that_is_not_answered_or_not_sent_closes() {
    for unsent in [false, true] {
        let mut rig = Rig::new(echo_after(10));
        rig.input(Input::ConnectionUp { connection: LINK });
        let sent = rig.take_sent();
        if unsent {
            rig.not_sent(sent, NotSent::Full);
        } else {
            rig.pass(Duration::from_secs(3));
        }
        assert_eq!(rig.closes, [LINK]);
    }
}

#[test]
fn back_off_grows_and_is_bounded() {
    let mut rig = Rig::new(rules(1));
    let mut pauses = Vec::new();
    for _ in 0..12 {
        rig.connects.clear();
        rig.input(Input::ConnectionDown { connection: LINK });
        let before = rig.now.mono;
        while rig.connects.is_empty() {
            rig.pass(Duration::from_millis(50));
        }
        pauses.push(rig.now.mono.since(before));
    }
    assert!(pauses[0] <= Duration::from_millis(1_100) && pauses[11] >= Duration::from_secs(15), "{pauses:?}");
    assert!(pauses.iter().all(|pause| *pause <= Duration::from_millis(30_100)), "{pauses:?}");
}

#[test]
fn a_link_change_says_why() {
    let mut rig = Rig::up(rules(1));
    rig.input(Input::ConnectionDown { connection: LINK });
    let [Note::Link { from, to, why, .. }] = rig.notes[..] else { panic!("one change") };
    assert_eq!((from, to, why), (LinkState::Up, LinkState::Down, LinkChange::Lost));
    assert!(!rig.switch.ready());
    rig.input(Input::SessionClosed { acquirer: POS, session: crate::switch::SessionId(9) });
}

fn commanded(rig: &mut Rig, operation: Operation) -> Option<&'static str> {
    rig.input(Input::Operate { ticket: 7, operation, by: "ann".into() });
    let told = |note: &Note| if let Note::Operated { ticket: 7, refused } = note { Some(*refused) } else { None };
    rig.notes.iter().rev().find_map(told).expect("every command is answered")
}

#[test]
fn a_drain_waits_for_what_is_on_its_way_and_for_the_echo_that_is_out() {
    let mut rig = Rig::up(echo_after(10));
    rig.pass(Duration::from_millis(10_005));
    let echo = rig.take_sent();
    rig.request(purchase("000001"));
    let sent = rig.take_sent();
    assert_eq!(commanded(&mut rig, Operation::Drain(LINK)), None);
    assert_eq!((rig.link(0, 0), rig.sent.len()), (LinkState::Held, 0));
    rig.request(purchase("000002"));
    assert_eq!(rig.take_code(), "91");
    rig.says(&sent, "00");
    assert!(rig.sent.is_empty(), "the echo is still out");
    rig.bank_says(LINK, reply(&echo.message, "00"));
    let sign_off = rig.take_sent();
    assert_eq!(sign_off.message.text(70).as_deref(), Some("002"));
    rig.bank_says(LINK, reply(&sign_off.message, "00"));
    assert!(rig.closes.is_empty(), "it stays open");
    rig.reconnect_held();
    assert_eq!((rig.link(0, 0), rig.sent.len()), (LinkState::Held, 0), "made again, and not signed on");
    rig.crash();
    rig.reconnect_held();
    assert_eq!((rig.link(0, 0), rig.sent.len()), (LinkState::Held, 0), "and by a later life");
    assert_eq!(commanded(&mut rig, Operation::SignOn(LINK)), None);
    rig.sign_on("00");
    assert_eq!(rig.link(0, 0), LinkState::Up);
}

#[test]
fn what_cannot_be_commanded_is_said_and_not_recorded() {
    let mut rig = Rig::new(rules(1));
    let before = rig.journal.len();
    let other = connection(0, 9);
    for (operation, why) in [
        (Operation::Echo(LINK), "it is not connected"),
        (Operation::Cutover(LINK), "it is not connected"),
        (Operation::SignOff(other), "there is no such connection"),
        (Operation::RouteOff("none".into()), "there is no such route"),
    ] {
        assert_eq!(commanded(&mut rig, operation), Some(why));
    }
    rig.input(Input::Drain);
    assert_eq!(commanded(&mut rig, Operation::SignOff(LINK)), Some("the switch is shutting down"));
    assert_eq!(rig.journal.len(), before);
}

#[test]
fn the_only_connection_is_not_made_anew() {
    let mut rig = Rig::up(rules(1));
    rig.input(Input::Renew { connection: LINK });
    assert!(rig.notes.iter().any(|note| matches!(note, Note::NotRenewed { connection: LINK })));
    assert_eq!((rig.link(0, 0), rig.closes.len()), (LinkState::Up, 0));
}
