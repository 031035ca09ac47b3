//! From the wire: taking a value off the input and checking it, and giving its logical form.

use super::{Fault, page, prefix};
use crate::{
    class::{Class, all_alphanumeric, all_digits, all_ebcdic_digits, all_packed_digits, all_printable, all_track},
    error::Reason,
    field::{Case, Coding, Counts, Prefix, Shape, Side, Sign, Spec},
};
use nom::{IResult, bytes::complete::take};

/// One field found at the front of the input.
#[derive(Clone, Copy)]
pub(crate) struct Found {
    /// Bytes of prefix and value.
    pub(crate) len: usize,
    /// Do packed digits have a spare nibble?
    pub(crate) odd: bool,
}

/// Takes one field, prefix and value, off the front of `input`, checked against the dialect. The length is bounded before
/// anything is taken on its word.
#[inline(always)]
pub(crate) fn field(spec: &Spec, input: &[u8]) -> Result<Found, Fault> {
    let before = spec.prefix_width as usize;
    let (after, units) = if before == 0 {
        (input, spec.max as usize)
    } else {
        let (after, number) = prefix::read(spec, input)?;
        if matches!(spec.shape, Shape::Other) {
            return other(spec, after, number);
        }
        (after, within(spec, number, spec.max as usize)?)
    };
    let (wire, odd) = match spec.shape {
        Shape::Other => return other(spec, after, units),
        Shape::Packed | Shape::PackedTrack => (units.div_ceil(2), units % 2 == 1),
        _ => (units, false),
    };
    let value = value(spec, after, wire)?;
    let good = if odd { packed_fits(spec, value, units) } else { shape_fits(spec.shape, value) };
    if good { Ok(Found { len: before + wire, odd }) } else { Err(diagnose(spec, value, units)) }
}

/// Measures a field that runs and fits so far, all but the characters of its value; `None` for every other: [`field`] says
/// what it is, or what is wrong.
#[inline(always)]
pub(crate) fn measure(spec: &Spec, input: &[u8]) -> Option<Found> {
    if !spec.runs {
        return None;
    }
    let before = spec.prefix_width as usize;
    let (digits, after) = input.split_at_checked(before)?;
    let units = match spec.prefix {
        Prefix::None => spec.max as usize,
        prefix => prefix::number(prefix, digits)?,
    };
    if units > spec.max as usize || units < spec.min as usize {
        return None;
    }
    let packed = matches!(spec.shape, Shape::Packed | Shape::PackedTrack);
    let (wire, odd) = if packed { (units.div_ceil(2), units % 2 == 1) } else { (units, false) };
    let value = after.get(..wire)?;
    if odd && spare(spec, value) != Some(spec.nibble) {
        return None;
    }
    Some(Found { len: before + wire, odd })
}

/// The spare nibble of an odd number of packed digits.
#[inline(always)]
fn spare(spec: &Spec, value: &[u8]) -> Option<u8> {
    match spec.nibble_side {
        Side::Right => value.last().map(|byte| byte & 15),
        _ => value.first().map(|byte| byte >> 4),
    }
}

/// Is a value, or a run of values one after the other, of this shape? (Packed digits without a spare nibble.)
#[inline(always)]
pub(crate) fn shape_fits(shape: Shape, value: &[u8]) -> bool {
    match shape {
        Shape::Digits => all_digits(value),
        Shape::Printable => all_printable(value),
        Shape::Alphanumeric => all_alphanumeric(value),
        Shape::EbcdicDigits => all_ebcdic_digits(value),
        Shape::Packed => all_packed_digits(value),
        Shape::Track => all_track(value),
        Shape::Raw | Shape::PackedTrack | Shape::Other | Shape::Undefined => true,
    }
}

/// The same for the less common shapes.
#[inline(never)]
fn other(spec: &Spec, after: &[u8], number: usize) -> Result<Found, Fault> {
    let units = if spec.fixed() { number } else { bounded(spec, number)? };
    let wire = spec.wire_len(units);
    let value = value(spec, after, wire)?;
    let units = if matches!(spec.counts, Counts::Wire) { true_units(spec, value, units) } else { units };
    if fits(spec, value, units) {
        Ok(Found { len: spec.prefix_width as usize + wire, odd: spec.leaves_spare(units) })
    } else {
        Err(diagnose(spec, value, units))
    }
}

/// The bytes that a field at the front of `input` takes, prefix and value, whatever stands in the value; `None` where its
/// length is no length, outside the field's bounds, or more than there is.
#[cold]
pub(crate) fn extent(spec: &Spec, input: &[u8]) -> Option<usize> {
    let units = match spec.prefix_width {
        0 => spec.max as usize,
        _ => bounded(spec, prefix::read(spec, input).ok()?.1).ok()?,
    };
    let whole = spec.prefix_width as usize + spec.wire_len(units);
    (whole <= input.len()).then_some(whole)
}

/// Checks a value whose length came from elsewhere (a tag's length); says whether packed digits have a spare nibble.
pub(crate) fn alone(spec: &Spec, value: &[u8]) -> Result<bool, Fault> {
    let most = spec.max as usize;
    let most = if spec.coding == Coding::Bcd { most + most % 2 } else { most };
    if matches!(spec.coding, Coding::Hex | Coding::EbcdicHex) && value.len() % 2 == 1 {
        return Err(Fault::new(0, Reason::BadLength));
    }
    let mut units = within(spec, spec.units(value.len(), false), most)?;
    if spec.coding == Coding::Bcd {
        // A fixed odd number of digits is known; otherwise a filler that is no digit tells.
        let known = spec.min == spec.max && units == most && spec.max % 2 == 1;
        units = if known { spec.max as usize } else { true_units(spec, value, units) };
    }
    if fits(spec, value, units) { Ok(spec.leaves_spare(units)) } else { Err(diagnose(spec, value, units)) }
}

#[inline(always)]
fn value<'a>(spec: &Spec, after: &'a [u8], wire: usize) -> Result<&'a [u8], Fault> {
    let taken: IResult<&[u8], &[u8], ()> = take(wire)(after);
    match taken {
        Ok((_, value)) => Ok(value),
        Err(_) => Err(Fault::new(spec.prefix_width as usize, Reason::Short { wanted: wire, had: after.len() })),
    }
}

#[inline(always)]
fn within(spec: &Spec, units: usize, most: usize) -> Result<usize, Fault> {
    if units > most {
        return Err(Fault::new(0, Reason::TooLong { max: spec.max as usize, had: units }));
    }
    if units < spec.min as usize {
        return Err(Fault::new(0, Reason::TooShort { min: spec.min as usize, had: units }));
    }
    Ok(units)
}

/// From what the prefix says to units, within the field's bounds.
fn bounded(spec: &Spec, number: usize) -> Result<usize, Fault> {
    let units = match (spec.counts, spec.coding) {
        (Counts::Units, _) => number,
        (Counts::Wire, Coding::Bcd) => number * 2,
        (Counts::Wire, Coding::Hex | Coding::EbcdicHex) if number.is_multiple_of(2) => number / 2,
        (Counts::Wire, Coding::Hex | Coding::EbcdicHex) => return Err(Fault::new(0, Reason::BadLength)),
        (Counts::Wire, _) => number,
    };
    let most = match (spec.counts, spec.coding) {
        // The spare nibble is counted as well.
        (Counts::Wire, Coding::Bcd) => spec.max as usize + (spec.max as usize & 1),
        _ => spec.max as usize,
    };
    within(spec, units, most)
}

/// Where a prefix counts bytes of packed digits, a filler that is no digit says that the number of digits is odd.
fn true_units(spec: &Spec, value: &[u8], units: usize) -> usize {
    if spec.coding != Coding::Bcd || spec.nibble < 10 || units == 0 {
        return units;
    }
    units - usize::from(spare(spec, value) == Some(spec.nibble))
}

/// Is the value within its class and coding?
fn fits(spec: &Spec, value: &[u8], units: usize) -> bool {
    if !spec.checked {
        return true;
    }
    match spec.coding {
        Coding::Cp037 | Coding::Cp500 | Coding::Cp1047 => page(spec.coding).admits_all(spec.class, value),
        Coding::Bytes => value.iter().all(|byte| *byte >= 0x20 && *byte != 0x7F),
        Coding::Hex => {
            value.iter().all(|byte| hex_digit(*byte, spec.case).is_some()) && hex_offender(spec, value).is_none()
        }
        Coding::EbcdicHex => value.iter().all(|byte| ebcdic_hex_digit(*byte, spec.case).is_some()),
        Coding::Bcd => packed_fits(spec, value, units),
        Coding::Ascii => spec.class.admits_all(value),
        Coding::Raw => true,
    }
}

/// The first character of text written in hex that its class does not admit.
fn hex_offender(spec: &Spec, value: &[u8]) -> Option<usize> {
    let digit = |byte| hex_digit(byte, Case::Any).unwrap_or(0);
    let (pairs, _) = value.as_chunks::<2>();
    pairs.iter().enumerate().position(|(at, [high, low])| !spec.class.admits(at, digit(*high) << 4 | digit(*low)))
}

/// Packed digits with a spare nibble, a sign or a separator among them.
fn packed_fits(spec: &Spec, value: &[u8], units: usize) -> bool {
    if units == 0 {
        return true;
    }
    let (value, units) = match signed(spec) {
        Some(_) if sign(spec, value).is_none() => return false,
        Some(bytes) => (&value[bytes..], units - bytes),
        None => (value, units),
    };
    spare_fits(spec, value, units)
        && (0..units).all(|at| match (spec.class, nibble(spec, value, units, at)) {
            (Class::Z, _) => true,
            (Class::Xn, digit) if at == 0 && spec.sign == Sign::Nibble => matches!(digit, 0xC | 0xD),
            (_, digit) => digit < 10,
        })
}

fn spare_fits(spec: &Spec, value: &[u8], units: usize) -> bool {
    if units.is_multiple_of(2) || !spec.nibble_checked {
        return true;
    }
    spare(spec, value) == Some(spec.nibble)
}

/// The bytes of a sign of its own before packed digits.
fn signed(spec: &Spec) -> Option<usize> {
    (spec.class == Class::Xn && spec.sign != Sign::Nibble).then_some(1)
}

fn sign(spec: &Spec, value: &[u8]) -> Option<u8> {
    match (spec.sign, *value.first()?) {
        (Sign::Ascii, sign @ (b'C' | b'D')) => Some(sign),
        (Sign::Ebcdic, 0xC3) => Some(b'C'),
        (Sign::Ebcdic, 0xC4) => Some(b'D'),
        _ => None,
    }
}

/// The digit `at` among packed digits with the spare nibble on its side.
#[inline]
fn nibble(spec: &Spec, packed: &[u8], units: usize, at: usize) -> u8 {
    let at = at + usize::from(units % 2 == 1 && spec.nibble_side != Side::Right);
    let byte = packed[at / 2];
    if at.is_multiple_of(2) { byte >> 4 } else { byte & 15 }
}

/// Says what is wrong with a value that does not fit.
#[cold]
fn diagnose(spec: &Spec, value: &[u8], units: usize) -> Fault {
    let before = spec.prefix_width as usize;
    let bad = |position: usize, at: usize| {
        Fault::new(before + at, Reason::BadCharacter { class: spec.class.name(), position })
    };
    match spec.coding {
        Coding::Bcd => {
            let skip = signed(spec).unwrap_or(0);
            let (digits, count) = (&value[skip..], units - skip);
            if skip == 1 && sign(spec, value).is_none() {
                return bad(0, 0);
            }
            if !spare_fits(spec, digits, count) {
                let at = if spec.nibble_side == Side::Right { value.len() - 1 } else { skip };
                return Fault::new(before + at, Reason::BadPadding);
            }
            let position = (0..count).position(|at| {
                nibble(spec, digits, count, at) > 9 && !(at == 0 && skip == 0 && spec.class == Class::Xn)
            });
            let position = position.unwrap_or(0);
            let shifted = position + usize::from(count % 2 == 1 && spec.nibble_side != Side::Right);
            bad(position + skip, skip + shifted / 2)
        }
        Coding::Hex | Coding::EbcdicHex => {
            let digit = if spec.coding == Coding::Hex { hex_digit } else { ebcdic_hex_digit };
            match value.iter().position(|byte| digit(*byte, spec.case).is_none()) {
                Some(at) => Fault::new(before + at, Reason::BadCharacter { class: "hex", position: at }),
                None => {
                    let at = hex_offender(spec, value).unwrap_or(0);
                    bad(at, 2 * at)
                }
            }
        }
        Coding::Bytes => {
            let at = value.iter().position(|byte| *byte < 0x20 || *byte == 0x7F).unwrap_or(0);
            bad(at, at)
        }
        Coding::Cp037 | Coding::Cp500 | Coding::Cp1047 => {
            let table = &page(spec.coding).to_latin;
            let wrong = |(at, byte): (usize, &u8)| !spec.class.admits(at, table[*byte as usize]);
            let at = value.iter().enumerate().position(wrong).unwrap_or(0);
            bad(at, at)
        }
        Coding::Ascii | Coding::Raw => {
            let at = spec.class.offender(value).unwrap_or(0);
            bad(at, at)
        }
    }
}

/// The value of a hex character in the case that is taken.
#[inline]
pub(crate) fn hex_digit(byte: u8, case: Case) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'A'..=b'F' if case != Case::Lower => Some(byte - b'A' + 10),
        b'a'..=b'f' if case != Case::Upper => Some(byte - b'a' + 10),
        _ => None,
    }
}

/// The same in EBCDIC, where the letters A to F stand at C1 to C6 and 81 to 86 in every page.
#[inline]
pub(crate) fn ebcdic_hex_digit(byte: u8, case: Case) -> Option<u8> {
    match byte {
        0xF0..=0xF9 => Some(byte - 0xF0),
        0xC1..=0xC6 if case != Case::Lower => Some(byte - 0xC1 + 10),
        0x81..=0x86 if case != Case::Upper => Some(byte - 0x81 + 10),
        _ => None,
    }
}

/// Writes the logical form of a checked value to the front of `out`; `None` where it is too small. Returns the units.
#[inline]
pub(crate) fn logical(spec: &Spec, value: &[u8], units: usize, out: &mut [u8]) -> Option<usize> {
    let out = out.get_mut(..units)?;
    match spec.coding {
        Coding::Ascii if spec.class == Class::Z => {
            for (to, from) in out.iter_mut().zip(value) {
                *to = if *from == b'D' { b'=' } else { *from };
            }
        }
        Coding::Ascii | Coding::Bytes | Coding::Raw => out.copy_from_slice(value),
        Coding::Cp037 | Coding::Cp500 | Coding::Cp1047 => {
            let table = &page(spec.coding).to_latin;
            for (to, from) in out.iter_mut().zip(value) {
                let latin = table[*from as usize];
                *to = if spec.class == Class::Z && latin == b'D' { b'=' } else { latin };
            }
        }
        Coding::Hex | Coding::EbcdicHex => {
            let digit = if spec.coding == Coding::Hex { hex_digit } else { ebcdic_hex_digit };
            for (to, pair) in out.iter_mut().zip(value.as_chunks::<2>().0) {
                *to = digit(pair[0], Case::Any)? << 4 | digit(pair[1], Case::Any)?;
            }
        }
        Coding::Bcd => unpack(spec, value, out),
    }
    Some(units)
}

fn unpack(spec: &Spec, value: &[u8], out: &mut [u8]) {
    let (mut digits, mut to) = (value, out);
    if signed(spec).is_some() && !to.is_empty() {
        to[0] = sign(spec, value).unwrap_or(b'C');
        (digits, to) = (&value[1..], &mut to[1..]);
    }
    let nibble_sign = spec.class == Class::Xn && spec.sign == Sign::Nibble;
    if to.len() % 2 == 0 {
        for (pair, byte) in to.as_chunks_mut::<2>().0.iter_mut().zip(digits) {
            *pair = [0x30 + (byte >> 4), 0x30 + (byte & 15)];
        }
    } else {
        let units = to.len();
        for (at, to) in to.iter_mut().enumerate() {
            *to = 0x30 + nibble(spec, digits, units, at);
        }
    }
    if nibble_sign && let Some(first) = to.first_mut() {
        *first += b'A' - 0x3A;
    }
}
