//! Approvals that did not reach their acquirer, and resends of what was answered.

use super::rig::{POS, Rig, TIMEOUT, follower, known_by, partial, patient, purchase, reply};
use crate::{
    record::{PaymentId, Record},
    switch::{Input, Note, OutcomeKind, SessionId},
};
use banklink_protocol::{Message, frame::Header};
use std::time::Duration;

const GRACE: Duration = Duration::from_secs(65);

/// An approval whose session closed while it was out.
fn nobody_there(rig: &mut Rig) -> super::rig::Sent {
    rig.request(purchase("000001"));
    let sent = rig.take_sent();
    rig.input(Input::SessionClosed { acquirer: POS, session: SessionId(1) });
    let mut answer = reply(&sent.message, "00");
    answer.set(38, b"A1B2C3").unwrap();
    rig.bank_says(sent.connection, answer);
    assert!(rig.answers.is_empty());
    sent
}

/// The payment of the last answer, which did not arrive.
fn not_delivered(rig: &mut Rig) {
    let payment = rig.journal.iter().rev().find_map(|record| match record {
        Record::Outcome { payment, .. } => Some(*payment),
        _ => None,
    });
    rig.answers.clear();
    rig.input(Input::NotDelivered { payment: payment.unwrap() });
}

fn undelivered(rig: &Rig) -> bool {
    rig.journal.iter().any(|record| matches!(record, Record::Undelivered { .. }))
}

#[test]
fn case_27_an_approval_nobody_heard_is_reversed_after_a_grace() {
    for closed in [true, false] {
        let mut rig = Rig::up(patient());
        let sent = if closed {
            nobody_there(&mut rig)
        } else {
            rig.request(purchase("000001"));
            let sent = rig.take_sent();
            rig.says(&sent, "00");
            not_delivered(&mut rig);
            sent
        };
        assert!(undelivered(&rig) && rig.notes.iter().any(|note| matches!(note, Note::Undelivered { .. })));
        let grace = rig.rules.acquirers[0].undelivered_grace;
        rig.pass(grace - Duration::from_secs(1));
        assert!(rig.sent.is_empty(), "the acquirer may come back");
        rig.pass(Duration::from_millis(1_005));
        let reversal = rig.take_sent();
        let says = |field| reversal.message.text(field);
        assert_eq!((says(39).as_deref(), says(90)), (Some("22"), Some(known_by(&sent))));
        assert_eq!(says(38).is_some(), closed, "DE38 where there was one");
        rig.says(&reversal, "00");
        rig.request(purchase("000001"));
        assert_eq!(rig.take_code(), "68", "after a reversal no approval is told");
        rig.request(follower("0400", "000002"));
        assert_eq!((rig.take_code().as_str(), rig.sent.len()), ("00", 0), "one reversal");
    }
}

#[test]
fn an_acquirer_that_asks_again_in_time_gets_its_answer_and_the_approval_stands() {
    let mut rig = Rig::up(patient());
    nobody_there(&mut rig);
    rig.pass(Duration::from_secs(5));
    let origin = rig.origin(2);
    rig.input(Input::Request { origin, message: purchase("000001").into() });
    let answer = rig.take_answer();
    assert_eq!((answer.text(39).as_deref(), answer.text(38).as_deref()), (Some("00"), Some("A1B2C3")));
    assert!(rig.records.iter().any(|record| matches!(record, Record::Delivered { .. })));
    rig.pass(GRACE);
    assert!(rig.sent.is_empty());
}

#[test]
fn an_answer_that_is_lost_again_is_undelivered_again() {
    let mut rig = Rig::up(patient());
    nobody_there(&mut rig);
    rig.request(purchase("000001"));
    not_delivered(&mut rig);
    rig.pass(GRACE);
    assert_eq!(rig.types(), ["0420"]);
}

#[test]
fn an_acquirer_that_reverses_in_time_does_so_once() {
    let mut rig = Rig::up(patient());
    nobody_there(&mut rig);
    rig.request(follower("0400", "000002"));
    assert_eq!(rig.take_code(), "00");
    let reversal = rig.take_sent();
    rig.says(&reversal, "00");
    rig.pass(GRACE);
    assert!(rig.sent.is_empty());
}

#[test]
fn an_answer_that_came_back_after_its_acquirers_reversal_was_delivered() {
    for request in [follower("0400", "000002"), partial("0400", "000002", 500)] {
        let mut rig = Rig::up(patient());
        rig.answered(purchase("000001"), "00");
        rig.request(request);
        let reversal = rig.take_sent();
        rig.says(&reversal, "00");
        rig.input(Input::NotDelivered { payment: PaymentId(1) });
        rig.pass(GRACE);
        assert!(rig.sent.is_empty() && !undelivered(&rig), "who reverses it knows of it");
    }
}

#[test]
fn of_several_answers_all_must_be_lost() {
    for lost in 0..=2 {
        let mut rig = Rig::up(patient());
        rig.request(purchase("000001"));
        let origin = rig.origin(2);
        rig.input(Input::Request { origin, message: purchase("000001").into() });
        let sent = rig.take_sent();
        rig.says(&sent, "00");
        for _ in 0..lost {
            rig.input(Input::NotDelivered { payment: PaymentId(1) });
        }
        rig.pass(GRACE);
        assert_eq!(rig.sent.len(), usize::from(lost == 2), "{lost} lost");
    }
}

#[test]
fn an_approval_that_was_asked_for_again_before_it_came_back_was_not_lost() {
    for both in [false, true] {
        let mut rig = Rig::up(patient());
        rig.request(purchase("000001"));
        let sent = rig.take_sent();
        rig.says(&sent, "00");
        // The acquirer asks again while its first answer is still on its way to a session that is gone.
        rig.request(purchase("000001"));
        assert_eq!(rig.answers.len(), 2, "the same answer, once more");
        not_delivered(&mut rig);
        assert!(!undelivered(&rig), "one of them may have arrived");
        if both {
            not_delivered(&mut rig);
            assert!(undelivered(&rig));
        }
        rig.pass(GRACE);
        assert_eq!(rig.sent.len(), usize::from(both), "a reversal if and only if neither arrived");
    }
}

#[test]
fn a_decline_or_an_inquiry_that_was_not_delivered_is_nothing_to_reverse() {
    for (processing, code) in [("000000", "51"), ("310000", "00")] {
        let mut rig = Rig::up(patient());
        let mut request = purchase("000001");
        request.set(3, processing.as_bytes()).unwrap();
        rig.answered(request, code);
        not_delivered(&mut rig);
        rig.pass(GRACE);
        assert!(rig.sent.is_empty() && !undelivered(&rig), "{processing}");
    }
}

#[test]
fn case_36_a_stored_answer_says_all_that_the_first_did_in_the_resends_own_terms() {
    let mut parts = patient();
    parts.acquirers[0].partial_approvals = true;
    let mut rig = Rig::up(parts);
    rig.request(purchase("000001"));
    let sent = rig.take_sent();
    let mut answer = reply(&sent.message, "10");
    for (field, value) in [(4, "000000000500"), (15, "1124"), (38, "A1B2C3"), (54, "0002840C000000001000"), (44, "?")] {
        answer.set(field, value.as_bytes()).unwrap();
    }
    rig.bank_says(sent.connection, answer);
    let first = rig.take_answer();
    for crash in [false, true] {
        if crash {
            rig.crash();
            rig.connect();
        }
        let mut resend = purchase("000001");
        resend.set_mti("0201".parse().unwrap());
        resend.set(7, b"1123031999").unwrap();
        let (acquirer, arrived) = (POS, rig.now.mono);
        let header = Header::from_slice(b"\x60\x00\x01\x00\x02");
        let origin = crate::switch::Origin::Session { acquirer, session: SessionId(7), header, arrived };
        rig.forget();
        rig.input(Input::Request { origin, message: resend.into() });
        let (to, again) = rig.answers.remove(0);
        let crate::switch::Origin::Session { header, session, .. } = to;
        assert_eq!((session, &header[..]), (SessionId(7), &b"\x60\x00\x01\x00\x02"[..]));
        assert_eq!(again.text(7).as_deref(), Some("1123031999"));
        for field in [2, 3, 4, 11, 12, 13, 15, 32, 37, 38, 39, 41, 42, 44, 49, 54] {
            assert_eq!(again.text(field), first.text(field), "DE{field}");
        }
        assert_eq!((again.mti(), rig.outcome(), rig.sent.len()), (first.mti(), OutcomeKind::Replayed, 0));
    }
}

#[test]
fn the_amount_of_a_part_outlives_the_rest_of_its_answer() {
    let mut small = patient();
    small.acquirers[0].partial_approvals = true;
    small.recent = 16;
    let mut rig = Rig::up(small);
    rig.request(purchase("000001"));
    let sent = rig.take_sent();
    let mut answer = reply(&sent.message, "10");
    answer.set(4, b"000000000500").unwrap();
    answer.set(38, b"A1B2C3").unwrap();
    rig.bank_says(sent.connection, answer);
    for stan in 2..=15 {
        rig.request(purchase(&format!("{stan:06}")));
        let sent = rig.take_sent();
        let mut long = reply(&sent.message, "00");
        for (field, length) in [(43, 40), (44, 25), (54, 120), (102, 28), (103, 28), (104, 100)] {
            long.set(field, &vec![b'x'; length]).unwrap();
        }
        rig.bank_says(sent.connection, long);
    }
    rig.answers.clear();
    rig.request(purchase("000001"));
    let again = rig.take_answer();
    assert!(!again.has(38), "the rest is forgotten");
    assert_eq!((again.text(39).as_deref(), again.number(4)), (Some("10"), Some(500)));
}

#[test]
fn case_39_after_the_answer_another_amount_or_card_is_94_and_an_alarm() {
    for (field, value) in [(4, "000000009999"), (2, "5500000000000004")] {
        for crash in [false, true] {
            let mut rig = Rig::up(patient());
            rig.answered(purchase("000001"), "00");
            if crash {
                rig.crash();
                rig.connect();
            }
            let mut other: Message = purchase("000001");
            other.set(field, value.as_bytes()).unwrap();
            rig.request(other);
            assert_eq!((rig.take_code().as_str(), rig.sent.len()), ("94", 0), "DE{field}");
            assert!(rig.notes.iter().any(|note| matches!(note, Note::DuplicateDiffers { .. })));
        }
    }
}

#[test]
fn after_a_reversal_no_approval_is_replayed() {
    for whole in [true, false] {
        let mut rig = Rig::up(patient());
        rig.answered(purchase("000001"), "00");
        rig.request(if whole { follower("0400", "000002") } else { partial("0400", "000002", 500) });
        rig.answers.clear();
        rig.request(purchase("000001"));
        assert_eq!(rig.take_code(), if whole { "68" } else { "00" });
        rig.pass(TIMEOUT);
    }
}
