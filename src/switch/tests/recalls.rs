//! What is older than the memory: read back before it is decided on.

use super::rig::{POS, Rig, follower, known_by, original_of, partial, purchase, rules};
use crate::{
    clock::Wall,
    record::{Name, PaymentId, Record},
    switch::{Ignored, Input, Note, OutcomeKind, SessionId},
};
use banklink_protocol::Message;
use std::time::Duration;

/// The memory of these tests.
const RECENT: usize = 4;

/// At 03:18:46 and so many seconds, by the terminal's clock.
fn later(stan: u32) -> Message {
    let mut message = purchase(&format!("{stan:06}"));
    let second = 46 + stan;
    message.set(12, format!("03{:02}{:02}", 18 + second / 60, second % 60).as_bytes()).unwrap();
    message
}

/// A switch that was sent `purchase("000001")`, approved, and so many payments since that it has forgotten it.
fn forgetful() -> (Rig, super::rig::Sent) {
    let mut rules = rules(2);
    rules.recent = RECENT;
    let mut rig = Rig::up(rules);
    let first = rig.answered(purchase("000001"), "00");
    for stan in 2..=(RECENT as u32 + 2) {
        rig.answered(later(stan), "00");
    }
    assert!(rig.recalls.is_empty(), "by the clock of its terminal none of these can have come before");
    rig.reads_late = true;
    (rig, first)
}

#[test]
fn case_36_a_resend_of_what_was_forgotten_gets_the_stored_answer() {
    let (mut rig, first) = forgetful();
    rig.request(purchase("000001"));
    assert_eq!(rig.order, ["recall"], "nothing else until the past is read");
    let moment = Wall(1_795_403_926_000_000);
    assert!(
        matches!(rig.recalls[..], [(_, ref names, Some(at))] if matches!(names[..], [Name::Duplicate(_)]) && at == moment)
    );
    rig.read_back();
    let answer = rig.take_answer();
    assert_eq!(answer.text(39).as_deref(), Some("00"));
    assert_eq!(answer.text(37), first.message.text(37));
    assert_eq!(rig.outcome(), OutcomeKind::Replayed);
    assert!(rig.sent.is_empty(), "the bank has it once");
    rig.request(purchase("000001"));
    assert!(rig.recalls.is_empty(), "what was read is remembered for a while");
    assert_eq!(rig.take_code(), "00");
}

#[test]
fn case_39_another_amount_is_94_however_old_the_first_is() {
    let (mut rig, _) = forgetful();
    let mut other = purchase("000001");
    other.set(4, b"000000009999").unwrap();
    rig.request(other);
    rig.read_back();
    assert_eq!(rig.take_code(), "94");
}

#[test]
fn what_looked_like_a_resend_and_is_none_goes_its_way() {
    let (mut rig, _) = forgetful();
    let mut slow = purchase("000099");
    slow.set(12, b"031000").unwrap();
    rig.request(slow);
    rig.read_back();
    let sent = rig.take_sent();
    rig.says(&sent, "00");
    assert_eq!(rig.take_code(), "00");
}

#[test]
fn case_30_a_reversal_of_what_was_forgotten_goes_to_its_originals_bank_and_names_it_exactly() {
    for mti in ["0400", "0420"] {
        let (mut rig, first) = forgetful();
        rig.request(follower(mti, "000051"));
        rig.read_back();
        assert_eq!(rig.take_code(), "00");
        let reversal = rig.take_sent();
        assert_eq!((reversal.connection, reversal.message.text(90)), (first.connection, Some(known_by(&first))));
        assert!(rig.records.iter().any(|record| matches!(record, Record::Queued { of: Some(PaymentId(1)), .. })));
        rig.says(&reversal, "00");
        rig.request(purchase("000001"));
        assert_ne!(rig.take_code(), "00", "an approval that was reversed is not told again");
    }
}

#[test]
fn case_32_twice_reversed_while_the_past_is_being_read_is_reversed_once() {
    let (mut rig, _) = forgetful();
    rig.request(follower("0400", "000051"));
    rig.request(follower("0400", "000052"));
    assert_eq!(rig.recalls.len(), 2);
    // Both are read before either is decided on.
    let before = rig.journal.clone();
    rig.read_back();
    rig.journal = before;
    rig.read_back();
    assert_eq!(rig.answers.len(), 2, "both are acknowledged");
    assert_eq!(rig.sent.len() + rig.switch.stored().len(), 2, "one message, stored and sent");
}

#[test]
fn a_part_that_was_taken_back_is_remembered_in_what_is_read() {
    let (mut rig, _) = forgetful();
    rig.reads_late = false;
    rig.request(partial("0400", "000051", 1000));
    assert_eq!(rig.take_code(), "00");
    let reversal = rig.take_sent();
    rig.says(&reversal, "00");
    for stan in 60..66 {
        rig.answered(later(stan), "00");
    }
    rig.crash();
    rig.connect();
    rig.forget();
    rig.request(partial("0400", "000052", 1100));
    assert_eq!(rig.take_code(), "64", "more than is left");
}

#[test]
fn case_32_a_reversal_of_what_nobody_ever_saw_is_still_25() {
    let (mut rig, _) = forgetful();
    let mut reversal = purchase("000077");
    reversal.set_mti("0400".parse().unwrap());
    rig.request(reversal);
    rig.read_back();
    assert_eq!(rig.take_code(), "25");
    assert!(rig.records.iter().any(|record| matches!(record, Record::Tombstone { .. })));
}

#[test]
fn of_what_cannot_be_read_or_not_in_time_nothing_is_said() {
    let (mut rig, _) = forgetful();
    rig.request(purchase("000001"));
    let (ticket, ..) = rig.recalls.remove(0);
    rig.input(Input::Recalled { ticket, records: None });
    let unread =
        |rig: &Rig| rig.notes.iter().filter(|note| matches!(note, Note::Ignored { why: Ignored::Unread, .. })).count();
    assert_eq!((rig.answers.len(), unread(&rig)), (0, 1), "any answer could be wrong");
    rig.request(purchase("000001"));
    rig.pass(Duration::from_secs(6));
    assert_eq!(unread(&rig), 2);
    rig.read_back();
    assert!(rig.answers.is_empty() && rig.sent.is_empty(), "whoever asked is gone");
}

#[test]
fn what_came_and_was_forgotten_while_the_past_was_being_read_is_not_overlooked() {
    let (mut rig, _) = forgetful();
    let mut slow = purchase("000099");
    slow.set(12, b"031000").unwrap();
    rig.request(slow.clone());
    let before = rig.journal.clone();
    // The same again, read at once; then so many others that it is forgotten, all before the first is read.
    rig.request(slow);
    let first = rig.recalls.remove(0);
    rig.read_back();
    let sent = rig.take_sent();
    rig.says(&sent, "00");
    for stan in 2..=(RECENT as u32 + 2) {
        rig.answered(later(stan + 100), "00");
    }
    rig.answers.clear();
    rig.recalls.insert(0, first);
    let after = std::mem::replace(&mut rig.journal, before);
    rig.read_back();
    rig.journal = after;
    assert!(rig.sent.is_empty() && rig.answers.is_empty(), "what was read is too old");
    rig.read_back();
    assert_eq!((rig.take_code().as_str(), rig.sent.len()), ("00", 0), "the stored answer, and one effect at the bank");
}

/// Others push it out of memory while the reversal's own key is looked up.
#[test]
fn what_a_reversal_speaks_of_may_be_forgotten_while_it_waits() {
    let (mut rig, _) = forgetful();
    let newest = RECENT as u32 + 2;
    let mut reversal = later(51);
    reversal.set_mti("0420".parse().unwrap());
    let original = later(newest);
    reversal.set(90, original_of(&original.text(11).unwrap()).as_bytes()).unwrap();
    reversal.set(12, b"031847").unwrap();
    reversal.set(37, &original.logical(37).unwrap()).unwrap();
    rig.request(reversal);
    assert_eq!(rig.recalls.len(), 1, "its own key may be an old one");
    for stan in 2..=newest {
        rig.answered(later(stan + 100), "00");
    }
    while !rig.recalls.is_empty() {
        rig.read_back();
    }
    assert_eq!(rig.take_code(), "00");
    assert_eq!(rig.take_sent().message.mti().to_string(), "0420", "it is reversed, and not only remembered");
}

/// It was read as approved; before that comes, it is reversed, and pushed out of memory.
#[test]
fn what_changed_and_was_forgotten_while_it_was_read_is_read_again() {
    let (mut rig, _) = forgetful();
    // The second of four that are remembered.
    let second = later(RECENT as u32);
    let follows = |stan: u32, moment: &[u8]| {
        let mut reversal = later(stan);
        reversal.set_mti("0400".parse().unwrap());
        let original = &second;
        reversal.set(90, original_of(&original.text(11).unwrap()).as_bytes()).unwrap();
        reversal.set(12, moment).unwrap();
        reversal.set(37, &original.logical(37).unwrap()).unwrap();
        reversal
    };
    rig.request(follows(51, b"031847"));
    let first = rig.recalls.remove(0);
    let read = rig.journal.clone();
    rig.request(follows(52, b"032900"));
    assert_eq!((rig.take_code().as_str(), rig.sent.len()), ("00", 1), "what is remembered is reversed at once");
    let reversal = rig.take_sent();
    rig.says(&reversal, "00");
    rig.answered(later(700), "00");
    rig.recalls.insert(0, first);
    let now = std::mem::replace(&mut rig.journal, read);
    rig.read_back();
    rig.journal = now;
    assert!(rig.answers.is_empty(), "what was read is too old");
    rig.read_back();
    assert_eq!((rig.take_code().as_str(), rig.sent.len()), ("00", 0), "reversed once");
}

#[test]
fn a_switch_that_begins_behind_a_snapshot_knows_what_it_does_not_know() {
    let mut rig = Rig::up(rules(1));
    rig.reads_late = true;
    rig.request(follower("0400", "000051"));
    assert!(rig.recalls.is_empty(), "there never was anything");
    rig.switch.payments_stand_at(PaymentId(1_000));
    let mut reversal = follower("0400", "000052");
    reversal.set(90, b"020000007711230318460000001234500000000000").unwrap();
    rig.request(reversal);
    assert_eq!(rig.recalls.len(), 1);
    rig.recalls.clear();
    rig.request(purchase("000003"));
    assert!(rig.recalls.is_empty(), "no clock stands at its moment");
    let references = rig.records.iter().find_map(|record| match record {
        Record::Received { references, .. } => Some(*references),
        _ => None,
    });
    let references = references.unwrap();
    rig.switch.clock_stands_at(references.terminal, references.clock);
    rig.request(purchase("000004"));
    assert_eq!(rig.recalls.len(), 1);
}

#[test]
fn who_waits_counts_as_in_flight() {
    let (mut rig, _) = forgetful();
    let waiting = |rig: &Rig| rig.switch.snapshot().acquirers[usize::from(POS.0)].in_flight;
    rig.request(purchase("000001"));
    assert_eq!(waiting(&rig), 1);
    rig.input(Input::Drain);
    assert!(rig.switch.snapshot().banks.iter().all(|bank| bank.in_flight == 0));
    rig.input(Input::SessionClosed { acquirer: POS, session: SessionId(7) });
    rig.read_back();
    assert_eq!((waiting(&rig), rig.take_code().as_str()), (0, "00"), "a resend is told while the switch drains");

    let (mut rig, _) = forgetful();
    rig.request(purchase("000001"));
    rig.switch.abandon(rig.now);
    rig.input(Input::Tick);
    assert_eq!((waiting(&rig), rig.answers.len()), (0, 0));
}

#[test]
fn so_many_may_wait_and_no_more() {
    let mut rules = rules(1);
    (rules.recent, rules.acquirers[0].max_in_flight) = (RECENT, 3);
    let mut rig = Rig::up(rules);
    for stan in 1..=(RECENT as u32 + 2) {
        rig.answered(later(stan), "00");
    }
    rig.reads_late = true;
    for stan in 1..=4 {
        rig.request(follower("0400", &format!("{:06}", 50 + stan)));
    }
    assert_eq!((rig.recalls.len(), rig.answers.len()), (3, 0));
}

#[test]
fn a_resend_whose_session_ended_while_it_waited_joins_nobody() {
    let (mut rig, _) = forgetful();
    let mut slow = purchase("000099");
    slow.set(12, b"031000").unwrap();
    for session in [1, 2] {
        let origin = rig.origin(session);
        rig.input(Input::Request { origin, message: slow.clone().into() });
    }
    rig.input(Input::SessionClosed { acquirer: POS, session: SessionId(2) });
    rig.read_back();
    rig.read_back();
    let sent = rig.take_sent();
    rig.says(&sent, "00");
    assert_eq!(rig.answers.len(), 1, "one of them is there to hear it");
    assert_eq!(rig.answers[0].0.session(), SessionId(1));
}
