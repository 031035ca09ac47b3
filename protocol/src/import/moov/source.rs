//! A field as the specification describes it.

use super::{
    super::draft::Draft,
    names::{Enc, Kind, Prefix, enc, kind, prefix},
    notation::{Entry, Kind as Value, Node, plain},
};

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Padding {
    pub(super) left: bool,
    pub(super) with: char,
}

/// What a composite says of its tags.
#[derive(Clone, Debug, Default)]
pub(super) struct Tag {
    pub(super) length: usize,
    /// `Err` holds a name that is not known.
    pub(super) enc: Option<Result<Enc, String>>,
    pub(super) padding: Option<Padding>,
    pub(super) by_hex: bool,
    pub(super) skips_unknown: bool,
    pub(super) unknown: Option<Prefix>,
}

/// A field, or a part of one.
#[derive(Clone, Debug)]
pub(super) struct Field {
    /// Where it begins.
    pub(super) line: usize,
    /// Its number, and the keys of the parts down to it: `48.1`.
    pub(super) path: String,
    /// As it stands among its like.
    pub(super) key: String,
    /// `Err` holds a name that is not known, as in `enc` and `prefix`; empty if there is none.
    pub(super) kind: Result<Kind, String>,
    pub(super) length: usize,
    pub(super) name: String,
    pub(super) enc: Result<Enc, String>,
    pub(super) prefix: Result<Prefix, String>,
    pub(super) padding: Option<Padding>,
    pub(super) tag: Option<Tag>,
    pub(super) parts: Vec<Field>,
    pub(super) bitmap: Option<Box<Field>>,
    pub(super) never_expands: bool,
}

impl Field {
    /// Reads a field and all that is in it; what it says besides is remarked.
    pub(super) fn read(draft: &mut Draft, key: &str, path: &str, line: usize, node: &Node) -> Option<Self> {
        let Value::Table(entries) = &node.kind else {
            draft.remark(line, Some(path), format!("{} is no description of a field: left out", node.what()));
            return None;
        };
        let mut field = Self {
            line,
            path: path.to_owned(),
            key: key.to_owned(),
            kind: Err(String::new()),
            length: 0,
            name: String::new(),
            enc: Err(String::new()),
            prefix: Err(String::new()),
            padding: None,
            tag: None,
            parts: Vec::new(),
            bitmap: None,
            never_expands: false,
        };
        for entry in entries.iter() {
            field.entry(draft, entry);
        }
        Some(field)
    }

    fn entry(&mut self, draft: &mut Draft, entry: &Entry) {
        let mut at = At { draft, path: &self.path, entry };
        match plain(&entry.key).as_str() {
            "type" => self.kind = at.text().map_or_else(|| Err(String::new()), |name| kind(&name).ok_or(name)),
            "length" => self.length = at.number().unwrap_or(0),
            "description" => self.name = at.text().unwrap_or_default(),
            "enc" => self.enc = at.text().map_or_else(|| Err(String::new()), |name| enc(&name).ok_or(name)),
            "prefix" => self.prefix = at.text().map_or_else(|| Err(String::new()), |name| prefix(&name).ok_or(name)),
            "padding" => self.padding = at.padding(),
            "tag" => self.tag = at.tag(),
            "disableautoexpand" => self.never_expands = at.flag().unwrap_or(false),
            "bitmap" => {
                let path = format!("{}.bitmap", self.path);
                self.bitmap = Self::read(at.draft, "bitmap", &path, entry.line, &entry.value).map(Box::new);
            }
            "subfields" => match &entry.value.kind {
                Value::Table(parts) => {
                    for part in parts.iter() {
                        let path = format!("{}.{}", self.path, part.key);
                        self.parts.extend(Self::read(at.draft, &part.key, &path, part.line, &part.value));
                    }
                }
                Value::Null => {}
                _ => at.wrong("a table of fields"),
            },
            _ => at.unknown(),
        }
    }
}

/// One entry of a field, for reading it.
struct At<'a> {
    draft: &'a mut Draft,
    path: &'a str,
    entry: &'a Entry,
}

impl At<'_> {
    fn remark(&mut self, message: impl Into<String>) {
        self.draft.remark(self.entry.line, Some(self.path), message);
    }

    fn unknown(&mut self) {
        let message = format!("the key `{}` is not known: left out", self.entry.key);
        self.remark(message);
    }

    fn wrong(&mut self, wanted: &str) {
        let message = format!("`{}` is {wanted}, found {}: left out", self.entry.key, self.entry.value.what());
        self.remark(message);
    }

    fn text(&mut self) -> Option<String> {
        match &self.entry.value.kind {
            Value::Scalar(text) => Some(text.to_string()),
            Value::Null => None,
            _ => {
                self.wrong("a text");
                None
            }
        }
    }

    fn number(&mut self) -> Option<usize> {
        let text = self.text()?;
        let number = text.parse().ok().filter(|number| *number < 1_000_000_000);
        if number.is_none() {
            let message = format!("`{}` is \"{text}\", wanted a number: left out", self.entry.key);
            self.remark(message);
        }
        number
    }

    fn flag(&mut self) -> Option<bool> {
        let text = self.text()?;
        let flag = text.to_ascii_lowercase().parse().ok();
        if flag.is_none() {
            let message = format!("`{}` is \"{text}\", wanted true or false: left out", self.entry.key);
            self.remark(message);
        }
        flag
    }

    /// The entries of a table in the place of this one.
    fn each(&mut self, wanted: &str, mut read: impl FnMut(&mut At<'_>, &str)) -> bool {
        let Value::Table(entries) = &self.entry.value.kind else {
            if !matches!(self.entry.value.kind, Value::Null) {
                self.wrong(wanted);
            }
            return false;
        };
        for entry in entries.iter() {
            let mut at = At { draft: &mut *self.draft, path: self.path, entry };
            read(&mut at, &plain(&entry.key));
        }
        true
    }

    fn padding(&mut self) -> Option<Padding> {
        let (mut kind, mut with) = (String::new(), String::new());
        let there = self.each("a table of `type` and `pad`", |at, key| match key {
            "type" => kind = at.text().unwrap_or_default(),
            "pad" => with = at.text().unwrap_or_default(),
            _ => at.unknown(),
        });
        let left = match kind.to_ascii_lowercase().as_str() {
            "left" => true,
            "right" => false,
            // moov writes what its padder holds, which is nothing.
            "none" => return None,
            _ if !there => return None,
            _ => {
                self.remark(format!("the padding \"{kind}\" is not known: left out"));
                return None;
            }
        };
        let mut letters = with.chars();
        match (letters.next(), letters.next()) {
            (Some(with), None) => Some(Padding { left, with }),
            _ => {
                self.remark(format!(
                    "a padding with \"{with}\" is none: one character is wanted, and moov pads nothing"
                ));
                None
            }
        }
    }

    fn tag(&mut self) -> Option<Tag> {
        let mut tag = Tag::default();
        let there = self.each("a table", |at, key| match key {
            "length" => tag.length = at.number().unwrap_or(0),
            "enc" => tag.enc = at.text().filter(|name| !name.is_empty()).map(|name| enc(&name).ok_or(name)),
            "padding" => tag.padding = at.padding(),
            "sort" => match at.text().as_deref() {
                None | Some("" | "StringsByInt") => {}
                Some("StringsByHex") => tag.by_hex = true,
                Some(other) => at.remark(format!("the order \"{other}\" is not known: taken as StringsByInt")),
            },
            "skipunknowntlvtags" => tag.skips_unknown = at.flag().unwrap_or(false),
            // Unknown tags are always kept, where they are let in.
            "storeunknowntlvtags" => {
                at.flag();
            }
            "prefunknowntlv" => {
                let name = at.text().filter(|name| !name.is_empty());
                tag.unknown = name.and_then(|name| {
                    let known = prefix(&name);
                    if known.is_none() {
                        at.remark(format!("the prefix \"{name}\" of unknown tags is not known: left out"));
                    }
                    known
                });
            }
            _ => at.unknown(),
        });
        there.then_some(tag)
    }
}
