//! Cases 43 to 45: bytes that are not what they should be.

use crate::harness::{Line, World, field, purchase, reply, set};

/// The body of a purchase with `from` (text) replaced.
fn body(from: &str, to: &str) -> Vec<u8> {
    let mut bytes = bytes::BytesMut::new();
    purchase("iso87-ascii").encode(&mut bytes).unwrap();
    let text = String::from_utf8(bytes.to_vec()).unwrap();
    assert!(text.contains(from), "{from}");
    text.replacen(from, to, 1).into_bytes()
}

/// The session still works.
async fn still_up(shop: &mut Line, bank: &mut Line) {
    shop.send(&purchase("iso87-ascii")).await;
    bank.answer_next("00").await;
    assert_eq!(field(&shop.expect("0210").await, 39), "00");
}

#[tokio::test]
async fn case_43_what_does_not_decode_is_answered_30_with_the_field() {
    let (_world, mut bank, mut shop) = World::ready("").await;
    let mut short = body("", "");
    short.truncate(short.len() - 1);
    let mut trailing = body("", "");
    trailing.push(b'!');
    for (wrong, element) in [
        (short, Some("049")),
        (body("164111", "204111"), Some("002")),
        (body("000000010000", "00000001000x"), Some("004")),
        (trailing, None),
    ] {
        shop.send_body(&wrong).await;
        let answer = shop.expect("0210").await;
        assert_eq!(field(&answer, 39), "30");
        if let Some(element) = element {
            assert_eq!(field(&answer, 44), element);
        }
        still_up(&mut shop, &mut bank).await;
    }
}

#[tokio::test]
async fn case_43_an_unsupported_transaction_is_answered_12() {
    let (_world, mut bank, mut shop) = World::ready_between("processing = [\"00-39\"]", "").await;
    let mut request = purchase("iso87-ascii");
    set(&mut request, 3, "500000");
    assert_eq!(field(&shop.ask(&request).await, 39), "12");
    still_up(&mut shop, &mut bank).await;
}

#[tokio::test]
async fn case_43_what_has_no_type_is_dropped_and_counted() {
    let (world, mut bank, mut shop) = World::ready("").await;
    shop.send_body(b"XY").await;
    shop.send_body(&body("0200", "02O0")).await;
    world.until(|snapshot| snapshot.acquirers[0].ignored == 2).await;
    // Never answer an answer.
    let mut answer = reply(&purchase("iso87-ascii"), "00");
    set(&mut answer, 39, "00");
    shop.send(&answer).await;
    world.until(|snapshot| snapshot.acquirers[0].ignored == 3).await;
    still_up(&mut shop, &mut bank).await;
}

#[tokio::test]
async fn case_43_a_type_that_does_not_exist_is_refused() {
    let (world, mut bank, mut shop) = World::ready("").await;
    shop.send_body(&body("0200", "9999")).await;
    world.until(|snapshot| snapshot.acquirers[0].ignored + snapshot.acquirers[0].rejected_total() == 1).await;
    let mut odd = purchase("iso87-ascii");
    odd.set_mti("0900".parse().unwrap());
    shop.send(&odd).await;
    assert_eq!(field(&shop.receive().await, 39), "12");
    still_up(&mut shop, &mut bank).await;
}

#[tokio::test]
async fn case_43_a_banks_message_that_does_not_decode_drops_nothing_else() {
    let (world, mut bank, mut shop) = World::ready("").await;
    shop.send(&purchase("iso87-ascii")).await;
    let asked = bank.expect("0200").await;
    bank.send_body(b"0210nonsense").await;
    world.until_bank("acme", |bank| bank.unreadable == 1).await;
    bank.send(&reply(&asked, "00")).await;
    assert_eq!(field(&shop.expect("0210").await, 39), "00");
    assert_eq!(world.bank("acme").await.disconnects, 0);
}

#[tokio::test]
async fn case_44_two_messages_in_one_segment_are_two_payments() {
    let (_world, mut bank, mut shop) = World::ready("").await;
    let mut both = shop.frame(&purchase("iso87-ascii"));
    both.extend_from_slice(&shop.frame(&purchase("iso87-ascii")));
    shop.send_bytes(&both).await;
    for _ in 0..2 {
        bank.answer_next("00").await;
        assert_eq!(field(&shop.expect("0210").await, 39), "00");
    }
}

#[tokio::test]
async fn case_44_a_message_split_at_every_byte_is_one_payment() {
    let (world, mut bank, mut shop) = World::ready("").await;
    let length = shop.frame(&purchase("iso87-ascii")).len();
    for at in 1..length {
        let frame = shop.frame(&purchase("iso87-ascii"));
        shop.send_bytes(&frame[..at]).await;
        // A round trip on another way in: the first part has been read before the second is written.
        world.until(|_| true).await;
        shop.send_bytes(&frame[at..]).await;
        bank.answer_next("00").await;
        assert_eq!(field(&shop.expect("0210").await, 39), "00", "split at {at}");
    }
}

#[tokio::test]
async fn case_44_one_byte_at_a_time_from_the_bank() {
    let (_world, mut bank, mut shop) = World::ready("").await;
    shop.send(&purchase("iso87-ascii")).await;
    let asked = bank.expect("0200").await;
    let frame = bank.frame(&reply(&asked, "00"));
    for byte in &frame {
        bank.send_bytes(&[*byte]).await;
    }
    assert_eq!(field(&shop.expect("0210").await, 39), "00");
}

#[tokio::test]
async fn case_44_a_huge_length_closes_that_session_alone() {
    let (world, mut bank, mut shop) = World::ready("").await;
    let mut broken = world.shop().await;
    broken.send_bytes(&[0xFF, 0xFF, b'0', b'2']).await;
    broken.expect_end().await;
    still_up(&mut shop, &mut bank).await;
    assert_eq!(world.bank("acme").await.disconnects, 0);
}

#[tokio::test]
async fn case_45_an_answer_to_nothing_is_counted_and_dropped() {
    let (world, mut bank, mut shop) = World::ready("").await;
    shop.send(&purchase("iso87-ascii")).await;
    let asked = bank.expect("0200").await;
    let mut stray = reply(&asked, "00");
    let stan: u32 = field(&asked, 11).parse().unwrap();
    set(&mut stray, 11, &format!("{:06}", (stan + 77) % 999_999 + 1));
    bank.send(&stray).await;
    world.until_bank("acme", |bank| bank.unknown == 1).await;
    bank.send(&reply(&asked, "05")).await;
    assert_eq!(field(&shop.expect("0210").await, 39), "05", "the stray answer was not taken for it");
    let bank = world.bank("acme").await;
    assert_eq!((bank.approved, bank.declined, bank.unknown), (0, 1, 1));
}

#[tokio::test]
async fn case_45_an_answer_that_does_not_fit_leaves_the_request_waiting() {
    let (world, mut bank, mut shop) = World::ready("").await;
    shop.send(&purchase("iso87-ascii")).await;
    let asked = bank.expect("0200").await;
    let mut unfit = reply(&asked, "00");
    set(&mut unfit, 4, "000000999999");
    bank.send(&unfit).await;
    world.until_bank("acme", |bank| bank.unusable == 1).await;
    bank.send(&reply(&asked, "00")).await;
    assert_eq!(field(&shop.expect("0210").await, 39), "00");
}

#[tokio::test]
async fn an_answer_after_its_time_out_is_counted_and_goes_nowhere() {
    let (world, mut bank, mut shop) = World::ready_between("timeout_code = \"68\"", "timeout = \"50ms\"").await;
    shop.send(&purchase("iso87-ascii")).await;
    let asked = bank.expect("0200").await;
    assert_eq!(field(&shop.expect("0210").await, 39), "68");
    bank.send(&reply(&asked, "00")).await;
    let seen = world.until_bank("acme", |bank| bank.late == 1).await;
    assert_eq!((seen.timed_out, seen.approved), (1, 0));
}
