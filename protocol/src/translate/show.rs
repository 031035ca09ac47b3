//! What a translation does, field by field, for people.

use super::{Translation, Work, every_mti, field::Step};
use crate::Mti;

/// What becomes of one data element.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Fate {
    /// The data elements of the source, e.g. `12 13`; empty where the value follows from the message type.
    pub from: String,
    /// The data element of the target; `None`: it is not carried.
    pub to: Option<u8>,
    /// What it is called, in the target if it gets there, else in the source.
    pub name: String,
    /// How it goes over.
    pub how: String,
    /// Is it mandatory in the target? A message of which it cannot be carried is refused.
    pub mandatory: bool,
}

impl Translation {
    /// What becomes of each data element of a message of this type, or where none is said of most: first what arrives, by its
    /// number in the target, then what is dropped.
    #[must_use]
    pub fn fates(&self, mti: Option<Mti>) -> Vec<Fate> {
        let mti = mti.unwrap_or_else(|| Mti::from_packed(0x0200).expect("an MTI"));
        let mti = mti.with_version(self.from.version() as u8);
        let target = super::edition::mti(mti, self.way(0));
        let (from, to) = (self.from.profile(mti), self.to.profile(target));
        let mut fates = Vec::new();
        let mut carried = crate::bitmap::FieldSet::new();
        let mut arrives = |sources: &[u8], to_field: u8, how: String| {
            let sources: Vec<u8> = sources.iter().copied().filter(|&field| from.defined.contains(field)).collect();
            sources.iter().for_each(|&field| carried.insert(field));
            let name = to.label(to_field).map(|label| label.name.clone()).unwrap_or_default();
            let from = sources.iter().map(u8::to_string).collect::<Vec<_>>().join(" ");
            fates.push(Fate { from, to: Some(to_field), name, how, mandatory: to.mandatory.contains(to_field) });
        };
        let form = |step: Option<Step>| match step {
            Some(Step::Copy) => "as it stands",
            Some(Step::Transcode) => "in the form of the other",
            Some(Step::Elements) => "element by element",
            _ => "",
        };
        match self.work.get(self.pair(mti)).and_then(Option::as_ref) {
            Some(Work::Across(plan)) => {
                for (made, row, step) in plan.makes() {
                    match step {
                        Some(_) => arrives(&[made], made, form(step).to_owned()),
                        None => {
                            let how = row.between(self.from.version(), self.to.version());
                            arrives(row.of(self.from.version()), made, how.to_owned());
                        }
                    }
                }
            }
            Some(Work::Alike(steps)) => {
                for field in from.defined.intersection(&to.defined).iter() {
                    arrives(&[field], field, form(Some(steps[field as usize])).to_owned());
                }
            }
            None => from.defined.iter().for_each(|field| arrives(&[field], field, form(Some(Step::Copy)).to_owned())),
        }
        for field in from.defined.without(&carried).iter() {
            let name = from.label(field).map(|label| label.name.clone()).unwrap_or_default();
            let how = if self.crosses() { "has no counterpart: dropped" } else { "not defined there: dropped" };
            fates.push(Fate { from: field.to_string(), to: None, name, how: how.to_owned(), mandatory: false });
        }
        fates
    }

    /// The message types that this translation changes, as pairs of source and target, for people.
    #[must_use]
    pub fn types(&self) -> Vec<(Mti, Mti)> {
        let own = |mti: Mti| mti.with_version(self.from.version() as u8);
        let changed = |mti: Mti| (mti, super::edition::mti(mti, self.way(0)));
        every_mti()
            .map(own)
            .map(changed)
            .filter(|(one, other)| one.packed() & 0xFFF != other.packed() & 0xFFF)
            .collect()
    }
}
