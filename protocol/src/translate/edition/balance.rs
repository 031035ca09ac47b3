//! Additional amounts (DE54): up to six sets. 1987 and 1993 write account, kind, currency, sign and amount, twenty characters;
//! 2003 account, kind, sign, currency, decimal places and amount, twenty-one.

use super::{Said, Way, amount, put, unsayable, used};
use crate::{Message, dialect::Version, element::Currency};
use smallvec::SmallVec;

pub(super) fn make(from: &Message, to: &mut Message, made: u8, way: Way) -> Said {
    let value = from.logical(made).unwrap_or_default();
    let size = if way.from == Version::V2003 { 21 } else { 20 };
    if !value.len().is_multiple_of(size) {
        return Err(unsayable("additional amounts of another length"));
    }
    let mut out = SmallVec::<[u8; 126]>::new();
    for set in value.chunks_exact(size) {
        let (kinds, rest) = set.split_at(4);
        out.extend_from_slice(kinds);
        if way.to == Version::V2003 {
            let currency = Currency::parse(&rest[..3]).ok_or(unsayable("an amount without its currency"))?;
            out.push(rest[3]);
            out.extend_from_slice(&amount::head(currency)?);
            out.extend_from_slice(&rest[4..]);
        } else {
            out.extend_from_slice(&amount::currency(&rest[1..5])?);
            out.push(rest[0]);
            out.extend_from_slice(&rest[5..]);
        }
    }
    put(to, made, &out)?;
    Ok(used([made]))
}
