//! How the card was read and under which circumstances: entry mode and PIN capability (DE22), condition (DE25) and PIN length
//! (DE26) of 1987; twelve positions in DE22 of 1993; sixteen bytes of flags in DE22 of 2003, in four groups of four bytes, low
//! byte first: reading, verification, environment, security.
//!
//! Everything goes by way of the twelve positions, with what only the flags tell beside them. And the merchant's business,
//! which moved from DE18 to DE26.

use super::{NOTHING, Said, Used, Way, function, put, unsayable, used};
use crate::{Message, dialect::Version, element::trace, error::Reason};

/// Positions of 1993, from 0.
mod at {
    pub(super) const CAPABILITY: usize = 0;
    pub(super) const CAN_AUTHENTICATE: usize = 1;
    pub(super) const ENVIRONMENT: usize = 3;
    pub(super) const CARDHOLDER: usize = 4;
    pub(super) const CARD: usize = 5;
    pub(super) const INPUT: usize = 6;
    pub(super) const AUTHENTICATED: usize = 7;
    pub(super) const AUTHENTICATED_BY: usize = 8;
    pub(super) const PIN_LENGTH: usize = 11;
}

/// What nobody says: a terminal of unknown capability on the premises of the merchant, attended, cardholder and card present,
/// nobody authenticated, PIN length unknown.
const USUAL: [u8; 12] = *b"000101000001";

/// Flags of 2003.
mod flag {
    pub(super) const UNKNOWN: u32 = 1;
    // Reading.
    pub(super) const CONTACTLESS: u32 = 1 << 1;
    pub(super) const BY_HAND: u32 = 1 << 2;
    pub(super) const BAR_CODE: u32 = 1 << 3;
    pub(super) const STRIPE: u32 = 1 << 4;
    pub(super) const CHIP: u32 = 1 << 5;
    pub(super) const ON_FILE: u32 = 1 << 6;
    pub(super) const FALLBACK: u32 = 1 << 13;
    // Verification, by the digit of 1993 (0 to 6).
    pub(super) const VERIFICATION: [u32; 7] = [1 << 1, 1 << 3, 1 << 6, 1 << 7, 1 << 9, 1 << 2, 1 << 8];
    // Environment.
    pub(super) const ATTENDED: u32 = 1 << 1;
    pub(super) const UNATTENDED: u32 = 1 << 2;
    pub(super) const MAIL_OR_TELEPHONE: u32 = 1 << 3;
    pub(super) const E_COMMERCE: u32 = 1 << 4;
    pub(super) const RECURRING: u32 = 1 << 6;
}

/// The point of service.
struct Point {
    code: [u8; 12],
    contactless: bool,
    on_file: bool,
    fallback: bool,
}

/// DE22, and in 1987 DE25 and DE26.
pub(super) fn make(from: &Message, to: &mut Message, made: u8, way: Way) -> Said {
    let used = if way.from == Version::V1987 { used_1987(from) } else { used([22]) };
    if way.to == Version::V1987 && made == 25 && function::is_pre_authorised(from) {
        put(to, 25, b"06")?;
        return Ok(used);
    }
    let point = match way.from {
        Version::V1987 if !from.has(22) && !from.has(25) => return Ok(NOTHING),
        Version::V1987 => of_1987(from)?,
        _ if !from.has(22) => return Ok(NOTHING),
        Version::V1993 => of_1993(from)?,
        Version::V2003 => of_2003(from)?,
    };
    match (way.to, made) {
        (Version::V1987, 22) => put(to, 22, &entry_mode(&point, from))?,
        (Version::V1987, 25) => put(to, 25, condition(&point))?,
        (Version::V1987, _) => {
            if let Some(length) = pin_length(&point) {
                put(to, 26, &length)?;
            }
        }
        (Version::V1993, _) => put(to, 22, &point.code)?,
        (Version::V2003, _) => put(to, 22, &flags(&point))?,
    }
    Ok(used)
}

/// DE25 03 (suspicious) has no word anywhere else.
fn used_1987(from: &Message) -> Used {
    if from.number(25) == Some(3) { used([22, 26]) } else { used([22, 25, 26]) }
}

fn of_1987(from: &Message) -> Result<Point, Reason> {
    let mut point = Point { code: USUAL, contactless: false, on_file: false, fallback: false };
    let entry = match from.array::<3>(22) {
        Some(digits) => digits,
        None if from.has(22) => return Err(unsayable("an entry mode of another length")),
        None => *b"000",
    };
    let (capability, input) = match &entry[..2] {
        b"01" | b"81" => (b'6', b'6'),
        b"02" | b"90" => (b'2', b'2'),
        b"91" => (b'2', b'2'),
        b"03" => (b'3', b'3'),
        b"04" => (b'4', b'4'),
        b"05" | b"07" => (b'5', b'5'),
        b"79" => (b'5', b'6'),
        b"80" => (b'5', b'2'),
        _ => (b'0', b'0'),
    };
    point.contactless = matches!(&entry[..2], b"07" | b"91");
    point.fallback = matches!(&entry[..2], b"79" | b"80");
    point.on_file = &entry[..2] == b"10";
    point.code[at::CAPABILITY] = capability;
    point.code[at::INPUT] = input;
    circumstances(&mut point.code, from.number(25), matches!(&entry[..2], b"09" | b"81"));
    let pin = from.has(52);
    if entry[2] == b'1' || pin {
        point.code[at::CAN_AUTHENTICATE] = b'1';
    }
    if pin {
        (point.code[at::AUTHENTICATED], point.code[at::AUTHENTICATED_BY]) = (b'1', b'3');
    }
    point.code[at::PIN_LENGTH] = match (entry[2], from.number(26)) {
        (b'2', _) => b'0',
        (_, Some(length @ 4..=9)) => b'0' + length as u8,
        (_, Some(length @ 10..=12)) => b'A' + (length - 10) as u8,
        _ => b'1',
    };
    Ok(point)
}

/// Environment, cardholder and card by the condition of 1987.
fn circumstances(code: &mut [u8; 12], condition: Option<u64>, remote: bool) {
    let said = match condition {
        Some(1) => b"110",
        Some(2) => b"201",
        Some(5) => b"100",
        Some(8) => b"020",
        Some(59) => b"510",
        None if remote => b"510",
        _ => b"101",
    };
    code[at::ENVIRONMENT..=at::CARD].copy_from_slice(said);
}

fn of_1993(from: &Message) -> Result<Point, Reason> {
    let code = from.array::<12>(22).ok_or(unsayable("a point of service of another length"))?;
    Ok(Point { code, contactless: false, on_file: false, fallback: false })
}

fn of_2003(from: &Message) -> Result<Point, Reason> {
    let bytes = from.array::<16>(22).ok_or(unsayable("a point of service of another length"))?;
    let group = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().expect("four of sixteen bytes"));
    let (reading, verification, environment) = (group(0), group(4), group(8));
    let has = |flag| reading & flag != 0;
    let mut code = USUAL;
    let input = [(flag::CHIP, b'5'), (flag::STRIPE, b'2'), (flag::BAR_CODE, b'3'), (flag::BY_HAND, b'6')];
    let input = input.into_iter().find(|(one, _)| has(*one)).map_or(b'0', |(_, digit)| digit);
    let input = if input == b'0' && has(flag::CONTACTLESS) { b'5' } else { input };
    code[at::INPUT] = input;
    code[at::CAPABILITY] = if has(flag::FALLBACK) { b'5' } else { input };
    if let Some(method) = flag::VERIFICATION.iter().position(|&one| verification & one != 0) {
        code[at::AUTHENTICATED] = b'0' + method as u8;
        if method == 1 {
            (code[at::CAN_AUTHENTICATE], code[at::AUTHENTICATED_BY]) = (b'1', b'3');
        }
    }
    let said = [
        (flag::E_COMMERCE, b"510"),
        (flag::MAIL_OR_TELEPHONE, b"020"),
        (flag::RECURRING, b"040"),
        (flag::UNATTENDED, b"201"),
    ];
    let said = said.into_iter().find(|(one, _)| environment & one != 0).map_or(b"101", |(_, digits)| digits);
    code[at::ENVIRONMENT..=at::CARD].copy_from_slice(said);
    Ok(Point { code, contactless: has(flag::CONTACTLESS), on_file: has(flag::ON_FILE), fallback: has(flag::FALLBACK) })
}

fn flags(point: &Point) -> [u8; 16] {
    let code = &point.code;
    let mut reading = match code[at::INPUT] {
        b'1' | b'4' | b'6' => flag::BY_HAND,
        b'2' => flag::STRIPE,
        b'3' => flag::BAR_CODE,
        b'5' => flag::CHIP,
        _ if point.on_file => flag::ON_FILE,
        _ => flag::UNKNOWN,
    };
    reading |= if point.contactless { flag::CONTACTLESS } else { 0 };
    reading |= if point.fallback { flag::FALLBACK } else { 0 };
    let method = code[at::AUTHENTICATED].wrapping_sub(b'0');
    let verification = flag::VERIFICATION.get(usize::from(method)).copied().unwrap_or(flag::UNKNOWN);
    let environment = match (code[at::ENVIRONMENT], code[at::CARDHOLDER]) {
        (_, b'2' | b'3') => flag::MAIL_OR_TELEPHONE,
        (_, b'4') => flag::RECURRING,
        (b'5', b'1') => flag::E_COMMERCE,
        (b'1' | b'3', _) => flag::ATTENDED,
        (b'2' | b'4' | b'5', _) => flag::UNATTENDED,
        _ => flag::UNKNOWN,
    };
    let mut out = [0; 16];
    for (place, group) in [reading, verification, environment, flag::UNKNOWN].into_iter().enumerate() {
        out[4 * place..4 * place + 4].copy_from_slice(&group.to_le_bytes());
    }
    out
}

/// DE22 of 1987. A stripe that was read whole stands beside it.
fn entry_mode(point: &Point, from: &Message) -> [u8; 3] {
    let code = &point.code;
    let remote = code[at::ENVIRONMENT] == b'5' && code[at::CARDHOLDER] == b'1';
    let track = from.has(35) || from.has(45);
    let mode = match (code[at::INPUT], point.contactless) {
        (b'2' | b'6', _) if point.fallback => {
            if code[at::INPUT] == b'2' {
                b"80"
            } else {
                b"79"
            }
        }
        (b'1' | b'6', _) => {
            if remote {
                b"81"
            } else {
                b"01"
            }
        }
        (b'2', true) => b"91",
        (b'2', false) => {
            if track {
                b"90"
            } else {
                b"02"
            }
        }
        (b'3', _) => b"03",
        (b'4', _) => b"04",
        (b'5', true) => b"07",
        (b'5', false) => b"05",
        _ if point.on_file => b"10",
        _ if remote => b"09",
        _ => b"00",
    };
    let pin = match (code[at::CAN_AUTHENTICATE], code[at::PIN_LENGTH]) {
        (b'1', _) => b'1',
        (_, b'0') => b'2',
        _ => b'0',
    };
    [mode[0], mode[1], pin]
}

/// DE25 of 1987.
const fn condition(point: &Point) -> &'static [u8; 2] {
    let code = &point.code;
    match (code[at::ENVIRONMENT], code[at::CARDHOLDER], code[at::CARD]) {
        (_, b'2' | b'3' | b'4', _) => b"08",
        (b'5', b'1', _) => b"59",
        (_, b'1', _) => b"01",
        (b'2' | b'4' | b'5', ..) => b"02",
        (_, _, b'0') => b"05",
        _ => b"00",
    }
}

/// DE26 of 1987.
fn pin_length(point: &Point) -> Option<[u8; 2]> {
    match point.code[at::PIN_LENGTH] {
        digit @ b'4'..=b'9' => Some([b'0', digit]),
        letter @ b'A'..=b'C' => Some(trace::digits::<2>(u64::from(letter - b'A') + 10)),
        _ => None,
    }
}

/// The merchant's business: DE18 of 1987, DE26 later; 1993 has DE18 as well.
pub(super) fn merchant(from: &Message, to: &mut Message, made: u8, way: Way) -> Said {
    if (way.to, made) == (Version::V1993, 18) {
        return Ok(NOTHING);
    }
    let sources: &[u8] = match way.from {
        Version::V1987 => &[18],
        Version::V1993 => &[26, 18],
        Version::V2003 => &[26],
    };
    let mut buffer = [0; 4];
    let source = sources.iter().copied().find(|&field| from.has(field));
    let value =
        source.and_then(|field| from.look(field, &mut buffer)).ok_or(unsayable("a business of another length"))?;
    put(to, made, value)?;
    Ok(if way.from == Version::V1993 { used([26, 18]) } else { used([sources[0]]) })
}
