//! The compiled form of one field: small, flat and `Copy`, what decode and encode are driven by.

use crate::class::Class;

/// How the characters of a value stand on the wire.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub(crate) enum Coding {
    /// One ASCII byte a character.
    Ascii,
    /// One EBCDIC byte a character.
    Cp037,
    /// One EBCDIC byte a character.
    Cp500,
    /// One EBCDIC byte a character.
    Cp1047,
    /// Text in a character set of its own (GBK, UTF-8, …), passed as bytes; control characters are refused.
    Bytes,
    /// Two digits a byte.
    Bcd,
    /// Bytes as they are.
    Raw,
    /// Two ASCII hex characters a byte.
    Hex,
    /// Two EBCDIC hex characters a byte.
    EbcdicHex,
}

/// How the length before a value stands on the wire.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub(crate) enum Prefix {
    /// None: the field is of fixed length.
    None,
    /// ASCII digits.
    Ascii,
    /// EBCDIC digits.
    Ebcdic,
    /// Packed digits.
    Bcd,
    /// A big-endian number.
    Binary,
    /// A number in ASCII hex characters.
    Hex,
}

/// What a length prefix counts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub(crate) enum Counts {
    /// Units of the content: digits of `n` and `z`, characters of text, bytes of `b`.
    Units,
    /// Bytes on the wire, where those differ: packed digits, hex text.
    Wire,
}

/// A side.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub(crate) enum Side {
    None,
    Left,
    Right,
}

/// Which case of hex letters is taken; writing follows it, upper where both are taken.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub(crate) enum Case {
    Upper,
    Lower,
    Any,
}

/// The sign of `x+n` in front of packed digits.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub(crate) enum Sign {
    /// An ASCII byte `C` or `D`.
    Ascii,
    /// An EBCDIC byte `C` or `D`.
    Ebcdic,
    /// A nibble C or D.
    Nibble,
}

/// The common ways a value is checked, worked out from coding and class when the dialect is compiled.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub(crate) enum Shape {
    /// ASCII `n`.
    Digits,
    /// ASCII `ans`.
    Printable,
    /// ASCII `an`.
    Alphanumeric,
    /// Any bytes.
    Raw,
    /// EBCDIC `n`.
    EbcdicDigits,
    /// Packed `n` whose length counts digits.
    Packed,
    /// ASCII `z`.
    Track,
    /// Packed `z` whose length counts digits: any nibbles.
    PackedTrack,
    /// All else.
    Other,
    /// No field at all.
    Undefined,
}

impl Shape {
    /// Can a whole value be checked and laid out in one step, unless it leaves a spare nibble?
    #[inline(always)]
    pub(crate) const fn is_plain(self) -> bool {
        !matches!(self, Self::PackedTrack | Self::Other | Self::Undefined)
    }
}

/// One field. Aligned, so that finding one in a table is a shift.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(align(32))]
pub(crate) struct Spec {
    pub(crate) shape: Shape,
    /// Can it be measured first and its characters, those of its prefix among them, be checked in one run with its
    /// neighbours of the same shape?
    pub(crate) runs: bool,
    /// Is the wire form of a value its logical form?
    pub(crate) plain: bool,
    /// Bytes on the wire of such a field where its length is fixed and leaves no spare nibble. Otherwise 0.
    pub(crate) run: u16,
    pub(crate) class: Class,
    pub(crate) coding: Coding,
    pub(crate) prefix: Prefix,
    /// Bytes of the prefix.
    pub(crate) prefix_width: u8,
    pub(crate) counts: Counts,
    /// Where a value shorter than a fixed field is filled up when it is set.
    pub(crate) pad: Side,
    /// The filler, as an ASCII character (a byte for `b`).
    pub(crate) pad_char: u8,
    /// The side of the spare nibble of an odd number of packed digits.
    pub(crate) nibble_side: Side,
    pub(crate) nibble: u8,
    /// Is a spare nibble other than `nibble` an error?
    pub(crate) nibble_checked: bool,
    /// Are characters of text that the class does not admit an error?
    pub(crate) checked: bool,
    pub(crate) case: Case,
    pub(crate) sign: Sign,
    /// How `=` is written in text of class `z`.
    pub(crate) separator: u8,
    /// Is the inside declared, and so to be checked?
    pub(crate) inside: bool,
    /// Least and most units.
    pub(crate) min: u16,
    pub(crate) max: u16,
}

impl Spec {
    /// What stands for a field that the dialect does not define.
    pub(crate) const UNDEFINED: Self = Self {
        shape: Shape::Undefined,
        runs: false,
        plain: true,
        run: 0,
        class: Class::B,
        coding: Coding::Raw,
        prefix: Prefix::None,
        prefix_width: 0,
        counts: Counts::Units,
        pad: Side::None,
        pad_char: 0,
        nibble_side: Side::Left,
        nibble: 0,
        nibble_checked: true,
        checked: true,
        case: Case::Upper,
        sign: Sign::Ascii,
        separator: b'=',
        inside: false,
        min: 0,
        max: 0,
    };

    /// Works out the shape and whether it runs; to be called when all else is settled.
    pub(crate) const fn shaped(mut self) -> Self {
        self.shape = match (self.coding, self.class, self.counts) {
            (Coding::Ascii, Class::Ans, _) if !self.checked => Shape::Raw,
            (Coding::Ascii, Class::N, _) => Shape::Digits,
            (Coding::Ascii, Class::Ans, _) => Shape::Printable,
            (Coding::Ascii, Class::An, _) => Shape::Alphanumeric,
            (Coding::Raw, ..) => Shape::Raw,
            (Coding::Cp037 | Coding::Cp500 | Coding::Cp1047, Class::N, _) => Shape::EbcdicDigits,
            (Coding::Bcd, Class::N, Counts::Units) => Shape::Packed,
            (Coding::Bcd, Class::Z, Counts::Units) => Shape::PackedTrack,
            (Coding::Ascii, Class::Z, _) => Shape::Track,
            _ => Shape::Other,
        };
        // What every good prefix consists of must be good in the value as well, and so must a spare nibble.
        let prefixed = match (self.prefix, self.shape) {
            (Prefix::None, shape) => !matches!(shape, Shape::Other),
            (_, Shape::Raw | Shape::PackedTrack) | (Prefix::Bcd, Shape::Packed) => true,
            (Prefix::Ascii, Shape::Digits | Shape::Printable | Shape::Alphanumeric | Shape::Track) => true,
            (Prefix::Ebcdic, Shape::EbcdicDigits) => true,
            _ => false,
        };
        let whole = self.fixed() && !self.leaves_spare(self.max as usize);
        let spare = match self.shape {
            Shape::Packed => whole || (self.nibble_checked && self.nibble < 10),
            Shape::PackedTrack => whole || self.nibble_checked,
            _ => true,
        };
        self.runs = prefixed && spare && !self.inside;
        self.plain = self.is_plain();
        self.run = if self.runs && whole { self.wire_len(self.max as usize) as u16 } else { 0 };
        self
    }

    /// The units of a value from its bytes on the wire; `odd` where packed digits have a spare nibble.
    #[inline]
    pub(crate) const fn units(&self, wire: usize, odd: bool) -> usize {
        match self.coding {
            Coding::Bcd => match self.class {
                Class::Xn if !matches!(self.sign, Sign::Nibble) && wire > 0 => 2 * wire - 1 - odd as usize,
                _ => 2 * wire - odd as usize,
            },
            Coding::Hex | Coding::EbcdicHex => wire / 2,
            _ => wire,
        }
    }

    /// The byte on the wire that holds the unit `at`.
    pub(crate) const fn wire_place(&self, at: usize) -> usize {
        match self.coding {
            Coding::Bcd => at / 2,
            Coding::Hex | Coding::EbcdicHex => at * 2,
            _ => at,
        }
    }

    /// Do that many units leave a spare nibble?
    #[inline]
    pub(crate) const fn leaves_spare(&self, units: usize) -> bool {
        match (self.coding, self.class, self.sign) {
            (Coding::Bcd, Class::Xn, Sign::Ascii | Sign::Ebcdic) => units.is_multiple_of(2) && units > 0,
            (Coding::Bcd, ..) => units % 2 == 1,
            _ => false,
        }
    }

    const fn is_plain(&self) -> bool {
        match self.coding {
            Coding::Ascii => !matches!(self.class, Class::Z),
            Coding::Raw | Coding::Bytes => true,
            _ => false,
        }
    }

    /// Fixed length?
    #[inline]
    pub(crate) const fn fixed(&self) -> bool {
        matches!(self.prefix, Prefix::None) && self.min == self.max
    }

    /// Of variable length without a prefix: as much as there is.
    #[inline]
    pub(crate) const fn takes_the_rest(&self) -> bool {
        matches!(self.prefix, Prefix::None) && self.min != self.max
    }

    /// Bytes on the wire of a value of `units`, without the prefix.
    #[inline]
    pub(crate) const fn wire_len(&self, units: usize) -> usize {
        match self.coding {
            Coding::Bcd => match self.class {
                Class::Xn if !matches!(self.sign, Sign::Nibble) && units > 0 => 1 + units / 2,
                _ => units.div_ceil(2),
            },
            Coding::Hex | Coding::EbcdicHex => units * 2,
            _ => units,
        }
    }
}
