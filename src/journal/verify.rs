//! Is a journal as it was written? For people; it changes nothing.

use super::{
    disk::{Disk, Folder},
    error::JournalError,
    index::{Run, index_name},
    open::Torn,
    read::{End, SegmentReader, Step},
    segment::{Listing, segment_name, snapshot_name},
    snapshot::Snapshot,
    unseal::unseal,
};
use std::{fmt, path::Path, sync::Arc};

/// What was found in a journal.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Report {
    /// Every segment.
    pub segments: Vec<SegmentReport>,
    /// Snapshots that are whole: the segments at whose end they were taken.
    pub snapshots: Vec<u64>,
    /// A last commit that is not whole: a crash leaves this, and so does looking while it is being written. It is cut off
    /// when the journal is opened.
    pub torn: Option<Torn>,
    /// All that no crash explains, in order.
    pub damages: Vec<Damage>,
    /// Indexes of sealed segments that are not whole: nothing is lost, they are made again when they are needed.
    pub indexes: Vec<String>,
}

/// One segment.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SegmentReport {
    /// Its number.
    pub number: u64,
    /// Position of its first record.
    pub first: u64,
    /// Commits that were read.
    pub commits: u64,
    /// Records that were read.
    pub records: u64,
    /// Records that an earlier repair found unreadable.
    pub lost: u64,
    /// Bytes up to the end of the last commit.
    pub bytes: u64,
}

/// Something that is not as it was written.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Damage {
    /// The file.
    pub file: String,
    /// From where on, in bytes.
    pub offset: u64,
    /// What is wrong.
    pub why: &'static str,
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: offset {}: {}", self.file, self.offset, self.why)
    }
}

impl Report {
    /// Records that were read.
    #[must_use]
    pub fn records(&self) -> u64 {
        self.segments.iter().map(|segment| segment.records).sum()
    }

    /// Notes a damage; other errors pass.
    fn damage(&mut self, error: JournalError) -> Result<(), JournalError> {
        let (file, offset, why) = match error {
            JournalError::Corrupt { file, offset, why } => (file, offset, why),
            JournalError::Gap { file, why } => (file, 0, why),
            other => return Err(other),
        };
        self.damages.push(Damage { file, offset, why });
        Ok(())
    }
}

/// Reads everything in the journal of a folder and says what is right and what is not.
///
/// # Errors
/// The disk refuses to be read.
pub fn verify(folder: &Path) -> Result<Report, JournalError> {
    verify_on(&(Arc::new(Folder::new(folder)) as Arc<dyn Disk>))
}

/// As [`verify`], on a disk that is not the machine's.
///
/// # Errors
/// As [`verify`].
pub fn verify_on(disk: &Arc<dyn Disk>) -> Result<Report, JournalError> {
    let listing = Listing::of(&**disk)?;
    let mut report = Report::default();
    for &number in &listing.snapshots {
        if Snapshot::read(&**disk, number)?.is_some() {
            report.snapshots.push(number);
        } else {
            let (file, why) = (disk.locate(&snapshot_name(number)), "this snapshot is not whole");
            report.damages.push(Damage { file, offset: 0, why });
        }
    }
    let mut expected = None;
    for (index, &number) in listing.segments.iter().enumerate() {
        let follows = index == 0 || listing.segments[index - 1] + 1 == number;
        if !follows {
            let why = "segments are missing before this one";
            report.damage(JournalError::Gap { file: disk.locate(&segment_name(number)), why })?;
            expected = None;
        }
        expected = segment(disk, number, expected, index + 1 == listing.segments.len(), &mut report)?;
    }
    for &number in &listing.indexes {
        if !Run::is_whole(&**disk, number)? {
            report.indexes.push(disk.locate(&index_name(number)));
        }
    }
    Ok(report)
}

/// Reads a segment, and says which position is to follow; `None` where that is unknown.
fn segment(
    disk: &Arc<dyn Disk>,
    number: u64,
    expected: Option<u64>,
    newest: bool,
    report: &mut Report,
) -> Result<Option<u64>, JournalError> {
    let mut reader = match SegmentReader::open(disk, number) {
        Ok(reader) => reader,
        Err(error) => return report.damage(error).map(|()| None),
    };
    let first = reader.header.first;
    if expected.is_some_and(|expected| expected != first) {
        report.damage(reader.corrupt(0, "records are missing before this segment"))?;
    }
    let mut found = SegmentReport { number, first, commits: 0, records: 0, lost: 0, bytes: 0 };
    let end = loop {
        match commits(&mut reader, &mut found, report)? {
            End::Clean if newest && reader.following()?.is_none() => break End::Clean,
            End::Torn(why) if newest && reader.following()?.is_none() => {
                let file = disk.locate(&segment_name(number));
                report.torn = Some(Torn { file, offset: reader.offset(), why });
                break End::Clean;
            }
            end => match reader.following()? {
                None => break end,
                Some((offset, header)) => {
                    let why = if let End::Torn(why) = end { why } else { "commits are missing here" };
                    report.damage(reader.corrupt(reader.offset(), why))?;
                    reader.skip_to(offset, &header);
                }
            },
        }
    };
    if let End::Torn(why) = end {
        report.damage(reader.corrupt(reader.offset(), why))?;
    }
    found.bytes = reader.offset();
    report.segments.push(found);
    Ok(Some(reader.next_position()))
}

/// Reads commits up to the next end.
fn commits(reader: &mut SegmentReader, found: &mut SegmentReport, report: &mut Report) -> Result<End, JournalError> {
    loop {
        let header = match reader.step()? {
            Step::End(end) => return Ok(end),
            Step::Commit(header) => header,
        };
        found.commits += 1;
        if header.lost {
            found.lost += u64::from(header.count);
            continue;
        }
        let read = reader.records(|offset, position, frame| {
            unseal(&frame, position, None, false).map_err(|why| reader.corrupt(offset, why))?;
            found.records += 1;
            Ok(())
        });
        if let Err(error) = read {
            report.damage(error)?;
        }
    }
}
