//! What a nested packager says of the inside of a field.

use super::{
    Importer, Made,
    class::{self, Bits, Content, Meaning, Page, Prefix, Tag, Value, Writing},
    source::{Field, Packager},
    wire::{self, Length, Wire},
};
use toml::Table;

/// An inside: the settings that a field gets besides, and whether it may stand inside text.
pub(super) struct Inside {
    pub(super) settings: Table,
    pub(super) text: bool,
}

impl Inside {
    fn new(word: &str, text: bool) -> Self {
        Self { settings: [("inside".to_owned(), word.into())].into_iter().collect(), text }
    }

    fn put(&mut self, key: &str, value: impl Into<toml::Value>) {
        self.settings.insert(key.to_owned(), value.into());
    }
}

/// Why there is no inside.
type Reason = String;

/// A field that is to be taken apart: its packager, its path, and how deep composites may still go.
pub(super) struct Whole<'a> {
    pub(super) packager: &'a Packager,
    pub(super) path: &'a str,
    pub(super) left: usize,
}

/// How a packager reads positions and bits.
struct Order {
    /// The number from which on it reads.
    first: u32,
    /// Does it read number 0 before all else?
    zero: bool,
    /// The number of the bitmap.
    bitmap: Option<u32>,
    /// Does it stop at the end of the value, whatever should follow?
    optional: bool,
}

impl Importer {
    /// The inside that `whole` declares.
    pub(super) fn inside(&mut self, whole: &Whole<'_>) -> Result<Inside, Reason> {
        let packager = whole.packager;
        if whole.left == 0 {
            return Err("packagers stand in one another deeper than a dialect file goes".to_owned());
        }
        if packager.header > 0 {
            return Err(format!("a header of {} bytes stands inside it", packager.header));
        }
        match packager.class.as_str() {
            "BERTLVBinaryPackager" | "DefaultICCBERTLVPackager" | "ICCDataPackager" => ber(packager),
            "DatasetPackager" => Ok(self.datasets(whole)),
            "TaggedSequencePackager" => self.sequence(whole, false),
            "BinaryHexTaggedSequencePackager" => self.sequence(whole, true),
            "GenericTaggedFieldsPackager" | "EuroSubFieldPackager" | "MasterCardEBCDICSubFieldPackager" => {
                self.numbered(whole)
            }
            "GenericPackager"
            | "GenericValidatingPackager"
            | "GenericSubFieldPackager"
            | "Base1SubFieldPackager"
            | "CTCSubFieldPackager" => {
                if all_numbered(packager) {
                    return self.numbered(whole);
                }
                let order = self.order(whole);
                match order.bitmap {
                    Some(number) => self.bits(whole, &order, number),
                    None => self.positions(whole, &order),
                }
            }
            other => Err(format!("what the packager {other} does is a program of its own")),
        }
    }

    fn order(&mut self, whole: &Whole<'_>) -> Order {
        let packager = whole.packager;
        let is_bitmap = |number: u32| bits_of(packager, number).is_some();
        match packager.class.as_str() {
            "Base1SubFieldPackager" if is_bitmap(0) => {
                Order { first: 1, zero: false, bitmap: Some(0), optional: false }
            }
            "Base1SubFieldPackager" | "CTCSubFieldPackager" => {
                Order { first: 0, zero: false, bitmap: None, optional: true }
            }
            class => {
                let zero_is_composite = packager.fields.get(&0).is_some_and(|zero| zero.packager.is_some());
                let usual = match (zero_is_composite, is_bitmap(1)) {
                    (true, _) => 0,
                    (_, true) => 2,
                    (_, false) => 1,
                };
                let bitmap = packager.emit_bitmap.then_some(packager.bitmap_field);
                if let Some(number) = bitmap.filter(|number| !is_bitmap(*number)) {
                    let message = format!("`emitBitmap` is not false, but {number} is no bitmap: read by position");
                    self.remark(packager.line, whole.path, message);
                }
                let sub = class == "GenericSubFieldPackager";
                Order {
                    first: packager.first_field.unwrap_or(usual),
                    zero: !sub,
                    bitmap: bitmap.filter(|number| is_bitmap(*number)),
                    optional: sub,
                }
            }
        }
    }

    /// The elements that are read, in their order.
    fn read<'a>(&mut self, whole: &Whole<'a>, order: &Order) -> Vec<(u32, &'a Field)> {
        let mut read = Vec::new();
        for (number, field) in &whole.packager.fields {
            let bitmap = order.bitmap == Some(*number);
            if *number >= order.first && !bitmap || *number == 0 && order.zero && bits_of(whole.packager, 0).is_none() {
                read.push((*number, field));
            } else if !bitmap && field.length > 0 && !matches!(class::meaning(&field.class), Some(Meaning::Nothing)) {
                let message = format!("never read: the packager begins with {}", order.first);
                self.remark(field.line, &format!("{}.{number}", whole.path), message);
            }
        }
        read
    }

    fn positions(&mut self, whole: &Whole<'_>, order: &Order) -> Result<Inside, Reason> {
        let read = self.read(whole, order);
        let shift = u32::from(read.first().is_some_and(|(number, _)| *number == 0));
        let (mut elements, mut text) = (Table::new(), true);
        for (number, field) in read {
            let place = number + shift;
            let path = format!("{}.{number}", whole.path);
            match self.make(field, &path, whole.left - 1) {
                Made::Wire(wire) if place <= u32::from(u8::MAX) => {
                    text &= wire.text;
                    elements.insert(place.to_string(), wire.settings.into());
                }
                Made::Wire(_) => return Err(format!("it has an element {number}; places end at 255")),
                Made::Nothing => {}
                Made::Missing => return Err(format!("its element {number} cannot be described")),
            }
        }
        if elements.is_empty() {
            return Err("it has no elements".to_owned());
        }
        if shift == 1 {
            let message = "the elements are numbered from 1 here: each has the number after jPOS's";
            self.remark(whole.packager.line, whole.path, message);
        }
        let mut inside = Inside::new("positional", text);
        if order.optional {
            inside.put("optional", true);
        }
        inside.put("elements", elements);
        Ok(inside)
    }

    fn bits(&mut self, whole: &Whole<'_>, order: &Order, bitmap: u32) -> Result<Inside, Reason> {
        let Some((bits, length)) = bits_of(whole.packager, bitmap) else { return Err("no bitmap".to_owned()) };
        let form = form(bits, length)?;
        let blocks = length / 8;
        let (mut elements, mut text) = (Table::new(), bits == Bits::Hex);
        for (number, field) in self.read(whole, order) {
            let path = format!("{}.{number}", whole.path);
            let announces = (number == 1 && blocks > 1) || (number == 65 && blocks > 2);
            if announces || number as usize > 64 * blocks {
                self.remark(field.line, &path, "no bit of the inner bitmap stands for it");
                continue;
            }
            match self.make(field, &path, whole.left - 1) {
                Made::Nothing if number == 0 => {}
                Made::Wire(_) if number == 0 => return Err("an element stands before its bitmap".to_owned()),
                Made::Wire(wire) => {
                    text &= wire.text;
                    elements.insert(number.to_string(), wire.settings.into());
                }
                Made::Nothing | Made::Missing => return Err(format!("its element {number} cannot be described")),
            }
        }
        if elements.is_empty() {
            return Err("it has no elements".to_owned());
        }
        let mut inside = Inside::new("bitmap", text);
        inside.put("bitmap", form);
        inside.put("elements", elements);
        Ok(inside)
    }

    /// Tags that are the elements' numbers, or what a mapper makes of them.
    fn numbered(&mut self, whole: &Whole<'_>) -> Result<Inside, Reason> {
        let packager = whole.packager;
        let mut form: Option<Form> = None;
        let mut members = Vec::new();
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
                _ if *number == 0 => return Err("something stands before the first tag".to_owned()),
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
        let (mut elements, mut text) = (Table::new(), form.is_text());
        for (number, field, value) in members {
            let path = format!("{}.{number}", whole.path);
            let wire = self.tagged(field, &value, &path, whole.left - 1)?;
            text &= wire.text;
            let key = format!("{number:0width$}", width = form.width);
            if key.len() > form.width {
                self.remark(field.line, &path, "its number is too long for a tag: left out");
            } else if digits.is_some() {
                elements.insert(key, wire.settings.into());
            }
        }
        // Elements whose tags are not known may be of any kind.
        Ok(form.inside(elements, text))
    }

    /// Tags that are the fields' tokens.
    fn sequence(&mut self, whole: &Whole<'_>, binary: bool) -> Result<Inside, Reason> {
        let packager = whole.packager;
        let width = packager.token.as_deref().map_or(0, str::len);
        if !(1..=20).contains(&width) || (binary && width % 2 == 1) {
            return Err("its `token` does not say how long tags are".to_owned());
        }
        let (mut form, mut refuse) = (None, true);
        let (mut elements, mut text) = (Table::new(), !binary);
        for (number, field) in &packager.fields {
            let path = format!("{}.{number}", whole.path);
            let Some(Meaning::Value(Value { tag: Some(Tag::Token), prefix: Some(prefix), content })) =
                class::meaning(&field.class)
            else {
                return Err(format!("its element {number} has no tag"));
            };
            same(&mut form, Form { page: Page::Ascii, width, prefix })?;
            let value = Value { tag: None, prefix: Some(prefix), content };
            let wire = self.tagged(field, &value, &path, whole.left - 1)?;
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
        Ok(inside)
    }

    /// An element behind a tag and its length.
    fn tagged(&mut self, field: &Field, value: &Value, path: &str, left: usize) -> Result<Wire, Reason> {
        let wire = wire::settings(field, value, Length::OfTheTag, false)?;
        Ok(self.finish(field, value.content, wire, path, left))
    }

    /// Datasets of ISO 8583:2023: a byte of identifier, two of length. What is in one depends on its identifier.
    fn datasets(&mut self, whole: &Whole<'_>) -> Inside {
        let message = "the inside of its datasets is not taken apart";
        self.remark(whole.packager.line, whole.path, message);
        let prefix = Prefix { writing: Writing::Binary, digits: 3, counts: class::Counts::Units };
        let mut inside = Form { page: Page::Ascii, width: 1, prefix }.inside(Table::new(), false);
        inside.put("tag", Table::from_iter([("format".to_owned(), "b1".into())]));
        inside
    }
}

fn ber(packager: &Packager) -> Result<Inside, Reason> {
    match packager.fields.keys().find(|number| **number > 0) {
        Some(number) => Err(format!("its element {number} stands before or behind the BER-TLV")),
        None => Ok(Inside::new("ber-tlv", false)),
    }
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

fn all_numbered(packager: &Packager) -> bool {
    let numbered = |field: &Field| {
        matches!(
            class::meaning(&field.class),
            Some(Meaning::Value(Value { tag: Some(Tag::Numbered { .. }), prefix: Some(_), .. }))
        )
    };
    let mut fields = packager.fields.values().filter(|field| field.number > 0).peekable();
    fields.peek().is_some() && fields.all(numbered)
}

/// The form and the bytes of the bitmap that a number is.
pub(super) fn bits_of(packager: &Packager, number: u32) -> Option<(Bits, usize)> {
    let field = packager.fields.get(&number)?;
    match class::meaning(&field.class)? {
        Meaning::Bitmap(bits) => Some((bits, field.length)),
        _ => None,
    }
}

/// A bitmap of so many bytes, as a dialect says it.
pub(super) fn form(bits: Bits, length: usize) -> Result<Table, Reason> {
    if !matches!(length, 8 | 16 | 24) {
        return Err(format!("its bitmap has {length} bytes; a dialect has 8, 16 and 24"));
    }
    let encoding = match bits {
        Bits::Raw => "raw",
        Bits::Hex => "hex",
        Bits::EbcdicHex => "ebcdic-hex",
    };
    let blocks = (length / 8) as i64;
    Ok(Table::from_iter([("encoding".to_owned(), encoding.into()), ("blocks".to_owned(), blocks.into())]))
}

/// Puts an inside into the field it belongs to.
pub(super) fn join(outer: Content, mut wire: Wire, inside: Inside) -> Result<Wire, (Wire, Reason)> {
    let fits = match outer {
        Content::Bytes | Content::Hex(_) => true,
        Content::Text(Page::Ascii) | Content::Number(Page::Ascii) => {
            if !inside.text {
                wire = wire.into_bytes();
            }
            true
        }
        Content::Text(Page::Ebcdic) | Content::Number(Page::Ebcdic) | Content::Packed { .. } => inside.text,
        Content::Amount(_) | Content::PackedAmount | Content::Nibbles { .. } => false,
    };
    if !fits {
        return Err((wire, "its elements are no text, and jPOS takes them from text that it has recoded".to_owned()));
    }
    wire.settings.extend(inside.settings);
    Ok(wire)
}
