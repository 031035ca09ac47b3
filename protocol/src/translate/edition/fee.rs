//! Fees: DE28 to DE31 of 1987, sets in DE46 of the later editions. A set of 1993 has kind, currency, fee, rate, fee in the
//! currency of settlement, and that currency: 34 characters; in 2003 each fee is sign, currency, decimal places and amount:
//! 36 characters.
//!
//! 1987 knows a transaction fee (DE28, settled DE29) and a processing fee (DE30, settled DE31): kinds 00 and 01.

use super::{Said, Way, amount, put, unsayable, used};
use crate::{Message, dialect::Version, element::Currency, error::Reason};
use smallvec::SmallVec;

/// `x+n8`.
type Fee = [u8; 9];
const NO_FEE: Fee = *b"C00000000";
const NO_RATE: [u8; 8] = *b"00000000";

/// One fee, with what it is in the currency of settlement.
struct Set {
    kind: [u8; 2],
    currency: [u8; 3],
    fee: Fee,
    rate: [u8; 8],
    settled: Fee,
    settlement: [u8; 3],
}

pub(super) fn make(from: &Message, to: &mut Message, made: u8, way: Way) -> Said {
    if way.from == Version::V1987 {
        return collected(from, to, made, way);
    }
    let source = if way.to == Version::V1987 { 46 } else { made };
    let sets = read(&from.logical(source).unwrap_or_default(), way.from)?;
    if way.to != Version::V1987 {
        put(to, made, &written(&sets, way.to)?)?;
        return Ok(used([source]));
    }
    // All of them have a place, or none goes.
    if sets
        .iter()
        .enumerate()
        .any(|(at, set)| place(set.kind).is_none() || sets[..at].iter().any(|one| one.kind == set.kind))
    {
        return Err(unsayable("fees of other kinds than two"));
    }
    for set in &sets {
        let place = place(set.kind).expect("just looked");
        if made == place {
            put(to, made, &set.fee)?;
        } else if made == place + 1 && set.settled != NO_FEE {
            put(to, made, &set.settled)?;
        }
    }
    Ok(used([46]))
}

/// The data element of 1987 that a kind of fee goes to, with the next one for what is settled.
const fn place(kind: [u8; 2]) -> Option<u8> {
    match &kind {
        b"00" => Some(28),
        b"01" => Some(30),
        _ => None,
    }
}

/// The fees of 1987 as sets.
fn collected(from: &Message, to: &mut Message, made: u8, way: Way) -> Said {
    let currency = |field| amount::beside(from, field).ok().and_then(Currency::digits);
    let transaction = currency(49).ok_or(unsayable("a fee without its currency"))?;
    let mut sets = SmallVec::<[Set; 2]>::new();
    for (kind, fee, settled) in [(*b"00", 28, 29), (*b"01", 30, 31)] {
        let (fee, settled) = (from.array::<9>(fee), from.array::<9>(settled));
        if fee.is_none() && settled.is_none() {
            continue;
        }
        let (fee, settled) = (fee.unwrap_or(NO_FEE), settled.unwrap_or(NO_FEE));
        let rate = from.array::<8>(9).unwrap_or(NO_RATE);
        sets.push(Set {
            kind,
            currency: transaction,
            fee,
            rate,
            settled,
            settlement: currency(50).unwrap_or(transaction),
        });
    }
    put(to, made, &written(&sets, way.to)?)?;
    Ok(used([28, 29, 30, 31]))
}

fn written(sets: &[Set], to: Version) -> Result<SmallVec<[u8; 72]>, Reason> {
    let mut out = SmallVec::new();
    for set in sets {
        out.extend_from_slice(&set.kind);
        if to == Version::V2003 {
            for (before, currency, fee) in
                [(None, set.currency, set.fee), (Some(set.rate), set.settlement, set.settled)]
            {
                out.extend_from_slice(before.as_ref().map_or(&[][..], |rate| rate));
                let currency = Currency::parse(&currency).ok_or(unsayable("a fee without its currency"))?;
                out.push(fee[0]);
                out.extend_from_slice(&amount::head(currency)?);
                out.extend_from_slice(&fee[1..]);
            }
        } else {
            out.extend_from_slice(&set.currency);
            out.extend_from_slice(&set.fee);
            out.extend_from_slice(&set.rate);
            out.extend_from_slice(&set.settled);
            out.extend_from_slice(&set.settlement);
        }
    }
    Ok(out)
}

fn read(value: &[u8], from: Version) -> Result<SmallVec<[Set; 6]>, Reason> {
    let size = if from == Version::V2003 { 36 } else { 34 };
    if !value.len().is_multiple_of(size) {
        return Err(unsayable("fees of another length"));
    }
    value.chunks_exact(size).map(|set| if from == Version::V2003 { of_2003(set) } else { Ok(of_1993(set)) }).collect()
}

/// `N` characters from `at` on.
fn at<const N: usize>(set: &[u8], at: usize) -> [u8; N] {
    set[at..at + N].try_into().expect("a set has its whole length")
}

fn of_1993(set: &[u8]) -> Set {
    Set {
        kind: at(set, 0),
        currency: at(set, 2),
        fee: at(set, 5),
        rate: at(set, 14),
        settled: at(set, 22),
        settlement: at(set, 31),
    }
}

fn of_2003(set: &[u8]) -> Result<Set, Reason> {
    let fee = |from: usize| {
        let mut fee = NO_FEE;
        fee[0] = set[from];
        fee[1..].copy_from_slice(&set[from + 5..from + 13]);
        fee
    };
    Ok(Set {
        kind: at(set, 0),
        currency: amount::currency(&set[3..7])?,
        fee: fee(2),
        rate: at(set, 15),
        settled: fee(23),
        settlement: amount::currency(&set[24..28])?,
    })
}
