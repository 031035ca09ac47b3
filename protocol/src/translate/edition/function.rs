//! What a message is for: DE24 from 1993 on. 1987 says it by the message type, by DE3, by the condition (DE25 06, a
//! pre-authorisation), by what it names (DE38, DE90, DE95), and in network management by DE70.

use super::{NOTHING, Said, Way, amount, put, unsayable, used};
use crate::{Message, dialect::Version, element::trace};

/// Network management: DE70 of 1987, DE24 later.
const NETWORK: [(u16, u16); 7] = [(1, 801), (2, 802), (3, 803), (4, 804), (6, 806), (201, 821), (301, 831)];
/// Functions that type, condition and what is named say as well.
const SAID_OTHERWISE: [u16; 10] = [100, 101, 106, 107, 108, 200, 201, 202, 400, 401];
/// The condition of a pre-authorisation and its completion (DE25 of 1987).
const PRE_AUTHORISED: u64 = 6;

pub(super) fn make(from: &Message, to: &mut Message, made: u8, way: Way) -> Said {
    if way.to == Version::V1987 {
        return into_1987(from, to, made);
    }
    if way.from != Version::V1987 {
        let mut buffer = [0; 3];
        let Some(value) = from.look(24, &mut buffer) else { return Ok(NOTHING) };
        put(to, made, value)?;
        return Ok(used([24]));
    }
    if from.mti().class() == 8 && from.mti().is_request() {
        let wanted = from.number(70).ok_or(unsayable("a network management function that is not named"))?;
        let known = NETWORK.iter().find(|(one, _)| u64::from(*one) == wanted);
        let (_, function) = known.ok_or(unsayable("a network management function of 1987 alone"))?;
        put(to, made, &trace::digits::<3>(u64::from(*function)))?;
        return Ok(used([70]));
    }
    if let Some(function) = of_1987(from) {
        put(to, made, &trace::digits::<3>(function))?;
    }
    Ok(NOTHING)
}

/// The function of a message of 1987. Of a completion the amount may differ from what was authorised: a host that goes by
/// DE4 is right either way.
fn of_1987(from: &Message) -> Option<u64> {
    let mti = from.mti();
    let kind = from.array::<6>(3).and_then(|code| trace::number(&code[..2]));
    let pre_authorised = from.number(25) == Some(PRE_AUTHORISED);
    let (inquires, debits) = (kind.is_some_and(|kind| (30..40).contains(&kind)), kind.is_none_or(|kind| kind < 20));
    // What an advice was authorised with is its own.
    let names = from.has(90) || from.has(38) && mti.function() == 0;
    match (mti.class(), mti.is_request()) {
        (1, true) if inquires => Some(108),
        (1, true) if names => Some(106),
        (1, true) => Some(if pre_authorised { 101 } else { 100 }),
        (2, true) => Some(if debits && (names || pre_authorised) { 202 } else { 200 }),
        (4, true) => Some(if amount::leaves_something(from, Version::V1987) { 401 } else { 400 }),
        _ => None,
    }
}

fn into_1987(from: &Message, to: &mut Message, made: u8) -> Said {
    let function = from.number(24).and_then(|function| u16::try_from(function).ok());
    let known = NETWORK.iter().find(|(_, one)| Some(*one) == function);
    match (from.mti().class(), known) {
        (8, Some((wanted, _))) => put(to, made, &trace::digits::<3>(u64::from(*wanted)))?,
        (class, _) if class != 8 && function.is_some_and(|function| SAID_OTHERWISE.contains(&function)) => {}
        _ => return Err(unsayable("a function that 1987 has no word for")),
    }
    Ok(used([24]))
}

/// Does a message of a later edition speak of a pre-authorisation, as DE25 of 1987 says it?
pub(super) fn is_pre_authorised(from: &Message) -> bool {
    matches!((from.mti().class(), from.number(24)), (1, Some(101)) | (2, Some(201 | 202)))
}
