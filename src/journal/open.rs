//! Opening: what is durable is read back, a torn tail is cut, and a fresh segment is begun.

use super::{
    Position, Restored,
    codec::Note,
    commit::Commit,
    committer::{Committer, Pace},
    day::Day,
    disk::{Access, Disk, Durability, Folder, failed},
    error::JournalError,
    facts::Fact,
    format::{Frame, SegmentHeader},
    index::{
        Index, Live, Sorted,
        recall::{Desk, Reader},
    },
    keeper::{Keeper, Store},
    options::Options,
    read::{End, SegmentReader, Step},
    retention::{Carrying, Keep, newest},
    seal::{DataKey, KeyId, KeyRing},
    segment::{ActiveSegment, Listing, RECYCLED, SPARE, make_spare, segment_name, snapshot_name},
    shared::Shared,
    snapshot::Snapshot,
    unseal::unseal,
    writer::Writer,
};
use crate::clock::Wall;
use std::{collections::HashMap, sync::Arc};
use zeroize::Zeroizing;

/// What opening a journal came to.
pub struct Opened {
    /// Position of the last record.
    pub position: Position,
    /// How often it was opened before and with this.
    pub epoch: u32,
    /// For the keyed digests of [`References`](crate::record::References): made once, and never changed.
    pub digest_key: Zeroizing<[u8; 16]>,
    /// Where a last commit was cut off that was not whole, which is what a crash leaves.
    pub torn: Option<Torn>,
    /// Segments that were read.
    pub segments: usize,
    /// Records whose body is gone with its key.
    pub erased: u64,
    /// Records that a repair found unreadable.
    pub lost: u64,
}

/// A last commit that was not whole.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Torn {
    /// The segment's file.
    pub file: String,
    /// From where on it was cut off, in bytes.
    pub offset: u64,
    /// What was wrong with it.
    pub why: &'static str,
}

/// Opens the journal of a folder, which is made where there is none: hands out all that counts, in order, and then takes
/// more.
///
/// # Errors
/// It is in use, the disk refuses, a key does not fit, or a file is damaged elsewhere than at the end of the last.
pub fn open(options: &Options, each: impl FnMut(Restored)) -> Result<(Writer, Opened), JournalError> {
    open_on(Arc::new(Folder::new(&options.folder)), options, each)
}

/// As [`open`], on a disk that is not the machine's (`options.folder` does not matter then).
///
/// # Errors
/// As [`open`].
pub fn open_on(
    disk: Arc<dyn Disk>,
    options: &Options,
    mut each: impl FnMut(Restored),
) -> Result<(Writer, Opened), JournalError> {
    options.check()?;
    disk.prepare().map_err(failed(&*disk, "making", ""))?;
    let lock = disk.lock().map_err(failed(&*disk, "locking", "lock"))?;
    let lock = lock.ok_or_else(|| JournalError::Locked { folder: disk.locate("") })?;
    let listing = Listing::of(&*disk)?;
    for name in &listing.unfinished {
        disk.remove(name).map_err(failed(&*disk, "removing", name))?;
    }
    let keys = Arc::new(KeyRing::new(Arc::clone(&disk), Some(Arc::clone(&options.master))));
    let digest_key = keys.digest(listing.segments.is_empty() && listing.snapshots.is_empty())?;
    let mut recovery = Recovery::new(&disk, &keys);
    recovery.run(&listing, options.durability, &mut each)?;
    let last = recovery.last;
    let carrying = recovery.carrying.take().unwrap_or_else(Carrying::new);
    let unread = listing.segments.iter().copied().filter(|&number| number <= carrying.number);
    let index = Index::new(unread, std::mem::take(&mut recovery.live));
    let mut opened = recovery.opened(digest_key);
    opened.epoch = 1 + keys.all()?.into_iter().map(|key| key.epoch).fold(opened.epoch, u32::max);
    let writer = begin(disk, options, keys, &opened, last, (carrying, Arc::new(index)), lock)?;
    Ok((writer, opened))
}

/// Begins segment `last + 1`, and the threads.
fn begin(
    disk: Arc<dyn Disk>,
    options: &Options,
    keys: Arc<KeyRing>,
    opened: &Opened,
    last: u64,
    (carrying, index): (Carrying, Arc<Index>),
    lock: super::disk::Lock,
) -> Result<Writer, JournalError> {
    let header = SegmentHeader {
        number: last + 1,
        first: opened.position.0 + 1,
        epoch: opened.epoch,
        made: options.now,
        day: Day::of(options.now),
        recycled: false,
    };
    let id = KeyId { epoch: header.epoch, day: header.day };
    let key = keys.make(id)?;
    make_spare(&*disk, options.segment, &|| false)?;
    let segment = ActiveSegment::begin(&*disk, header, options.durability)?;
    index.begin(Live::new(header.number, id, header.first));
    let shared = Arc::new(Shared::new(opened.position.0));
    let store = Arc::new(Store::new(id, (last > carrying.number).then_some(last)));
    let keeper = Keeper {
        shared: Arc::clone(&shared),
        store: Arc::clone(&store),
        disk: Arc::clone(&disk),
        keys: Arc::clone(&keys),
        size: options.segment,
        keep: Keep { days: options.keep_days(), tombstones: options.tombstones },
        index: Arc::clone(&index),
        carrying,
        sorted: Sorted::default(),
    };
    let mut commit = Commit::new();
    commit.begin(header.first);
    let committer = Committer {
        shared: Arc::clone(&shared),
        store: Arc::clone(&store),
        index: Arc::clone(&index),
        disk: Arc::clone(&disk),
        keys: Arc::clone(&keys),
        key,
        segment,
        durability: options.durability,
        pace: Pace { floor: options.floor, lazy: options.lazy },
        commit,
        next_day: Wall(i64::MIN),
    };
    let thread = |name: &str, run: Box<dyn FnOnce() + Send>| {
        let thread = std::thread::Builder::new().name(name.to_owned()).spawn(run);
        thread.map_err(failed(&*disk, "starting a thread for", ""))
    };
    let committing = thread("journal-commit", Box::new(|| committer.run()))?;
    // Should this one not start, the committer ends by itself: nobody holds the other end of its queue.
    let keeping = thread("journal-keep", Box::new(|| keeper.run())).inspect_err(|_| shared.queue().stop = true);
    shared.work.notify_one();
    let keeping = keeping?;
    let desk = Arc::<Desk>::default();
    let reader = Reader { desk: Arc::clone(&desk), shared: Arc::clone(&shared), index, disk: Arc::clone(&disk), keys };
    // (Should it not start, the writer that is dropped with this ends the others.)
    let mut writer = Writer::new(shared, store, desk, vec![committing, keeping], options.queue, lock);
    writer.with(thread("journal-recall", Box::new(|| reader.run()))?);
    Ok(writer)
}

/// The reading back.
struct Recovery<'a> {
    disk: &'a Arc<dyn Disk>,
    keys: &'a KeyRing,
    /// Keys at hand: most records in a row are of one.
    at_hand: HashMap<KeyId, Option<Arc<DataKey>>>,
    position: u64,
    epoch: u32,
    segments: usize,
    erased: u64,
    lost: u64,
    torn: Option<Torn>,
    /// The newest segment that stays.
    last: u64,
    /// What the snapshot carries over.
    carrying: Option<Carrying>,
    /// The segments that were read.
    live: Vec<Live>,
}

impl<'a> Recovery<'a> {
    fn new(disk: &'a Arc<dyn Disk>, keys: &'a KeyRing) -> Self {
        Self {
            disk,
            keys,
            at_hand: HashMap::new(),
            position: 0,
            epoch: 0,
            segments: 0,
            erased: 0,
            lost: 0,
            torn: None,
            last: 0,
            carrying: None,
            live: Vec::new(),
        }
    }

    fn opened(self, digest_key: Zeroizing<[u8; 16]>) -> Opened {
        Opened {
            position: Position(self.position),
            epoch: self.epoch,
            digest_key,
            torn: self.torn,
            segments: self.segments,
            erased: self.erased,
            lost: self.lost,
        }
    }

    fn run(
        &mut self,
        listing: &Listing,
        durability: Durability,
        each: &mut impl FnMut(Restored),
    ) -> Result<(), JournalError> {
        if let Some(snapshot) = newest(&**self.disk, listing, u64::MAX)? {
            self.snapshot(&snapshot, each)?;
            self.carrying = Some(Carrying::from(&**self.disk, &snapshot)?);
            self.last = snapshot.number;
            (self.position, self.epoch) = (snapshot.position, snapshot.epoch);
        }
        let covered = self.last;
        let later: Vec<u64> = listing.segments.iter().copied().filter(|&number| number > covered).collect();
        for (index, &number) in later.iter().enumerate() {
            if number != self.last + 1 {
                let file = self.disk.locate(&segment_name(self.last + 1));
                let why = "this segment is missing, and no whole snapshot covers it";
                return Err(JournalError::Gap { file, why });
            }
            self.segment(number, index + 1 == later.len(), durability, each)?;
        }
        Ok(())
    }

    fn snapshot(&mut self, snapshot: &Snapshot, each: &mut impl FnMut(Restored)) -> Result<(), JournalError> {
        for kept in &snapshot.kept {
            let mut bytes = &kept.frame[..];
            let frame = Frame::cut(&mut bytes).expect("a snapshot was read through its frames");
            let key = self.key(kept.key)?;
            let unsealed = unseal(&frame, kept.position, key.as_deref(), kept.carried);
            let file = || self.disk.locate(&snapshot_name(snapshot.number));
            let unsealed = unsealed.map_err(|why| JournalError::Corrupt { file: file(), offset: 0, why })?;
            self.erased += u64::from(unsealed.erased);
            each(Restored::Record(Position(kept.position), unsealed.record));
        }
        // Behind the records: those that are still open may have older numbers.
        for note in &snapshot.notes {
            match *note {
                Note::Numbers { bank, stan, transmission, at } => {
                    each(Restored::Numbers { bank, stan, transmission, at });
                }
                Note::Next(payment) => each(Restored::NextPayment(payment)),
                Note::Clocks(ref clocks) => {
                    clocks.iter().for_each(|&(terminal, clock)| each(Restored::Clock { terminal, clock }));
                }
            }
        }
        Ok(())
    }

    fn key(&mut self, id: KeyId) -> Result<Option<Arc<DataKey>>, JournalError> {
        if let Some(key) = self.at_hand.get(&id) {
            return Ok(key.clone());
        }
        let key = self.keys.get(id)?;
        self.at_hand.insert(id, key.clone());
        Ok(key)
    }

    fn segment(
        &mut self,
        number: u64,
        newest: bool,
        durability: Durability,
        each: &mut impl FnMut(Restored),
    ) -> Result<(), JournalError> {
        let mut reader = SegmentReader::open(self.disk, number)?;
        if reader.header.first != self.position + 1 {
            return Err(reader.corrupt(0, "records are missing before this segment, or its first is another one's"));
        }
        let key = self.key(reader.key())?;
        let mut commits = 0;
        let mut live = Live::new(number, reader.key(), reader.header.first);
        let end = loop {
            match reader.step()? {
                Step::End(end) => break end,
                Step::Commit(header) => {
                    commits += 1;
                    self.lost += if header.lost { u64::from(header.count) } else { 0 };
                }
            }
            let mut facts = Vec::new();
            reader.records(|offset, position, frame| {
                let unsealed = unseal(&frame, position, key.as_deref(), false);
                let unsealed = unsealed.map_err(|why| reader.corrupt(offset, why))?;
                self.erased += u64::from(unsealed.erased);
                facts.extend(Fact::of(&unsealed.record, position, offset as u32));
                each(Restored::Record(Position(position), unsealed.record));
                Ok(())
            })?;
            live.extend(facts.into(), reader.next_position() - 1, reader.offset());
        };
        self.segments += 1;
        self.epoch = self.epoch.max(reader.header.epoch);
        if newest {
            self.end(&reader, end, commits, durability)?;
        } else if SegmentReader::open(self.disk, number + 1)?.header.first != reader.next_position() {
            return Err(reader.corrupt(reader.offset(), why(end)));
        } else {
            self.last = number;
        }
        self.position = reader.next_position() - 1;
        if self.last == number {
            self.live.push(live);
        }
        Ok(())
    }

    /// The end of the newest segment: what is torn is cut off, what is whole is made durable once more. (After a failed
    /// sync the system may show what it never wrote; after a crash between write and sync it may not have written it yet.)
    fn end(
        &mut self,
        reader: &SegmentReader,
        end: End,
        commits: usize,
        durability: Durability,
    ) -> Result<(), JournalError> {
        if reader.following()?.is_some() {
            return Err(reader.corrupt(reader.offset(), why(end)));
        }
        let name = segment_name(reader.header.number);
        let failed = failed(&**self.disk, "ending", &name);
        if let End::Torn(why) = end {
            self.torn = Some(Torn { file: self.disk.locate(&name), offset: reader.offset(), why });
        }
        if commits == 0 {
            // Begun and never used: its file is ready for the next.
            let spare = self.disk.names("").map_err(&failed)?.iter().any(|name| name == SPARE);
            self.disk.rename(&name, if spare { RECYCLED } else { SPARE }).map_err(&failed)?;
            return self.disk.sync_folder("").map_err(&failed);
        }
        self.last = reader.header.number;
        let file = self.disk.open(&name, Access::Change).map_err(&failed)?;
        if durability == Durability::Disk {
            file.write(reader.pages(), reader.at()).map_err(&failed)?;
        }
        if self.torn.is_some() {
            file.truncate(reader.offset()).map_err(&failed)?;
        }
        file.sync().map_err(&failed)
    }
}

const fn why(end: End) -> &'static str {
    match end {
        End::Clean => "commits are missing here: there are later ones",
        End::Torn(why) => why,
    }
}
