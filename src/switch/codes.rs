//! Response codes of our own making, by edition of the standard (DE39 of 1987, action codes of 1993 and 2003).

use super::Refusal;
use crate::rules::{Acquirer, Bank};
use banklink_protocol::{dialect::Version, element::ResponseCode};

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
        Refusal::Amount => by_edition(version, b"13", b"110", b"1010"),
        Refusal::Card => by_edition(version, b"14", b"111", b"1011"),
        Refusal::NoIssuer => by_edition(version, b"15", b"908", b"1049"),
        Refusal::NoRoute => by_edition(version, b"92", b"908", b"9108"),
        Refusal::NoBank | Refusal::NotSent | Refusal::Draining => by_edition(version, b"91", b"907", b"9107"),
        Refusal::Full => acquirer.full_code,
        Refusal::Duplicate => by_edition(version, b"94", b"913", b"1822"),
        Refusal::NoOriginal => by_edition(version, b"25", b"914", b"1816"),
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

/// The acquirer's code for a bank's: by the bank's table, as long as a table or a code that the bank uses otherwise than the
/// standard does not turn the verdict round.
pub(super) fn told(bank: &Bank, answer: ResponseCode, approved: bool) -> ResponseCode {
    let version = bank.dialect.version();
    let approves = |code: &ResponseCode| {
        bank.approving.contains(code) || Bank::approving(version).contains(code) || accepts_reversal(*code)
    };
    let mapped = bank.codes_in.get(&answer).filter(|code| approves(code) == approved);
    match mapped {
        Some(&code) => code,
        None if !approved && approves(&answer) => by_edition(version, b"05", b"100", b"1000"),
        None => answer,
    }
}

/// A reversal's acceptance: 1987 says 00, 1993 says 400.
pub(super) fn accepts_reversal(answer: ResponseCode) -> bool {
    const ACCEPTED: [ResponseCode; 2] = [code(b"400"), code(b"4000")];
    ACCEPTED.contains(&answer)
}
