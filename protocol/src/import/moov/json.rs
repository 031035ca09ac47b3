//! A reader of JSON (RFC 8259) that keeps the lines.

use super::notation::{Broken, DEEPEST, Entry, Kind, MOST, Node, add};

/// Reads one JSON text, to its end.
pub(super) fn read(text: &str) -> Result<Node, Broken> {
    let mut reader = Reader { text, at: 0, line: 1, values: 0 };
    let node = reader.value(0)?;
    reader.blanks();
    match reader.peek() {
        None => Ok(node),
        Some(_) => Err(reader.wrong("the end of the text")),
    }
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    line: usize,
    values: usize,
}

impl Reader<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn blanks(&mut self) {
        while let Some(blank @ (b' ' | b'\t' | b'\r' | b'\n')) = self.peek() {
            self.line += usize::from(blank == b'\n');
            self.at += 1;
        }
    }

    fn wrong(&self, wanted: &str) -> Broken {
        let had = match self.text[self.at..].chars().next() {
            None => "the text ends".to_owned(),
            Some(letter) => format!("there is {letter:?}"),
        };
        Broken::new(self.line, format!("{wanted} is wanted here, {had}"))
    }

    /// Takes this byte behind any blanks, if it is the next.
    fn takes(&mut self, byte: u8) -> bool {
        self.blanks();
        let there = self.peek() == Some(byte);
        self.at += usize::from(there);
        there
    }

    fn value(&mut self, depth: usize) -> Result<Node, Broken> {
        self.blanks();
        self.values += 1;
        if self.values > MOST {
            return Err(Broken::new(self.line, format!("more than {MOST} values")));
        }
        if depth > DEEPEST {
            return Err(Broken::new(self.line, format!("values stand in one another more than {DEEPEST} deep")));
        }
        let line = self.line;
        let kind = match self.peek() {
            Some(b'{') => self.table(depth)?,
            Some(b'[') => self.list(depth)?,
            Some(b'"') => Kind::Scalar(self.string()?.into()),
            Some(b'-' | b'0'..=b'9') => Kind::Scalar(self.number()?.into()),
            _ => self.word()?,
        };
        Ok(Node { line, kind })
    }

    fn table(&mut self, depth: usize) -> Result<Kind, Broken> {
        self.at += 1;
        let mut entries = Vec::new();
        if self.takes(b'}') {
            return Ok(Kind::Table(entries.into()));
        }
        loop {
            self.blanks();
            if self.peek() != Some(b'"') {
                return Err(self.wrong("a key in quotation marks"));
            }
            let line = self.line;
            let key = self.string()?;
            if !self.takes(b':') {
                return Err(self.wrong("a colon"));
            }
            let value = self.value(depth + 1)?;
            add(&mut entries, Entry { key, line, value })?;
            if self.takes(b'}') {
                return Ok(Kind::Table(entries.into()));
            }
            if !self.takes(b',') {
                return Err(self.wrong("a comma or a closing brace"));
            }
        }
    }

    /// The values of a list are checked, and not kept: no specification has any.
    fn list(&mut self, depth: usize) -> Result<Kind, Broken> {
        self.at += 1;
        if self.takes(b']') {
            return Ok(Kind::List);
        }
        loop {
            self.value(depth + 1)?;
            if self.takes(b']') {
                return Ok(Kind::List);
            }
            if !self.takes(b',') {
                return Err(self.wrong("a comma or a closing bracket"));
            }
        }
    }

    fn number(&mut self) -> Result<String, Broken> {
        let start = self.at;
        while let Some(b'-' | b'+' | b'.' | b'e' | b'E' | b'0'..=b'9') = self.peek() {
            self.at += 1;
        }
        let number = &self.text[start..self.at];
        let digits = number.strip_prefix('-').unwrap_or(number);
        let whole = digits.find(|letter: char| !letter.is_ascii_digit()).map_or(digits, |end| &digits[..end]);
        let good = number.parse::<f64>().is_ok() && (whole == "0" || !whole.starts_with('0')) && !whole.is_empty();
        if good { Ok(number.to_owned()) } else { Err(Broken::new(self.line, format!("{number:?} is no number"))) }
    }

    fn word(&mut self) -> Result<Kind, Broken> {
        let rest = &self.text[self.at..];
        let end = rest.find(|letter: char| !letter.is_ascii_alphanumeric()).unwrap_or(rest.len());
        let kind = match &rest[..end] {
            word @ ("true" | "false") => Kind::Scalar(word.into()),
            "null" => Kind::Null,
            _ => return Err(self.wrong("a value")),
        };
        self.at += end;
        Ok(kind)
    }

    fn string(&mut self) -> Result<String, Broken> {
        self.at += 1;
        let mut out = String::new();
        loop {
            let rest = &self.text[self.at..];
            let Some(stop) = rest.find(|letter: char| letter == '"' || letter == '\\' || letter < ' ') else {
                return Err(Broken::new(self.line, "a text has no closing quotation mark"));
            };
            out.push_str(&rest[..stop]);
            self.at += stop + 1;
            match rest.as_bytes()[stop] {
                b'"' => return Ok(out),
                b'\\' => out.push(self.escape()?),
                _ => {
                    return Err(Broken::new(
                        self.line,
                        "a text has a control character in it, or no closing quotation mark",
                    ));
                }
            }
        }
    }

    fn escape(&mut self) -> Result<char, Broken> {
        let letter = self.peek();
        self.at += usize::from(letter.is_some_and(|letter| letter.is_ascii()));
        Ok(match letter {
            Some(letter @ (b'"' | b'\\' | b'/')) => letter as char,
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => self.unicode()?,
            _ => return Err(Broken::new(self.line, "a backslash stands before a character that it does not escape")),
        })
    }

    /// Four hex digits, or two times four for what lies beyond the basic plane; half of such a pair is what Go makes of it.
    fn unicode(&mut self) -> Result<char, Broken> {
        let high = self.four()?;
        let mut code = high;
        if (0xD800..0xDC00).contains(&high) && self.text[self.at..].starts_with("\\u") {
            let behind = self.at;
            self.at += 2;
            let low = self.four()?;
            if (0xDC00..0xE000).contains(&low) {
                code = 0x1_0000 + ((high - 0xD800) << 10) + (low - 0xDC00);
            } else {
                self.at = behind;
            }
        }
        Ok(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER))
    }

    fn four(&mut self) -> Result<u32, Broken> {
        let digits =
            self.text.get(self.at..self.at + 4).filter(|digits| digits.bytes().all(|it| it.is_ascii_hexdigit()));
        let code = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok());
        self.at += 4 * usize::from(code.is_some());
        code.ok_or_else(|| Broken::new(self.line, "\\u wants four hex digits"))
    }
}
