//! How the simulated bank decides: a list of rules from TOML, the first that matches wins, and approval where none does.
//!
//! ```toml
//! default = "00"            # answer where no rule matches
//! network = "00"            # answer to sign-on, echo and sign-off
//! unknown_original = "25"   # answer to a reversal of what was never seen (1993: 914)
//! already_reversed = "94"   # answer to another reversal of what is reversed (1993: 913)
//! overtaken = "05"          # answer to a payment whose reversal was there first (1993: 100)
//!
//! [[rule]]
//! name = "no funds"
//! amount = 5100             # or a range: amount = [5000, 5999], minor units
//! answer = "51"
//!
//! [[rule]]
//! name = "silent"
//! card = "541333"           # a prefix, or the whole card number
//! terminal = "TERM0007"     # DE41
//! processing = "01"         # a prefix of DE3
//! mti = "0200"              # or its first digits: "04" is every reversal
//! every = 20                # of the matching requests only each 20th
//! times = 2                 # of one message only the first two tries (repeats included)
//! then = "silence"
//! books = true              # books the payment although it never answers
//! delay = "250ms"           # the answer (or whatever happens) comes later
//! ```
//!
//! `then` is one of `answer` (default), `double`, `silence`, `close`, `garbage`, `wrong-amount`, `wrong-stan`. A late
//! answer is a `delay` longer than the switch waits.
//!
//! Reversals are subject only to rules whose `mti` says so. What is neither answered nor booked (`silence` and `close`
//! without `books = true`) the bank has never seen: it decides afresh when the message comes again.

use banklink_protocol::{Mti, dialect::Version, element::ResponseCode};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// What becomes of a request.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Then {
    /// One answer.
    #[default]
    Answer,
    /// The same answer twice.
    Double,
    /// No answer.
    Silence,
    /// The connection is closed without an answer.
    Close,
    /// A well-framed answer that does not decode.
    Garbage,
    /// An answer whose DE4 is one minor unit too high.
    WrongAmount,
    /// An answer whose DE11 is one too high.
    WrongStan,
}

/// A decision.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Decision {
    /// DE39.
    pub code: ResponseCode,
    /// Did a rule name the code? Where not, a reversal is answered by what became of its original.
    pub named: bool,
    /// What happens instead of a plain answer.
    pub then: Then,
    /// How much later.
    pub delay: Duration,
    /// Does the bank act on it? (Only an approving code books.)
    pub books: bool,
    /// Index of the rule that fired, `None` for the default.
    pub rule: Option<u16>,
}

/// What rules look at.
pub struct Facts<'a> {
    /// Message type of the request, repeats as their original.
    pub mti: Mti,
    /// DE4.
    pub amount: u64,
    /// The clear card number; empty where the message has none.
    pub card: &'a [u8],
    /// DE41, without padding.
    pub terminal: &'a [u8],
    /// DE3.
    pub processing: &'a [u8],
    /// How many times this very message came, this time included.
    pub attempt: u32,
}

/// A mistake in a rules file.
#[derive(Debug, PartialEq, Eq)]
pub struct RuleError(pub String);

impl std::fmt::Display for RuleError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}
impl std::error::Error for RuleError {}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    default: Option<String>,
    network: Option<String>,
    unknown_original: Option<String>,
    already_reversed: Option<String>,
    overtaken: Option<String>,
    #[serde(default)]
    rule: Vec<RuleText>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RuleText {
    name: Option<String>,
    amount: Option<Amount>,
    #[serde(default)]
    card: String,
    terminal: Option<String>,
    #[serde(default)]
    processing: String,
    #[serde(default)]
    mti: String,
    every: Option<u32>,
    times: Option<u32>,
    answer: Option<String>,
    #[serde(default)]
    then: Then,
    delay: Option<String>,
    books: Option<bool>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(untagged)]
enum Amount {
    Exactly(u64),
    Range(u64, u64),
}

/// Conditions, all of which must hold, and the decision.
struct Rule {
    name: String,
    amount: (u64, u64),
    card: Vec<u8>,
    terminal: Option<Vec<u8>>,
    processing: Vec<u8>,
    mti: Vec<u8>,
    every: u32,
    times: u32,
    matched: u32,
    fired: u64,
    decision: Decision,
}

/// The rules of one bank. Holds card numbers: it cannot print itself.
pub struct Rules {
    rules: Vec<Rule>,
    default: Decision,
    network: ResponseCode,
    reversals: ReversalCodes,
    needs_card: bool,
}

/// How a bank answers what has to do with reversals, where no rule names a code.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ReversalCodes {
    /// A reversal it takes.
    pub accepted: ResponseCode,
    /// A reversal of what it never saw. It is remembered all the same: see `overtaken`.
    pub unknown_original: ResponseCode,
    /// Another reversal of what is reversed.
    pub already_reversed: ResponseCode,
    /// A payment whose reversal was there first.
    pub overtaken: ResponseCode,
}

impl ReversalCodes {
    fn of(version: Version) -> Self {
        let code = |text: &str| ResponseCode::parse(text.as_bytes()).expect("a response code");
        let [accepted, unknown_original, already_reversed, overtaken] = match version {
            Version::V1987 => ["00", "25", "94", "05"],
            Version::V1993 => ["400", "914", "913", "100"],
            Version::V2003 => ["4000", "9140", "9130", "1000"],
        }
        .map(code);
        Self { accepted, unknown_original, already_reversed, overtaken }
    }

    /// Does a reversal answered so count as taken?
    #[must_use]
    pub fn accepts(&self, code: ResponseCode) -> bool {
        code == self.accepted || approves(code)
    }
}

impl Rules {
    /// Approves everything.
    #[must_use]
    pub fn approve_all(version: Version) -> Self {
        let code = approval(version);
        let default =
            Decision { code, then: Then::Answer, delay: Duration::ZERO, named: false, books: true, rule: None };
        let (network, reversals) = (network_approval(version), ReversalCodes::of(version));
        Self { rules: Vec::new(), default, network, reversals, needs_card: false }
    }

    /// From TOML. Errors name the line or the rule.
    pub fn parse(text: &str, version: Version) -> Result<Self, RuleError> {
        let file: File = toml::from_str(text).map_err(|error| RuleError(error.to_string()))?;
        let mut all = Self::approve_all(version);
        for (name, text, code) in [
            ("default", file.default, &mut all.default.code),
            ("network", file.network, &mut all.network),
            ("unknown_original", file.unknown_original, &mut all.reversals.unknown_original),
            ("already_reversed", file.already_reversed, &mut all.reversals.already_reversed),
            ("overtaken", file.overtaken, &mut all.reversals.overtaken),
        ] {
            if let Some(text) = text {
                *code = response_code(&text, version).map_err(|why| RuleError(format!("{name}: {why}")))?;
            }
        }
        if file.rule.len() > usize::from(u16::MAX) {
            return Err(RuleError(format!("{} rules; at most {} are possible", file.rule.len(), u16::MAX)));
        }
        for (index, text) in file.rule.into_iter().enumerate() {
            let name = text.name.clone().unwrap_or_else(|| format!("rule {}", index + 1));
            let rule = compile(text, &name, index as u16, version)
                .map_err(|why| RuleError(format!("[[rule]] {} ({name}): {why}", index + 1)))?;
            all.needs_card |= !rule.card.is_empty();
            all.rules.push(rule);
        }
        Ok(all)
    }

    /// Does any rule look at the card number?
    #[must_use]
    pub fn needs_card(&self) -> bool {
        self.needs_card
    }

    /// Must the facts be read at all?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// DE39 of the answers to network management.
    #[must_use]
    pub fn network(&self) -> ResponseCode {
        self.network
    }

    /// How reversals are answered where no rule names a code.
    #[must_use]
    pub fn reversals(&self) -> &ReversalCodes {
        &self.reversals
    }

    /// The decision where no rule matches.
    #[must_use]
    pub fn default_decision(&self) -> Decision {
        self.default
    }

    /// The first rule that matches decides.
    pub fn decide(&mut self, facts: &Facts<'_>) -> Decision {
        for rule in &mut self.rules {
            if rule.matches(facts) {
                rule.matched += 1;
                if rule.matched >= rule.every {
                    rule.matched = 0;
                    rule.fired += 1;
                    return rule.decision;
                }
            }
        }
        self.default
    }

    /// Each rule's name and how often it fired.
    pub fn fired(&self) -> impl Iterator<Item = (&str, u64)> {
        self.rules.iter().map(|rule| (rule.name.as_str(), rule.fired))
    }
}

impl Rule {
    fn matches(&self, facts: &Facts<'_>) -> bool {
        (self.amount.0..=self.amount.1).contains(&facts.amount)
            && facts.card.starts_with(&self.card)
            && facts.processing.starts_with(&self.processing)
            && self.terminal.as_ref().is_none_or(|terminal| terminal == facts.terminal)
            && facts.attempt <= self.times
            && facts.mti.digits().starts_with(&self.mti)
            && (facts.mti.class() != 4 || self.mti.get(1) == Some(&b'4'))
    }
}

fn compile(text: RuleText, name: &str, index: u16, version: Version) -> Result<Rule, String> {
    if !text.card.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err("card: digits only".into());
    }
    let amount = match text.amount {
        None => (0, u64::MAX),
        Some(Amount::Exactly(amount)) => (amount, amount),
        Some(Amount::Range(low, high)) if low <= high => (low, high),
        Some(Amount::Range(low, high)) => return Err(format!("amount: {low} lies above {high}")),
    };
    if text.mti.len() > 4 || !text.mti.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err("mti: up to four digits".into());
    }
    let code = match &text.answer {
        Some(code) => response_code(code, version)?,
        None => approval(version),
    };
    let delay = text.delay.as_deref().map_or(Ok(Duration::ZERO), duration)?;
    let answered = matches!(text.then, Then::Answer | Then::Double | Then::WrongAmount | Then::WrongStan);
    let decision = Decision {
        code,
        named: text.answer.is_some(),
        then: text.then,
        delay,
        books: text.books.unwrap_or(answered),
        rule: Some(index),
    };
    Ok(Rule {
        name: name.into(),
        amount,
        card: text.card.into_bytes(),
        terminal: text.terminal.map(|terminal| terminal.trim().as_bytes().to_vec()),
        processing: text.processing.into_bytes(),
        mti: text.mti.into_bytes(),
        every: text.every.unwrap_or(1).max(1),
        times: text.times.unwrap_or(u32::MAX),
        matched: 0,
        fired: 0,
        decision,
    })
}

/// A response code of the edition's width: two characters in 1987, three in 1993, four in 2003.
fn response_code(text: &str, version: Version) -> Result<ResponseCode, String> {
    let width = code_width(version);
    ResponseCode::parse(text.as_bytes())
        .filter(|_| text.len() == width)
        .ok_or_else(|| format!("a response code has {width} letters or digits in this dialect"))
}

fn code_width(version: Version) -> usize {
    match version {
        Version::V1987 => 2,
        Version::V1993 => 3,
        Version::V2003 => 4,
    }
}

/// The plain approval of an edition.
#[must_use]
pub fn approval(version: Version) -> ResponseCode {
    ResponseCode::parse(&b"0000"[..code_width(version)]).expect("zeros are a response code")
}

/// Does the code approve? (1987: 00 08 10 11 16 85; 1993: 000–006; 2003: 0000–0006.)
#[must_use]
pub fn approves(code: ResponseCode) -> bool {
    matches!(
        code.as_bytes(),
        b"00" | b"08" | b"10" | b"11" | b"16" | b"85" | [b'0', b'0', b'0'..=b'6'] | [b'0', b'0', b'0', b'0'..=b'6']
    )
}

/// Network management is accepted with 00 in 1987, 800 in 1993, 8000 in 2003.
fn network_approval(version: Version) -> ResponseCode {
    let code: &[u8] = match version {
        Version::V1987 => b"00",
        Version::V1993 => b"800",
        Version::V2003 => b"8000",
    };
    ResponseCode::parse(code).expect("a response code")
}

/// `250ms`, `2s`, `1m`.
pub fn duration(text: &str) -> Result<Duration, String> {
    let split = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(split);
    let number: u64 = number.parse().map_err(|_| format!("{text:?} is no time such as 250ms, 2s or 1m"))?;
    match unit.trim() {
        "us" => Ok(Duration::from_micros(number)),
        "ms" => Ok(Duration::from_millis(number)),
        "s" => Ok(Duration::from_secs(number)),
        "m" => Ok(Duration::from_secs(number.saturating_mul(60))),
        _ => Err(format!("{text:?} is no time such as 250ms, 2s or 1m")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts<'a>(amount: u64, card: &'a [u8], terminal: &'a [u8]) -> Facts<'a> {
        let mti = Mti::from_digits(*b"0200").expect("an MTI");
        Facts { mti, amount, card, terminal, processing: b"000000", attempt: 1 }
    }

    fn rules(text: &str) -> Rules {
        Rules::parse(text, Version::V1987).expect("rules")
    }

    #[test]
    fn without_rules_all_is_approved_and_booked() {
        let decision = rules("").decide(&facts(1, b"", b""));
        assert_eq!((decision.code.as_str(), decision.then, decision.books), ("00", Then::Answer, true));
    }

    #[test]
    fn the_first_rule_that_matches_wins() {
        let mut rules = rules(
            "[[rule]]\namount = [5000, 5999]\nanswer = '51'\n[[rule]]\namount = 5100\nanswer = '05'\n\
             [[rule]]\ncard = '541333'\nanswer = '14'\n[[rule]]\nterminal = 'T1'\nthen = 'close'\n\
             [[rule]]\nprocessing = '01'\nanswer = '40'",
        );
        let code = |rules: &mut Rules, facts: Facts<'_>| rules.decide(&facts).code.as_str().to_owned();
        assert_eq!(code(&mut rules, facts(5100, b"4", b"")), "51");
        assert_eq!(code(&mut rules, facts(6000, b"5413330089", b"")), "14");
        assert_eq!(code(&mut rules, facts(6000, b"4111", b"")), "00");
        assert_eq!(rules.decide(&facts(1, b"4111", b"T1")).then, Then::Close);
        assert_eq!(code(&mut rules, Facts { processing: b"010000", ..facts(1, b"", b"") }), "40");
        assert_eq!(rules.fired().map(|(_, fired)| fired).collect::<Vec<_>>(), [1, 0, 1, 1, 1]);
    }

    #[test]
    fn every_fires_on_each_nth_match_and_else_leaves_the_request_to_later_rules() {
        let mut rules = rules("[[rule]]\nevery = 3\nthen = 'silence'\n[[rule]]\nanswer = '05'");
        let seen: Vec<_> = (0..6).map(|_| rules.decide(&facts(1, b"", b"")).then).collect();
        use Then::{Answer, Silence};
        assert_eq!(seen, [Answer, Answer, Silence, Answer, Answer, Silence]);
    }

    #[test]
    fn times_counts_the_tries_of_one_message_and_reversals_need_a_rule_of_their_own() {
        let mut rules = rules("[[rule]]\nmti = '04'\ntimes = 2\nanswer = '96'\n[[rule]]\nthen = 'silence'");
        let mti = Mti::from_digits(*b"0420").expect("an MTI");
        let mut code = |attempt| {
            let decision = rules.decide(&Facts { mti, attempt, ..facts(1, b"", b"") });
            (decision.code.as_str().to_owned(), decision.named, decision.then)
        };
        assert_eq!(code(1), ("96".into(), true, Then::Answer));
        assert_eq!(code(2), ("96".into(), true, Then::Answer));
        assert_eq!(code(3), ("00".into(), false, Then::Answer), "the rule without an MTI is not about reversals");
        assert_eq!(rules.decide(&facts(1, b"", b"")).then, Then::Silence);
    }

    #[test]
    fn the_codes_of_reversals_are_those_of_the_edition_or_of_the_file() {
        let codes = *rules("unknown_original = '00'\novertaken = '12'").reversals();
        assert_eq!((codes.unknown_original.as_str(), codes.already_reversed.as_str()), ("00", "94"));
        assert_eq!((codes.overtaken.as_str(), codes.accepted.as_str()), ("12", "00"));
        let codes = *Rules::approve_all(Version::V1993).reversals();
        assert_eq!((codes.unknown_original.as_str(), codes.accepted.as_str()), ("914", "400"));
        assert!(codes.accepts(codes.accepted) && !codes.accepts(codes.unknown_original));
    }

    #[test]
    fn silence_books_only_where_the_rule_says_so() {
        assert!(!rules("[[rule]]\nthen = 'silence'").decide(&facts(1, b"", b"")).books);
        assert!(rules("[[rule]]\nthen = 'silence'\nbooks = true").decide(&facts(1, b"", b"")).books);
        assert!(rules("[[rule]]\nthen = 'double'").decide(&facts(1, b"", b"")).books);
    }

    #[test]
    fn mistakes_name_their_place() {
        let error = |text: &str| Rules::parse(text, Version::V1987).err().expect("an error").0;
        assert!(error("[[rule]]\nanswer = '000'").contains("two") || error("[[rule]]\nanswer = '000'").contains("2"));
        assert!(error("[[rule]]\nname = 'x'\namount = [2, 1]").contains("(x): amount"));
        assert!(error("[[rule]]\ndelya = '1s'").contains("delya"));
        assert!(error("[[rule]]\ndelay = '1 hour'").contains("1 hour"));
        assert!(error("[[rule]]\nthen = 'shrug'").contains("shrug"));
    }
}
