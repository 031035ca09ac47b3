//! From one dialect into another, field by field by meaning.
//!
//! What a field means is its logical value: the target packs, pads and prefixes it its own way, so code pages, packing, hex
//! and binary, and the separator of track 2 take care of themselves. A field whose form is the same on both sides is copied
//! as it stands. A composite whose inside is declared differently goes over element by element, by key.
//!
//! Within one edition of the standard only a field's form is translated, never its content: codes are mapped by the profile
//! of a link, not here. Between editions the fields themselves mean other things: [`edition`] has the table.

mod edition;
mod field;
mod show;

pub use edition::code::{codes, response_code};
pub use show::Fate;

use crate::{
    Dialect, FieldError, Message, Mti,
    bitmap::FieldSet,
    dialect::{Profile, Version},
};
use edition::{Plan, Way};
use field::{ORDINARY, Step};
use std::sync::Arc;

/// One step for each field, under one pair of profiles.
type Steps = [Step; 193];

/// What is done under one pair of profiles.
enum Work {
    /// Field by field: both dialects are of one edition.
    Alike(Box<Steps>),
    /// By the table of the editions.
    Across(Box<Plan>),
}

/// A compiled translation between two dialects.
pub struct Translation {
    from: Arc<Dialect>,
    to: Arc<Dialect>,
    /// Nothing to do at all?
    same: bool,
    /// By the profiles on either side: `from * targets + to`; empty for pairs that no MTI has.
    work: Vec<Option<Work>>,
    /// Profiles of the target.
    targets: usize,
}

/// What a translation did.
#[derive(Debug)]
pub struct Translated {
    /// The message in the target's dialect.
    pub message: Message,
    /// Optional fields that the target cannot carry and that were dropped, by their numbers in the source.
    pub dropped: FieldSet,
}

impl Translation {
    /// Compiles the table.
    #[must_use]
    pub fn new(from: &Arc<Dialect>, to: &Arc<Dialect>) -> Self {
        let same = Arc::ptr_eq(from, to) || from.same_form(to);
        let targets = to.profile_count();
        let mut work = Vec::new();
        work.resize_with(from.profile_count() * targets, || None);
        let mut translation = Self { from: Arc::clone(from), to: Arc::clone(to), same, work, targets };
        if !same {
            for mti in every_mti() {
                let pair = translation.pair(mti);
                if translation.work[pair].is_none() {
                    translation.work[pair] = Some(translation.compile(mti));
                }
            }
        }
        translation
    }

    fn compile(&self, mti: Mti) -> Work {
        let target = edition::mti(mti, self.way(0));
        let (from, to) = (self.from.profile(mti), self.to.profile(target));
        let versions = (self.from.version(), self.to.version());
        if self.crosses() {
            Work::Across(Plan::compile((from, versions.0), (to, versions.1)))
        } else {
            Work::Alike(alike(from, to))
        }
    }

    /// Do the two dialects belong to different editions of the standard? Then some of a message may not be said in the other.
    #[must_use]
    pub fn crosses(&self) -> bool {
        self.from.version() != self.to.version()
    }

    fn way(&self, now: i64) -> Way {
        Way { from: self.from.version(), to: self.to.version(), now }
    }

    /// The place of the work for messages of this type.
    fn pair(&self, mti: Mti) -> usize {
        let target = if self.crosses() { edition::mti(mti, self.way(0)) } else { mti };
        self.from.profile_index(mti) * self.targets + self.to.profile_index(target)
    }

    /// Translates; with the same dialect on both sides the message comes back untouched and nothing is copied. `now`, in
    /// microseconds since 1970-01-01T00:00:00Z, chooses the years that the source leaves out: those closest to it.
    ///
    /// # Errors
    /// The field of the source that the target cannot carry and needs (by its list of mandatory fields for the MTI); 0 where it
    /// is the MTI.
    ///
    /// # Panics
    /// If the message is not in the dialect that the translation starts from.
    pub fn apply(&self, mut message: Message, now: i64) -> Result<Translated, FieldError> {
        let dropped = self.apply_to(&mut message, now)?;
        Ok(Translated { message, dropped })
    }

    /// As [`apply`](Self::apply), in place: the message becomes the translated one, and stays what it is on an error. Says
    /// which optional fields were dropped.
    ///
    /// # Errors
    /// As `apply`.
    ///
    /// # Panics
    /// As `apply`.
    pub fn apply_to(&self, message: &mut Message, now: i64) -> Result<FieldSet, FieldError> {
        if self.same {
            if !Arc::ptr_eq(&message.dialect, &self.to) {
                message.dialect = Arc::clone(&self.to);
            }
            return Ok(FieldSet::new());
        }
        let own = Arc::ptr_eq(&message.dialect, &self.from) || self.from.same_form(&message.dialect);
        assert!(own, "a message of another dialect");
        match self.work[self.pair(message.mti())].as_ref().expect("compiled for every MTI") {
            Work::Alike(steps) => self.carry_alike(message, steps),
            Work::Across(plan) => plan.carry(message, &self.to, self.way(now)),
        }
    }

    fn carry_alike(&self, message: &mut Message, steps: &Steps) -> Result<FieldSet, FieldError> {
        let mti = message.mti();
        let mut target = Message::new(&self.to, mti);
        let mandatory = self.to.profile(mti).mandatory;
        let mut dropped = FieldSet::new();
        let mut buffer = [0; ORDINARY];
        for field in message.field_set().iter() {
            match steps[field as usize].carry(message, &mut target, field, &mut buffer) {
                Ok(()) => {}
                Err(error) if mandatory.contains(field) => return Err(error),
                Err(_) => dropped.insert(field),
            }
        }
        *message = target;
        Ok(dropped)
    }
}

/// One MTI for every combination of the three digits that choose a profile.
fn every_mti() -> impl Iterator<Item = Mti> {
    (0..0x99A).filter_map(Mti::from_packed)
}

fn alike(from: &Profile, to: &Profile) -> Box<Steps> {
    let mut steps = Box::new([Step::Nowhere; 193]);
    for number in to.defined.iter() {
        steps[number as usize] = field::step(from, to, number);
    }
    steps
}

/// The edition of a response code, by its length: two characters in 1987, three in 1993, four in 2003.
#[must_use]
pub fn edition_of_code(code: crate::element::ResponseCode) -> Version {
    match code.as_bytes().len() {
        2 => Version::V1987,
        3 => Version::V1993,
        _ => Version::V2003,
    }
}
