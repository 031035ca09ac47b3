//! What a nested packager says of the inside of a field.

use super::{
    Importer, Made,
    class::{self, Bits, Content, Meaning, Page},
    source::{Field, Packager},
    tags,
    wire::{self, Wire},
};
use toml::Table;

/// An inside: the settings that a field gets besides, and whether it may stand inside text.
pub(super) struct Inside {
    pub(super) settings: Table,
    pub(super) text: bool,
}

impl Inside {
    pub(super) fn new(word: &str, text: bool) -> Self {
        Self { settings: [("inside".to_owned(), word.into())].into_iter().collect(), text }
    }

    pub(super) fn put(&mut self, key: &str, value: impl Into<toml::Value>) {
        self.settings.insert(key.to_owned(), value.into());
    }
}

/// Why there is no inside.
pub(super) type Reason = String;

/// A field that is to be taken apart: its packager, its path, and how deep composites may still go.
pub(super) struct Whole<'a> {
    pub(super) field: &'a Field,
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
                if tags::all_numbered(packager) {
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
        let last = read.last().map(|(number, _)| *number);
        for (number, field) in read {
            let place = number + shift;
            let path = format!("{}.{number}", whole.path);
            let made = match class::meaning(&field.class) {
                Some(Meaning::Rest(content)) if last == Some(number) => {
                    Made::Wire(wire::rest(field, content != Content::Bytes, field.length))
                }
                _ => self.make(field, &path, whole.left - 1),
            };
            match made {
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
        let form = form(bits, length, true)?;
        let (mut elements, mut text) = (Table::new(), bits == Bits::Hex);
        for (number, field) in self.read(whole, order) {
            let path = format!("{}.{number}", whole.path);
            let announces = (number == 1 && length > 8) || (number == 65 && length > 16);
            if announces || number as usize > 8 * length {
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
}

fn ber(packager: &Packager) -> Result<Inside, Reason> {
    match packager.fields.keys().find(|number| **number > 0) {
        Some(number) => Err(format!("its element {number} stands before or behind the BER-TLV")),
        None => Ok(Inside::new("ber-tlv", false)),
    }
}

/// The form and the bytes of the bitmap that a number is.
pub(super) fn bits_of(packager: &Packager, number: u32) -> Option<(Bits, usize)> {
    let field = packager.fields.get(&number)?;
    match class::meaning(&field.class)? {
        Meaning::Bitmap(bits) => Some((bits, field.length)),
        _ => None,
    }
}

/// A bitmap of so many bytes, as a dialect says it; only one inside a field may have less than eight.
pub(super) fn form(bits: Bits, length: usize, inner: bool) -> Result<Table, Reason> {
    let short = inner && matches!(length, 1..=7);
    if !short && !matches!(length, 8 | 16 | 24) {
        let most = if inner { "1 to 8, 16 and 24" } else { "8, 16 and 24" };
        return Err(format!("its bitmap has {length} bytes; a dialect has {most}"));
    }
    let encoding = match bits {
        Bits::Raw => "raw",
        Bits::Hex => "hex",
        Bits::EbcdicHex => "ebcdic-hex",
    };
    let (key, size) = if short { ("bits", 8 * length as i64) } else { ("blocks", (length / 8) as i64) };
    Ok(Table::from_iter([("encoding".to_owned(), encoding.into()), (key.to_owned(), size.into())]))
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
