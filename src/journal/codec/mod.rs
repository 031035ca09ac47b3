//! A [`Record`] as bytes and back: the clear part here; its [`Body`] is handed out, to be sealed.
//!
//! Every kind of record has a number and a version of its own. A kind whose fields change gets the next version, and the
//! old one stays readable for as long as a journal may hold it.

mod choice;
mod commanded;
mod field;
mod online;
mod stored;

use crate::{
    clock::Wall,
    record::{Body, PaymentId, Record},
    switch::BankId,
};
use banklink_protocol::element::{Stan, Transmission};
use field::Field;

/// Which record it is: a byte of the format.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Kind(pub(super) u8);

impl Kind {
    const RECEIVED: Self = Self(1);
    const SENT: Self = Self(2);
    const NOT_SENT: Self = Self(3);
    const OUTCOME: Self = Self(4);
    const ANSWERED: Self = Self(5);
    const UNDELIVERED: Self = Self(6);
    const DELIVERED: Self = Self(7);
    const APPROVED_LATE: Self = Self(8);
    const HOLD: Self = Self(9);
    const QUEUED: Self = Self(16);
    const TRIED: Self = Self(17);
    const FAILED: Self = Self(18);
    const DONE: Self = Self(19);
    const PARKED: Self = Self(20);
    const DECIDED: Self = Self(21);
    const TOMBSTONE: Self = Self(22);
    const COMMANDED: Self = Self(23);
    /// In a snapshot only: the last trace numbers toward a bank.
    const NUMBERS: Self = Self(240);
    /// In a snapshot only: the next free payment number.
    const NEXT: Self = Self(241);
    /// In a snapshot only: the latest moments of terminals' clocks.
    const CLOCKS: Self = Self(242);
}

/// The version in which every kind is written today.
pub(super) const VERSION: u8 = 1;

/// Writes the clear part of a record behind `out`; says its kind, and the body that is to follow it sealed.
pub(super) fn encode<'a>(record: &'a Record, out: &mut Vec<u8>) -> (Kind, Option<&'a Body>) {
    let others = |out: &mut Vec<u8>| commanded::encode(record, out).map(|()| (Kind::COMMANDED, None));
    let encoded = online::encode(record, out).or_else(|| stored::encode(record, out)).or_else(|| others(out));
    encoded.expect("every record is of one of the groups")
}

/// A record from its clear part; `body` becomes its body, where it has one. `None` where no writer of ours wrote this.
pub(super) fn decode(kind: Kind, version: u8, clear: &[u8], body: Body) -> Option<Record> {
    if version != VERSION {
        return None;
    }
    let mut bytes = clear;
    let record = match kind {
        Kind::COMMANDED => commanded::decode(&mut bytes),
        kind if kind.0 < Kind::QUEUED.0 => online::decode(kind, &mut bytes, body),
        _ => stored::decode(kind, &mut bytes, body),
    }?;
    bytes.is_empty().then_some(record)
}

/// What stands in a snapshot beside records.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Note {
    /// The last trace numbers that a bank was sent.
    Numbers {
        /// The bank.
        bank: BankId,
        /// DE11.
        stan: Stan,
        /// DE7.
        transmission: Transmission,
        /// When.
        at: Wall,
    },
    /// The lowest payment number above all that were given away.
    Next(PaymentId),
    /// Terminals with the latest moment of each one's clock ([`References`](crate::record::References)).
    Clocks(Box<[(u16, u32)]>),
}

impl Note {
    /// So many clocks are in one note at most.
    pub(super) const CLOCKS: usize = 8192;
}

/// Writes a note behind `out`.
pub(super) fn encode_note(note: &Note, out: &mut Vec<u8>) -> Kind {
    match note {
        Note::Numbers { bank, stan, transmission, at } => {
            (*bank, *stan).put(out);
            (*transmission, *at).put(out);
            Kind::NUMBERS
        }
        Note::Next(payment) => {
            payment.put(out);
            Kind::NEXT
        }
        Note::Clocks(clocks) => {
            clocks.iter().for_each(|&(terminal, clock)| (terminal, clock).put(out));
            Kind::CLOCKS
        }
    }
}

/// A note from its bytes; `None` where it is none of ours, or where this is a record.
pub(super) fn decode_note(kind: Kind, version: u8, mut clear: &[u8]) -> Option<Note> {
    let bytes = &mut clear;
    let note = match (kind, version) {
        (Kind::NUMBERS, VERSION) => Note::Numbers {
            bank: Field::take(bytes)?,
            stan: Field::take(bytes)?,
            transmission: Field::take(bytes)?,
            at: Field::take(bytes)?,
        },
        (Kind::NEXT, VERSION) => Note::Next(Field::take(bytes)?),
        (Kind::CLOCKS, VERSION) => {
            let mut clocks = Vec::new();
            while !bytes.is_empty() {
                clocks.push((Field::take(bytes)?, Field::take(bytes)?));
            }
            Note::Clocks(clocks.into())
        }
        _ => return None,
    };
    bytes.is_empty().then_some(note)
}
