//! What a run found: each step's outcome, and everything that was not as the script wants it. Card data masked.

pub mod junit;
pub mod text;

use std::time::Duration;

/// A script that was played.
#[derive(Clone, PartialEq, Debug, serde::Serialize)]
pub struct ScriptReport {
    /// Its name.
    pub name: String,
    /// Its file.
    pub file: String,
    /// The cases it plays.
    pub cases: Vec<u32>,
    /// Its steps, those of loops once a turn, in the order they were played.
    pub steps: Vec<StepReport>,
    /// What came and no step asked for, besides what a step that waited for something else has told.
    pub unasked: Vec<Deviation>,
    /// From the first step to the last, in milliseconds.
    pub milliseconds: u64,
}

/// A step that was played, or that was not.
#[derive(Clone, PartialEq, Debug, serde::Serialize)]
pub struct StepReport {
    /// Where it stands in the script.
    pub line: usize,
    /// What it does.
    pub title: String,
    /// How it went.
    pub outcome: Outcome,
    /// In milliseconds.
    pub milliseconds: u64,
}

/// How a step went.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// As the script wants it.
    Passed,
    /// Not so: everything that was not.
    Deviated(Vec<Deviation>),
    /// It had no meaning any more, for this reason.
    NotReached(String),
}

/// One thing that is not as the script wants it.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize)]
pub struct Deviation {
    /// What kind of thing.
    pub kind: Kind,
    /// The data element, where it is about one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<u8>,
    /// What was wanted.
    pub wanted: String,
    /// What came.
    pub had: String,
}

/// The kinds of deviation.
#[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A data element breaks a rule.
    Field,
    /// What was waited for did not come.
    Silence,
    /// Something came that nothing asked for.
    Unasked,
    /// A message does not decode.
    Unreadable,
    /// A connection is not as it should be.
    Connection,
    /// The switch's state is not what it should be.
    State,
    /// The message cannot be made.
    Message,
}

impl Deviation {
    pub(super) fn new(kind: Kind, wanted: impl Into<String>, had: impl Into<String>) -> Self {
        Self { kind, field: None, wanted: wanted.into(), had: had.into() }
    }
}

impl ScriptReport {
    /// Everything that was not as it should be, with the step it belongs to.
    pub fn deviations(&self) -> impl Iterator<Item = (Option<&StepReport>, &Deviation)> {
        let of_steps = self.steps.iter().flat_map(|step| {
            let deviations = match &step.outcome {
                Outcome::Deviated(deviations) => &deviations[..],
                _ => &[],
            };
            deviations.iter().map(move |deviation| (Some(step), deviation))
        });
        of_steps.chain(self.unasked.iter().map(|deviation| (None, deviation)))
    }

    /// Was everything as the script wants it?
    #[must_use]
    pub fn passed(&self) -> bool {
        self.unasked.is_empty() && self.steps.iter().all(|step| step.outcome == Outcome::Passed)
    }

    pub(super) fn took(&mut self, time: Duration) {
        self.milliseconds = milliseconds(time);
    }
}

/// Whole milliseconds.
pub(super) fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
