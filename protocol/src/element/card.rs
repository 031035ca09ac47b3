//! Card data: types that cannot print themselves.

/// A primary account number (DE2), 8 to 19 digits; zeroized on drop, no `Display`, masked `Debug`.
#[derive(Clone)]
pub struct Pan {}

impl Pan {
    /// From ASCII digits; `None` for another length or a character that is no digit. Luhn is a separate question.
    #[must_use]
    pub fn parse(_digits: &[u8]) -> Option<Self> {
        todo!()
    }
    /// The clear digits. Every caller needs `#[expect(clippy::disallowed_methods, reason = "…")]`.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        todo!()
    }
    /// Number of digits.
    #[must_use]
    #[allow(clippy::len_without_is_empty)]
    pub fn len(&self) -> usize {
        todo!()
    }
    /// The first 11 digits as a number, zero-filled on the right where the PAN is shorter: the routing key.
    #[must_use]
    pub fn routing_key(&self) -> u64 {
        todo!()
    }
    /// Does the check digit hold?
    #[must_use]
    pub fn luhn(&self) -> bool {
        todo!()
    }
    /// First six and last four with `*` between; fails closed (all `*`) on fewer than 13 digits.
    #[must_use]
    pub fn masked(&self) -> String {
        todo!()
    }
}

/// Track 2 (DE35) parsed into views: PAN, expiry, service code.
pub struct Track2 {}

impl Track2 {
    /// From the logical value (`=` or `D` as the separator).
    #[must_use]
    pub fn parse(_value: &[u8]) -> Option<Self> {
        todo!()
    }
    /// The card number.
    #[must_use]
    pub fn pan(&self) -> &Pan {
        todo!()
    }
    /// Expiry YYMM, where present.
    #[must_use]
    pub fn expiry(&self) -> Option<[u8; 4]> {
        todo!()
    }
}

/// An encrypted PIN block (DE52): opaque, `[redacted]` in Debug.
pub struct PinBlock {}
