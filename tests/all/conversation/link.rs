//! Cases 2 to 8: the life of a link.

use crate::harness::{World, field, network, purchase, reply};
use banklink_protocol::Dialect;

const PATIENT_ECHO: &str = "echo_idle = \"20ms\"\nnetwork_timeout = \"10s\"";

#[tokio::test]
async fn case_02_a_signed_on_connection_takes_payments() {
    let (_world, mut bank, mut shop) = World::ready("").await;
    shop.send(&purchase("iso87-ascii")).await;
    bank.answer_next("00").await;
    assert_eq!(field(&shop.expect("0210").await, 39), "00");
}

#[tokio::test]
async fn case_02_a_declined_sign_on_means_no_payments() {
    let mut world = World::simple("").await;
    let mut bank = world.connection("acme").await;
    bank.sign_on("05").await;
    bank.expect_end().await;
    // The next try is a sign-on again, and still nothing else has been sent.
    world.connection("acme").await.expect("0800").await;
    assert_eq!(field(&world.shop().await.ask(&purchase("iso87-ascii")).await, 39), "91");
}

#[tokio::test]
async fn case_03_before_sign_on_a_payment_is_answered_91_and_nothing_is_sent() {
    let mut world = World::simple("").await;
    let mut bank = world.connection("acme").await;
    let sign_on = bank.expect("0800").await;
    assert_eq!(field(&world.shop().await.ask(&purchase("iso87-ascii")).await, 39), "91");
    bank.send(&reply(&sign_on, "00")).await;
    world.until_bank("acme", |bank| bank.up() == 1).await;
    // The next thing the bank sees is a later payment, not the refused one.
    let mut shop = world.shop().await;
    let second = purchase("iso87-ascii");
    shop.send(&second).await;
    assert_eq!(field(&bank.answer_next("00").await, 37), field(&second, 37));
    shop.expect("0210").await;
}

#[tokio::test]
async fn case_04_a_bank_that_signs_off_gets_nothing_new_and_still_answers() {
    let (world, mut bank, mut shop) = World::ready("").await;
    let first = purchase("iso87-ascii");
    shop.send(&first).await;
    let asked = bank.expect("0200").await;
    bank.send(&network(&Dialect::named("iso87-ascii").unwrap(), "002")).await;
    assert_eq!(field(&bank.expect("0810").await, 39), "00");
    world.until_bank("acme", |bank| bank.up() == 0).await;
    assert_eq!(field(&shop.ask(&purchase("iso87-ascii")).await, 39), "91");
    bank.send(&reply(&asked, "00")).await;
    assert_eq!(field(&shop.expect("0210").await, 37), field(&first, 37));
}

#[tokio::test]
async fn case_05_an_idle_link_is_echoed() {
    let (world, mut bank, _shop) = World::ready(PATIENT_ECHO).await;
    for _ in 0..3 {
        let echo = bank.expect("0800").await;
        assert_eq!(field(&echo, 70), "301");
        bank.send(&reply(&echo, "00")).await;
    }
    assert_eq!(world.bank("acme").await.echoes_missed, 0);
}

#[tokio::test]
async fn case_05_the_banks_echo_is_answered() {
    let (_world, mut bank, _shop) = World::ready("").await;
    let echo = network(&Dialect::named("iso87-ascii").unwrap(), "301");
    let answer = bank.ask(&echo).await;
    for echoed in [7, 11, 70] {
        assert_eq!(field(&answer, echoed), field(&echo, echoed), "DE{echoed}");
    }
    assert_eq!(field(&answer, 39), "00");
}

#[tokio::test]
async fn case_06_three_missed_echoes_reconnect_and_sign_on() {
    let (mut world, mut bank, _shop) = World::ready("echo_idle = \"10ms\"\nnetwork_timeout = \"700ms\"").await;
    for _ in 0..3 {
        assert_eq!(field(&bank.expect("0800").await, 70), "301");
    }
    bank.expect_end().await;
    let mut again = world.connection("acme").await;
    again.sign_on("00").await;
    assert!(world.bank("acme").await.echoes_missed >= 3);
}

#[tokio::test]
async fn case_07_an_idle_link_stays_up() {
    let (world, mut bank, mut shop) = World::ready(PATIENT_ECHO).await;
    for _ in 0..20 {
        let echo = bank.expect("0800").await;
        bank.send(&reply(&echo, "00")).await;
    }
    // Payments still go by the same connection; echoes may be between.
    shop.send(&purchase("iso87-ascii")).await;
    loop {
        let message = bank.receive().await;
        bank.send(&reply(&message, "00")).await;
        if message.mti().class() == 2 {
            break;
        }
    }
    assert_eq!(field(&shop.expect("0210").await, 39), "00");
    assert_eq!(world.bank("acme").await.disconnects, 0);
}

#[tokio::test]
async fn case_08_a_keep_alive_is_answered_by_the_listening_side_and_not_every_time() {
    let (_world, mut bank, mut shop) = World::ready("").await;
    shop.send_bytes(&[0, 0]).await;
    shop.expect_keep_alive().await;
    // A burst is not echoed: the next thing that comes is the answer to a message.
    shop.send_bytes(&[0; 200]).await;
    bank.send_bytes(&[0, 0]).await;
    shop.send(&purchase("iso87-ascii")).await;
    // We dialled the bank, so its keep-alive is taken and not echoed: it gets the payment first.
    bank.answer_next("00").await;
    assert_eq!(field(&shop.expect("0210").await, 39), "00");
}

#[tokio::test]
async fn an_acquirers_own_echo_is_answered_by_the_switch() {
    let (_world, _bank, mut shop) = World::ready("").await;
    let answer = shop.ask(&network(&Dialect::named("iso87-ascii").unwrap(), "301")).await;
    assert_eq!(field(&answer, 39), "00");
}
