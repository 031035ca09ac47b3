//! The names that moov gives to types, encodings and prefixes.

/// The type of a field: what its value is to a program.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    String,
    Numeric,
    Binary,
    Hex,
    Bitmap,
    Composite,
    Track1,
    /// Track 2 and 3 have the same characters.
    Track2,
}

/// How a value stands on the wire.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Enc {
    Ascii,
    Ebcdic,
    Ebcdic1047,
    Bcd,
    /// Left-aligned: the spare nibble of an odd number of digits is on the right.
    Lbcd,
    /// Packed like BCD, with any nibble: the separator of track 2 among them.
    Nibbles,
    Binary,
    /// `HexToASCII`: hex characters on the wire, bytes in the program; a length counts the bytes.
    HexOnWire,
    /// `ASCIIToHex`: bytes on the wire, hex characters in the program; a length counts the bytes.
    HexInProgram,
    BerTag,
}

/// How a length stands before a value.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Before {
    Ascii,
    Ebcdic,
    Bcd,
    Binary,
    Hex,
    Ber,
    /// `None.Fixed`: the length that is told, or, in newer versions, whatever is left.
    Nothing,
}

/// A prefix: its kind and the number of its `L`; 0 is `Fixed`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Prefix {
    pub(super) before: Before,
    pub(super) letters: usize,
}

impl Prefix {
    pub(super) fn fixed(self) -> bool {
        self.before != Before::Ber && self.letters == 0
    }
}

pub(super) fn kind(name: &str) -> Option<Kind> {
    Some(match name.to_ascii_lowercase().as_str() {
        "string" => Kind::String,
        "numeric" => Kind::Numeric,
        "binary" => Kind::Binary,
        "hex" => Kind::Hex,
        "bitmap" => Kind::Bitmap,
        "composite" => Kind::Composite,
        "track1" => Kind::Track1,
        "track2" | "track3" => Kind::Track2,
        _ => return None,
    })
}

pub(super) fn enc(name: &str) -> Option<Enc> {
    Some(match name.to_ascii_lowercase().as_str() {
        "ascii" => Enc::Ascii,
        "ebcdic" => Enc::Ebcdic,
        "ebcdic1047" => Enc::Ebcdic1047,
        "bcd" => Enc::Bcd,
        "lbcd" => Enc::Lbcd,
        "packedbcdhex" | "track2bcd" => Enc::Nibbles,
        "binary" => Enc::Binary,
        // The early versions knew one of the two, under a plain name.
        "hextoascii" | "hex" => Enc::HexOnWire,
        "asciitohex" => Enc::HexInProgram,
        "bertlvtag" => Enc::BerTag,
        _ => return None,
    })
}

pub(super) fn prefix(name: &str) -> Option<Prefix> {
    let name = name.to_ascii_lowercase();
    if name == "bertlv" {
        return Some(Prefix { before: Before::Ber, letters: 0 });
    }
    let (before, letters) = name.split_once('.')?;
    let before = match before {
        "ascii" => Before::Ascii,
        "ebcdic" | "ebcdic1047" => Before::Ebcdic,
        "bcd" => Before::Bcd,
        "binary" => Before::Binary,
        "hex" => Before::Hex,
        "none" => Before::Nothing,
        _ => return None,
    };
    let letters = match letters {
        "fixed" => 0,
        letters if before != Before::Nothing && !letters.is_empty() && letters.bytes().all(|letter| letter == b'l') => {
            letters.len()
        }
        _ => return None,
    };
    Some(Prefix { before, letters })
}
