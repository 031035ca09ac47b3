//! Cases 9 to 21: what a payment carries.

use crate::harness::{Line, Setup, World, field, purchase, reply, set};
use banklink_protocol::Message;

/// The payment as the bank saw it and the answer as the acquirer saw it; the bank approves after `change`.
async fn played(
    shop: &mut Line,
    bank: &mut Line,
    request: &Message,
    change: impl FnOnce(&mut Message),
) -> (Message, Message) {
    shop.send(request).await;
    let asked = bank.expect(&request.mti().to_string()).await;
    let mut answer = reply(&asked, "00");
    change(&mut answer);
    bank.send(&answer).await;
    (asked, shop.receive().await)
}

/// An ASCII acquirer before a bank of another dialect.
async fn toward(dialect: &str) -> (World, Line, Line) {
    let setup = Setup::new().acquirer("shop", "iso87-ascii", "");
    let mut world = setup.bank("acme", dialect, "").await.start();
    let bank = world.signed_on("acme").await;
    let shop = world.shop().await;
    (world, bank, shop)
}

#[tokio::test]
async fn case_09_an_approved_purchase_echoes_every_field() {
    let (_world, mut bank, mut shop) = World::ready("").await;
    let request = purchase("iso87-ascii");
    let (_, answer) = played(&mut shop, &mut bank, &request, |_| {}).await;
    for echoed in [2, 3, 4, 7, 11, 12, 13, 32, 37, 41, 42, 49] {
        assert_eq!(field(&answer, echoed), field(&request, echoed), "DE{echoed}");
    }
    assert_eq!((field(&answer, 39), field(&answer, 38)), ("00".to_owned(), "A12345".to_owned()));
}

#[tokio::test]
async fn case_09_the_acquirers_own_trace_and_header_come_back() {
    let tpdu = "framing = \"binary2\"\nheader = \"tpdu\"";
    let mut world = World::between(&format!("{tpdu}\nrrn = \"assigned\""), "").await;
    let mut bank = world.signed_on("acme").await;
    let mut shop = world.session("shop", "iso87-ascii", tpdu).await;
    let request = purchase("iso87-ascii");
    let frame = shop.frame_with(&[0x60, 0x00, 0x03, 0x12, 0x34][..].into(), &request);
    shop.send_bytes(&frame).await;
    let asked = bank.answer_next("00").await;
    assert_ne!(field(&asked, 37), field(&request, 37), "the RRN is ours toward the bank");
    let answer = shop.expect("0210").await;
    assert_eq!(field(&answer, 37), field(&request, 37), "and the acquirer's toward the acquirer");
    assert_eq!(shop.header[..], [0x60, 0x12, 0x34, 0x00, 0x03], "destination and source swapped");
}

#[tokio::test]
async fn case_10_decline_codes_pass_mapped() {
    let (world, mut bank, mut shop) = World::ready("codes_in = { 61 = \"65\", 78 = \"14\" }").await;
    let passed = ["05", "14", "51", "54", "55", "65", "75", "91", "96"].map(|code| (code, code));
    let mut declined = 0;
    for (sent, wanted) in passed.into_iter().chain([("61", "65"), ("78", "14")]) {
        shop.send(&purchase("iso87-ascii")).await;
        bank.answer_next(sent).await;
        assert_eq!(field(&shop.expect("0210").await, 39), wanted, "{sent}");
        declined += 1;
        assert_eq!(world.bank("acme").await.declined, declined);
    }
}

#[tokio::test]
async fn case_11_an_unknown_code_is_a_decline() {
    let (world, mut bank, mut shop) = World::ready("").await;
    shop.send(&purchase("iso87-ascii")).await;
    bank.answer_next("Z9").await;
    assert_ne!(field(&shop.expect("0210").await, 39), "00");
    let bank = world.bank("acme").await;
    assert_eq!((bank.approved, bank.declined), (0, 1));
}

#[tokio::test]
async fn case_12_a_balance_comes_back_with_both_amounts_and_their_signs() {
    let (_world, mut bank, mut shop) = World::ready("").await;
    let mut request = purchase("iso87-ascii");
    set(&mut request, 3, "310000");
    request.remove(4);
    let balances = "0001840C0000000123450002840D000000000099";
    let (_, answer) = played(&mut shop, &mut bank, &request, |answer| set(answer, 54, balances)).await;
    assert_eq!(field(&answer, 54), balances);
    assert_eq!(field(&answer, 3), "310000");
}

#[tokio::test]
async fn case_14_a_refund_goes_the_same_way() {
    let (_world, mut bank, mut shop) = World::ready("").await;
    let mut request = purchase("iso87-ascii");
    set(&mut request, 3, "200000");
    let (asked, answer) = played(&mut shop, &mut bank, &request, |_| {}).await;
    assert_eq!((field(&asked, 3), field(&answer, 3)), ("200000".to_owned(), "200000".to_owned()));
    assert_eq!(field(&answer, 39), "00");
}

#[tokio::test]
async fn case_15_a_purchase_with_cash_back_carries_both_amounts() {
    let (_world, mut bank, mut shop) = World::ready("").await;
    let mut request = purchase("iso87-ascii");
    set(&mut request, 3, "090000");
    set(&mut request, 54, "0040840D000000002000");
    let (asked, answer) = played(&mut shop, &mut bank, &request, |_| {}).await;
    assert_eq!(field(&asked, 54), "0040840D000000002000");
    assert_eq!((field(&asked, 4), field(&answer, 39)), (field(&request, 4), "00".to_owned()));
}

#[tokio::test]
async fn case_16_the_longest_values_and_the_smallest_amount_fit() {
    let (_world, mut bank, mut shop) = World::ready("").await;
    let mut request = purchase("iso87-ascii");
    set(&mut request, 2, "4000000000000000006");
    set(&mut request, 4, "999999999999");
    set(&mut request, 48, &"X".repeat(999));
    let chip = chip_data();
    request.set(55, &chip).unwrap();
    let (asked, answer) = played(&mut shop, &mut bank, &request, |_| {}).await;
    assert_eq!(asked.wire(55), Some(&chip[..]));
    for carried in [2, 4, 48] {
        assert_eq!(field(&asked, carried), field(&request, carried), "DE{carried}");
    }
    assert_eq!(field(&answer, 4), "999999999999");
    let mut free = purchase("iso87-ascii");
    set(&mut free, 4, "000000000000");
    let (asked, answer) = played(&mut shop, &mut bank, &free, |_| {}).await;
    assert_eq!((field(&asked, 4), field(&answer, 39)), ("000000000000".to_owned(), "00".to_owned()));
}

/// 255 bytes of chip data: one private tag, of a length that takes two bytes to say.
fn chip_data() -> Vec<u8> {
    let mut chip = vec![0xDF, 0x01, 0x81, 251];
    chip.resize(255, 0xA5);
    chip
}

#[tokio::test]
async fn case_17_odd_card_numbers_go_through_packed_digits() {
    let (_world, mut bank, mut shop) = toward("iso87-bcd").await;
    for card in ["4000000000006", "400000000000002", "40000000000000002", "4000000000000000006"] {
        let mut request = purchase("iso87-ascii");
        set(&mut request, 2, card);
        let (asked, answer) = played(&mut shop, &mut bank, &request, |_| {}).await;
        assert_eq!((field(&asked, 2), field(&answer, 2)), (card.to_owned(), card.to_owned()));
    }
}

#[tokio::test]
async fn case_18_track_2_goes_with_either_separator() {
    let (_world, mut bank, mut shop) = toward("iso87-bcd").await;
    for track in ["4111111111111111=30121010000012345", "4000000000006=3012101000001"] {
        let mut request = purchase("iso87-ascii");
        request.remove(2);
        set(&mut request, 35, track);
        let (asked, answer) = played(&mut shop, &mut bank, &request, |_| {}).await;
        assert_eq!(field(&asked, 35), track);
        let wire = asked.wire(35).unwrap();
        assert_eq!(wire.len(), track.len().div_ceil(2), "packed");
        assert!(wire.iter().any(|byte| byte >> 4 == 0xD || byte & 0xF == 0xD), "packed, the separator is D");
        assert!(!answer.has(35), "a track never goes back");
    }
}

#[tokio::test]
async fn case_19_a_second_bitmap_only_where_a_field_above_64_is_present() {
    let (_world, mut bank, mut shop) = World::ready("").await;
    let plain = purchase("iso87-ascii");
    let mut account = purchase("iso87-ascii");
    set(&mut account, 102, "123456789");
    for (request, second) in [(&plain, false), (&account, true)] {
        let (asked, _) = played(&mut shop, &mut bank, request, |_| {}).await;
        assert_eq!(asked.has(102), second);
        // The first bit of the bitmap, which follows the four digits of the MTI.
        let first = bank.body[4] - b'0';
        assert_eq!(first & 8 != 0 || bank.body[4] >= b'8', second);
    }
}

#[tokio::test]
async fn case_20_foreign_amounts_pass_untouched() {
    let (_world, mut bank, mut shop) = World::ready("").await;
    let mut request = purchase("iso87-ascii");
    let foreign =
        [(5, "000000008500"), (6, "000000009000"), (9, "61234567"), (10, "60912345"), (50, "978"), (51, "826")];
    for (number, value) in foreign {
        set(&mut request, number, value);
    }
    let (asked, answer) = played(&mut shop, &mut bank, &request, |_| {}).await;
    for (number, value) in foreign {
        assert_eq!((field(&asked, number), field(&answer, number)), (value.to_owned(), value.to_owned()), "DE{number}");
    }
}

#[tokio::test]
async fn case_21_private_fields_pass_byte_for_byte() {
    let (_world, mut bank, mut shop) = World::ready("").await;
    let mut request = purchase("iso87-ascii");
    let private = |number: u8| format!("~{number} <a=b> {{}} \\ end ");
    for number in 60..=63 {
        set(&mut request, number, &private(number));
    }
    let (asked, answer) = played(&mut shop, &mut bank, &request, |answer| {
        (60..=63).for_each(|number| set(answer, number, &format!("back {number}  ")));
    })
    .await;
    for number in 60..=63 {
        assert_eq!(asked.wire(number), request.wire(number), "DE{number}");
        assert_eq!(field(&answer, number), format!("back {number}  "), "DE{number}");
    }
}
