//! The PIN block (DE52).

use std::fmt;
use zeroize::{Zeroize, ZeroizeOnDrop};

/// An encrypted PIN block (DE52, ISO 9564-1): eight opaque bytes, `[redacted]` in `Debug`, zeroized on drop.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct PinBlock([u8; 8]);

impl PinBlock {
    /// From the eight bytes of the field.
    #[must_use]
    pub const fn new(bytes: [u8; 8]) -> Self {
        Self(bytes)
    }

    /// From the logical value; `None` for another length.
    #[must_use]
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// The eight bytes. Every caller needs `#[expect(clippy::disallowed_methods, reason = "…")]`.
    #[must_use]
    pub const fn expose(&self) -> &[u8; 8] {
        &self.0
    }
}

impl fmt::Debug for PinBlock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PinBlock([redacted])")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn opaque_and_redacted() {
        let block = PinBlock::new([0xA5; 8]);
        assert_eq!(format!("{block:?}"), "PinBlock([redacted])");
        assert_eq!(PinBlock::parse(&[0xA5; 8]), Some(block));
        assert_eq!(PinBlock::parse(&[0xA5; 7]), None);
    }
}
