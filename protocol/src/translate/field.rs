//! One field from one form into another, by its logical value.

use crate::{FieldError, Message, dialect::Profile, error::Reason};

/// The longest value that is laid out anew without a buffer of its own.
pub(super) const ORDINARY: usize = 256;

/// What is done with one field.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Step {
    /// The same form on both sides.
    Copy,
    /// Through the logical value.
    Transcode,
    /// Through the elements inside.
    Elements,
    /// The target does not define it.
    Nowhere,
}

/// What is to be done with a field that both profiles define and that means the same in both.
pub(super) fn step(from: &Profile, to: &Profile, field: u8) -> Step {
    let (source, target) = (from.spec(field), to.spec(field));
    let insides = (from.inside(field), to.inside(field));
    match insides {
        (Some(one), Some(other)) if one != other => Step::Elements,
        _ if source == target && insides.0 == insides.1 => Step::Copy,
        _ => Step::Transcode,
    }
}

impl Step {
    #[inline]
    pub(super) fn carry(
        self,
        from: &Message,
        to: &mut Message,
        field: u8,
        buffer: &mut [u8],
    ) -> Result<(), FieldError> {
        match self {
            Self::Copy => to.copy_from(from, field),
            Self::Transcode => transcode(from, to, field, buffer),
            Self::Elements => by_elements(from, to, field),
            Self::Nowhere => Err(FieldError { field, reason: Reason::Unmapped }),
        }
    }
}

fn transcode(from: &Message, to: &mut Message, field: u8, buffer: &mut [u8]) -> Result<(), FieldError> {
    match from.look(field, buffer) {
        Some(value) => to.set(field, value),
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
