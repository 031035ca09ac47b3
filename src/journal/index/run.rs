//! A run: the keys of a sealed segment, sorted, as a file beside it.
//!
//! All numbers are little endian; CRC is CRC-32C. The first page of 4,096 bytes:
//!
//! | offset | bytes | |
//! |---|---|---|
//! | 0 | 8 | `BLJRUN\r\n` |
//! | 8 | 2 | format version |
//! | 12 | 4 | CRC of the filter |
//! | 16 | 8 | segment number |
//! | 24 | 8 | entries |
//! | 32 | 8 | bytes of the filter, a multiple of 64 |
//! | 40 | 8 | when its first record happened, in microseconds since 1970 |
//! | 48 | 8 | when its last record happened |
//! | 56 | 4 | CRC of the bytes before |
//!
//! The filter follows, filled up to a page, then pages of 255 entries, each with its CRC in the last four bytes. An entry is
//! a key (8), the record's offset in the segment (4), and how far its position is behind the segment's first (4).

use super::{
    super::{
        disk::{Access, Disk, DiskFile, failed},
        error::JournalError,
        format::PAGE,
        paged::Paged,
    },
    Live, filter,
};
use crate::clock::Wall;

const MAGIC: [u8; 8] = *b"BLJRUN\r\n";
const VERSION: u16 = 1;
const HEAD: usize = 60;
const ENTRY: usize = 16;
/// Entries of a page.
const PER_PAGE: usize = 255;

/// The file of a segment's run.
pub(in crate::journal) fn index_name(number: u64) -> String {
    format!("{number:010}.index")
}

/// Where a record lies in a segment.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Spot {
    pub(super) offset: u32,
    /// How far its position is behind that of the segment's first record.
    pub(super) behind: u32,
}

/// What is known of a run without reading its entries.
#[derive(Debug)]
pub(in crate::journal) struct Run {
    pub(in crate::journal) number: u64,
    entries: usize,
    blocks: usize,
    from: Wall,
    to: Wall,
    /// The filter, where there is room for it in memory.
    filter: Option<Box<[u8]>>,
}

impl Run {
    /// The run of a sealed segment, whose entries these are.
    pub(super) fn of(live: &Live, entries: &[(u64, Spot)]) -> Self {
        let mut filter = vec![0; filter::blocks(entries.len()) * filter::BLOCK];
        entries.iter().for_each(|&(key, _)| filter::add(&mut filter, key));
        let moments = live.facts().map(|fact| (fact.at, fact.at));
        let span = moments.reduce(|(from, to), (at, _)| (from.min(at), to.max(at)));
        let (from, to) = span.unwrap_or_default();
        Self {
            number: live.number,
            entries: entries.len(),
            blocks: filter.len() / filter::BLOCK,
            from,
            to,
            filter: Some(filter.into()),
        }
    }

    /// Writes its file.
    pub(super) fn write(&self, disk: &dyn Disk, entries: &[(u64, Spot)]) -> Result<(), JournalError> {
        let filter = self.filter.as_deref().unwrap_or_default();
        let mut file = Paged::create(disk, index_name(self.number))?;
        file.put(&self.head(crc32c::crc32c(filter)))?;
        file.pad()?;
        file.put(filter)?;
        file.pad()?;
        let mut bytes = Vec::with_capacity(PAGE);
        for page in entries.chunks(PER_PAGE) {
            bytes.clear();
            for (key, spot) in page {
                bytes.extend_from_slice(&key.to_le_bytes());
                bytes.extend_from_slice(&spot.offset.to_le_bytes());
                bytes.extend_from_slice(&spot.behind.to_le_bytes());
            }
            bytes.resize(PAGE - 4, 0);
            let crc = crc32c::crc32c(&bytes);
            bytes.extend_from_slice(&crc.to_le_bytes());
            file.put(&bytes)?;
        }
        file.finish()
    }

    /// What stands in front.
    fn head(&self, filter_crc: u32) -> [u8; HEAD] {
        let mut head = [0; HEAD];
        head[..8].copy_from_slice(&MAGIC);
        head[8..10].copy_from_slice(&VERSION.to_le_bytes());
        head[12..16].copy_from_slice(&filter_crc.to_le_bytes());
        head[16..24].copy_from_slice(&self.number.to_le_bytes());
        head[24..32].copy_from_slice(&(self.entries as u64).to_le_bytes());
        head[32..40].copy_from_slice(&((self.blocks * filter::BLOCK) as u64).to_le_bytes());
        head[40..48].copy_from_slice(&self.from.0.to_le_bytes());
        head[48..56].copy_from_slice(&self.to.0.to_le_bytes());
        let crc = crc32c::crc32c(&head[..56]);
        head[56..].copy_from_slice(&crc.to_le_bytes());
        head
    }

    /// Reads header and filter of a run; `None` where it is not there, or damaged.
    pub(in crate::journal) fn read(disk: &dyn Disk, number: u64) -> Result<Option<Self>, JournalError> {
        let name = index_name(number);
        let failed = failed(disk, "reading", &name);
        let file = match disk.open(&name, Access::Read) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            file => file.map_err(&failed)?,
        };
        let mut page = [0; PAGE];
        let read = file.read(&mut page, 0).map_err(&failed)?;
        let length = file.length().map_err(&failed)?;
        let Some((mut run, crc)) = Self::parse(&page[..read], number, length) else { return Ok(None) };
        let mut filter = vec![0; run.blocks * filter::BLOCK];
        let read = file.read(&mut filter, PAGE as u64).map_err(&failed)?;
        if read < filter.len() || crc32c::crc32c(&filter) != crc {
            return Ok(None);
        }
        run.filter = Some(filter.into());
        Ok(Some(run))
    }

    fn parse(page: &[u8], number: u64, length: u64) -> Option<(Self, u32)> {
        let head = page.get(..HEAD)?;
        let word = |at: usize| Some(u32::from_le_bytes(head.get(at..at + 4)?.try_into().ok()?));
        let long = |at: usize| Some(u64::from_le_bytes(head.get(at..at + 8)?.try_into().ok()?));
        let whole = head.starts_with(&MAGIC)
            && head[8..10] == VERSION.to_le_bytes()
            && word(56)? == crc32c::crc32c(&head[..56])
            && long(16)? == number;
        let (entries, filter) = (usize::try_from(long(24)?).ok()?, usize::try_from(long(32)?).ok()?);
        let blocks = filter / filter::BLOCK;
        let run =
            Self { number, entries, blocks, from: Wall(long(40)? as i64), to: Wall(long(48)? as i64), filter: None };
        let fits = filter > 0 && filter.is_multiple_of(filter::BLOCK) && filter as u64 <= length;
        (whole && fits && run.first_page().checked_add(run.pages() as u64 * PAGE as u64)? == length)
            .then_some((run, word(12)?))
    }

    /// Is every byte of its file as it was written?
    pub(in crate::journal) fn is_whole(disk: &dyn Disk, number: u64) -> Result<bool, JournalError> {
        let Some(run) = Self::read(disk, number)? else { return Ok(false) };
        let mut search = Search::new(&run, disk)?;
        for page in 0..run.pages() {
            if search.load(page)?.is_none() {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// The same without its filter in memory.
    pub(super) const fn without_filter(&self) -> Self {
        let Self { number, entries, blocks, from, to, .. } = *self;
        Self { number, entries, blocks, from, to, filter: None }
    }

    /// Bytes of its filter in memory.
    pub(super) fn filter_bytes(&self) -> usize {
        self.filter.as_ref().map_or(0, |filter| filter.len())
    }

    /// Did anything of it happen from the one moment to the other?
    pub(super) fn happened(&self, (from, to): (Wall, Wall)) -> bool {
        self.entries > 0 && self.from <= to && self.to >= from
    }

    /// When its last record happened.
    pub(super) const fn to(&self) -> Wall {
        self.to
    }

    fn pages(&self) -> usize {
        self.entries.div_ceil(PER_PAGE)
    }

    /// Where the entries begin.
    fn first_page(&self) -> u64 {
        (PAGE + (self.blocks * filter::BLOCK).next_multiple_of(PAGE)) as u64
    }

    /// Where the records of a key lie; `None` where the file is damaged.
    pub(super) fn find(&self, disk: &dyn Disk, key: u64) -> Result<Option<Vec<Spot>>, JournalError> {
        // A filter that is not in memory is not asked: of its file, one page of entries with its checksum says more.
        let hidden = self.filter.as_ref().is_some_and(|filter| !filter::may_have(filter, key));
        if self.entries == 0 || hidden { Ok(Some(Vec::new())) } else { Search::new(self, disk)?.find(key) }
    }
}

/// A look into a run's file.
struct Search<'r> {
    run: &'r Run,
    name: String,
    disk: &'r dyn Disk,
    file: Box<dyn DiskFile>,
    page: Box<[u8; PAGE]>,
    /// Entries of the page at hand.
    entries: usize,
}

impl<'r> Search<'r> {
    fn new(run: &'r Run, disk: &'r dyn Disk) -> Result<Self, JournalError> {
        let name = index_name(run.number);
        let file = disk.open(&name, Access::Read).map_err(failed(disk, "reading", &name))?;
        Ok(Self { run, name, disk, file, page: Box::new([0; PAGE]), entries: 0 })
    }

    fn read(&self, bytes: &mut [u8], offset: u64) -> Result<usize, JournalError> {
        self.file.read(bytes, offset).map_err(failed(self.disk, "reading", &self.name))
    }

    /// Takes a page at hand; `None` where it is damaged.
    fn load(&mut self, page: usize) -> Result<Option<()>, JournalError> {
        let mut bytes = std::mem::replace(&mut self.page, Box::new([0; PAGE]));
        let read = self.read(&mut *bytes, self.run.first_page() + (page * PAGE) as u64);
        self.page = bytes;
        self.entries = (self.run.entries - page * PER_PAGE).min(PER_PAGE);
        let (entries, crc) = self.page.split_at(PAGE - 4);
        Ok((read? == PAGE && crc == crc32c::crc32c(entries).to_le_bytes()).then_some(()))
    }

    fn entry(&self, index: usize) -> (u64, Spot) {
        let entry: &[u8; ENTRY] = self.page[index * ENTRY..].first_chunk().expect("an entry of the page");
        let [offset, behind] = [8, 12].map(|at| u32::from_le_bytes(entry[at..at + 4].try_into().expect("four bytes")));
        let key = u64::from_le_bytes(entry[..8].try_into().expect("eight bytes"));
        (key, Spot { offset, behind })
    }

    /// Keys spread evenly: where one is says its size, give or take a page or two.
    fn find(mut self, key: u64) -> Result<Option<Vec<Spot>>, JournalError> {
        let pages = self.run.pages();
        let mut page = ((u128::from(key) * pages as u128) >> 64) as usize;
        if self.load(page)?.is_none() {
            return Ok(None);
        }
        while page > 0 && self.entry(0).0 >= key {
            page -= 1;
            if self.load(page)?.is_none() {
                return Ok(None);
            }
        }
        let mut found = Vec::new();
        loop {
            for (other, spot) in (0..self.entries).map(|index| self.entry(index)) {
                match other.cmp(&key) {
                    std::cmp::Ordering::Less => {}
                    std::cmp::Ordering::Equal => found.push(spot),
                    std::cmp::Ordering::Greater => return Ok(Some(found)),
                }
            }
            page += 1;
            if page == pages {
                return Ok(Some(found));
            }
            if self.load(page)?.is_none() {
                return Ok(None);
            }
        }
    }
}
