//! JSON and YAML as one tree whose nodes know their line.

use super::{json, yaml};
use std::rc::Rc;

/// The largest text that is read, in bytes: a specification of 128 fields has about 20 KiB.
const LARGEST: usize = 1 << 20;

/// How deep tables may stand in one another.
pub(super) const DEEPEST: usize = 64;

/// How many values a text may have in all, those that an alias repeats counted as often as they are repeated.
pub(super) const MOST: usize = 200_000;

/// How many entries a table may have.
const WIDEST: usize = 4096;

/// What is wrong with a text, and where.
#[derive(Debug)]
pub(super) struct Broken {
    pub(super) line: usize,
    pub(super) message: String,
}

impl Broken {
    pub(super) fn new(line: usize, message: impl Into<String>) -> Self {
        Self { line, message: message.into() }
    }
}

/// One value.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) line: usize,
    pub(super) kind: Kind,
}

/// Shared, so that what an alias repeats is not copied.
#[derive(Clone, Debug)]
pub(super) enum Kind {
    /// In the order of the text; no key twice.
    Table(Rc<Vec<Entry>>),
    List,
    /// A text, a number, or true or false: which of them is for the reader to say.
    Scalar(Rc<str>),
    Null,
}

#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) key: String,
    /// Of the key.
    pub(super) line: usize,
    pub(super) value: Node,
}

impl Node {
    pub(super) fn what(&self) -> &'static str {
        match self.kind {
            Kind::Table(_) => "a table",
            Kind::List => "a list",
            Kind::Scalar(_) => "a single value",
            Kind::Null => "nothing",
        }
    }

    /// The value of a key, in whatever case it is written: Go matches the keys of JSON so, and so do the specifications.
    pub(super) fn get(&self, name: &str) -> Option<&Self> {
        let Kind::Table(entries) = &self.kind else { return None };
        entries.iter().find(|entry| plain(&entry.key) == name).map(|entry| &entry.value)
    }
}

/// A key as it is compared: `disableAutoExpand`, `disableautoexpand` and `disable_auto_expand` are one.
pub(super) fn plain(key: &str) -> String {
    key.chars().filter(|letter| *letter != '_').map(|letter| letter.to_ascii_lowercase()).collect()
}

/// Adds an entry to a table; a key that is there already is an error, since one of the two would be lost.
pub(super) fn add(entries: &mut Vec<Entry>, entry: Entry) -> Result<(), Broken> {
    if let Some(first) = entries.iter().find(|other| other.key == entry.key) {
        let message =
            format!("the key {:?} stands here for the second time, the first is in line {}", entry.key, first.line);
        return Err(Broken::new(entry.line, message));
    }
    if entries.len() == WIDEST {
        return Err(Broken::new(entry.line, format!("a table of more than {WIDEST} entries")));
    }
    entries.push(entry);
    Ok(())
}

/// Reads a text that is JSON if it begins as JSON does, else YAML.
pub(super) fn read(text: &str) -> Result<Node, Broken> {
    if text.len() > LARGEST {
        return Err(Broken::new(1, format!("{} bytes are too many, at most {LARGEST} are read", text.len())));
    }
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if is_json(text) { json::read(text) } else { yaml::read(text) }
}

/// Does it begin with a brace and a quoted key? (YAML knows braces as well, but nobody writes both in YAML.)
pub(super) fn is_json(text: &str) -> bool {
    text.trim_start().strip_prefix('{').is_some_and(|rest| rest.trim_start().starts_with(['"', '}']))
}
