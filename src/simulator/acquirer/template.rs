//! What a payment of the load looks like: a message with the fields that stay, and the lists and ranges of what varies.
//!
//! ```toml
//! mti = "0200"
//! cards = ["4111111111111111", "5413330089010012"]   # taken in turn; DE2 and the head of DE35
//! amount = [100, 99999]                              # DE4, minor units, spread over the range
//! terminals = ["TERM0001", "TERM0002"]               # DE41, one a connection, in turn
//!
//! [fields]
//! 3 = "000000"
//! 41 = "TERM0001"
//! ```
//!
//! DE7, 11, 12, 13 and 37 are made for each payment where the template has them; their values there only hold the place.
//! The same structure may be given as JSON. Field values are those of `banklink encode`.

use banklink_protocol::{Dialect, FieldError, Message, Mti, dialect::Version};
use serde::Deserialize;
use std::{collections::BTreeMap, fmt, sync::Arc};

/// Most prepared messages (cards × terminals) of one template.
pub const VARIANTS: usize = 65_536;

/// A template. Holds card numbers: it cannot print itself.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Template {
    mti: String,
    #[serde(default)]
    cards: Vec<String>,
    #[serde(default)]
    terminals: Vec<String>,
    amount: Option<(u64, u64)>,
    fields: BTreeMap<String, String>,
}

/// A template that cannot be used.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TemplateError(pub String);

impl fmt::Display for TemplateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
impl std::error::Error for TemplateError {}

/// A purchase as a terminal sends it: 17 fields (1987).
const PURCHASE_1987: &str = r#"
mti = "0200"
cards = ["4111111111111111", "5413330089010012", "4000001234567899", "5500000000000004"]
amount = [100, 9999]
[fields]
2 = "4111111111111111"
3 = "000000"
4 = "000000001000"
7 = "0101000000"
11 = "000001"
12 = "000000"
13 = "0101"
14 = "2912"
18 = "5411"
22 = "051"
25 = "00"
32 = "123456"
35 = "4111111111111111=29121010000012345"
37 = "000000000001"
41 = "TERM0001"
42 = "MERCHANT0000001"
49 = "840"
"#;

/// The same purchase as the 1993 edition writes it.
const PURCHASE_1993: &str = r#"
mti = "1200"
cards = ["4111111111111111", "5413330089010012", "4000001234567899", "5500000000000004"]
amount = [100, 9999]
[fields]
2 = "4111111111111111"
3 = "000000"
4 = "000000001000"
7 = "0101000000"
11 = "000001"
12 = "260101000000"
14 = "2912"
22 = "510101513344"
24 = "200"
26 = "5411"
32 = "123456"
35 = "4111111111111111=29121010000012345"
37 = "000000000001"
41 = "TERM0001"
42 = "MERCHANT0000001"
49 = "840"
"#;

impl Template {
    /// The purchase that is sent where no template is given.
    #[must_use]
    pub fn purchase(version: Version) -> Self {
        let text = if version == Version::V1987 { PURCHASE_1987 } else { PURCHASE_1993 };
        toml::from_str(text).expect("the shipped templates are well-formed")
    }

    /// From a file's text: JSON where it starts with `{`, else TOML.
    ///
    /// # Errors
    /// Not well-formed; names the line.
    pub fn parse(text: &str) -> Result<Self, TemplateError> {
        let parsed: Self = if text.trim_start().starts_with('{') {
            serde_json::from_str(text).map_err(|error| TemplateError(error.to_string()))?
        } else {
            toml::from_str(text).map_err(|error| TemplateError(error.message().to_owned()))?
        };
        if parsed.cards.iter().any(|card| card.is_empty() || !card.bytes().all(|byte| byte.is_ascii_digit())) {
            return Err(TemplateError("cards: digits only".into()));
        }
        match parsed.amount {
            Some((low, high)) if low > high => Err(TemplateError(format!("amount: {low} lies above {high}"))),
            _ => Ok(parsed),
        }
    }

    /// The same with other card numbers.
    #[must_use]
    pub fn with_cards(mut self, cards: Vec<String>) -> Self {
        self.cards = cards;
        self
    }

    /// The same with other terminals.
    #[must_use]
    pub fn with_terminals(mut self, terminals: Vec<String>) -> Self {
        self.terminals = terminals;
        self
    }

    /// The same with amounts spread from `low` to `high`, minor units.
    #[must_use]
    pub fn with_amounts(mut self, low: u64, high: u64) -> Self {
        self.amount = Some((low, high.max(low)));
        self
    }

    /// The same with one field set to another value.
    #[must_use]
    pub fn with_field(mut self, field: u8, value: &str) -> Self {
        self.fields.insert(field.to_string(), value.to_owned());
        self
    }

    /// Lowest and highest amount; `None` keeps the template's.
    #[must_use]
    pub fn amounts(&self) -> Option<(u64, u64)> {
        self.amount
    }

    /// Number of cards to take in turn.
    #[must_use]
    pub fn cards(&self) -> usize {
        self.cards.len().max(1)
    }

    /// Number of terminals to take in turn.
    #[must_use]
    pub fn terminals(&self) -> usize {
        self.terminals.len().max(1)
    }

    /// The message for the `card`-th card at the `terminal`-th terminal.
    ///
    /// # Errors
    /// A field that does not exist or does not fit the dialect.
    pub fn message(&self, dialect: &Arc<Dialect>, card: usize, terminal: usize) -> Result<Message, TemplateError> {
        let mti: Mti = self.mti.parse().map_err(|why| TemplateError(format!("mti: {why}")))?;
        if !mti.is_request() {
            return Err(TemplateError(format!("mti: {mti} is not answered")));
        }
        let mut message = Message::new(dialect, mti);
        for (name, value) in &self.fields {
            let field = name.parse().ok().filter(|field| (2..=192).contains(field));
            let field = field.ok_or_else(|| TemplateError(format!("fields: {name:?} is not a field from 2 to 192")))?;
            self.set(&mut message, field, value, card, terminal).map_err(|error| TemplateError(error.to_string()))?;
        }
        Ok(message)
    }

    fn set(
        &self,
        message: &mut Message,
        field: u8,
        value: &str,
        card: usize,
        terminal: usize,
    ) -> Result<(), FieldError> {
        match (field, self.cards.get(card), self.terminals.get(terminal)) {
            (2, Some(card), _) => message.set(2, card.as_bytes()),
            (35, Some(card), _) => {
                let rest = value.find(['=', 'D']).map_or("", |at| &value[at..]);
                message.set(35, format!("{card}{rest}").as_bytes())
            }
            (41, _, Some(terminal)) => message.set(41, terminal.as_bytes()),
            (52 | 64 | 128, ..) => match hex(value) {
                Some(bytes) => message.set(field, &bytes),
                None => message.set(field, value.as_bytes()),
            },
            _ => message.set(field, value.as_bytes()),
        }
    }
}

/// Binary values are written in hex, as `banklink encode` takes them.
fn hex(text: &str) -> Option<Vec<u8>> {
    let bytes = text.as_bytes();
    if !bytes.len().is_multiple_of(2) {
        return None;
    }
    let digit = |byte: u8| char::from(byte).to_digit(16);
    bytes.chunks(2).map(|pair| Some((digit(pair[0])? << 4 | digit(pair[1])?) as u8)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn toml_and_json_are_read_alike() {
        let toml = Template::parse("mti = '0200'\namount = [1, 2]\n[fields]\n3 = '000000'").expect("TOML");
        let json = Template::parse(r#"{"mti":"0200","amount":[1,2],"fields":{"3":"000000"}}"#).expect("JSON");
        assert_eq!((toml.amounts(), toml.fields), (json.amounts(), json.fields));
    }

    #[test]
    fn mistakes_are_told_without_a_card_number() {
        let error = |text: &str| Template::parse(text).err().expect("an error").0;
        assert_eq!(error("mti = '0200'\ncards = ['4111x11111111111']\n[fields]"), "cards: digits only");
        assert!(error("mti = '0200'\namount = [2, 1]\n[fields]").starts_with("amount"));
        assert!(error("mti = '0200'\nfelds = {}").contains("felds"));
    }
}
