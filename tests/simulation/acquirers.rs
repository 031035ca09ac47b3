//! Model acquirers: what they send, and what they believe in the end.

use crate::random::Random;
use banklink::switch::AcquirerId;
use banklink_protocol::{Dialect, Message};
use std::sync::Arc;

/// One message sent to the switch, on a session of its own.
pub(crate) struct Request {
    pub(crate) acquirer: AcquirerId,
    /// The payment it is about: resends share it.
    pub(crate) payment: usize,
    pub(crate) message: Message,
    pub(crate) at: u64,
    pub(crate) arrived: Option<u64>,
    /// The session was closed before an answer came.
    pub(crate) closed: bool,
    pub(crate) belief: Option<Belief>,
}

/// What an answer tells the acquirer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Belief {
    Approved { amount: u64 },
    TimedOut,
    Refused { code: String },
}

/// The terminal names the payment; no two payments share it.
pub(crate) fn terminal(payment: usize) -> String {
    format!("T{payment:07}")
}

const CARDS: [&str; 4] = ["4111111111111111", "5500000000000004", "340000000000009", "6011000000000004"];

/// A purchase. The amount says what the bank will do with it (`bank::Fate`).
fn purchase(dialect: &Arc<Dialect>, payment: usize, random: &mut Random) -> Message {
    let mut message = Message::new(dialect, "0200".parse().unwrap());
    let amount = 1000 + random.below(100_000);
    let known = if random.chance(5) { 4 } else { 3 };
    let card = CARDS[random.below(known) as usize];
    let stan = format!("{:06}", 1 + random.below(50));
    let rrn = format!("R{payment:011}");
    for (field, value) in [
        (2, card),
        (3, "000000"),
        (4, &format!("{amount:012}")),
        (7, "1123031846"),
        (11, &stan),
        (12, "031846"),
        (13, "1123"),
        (14, "2912"),
        (32, "12345"),
        (37, &rrn),
        (41, &terminal(payment)),
        (42, "MERCHANT0000001"),
        (49, "840"),
    ] {
        message.set(field, value.as_bytes()).unwrap();
    }
    message
}

/// All that the acquirers of one seed will send, within `span` nanoseconds.
pub(crate) fn plan(dialect: &Arc<Dialect>, random: &mut Random, span: u64) -> Vec<Request> {
    let mut requests = Vec::new();
    for payment in 0..40 + random.below(60) as usize {
        let acquirer = AcquirerId(random.below(2) as u16);
        let message = purchase(dialect, payment, random);
        let at = random.below(span);
        let request =
            |message, at| Request { acquirer, payment, message, at, arrived: None, closed: false, belief: None };
        for _ in 0..if random.chance(20) { 1 + random.below(2) } else { 0 } {
            requests.push(request(resend(&message, random), at + 1 + random.below(span / 4)));
        }
        requests.push(request(message, at));
    }
    requests
}

/// The same again: as it was, with the repeat bit, with a new DE7, or (wrongly) with another amount.
fn resend(message: &Message, random: &mut Random) -> Message {
    let mut again = message.clone();
    match random.below(5) {
        0 => {}
        1 | 2 => again.set_mti("0201".parse().unwrap()),
        3 => again.set(7, b"1123031900").unwrap(),
        _ => again.set(4, b"000000000777").unwrap(),
    }
    again
}
