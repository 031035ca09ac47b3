//! The length in front of a frame.

use super::FrameError;

/// The form of the length in front of a frame.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LengthForm {
    /// Two bytes, big endian.
    Binary2,
    /// Two bytes, little endian.
    Binary2Le,
    /// Four bytes, big endian.
    Binary4,
    /// Four ASCII digits.
    Ascii4,
    /// Two bytes packed BCD.
    Bcd2,
}

impl LengthForm {
    /// All forms.
    pub const ALL: [Self; 5] = [Self::Binary2, Self::Binary2Le, Self::Binary4, Self::Ascii4, Self::Bcd2];

    /// Its name in a configuration.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Binary2 => "binary2",
            Self::Binary2Le => "binary2-le",
            Self::Binary4 => "binary4",
            Self::Ascii4 => "ascii4",
            Self::Bcd2 => "bcd2",
        }
    }

    /// What it consists of, for errors.
    pub(super) const fn described(self) -> &'static str {
        match self {
            Self::Binary2 | Self::Binary2Le => "2 bytes",
            Self::Binary4 => "4 bytes",
            Self::Ascii4 => "4 ASCII digits",
            Self::Bcd2 => "4 BCD digits in 2 bytes",
        }
    }

    /// Its own size in bytes.
    #[must_use]
    pub const fn size(self) -> usize {
        match self {
            Self::Binary2 | Self::Binary2Le | Self::Bcd2 => 2,
            Self::Binary4 | Self::Ascii4 => 4,
        }
    }

    /// The largest length it can say.
    #[must_use]
    pub const fn max(self) -> usize {
        match self {
            Self::Binary2 | Self::Binary2Le => u16::MAX as usize,
            Self::Binary4 => u32::MAX as usize,
            Self::Ascii4 | Self::Bcd2 => 9_999,
        }
    }

    /// Reads the length at the front of `bytes`; `None` where they are too few.
    pub(super) fn read(self, bytes: &[u8]) -> Result<Option<usize>, FrameError> {
        match self {
            Self::Binary2 => Ok(bytes.first_chunk().map(|&bytes| usize::from(u16::from_be_bytes(bytes)))),
            Self::Binary2Le => Ok(bytes.first_chunk().map(|&bytes| usize::from(u16::from_le_bytes(bytes)))),
            Self::Binary4 => Ok(bytes.first_chunk().map(|&bytes| u32::from_be_bytes(bytes) as usize)),
            Self::Ascii4 => {
                bytes.first_chunk::<4>().map(|&bytes| self.decimal(bytes.map(|b| b.wrapping_sub(b'0')))).transpose()
            }
            Self::Bcd2 => {
                let nibbles = |&[high, low]: &[u8; 2]| [high >> 4, high & 0xF, low >> 4, low & 0xF];
                bytes.first_chunk().map(|bytes| self.decimal(nibbles(bytes))).transpose()
            }
        }
    }

    /// The number of four decimal digits, each checked.
    fn decimal(self, digits: [u8; 4]) -> Result<usize, FrameError> {
        match digits.iter().position(|&digit| digit > 9) {
            Some(position) => Err(FrameError::BadLength { form: self, position }),
            None => Ok(digits.iter().fold(0, |length, &digit| length * 10 + usize::from(digit))),
        }
    }

    /// Writes a length that is known to be at most [`LengthForm::max`] over `out`, which has this form's size.
    pub(super) fn write(self, length: usize, out: &mut [u8]) {
        assert!(length <= self.max(), "the caller bounded the length");
        let digit = |place: usize| (length / 10usize.pow(3 - place as u32) % 10) as u8;
        match self {
            Self::Binary2 => out.copy_from_slice(&(length as u16).to_be_bytes()),
            Self::Binary2Le => out.copy_from_slice(&(length as u16).to_le_bytes()),
            Self::Binary4 => out.copy_from_slice(&(length as u32).to_be_bytes()),
            Self::Ascii4 => out.copy_from_slice(&[0, 1, 2, 3].map(|place| b'0' + digit(place))),
            Self::Bcd2 => out.copy_from_slice(&[0, 2].map(|place| digit(place) << 4 | digit(place + 1))),
        }
    }
}
