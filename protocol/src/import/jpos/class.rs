//! What a field class of jPOS means: a tag and a length in front or none, and how the value stands behind them.
//!
//! The names follow a grammar: `IF`, letters for who is written how (`A` ASCII, `B` packed or binary, `E` EBCDIC; `EA` is a
//! length in EBCDIC before a value in ASCII), then `T` for each character of a tag, `L` for each digit of a length, `H` where
//! that length is a binary number, and what the value is. The exceptions stand before it in [`meaning`].

/// The characters of text.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Page {
    Ascii,
    Ebcdic,
}

/// How a value stands on the wire.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Content {
    /// Text, filled up with blanks on the right where it is fixed.
    Text(Page),
    /// Text that should be digits (jPOS takes anything), filled up with zeros on the left where it is fixed.
    Number(Page),
    /// A sign and what should be digits, in text.
    Amount(Page),
    /// Packed digits; the spare nibble is on the left and 0 with `pad="true"`, else on the right and this.
    Packed { filler: char },
    /// One ASCII character and packed digits.
    PackedAmount,
    /// Packed hex digits.
    Nibbles { filler: char },
    /// Bytes as they are.
    Bytes,
    /// Two hex characters a byte.
    Hex(Page),
}

/// How the length in front of a value is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Writing {
    Ascii,
    Ebcdic,
    Bcd,
    Binary,
}

/// What the length counts, where that is not one a character, digit or byte of the value.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Counts {
    Units,
    /// The bytes of packed digits.
    Bytes,
    /// The digits with the spare one.
    Even,
}

/// A length in front of a value.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Prefix {
    pub(super) writing: Writing,
    pub(super) digits: usize,
    pub(super) counts: Counts,
}

/// A tag in front of the length.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Tag {
    /// The number of the element, or what the packager's `tagMapper` makes of it, in so many characters.
    Numbered { page: Page, width: usize },
    /// The field's `token`.
    Token,
}

/// One value.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Value {
    pub(super) tag: Option<Tag>,
    pub(super) prefix: Option<Prefix>,
    pub(super) content: Content,
}

/// How a bitmap is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Bits {
    Raw,
    Hex,
    EbcdicHex,
}

/// What a class means.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Meaning {
    Value(Value),
    Bitmap(Bits),
    /// A room of the field's full length, with the length of what is in use in front of it.
    Room(Value),
    /// All that is left of the value it stands in.
    Rest(Content),
    /// Takes no bytes.
    Nothing,
    /// May not occur.
    Unused,
    /// Known, but of a kind that no dialect file can say; the reason.
    Foreign(&'static str),
}

const fn value(content: Content) -> Meaning {
    Meaning::Value(Value { tag: None, prefix: None, content })
}

const fn prefix(writing: Writing, digits: usize) -> Prefix {
    Prefix { writing, digits, counts: Counts::Units }
}

/// What the class of this simple name means; `None` where the name is not of the grammar.
pub(super) fn meaning(name: &str) -> Option<Meaning> {
    let special = match name {
        "IF_CHAR" => value(Content::Text(Page::Ascii)),
        "IF_ECHAR" => value(Content::Text(Page::Ebcdic)),
        "IF_NOP" => Meaning::Nothing,
        "IF_UNUSED" => Meaning::Unused,
        "IFA_BITMAP" | "IFA_BITMAPStandalone" => Meaning::Bitmap(Bits::Hex),
        "IFB_BITMAP" => Meaning::Bitmap(Bits::Raw),
        "IFE_BITMAP" => Meaning::Bitmap(Bits::EbcdicHex),
        "IF_TBASE" | "IF_TCHAR" | "IF_FSTCHAR" | "IF_FSTBINARY" | "IFA_FST" => {
            Meaning::Foreign("the value ends with a character of its own, not after a length")
        }
        "IF_FCHAR" | "IFA_FCHAR" => Meaning::Rest(Content::Text(Page::Ascii)),
        "IF_FBINARY" => Meaning::Rest(Content::Bytes),
        "IFMC_TCC" | "IFEMC_TCC" => Meaning::Foreign("the value is there or not, as its first byte is a letter or not"),
        "IFA_LLBNUM" | "IFA_LLLBNUM" => {
            let counts = Counts::Even;
            let digits = name.bytes().filter(|letter| *letter == b'L').count();
            let prefix = Some(Prefix { counts, ..prefix(Writing::Ascii, digits) });
            Meaning::Value(Value { tag: None, prefix, content: Content::Packed { filler: '0' } })
        }
        _ => return grammar(name),
    };
    Some(special)
}

fn grammar(name: &str) -> Option<Meaning> {
    let (family, body) = name.strip_prefix("IF")?.split_once('_')?;
    match family {
        "A" => ascii(body),
        "B" => binary(body),
        "E" => plain(body, Page::Ebcdic, Writing::Ebcdic, None),
        "EA" => plain(body, Page::Ascii, Writing::Ebcdic, None),
        "AE" => plain(body, Page::Ebcdic, Writing::Ascii, None),
        "EB" => {
            let ("NUM", digits @ 1..=6) = length(body) else { return None };
            let prefix = Some(Prefix { counts: Counts::Bytes, ..prefix(Writing::Ebcdic, digits) });
            Some(Meaning::Value(Value { tag: None, prefix, content: Content::Packed { filler: 'F' } }))
        }
        "TA" => plain(body, Page::Ascii, Writing::Ascii, Some(Tag::Token)),
        "TB" => plain(body, Page::Ascii, Writing::Bcd, Some(Tag::Token)),
        "MC" => tagged(body, Page::Ascii, Writing::Ascii, (Page::Ascii, 2)),
        "IPM" => tagged(body, Page::Ascii, Writing::Ascii, (Page::Ascii, 4)),
        // Each has its own width of tag, and one its own page.
        "EMC" if length(body).1 == 2 => tagged(body, Page::Ebcdic, Writing::Ebcdic, (Page::Ascii, 2)),
        "EMC" => tagged(body, Page::Ebcdic, Writing::Ebcdic, (Page::Ebcdic, 4)),
        "EPE" if length(body).1 == 2 => tagged(body, Page::Ebcdic, Writing::Ebcdic, (Page::Ebcdic, 2)),
        "EPE" => tagged(body, Page::Ebcdic, Writing::Ebcdic, (Page::Ebcdic, 3)),
        "EP" | "ELP" | "ELPE" if matches!(length(body), ("CHAR" | "BINARY" | "NUM", 1..=6)) => {
            Some(Meaning::Foreign("the length stands before the tag and counts it"))
        }
        _ => None,
    }
}

/// Tag and length before a value.
fn tagged(body: &str, page: Page, writing: Writing, (tag, width): (Page, usize)) -> Option<Meaning> {
    // Some are written with the characters of the tag in the name, some without.
    plain(body.trim_start_matches('T'), page, writing, Some(Tag::Numbered { page: tag, width }))
}

/// How many digits of length the name says, and what is behind them.
fn length(body: &str) -> (&str, usize) {
    let rest = body.trim_start_matches('L');
    (rest, body.len() - rest.len())
}

/// Values in text and in bytes, with a length in front of them or none.
fn plain(body: &str, page: Page, writing: Writing, tag: Option<Tag>) -> Option<Meaning> {
    let (word, digits) = length(body);
    let content = match (word, digits) {
        ("CHAR", _) => Content::Text(page),
        ("NUM", 1..) | ("NUMERIC" | "NUMERIC2003", 0) => Content::Number(page),
        ("AMOUNT", 0) => Content::Amount(page),
        // ISO 8583:2003 has no sign in its amounts.
        ("AMOUNT2003", 0) => Content::Number(page),
        // The sign is part of the last digit, which makes a letter or a brace of it.
        ("SIGNED_NUMERIC", 0) => Content::Number(page),
        ("BINARY", 0) => Content::Hex(page),
        ("BINARY", _) => Content::Bytes,
        ("ABINARY", 1..) if page == Page::Ascii => Content::Hex(page),
        ("EBINARY", _) if page == Page::Ebcdic => Content::Text(page),
        _ => return None,
    };
    if digits > 6 || (tag.is_some() && digits == 0) {
        return None;
    }
    let prefix = (digits > 0).then(|| prefix(writing, digits));
    Some(Meaning::Value(Value { tag, prefix, content }))
}

fn ascii(body: &str) -> Option<Meaning> {
    if let Some(room) = body.strip_prefix('F').filter(|room| room.starts_with('L')) {
        let Meaning::Value(value) = plain(room, Page::Ascii, Writing::Ascii, None)? else { return None };
        return Some(Meaning::Room(value));
    }
    let rest = body.trim_start_matches('T');
    let tag = match body.len() - rest.len() {
        0 => None,
        width @ 1..=6 => Some(Tag::Numbered { page: Page::Ascii, width }),
        _ => return None,
    };
    plain(rest, Page::Ascii, Writing::Ascii, tag)
}

fn binary(body: &str) -> Option<Meaning> {
    let (filled, rest) = match body.strip_prefix('F') {
        Some(rest) if rest.starts_with('L') || rest == "NUMERIC" => (true, rest),
        _ => (false, body),
    };
    let (word, digits) = length(rest);
    let (word, writing) = match word.strip_prefix('H') {
        Some(word) if digits > 0 && word != "EX" => (word, Writing::Binary),
        _ => (word, Writing::Bcd),
    };
    let filler = if filled { 'F' } else { '0' };
    let content = match (word, digits) {
        ("NUM", 1..) | ("NUMERIC" | "AMOUNT2003", 0) => Content::Packed { filler },
        ("AMOUNT", 0) => Content::PackedAmount,
        ("HEX", 0) => Content::Nibbles { filler: 'F' },
        ("HEX", 1..) => Content::Nibbles { filler: '0' },
        ("CHAR", 1..) => Content::Text(Page::Ascii),
        ("ECHAR", 1..) => Content::Text(Page::Ebcdic),
        ("BINARY" | "FBINARY", _) => Content::Bytes,
        _ => return None,
    };
    if digits > 6 || (filled && !matches!(content, Content::Packed { .. })) {
        return None;
    }
    let value = Value { tag: None, prefix: (digits > 0).then(|| prefix(writing, digits)), content };
    Some(if word == "FBINARY" { Meaning::Room(value) } else { Meaning::Value(value) })
}
