//! One combination of framing, header and dialect, tried on all frames.

use super::{
    Known,
    cut::Cut,
    weigh::{Doubt, Weight},
};
use banklink_protocol::{
    Dialect, Message,
    error::DecodeError,
    frame::{Header, HeaderKind},
};
use bytes::Bytes;
use std::{borrow::Cow, sync::Arc};

/// Points that a combination needs to be worth a word where it reads nothing whole behind a header we do not know.
const NOTEWORTHY: i64 = 4;

/// One combination, as it went.
pub(super) struct Attempt<'a> {
    pub(super) cut: &'a Cut,
    /// Bytes of a header that none of ours is.
    pub(super) skipped: usize,
    pub(super) known: &'a Known,
    pub(super) decoded: usize,
    weight: Weight,
    /// The first message that did not decode, from 0, and why not.
    pub(super) error: Option<(usize, DecodeError)>,
}

impl<'a> Attempt<'a> {
    pub(super) fn make(cut: &'a Cut, skipped: usize, known: &'a Known) -> Self {
        let mut attempt = Self { cut, skipped, known, decoded: 0, weight: Weight::default(), error: None };
        for (index, (_, body)) in cut.messages.iter().enumerate() {
            if body.len() < skipped {
                attempt.weight.bad += 1;
                break;
            }
            match known.dialect.decode(body.slice(skipped..)) {
                Ok(message) => {
                    attempt.decoded += 1;
                    attempt.weight.add(&message);
                }
                Err(mut error) => {
                    let partial = error.partial.take();
                    if attempt.error.is_none() {
                        // What was read before the error tells how near this was.
                        if let (0, Some(partial)) = (attempt.decoded, &partial) {
                            attempt.weight.add(partial);
                        }
                        attempt.error = Some((index, error));
                    }
                    // Behind an unknown header all or nothing: it is searched for at many places.
                    if skipped > 0 {
                        break;
                    }
                }
            }
        }
        attempt
    }

    /// Does it read messages, and more of them than not?
    pub(super) fn fits(&self) -> bool {
        2 * self.decoded > self.cut.messages.len() && (self.skipped == 0 || self.all_decode())
    }

    fn all_decode(&self) -> bool {
        self.decoded > 0 && self.decoded == self.cut.messages.len()
    }

    /// Is it worth keeping, one of very many? (Behind unknown headers.)
    pub(super) fn is_noteworthy(&self) -> bool {
        // An MTI is what is searched for: one that is odd is none.
        if self.weight.doubts.iter().any(|doubt| doubt.field == 0) {
            return false;
        }
        let sensible = self.weight.points() >= NOTEWORTHY;
        if self.decoded > 0 { self.all_decode() && self.weight.points() > 0 } else { sensible }
    }

    /// Everything read before anything less; then by how sensible it is.
    pub(super) fn rank(&self) -> (bool, i64) {
        let lost = (self.cut.messages.len() - self.decoded) as i64;
        let untidy = i64::from(self.cut.stop.is_some()) + i64::from(self.cut.unfinished > 0);
        let strange = if self.skipped > 0 { 4 } else { 0 };
        let points = self.weight.points() - 8 * lost - 4 * untidy - strange - self.cut.keep_alives as i64;
        (self.all_decode() && self.cut.stop.is_none(), points)
    }

    pub(super) fn into_fit(self) -> Fit {
        Fit {
            framing: self.cut.framing,
            header: if self.skipped > 0 { HeaderFit::Unknown(self.skipped) } else { HeaderFit::Ours(self.cut.header) },
            name: self.known.name.clone(),
            dialect: Arc::clone(&self.known.dialect),
            messages: self.cut.messages.len(),
            decoded: self.decoded,
            keep_alives: self.cut.keep_alives,
            unfinished: self.cut.unfinished,
            stop: self.cut.stop.as_ref().map(|stop| stop.why.clone()),
            good: self.weight.good,
            asked: self.weight.good + self.weight.bad,
            doubts: self.weight.doubts,
            error: self.error.map(|(index, error)| (index + 1, error.to_string())),
            frames: self.cut.messages.clone(),
        }
    }
}

/// The header of a combination that fits.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum HeaderFit {
    /// One of ours, or none.
    Ours(HeaderKind),
    /// So many bytes before the MTI that none of ours is.
    Unknown(usize),
}

/// A combination that reads the bytes.
#[derive(Clone)]
pub struct Fit {
    /// The framing's name; `None`: one bare message.
    pub framing: Option<&'static str>,
    /// The header.
    pub header: HeaderFit,
    /// The dialect as `--dialect` takes it.
    pub name: String,
    /// The dialect.
    pub dialect: Arc<Dialect>,
    /// Messages looked at.
    pub messages: usize,
    /// How many of them decode.
    pub decoded: usize,
    /// Keep-alives between them.
    pub keep_alives: usize,
    /// Bytes at the end that may be the beginning of a further frame.
    pub unfinished: usize,
    /// Why no further frame could be cut, where bytes are left that are none.
    pub stop: Option<String>,
    /// Questions about the content with a good answer ([`Doubt`] names the others).
    pub good: usize,
    /// Questions asked.
    pub asked: usize,
    /// What is odd, each once.
    pub doubts: Vec<Doubt>,
    /// The first message that does not decode, from 1, and why not.
    pub error: Option<(usize, String)>,
    frames: Vec<(Header, Bytes)>,
}

impl Fit {
    /// Does it read every byte that was looked at?
    #[must_use]
    pub const fn whole(&self) -> bool {
        self.decoded > 0 && self.decoded == self.messages && self.stop.is_none()
    }

    /// The options that read the bytes so; a header that none of ours is has no option.
    #[must_use]
    pub fn options(&self) -> String {
        let mut options = String::new();
        if let Some(framing) = self.framing {
            options.push_str(&format!("--frame {framing} "));
        }
        match self.header {
            HeaderFit::Ours(HeaderKind::None) | HeaderFit::Unknown(_) => {}
            HeaderFit::Ours(header) => options.push_str(&format!("--header {} ", header.name())),
        }
        options.push_str(&format!("--dialect {}", quoted(&self.name)));
        options
    }

    /// The first message that decodes, with its header.
    #[must_use]
    pub fn first(&self) -> Option<(Header, Message)> {
        let skipped = match self.header {
            HeaderFit::Ours(_) => 0,
            HeaderFit::Unknown(skipped) => skipped,
        };
        let decode = |(header, body): &(Header, Bytes)| {
            let message = self.dialect.decode(body.slice(skipped.min(body.len())..)).ok()?;
            Some((header.clone(), message))
        };
        self.frames.iter().find_map(decode)
    }
}

/// A name as a shell takes it for one word.
fn quoted(name: &str) -> Cow<'_, str> {
    let plain = |character: char| character.is_alphanumeric() || "-_./:@%+".contains(character);
    if name.chars().all(plain) { name.into() } else { format!("'{}'", name.replace('\'', r"'\''")).into() }
}
