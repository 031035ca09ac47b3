//! Looking up: a thread that reads back what was recorded of payments by their names. All that is durable when it is asked is
//! seen.

use super::{
    super::{
        disk::{Access, Disk, DiskFile, failed},
        error::JournalError,
        facts::Fact,
        format::{FRAME_HEAD, Frame, MAX_RECORD},
        read::SegmentReader,
        seal::{DataKey, KeyRing},
        segment::segment_name,
        shared::{Alarm, Shared, locked},
        unseal::unseal,
    },
    Index, Live,
    key::keys,
    key_of,
    run::Spot,
};
use crate::{
    clock::Wall,
    record::{Name, PaymentId, Record},
};
use smallvec::SmallVec;
use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Condvar, Mutex, PoisonError},
};

/// So many payments are read back for one question at most, the newest that there are.
const PAYMENTS: usize = 16;
/// So many questions may wait; the next one is turned away.
const QUESTIONS: usize = 4096;
/// How far a terminal's clock and zone may be away from ours, in microseconds.
const AROUND: i64 = 26 * 3_600_000_000;

/// What is to be looked up ([`Output::Recall`](crate::switch::Output::Recall)).
#[derive(Clone, Debug)]
pub struct Asked {
    /// What its answer is called.
    pub ticket: u64,
    /// The names that the payments go by.
    pub names: SmallVec<[Name; 3]>,
    /// The payments were received within 26 hours of this moment, or of the newest record; `None`: at any time.
    pub around: Option<Wall>,
}

/// What was found.
#[derive(Debug)]
pub struct Recalled {
    /// What was asked.
    pub ticket: u64,
    /// The Records of the payments, in their order: those about them, and those of messages stored for them.
    pub records: Result<Vec<Record>, JournalError>,
}

/// Questions and answers, between the writer and the thread that looks up.
#[derive(Default)]
pub(in crate::journal) struct Desk {
    state: Mutex<State>,
    work: Condvar,
}

#[derive(Default)]
struct State {
    asked: VecDeque<Asked>,
    told: VecDeque<Recalled>,
    stop: bool,
}

impl Desk {
    /// Takes a question; says whether there was room for it.
    pub(in crate::journal) fn ask(&self, asked: Asked) -> bool {
        let mut state = locked(&self.state);
        let room = state.asked.len() < QUESTIONS;
        if room {
            state.asked.push_back(asked);
            self.work.notify_one();
        }
        room
    }

    pub(in crate::journal) fn told(&self) -> Option<Recalled> {
        locked(&self.state).told.pop_front()
    }

    pub(in crate::journal) fn stop(&self) {
        locked(&self.state).stop = true;
        self.work.notify_one();
    }

    fn next(&self) -> Option<Asked> {
        let mut state = locked(&self.state);
        loop {
            if state.stop {
                return None;
            }
            if let Some(asked) = state.asked.pop_front() {
                return Some(asked);
            }
            state = self.work.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

/// All that looking up takes.
pub(in crate::journal) struct Reader {
    pub(in crate::journal) desk: Arc<Desk>,
    pub(in crate::journal) shared: Arc<Shared>,
    pub(in crate::journal) index: Arc<Index>,
    pub(in crate::journal) disk: Arc<dyn Disk>,
    pub(in crate::journal) keys: Arc<KeyRing>,
}

/// From one moment to another.
type Span = (Wall, Wall);

/// Where to look.
struct Range {
    /// In any of these spans; `None`: at any time.
    spans: Option<[Span; 2]>,
    /// From this segment on.
    since: u64,
}

/// A record that was found: its position, and itself.
type Found = BTreeMap<u64, Record>;

impl Reader {
    /// Runs until it is told to stop.
    pub(in crate::journal) fn run(self) {
        let _alarm = Alarm(Arc::clone(&self.shared), "its look-ups panicked");
        while let Some(asked) = self.desk.next() {
            let records = self.look_up(&asked);
            locked(&self.desk.state).told.push_back(Recalled { ticket: asked.ticket, records });
            self.shared.wake();
        }
    }

    fn look_up(&self, asked: &Asked) -> Result<Vec<Record>, JournalError> {
        let (live, runs) = self.index.view();
        let mut files = Files { reader: self, open: None };
        let payments = self.payments(asked, &live, &runs, &mut files)?;
        let mut found = Found::new();
        for &(payment, since) in &payments {
            let place = Range { spans: None, since };
            let key = key_of(Name::Payment(payment));
            self.collect(key, &place, &live, &runs, &mut files, &mut |_, position, record| {
                if record.speaks_of(payment) {
                    found.insert(position, record);
                }
                true
            })?;
        }
        Ok(found.into_values().collect())
    }

    /// The newest payments that go by one of the names, and the segment each begins in.
    fn payments(
        &self,
        asked: &Asked,
        live: &[Live],
        runs: &[u64],
        files: &mut Files<'_>,
    ) -> Result<Vec<(PaymentId, u64)>, JournalError> {
        let around = |at: Wall| (Wall(at.0.saturating_sub(AROUND)), Wall(at.0.saturating_add(AROUND)));
        let spans = match asked.around {
            // A clock may be wrong altogether. What comes again comes soon.
            Some(at) => Some([around(at), around(self.newest(live, runs)?)]),
            None => None,
        };
        let place = Range { spans, since: 0 };
        let mut payments = Vec::new();
        for &name in &asked.names {
            if let Name::Payment(payment) = name {
                payments.push((payment, 0));
                continue;
            }
            let mut of_name = 0;
            self.collect(key_of(name), &place, live, runs, files, &mut |number, _, record| {
                if let (true, Some(payment)) = (record.goes_by(name), record.payment())
                    && payments.iter().all(|&(other, _)| other != payment)
                {
                    payments.push((payment, number));
                    of_name += 1;
                }
                of_name < PAYMENTS
            })?;
        }
        Ok(payments)
    }

    /// When the newest record happened.
    fn newest(&self, live: &[Live], runs: &[u64]) -> Result<Wall, JournalError> {
        let noted = live.iter().rev().find_map(|live| live.facts.last()?.last());
        if let Some(fact) = noted {
            return Ok(fact.at);
        }
        let run = runs.last().map(|&number| self.index.run(&self.disk, number)).transpose()?;
        Ok(run.flatten().map_or(Wall::default(), |run| run.to()))
    }

    /// Hands out the records of a key, newest first, until `each` has enough.
    fn collect(
        &self,
        key: u64,
        range: &Range,
        live: &[Live],
        runs: &[u64],
        files: &mut Files<'_>,
        each: &mut dyn FnMut(u64, u64, Record) -> bool,
    ) -> Result<(), JournalError> {
        let Range { spans, since } = *range;
        let within = |live: &&Live| {
            live.number >= since && spans.is_none_or(|spans| spans.iter().any(|&span| live.happened(span)))
        };
        for live in live.iter().rev().filter(within) {
            for fact in live.facts.iter().rev().flat_map(|facts| facts.iter().rev()) {
                if keys(fact).any(|other| other == key) {
                    let record = files.record(live.number, fact)?;
                    if !record.is_none_or(|record| each(live.number, fact.position, record)) {
                        return Ok(());
                    }
                }
            }
        }
        for &number in runs.iter().rev().take_while(|&&number| number >= since) {
            let Some(run) = self.index.run(&self.disk, number)? else { continue };
            if spans.is_some_and(|spans| !spans.iter().any(|&span| run.happened(span))) {
                continue;
            }
            let spots = match run.find(&*self.disk, key) {
                Ok(Some(spots)) => spots,
                // A damaged run, or one whose segment was just removed.
                Ok(None) | Err(_) => match self.index.make_again(&self.disk, number)? {
                    Some(run) => run.find(&*self.disk, key)?.unwrap_or_default(),
                    None => continue,
                },
            };
            for spot in spots.into_iter().rev() {
                let Some((position, record)) = files.at(number, spot)? else { continue };
                if !each(number, position, record) {
                    return Ok(());
                }
            }
        }
        Ok(())
    }
}

/// Segments that are read from: the last one stays open.
struct Files<'r> {
    reader: &'r Reader,
    open: Option<Segment>,
}

struct Segment {
    number: u64,
    /// Position of its first record.
    first: u64,
    file: Box<dyn DiskFile>,
    key: Option<Arc<DataKey>>,
}

impl Files<'_> {
    /// A segment; `None` where it is gone.
    fn segment(&mut self, number: u64) -> Result<Option<&Segment>, JournalError> {
        if self.open.as_ref().is_none_or(|open| open.number != number) {
            let (disk, name) = (&self.reader.disk, segment_name(number));
            let header = match SegmentReader::open(disk, number) {
                Err(JournalError::Io { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => {
                    return Ok(None);
                }
                reader => reader?,
            };
            let file = disk.open(&name, Access::Read).map_err(failed(&**disk, "reading", &name))?;
            let key = self.reader.keys.get(header.key())?;
            self.open = Some(Segment { number, first: header.header.first, file, key });
        }
        Ok(self.open.as_ref())
    }

    fn record(&mut self, number: u64, fact: &Fact) -> Result<Option<Record>, JournalError> {
        let Some(first) = self.segment(number)?.map(|segment| segment.first) else { return Ok(None) };
        let spot = Spot { offset: fact.offset, behind: (fact.position - first) as u32 };
        Ok(self.at(number, spot)?.map(|(_, record)| record))
    }

    /// The record that lies there, and its position; `None` where its segment is gone.
    fn at(&mut self, number: u64, spot: Spot) -> Result<Option<(u64, Record)>, JournalError> {
        let disk = Arc::clone(&self.reader.disk);
        let Some(segment) = self.segment(number)? else { return Ok(None) };
        let bytes = frame_at(&*disk, &*segment.file, number, spot.offset)?;
        let corrupt = |why| corrupt(&*disk, number, spot.offset, why);
        let frame = Frame::cut(&mut &bytes[..]).map_err(corrupt)?;
        let position = segment.first + u64::from(spot.behind);
        let unsealed = unseal(&frame, position, segment.key.as_deref(), false).map_err(corrupt)?;
        Ok(Some((position, unsealed.record)))
    }
}

fn corrupt(disk: &dyn Disk, number: u64, offset: u32, why: &'static str) -> JournalError {
    JournalError::Corrupt { file: disk.locate(&segment_name(number)), offset: u64::from(offset), why }
}

/// The bytes of the frame that begins there.
pub(in crate::journal) fn frame_at(
    disk: &dyn Disk,
    file: &dyn DiskFile,
    number: u64,
    offset: u32,
) -> Result<Vec<u8>, JournalError> {
    /// Longer than most frames.
    const MOST: usize = 1024;
    let name = segment_name(number);
    let failed = failed(disk, "reading", &name);
    let mut bytes = vec![0; MOST];
    let read = file.read(&mut bytes, u64::from(offset)).map_err(&failed)?;
    bytes.truncate(read);
    let length = bytes.get(4..8).and_then(|length| Some(u32::from_le_bytes(length.try_into().ok()?) as usize));
    let length = length.filter(|&length| length <= MAX_RECORD).map(|length| FRAME_HEAD + length);
    let length = length.ok_or_else(|| corrupt(disk, number, offset, "no record begins here"))?;
    if length > bytes.len() {
        let before = bytes.len();
        bytes.resize(length, 0);
        let read = file.read(&mut bytes[before..], u64::from(offset) + before as u64).map_err(&failed)?;
        bytes.truncate(before + read);
    }
    bytes.truncate(length);
    Ok(bytes)
}
