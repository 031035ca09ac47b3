//! From one edition of the standard into another: 1987, 1993, 2003.
//!
//! [`table`] says, a row a meaning, in which data elements each edition says it; the modules beside it say how a value goes
//! over where its form differs. Here the rows become a plan for one pair of dialects: for every data element of the target,
//! what it is made of, in the order in which it is written.

mod amount;
mod balance;
pub(super) mod code;
mod date;
mod fee;
mod function;
mod original;
mod place;
mod point;
mod table;

use super::field::{self, Step};
use crate::{
    Dialect, FieldError, Message, Mti,
    bitmap::FieldSet,
    class::Class,
    dialect::{Profile, Version},
    error::Reason,
};
use smallvec::SmallVec;
use std::sync::Arc;
use table::{Kind, ROWS, Row};

/// The way of one message: which edition it comes from and goes to, and what time it is (microseconds since
/// 1970-01-01T00:00:00Z), for the years that 1987 and 1993 leave out.
#[derive(Clone, Copy)]
pub(super) struct Way {
    pub(super) from: Version,
    pub(super) to: Version,
    pub(super) now: i64,
}

/// The data elements of the source that were said in the target, at most four; 0 stands for none. (A set would take longer to
/// hand on than to fill.)
#[derive(Clone, Copy)]
struct Used([u8; 4]);

/// Nothing of the source was said.
const NOTHING: Used = Used([0; 4]);

/// These data elements of the source were said.
#[inline]
const fn used<const N: usize>(fields: [u8; N]) -> Used {
    let mut four = [0; 4];
    let mut at = 0;
    while at < N {
        four[at] = fields[at];
        at += 1;
    }
    Used(four)
}

/// What was said in the target, or why a value cannot be said there.
type Said = Result<Used, Reason>;

/// It has no place in the other edition.
const fn unsayable(what: &'static str) -> Reason {
    Reason::NoCounterpart { what }
}

/// What becomes of the source for one data element of the target.
#[derive(Clone, Copy)]
enum Make {
    /// The same data element means the same.
    Same(Step),
    /// By a row of the table.
    By(&'static Row),
}

/// The plan under one pair of profiles.
pub(super) struct Plan {
    /// By data element of the target.
    makes: Box<[Option<Make>; 193]>,
    /// By data element of the source, where it has a part in other elements than its own of the same number.
    reaches: Box<[FieldSet; 193]>,
    /// The data elements that go over under their own number, and nowhere else.
    own: FieldSet,
    /// What is made whatever the source says: it follows from the message type.
    always: FieldSet,
}

impl Plan {
    pub(super) fn compile(from: (&Profile, Version), to: (&Profile, Version)) -> Box<Self> {
        let ((source, one), (target, other)) = (from, to);
        let mut plan = Self {
            makes: Box::new([None; 193]),
            reaches: Box::new([FieldSet::new(); 193]),
            own: FieldSet::new(),
            always: FieldSet::new(),
        };
        for row in ROWS {
            let (sources, targets) = (row.of(one), row.of(other));
            for &made in targets.iter().filter(|&&made| target.defined.contains(made)) {
                let Some(make) = make(row, made, (source, one), (target, other)) else { continue };
                plan.makes[usize::from(made)] = Some(make);
                for &field in sources.iter().filter(|_| !matches!(make, Make::Same(_))) {
                    plan.reaches[usize::from(field)].insert(made);
                }
                match make {
                    Make::Same(_) => plan.own.insert(made),
                    Make::By(_) if row.always(other) => plan.always.insert(made),
                    Make::By(_) => {}
                }
            }
        }
        for field in plan.own.iter().filter(|&field| !plan.reaches[usize::from(field)].is_empty()).collect::<Vec<_>>() {
            plan.own.remove(field);
            plan.reaches[usize::from(field)].insert(field);
        }
        Box::new(plan)
    }

    /// The data elements of the target that this message has something for.
    fn targets(&self, message: &Message) -> FieldSet {
        let present = message.field_set();
        let mut targets = self.own.intersection(&present).union(&self.always);
        for field in present.without(&self.own).iter() {
            targets = targets.union(&self.reaches[usize::from(field)]);
        }
        targets
    }

    /// Puts the message into the other dialect, and says what was dropped.
    pub(super) fn carry(&self, message: &mut Message, to: &Arc<Dialect>, way: Way) -> Result<FieldSet, FieldError> {
        let mti = mti(message.mti(), way);
        let mut target = Message::new(to, mti);
        let mandatory = to.profile(mti).mandatory;
        let (mut said, mut failed) = (FieldSet::new(), FieldSet::new());
        let mut buffer = [0; field::ORDINARY];
        for made in self.targets(message).iter() {
            let make = self.makes[usize::from(made)].as_ref().expect("only what is made is a target");
            let (lead, done) = match make {
                Make::Same(step) => (made, same(*step, message, &mut target, made, &mut buffer)),
                Make::By(row) => (row.lead(message, way.from), row.kind.make(message, &mut target, made, way)),
            };
            match done {
                Ok(Used(fields)) => fields.iter().filter(|&&field| field > 0).for_each(|&field| said.insert(field)),
                Err(reason) if mandatory.contains(made) => {
                    // Without a source, the one at fault is the message type.
                    return Err(FieldError { field: lead, reason });
                }
                Err(_) if lead > 0 => failed.insert(lead),
                Err(_) => {}
            }
        }
        let dropped = message.field_set().without(&said).union(&failed);
        *message = target;
        Ok(dropped)
    }

    /// How each data element of the target is made, in order: its number, the row, and how it goes under its own number.
    pub(super) fn makes(&self) -> impl Iterator<Item = (u8, &'static Row, Option<Step>)> {
        self.makes.iter().zip(0..).filter_map(|(make, number)| match make.as_ref()? {
            Make::Same(step) => Some((number, table::PLAIN, Some(*step))),
            Make::By(row) => Some((number, *row, None)),
        })
    }
}

/// How a row makes one data element of the target; `None` where it cannot.
fn make(row: &'static Row, made: u8, from: (&Profile, Version), to: (&Profile, Version)) -> Option<Make> {
    let ((source, one), (target, other)) = (from, to);
    if row.kind.is_plain(one, other) {
        if !row.of(one).contains(&made) || !source.defined.contains(made) {
            return None;
        }
        // Text and bytes are not each other.
        let alike = (source.spec(made).class == Class::B) == (target.spec(made).class == Class::B);
        return alike.then(|| Make::Same(field::step(source, target, made)));
    }
    // 2003 may write the merchant's place as a dataset of the network's own, which only its document tells.
    let dataset = |profile: &Profile| profile.spec(made).class == Class::B;
    if row.kind == Kind::Place && (dataset(source) || dataset(target)) {
        return None;
    }
    let possible = row.of(one).iter().any(|&field| source.defined.contains(field)) || row.always(other);
    possible.then_some(Make::By(row))
}

/// A data element that means the same in both editions.
fn same(step: Step, from: &Message, to: &mut Message, field: u8, buffer: &mut [u8]) -> Said {
    match step.carry(from, to, field, buffer) {
        Ok(()) => Ok(used([field])),
        // A terminal of sixteen characters may be one of eight and blanks.
        Err(FieldError { reason: Reason::TooLong { max, .. }, .. }) => {
            let value: SmallVec<[u8; 64]> = from.logical(field).unwrap_or_default();
            let bare = value.trim_ascii_end();
            if bare.len() > max {
                return Err(Reason::TooLong { max, had: bare.len() });
            }
            put(to, field, bare).map(|()| used([field]))
        }
        Err(error) => Err(error.reason),
    }
}

/// Sets a data element of the target.
fn put(to: &mut Message, field: u8, value: &[u8]) -> Result<(), Reason> {
    to.set(field, value).map_err(|error| error.reason)
}

/// The message type in the other edition. 1993 and 2003 know no reversal that may be declined: 0400 becomes the advice. Network
/// management has the origin "other" there, and "acquirer" in 1987.
pub(super) fn mti(mti: Mti, way: Way) -> Mti {
    let mut packed = mti.packed() & 0x0FFF;
    let later = way.to != Version::V1987;
    if packed & 0xFE0 == 0x400 && later {
        packed |= 0x20;
    }
    match (packed >> 8, packed & 0xF, later) {
        (8, 0 | 1, true) => packed += 4,
        (8, 4 | 5, false) => packed -= 4,
        _ => {}
    }
    Mti::from_packed(packed | (way.to as u16) << 12).expect("digits of an MTI")
}

impl Kind {
    /// Does the value go over as it is, under its own number?
    fn is_plain(self, from: Version, to: Version) -> bool {
        let both = |version: fn(Version) -> bool| version(from) && version(to);
        match self {
            Self::Plain => true,
            // A reversal of a part says other amounts in DE4 and DE5.
            Self::Amount { amount, .. } => !matches!(amount, 4 | 5) && both(|version| version != Version::V2003),
            Self::Balances => both(|version| version != Version::V2003),
            Self::Place | Self::Security => both(|version| version != Version::V1987),
            _ => false,
        }
    }

    /// Makes one data element of the target.
    fn make(self, from: &Message, to: &mut Message, made: u8, way: Way) -> Said {
        match self {
            Self::Plain => Ok(NOTHING),
            Self::Digits => amount::digits(from, to, made),
            Self::Amount { amount, currency } => amount::make(from, to, made, (amount, currency), way),
            Self::InPart => amount::in_part(from, to, made, way),
            Self::Balances => balance::make(from, to, made, way),
            Self::Moment => date::moment(from, to, made, way),
            Self::Day => date::day(from, to, made, way),
            Self::Century => date::century(from, to, made, way),
            Self::Merchant => point::merchant(from, to, made, way),
            Self::Point => point::make(from, to, made, way),
            Self::Function => function::make(from, to, made, way),
            Self::Code => code::make(from, to, made, way),
            Self::Fees => fee::make(from, to, made, way),
            Self::Place => place::make(from, to, made, way),
            Self::Original => original::make(from, to, made, way),
            Self::Security => original::security(from, to, made, way),
        }
    }
}
