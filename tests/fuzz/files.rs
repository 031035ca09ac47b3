//! What the fuzz targets of files do with arbitrary bytes, and what must then be true: a journal's commit, a configuration.
//! The same bodies replay the corpus in `cargo test`.

use banklink::{
    clock::Wall,
    config::Config,
    journal::{
        self, JournalError, MasterKey, Options,
        disk::{Access, Disk, DiskFile, Lock},
    },
    record::{PaymentId, Record},
};
use std::{
    collections::BTreeMap,
    io,
    path::Path,
    sync::{Arc, LazyLock, Mutex},
};

const PAGE: usize = 4096;
const SEGMENT: &str = "0000000001.segment";

/// The records of a commit, with their checksums put right, in the place of those of a journal that was written: it is
/// read, verified, repaired and opened, or what is wrong with it is said with a place in the file.
pub(crate) fn journal(data: &[u8]) {
    let disk = Arc::new(WRITTEN.copy());
    disk.change(SEGMENT, |bytes| put_commit(bytes, data));
    let disk: Arc<dyn Disk> = disk;
    let length = SIZE as u64;
    let placed = |error: &JournalError| {
        if let JournalError::Corrupt { offset, why, .. } = error {
            assert!(*offset <= length && !why.is_empty(), "no such place: {error}");
        }
    };
    let report = journal::verify_on(&disk).expect("a disk in memory can be read");
    assert!(report.damages.iter().all(|damage| damage.offset <= length));
    let mut last = 0;
    match journal::scan_on(Arc::clone(&disk), None) {
        Err(error) => placed(&error),
        Ok(entries) => {
            for entry in entries {
                match entry {
                    Err(error) => placed(&error),
                    Ok(entry) => {
                        assert!(entry.position.0 > last, "positions ascend");
                        last = entry.position.0;
                        let _ = journal::to_json(&entry.record).to_string();
                    }
                }
            }
        }
    }
    match journal::open_on(Arc::clone(&disk), &options(), |_| ()) {
        Err(error) => placed(&error),
        Ok((mut writer, opened)) => {
            assert!(report.damages.is_empty(), "opened, though damaged: {:?}", report.damages);
            let appended = writer.append(&mut vec![record()]);
            assert_eq!(writer.close().expect("a disk in memory takes it"), appended);
            let (_, again) =
                journal::open_on(disk, &options(), |_| ()).expect("what was opened and written is opened again");
            assert_eq!((again.position, appended.0), (appended, opened.position.0 + 1));
        }
    }
}

/// A configuration: every mistake names a line of the file.
pub(crate) fn config(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    // Files that it may name are not to be read here.
    if let Err(errors) = Config::parse(text, Path::new("/nowhere/fuzzed.toml")) {
        assert!(!errors.0.is_empty());
        for error in &errors.0 {
            assert!((1..=text.split('\n').count()).contains(&error.line), "no such line: {error}");
            assert!(!error.message.is_empty());
        }
    }
}

const SIZE: usize = 2 * 1024 * 1024;

fn options() -> Options {
    let mut options = Options::new(Path::new(""), MasterKey::new(&[3; 32]), Wall(1_795_403_926_000_000));
    options.segment = SIZE as u64;
    options
}

fn record() -> Record {
    Record::Delivered { payment: PaymentId(9), at: Wall(1_795_403_926_000_001) }
}

/// A journal of one commit of one record.
static WRITTEN: LazyLock<Shelf> = LazyLock::new(|| {
    let shelf = Shelf::default();
    let (mut writer, _) = journal::open_on(Arc::new(shelf.clone()), &options(), |_| ()).expect("a new journal");
    writer.append(&mut vec![record()]);
    writer.close().expect("a disk in memory takes it");
    shelf
});

/// Puts these records in the place of those of the segment's only commit.
fn put_commit(segment: &mut Vec<u8>, data: &[u8]) {
    const HEAD: usize = 48;
    let mut records = data[..data.len().min(SIZE / 4)].to_vec();
    let (mut at, mut count) = (0, 0_u32);
    while let Some(length) = records.get(at + 4..at + 8).map(|length| u32::from_le_bytes(length.try_into().unwrap())) {
        count += 1;
        let end = at.saturating_add(12).saturating_add(length as usize);
        let Some(frame) = records.get(at + 4..end) else { break };
        let crc = crc32c::crc32c(frame);
        records[at..at + 4].copy_from_slice(&crc.to_le_bytes());
        at = end;
    }
    let mut head: [u8; HEAD] = segment[PAGE..PAGE + HEAD].try_into().unwrap();
    head[4..8].copy_from_slice(&(records.len() as u32).to_le_bytes());
    head[16..20].copy_from_slice(&count.max(1).to_le_bytes());
    let crc = crc32c::crc32c_append(crc32c::crc32c(&head[..44]), &records);
    head[44..].copy_from_slice(&crc.to_le_bytes());
    segment.truncate(PAGE);
    segment.extend_from_slice(&head);
    segment.extend_from_slice(&records);
    segment.resize(SIZE, 0);
}

type Content = Arc<Mutex<Vec<u8>>>;

/// A disk in memory.
#[derive(Clone, Default)]
struct Shelf(Arc<Mutex<BTreeMap<String, Content>>>);

impl Shelf {
    fn copy(&self) -> Self {
        let files = self.0.lock().unwrap();
        let copied = |(name, content): (&String, &Content)| {
            (name.clone(), Arc::new(Mutex::new(content.lock().unwrap().clone())))
        };
        Self(Arc::new(Mutex::new(files.iter().map(copied).collect())))
    }

    fn change(&self, name: &str, change: impl FnOnce(&mut Vec<u8>)) {
        let content = Arc::clone(self.0.lock().unwrap().entry(name.to_owned()).or_default());
        change(&mut content.lock().unwrap());
    }
}

fn missing() -> io::Error {
    io::ErrorKind::NotFound.into()
}

impl Disk for Shelf {
    fn locate(&self, name: &str) -> String {
        name.to_owned()
    }

    fn prepare(&self) -> io::Result<()> {
        Ok(())
    }

    fn names(&self, folder: &str) -> io::Result<Vec<String>> {
        let files = self.0.lock().unwrap();
        let within = |name: &String| match name.split_once('/') {
            Some((first, rest)) => (first == folder).then(|| rest.to_owned()),
            None => folder.is_empty().then(|| name.clone()),
        };
        Ok(files.keys().filter_map(within).collect())
    }

    fn open(&self, name: &str, access: Access) -> io::Result<Box<dyn DiskFile>> {
        let mut files = self.0.lock().unwrap();
        if access == Access::Create {
            files.insert(name.to_owned(), Content::default());
        }
        Ok(Box::new(File(Arc::clone(files.get(name).ok_or_else(missing)?))))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        let mut files = self.0.lock().unwrap();
        let content = files.remove(from).ok_or_else(missing)?;
        files.insert(to.to_owned(), content);
        Ok(())
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        self.0.lock().unwrap().remove(name).map(drop).ok_or_else(missing)
    }

    fn sync_folder(&self, _: &str) -> io::Result<()> {
        Ok(())
    }

    fn lock(&self) -> io::Result<Option<Lock>> {
        Ok(Some(Box::new(())))
    }
}

struct File(Content);

impl DiskFile for File {
    fn length(&self) -> io::Result<u64> {
        Ok(self.0.lock().unwrap().len() as u64)
    }

    fn read(&self, bytes: &mut [u8], offset: u64) -> io::Result<usize> {
        let content = self.0.lock().unwrap();
        let rest = content.get(offset as usize..).unwrap_or_default();
        let length = rest.len().min(bytes.len());
        bytes[..length].copy_from_slice(&rest[..length]);
        Ok(length)
    }

    fn write(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        let mut content = self.0.lock().unwrap();
        let end = offset as usize + bytes.len();
        let length = content.len().max(end);
        content.resize(length, 0);
        content[offset as usize..end].copy_from_slice(bytes);
        Ok(())
    }

    fn commit(&mut self, pages: &[u8], offset: u64) -> io::Result<()> {
        self.write(pages, offset)
    }

    fn sync(&self) -> io::Result<()> {
        Ok(())
    }

    fn truncate(&self, length: u64) -> io::Result<()> {
        self.0.lock().unwrap().truncate(length as usize);
        Ok(())
    }
}
