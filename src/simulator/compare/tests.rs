use super::*;
use crate::{
    clock::Wall,
    record::{Body, Doubt, PaymentId, Record, References, Unanswered},
    simulator::{
        acquirer::belief::Belief,
        bank::{
            books::{MessageKey, Note},
            rules::Then,
        },
        payment::Text,
    },
    switch::{AcquirerId, BankId, ConnectionId},
};
use banklink_protocol::{
    Mti,
    element::{Currency, Money, OriginalData, ResponseCode, Rrn, Stan, Transmission},
};

const AT: Wall = Wall(0);

fn code(text: &str) -> ResponseCode {
    ResponseCode::parse(text.as_bytes()).expect("a response code")
}

/// One payment that went to bank 0 and ended with these codes, in all three books.
struct Case {
    records: Vec<Record>,
    seen: Vec<Seen>,
    entries: Vec<Entry>,
}

fn case(outcome: Outcome, told: Option<&str>, decided: &str, booked: bool) -> Case {
    let mti = Mti::from_digits(*b"0200").expect("an MTI");
    let payment = Payment {
        mti,
        stan: 7,
        transmission: 1_123_071_200,
        rrn: Text::of(b"632707000007"),
        terminal: Text::of(b"TERM0001"),
        amount: 500,
        card: Card::of(b"4111111111111111"),
    };
    let id = PaymentId(1);
    let amount = Some(Money { minor: 500, currency: Currency::numeric(840) });
    let original =
        OriginalData { mti, stan: Stan(9000), transmission: Transmission(*b"1123071201"), acquirer: 0, forwarder: 0 };
    let connection = ConnectionId { bank: BankId(0), slot: 0 };
    let records = vec![
        Record::Received {
            payment: id,
            at: AT,
            acquirer: AcquirerId(0),
            mti,
            processing: None,
            amount,
            stan: Stan(7),
            rrn: Some(Rrn(*b"632707000007")),
            card: None,
            references: References::default(),
        },
        Record::Sent {
            payment: id,
            at: AT,
            acquirer: AcquirerId(0),
            connection,
            original,
            rrn: None,
            unanswered: Unanswered::Reverse,
            body: Body::default(),
        },
        Record::Outcome {
            payment: id,
            at: AT,
            sent: Some((BankId(0), Stan(9000))),
            outcome,
            told: code(told.unwrap_or("91")),
            answer: Body::default(),
        },
    ];
    let at_bank = Payment { stan: 9000, transmission: 1_123_071_201, ..payment };
    Case {
        records,
        seen: vec![Seen {
            payment,
            belief: told.map_or(Belief::Unknown, |told| Belief::told(code(told), payment.amount)),
        }],
        entries: vec![entry(at_bank, code(decided), booked)],
    }
}

fn entry(payment: Payment, code: ResponseCode, booked: bool) -> Entry {
    let key = MessageKey { class: 2, stan: payment.stan, time: payment.transmission };
    let note = Note { payment, key, code, then: Then::Answer, approval: 1, settled: true, original: None, left: None };
    Entry { note, booked, standing: if booked { payment.amount } else { 0 }, reversed: false, tries: 1 }
}

impl Case {
    fn compare(&self) -> Comparison {
        let mut view = SwitchView::default();
        self.records.iter().for_each(|record| view.apply(record));
        let acquirers = [AcquirerBook { name: "shop", seen: &self.seen }];
        compare(&acquirers, &view, &[BankBook { name: "bank", entries: &self.entries }])
    }

    fn reason(&self) -> &'static str {
        let comparison = self.compare();
        assert_eq!(comparison.disagreements.count, 1, "{comparison:?}");
        comparison.disagreement_lines[0].reason
    }
}

fn approved() -> Outcome {
    Outcome::Approved { code: code("00"), authorization: None, settlement: None, partial: None }
}

#[test]
fn what_all_three_say_alike_agrees() {
    let comparison = case(approved(), Some("00"), "00", true).compare();
    assert!(comparison.agrees());
    assert_eq!((comparison.payments, comparison.approved.count, comparison.approved.minor), (1, 1, 500));
    let comparison = case(Outcome::Declined { code: code("51") }, Some("51"), "51", false).compare();
    assert!(comparison.agrees());
    assert_eq!(comparison.declined.count, 1);
}

#[test]
fn a_time_out_is_listed_apart_with_what_the_bank_did() {
    let comparison = case(Outcome::Unknown { why: Doubt::TimedOut }, Some("91"), "00", true).compare();
    assert!(comparison.agrees());
    assert_eq!((comparison.unknown.count, comparison.unknown_booked.count), (1, 1));
    assert_eq!(comparison.unknown_lines[0].card.to_string(), "411111******1111");
    let comparison = case(Outcome::Unknown { why: Doubt::TimedOut }, Some("91"), "00", false).compare();
    assert_eq!((comparison.unknown.count, comparison.unknown_booked.count), (1, 0));
    assert_eq!(
        case(Outcome::Unknown { why: Doubt::TimedOut }, Some("00"), "00", true).reason(),
        "timed out, approved to the acquirer"
    );
}

#[test]
fn planted_disagreements_are_found() {
    assert_eq!(case(approved(), Some("05"), "00", true).reason(), "approved and booked, declined to the acquirer");
    assert_eq!(case(approved(), Some("00"), "51", false).reason(), "approved, not booked at the bank");
    let declined = Outcome::Declined { code: code("51") };
    assert_eq!(case(declined, Some("51"), "00", true).reason(), "declined, booked at the bank");
    assert_eq!(case(declined, Some("00"), "51", false).reason(), "declined, approved to the acquirer");
}

#[test]
fn planted_amounts_and_cards_are_found() {
    let mut planted = case(approved(), Some("00"), "00", true);
    planted.entries[0].note.payment.amount = 501;
    assert_eq!(planted.reason(), "another amount at the bank");
    let mut planted = case(approved(), Some("00"), "00", true);
    planted.seen[0].payment.amount = 50;
    assert_eq!(planted.reason(), "another amount at the acquirer");
    let mut planted = case(approved(), Some("00"), "00", true);
    planted.entries[0].note.payment.card = Card::of(b"4111111111111112");
    assert_eq!(planted.reason(), "another card at the bank");
}

#[test]
fn what_only_one_knows_is_found() {
    let mut planted = case(approved(), Some("00"), "00", true);
    let other = Payment { stan: 9001, ..planted.entries[0].note.payment };
    planted.entries.push(entry(other, code("00"), true));
    assert_eq!(planted.reason(), "the switch never sent it");
    let mut planted = case(approved(), Some("00"), "00", true);
    planted.entries.push(planted.entries[0]);
    assert_eq!(planted.reason(), "the switch never sent it", "a payment booked twice");
    let mut planted = case(approved(), Some("00"), "00", true);
    planted.entries.clear();
    assert_eq!(planted.reason(), "approved, unknown to the bank");
    let mut planted = case(approved(), Some("00"), "00", true);
    planted.records.truncate(2);
    assert_eq!(planted.reason(), "it never ended");
    let mut planted = case(approved(), Some("00"), "00", true);
    planted.records.clear();
    planted.entries.clear();
    assert_eq!(planted.reason(), "approved to the acquirer, unknown to the switch");
    planted.seen[0].belief = Belief::told(code("96"), 500);
    assert_eq!(planted.compare().refused.count, 1, "refused at the door: nobody else needs to know it");
}
