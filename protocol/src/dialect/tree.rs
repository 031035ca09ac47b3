//! A dialect file as a tree whose every node knows the file and line it came from, and the overlay of one tree on another.

use super::DialectError;
use std::{collections::BTreeMap, sync::Arc};
use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

/// Where a node was written.
#[derive(Clone, Debug)]
pub(super) struct Origin {
    pub(super) file: Arc<str>,
    pub(super) line: usize,
}

impl Origin {
    pub(super) fn error(&self, field: Option<&str>, message: impl Into<String>) -> DialectError {
        DialectError {
            file: self.file.to_string(),
            line: self.line,
            field: field.map(str::to_owned),
            message: message.into(),
        }
    }
}

/// One value of the file.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) origin: Origin,
    pub(super) kind: Kind,
}

#[derive(Clone, Debug)]
pub(super) enum Kind {
    Table(BTreeMap<String, Node>),
    Array(Vec<Node>),
    Text(String),
    Integer(i64),
    Flag(bool),
}

impl Kind {
    pub(super) fn what(&self) -> &'static str {
        match self {
            Self::Table(_) => "a table",
            Self::Array(_) => "a list",
            Self::Text(_) => "a text",
            Self::Integer(_) => "a number",
            Self::Flag(_) => "true or false",
        }
    }
}

/// Parses one file.
pub(super) fn parse(file: &str, text: &str) -> Result<Node, DialectError> {
    let ends = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at).collect();
    let lines = Lines { file: file.into(), ends };
    let document = DeTable::parse(text).map_err(|error| {
        let start = error.span().map_or(0, |span| span.start);
        lines.origin(start).error(None, error.message())
    })?;
    let start = document.span().start;
    lines.table(document.into_inner(), lines.origin(start))
}

/// Turns byte offsets into lines.
struct Lines {
    file: Arc<str>,
    /// Where each line ends.
    ends: Vec<usize>,
}

impl Lines {
    fn origin(&self, at: usize) -> Origin {
        let line = 1 + self.ends.partition_point(|end| *end < at);
        Origin { file: Arc::clone(&self.file), line }
    }

    fn table(&self, table: DeTable<'_>, origin: Origin) -> Result<Node, DialectError> {
        let mut entries = BTreeMap::new();
        for (key, value) in table {
            // The key's line is the more telling one: a table's value starts at its header or first key.
            let mut node = self.node(value)?;
            node.origin = self.origin(key.span().start);
            entries.insert(key.into_inner().into_owned(), node);
        }
        Ok(Node { origin, kind: Kind::Table(entries) })
    }

    fn node(&self, value: Spanned<DeValue<'_>>) -> Result<Node, DialectError> {
        let origin = self.origin(value.span().start);
        let kind = match value.into_inner() {
            DeValue::String(text) => Kind::Text(text.into_owned()),
            DeValue::Integer(number) => {
                let number = i64::from_str_radix(number.as_str(), number.radix());
                Kind::Integer(number.map_err(|_| origin.error(None, "the number is too large"))?)
            }
            DeValue::Boolean(flag) => Kind::Flag(flag),
            DeValue::Array(items) => {
                Kind::Array(items.into_iter().map(|item| self.node(item)).collect::<Result<_, _>>()?)
            }
            DeValue::Table(table) => return self.table(table, origin),
            DeValue::Float(_) | DeValue::Datetime(_) => {
                return Err(origin.error(None, "neither a fraction nor a date has a place in a dialect"));
            }
        };
        Ok(Node { origin, kind })
    }
}

/// What declares the inside of a field, besides the kind of inside.
const INSIDE: [&str; 7] = ["elements", "tag", "length", "bitmap", "repeat", "optional", "unknown"];

/// Lays `over` on `base`: tables are merged key by key, anything else is replaced. Where another kind of inside is declared,
/// nothing of the former one remains.
pub(super) fn overlay(base: Node, over: Node) -> Node {
    match (base.kind, over.kind) {
        (Kind::Table(mut below), Kind::Table(above)) => {
            let inside = |table: &BTreeMap<String, Node>| match table.get("inside").map(|node| &node.kind) {
                Some(Kind::Text(word)) => Some(word.clone()),
                _ => None,
            };
            if inside(&above).is_some_and(|word| inside(&below) != Some(word)) {
                below.retain(|key, _| !INSIDE.contains(&key.as_str()));
            }
            for (key, node) in above {
                let merged = match below.remove(&key) {
                    Some(old) => overlay(old, node),
                    None => node,
                };
                below.insert(key, merged);
            }
            Node { origin: over.origin, kind: Kind::Table(below) }
        }
        (_, kind) => Node { origin: over.origin, kind },
    }
}

/// Reads a table key by key; keys that nobody asked for are a mistake.
pub(super) struct Reader {
    pub(super) origin: Origin,
    /// The field path for errors, e.g. `48.PI`.
    pub(super) path: Option<String>,
    entries: BTreeMap<String, Node>,
}

impl Reader {
    pub(super) fn new(node: Node, path: Option<String>) -> Result<Self, DialectError> {
        match node.kind {
            Kind::Table(entries) => Ok(Self { origin: node.origin, path, entries }),
            other => Err(node.origin.error(path.as_deref(), format!("wanted a table, found {}", other.what()))),
        }
    }

    pub(super) fn error(&self, message: impl Into<String>) -> DialectError {
        self.origin.error(self.path.as_deref(), message)
    }

    pub(super) fn at(&self, origin: &Origin, message: impl Into<String>) -> DialectError {
        origin.error(self.path.as_deref(), message)
    }

    pub(super) fn has(&self, key: &str) -> bool {
        self.entries.contains_key(key)
    }

    pub(super) fn take(&mut self, key: &str) -> Option<Node> {
        self.entries.remove(key)
    }

    pub(super) fn table(&mut self, key: &str) -> Result<Option<Self>, DialectError> {
        self.take(key).map(|node| Self::new(node, self.path.clone())).transpose()
    }

    pub(super) fn text(&mut self, key: &str) -> Result<Option<(String, Origin)>, DialectError> {
        match self.take(key) {
            None => Ok(None),
            Some(Node { kind: Kind::Text(text), origin }) => Ok(Some((text, origin))),
            Some(node) => Err(self.at(&node.origin, format!("`{key}` is a text, found {}", node.kind.what()))),
        }
    }

    pub(super) fn number(&mut self, key: &str, most: usize) -> Result<Option<usize>, DialectError> {
        match self.take(key) {
            None => Ok(None),
            Some(Node { kind: Kind::Integer(number), origin }) => match usize::try_from(number) {
                Ok(number) if number <= most => Ok(Some(number)),
                _ => Err(self.at(&origin, format!("`{key}` is {number}, allowed are 0 to {most}"))),
            },
            Some(node) => Err(self.at(&node.origin, format!("`{key}` is a number, found {}", node.kind.what()))),
        }
    }

    pub(super) fn flag(&mut self, key: &str) -> Result<Option<bool>, DialectError> {
        match self.take(key) {
            None => Ok(None),
            Some(Node { kind: Kind::Flag(flag), .. }) => Ok(Some(flag)),
            Some(node) => Err(self.at(&node.origin, format!("`{key}` is true or false, found {}", node.kind.what()))),
        }
    }

    /// One of a few words.
    pub(super) fn choice<T: Copy>(&mut self, key: &str, words: &[(&str, T)]) -> Result<Option<T>, DialectError> {
        let Some((text, origin)) = self.text(key)? else { return Ok(None) };
        match words.iter().find(|(word, _)| *word == text) {
            Some((_, value)) => Ok(Some(*value)),
            None => {
                let allowed: Vec<_> = words.iter().map(|(word, _)| format!("\"{word}\"")).collect();
                Err(self.at(&origin, format!("`{key}` is \"{text}\", allowed are {}", allowed.join(", "))))
            }
        }
    }

    /// Where each key that is left was written.
    pub(super) fn origins(&self) -> BTreeMap<String, Origin> {
        self.entries.iter().map(|(key, node)| (key.clone(), node.origin.clone())).collect()
    }

    /// Adds what the table does not say itself.
    pub(super) fn fill_in(&mut self, settings: BTreeMap<String, Node>) {
        for (key, node) in settings {
            self.entries.entry(key).or_insert(node);
        }
    }

    /// The rest, in the order of the keys; the reader is empty afterwards.
    pub(super) fn rest(&mut self) -> BTreeMap<String, Node> {
        std::mem::take(&mut self.entries)
    }

    /// Nothing may be left.
    pub(super) fn finish(self) -> Result<(), DialectError> {
        match self.entries.iter().next() {
            None => Ok(()),
            Some((key, node)) => Err(self.at(&node.origin, format!("unknown key `{key}`"))),
        }
    }
}
