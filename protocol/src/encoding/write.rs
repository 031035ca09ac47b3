//! To the wire: checking a logical value, filling it up, packing it, and putting its length before it.

use super::{Scratch, page, prefix};
use crate::{
    class::Class,
    error::Reason,
    field::{Case, Coding, Counts, Side, Sign, Spec},
};

/// Appends prefix and value of one field to `out` and returns its units; on an error `out` is as it was.
#[inline]
pub(crate) fn field(spec: &Spec, logical: &[u8], out: &mut Scratch) -> Result<usize, Reason> {
    let fill = filling(spec, logical)?;
    check(spec, logical)?;
    let units = logical.len() + fill;
    let number = match (spec.counts, spec.coding) {
        (Counts::Wire, Coding::Bcd | Coding::Hex | Coding::EbcdicHex) => spec.wire_len(units),
        _ => units,
    };
    out.reserve(spec.prefix_width as usize + spec.wire_len(units));
    prefix::write(spec, number, out);
    if fill == 0 {
        lay(spec, logical, out);
    } else {
        let mut whole = Scratch::new();
        fill_up(spec, logical, fill, &mut whole);
        lay(spec, &whole, out);
    }
    Ok(units)
}

/// How many units of filler a value needs; an error where it is too long, or too short and not to be filled up.
#[inline]
fn filling(spec: &Spec, logical: &[u8]) -> Result<usize, Reason> {
    let had = logical.len();
    if had > spec.max as usize {
        return Err(Reason::TooLong { max: spec.max as usize, had });
    }
    if had >= spec.min as usize {
        return Ok(0);
    }
    let signless = spec.class == Class::Xn && had == 0;
    if spec.fixed() && spec.pad != Side::None && !signless {
        return Ok(spec.max as usize - had);
    }
    Err(Reason::TooShort { min: spec.min as usize, had })
}

fn fill_up(spec: &Spec, logical: &[u8], fill: usize, whole: &mut Scratch) {
    let filler = std::iter::repeat_n(spec.pad_char, fill);
    match (spec.class, spec.pad) {
        // The sign stays in front.
        (Class::Xn, Side::Left) => {
            let (sign, digits) = logical.split_at(logical.len().min(1));
            whole.extend_from_slice(sign);
            whole.extend(filler);
            whole.extend_from_slice(digits);
        }
        (_, Side::Left) => {
            whole.extend(filler);
            whole.extend_from_slice(logical);
        }
        _ => {
            whole.extend_from_slice(logical);
            whole.extend(filler);
        }
    }
}

#[inline]
fn check(spec: &Spec, logical: &[u8]) -> Result<(), Reason> {
    let fits = match spec.coding {
        Coding::Bytes => logical.iter().all(|byte| *byte >= 0x20 && *byte != 0x7F),
        _ => spec.class.admits_all(logical),
    };
    if fits { Ok(()) } else { Err(offending(spec, logical)) }
}

#[cold]
fn offending(spec: &Spec, logical: &[u8]) -> Reason {
    let position = match spec.coding {
        Coding::Bytes => logical.iter().position(|byte| *byte < 0x20 || *byte == 0x7F),
        _ => spec.class.offender(logical),
    };
    Reason::BadCharacter { class: spec.class.name(), position: position.unwrap_or(0) }
}

/// Lays out a whole and checked value.
#[inline]
fn lay(spec: &Spec, logical: &[u8], out: &mut Scratch) {
    match spec.coding {
        Coding::Ascii if spec.class == Class::Z => {
            out.extend(logical.iter().map(|byte| separator(*byte, spec.separator)));
        }
        Coding::Ascii | Coding::Bytes | Coding::Raw => out.extend_from_slice(logical),
        Coding::Cp037 | Coding::Cp500 | Coding::Cp1047 => {
            let table = &page(spec.coding).from_latin;
            let z = spec.class == Class::Z;
            let ascii = |byte: u8| if z { separator(byte, spec.separator) } else { byte };
            out.extend(logical.iter().map(|byte| table[ascii(*byte) as usize]));
        }
        Coding::Hex => out.extend(hex(logical, spec.case)),
        Coding::EbcdicHex => {
            out.extend(hex(logical, spec.case).map(|byte| page(Coding::Cp500).from_latin[byte as usize]));
        }
        Coding::Bcd => pack(spec, logical, out),
    }
}

/// `=` and `D` are the same; a track is written with the dialect's.
#[inline]
fn separator(byte: u8, separator: u8) -> u8 {
    if matches!(byte, b'=' | b'D') { separator } else { byte }
}

/// Hex text in the dialect's case.
pub(crate) fn hex(bytes: &[u8], case: Case) -> impl Iterator<Item = u8> {
    let digits = if case == Case::Lower { b"0123456789abcdef" } else { b"0123456789ABCDEF" };
    bytes.iter().flat_map(move |byte| [digits[usize::from(byte >> 4)], digits[usize::from(byte & 15)]])
}

fn pack(spec: &Spec, logical: &[u8], out: &mut Scratch) {
    let mut digits = logical;
    if spec.class == Class::Xn && spec.sign != Sign::Nibble {
        let Some((sign, rest)) = logical.split_first() else { return };
        out.push(if spec.sign == Sign::Ebcdic { page(Coding::Cp500).from_latin[*sign as usize] } else { *sign });
        digits = rest;
    }
    let nibble = |byte: u8| match byte {
        b'C' | b'D' => byte - b'A' + 10,
        _ => byte & 15,
    };
    if digits.len() % 2 == 1 && spec.nibble_side != Side::Right {
        out.push(spec.nibble << 4 | nibble(digits[0]));
        digits = &digits[1..];
    }
    let (pairs, odd) = digits.as_chunks::<2>();
    out.extend(pairs.iter().map(|[high, low]| nibble(*high) << 4 | nibble(*low)));
    if let [last] = odd {
        out.push(nibble(*last) << 4 | spec.nibble);
    }
}
