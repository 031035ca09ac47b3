//! What is taken back, stored and delivered: reversals of ours and of acquirers, advices, a switch that is started again.

use crate::harness::{
    line::Line,
    messages::{field, purchase, reply, set},
    world::World,
};
use banklink_protocol::Message;

/// A bank that is not given long, and is asked again soon.
const HASTY: &str =
    "timeout = \"400ms\"\nbreaker = 0\nconnections = 1\nstore = { spacing = \"50ms\", spacing_max = \"100ms\" }";

/// DE90 as a bank must see it: what it was sent.
fn named(sent: &Message) -> String {
    format!("0200{}{}{:0>11}{:0>11}", field(sent, 11), field(sent, 7), "123456", "0")
}

/// The acquirer's reversal of a payment, with a STAN of its own.
fn reversal_of(request: &Message, mti: &str, stan: &str) -> Message {
    let mut reversal = request.clone();
    reversal.set_mti(mti.parse().unwrap());
    let original = format!("0200{}{}{:0>11}{:0>11}", field(request, 11), field(request, 7), "123456", "0");
    set(&mut reversal, 11, stan);
    set(&mut reversal, 90, &original);
    reversal
}

async fn approved(shop: &mut Line, bank: &mut Line, request: &Message) -> Message {
    shop.send(request).await;
    let sent = bank.answer_next("00").await;
    assert_eq!(field(&shop.expect("0210").await, 39), "00");
    sent
}

#[tokio::test]
async fn case_22_no_answer_is_told_and_reversed_with_exact_original_data() {
    let (world, mut bank, mut shop) = World::ready(HASTY).await;
    let mut request = purchase("iso87-ascii");
    set(&mut request, 35, "4111111111111111=30121011000012345678");
    shop.send(&request).await;
    let sent = bank.expect("0200").await;
    assert_eq!(field(&shop.expect("0210").await, 39), "91");
    let reversal = bank.expect("0420").await;
    assert_eq!(field(&reversal, 90), named(&sent));
    assert_eq!(field(&reversal, 39), "68");
    for same in [2, 3, 4, 12, 13, 14, 18, 22, 32, 37, 41, 42, 49] {
        assert_eq!(field(&reversal, same), field(&sent, same), "DE{same}");
    }
    assert!(!reversal.has(35) && !reversal.has(52), "no track, no PIN");
    bank.send(&reply(&reversal, "00")).await;
    world.until_bank("acme", |bank| bank.stored == 0).await;
}

#[tokio::test]
async fn case_23_a_reversal_is_repeated_under_the_same_numbers_until_it_is_answered() {
    let (world, mut bank, mut shop) = World::ready(HASTY).await;
    shop.send(&purchase("iso87-ascii")).await;
    bank.expect("0200").await;
    shop.expect("0210").await;
    let first = bank.expect("0420").await;
    for _ in 0..2 {
        let again = bank.expect("0421").await;
        for same in [4, 7, 11, 37, 39, 90] {
            assert_eq!(field(&again, same), field(&first, same), "DE{same}");
        }
    }
    bank.send(&reply(&first, "00")).await;
    world.until_bank("acme", |bank| bank.stored == 0).await;
}

#[tokio::test]
async fn case_24_a_late_approval_is_not_forwarded_and_the_reversal_stands() {
    let (world, mut bank, mut shop) = World::ready(HASTY).await;
    let request = purchase("iso87-ascii");
    shop.send(&request).await;
    let sent = bank.expect("0200").await;
    assert_eq!(field(&shop.expect("0210").await, 39), "91");
    let reversal = bank.expect("0420").await;
    bank.send(&reply(&sent, "00")).await;
    bank.send(&reply(&reversal, "00")).await;
    world.until_bank("acme", |bank| bank.stored == 0 && bank.late == 1).await;
    assert_eq!(field(&shop.ask(&request).await, 39), "91", "what it was told, it is told again");
}

#[tokio::test]
async fn case_26_after_a_dropped_line_the_reversal_goes_before_new_payments() {
    let (mut world, mut bank, mut shop) = World::ready(HASTY).await;
    shop.send(&purchase("iso87-ascii")).await;
    let sent = bank.expect("0200").await;
    bank.close().await;
    assert_eq!(field(&shop.expect("0210").await, 39), "91");
    let mut bank = world.signed_on("acme").await;
    shop.send(&purchase("iso87-ascii")).await;
    let reversal = bank.expect("0420").await;
    assert_eq!(field(&reversal, 90), named(&sent));
    bank.send(&reply(&reversal, "00")).await;
    bank.answer_next("00").await;
    assert_eq!(field(&shop.expect("0210").await, 39), "00");
}

#[tokio::test]
async fn case_27_an_approval_whose_session_is_gone_is_reversed() {
    let (world, mut bank, mut shop) = World::ready_between("undelivered_grace = \"0s\"", HASTY).await;
    shop.send(&purchase("iso87-ascii")).await;
    let sent = bank.expect("0200").await;
    shop.close().await;
    world.until(|snapshot| snapshot.acquirer("shop").is_some_and(|shop| shop.sessions == 0)).await;
    bank.send(&reply(&sent, "00")).await;
    let reversal = bank.expect("0420").await;
    assert_eq!(field(&reversal, 90), named(&sent));
    assert_eq!(field(&reversal, 39), "22");
    bank.send(&reply(&reversal, "00")).await;
    world.until_bank("acme", |bank| bank.stored == 0).await;
}

#[tokio::test]
async fn case_28_a_reversal_that_finds_nothing_is_settled() {
    let (world, mut bank, mut shop) = World::ready(HASTY).await;
    for code in ["25", "94", "12"] {
        shop.send(&purchase("iso87-ascii")).await;
        bank.expect("0200").await;
        shop.expect("0210").await;
        let reversal = bank.expect("0420").await;
        bank.send(&reply(&reversal, code)).await;
        world.until_bank("acme", |bank| bank.stored == 0).await;
    }
}

#[tokio::test]
async fn case_29_a_bank_that_cannot_now_is_asked_again() {
    let (world, mut bank, mut shop) = World::ready(HASTY).await;
    shop.send(&purchase("iso87-ascii")).await;
    bank.expect("0200").await;
    shop.expect("0210").await;
    let first = bank.expect("0420").await;
    bank.send(&reply(&first, "91")).await;
    for code in ["96", "00"] {
        let again = bank.expect("0421").await;
        assert_eq!(field(&again, 11), field(&first, 11));
        bank.send(&reply(&again, code)).await;
    }
    world.until_bank("acme", |bank| bank.stored == 0).await;
}

#[tokio::test]
async fn case_30_an_acquirers_reversal_is_acknowledged_and_goes_to_the_originals_bank() {
    let (world, mut bank, mut shop) = World::ready("").await;
    let request = purchase("iso87-ascii");
    let sent = approved(&mut shop, &mut bank, &request).await;
    shop.send(&reversal_of(&request, "0400", "900101")).await;
    assert_eq!(field(&shop.expect("0410").await, 39), "00");
    let reversal = bank.expect("0420").await;
    assert_eq!(field(&reversal, 90), named(&sent));
    bank.send(&reply(&reversal, "00")).await;
    world.until_bank("acme", |bank| bank.stored == 0).await;
    assert_eq!(
        field(&shop.ask(&reversal_of(&request, "0401", "900101")).await, 39),
        "00",
        "twice, and once at the bank"
    );
    assert_ne!(field(&shop.ask(&request).await, 39), "00", "what is taken back is not approved any more");
}

#[tokio::test]
async fn case_31_a_partial_reversal_says_what_is_left() {
    let (world, mut bank, mut shop) = World::ready("").await;
    let request = purchase("iso87-ascii");
    approved(&mut shop, &mut bank, &request).await;
    let mut partial = reversal_of(&request, "0420", "900102");
    set(&mut partial, 95, "000000004000000000000000C00000000C00000000");
    assert_eq!(field(&shop.ask(&partial).await, 39), "00");
    let reversal = bank.expect("0420").await;
    assert_eq!(&field(&reversal, 95)[..12], "000000004000");
    assert_eq!(field(&reversal, 4), "000000010000", "DE4 is the original's");
    bank.send(&reply(&reversal, "00")).await;
    world.until_bank("acme", |bank| bank.stored == 0).await;
}

#[tokio::test]
async fn case_32_a_reversal_of_something_unknown_declines_it_when_it_comes() {
    let (world, _bank, mut shop) = World::ready("").await;
    for (mti, stan, code) in [("0400", "900103", "25"), ("0420", "900104", "00")] {
        let request = purchase("iso87-ascii");
        assert_eq!(field(&shop.ask(&reversal_of(&request, mti, stan)).await, 39), code);
        assert_eq!(field(&shop.ask(&request).await, 39), "12", "it was taken back before it came");
    }
    assert_eq!(world.bank("acme").await.sent, 0);
}

#[tokio::test]
async fn case_32_a_reversal_of_another_amount_is_refused() {
    let (_world, mut bank, mut shop) = World::ready("").await;
    let request = purchase("iso87-ascii");
    approved(&mut shop, &mut bank, &request).await;
    let mut other = reversal_of(&request, "0400", "900105");
    set(&mut other, 4, "000000009999");
    assert_eq!(field(&shop.ask(&other).await, 39), "64");
}

#[tokio::test]
async fn case_35_an_advice_is_acknowledged_while_its_bank_is_down_and_delivered_once() {
    let (mut world, mut bank, mut shop) = World::ready("connections = 1").await;
    let request = purchase("iso87-ascii");
    approved(&mut shop, &mut bank, &request).await;
    bank.close().await;
    world.until_bank("acme", |bank| bank.up() == 0).await;
    let mut advice = request.clone();
    advice.set_mti("0220".parse().unwrap());
    set(&mut advice, 39, "00");
    set(&mut advice, 12, "120101");
    for _ in 0..2 {
        assert_eq!(field(&shop.ask(&advice).await, 39), "00");
    }
    assert_eq!(world.bank("acme").await.stored, 1);
    let mut bank = world.signed_on("acme").await;
    let delivered = bank.expect("0220").await;
    assert_eq!(field(&delivered, 37), field(&request, 37));
    bank.send(&reply(&delivered, "00")).await;
    world.until_bank("acme", |bank| bank.stored == 0).await;
}

#[tokio::test]
async fn case_40_a_partial_approval_nobody_takes_is_declined_and_reversed() {
    let (world, mut bank, mut shop) = World::ready("").await;
    shop.send(&purchase("iso87-ascii")).await;
    let sent = bank.expect("0200").await;
    let mut part = reply(&sent, "10");
    set(&mut part, 4, "000000002500");
    bank.send(&part).await;
    assert_eq!(field(&shop.expect("0210").await, 39), "51");
    let reversal = bank.expect("0420").await;
    assert_eq!((field(&reversal, 4), field(&reversal, 39)), ("000000002500".to_owned(), "32".to_owned()));
    bank.send(&reply(&reversal, "00")).await;
    world.until_bank("acme", |bank| bank.stored == 0).await;
}

#[tokio::test]
async fn case_55_a_switch_started_again_reverses_what_was_out_and_answers_repeats() {
    let (world, mut bank, mut shop) = World::ready(HASTY).await;
    let (answered, out) = (purchase("iso87-ascii"), purchase("iso87-ascii"));
    approved(&mut shop, &mut bank, &answered).await;
    shop.send(&out).await;
    let sent = bank.expect("0200").await;
    let mut world = world.started_again();
    let mut bank = world.signed_on("acme").await;
    let reversal = bank.expect("0420").await;
    assert_eq!(field(&reversal, 90), named(&sent));
    bank.send(&reply(&reversal, "00")).await;
    let mut shop = world.shop().await;
    for (request, code) in [(&answered, "00"), (&out, "91")] {
        let mut repeat = request.clone();
        repeat.set_mti("0201".parse().unwrap());
        assert_eq!(field(&shop.ask(&repeat).await, 39), code);
    }
    world.until_bank("acme", |bank| bank.stored == 0 && bank.sent == 0).await;
}
