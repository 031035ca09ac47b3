//! The length in front of a frame.

use super::FrameError;

/// The form of the length in front of a frame.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LengthForm {
    /// Two bytes, big endian.
    Binary2,
    /// Two bytes, little endian.
    Binary2Le,
    /// Three bytes, big endian (jPOS CMF).
    Binary3,
    /// Four bytes, big endian.
    Binary4,
    /// Four ASCII digits.
    Ascii4,
    /// Four ASCII hex digits; either case is read, upper is written.
    Hex4,
    /// Two bytes packed BCD.
    Bcd2,
    /// Two zero bytes, then two bytes, big endian (GICC).
    Gicc,
    /// Two bytes, big endian, then two more (Visa's VAP and VML): where the high nibble of the last is 2, the frame is
    /// session control and no message.
    Vap,
}

/// What stood in front of a frame.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Announced {
    /// The length as it counts.
    pub(super) length: usize,
    /// Is the frame session control?
    pub(super) control: bool,
}

impl LengthForm {
    /// Its name in a configuration.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Binary2 => "binary2",
            Self::Binary2Le => "binary2-le",
            Self::Binary3 => "binary3",
            Self::Binary4 => "binary4",
            Self::Ascii4 => "ascii4",
            Self::Hex4 => "hex4",
            Self::Bcd2 => "bcd2",
            Self::Gicc => "gicc",
            Self::Vap => "vap",
        }
    }

    /// What it consists of, for errors.
    pub(super) const fn described(self) -> &'static str {
        match self {
            Self::Binary2 | Self::Binary2Le => "2 bytes",
            Self::Binary3 => "3 bytes",
            Self::Binary4 => "4 bytes",
            Self::Ascii4 => "4 ASCII digits",
            Self::Hex4 => "4 ASCII hex digits",
            Self::Bcd2 => "4 BCD digits in 2 bytes",
            Self::Gicc => "2 zero bytes and 2 bytes",
            Self::Vap => "2 bytes and 2 of session control",
        }
    }

    /// Its own size in bytes.
    #[must_use]
    pub const fn size(self) -> usize {
        match self {
            Self::Binary2 | Self::Binary2Le | Self::Bcd2 => 2,
            Self::Binary3 => 3,
            Self::Binary4 | Self::Ascii4 | Self::Hex4 | Self::Gicc | Self::Vap => 4,
        }
    }

    /// The largest length it can say.
    #[must_use]
    pub const fn max(self) -> usize {
        match self {
            Self::Binary2 | Self::Binary2Le | Self::Hex4 | Self::Gicc | Self::Vap => u16::MAX as usize,
            Self::Binary3 => 0xFF_FFFF,
            Self::Binary4 => u32::MAX as usize,
            Self::Ascii4 | Self::Bcd2 => 9_999,
        }
    }

    /// Reads the length at the front of `bytes`; `None` where they are too few.
    pub(super) fn read(self, bytes: &[u8]) -> Result<Option<Announced>, FrameError> {
        let Some(front) = bytes.get(..self.size()) else { return Ok(None) };
        let length = match *front {
            [high, low] if self == Self::Binary2 => number(&[high, low]),
            [low, high] if self == Self::Binary2Le => number(&[high, low]),
            [high, low] => self.decimal([high >> 4, high & 0xF, low >> 4, low & 0xF])?,
            [a, b, c, d] => match self {
                Self::Ascii4 => self.decimal([a, b, c, d].map(|byte| byte.wrapping_sub(b'0')))?,
                Self::Hex4 => self.hexadecimal([a, b, c, d])?,
                Self::Gicc if a != 0 || b != 0 => {
                    return Err(FrameError::BadLength { form: self, position: usize::from(a == 0) });
                }
                Self::Gicc => number(&[c, d]),
                Self::Vap => number(&[a, b]),
                _ => number(&[a, b, c, d]),
            },
            _ => number(front),
        };
        let control = self == Self::Vap && front[3] >> 4 == CONTROL;
        Ok(Some(Announced { length, control }))
    }

    /// The number of four decimal digits, each checked.
    fn decimal(self, digits: [u8; 4]) -> Result<usize, FrameError> {
        match digits.iter().position(|&digit| digit > 9) {
            Some(position) => Err(FrameError::BadLength { form: self, position }),
            None => Ok(digits.iter().fold(0, |length, &digit| length * 10 + usize::from(digit))),
        }
    }

    /// The number of four hex digits, each checked.
    fn hexadecimal(self, text: [u8; 4]) -> Result<usize, FrameError> {
        text.iter().enumerate().try_fold(0, |length, (position, &byte)| {
            let digit = char::from(byte).to_digit(16).ok_or(FrameError::BadLength { form: self, position })?;
            Ok(length << 4 | digit as usize)
        })
    }

    /// Writes a length that is known to be at most [`LengthForm::max`] over `out`, which has this form's size.
    pub(super) fn write(self, length: usize, out: &mut [u8]) {
        assert!(length <= self.max(), "the caller bounded the length");
        let digit = |place: usize| (length / 10usize.pow(3 - place as u32) % 10) as u8;
        let [a, b, c, d] = (length as u32).to_be_bytes();
        match self {
            Self::Binary2 => out.copy_from_slice(&[c, d]),
            Self::Binary2Le => out.copy_from_slice(&[d, c]),
            Self::Binary3 => out.copy_from_slice(&[b, c, d]),
            Self::Binary4 => out.copy_from_slice(&[a, b, c, d]),
            Self::Ascii4 => out.copy_from_slice(&[0, 1, 2, 3].map(|place| b'0' + digit(place))),
            Self::Hex4 => {
                out.copy_from_slice(&[c >> 4, c & 15, d >> 4, d & 15].map(|nibble| HEX[usize::from(nibble)]));
            }
            Self::Bcd2 => out.copy_from_slice(&[0, 2].map(|place| digit(place) << 4 | digit(place + 1))),
            Self::Gicc => out.copy_from_slice(&[0, 0, c, d]),
            Self::Vap => out.copy_from_slice(&[c, d, 0, 0]),
        }
    }

    /// The same for a frame of session control; only [`LengthForm::Vap`] has any.
    pub(super) fn write_control(self, length: usize, out: &mut [u8]) {
        self.write(length, out);
        out[3] = CONTROL << 4;
    }
}

/// The nibble that makes a frame session control.
const CONTROL: u8 = 2;

const HEX: &[u8; 16] = b"0123456789ABCDEF";

fn number(bytes: &[u8]) -> usize {
    bytes.iter().fold(0, |number, byte| number << 8 | usize::from(*byte))
}
