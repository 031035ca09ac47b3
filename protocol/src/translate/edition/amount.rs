//! Amounts: of 2003 with currency and decimal places in front, of 1987 and 1993 with the currency in a data element beside
//! them. And those of a reversal of a part, which 1987 says in DE95 and the later editions in DE4 and DE30.

use super::{NOTHING, Said, Way, put, unsayable, used};
use crate::{
    Message,
    dialect::Version,
    element::{Currency, trace},
    error::Reason,
};

/// Digits of currency and decimal places in front of an amount of 2003.
const HEAD: usize = 4;
/// DE95 behind the two amounts of what is left: no fees.
const NO_FEES: &[u8; 18] = b"C00000000C00000000";

/// Currency and decimal places as 2003 writes them.
pub(super) fn head(currency: Currency) -> Result<[u8; HEAD], Reason> {
    let [one, two, three] = currency.digits().ok_or(unsayable("a currency of more than three digits"))?;
    Ok([one, two, three, b'0' + currency.exponent()])
}

/// The currency at the front of an amount of 2003, which must have the decimal places that the amount is written with: an
/// amount of other editions has those of its currency.
pub(super) fn currency(head: &[u8]) -> Result<[u8; 3], Reason> {
    let (digits, exponent) = head.split_first_chunk::<3>().ok_or(unsayable("an amount without its currency"))?;
    let currency = Currency::parse(digits).ok_or(unsayable("an amount without its currency"))?;
    if exponent.first() != Some(&(b'0' + currency.exponent())) {
        return Err(unsayable("decimal places that are not the currency's"));
    }
    Ok(*digits)
}

/// The currency that stands in a data element beside the amount.
pub(super) fn beside(from: &Message, field: u8) -> Result<Currency, Reason> {
    from.array::<3>(field).and_then(|value| Currency::parse(&value)).ok_or(unsayable("an amount without its currency"))
}

/// An amount, or the currency beside it.
pub(super) fn make(from: &Message, to: &mut Message, made: u8, (amount, currency): (u8, u8), way: Way) -> Said {
    if made != amount && way.from != Version::V2003 {
        return copied(from, to, made);
    }
    let mut buffer = [0; 16];
    let Some(value) = from.look(amount, &mut buffer) else { return Ok(NOTHING) };
    if made != amount {
        put(to, made, &self::currency(value)?)?;
        return Ok(used([amount]));
    }
    let digits = bare(value, way.from)?;
    let whole = match part(from, way.from)? {
        Some(part) => part.digits(amount, way.to).unwrap_or_else(|| padded(digits)),
        None => padded(digits),
    };
    let digits = &whole[12 - digits.len()..];
    if way.to == Version::V2003 {
        let mut out = [0; 16];
        out[..HEAD].copy_from_slice(&head(beside(from, currency)?)?);
        out[HEAD..HEAD + digits.len()].copy_from_slice(digits);
        put(to, made, &out[..HEAD + digits.len()])?;
        return Ok(used([amount, currency]));
    }
    if way.from == Version::V2003 {
        self::currency(value)?;
    }
    put(to, made, digits)?;
    Ok(used([amount]))
}

fn copied(from: &Message, to: &mut Message, field: u8) -> Said {
    let mut buffer = [0; 16];
    let Some(value) = from.look(field, &mut buffer) else { return Ok(NOTHING) };
    put(to, field, value)?;
    Ok(used([field]))
}

/// The digits of the amount itself.
fn bare(value: &[u8], version: Version) -> Result<&[u8], Reason> {
    let bare = if version == Version::V2003 { value.get(HEAD..).unwrap_or_default() } else { value };
    if bare.is_empty() || bare.len() > 12 { Err(unsayable("an amount of another length")) } else { Ok(bare) }
}

/// Twelve digits, zeros in front.
fn padded(digits: &[u8]) -> [u8; 12] {
    let mut out = [b'0'; 12];
    out[12 - digits.len()..].copy_from_slice(digits);
    out
}

/// What a reversal of a part says: what was, and what is left.
struct Part {
    was: u64,
    left: u64,
    /// The same of the settlement amount, where it is said.
    settlement: Option<(u64, u64)>,
}

impl Part {
    /// What an edition says in DE4 or DE5.
    fn digits(&self, field: u8, to: Version) -> Option<[u8; 12]> {
        let (was, left) = if field == 4 { (self.was, self.left) } else { self.settlement.filter(|_| field == 5)? };
        // Who takes back all says what was, in every edition.
        let all = self.left == 0;
        Some(trace::digits::<12>(if to == Version::V1987 || all { was } else { left }))
    }
}

/// The amounts of a reversal that says it takes back a part; `None` for all other messages.
fn part(from: &Message, version: Version) -> Result<Option<Part>, Reason> {
    if from.mti().class() != 4 {
        return Ok(None);
    }
    let amount = |field| amount_of(from, field, version);
    let (field, wide) = match version {
        Version::V1987 => (95, 12),
        Version::V1993 => (30, 12),
        Version::V2003 => (30, 16),
    };
    let mut buffer = [0; 42];
    let Some(value) = from.look(field, &mut buffer) else { return Ok(None) };
    let number = |at: usize| value.get(at * wide..(at + 1) * wide).and_then(|part| trace::number(&part[wide - 12..]));
    let (Some(said), Some(asked)) = (number(0), amount(4)) else { return Err(unsayable("the amounts of a part")) };
    let settlement = number(1).zip(amount(5)).filter(|(said, _)| version == Version::V1987 || *said > 0);
    let order = |(said, now)| if version == Version::V1987 { (now, said) } else { (said, now) };
    let (was, left) = order((said, asked));
    Ok(Some(Part { was, left, settlement: settlement.map(order) }))
}

fn amount_of(message: &Message, field: u8, version: Version) -> Option<u64> {
    let mut buffer = [0; 16];
    trace::number(bare(message.look(field, &mut buffer)?, version).ok()?)
}

/// Does the message take back a part, and leave something?
pub(super) fn leaves_something(message: &Message, version: Version) -> bool {
    part(message, version).is_ok_and(|part| part.is_some_and(|part| part.left > 0))
}

/// DE95 of 1987, DE30 of the later editions.
pub(super) fn in_part(from: &Message, to: &mut Message, made: u8, way: Way) -> Said {
    let source = if way.from == Version::V1987 { 95 } else { 30 };
    let done = Ok(used([source]));
    if way.from != Version::V1987 && way.to != Version::V1987 {
        between_later(from, to, way)?;
        return done;
    }
    let Some(part) = part(from, way.from)? else { return Err(unsayable("amounts of a part outside a reversal")) };
    if part.left == 0 {
        return done;
    }
    let mut out = [b'0'; 42];
    if way.to == Version::V1987 {
        out[..12].copy_from_slice(&trace::digits::<12>(part.left));
        out[12..24].copy_from_slice(&trace::digits::<12>(part.settlement.map_or(0, |(_, left)| left)));
        out[24..].copy_from_slice(NO_FEES);
        put(to, made, &out)?;
        return done;
    }
    let (wide, amounts) = if way.to == Version::V2003 { (16, 32) } else { (12, 24) };
    let settlement = part.settlement.map(|(was, _)| was);
    for (place, amount, field) in [(0, Some(part.was), 49), (1, settlement, 50)] {
        let Some(amount) = amount else { continue };
        let out = &mut out[place * wide..(place + 1) * wide];
        if way.to == Version::V2003 {
            out[..HEAD].copy_from_slice(&head(beside(from, field)?)?);
        }
        out[wide - 12..].copy_from_slice(&trace::digits::<12>(amount));
    }
    put(to, made, &out[..amounts])?;
    done
}

/// DE30 between 1993 and 2003.
fn between_later(from: &Message, to: &mut Message, way: Way) -> Result<(), Reason> {
    let mut buffer = [0; 32];
    let value = from.look(30, &mut buffer).ok_or(unsayable("the amounts of a part"))?;
    let mut out = [b'0'; 32];
    let (was, is) = if way.to == Version::V2003 { (12, 16) } else { (16, 12) };
    for (place, field) in [(0, 49), (1, 50)] {
        let part = value.get(place * was..(place + 1) * was).ok_or(unsayable("the amounts of a part"))?;
        let said = part.iter().any(|&digit| digit != b'0');
        if !said {
            continue;
        }
        let out = &mut out[place * is..(place + 1) * is];
        out[is - 12..].copy_from_slice(&part[was - 12..]);
        if way.to == Version::V2003 {
            out[..HEAD].copy_from_slice(&head(beside(from, field)?)?);
        } else {
            currency(part)?;
        }
    }
    put(to, 30, &out[..2 * is])
}

/// A number in as many digits as the other edition has: zeros in front are put in or left out. Of a STAN the last digits
/// go over: whoever sends it on gives it one of his own.
pub(super) fn digits(from: &Message, to: &mut Message, made: u8) -> Said {
    let mut buffer = [0; 12];
    let value = from.look(made, &mut buffer).ok_or(unsayable("a number of so many digits"))?;
    let most = usize::from(to.spec(made).max);
    let (front, rest) = value.split_at(value.len().saturating_sub(most));
    if made != 11 && front.iter().any(|&digit| digit != b'0') {
        return Err(Reason::TooLong { max: most, had: value.len() });
    }
    put(to, made, rest)?;
    Ok(used([made]))
}
