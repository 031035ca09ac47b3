//! What stays: snapshots of what is open, segments and keys for as long as they are to be kept, and nothing else.

use super::{
    carry::{Fold, Kept, Place},
    day::Day,
    disk::{Access, Disk, DiskFile, failed},
    error::JournalError,
    facts::Fact,
    format::{Frame, MAX_RECORD, OpenFrame},
    index::{Index, Live, index_name, recall::frame_at},
    read::SegmentReader,
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

/// What is carried over, up to a segment.
pub(super) struct Carrying {
    pub(super) fold: Fold,
    /// The segment that the fold has come to.
    pub(super) number: u64,
    /// Position of its last record, and the highest boot epoch up to it.
    pub(super) position: u64,
    pub(super) epoch: u32,
}

impl Carrying {
    /// Nothing yet.
    pub(super) fn new() -> Self {
        Self { fold: Fold::default(), number: 0, position: 0, epoch: 0 }
    }

    /// What an older snapshot says.
    pub(super) fn from(disk: &dyn Disk, snapshot: &Snapshot) -> Result<Self, JournalError> {
        let mut fold = Fold::default();
        fold.reach(snapshot.at);
        for kept in &snapshot.kept {
            let mut bytes = &kept.frame[..];
            let frame = Frame::cut(&mut bytes).expect("a snapshot was read through its frames");
            let unsealed = unseal(&frame, kept.position, None, kept.carried);
            let why =
                |why| JournalError::Corrupt { file: disk.locate(&snapshot_name(snapshot.number)), offset: 0, why };
            let record = unsealed.map_err(why)?.record;
            if let Some(fact) = Fact::of(&record, kept.position, 0) {
                fold.apply(&fact, Place::AtHand(Arc::clone(kept)));
            }
        }
        // Behind the records: those that are still open may be older than what the notes say.
        snapshot.notes.iter().for_each(|note| fold.note(note));
        Ok(Self { fold, number: snapshot.number, position: snapshot.position, epoch: snapshot.epoch })
    }

    /// One segment further, which is sealed.
    pub(super) fn apply(&mut self, live: &Live) {
        let number = live.number;
        for fact in live.facts() {
            let place = Place::Segment { number, offset: fact.offset, position: fact.position, key: live.key };
            self.fold.apply(fact, place);
        }
        (self.number, self.position, self.epoch) = (number, live.last, self.epoch.max(live.key.epoch));
    }

    /// Makes the snapshot. Bodies whose key is to be destroyed are sealed again under `key`.
    pub(super) fn snapshot(
        &mut self,
        disk: &Arc<dyn Disk>,
        keys: &KeyRing,
        key: KeyId,
        keep: &Keep,
    ) -> Result<Snapshot, JournalError> {
        self.fold.expire(keep.tombstones);
        let at = self.fold.latest();
        let due = Day::of(at).0.saturating_sub(keep.days).saturating_add(AHEAD);
        let mut open = None;
        let mut kept = Vec::new();
        for place in self.fold.places() {
            let mut here = at_hand(&**disk, place, &mut open)?;
            if here.key.day.0 <= due && here.key != key {
                let mut again = Kept::clone(&here);
                reseal(keys, &mut again, key)?;
                here = Arc::new(again);
            }
            *place = Place::AtHand(Arc::clone(&here));
            kept.push(here);
        }
        kept.sort_unstable_by_key(|kept| kept.position);
        kept.dedup_by_key(|kept| kept.position);
        let (number, epoch, position) = (self.number, self.epoch, self.position);
        let snapshot = Snapshot { number, epoch, position, at, notes: self.fold.notes(), kept };
        snapshot.write(&**disk)?;
        Ok(snapshot)
    }
}

/// A record that is to be kept; `open` is the segment that was read from last.
fn at_hand(
    disk: &dyn Disk,
    place: &Place,
    open: &mut Option<(u64, Box<dyn DiskFile>)>,
) -> Result<Arc<Kept>, JournalError> {
    let (number, offset, position, key) = match *place {
        Place::AtHand(ref kept) => return Ok(Arc::clone(kept)),
        Place::Segment { number, offset, position, key } => (number, offset, position, key),
    };
    let name = segment_name(number);
    if open.as_ref().is_none_or(|(other, _)| *other != number) {
        *open = Some((number, disk.open(&name, Access::Read).map_err(failed(disk, "reading", &name))?));
    }
    let (_, file) = open.as_ref().expect("just opened");
    let bytes = frame_at(disk, &**file, number, offset)?;
    let why = |why| JournalError::Corrupt { file: disk.locate(&name), offset: u64::from(offset), why };
    Frame::cut(&mut &bytes[..]).map_err(why)?;
    Ok(Arc::new(Kept { position, key, carried: false, frame: bytes.into() }))
}

/// A segment that was closed before it was full does not hold its room.
pub(super) fn trim(disk: &dyn Disk, live: &Live) -> Result<(), JournalError> {
    let name = segment_name(live.number);
    let trimmed = disk
        .open(&name, Access::Change)
        .and_then(|file| if live.end < file.length()? { file.truncate(live.end) } else { Ok(()) });
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
    index: &Index,
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
        index.remove(number);
    }
    let segments = Listing::of(&**disk)?.segments;
    for number in listing.indexes.iter().filter(|number| !segments.contains(number)) {
        let name = index_name(*number);
        disk.remove(&name).map_err(failed(&**disk, "removing", &name))?;
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
