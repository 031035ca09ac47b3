//! No card number, track, PIN block or verification value in any sink: the switch runs as a program of its own with its
//! log at the most talkative level, real traffic goes through it, good and bad, and everything it wrote anywhere is
//! searched for the exact values that were sent.

use crate::harness::{Line, Program, Setup, field, network, purchase, reply, set};
use banklink_protocol::{Dialect, Message};
use bytes::BytesMut;
use std::{net::SocketAddr, process::Command};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// Card numbers whose middle digits appear in nothing else.
const CARDS: [&str; 4] = ["4929718365047216", "4485937261508394", "4716839275061947", "4539816273940587"];
const TRACK_2: &str = "4929718365047216=30122019718365047";
const TRACK_1: &str = "B4929718365047216^LEAKTEST/CARDHOLDER^3012201971836";
const PIN_BLOCK: [u8; 8] = [0x3B, 0x9C, 0xF1, 0x7A, 0xE2, 0x64, 0xD5, 0x8E];
const VERIFICATION: &str = "CVV2=81763";

/// A purchase with everything secret that a purchase can have.
fn secret_purchase(card: &str) -> Message {
    let mut message = purchase("iso87-ascii");
    set(&mut message, 2, card);
    set(&mut message, 35, &TRACK_2.replace(CARDS[0], card));
    set(&mut message, 45, &TRACK_1.replace(CARDS[0], card));
    message.set(52, &PIN_BLOCK).expect("eight bytes");
    set(&mut message, 48, VERIFICATION);
    message
}

/// Everything that must not be seen, in every form it could be written in.
fn forbidden() -> Vec<String> {
    let mut values = Vec::new();
    for card in CARDS {
        // First six and last four may be seen. Any eight digits in a row are more than that.
        values.extend((0..=card.len() - 8).map(|at| card[at..at + 8].to_owned()));
    }
    values.extend(["LEAKTEST", "30122019718365047", "3012201971836", "81763"].map(str::to_owned));
    let pin: String = PIN_BLOCK.iter().map(|byte| format!("{byte:02X}")).collect();
    let list = PIN_BLOCK.iter().map(|byte| byte.to_string()).collect::<Vec<_>>().join(", ");
    let mut forms = vec![pin.to_lowercase(), pin, list];
    for value in &values {
        // As hexadecimal text, and as the list of numbers that a derived Debug prints.
        forms.push(value.bytes().map(|byte| format!("{byte:02x}")).collect());
        forms.push(value.bytes().map(|byte| format!("{byte:02X}")).collect());
        forms.push(value.bytes().map(|byte| byte.to_string()).collect::<Vec<_>>().join(", "));
    }
    values.extend(forms);
    values
}

fn assert_clean(sink: &str, text: &str) {
    for value in forbidden() {
        let at = text.find(&value);
        assert!(
            at.is_none(),
            "{sink} shows a secret near: {}",
            &text[at.unwrap_or(0).saturating_sub(200)..at.unwrap_or(0)]
        );
    }
}

pub(crate) async fn get(admin: SocketAddr, path: &str) -> String {
    let mut stream = TcpStream::connect(admin).await.expect("the admin endpoint");
    let request = format!("GET {path} HTTP/1.1\r\nHost: admin\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.expect("it reads");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("text");
    answer
}

/// A world of its own process: the program, its bank's line and an acquirer's session.
async fn program() -> (Program, Line, Line, SocketAddr, tempfile::TempDir) {
    let setup = Setup::new().acquirer("shop", "iso87-ascii", "");
    let setup = setup.bank("acme", "iso87-ascii", "timeout = \"2s\"").await;
    let (config, banks, folder) = setup.more("[log]\nlevel = \"trace\"\nformat = \"json\"\n").write();
    let mut program = Program::start(&config);
    let (shop, admin) = (program.address(["listening", "shop"]), program.address(["admin endpoint", "address"]));
    let mut bank = banks[0].connection().await;
    bank.sign_on("00").await;
    program.line_with(["\"to\":\"up\"", "acme"]);
    let shop = Line::connect(shop, "iso87-ascii").await;
    (program, bank, shop, admin, folder)
}

fn bytes_of(message: &Message) -> Vec<u8> {
    let mut bytes = BytesMut::new();
    message.encode(&mut bytes).expect("a message");
    bytes.to_vec()
}

/// Approved, declined, resent, differing, unanswered, answered late, answered wrongly.
async fn good_traffic(shop: &mut Line, bank: &mut Line) {
    for (card, code) in CARDS.into_iter().zip(["00", "05", "Z9", "55"]) {
        shop.send(&secret_purchase(card)).await;
        bank.answer_next(code).await;
        shop.expect("0210").await;
        if code == "Z9" {
            // What means nothing is taken back.
            take_reversal(bank).await;
        }
    }
    let request = secret_purchase(CARDS[0]);
    shop.send(&request).await;
    let asked = bank.expect("0200").await;
    shop.send(&request).await;
    let mut differs = request.clone();
    set(&mut differs, 2, CARDS[1]);
    shop.send(&differs).await;
    assert_eq!(field(&shop.expect("0210").await, 39), "14", "DE2 and track 2 name two cards");
    differs.remove(35);
    shop.send(&differs).await;
    assert_eq!(field(&shop.expect("0210").await, 39), "94", "another card under the same key");
    let mut unfit = reply(&asked, "00");
    set(&mut unfit, 4, "000000000001");
    bank.send(&unfit).await;
    let mut stray = asked.clone();
    stray.set_mti("0210".parse().expect("an MTI"));
    set(&mut stray, 11, "999998");
    set(&mut stray, 39, "00");
    bank.send(&stray).await;
    // Not answered in time, both the request and its resend; then answered after all.
    assert_eq!(field(&shop.expect("0210").await, 39), "91");
    assert_eq!(field(&shop.expect("0210").await, 39), "91");
    bank.send(&reply(&asked, "00")).await;
    take_reversal(bank).await;
}

/// The bank takes the reversal that comes next.
async fn take_reversal(bank: &mut Line) {
    let reversal = bank.expect("0420").await;
    bank.send(&reply(&reversal, "00")).await;
}

/// Cut at every byte, wrong in every field, wrong framing, from either side.
async fn bad_traffic(shop: &mut Line, bank: &mut Line) {
    let whole = bytes_of(&secret_purchase(CARDS[2]));
    for length in (4..whole.len()).step_by(7) {
        shop.send_body(&whole[..length]).await;
    }
    for at in (20..whole.len()).step_by(11) {
        let mut wrong = whole.clone();
        wrong[at] = 0xFF;
        shop.send_body(&wrong).await;
    }
    let mut trailing = whole.clone();
    trailing.extend_from_slice(CARDS[3].as_bytes());
    shop.send_body(&trailing).await;
    bank.send_body(&whole[..whole.len() - 3]).await;
    bank.send_body(CARDS[3].as_bytes()).await;
    // A request of the bank's own, with a card in it.
    let mut own = secret_purchase(CARDS[3]);
    own.set_mti("0100".parse().expect("an MTI"));
    bank.send(&own).await;
    bank.expect("0110").await;
    let echo = network(&Dialect::named("iso87-ascii").expect("shipped"), "301");
    bank.ask(&echo).await;
}

#[tokio::test]
async fn no_secret_is_in_any_sink_of_a_running_switch() {
    let (mut program, mut bank, mut shop, admin, folder) = program().await;
    good_traffic(&mut shop, &mut bank).await;
    program.line_with(["answer after its time-out", "acme"]);
    bad_traffic(&mut shop, &mut bank).await;
    for path in ["/metrics", "/readyz", "/healthz", "/nothing"] {
        let answer = get(admin, path).await;
        assert_clean(path, &answer);
        assert_eq!(answer.starts_with("HTTP/1.1 200"), path != "/nothing", "{answer}");
    }
    // Last: a stream that loses its framing in the middle of a card number.
    shop.send_bytes(CARDS[3].as_bytes()).await;
    program.line_with(["framing lost", "shop"]);
    let sign_off = tokio::spawn(async move {
        let request = bank.expect("0800").await;
        bank.send(&reply(&request, "00")).await;
    });
    let (status, log, stdout) = tokio::task::spawn_blocking(|| program.end()).await.expect("the scan's own thread");
    sign_off.await.expect("the bank was signed off");
    assert!(status.success(), "{log}");
    assert!(log.contains("\"outcome\":\"approved\"") && log.contains("492971******7216"), "payments are logged: {log}");
    assert_clean("the log", &log);
    assert_clean("standard output", &stdout);
    let mut bytes = 0;
    for file in std::fs::read_dir(folder.path().join("journal")).expect("the switch keeps a journal") {
        let path = file.expect("an entry").path();
        let Ok(content) = std::fs::read(&path) else { continue };
        bytes += content.iter().filter(|byte| **byte != 0).count();
        assert_clean(&path.display().to_string(), &String::from_utf8_lossy(&content));
    }
    assert!(bytes > 2_000, "the journal holds what was paid: {bytes} bytes");
}

#[test]
fn no_secret_is_in_debug_or_errors() {
    let message = secret_purchase(CARDS[0]);
    assert_clean("Debug of a message", &format!("{message:?} {message:#?}"));
    let whole = bytes_of(&message);
    let dialect = Dialect::named("iso87-ascii").expect("shipped");
    for length in 0..whole.len() {
        if let Err(error) = dialect.decode(bytes::Bytes::copy_from_slice(&whole[..length])) {
            assert_clean("a decode error", &format!("{error} {error:?} {:?}", error.partial));
        }
    }
    for at in 0..whole.len() {
        let mut wrong = whole.clone();
        wrong[at] ^= 0x80;
        if let Err(error) = dialect.decode(wrong.into()) {
            assert_clean("a decode error", &format!("{error} {error:?} {:?}", error.partial));
        }
    }
    let mut tool = message.clone();
    for field in [2, 35, 45, 48, 52] {
        if let Err(error) = tool.set(field, format!("{}\u{7}{}", CARDS[0], "X".repeat(2_000)).as_bytes()) {
            assert_clean("a field error", &format!("{error} {error:?}"));
        }
    }
}

#[tokio::test]
async fn route_explain_masks_the_card() {
    let setup = Setup::new().acquirer("shop", "iso87-ascii", "").bank("acme", "iso87-ascii", "").await;
    let (config, _banks, _folder) = setup.write();
    let explain = |more: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_banklink"));
        let output = command.args(["route", "explain"]).arg(&config).args(more).output().expect("our own program");
        let text = [output.stdout, output.stderr].concat();
        (output.status.code(), String::from_utf8(text).expect("text"))
    };
    let (code, text) = explain(&["--pan", CARDS[0], "--amount", "100"]);
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("492971******7216") && text.contains("fires"), "{text}");
    assert_clean("route explain", &text);
    let (code, text) = explain(&["--pan", &format!("{}x", CARDS[1]), "--amount", "100"]);
    assert_eq!(code, Some(2), "{text}");
    assert_clean("the complaint of route explain", &text);
}
