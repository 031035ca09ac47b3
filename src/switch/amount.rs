//! Amounts as the editions write them: twelve digits of minor units; in 2003 with currency and decimal places in front.

use banklink_protocol::{
    FieldError, Message,
    element::{Currency, trace},
    error::Reason,
};

/// Digits of currency and decimal places in front of an amount of 2003.
const HEAD: usize = 4;
/// What they and the amount have together.
const WITH_HEAD: usize = 16;

/// An amount in minor units, in whatever edition it was written.
pub(super) fn said(value: &[u8]) -> Option<u64> {
    trace::number(if value.len() == WITH_HEAD { &value[HEAD..] } else { value })
}

/// The currency in front of an amount of 2003.
pub(super) fn currency(value: &[u8]) -> Option<Currency> {
    if value.len() == WITH_HEAD { Currency::parse(&value[..3]) } else { None }
}

/// DE4 in minor units.
pub(super) fn of(message: &Message) -> Option<u64> {
    if message.mti().version() != 2 {
        return message.number(4);
    }
    said(message.look(4, &mut [0; WITH_HEAD])?)
}

/// The currency of DE4: DE49, in 2003 in front of the amount.
pub(super) fn currency_of(message: &Message) -> Option<Currency> {
    if message.mti().version() != 2 {
        return Currency::parse(&message.array::<3>(49)?);
    }
    currency(message.look(4, &mut [0; WITH_HEAD])?)
}

/// Sets DE4, in 2003 with the currency it had, or that of an amount `like` this.
///
/// # Errors
/// What the dialect cannot carry; in 2003 an amount whose currency nobody says.
pub(super) fn set(message: &mut Message, amount: u64, like: Option<&[u8]>) -> Result<(), FieldError> {
    if message.mti().version() != 2 {
        return message.set_number(4, amount);
    }
    let own = message.array::<WITH_HEAD>(4);
    let head = own.as_ref().map(|value| &value[..]).or(like).filter(|value| value.len() == WITH_HEAD);
    let Some(head) = head else {
        return Err(FieldError { field: 4, reason: Reason::NoCounterpart { what: "an amount without its currency" } });
    };
    let mut value = [0; WITH_HEAD];
    value.copy_from_slice(head);
    put_digits(&mut value[HEAD..], amount);
    message.set(4, &value)
}

/// An amount like this one, with another number.
pub(super) fn like(value: &[u8], amount: u64) -> smallvec::SmallVec<[u8; WITH_HEAD]> {
    let mut out = smallvec::SmallVec::from_slice(if value.len() == WITH_HEAD { value } else { &[b'0'; 12] });
    let from = out.len() - 12;
    put_digits(&mut out[from..], amount);
    out
}

fn put_digits(digits: &mut [u8], mut number: u64) {
    for digit in digits.iter_mut().rev() {
        *digit = b'0' + (number % 10) as u8;
        number /= 10;
    }
}
