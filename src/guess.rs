//! Which framing, header and dialect captured bytes are written in: every combination that is shipped, or named beside
//! them, is tried on the first frames, and what reads them is ranked by how sensible the messages are.
//!
//! Pure: bytes in, an [`Answer`] out; the command (`banklink decode --guess`) reads and prints. Nothing is listed here by
//! name: [`Forms::all`] and [`shipped`] ask the codec for what it has, so a new framing, header or dialect is guessed from
//! the day it is there.
//!
//! - [`cut`] takes the first frames of each sample apart with one framing and header, and says where it could not.
//! - [`weigh`] asks of a decoded message what decoding alone does not: is DE7 a moment, does DE2 have its check digit, is
//!   the currency one. Most wrong combinations fail to decode; this tells the few that do from the right one.
//! - [`attempt`] is one combination on all frames. Where no header of ours fits, the message is looked for behind any
//!   header of up to [`LONGEST_HEADER`] bytes.
//! - [`refused`] says why the others do not fit, in as few lines as that takes.
//!
//! The work is bounded whatever the input: at most [`MOST_FRAMES`] frames within [`WINDOW`] bytes are looked at.

mod attempt;
mod cut;
mod refused;
mod weigh;

pub use attempt::{Fit, HeaderFit};
pub use refused::{Refusal, grouped};
pub use weigh::Doubt;

use attempt::Attempt;
use banklink_protocol::{
    Dialect,
    frame::{Framing, HeaderKind},
};
use bytes::Bytes;
use cut::Cut;
use std::sync::Arc;

/// Most frames looked at, over all samples.
pub const MOST_FRAMES: usize = 64;

/// Most bytes of a sample looked at: sixty-four frames of the usual kind, and a dozen of the largest.
pub const WINDOW: usize = 1 << 20;

/// The longest header that is searched behind, in bytes.
pub const LONGEST_HEADER: usize = 64;

/// A dialect to try.
#[derive(Clone, Debug)]
pub struct Known {
    /// What `--dialect` takes to name it: a shipped name or a path.
    pub name: String,
    /// The dialect.
    pub dialect: Arc<Dialect>,
}

/// The shipped dialects.
#[must_use]
pub fn shipped() -> Vec<Known> {
    let known = |name: &&str| Some(Known { name: (*name).to_owned(), dialect: Dialect::named(name)? });
    Dialect::shipped().iter().filter_map(known).collect()
}

/// The framings and headers to try.
#[derive(Clone, Debug)]
pub struct Forms {
    /// Framings, without header; `None` takes a sample for one bare message.
    pub framings: Vec<Option<Framing>>,
    /// Headers.
    pub headers: Vec<HeaderKind>,
}

impl Forms {
    /// All that the codec has, and no framing at all.
    #[must_use]
    pub fn all() -> Self {
        let mut forms = Self::of_streams();
        forms.framings.insert(0, None);
        forms
    }

    /// All that can cut a stream of messages.
    #[must_use]
    pub fn of_streams() -> Self {
        let framings = Framing::NAMES.iter().filter_map(|name| Framing::named(name).ok()).map(Some).collect();
        let headers = HeaderKind::NAMES.iter().filter_map(|name| HeaderKind::named(name).ok()).collect();
        Self { framings, headers }
    }
}

/// What captured bytes may be.
#[derive(Clone)]
pub struct Answer {
    /// Bytes there were, over all samples.
    pub size: usize,
    /// Does the answer rest on the first of them only?
    pub first_only: bool,
    /// What reads the messages, best first.
    pub fits: Vec<Fit>,
    /// Why the rest does not: framings first, then dialects.
    pub refused: Vec<Refusal>,
}

impl Answer {
    /// The best that reads every message and every byte.
    #[must_use]
    pub fn best(&self) -> Option<&Fit> {
        self.fits.first().filter(|fit| fit.whole())
    }
}

/// Tries every combination on the samples: pieces of streams of one link, each beginning with a message.
///
/// Among equals the dialect that stands first in `dialects` is ranked first.
#[must_use]
pub fn guess(samples: &[Bytes], dialects: &[Known], forms: &Forms) -> Answer {
    let cuts = cuts(samples, forms);
    let mut attempts = Vec::new();
    for cut in &cuts {
        for known in dialects {
            attempts.push(Attempt::make(cut, 0, known));
        }
        // Behind a header that none of ours is: only where ours were not taken off already.
        if cut.header == HeaderKind::None {
            let behind = |known| (1..=LONGEST_HEADER).map(move |skipped| Attempt::make(cut, skipped, known));
            attempts.extend(dialects.iter().flat_map(behind).filter(Attempt::is_noteworthy));
        }
    }
    // Stable: among equals the order of framings, headers and dialects stays.
    attempts.sort_by_key(|attempt| std::cmp::Reverse(attempt.rank()));
    let (fitting, others): (Vec<_>, Vec<_>) = attempts.into_iter().partition(Attempt::fits);
    let refused = refused::explain(&cuts, dialects, &fitting, &others);
    Answer {
        size: samples.iter().map(Bytes::len).sum(),
        first_only: cuts.iter().any(|cut| cut.first_only),
        fits: fitting.into_iter().map(Attempt::into_fit).collect(),
        refused,
    }
}

fn cuts(samples: &[Bytes], forms: &Forms) -> Vec<Cut> {
    let with_headers = |framing: &Option<Framing>| {
        let framing = framing.clone();
        forms.headers.iter().map(move |header| Cut::make(framing.clone(), *header, samples))
    };
    forms.framings.iter().flat_map(with_headers).collect()
}
