//! What a specification does not say and the standard does: which numbers are binary, and what may be shown.

use super::leaf::Usual;
use crate::dialect::{Dialect, LayoutRow, Sensitivity};
use std::collections::BTreeMap;
use toml::{Table, Value};

/// The fields of an edition, and the tags of chip data.
pub(super) struct Standard {
    fields: BTreeMap<u8, LayoutRow>,
    /// By tag, in hex.
    chip: BTreeMap<String, Sensitivity>,
}

impl Standard {
    pub(super) fn of(version: i64) -> Self {
        let rows = Dialect::named(if version == 1987 { "iso87-ascii" } else { "iso93-ascii" })
            .map(|dialect| dialect.layout(None))
            .unwrap_or_default();
        let (mut fields, mut chip) = (BTreeMap::new(), BTreeMap::new());
        let mut current = 0;
        for row in rows {
            if row.depth == 0 {
                current = row.key.parse().unwrap_or(0);
                fields.insert(current, row);
            } else if current == 55 {
                chip.insert(row.key, row.sensitivity);
            }
        }
        Self { fields, chip }
    }

    /// What the field usually is.
    pub(super) fn usual(&self, number: u8) -> Usual {
        let format = self.fields.get(&number).map_or("", |row| row.format.as_str());
        let fixed = !format.is_empty() && !format.contains('.');
        let binary = format.starts_with('b');
        let number =
            format.strip_prefix('n').is_some_and(|rest| rest.starts_with(|letter: char| letter.is_ascii_digit()));
        Usual { binary, number: number && fixed, text: !format.is_empty() && !binary && !format.ends_with("999") }
    }

    /// Says who may see the parts of a field: as many as may see the field, but no tag of chip data more than is usual.
    pub(super) fn show(&self, number: u8, settings: &mut Table) {
        let word = match self.fields.get(&number).map(|row| row.sensitivity) {
            Some(Sensitivity::Public) => Some("public"),
            Some(Sensitivity::Private) => Some("private"),
            _ => None,
        };
        self.parts(word, settings);
    }

    fn parts(&self, word: Option<&'static str>, settings: &mut Table) {
        let ber = settings.get("inside").and_then(Value::as_str) == Some("ber-tlv");
        let Some(Value::Table(elements)) = settings.get_mut("elements") else { return };
        for (key, element) in elements.iter_mut() {
            let Value::Table(element) = element else { continue };
            let word = match self.chip.get(key).filter(|_| ber) {
                Some(Sensitivity::Public) => Some("public"),
                Some(Sensitivity::Private) => Some("private"),
                Some(Sensitivity::Pan) => Some("pan"),
                Some(Sensitivity::Secret) => None,
                None => word,
            };
            if let Some(word) = word {
                element.insert("show".to_owned(), Value::String(word.to_owned()));
            }
            self.parts(word, element);
        }
    }
}
