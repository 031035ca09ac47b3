//! Cases 36 to 39: what is a duplicate, and what only looks like one.

use crate::harness::{Setup, World, field, purchase, reply, set};
use banklink::net::time::SystemClock;
use banklink_protocol::element::Transmission;

#[tokio::test]
async fn case_36_a_duplicate_in_flight_has_one_effect_and_the_same_answer() {
    let (world, mut bank, mut shop) = World::ready("").await;
    let request = purchase("iso87-ascii");
    shop.send(&request).await;
    let asked = bank.expect("0200").await;
    shop.send(&request).await;
    world.until(|snapshot| snapshot.acquirers[0].attached == 1).await;
    bank.send(&reply(&asked, "00")).await;
    let (first, second) = (shop.expect("0210").await, shop.expect("0210").await);
    for same in [11, 37, 38, 39] {
        assert_eq!(field(&first, same), field(&second, same), "DE{same}");
    }
    assert_eq!(world.bank("acme").await.sent, 1);
}

#[tokio::test]
async fn case_36_a_duplicate_after_the_answer_does_not_reach_the_bank() {
    let (world, mut bank, mut shop) = World::ready("").await;
    let request = purchase("iso87-ascii");
    shop.send(&request).await;
    bank.answer_next("00").await;
    let first = shop.expect("0210").await;
    let again = shop.ask(&request).await;
    let all = |message: &banklink_protocol::Message| -> Vec<_> {
        message.fields().map(|field| (field, message.text(field))).collect()
    };
    assert_eq!(all(&again), all(&first), "the stored answer, field by field");
    assert_eq!(world.bank("acme").await.sent, 1);
}

#[tokio::test]
async fn case_37_a_repeat_joins_its_original() {
    let (world, mut bank, mut shop) = World::ready("").await;
    let request = purchase("iso87-ascii");
    shop.send(&request).await;
    let asked = bank.expect("0200").await;
    let mut repeat = request.clone();
    repeat.set_mti("0201".parse().unwrap());
    shop.send(&repeat).await;
    world.until(|snapshot| snapshot.acquirers[0].attached == 1).await;
    bank.send(&reply(&asked, "00")).await;
    assert_eq!(field(&shop.expect("0210").await, 38), field(&shop.expect("0210").await, 38));
    assert_eq!(world.bank("acme").await.sent, 1);
}

#[tokio::test]
async fn case_38_the_same_stan_of_another_terminal_or_day_is_no_duplicate() {
    let (world, mut bank, mut shop) = World::ready("").await;
    let first = purchase("iso87-ascii");
    let (mut terminal, mut day) = (first.clone(), first.clone());
    set(&mut terminal, 41, "TERM0002");
    set(&mut day, 13, "1124");
    for request in [&first, &terminal, &day] {
        shop.send(request).await;
        bank.answer_next("00").await;
        assert_eq!(field(&shop.expect("0210").await, 39), "00");
    }
    assert_eq!(world.bank("acme").await.sent, 3);
}

#[tokio::test]
async fn case_39_the_same_key_with_another_amount_is_answered_94() {
    let (world, mut bank, mut shop) = World::ready("").await;
    let request = purchase("iso87-ascii");
    shop.send(&request).await;
    let asked = bank.expect("0200").await;
    let mut other = request.clone();
    set(&mut other, 4, "000000020000");
    assert_eq!(field(&shop.ask(&other).await, 39), "94");
    bank.send(&reply(&asked, "00")).await;
    assert_eq!(field(&shop.expect("0210").await, 4), field(&request, 4));
    assert_eq!(world.bank("acme").await.sent, 1);
}

/// A switch that remembers two payments only, and then none at all, reads in its journal what it was.
#[tokio::test]
async fn case_36_what_was_forgotten_is_read_back_and_so_is_what_was_before_a_restart() {
    let setup = Setup::new().acquirer("shop", "iso87-ascii", "").more("[switch]\nrecent = 2");
    let mut world = setup.bank("acme", "iso87-ascii", "").await.start();
    let mut bank = world.signed_on("acme").await;
    let mut shop = world.shop().await;
    let mut requests = Vec::new();
    // The terminal's clock is forty days behind.
    const FORTY_DAYS: i64 = 40 * 86_400_000_000;
    let date = Transmission::from_wall(SystemClock::start().now().wall.0 - FORTY_DAYS).to_string();
    for second in 0..6 {
        let mut request = purchase("iso87-ascii");
        set(&mut request, 13, &date[..4]);
        set(&mut request, 12, &format!("12000{second}"));
        shop.send(&request).await;
        let asked = bank.answer_next("00").await;
        requests.push((request, asked, shop.expect("0210").await));
    }
    let again = shop.ask(&requests[0].0).await;
    for same in [11, 37, 38, 39] {
        assert_eq!(field(&again, same), field(&requests[0].2, same), "DE{same}");
    }
    for _ in 0..3 {
        // Each start leaves the one before it behind a snapshot.
        world = world.started_again();
        bank = world.signed_on("acme").await;
        shop = world.shop().await;
    }
    assert_eq!(field(&shop.ask(&requests[1].0).await, 39), "00");
    assert_eq!(world.bank("acme").await.sent, 0, "the bank has each of them once");
    let (first, asked, _) = &requests[2];
    let mut reversal = first.clone();
    reversal.set_mti("0400".parse().unwrap());
    set(&mut reversal, 11, "900001");
    set(&mut reversal, 90, &format!("0200{}{}0000012345600000000000", field(first, 11), field(first, 7)));
    assert_eq!(field(&shop.ask(&reversal).await, 39), "00");
    let sent = bank.expect("0420").await;
    assert_eq!(field(&sent, 90)[4..20], format!("{}{}", field(asked, 11), field(asked, 7)), "as the bank was sent it");
}
