//! A dialect between a foreign notation and TOML: what an importer found out, not yet written down.

use super::{ImportError, Imported, Remark};
use crate::Dialect;
use std::{collections::BTreeMap, fmt::Write};
use toml::{Table, Value};

/// What an importer collects.
#[derive(Default)]
pub(super) struct Draft {
    pub(super) name: String,
    /// Of what this is a translation, for the first line of the file.
    pub(super) source: String,
    /// 1987, 1993 or 2003.
    pub(super) version: i64,
    /// `ascii`, `ebcdic`, `bcd`.
    pub(super) mti: &'static str,
    pub(super) bitmap: Table,
    /// By number: the settings of a field ([`crate::dialect`]); `elements` are tables in it.
    pub(super) fields: BTreeMap<u8, Table>,
    pub(super) remarks: Vec<Remark>,
}

impl Draft {
    /// Notes what cannot be carried over.
    pub(super) fn remark(&mut self, line: usize, field: Option<&str>, message: impl Into<String>) {
        self.remarks.push(Remark { line, field: field.map(str::to_owned), message: message.into() });
    }

    /// Writes it down; what does not compile is an error of the importer's, told as one of the source.
    pub(super) fn finish(mut self, file: &str) -> Result<Imported, ImportError> {
        self.show();
        let toml = self.text();
        Dialect::parse(&self.name, &toml).map_err(|error| ImportError {
            file: file.to_owned(),
            line: 1,
            message: format!("what was made of it is no dialect: {error}"),
        })?;
        self.remarks.sort_by_key(|remark| remark.line);
        Ok(Imported { toml, remarks: self.remarks })
    }

    /// A foreign description says nothing of who may see a field: the standard's meaning of its number does.
    fn show(&mut self) {
        let standard = Dialect::named(if self.version == 1987 { "iso87-ascii" } else { "iso93-ascii" });
        for (number, settings) in &mut self.fields {
            let sensitivity = standard.as_ref().map(|dialect| dialect.sensitivity(*number));
            let word = match sensitivity {
                Some(crate::dialect::Sensitivity::Public) => "public",
                Some(crate::dialect::Sensitivity::Pan) => "pan",
                Some(crate::dialect::Sensitivity::Private) => "private",
                // A field that is not known to be harmless is not shown.
                Some(crate::dialect::Sensitivity::Secret) | None => continue,
            };
            settings.entry("show").or_insert_with(|| Value::String(word.to_owned()));
        }
    }

    fn text(&self) -> String {
        let mut out = String::new();
        let _ = writeln!(out, "# Made from {}.\n", self.source);
        let _ = writeln!(out, "name = {}", Value::String(self.name.clone()));
        let _ = writeln!(out, "version = {}\nmti = \"{}\"", self.version, self.mti);
        let _ = writeln!(out, "bitmap = {}\n\n[fields]", inline(&self.bitmap));
        let (nested, plain): (Vec<_>, Vec<_>) =
            self.fields.iter().partition(|(_, settings)| settings.contains_key("elements"));
        for (number, settings) in plain {
            let _ = writeln!(out, "{number} = {}", inline(settings));
        }
        for (number, settings) in nested {
            let _ = writeln!(out, "\n[fields.{number}]");
            for key in ordered(settings).into_iter().filter(|key| *key != "elements") {
                let _ = writeln!(out, "{} = {}", bare(key), value(&settings[key]));
            }
            let Some(Value::Table(elements)) = settings.get("elements") else { continue };
            let _ = writeln!(out, "\n[fields.{number}.elements]");
            for key in ordered(elements) {
                let _ = writeln!(out, "{} = {}", bare(key), value(&elements[key]));
            }
        }
        out
    }
}

/// The order in which people read the settings of a field; what is not listed comes behind, by name.
const ORDER: [&str; 7] = ["format", "encoding", "prefix", "counts", "inside", "name", "show"];

fn ordered(settings: &Table) -> Vec<&str> {
    let mut keys: Vec<_> = settings.keys().map(String::as_str).collect();
    let known = |key: &str| ORDER.iter().position(|known| *known == key).unwrap_or(ORDER.len());
    // Elements have numbers, often; 10 comes behind 9.
    keys.sort_by_key(|key| (known(key), key.parse::<u32>().ok(), *key));
    keys
}

fn inline(settings: &Table) -> String {
    let entries: Vec<_> =
        ordered(settings).into_iter().map(|key| format!("{} = {}", bare(key), value(&settings[key]))).collect();
    format!("{{ {} }}", entries.join(", "))
}

fn value(value: &Value) -> String {
    match value {
        Value::Table(table) => inline(table),
        other => other.to_string(),
    }
}

fn bare(key: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    if !key.is_empty() && key.bytes().all(plain) { key.to_owned() } else { Value::String(key.to_owned()).to_string() }
}
