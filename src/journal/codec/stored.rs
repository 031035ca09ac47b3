//! Records of stored messages, and tombstones.

use super::{Kind, field::Field};
use crate::record::{Body, Record};

/// The clear part of a record of this group; `None` for others.
pub(super) fn encode<'a>(record: &'a Record, out: &mut Vec<u8>) -> Option<(Kind, Option<&'a Body>)> {
    match record {
        Record::Queued { item, at, of, connection, kind, mti, original, body } => {
            (*item, *at).put(out);
            of.put(out);
            connection.put(out);
            kind.put(out);
            mti.put(out);
            original.put(out);
            Some((Kind::QUEUED, Some(body)))
        }
        Record::Tried { item, at, connection, stan, transmission, tries } => {
            (*item, *at).put(out);
            connection.put(out);
            stan.put(out);
            transmission.put(out);
            tries.put(out);
            Some((Kind::TRIED, None))
        }
        Record::Failed { item, at, code, strikes } => {
            (*item, *at).put(out);
            code.put(out);
            strikes.put(out);
            Some((Kind::FAILED, None))
        }
        Record::Done { item, at, code } => {
            (*item, *at).put(out);
            code.put(out);
            Some((Kind::DONE, None))
        }
        Record::Parked { item, at, why } => {
            (*item, *at).put(out);
            why.put(out);
            Some((Kind::PARKED, None))
        }
        Record::Decided { item, at, decision, by } => {
            (*item, *at).put(out);
            decision.put(out);
            by.put(out);
            Some((Kind::DECIDED, None))
        }
        Record::Tombstone { at, acquirer, references } => {
            (*at, *acquirer).put(out);
            references.put(out);
            Some((Kind::TOMBSTONE, None))
        }
        _ => None,
    }
}

/// A record of this group from the front of `bytes`.
pub(super) fn decode(kind: Kind, bytes: &mut &[u8], body: Body) -> Option<Record> {
    if kind == Kind::TOMBSTONE {
        let (at, acquirer) = Field::take(bytes)?;
        return Some(Record::Tombstone { at, acquirer, references: Field::take(bytes)? });
    }
    let (item, at) = Field::take(bytes)?;
    Some(match kind {
        Kind::QUEUED => Record::Queued {
            item,
            at,
            of: Field::take(bytes)?,
            connection: Field::take(bytes)?,
            kind: Field::take(bytes)?,
            mti: Field::take(bytes)?,
            original: Field::take(bytes)?,
            body,
        },
        Kind::TRIED => Record::Tried {
            item,
            at,
            connection: Field::take(bytes)?,
            stan: Field::take(bytes)?,
            transmission: Field::take(bytes)?,
            tries: Field::take(bytes)?,
        },
        Kind::FAILED => Record::Failed { item, at, code: Field::take(bytes)?, strikes: Field::take(bytes)? },
        Kind::DONE => Record::Done { item, at, code: Field::take(bytes)? },
        Kind::PARKED => Record::Parked { item, at, why: Field::take(bytes)? },
        Kind::DECIDED => Record::Decided { item, at, decision: Field::take(bytes)?, by: Field::take(bytes)? },
        _ => return None,
    })
}
