//! Processing codes (DE3) and response codes (DE39).

/// DE3: transaction type, from account, to account (TT·FF·TO).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct ProcessingCode([u8; 6]);

impl ProcessingCode {
    /// From six characters (digits in 1987 and 1993).
    #[must_use]
    pub fn parse(_value: &[u8]) -> Option<Self> {
        todo!()
    }
    /// The six characters.
    #[must_use]
    pub fn bytes(&self) -> [u8; 6] {
        self.0
    }
    /// TT as a number: 00–19 debits, 20–29 credits, 30–39 inquiries, 40–49 transfers…
    #[must_use]
    pub fn transaction_type(&self) -> u8 {
        todo!()
    }
}

/// DE39 as it stands: two characters in 1987, three in 1993, four in 2003. Compared by value.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ResponseCode {
    length: u8,
    bytes: [u8; 4],
}

impl ResponseCode {
    /// From two to four ASCII letters or digits.
    #[must_use]
    pub const fn parse(_value: &[u8]) -> Option<Self> {
        todo!()
    }
    /// The characters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        todo!()
    }
}

impl std::fmt::Debug for ResponseCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}
impl std::fmt::Display for ResponseCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}
