//! `[switch] durability` and `[journal]`: what survives, and where it is kept.

use super::section::{Report, Section};
use crate::journal::{Durability, JournalError, KeySource, MasterKey};
use std::{path::PathBuf, time::Duration};

/// A journal as the configuration has it.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Its folder.
    pub folder: PathBuf,
    /// What a record has to survive: the machine (`disk`) or the process (`os`).
    pub durability: Durability,
    /// Length of a segment, in bytes.
    pub segment: u64,
    /// How long segments and the keys of their card data are kept.
    pub keep: Duration,
    /// Under which the data keys are wrapped; `None`: a file beside the folder, made at the first start.
    key: Option<KeySource>,
}

/// Lengths of segments that make sense.
const SEGMENT: u64 = 64 << 20;
const DAY: u64 = 86_400;

/// `None` with `durability = "off"`.
pub(super) fn read(root: &Section<'_, '_>, switch: Option<&Section<'_, '_>>, report: &Report<'_>) -> Option<Settings> {
    let text = switch.and_then(|section| section.text("durability"));
    let durability = match text.as_ref().map(|text| text.value.as_str()) {
        None | Some("disk") => Some(Durability::Disk),
        Some("os") => Some(Durability::Os),
        Some("off") => None,
        Some(other) => {
            let message = format!("unknown durability \"{other}\"; known are disk, os and off");
            if let (Some(section), Some(text)) = (switch, &text) {
                section.error(text.span.clone(), &message);
            }
            None
        }
    };
    let section = root.section("journal");
    let (mut folder, mut key, mut segment, mut keep) = ("journal".to_owned(), None, SEGMENT, 180 * DAY);
    if let Some(section) = &section {
        folder = section.text("folder").map_or(folder, |text| text.value);
        key = section.text("master_key").and_then(|text| {
            let source = KeySource::parse(&text.value).map(|source| match source {
                KeySource::File(path) => KeySource::File(report.folder().join(path)),
                variable => variable,
            });
            if source.is_none() {
                section.error(text.span, "a master key is \"file:PATH\" or \"env:NAME\"");
            }
            source
        });
        segment = section.integer("segment_mib", 2..=4096).map_or(segment, |mib| mib << 20);
        keep = section.integer("keep_days", 2..=36_500).map_or(keep, |days| days * DAY);
        section.finish();
    }
    let folder = report.folder().join(folder);
    durability.map(|durability| Settings { folder, durability, segment, keep: Duration::from_secs(keep), key })
}

impl Settings {
    /// Where the master key is. One that the configuration does not name is made where it is not there yet: a file beside
    /// the folder, for its owner alone.
    ///
    /// # Errors
    /// It cannot be made.
    pub fn master_key(&self) -> Result<KeySource, JournalError> {
        if let Some(source) = &self.key {
            return Ok(source.clone());
        }
        let path = self.folder.with_extension("master.key");
        if !path.exists() {
            MasterKey::make(&path)?;
            tracing::warn!(file = %path.display(), "a master key was made; keep it elsewhere than the journal");
        }
        Ok(KeySource::File(path))
    }
}
