//! Messages to play with. All card numbers are published test numbers.

use banklink_protocol::{Dialect, Message};
use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

/// The card most tests pay with.
pub(crate) const CARD: &str = "4111111111111111";

static STAN: AtomicU32 = AtomicU32::new(1);

/// The field's logical value.
pub(crate) fn field(message: &Message, field: u8) -> String {
    message.text(field).unwrap_or_else(|| panic!("DE{field} is absent in {message:?}"))
}

/// Sets a field.
pub(crate) fn set(message: &mut Message, field: u8, value: &str) {
    message.set(field, value.as_bytes()).unwrap_or_else(|error| panic!("DE{field}: {error}"));
}

/// A purchase with a STAN and RRN of its own.
pub(crate) fn purchase(dialect: &str) -> Message {
    let dialect = Dialect::named(dialect).expect("a shipped dialect");
    let stan = STAN.fetch_add(1, Ordering::Relaxed);
    let mut message = Message::new(&dialect, "0200".parse().expect("an MTI"));
    for (field, value) in [
        (2, CARD),
        (3, "000000"),
        (4, "000000010000"),
        (7, "1123120000"),
        (12, "120000"),
        (13, "1123"),
        (14, "3012"),
        (18, "5411"),
        (22, "051"),
        (25, "00"),
        (32, "123456"),
        (41, "TERM0001"),
        (42, "MERCHANT0000001"),
        (49, "840"),
    ] {
        set(&mut message, field, value);
    }
    set(&mut message, 11, &format!("{stan:06}"));
    set(&mut message, 37, &format!("RRN{stan:09}"));
    message
}

/// A network request, e.g. an echo (301).
pub(crate) fn network(dialect: &Arc<Dialect>, function: &str) -> Message {
    let mut message = Message::new(dialect, "0800".parse().expect("an MTI"));
    set(&mut message, 7, "1123120000");
    set(&mut message, 11, "000042");
    set(&mut message, 70, function);
    message
}

/// A bank's answer: the request echoed without what is secret, with the code, and an authorization if it approves.
pub(crate) fn reply(request: &Message, code: &str) -> Message {
    let mut answer = request.clone();
    answer.set_mti(request.mti().response().expect("a request"));
    for absent in [14, 18, 22, 25, 35, 45, 48, 52, 53, 55, 60, 61, 62, 63] {
        answer.remove(absent);
    }
    set(&mut answer, 39, code);
    if code == "00" && request.mti().class() != 8 {
        set(&mut answer, 38, "A12345");
    }
    answer
}
