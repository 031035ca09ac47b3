//! A dialect: how one bank writes ISO 8583, as data.
//!
//! # The file
//!
//! A dialect is a TOML file. Most files only say how they differ from another:
//!
//! ```toml
//! extends = "iso87-bcd"               # a file beside this one, or a shipped dialect
//! name = "north-bank"
//!
//! [fields]
//! 41 = { format = "ans16" }           # only what differs: the name and the rest stay
//! 48 = { encoding = "cp500", prefix = "ebcdic" }
//! 60 = false                          # not used: a message with bit 60 is refused
//!
//! [mandatory]
//! "02x0" = [3, 4, 7, 11, 41]          # x is any digit; lists of all patterns that match are joined
//!
//! [variants."08xx"]                   # fields that differ by MTI; the more particular pattern has the last word
//! 62 = { format = "b...999" }
//! ```
//!
//! A file that extends nothing has, besides `name` and `[fields]`:
//!
//! | key | values |
//! |---|---|
//! | `version` | `1987`, `1993`, `2003` |
//! | `mti` | `"ascii"`, `"ebcdic"`, `"bcd"`, `"hex"` (the eight hex characters of four ASCII digits) |
//! | `bitmap` | a table, see below |
//! | `defaults` | wire settings for all fields of a class: tables `n`, `z`, `b`, `"x+n"`, and `text` for all others |
//!
//! # Bitmap
//!
//! | key | values |
//! |---|---|
//! | `encoding` | `"raw"`, `"hex"`, `"ebcdic-hex"` |
//! | `case` | `"upper"` (usual), `"lower"`: how hex is written; both are read |
//! | `blocks` | most bitmaps of 64: 1, 2 (usual), 3; the next stands behind the one whose first bit announces it |
//! | `fixed` | `true`: always that many, whatever the first bits say |
//! | `bits` | only of a bitmap inside a field that is shorter than 64 bits: how many it has, a multiple of 8 |
//! | `announce` | only where `fixed`: are those bits set when `"used"` (usual), `"always"`, `"never"` |
//!
//! # Fields
//!
//! | key | meaning |
//! |---|---|
//! | `format` | the notation of the standard: class (`n a an as ns ans z b x+n`), a dot for each digit of the length prefix if the length varies, maximum: `n6`, `n..19`, `ans...999`; `b` counts bytes, `x+n8` has eight digits behind its sign |
//! | `name` | what people call it |
//! | `show` | who may see it: `"public"`, `"pan"` (six and four), `"private"` (hidden unless revealed), `"secret"` (never; what is taken where nothing is said) |
//! | `min` | least length, usually 0 |
//! | `encoding` | `"ascii"` (usual), `"cp037"`, `"cp500"`, `"cp1047"`; for `n`, `z`, `x+n` also `"bcd"`; for `ans` also `"bytes"` (GBK, UTF-8 and the like, untouched); for `b` `"raw"` (usual), `"hex"`, `"ebcdic-hex"`; text and `n` in `"hex"` are the hex of their ASCII characters |
//! | `prefix` | the length before the value: `"ascii"` (usual), `"ebcdic"`, `"bcd"` (two digits a byte), `"binary"` (one byte up to two dots, two up to four, three up to six), `"hex"` (one hex character a dot) |
//! | `counts` | what the prefix counts: `"digits"` or `"bytes"`; must be said where they differ (packed digits, hex text) |
//! | `nibble-side`, `nibble` | where the spare nibble of an odd number of packed digits is, `"left"` (usual) or `"right"`, and which, `"0"` (usual) to `"F"` |
//! | `check-nibble` | `false`: take any spare nibble |
//! | `check` | of `ans`, `false`: take any characters, be they no text at all |
//! | `case` | case of hex text: `"upper"` (usual), `"lower"`, `"any"` (written upper) |
//! | `sign` | of `x+n` in packed digits: a byte `"ascii"` (usual) or `"ebcdic"`, or a `"nibble"` |
//! | `separator` | how text of class `z` writes the separator: `"="` (usual) or `"D"`; both are read |
//! | `pad`, `pad-char` | how a short value of a fixed field is filled up when it is set: `"left"`, `"right"`, `"none"`; usually `n` left with `0`, text right with blanks, `z` and `b` not at all |
//!
//! # Insides
//!
//! A field, or an element inside one, may declare what is in it. Elements are described over the *logical* value: inside
//! text everything is ASCII, whatever the field's code page or packing; inside `b` each element says its own encoding.
//!
//! ```toml
//! [fields.48]
//! inside = "tlv"                      # tag, length, value
//! tag = { format = "an2" }            # a field's format and encoding, of fixed length
//! length = { digits = 2 }             # and `prefix` as of a field
//! unknown = "keep"                    # (usual) or "refuse": tags that are not listed
//! elements.PI = { format = "ans..20", name = "Product", show = "public" }
//!
//! [fields.54]
//! inside = "positional"               # elements 1, 2, 3 … in this order
//! repeat = true                       # again until the end; `optional = true` lets it end after any element
//! elements = { 1 = { format = "n2" }, 2 = { format = "n2" }, 3 = { format = "n3" }, 4 = { format = "x+n12" } }
//!
//! [fields.55]
//! inside = "ber-tlv"                  # keys are tags in upper-case hex; `format` may be left out
//!
//! [fields.127]
//! format = "b......999999"
//! inside = "bitmap"
//! bitmap = { encoding = "raw", blocks = 1 }
//! elements = { 2 = { format = "ans..32" }, 25 = { format = "b....9999", inside = "ber-tlv" } }
//! ```
//!
//! A packager of jPOS (XML) or a specification of moov-io/iso8583 (JSON, YAML) stands for the file that [`crate::import`] makes
//! of it, wherever a dialect file does: given by its path, and behind `extends`.
//!
//! The last of the positional elements may have the prefix `"none"`: it takes what is left of the value. `inside = "none"`
//! takes back what the file that is extended declares inside a field: the value is then one piece.
//!
//! A mistake is a [`DialectError`] with file, line and field; so is an unknown key, and a setting that has no meaning where
//! it stands.

mod compile;
mod inside;
mod layout;
mod profiles;
mod shipped;
mod spec;
mod tree;

pub use layout::LayoutRow;

use crate::{DecodeError, Message, Mti, bitmap::FieldSet, composite::Inside, field::Spec};
use bytes::Bytes;
use std::{fmt, path::Path, sync::Arc};

/// The edition of the standard a dialect belongs to (first digit of the MTI).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Version {
    /// ISO 8583:1987.
    V1987,
    /// ISO 8583:1993.
    V1993,
    /// ISO 8583:2003.
    V2003,
}

/// How a field may be shown.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Sensitivity {
    /// May be printed whole.
    Public,
    /// A card number: BIN and last four at most.
    Pan,
    /// Track data, PIN, CVV, keys: never, not even masked.
    Secret,
    /// Expiry, names: hidden unless revealed.
    Private,
}

/// How the MTI stands on the wire.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum MtiForm {
    Ascii,
    Ebcdic,
    Bcd,
    /// Two hex characters for each of four ASCII digits.
    Hex,
}

impl MtiForm {
    #[inline]
    pub(crate) const fn width(self) -> usize {
        match self {
            Self::Ascii | Self::Ebcdic => 4,
            Self::Bcd => 2,
            Self::Hex => 8,
        }
    }
}

/// When the bits are set that announce a further bitmap, where the number of bitmaps is fixed and they announce nothing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Announce {
    /// When the further bitmap has a bit set.
    Used,
    Always,
    Never,
}

/// How a bitmap stands on the wire.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct BitmapForm {
    /// Hex characters, not bytes.
    pub(crate) hex: bool,
    /// Those in EBCDIC.
    pub(crate) ebcdic: bool,
    /// Written in lower case; either case is read.
    pub(crate) lower: bool,
    /// Bytes of one block: 8, or fewer in a bitmap inside a field.
    pub(crate) bytes: u8,
    /// Most blocks, 1 to 3.
    pub(crate) blocks: u8,
    /// Always that many blocks, whatever bit 1 says.
    pub(crate) fixed: bool,
    pub(crate) announce: Announce,
}

impl BitmapForm {
    /// Bytes that one block takes where it stands.
    #[inline]
    pub(crate) const fn block_width(&self) -> usize {
        (self.bytes as usize) << (self.hex as u32)
    }

    /// The highest bit.
    pub(crate) const fn bits(&self) -> u8 {
        8 * self.bytes * self.blocks
    }

    /// Does this bit announce a further bitmap, and so no field?
    pub(crate) const fn is_announcement(&self, field: u8) -> bool {
        (field == 1 && self.blocks > 1) || (field == 65 && self.blocks > 2)
    }

    /// How many blocks these words take.
    pub(crate) const fn blocks_for(&self, words: &[u64; 3]) -> usize {
        if self.fixed {
            self.blocks as usize
        } else if words[2] != 0 {
            3
        } else if words[1] != 0 {
            2
        } else {
            1
        }
    }

    /// Is the first bit of the block before `block` set when `blocks` are written with these words?
    pub(crate) const fn announces(&self, words: &[u64; 3], blocks: usize, block: usize) -> bool {
        match (self.fixed, self.announce) {
            (false, _) => blocks > block,
            (true, Announce::Always) => self.blocks as usize > block,
            (true, Announce::Never) => false,
            (true, Announce::Used) => words[block] != 0 || (block == 1 && words[2] != 0),
        }
    }
}

/// What is looked up besides the spec: names and how to show.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Label {
    pub(crate) name: String,
    pub(crate) sensitivity: Sensitivity,
}

/// The fields as they are under some MTIs.
#[derive(PartialEq)]
pub(crate) struct Profile {
    /// One for every value of a byte, so that no look-up needs a check.
    specs: Box<[Spec; 256]>,
    labels: Vec<Option<Label>>,
    insides: Vec<Option<Arc<Inside>>>,
    pub(crate) defined: FieldSet,
    pub(crate) mandatory: FieldSet,
}

impl Profile {
    #[inline]
    pub(crate) fn specs(&self) -> &[Spec; 256] {
        &self.specs
    }

    #[inline]
    pub(crate) fn spec(&self, field: u8) -> &Spec {
        &self.specs[field as usize]
    }

    pub(crate) fn label(&self, field: u8) -> Option<&Label> {
        self.labels.get(field as usize)?.as_ref()
    }

    #[inline]
    pub(crate) fn inside(&self, field: u8) -> Option<&Arc<Inside>> {
        self.insides.get(field as usize)?.as_ref()
    }
}

/// A dialect, compiled from TOML.
pub struct Dialect {
    name: String,
    version: Version,
    pub(crate) mti_form: MtiForm,
    pub(crate) bitmap_form: BitmapForm,
    profiles: Vec<Profile>,
    /// From the last three digits of the MTI (packed) to the profile; empty where there is only one.
    by_mti: Box<[u8]>,
    /// The fields whose sensitivity is [`Sensitivity::Secret`].
    secret: FieldSet,
    /// What of a foreign description could not be carried over.
    remarks: Vec<String>,
}

/// A mistake in a dialect file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DialectError {
    /// The file or shipped name.
    pub file: String,
    /// Line, from 1; 0 where the file could not be read at all.
    pub line: usize,
    /// The field concerned, e.g. `55` or `48.01`.
    pub field: Option<String>,
    /// What is wrong.
    pub message: String,
}

impl fmt::Display for DialectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file)?;
        if self.line > 0 {
            write!(f, ":{}", self.line)?;
        }
        if let Some(field) = &self.field {
            write!(f, ": field {field}")?;
        }
        write!(f, ": {}", self.message)
    }
}
impl std::error::Error for DialectError {}

impl Dialect {
    /// The names of the shipped dialects.
    pub fn shipped() -> &'static [&'static str] {
        shipped::NAMES
    }

    /// A shipped dialect by name.
    ///
    /// Each call compiles it anew (a few hundred microseconds): keep the result.
    pub fn named(name: &str) -> Option<Arc<Self>> {
        Self::shipped().contains(&name).then(|| {
            let text = shipped::text(name).expect("every shipped name has its text");
            Self::parse(name, text).expect("the shipped dialects compile: a test compiles each")
        })
    }

    /// A dialect from TOML text; `file` is what errors call it, `extends` is looked up among the shipped.
    ///
    /// # Errors
    /// The first mistake, with its line and field.
    pub fn parse(file: &str, text: &str) -> Result<Arc<Self>, DialectError> {
        compile::text(file, text, None).map(Arc::new)
    }

    /// A shipped name, or a path to a dialect file or to a foreign description that becomes one ([`crate::import`];
    /// [`Dialect::remarks`] says what of it could not be carried over) (`extends` is resolved beside the file, then among the shipped).
    ///
    /// # Errors
    /// A file that cannot be read, or its first mistake.
    pub fn load(name_or_path: &str, relative_to: Option<&Path>) -> Result<Arc<Self>, DialectError> {
        if let Some(dialect) = Self::named(name_or_path) {
            return Ok(dialect);
        }
        let path = relative_to.map_or_else(|| name_or_path.into(), |base| base.join(name_or_path));
        let text = compile::read_file(&path)?;
        compile::text(&path.display().to_string(), &text, path.parent()).map(Arc::new)
    }

    /// The TOML of a shipped dialect, as a starting point for one's own.
    #[must_use]
    pub fn source(name: &str) -> Option<&'static str> {
        shipped::text(name)
    }

    /// The dialect's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What could not be carried over where it, or what it extends, was made of another program's description of a format:
    /// file, line and reason.
    #[must_use]
    pub fn remarks(&self) -> &[String] {
        &self.remarks
    }

    /// The edition it belongs to.
    #[must_use]
    pub fn version(&self) -> Version {
        self.version
    }

    #[inline]
    pub(crate) fn profile(&self, mti: Mti) -> &Profile {
        &self.profiles[self.profile_index(mti)]
    }

    #[inline]
    pub(crate) fn profile_index(&self, mti: Mti) -> usize {
        self.by_mti.get((mti.packed() & 0xFFF) as usize).copied().unwrap_or(0) as usize
    }

    pub(crate) fn profile_count(&self) -> usize {
        self.profiles.len()
    }

    /// Does `other` write and demand the very same, whatever its name?
    #[must_use]
    pub fn same_form(&self, other: &Self) -> bool {
        (self.version, self.mti_form, self.bitmap_form) == (other.version, other.mti_form, other.bitmap_form)
            && self.by_mti == other.by_mti
            && self.profiles == other.profiles
    }

    /// Is the field defined (whatever the MTI)?
    #[must_use]
    pub fn defines(&self, field: u8) -> bool {
        self.profiles[0].defined.contains(field)
    }

    /// The fields defined.
    pub fn fields(&self) -> impl Iterator<Item = u8> + '_ {
        self.profiles[0].defined.iter()
    }

    /// The field's name, e.g. `Primary account number`.
    #[must_use]
    pub fn field_name(&self, field: u8) -> Option<&str> {
        self.label(field).map(|label| label.name.as_str())
    }

    /// How the field may be shown; an undefined field is `Secret`.
    #[must_use]
    pub fn sensitivity(&self, field: u8) -> Sensitivity {
        self.label(field).map_or(Sensitivity::Secret, |label| label.sensitivity)
    }

    /// The fields that are [`Sensitivity::Secret`].
    #[must_use]
    pub fn secret(&self) -> &FieldSet {
        &self.secret
    }

    fn label(&self, field: u8) -> Option<&Label> {
        self.profiles[0].label(field)
    }

    /// The fields that a message with this MTI must carry.
    #[must_use]
    pub fn mandatory(&self, mti: Mti) -> FieldSet {
        self.profile(mti).mandatory
    }

    /// Decodes one framed message (header already taken off), zero-copy and strict.
    ///
    /// # Errors
    /// Where the bytes leave the dialect: field, offset and reason, and what was decoded up to there.
    pub fn decode(self: &Arc<Self>, body: Bytes) -> Result<Message, DecodeError> {
        crate::decode::message(self, body)
    }
}

impl fmt::Debug for Dialect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dialect").field("name", &self.name).field("version", &self.version).finish_non_exhaustive()
    }
}
