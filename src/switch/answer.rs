//! Answers toward the acquirer: made by ourselves from the request, or the bank's own with the acquirer's values put back.
//!
//! An answer echoes what the presence matrix of the standard says and nothing else: never track data, PIN block or chip
//! request data.

use super::{
    instruction::{Instruction, Original},
    kept::{Kept, SET},
};
use crate::rules::Bank;
use banklink_protocol::{
    Dialect, FieldSet, Message, Mti,
    element::{Pan, ResponseCode},
};
use smallvec::SmallVec;
use std::sync::Arc;

/// What the answer to a payment echoes.
const ECHOED: [u8; 14] = [2, 3, 4, 7, 11, 12, 13, 32, 33, 37, 41, 42, 49, 90];
/// What is put back only where the bank's answer has it otherwise.
const COMPARED: FieldSet = SET.without(&FieldSet::of(&[4, 7, 11]));
/// What the answer to a network management request echoes (DE24 carries the function in 1993, DE70 in 1987).
const ECHOED_NETWORK: [u8; 8] = [7, 11, 12, 24, 32, 33, 70, 93];

/// Sets a field of an answer to a value that stood in a message of the same dialect, or that every edition has. Should
/// the dialect not carry it all the same, the answer goes without: an answer without one field is better than none.
fn set(message: &mut Message, field: u8, value: &[u8]) {
    let _ = message.set(field, value);
}

/// Turns a request into its own answer: its echoed fields, DE39, and in DE44 the field at fault.
pub(super) fn to_request(
    mut request: Box<Message>,
    response: Mti,
    code: ResponseCode,
    field: Option<u8>,
) -> Box<Message> {
    let echoed: &[u8] = if response.class() == 8 { &ECHOED_NETWORK } else { &ECHOED };
    // DE49 of 2003 is not the currency, and never goes back.
    let echoes = |field: u8| echoed.contains(&field) && (field != 49 || response.version() != 2);
    let dropped: SmallVec<[u8; 64]> = request.fields().filter(|&field| !echoes(field)).collect();
    for field in dropped {
        request.remove(field);
    }
    request.set_mti(response);
    set(&mut request, 39, code.as_bytes());
    if let Some(field) = field {
        set(&mut request, 44, &[b'0' + field / 100, b'0' + field / 10 % 10, b'0' + field % 10]);
    }
    request
}

/// Who gets an answer: the first request's fields, or those of a resend.
pub(super) struct Addressee<'a> {
    pub(super) mti: Mti,
    pub(super) pan: Option<&'a Pan>,
    pub(super) kept: &'a Kept,
}

impl<'a> Addressee<'a> {
    pub(super) fn first(instruction: &'a Instruction) -> Self {
        let pan = instruction.pan.as_ref().filter(|_| instruction.pan_in_de2);
        Self { mti: instruction.mti, pan, kept: &instruction.kept }
    }

    fn response(&self) -> Mti {
        self.mti.response().expect("only what has an answer passes the door")
    }

    /// An answer of our own making.
    pub(super) fn own(&self, dialect: &Arc<Dialect>, code: ResponseCode, field: Option<u8>) -> Message {
        let mut message = Message::new(dialect, self.response());
        self.put_pan(&mut message);
        for (kept, value) in self.kept.without(&FieldSet::new()) {
            set(&mut message, kept, value);
        }
        set(&mut message, 39, code.as_bytes());
        if let Some(field) = field {
            set(&mut message, 44, &[b'0' + field / 100, b'0' + field / 10 % 10, b'0' + field % 10]);
        }
        message
    }

    /// Puts the acquirer's own values back into the bank's answer, which is in the acquirer's dialect already.
    pub(super) fn restore(&self, message: &mut Message, bank: &Bank, own_rrn: bool) {
        message.set_mti(self.response());
        // A partial approval says in DE4 what it approves. Of DE7 and DE11, the bank's are ours.
        let mut standing = message.field_set();
        for field in [7, 11] {
            standing.remove(field);
        }
        message.each(&COMPARED, |field, value| {
            if self.kept.get(field) != Some(value) {
                standing.remove(field);
            }
        });
        for (field, value) in self.kept.without(&standing) {
            set(message, field, value);
        }
        for (field, _) in &bank.fixed {
            if SET.contains(*field) && self.kept.get(*field).is_none() {
                message.remove(*field);
            }
        }
        if !own_rrn && self.kept.get(37).is_none() {
            message.remove(37);
        }
        if self.kept.get(7).is_none() {
            message.remove(7);
        }
        if !message.has(2) {
            self.put_pan(message);
        }
    }

    fn put_pan(&self, message: &mut Message) {
        if let Some(pan) = self.pan {
            #[expect(clippy::disallowed_methods, reason = "DE2 goes back to the acquirer that sent it")]
            set(message, 2, pan.expose());
        }
    }
}

/// Gives an answer of our own making the original data of the acquirer's request back.
pub(super) fn echo_original(message: &mut Message, instruction: &Instruction) {
    if let Some(Original::De90(original)) = instruction.original {
        set(message, 90, &original.digits());
    }
}

/// Gives an answer the original data of the acquirer's request back, in place of ours.
pub(super) fn restore_original(message: &mut Message, instruction: &Instruction) {
    match (instruction.original, message.mti().version()) {
        (Some(Original::De90(original)), 0) if message.has(90) => set(message, 90, &original.digits()),
        (None, 0) => message.remove(90),
        // The bank's DE56 speaks of our STAN; the echo is optional.
        (_, 1 | 2) => message.remove(56),
        _ => {}
    }
}

/// Takes our own values out of a request that was to go to a bank, so that it can go to another; false where that
/// cannot be done.
pub(super) fn undo(message: &mut Message, instruction: &Instruction, bank: &Bank) -> bool {
    let ours = bank.fixed.iter().map(|(field, _)| *field).chain([7, 11, 37]);
    for field in ours {
        let undone = match instruction.kept.get(field) {
            Some(value) => message.set(field, value).is_ok(),
            // What the acquirer said in a field that was overwritten is not known any more.
            None if !SET.contains(field) => false,
            None => {
                message.remove(field);
                true
            }
        };
        if !undone {
            return false;
        }
    }
    true
}
