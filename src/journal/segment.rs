//! Files of the journal's folder: their names, the spare that is always held ready, and the segment being written.

use super::{
    disk::{Access, Disk, DiskFile, Durability, failed},
    error::JournalError,
    format::{PAGE, SegmentHeader},
    index::index_name,
    paged::{CHUNK, Chunk},
};

/// Ready to become the next segment.
pub(super) const SPARE: &str = "spare";
/// Becoming the spare.
const SPARE_NEW: &str = "spare.new";
/// An expired segment, to be made a spare of.
pub(super) const RECYCLED: &str = "recycled";

/// The file of a segment.
pub(super) fn segment_name(number: u64) -> String {
    format!("{number:010}.segment")
}

/// The file of what was open at the end of a segment.
pub(super) fn snapshot_name(number: u64) -> String {
    format!("{number:010}.open")
}

/// What lies in the folder.
#[derive(Default, Debug)]
pub(super) struct Listing {
    /// Numbers of segments, ascending.
    pub(super) segments: Vec<u64>,
    /// Numbers of segments whose snapshot there is, ascending.
    pub(super) snapshots: Vec<u64>,
    /// Numbers of segments whose run there is, ascending.
    pub(super) indexes: Vec<u64>,
    /// Files whose writing was cut off.
    pub(super) unfinished: Vec<String>,
}

impl Listing {
    pub(super) fn of(disk: &dyn Disk) -> Result<Self, JournalError> {
        let mut listing = Self::default();
        let number = |name: &str, made: fn(u64) -> String| {
            let number = name.split('.').next()?.parse().ok()?;
            (made(number) == name).then_some(number)
        };
        for name in disk.names("").map_err(failed(disk, "listing", ""))? {
            listing.segments.extend(number(&name, segment_name));
            listing.snapshots.extend(number(&name, snapshot_name));
            listing.indexes.extend(number(&name, index_name));
            if name.ends_with(".new") {
                listing.unfinished.push(name);
            }
        }
        let keys = disk.names("keys").map_err(failed(disk, "listing", "keys"))?;
        listing.unfinished.extend(keys.iter().filter(|key| key.ends_with(".new")).map(|key| format!("keys/{key}")));
        listing.segments.sort_unstable();
        listing.snapshots.sort_unstable();
        listing.indexes.sort_unstable();
        Ok(listing)
    }
}

/// Makes the spare, of `size` bytes, unless it is there: of an expired segment, or of zeros. All its pages have been
/// written when it is there, so that writing them again changes nothing but their content: that is what makes a commit
/// fast. `stop` is asked now and then; says whether the spare is there.
pub(super) fn make_spare(disk: &dyn Disk, size: u64, stop: &dyn Fn() -> bool) -> Result<bool, JournalError> {
    let failed = failed(disk, "making the spare segment", SPARE);
    let length = |name: &str| match disk.open(name, Access::Read) {
        Ok(file) => file.length().map(Some),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    };
    if length(SPARE).map_err(&failed)? == Some(size) {
        return Ok(true);
    }
    let recycled = length(RECYCLED).map_err(&failed)?;
    let file = match recycled {
        Some(_) => disk.rename(RECYCLED, SPARE_NEW).and_then(|()| disk.open(SPARE_NEW, Access::Change)),
        None => disk.open(SPARE_NEW, Access::Create),
    };
    let file = file.map_err(&failed)?;
    let mut filled = recycled.unwrap_or(0).min(size);
    if recycled.is_some_and(|length| length > size) {
        file.truncate(size).map_err(&failed)?;
    }
    let mut file = disk.open(SPARE_NEW, Access::Fill).map_err(&failed)?;
    let mut zeros = Chunk::new();
    while filled < size {
        if stop() {
            return Ok(false);
        }
        let part = CHUNK.min((size - filled) as usize);
        file.commit(&zeros.bytes()[..part], filled).map_err(&failed)?;
        filled += part as u64;
    }
    file.sync().map_err(&failed)?;
    disk.rename(SPARE_NEW, SPARE).map_err(&failed)?;
    disk.sync_folder("").map_err(&failed)?;
    Ok(true)
}

/// The segment that is being written.
pub(super) struct ActiveSegment {
    pub(super) header: SegmentHeader,
    file: Box<dyn DiskFile>,
    offset: u64,
    size: u64,
}

impl ActiveSegment {
    /// Makes the spare the segment of this header; it is durable under its name when this returns.
    pub(super) fn begin(
        disk: &dyn Disk,
        mut header: SegmentHeader,
        durability: Durability,
    ) -> Result<Self, JournalError> {
        let failed = failed(disk, "beginning a segment with", SPARE);
        let mut file = disk.open(SPARE, Access::Commit(durability)).map_err(&failed)?;
        let mut room = Chunk::new();
        let page = &mut room.bytes()[..PAGE];
        {
            let before = disk.open(SPARE, Access::Read).map_err(&failed)?;
            let read = before.read(page, 0).map_err(&failed)?;
            header.recycled = page[..read].iter().any(|&byte| byte != 0);
        }
        let size = file.length().map_err(&failed)?;
        page.copy_from_slice(&header.page());
        file.commit(page, 0).and_then(|()| file.sync()).map_err(&failed)?;
        disk.rename(SPARE, &segment_name(header.number)).map_err(&failed)?;
        disk.sync_folder("").map_err(&failed)?;
        Ok(Self { header, file, offset: PAGE as u64, size })
    }

    /// Is there room for so many bytes?
    pub(super) fn has_room(&self, length: usize) -> bool {
        self.offset + length as u64 <= self.size
    }

    /// Where the next commit is written.
    pub(super) const fn offset(&self) -> u64 {
        self.offset
    }

    /// Writes a commit; where there is an error, nothing may be written behind it any more.
    pub(super) fn write(&mut self, pages: &[u8]) -> std::io::Result<()> {
        assert!(self.has_room(pages.len()), "a commit goes into the segment that has room for it");
        self.file.commit(pages, self.offset)?;
        self.offset += pages.len() as u64;
        Ok(())
    }

    /// What was left to the system is made durable.
    pub(super) fn sync(&self) -> std::io::Result<()> {
        self.file.sync()
    }
}
