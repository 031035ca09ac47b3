//! What is taken back: the hold itself, increments, completions.

use super::{authorization, follows, holding, reverses};
use crate::switch::{
    Input, Refusal, SessionId,
    tests::rig::{POS, Rig, known_by, patient},
};
use std::time::Duration;

#[test]
fn a_reversal_of_an_increment_takes_it_back() {
    let (mut rig, _) = holding(patient());
    rig.approves(follows("0100", "000002", 2_000));
    rig.approves(follows("0100", "000003", 4_000));
    rig.delivers(reverses("0100", "000002", 2_000, "000004", None));
    assert_eq!(rig.stands().held, 14_000);
    rig.delivers(reverses("0100", "000003", 4_000, "000005", Some(1_000)));
    assert_eq!(rig.stands().held, 11_000);
    rig.refused(follows("0200", "000006", 11_001), Refusal::NotCovered);
    rig.approves(follows("0200", "000007", 11_000));
}

#[test]
fn an_increment_that_was_not_delivered_is_taken_back_by_us() {
    let (mut rig, _) = holding(patient());
    rig.request(follows("0100", "000002", 2_000));
    let sent = rig.take_sent();
    rig.input(Input::SessionClosed { acquirer: POS, session: SessionId(1) });
    rig.says(&sent, "00");
    assert_eq!(rig.stands().held, 12_000);
    rig.pass(Duration::from_secs(61));
    assert_eq!(rig.types(), ["0420"]);
    assert_eq!(rig.stands().held, 10_000);
}

#[test]
fn case_33_a_void_ends_the_hold() {
    for mti in ["0400", "0420"] {
        let (mut rig, sent) = holding(patient());
        rig.approves(follows("0100", "000002", 2_000));
        let mut void = reverses("0100", "000001", 10_000, "000003", None);
        void.set_mti(mti.parse().unwrap());
        let reversal = rig.delivers(void);
        assert_eq!(reversal.message.text(90), Some(known_by(&sent)));
        assert!(rig.stands().voided);
        assert_eq!(rig.refused(follows("0200", "000004", 1), Refusal::HoldEnded), "25");
        assert_eq!(rig.refused(follows("0100", "000005", 1), Refusal::HoldEnded), "25");
        rig.parks(follows("0220", "000006", 1));
    }
}

#[test]
fn a_partial_reversal_leaves_what_it_says() {
    let (mut rig, _) = holding(patient());
    rig.approves(follows("0100", "000002", 2_000));
    rig.request(reverses("0100", "000001", 10_000, "000003", Some(12_000)));
    assert_eq!(rig.take_code(), "64", "so much is held anyway");
    for (stan, said, left) in [("000004", 12_000, 11_000), ("000005", 10_000, 4_000)] {
        let reversal = rig.delivers(reverses("0100", "000001", said, stan, Some(left)));
        assert_eq!(reversal.message.text(95).unwrap()[..12], format!("{left:012}"));
        assert_eq!(rig.stands().held, left);
    }
    rig.refused(follows("0200", "000006", 4_001), Refusal::NotCovered);
    rig.approves(follows("0200", "000007", 4_000));
}

#[test]
fn a_hold_that_is_taken_back_by_us_covers_nothing() {
    let mut rig = Rig::up(patient());
    let (_, reversal) = rig.unanswered(authorization());
    assert_eq!(rig.refused(follows("0200", "000002", 1), Refusal::BeingReversed), "25");
    rig.parks(follows("0220", "000003", 1));
    rig.says(&reversal, "00");
    assert_eq!(rig.refused(follows("0200", "000004", 1), Refusal::HoldEnded), "25");
}

#[test]
fn a_reversal_of_a_completion_gives_back_what_it_took() {
    for mti in ["0200", "0220"] {
        let (mut rig, _) = holding(patient());
        let completes = if mti == "0200" { Rig::approves } else { Rig::delivers };
        completes(&mut rig, follows(mti, "000002", 9_000));
        rig.delivers(reverses(mti, "000002", 9_000, "000003", Some(5_000)));
        assert_eq!((rig.stands().taken, rig.stands().completions), (5_000, 1));
        rig.refused(follows("0200", "000004", 1_000), Refusal::HoldEnded);
        rig.delivers(reverses(mti, "000002", 9_000, "000005", None));
        assert_eq!((rig.stands().taken, rig.stands().completions), (0, 0));
        completes(&mut rig, follows(mti, "000006", 10_000));
    }
}

#[test]
fn a_completion_that_is_reversed_while_it_is_under_way_gives_back() {
    let (mut rig, _) = holding(patient());
    rig.request(follows("0200", "000002", 10_000));
    rig.take_sent();
    rig.request(reverses("0200", "000002", 10_000, "000003", None));
    assert_eq!((rig.stands().taken, rig.stands().under_way), (0, 0));
    rig.answers.clear();
    rig.sent.clear();
    rig.approves(follows("0200", "000004", 10_000));
}
