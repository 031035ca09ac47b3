use super::*;
use crate::simulator::payment::{Card, Text};
use banklink_protocol::Mti;
use std::io::Write as _;

fn payment(mti: &[u8; 4], stan: u32, amount: u64) -> Payment {
    Payment {
        mti: Mti::from_digits(*mti).expect("an MTI"),
        stan,
        transmission: 1_123_071_200,
        rrn: Text::of(b"632707000001"),
        terminal: Text::of(b"TERM0001"),
        amount,
        card: Card::of(b"4111111111111111"),
    }
}

fn code(text: &str) -> ResponseCode {
    ResponseCode::parse(text.as_bytes()).expect("a code")
}

fn key(class: u8, stan: u32) -> MessageKey {
    MessageKey { class, stan, time: 1_123_071_200 }
}

/// An approved payment.
fn bought(stan: u32, amount: u64) -> Note {
    Note {
        payment: payment(b"0200", stan, amount),
        key: key(2, stan),
        code: code("00"),
        then: Then::Answer,
        approval: stan,
        settled: true,
        original: None,
        left: None,
    }
}

/// An accepted reversal.
fn reversal(stan: u32, of: u32, left: Option<u64>) -> Note {
    let payment = payment(b"0420", stan, 500);
    Note { payment, key: key(4, stan), original: Some(key(2, of)), left, approval: 0, ..bought(stan, 500) }
}

fn on_the_books(books: &Books) -> (u64, u128) {
    (books.totals().booked, books.totals().booked_minor)
}

#[test]
fn an_approval_is_booked_and_a_reversal_unbooks_it_once() {
    let mut books = Books::new(10);
    books.note(bought(1, 500));
    books.note(bought(2, 70));
    assert_eq!(on_the_books(&books), (2, 570));
    books.note(reversal(3, 1, None));
    books.note(reversal(4, 1, None));
    assert_eq!(on_the_books(&books), (1, 70), "the second unbooks nothing more");
    assert_eq!((books.totals().reversed, books.totals().reversed_again), (1, 1));
    let entry = books.find(&key(2, 1)).expect("listed");
    assert_eq!((entry.booked, entry.reversed, entry.standing), (false, true, 0));
}

#[test]
fn a_partial_reversal_leaves_the_rest_and_is_the_last_word() {
    let mut books = Books::new(10);
    books.note(bought(1, 500));
    books.note(reversal(2, 1, Some(120)));
    assert_eq!(on_the_books(&books), (1, 120));
    books.note(reversal(3, 1, None));
    books.note(reversal(4, 1, Some(400)));
    assert_eq!(on_the_books(&books), (1, 120));
    books.note(bought(5, 100));
    books.note(reversal(6, 5, Some(900)));
    assert_eq!(on_the_books(&books), (2, 220), "never more than was booked");
}

#[test]
fn a_reversal_before_its_original_is_remembered() {
    let mut books = Books::new(10);
    books.note(reversal(3, 1, None));
    assert!(books.is_overtaken(&key(2, 1)) && !books.is_overtaken(&key(1, 1)) && !books.is_overtaken(&key(2, 2)));
    assert_eq!(books.totals().reversals_unmatched, 1);
}

#[test]
fn what_the_bank_did_not_act_on_is_no_original_and_may_be_decided_again() {
    let mut books = Books::new(10);
    books.note(Note { settled: false, then: Then::Silence, ..bought(1, 500) });
    assert_eq!((on_the_books(&books), books.totals().unanswered), ((0, 0), 1));
    books.note(bought(1, 500));
    assert_eq!((on_the_books(&books), books.entries().len(), books.entries()[0].tries), ((1, 500), 1, 2));
    books.note(Note { settled: false, ..bought(2, 70) });
    books.note(reversal(3, 2, None));
    assert!(books.is_overtaken(&key(2, 2)));
}

#[test]
fn full_books_go_on_counting() {
    let mut books = Books::new(1);
    books.note(bought(1, 1));
    books.note(bought(2, 1));
    assert_eq!((books.entries().len(), books.totals().requests, books.totals().not_listed), (1, 2, 1));
    let mut totals_only = Books::new(0);
    totals_only.note(bought(1, 1));
    assert_eq!((totals_only.totals().requests, totals_only.totals().not_listed), (1, 0));
}

#[test]
fn a_declined_payment_is_not_on_the_books() {
    let mut books = Books::new(10);
    books.note(Note { code: code("51"), approval: 0, ..bought(1, 1) });
    assert_eq!((on_the_books(&books), books.totals().declined), ((0, 0), 1));
}

#[test]
fn books_of_a_file_are_what_they_were_and_a_torn_line_is_cut() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("books.jsonl");
    let mut books = Books::open(10, &path).expect("new");
    for note in [bought(1, 500), bought(2, 70), reversal(3, 1, None), reversal(4, 9, None), bought(7, 5)] {
        books.note(note);
    }
    books.commit().expect("written");
    books.note(bought(8, 1));
    assert!(Books::open(10, &path).is_err(), "two banks on one file");
    drop(books);
    std::fs::OpenOptions::new().append(true).open(&path).expect("there").write_all(b"{\"mti\":\"02").expect("written");
    for _ in 0..2 {
        let mut books = Books::open(10, &path).expect("cut");
        assert_eq!(on_the_books(&books), (2, 75), "what was not committed is not there");
        assert!(books.is_overtaken(&key(2, 9)) && books.find(&key(2, 1)).is_some_and(|entry| entry.reversed));
        assert_eq!(books.next_approval(), 8);
    }
}

#[test]
fn a_damaged_line_in_the_middle_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("books.jsonl");
    let line = serde_json::to_string(&bought(1, 500)).expect("JSON");
    assert!(!line.contains("4111111111111111"), "{line}");
    std::fs::write(&path, format!("{line}\nnonsense\n{line}\n")).expect("written");
    let error = Books::open(10, &path).err().expect("damaged").to_string();
    assert!(error.contains("books.jsonl") && error.contains("line 2"), "{error}");
}
