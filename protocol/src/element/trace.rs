//! What tells one message from another: STAN (DE11), RRN (DE37), transmission time (DE7), original data (DE90).

/// A systems trace audit number, 1 to 999999 (12 digits in the 2003 edition).
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct Stan(pub u32);

/// A retrieval reference number (DE37): twelve characters.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Rrn(pub [u8; 12]);

/// DE7: MMDDhhmmss in GMT, kept as the ten ASCII digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Transmission(pub [u8; 10]);

/// DE90 (n42): MTI, STAN, DE7, acquirer and forwarder of the original, each institution right-justified to 11.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct OriginalData {
    /// MTI of the original.
    pub mti: crate::Mti,
    /// Its STAN.
    pub stan: Stan,
    /// Its DE7.
    pub transmission: Transmission,
    /// Its DE32 as a number (0 where absent).
    pub acquirer: u64,
    /// Its DE33 as a number (0 where absent).
    pub forwarder: u64,
}

impl OriginalData {
    /// From 42 digits.
    #[must_use]
    pub fn parse(_digits: &[u8]) -> Option<Self> {
        todo!()
    }
    /// The 42 digits.
    #[must_use]
    pub fn digits(&self) -> [u8; 42] {
        todo!()
    }
}
