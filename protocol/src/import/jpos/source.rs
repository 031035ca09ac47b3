//! The XML of a packager as a tree of fields, each with its line.

use super::super::{ImportError, Remark};
use roxmltree::{Document, Node, ParsingOptions};
use std::collections::BTreeMap;

/// The longest source: the largest packagers known are some 60 KB.
const LONGEST: usize = 4 << 20;

/// The most nodes, entities expanded.
const NODES: u32 = 200_000;

/// How deep fields may stand in one another. Dialect files end at six; what is deeper is not read.
const DEEPEST: usize = 8;

/// The attributes of `isofield`, and those that `isofieldpackager` has besides.
const OF_A_FIELD: [&str; 7] = ["id", "length", "name", "class", "pad", "token", "trim"];
const OF_A_PACKAGER: [&str; 8] = [
    "emitBitmap",
    "bitmapField",
    "thirdBitmapField",
    "firstField",
    "maxValidField",
    "headerLength",
    "tagMapper",
    "params",
];

/// An `isofield` or `isofieldpackager`.
pub(super) struct Field {
    pub(super) line: usize,
    pub(super) number: u32,
    /// Units of the content, as jPOS counts them for the class.
    pub(super) length: usize,
    pub(super) name: String,
    /// The simple name of the class.
    pub(super) class: String,
    /// `pad`: is the spare nibble of packed digits on the left?
    pub(super) pad: bool,
    pub(super) token: Option<String>,
    pub(super) packager: Option<Packager>,
}

/// A packager: the whole, or what is inside a field.
pub(super) struct Packager {
    /// The simple name of its class.
    pub(super) class: String,
    pub(super) emit_bitmap: bool,
    pub(super) bitmap_field: u32,
    pub(super) third_bitmap_field: Option<u32>,
    pub(super) first_field: Option<u32>,
    pub(super) header: usize,
    pub(super) tag_mapper: Option<String>,
    /// The packager's own `token`: as long as its tags.
    pub(super) token: Option<String>,
    pub(super) line: usize,
    pub(super) fields: BTreeMap<u32, Field>,
}

/// Is the root of this text an `isopackager`, whatever comes behind it?
pub(super) fn recognised(text: &str) -> bool {
    let mut rest = text.trim_start_matches('\u{feff}').trim_start();
    loop {
        let end = if rest.starts_with("<?") {
            rest.find("?>").map(|at| at + 2)
        } else if rest.starts_with("<!--") {
            rest.find("-->").map(|at| at + 3)
        } else if rest.starts_with("<!DOCTYPE") {
            // An internal subset ends with a bracket; a `>` before it belongs to a declaration.
            let close = rest.find('>');
            match rest.find('[').filter(|open| close.is_some_and(|close| *open < close)) {
                Some(open) => rest[open..].find("]").map(|at| open + at + 1),
                None => close.map(|at| at + 1),
            }
        } else if let Some(after) = rest.strip_prefix('>') {
            rest = after.trim_start();
            continue;
        } else {
            let name = rest.strip_prefix("<isopackager");
            return name.is_some_and(|after| after.starts_with(|c: char| c.is_whitespace() || c == '>' || c == '/'));
        };
        match end {
            Some(end) => rest = rest[end..].trim_start(),
            None => return false,
        }
    }
}

/// Reads the whole.
pub(super) fn read(file: &str, text: &str, remarks: &mut Vec<Remark>) -> Result<Packager, ImportError> {
    let wrong = |line: usize, message: String| ImportError { file: file.to_owned(), line, message };
    if text.len() > LONGEST {
        return Err(wrong(1, format!("{} bytes; no packager is longer than {LONGEST}", text.len())));
    }
    let options = ParsingOptions { allow_dtd: true, nodes_limit: NODES, ..ParsingOptions::default() };
    let document = Document::parse_with_options(text, options)
        .map_err(|error| wrong(error.pos().row as usize, format!("not well-formed XML: {error}")))?;
    let mut reader = Reader { lines: Lines::of(text), remarks };
    let root = document.root_element();
    let Some(node) = root.descendants().find(|node| node.has_tag_name("isopackager")) else {
        let name = root.tag_name().name();
        return Err(wrong(
            reader.lines.of_node(root),
            format!("the root element is `{name}`, not the `isopackager` of a jPOS packager"),
        ));
    };
    let known = [OF_A_PACKAGER.as_slice(), &["class", "name"]].concat();
    reader.unknown(node, None, &known);
    Ok(reader.packager(node, "GenericPackager".to_owned(), "", DEEPEST))
}

/// Where lines begin, so that a line is found without reading the text again.
struct Lines(Vec<usize>);

impl Lines {
    fn of(text: &str) -> Self {
        Self(text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at).collect())
    }

    fn of_node(&self, node: Node<'_, '_>) -> usize {
        self.0.partition_point(|newline| *newline < node.range().start) + 1
    }
}

struct Reader<'a> {
    lines: Lines,
    remarks: &'a mut Vec<Remark>,
}

impl Reader<'_> {
    fn remark(&mut self, line: usize, field: Option<&str>, message: String) {
        self.remarks.push(Remark { line, field: field.map(str::to_owned), message });
    }

    /// Says which attributes mean nothing here.
    fn unknown(&mut self, node: Node<'_, '_>, path: Option<&str>, known: &[&str]) {
        let line = self.lines.of_node(node);
        for attribute in node.attributes().filter(|attribute| !known.contains(&attribute.name())) {
            let message = format!("the attribute `{}` is not known: nothing is made of it", attribute.name());
            self.remark(line, path, message);
        }
    }

    fn packager(&mut self, node: Node<'_, '_>, class: String, path: &str, left: usize) -> Packager {
        let line = self.lines.of_node(node);
        let field = (!path.is_empty()).then_some(path);
        let mut number = |name: &str| {
            let text = node.attribute(name)?.trim();
            let number = text.parse::<u32>().ok();
            if number.is_none() {
                self.remark(
                    line,
                    field,
                    format!("`{name}` is \"{text}\", which is no number: it is taken as not there"),
                );
            }
            number
        };
        let mut packager = Packager {
            class,
            emit_bitmap: node.attribute("emitBitmap").is_none_or(is_true),
            bitmap_field: number("bitmapField").unwrap_or(1),
            third_bitmap_field: number("thirdBitmapField"),
            first_field: number("firstField"),
            header: number("headerLength").unwrap_or(0) as usize,
            tag_mapper: node.attribute("tagMapper").map(simple),
            token: node.attribute("token").map(str::to_owned),
            line,
            fields: BTreeMap::new(),
        };
        // The number of the last valid field is for the packager's caller; nothing on the wire follows from it.
        number("maxValidField");
        if let Some(params) = node.attribute("params") {
            self.remark(line, field, format!("`params` \"{params}\" go to a program of their own"));
        }
        self.fields(node, &mut packager, path, left);
        packager
    }

    fn fields(&mut self, node: Node<'_, '_>, packager: &mut Packager, path: &str, left: usize) {
        for child in node.children().filter(Node::is_element) {
            let line = self.lines.of_node(child);
            let name = child.tag_name().name();
            if !matches!(name, "isofield" | "isofieldpackager") {
                let place = (!path.is_empty()).then_some(path);
                self.remark(line, place, format!("the element `{name}` is not known: nothing is made of it"));
                continue;
            }
            let Some(field) = self.field(child, path, left) else { continue };
            let number = field.number;
            if packager.fields.insert(number, field).is_some() {
                let again = format!("{path}{}{number}", if path.is_empty() { "" } else { "." });
                self.remark(line, Some(&again), "declared again: the last one counts".to_owned());
            }
        }
    }

    fn field(&mut self, node: Node<'_, '_>, path: &str, left: usize) -> Option<Field> {
        let line = self.lines.of_node(node);
        let id = node.attribute("id").unwrap_or_default().trim();
        let own = if path.is_empty() { id.to_owned() } else { format!("{path}.{id}") };
        let Ok(number) = id.parse::<u32>() else {
            let place = (!path.is_empty()).then_some(path);
            self.remark(line, place, format!("`id` is \"{id}\", which is no number: the field is left out"));
            return None;
        };
        let text = node.attribute("length").unwrap_or_default().trim();
        let Ok(length) = text.parse::<usize>() else {
            self.remark(line, Some(&own), format!("`length` is \"{text}\", which is no number: the field is left out"));
            return None;
        };
        let class = node.attribute("class").unwrap_or_default().trim();
        if class.is_empty() {
            self.remark(line, Some(&own), "no `class`: the field is left out".to_owned());
            return None;
        }
        let nested = node.tag_name().name() == "isofieldpackager";
        if nested {
            self.unknown(node, Some(&own), &[OF_A_FIELD.as_slice(), &OF_A_PACKAGER, &["packager"]].concat());
        } else {
            self.unknown(node, Some(&own), &OF_A_FIELD);
            self.no_children(node, &own);
        }
        self.own_program(line, &own, class, "class");
        if node.attribute("trim").is_some_and(is_true) {
            let message = "`trim`: jPOS takes the blanks off the value, here they stay".to_owned();
            self.remark(line, Some(&own), message);
        }
        Some(Field {
            line,
            number,
            length,
            name: node.attribute("name").unwrap_or_default().trim().to_owned(),
            class: simple(class),
            pad: node.attribute("pad").is_some_and(is_true),
            token: node.attribute("token").map(str::to_owned),
            packager: if nested { self.nested(node, &own, left) } else { None },
        })
    }

    fn nested(&mut self, node: Node<'_, '_>, path: &str, left: usize) -> Option<Packager> {
        let line = self.lines.of_node(node);
        if left == 0 {
            let message = format!("packagers stand in one another more than {DEEPEST} deep: not taken apart");
            self.remark(line, Some(path), message);
            return None;
        }
        let class = node.attribute("packager").unwrap_or_default().trim();
        if class.is_empty() {
            self.remark(line, Some(path), "no `packager`: not taken apart".to_owned());
            return None;
        }
        self.own_program(line, path, class, "packager");
        Some(self.packager(node, simple(class), path, left - 1))
    }

    /// A class of another package may do anything.
    fn own_program(&mut self, line: usize, path: &str, class: &str, what: &str) {
        let package = class.rsplit_once('.').map_or("", |(package, _)| package);
        let jpos = package.is_empty() || package.starts_with("org.jpos.");
        if !jpos {
            let message =
                format!("the {what} {class} is none of jPOS's own: it is read as its namesake, if there is one");
            self.remark(line, Some(path), message);
        }
    }

    fn no_children(&mut self, node: Node<'_, '_>, path: &str) {
        let children: Vec<_> = node.children().filter(Node::is_element).collect();
        for child in children {
            let line = self.lines.of_node(child);
            let message = format!("`{}` inside an `isofield`: nothing is made of it", child.tag_name().name());
            self.remark(line, Some(path), message);
        }
    }
}

/// What Java takes for true.
fn is_true(text: &str) -> bool {
    text.eq_ignore_ascii_case("true")
}

/// A class without its package.
fn simple(class: &str) -> String {
    class.rsplit('.').next().unwrap_or_default().to_owned()
}
