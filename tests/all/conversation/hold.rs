//! Pre-authorisations: increments, completions, voids, expiry.

use crate::harness::{
    line::Line,
    messages::{field, purchase, reply, set},
    patiently,
    world::World,
};
use banklink::record::{Decision, PaymentId};
use banklink_protocol::Message;

/// A message of the transaction of `first`, under a trace of its own; it names `first` in its original data.
fn follows(first: &Message, mti: &str, amount: u64) -> Message {
    let mut message = first.clone();
    message.set_mti(mti.parse().unwrap());
    let fresh = purchase("iso87-ascii");
    set(&mut message, 11, &field(&fresh, 11));
    set(&mut message, 4, &format!("{amount:012}"));
    let original =
        format!("{}{}{}{:0>11}{:0>11}", first.mti(), field(first, 11), field(first, 7), field(first, 32), "0");
    set(&mut message, 90, &original);
    message
}

/// DE90 as a bank must see it: what it was sent.
fn named(sent: &Message) -> String {
    format!("{}{}{}{:0>11}{:0>11}", sent.mti(), field(sent, 11), field(sent, 7), field(sent, 32), "0")
}

/// Approved by the bank.
async fn approved(shop: &mut Line, bank: &mut Line, request: &Message) -> Message {
    shop.send(request).await;
    let sent = bank.expect(&request.mti().to_string()).await;
    bank.send(&reply(&sent, "00")).await;
    let answer = shop.receive().await;
    assert_eq!((Some(answer.mti()), field(&answer, 39).as_str()), (request.mti().response(), "00"));
    sent
}

/// Acknowledged by the switch and delivered to the bank.
async fn delivered(world: &World, shop: &mut Line, bank: &mut Line, message: &Message) -> Message {
    assert_eq!(field(&shop.ask(message).await, 39), "00");
    let sent = bank.receive().await;
    bank.send(&reply(&sent, "00")).await;
    world.until_bank("acme", |bank| bank.stored == 0).await;
    sent
}

/// A bank's hold of 100.00: the acquirer's request, and what the bank was sent.
async fn held(more: &str) -> (World, Line, Line, Message, Message) {
    let (world, mut bank, mut shop) = World::ready(more).await;
    let mut request = purchase("iso87-ascii");
    request.set_mti("0100".parse().unwrap());
    let sent = approved(&mut shop, &mut bank, &request).await;
    (world, bank, shop, request, sent)
}

#[tokio::test]
async fn case_33_a_void_of_the_same_day_ends_the_hold() {
    let (world, mut bank, mut shop, request, sent) = held("").await;
    let void = delivered(&world, &mut shop, &mut bank, &follows(&request, "0400", 10_000)).await;
    assert_eq!((void.mti().to_string().as_str(), field(&void, 90)), ("0420", named(&sent)));
    assert_eq!(field(&shop.ask(&follows(&request, "0200", 10_000)).await, 39), "25", "nothing is held any more");
    assert_eq!(world.bank("acme").await.sent, 1);
}

#[tokio::test]
async fn case_33_a_void_after_the_cutover_is_of_the_bank_s_new_day() {
    let (world, mut bank, mut shop) = World::ready("").await;
    let mut request = purchase("iso87-ascii");
    request.set_mti("0100".parse().unwrap());
    shop.send(&request).await;
    let sent = bank.expect("0100").await;
    let mut answer = reply(&sent, "00");
    set(&mut answer, 15, "1123");
    bank.send(&answer).await;
    assert_eq!(field(&shop.expect("0110").await, 15), "1123", "the bank decides the settlement date");
    let mut void = follows(&request, "0400", 10_000);
    set(&mut void, 15, "1123");
    assert_eq!(field(&shop.ask(&void).await, 39), "00");
    let reversal = bank.expect("0420").await;
    assert_eq!((field(&reversal, 90), field(&reversal, 15)), (named(&sent), "1123".to_owned()));
    let mut answer = reply(&reversal, "00");
    set(&mut answer, 15, "1124");
    bank.send(&answer).await;
    world.until_bank("acme", |bank| bank.stored == 0).await;
    assert_eq!(field(&shop.ask(&follows(&request, "0200", 1)).await, 39), "25");
}

#[tokio::test]
async fn case_34_a_lower_completion_takes_its_part_and_ends_the_hold() {
    for mti in ["0200", "0220"] {
        let (world, mut bank, mut shop, request, sent) = held("").await;
        let completion = follows(&request, mti, 6_000);
        let taken = match mti {
            "0200" => approved(&mut shop, &mut bank, &completion).await,
            _ => delivered(&world, &mut shop, &mut bank, &completion).await,
        };
        assert_eq!((field(&taken, 4), field(&taken, 90)), ("000000006000".to_owned(), named(&sent)));
        assert_eq!(field(&shop.ask(&completion).await, 39), "00", "a resend is the same one");
        assert_eq!(field(&shop.ask(&follows(&request, "0200", 4_000)).await, 39), "25");
    }
}

#[tokio::test]
async fn case_34_increments_are_held_too_and_many_completions_take_until_nothing_remains() {
    let (world, mut bank, mut shop, request, sent) = held("hold = { completions = \"many\" }").await;
    assert_eq!(field(&shop.ask(&follows(&request, "0200", 12_000)).await, 39), "13");
    let increment = approved(&mut shop, &mut bank, &follows(&request, "0100", 5_000)).await;
    assert_eq!(field(&increment, 90), named(&sent));
    let first = follows(&request, "0200", 12_000);
    approved(&mut shop, &mut bank, &first).await;
    assert_eq!(field(&shop.ask(&follows(&request, "0200", 3_001)).await, 39), "13");
    delivered(&world, &mut shop, &mut bank, &follows(&first, "0400", 12_000)).await;
    approved(&mut shop, &mut bank, &follows(&request, "0200", 15_000)).await;
    assert_eq!(field(&shop.ask(&follows(&request, "0200", 1)).await, 39), "25");
}

#[tokio::test]
async fn case_34_a_higher_completion_goes_as_far_as_its_bank_allows() {
    let (world, mut bank, mut shop, request, _) = held("hold = { excess = 15 }").await;
    assert_eq!(field(&shop.ask(&follows(&request, "0200", 11_501)).await, 39), "13");
    let advice = follows(&request, "0220", 11_501);
    assert_eq!(field(&shop.ask(&advice).await, 39), "00", "nobody may decline it");
    let stored = world.switch.control().stored().await;
    assert_eq!(stored[0].parked.as_deref(), Some("Uncovered"));
    assert_eq!(world.bank("acme").await.sent, 1, "and it is not sent");
    assert!(world.switch.control().decide(PaymentId(stored[0].item), Decision::Resolve, "anna: entered by hand").await);
    approved(&mut shop, &mut bank, &follows(&request, "0200", 11_500)).await;
}

#[tokio::test]
async fn case_34_a_second_completion_is_refused_or_left_to_people() {
    let (world, mut bank, mut shop, request, _) = held("").await;
    delivered(&world, &mut shop, &mut bank, &follows(&request, "0220", 10_000)).await;
    assert_eq!(field(&shop.ask(&follows(&request, "0200", 10_000)).await, 39), "25");
    let double = follows(&request, "0220", 10_000);
    assert_eq!(field(&shop.ask(&double).await, 39), "00");
    let mut world = world.started_again();
    let mut bank = world.signed_on("acme").await;
    let stored = world.switch.control().stored().await;
    assert_eq!((stored.len(), stored[0].parked.as_deref()), (1, Some("Uncovered")), "also after a restart");
    assert!(world.switch.control().decide(PaymentId(stored[0].item), Decision::Retry, "anna: two nights").await);
    let sent = bank.expect("0220").await;
    assert_eq!(field(&sent, 4), "000000010000");
    bank.send(&reply(&sent, "00")).await;
    world.until_bank("acme", |bank| bank.stored == 0).await;
}

#[tokio::test]
async fn case_34_an_expired_hold_covers_nothing() {
    let (world, _bank, mut shop, request, _) = held("hold = { life = \"1ms\" }").await;
    patiently("expiry", async {
        // Too high as long as it lives, then too late.
        while field(&shop.ask(&follows(&request, "0200", 10_001)).await, 39) != "25" {}
    })
    .await;
    assert_eq!(field(&shop.ask(&follows(&request, "0200", 1)).await, 39), "25");
    assert_eq!(field(&shop.ask(&follows(&request, "0220", 1)).await, 39), "00");
    let bank = world.bank("acme").await;
    assert_eq!((bank.sent, bank.parked), (1, 1));
}

#[tokio::test]
async fn case_34_a_completion_in_doubt_gives_back_what_it_took() {
    let (world, mut bank, mut shop, request, _) = held("timeout = \"400ms\"\nbreaker = 0").await;
    shop.send(&follows(&request, "0200", 10_000)).await;
    let completion = bank.expect("0200").await;
    assert_eq!(field(&shop.expect("0210").await, 39), "91");
    let reversal = bank.expect("0420").await;
    assert_eq!(field(&reversal, 90), named(&completion));
    bank.send(&reply(&reversal, "00")).await;
    world.until_bank("acme", |bank| bank.stored == 0).await;
    approved(&mut shop, &mut bank, &follows(&request, "0200", 10_000)).await;
}
