//! Reading a TOML tree with positions: typed values, errors with lines, and no key left unread.

use super::error::{ConfigError, ConfigErrors};
use std::{
    cell::RefCell,
    ops::{Range, RangeInclusive},
    path::{Path, PathBuf},
    time::Duration,
};
use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

/// Where in the text something stands, in bytes.
pub(crate) type Span = Range<usize>;

/// A string with its place.
#[derive(Clone, Debug)]
pub(crate) struct Text {
    pub(crate) value: String,
    pub(crate) span: Span,
}

/// One value of a table that is a map.
pub(crate) enum Item<'a, 'i> {
    /// A string.
    Text(Text),
    /// A number that is not negative.
    Number(u64),
    /// A table.
    Table(Section<'a, 'i>),
}

/// Collects the mistakes of one file.
pub(crate) struct Report<'a> {
    text: &'a str,
    file: PathBuf,
    errors: RefCell<Vec<(usize, ConfigError)>>,
}

impl<'a> Report<'a> {
    pub(crate) fn new(text: &'a str, file: &Path) -> Self {
        Self { text, file: file.to_owned(), errors: RefCell::default() }
    }

    /// Where the file is.
    pub(super) fn path(&self) -> &Path {
        &self.file
    }

    /// The folder that paths of the file are relative to.
    pub(crate) fn folder(&self) -> &Path {
        self.file.parent().unwrap_or(Path::new(""))
    }

    /// The file, as errors name it.
    pub(crate) fn file(&self) -> String {
        self.file.display().to_string()
    }

    /// The line of a place of this file, from 1.
    pub(crate) fn line(&self, span: &Span) -> usize {
        let before = self.text.get(..span.start).unwrap_or(self.text);
        before.bytes().filter(|byte| *byte == b'\n').count() + 1
    }

    /// Notes a mistake at a place of this file.
    pub(crate) fn error(&self, span: Span, message: &str) {
        let line = self.line(&span);
        let error = ConfigError { file: self.file.display().to_string(), line, message: message.to_owned() };
        self.foreign(span, error);
    }

    /// Notes a mistake that stands in another file, which `span` of this one names.
    pub(crate) fn foreign(&self, span: Span, error: ConfigError) {
        let mut errors = self.errors.borrow_mut();
        // Two banks with the same broken dialect: one error.
        if !errors.iter().any(|(_, known)| *known == error) {
            errors.push((span.start, error));
        }
    }

    /// All mistakes so far, in the order of the file.
    pub(crate) fn check(&self) -> Result<(), ConfigErrors> {
        let mut errors = self.errors.borrow().clone();
        if errors.is_empty() {
            return Ok(());
        }
        errors.sort_by_key(|(at, _)| *at);
        Err(ConfigErrors(errors.into_iter().map(|(_, error)| error).collect()))
    }
}

/// One table being read. What was asked for is known; what is left over at [`Section::finish`] is a mistake.
pub(crate) struct Section<'a, 'i> {
    report: &'a Report<'a>,
    table: &'a DeTable<'i>,
    /// The table's place: where an absent key is reported.
    pub(crate) span: Span,
    what: String,
    asked: RefCell<Vec<&'static str>>,
}

impl<'a, 'i> Section<'a, 'i> {
    pub(crate) fn root(report: &'a Report<'a>, tree: &'a Spanned<DeTable<'i>>) -> Self {
        Self::new(report, tree.get_ref(), 0..0, "the file".to_owned())
    }

    fn new(report: &'a Report<'a>, table: &'a DeTable<'i>, span: Span, what: String) -> Self {
        Self { report, table, span, what, asked: RefCell::default() }
    }

    pub(crate) fn error(&self, span: Span, message: &str) {
        self.report.error(span, message);
    }

    fn get(&self, key: &'static str) -> Option<&'a Spanned<DeValue<'i>>> {
        let mut asked = self.asked.borrow_mut();
        if !asked.contains(&key) {
            asked.push(key);
        }
        self.table.iter().find(|(name, _)| name.get_ref().as_ref() == key).map(|(_, value)| value)
    }

    /// Is the key there?
    pub(crate) fn has(&self, key: &'static str) -> bool {
        self.get(key).is_some()
    }

    /// Where the key's value stands; the table itself where it is absent.
    pub(crate) fn span_of(&self, key: &'static str) -> Span {
        self.get(key).map_or_else(|| self.span.clone(), Spanned::span)
    }

    /// The place of the last string of that content anywhere below this table.
    pub(crate) fn find(&self, content: &str) -> Span {
        fn walk(table: &DeTable<'_>, content: &str, found: &mut Option<Span>) {
            for value in table.values() {
                search(value, content, found);
            }
        }
        fn search(value: &Spanned<DeValue<'_>>, content: &str, found: &mut Option<Span>) {
            let later = |span: &Span| span.start < value.span().start;
            match value.get_ref() {
                DeValue::String(text) if text.as_ref() == content && found.as_ref().is_none_or(later) => {
                    *found = Some(value.span());
                }
                DeValue::Array(items) => items.iter().for_each(|item| search(item, content, found)),
                DeValue::Table(table) => walk(table, content, found),
                _ => {}
            }
        }
        let mut found = None;
        walk(self.table, content, &mut found);
        found.unwrap_or_else(|| self.span.clone())
    }

    fn mismatch(&self, value: &Spanned<DeValue<'i>>, key: &str, wanted: &str) {
        let message = format!("`{key}` of {} must be {wanted}, not {}", self.what, describe(value.get_ref()));
        self.error(value.span(), &message);
    }

    pub(crate) fn text(&self, key: &'static str) -> Option<Text> {
        let value = self.get(key)?;
        if let DeValue::String(text) = value.get_ref() {
            return Some(Text { value: text.to_string(), span: value.span() });
        }
        self.mismatch(value, key, "a string");
        None
    }

    pub(crate) fn required_text(&self, key: &'static str) -> Option<Text> {
        if !self.has(key) {
            self.error(self.span.clone(), &format!("{} needs `{key}`", self.what));
        }
        self.text(key)
    }

    /// A list of strings; one string alone is a list of one.
    pub(crate) fn texts(&self, key: &'static str) -> Vec<Text> {
        let Some(value) = self.get(key) else { return Vec::new() };
        let items = match value.get_ref() {
            DeValue::Array(items) => items.iter().collect(),
            _ => vec![value],
        };
        let mut texts = Vec::new();
        for item in items {
            match item.get_ref() {
                DeValue::String(text) => texts.push(Text { value: text.to_string(), span: item.span() }),
                _ => self.mismatch(item, key, "a list of strings"),
            }
        }
        texts
    }

    pub(crate) fn boolean(&self, key: &'static str) -> Option<bool> {
        let value = self.get(key)?;
        if let DeValue::Boolean(is) = value.get_ref() {
            return Some(*is);
        }
        self.mismatch(value, key, "true or false");
        None
    }

    pub(crate) fn integer(&self, key: &'static str, range: RangeInclusive<u64>) -> Option<u64> {
        let value = self.get(key)?;
        self.number(value, key, &range)
    }

    /// A list of numbers, each with its place.
    pub(crate) fn integers(&self, key: &'static str, range: RangeInclusive<u64>) -> Vec<(u64, Span)> {
        let Some(value) = self.get(key) else { return Vec::new() };
        let items = match value.get_ref() {
            DeValue::Array(items) => items.iter().collect(),
            _ => vec![value],
        };
        items.into_iter().filter_map(|item| Some((self.number(item, key, &range)?, item.span()))).collect()
    }

    fn number(&self, value: &Spanned<DeValue<'i>>, key: &str, range: &RangeInclusive<u64>) -> Option<u64> {
        let number = match value.get_ref() {
            DeValue::Integer(digits) => u64::from_str_radix(digits.as_str(), digits.radix()).ok(),
            _ => None,
        };
        let found = number.filter(|number| range.contains(number));
        if found.is_none() {
            self.mismatch(value, key, &format!("a number from {} to {}", range.start(), range.end()));
        }
        found
    }

    /// A duration as text: `250ms`, `25s`, `5m`, `1h`.
    pub(crate) fn duration(&self, key: &'static str, range: RangeInclusive<Duration>) -> Option<Duration> {
        let value = self.get(key)?;
        let found = match value.get_ref() {
            DeValue::String(text) => parse_duration(text),
            _ => None,
        };
        let found = found.filter(|duration| range.contains(duration));
        if found.is_none() {
            let wanted =
                format!(r#"a duration like "250ms", "25s" or "5m", from {:?} to {:?}"#, range.start(), range.end());
            self.mismatch(value, key, &wanted);
        }
        found
    }

    /// A table below this one.
    pub(crate) fn section(&self, key: &'static str) -> Option<Section<'a, 'i>> {
        let value = self.get(key)?;
        if let DeValue::Table(table) = value.get_ref() {
            let what = if self.span == (0..0) { format!("[{key}]") } else { format!("`{key}` of {}", self.what) };
            return Some(Section::new(self.report, table, value.span(), what));
        }
        self.mismatch(value, key, "a table");
        None
    }

    /// The tables `[[key]]`.
    pub(crate) fn sections(&self, key: &'static str) -> Vec<Section<'a, 'i>> {
        let Some(value) = self.get(key) else { return Vec::new() };
        let DeValue::Array(items) = value.get_ref() else {
            self.mismatch(value, key, &format!("written [[{key}]]"));
            return Vec::new();
        };
        let mut sections = Vec::new();
        for item in items.iter() {
            match item.get_ref() {
                DeValue::Table(table) => {
                    let name = table.iter().find(|(key, _)| key.get_ref().as_ref() == "name");
                    let name = name.and_then(|(_, value)| value.get_ref().as_str());
                    let what = name.map_or_else(|| format!("[[{key}]]"), |name| format!("[[{key}]] \"{name}\""));
                    sections.push(Section::new(self.report, table, item.span(), what));
                }
                _ => self.mismatch(item, key, &format!("written [[{key}]]")),
            }
        }
        sections
    }

    /// All keys of a table that is a map, each with its string.
    pub(crate) fn entries(&self) -> Vec<(Text, Text)> {
        let mut entries = Vec::new();
        for (key, value) in self.table {
            let key = Text { value: key.get_ref().to_string(), span: key.span() };
            match value.get_ref() {
                DeValue::String(text) => entries.push((key, Text { value: text.to_string(), span: value.span() })),
                _ => self.mismatch(value, &key.value, "a string"),
            }
        }
        entries
    }

    /// All keys of a table that is a map of strings, numbers and tables.
    pub(crate) fn items(&self) -> Vec<(Text, Item<'a, 'i>)> {
        let mut items = Vec::new();
        for (key, value) in self.table {
            let key = Text { value: key.get_ref().to_string(), span: key.span() };
            let item = match value.get_ref() {
                DeValue::String(text) => Some(Item::Text(Text { value: text.to_string(), span: value.span() })),
                DeValue::Integer(digits) => u64::from_str_radix(digits.as_str(), digits.radix()).ok().map(Item::Number),
                DeValue::Table(table) => {
                    let what = format!("`{}` of {}", key.value, self.what);
                    Some(Item::Table(Section::new(self.report, table, value.span(), what)))
                }
                _ => None,
            };
            match item {
                Some(item) => items.push((key, item)),
                None => self.mismatch(value, &key.value, "a string, a number or a table"),
            }
        }
        items
    }

    /// All keys of a table that is a map, each with its list of numbers.
    pub(crate) fn lists(&self, range: RangeInclusive<u64>) -> Vec<(Text, Vec<(u64, Span)>)> {
        let mut lists = Vec::new();
        for (key, value) in self.table {
            let key = Text { value: key.get_ref().to_string(), span: key.span() };
            let items = match value.get_ref() {
                DeValue::Array(items) => items.iter().collect(),
                _ => vec![value],
            };
            let number = |item| Some((self.number(item, &key.value, &range)?, item.span()));
            let numbers = items.into_iter().filter_map(number).collect();
            lists.push((key, numbers));
        }
        lists
    }

    /// Every key must have been asked for.
    pub(crate) fn finish(&self) {
        let asked = self.asked.borrow();
        for key in self.table.keys() {
            if !asked.contains(&key.get_ref().as_ref()) {
                let known = asked.join(", ");
                let message = format!("unknown key `{}` in {}; known are: {known}", key.get_ref(), self.what);
                self.error(key.span(), &message);
            }
        }
    }
}

fn describe(value: &DeValue<'_>) -> String {
    match value {
        DeValue::String(text) => format!("{text:?}"),
        DeValue::Integer(number) => number.as_str().to_owned(),
        other => format!("a {}", other.type_str()),
    }
}

fn parse_duration(text: &str) -> Option<Duration> {
    let digits = text.find(|character: char| !character.is_ascii_digit())?;
    let number: u64 = text[..digits].parse().ok()?;
    match &text[digits..] {
        "ms" => Some(Duration::from_millis(number)),
        "s" => Some(Duration::from_secs(number)),
        "m" => Some(Duration::from_secs(number.checked_mul(60)?)),
        "h" => Some(Duration::from_secs(number.checked_mul(3600)?)),
        "d" => Some(Duration::from_secs(number.checked_mul(24 * 3600)?)),
        _ => None,
    }
}
