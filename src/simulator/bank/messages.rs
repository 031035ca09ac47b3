//! What the simulated bank reads in a message and how it makes an answer of it.

use super::books::MessageKey;
use banklink_protocol::{
    Message, Mti,
    dialect::Version,
    element::{OriginalData, ResponseCode},
};

/// Data elements of a request that its answer repeats. Card verification, track, PIN and chip data never are.
const ECHOED: u64 = bits(&[2, 3, 4, 5, 6, 7, 11, 12, 13, 32, 33, 37, 41, 42, 49, 50, 51]);

const fn bits(fields: &[u8]) -> u64 {
    let (mut bits, mut at) = (0, 0);
    while at < fields.len() {
        bits |= 1 << fields[at];
        at += 1;
    }
    bits
}

/// Turns a request into its answer: response MTI, only the echoed fields (network management: all but security data),
/// DE39. `None` for what must not be answered.
pub(super) fn answer_with(message: &mut Message, code: ResponseCode) -> Option<()> {
    let response = message.mti().response()?;
    let network = message.mti().class() == 8;
    let mut drop = [0_u8; 192];
    let mut count = 0;
    for field in message.fields() {
        let kept =
            if network { !matches!(field, 52 | 53 | 64 | 96 | 128) } else { field < 64 && ECHOED >> field & 1 == 1 };
        if !kept {
            drop[count] = field;
            count += 1;
        }
    }
    for &field in &drop[..count] {
        message.remove(field);
    }
    message.set_mti(response);
    message.set(39, code.as_str().as_bytes()).ok()
}

/// What a message is known by: its class and STAN with DE7, in 1993 with MMDDhhmmss of DE12 where it has one (that is what
/// a reversal names it by).
pub(super) fn own_key(message: &Message) -> MessageKey {
    let local = || message.number(12).map(|local| local % 10_000_000_000);
    let time = match message.mti().version() {
        0 => message.number(7),
        _ => local().or_else(|| message.number(7)),
    };
    MessageKey {
        class: message.mti().class(),
        stan: message.number(11).unwrap_or_default() as u32,
        time: time.unwrap_or_default() as u32,
    }
}

/// What a reversal says it reverses: DE90 in 1987; in 1993 DE56, which names MTI, STAN and DE12.
pub(super) fn original_of(message: &Message) -> Option<MessageKey> {
    if message.mti().version() == 0 {
        let original = OriginalData::parse(&message.array::<42>(90)?)?;
        let time = number(&original.transmission.0)?;
        return Some(MessageKey { class: original.mti.class(), stan: original.stan.0, time });
    }
    let mut buffer = [0; 64];
    let length = message.read(56, &mut buffer)?;
    let original = &buffer[..length];
    let mti = Mti::from_digits(*original.first_chunk()?)?;
    let (stan, time) = (number(original.get(4..10)?)?, number(original.get(12..22)?)?);
    Some(MessageKey { class: mti.class(), stan, time })
}

/// What a partial reversal leaves of its original, minor units: the first amount of DE95 (1987), or DE4 beside the original
/// amounts in DE30 or with function code 401 (1993). `None`: nothing, it reverses all.
pub(super) fn left_by(message: &Message) -> Option<u64> {
    let left = if message.mti().version() == 0 {
        let mut amounts = [0; 42];
        let length = message.read(95, &mut amounts)?;
        amounts[..length]
            .get(..12)?
            .iter()
            .try_fold(0, |n, digit| digit.is_ascii_digit().then(|| n * 10 + u64::from(digit - b'0')))?
    } else {
        let partial = message.has(30) || message.number(24) == Some(401);
        message.number(4).filter(|_| partial)?
    };
    Some(left).filter(|left| *left > 0)
}

fn number(digits: &[u8]) -> Option<u32> {
    digits.iter().try_fold(0_u32, |n, digit| {
        digit.is_ascii_digit().then(|| n.wrapping_mul(10).wrapping_add(u32::from(digit - b'0')))
    })
}

pub(super) fn network_mti(version: Version) -> Mti {
    let digits = match version {
        Version::V1987 => *b"0800",
        Version::V1993 => *b"1804",
        Version::V2003 => *b"2804",
    };
    Mti::from_digits(digits).expect("four digits")
}
