//! Why combinations do not fit, in as few lines as that takes: a framing that cannot cut the bytes is refused once and not
//! once for each dialect, and a dialect that reads them nowhere is refused where it came nearest.

use super::{Known, attempt::Attempt, cut::Cut};
use banklink_protocol::frame::HeaderKind;
use std::fmt;

/// A group of framings, or a dialect, that does not fit.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Refusal {
    /// These framings do not cut the bytes.
    Framings {
        /// Their names; `no frame` where the whole is taken for one message.
        names: Vec<&'static str>,
        /// Why, without the bytes themselves.
        why: String,
    },
    /// This dialect reads none of the messages.
    Dialect {
        /// Its name.
        name: String,
        /// The framing with which it came nearest.
        framing: Option<&'static str>,
        /// The header with which it came nearest.
        header: &'static str,
        /// Bytes of an unknown header skipped.
        skipped: usize,
        /// Number of the message it failed at, from 1.
        message: usize,
        /// What is wrong, with field and offset.
        why: String,
    },
}

/// How the whole taken for one message is called.
pub(super) const NO_FRAME: &str = "no frame";

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Framings { names, why } => write!(f, "{}: {why}", names.join(", ")),
            Self::Dialect { name, framing, header, skipped, message, why } => {
                write!(f, "{name} ({}", framing.unwrap_or(NO_FRAME))?;
                if *skipped > 0 {
                    let plural = if *skipped == 1 { "" } else { "s" };
                    write!(f, ", behind a header of {skipped} byte{plural} that none of ours is")?;
                } else if *header != HeaderKind::None.name() {
                    write!(f, ", {header}")?;
                }
                write!(f, "): ")?;
                if *message > 1 {
                    write!(f, "message {message}: ")?;
                }
                f.write_str(why)
            }
        }
    }
}

/// Framings first, then dialects, the nearest first: `fits` and `others` are all attempts, best first.
pub(super) fn explain(cuts: &[Cut], dialects: &[Known], fits: &[Attempt<'_>], others: &[Attempt<'_>]) -> Vec<Refusal> {
    let best = fits.first().map(|fit| (fit.cut.framing, fit.cut.header));
    let refused = dialects.iter().filter(|known| !fits.iter().any(|fit| std::ptr::eq(fit.known, *known)));
    let mut nearest: Vec<(usize, Refusal)> = refused.filter_map(|known| nearest(known, best, others)).collect();
    nearest.sort_by_key(|(place, _)| *place);
    framings(cuts, fits).into_iter().chain(nearest.into_iter().map(|(_, refusal)| refusal)).collect()
}

/// Where a dialect came nearest, and which place that is among all attempts. How it fails on the frames of what fits says
/// most; where nothing fits, how it fails least.
fn nearest(
    known: &Known,
    best: Option<(Option<&str>, HeaderKind)>,
    others: &[Attempt<'_>],
) -> Option<(usize, Refusal)> {
    let failed = |attempt: &Attempt<'_>| std::ptr::eq(attempt.known, known) && attempt.error.is_some();
    let beside = |attempt: &Attempt<'_>| {
        failed(attempt) && attempt.skipped == 0 && best == Some((attempt.cut.framing, attempt.cut.header))
    };
    let place = others.iter().position(beside).or_else(|| others.iter().position(failed))?;
    let attempt = &others[place];
    let (index, error) = attempt.error.as_ref()?;
    let refusal = Refusal::Dialect {
        name: known.name.clone(),
        framing: attempt.cut.framing,
        header: attempt.cut.header.name(),
        skipped: attempt.skipped,
        message: index + 1,
        why: error.to_string(),
    };
    Some((place, refusal))
}

/// The framings of which none fits, those with the same reason together.
fn framings(cuts: &[Cut], fits: &[Attempt<'_>]) -> Vec<Refusal> {
    let mut groups: Vec<(Vec<&'static str>, String)> = Vec::new();
    let first = cuts.first().map(|cut| cut.header);
    for cut in cuts.iter().filter(|cut| Some(cut.header) == first) {
        if fits.iter().any(|fit| fit.cut.framing == cut.framing) {
            continue;
        }
        let why = match &cut.stop {
            Some(stop) if stop.after == 0 => stop.why.clone(),
            Some(stop) => format!("after {}, {}", frames(stop.after), stop.why),
            None if cut.framing.is_none() => "no dialect reads it as one message".to_owned(),
            None => format!("cuts {}, but no dialect reads them", frames(cut.messages.len() + cut.keep_alives)),
        };
        let name = cut.framing.unwrap_or(NO_FRAME);
        match groups.iter_mut().find(|(_, same)| *same == why) {
            Some((names, _)) => names.push(name),
            None => groups.push((vec![name], why)),
        }
    }
    groups.into_iter().map(|(names, why)| Refusal::Framings { names, why }).collect()
}

fn frames(count: usize) -> String {
    format!("{count} frame{}", if count == 1 { "" } else { "s" })
}

/// A number with a comma after every three digits from the right.
#[must_use]
pub fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
