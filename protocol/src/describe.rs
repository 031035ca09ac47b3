//! A message as a person reads it: named values, nested where the dialect declares an inside, masked by sensitivity; and
//! the way back, from such values to a message.
//!
//! Tools make tables and JSON of [`elements`], and messages of JSON with [`message`]: text as it is, binary as upper-case
//! hex, a composite as its elements. An element that occurs more than once stands in the list more than once.

use crate::{
    Dialect, FieldError, FieldSet, Message, Mti,
    class::Class,
    dialect::Sensitivity,
    error::Reason,
    field::{Coding, Spec},
};
use std::{borrow::Cow, fmt, sync::Arc};

/// One field, or one element inside a composite.
#[derive(Clone, PartialEq, Eq)]
pub struct Element {
    /// The number of the field (`2`), or the tag or number of the element (`9F26`, `01`).
    pub key: String,
    /// Its name in the dialect, empty where it has none.
    pub name: String,
    /// How it may be shown.
    pub sensitivity: Sensitivity,
    /// What it holds.
    pub value: Value,
}

/// What a field holds.
#[derive(Clone, PartialEq, Eq)]
pub enum Value {
    /// Text, or binary as upper-case hex.
    Text(String),
    /// The elements inside, in order.
    Elements(Vec<Element>),
}

impl Element {
    /// An element to build a message from; name and sensitivity come from the dialect there.
    #[must_use]
    pub fn new(key: impl Into<String>, value: Value) -> Self {
        Self { key: key.into(), name: String::new(), sensitivity: Sensitivity::Secret, value }
    }

    /// The value masked as its sensitivity asks; `None` for a composite.
    #[must_use]
    pub fn masked(&self) -> Option<String> {
        match &self.value {
            Value::Text(text) => Some(masked(self.sensitivity, text)),
            Value::Elements(_) => None,
        }
    }
}

impl fmt::Debug for Element {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.value {
            Value::Text(text) => write!(f, "{}={}", self.key, masked(self.sensitivity, text)),
            Value::Elements(elements) => write!(f, "{}={elements:?}", self.key),
        }
    }
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(&masked(Sensitivity::Secret, text)),
            Self::Elements(elements) => elements.fmt(f),
        }
    }
}

/// A value that could not be made into a field.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ElementError {
    /// Where: `55`, `55.9F26`.
    pub path: String,
    /// Why; never the value.
    pub reason: ElementReason,
}

/// Why a value could not be made into a field.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum ElementReason {
    /// The key is no data element from 2 to 192.
    NoField,
    /// The value is binary, and the text is not an even number of hex characters.
    NoHex,
    /// The key is no element of this composite.
    NoElement,
    /// Elements were given, but the dialect declares no inside for this field.
    NoComposite,
    /// The value does not fit.
    Field(Reason),
}

impl fmt::Display for ElementError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DE{}: ", self.path)?;
        match self.reason {
            ElementReason::NoField => f.write_str("wanted the number of a data element, 2 to 192"),
            ElementReason::NoHex => f.write_str("a binary value is written as an even number of hex characters"),
            ElementReason::NoElement => f.write_str("the dialect does not define this element"),
            ElementReason::NoComposite => f.write_str("the dialect declares nothing inside this field"),
            ElementReason::Field(reason) => reason.fmt(f),
        }
    }
}
impl std::error::Error for ElementError {}

/// The fields of a message in order.
#[must_use]
pub fn elements(message: &Message) -> Vec<Element> {
    message
        .fields()
        .map(|field| Element {
            key: field.to_string(),
            name: message.label(field).map(|label| label.name.clone()).unwrap_or_default(),
            sensitivity: message.label(field).map_or(Sensitivity::Secret, |label| label.sensitivity),
            value: match message.composite(field) {
                Some(composite) => Value::Elements(composite.elements()),
                None => Value::Text(message.text(field).unwrap_or_default()),
            },
        })
        .collect()
}

/// A message from named values.
///
/// # Errors
/// The first value that does not fit, with its path.
pub fn message(dialect: &Arc<Dialect>, mti: Mti, elements: &[Element]) -> Result<Message, ElementError> {
    let mut message = Message::new(dialect, mti);
    for element in elements {
        set(&mut message, element).map_err(|(below, reason)| {
            let dot = if below.is_empty() { "" } else { "." };
            ElementError { path: format!("{}{dot}{below}", element.key), reason }
        })?;
    }
    Ok(message)
}

fn set(message: &mut Message, element: &Element) -> Result<(), (String, ElementReason)> {
    let here = |reason| (String::new(), reason);
    let field = element.key.parse().ok().filter(|field| (2..=FieldSet::MAX).contains(field));
    let field: u8 = field.ok_or(here(ElementReason::NoField))?;
    let set = match &element.value {
        Value::Text(text) => {
            let logical = from_text(message.spec(field), text).ok_or(here(ElementReason::NoHex))?;
            message.set(field, &logical)
        }
        Value::Elements(below) => {
            let mut composite = message.new_composite(field).ok_or(here(ElementReason::NoComposite))?;
            composite.push_elements(below)?;
            message.set_composite(field, &composite)
        }
    };
    set.map_err(|FieldError { reason, .. }| here(ElementReason::Field(reason)))
}

/// A logical value as text; binary as upper-case hex. Text of which not every character is known that is not UTF-8, or that
/// has control characters, which are not for a terminal, is written as `0x` and hex (and so is such text that would look
/// like that itself), so that [`from_text`] finds the same bytes again.
pub(crate) fn text(spec: &Spec, logical: &[u8]) -> String {
    match std::str::from_utf8(logical) {
        _ if spec.class == Class::B => hex(logical),
        Ok(text) if !loose(spec) || !(escaped(text).is_some() || text.contains(char::is_control)) => text.to_owned(),
        _ => format!("0x{}", hex(logical)),
    }
}

/// A logical value from its text; `None` where hex is wanted and not given.
pub(crate) fn from_text<'a>(spec: &Spec, text: &'a str) -> Option<Cow<'a, [u8]>> {
    match (spec.class, spec.coding) {
        (Class::B, _) => unhex(text).map(Cow::Owned),
        _ if loose(spec) => Some(escaped(text).map_or(Cow::Borrowed(text.as_bytes()), Cow::Owned)),
        _ => Some(Cow::Borrowed(text.as_bytes())),
    }
}

/// May there be any characters in it?
fn loose(spec: &Spec) -> bool {
    spec.coding == Coding::Bytes || !spec.checked
}

fn escaped(text: &str) -> Option<Vec<u8>> {
    unhex(text.strip_prefix("0x")?)
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    use fmt::Write;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02X}");
        text
    })
}

/// Bytes from an even number of hex characters.
pub(crate) fn unhex(text: &str) -> Option<Vec<u8>> {
    let (pairs, odd) = text.as_bytes().as_chunks::<2>();
    let digit = |byte: u8| (byte as char).to_digit(16).map(|digit| digit as u8);
    let bytes = pairs.iter().map(|[high, low]| Some(digit(*high)? << 4 | digit(*low)?)).collect();
    if odd.is_empty() { bytes } else { None }
}

/// A value masked as its sensitivity asks: a card number keeps six and four of at least thirteen, the rest only its length.
#[must_use]
pub fn masked(sensitivity: Sensitivity, text: &str) -> String {
    let count = text.chars().count();
    match sensitivity {
        Sensitivity::Public => text.to_owned(),
        Sensitivity::Pan if count >= 13 && text.is_ascii() => {
            format!("{}{}{}", &text[..6], "*".repeat(count - 10), &text[count - 4..])
        }
        Sensitivity::Pan => "*".repeat(count),
        Sensitivity::Private | Sensitivity::Secret => format!("[{count} hidden]"),
    }
}

pub(crate) fn debug(message: &Message, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    write!(f, "{}", message.mti())?;
    for element in elements(message) {
        write!(f, " {element:?}")?;
    }
    Ok(())
}
