//! YAML as a tree: the events of the parser, put together. Aliases are expanded, within bounds.

use super::notation::{Broken, DEEPEST, Entry, Kind, MOST, Node, add};
use saphyr_parser::{Event, Parser, ScalarStyle, Span};
use std::collections::HashMap;

/// Reads the one document of a text.
pub(super) fn read(text: &str) -> Result<Node, Broken> {
    let mut builder = Builder::default();
    let mut documents = 0;
    let mut last = 1;
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|error| Broken::new(error.marker().line().max(1), error.info()))?;
        last = span.start.line().max(1);
        documents += usize::from(matches!(event, Event::DocumentStart(_)));
        if documents > 1 {
            return Err(Broken::new(last, "a second document begins: a specification is one"));
        }
        builder.event(event, span)?;
    }
    builder.root.ok_or_else(|| Broken::new(last, "there is nothing in it"))
}

/// A table or list that is not complete yet.
struct Open {
    line: usize,
    anchor: usize,
    /// `None` in a list.
    entries: Option<Vec<Entry>>,
    /// The key whose value comes next.
    key: Option<(String, usize)>,
    /// Tables that are merged into this one by `<<`: what it says itself goes before.
    merged: Vec<Node>,
    values: usize,
}

#[derive(Default)]
struct Builder {
    open: Vec<Open>,
    /// What has an anchor, and how many values are in it.
    anchors: HashMap<usize, (Node, usize)>,
    root: Option<Node>,
    values: usize,
}

impl Builder {
    fn event(&mut self, event: Event<'_>, span: Span) -> Result<(), Broken> {
        let line = span.start.line().max(1);
        match event {
            Event::MappingStart(anchor, _) => self.start(line, anchor, Some(Vec::new())),
            Event::SequenceStart(anchor, _) => self.start(line, anchor, None),
            Event::MappingEnd | Event::SequenceEnd => self.end(),
            Event::Scalar(text, style, anchor, _) => {
                let null = style == ScalarStyle::Plain && matches!(&*text, "" | "~" | "null" | "Null" | "NULL");
                let kind = if null { Kind::Null } else { Kind::Scalar(text.into_owned().into()) };
                self.put(Node { line, kind }, 1, anchor)
            }
            Event::Alias(anchor) => match self.anchors.get(&anchor) {
                Some((node, values)) => {
                    // What an alias repeats is walked again: it counts again.
                    let (node, values) = (node.clone(), *values);
                    self.put(node, values, 0)
                }
                None => Err(Broken::new(line, "an alias of what contains it")),
            },
            _ => Ok(()),
        }
    }

    fn start(&mut self, line: usize, anchor: usize, entries: Option<Vec<Entry>>) -> Result<(), Broken> {
        if self.open.len() >= DEEPEST {
            return Err(Broken::new(line, format!("values stand in one another more than {DEEPEST} deep")));
        }
        self.open.push(Open { line, anchor, entries, key: None, merged: Vec::new(), values: 1 });
        Ok(())
    }

    fn end(&mut self) -> Result<(), Broken> {
        let Some(open) = self.open.pop() else { return Ok(()) };
        let kind = match open.entries {
            None => Kind::List,
            Some(mut entries) => {
                for node in open.merged {
                    let Kind::Table(others) = node.kind else {
                        return Err(Broken::new(node.line, "only a table can be merged into another"));
                    };
                    for entry in others.iter() {
                        if !entries.iter().any(|own| own.key == entry.key) {
                            add(&mut entries, entry.clone())?;
                        }
                    }
                }
                Kind::Table(entries.into())
            }
        };
        self.place(Node { line: open.line, kind }, open.values, open.anchor)
    }

    /// A value that is counted, and its place.
    fn put(&mut self, node: Node, values: usize, anchor: usize) -> Result<(), Broken> {
        self.values += values;
        if self.values > MOST {
            return Err(Broken::new(node.line, format!("more than {MOST} values")));
        }
        self.place(node, values, anchor)
    }

    /// A complete value of so many values, in its place.
    fn place(&mut self, node: Node, values: usize, anchor: usize) -> Result<(), Broken> {
        if anchor > 0 {
            self.anchors.insert(anchor, (node.clone(), values));
        }
        let Some(open) = self.open.last_mut() else {
            self.root.get_or_insert(node);
            return Ok(());
        };
        open.values += values;
        let Some(entries) = &mut open.entries else { return Ok(()) };
        match open.key.take() {
            None => match node.kind {
                Kind::Scalar(key) => open.key = Some((key.to_string(), node.line)),
                Kind::Null => open.key = Some((String::new(), node.line)),
                _ => return Err(Broken::new(node.line, format!("{} cannot be a key", node.what()))),
            },
            Some((key, _)) if key == "<<" => open.merged.push(node),
            Some((key, line)) => add(entries, Entry { key, line, value: node })?,
        }
        Ok(())
    }
}
