//! Length prefixes: the number before a value of variable length.

use super::Fault;
use crate::{
    error::Reason,
    field::{Prefix, Spec},
};
use nom::{IResult, bytes::complete::take};

/// Takes the prefix off the front of `input`.
#[inline(always)]
pub(crate) fn read<'a>(spec: &Spec, input: &'a [u8]) -> Result<(&'a [u8], usize), Fault> {
    let width = spec.prefix_width as usize;
    let taken: IResult<&[u8], &[u8], ()> = take(width)(input);
    let Ok((rest, digits)) = taken else {
        return Err(Fault::new(0, Reason::Short { wanted: width, had: input.len() }));
    };
    match number(spec.prefix, digits) {
        Some(number) => Ok((rest, number)),
        None => Err(Fault::new(0, Reason::BadLength)),
    }
}

/// Takes a number of `width` bytes off the front of `input`.
pub(crate) fn number_at(prefix: Prefix, width: u8, input: &[u8]) -> Result<usize, Fault> {
    let width = width as usize;
    let short = Fault::new(0, Reason::Short { wanted: width, had: input.len() });
    let digits = input.get(..width).ok_or(short)?;
    number(prefix, digits).ok_or(Fault::new(0, Reason::BadLength))
}

/// The largest number that a prefix of `width` bytes says.
pub(crate) fn most(prefix: Prefix, width: u8) -> usize {
    let width = u32::from(width);
    match prefix {
        Prefix::None => 0,
        Prefix::Ascii | Prefix::Ebcdic => 10usize.pow(width) - 1,
        Prefix::Bcd => 100usize.pow(width) - 1,
        Prefix::Binary => 256usize.pow(width) - 1,
        Prefix::Hex => 16usize.pow(width) - 1,
    }
}

/// The number the prefix says; at most six digits or three bytes, so it never overflows.
#[inline(always)]
pub(super) fn number(prefix: Prefix, digits: &[u8]) -> Option<usize> {
    match prefix {
        Prefix::None => Some(0),
        Prefix::Ascii => decimal(digits, b'0'),
        Prefix::Ebcdic => decimal(digits, 0xF0),
        Prefix::Bcd => digits.iter().try_fold(0usize, |sum, byte| {
            let (high, low) = (byte >> 4, byte & 15);
            (high < 10 && low < 10).then_some(sum * 100 + usize::from(high) * 10 + usize::from(low))
        }),
        Prefix::Binary => Some(digits.iter().fold(0, |sum, byte| sum << 8 | usize::from(*byte))),
        Prefix::Hex => digits.iter().try_fold(0, |sum, byte| Some(sum << 4 | (*byte as char).to_digit(16)? as usize)),
    }
}

#[inline(always)]
fn decimal(digits: &[u8], zero: u8) -> Option<usize> {
    // Two and three digits are nearly all there is.
    match *digits {
        [a, b] => {
            let (a, b) = (a.wrapping_sub(zero), b.wrapping_sub(zero));
            (a < 10 && b < 10).then_some(usize::from(a) * 10 + usize::from(b))
        }
        [a, b, c] => {
            let (a, b, c) = (a.wrapping_sub(zero), b.wrapping_sub(zero), c.wrapping_sub(zero));
            (a < 10 && b < 10 && c < 10).then_some(usize::from(a) * 100 + usize::from(b) * 10 + usize::from(c))
        }
        _ => digits.iter().try_fold(0, |sum, byte| {
            let digit = byte.wrapping_sub(zero);
            (digit < 10).then_some(sum * 10 + usize::from(digit))
        }),
    }
}

/// Writes the prefix for `number` over `out`, which is as long as the prefix. The number fits: the dialect is refused where
/// its maximum does not.
#[inline(always)]
pub(crate) fn write(prefix: Prefix, number: usize, out: &mut [u8]) {
    match (prefix, out) {
        (Prefix::Ascii, [tens, ones]) => {
            (*tens, *ones) = (b'0' + (number / 10) as u8, b'0' + (number % 10) as u8);
        }
        (prefix, out) => write_any(prefix, number, out),
    }
}

fn write_any(prefix: Prefix, number: usize, out: &mut [u8]) {
    let mut left = number;
    for byte in out.iter_mut().rev() {
        (*byte, left) = match prefix {
            Prefix::None => return,
            Prefix::Ascii => (b'0' + (left % 10) as u8, left / 10),
            Prefix::Ebcdic => (0xF0 + (left % 10) as u8, left / 10),
            Prefix::Bcd => ((((left / 10 % 10) << 4) | (left % 10)) as u8, left / 100),
            Prefix::Binary => (left as u8, left >> 8),
            Prefix::Hex => (b"0123456789ABCDEF"[left & 15], left >> 4),
        };
    }
}
