//! Original data: DE90 of 1987, DE56 of the later editions. And DE53, which 1987 writes in digits.

use super::{Said, Way, date, mti, put, unsayable, used};
use crate::{
    Message, Mti,
    dialect::Version,
    element::{OriginalData, Stan, Transmission, trace},
    error::Reason,
};
use smallvec::SmallVec;

/// DE56 without the acquirer: digits of type, STAN, and local date and time.
const fn widths(version: Version) -> (usize, usize) {
    match version {
        Version::V2003 => (12, 14),
        _ => (6, 12),
    }
}

pub(super) fn make(from: &Message, to: &mut Message, made: u8, way: Way) -> Said {
    if way.from == Version::V1987 {
        put(to, made, &from_de90(from, way)?)?;
        return Ok(used([90]));
    }
    let mut buffer = [0; 41];
    let value = from.look(56, &mut buffer).ok_or(unsayable("original data of another length"))?;
    if way.to == Version::V1987 {
        put(to, made, &into_de90(value, way)?.digits())?;
    } else {
        put(to, made, &between(value, way)?)?;
    }
    Ok(used([56]))
}

/// The local date and time of an original is that of its reversal, which repeats it.
fn from_de90(from: &Message, way: Way) -> Result<SmallVec<[u8; 41]>, Reason> {
    let original = from.array::<42>(90).and_then(|digits| OriginalData::parse(&digits));
    let original = original.ok_or(unsayable("original data that are none"))?;
    let local = date::local(from, way)?;
    let mut out = SmallVec::new();
    out.extend_from_slice(&mti(original.mti, way).digits());
    let (stan, moment) = widths(way.to);
    out.extend_from_slice(&b"000000"[..stan - 6]);
    out.extend_from_slice(&original.stan.digits());
    out.extend_from_slice(&local[14 - moment..]);
    let digits = trace::digits::<11>(original.acquirer);
    let institution = match from.number(32) {
        // With the zeros in front that it has there.
        Some(own) if own == original.acquirer => from.logical(32).unwrap_or_default(),
        _ => digits.iter().copied().skip_while(|&digit| digit == b'0').collect(),
    };
    out.extend_from_slice(&trace::digits::<2>(institution.len() as u64));
    out.extend_from_slice(&institution);
    Ok(out)
}

fn into_de90(value: &[u8], way: Way) -> Result<OriginalData, Reason> {
    const NONE: Reason = unsayable("original data of another length");
    let (stan, moment) = widths(way.from);
    let (original, rest) = value.split_first_chunk::<4>().ok_or(NONE)?;
    let (number, rest) = rest.split_at_checked(stan).ok_or(NONE)?;
    let institution = rest.get(moment + 2..).ok_or(NONE)?;
    let acquirer = if institution.is_empty() { Some(0) } else { trace::number(institution) };
    let stan = trace::number(number).filter(|&number| number <= u64::from(Stan::MAX.0));
    Ok(OriginalData {
        mti: mti(Mti::from_digits(*original).ok_or(NONE)?, way),
        stan: Stan(stan.ok_or(unsayable("an original's STAN of more than six digits"))? as u32),
        transmission: Transmission([b'0'; 10]),
        acquirer: acquirer.ok_or(NONE)?,
        forwarder: 0,
    })
}

/// DE56 between 1993 and 2003.
fn between(value: &[u8], way: Way) -> Result<SmallVec<[u8; 41]>, Reason> {
    const NONE: Reason = unsayable("original data of another length");
    let ((stan, moment), (wide, long)) = (widths(way.from), widths(way.to));
    let (original, rest) = value.split_first_chunk::<4>().ok_or(NONE)?;
    let (number, rest) = rest.split_at_checked(stan).ok_or(NONE)?;
    let (local, institution) = rest.split_at_checked(moment).ok_or(NONE)?;
    let mut out = SmallVec::new();
    out.extend_from_slice(&mti(Mti::from_digits(*original).ok_or(NONE)?, way).digits());
    if wide > stan {
        out.extend_from_slice(b"000000");
        out.extend_from_slice(number);
    } else {
        let (front, last) = number.split_at(6);
        if front != b"000000" {
            return Err(unsayable("an original's STAN of more than six digits"));
        }
        out.extend_from_slice(last);
    }
    if long > moment {
        out.extend_from_slice(&date::century_of(&local[..2], way.now)?);
        out.extend_from_slice(local);
    } else {
        out.extend_from_slice(&local[2..]);
    }
    out.extend_from_slice(institution);
    Ok(out)
}

/// DE53: sixteen digits in 1987, bytes later. Digits are packed, two a byte.
pub(super) fn security(from: &Message, to: &mut Message, made: u8, way: Way) -> Said {
    const NONE: Reason = unsayable("security control information of another length");
    if way.from == Version::V1987 {
        let digits = from.array::<16>(made).ok_or(NONE)?;
        let packed: SmallVec<[u8; 8]> = digits.chunks_exact(2).map(|pair| (pair[0] & 15) << 4 | pair[1] & 15).collect();
        put(to, made, &packed)?;
    } else {
        let packed = from.array::<8>(made).ok_or(NONE)?;
        let digits: SmallVec<[u8; 16]> =
            packed.iter().flat_map(|byte| [b'0' + (byte >> 4), b'0' + (byte & 15)]).collect();
        put(to, made, &digits)?;
    }
    Ok(used([made]))
}
