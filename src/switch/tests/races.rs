//! Timer, answer and reversal in every order: the race table of the design, row by row.

use super::rig::{Rig, TIMEOUT, follower, known_by, patient, purchase, reply};
use crate::{
    record::{Doubt, Outcome, Record},
    switch::{Input, Note, OutcomeKind, Refusal, SessionId},
};
use banklink_protocol::{
    Message,
    frame::{Header, HeaderKind},
};
use std::time::Duration;

/// Reversals stored in all so far.
fn reversals(rig: &Rig) -> usize {
    rig.journal.iter().filter(|record| matches!(record, Record::Queued { .. })).count()
}

#[test]
fn case_22_no_answer_is_reversed_until_the_bank_acknowledges() {
    let mut rig = Rig::up(patient());
    let (sent, first) = rig.unanswered(purchase("000001"));
    assert_eq!(first.message.text(90), Some(known_by(&sent)));
    rig.pass(TIMEOUT);
    assert!(rig.sent.is_empty(), "the bank is silent: a pause");
    rig.pass(Duration::from_millis(1_005));
    let second = rig.take_type("0421");
    for field in [7, 11, 37, 90] {
        assert_eq!(second.message.text(field), first.message.text(field), "DE{field}");
    }
    rig.says(&second, "00");
    assert!(rig.switch.stored().is_empty() && rig.answers.is_empty());
    rig.pass(Duration::from_secs(3_600));
    assert!(rig.sent.is_empty(), "acknowledged is done");
}

#[test]
fn case_24_a_late_approval_before_the_reversal_left_changes_nothing() {
    let mut rig = Rig::up(patient());
    rig.request(purchase("000001"));
    let sent = rig.take_sent();
    rig.bank_signs_off(0);
    rig.pass(TIMEOUT);
    assert_eq!((rig.take_code().as_str(), rig.sent.len()), ("68", 0), "stored, and no connection takes it");
    rig.says(&sent, "00");
    rig.reconnect();
    let reversal = rig.take_sent();
    assert_eq!(reversal.message.text(90), Some(known_by(&sent)), "it is sent all the same");
    rig.says(&reversal, "00");
    assert_eq!((reversals(&rig), rig.answers.len(), rig.sent.len()), (1, 0, 0));
}

#[test]
fn case_25_a_late_approval_while_the_reversal_is_out_or_accepted_changes_nothing() {
    for accepted_first in [false, true] {
        let mut rig = Rig::up(patient());
        let (sent, reversal) = rig.unanswered(purchase("000001"));
        if accepted_first {
            rig.says(&reversal, "00");
            rig.says(&sent, "00");
        } else {
            rig.says(&sent, "00");
            rig.says(&reversal, "00");
        }
        rig.says(&sent, "00");
        assert!(rig.notes.iter().any(|note| matches!(note, Note::Late { approved: true, .. })));
        assert_eq!((reversals(&rig), rig.answers.len(), rig.sent.len()), (1, 0, 0), "{accepted_first}");
    }
}

#[test]
fn a_late_decline_does_not_stop_the_reversal() {
    for code in ["00", "25", "21", "12", "94"] {
        let mut rig = Rig::up(patient());
        let (sent, reversal) = rig.unanswered(purchase("000001"));
        rig.says(&sent, "51");
        assert_eq!(rig.switch.stored().len(), 1, "it goes on");
        rig.says(&reversal, code);
        assert!(rig.switch.stored().is_empty(), "{code} is final");
        assert_eq!((rig.answers.len(), rig.sent.len()), (0, 0));
    }
}

#[test]
fn a_late_approval_after_a_refused_reversal_is_reversed_anew_once() {
    for approval_first in [false, true] {
        let mut rig = Rig::up(patient());
        let (sent, reversal) = rig.unanswered(purchase("000001"));
        if approval_first {
            rig.says(&sent, "00");
        }
        rig.says(&reversal, "25");
        if !approval_first {
            assert!(rig.sent.is_empty());
            rig.says(&sent, "00");
        }
        let anew = rig.take_sent();
        assert_eq!((anew.message.mti().to_string().as_str(), anew.message.text(90)), ("0420", Some(known_by(&sent))));
        assert_ne!(anew.message.text(11), reversal.message.text(11), "a reversal of its own");
        rig.says(&sent, "00");
        rig.says(&anew, "00");
        rig.says(&sent, "00");
        assert_eq!((reversals(&rig), rig.sent.len()), (2, 0), "once");
    }
}

#[test]
fn a_late_approval_after_a_refused_reversal_is_reversed_anew_by_a_later_life() {
    let mut rig = Rig::up(patient());
    let (sent, reversal) = rig.unanswered(purchase("000001"));
    rig.says(&reversal, "25");
    // What is left of it once a snapshot stands for the rest.
    rig.journal.retain(|record| matches!(record, Record::Queued { .. } | Record::Tried { .. } | Record::Done { .. }));
    assert_eq!(rig.journal.len(), 3);
    rig.crash();
    rig.reconnect();
    rig.says(&sent, "00");
    let anew = rig.take_type("0420");
    assert_eq!(anew.message.text(90), Some(known_by(&sent)));
    rig.says(&anew, "00");
    rig.says(&sent, "00");
    assert_eq!((reversals(&rig), rig.sent.len()), (2, 0), "once");
}

#[test]
fn case_47_what_the_network_rejects_fails_at_once_and_is_not_reversed() {
    let code = HeaderKind::Base24.reject(&b"ISO026012165"[..].into()).unwrap();
    let rejected = |sent: &super::rig::Sent, message: &Message| Input::Rejected {
        connection: sent.connection,
        header: Header::new(),
        message: message.clone().into(),
        code,
    };
    let mut rig = Rig::up(patient());
    rig.request(purchase("000001"));
    let sent = rig.take_sent();
    let mut foreign = sent.message.clone();
    foreign.set(7, b"0101000000").unwrap();
    rig.input(rejected(&sent, &foreign));
    assert!(rig.answers.is_empty(), "another message of the same STAN");
    rig.input(rejected(&sent, &sent.message));
    assert_eq!(rig.take_code(), "96");
    assert_eq!(rig.outcome(), OutcomeKind::Refused(Refusal::Rejected));
    rig.input(rejected(&sent, &sent.message));
    rig.pass(TIMEOUT);
    assert_eq!((rig.sent.len(), reversals(&rig)), (0, 0), "nobody has processed it");
    // A rejected reversal is tried again.
    let (_, reversal) = rig.unanswered(purchase("000002"));
    rig.input(rejected(&reversal, &reversal.message));
    rig.pass(Duration::from_secs(2));
    let again = rig.take_type("0421");
    rig.says(&again, "00");
    assert!(rig.switch.stored().is_empty());
}

#[test]
fn answer_and_time_out_at_the_same_moment_have_one_winner() {
    for late in [false, true] {
        let mut rig = Rig::up(patient());
        rig.request(purchase("000001"));
        let sent = rig.take_sent();
        rig.to(rig.now.mono + Duration::from_millis(if late { 10_000 } else { 9_999 }));
        rig.says(&sent, "00");
        rig.input(Input::Tick);
        assert_eq!(rig.take_code(), if late { "68" } else { "00" });
        assert_eq!(rig.sent.len(), usize::from(late), "a reversal if and only if the timer won");
        assert_eq!(rig.outcome(), if late { OutcomeKind::TimedOut } else { OutcomeKind::Approved });
    }
}

#[test]
fn a_repeat_while_waiting_joins_and_one_after_the_time_out_is_told_the_same() {
    let mut rig = Rig::up(patient());
    let mut repeat = purchase("000001");
    repeat.set_mti("0201".parse().unwrap());
    rig.request(purchase("000001"));
    rig.request(repeat.clone());
    rig.take_sent();
    rig.pass(TIMEOUT);
    let codes: Vec<_> = rig.answers.drain(..).map(|(_, answer)| answer.text(39).unwrap()).collect();
    assert_eq!(codes, ["68", "68"]);
    rig.take_type("0420");
    rig.request(repeat);
    assert_eq!((rig.take_code().as_str(), rig.sent.len()), ("68", 0));
}

#[test]
fn case_30_the_acquirers_reversal_in_flight_does_not_wait_for_the_answer() {
    let mut rig = Rig::up(patient());
    rig.request(purchase("000001"));
    let sent = rig.take_sent();
    rig.request(follower("0400", "000002"));
    let reversal = rig.take_sent();
    assert_eq!(reversal.message.text(90), Some(known_by(&sent)));
    let told: Vec<_> = rig.answers.drain(..).map(|(_, a)| (a.mti().to_string(), a.text(39).unwrap())).collect();
    assert_eq!(told, [("0210".to_owned(), "68".to_owned()), ("0410".to_owned(), "00".to_owned())]);
    let reversed =
        |record: &Record| matches!(record, Record::Outcome { outcome: Outcome::Unknown { why: Doubt::Reversed }, .. });
    assert!(rig.records.iter().any(reversed));
    rig.says(&sent, "00");
    rig.says(&reversal, "00");
    rig.pass(Duration::from_secs(60));
    assert_eq!((reversals(&rig), rig.answers.len(), rig.sent.len()), (1, 0, 0), "the answer is only noted");
}

#[test]
fn case_32_reversals_of_what_is_being_reversed_are_acknowledged_and_there_is_one() {
    let mut rig = Rig::up(patient());
    let (_, ours) = rig.unanswered(purchase("000001"));
    for (mti, stan) in [("0400", "000002"), ("0401", "000002"), ("0420", "000003")] {
        rig.request(follower(mti, stan));
        assert_eq!(rig.take_code(), "00", "{mti} {stan}");
    }
    rig.says(&ours, "00");
    rig.request(follower("0400", "000004"));
    assert_eq!(rig.take_code(), "00", "and of what was reversed");
    assert_eq!((reversals(&rig), rig.sent.len()), (1, 0));
}

#[test]
fn case_26_a_lost_connection_is_reversed_after_sign_on_and_before_new_traffic() {
    let mut rig = Rig::up(patient());
    rig.request(purchase("000001"));
    let sent = rig.take_sent();
    rig.input(Input::ConnectionDown { connection: sent.connection });
    rig.pass(TIMEOUT);
    assert_eq!(rig.take_code(), "68");
    rig.sent.clear();
    rig.input(Input::ConnectionUp { connection: sent.connection });
    assert_eq!(rig.types(), ["0800"], "nothing before the sign-on is answered");
    rig.sign_on("00");
    rig.request(purchase("000002"));
    assert_eq!(rig.types(), ["0420", "0200"]);
}

#[test]
fn a_doubled_or_foreign_answer_to_a_reversal_settles_nothing_else() {
    let mut rig = Rig::up(patient());
    let (_, one) = rig.unanswered(purchase("000001"));
    let mut wrong = reply(&one.message, "00");
    wrong.set(7, b"0101000000").unwrap();
    rig.bank_says(one.connection, wrong);
    let mut class = reply(&one.message, "00");
    class.set_mti("0210".parse().unwrap());
    rig.bank_says(one.connection, class);
    assert_eq!(rig.switch.stored().len(), 1, "another DE7, another class: not its answer");
    rig.says(&one, "00");
    rig.says(&one, "00");
    assert!(rig.switch.stored().is_empty());
    assert_eq!(rig.switch.snapshot().banks[0].counters.unknown, 3);
}

#[test]
fn numbers_stay_taken_until_the_reversal_is_done() {
    let mut rig = Rig::up(patient());
    rig.numbers_stand_at(banklink_protocol::element::Stan(999_998));
    let (sent, reversal) = rig.unanswered(purchase("000001"));
    let stan = |message: &banklink_protocol::Message| message.text(11).unwrap();
    assert_eq!([stan(&sent.message), stan(&reversal.message)], ["999999", "000001"], "across the wrap");
    rig.numbers_stand_at(banklink_protocol::element::Stan(999_998));
    rig.request(purchase("000002"));
    assert_eq!(stan(&rig.take_type("0200").message), "000002", "both are skipped");
    let origin = rig.origin(1);
    rig.input(Input::SessionClosed { acquirer: origin.acquirer(), session: SessionId(9) });
    rig.says(&reversal, "00");
    rig.numbers_stand_at(banklink_protocol::element::Stan(999_999));
    rig.request(purchase("000003"));
    assert_eq!(stan(&rig.take_type("0200").message), "000001", "the reversal's is free");
}
