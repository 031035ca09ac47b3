//! The end: nothing new is taken, what is in flight is finished, the banks are signed off.

use crate::harness::{World, field, patiently, purchase, reply};

#[tokio::test]
async fn case_04_a_drain_finishes_what_is_in_flight_and_signs_off() {
    let (world, mut bank, mut shop) = World::ready("").await;
    let first = purchase("iso87-ascii");
    shop.send(&first).await;
    let asked = bank.expect("0200").await;
    world.switch.drain();
    world.until(|snapshot| snapshot.draining).await;
    assert_eq!(field(&shop.ask(&purchase("iso87-ascii")).await, 39), "91", "nothing new");
    bank.send(&reply(&asked, "00")).await;
    assert_eq!(field(&shop.expect("0210").await, 37), field(&first, 37), "what was in flight");
    let sign_off = bank.expect("0800").await;
    assert_eq!(field(&sign_off, 70), "002");
    bank.send(&reply(&sign_off, "00")).await;
    bank.expect_end().await;
    shop.expect_end().await;
    let last = patiently("the end", tokio::task::spawn_blocking(|| world.switch.join())).await.unwrap();
    assert_eq!((last.banks[0].approved, last.acquirers[0].in_flight), (1, 0));
}

#[tokio::test]
async fn a_drain_does_not_wait_longer_than_the_banks_time_out() {
    let (world, mut bank, mut shop) = World::ready("timeout = \"50ms\"\nnetwork_timeout = \"700ms\"").await;
    shop.send(&purchase("iso87-ascii")).await;
    bank.expect("0200").await;
    world.switch.drain();
    assert_eq!(field(&shop.expect("0210").await, 39), "91");
    let last = patiently("the end", tokio::task::spawn_blocking(|| world.switch.join())).await.unwrap();
    assert_eq!(last.banks[0].timed_out, 1);
}

#[tokio::test]
async fn a_drain_takes_no_new_sessions() {
    let (world, mut bank, mut shop) = World::ready("").await;
    shop.send(&purchase("iso87-ascii")).await;
    let asked = bank.expect("0200").await;
    let address = world.acquirer_address("shop");
    world.switch.drain();
    world.until(|snapshot| snapshot.draining).await;
    // The listener is closed: refused at once, or reset where the connection was waiting to be taken.
    if let Ok(stream) = tokio::net::TcpStream::connect(address).await {
        let mut byte = [0];
        let read = patiently("the end", tokio::io::AsyncReadExt::read(&mut { stream }, &mut byte)).await;
        assert!(!matches!(read, Ok(1)));
    }
    bank.send(&reply(&asked, "00")).await;
    shop.expect("0210").await;
}
