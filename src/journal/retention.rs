//! What stays: snapshots of what is open, segments and keys for as long as they are to be kept, and nothing else.

use super::{
    carry::{Fold, Kept},
    day::Day,
    disk::{Access, Disk, failed},
    error::JournalError,
    format::{Frame, MAX_RECORD, OpenFrame},
    read::{SegmentReader, Step},
    seal::{KeyId, KeyRing, TAG},
    segment::{Listing, RECYCLED, segment_name, snapshot_name},
    snapshot::Snapshot,
    unseal::unseal,
};
use std::{collections::HashSet, sync::Arc, time::Duration};
use zeroize::Zeroizing;

/// How long what is kept.
#[derive(Clone, Copy)]
pub(super) struct Keep {
    /// Segments and keys, in days.
    pub(super) days: i32,
    /// Tombstones.
    pub(super) tombstones: Duration,
}

/// Snapshots that are kept: the newest, and one to fall back on.
const SNAPSHOTS: usize = 2;
/// A body is sealed again so many days before its key is to be destroyed: by then the older snapshots are gone, too.
const AHEAD: i32 = 2;

/// The newest whole snapshot of a segment up to `number`.
pub(super) fn newest(disk: &dyn Disk, listing: &Listing, number: u64) -> Result<Option<Snapshot>, JournalError> {
    for &candidate in listing.snapshots.iter().rev().filter(|&&candidate| candidate <= number) {
        if let Some(snapshot) = Snapshot::read(disk, candidate)? {
            return Ok(Some(snapshot));
        }
    }
    Ok(None)
}

/// Makes the snapshot of segment `number`, which is sealed, and cuts off what it does not use of its file.
pub(super) fn carry(
    disk: &Arc<dyn Disk>,
    keys: &KeyRing,
    number: u64,
    key: KeyId,
    keep: &Keep,
) -> Result<Snapshot, JournalError> {
    let listing = Listing::of(&**disk)?;
    let (mut fold, mut from, mut position, mut epoch) = (Fold::default(), 1, 0, 0);
    if let Some(older) = newest(&**disk, &listing, number)? {
        (from, position, epoch) = (older.number + 1, older.position, older.epoch);
        fold.reach(older.at);
        for kept in older.kept {
            let mut bytes = &kept.frame[..];
            let frame = Frame::cut(&mut bytes).expect("a snapshot was read through its frames");
            let unsealed = unseal(&frame, kept.position, None, kept.carried);
            let why = |why| JournalError::Corrupt { file: disk.locate(&snapshot_name(older.number)), offset: 0, why };
            let record = unsealed.map_err(why)?.record;
            fold.apply(&record, || kept);
        }
        // Behind the records: those that are still open may be older than what the notes say.
        older.notes.iter().for_each(|&note| fold.note(note));
    }
    for segment in from..=number {
        let mut reader = SegmentReader::open(disk, segment)?;
        fold_segment(&mut reader, &mut fold)?;
        // Before anything is built on it, or cut off behind it.
        if SegmentReader::open(disk, segment + 1)?.header.first != reader.next_position() {
            return Err(reader.corrupt(reader.offset(), "commits are missing before the next segment"));
        }
        (position, epoch) = (reader.next_position() - 1, epoch.max(reader.header.epoch));
        trim(&**disk, &reader)?;
    }
    let at = fold.latest();
    let (notes, mut kept) = fold.finish(keep.tombstones);
    let due = Day::of(at).0.saturating_sub(keep.days).saturating_add(AHEAD);
    for kept in kept.iter_mut().filter(|kept| kept.key.day.0 <= due && kept.key != key) {
        reseal(keys, kept, key)?;
    }
    let snapshot = Snapshot { number, epoch, position, at, notes, kept };
    snapshot.write(&**disk)?;
    Ok(snapshot)
}

fn fold_segment(reader: &mut SegmentReader, fold: &mut Fold) -> Result<(), JournalError> {
    let key = reader.key();
    while let Step::Commit(_) = reader.step()? {
        reader.records(|offset, position, frame| {
            let record = unseal(&frame, position, None, false).map_err(|why| reader.corrupt(offset, why))?.record;
            fold.apply(&record, || Kept { position, key, carried: false, frame: frame.bytes().into() });
            Ok(())
        })?;
    }
    Ok(())
}

/// A segment that was closed before it was full does not hold its room.
fn trim(disk: &dyn Disk, reader: &SegmentReader) -> Result<(), JournalError> {
    if reader.offset() >= reader.length() {
        return Ok(());
    }
    let name = segment_name(reader.header.number);
    let trimmed = disk.open(&name, Access::Change).and_then(|file| file.truncate(reader.offset()));
    trimmed.map_err(failed(disk, "cutting off the unused end of", &name))
}

/// Seals the body of a record under a later key; one whose key is gone stays without.
fn reseal(keys: &KeyRing, kept: &mut Kept, key: KeyId) -> Result<(), JournalError> {
    let (Some(old), new) = (keys.get(kept.key)?, keys.make(key)?) else { return Ok(()) };
    let mut bytes = &kept.frame[..];
    let frame = Frame::cut(&mut bytes).expect("what is kept was cut as a frame");
    if frame.sealed().is_empty() {
        kept.key = key;
        return Ok(());
    }
    let mut room = Zeroizing::new(frame.sealed().to_vec());
    // A body that does not open is kept as it is: reading it says what is wrong.
    let Some(clear) = old.open(kept.position, kept.carried, frame.associated(), &mut room) else { return Ok(()) };
    let mut out = Vec::with_capacity(MAX_RECORD.min(frame.bytes().len() + TAG));
    let mut again = OpenFrame::begin(&mut out);
    out.extend_from_slice(frame.clear());
    again.clear_is_done(frame.kind(), frame.version(), &mut out);
    out.extend_from_slice(clear);
    let (associated, body) = again.parts(&mut out);
    let tag = new.seal(kept.position, true, associated, body);
    out.extend_from_slice(&tag);
    again.finish(&mut out);
    *kept = Kept { position: kept.position, key, carried: true, frame: out.into() };
    Ok(())
}

/// Removes what is old: segments whose day is long past and that a snapshot to fall back on covers, all but the newest
/// snapshots, and the keys that nothing left refers to.
pub(super) fn clean(
    disk: &Arc<dyn Disk>,
    keys: &KeyRing,
    newest: &Snapshot,
    key: KeyId,
    keep: &Keep,
) -> Result<(), JournalError> {
    let mut listing = Listing::of(&**disk)?;
    let surplus = listing.snapshots.len().saturating_sub(SNAPSHOTS);
    for number in listing.snapshots.drain(..surplus) {
        let name = snapshot_name(number);
        disk.remove(&name).map_err(failed(&**disk, "removing", &name))?;
    }
    let [fallback, _] = listing.snapshots[..] else { return Ok(()) };
    let today = Day::of(newest.at).0;
    let old = |day: Day| day.0.saturating_add(keep.days) < today;
    for &number in listing.segments.iter().take_while(|&&number| number <= fallback) {
        if !old(SegmentReader::open(disk, number)?.header.day) {
            break;
        }
        let name = segment_name(number);
        // One is kept to be made a spare of.
        let is_there = disk.names("").is_ok_and(|names| names.iter().any(|name| name == RECYCLED));
        let gone = if is_there { disk.remove(&name) } else { disk.rename(&name, RECYCLED) };
        gone.map_err(failed(&**disk, "removing", &name))?;
    }
    let old_keys: Vec<KeyId> = keys.all()?.into_iter().filter(|key| old(key.day)).collect();
    if !old_keys.is_empty() {
        let in_use = in_use(disk, newest, fallback, key)?;
        for key in old_keys.into_iter().filter(|key| !in_use.contains(key)) {
            keys.destroy(key)?;
        }
    }
    disk.sync_folder("").map_err(failed(&**disk, "syncing", ""))?;
    disk.sync_folder("keys").map_err(failed(&**disk, "syncing", "keys"))
}

/// The keys that something left refers to.
fn in_use(disk: &Arc<dyn Disk>, newest: &Snapshot, fallback: u64, key: KeyId) -> Result<HashSet<KeyId>, JournalError> {
    let mut in_use: HashSet<KeyId> = newest.keys().chain([key]).collect();
    if let Some(fallback) = Snapshot::read(&**disk, fallback)? {
        in_use.extend(fallback.keys());
    }
    for number in Listing::of(&**disk)?.segments {
        in_use.insert(SegmentReader::open(disk, number)?.key());
    }
    Ok(in_use)
}
