//! A dialect as a person reads it: one row a field.

use super::{BitmapForm, Dialect, Label, MtiForm, Profile, Sensitivity};
use crate::{
    Mti,
    composite::{Inside, Layout},
    field::{Coding, Counts, Prefix, Side, Spec},
};

/// How one field, or one element inside a composite, stands in a dialect, in words.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LayoutRow {
    /// The number of the field, or the key of the element (`9F26`, `1`).
    pub key: String,
    /// 0 for a field, 1 for an element in it, 2 for an element in that.
    pub depth: usize,
    /// Its name.
    pub name: String,
    /// Class and length as the standard writes them: `n6`, `n..19`, `ans...999`; empty for an element without a bound.
    pub format: String,
    /// The length prefix: `fixed`, or encoding, number of bytes, and what it counts where that is not plain; empty for an
    /// element.
    pub prefix: String,
    /// The encoding of the value, with its padding where it has one, and the kind of inside.
    pub encoding: String,
    /// How it may be shown.
    pub sensitivity: Sensitivity,
    /// Must a message with the MTI asked about carry it?
    pub mandatory: bool,
}

impl Dialect {
    /// All fields in order, each followed by the elements declared inside it: as they are under an MTI, or without one as
    /// they are where no variant says otherwise.
    #[must_use]
    pub fn layout(&self, mti: Option<Mti>) -> Vec<LayoutRow> {
        let profile = mti.map_or(&self.profiles[0], |mti| self.profile(mti));
        let mut rows = Vec::new();
        for field in profile.defined.iter() {
            rows.push(field_row(profile, field));
            if let Some(inside) = profile.inside(field) {
                element_rows(&mut rows, inside, 1);
            }
        }
        rows
    }

    /// How MTI and bitmap stand on the wire, e.g. `MTI bcd, bitmap raw, up to 128 bits`.
    #[must_use]
    pub fn head_layout(&self) -> String {
        let mti = match self.mti_form {
            MtiForm::Ascii => "ascii",
            MtiForm::Ebcdic => "ebcdic",
            MtiForm::Bcd => "bcd",
            MtiForm::Hex => "hex",
        };
        format!("MTI {mti}, bitmap {}", bitmap(&self.bitmap_form))
    }
}

fn field_row(profile: &Profile, field: u8) -> LayoutRow {
    let spec = profile.spec(field);
    let label = profile.label(field);
    LayoutRow {
        key: field.to_string(),
        depth: 0,
        name: label.map(|label| label.name.clone()).unwrap_or_default(),
        format: format(spec),
        prefix: prefix(spec),
        encoding: encoding(spec) + profile.inside(field).map_or("", |inside| kind(inside)),
        sensitivity: label.map_or(Sensitivity::Secret, |label| label.sensitivity),
        mandatory: profile.mandatory.contains(field),
    }
}

fn element_rows(rows: &mut Vec<LayoutRow>, inside: &Inside, depth: usize) {
    for element in &inside.elements {
        let Label { name, sensitivity } = element.label.clone();
        let nested = element.inside.as_deref();
        rows.push(LayoutRow {
            key: element.key.clone(),
            depth,
            name,
            format: if bounded(&element.spec) { format(&element.spec) } else { String::new() },
            prefix: String::new(),
            encoding: encoding(&element.spec) + nested.map_or("", kind),
            sensitivity,
            mandatory: false,
        });
        if let Some(nested) = nested {
            element_rows(rows, nested, depth + 1);
        }
    }
}

/// Is the element's length bounded by more than what any field can hold?
fn bounded(spec: &Spec) -> bool {
    usize::from(spec.max) < super::spec::MOST
}

const fn kind(inside: &Inside) -> &'static str {
    match inside.layout {
        Layout::Positional { .. } => ", positional",
        Layout::Tlv { .. } => ", tag-length-value",
        Layout::Ber => ", BER-TLV",
        Layout::Bitmap(_) => ", with a bitmap",
    }
}

fn bitmap(form: &BitmapForm) -> String {
    let encoding = match (form.hex, form.ebcdic) {
        (false, _) => "raw",
        (true, false) => "hex",
        (true, true) => "hex in ebcdic",
    };
    let bits = u32::from(form.blocks) * 64;
    format!("{encoding}, {}{bits} bits", if form.fixed { "always " } else { "up to " })
}

fn format(spec: &Spec) -> String {
    let (class, max) = (spec.class.name(), spec.max);
    if spec.fixed() {
        // The sign of x+n is a character of its own in the standard's notation.
        return format!("{class}{}", if class == "x+n" { max.saturating_sub(1) } else { max });
    }
    let digits = max.checked_ilog10().map_or(1, |power| power as usize + 1).max(2);
    format!("{class}{}{max}", ".".repeat(digits))
}

fn prefix(spec: &Spec) -> String {
    let encoding = match spec.prefix {
        Prefix::None => return "fixed".into(),
        Prefix::Ascii => "ascii",
        Prefix::Ebcdic => "ebcdic",
        Prefix::Bcd => "bcd",
        Prefix::Binary => "binary",
        Prefix::Hex => "hex",
    };
    let counts = if spec.counts == Counts::Wire { ", counts bytes on the wire" } else { "" };
    format!("{encoding} {}{counts}", spec.prefix_width)
}

fn encoding(spec: &Spec) -> String {
    match spec.coding {
        Coding::Ascii => "ascii".into(),
        Coding::Cp037 => "cp037".into(),
        Coding::Cp500 => "cp500".into(),
        Coding::Cp1047 => "cp1047".into(),
        Coding::Bytes => "bytes".into(),
        Coding::Raw => "raw".into(),
        Coding::Hex => "hex".into(),
        Coding::EbcdicHex => "hex in ebcdic".into(),
        Coding::Bcd if spec.fixed() && spec.wire_len(usize::from(spec.max)) * 2 == usize::from(spec.max) => {
            "bcd".into()
        }
        Coding::Bcd => {
            let side = if spec.nibble_side == Side::Right { "right" } else { "left" };
            format!("bcd, odd {side} {:X}", spec.nibble)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(dialect: &str, key: &str) -> String {
        let layout = Dialect::named(dialect).unwrap().layout(None);
        let row = layout.iter().find(|row| row.key == key).unwrap();
        format!("{} | {} | {} | {:?}", row.format, row.prefix, row.encoding, row.sensitivity)
    }

    #[test]
    fn fields_read_as_the_standard_writes_them() {
        assert_eq!(row("iso87-ascii", "2"), "n..19 | ascii 2 | ascii | Pan");
        assert_eq!(row("iso87-ascii", "4"), "n12 | fixed | ascii | Public");
        assert_eq!(row("iso87-bcd", "2"), "n..19 | bcd 1 | bcd, odd left 0 | Pan");
        assert_eq!(row("iso87-bcd", "4"), "n12 | fixed | bcd | Public");
        assert_eq!(row("iso87-bcd", "52"), "b8 | fixed | raw | Secret");
        assert_eq!(row("iso87-ascii", "28"), "x+n8 | fixed | ascii | Public");
        assert_eq!(row("iso87-bcd", "55"), "b...255 | bcd 2 | raw, BER-TLV | Secret");
        assert_eq!(row("iso87-bcd", "9F26"), " |  | raw | Public");
    }

    #[test]
    fn every_shipped_dialect_has_a_row_for_every_field() {
        for name in Dialect::shipped() {
            let dialect = Dialect::named(name).unwrap();
            let rows = dialect.layout(None);
            let fields: Vec<String> = dialect.fields().map(|field| field.to_string()).collect();
            assert!(rows.iter().filter(|row| row.depth == 0).map(|row| &row.key).eq(&fields), "{name}");
            assert!(rows.iter().all(|row| !row.name.is_empty()), "{name}");
            assert!(dialect.head_layout().starts_with("MTI "), "{name}");
        }
    }

    #[test]
    fn an_mti_has_its_own_fields_and_mandatory_ones() {
        let text = "extends = \"iso87-ascii\"\nname = \"mine\"\n[variants.\"02xx\"]\n43 = { format = \"ans..99\" }\n\
                    [mandatory]\n\"0200\" = [4, 43]\n";
        let dialect = Dialect::parse("mine.toml", text).unwrap();
        let row = |mti: Option<&str>| {
            let rows = dialect.layout(mti.map(|mti| mti.parse().unwrap()));
            let row = rows.into_iter().find(|row| row.key == "43").unwrap();
            (row.format, row.mandatory)
        };
        assert_eq!(row(None), ("ans40".into(), false));
        assert_eq!(row(Some("0200")), ("ans..99".into(), true));
        assert_eq!(row(Some("0210")), ("ans..99".into(), false));
    }
}
