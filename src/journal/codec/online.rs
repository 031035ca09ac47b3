//! Records of online payments, and of what pre-authorisations hold.

use super::{Kind, field::Field};
use crate::record::{Body, Record};

/// The clear part of a record of this group; `None` for others.
pub(super) fn encode<'a>(record: &'a Record, out: &mut Vec<u8>) -> Option<(Kind, Option<&'a Body>)> {
    match record {
        Record::Received { payment, at, acquirer, mti, processing, amount, stan, rrn, card, references } => {
            (*payment, *at).put(out);
            acquirer.put(out);
            mti.put(out);
            processing.put(out);
            amount.put(out);
            stan.put(out);
            rrn.put(out);
            card.put(out);
            references.put(out);
            Some((Kind::RECEIVED, None))
        }
        Record::Sent { payment, at, acquirer, connection, original, rrn, unanswered, body } => {
            (*payment, *at).put(out);
            (*acquirer, *connection).put(out);
            original.put(out);
            rrn.put(out);
            unanswered.put(out);
            Some((Kind::SENT, Some(body)))
        }
        Record::NotSent { payment, at, bank, stan } => {
            (*payment, *at).put(out);
            bank.put(out);
            stan.put(out);
            Some((Kind::NOT_SENT, None))
        }
        Record::Outcome { payment, at, sent, outcome, told, answer } => {
            (*payment, *at).put(out);
            sent.put(out);
            outcome.put(out);
            told.put(out);
            Some((Kind::OUTCOME, Some(answer)))
        }
        Record::Answered { payment, at, code } => {
            (*payment, *at).put(out);
            code.put(out);
            Some((Kind::ANSWERED, None))
        }
        Record::Undelivered { payment, at, acquirer, connection, original, body } => {
            (*payment, *at).put(out);
            (*acquirer, *connection).put(out);
            original.put(out);
            Some((Kind::UNDELIVERED, Some(body)))
        }
        Record::Delivered { payment, at } => {
            (*payment, *at).put(out);
            Some((Kind::DELIVERED, None))
        }
        Record::ApprovedLate { payment, at, bank, stan } => {
            (*payment, *at).put(out);
            bank.put(out);
            stan.put(out);
            Some((Kind::APPROVED_LATE, None))
        }
        Record::Hold { payment, at, by, part, hold } => {
            (*payment, *at).put(out);
            by.put(out);
            part.put(out);
            hold.put(out);
            Some((Kind::HOLD, None))
        }
        _ => None,
    }
}

/// A record of this group from the front of `bytes`.
pub(super) fn decode(kind: Kind, bytes: &mut &[u8], body: Body) -> Option<Record> {
    let (payment, at) = Field::take(bytes)?;
    Some(match kind {
        Kind::RECEIVED => Record::Received {
            payment,
            at,
            acquirer: Field::take(bytes)?,
            mti: Field::take(bytes)?,
            processing: Field::take(bytes)?,
            amount: Field::take(bytes)?,
            stan: Field::take(bytes)?,
            rrn: Field::take(bytes)?,
            card: Field::take(bytes)?,
            references: Field::take(bytes)?,
        },
        Kind::SENT => Record::Sent {
            payment,
            at,
            acquirer: Field::take(bytes)?,
            connection: Field::take(bytes)?,
            original: Field::take(bytes)?,
            rrn: Field::take(bytes)?,
            unanswered: Field::take(bytes)?,
            body,
        },
        Kind::NOT_SENT => Record::NotSent { payment, at, bank: Field::take(bytes)?, stan: Field::take(bytes)? },
        Kind::OUTCOME => Record::Outcome {
            payment,
            at,
            sent: Field::take(bytes)?,
            outcome: Field::take(bytes)?,
            told: Field::take(bytes)?,
            answer: body,
        },
        Kind::ANSWERED => Record::Answered { payment, at, code: Field::take(bytes)? },
        Kind::UNDELIVERED => Record::Undelivered {
            payment,
            at,
            acquirer: Field::take(bytes)?,
            connection: Field::take(bytes)?,
            original: Field::take(bytes)?,
            body,
        },
        Kind::DELIVERED => Record::Delivered { payment, at },
        Kind::APPROVED_LATE => {
            Record::ApprovedLate { payment, at, bank: Field::take(bytes)?, stan: Field::take(bytes)? }
        }
        Kind::HOLD => {
            Record::Hold { payment, at, by: Field::take(bytes)?, part: Field::take(bytes)?, hold: Field::take(bytes)? }
        }
        _ => return None,
    })
}
