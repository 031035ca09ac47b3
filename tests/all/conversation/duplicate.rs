//! Cases 36 to 39: what is a duplicate, and what only looks like one. (In flight; a stored answer comes with the journal.)

use crate::harness::{World, field, purchase, reply, set};

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
