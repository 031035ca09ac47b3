//! Records of commands.

use super::field::Field;
use crate::record::{Operation, Record};

/// The clear part.
pub(super) fn encode(record: &Record, out: &mut Vec<u8>) -> Option<()> {
    let Record::Commanded { at, operation, by } = record else { return None };
    at.put(out);
    operation.put(out);
    by.put(out);
    Some(())
}

/// From the front of `bytes`.
pub(super) fn decode(bytes: &mut &[u8]) -> Option<Record> {
    Some(Record::Commanded { at: Field::take(bytes)?, operation: Field::take(bytes)?, by: Field::take(bytes)? })
}

impl Field for Operation {
    fn put(&self, out: &mut Vec<u8>) {
        out.push(match self {
            Self::SignOn(_) => 1,
            Self::SignOff(_) => 2,
            Self::Drain(_) => 3,
            Self::Echo(_) => 4,
            Self::Close(_) => 5,
            Self::Cutover(_) => 6,
            Self::RouteOn(_) => 16,
            Self::RouteOff(_) => 17,
        });
        match self {
            Self::SignOn(connection)
            | Self::SignOff(connection)
            | Self::Drain(connection)
            | Self::Echo(connection)
            | Self::Close(connection)
            | Self::Cutover(connection) => connection.put(out),
            Self::RouteOn(name) | Self::RouteOff(name) => name.put(out),
        }
    }

    fn take(bytes: &mut &[u8]) -> Option<Self> {
        Some(match u8::take(bytes)? {
            1 => Self::SignOn(Field::take(bytes)?),
            2 => Self::SignOff(Field::take(bytes)?),
            3 => Self::Drain(Field::take(bytes)?),
            4 => Self::Echo(Field::take(bytes)?),
            5 => Self::Close(Field::take(bytes)?),
            6 => Self::Cutover(Field::take(bytes)?),
            16 => Self::RouteOn(Field::take(bytes)?),
            17 => Self::RouteOff(Field::take(bytes)?),
            _ => return None,
        })
    }
}
