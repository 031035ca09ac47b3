//! What a field must be, and what is said where it is not. Pure: a rule, a message and what was seen before.

use super::value::{Missing, Moment, Value, Values, original};
use banklink_protocol::{Message, describe::masked, dialect::Sensitivity};

/// Data elements that hosts pad and trim as they like: held against each other without trailing spaces.
const TRIMMED: [u8; 4] = [37, 41, 42, 43];

/// What one data element must be.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Rule {
    /// That very value.
    Equal(Value),
    /// Any other value.
    Not(Value),
    /// One of these.
    OneOf(Vec<Value>),
    /// The same as in that message.
    Same(String),
    /// Not the same as in that message.
    Differs(String),
    /// There, whatever it is.
    Present,
    /// Not there.
    Absent,
    /// Like this: `#` a digit, `?` any character, `*` any number of them.
    Pattern(String),
    /// A number within these.
    Range(u64, u64),
    /// So many characters, digits or bytes.
    Length(u64),
    /// The bytes on the line, in hex, like this pattern.
    Wire(String),
    /// Original data that names that message.
    Original(String),
}

/// A rule that a field breaks, in words; card data masked.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Broken {
    pub(crate) wanted: String,
    pub(crate) had: String,
}

impl Rule {
    /// The messages it speaks of.
    pub(crate) fn messages(&self) -> Vec<&str> {
        match self {
            Self::Equal(value) | Self::Not(value) => value.messages().collect(),
            Self::OneOf(values) => values.iter().flat_map(Value::messages).collect(),
            Self::Same(name) | Self::Differs(name) | Self::Original(name) => vec![name],
            _ => Vec::new(),
        }
    }

    /// Holds `field` of `message` against the rule; `None` where it holds.
    ///
    /// # Errors
    /// What the rule speaks of never came.
    pub(crate) fn check(
        &self,
        field: u8,
        message: &Message,
        values: &mut Values,
        now: Moment,
    ) -> Result<Option<Broken>, Missing> {
        let sensitivity = message.dialect().sensitivity(field);
        let had = message.text(field);
        let show = |text: &str| if text.is_empty() { "nothing".to_owned() } else { masked(sensitivity, text) };
        let shown = had.as_deref().map_or_else(|| "absent".to_owned(), show);
        let broken = |wanted: String| Some(Broken { wanted, had: shown.clone() });
        let is = |wanted: &str| had.as_deref().is_some_and(|had| equal(field, had, wanted));
        Ok(match self {
            Self::Equal(Value::Number(wanted)) => {
                if message.number(field) == Some(*wanted) {
                    None
                } else {
                    broken(show(&wanted.to_string()))
                }
            }
            Self::Equal(value) => {
                let wanted = values.text(value, now)?;
                if is(&wanted) { None } else { broken(differing(&show(&wanted), &shown)) }
            }
            Self::Not(value) => {
                let unwanted = values.text(value, now)?;
                let fine = had.is_some() && !is(&unwanted);
                if fine { None } else { broken(format!("anything but {}", show(&unwanted))) }
            }
            Self::OneOf(list) => {
                let texts: Vec<String> = list.iter().map(|value| values.text(value, now)).collect::<Result<_, _>>()?;
                let shown: Vec<String> = texts.iter().map(|text| show(text)).collect();
                if texts.iter().any(|text| is(text)) { None } else { broken(shown.join(" or ")) }
            }
            Self::Same(name) => {
                let wanted = values.message(name)?.text(field);
                let fine = match &wanted {
                    Some(wanted) => is(wanted),
                    None => had.is_none(),
                };
                let text = wanted.as_deref().map_or_else(|| "absent".to_owned(), show);
                if fine { None } else { broken(format!("{} as in \"{name}\"", differing(&text, &shown))) }
            }
            Self::Differs(name) => {
                let other = values.field(name, field)?;
                if had.is_some() && !is(&other) { None } else { broken(format!("another one than in \"{name}\"")) }
            }
            Self::Original(name) => {
                let wanted = original(name, values.message(name)?)?;
                if is(&wanted) { None } else { broken(format!("{wanted}, which names \"{name}\"")) }
            }
            _ => self.check_form(field, message, sensitivity).map(|wanted| Broken { wanted, had: shown }),
        })
    }

    /// The rules that speak of nothing but the field: what was wanted, where it is not so.
    fn check_form(&self, field: u8, message: &Message, sensitivity: Sensitivity) -> Option<String> {
        let had = message.text(field);
        let (fine, wanted) = match self {
            Self::Present => (had.is_some(), "present".to_owned()),
            Self::Absent => (had.is_none(), "absent".to_owned()),
            Self::Pattern(pattern) => (had.is_some_and(|had| like(pattern, &had)), format!("like {pattern}")),
            Self::Range(low, high) => {
                let fine = message.number(field).is_some_and(|number| (*low..=*high).contains(&number));
                (fine, format!("a number from {low} to {high}"))
            }
            Self::Length(length) => {
                let fine = message.length(field).is_some_and(|had| had as u64 == *length);
                (fine, format!("{length} long"))
            }
            Self::Wire(pattern) => {
                let fine = message.wire(field).is_some_and(|wire| like(pattern, &hex(wire)));
                let shown = if sensitivity == Sensitivity::Public { pattern } else { "the script's pattern" };
                (fine, format!("bytes like {shown}"))
            }
            _ => (true, String::new()),
        };
        (!fine).then_some(wanted)
    }
}

/// What was wanted, so that it is seen to differ although both look alike once masked.
fn differing(wanted: &str, had: &str) -> String {
    if wanted == had { format!("{wanted} (another value)") } else { wanted.to_owned() }
}

fn equal(field: u8, one: &str, other: &str) -> bool {
    if TRIMMED.contains(&field) { one.trim_end_matches(' ') == other.trim_end_matches(' ') } else { one == other }
}

/// Upper-case hex.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02X}");
        text
    })
}

/// Bytes from hex; white space between them is ignored.
pub(crate) fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> = text
        .chars()
        .filter(|character| !character.is_whitespace())
        .map(|character| character.to_digit(16).map(|digit| digit as u8))
        .collect();
    let digits = digits.filter(|digits| digits.len() % 2 == 0)?;
    Some(digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect())
}

/// Is the text like the pattern? `#` a digit, `?` any character, `*` any number of any.
pub(crate) fn like(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    let (mut at, mut place) = (0, 0);
    // Where the last `*` stands, and how much of the text it takes.
    let mut star: Option<(usize, usize)> = None;
    while place < text.len() {
        let fits = match pattern.get(at) {
            Some('*') => {
                star = Some((at, place));
                at += 1;
                continue;
            }
            Some('?') => true,
            Some('#') => text[place].is_ascii_digit(),
            Some(wanted) => *wanted == text[place],
            None => false,
        };
        if fits {
            (at, place) = (at + 1, place + 1);
        } else if let Some((back, taken)) = star {
            star = Some((back, taken + 1));
            (at, place) = (back + 1, taken + 1);
        } else {
            return false;
        }
    }
    pattern[at..].iter().all(|rest| *rest == '*')
}

#[cfg(test)]
mod tests {
    use super::*;
    use banklink_protocol::Dialect;

    const NOW: Moment = Moment { digits: *b"261123031846" };

    fn message(fields: &[(u8, &str)]) -> Message {
        let mut message = Message::new(&Dialect::named("iso87-ascii").unwrap(), "0210".parse().unwrap());
        for (field, value) in fields {
            message.set(*field, value.as_bytes()).unwrap();
        }
        message
    }

    fn broken(rule: &Rule, field: u8) -> Option<(String, String)> {
        let mut values = Values::new(Vec::new(), 0);
        values.keep("sent", message(&[(2, "4111111111111111"), (4, "000000010000"), (41, "TERM0001"), (37, "A")]));
        let had = message(&[(2, "4111119999991111"), (4, "000000010000"), (39, "05"), (37, "A           ")]);
        let broken = rule.check(field, &had, &mut values, NOW).expect("all is there");
        broken.map(|broken| (broken.wanted, broken.had))
    }

    fn text(text: &str) -> Value {
        Value::parse(text).unwrap()
    }

    #[test]
    fn rules_that_hold() {
        for (rule, field) in [
            (Rule::Equal(Value::Number(10_000)), 4),
            (Rule::Equal(text("000000010000")), 4),
            (Rule::Same("sent".into()), 4),
            (Rule::Same("sent".into()), 37),
            (Rule::Same("sent".into()), 39 - 1),
            (Rule::Not(text("00")), 39),
            (Rule::OneOf(vec![text("05"), text("51")]), 39),
            (Rule::Absent, 38),
            (Rule::Pattern("0#".into()), 39),
            (Rule::Range(1, 10_000), 4),
            (Rule::Length(12), 4),
            (Rule::Wire("3035".into()), 39),
        ] {
            assert_eq!(broken(&rule, field), None, "{rule:?}");
        }
    }

    #[test]
    fn rules_that_are_broken_say_what_was_wanted_and_what_came() {
        let told = |wanted: &str, had: &str| Some((wanted.to_owned(), had.to_owned()));
        assert_eq!(broken(&Rule::Equal(text("00")), 39), told("00", "05"));
        assert_eq!(broken(&Rule::Present, 38), told("present", "absent"));
        assert_eq!(broken(&Rule::Same("sent".into()), 41), told("TERM0001 as in \"sent\"", "absent"));
        assert_eq!(broken(&Rule::Differs("sent".into()), 4), told("another one than in \"sent\"", "000000010000"));
        assert_eq!(broken(&Rule::Range(1, 5), 4), told("a number from 1 to 5", "000000010000"));
        // Another card that looks the same once masked: that it differs is said, and what it is is not.
        let (wanted, had) = broken(&Rule::Same("sent".into()), 2).unwrap();
        assert_eq!(
            (wanted.as_str(), had.as_str()),
            ("411111******1111 (another value) as in \"sent\"", "411111******1111")
        );
    }

    #[test]
    fn patterns() {
        for (pattern, text, fits) in [
            ("*", "", true),
            ("A##", "A12", true),
            ("A##", "A1x", false),
            ("*7*", "1274", true),
            ("3?", "31", true),
            ("3?", "3", false),
            ("a*b*c", "a-b-b-c", true),
            ("a*b", "a-b-", false),
        ] {
            assert_eq!(like(pattern, text), fits, "{pattern} {text}");
        }
    }
}
