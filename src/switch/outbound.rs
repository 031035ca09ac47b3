//! The last change to a request before it goes to a bank: our trace numbers, the bank's fixed fields, and original data
//! in the bank's terms.

use super::{instruction::Instruction, pending::Waiting};
use crate::{clock::Wall, record::Body, rules::Bank};
use banklink_protocol::{
    FieldError, FieldSet, Message, Mti,
    element::{OriginalData, Stan, Transmission},
};
use smallvec::SmallVec;

/// Sets our trace numbers in a message that is in the bank's dialect already.
pub(super) fn number(message: &mut Message, stan: Stan, transmission: Transmission) -> Result<(), FieldError> {
    set_stan(message, stan)?;
    message.set(7, &transmission.0)
}

/// Sets all that is ours but the trace numbers.
pub(super) fn adapt(message: &mut Message, bank: &Bank, waiting: &Waiting) -> Result<(), FieldError> {
    if let Some(rrn) = waiting.own_rrn {
        message.set(37, &rrn.0)?;
    }
    if let Some(code) = waiting.own_code.and_then(|code| bank.codes_out.get(&code)) {
        message.set(39, code.as_bytes())?;
    }
    for (field, value) in &bank.fixed {
        message.set(*field, value)?;
    }
    name_original(message, waiting)
}

/// The original data in the terms of the bank. Those that name nothing it was sent do not go there, where the same numbers
/// may be another payment's; a reversal has them whether or not the acquirer said them.
fn name_original(message: &mut Message, waiting: &Waiting) -> Result<(), FieldError> {
    let field = if message.mti().version() == 0 { 90 } else { 56 };
    let (said, reverses) = (waiting.instruction.original.is_some(), message.mti().class() == 4);
    match waiting.follows {
        Some(followed) if said || reverses && message.dialect().defines(field) => {
            // The acquirer's own account of it stays, where it is of the bank's edition.
            let alike = message.mti().version() == waiting.instruction.mti.version();
            if !alike {
                message.remove(field);
            }
            name(message, Named { original: followed.original, clock: followed.clock })
        }
        None if said => {
            message.remove(field);
            Ok(())
        }
        _ => Ok(()),
    }
}

/// An earlier message as its bank knows it.
#[derive(Clone, Copy)]
pub(super) struct Named {
    pub(super) original: OriginalData,
    /// Its local date and time, as [`super::pending::Followed`] has it.
    pub(super) clock: u32,
}

/// Names an earlier message. Of a DE56 that is there already, date and acquirer stay.
pub(super) fn name(message: &mut Message, named: Named) -> Result<(), FieldError> {
    if message.mti().version() == 0 {
        message.set(90, &named.original.digits())
    } else if message.has(56) {
        rewrite_de56(message, named.original)
    } else {
        let value = de56(message, named);
        message.set(56, &value)
    }
}

/// DE56: type, STAN and local time of the original, then its acquirer with its own length. In 2003 the STAN has twelve
/// digits and the time fourteen. A reversal repeats the time of its original, should that not be known otherwise.
pub(super) fn de56(message: &Message, named: Named) -> SmallVec<[u8; 48]> {
    let mut value = SmallVec::new();
    value.extend_from_slice(&named.original.mti.digits());
    value.extend_from_slice(stan_digits(&mut [0; 12], message.mti(), named.original.stan));
    if named.clock > 0 {
        let wall = i64::from(named.clock) * 1_000_000;
        let year = Wall(wall).year();
        let digit = |place: i64| b'0' + (year / place % 10) as u8;
        let century = if message.mti().version() == 2 { &[digit(1000), digit(100)][..] } else { &[] };
        value.extend_from_slice(century);
        value.extend_from_slice(&[digit(10), digit(1)]);
        value.extend_from_slice(&Transmission::from_wall(wall).0);
    } else if let Some(local) = message.logical(12) {
        value.extend_from_slice(&local);
    }
    let acquirer = message.logical(32).unwrap_or_default();
    value.extend_from_slice(&[b'0' + (acquirer.len() / 10 % 10) as u8, b'0' + (acquirer.len() % 10) as u8]);
    value.extend_from_slice(&acquirer);
    value
}

/// Fields without which a payment is another payment: kind, amount, PIN, receiving bank, accounts.
const ESSENTIAL: [u8; 6] = [3, 4, 52, 100, 102, 103];

/// The field that makes a payment what it is and that was dropped on its way into the bank's dialect, if any; by its number in
/// the edition it came in. Of DE2 and track 2, either names the card; a bank whose dialect has no DE49 knows but one currency.
/// What a reversal leaves stands in DE95, in later editions with what was in DE30.
pub(super) fn left_behind(message: &Message, dropped: FieldSet, came: Mti) -> Option<u8> {
    if dropped.is_empty() {
        return None;
    }
    let card = [2, 35].into_iter().find(|&field| dropped.contains(field) && !message.has(37 - field));
    // DE49 of 2003 is not the currency.
    let beside = came.version() < 2 && message.mti().version() < 2;
    let currency = (beside && dropped.contains(49) && message.dialect().defines(49)).then_some(49);
    let part = if came.version() == 0 { 95 } else { 30 };
    let part = (dropped.contains(part) && (came.version() == 0 || came.class() == 4)).then_some(part);
    ESSENTIAL.into_iter().find(|&field| dropped.contains(field)).or(part).or(card).or(currency)
}

/// What a reversal repeats of its original (presence matrix of 0400/0420), DE10 and DE51 with the billing amount. Of 1993,
/// DE26 is the merchant's business.
const REPEATED: FieldSet =
    FieldSet::of(&[2, 3, 4, 5, 6, 9, 10, 12, 13, 14, 18, 22, 26, 32, 33, 37, 41, 42, 43, 49, 51]);
/// The condition of 1987, beside them.
const REPEATED_1987: FieldSet = REPEATED.union(&FieldSet::of(&[25]));

/// Keeps what a reversal of this request will have to repeat, from the request exactly as it is sent. Where only track 2
/// came in, card number and expiry are taken from it.
pub(super) fn repeatable(message: &Message, instruction: &Instruction) -> Body {
    let repeated = match message.mti().version() {
        0 => REPEATED_1987,
        1 => REPEATED,
        // DE49 of 2003 is not the currency, and not to be kept.
        _ => REPEATED.without(&FieldSet::of(&[49])),
    };
    let mut body = Body::of(message, &repeated);
    if !message.has(2) {
        name_card(message, instruction, |field, value| body.push(field, value));
    }
    body
}

/// Card number and expiry of a message that has no DE2, out of its track 2.
pub(super) fn name_card(message: &Message, instruction: &Instruction, mut put: impl FnMut(u8, &[u8])) {
    let Some(pan) = &instruction.pan else { return };
    #[expect(clippy::disallowed_methods, reason = "a reversal names the card in DE2, and has no track")]
    put(2, pan.expose());
    if let (Some(expiry), false) = (instruction.expiry, message.has(14)) {
        put(14, &expiry);
    }
}

/// DE11 as wide as the edition has it, in `room`: six digits, in 2003 twelve.
pub(super) fn stan_digits(room: &mut [u8; 12], mti: Mti, stan: Stan) -> &[u8] {
    *room = *b"000000000000";
    room[6..].copy_from_slice(&stan.digits());
    if mti.version() == 2 { room } else { &room[6..] }
}

/// Sets DE11.
pub(super) fn set_stan(message: &mut Message, stan: Stan) -> Result<(), FieldError> {
    message.set(11, stan_digits(&mut [0; 12], message.mti(), stan))
}

/// DE56: the STAN that the bank knows stands behind the MTI; date and acquirer stay.
fn rewrite_de56(message: &mut Message, past: OriginalData) -> Result<(), FieldError> {
    let mut value = [0; 41];
    let Some(length) = message.read(56, &mut value) else { return Ok(()) };
    let mut room = [0; 12];
    let stan = stan_digits(&mut room, message.mti(), past.stan);
    value[4..4 + stan.len()].copy_from_slice(stan);
    message.set(56, &value[..length])
}

/// What a reversal's DE90 will have to repeat, from the request exactly as it is sent.
pub(super) fn original_data(message: &Message, stan: Stan, transmission: Transmission) -> OriginalData {
    OriginalData {
        mti: message.mti(),
        stan,
        transmission,
        acquirer: message.number(32).unwrap_or(0),
        forwarder: message.number(33).unwrap_or(0),
    }
}

/// The logical value of a field as it was sent to the bank, for those fields that banks echo.
pub(super) fn sent_value<'a>(
    field: u8,
    bank: &'a Bank,
    transmission: &'a Transmission,
    own_rrn: Option<&'a [u8]>,
    instruction: &'a Instruction,
) -> Option<&'a [u8]> {
    if let Some((_, value)) = bank.fixed.iter().find(|(fixed, _)| *fixed == field) {
        return Some(value);
    }
    match (field, own_rrn) {
        (7, _) => Some(&transmission.0),
        (37, Some(rrn)) => Some(rrn),
        _ => instruction.kept.get(field),
    }
}

/// What a bank knows a stored message by, sent under these numbers.
pub(super) fn known_by(body: &Body, mti: Mti, stan: Stan, transmission: Transmission) -> OriginalData {
    let number = |digits: &[u8]| {
        digits.iter().filter(|digit| digit.is_ascii_digit()).fold(0, |sum, digit| sum * 10 + u64::from(digit - b'0'))
    };
    let institution = |field| body.get(field).map_or(0, number);
    OriginalData { mti, stan, transmission, acquirer: institution(32), forwarder: institution(33) }
}
