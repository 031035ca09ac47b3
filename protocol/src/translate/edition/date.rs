//! Dates: 1987 has no year, 1993 no century. What is missing is the one closest to now.

use super::{Said, Way, put, unsayable, used};
use crate::{
    Message,
    dialect::Version,
    element::{
        Transmission,
        trace::{digits, year_nearest},
    },
    error::Reason,
};

/// Date and time, local: DE12 and DE13 of 1987, DE12 later.
pub(super) fn moment(from: &Message, to: &mut Message, made: u8, way: Way) -> Said {
    let value = local(from, way)?;
    match (way.to, made) {
        (Version::V1987, 12) => put(to, 12, &value[8..])?,
        (Version::V1987, _) => put(to, 13, &value[4..8])?,
        (Version::V1993, _) => put(to, 12, &value[2..])?,
        (Version::V2003, _) => put(to, 12, &value)?,
    }
    Ok(if way.from == Version::V1987 { used([12, 13]) } else { used([12]) })
}

/// The local date and time of a message: `CCYYMMDDhhmmss`.
pub(super) fn local(from: &Message, way: Way) -> Result<[u8; 14], Reason> {
    const NONE: Reason = unsayable("a local time without its date");
    let mut out = [0; 14];
    match way.from {
        Version::V1987 => {
            out[4..8].copy_from_slice(&from.array::<4>(13).ok_or(NONE)?);
            out[8..].copy_from_slice(&from.array::<6>(12).ok_or(NONE)?);
            let moment = out.last_chunk::<10>().expect("ten of fourteen digits");
            let year = Transmission(*moment).year_nearest(way.now).ok_or(unsayable("a date that is none"))?;
            out[..4].copy_from_slice(&digits::<4>(year as u64));
        }
        Version::V1993 => {
            out[2..].copy_from_slice(&from.array::<12>(12).ok_or(NONE)?);
            let century = century_of(&out[2..4], way.now)?;
            out[..2].copy_from_slice(&century);
        }
        Version::V2003 => out = from.array::<14>(12).ok_or(NONE)?,
    }
    Ok(out)
}

/// The two digits in front of a year of two digits that bring it closest to now.
pub(super) fn century_of(year: &[u8], now: i64) -> Result<[u8; 2], Reason> {
    let year = crate::element::trace::number(year).ok_or(unsayable("a date that is none"))?;
    Ok(digits::<2>(year_nearest(year, now) / 100))
}

/// DE15: `MMDD`, `YYMMDD`, `CCYYMMDD`.
pub(super) fn day(from: &Message, to: &mut Message, made: u8, way: Way) -> Said {
    const NONE: Reason = unsayable("a date of another length");
    let mut out = [0; 8];
    match way.from {
        Version::V1987 => {
            let day = from.array::<4>(made).ok_or(NONE)?;
            let mut noon = *b"0000120000";
            noon[..4].copy_from_slice(&day);
            let year = Transmission(noon).year_nearest(way.now).ok_or(unsayable("a date that is none"))?;
            out[..4].copy_from_slice(&digits::<4>(year as u64));
            out[4..].copy_from_slice(&day);
        }
        Version::V1993 => {
            out[2..].copy_from_slice(&from.array::<6>(made).ok_or(NONE)?);
            let century = century_of(&out[2..4], way.now)?;
            out[..2].copy_from_slice(&century);
        }
        Version::V2003 => out = from.array::<8>(made).ok_or(NONE)?,
    }
    let left_out = match way.to {
        Version::V1987 => 4,
        Version::V1993 => 2,
        Version::V2003 => 0,
    };
    put(to, made, &out[left_out..])?;
    Ok(used([made]))
}

/// A date with its year: of two digits before 2003, of four in it.
pub(super) fn century(from: &Message, to: &mut Message, made: u8, way: Way) -> Said {
    let mut buffer = [0; 8];
    let value = from.look(made, &mut buffer).ok_or(unsayable("a date of another length"))?;
    let (short, long) = (way.from != Version::V2003, way.to == Version::V2003);
    let mut out = [0; 10];
    match (short, long) {
        (true, true) => {
            out[..2].copy_from_slice(&century_of(value.get(..2).unwrap_or_default(), way.now)?);
            out[2..2 + value.len()].copy_from_slice(value);
            put(to, made, &out[..2 + value.len()])?;
        }
        (false, false) => put(to, made, value.get(2..).unwrap_or_default())?,
        _ => put(to, made, value)?,
    }
    Ok(used([made]))
}
