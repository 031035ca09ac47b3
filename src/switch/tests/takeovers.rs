//! What the switch takes over: acquirers' reversals and advices.

use super::rig::{Rig, connection, follower, known_by, original_of, partial, patient, purchase, reply, rules};
use crate::{
    record::{Outcome, Record, Stored},
    rules::Replacement,
    switch::{Input, Note, OutcomeKind},
};
use banklink_protocol::Message;
use std::time::Duration;

fn set(mut message: Message, field: u8, value: &str) -> Message {
    message.set(field, value.as_bytes()).unwrap();
    message
}

fn advice(stan: &str) -> Message {
    let mut advice = purchase(stan);
    advice.set_mti("0220".parse().unwrap());
    advice
}

#[test]
fn case_30_a_reversal_is_stored_and_acknowledged_and_goes_to_its_originals_bank() {
    let mut rig = Rig::up(rules(2));
    rig.request(purchase("000001"));
    let sent = rig.take_sent();
    rig.says(&sent, "00");
    rig.answers.clear();
    rig.forget();
    rig.request(follower("0400", "000002"));
    assert_eq!(rig.order, ["received", "queued", "outcome", "answer", "answered", "tried", "to bank"]);
    assert!(rig.records.iter().any(|record| matches!(record, Record::Outcome { outcome: Outcome::Taken { .. }, .. })));
    assert_eq!(rig.outcome(), OutcomeKind::Taken);
    let answer = rig.take_answer();
    let told = [39, 11, 37, 90].map(|field| answer.text(field).unwrap());
    assert_eq!(told, ["00".to_owned(), "000002".to_owned(), "632703000001".to_owned(), original_of("000001")]);
    let reversal = rig.take_sent();
    assert_eq!((reversal.connection, reversal.message.mti().to_string().as_str()), (sent.connection, "0420"));
    assert_eq!(reversal.message.text(90), Some(known_by(&sent)));
    rig.says(&reversal, "00");
    assert!(rig.answers.is_empty(), "the acquirer was answered");
}

#[test]
fn case_32_twice_by_the_same_and_by_another_number() {
    let mut rig = Rig::up(rules(1));
    rig.answered(purchase("000001"), "00");
    for (mti, stan) in [("0400", "000002"), ("0400", "000002"), ("0401", "000002"), ("0420", "000003")] {
        rig.request(follower(mti, stan));
        assert_eq!(rig.take_code(), "00", "{mti} {stan}");
    }
    assert_eq!((rig.sent.len(), rig.switch.stored().len()), (1, 1), "one reversal");
}

#[test]
fn a_reversal_of_a_decline_is_acknowledged_and_moves_nothing() {
    let mut rig = Rig::up(rules(1));
    rig.answered(purchase("000001"), "51");
    rig.request(follower("0420", "000002"));
    assert_eq!((rig.take_code().as_str(), rig.sent.len()), ("00", 0));
}

#[test]
fn case_31_a_part_and_then_another_and_then_the_rest() {
    let mut rig = Rig::up(rules(1));
    let sent = rig.answered(purchase("000001"), "00");
    let cases = [
        (partial("0400", "000002", 500), "00", Some("000000000500")),
        (partial("0400", "000003", 500), "00", None),
        (partial("0400", "000004", 800), "64", None),
        (partial("0400", "000005", 200), "00", Some("000000000200")),
        (follower("0400", "000006"), "00", Some("")),
        (partial("0400", "000007", 100), "00", None),
    ];
    for (request, code, goes) in cases {
        let stan = request.text(11).unwrap();
        rig.request(request);
        assert_eq!(rig.take_code(), code, "{stan}");
        assert_eq!(rig.sent.len(), usize::from(goes.is_some()), "{stan}");
        let Some(left) = goes else { continue };
        let reversal = rig.take_sent();
        let says = |field| reversal.message.text(field);
        assert_eq!((says(4).as_deref(), says(90)), (Some("000000001234"), Some(known_by(&sent))), "{stan}");
        assert_eq!(says(95).map_or(String::new(), |amounts| amounts[..12].to_owned()), left, "{stan}");
        rig.says(&reversal, "00");
    }
}

#[test]
fn a_bank_that_counts_what_is_taken_back_is_told_that() {
    let mut delta = rules(1);
    delta.banks[0].reversal.replacement = Replacement::Delta;
    let mut rig = Rig::up(delta);
    rig.answered(purchase("000001"), "00");
    for (stan, left, says) in [("000002", 1000, "000000000234"), ("000003", 400, "000000000600")] {
        rig.request(partial("0400", stan, left));
        let reversal = rig.take_sent();
        assert_eq!(reversal.message.text(95).unwrap()[..12], *says);
        rig.says(&reversal, "00");
        rig.answers.clear();
    }
}

#[test]
fn case_32_another_amount_is_64_and_another_card_25() {
    let mut rig = Rig::up(rules(1));
    rig.answered(purchase("000001"), "00");
    rig.request(set(follower("0400", "000002"), 4, "000000009999"));
    assert_eq!(rig.take_code(), "64");
    rig.request(set(follower("0400", "000003"), 2, "5500000000000004"));
    assert_eq!(rig.take_code(), "25");
    assert!(rig.sent.is_empty() && rig.switch.stored().is_empty());
    rig.request(follower("0400", "000004"));
    assert_eq!((rig.take_code().as_str(), rig.sent.len()), ("00", 1), "it stands until the right one comes");
}

#[test]
fn case_32_the_unknown_is_25_or_acknowledged_and_the_original_is_never_sent() {
    for (mti, code) in [("0400", "25"), ("0401", "25"), ("0420", "00"), ("0421", "00")] {
        for crash in [false, true] {
            let mut rig = Rig::up(rules(1));
            rig.request(follower(mti, "000002"));
            assert_eq!(rig.take_code(), code, "{mti}");
            rig.request(follower(mti, "000002"));
            assert_eq!(rig.take_code(), code, "{mti} again");
            assert!(rig.notes.iter().any(|note| matches!(note, Note::UnknownReversed { .. })));
            let stones = rig.journal.iter().filter(|record| matches!(record, Record::Tombstone { .. })).count();
            assert_eq!(stones, 1, "{mti}");
            if crash {
                rig.crash();
                rig.connect();
            }
            for _ in 0..2 {
                rig.request(purchase("000001"));
                assert_eq!((rig.take_code().as_str(), rig.sent.len()), ("12", 0), "{mti}");
            }
            rig.request(purchase("000005"));
            assert_eq!(rig.sent.len(), 1, "another payment goes");
        }
    }
}

#[test]
fn case_32_what_died_before_it_was_sent_is_unknown_too_by_whatever_name() {
    for named in [true, false] {
        let mut rig = Rig::up(rules(1));
        rig.request(purchase("000001"));
        rig.crash_after(1);
        rig.connect();
        let mut reversal = follower("0400", "000002");
        if !named {
            reversal.remove(90);
        }
        rig.request(reversal);
        assert_eq!(rig.take_code(), "25");
        rig.request(purchase("000001"));
        assert_eq!((rig.take_code().as_str(), rig.sent.len()), ("12", 0), "by its original data: {named}");
    }
}

#[test]
fn a_part_of_what_is_in_flight_is_asked_for_again() {
    let mut rig = Rig::up(rules(1));
    rig.request(purchase("000001"));
    let sent = rig.take_sent();
    rig.request(partial("0400", "000002", 500));
    assert_eq!(rig.take_code(), "09");
    rig.says(&sent, "00");
    assert_eq!(rig.take_code(), "00", "the payment is not touched");
    rig.request(partial("0400", "000002", 500));
    assert_eq!((rig.take_code().as_str(), rig.sent.len()), ("00", 1));
}

#[test]
fn what_cannot_be_taken_back_in_flight_is_40() {
    let mut rig = Rig::up(rules(1));
    rig.request(set(purchase("000001"), 3, "210000"));
    let sent = rig.take_sent();
    rig.request(set(follower("0400", "000002"), 3, "210000"));
    assert_eq!(rig.take_code(), "40");
    rig.says(&sent, "00");
    assert_eq!(rig.take_code(), "00");
}

#[test]
fn case_35_advices_are_acknowledged_though_the_bank_is_down_and_delivered_once_in_order() {
    let mut rig = Rig::up(rules(1));
    rig.input(Input::ConnectionDown { connection: connection(0, 0) });
    for stan in ["000001", "000002", "000001", "000003"] {
        rig.request(advice(stan));
        let answer = rig.take_answer();
        let told = (answer.mti().to_string(), answer.text(39).unwrap(), answer.text(11).unwrap());
        assert_eq!(told, ("0230".to_owned(), "00".to_owned(), stan.to_owned()));
    }
    rig.input(Input::ConnectionUp { connection: connection(0, 0) });
    rig.sign_on("00");
    let stans: Vec<_> = rig.sent.iter().map(|sent| sent.message.text(37).unwrap()).collect();
    assert_eq!(stans, ["632703000001", "632703000002", "632703000003"]);
    for sent in std::mem::take(&mut rig.sent) {
        rig.says(&sent, "00");
    }
    assert!(rig.switch.stored().is_empty() && rig.answers.is_empty());
}

#[test]
fn an_advice_is_stored_without_its_track() {
    let mut rig = Rig::up(rules(1));
    let mut swiped = advice("000001");
    swiped.remove(2);
    swiped.remove(14);
    swiped.set(35, b"4111111111111111=29121010000012345678").unwrap();
    swiped.set(52, &[1; 8]).unwrap();
    rig.request(swiped);
    let sent = rig.take_sent();
    assert!(!sent.message.has(35) && !sent.message.has(52));
    let card = [2, 14].map(|field| sent.message.text(field).unwrap());
    assert_eq!(card, ["4111111111111111", "2912"]);
}

#[test]
fn case_34_what_follows_a_payment_goes_by_its_first_message() {
    let mut many = rules(2);
    many.banks.iter_mut().for_each(|bank| bank.holding.many = true);
    let mut rig = Rig::up(many);
    let mut authorization = purchase("000001");
    authorization.set_mti("0100".parse().unwrap());
    let sent = rig.answered(authorization, "00");
    let named = |mti: &str, stan: &str| {
        let mut message = purchase("000001");
        message.set_mti(mti.parse().unwrap());
        set(message, 11, stan)
    };
    for stan in ["000002", "000003"] {
        rig.request(set(set(named("0220", stan), 12, "031900"), 4, "000000000600"));
        let completion = rig.take_sent();
        assert_eq!(completion.connection, sent.connection, "{stan}");
        rig.says(&completion, "00");
    }
    rig.request(set(named("0400", "000004"), 12, "031900"));
    let reversal = rig.take_sent();
    assert_eq!(reversal.message.text(90), Some(known_by(&sent)), "by its RRN: the first message, not a completion");
}

#[test]
fn an_advice_that_is_taken_back_goes_first_and_its_reversal_names_it_as_the_bank_knows_it() {
    for tried in [false, true] {
        let mut rig = Rig::up(rules(1));
        if !tried {
            rig.input(Input::ConnectionDown { connection: connection(0, 0) });
        }
        rig.request(advice("000001"));
        rig.request(follower("0420", "000002"));
        let codes: Vec<_> = rig.answers.drain(..).map(|(_, answer)| answer.text(39).unwrap()).collect();
        assert_eq!(codes, ["00", "00"]);
        if !tried {
            rig.input(Input::ConnectionUp { connection: connection(0, 0) });
            rig.sign_on("00");
        }
        let sent = rig.take_sent();
        assert_eq!(sent.message.mti().to_string(), "0220", "the reversal waits");
        rig.says(&sent, "00");
        let reversal = rig.take_sent();
        assert_eq!(
            (reversal.message.mti().to_string().as_str(), reversal.message.text(90)),
            ("0420", Some(known_by(&sent)))
        );
        rig.says(&reversal, "00");
        rig.request(advice("000001"));
        assert_eq!((rig.take_code().as_str(), rig.sent.len()), ("00", 0), "a resend of it moves nothing");
    }
}

#[test]
fn a_completion_that_is_taken_back_goes_before_its_reversal_too() {
    let mut rig = Rig::up(rules(1));
    rig.answered(purchase("000001"), "00");
    let mut completion = follower("0220", "000002");
    completion.set(7, b"1123031900").unwrap();
    rig.request(completion);
    let sent = rig.take_sent();
    let named = "020000000211230319000000001234500000000000";
    rig.request(set(follower("0420", "000003"), 90, named));
    assert_eq!((rig.sent.len(), rig.switch.stored().len()), (0, 2), "its completion is not acknowledged yet");
    rig.says(&sent, "00");
    let reversal = rig.take_sent();
    assert_eq!(reversal.message.text(90).unwrap()[4..20], known_by(&sent)[4..20]);
}

#[test]
fn a_new_payment_that_names_one_being_reversed_does_not_go() {
    let mut rig = Rig::up(rules(1));
    let (_, reversal) = rig.unanswered(purchase("000001"));
    let refund = || set(set(follower("0200", "000002"), 3, "200000"), 37, "632703000002");
    rig.request(refund());
    assert_eq!((rig.take_code().as_str(), rig.sent.len()), ("25", 0));
    rig.says(&reversal, "00");
    rig.request(set(refund(), 11, "000003"));
    assert_eq!(rig.types(), ["0200"]);
}

#[test]
fn an_acquirers_reversal_the_bank_did_not_know_is_sent_anew_when_it_approves_after_all() {
    let mut rig = Rig::up(patient());
    rig.request(purchase("000001"));
    let sent = rig.take_sent();
    rig.request(follower("0420", "000002"));
    let reversal = rig.take_sent();
    rig.says(&reversal, "25");
    rig.bank_says(sent.connection, reply(&sent.message, "00"));
    let anew = rig.take_sent();
    assert_eq!(anew.message.text(90), Some(known_by(&sent)));
    assert!(matches!(rig.switch.stored()[0].kind, Stored::Reversal(_)));
    rig.says(&anew, "00");
    rig.pass(Duration::from_secs(60));
    assert!(rig.sent.is_empty() && rig.switch.stored().is_empty());
}
