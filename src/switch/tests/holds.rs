//! Pre-authorisations and what follows them (case 34): increments, completions, expiry.

mod lasting;
mod reversals;

use super::rig::{CARD, Rig, Sent, TIMEOUT, connection, known_by, patient, purchase, reply, rules};
use crate::{
    record::{Decision, Hold, Park, PaymentId, Record},
    rules::Rules,
    switch::{Input, NotSent, Note, OutcomeKind, Refusal},
};
use banklink_protocol::Message;
use std::time::Duration;

const DAY: Duration = Duration::from_secs(24 * 3600);

/// A message of this transaction: its RRN, its card and terminal, a trace of its own.
fn of_hold(mti: &str, stan: &str, amount: u64) -> Message {
    let mut message = purchase("000001");
    message.set_mti(mti.parse().unwrap());
    message.set(11, stan.as_bytes()).unwrap();
    message.set(12, format!("04{}", &stan[2..]).as_bytes()).unwrap();
    message.set_number(4, amount).unwrap();
    message
}

/// A pre-authorisation of 100.00.
fn authorization() -> Message {
    let mut message = of_hold("0100", "000001", 10_000);
    message.set(12, b"031846").unwrap();
    message
}

/// DE90 by which the acquirer names a message of its own.
fn named(mti: &str, stan: &str) -> String {
    format!("{mti}{stan}11230318460000001234500000000000")
}

/// What follows the pre-authorisation and names it by its original data.
fn follows(mti: &str, stan: &str, amount: u64) -> Message {
    let mut message = of_hold(mti, stan, amount);
    message.set(90, named("0100", "000001").as_bytes()).unwrap();
    message
}

/// A reversal of what was sent under this type and STAN: all of it, or so that this is left.
fn reverses(mti: &str, stan: &str, amount: u64, reversal: &str, left: Option<u64>) -> Message {
    let mut message = of_hold("0400", reversal, amount);
    message.set(90, named(mti, stan).as_bytes()).unwrap();
    if let Some(left) = left {
        message.set(95, format!("{left:012}{:030}", 0).as_bytes()).unwrap();
    }
    message
}

/// The same for a bank that takes many completions, and 15 % beyond what is held.
fn generous() -> Rules {
    let mut rules = patient();
    (rules.banks[0].holding.many, rules.banks[0].holding.excess) = (true, 15);
    rules
}

/// With a hold of 100.00.
fn holding(rules: Rules) -> (Rig, Sent) {
    let mut rig = Rig::up(rules);
    let sent = rig.answered(authorization(), "00");
    (rig, sent)
}

impl Rig {
    /// Where the hold stands by the last that was recorded of it.
    fn stands(&self) -> Hold {
        let mut holds = self.journal.iter().rev().filter_map(|record| match record {
            Record::Hold { hold, .. } => Some(*hold),
            _ => None,
        });
        holds.next().expect("a hold")
    }

    /// Is refused, and nothing is sent.
    fn refused(&mut self, request: Message, why: Refusal) -> String {
        let sent = self.sent.len();
        self.forget();
        self.request(request);
        assert_eq!(self.outcome(), OutcomeKind::Refused(why));
        assert_eq!(self.sent.len(), sent, "nothing is sent");
        assert!(self.records.is_empty(), "and nothing recorded");
        self.take_code()
    }

    /// Is approved by its bank.
    fn approves(&mut self, request: Message) -> Sent {
        self.answers.clear();
        self.request(request);
        let sent = self.sent.pop().expect("it is sent");
        self.says(&sent, "00");
        assert_eq!(self.take_code(), "00");
        sent
    }

    /// Is acknowledged, and what goes to the bank for it is taken there.
    fn delivers(&mut self, request: Message) -> Sent {
        self.answers.clear();
        self.request(request);
        assert_eq!(self.take_code(), "00");
        let sent = self.take_sent();
        self.says(&sent, "00");
        assert!(self.switch.stored().is_empty(), "the bank has it");
        sent
    }

    /// Is acknowledged, and goes to people.
    fn parks(&mut self, request: Message) -> PaymentId {
        self.forget();
        self.answers.clear();
        self.request(request);
        assert_eq!((self.take_code().as_str(), self.sent.len()), ("00", 0), "acknowledged, and nothing is sent");
        let alarm = self.notes.iter().find_map(|note| match note {
            Note::Parked { item, why: Park::Uncovered, .. } => Some(*item),
            _ => None,
        });
        alarm.expect("people are told")
    }

    fn decides(&mut self, item: PaymentId, decision: Decision) {
        self.input(Input::Decide { item, decision, by: "anna".into() });
    }
}

#[test]
fn a_hold_is_recorded_before_its_approval_and_a_completion_before_it_is_sent() {
    let mut rig = Rig::up(rules(1));
    rig.request(authorization());
    let sent = rig.take_sent();
    rig.forget();
    rig.says(&sent, "00");
    assert_eq!(rig.order, ["hold", "outcome", "answer", "answered"]);
    let until = crate::clock::Wall(rig.now.wall.0 + 7 * DAY.as_micros() as i64);
    let begun = rig.stands();
    assert_eq!((begun.held, begun.taken, begun.until, begun.currency.code()), (10_000, 0, until, 840));
    rig.answers.clear();
    rig.forget();
    rig.request(follows("0200", "000002", 9_000));
    assert_eq!(rig.order, ["received", "hold", "sent", "to bank"]);
    let stands = rig.stands();
    assert_eq!((stands.taken, stands.completions, stands.under_way), (9_000, 1, 1));
    let completion = rig.take_sent();
    assert_eq!(completion.message.text(90), Some(known_by(&sent)), "as the bank knows it");
    rig.forget();
    rig.says(&completion, "00");
    assert_eq!(rig.order, ["outcome", "hold", "answer", "answered"]);
    assert_eq!((rig.stands().taken, rig.stands().under_way), (9_000, 0));
}

#[test]
fn what_holds_nothing_begins_nothing() {
    for (mti, processing, code) in
        [("0100", "310000", "00"), ("0100", "200000", "00"), ("0200", "000000", "00"), ("0100", "000000", "51")]
    {
        let mut rig = Rig::up(rules(1));
        let mut request = authorization();
        request.set_mti(mti.parse().unwrap());
        request.set(3, processing.as_bytes()).unwrap();
        rig.answered(request, code);
        assert!(!rig.journal.iter().any(|record| matches!(record, Record::Hold { .. })), "{mti} {processing} {code}");
    }
}

#[test]
fn case_34_a_completion_takes_what_is_held_or_less_and_ends_the_hold() {
    for mti in ["0200", "0220"] {
        for amount in [10_000, 9_999, 0] {
            let (mut rig, sent) = holding(rules(2));
            let completes = if mti == "0200" { Rig::approves } else { Rig::delivers };
            let completion = completes(&mut rig, follows(mti, "000002", amount));
            assert_eq!((completion.connection, completion.message.text(90)), (sent.connection, Some(known_by(&sent))));
            let code = rig.refused(follows("0200", "000003", 1), Refusal::HoldEnded);
            assert_eq!(code, "25", "{mti} {amount}: completed already");
            rig.parks(follows("0220", "000004", 1));
            assert_eq!(rig.stands().taken, amount);
        }
    }
}

#[test]
fn case_34_a_completion_that_is_too_high_is_declined_by_us() {
    let (mut rig, _) = holding(rules(1));
    assert_eq!(rig.refused(follows("0200", "000002", 10_001), Refusal::NotCovered), "13");
    rig.approves(follows("0200", "000003", 10_000));
}

#[test]
fn as_much_beyond_the_hold_as_its_bank_allows() {
    let mut china = rules(1);
    china.banks[0].holding.excess = 15;
    let (mut rig, _) = holding(china);
    rig.refused(follows("0200", "000002", 11_501), Refusal::NotCovered);
    rig.approves(follows("0200", "000003", 11_500));
}

#[test]
fn another_currency_is_not_covered() {
    let (mut rig, _) = holding(rules(1));
    let mut euros = follows("0200", "000002", 10);
    euros.set(49, b"978").unwrap();
    assert_eq!(rig.refused(euros, Refusal::NotCovered), "13");
    let mut unsaid = follows("0200", "000003", 10);
    unsaid.remove(49);
    rig.approves(unsaid);
}

#[test]
fn two_at_the_same_time_are_not_covered_by_the_same_money() {
    let (mut rig, _) = holding(generous());
    rig.request(follows("0200", "000002", 6_000));
    let first = rig.take_sent();
    rig.refused(follows("0200", "000003", 6_000), Refusal::NotCovered);
    rig.request(follows("0200", "000004", 5_500));
    let second = rig.take_sent();
    rig.says(&first, "51");
    assert_eq!(rig.take_code(), "51");
    rig.says(&second, "00");
    assert_eq!(rig.stands().taken, 5_500, "a decline gives back");
    rig.approves(follows("0200", "000005", 6_000));
    rig.refused(follows("0200", "000006", 0), Refusal::HoldEnded);
    assert_eq!((rig.stands().taken, rig.stands().completions), (11_500, 2));
}

#[test]
fn what_certainly_was_not_sent_gives_back() {
    let (mut rig, _) = holding(rules(1));
    rig.request(follows("0200", "000002", 10_000));
    let sent = rig.take_sent();
    rig.not_sent(sent, NotSent::Full);
    assert_eq!((rig.take_code().as_str(), rig.stands().taken), ("91", 0));
    rig.approves(follows("0200", "000003", 10_000));
}

#[test]
fn a_completion_that_is_sent_again_on_another_connection_takes_once() {
    let mut two = rules(1);
    two.banks[0].connections = 2;
    let (mut rig, _) = holding(two);
    rig.request(follows("0200", "000002", 6_000));
    let sent = rig.take_sent();
    rig.not_sent(sent, NotSent::Full);
    let again = rig.take_sent();
    assert_eq!((rig.stands().taken, rig.stands().under_way), (6_000, 1));
    rig.says(&again, "00");
    assert_eq!((rig.stands().taken, rig.stands().completions), (6_000, 1));
}

#[test]
fn an_unknown_outcome_gives_back_when_its_reversal_is_stored() {
    let (mut rig, _) = holding(patient());
    rig.request(follows("0200", "000002", 10_000));
    rig.take_sent();
    rig.forget();
    rig.pass(TIMEOUT);
    assert_eq!(rig.order, ["outcome", "queued", "hold", "tried", "to bank", "answer", "answered"]);
    assert_eq!((rig.take_code().as_str(), rig.stands().taken, rig.stands().completions), ("68", 0, 0));
    let reversal = rig.take_sent();
    rig.approves(follows("0200", "000003", 10_000));
    rig.says(&reversal, "00");
    assert_eq!(rig.stands().taken, 10_000);
}

#[test]
fn an_unknown_outcome_that_is_not_reversed_has_taken() {
    let mut never = patient();
    never.banks[0].reversal.never = vec![(9, 9)];
    let (mut rig, _) = holding(never);
    let mut completion = follows("0200", "000002", 10_000);
    completion.set(3, b"090000").unwrap();
    rig.request(completion);
    rig.take_sent();
    rig.pass(TIMEOUT);
    assert!(rig.sent.is_empty());
    assert_eq!((rig.stands().taken, rig.stands().under_way), (10_000, 0));
    let taken = rig.stands();
    rig.crash();
    assert_eq!(rig.stands(), taken, "nor is it given back by a restart");
}

#[test]
fn case_34_an_increment_adds_what_its_bank_approves() {
    let mut parts = generous();
    parts.banks[0].holding.excess = 0;
    parts.acquirers[0].partial_approvals = true;
    let (mut rig, sent) = holding(parts);
    rig.refused(follows("0200", "000002", 12_000), Refusal::NotCovered);
    let increment = rig.approves(follows("0100", "000003", 2_000));
    assert_eq!(increment.message.text(90), Some(known_by(&sent)));
    assert_eq!(rig.stands().held, 12_000);
    rig.answered(follows("0100", "000004", 5_000), "51");
    assert_eq!(rig.stands().held, 12_000, "a decline adds nothing");
    rig.request(follows("0100", "000005", 5_000));
    let increment = rig.take_sent();
    assert_eq!((rig.stands().held, rig.stands().under_way), (12_000, 1), "nor what is not answered");
    let mut part = reply(&increment.message, "10");
    part.set_number(4, 1_000).unwrap();
    rig.bank_says(increment.connection, part);
    assert_eq!((rig.take_code().as_str(), rig.stands().held), ("10", 13_000));
    rig.request(follows("0100", "000006", 5_000));
    rig.take_sent();
    rig.pass(TIMEOUT);
    assert_eq!((rig.take_code().as_str(), rig.stands().held, rig.stands().under_way), ("68", 13_000, 0));
    rig.approves(follows("0200", "000007", 13_000));
    assert_eq!(
        rig.refused(follows("0100", "000008", 1), Refusal::HoldEnded),
        "25",
        "what is completed is not added to"
    );
}

#[test]
fn case_34_a_hold_expires() {
    let mut short = rules(1);
    short.banks[0].holding.life = 5 * DAY;
    for (later, expired) in [(5 * DAY - Duration::from_secs(1), false), (5 * DAY, true)] {
        let (mut rig, _) = holding(short_of(&short));
        let begun = rig.now.wall.0;
        rig.now.wall.0 = begun + later.as_micros() as i64;
        if expired {
            assert_eq!(rig.refused(follows("0200", "000002", 1), Refusal::HoldEnded), "25");
            assert_eq!(rig.refused(follows("0100", "000003", 1), Refusal::HoldEnded), "25");
            rig.parks(follows("0220", "000004", 1));
        } else {
            rig.approves(follows("0200", "000002", 1));
        }
    }
}

/// The same rules again.
fn short_of(rules: &Rules) -> Rules {
    let mut again = super::rig::rules(1);
    again.banks[0].holding = rules.banks[0].holding.clone();
    again
}

#[test]
fn an_advice_that_is_not_covered_is_for_people_and_holds_nothing_up() {
    let (mut rig, _) = holding(rules(1));
    let higher = rig.parks(follows("0220", "000002", 10_001));
    let stored = rig.switch.stored();
    assert_eq!((stored.len(), stored[0].of, stored[0].parked), (1, Some(PaymentId(1)), Some(Park::Uncovered)));
    rig.request(follows("0220", "000002", 10_001));
    assert_eq!((rig.take_code().as_str(), rig.switch.stored().len()), ("00", 1), "a resend is the same one");
    rig.request(follows("0220", "000003", 10_000));
    let covered = rig.take_sent();
    rig.says(&covered, "00");
    rig.answers.clear();
    rig.decides(higher, Decision::Resolve);
    assert!(rig.sent.is_empty() && rig.switch.stored().is_empty());
    let double = rig.parks(follows("0220", "000004", 10_000));
    rig.decides(double, Decision::Retry);
    let sent = rig.take_sent();
    assert_eq!((sent.message.mti().to_string().as_str(), sent.message.number(4)), ("0220", Some(10_000)));
    assert_eq!((rig.stands().taken, rig.stands().completions), (20_000, 2), "people know what they do");
    rig.says(&sent, "00");
    assert!(rig.switch.stored().is_empty());
}

#[test]
fn a_completion_may_name_its_hold_by_the_rrn_if_it_says_that_it_is_one() {
    for (field, value) in [(38, "A1B2C3"), (25, "06")] {
        let (mut rig, sent) = holding(rules(2));
        let mut completion = of_hold("0200", "000002", 10_000);
        completion.set(field, value.as_bytes()).unwrap();
        let first = rig.approves(completion.clone());
        assert_eq!(first.connection, sent.connection);
        completion.set(11, b"000003").unwrap();
        rig.refused(completion, Refusal::HoldEnded);
    }
    let (mut rig, _) = holding(rules(1));
    rig.approves(of_hold("0200", "000002", 99_000));
    assert_eq!(rig.stands().taken, 0, "a payment that says nothing of another is its own");
}

#[test]
fn what_is_no_completion_takes_nothing() {
    let (mut rig, _) = holding(rules(1));
    let mut refund = follows("0200", "000002", 99_000);
    refund.set(3, b"200000").unwrap();
    rig.approves(refund);
    let mut of_another = follows("0200", "000003", 99_000);
    of_another.set(2, b"5500000000000004").unwrap();
    rig.approves(of_another);
    assert_eq!(rig.stands().taken, 0);
    rig.approves(follows("0200", "000004", 10_000));
}

#[test]
fn what_follows_names_the_first_by_the_rrn_and_not_one_another() {
    let (mut rig, sent) = holding(generous());
    rig.approves(follows("0100", "000002", 1_000));
    rig.approves(follows("0200", "000003", 1_000));
    let completion = rig.delivers(of_hold("0220", "000004", 1_000));
    assert_eq!(completion.connection, sent.connection);
    assert_eq!((rig.stands().held, rig.stands().taken), (11_000, 2_000));
}

#[test]
fn a_completion_may_name_the_last_increment() {
    let (mut rig, _) = holding(rules(1));
    let increment = rig.approves(follows("0100", "000002", 1_000));
    let mut completion = of_hold("0200", "000003", 11_001);
    completion.set(90, named("0100", "000002").as_bytes()).unwrap();
    rig.refused(completion.clone(), Refusal::NotCovered);
    completion.set_number(4, 11_000).unwrap();
    let sent = rig.approves(completion);
    assert_eq!(sent.message.text(90), Some(known_by(&increment)));
    rig.refused(follows("0200", "000004", 1), Refusal::HoldEnded);
}

#[test]
fn of_what_is_not_answered_yet_nothing_can_be_taken() {
    let mut rig = Rig::up(rules(1));
    rig.request(authorization());
    let sent = rig.take_sent();
    assert_eq!(rig.refused(follows("0200", "000002", 1), Refusal::InProgress), "09");
    rig.parks(follows("0220", "000003", 1));
    rig.says(&sent, "00");
    rig.answers.clear();
    rig.approves(follows("0200", "000004", 1));
}

#[test]
fn a_part_that_was_approved_is_what_is_held() {
    let mut parts = rules(1);
    parts.acquirers[0].partial_approvals = true;
    let mut rig = Rig::up(parts);
    rig.request(authorization());
    let sent = rig.take_sent();
    let mut part = reply(&sent.message, "10");
    part.set_number(4, 4_000).unwrap();
    rig.bank_says(sent.connection, part);
    rig.answers.clear();
    rig.refused(follows("0200", "000002", 4_001), Refusal::NotCovered);
    rig.approves(follows("0200", "000003", 4_000));
}

#[test]
fn of_1993_a_function_code_says_that_it_follows_and_the_codes_are_its_own() {
    let dialect = banklink_protocol::Dialect::named("iso93-ascii").unwrap();
    let mut acquirer = crate::rules::Acquirer::new("pos", &dialect);
    acquirer.luhn = true;
    let mut bank = crate::rules::Bank::new("bank0", &dialect);
    (bank.connections, bank.breaker, bank.link.echo_idle) = (1, 0, Duration::ZERO);
    let route = crate::rules::Route::to("all", &[crate::switch::BankId(0)]);
    let mut rig = Rig::new(Rules::new(vec![acquirer], vec![bank], vec![route]));
    rig.connects.clear();
    rig.input(Input::ConnectionUp { connection: connection(0, 0) });
    let sign_on = rig.take_sent();
    rig.bank_says(sign_on.connection, reply(&sign_on.message, "800"));
    let request = |mti: &str, stan: &str, function: &str, amount: u64| {
        let mut message = Message::new(&dialect, mti.parse().unwrap());
        let moment = format!("2611230319{}", &stan[4..]);
        let fields = [
            (2, CARD),
            (3, "000000"),
            (7, "1123031846"),
            (11, stan),
            (12, &moment),
            (24, function),
            (32, "12345"),
            (37, "632703000001"),
            (41, "TERM0001"),
            (42, "MERCHANT0000001"),
            (49, "840"),
        ];
        for (field, value) in fields {
            message.set(field, value.as_bytes()).unwrap();
        }
        message.set_number(4, amount).unwrap();
        message
    };
    let approves = |rig: &mut Rig, message| {
        rig.request(message);
        let sent = rig.take_sent();
        rig.says(&sent, "000");
        assert_eq!(rig.take_code(), "000");
    };
    approves(&mut rig, request("1100", "000001", "100", 10_000));
    approves(&mut rig, request("1100", "000002", "106", 2_000));
    assert_eq!(rig.stands().held, 12_000);
    assert_eq!(rig.refused(request("1200", "000003", "202", 12_001), Refusal::NotCovered), "110");
    approves(&mut rig, request("1200", "000004", "202", 11_000));
    assert_eq!(rig.refused(request("1200", "000005", "201", 1), Refusal::HoldEnded), "914");
}
