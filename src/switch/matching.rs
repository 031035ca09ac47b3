//! Is this the answer to that request? First the fields that name it, then those that must agree with it.
//!
//! Only fields that are present are compared, and without the filling that hosts add or take away.

use super::{
    amount, codes,
    kept::Kept,
    outbound::sent_value,
    pending::{Pending, Waiting},
};
use crate::rules::Bank;
use banklink_protocol::{
    Message,
    element::{Pan, ResponseCode, Transmission},
};
use zeroize::Zeroizing;

/// What an answer is to a request under the same STAN.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Match {
    /// Another request's: this echoed field differs.
    Another { field: u8 },
    /// It names this request but does not fit it: this field (0: the MTI) cannot be true.
    Unusable { field: u8 },
    /// The answer; `amount` is its DE4.
    Fits { code: ResponseCode, approved: bool, amount: Option<u64> },
}

/// Compares an answer with the request it may belong to.
pub(super) fn verify(message: &Message, pending: &Pending, waiting: &Waiting, bank: &Bank) -> Match {
    let own_rrn = waiting.own_rrn.as_ref().map(|rrn| &rrn.0[..]);
    let sent = |field| sent_value(field, bank, &pending.transmission, own_rrn, &waiting.instruction);
    let another = |field: u8| match field {
        12 | 13 if waiting.instruction.mti.version() != message.mti().version() => {
            is_of_another_moment(message, field, &waiting.instruction.kept)
        }
        _ => differs(message, field, sent(field)),
    };
    if let Some(&field) = bank.echoed.iter().find(|&&field| another(field)) {
        return Match::Another { field };
    }
    if Some(message.mti()) != pending.mti.response() {
        return Match::Unusable { field: 0 };
    }
    if let Some(field) = [41, 42].into_iter().find(|&field| differs(message, field, sent(field))) {
        return Match::Unusable { field };
    }
    let Some(code) = response_code(message) else { return Match::Unusable { field: 39 } };
    let amount = amount::of(message);
    match contradiction(message, waiting, code, amount) {
        Some(field) => Match::Unusable { field },
        None => Match::Fits { code, approved: approves(code, pending, bank), amount },
    }
}

/// DE39, where it is a code at all.
pub(super) fn response_code(message: &Message) -> Option<ResponseCode> {
    ResponseCode::parse(message.look(39, &mut [0; 4])?.trim_ascii())
}

/// Does this code approve a request of this class?
pub(super) fn approves(code: ResponseCode, pending: &Pending, bank: &Bank) -> bool {
    bank.approving.contains(&code) || pending.mti.class() == 4 && codes::accepts_reversal(code)
}

/// Does the DE7 of an answer, where the bank echoes it, deny that it belongs to what was sent under `transmission`?
pub(super) fn another_transmission(message: &Message, transmission: &Transmission, bank: &Bank) -> bool {
    bank.echoed.contains(&7) && differs(message, 7, Some(&transmission.0))
}

fn differs(message: &Message, field: u8, sent: Option<&[u8]>) -> bool {
    let mut buffer = [0; 40];
    match (message.look(field, &mut buffer), sent) {
        (Some(came), Some(sent)) => came != sent && came.trim_ascii() != sent.trim_ascii(),
        // What was not sent may be added by the bank; what it leaves out says nothing.
        (None, Some(_)) => message.has(field),
        _ => false,
    }
}

/// Does DE12 or DE13 of an answer say another moment than the request, which was written in another edition? Month, day and
/// time are compared, which all of them say.
fn is_of_another_moment(message: &Message, field: u8, kept: &Kept) -> bool {
    let (mut date, mut buffer) = ([0; 14], [0; 14]);
    let sent = match (kept.get(12), kept.get(13)) {
        // 1987: the time, and the date beside it.
        (Some(time), Some(day)) if (time.len(), day.len()) == (6, 4) => {
            date[..4].copy_from_slice(day);
            date[4..10].copy_from_slice(time);
            &date[..10]
        }
        (Some(moment), _) if moment.len() > 10 => &moment[moment.len() - 10..],
        _ => return false,
    };
    let Some(came) = message.look(field, &mut buffer) else { return message.has(field) };
    match (message.mti().version(), field) {
        (0, 12) => came != &sent[4..],
        (0, _) => came != &sent[..4],
        (_, 12) => !came.ends_with(sent),
        // From 1993 on DE13 is another date, which 1987 does not say.
        _ => false,
    }
}

/// The field in which an answer contradicts its request: DE3 class, DE4, DE49, DE2.
fn contradiction(message: &Message, waiting: &Waiting, code: ResponseCode, amount: Option<u64>) -> Option<u8> {
    let request = &waiting.instruction;
    if let (Some(sent), Some(came)) = (request.processing, message.array::<6>(3))
        && sent.bytes()[..2] != came[..2]
    {
        return Some(3);
    }
    if let Some(sent) = request.amount {
        let fits = match amount {
            Some(came) => came == sent || came < sent && codes::is_partial(code),
            // Who approves a part says which.
            None => !message.has(4) && !codes::is_partial(code),
        };
        if !fits {
            return Some(4);
        }
    }
    let beside = if message.mti().version() == 2 { 4 } else { 49 };
    if let (Some(sent), true) = (request.currency, message.has(beside))
        && amount::currency_of(message) != Some(sent)
    {
        return Some(beside);
    }
    let pan = request.pan.as_ref().filter(|_| message.has(2))?;
    let mut digits = Zeroizing::new([0; Pan::MAX]);
    #[expect(clippy::disallowed_methods, reason = "an answer for another card must not be taken")]
    let same = message.look(2, &mut *digits) == Some(pan.expose());
    (!same).then_some(2)
}
