//! Cases 46 and 51 to 54: which bank, which connection, and when none.

use crate::harness::{Line, Setup, World, field, purchase, reply, set};

/// Banks `acme` and `beta`, signed on, and an acquirer.
async fn two_banks(routes: &str) -> (World, Line, Line, Line) {
    let setup = Setup::new().acquirer("shop", "iso87-ascii", "");
    let setup = setup.bank("acme", "iso87-ascii", "").await.bank("beta", "iso87-ascii", "").await;
    let mut world = setup.more(routes).start();
    let (acme, beta) = (world.signed_on("acme").await, world.signed_on("beta").await);
    let shop = world.shop().await;
    (world, acme, beta, shop)
}

const PRIMARY: &str = "[[route]]\ncards = [\"400000-499999\"]\nbanks = [\"acme\", \"beta\"]\n";

#[tokio::test]
async fn case_46_an_answer_may_come_on_another_connection_of_the_bank() {
    let mut world = World::simple("connections = 2").await;
    let mut lines = [world.signed_on("acme").await, world.signed_on("acme").await];
    let mut shop = world.shop().await;
    for _ in 0..4 {
        shop.send(&purchase("iso87-ascii")).await;
        let [one, two] = &mut lines;
        let (asked, other) = tokio::select! {
            asked = one.expect("0200") => (asked, two),
            asked = two.expect("0200") => (asked, one),
        };
        other.send(&reply(&asked, "00")).await;
        assert_eq!(field(&shop.expect("0210").await, 39), "00");
    }
}

#[tokio::test]
async fn case_51_the_narrowest_range_wins_and_an_unknown_card_is_answered_15() {
    let narrow = "[[route]]\ncards = [\"400000-400000\"]\nbanks = [\"acme\"]\n\
                  [[route]]\ncards = [\"40000012-40000012\"]\nbanks = [\"beta\"]\n";
    let (_world, mut acme, mut beta, mut shop) = two_banks(narrow).await;
    let paid = |card: &str| {
        let mut request = purchase("iso87-ascii");
        set(&mut request, 2, card);
        request
    };
    shop.send(&paid("4000001100000009")).await;
    acme.answer_next("00").await;
    assert_eq!(field(&shop.expect("0210").await, 39), "00");
    shop.send(&paid("4000001200000007")).await;
    beta.answer_next("00").await;
    assert_eq!(field(&shop.expect("0210").await, 39), "00");
    assert_eq!(field(&shop.ask(&paid("5000001200000005")).await, 39), "15");
}

#[tokio::test]
async fn case_51_routes_are_reloaded_under_load() {
    let (world, mut acme, mut beta, mut shop) = two_banks(PRIMARY).await;
    let before = purchase("iso87-ascii");
    shop.send(&before).await;
    let asked = acme.expect("0200").await;
    let (text, file) = world.configuration();
    let swapped = text.replace("banks = [\"acme\", \"beta\"]", "banks = [\"beta\"]");
    let config = banklink::config::Config::parse(&swapped, &file).unwrap();
    world.switch.control().reload(config).await.unwrap();
    shop.send(&purchase("iso87-ascii")).await;
    beta.answer_next("00").await;
    assert_eq!(field(&shop.expect("0210").await, 39), "00");
    acme.send(&reply(&asked, "00")).await;
    assert_eq!(field(&shop.expect("0210").await, 37), field(&before, 37), "what was in flight is answered");
}

#[tokio::test]
async fn a_reload_that_changes_more_than_rules_is_refused() {
    let (world, _acme, _beta, _shop) = two_banks(PRIMARY).await;
    let (text, file) = world.configuration();
    let renamed = text.replace("\"beta\"", "\"gamma\"");
    let config = banklink::config::Config::parse(&renamed, &file).unwrap();
    assert!(world.switch.control().reload(config).await.is_err());
}

#[tokio::test]
async fn case_52_the_second_bank_takes_over_and_a_reversal_still_goes_to_the_first() {
    let (mut world, mut acme, mut beta, mut shop) = two_banks(PRIMARY).await;
    let first = purchase("iso87-ascii");
    shop.send(&first).await;
    acme.answer_next("00").await;
    shop.expect("0210").await;
    acme.close().await;
    world.until_bank("acme", |bank| bank.up() == 0).await;
    shop.send(&purchase("iso87-ascii")).await;
    beta.answer_next("00").await;
    assert_eq!(field(&shop.expect("0210").await, 39), "00");
    // The first bank is down: its reversal waits for it rather than going to a bank that knows nothing of the payment.
    let mut reversal = first.clone();
    reversal.set_mti("0400".parse().unwrap());
    let (stan, time) = (field(&first, 11), field(&first, 7));
    set(&mut reversal, 11, "900001");
    set(&mut reversal, 90, &format!("0200{stan}{time}{:0>11}{:0>11}", "123456", "0"));
    assert_eq!(field(&shop.ask(&reversal).await, 39), "00", "it is stored, and acknowledged");
    let mut acme = world.signed_on("acme").await;
    let asked = acme.expect("0420").await;
    assert_ne!(field(&asked, 90)[4..10], stan, "DE90 speaks of the STAN that the bank saw");
    acme.send(&reply(&asked, "00")).await;
    world.until_bank("acme", |bank| bank.stored == 0).await;
    set(&mut reversal, 11, "900002");
    assert_eq!(field(&shop.ask(&reversal).await, 39), "00", "it is reversed already");
    assert_eq!(world.bank("acme").await.stored, 0, "once");
}

#[tokio::test]
async fn case_52_what_was_certainly_not_written_goes_to_the_second_bank() {
    let (world, acme, mut beta, mut shop) = two_banks(PRIMARY).await;
    // Closing without reading on: whatever the switch does first, the payment ends at exactly one bank or is unknown.
    acme.close().await;
    world.until_bank("acme", |bank| bank.up() == 0).await;
    shop.send(&purchase("iso87-ascii")).await;
    beta.answer_next("00").await;
    assert_eq!(field(&shop.expect("0210").await, 39), "00");
}

#[tokio::test]
async fn case_53_a_connection_that_never_answers_is_taken_out_of_routing() {
    let breaker = "connections = 3\ntimeout = \"700ms\"\nbreaker = 2\nnetwork_timeout = \"10s\"";
    let mut world = World::simple(breaker).await;
    let mut lines = Vec::new();
    for _ in 0..3 {
        lines.push(world.signed_on("acme").await);
    }
    let dead = lines.pop().unwrap();
    for mut line in lines {
        tokio::spawn(async move {
            loop {
                line.answer_next("00").await;
            }
        });
    }
    let mut shop = world.shop().await;
    let mut unanswered = 0;
    while world.bank("acme").await.up() == 3 {
        if field(&shop.ask(&purchase("iso87-ascii")).await, 39) != "00" {
            unanswered += 1;
        }
    }
    assert_eq!(unanswered, 2, "the breaker's number of time-outs, and no more");
    for _ in 0..12 {
        assert_eq!(field(&shop.ask(&purchase("iso87-ascii")).await, 39), "00");
    }
    assert_eq!(world.bank("acme").await.timed_out, 2);
    drop(dead);
}

#[tokio::test]
async fn case_53_an_echo_brings_it_back() {
    let breaker = "timeout = \"30ms\"\nbreaker = 1\necho_idle = \"20ms\"\nnetwork_timeout = \"10s\"";
    let (world, mut bank, mut shop) = World::ready(breaker).await;
    assert_eq!(field(&shop.ask(&purchase("iso87-ascii")).await, 39), "91");
    world.until_bank("acme", |bank| bank.up() == 0).await;
    loop {
        let message = bank.receive().await;
        if message.mti().class() == 8 {
            bank.send(&reply(&message, "00")).await;
            break;
        }
    }
    world.until_bank("acme", |bank| bank.up() == 1).await;
}

#[tokio::test]
async fn case_54_three_times_too_much_is_shed_with_91_and_the_rest_answered() {
    let (world, mut bank, mut shop) = World::ready("max_in_flight = 4").await;
    for _ in 0..12 {
        shop.send(&purchase("iso87-ascii")).await;
    }
    for _ in 0..8 {
        assert_eq!(field(&shop.expect("0210").await, 39), "91");
    }
    for _ in 0..4 {
        bank.answer_next("00").await;
        assert_eq!(field(&shop.expect("0210").await, 39), "00");
    }
    assert_eq!(world.bank("acme").await.sent, 4);
}

#[tokio::test]
async fn case_54_an_acquirer_has_a_limit_of_its_own() {
    let (world, mut bank, mut shop) = World::ready_between("max_in_flight = 2\nfull_code = \"96\"", "").await;
    for _ in 0..3 {
        shop.send(&purchase("iso87-ascii")).await;
    }
    assert_eq!(field(&shop.expect("0210").await, 39), "96");
    for _ in 0..2 {
        bank.answer_next("00").await;
        assert_eq!(field(&shop.expect("0210").await, 39), "00");
    }
    assert_eq!(world.until(|_| true).await.acquirers[0].rejected.get("full"), Some(&1));
}

#[tokio::test]
async fn sessions_have_a_limit_and_their_peers_a_list() {
    let (world, _bank, mut shop) = World::ready_between("max_sessions = 1", "").await;
    let mut second = world.shop().await;
    second.expect_end().await;
    assert_eq!(world.until(|snapshot| snapshot.acquirers[0].refused == 1).await.acquirers[0].sessions, 1);
    shop.send_bytes(&[0, 0]).await;
    shop.expect_keep_alive().await;
    let world = World::between("allow = [\"192.0.2.0/24\"]", "").await;
    world.shop().await.expect_end().await;
    world.until(|snapshot| snapshot.acquirers[0].refused == 1).await;
}

#[tokio::test]
async fn an_idle_session_is_closed() {
    let (world, _bank, mut shop) = World::ready_between("idle_timeout = \"20ms\"", "").await;
    shop.expect_end().await;
    world.until(|snapshot| snapshot.acquirers[0].sessions == 0).await;
}
