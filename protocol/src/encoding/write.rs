//! To the wire: checking a logical value, filling it up, packing it, and putting its length before it.

use super::{page, prefix};
use crate::{
    class::{Class, all_alphanumeric, all_digits, all_printable, all_track},
    error::Reason,
    field::{Case, Coding, Counts, Shape, Side, Sign, Spec},
    scratch::Scratch,
};
use smallvec::SmallVec;
use std::borrow::Cow;

/// What a field takes, known before it is written.
pub(crate) struct Laid {
    /// Bytes of prefix and value.
    pub(crate) len: usize,
    /// Do packed digits have a spare nibble?
    pub(crate) odd: bool,
}

/// Appends prefix and value of one field to `out`; on an error `out` is as it was.
#[inline(always)]
pub(crate) fn field(spec: &Spec, logical: &[u8], out: &mut Scratch) -> Result<Laid, Reason> {
    let units = logical.len();
    let ordinary = units >= spec.min as usize && units <= spec.max as usize && spec.shape.is_plain();
    let packed = spec.shape == Shape::Packed;
    if !ordinary || (packed && !units.is_multiple_of(2)) {
        return uncommon(spec, logical, out);
    }
    let wire = if packed { units / 2 } else { units };
    let before = spec.prefix_width as usize;
    let start = out.len();
    let (prefix, value) = out.room(before + wire).split_at_mut(before);
    if before > 0 {
        let number = if matches!(spec.counts, Counts::Wire) { wire } else { units };
        prefix::write(spec.prefix, number, prefix);
    }
    if !checked_copy(spec, logical, value) {
        out.truncate(start);
        return Err(offending(spec, logical));
    }
    Ok(Laid { len: before + wire, odd: false })
}

/// The same for values that are filled up, leave a spare nibble, or have no plain shape, and for those of a wrong length.
#[inline(never)]
fn uncommon(spec: &Spec, logical: &[u8], out: &mut Scratch) -> Result<Laid, Reason> {
    let fill = filling(spec, logical)?;
    if !admitted(spec, logical) {
        return Err(offending(spec, logical));
    }
    let units = logical.len() + fill;
    let (wire, odd) = (spec.wire_len(units), spec.leaves_spare(units));
    let before = spec.prefix_width as usize;
    let (prefix, value) = out.room(before + wire).split_at_mut(before);
    if before > 0 {
        let number = if matches!(spec.counts, Counts::Wire) { wire } else { units };
        prefix::write(spec.prefix, number, prefix);
    }
    if fill == 0 {
        lay(spec, logical, value);
    } else {
        lay(spec, &filled(spec, logical, fill), value);
    }
    Ok(Laid { len: before + wire, odd })
}

/// Lays out a whole value of a plain shape; `false` where it does not fit the shape.
#[inline(never)]
fn checked_copy(spec: &Spec, logical: &[u8], out: &mut [u8]) -> bool {
    match spec.shape {
        Shape::Digits => {
            copy(logical, out);
            all_digits(logical)
        }
        Shape::Printable => {
            copy(logical, out);
            all_printable(logical)
        }
        Shape::Alphanumeric => {
            copy(logical, out);
            all_alphanumeric(logical)
        }
        Shape::Raw => {
            copy(logical, out);
            true
        }
        Shape::EbcdicDigits => {
            out.iter_mut().zip(logical).for_each(|(to, digit)| *to = digit | 0xF0);
            all_digits(logical)
        }
        Shape::Packed => {
            pack_pairs(logical, out);
            all_digits(logical)
        }
        Shape::Track => {
            let own = spec.separator;
            out.iter_mut().zip(logical).for_each(|(to, byte)| *to = separator(*byte, own));
            all_track(logical)
        }
        Shape::PackedTrack | Shape::Other | Shape::Undefined => false,
    }
}

/// Copies between slices of one length, without a call for the short ones.
#[inline(always)]
fn copy(from: &[u8], to: &mut [u8]) {
    let length = from.len();
    if let (8..=16, Some(first), Some(last)) = (length, from.first_chunk::<8>(), from.last_chunk::<8>()) {
        to[..8].copy_from_slice(first);
        to[length - 8..].copy_from_slice(last);
    } else if let (4..=7, Some(first), Some(last)) = (length, from.first_chunk::<4>(), from.last_chunk::<4>()) {
        to[..4].copy_from_slice(first);
        to[length - 4..].copy_from_slice(last);
    } else {
        to.copy_from_slice(from);
    }
}

/// Packs an even number of digits.
#[inline(always)]
fn pack_pairs(digits: &[u8], out: &mut [u8]) {
    for (to, [high, low]) in out.iter_mut().zip(digits.as_chunks::<2>().0) {
        *to = (high << 4) | (low & 15);
    }
}

/// How many units of filler a value needs; an error where it is too long, or too short and not to be filled up.
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

/// A value with what fills it up, as it will stand in the field.
pub(crate) fn whole<'a>(spec: &Spec, logical: &'a [u8]) -> Result<Cow<'a, [u8]>, Reason> {
    Ok(match filling(spec, logical)? {
        0 => Cow::Borrowed(logical),
        fill => Cow::Owned(filled(spec, logical, fill).to_vec()),
    })
}

/// A value with `fill` units of filler.
fn filled(spec: &Spec, logical: &[u8], fill: usize) -> SmallVec<[u8; 64]> {
    let filler = std::iter::repeat_n(spec.pad_char, fill);
    let mut whole = SmallVec::<[u8; 64]>::new();
    // The sign of x+n stays in front.
    let front = match (spec.class, spec.pad) {
        (Class::Xn, Side::Left) => 1,
        (_, Side::Left) => 0,
        _ => logical.len(),
    };
    whole.extend_from_slice(&logical[..front]);
    whole.extend(filler);
    whole.extend_from_slice(&logical[front..]);
    whole
}

fn admitted(spec: &Spec, logical: &[u8]) -> bool {
    match spec.coding {
        _ if !spec.checked => true,
        Coding::Bytes => logical.iter().all(|byte| *byte >= 0x20 && *byte != 0x7F),
        _ => spec.class.admits_all(logical),
    }
}

#[cold]
fn offending(spec: &Spec, logical: &[u8]) -> Reason {
    let position = match spec.coding {
        Coding::Bytes => logical.iter().position(|byte| *byte < 0x20 || *byte == 0x7F),
        _ => spec.class.offender(logical),
    };
    Reason::BadCharacter { class: spec.class.name(), position: position.unwrap_or(0) }
}

/// Lays out a whole and checked value over `out`, which is as long as the wire form.
fn lay(spec: &Spec, logical: &[u8], out: &mut [u8]) {
    let z = spec.class == Class::Z;
    let ascii = |byte: u8| if z { separator(byte, spec.separator) } else { byte };
    match spec.coding {
        Coding::Ascii => out.iter_mut().zip(logical).for_each(|(to, byte)| *to = ascii(*byte)),
        Coding::Bytes | Coding::Raw => out.copy_from_slice(logical),
        Coding::Cp037 | Coding::Cp500 | Coding::Cp1047 => {
            let table = &page(spec.coding).from_latin;
            out.iter_mut().zip(logical).for_each(|(to, byte)| *to = table[ascii(*byte) as usize]);
        }
        Coding::Hex => hex(logical, spec.case, out),
        Coding::EbcdicHex => {
            let table = &page(Coding::Cp500).from_latin;
            hex(logical, spec.case, out);
            out.iter_mut().for_each(|byte| *byte = table[*byte as usize]);
        }
        Coding::Bcd => pack(spec, logical, out),
    }
}

/// `=` and `D` are the same; a track is written with the dialect's.
#[inline]
fn separator(byte: u8, separator: u8) -> u8 {
    if matches!(byte, b'=' | b'D') { separator } else { byte }
}

/// Hex text in the dialect's case, over `out`, which is twice as long.
#[inline]
pub(crate) fn hex(bytes: &[u8], case: Case, out: &mut [u8]) {
    let digits = if case == Case::Lower { b"0123456789abcdef" } else { b"0123456789ABCDEF" };
    for (pair, byte) in out.as_chunks_mut::<2>().0.iter_mut().zip(bytes) {
        *pair = [digits[usize::from(byte >> 4)], digits[usize::from(byte & 15)]];
    }
}

fn pack(spec: &Spec, logical: &[u8], out: &mut [u8]) {
    let (mut digits, mut out) = (logical, out);
    if spec.class == Class::Xn && spec.sign != Sign::Nibble {
        let (Some((sign, rest)), Some((to, after))) = (logical.split_first(), out.split_first_mut()) else { return };
        *to = if spec.sign == Sign::Ebcdic { page(Coding::Cp500).from_latin[*sign as usize] } else { *sign };
        (digits, out) = (rest, after);
    }
    let nibble = |byte: u8| match byte {
        b'C' | b'D' => byte - b'A' + 10,
        _ => byte & 15,
    };
    if digits.len() % 2 == 1 && spec.nibble_side != Side::Right {
        let Some((to, after)) = out.split_first_mut() else { return };
        *to = (spec.nibble << 4) | nibble(digits[0]);
        (digits, out) = (&digits[1..], after);
    }
    let (pairs, odd) = digits.as_chunks::<2>();
    for (to, [high, low]) in out.iter_mut().zip(pairs) {
        *to = (nibble(*high) << 4) | nibble(*low);
    }
    if let ([last], Some(to)) = (odd, out.last_mut()) {
        *to = (nibble(*last) << 4) | spec.nibble;
    }
}
