//! Making a damaged journal openable again. A torn tail is cut off. Damage in the middle is touched only when forced:
//! what cannot be read is put aside into a file of its own, and in its place the journal says that, and how many, records
//! were lost there; all that can be read stays.

use super::{
    disk::{Access, Disk, Folder, failed, replace},
    error::JournalError,
    format::{COMMIT_HEAD, CommitHeader, MAX_COMMIT, PAGE},
    index::{Run, index_name},
    open::Torn,
    read::{End, SegmentReader, Step},
    segment::{Listing, segment_name},
    verify::{Damage, verify_on},
};
use std::{path::Path, sync::Arc};

/// What a repair did.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Repaired {
    /// A last commit that was not whole was cut off here.
    pub torn: Option<Torn>,
    /// What was put aside, and into which file.
    pub aside: Vec<(Damage, String)>,
    /// How many records were lost.
    pub lost: u64,
}

/// Repairs the journal of a folder, which no process may have open. Without `force`, only a torn tail is cut off.
///
/// # Errors
/// It is in use, the disk refuses, or it is damaged in the middle and this is not forced; then nothing was changed. A
/// segment whose header is damaged, or that is missing, cannot be repaired.
pub fn repair(folder: &Path, force: bool) -> Result<Repaired, JournalError> {
    repair_on(&(Arc::new(Folder::new(folder)) as Arc<dyn Disk>), force)
}

/// As [`repair`], on a disk that is not the machine's.
///
/// # Errors
/// As [`repair`].
pub fn repair_on(disk: &Arc<dyn Disk>, force: bool) -> Result<Repaired, JournalError> {
    let lock = disk.lock().map_err(failed(&**disk, "locking", "lock"))?;
    let _lock = lock.ok_or_else(|| JournalError::Locked { folder: disk.locate("") })?;
    let report = verify_on(disk)?;
    let listing = Listing::of(&**disk)?;
    if let (Some(damage), false) = (report.damages.first(), force) {
        let Damage { file, offset, why } = damage.clone();
        return Err(JournalError::Corrupt { file, offset, why });
    }
    // All headers are looked at before anything is changed.
    for pair in listing.segments.windows(2) {
        if pair[0] + 1 != pair[1] {
            let file = disk.locate(&segment_name(pair[0] + 1));
            return Err(JournalError::Gap { file, why: "this segment is missing: it has to come from a copy" });
        }
    }
    for &number in &listing.segments {
        SegmentReader::open(disk, number)?;
    }
    for &number in &listing.indexes {
        // What is repaired no longer is where they say; they are made again.
        if !report.damages.is_empty() || !Run::is_whole(&**disk, number)? {
            let name = index_name(number);
            disk.remove(&name).map_err(failed(&**disk, "removing", &name))?;
        }
    }
    let mut repaired = Repaired::default();
    if !report.damages.is_empty() {
        for (index, &number) in listing.segments.iter().enumerate() {
            bridge_all(disk, number, listing.segments.get(index + 1).copied(), &mut repaired)?;
        }
    }
    if let Some(torn) = report.torn {
        cut(disk, listing.segments.last().copied().unwrap_or_default(), torn.offset)?;
        repaired.torn = Some(torn);
    }
    Ok(repaired)
}

fn cut(disk: &Arc<dyn Disk>, number: u64, offset: u64) -> Result<(), JournalError> {
    let name = segment_name(number);
    let cut = disk.open(&name, Access::Change).and_then(|file| {
        file.truncate(offset)?;
        file.sync()
    });
    cut.map_err(failed(&**disk, "cutting off the torn end of", &name))
}

/// Bridges every place of a segment that cannot be read.
fn bridge_all(
    disk: &Arc<dyn Disk>,
    number: u64,
    next: Option<u64>,
    repaired: &mut Repaired,
) -> Result<(), JournalError> {
    let mut reader = SegmentReader::open(disk, number)?;
    loop {
        let end = loop {
            match reader.step()? {
                Step::End(end) => break end,
                Step::Commit(_) => {
                    // A commit whose checksum is right holds what its writer wrote: nothing to repair here.
                    reader.records(|_, _, _| Ok(()))?;
                }
            }
        };
        let why = if let End::Torn(why) = end { why } else { "commits are missing here" };
        let (to, first) = match (reader.following()?, next) {
            (Some((offset, header)), _) => (offset, header.first),
            (None, None) => return Ok(()),
            (None, Some(next)) => {
                let first = SegmentReader::open(disk, next)?.header.first;
                if first == reader.next_position() {
                    return Ok(());
                }
                (reader.length().max(reader.offset() + PAGE as u64).next_multiple_of(PAGE as u64), first)
            }
        };
        let Some(lost) = first.checked_sub(reader.next_position()) else {
            return Err(reader.corrupt(to, "later records repeat the positions of earlier ones"));
        };
        let aside = set_aside(disk, &reader, to)?;
        repaired.lost += lost;
        let damage = Damage { file: disk.locate(&segment_name(number)), offset: reader.offset(), why };
        bridge(disk, &reader, to, lost)?;
        repaired.aside.push((damage, aside));
        reader = SegmentReader::open(disk, number)?;
    }
}

/// Copies what lies from the reader's place up to `to` into a file beside the segment.
fn set_aside(disk: &Arc<dyn Disk>, reader: &SegmentReader, to: u64) -> Result<String, JournalError> {
    let (number, from) = (reader.header.number, reader.offset());
    let (name, aside) = (segment_name(number), format!("{number:010}-{from}.damaged"));
    let mut bytes = vec![0; (to.min(reader.length()).saturating_sub(from)) as usize];
    let read = disk.open(&name, Access::Read).and_then(|file| file.read(&mut bytes, from));
    bytes.truncate(read.map_err(failed(&**disk, "reading", &name))?);
    replace(&**disk, &aside, &bytes)?;
    Ok(aside)
}

/// Says, from the reader's place up to `to`, that `lost` records were here.
fn bridge(disk: &Arc<dyn Disk>, reader: &SegmentReader, to: u64, lost: u64) -> Result<(), JournalError> {
    let name = segment_name(reader.header.number);
    let failed = failed(&**disk, "bridging a damage in", &name);
    let file = disk.open(&name, Access::Change).map_err(&failed)?;
    let (mut at, mut first, mut left) = (reader.offset(), reader.next_position(), lost);
    while at < to {
        let pages = (to - at).min(MAX_COMMIT as u64) as usize;
        let count = u32::try_from(left).unwrap_or(u32::MAX);
        let length = (pages - COMMIT_HEAD) as u32;
        let header = CommitHeader { length, first, count, at: reader.header.made, lost: true };
        let mut bytes = vec![0; pages];
        let head = header.bytes(&reader.header, &bytes[COMMIT_HEAD..]);
        bytes[..COMMIT_HEAD].copy_from_slice(&head);
        file.write(&bytes, at).map_err(&failed)?;
        (at, first, left) = (at + pages as u64, first + u64::from(count), left - u64::from(count));
    }
    file.sync().map_err(&failed)
}
