//! How a part of a record is laid out: numbers little endian, an optional part behind one byte that says whether it is
//! there. Reading gives `None` for what no writer of ours wrote.

use crate::{
    clock::Wall,
    record::{CardEnds, Hold, Part, PaymentId, References},
    switch::{AcquirerId, BankId, ConnectionId},
};
use banklink_protocol::{
    Mti,
    element::{Currency, Money, OriginalData, ProcessingCode, ResponseCode, Rrn, Stan, Transmission},
};

/// A part of a record, as bytes.
pub(super) trait Field: Sized {
    /// Behind what is there.
    fn put(&self, out: &mut Vec<u8>);
    /// From the front of `bytes`, which then begin behind it.
    fn take(bytes: &mut &[u8]) -> Option<Self>;
}

macro_rules! number {
    ($($number:ty),*) => {$(
        impl Field for $number {
            #[inline]
            fn put(&self, out: &mut Vec<u8>) {
                out.extend_from_slice(&self.to_le_bytes());
            }
            #[inline]
            fn take(bytes: &mut &[u8]) -> Option<Self> {
                <[u8; size_of::<$number>()]>::take(bytes).map(Self::from_le_bytes)
            }
        }
    )*};
}
number!(u16, u32, u64, i64);

/// A type that is one other field in a coat.
macro_rules! coat {
    ($($coat:ty as $field:ty: $inside:expr, $made:expr;)*) => {$(
        impl Field for $coat {
            #[inline]
            fn put(&self, out: &mut Vec<u8>) {
                let inside: fn(&$coat) -> $field = $inside;
                inside(self).put(out);
            }
            #[inline]
            fn take(bytes: &mut &[u8]) -> Option<Self> {
                let made: fn($field) -> Option<$coat> = $made;
                <$field>::take(bytes).and_then(made)
            }
        }
    )*};
}
coat! {
    Wall as i64: |wall| wall.0, |micros| Some(Wall(micros));
    PaymentId as u64: |payment| payment.0, |number| Some(PaymentId(number));
    AcquirerId as u16: |acquirer| acquirer.0, |number| Some(AcquirerId(number));
    BankId as u16: |bank| bank.0, |number| Some(BankId(number));
    Mti as u16: |mti| mti.packed(), Mti::from_packed;
    Stan as u32: |stan| stan.0, |number| Some(Stan(number));
    Rrn as [u8; 12]: |rrn| rrn.0, |bytes| Some(Rrn(bytes));
    Transmission as [u8; 10]: |moment| moment.0, |digits| Some(Transmission(digits));
    ProcessingCode as [u8; 6]: ProcessingCode::bytes, |bytes| ProcessingCode::parse(&bytes);
    Currency as u16: |currency| currency.code(), |code| Some(Currency::numeric(code));
}

impl Field for u8 {
    #[inline]
    fn put(&self, out: &mut Vec<u8>) {
        out.push(*self);
    }
    #[inline]
    fn take(bytes: &mut &[u8]) -> Option<Self> {
        let (&first, rest) = bytes.split_first()?;
        *bytes = rest;
        Some(first)
    }
}

impl Field for bool {
    fn put(&self, out: &mut Vec<u8>) {
        out.push(u8::from(*self));
    }
    fn take(bytes: &mut &[u8]) -> Option<Self> {
        match u8::take(bytes)? {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        }
    }
}

impl<const N: usize> Field for [u8; N] {
    #[inline]
    fn put(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self);
    }
    #[inline]
    fn take(bytes: &mut &[u8]) -> Option<Self> {
        let (first, rest) = bytes.split_first_chunk::<N>()?;
        *bytes = rest;
        Some(*first)
    }
}

impl<F: Field> Field for Option<F> {
    #[inline]
    fn put(&self, out: &mut Vec<u8>) {
        match self {
            None => out.push(0),
            Some(field) => {
                out.push(1);
                field.put(out);
            }
        }
    }
    #[inline]
    fn take(bytes: &mut &[u8]) -> Option<Self> {
        match u8::take(bytes)? {
            0 => Some(None),
            1 => F::take(bytes).map(Some),
            _ => None,
        }
    }
}

impl<A: Field, B: Field> Field for (A, B) {
    #[inline]
    fn put(&self, out: &mut Vec<u8>) {
        self.0.put(out);
        self.1.put(out);
    }
    #[inline]
    fn take(bytes: &mut &[u8]) -> Option<Self> {
        Some((A::take(bytes)?, B::take(bytes)?))
    }
}

impl Field for ConnectionId {
    fn put(&self, out: &mut Vec<u8>) {
        let Self { bank, slot } = self;
        bank.put(out);
        slot.put(out);
    }
    fn take(bytes: &mut &[u8]) -> Option<Self> {
        Some(Self { bank: Field::take(bytes)?, slot: Field::take(bytes)? })
    }
}

impl Field for Money {
    fn put(&self, out: &mut Vec<u8>) {
        let Self { minor, currency } = self;
        minor.put(out);
        currency.put(out);
    }
    fn take(bytes: &mut &[u8]) -> Option<Self> {
        Some(Self::new(Field::take(bytes)?, Field::take(bytes)?))
    }
}

impl Field for OriginalData {
    fn put(&self, out: &mut Vec<u8>) {
        let Self { mti, stan, transmission, acquirer, forwarder } = self;
        mti.put(out);
        stan.put(out);
        transmission.put(out);
        acquirer.put(out);
        forwarder.put(out);
    }
    fn take(bytes: &mut &[u8]) -> Option<Self> {
        Some(Self {
            mti: Field::take(bytes)?,
            stan: Field::take(bytes)?,
            transmission: Field::take(bytes)?,
            acquirer: Field::take(bytes)?,
            forwarder: Field::take(bytes)?,
        })
    }
}

impl Field for CardEnds {
    fn put(&self, out: &mut Vec<u8>) {
        let Self { bin, last4 } = self;
        bin.put(out);
        last4.put(out);
    }
    fn take(bytes: &mut &[u8]) -> Option<Self> {
        Some(Self { bin: Field::take(bytes)?, last4: Field::take(bytes)? })
    }
}

impl Field for References {
    fn put(&self, out: &mut Vec<u8>) {
        let Self { duplicate, trace, rrn, card, terminal, clock } = self;
        for digest in [duplicate, trace, rrn, card] {
            digest.put(out);
        }
        terminal.put(out);
        clock.put(out);
    }
    fn take(bytes: &mut &[u8]) -> Option<Self> {
        Some(Self {
            duplicate: Field::take(bytes)?,
            trace: Field::take(bytes)?,
            rrn: Field::take(bytes)?,
            card: Field::take(bytes)?,
            terminal: Field::take(bytes)?,
            clock: Field::take(bytes)?,
        })
    }
}

impl Field for Hold {
    fn put(&self, out: &mut Vec<u8>) {
        let Self { held, taken, completions, under_way, until, currency, voided } = self;
        (*held, *taken).put(out);
        (*completions, *under_way).put(out);
        (*until, *currency).put(out);
        voided.put(out);
    }
    fn take(bytes: &mut &[u8]) -> Option<Self> {
        Some(Self {
            held: Field::take(bytes)?,
            taken: Field::take(bytes)?,
            completions: Field::take(bytes)?,
            under_way: Field::take(bytes)?,
            until: Field::take(bytes)?,
            currency: Field::take(bytes)?,
            voided: Field::take(bytes)?,
        })
    }
}

impl Field for Part {
    fn put(&self, out: &mut Vec<u8>) {
        let Self { kind, amount, under_way } = self;
        kind.put(out);
        amount.put(out);
        under_way.put(out);
    }
    fn take(bytes: &mut &[u8]) -> Option<Self> {
        Some(Self { kind: Field::take(bytes)?, amount: Field::take(bytes)?, under_way: Field::take(bytes)? })
    }
}

/// DE39: its length, then so many characters.
impl Field for ResponseCode {
    fn put(&self, out: &mut Vec<u8>) {
        out.push(self.as_bytes().len() as u8);
        out.extend_from_slice(self.as_bytes());
    }
    fn take(bytes: &mut &[u8]) -> Option<Self> {
        let length = u8::take(bytes)?;
        let (code, rest) = bytes.split_at_checked(usize::from(length))?;
        *bytes = rest;
        Self::parse(code)
    }
}

/// Text: its length in two bytes, then UTF-8; of a longer text the first 65,535 bytes or a few less.
impl Field for Box<str> {
    fn put(&self, out: &mut Vec<u8>) {
        let text = &self[..self.floor_char_boundary(usize::from(u16::MAX))];
        (text.len() as u16).put(out);
        out.extend_from_slice(text.as_bytes());
    }
    fn take(bytes: &mut &[u8]) -> Option<Self> {
        let length = u16::take(bytes)?;
        let (text, rest) = bytes.split_at_checked(usize::from(length))?;
        *bytes = rest;
        std::str::from_utf8(text).ok().map(Into::into)
    }
}
