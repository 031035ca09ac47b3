//! The switch dies at any moment: whatever part of its journal is left, acquirer and bank agree in the end.

use super::{
    rig::{Rig, TIMEOUT, connection, follower, partial, patient, purchase},
    table::Table,
};
use crate::{
    record::{Park, Stored},
    rules::Rules,
    switch::{Input, SessionId},
};
use banklink_protocol::element::Stan;
use std::{collections::HashSet, sync::Arc, time::Duration};

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

#[test]
fn case_55_a_payment_and_its_decline() {
    at_every_cut(patient, |table| {
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
    at_every_cut(patient, |table| {
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
    at_every_cut(patient, |table| {
        table.request(purchase("000001"));
        table.bank();
        table.request(follower("0400", "000002"));
        table.bank();
    });
}

#[test]
fn case_55_a_reversal_in_flight() {
    at_every_cut(patient, |table| {
        table.request(purchase("000001"));
        table.request(follower("0400", "000002"));
        table.bank();
    });
}

#[test]
fn case_55_a_part_and_then_the_rest() {
    at_every_cut(patient, |table| {
        table.request(purchase("000001"));
        table.bank();
        table.request(partial("0420", "000002", 500));
        table.request(partial("0400", "000003", 200));
        table.bank();
        table.request(follower("0400", "000004"));
        table.silence();
        table.rig.pass(Duration::from_secs(2));
        table.bank();
    });
}

#[test]
fn case_55_a_part_alone() {
    at_every_cut(patient, |table| {
        table.request(purchase("000001"));
        table.bank();
        table.request(partial("0420", "000002", 500));
        table.bank();
    });
}

#[test]
fn case_55_an_advice_and_its_reversal() {
    for tried in [false, true] {
        at_every_cut(patient, |table| {
            if !tried {
                table.rig.input(Input::ConnectionDown { connection: connection(0, 0) });
            }
            let mut advice = purchase("000001");
            advice.set_mti("0220".parse().unwrap());
            table.request(advice);
            table.request(follower("0420", "000002"));
            if !tried {
                table.rig.input(Input::ConnectionUp { connection: connection(0, 0) });
                table.rig.sign_on("00");
            }
            table.bank();
            table.bank();
        });
    }
}

#[test]
fn case_55_an_advice() {
    at_every_cut(patient, |table| {
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
    at_every_cut(patient, |table| {
        table.request(follower("0420", "000002"));
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
        let mut whole = Table::new(patient());
        conversation(&mut whole);
        let records = whole.rig.journal.len();
        for cut in 0..=records {
            let mut table = Table::new(patient());
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
fn what_cannot_be_taken_back_is_never_sent_twice() {
    let mut rig = Rig::up(patient());
    let deposit = || {
        let mut deposit = purchase("000001");
        deposit.set(3, b"210000").unwrap();
        deposit
    };
    rig.request(deposit());
    rig.pass(TIMEOUT);
    let records = rig.journal.len();
    for cut in 2..=records {
        let mut rig = Rig::up(patient());
        rig.request(deposit());
        rig.pass(TIMEOUT);
        rig.crash_after(cut);
        rig.connect();
        rig.pass(Duration::from_secs(60));
        assert!(rig.sent.is_empty(), "cut after {cut}");
        let stored = rig.switch.stored();
        assert_eq!(stored.len(), 1, "cut after {cut}");
        assert_eq!((stored[0].kind, stored[0].parked), (Stored::Question, Some(Park::Question)), "cut after {cut}");
        rig.request(deposit());
        assert_eq!(rig.take_code(), "68");
    }
}

#[test]
fn a_smaller_table_of_trace_numbers_holds_what_a_larger_one_did() {
    let small = || {
        let mut small = patient();
        (small.banks[0].store.limit, small.banks[0].max_in_flight) = (8, 1);
        small
    };
    let mut rig = Rig::up(patient());
    let mut stans = Vec::new();
    for (number, stand) in [1, 1025].into_iter().enumerate() {
        rig.numbers_stand_at(Stan(stand));
        rig.request(purchase(&format!("{:06}", number + 1)));
        stans.push(rig.take_sent().message.text(11).unwrap());
    }
    assert_eq!(stans, ["000002", "001026"], "the same place in a table of 64");
    rig.rules = Arc::new(small());
    rig.crash();
    rig.connect();
    let reversals: Vec<_> = rig.sent.iter().map(|sent| sent.message.text(90).unwrap()[4..10].to_owned()).collect();
    assert_eq!(reversals, stans, "both are taken back");
}

#[test]
fn what_was_received_and_not_sent_is_unknown_to_its_reversal() {
    let mut rig = Rig::up(patient());
    rig.request(purchase("000001"));
    rig.crash_after(1);
    rig.connect();
    rig.request(follower("0400", "000002"));
    assert_eq!(rig.take_code(), "25");
    rig.request(purchase("000001"));
    assert!(rig.sent.is_empty(), "it was taken back before it was sent");
    assert_eq!(rig.take_code(), "12");
}

#[test]
fn numbers_go_on_where_they_were() {
    let mut rig = Rig::up(patient());
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
    let mut rig = Rig::up(patient());
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
