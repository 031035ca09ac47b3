//! Values as a script writes them: literal text with `{…}` in it, which is what the run makes or has seen.

use banklink_protocol::{
    Message,
    element::{OriginalData, Stan, Transmission},
};
use std::{collections::HashMap, fmt};

/// A value: text with generators and references, or a number that is laid out to the length of its field.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Value {
    /// `"TERM0001"`, `"{stan}"`, `"{payment.37}"`.
    Text(Vec<Piece>),
    /// `4 = 10000`.
    Number(u64),
}

/// One part of a text.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Piece {
    /// As it stands.
    Literal(String),
    /// What the run makes.
    Made(Made),
    /// `{each}`: the value of the loop around.
    Each,
    /// `{payment.37}`: a field of a message sent or received.
    Field(String, u8),
    /// `{original.payment}`: what names that message in DE90 (1993: DE56).
    Original(String),
    /// `{times.999.X}`: a text so many times.
    Times(usize, String),
}

/// What is made anew wherever it stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Made {
    /// MMDDhhmmss, GMT (DE7).
    Now,
    /// YYMMDDhhmmss (DE12 of 1993).
    Moment,
    /// MMDD (DE13).
    Date,
    /// hhmmss (DE12).
    Time,
    /// The next trace number.
    Stan,
    /// Twelve digits that belong to the trace number made last.
    Rrn,
    /// The next of the script's cards.
    Card,
}

const MADE: [(&str, Made); 7] = [
    ("now", Made::Now),
    ("moment", Made::Moment),
    ("date", Made::Date),
    ("time", Made::Time),
    ("stan", Made::Stan),
    ("rrn", Made::Rrn),
    ("card", Made::Card),
];

/// The longest text that `{times…}` makes.
const LONGEST: usize = 9999;

impl Value {
    /// Reads a text. `{{` is a brace.
    ///
    /// # Errors
    /// What stands in braces and means nothing.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let (mut pieces, mut literal, mut rest) = (Vec::new(), String::new(), text);
        while let Some(at) = rest.find('{') {
            literal.push_str(&rest[..at]);
            rest = &rest[at + 1..];
            if let Some(after) = rest.strip_prefix('{') {
                literal.push('{');
                rest = after;
                continue;
            }
            let end = rest.find('}').ok_or("a `{` without its `}`; a brace itself is written {{")?;
            if !literal.is_empty() {
                pieces.push(Piece::Literal(std::mem::take(&mut literal)));
            }
            pieces.push(piece(&rest[..end])?);
            rest = &rest[end + 1..];
        }
        literal.push_str(rest);
        if !literal.is_empty() || pieces.is_empty() {
            pieces.push(Piece::Literal(literal));
        }
        Ok(Self::Text(pieces))
    }

    /// The messages it speaks of.
    pub(crate) fn messages(&self) -> impl Iterator<Item = &str> {
        let pieces = match self {
            Self::Text(pieces) => &pieces[..],
            Self::Number(_) => &[],
        };
        pieces.iter().filter_map(|piece| match piece {
            Piece::Field(name, _) | Piece::Original(name) => Some(name.as_str()),
            _ => None,
        })
    }
}

fn piece(name: &str) -> Result<Piece, String> {
    if let Some((_, made)) = MADE.iter().find(|(known, _)| *known == name) {
        return Ok(Piece::Made(*made));
    }
    if name == "each" {
        return Ok(Piece::Each);
    }
    let known = "known are {now}, {moment}, {date}, {time}, {stan}, {rrn}, {card}, {each}, {MESSAGE.FIELD}, \
                 {original.MESSAGE} and {times.COUNT.TEXT}";
    let unknown = || format!("{{{name}}} means nothing; {known}");
    let (first, rest) = name.split_once('.').ok_or_else(unknown)?;
    match first {
        "original" => Ok(Piece::Original(rest.to_owned())),
        "times" => {
            let (count, text) = rest.split_once('.').ok_or_else(unknown)?;
            let count: usize = count.parse().map_err(|_| unknown())?;
            if text.len().saturating_mul(count) > LONGEST {
                return Err(format!("{{times…}} makes at most {LONGEST} bytes"));
            }
            Ok(Piece::Times(count, text.to_owned()))
        }
        _ => match rest.parse().ok().filter(|field| (2..=192).contains(field)) {
            Some(field) => Ok(Piece::Field(first.to_owned(), field)),
            None => Err(unknown()),
        },
    }
}

/// A value that cannot be known: what it is made of never came. No data of a message is in it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Missing {
    /// A message that was neither sent nor received.
    Message(String),
    /// A field that the message does not have.
    Field(String, u8),
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Message(name) => write!(f, "there is no message \"{name}\""),
            Self::Field(name, field) => write!(f, "message \"{name}\" has no usable DE{field}"),
        }
    }
}

/// The moment of a text, GMT.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment {
    /// YYMMDDhhmmss.
    pub(crate) digits: [u8; 12],
}

/// What values are made of while a script runs.
#[derive(Debug)]
pub(crate) struct Values {
    messages: HashMap<String, Message>,
    cards: Vec<String>,
    next_card: usize,
    stan: u32,
    each: Vec<String>,
}

impl Values {
    /// Trace numbers go on from `stan`.
    pub(crate) fn new(cards: Vec<String>, stan: u32) -> Self {
        Self { messages: HashMap::new(), cards, next_card: 0, stan, each: Vec::new() }
    }

    /// Keeps a message under its name; the one before it is forgotten.
    pub(crate) fn keep(&mut self, name: &str, message: Message) {
        self.messages.insert(name.to_owned(), message);
    }

    /// The message of that name.
    pub(crate) fn message(&self, name: &str) -> Result<&Message, Missing> {
        self.messages.get(name).ok_or_else(|| Missing::Message(name.to_owned()))
    }

    /// Begins (with `Some`) or ends a turn of a loop.
    pub(crate) fn turn(&mut self, each: Option<String>) {
        match each {
            Some(each) => self.each.push(each),
            None => {
                self.each.pop();
            }
        }
    }

    /// The text of a value; a number has as many digits as it has.
    pub(crate) fn text(&mut self, value: &Value, now: Moment) -> Result<String, Missing> {
        let pieces = match value {
            Value::Number(number) => return Ok(number.to_string()),
            Value::Text(pieces) => pieces,
        };
        let mut text = String::new();
        for piece in pieces {
            match piece {
                Piece::Literal(literal) => text.push_str(literal),
                Piece::Made(made) => text.push_str(&self.made(*made, now)),
                Piece::Each => text.push_str(self.each.last().map_or("", String::as_str)),
                Piece::Field(name, field) => text.push_str(&self.field(name, *field)?),
                Piece::Original(name) => text.push_str(&original(name, self.message(name)?)?),
                Piece::Times(count, part) => text.push_str(&part.repeat(*count)),
            }
        }
        Ok(text)
    }

    /// A field of a message.
    pub(crate) fn field(&self, name: &str, field: u8) -> Result<String, Missing> {
        self.message(name)?.text(field).ok_or_else(|| Missing::Field(name.to_owned(), field))
    }

    fn made(&mut self, made: Made, now: Moment) -> String {
        let digits = |from: usize| String::from_utf8_lossy(&now.digits[from..]).into_owned();
        match made {
            Made::Moment => digits(0),
            Made::Now => digits(2),
            Made::Time => digits(6),
            Made::Date => digits(2)[..4].to_owned(),
            Made::Stan => {
                self.stan = self.stan % 999_999 + 1;
                format!("{:06}", self.stan)
            }
            Made::Rrn => format!("{}{:06}", &digits(2)[..6], self.stan),
            Made::Card => {
                let card = self.cards[self.next_card % self.cards.len()].clone();
                self.next_card += 1;
                card
            }
        }
    }
}

/// What names `message` in the original data of another one: DE90 in 1987, DE56 later, both **of the message as it stood
/// on that line** (domain rule of reversals).
pub(crate) fn original(name: &str, message: &Message) -> Result<String, Missing> {
    let missing = |field| Missing::Field(name.to_owned(), field);
    let institution = |field| message.number(field).unwrap_or_default();
    if message.mti().version() > 0 {
        let part = |field| message.text(field).ok_or(missing(field));
        let acquirer = message.text(32).unwrap_or_default();
        return Ok(format!("{}{}{}{:02}{acquirer}", message.mti(), part(11)?, part(12)?, acquirer.len()));
    }
    let stan = message.number(11).and_then(|stan| u32::try_from(stan).ok()).ok_or(missing(11))?;
    let transmission = message.array::<10>(7).ok_or(missing(7))?;
    let original = OriginalData {
        mti: message.mti(),
        stan: Stan(stan),
        transmission: Transmission(transmission),
        acquirer: institution(32),
        forwarder: institution(33),
    };
    Ok(String::from_utf8_lossy(&original.digits()).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use banklink_protocol::Dialect;

    const NOW: Moment = Moment { digits: *b"261123031846" };

    fn made(text: &str, values: &mut Values) -> Result<String, Missing> {
        values.text(&Value::parse(text).expect("a value"), NOW)
    }

    #[test]
    fn what_the_run_makes() {
        let mut values = Values::new(vec!["4111111111111111".into(), "5413330089010012".into()], 999_998);
        for (text, wanted) in [
            ("{now}", "1123031846"),
            ("{moment}", "261123031846"),
            ("{date}/{time}", "1123/031846"),
            ("{stan}{stan}", "999999000001"),
            ("{rrn}", "112303000001"),
            ("{card}{card}", "41111111111111115413330089010012"),
            ("a{{b}", "a{b}"),
            ("{times.3.ab}", "ababab"),
            ("", ""),
        ] {
            assert_eq!(made(text, &mut values).as_deref(), Ok(wanted), "{text}");
        }
        values.turn(Some("05".into()));
        assert_eq!(made("{each}", &mut values).as_deref(), Ok("05"));
    }

    #[test]
    fn the_published_original_data() {
        let mut values = Values::new(Vec::new(), 0);
        let dialect = Dialect::named("iso87-ascii").unwrap();
        let mut message = Message::new(&dialect, "0200".parse().unwrap());
        for (field, value) in [(7, "1123031846"), (11, "000123"), (32, "00012345")] {
            message.set(field, value.as_bytes()).unwrap();
        }
        values.keep("sent", message);
        let original = made("{original.sent}", &mut values);
        assert_eq!(original.as_deref(), Ok("020000012311230318460000001234500000000000"));
        assert_eq!(made("{sent.37}", &mut values), Err(Missing::Field("sent".into(), 37)));
        assert_eq!(made("{other.37}", &mut values), Err(Missing::Message("other".into())));
    }

    #[test]
    fn what_means_nothing_is_told() {
        for text in ["{stna}", "{a.1}", "{a.b}", "{times.x.y}", "{times.9999.ab}", "{now"] {
            assert!(Value::parse(text).is_err(), "{text}");
        }
    }
}
