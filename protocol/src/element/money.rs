//! Money: an integer in minor units with its currency. No floats.

/// An ISO 4217 numeric currency code, with its exponent.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Currency(u16);

impl Currency {
    /// From the numeric code, e.g. 840. Unknown codes are kept (exponent 2), since networks have private ones.
    #[must_use]
    pub const fn numeric(code: u16) -> Self {
        Self(code)
    }
    /// From DE49: three digits, or three letters.
    #[must_use]
    pub fn parse(_value: &[u8]) -> Option<Self> {
        todo!()
    }
    /// The numeric code.
    #[must_use]
    pub const fn code(self) -> u16 {
        self.0
    }
    /// Decimal places of the minor unit (JPY 0, KWD 3, most 2).
    #[must_use]
    pub fn exponent(self) -> u8 {
        todo!()
    }
    /// The letters, e.g. `USD`.
    #[must_use]
    pub fn alpha(self) -> Option<&'static str> {
        todo!()
    }
}

/// An amount in minor units.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Money {
    /// Minor units (cents, fils, yen).
    pub minor: i64,
    /// The currency.
    pub currency: Currency,
}
