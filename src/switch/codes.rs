//! Response codes of our own making, by edition of the standard (DE39 of 1987, action codes of 1993 and 2003).

use super::Refusal;
use crate::rules::{Acquirer, Bank};
use banklink_protocol::{
    Mti,
    dialect::Version,
    element::ResponseCode,
    translate::{edition_of_code, response_code},
};

const fn code(text: &[u8]) -> ResponseCode {
    match ResponseCode::parse(text) {
        Some(code) => code,
        None => panic!("a constant of two to four letters or digits"),
    }
}

/// One meaning in the three editions.
const fn by_edition(version: Version, v1987: &[u8], v1993: &[u8], v2003: &[u8]) -> ResponseCode {
    code(match version {
        Version::V1987 => v1987,
        Version::V1993 => v1993,
        Version::V2003 => v2003,
    })
}

/// What a refusal is called in the acquirer's dialect.
pub(super) fn refusal(acquirer: &Acquirer, refusal: Refusal) -> ResponseCode {
    let version = acquirer.dialect.version();
    match refusal {
        Refusal::Format | Refusal::Untranslatable => by_edition(version, b"30", b"904", b"1800"),
        Refusal::Unsupported => unsupported(version),
        Refusal::Amount | Refusal::NotCovered => by_edition(version, b"13", b"110", b"1010"),
        Refusal::Card => by_edition(version, b"14", b"111", b"1011"),
        Refusal::NoIssuer => by_edition(version, b"15", b"908", b"1049"),
        Refusal::NoRoute => by_edition(version, b"92", b"908", b"9108"),
        Refusal::NoBank | Refusal::RouteOff | Refusal::NotSent | Refusal::Draining => {
            by_edition(version, b"91", b"907", b"9107")
        }
        Refusal::Full | Refusal::TooMany => acquirer.full_code,
        Refusal::Duplicate => by_edition(version, b"94", b"913", b"1822"),
        Refusal::NoOriginal | Refusal::BeingReversed | Refusal::HoldEnded => {
            by_edition(version, b"25", b"914", b"1816")
        }
        Refusal::TakenBack => unsupported(version),
        Refusal::InProgress => by_edition(version, b"09", b"923", b"1811"),
        Refusal::Irreversible => by_edition(version, b"40", b"115", b"1015"),
        Refusal::OriginalAmount => by_edition(version, b"64", b"110", b"1010"),
        Refusal::StoreFull | Refusal::Recovering | Refusal::Rejected => by_edition(version, b"96", b"909", b"1811"),
        Refusal::TooLate | Refusal::Unanswered => acquirer.timeout_code,
    }
}

/// "Invalid transaction": a message or function we do not serve.
pub(super) const fn unsupported(version: Version) -> ResponseCode {
    by_edition(version, b"12", b"902", b"9102")
}

/// A network management request is accepted.
pub(super) const fn network_accepted(version: Version) -> ResponseCode {
    by_edition(version, b"00", b"800", b"8000")
}

/// Does this code accept our network management request? 1993 hosts answer 800 or 000.
pub(super) fn accepts_network(bank: &Bank, answer: ResponseCode) -> bool {
    answer == network_accepted(bank.dialect.version()) || bank.approving.contains(&answer)
}

/// Does this code approve a part of the amount only?
pub(super) fn is_partial(answer: ResponseCode) -> bool {
    const PARTIAL: [ResponseCode; 3] = [code(b"10"), code(b"002"), code(b"0002")];
    PARTIAL.contains(&answer)
}

/// The acquirer's code for a bank's, in the acquirer's edition of the standard: by the bank's table, then by that of the
/// editions, as long as neither, nor a code that the bank uses otherwise than the standard, turns the verdict round.
pub(super) fn told(bank: &Bank, answer: ResponseCode, approved: bool, edition: Version) -> ResponseCode {
    let own = bank.dialect.version();
    let approves = |code: &ResponseCode| {
        let version = edition_of_code(*code);
        let by_profile = version == own && bank.approving.contains(code);
        by_profile || Bank::approving(version).contains(code) || accepts_reversal(*code)
    };
    let mapped = bank.codes_in.get(&answer).filter(|code| approves(code) == approved);
    let said = match mapped {
        Some(&code) => Some(code),
        None if !approved && approves(&answer) => None,
        None => Some(answer),
    };
    let said = said.and_then(|code| response_code(code, edition_of_code(code), edition));
    match said.filter(|code| own == edition || approves(code) == approved) {
        Some(code) => code,
        None if approved => by_edition(edition, b"00", b"000", b"0000"),
        None => by_edition(edition, b"05", b"100", b"1000"),
    }
}

/// Our acknowledgement of a reversal or an advice that we took over.
pub(super) const fn taken(version: Version, mti: Mti) -> ResponseCode {
    if mti.class() == 4 {
        by_edition(version, b"00", b"400", b"4000")
    } else {
        by_edition(version, b"00", b"000", b"0000")
    }
}

/// What an acquirer is told that takes no approvals of a part: there is not enough for all of it.
pub(super) const fn not_enough(version: Version) -> ResponseCode {
    by_edition(version, b"51", b"116", b"1016")
}

/// Does this code say that a reversal took effect, now or before (94)?
#[must_use]
pub fn took_reversal(answer: ResponseCode) -> bool {
    const TOOK: [ResponseCode; 8] = [
        code(b"00"),
        code(b"000"),
        code(b"0000"),
        code(b"400"),
        code(b"4000"),
        code(b"94"),
        code(b"913"),
        code(b"1822"),
    ];
    TOOK.contains(&answer)
}

/// Does this code acknowledge an advice? 1993 says 900 and 901 beside 000.
pub(super) fn acknowledges(answer: ResponseCode) -> bool {
    const ACKNOWLEDGED: [ResponseCode; 2] = [code(b"900"), code(b"901")];
    ACKNOWLEDGED.contains(&answer)
}

/// Does this code mean anything: to the standard of the bank's edition, or by its profile?
pub(super) fn is_known(bank: &Bank, answer: ResponseCode) -> bool {
    bank.approving.contains(&answer)
        || bank.declining.contains(&answer)
        || bank.codes_in.contains_key(&answer)
        || accepts_reversal(answer)
        || is_of_standard(bank.dialect.version(), answer)
}

/// The codes of the standard: of 1987 00 to 68, 75 to 99 and A0 (MAC failed); of 1993 the families approved (000 to 006),
/// denied, picked up, file action, reversal and not processed; of 2003 those of four digits in the same families.
fn is_of_standard(version: Version, answer: ResponseCode) -> bool {
    let text = answer.as_str();
    let number = text.bytes().all(|digit| digit.is_ascii_digit()).then(|| text.parse::<u16>().unwrap_or(u16::MAX));
    match (version, number) {
        (Version::V1987, Some(number)) => text.len() == 2 && matches!(number, 0..=68 | 75..=99),
        (Version::V1987, None) => text == "A0",
        (Version::V1993, Some(number)) => {
            text.len() == 3 && matches!(number, 0..=6 | 100..=125 | 200..=210 | 300..=309 | 400..=403 | 480 | 900..=950)
        }
        (Version::V2003, Some(number)) => {
            text.len() == 4 && matches!(number, 0..=99 | 800..=999 | 1000..=2999 | 4000..=4999 | 9000..=9999)
        }
        (_, None) => false,
    }
}

/// A reversal's acceptance: 1987 says 00, 1993 says 400.
pub(super) fn accepts_reversal(answer: ResponseCode) -> bool {
    const ACCEPTED: [ResponseCode; 2] = [code(b"400"), code(b"4000")];
    ACCEPTED.contains(&answer)
}
