//! From bytes to a [`Message`]: one pass over the frame, strict, nothing copied.

use crate::{
    Dialect, Mti,
    bitmap::FieldSet,
    class::hex_word,
    dialect::{BitmapForm, MtiForm, Profile},
    encoding::{
        Fault,
        read::{self, Found},
    },
    error::{DecodeError, Reason},
    field::{Case, Shape, Spec},
    message::Message,
    slots::{Slot, Slots},
};
use bytes::Bytes;
use nom::{IResult, bytes::complete::take};
use smallvec::SmallVec;
use std::sync::Arc;

/// Where decoding stopped: the data element (0 MTI, 1 bitmap), and what is wrong at which offset.
struct Stop {
    field: Option<u8>,
    offset: usize,
    reason: Reason,
}

/// The largest body that the slots can address.
const MOST: usize = u16::MAX as usize;

/// Decodes `body` in `dialect`.
#[inline]
pub(crate) fn message(dialect: &Arc<Dialect>, body: Bytes) -> Result<Message, DecodeError> {
    let mti = match head(dialect, &body) {
        Ok(mti) => mti,
        Err(stop) => return Err(error(stop, None)),
    };
    let profile = dialect.profile(mti);
    let start = dialect.mti_form.width();
    let (announced, head) = match bitmap(&dialect.bitmap_form, &body[start..]) {
        Ok((announced, rest)) => (announced, body.len() - rest.len()),
        Err(fault) => {
            let mut nothing = Message::of(dialect, mti, body, 0, FieldSet::new(), Slots::new());
            nothing.forget_rest();
            return Err(error(stop(1, start, fault), Some(Box::new(nothing))));
        }
    };
    let mut slots = Slots::new();
    let mut walked = walk(profile, &body, head, &announced, slots.resize(announced.len()));
    if walked.is_ok()
        && let Some(field) = profile.mandatory.without(&announced).first()
    {
        walked = Err(Stop { field: Some(field), offset: body.len(), reason: Reason::Missing });
    }
    match walked {
        Ok(()) => Ok(Message::of(dialect, mti, body, head, announced, slots)),
        Err(stop) => {
            let (present, slots) = good(profile, &body, head, announced, slots, &stop);
            let mut partial = Message::of(dialect, mti, body, head, present, slots);
            partial.forget_rest();
            Err(error(stop, Some(Box::new(partial))))
        }
    }
}

/// The good fields of a message with an error.
#[cold]
#[inline(never)]
fn good(
    profile: &Profile,
    body: &[u8],
    head: usize,
    announced: FieldSet,
    mut slots: Slots,
    stop: &Stop,
) -> (FieldSet, Slots) {
    if stop.reason == Reason::Missing {
        return (announced, slots);
    }
    aligned(profile, body, head, &announced).unwrap_or_else(|| {
        // What was decoded before the error.
        let end = stop.field.unwrap_or(u8::MAX);
        let present: FieldSet = announced.iter().take_while(|field| *field < end).collect();
        slots.truncate(present.len());
        (present, slots)
    })
}

#[cold]
fn error(stop: Stop, partial: Option<Box<Message>>) -> DecodeError {
    DecodeError { field: stop.field, offset: stop.offset, reason: stop.reason, partial }
}

/// The MTI.
#[inline]
fn head(dialect: &Dialect, body: &[u8]) -> Result<Mti, Stop> {
    if body.len() > MOST {
        let reason = Reason::FrameTooLarge { max: MOST, had: body.len() };
        return Err(Stop { field: None, offset: 0, reason });
    }
    let width = dialect.mti_form.width();
    let taken: IResult<&[u8], &[u8], ()> = take(width)(body);
    let Ok((_, bytes)) = taken else {
        let reason = Reason::Short { wanted: width, had: body.len() };
        return Err(Stop { field: Some(0), offset: 0, reason });
    };
    let mti = match (dialect.mti_form, bytes) {
        (MtiForm::Ascii, [a, b, c, d]) => Mti::from_digits([*a, *b, *c, *d]),
        (MtiForm::Ebcdic, [a, b, c, d]) => Mti::from_digits([*a, *b, *c, *d].map(|byte| byte.wrapping_sub(0xC0))),
        // An ASCII digit is 3 and itself in hex.
        (MtiForm::Hex, [b'3', a, b'3', b, b'3', c, b'3', d]) => Mti::from_digits([*a, *b, *c, *d]),
        (MtiForm::Bcd, [high, low]) => Mti::from_packed(u16::from_be_bytes([*high, *low])),
        _ => None,
    };
    mti.ok_or(Stop { field: Some(0), offset: 0, reason: Reason::BadMti })
}

/// The fields that are good, where what is wrong is only the content of others: every length holds, to the last byte. An
/// answer to a letter in the amount can then still carry the trace number that stands behind it. Where a length is in
/// doubt, so is everything behind it: `None`.
#[cold]
fn aligned(profile: &Profile, body: &[u8], head: usize, announced: &FieldSet) -> Option<(FieldSet, Slots)> {
    let (mut present, mut slots) = (FieldSet::new(), Slots::new());
    let mut offset = head;
    for field in announced.iter() {
        if profile.spec(field).shape == Shape::Undefined {
            return None;
        }
        offset += match single(profile, field, &body[offset..]) {
            Ok(found) => {
                present.insert(field);
                slots.push(Slot::new(offset, found.len, found.odd));
                found.len
            }
            Err(_) => read::extent(profile.spec(field), &body[offset..])?,
        };
    }
    (offset == body.len()).then_some((present, slots))
}

/// Finds every announced field in turn; all bytes must be used up.
///
/// Neighbours of the same shape are only measured here, and checked together when their run ends. All but the measuring
/// of fixed fields is kept out of line, so that the loop has the registers to itself.
#[inline(never)]
fn walk(profile: &Profile, body: &[u8], head: usize, announced: &FieldSet, slots: &mut [Slot]) -> Result<(), Stop> {
    let specs = profile.specs();
    let mut run = Run { shape: Shape::Raw, start: head };
    let mut offset = head;
    let mut filled = 0;
    for (word, base) in announced.words().into_iter().zip([1u8, 65, 129]) {
        // The lowest bit is quicker to find and to clear.
        let mut left = word.reverse_bits();
        while left != 0 {
            let field = base + left.trailing_zeros() as u8;
            left &= left - 1;
            let spec = &specs[field as usize];
            if spec.shape != run.shape {
                if !run.fits(body, offset) {
                    return Err(locate(profile, body, announced, slots, run.start));
                }
                run = Run { shape: spec.shape, start: offset };
            }
            let wire = spec.run as usize;
            let slot = if wire > 0 && body.len() - offset >= wire {
                Slot::new(offset, wire, false)
            } else if let Some(slot) = measure(spec, body, offset) {
                slot
            } else {
                // By itself. What stands before it comes first.
                if !run.fits(body, offset) {
                    return Err(locate(profile, body, announced, slots, run.start));
                }
                let found = single(profile, field, &body[offset..]).map_err(|fault| stop(field, offset, fault))?;
                run = Run { shape: Shape::Raw, start: offset + found.len };
                Slot::new(offset, found.len, found.odd)
            };
            slots[filled] = slot;
            filled += 1;
            offset = slot.end();
        }
    }
    if !run.fits(body, offset) {
        return Err(locate(profile, body, announced, slots, run.start));
    }
    if offset < body.len() {
        return Err(Stop { field: None, offset, reason: Reason::Trailing { bytes: body.len() - offset } });
    }
    Ok(())
}

/// Values of one shape, one after the other, that have been measured and not yet checked.
struct Run {
    shape: Shape,
    start: usize,
}

impl Run {
    #[inline(always)]
    fn fits(&self, body: &[u8], end: usize) -> bool {
        shape_fits(self.shape, &body[self.start..end])
    }
}

#[inline(never)]
fn shape_fits(shape: Shape, value: &[u8]) -> bool {
    read::shape_fits(shape, value)
}

#[inline(never)]
fn measure(spec: &Spec, body: &[u8], offset: usize) -> Option<Slot> {
    let found = read::measure(spec, &body[offset..])?;
    Some(Slot::new(offset, found.len, found.odd))
}

/// One field by itself, with what is inside it.
#[inline(never)]
fn single(profile: &Profile, field: u8, rest: &[u8]) -> Result<Found, Fault> {
    let spec = profile.spec(field);
    if spec.shape == Shape::Undefined {
        return Err(Fault::new(0, Reason::Unmapped));
    }
    let found = read::field(spec, rest)?;
    if spec.inside {
        inside(profile, field, &rest[..found.len], found.odd)?;
    }
    Ok(found)
}

#[cold]
fn stop(field: u8, offset: usize, fault: Fault) -> Stop {
    Stop { field: Some(field), offset: offset + fault.at, reason: fault.reason }
}

/// Finds the field that spoils a run which begins at `start`.
#[cold]
fn locate(profile: &Profile, body: &[u8], announced: &FieldSet, slots: &[Slot], start: usize) -> Stop {
    announced
        .iter()
        .zip(slots)
        .filter(|(_, slot)| slot.start() >= start)
        .find_map(|(field, slot)| {
            let fault = single(profile, field, &body[slot.start()..]).err()?;
            Some(stop(field, slot.start(), fault))
        })
        .expect("a run that is spoilt has a field that spoils it")
}

/// Checks what the dialect declares inside a field, whose bytes with the prefix are `raw`.
#[inline(never)]
fn inside(profile: &Profile, field: u8, raw: &[u8], odd: bool) -> Result<(), Fault> {
    let Some(inside) = profile.inside(field) else { return Ok(()) };
    let spec = profile.spec(field);
    let before = spec.prefix_width as usize;
    let value = &raw[before..];
    let checked = if spec.plain {
        inside.check(value)
    } else {
        let units = spec.units(value.len(), odd);
        let mut logical = SmallVec::<[u8; 256]>::from_elem(0, units);
        read::logical(spec, value, units, &mut logical);
        inside.check(&logical)
    };
    checked.map_err(|fault| Fault { at: before + spec.wire_place(fault.at), reason: fault.reason })
}

/// Reads the bitmap: the fields it announces (without those that announce further bitmaps) and what follows it.
#[inline]
pub(crate) fn bitmap<'a>(form: &BitmapForm, input: &'a [u8]) -> Result<(FieldSet, &'a [u8]), Fault> {
    let mut words = [0u64; 3];
    let mut rest = input;
    for index in 0..form.blocks as usize {
        let more = form.fixed || index == 0 || words[index - 1] >> 63 == 1;
        if !more {
            break;
        }
        let at = input.len() - rest.len();
        let taken: IResult<&[u8], &[u8], ()> = take(form.block_width())(rest);
        let Ok((after, block)) = taken else {
            let reason = Reason::Short { wanted: form.block_width(), had: rest.len() };
            return Err(Fault::new(at, reason));
        };
        words[index] = word(form, block).ok_or(Fault::new(at, Reason::BadBitmap))?;
        rest = after;
    }
    let mut set = FieldSet::from_words(words);
    // Where no second bitmap can follow, bit 1 is one like any other.
    if form.blocks > 1 {
        set.remove(1);
    }
    if form.blocks == 3 {
        set.remove(65);
    }
    Ok((set, rest))
}

#[inline]
fn word(form: &BitmapForm, block: &[u8]) -> Option<u64> {
    if let Ok(raw) = <[u8; 8]>::try_from(block) {
        return Some(u64::from_be_bytes(raw));
    }
    if form.bytes < 8 {
        return short_word(form, block);
    }
    if form.ebcdic {
        let digit = |byte: &u8| read::ebcdic_hex_digit(*byte, Case::Any);
        return block.iter().try_fold(0, |word, byte| Some((word << 4) | u64::from(digit(byte)?)));
    }
    let (first, last) = (block.first_chunk::<8>()?, block.last_chunk::<8>()?);
    Some((u64::from(hex_word(first)?) << 32) | u64::from(hex_word(last)?))
}

/// A block of less than 64 bits, inside a field: its bits are the first of the word.
#[cold]
fn short_word(form: &BitmapForm, block: &[u8]) -> Option<u64> {
    let digit = |byte: &u8| {
        let digit =
            if form.ebcdic { read::ebcdic_hex_digit(*byte, Case::Any) } else { read::hex_digit(*byte, Case::Any) };
        digit.map(u64::from)
    };
    let word = if form.hex {
        block.iter().try_fold(0, |word, byte| Some((word << 4) | digit(byte)?))?
    } else {
        block.iter().fold(0, |word, byte| (word << 8) | u64::from(*byte))
    };
    Some(word << (64 - 8 * u32::from(form.bytes)))
}
