//! The processing code (DE3).

use std::fmt;

/// DE3: transaction type, from account, to account (TT·FF·TO).
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct ProcessingCode([u8; 6]);

/// The family of a transaction type, the first digit of DE3.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum TransactionKind {
    /// 00–19: purchase, cash, adjustment; takes from the cardholder.
    Debit,
    /// 20–29: refund, deposit; gives to the cardholder.
    Credit,
    /// 30–39: balance, account verification, bill inquiry; moves nothing.
    Inquiry,
    /// 40–49: between accounts.
    Transfer,
    /// 50–59: bills and other payments.
    Payment,
    /// 60–79: PIN change and other administration.
    Administrative,
    /// 80–99: by agreement between the parties.
    Private,
}

impl ProcessingCode {
    /// From six characters: digits in 1987 and 1993; letters are let through in the account types only (an6 of 2003).
    #[must_use]
    pub fn parse(value: &[u8]) -> Option<Self> {
        let bytes: [u8; 6] = value.try_into().ok()?;
        let valid = bytes[..2].iter().all(u8::is_ascii_digit) && bytes[2..].iter().all(u8::is_ascii_alphanumeric);
        valid.then_some(Self(bytes))
    }

    /// The six characters.
    #[must_use]
    pub const fn bytes(&self) -> [u8; 6] {
        self.0
    }

    /// TT as a number: 00–19 debits, 20–29 credits, 30–39 inquiries, 40–49 transfers…
    #[must_use]
    pub const fn transaction_type(&self) -> u8 {
        (self.0[0] - b'0') * 10 + (self.0[1] - b'0')
    }

    /// The family TT belongs to.
    #[must_use]
    pub const fn kind(&self) -> TransactionKind {
        match self.transaction_type() {
            0..=19 => TransactionKind::Debit,
            20..=29 => TransactionKind::Credit,
            30..=39 => TransactionKind::Inquiry,
            40..=49 => TransactionKind::Transfer,
            50..=59 => TransactionKind::Payment,
            60..=79 => TransactionKind::Administrative,
            _ => TransactionKind::Private,
        }
    }

    /// FF, the account taken from (00 default, 10 savings, 20 cheque, 30 credit …).
    #[must_use]
    pub const fn from_account(&self) -> [u8; 2] {
        [self.0[2], self.0[3]]
    }

    /// TO, the account given to.
    #[must_use]
    pub const fn to_account(&self) -> [u8; 2] {
        [self.0[4], self.0[5]]
    }
}

impl fmt::Display for ProcessingCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|&byte| fmt::Write::write_char(f, char::from(byte)))
    }
}

impl fmt::Debug for ProcessingCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ProcessingCode({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts() {
        let code = ProcessingCode::parse(b"012030").unwrap();
        assert_eq!((code.transaction_type(), code.from_account(), code.to_account()), (1, *b"20", *b"30"));
        assert_eq!(format!("{code} {code:?}"), "012030 ProcessingCode(012030)");
        assert_eq!(ProcessingCode::parse(b"990000").unwrap().transaction_type(), 99);
    }

    #[test]
    fn kinds_cover_every_type() {
        for (code, kind) in [
            (b"000000", TransactionKind::Debit),
            (b"190000", TransactionKind::Debit),
            (b"200000", TransactionKind::Credit),
            (b"310000", TransactionKind::Inquiry),
            (b"401020", TransactionKind::Transfer),
            (b"500000", TransactionKind::Payment),
            (b"700000", TransactionKind::Administrative),
            (b"800000", TransactionKind::Private),
        ] {
            assert_eq!(ProcessingCode::parse(code).unwrap().kind(), kind);
        }
    }

    #[test]
    fn wrong_length_or_letters_in_the_type() {
        for bad in [&b"00000"[..], b"0000000", b"A00000", b"0 0000", b"00000 ", b""] {
            assert!(ProcessingCode::parse(bad).is_none());
        }
        assert!(ProcessingCode::parse(b"00AB12").is_some());
    }
}
