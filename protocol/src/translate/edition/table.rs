//! What the three editions say, a row a meaning: in which data elements each says it, and how the value goes from one into
//! another. What stands in no row of both editions has no counterpart.

use crate::{Message, dialect::Version};

/// How a value goes over.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    /// As it is, in whatever form the dialects write it.
    Plain,
    /// A number, in more or fewer digits.
    Digits,
    /// An amount, and its currency where the edition has that beside it.
    Amount { amount: u8, currency: u8 },
    /// The amounts of a reversal of a part.
    InPart,
    /// Additional amounts, each with its kind, currency and sign.
    Balances,
    /// Local date and time.
    Moment,
    /// A day and month, with or without a year.
    Day,
    /// A date with a year, of two digits or four.
    Century,
    /// The merchant's business.
    Merchant,
    /// How the card was read, and under which circumstances.
    Point,
    /// What a message is for.
    Function,
    /// The answer, or the reason of a reversal.
    Code,
    /// Fees.
    Fees,
    /// Name and place of the merchant.
    Place,
    /// Which earlier message is meant.
    Original,
    /// Security control information.
    Security,
}

/// One meaning.
#[derive(PartialEq, Eq, Debug)]
pub(in crate::translate) struct Row {
    /// What it is called.
    pub(in crate::translate) what: &'static str,
    /// The data elements that say it in 1987, 1993 and 2003; none: the edition does not.
    at: [&'static [u8]; 3],
    pub(super) kind: Kind,
    /// How it goes over, for people: from 1987 into the later editions, and back; between 1993 and 2003.
    pub(in crate::translate) how: [&'static str; 3],
}

impl Row {
    pub(in crate::translate) const fn of(&self, version: Version) -> &'static [u8] {
        self.at[version as usize]
    }

    /// Is it said in that edition even where the source has no data element for it, since it follows from the message type?
    pub(super) fn always(&self, to: Version) -> bool {
        self.kind == Kind::Function && to != Version::V1987
    }

    /// The data element that is at fault where the value cannot be said: the first that is there, 0 where none is.
    pub(super) fn lead(&self, message: &Message, from: Version) -> u8 {
        self.of(from).iter().copied().find(|&field| message.has(field)).unwrap_or(0)
    }

    /// How it goes over, for people.
    pub(in crate::translate) const fn between(&self, from: Version, to: Version) -> &'static str {
        match (from, to) {
            (Version::V1987, _) => self.how[0],
            (_, Version::V1987) => self.how[1],
            _ => self.how[2],
        }
    }
}

/// The row of a value that goes over as it is, under its own number.
pub(super) const PLAIN: &Row = &Row { what: "", at: [&[]; 3], kind: Kind::Plain, how: ["as it is"; 3] };

const fn row(what: &'static str, at: [&'static [u8]; 3], kind: Kind, how: [&'static str; 3]) -> Row {
    Row { what, at, kind, how }
}

/// The same number and the same meaning in all three editions.
const EVERYWHERE: &[u8] = &[
    2, 7, 9, 10, 14, 16, 17, 19, 20, 23, 32, 33, 35, 36, 37, 38, 40, 41, 42, 44, 45, 47, 48, 52, 55, 60, 61, 62, 63,
    67, 98, 99, 100, 101, 102, 103, 111, 112, 113, 114, 115, 116, 117, 118, 119, 120, 121, 122, 123, 124, 125, 126,
    127,
];
/// The same in 1987 and 1993, gone or something else in 2003.
const EARLIER: &[u8] = &[21, 27, 34, 68, 69, 74, 75, 76, 77, 78, 79, 80, 81, 86, 87, 88, 89, 97, 104];
/// The same in 1993 and 2003, something else in 1987.
const LATER: &[u8] = &[29, 31, 57, 58, 59, 93, 94, 95];

/// All that has a counterpart.
#[rustfmt::skip]
pub(super) static ROWS: &[Row] = &[
    row("", [EVERYWHERE, EVERYWHERE, EVERYWHERE], Kind::Plain, ["as it is"; 3]),
    row("", [EARLIER, EARLIER, &[]], Kind::Plain, ["as it is"; 3]),
    row("", [&[], LATER, LATER], Kind::Plain, ["as it is"; 3]),
    row("Processing code", [&[3], &[3], &[3]], Kind::Plain, ["as it is"; 3]),
    row("Amount, transaction", [&[4, 49], &[4, 49], &[4]], Kind::Amount { amount: 4, currency: 49 }, [
        "in 2003 currency and decimal places stand in front; in a reversal of a part, 1987 says in DE4 what was, later editions what is left",
        "of 2003 the currency goes to DE49; decimal places must be the currency's; in a reversal of a part DE4 is what was, from DE30",
        "in 2003 currency and decimal places stand in front of the amount, in 1993 the currency in DE49",
    ]),
    row("Amount, settlement", [&[5, 50], &[5, 50], &[5]], Kind::Amount { amount: 5, currency: 50 }, [
        "as DE4, with the currency of DE50", "as DE4, with the currency of DE50", "as DE4, with the currency of DE50",
    ]),
    row("Amount, cardholder billing", [&[6, 51], &[6, 51], &[6]], Kind::Amount { amount: 6, currency: 51 }, [
        "as DE4, with the currency of DE51", "as DE4, with the currency of DE51", "as DE4, with the currency of DE51",
    ]),
    row("Amount, cardholder billing fee", [&[8], &[8], &[8]], Kind::Amount { amount: 8, currency: 51 }, [
        "as DE4, with the currency of DE51", "as DE4, with the currency of DE51", "as DE4, with the currency of DE51",
    ]),
    row("Amounts of a reversal of a part", [&[95], &[30], &[30]], Kind::InPart, [
        "reversals only: DE30 is what was (DE4 and DE5 of 1987), DE4 what is left; nothing left is a reversal of all",
        "reversals only: DE95 is what is left, fees zero; nothing left is a reversal of all",
        "in 2003 currency and decimal places stand in front of each amount",
    ]),
    row("Systems trace audit number", [&[11], &[11], &[11]], Kind::Digits, [
        "zeros in front; fewer digits: the last ones", "zeros in front; fewer digits: the last ones", "zeros in front; fewer digits: the last ones",
    ]),
    row("Date and time, local", [&[12, 13], &[12], &[12]], Kind::Moment, [
        "date and time become one, with the year closest to now",
        "time to DE12, date to DE13; the year is left out",
        "1993 leaves out the century: the one closest to now",
    ]),
    row("Date, effective", [&[], &[13], &[13]], Kind::Century, ["", "", "1993 leaves out the century: the one closest to now"]),
    row("Date, settlement", [&[15], &[15], &[15]], Kind::Day, [
        "with the year closest to now", "the year is left out", "1993 leaves out the century: the one closest to now",
    ]),
    row("Merchant's business", [&[18], &[26, 18], &[26]], Kind::Merchant, [
        "DE18 of 1987 is DE26 later", "DE26, where absent DE18 of 1993", "DE26, where absent DE18 of 1993",
    ]),
    row("Point of service", [&[22, 25, 26], &[22, 24], &[22, 24]], Kind::Point, [
        "position by position, what 1987 does not say by the defaults of docs/dialects.md",
        "entry mode, PIN capability, condition and PIN length; what else is said is left out",
        "position by position; what the other has no word for becomes the nearest, or unknown",
    ]),
    row("Function", [&[70], &[24], &[24]], Kind::Function, [
        "by message type, DE3, DE25, DE38, DE90 and DE95; network management by DE70",
        "to DE70 in network management, else said by the message type and DE25",
        "as it is",
    ]),
    row("Date, reconciliation", [&[], &[28], &[28]], Kind::Century, ["", "", "1993 leaves out the century: the one closest to now"]),
    row("Fees", [&[28, 29, 30, 31], &[46], &[46]], Kind::Fees, [
        "one set for DE28 with DE29 (type 00) and one for DE30 with DE31 (type 01)",
        "sets of type 00 and 01 in the currencies of the message; other sets have no place",
        "set by set; in 2003 decimal places stand behind each currency",
    ]),
    row("Fees, original", [&[], &[66], &[66]], Kind::Fees, ["", "", "set by set; in 2003 decimal places stand behind each currency"]),
    row("Answer, or reason of a reversal", [&[39], &[39, 25], &[39, 25]], Kind::Code, [
        "by the table of codes; in a reversal DE39 is the reason, and goes to DE25",
        "by the table of codes; the reason of a reversal (DE25) goes to DE39",
        "by the table of codes",
    ]),
    row("Merchant's name and place", [&[43], &[43], &[43]], Kind::Place, [
        "name, city and country between backslashes", "name (25), city (13) and country (2), cut where longer", "as it is",
    ]),
    row("Security control", [&[53], &[53], &[53]], Kind::Security, [
        "sixteen digits become eight bytes", "eight bytes of digits become sixteen digits", "as it is",
    ]),
    row("Key management", [&[96], &[96], &[96]], Kind::Plain, ["as it is"; 3]),
    row("Additional amounts", [&[54], &[54], &[54]], Kind::Balances, [
        "in 2003 with the sign in front, and decimal places", "of 2003 without decimal places, which must be the currency's",
        "in 2003 with the sign in front, and decimal places",
    ]),
    row("Original data", [&[90], &[56], &[56]], Kind::Original, [
        "type, STAN, local date and time (of this message, which repeats its original's) and acquirer",
        "type, STAN and acquirer; the time of transmission is not said (zeros)",
        "STAN and century in more or fewer digits",
    ]),
    row("Message number", [&[71], &[71], &[]], Kind::Digits, ["zeros in front", "fewer digits: zeros in front are cut", ""]),
    row("Date, action", [&[73], &[73], &[73]], Kind::Century, [
        "with the century closest to now", "without the century", "with the century closest to now, or without it",
    ]),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bitmap::FieldSet;

    #[test]
    fn no_edition_says_one_thing_in_two_rows() {
        for version in [Version::V1987, Version::V1993, Version::V2003] {
            let mut seen = FieldSet::new();
            for &field in ROWS.iter().flat_map(|row| row.of(version)) {
                // The condition of 1987 may say the function, which has a row of its own.
                assert!(!seen.contains(field) || field == 24, "DE{field} stands in two rows of {version:?}");
                seen.insert(field);
            }
        }
    }
}
