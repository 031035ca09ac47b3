//! What a nested packager says of elements with tags.

use super::{
    Importer, Made,
    class::{self, Counts, Meaning, Page, Prefix, Tag, Value, Writing},
    inside::{Inside, Reason, Whole},
    source::{Field, Packager},
    wire::{self, Length, Wire},
};
use toml::Table;

impl Importer {
    /// Tags that are the elements' numbers, or what a mapper makes of them.
    pub(super) fn numbered(&mut self, whole: &Whole<'_>) -> Result<Inside, Reason> {
        let packager = whole.packager;
        let mut form: Option<Form> = None;
        let (mut lead, mut members) = (Vec::new(), Vec::new());
        for (number, field) in &packager.fields {
            match class::meaning(&field.class) {
                Some(Meaning::Value(Value {
                    tag: Some(Tag::Numbered { page, width }),
                    prefix: Some(prefix),
                    content,
                })) => {
                    same(&mut form, Form { page, width, prefix })?;
                    members.push((*number, field, Value { tag: None, prefix: Some(prefix), content }));
                }
                // A placeholder.
                _ if *number == 0 && (field.length == 0 || class::meaning(&field.class) == Some(Meaning::Nothing)) => {}
                _ if *number == 0 => lead.push((*number, field)),
                _ => return Err(format!("its element {number} has no tag, or stands before one")),
            }
        }
        let form = form.ok_or("it has no elements with tags")?;
        let digits = match packager.tag_mapper.as_deref() {
            None if packager.class != "GenericTaggedFieldsPackager" => Some(form.width),
            Some("TTDecimalTagMapper") => Some(2),
            Some("TTTDecimalTagMapper") => Some(3),
            _ => None,
        };
        if digits.is_some_and(|digits| digits != form.width) {
            return Err(format!("its tags have {} characters, and its `tagMapper` makes others", form.width));
        }
        if digits.is_none() {
            let mapper = packager.tag_mapper.as_deref().unwrap_or("none");
            let message =
                format!("the `tagMapper` ({mapper}) is a program: which tag is which element is not known here");
            self.remark(packager.line, whole.path, message);
        }
        let left = below(whole, &lead)?;
        let (mut elements, mut text) = (Table::new(), form.is_text());
        for (number, field, value) in members {
            let path = format!("{}.{number}", whole.path);
            let wire = self.tagged(field, &value, &path, left)?;
            text &= wire.text;
            let key = format!("{number:0width$}", width = form.width);
            if key.len() > form.width {
                self.remark(field.line, &path, "its number is too long for a tag: left out");
            } else if digits.is_some() {
                elements.insert(key, wire.settings.into());
            }
        }
        // Elements whose tags are not known may be of any kind.
        self.led(whole, &lead, form.inside(elements, text))
    }

    /// Tags that are the fields' tokens.
    pub(super) fn sequence(&mut self, whole: &Whole<'_>, binary: bool) -> Result<Inside, Reason> {
        let packager = whole.packager;
        let width = packager.token.as_deref().map_or(0, str::len);
        if !(1..=20).contains(&width) || (binary && width % 2 == 1) {
            return Err("its `token` does not say how long tags are".to_owned());
        }
        let (mut form, mut refuse, mut lead) = (None, true, Vec::new());
        let (mut elements, mut text) = (Table::new(), !binary);
        for (number, field) in &packager.fields {
            let path = format!("{}.{number}", whole.path);
            let Some(Meaning::Value(Value { tag: Some(Tag::Token), prefix: Some(prefix), content })) =
                class::meaning(&field.class)
            else {
                if form.is_some() {
                    return Err(format!("its element {number} has no tag, and does not stand before the tags"));
                }
                lead.push((*number, field));
                continue;
            };
            same(&mut form, Form { page: Page::Ascii, width, prefix })?;
            let value = Value { tag: None, prefix: Some(prefix), content };
            let wire = self.tagged(field, &value, &path, below(whole, &lead)?)?;
            text &= wire.text;
            let token = field.token.as_deref().unwrap_or_default();
            if !token.is_empty() && token.bytes().all(|byte| byte == b'#') {
                refuse = false;
                continue;
            }
            let hex = token.bytes().all(|byte| byte.is_ascii_hexdigit());
            let printable = token.bytes().all(|byte| matches!(byte, 0x20..=0x7E));
            if token.len() != width || !printable || (binary && !hex) {
                self.remark(field.line, &path, format!("its token \"{token}\" is no tag here: left out"));
                continue;
            }
            let key = if binary { token.to_ascii_uppercase() } else { token.to_owned() };
            elements.insert(key, wire.settings.into());
        }
        let form = form.ok_or("it has no elements")?;
        let mut inside = form.inside(elements, text && form.is_text());
        if binary {
            let tag: Table = [("format".to_owned(), format!("b{}", width / 2).into())].into_iter().collect();
            inside.put("tag", tag);
        }
        if refuse {
            inside.put("unknown", "refuse");
        }
        self.led(whole, &lead, inside)
    }

    /// What stands before the tags, if anything does, and then the tags, as elements by position.
    fn led(&mut self, whole: &Whole<'_>, lead: &[(u32, &Field)], tags: Inside) -> Result<Inside, Reason> {
        let (mut elements, mut text, mut place) = (Table::new(), tags.text, 1);
        for (number, field) in lead {
            match self.make(field, &format!("{}.{number}", whole.path), whole.left - 1) {
                Made::Wire(wire) => {
                    text &= wire.text;
                    elements.insert(place.to_string(), wire.settings.into());
                    place += 1;
                }
                Made::Nothing => {}
                Made::Missing => return Err(format!("its element {number} cannot be described")),
            }
        }
        if elements.is_empty() {
            return Ok(tags);
        }
        let mut rest = wire::rest(whole.field, tags.text, whole.field.length);
        rest.settings.remove("name");
        rest.settings.extend(tags.settings);
        elements.insert(place.to_string(), rest.settings.into());
        let message = format!("the tags are inside element {place} here, behind what stands before them");
        self.remark(whole.packager.line, whole.path, message);
        let mut inside = Inside::new("positional", text);
        inside.put("optional", true);
        inside.put("elements", elements);
        Ok(inside)
    }

    /// An element behind a tag and its length.
    fn tagged(&mut self, field: &Field, value: &Value, path: &str, left: usize) -> Result<Wire, Reason> {
        let wire = wire::settings(field, value, Length::OfTheTag, false)?;
        Ok(self.finish(field, value.content, wire, path, left))
    }

    /// Datasets of ISO 8583:2023: a byte of identifier, two of length. What is in one depends on its identifier.
    pub(super) fn datasets(&mut self, whole: &Whole<'_>) -> Inside {
        let message = "the inside of its datasets is not taken apart";
        self.remark(whole.packager.line, whole.path, message);
        let prefix = Prefix { writing: Writing::Binary, digits: 3, counts: Counts::Units };
        let mut inside = Form { page: Page::Ascii, width: 1, prefix }.inside(Table::new(), false);
        inside.put("tag", Table::from_iter([("format".to_owned(), "b1".into())]));
        inside
    }
}

/// How deep composites may go inside the elements with tags: what stands before them makes one composite more.
fn below(whole: &Whole<'_>, lead: &[(u32, &Field)]) -> Result<usize, Reason> {
    let deeper = 1 + usize::from(!lead.is_empty());
    whole.left.checked_sub(deeper).ok_or("packagers stand in one another deeper than a dialect file goes".to_owned())
}

/// How the tags and lengths of a packager are written.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Form {
    page: Page,
    width: usize,
    prefix: Prefix,
}

impl Form {
    fn is_text(self) -> bool {
        self.page == Page::Ascii && self.prefix.writing == Writing::Ascii
    }

    fn inside(self, elements: Table, text: bool) -> Inside {
        let mut tag = Table::from_iter([("format".to_owned(), format!("ans{}", self.width).into())]);
        if self.page == Page::Ebcdic {
            tag.insert("encoding".to_owned(), "cp1047".into());
        }
        let mut length = Table::from_iter([("digits".to_owned(), (self.prefix.digits as i64).into())]);
        let prefix = match self.prefix.writing {
            Writing::Ascii => None,
            Writing::Ebcdic => Some("ebcdic"),
            Writing::Bcd => Some("bcd"),
            Writing::Binary => Some("binary"),
        };
        if let Some(prefix) = prefix {
            length.insert("prefix".to_owned(), prefix.into());
        }
        let mut inside = Inside::new("tlv", text);
        inside.put("tag", tag);
        inside.put("length", length);
        if !elements.is_empty() {
            inside.put("elements", elements);
        }
        inside
    }
}

/// All elements of a composite have tags and lengths of one form.
fn same(form: &mut Option<Form>, other: Form) -> Result<(), Reason> {
    match form.replace(other) {
        Some(before) if before != other => Err("its elements have tags or lengths of more than one form".to_owned()),
        _ => Ok(()),
    }
}

pub(super) fn all_numbered(packager: &Packager) -> bool {
    let numbered = |field: &Field| {
        matches!(
            class::meaning(&field.class),
            Some(Meaning::Value(Value { tag: Some(Tag::Numbered { .. }), prefix: Some(_), .. }))
        )
    };
    let mut fields = packager.fields.values().filter(|field| field.number > 0).peekable();
    fields.peek().is_some() && fields.all(numbered)
}
