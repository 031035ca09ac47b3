use super::*;
use crate::simulator::bank::{
    books::{MessageKey, Note},
    rules::Then,
};
use banklink_protocol::{Mti, element::ResponseCode};

fn code(text: &str) -> ResponseCode {
    ResponseCode::parse(text.as_bytes()).expect("a code")
}

fn payment(stan: u32) -> Payment {
    Payment {
        mti: Mti::from_digits(*b"0200").expect("an MTI"),
        stan,
        transmission: 1_123_071_200,
        rrn: Text::of(format!("632707{stan:06}").as_bytes()),
        terminal: Text::of(b"TERM0001"),
        amount: 500,
        card: Card::of(b"4111111111111111"),
    }
}

/// A payment with the code the acquirer was told.
fn seen(stan: u32, told: &str) -> Seen {
    Seen { payment: payment(stan), belief: Belief::told(code(told), 500) }
}

fn believed(stan: u32, belief: Belief) -> Seen {
    Seen { payment: payment(stan), belief }
}

/// An entry of a bank, with a STAN of the switch's own.
fn entry(stan: u32, standing: u64) -> Entry {
    let payment = Payment { stan: stan + 9000, ..payment(stan) };
    let key = MessageKey { class: 2, stan: payment.stan, time: payment.transmission };
    let note = Note {
        payment,
        key,
        code: code("00"),
        then: Then::Answer,
        approval: 1,
        settled: true,
        original: None,
        left: None,
    };
    Entry { note, booked: standing > 0, standing, reversed: standing == 0, tries: 1 }
}

fn line(stan: u32, outcome: SwitchOutcome, reversal: ReversalState) -> SwitchLine {
    SwitchLine { acquirer: "shop".into(), stan, rrn: payment(stan).rrn, amount: 500, outcome, reversal }
}

fn compared(seen: &[Seen], entries: &[Entry], switch: Option<&[SwitchLine]>) -> Agreement {
    settled(&[AcquirerBook { name: "shop", seen }], &[BankBook { name: "alpha", entries }], switch)
}

fn only_kind(agreement: &Agreement) -> Kind {
    assert_eq!((agreement.lines.len(), agreement.disagreements.len()), (1, 1), "{agreement:?}");
    agreement.lines[0].kind
}

#[test]
fn what_is_relied_on_is_booked_once_and_nothing_else_is() {
    let reversed = believed(4, Belief::Reversed { code: code("00") });
    let all = [seen(1, "00"), seen(2, "51"), seen(3, "68"), reversed];
    let agreement = compared(&all, &[entry(1, 500), entry(3, 0), entry(4, 0)], None);
    assert!(agreement.agrees(), "{agreement:?}");
    let Agreement { approved, declined, timed_out, reversed, payments, .. } = agreement;
    assert_eq!((approved.count, declined.count, timed_out.count, reversed.count, payments), (1, 1, 1, 1, 4));
}

#[test]
fn every_kind_of_disagreement_is_found() {
    for (seen, entries, kind) in [
        (seen(1, "00"), vec![], Kind::Lost),
        (seen(1, "00"), vec![entry(1, 0)], Kind::Lost),
        (seen(1, "00"), vec![entry(1, 500), entry(1, 500)], Kind::Doubled),
        (seen(1, "68"), vec![entry(1, 500), entry(1, 500)], Kind::Doubled),
        (seen(1, "51"), vec![entry(1, 500)], Kind::Unknown),
        (seen(1, "68"), vec![entry(1, 500)], Kind::Unknown),
        (believed(1, Belief::Reversed { code: code("00") }), vec![entry(1, 500)], Kind::Unknown),
        (believed(1, Belief::Unknown), vec![entry(1, 500)], Kind::Unknown),
        (believed(1, Belief::Unknown), vec![], Kind::Untold),
        (seen(1, "00"), vec![entry(1, 400)], Kind::OtherAmount),
    ] {
        assert_eq!(only_kind(&compared(&[seen], &entries, None)), kind);
    }
    let mut other = entry(1, 500);
    other.note.payment.card = Card::of(b"4111111111111112");
    assert_eq!(only_kind(&compared(&[seen(1, "00")], &[other], None)), Kind::OtherCard);
    let agreement = compared(&[], &[entry(1, 500)], None);
    assert_eq!((only_kind(&agreement), agreement.lines[0].booked.len()), (Kind::Unknown, 1), "nobody sent it");
    let twice = compared(&[seen(1, "00"), seen(1, "51")], &[entry(1, 500)], None);
    assert_eq!(twice.count(Kind::Ambiguous), 2);
}

#[test]
fn a_payment_booked_at_two_banks_is_doubled() {
    let seen = [seen(1, "00")];
    let (alpha, beta) = ([entry(1, 500)], [entry(1, 500)]);
    let banks = [BankBook { name: "alpha", entries: &alpha }, BankBook { name: "beta", entries: &beta }];
    let agreement = settled(&[AcquirerBook { name: "shop", seen: &seen }], &banks, None);
    assert_eq!(only_kind(&agreement), Kind::Doubled);
    assert_eq!(agreement.lines[0].booked, [("alpha".to_owned(), 500), ("beta".to_owned(), 500)]);
}

#[test]
fn the_switch_is_a_third_witness() {
    use ReversalState::{Done, Due, None as Not};
    use SwitchOutcome::{Approved, Declined, Refused, Unknown};
    let agrees = |seen: Seen, entries: &[Entry], lines: &[SwitchLine]| compared(&[seen], entries, Some(lines)).agrees();
    assert!(agrees(seen(1, "00"), &[entry(1, 500)], &[line(1, Approved, Not)]));
    assert!(agrees(seen(1, "68"), &[], &[line(1, Unknown, Done)]));
    assert!(agrees(seen(1, "51"), &[], &[line(1, Declined, Not)]) && agrees(seen(1, "96"), &[], &[]));
    assert!(agrees(believed(1, Belief::Reversed { code: code("00") }), &[], &[line(1, Approved, Done)]));
    let kind =
        |seen: Seen, entries: &[Entry], lines: &[SwitchLine]| only_kind(&compared(&[seen], entries, Some(lines)));
    assert_eq!(kind(seen(1, "00"), &[entry(1, 500)], &[]), Kind::OtherAtSwitch, "the switch has lost it");
    assert_eq!(kind(seen(1, "00"), &[entry(1, 500)], &[line(1, Refused, Not)]), Kind::OtherAtSwitch);
    assert_eq!(kind(seen(1, "51"), &[], &[line(1, Approved, Not)]), Kind::OtherAtSwitch);
    assert_eq!(kind(seen(1, "68"), &[entry(1, 500)], &[line(1, Unknown, Due)]), Kind::Outstanding);
    assert_eq!(kind(seen(1, "68"), &[entry(1, 500)], &[line(1, Unknown, Done)]), Kind::Unknown);
}
