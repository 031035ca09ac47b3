//! One field's entry in a dialect file: the standard's own notation (`n..19`), and how it stands on the wire.

use super::{
    DialectError, Label, compile, inside,
    tree::{Node, Origin, Reader},
};
use crate::{
    class::Class,
    composite::Inside,
    encoding::prefix,
    field::{Case, Coding, Counts, Prefix, Shape, Side, Sign, Spec},
};
use std::{collections::BTreeMap, sync::Arc};

/// The most units a field can have: what the tables address.
pub(super) const MOST: usize = 32_000;

/// Wire settings by class of content; a field's own settings go before them.
pub(super) struct Defaults(BTreeMap<String, BTreeMap<String, Node>>);

impl Defaults {
    /// The groups that `[defaults]` may set.
    const GROUPS: [&str; 5] = ["n", "z", "text", "b", "x+n"];

    pub(super) fn read(reader: Option<Reader>) -> Result<Self, DialectError> {
        let mut groups = BTreeMap::new();
        let Some(mut reader) = reader else { return Ok(Self(groups)) };
        for group in Self::GROUPS {
            if let Some(mut settings) = reader.table(group)? {
                let entries = settings.rest();
                if let Some((key, node)) = entries.iter().find(|(key, _)| !WIRE_KEYS.contains(&key.as_str())) {
                    return Err(node.origin.error(None, format!("unknown key `{key}` in the defaults of {group}")));
                }
                groups.insert(group.to_owned(), entries);
            }
        }
        reader.finish()?;
        Ok(Self(groups))
    }

    fn of(&self, class: Class) -> BTreeMap<String, Node> {
        let group = match class {
            Class::N => "n",
            Class::Z => "z",
            Class::B => "b",
            Class::Xn => "x+n",
            _ => "text",
        };
        self.0.get(group).cloned().unwrap_or_default()
    }
}

/// The settings of how a value stands on the wire.
const WIRE_KEYS: [&str; 12] = [
    "encoding",
    "prefix",
    "counts",
    "pad",
    "pad-char",
    "nibble",
    "nibble-side",
    "check-nibble",
    "check",
    "case",
    "sign",
    "separator",
];

/// The standard's notation: `n6`, `n..19`, `ans...999`, `x+n8`, `b8`.
struct Format {
    class: Class,
    /// Digits of the length prefix: the number of dots.
    dots: usize,
    max: usize,
}

fn format(text: &str) -> Option<Format> {
    let split = text.find(|letter: char| letter == '.' || letter.is_ascii_digit())?;
    let (class, rest) = text.split_at(split);
    let class = match class {
        "n" => Class::N,
        "a" => Class::A,
        "an" => Class::An,
        "as" => Class::As,
        "ns" => Class::Ns,
        "ans" => Class::Ans,
        "z" => Class::Z,
        "b" => Class::B,
        "x+n" => Class::Xn,
        _ => return None,
    };
    let digits = rest.trim_start_matches('.');
    let dots = rest.len() - digits.len();
    let max = digits.parse().ok().filter(|max| digits.len() <= 6 && *max > 0)?;
    (dots <= 6).then_some(Format { class, dots, max })
}

/// A field, compiled.
pub(super) struct Compiled {
    pub(super) spec: Spec,
    pub(super) label: Label,
    pub(super) inside: Option<Arc<Inside>>,
}

/// Compiles one field.
pub(super) fn field(mut reader: Reader, defaults: &Defaults) -> Result<Compiled, DialectError> {
    let label = compile::label(&mut reader)?;
    let format = required_format(&mut reader)?;
    let own = reader.origins();
    reader.fill_in(defaults.of(format.class));
    let mut spec = wire(&mut reader, &format, true)?;
    sensible(&reader, &own, &spec, format.dots > 0)?;
    if spec.takes_the_rest() {
        return Err(reader.error("a field of variable length needs a length prefix"));
    }
    let inside = inside::read(&mut reader, &spec, inside::DEEPEST)?;
    spec.inside = inside.is_some();
    reader.finish()?;
    Ok(Compiled { spec: spec.shaped(), label, inside })
}

/// The wire form of an element inside a field; where its length comes from the tag, `anything` stands in for a missing
/// `format`.
pub(super) fn element(reader: &mut Reader, own: bool, anything: Option<&Spec>) -> Result<Spec, DialectError> {
    if let (Some(spec), false) = (anything, reader.has("format")) {
        return Ok(*spec);
    }
    let format = required_format(reader)?;
    let given = reader.origins();
    let spec = wire(reader, &format, own)?;
    sensible(reader, &given, &spec, own && format.dots > 0)?;
    Ok(spec)
}

/// The form of the tags of a composite: a value of fixed length.
pub(super) fn tag(mut reader: Reader) -> Result<Spec, DialectError> {
    let format = required_format(&mut reader)?;
    let spec = wire(&mut reader, &format, true)?;
    if spec.fixed() {
        reader.finish()?;
        return Ok(spec);
    }
    Err(reader.error("a tag is of fixed length"))
}

/// The form of the lengths of a composite.
pub(super) fn length(reader: &mut Reader) -> Result<(Prefix, u8), DialectError> {
    match reader.number("digits", 6)? {
        Some(digits) if digits > 0 => match prefix(reader, digits)? {
            (Prefix::None, _) => Err(reader.error("a length is written somehow: its `prefix` cannot be \"none\"")),
            prefix => Ok(prefix),
        },
        _ => Err(reader.error("`digits` says how many digits the length has, 1 to 6")),
    }
}

fn required_format(reader: &mut Reader) -> Result<Format, DialectError> {
    let Some((text, origin)) = reader.text("format")? else {
        return Err(reader.error("a field needs a `format` such as \"n6\" or \"ans...999\""));
    };
    format(&text).ok_or_else(|| reader.at(&origin, format!("`format` is \"{text}\": {FORMAT_HELP}")))
}

const FORMAT_HELP: &str = "wanted a class (n a an as ns ans z b x+n), a dot for each digit of the length prefix if there \
    is one, and the maximum length, as in \"n6\", \"n..19\", \"ans...999\"";

/// With `own` false the length comes from elsewhere (a tag's), and dots only say that it varies.
fn wire(reader: &mut Reader, format: &Format, own: bool) -> Result<Spec, DialectError> {
    let class = format.class;
    let coding = coding(reader, class)?;
    let (prefix, prefix_width) = if own { prefix(reader, format.dots)? } else { (Prefix::None, 0) };
    let varies = format.dots > 0;
    let counts = if own { counts(reader, coding, class, prefix)? } else { Counts::Wire };
    let (pad, pad_char) = padding(reader, class, prefix)?;
    let nibble_side = reader.choice("nibble-side", &[("left", Side::Left), ("right", Side::Right)])?;
    let nibble = reader.text("nibble")?;
    let nibble_checked = reader.flag("check-nibble")?.unwrap_or(true);
    let checked = reader.flag("check")?.unwrap_or(true) || class != Class::Ans;
    let nibble = match nibble {
        None => 0,
        Some((text, origin)) => match u8::from_str_radix(&text, 16) {
            Ok(nibble) if text.len() == 1 => nibble,
            _ => return Err(reader.at(&origin, format!("`nibble` is \"{text}\", wanted one hex digit"))),
        },
    };
    let case = reader.choice("case", &[("upper", Case::Upper), ("lower", Case::Lower), ("any", Case::Any)])?;
    let sign = reader.choice("sign", &[("ascii", Sign::Ascii), ("ebcdic", Sign::Ebcdic), ("nibble", Sign::Nibble)])?;
    let separator = reader.choice("separator", &[("=", b'='), ("D", b'D')])?;
    let max = format.max + usize::from(class == Class::Xn);
    let min = match reader.number("min", MOST)? {
        Some(min) if !varies => {
            return Err(reader.error(format!("`min` is {min}, but the field is of fixed length")));
        }
        Some(min) if min > max => return Err(reader.error(format!("`min` is {min}, above the maximum of {max}"))),
        Some(min) => min,
        None if !varies => max,
        None => 0,
    };
    let spec = Spec {
        shape: Shape::Other,
        runs: false,
        plain: false,
        run: 0,
        class,
        coding,
        prefix,
        prefix_width,
        counts,
        pad,
        pad_char,
        nibble_side: nibble_side.unwrap_or(Side::Left),
        nibble,
        nibble_checked,
        checked,
        case: case.unwrap_or(Case::Upper),
        sign: sign.unwrap_or(Sign::Ascii),
        separator: separator.unwrap_or(b'='),
        inside: false,
        min: min.min(MOST) as u16,
        max: max.min(MOST) as u16,
    }
    .shaped();
    prefix_holds(reader, &spec, format)?;
    Ok(spec)
}

fn coding(reader: &mut Reader, class: Class) -> Result<Coding, DialectError> {
    let words = [
        ("ascii", Coding::Ascii),
        ("cp037", Coding::Cp037),
        ("cp500", Coding::Cp500),
        ("cp1047", Coding::Cp1047),
        ("bytes", Coding::Bytes),
        ("bcd", Coding::Bcd),
        ("raw", Coding::Raw),
        ("hex", Coding::Hex),
        ("ebcdic-hex", Coding::EbcdicHex),
    ];
    let coding =
        reader.choice("encoding", &words)?.unwrap_or(if class == Class::B { Coding::Raw } else { Coding::Ascii });
    let fits = match coding {
        Coding::Bcd => matches!(class, Class::N | Class::Z | Class::Xn),
        Coding::Raw | Coding::EbcdicHex => class == Class::B,
        Coding::Hex => !matches!(class, Class::Z | Class::Xn),
        Coding::Bytes => class == Class::Ans,
        _ => class != Class::B,
    };
    if fits {
        return Ok(coding);
    }
    let word = words.iter().find(|(_, other)| *other == coding).map_or("", |(word, _)| word);
    Err(reader.error(format!("the encoding \"{word}\" does not go with the class {}", class.name())))
}

fn prefix(reader: &mut Reader, digits: usize) -> Result<(Prefix, u8), DialectError> {
    let words = [
        ("none", Prefix::None),
        ("ascii", Prefix::Ascii),
        ("ebcdic", Prefix::Ebcdic),
        ("bcd", Prefix::Bcd),
        ("binary", Prefix::Binary),
        ("hex", Prefix::Hex),
    ];
    let prefix = reader.choice("prefix", &words)?.unwrap_or(Prefix::Ascii);
    let width = match prefix {
        _ if digits == 0 => return Ok((Prefix::None, 0)),
        Prefix::None => 0,
        Prefix::Bcd => digits.div_ceil(2),
        // As many bytes as the largest number of that many digits needs: 99 one, 999 and 9999 two, 99999 three.
        Prefix::Binary => [0, 1, 1, 2, 2, 3, 3][digits],
        _ => digits,
    };
    Ok((prefix, width as u8))
}

fn counts(reader: &mut Reader, coding: Coding, class: Class, prefix: Prefix) -> Result<Counts, DialectError> {
    let bytes = reader.choice("counts", &[("digits", false), ("bytes", true)])?;
    match (coding, bytes) {
        _ if prefix == Prefix::None => Ok(Counts::Units),
        (Coding::Bcd, Some(true)) => Ok(Counts::Wire),
        (Coding::Bcd, Some(false)) => Ok(Counts::Units),
        (Coding::Hex | Coding::EbcdicHex, Some(false)) => Ok(Counts::Wire),
        (Coding::Bcd, None) => Err(reader.error(format!(
            "packed {} of variable length: say whether the length `counts` \"digits\" or \"bytes\"",
            class.name()
        ))),
        (Coding::Hex | Coding::EbcdicHex, None) => {
            Err(reader.error("hex text of variable length: say whether the length `counts` \"digits\" or \"bytes\""))
        }
        (Coding::Raw, Some(false)) => Err(reader.error("raw bytes have no digits to count")),
        _ => Ok(Counts::Units),
    }
}

fn padding(reader: &mut Reader, class: Class, prefix: Prefix) -> Result<(Side, u8), DialectError> {
    let side = reader.choice("pad", &[("none", Side::None), ("left", Side::Left), ("right", Side::Right)])?;
    let usual = match class {
        _ if prefix != Prefix::None => (Side::None, b' '),
        Class::N | Class::Xn => (Side::Left, b'0'),
        Class::B | Class::Z => (Side::None, 0),
        _ => (Side::Right, b' '),
    };
    let side = side.unwrap_or(usual.0);
    let Some((text, origin)) = reader.text("pad-char")? else { return Ok((side, usual.1)) };
    match text.as_bytes() {
        [byte] if class == Class::B || class.admits(1, *byte) => Ok((side, *byte)),
        [_] => {
            Err(reader.at(&origin, format!("`pad-char` is \"{text}\", which class {} does not admit", class.name())))
        }
        _ => Err(reader.at(&origin, format!("`pad-char` is \"{text}\", wanted one ASCII character"))),
    }
}

/// A setting of the field's own that has no meaning for it is a mistake. (Defaults may not concern every field.)
fn sensible(reader: &Reader, own: &BTreeMap<String, Origin>, spec: &Spec, prefixed: bool) -> Result<(), DialectError> {
    let hex = matches!(spec.coding, Coding::Hex | Coding::EbcdicHex);
    let packed = spec.coding == Coding::Bcd;
    for (key, origin) in own {
        let (sensible, what) = match key.as_str() {
            "prefix" | "counts" => (prefixed, "a length prefix"),
            "pad" | "pad-char" => (spec.fixed(), "fixed length"),
            "nibble" | "nibble-side" | "check-nibble" => (packed, "packed digits"),
            "check" => (spec.class == Class::Ans && spec.coding != Coding::Bytes, "ans in ASCII or EBCDIC"),
            "case" => (hex, "hex text"),
            "sign" => (packed && spec.class == Class::Xn, "x+n in packed digits"),
            "separator" => (!packed && spec.class == Class::Z, "z in text"),
            _ => continue,
        };
        if !sensible {
            return Err(reader.at(origin, format!("`{key}` has a meaning only with {what}")));
        }
    }
    Ok(())
}

/// Can the prefix say the maximum?
fn prefix_holds(reader: &Reader, spec: &Spec, format: &Format) -> Result<(), DialectError> {
    let number = match spec.counts {
        Counts::Wire => spec.wire_len(format.max),
        Counts::Units => format.max,
    };
    if spec.prefix == Prefix::None {
        return Ok(());
    }
    let most = prefix::most(spec.prefix, spec.prefix_width);
    if number <= most {
        return Ok(());
    }
    Err(reader.error(format!("the maximum of {} cannot be said by a length prefix that ends at {most}", format.max)))
}
