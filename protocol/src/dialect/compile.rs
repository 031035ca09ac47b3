//! From the tree of a dialect file to the flat tables that decode and encode run on.

use super::{
    Announce, BitmapForm, Dialect, DialectError, Label, MtiForm, Sensitivity, Version, profiles,
    spec::Defaults,
    tree::{self, Kind, Node, Reader},
};
use crate::{
    bitmap::FieldSet,
    import::{self, ImportError},
};
use std::{borrow::Cow, path::Path};

/// How many dialects may extend one another in a row.
const DEEPEST: usize = 8;

/// Compiles the text of a file whose `extends` are looked up in `beside`, then among the shipped.
pub(super) fn text(file: &str, text: &str, beside: Option<&Path>) -> Result<Dialect, DialectError> {
    let mut remarks = Vec::new();
    let node = resolve(file, text, beside, DEEPEST, &mut remarks)?;
    Ok(Dialect { remarks, ..dialect(node)? })
}

/// Reads a dialect file.
pub(super) fn read_file(path: &Path) -> Result<String, DialectError> {
    std::fs::read_to_string(path).map_err(|error| DialectError {
        file: path.display().to_string(),
        line: 0,
        field: None,
        message: format!("cannot be read ({error}), and no shipped dialect has this name"),
    })
}

/// The TOML of a text: it itself, or what is made of another program's description of a format.
fn toml<'t>(file: &str, text: &'t str, remarks: &mut Vec<String>) -> Result<Cow<'t, str>, DialectError> {
    let Some(format) = import::recognise(text) else { return Ok(text.into()) };
    match format.import(file, text) {
        Ok(imported) => {
            remarks.extend(imported.remarks.iter().map(|remark| format!("{file}: {remark}")));
            Ok(imported.toml.into())
        }
        Err(ImportError { file, line, message }) => Err(DialectError { file, line, field: None, message }),
    }
}

fn resolve(
    file: &str,
    text: &str,
    beside: Option<&Path>,
    left: usize,
    remarks: &mut Vec<String>,
) -> Result<Node, DialectError> {
    let mut node = tree::parse(file, &toml(file, text, remarks)?)?;
    let Kind::Table(entries) = &mut node.kind else { return Ok(node) };
    let Some(base) = entries.remove("extends") else { return Ok(node) };
    let Kind::Text(name) = &base.kind else {
        return Err(base.origin.error(None, "`extends` is the name of a dialect, as a text"));
    };
    if left == 0 {
        return Err(base.origin.error(None, format!("more than {DEEPEST} dialects extend one another: in a circle?")));
    }
    let below = match beside.map(|directory| directory.join(name)).filter(|path| path.is_file()) {
        Some(path) => resolve(&path.display().to_string(), &read_file(&path)?, path.parent(), left - 1, remarks)?,
        None => match super::shipped::text(name) {
            Some(text) => resolve(name, text, None, left - 1, remarks)?,
            None => {
                return Err(base
                    .origin
                    .error(None, format!("extends \"{name}\", which is no shipped dialect and no file")));
            }
        },
    };
    Ok(tree::overlay(below, node))
}

/// The words for `mti`.
const MTI: &[(&str, MtiForm)] =
    &[("ascii", MtiForm::Ascii), ("ebcdic", MtiForm::Ebcdic), ("bcd", MtiForm::Bcd), ("hex", MtiForm::Hex)];

fn dialect(node: Node) -> Result<Dialect, DialectError> {
    let mut top = Reader::new(node, None)?;
    let Some((name, _)) = top.text("name")? else { return Err(top.error("a dialect needs a `name`")) };
    let version = version(&mut top)?;
    let mti_form = top
        .choice("mti", MTI)?
        .ok_or_else(|| top.error("a dialect needs `mti`: \"ascii\", \"ebcdic\", \"bcd\" or \"hex\""))?;
    let bitmap_form = match top.table("bitmap")? {
        Some(reader) => bitmap(reader, false)?,
        None => return Err(top.error("a dialect needs a `bitmap`")),
    };
    let defaults = Defaults::read(top.table("defaults")?)?;
    let most = 64 * bitmap_form.blocks;
    let (profiles, by_mti) = profiles::read(&mut top, &defaults, most, version)?;
    top.finish()?;
    let shown = |field: &u8| profiles[0].label(*field).is_some_and(|label| label.sensitivity != Sensitivity::Secret);
    let secret = (1..=FieldSet::MAX).filter(|field| !shown(field)).collect();
    Ok(Dialect { name, version, mti_form, bitmap_form, profiles, by_mti, secret, remarks: Vec::new() })
}

fn version(top: &mut Reader) -> Result<Version, DialectError> {
    match top.number("version", 9999)? {
        Some(1987) => Ok(Version::V1987),
        Some(1993) => Ok(Version::V1993),
        Some(2003) => Ok(Version::V2003),
        Some(other) => Err(top.error(format!("`version` is {other}, allowed are 1987, 1993 and 2003"))),
        None => Err(top.error("a dialect needs a `version`: 1987, 1993 or 2003")),
    }
}

/// The form of a bitmap; only an `inner` one, inside a field, may be shorter than 64 bits.
pub(super) fn bitmap(mut reader: Reader, inner: bool) -> Result<BitmapForm, DialectError> {
    let (hex, ebcdic) = reader
        .choice("encoding", &[("raw", (false, false)), ("hex", (true, false)), ("ebcdic-hex", (true, true))])?
        .ok_or_else(|| reader.error("a bitmap needs an `encoding`: \"raw\", \"hex\" or \"ebcdic-hex\""))?;
    let lower = reader.choice("case", &[("upper", false), ("lower", true)])?;
    if lower.is_some() && !hex {
        return Err(reader.error("`case` has no meaning for a raw bitmap"));
    }
    let bits = if inner { reader.number("bits", 64)? } else { None };
    if bits.is_some_and(|bits| bits == 0 || bits % 8 != 0) {
        return Err(reader.error("`bits` is a multiple of 8, up to 64"));
    }
    let blocks = reader.number("blocks", 3)?.unwrap_or(if bits.is_some() { 1 } else { 2 });
    if bits.is_some() && blocks > 1 {
        return Err(reader.error("a bitmap of which `bits` are told is one block"));
    }
    if blocks == 0 {
        return Err(reader.error("`blocks` is 0, a bitmap has 1 to 3"));
    }
    let fixed = reader.flag("fixed")?.unwrap_or(false);
    let announce = reader
        .choice("announce", &[("used", Announce::Used), ("always", Announce::Always), ("never", Announce::Never)])?;
    if announce.is_some() && !fixed {
        return Err(reader.error("`announce` has a meaning only where the bitmap is `fixed`"));
    }
    reader.finish()?;
    Ok(BitmapForm {
        hex,
        ebcdic,
        lower: lower.unwrap_or(false),
        bytes: bits.map_or(8, |bits| bits as u8 / 8),
        blocks: blocks as u8,
        fixed,
        announce: announce.unwrap_or(Announce::Used),
    })
}

/// The words for `show`.
pub(super) const SHOWN: &[(&str, Sensitivity)] = &[
    ("public", Sensitivity::Public),
    ("pan", Sensitivity::Pan),
    ("private", Sensitivity::Private),
    ("secret", Sensitivity::Secret),
];

/// Name and sensitivity of a field or element.
pub(super) fn label(reader: &mut Reader) -> Result<Label, DialectError> {
    let name = reader.text("name")?.map_or_else(String::new, |(name, _)| name);
    let sensitivity = reader.choice("show", SHOWN)?.unwrap_or(Sensitivity::Secret);
    Ok(Label { name, sensitivity })
}
