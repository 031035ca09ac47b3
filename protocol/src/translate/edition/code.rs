//! Codes: the answer (DE39 in two, three and four characters), and why something is reversed (DE39 of 1987, DE25 later).

use super::{NOTHING, Said, Way, put, unsayable, used};
use crate::{Message, dialect::Version, element::ResponseCode};

/// One meaning in the three editions. Of several rows with one code the first is the one it goes over by.
#[rustfmt::skip]
static CODES: [[&str; 3]; 90] = [
    // Approved.
    ["00", "000", "0000"], ["08", "001", "0001"], ["10", "002", "0002"], ["11", "003", "0003"], ["16", "004", "0004"],
    ["00", "005", "0005"], ["00", "006", "0006"], ["85", "000", "0000"],
    // Denied.
    ["01", "107", "1007"], ["02", "108", "1008"], ["03", "109", "1009"], ["05", "100", "1000"], ["13", "110", "1010"],
    ["14", "111", "1011"], ["23", "113", "1013"], ["39", "114", "1014"], ["42", "114", "1014"], ["44", "114", "1014"],
    ["52", "114", "1014"], ["53", "114", "1014"], ["40", "115", "1015"], ["51", "116", "1016"], ["54", "101", "1001"],
    ["55", "117", "1017"], ["56", "118", "1018"], ["57", "119", "1019"], ["58", "120", "1020"], ["59", "102", "1002"],
    ["60", "103", "1003"], ["61", "121", "1021"], ["62", "104", "1004"], ["63", "122", "1022"], ["65", "123", "1023"],
    ["66", "105", "1005"], ["75", "106", "1006"], ["93", "124", "1024"], ["05", "125", "1025"], ["13", "110", "1810"],
    ["15", "908", "1049"], ["55", "112", "1012"],
    // Denied, card to be kept.
    ["04", "200", "2000"], ["33", "201", "2001"], ["34", "202", "2002"], ["35", "203", "2003"], ["36", "204", "2004"],
    ["37", "205", "2005"], ["38", "206", "2006"], ["07", "207", "2007"], ["41", "208", "1032"], ["43", "209", "1032"],
    ["04", "210", "2010"],
    // Reversals, network management, advices.
    ["00", "400", "4000"], ["00", "800", "8000"], ["00", "900", "9100"], ["00", "901", "9101"],
    // Not processed.
    ["12", "902", "9102"], ["19", "903", "9103"], ["30", "904", "1800"], ["31", "905", "9105"], ["90", "906", "9106"],
    ["91", "907", "9107"], ["92", "908", "9108"], ["96", "909", "1811"], ["06", "909", "1811"], ["96", "909", "1812"],
    ["91", "910", "9110"], ["68", "911", "9111"], ["98", "911", "9111"], ["91", "912", "9112"], ["94", "913", "1822"],
    ["25", "914", "1816"], ["95", "915", "9115"], ["A0", "916", "9116"], ["96", "917", "9117"], ["96", "918", "9118"],
    ["96", "919", "9119"], ["96", "920", "9120"], ["96", "921", "9121"], ["96", "922", "9122"], ["09", "923", "9123"],
    ["95", "501", "5001"], ["97", "109", "1009"], ["99", "117", "1017"],
    // File actions: behind what payments are told by the same codes.
    ["21", "300", "3000"], ["25", "302", "3002"], ["26", "308", "3008"], ["27", "304", "3004"], ["28", "305", "3005"],
    ["29", "306", "3006"], ["30", "307", "3007"],
];

/// Why something is reversed: DE39 of 1987, DE25 of the later editions.
static REASONS: [(&[u8; 2], &[u8; 4]); 9] = [
    (b"17", b"4000"),
    (b"21", b"4001"),
    (b"22", b"4002"),
    (b"32", b"4004"),
    (b"64", b"4005"),
    (b"68", b"4006"),
    (b"20", b"4020"),
    (b"68", b"4021"),
    (b"22", b"4013"),
];

/// A response code in another edition; `None` for a code that has no word there, which is never to be taken for an
/// approval.
///
/// Of codes that no table knows, those of three and four digits go over by their family: 1987 says "do not honour" for what is
/// denied, "pick up" for what is to be kept as well.
#[must_use]
pub fn response_code(code: ResponseCode, from: Version, to: Version) -> Option<ResponseCode> {
    if from == to {
        return Some(code);
    }
    let text = code.as_str();
    let row = CODES.iter().find(|row| row[from as usize] == text);
    let other = match row {
        Some(row) => row[to as usize],
        None => return by_family(code, from, to),
    };
    ResponseCode::parse(other.as_bytes())
}

/// The codes of one edition that the table knows, each with its word in another; none within one edition.
#[must_use]
pub fn codes(from: Version, to: Version) -> Vec<(ResponseCode, ResponseCode)> {
    let mut pairs: Vec<(ResponseCode, ResponseCode)> = Vec::new();
    for row in CODES.iter().filter(|_| from != to) {
        let own = ResponseCode::parse(row[from as usize].as_bytes());
        let Some(code) = own.filter(|code| pairs.iter().all(|(one, _)| one != code)) else { continue };
        pairs.extend(response_code(code, from, to).map(|other| (code, other)));
    }
    pairs.sort_unstable();
    pairs
}

fn by_family(code: ResponseCode, from: Version, to: Version) -> Option<ResponseCode> {
    let digits = code.as_bytes();
    if !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    match (from, to, digits) {
        (Version::V1993, Version::V2003, [family @ b'1'..=b'8', one, two]) => {
            ResponseCode::parse(&[*family, b'0', *one, *two])
        }
        (Version::V1993, Version::V2003, [b'9', one, two]) => ResponseCode::parse(&[b'9', b'1', *one, *two]),
        (Version::V2003, Version::V1993, [family @ b'1'..=b'8', b'0', one, two]) => {
            ResponseCode::parse(&[*family, *one, *two])
        }
        (Version::V2003, Version::V1993, [b'9', b'1', one, two]) => ResponseCode::parse(&[b'9', *one, *two]),
        (Version::V2003, Version::V1993, [b'1', ..]) => ResponseCode::parse(b"100"),
        (Version::V1993 | Version::V2003, Version::V1987, [b'1', ..]) => ResponseCode::parse(b"05"),
        (Version::V1993 | Version::V2003, Version::V1987, [b'2', ..]) => ResponseCode::parse(b"04"),
        (Version::V1993 | Version::V2003, Version::V1987, [b'9', ..]) => ResponseCode::parse(b"96"),
        _ => None,
    }
}

pub(super) fn make(from: &Message, to: &mut Message, made: u8, way: Way) -> Said {
    let reverses = from.mti().class() == 4 && from.mti().is_request();
    match (way.from, way.to, made) {
        (Version::V1987, _, 25) if reverses => reason_of_code(from, to),
        (Version::V1987, _, 25) => Ok(NOTHING),
        (Version::V1987, _, _) if reverses => Ok(NOTHING),
        (_, Version::V1987, _) if reverses => code_of_reason(from, to),
        (_, _, 25) => copied(from, to),
        _ => answer(from, to, way),
    }
}

fn answer(from: &Message, to: &mut Message, way: Way) -> Said {
    let mut buffer = [0; 4];
    let Some(value) = from.look(39, &mut buffer) else { return Ok(NOTHING) };
    let code = ResponseCode::parse(value.trim_ascii()).and_then(|code| response_code(code, way.from, way.to));
    put(to, 39, code.ok_or(unsayable("a code that the other edition has no word for"))?.as_bytes())?;
    Ok(used([39]))
}

fn copied(from: &Message, to: &mut Message) -> Said {
    let mut buffer = [0; 4];
    let Some(value) = from.look(25, &mut buffer) else { return Ok(NOTHING) };
    put(to, 25, value)?;
    Ok(used([25]))
}

fn reason_of_code(from: &Message, to: &mut Message) -> Said {
    let Some(code) = from.array::<2>(39) else { return Ok(NOTHING) };
    // Of a time-out the sender says that nothing came; that it came too late, it rarely knows.
    let reason =
        if &code == b"68" { Some(b"4021") } else { REASONS.iter().find(|(one, _)| **one == code).map(|row| row.1) };
    put(to, 25, reason.ok_or(unsayable("a reason that the other edition has no word for"))?)?;
    Ok(used([39]))
}

fn code_of_reason(from: &Message, to: &mut Message) -> Said {
    let Some(reason) = from.array::<4>(25) else { return Ok(NOTHING) };
    let code = REASONS.iter().find(|(_, one)| **one == reason).map(|row| row.0);
    put(to, 39, code.ok_or(unsayable("a reason that the other edition has no word for"))?)?;
    Ok(used([25]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn between(code: &str, from: Version, to: Version) -> Option<String> {
        response_code(code.parse().unwrap(), from, to).map(|code| code.to_string())
    }

    #[test]
    fn no_denial_becomes_an_approval_and_no_approval_a_denial() {
        use Version::{V1987, V1993, V2003};
        let approves = |code: &str| match code.len() {
            2 => ["00", "08", "10", "11", "16", "85"].contains(&code),
            3 => code.starts_with("00") || ["400", "800", "900", "901"].contains(&code),
            _ => code.starts_with("000") || ["4000", "8000", "9100", "9101"].contains(&code),
        };
        let all = |version| -> Vec<String> {
            match version {
                V1987 => (0..100).map(|code| format!("{code:02}")).chain(["A0".to_owned()]).collect(),
                V1993 => (0..1000).map(|code| format!("{code:03}")).collect(),
                V2003 => (0..10_000).map(|code| format!("{code:04}")).collect(),
            }
        };
        for from in [V1987, V1993, V2003] {
            for to in [V1987, V1993, V2003] {
                for code in all(from) {
                    if let Some(other) = between(&code, from, to) {
                        assert_eq!(approves(&code), approves(&other), "{code} of {from:?} became {other} of {to:?}");
                        assert_eq!(other.len(), to as usize + 2);
                    }
                }
            }
        }
    }

    #[test]
    fn what_the_reference_says() {
        use Version::{V1987, V1993, V2003};
        for (one, two, three) in [
            ("51", "116", "1016"),
            ("05", "100", "1000"),
            ("94", "913", "1822"),
            ("10", "002", "0002"),
            ("30", "904", "1800"),
        ] {
            for (from, code) in [(V1987, one), (V1993, two), (V2003, three)] {
                for (to, other) in [(V1987, one), (V1993, two), (V2003, three)] {
                    assert_eq!(between(code, from, to).as_deref(), Some(other));
                }
            }
        }
        assert_eq!(between("199", V1993, V1987).as_deref(), Some("05"), "denied, whatever it was");
        assert_eq!((between("007", V1993, V1987), between("79", V1987, V1993)), (None, None), "never guessed");
    }
}
