//! From one dialect into another of the same edition, field by field by meaning.
//!
//! What a field means is its logical value: the target packs, pads and prefixes it its own way, so code pages, packing, hex
//! and binary, and the separator of track 2 take care of themselves. A field whose form is the same on both sides is copied
//! as it stands. A composite whose inside is declared differently goes over element by element, by key. Only a field's form
//! is translated, never its content: codes are mapped by the profile of a link, not here.

use crate::{Dialect, FieldError, Message, Mti, bitmap::FieldSet, dialect::Profile, error::Reason};
use std::sync::Arc;

/// What is done with one field.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Step {
    /// The same form on both sides.
    Copy,
    /// Through the logical value.
    Transcode,
    /// Through the elements inside.
    Elements,
    /// The target does not define it.
    Nowhere,
}

/// One step for each field, under one pair of profiles.
type Steps = [Step; 193];

/// The longest value that is carried over without a buffer of its own.
const ORDINARY: usize = 1024;

/// A compiled translation between two dialects.
pub struct Translation {
    from: Arc<Dialect>,
    to: Arc<Dialect>,
    /// Nothing to do at all?
    same: bool,
    /// By the profiles on either side: `from * targets + to`; empty for pairs that no MTI has.
    steps: Vec<Option<Box<Steps>>>,
    /// Profiles of the target.
    targets: usize,
}

/// What a translation did.
#[derive(Debug)]
pub struct Translated {
    /// The message in the target's dialect.
    pub message: Message,
    /// Optional fields that the target cannot carry and that were dropped.
    pub dropped: FieldSet,
}

impl Translation {
    /// Compiles the table.
    #[must_use]
    pub fn new(from: &Arc<Dialect>, to: &Arc<Dialect>) -> Self {
        let same = Arc::ptr_eq(from, to) || from.same_form(to);
        let targets = to.profile_count();
        let mut steps = vec![None; from.profile_count() * targets];
        if !same {
            for mti in every_mti() {
                let pair = from.profile_index(mti) * targets + to.profile_index(mti);
                steps[pair].get_or_insert_with(|| compile(from.profile(mti), to.profile(mti)));
            }
        }
        Self { from: Arc::clone(from), to: Arc::clone(to), same, steps, targets }
    }

    /// Do both sides belong to one edition of the standard? Otherwise no message can be translated: the fields mean other
    /// things.
    #[must_use]
    pub fn possible(&self) -> bool {
        self.from.version() == self.to.version()
    }

    /// Translates; with the same dialect on both sides the message comes back untouched and nothing is copied.
    ///
    /// # Errors
    /// The mandatory field (by the target's list for the MTI) that the target cannot carry; field 0 where the editions
    /// differ.
    ///
    /// # Panics
    /// If the message is not in the dialect that the translation starts from.
    pub fn apply(&self, mut message: Message) -> Result<Translated, FieldError> {
        let dropped = self.apply_to(&mut message)?;
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
    pub fn apply_to(&self, message: &mut Message) -> Result<FieldSet, FieldError> {
        if self.same {
            if !Arc::ptr_eq(&message.dialect, &self.to) {
                message.dialect = Arc::clone(&self.to);
            }
            return Ok(FieldSet::new());
        }
        let translated = self.carry(message)?;
        *message = translated.message;
        Ok(translated.dropped)
    }

    /// The message in the target's dialect.
    fn carry(&self, message: &Message) -> Result<Translated, FieldError> {
        if !self.possible() {
            return Err(FieldError { field: 0, reason: Reason::OtherVersion });
        }
        let own = Arc::ptr_eq(&message.dialect, &self.from) || self.from.same_form(&message.dialect);
        assert!(own, "a message of another dialect");
        let mti = message.mti();
        let mut target = Message::new(&self.to, mti);
        let pair = self.from.profile_index(mti) * self.targets + self.to.profile_index(mti);
        let steps = self.steps[pair].as_ref().expect("compiled for every MTI");
        let mandatory = self.to.profile(mti).mandatory;
        let mut dropped = FieldSet::new();
        let mut buffer = [0; ORDINARY];
        for field in message.field_set().iter() {
            let carried = match steps[field as usize] {
                Step::Copy => target.copy_from(message, field),
                Step::Transcode => transcode(message, &mut target, field, &mut buffer),
                Step::Elements => by_elements(message, &mut target, field),
                Step::Nowhere => Err(FieldError { field, reason: Reason::Unmapped }),
            };
            match carried {
                Ok(()) => {}
                Err(error) if mandatory.contains(field) => return Err(error),
                Err(_) => dropped.insert(field),
            }
        }
        Ok(Translated { message: target, dropped })
    }
}

/// One MTI for every combination of the three digits that choose a profile.
fn every_mti() -> impl Iterator<Item = Mti> {
    (0..0x99A).filter_map(Mti::from_packed)
}

fn compile(from: &Profile, to: &Profile) -> Box<Steps> {
    let mut steps = Box::new([Step::Nowhere; 193]);
    for field in to.defined.iter() {
        let (source, target) = (from.spec(field), to.spec(field));
        let insides = (from.inside(field), to.inside(field));
        steps[field as usize] = match insides {
            (Some(one), Some(other)) if one != other => Step::Elements,
            _ if source == target && insides.0 == insides.1 => Step::Copy,
            _ => Step::Transcode,
        };
    }
    steps
}

fn transcode(from: &Message, to: &mut Message, field: u8, buffer: &mut [u8]) -> Result<(), FieldError> {
    match from.read(field, buffer) {
        Some(length) => to.set(field, &buffer[..length]),
        None => to.set(field, &from.logical(field).unwrap_or_default()),
    }
}

fn by_elements(from: &Message, to: &mut Message, field: u8) -> Result<(), FieldError> {
    let nothing = FieldError { field, reason: Reason::BadComposite { what: "the elements do not fit the target" } };
    let (Some(source), Some(mut target)) = (from.composite(field), to.new_composite(field)) else {
        return Err(nothing);
    };
    target.push_elements(&source.elements()).map_err(|_| nothing)?;
    to.set_composite(field, &target)
}
