//! A dialect as a person reads it: one row a field.

use super::{BitmapForm, Dialect, MtiForm, Sensitivity};
use crate::field::{Coding, Counts, Prefix, Side, Spec};

/// How one field stands in a dialect, in words.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FieldLayout {
    /// The data element.
    pub field: u8,
    /// Its name.
    pub name: String,
    /// Class and length as the standard writes them: `n6`, `n..19`, `ans...999`.
    pub format: String,
    /// The length prefix: `fixed`, or encoding, number of bytes, and what it counts where that is not plain.
    pub prefix: String,
    /// The encoding of the value, with its padding where it has one.
    pub encoding: String,
    /// How it may be shown.
    pub sensitivity: Sensitivity,
}

impl Dialect {
    /// All fields in order, as they are where no variant for an MTI says otherwise.
    #[must_use]
    pub fn layout(&self) -> Vec<FieldLayout> {
        self.fields().map(|field| self.field_layout(field)).collect()
    }

    /// How MTI and bitmap stand on the wire, e.g. `MTI bcd, bitmap raw`.
    #[must_use]
    pub fn head_layout(&self) -> String {
        let mti = match self.mti_form {
            MtiForm::Ascii => "ascii",
            MtiForm::Ebcdic => "ebcdic",
            MtiForm::Bcd => "bcd",
        };
        format!("MTI {mti}, bitmap {}", bitmap(&self.bitmap_form))
    }

    fn field_layout(&self, field: u8) -> FieldLayout {
        let spec = self.profiles[0].spec(field);
        FieldLayout {
            field,
            name: self.field_name(field).unwrap_or_default().to_owned(),
            format: format(spec),
            prefix: prefix(spec),
            encoding: encoding(spec),
            sensitivity: self.sensitivity(field),
        }
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

    fn row(dialect: &str, field: u8) -> String {
        let layout = Dialect::named(dialect).unwrap().layout();
        let row = layout.iter().find(|row| row.field == field).unwrap();
        format!("{} | {} | {} | {:?}", row.format, row.prefix, row.encoding, row.sensitivity)
    }

    #[test]
    fn fields_read_as_the_standard_writes_them() {
        assert_eq!(row("iso87-ascii", 2), "n..19 | ascii 2 | ascii | Pan");
        assert_eq!(row("iso87-ascii", 4), "n12 | fixed | ascii | Public");
        assert_eq!(row("iso87-bcd", 2), "n..19 | bcd 1 | bcd, odd left 0 | Pan");
        assert_eq!(row("iso87-bcd", 52), "b8 | fixed | raw | Secret");
        assert_eq!(row("iso87-ascii", 28), "x+n8 | fixed | ascii | Public");
    }

    #[test]
    fn every_shipped_dialect_has_a_row_for_every_field() {
        for name in Dialect::shipped() {
            let dialect = Dialect::named(name).unwrap();
            assert!(dialect.layout().iter().map(|row| row.field).eq(dialect.fields()), "{name}");
            assert!(dialect.layout().iter().all(|row| !row.name.is_empty()), "{name}");
            assert!(dialect.head_layout().starts_with("MTI "), "{name}");
        }
    }
}
