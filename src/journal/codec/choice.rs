//! The enums of a record: one byte that says which, then what it carries. The bytes are part of the format: a new choice
//! gets a new number, and no number changes its meaning.

use super::field::Field;
use crate::record::{Cause, Decision, Doubt, Follows, Outcome, Park, Stored, Unanswered};

/// An enum without fields.
macro_rules! plain {
    ($($choice:ident { $($name:ident = $number:literal),* })*) => {$(
        impl Field for $choice {
            fn put(&self, out: &mut Vec<u8>) {
                out.push(match self {
                    $(Self::$name => $number,)*
                });
            }
            fn take(bytes: &mut &[u8]) -> Option<Self> {
                match u8::take(bytes)? {
                    $($number => Some(Self::$name),)*
                    _ => None,
                }
            }
        }
    )*};
}
plain! {
    Doubt { TimedOut = 1, Restarted = 2, Reversed = 3, UnknownCode = 4, Part = 5 }
    Unanswered { Reverse = 1, Leave = 2, Ask = 3 }
    Park { Strikes = 1, Unsendable = 2, Question = 3, Uncovered = 4 }
    Decision { Retry = 1, Resolve = 2 }
    Follows { Increment = 1, Completion = 2 }
}

impl Field for Cause {
    fn put(&self, out: &mut Vec<u8>) {
        match self {
            Self::Doubt(doubt) => {
                out.push(1);
                doubt.put(out);
            }
            Self::LateApproval => out.push(2),
            Self::Undelivered => out.push(3),
        }
    }
    fn take(bytes: &mut &[u8]) -> Option<Self> {
        match u8::take(bytes)? {
            1 => Field::take(bytes).map(Self::Doubt),
            2 => Some(Self::LateApproval),
            3 => Some(Self::Undelivered),
            _ => None,
        }
    }
}

impl Field for Stored {
    fn put(&self, out: &mut Vec<u8>) {
        match self {
            Self::Reversal(cause) => {
                out.push(1);
                cause.put(out);
            }
            Self::Acquirers { left } => {
                out.push(2);
                left.put(out);
            }
            Self::Advice => out.push(3),
            Self::Question => out.push(4),
            Self::Uncovered => out.push(5),
        }
    }
    fn take(bytes: &mut &[u8]) -> Option<Self> {
        match u8::take(bytes)? {
            1 => Field::take(bytes).map(Self::Reversal),
            2 => Field::take(bytes).map(|left| Self::Acquirers { left }),
            3 => Some(Self::Advice),
            4 => Some(Self::Question),
            5 => Some(Self::Uncovered),
            _ => None,
        }
    }
}

impl Field for Outcome {
    fn put(&self, out: &mut Vec<u8>) {
        match self {
            Self::Approved { code, authorization, settlement, partial } => {
                out.push(1);
                code.put(out);
                authorization.put(out);
                settlement.put(out);
                partial.put(out);
            }
            Self::Declined { code } => {
                out.push(2);
                code.put(out);
            }
            Self::Unknown { why } => {
                out.push(3);
                why.put(out);
            }
            Self::Refused { code } => {
                out.push(4);
                code.put(out);
            }
            Self::Taken { code } => {
                out.push(5);
                code.put(out);
            }
        }
    }
    fn take(bytes: &mut &[u8]) -> Option<Self> {
        match u8::take(bytes)? {
            1 => Some(Self::Approved {
                code: Field::take(bytes)?,
                authorization: Field::take(bytes)?,
                settlement: Field::take(bytes)?,
                partial: Field::take(bytes)?,
            }),
            2 => Field::take(bytes).map(|code| Self::Declined { code }),
            3 => Field::take(bytes).map(|why| Self::Unknown { why }),
            4 => Field::take(bytes).map(|code| Self::Refused { code }),
            5 => Field::take(bytes).map(|code| Self::Taken { code }),
            _ => None,
        }
    }
}
