//! A disk in memory that does what real ones do: it forgets what was not synced, tears the last write, refuses, and stops
//! working in the middle of anything.

use crate::journal::disk::{Access, Disk, DiskFile, Durability, Lock};
use std::{
    collections::BTreeMap,
    io,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

/// What survives the end of the machine.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Survives {
    /// What was synced, and of the last commit so many bytes.
    Synced { torn: usize },
    /// All that was written, synced or not: only the process ended.
    Written,
}

/// A file: as it reads, and as it is on the disk.
#[derive(Clone, Default)]
struct Content {
    seen: Vec<u8>,
    synced: Vec<u8>,
}

type Shelf = BTreeMap<String, Arc<Mutex<Content>>>;

#[derive(Default)]
struct State {
    names: Shelf,
    synced_names: Shelf,
    /// Operations that change something.
    operations: u64,
    /// From this operation on, all are refused with this error; `once`: that one only.
    refuse: Option<(u64, io::ErrorKind, bool)>,
    /// The commit that was being written when the first refusal came: file, offset, bytes.
    torn: Option<(Arc<Mutex<Content>>, u64, Vec<u8>)>,
    /// Names that no operation may create, with this error.
    full: Option<(&'static str, io::ErrorKind)>,
}

/// The disk; clones are the same one.
#[derive(Clone, Default)]
pub(super) struct MemoryDisk {
    state: Arc<Mutex<State>>,
    locked: Arc<AtomicBool>,
}

impl MemoryDisk {
    /// Operations so far.
    pub(super) fn operations(&self) -> u64 {
        self.state.lock().unwrap().operations
    }

    /// From operation `number` on (1 is the next that is the first of all), everything is refused.
    pub(super) fn refuse_from(&self, number: u64) {
        self.state.lock().unwrap().refuse = Some((number, io::ErrorKind::Other, false));
    }

    /// The next operation is refused, and only that.
    pub(super) fn refuse_next(&self, kind: io::ErrorKind) {
        let mut state = self.state.lock().unwrap();
        state.refuse = Some((state.operations + 1, kind, true));
    }

    /// Files whose name begins so cannot be made; `None`: all can.
    pub(super) fn full(&self, beginning: Option<&'static str>) {
        self.state.lock().unwrap().full = beginning.map(|beginning| (beginning, io::ErrorKind::StorageFull));
    }

    /// The machine ended and is up again.
    pub(super) fn restart(&self, survives: Survives) -> Self {
        let state = self.state.lock().unwrap();
        let mut names = Shelf::new();
        let before = if survives == Survives::Written { &state.names } else { &state.synced_names };
        for (name, content) in before {
            let content_now = content.lock().unwrap();
            let mut bytes = if survives == Survives::Written { &content_now.seen } else { &content_now.synced }.clone();
            if let (Survives::Synced { torn }, Some((file, offset, commit))) = (survives, &state.torn)
                && Arc::ptr_eq(file, content)
            {
                let part = &commit[..torn.min(commit.len())];
                put(&mut bytes, part, *offset);
            }
            names.insert(name.clone(), Arc::new(Mutex::new(Content { seen: bytes.clone(), synced: bytes })));
        }
        let state = State { synced_names: names.clone(), names, ..State::default() };
        Self { state: Arc::new(Mutex::new(state)), locked: Arc::default() }
    }

    /// A copy of all of it, as it reads.
    pub(super) fn copy(&self) -> Self {
        self.restart(Survives::Written)
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.state.lock().unwrap().names.contains_key(name)
    }

    /// The bytes of a file.
    pub(super) fn bytes(&self, name: &str) -> Vec<u8> {
        let state = self.state.lock().unwrap();
        state.names.get(name).unwrap_or_else(|| panic!("there is no {name}")).lock().unwrap().seen.clone()
    }

    /// Changes a file behind everybody's back.
    pub(super) fn change(&self, name: &str, change: impl FnOnce(&mut Vec<u8>)) {
        let state = self.state.lock().unwrap();
        let mut content = state.names[name].lock().unwrap();
        change(&mut content.seen);
        content.synced = content.seen.clone();
    }

    /// All names.
    pub(super) fn all(&self) -> Vec<String> {
        self.state.lock().unwrap().names.keys().cloned().collect()
    }

    fn count(state: &mut State) -> io::Result<()> {
        state.operations += 1;
        match state.refuse {
            Some((from, kind, false)) if state.operations >= from => Err(kind.into()),
            Some((from, kind, true)) if state.operations == from => Err(kind.into()),
            _ => Ok(()),
        }
    }
}

fn put(bytes: &mut Vec<u8>, part: &[u8], offset: u64) {
    let end = offset as usize + part.len();
    if bytes.len() < end {
        bytes.resize(end, 0);
    }
    bytes[offset as usize..end].copy_from_slice(part);
}

fn within<'a>(folder: &str, name: &'a str) -> Option<&'a str> {
    match (folder, name.split_once('/')) {
        ("", None) => Some(name),
        (folder, Some((before, name))) if folder == before => Some(name),
        _ => None,
    }
}

impl Disk for MemoryDisk {
    fn locate(&self, name: &str) -> String {
        format!("memory/{name}")
    }

    fn prepare(&self) -> io::Result<()> {
        Ok(())
    }

    fn names(&self, folder: &str) -> io::Result<Vec<String>> {
        let state = self.state.lock().unwrap();
        Ok(state.names.keys().filter_map(|name| within(folder, name)).map(str::to_owned).collect())
    }

    fn open(&self, name: &str, access: Access) -> io::Result<Box<dyn DiskFile>> {
        let mut state = self.state.lock().unwrap();
        if access == Access::Create {
            Self::count(&mut state)?;
            if let Some((beginning, kind)) = state.full
                && name.starts_with(beginning)
            {
                return Err(kind.into());
            }
            state.names.insert(name.to_owned(), Arc::default());
        }
        let content = state.names.get(name).cloned().ok_or(io::ErrorKind::NotFound)?;
        Ok(Box::new(MemoryFile { disk: self.clone(), content, access }))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        let mut state = self.state.lock().unwrap();
        Self::count(&mut state)?;
        let content = state.names.remove(from).ok_or(io::ErrorKind::NotFound)?;
        state.names.insert(to.to_owned(), content);
        Ok(())
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        let mut state = self.state.lock().unwrap();
        Self::count(&mut state)?;
        state.names.remove(name).map(|_| ()).ok_or(io::ErrorKind::NotFound.into())
    }

    fn sync_folder(&self, folder: &str) -> io::Result<()> {
        let mut state = self.state.lock().unwrap();
        Self::count(&mut state)?;
        let state = &mut *state;
        state.synced_names.retain(|name, _| within(folder, name).is_none());
        let names = state.names.iter().filter(|(name, _)| within(folder, name).is_some());
        state.synced_names.extend(names.map(|(name, content)| (name.clone(), Arc::clone(content))));
        Ok(())
    }

    fn lock(&self) -> io::Result<Option<Lock>> {
        let mine = !self.locked.swap(true, Ordering::SeqCst);
        Ok(mine.then(|| Box::new(Held(Arc::clone(&self.locked))) as Lock))
    }
}

struct Held(Arc<AtomicBool>);

impl Drop for Held {
    fn drop(&mut self) {
        self.0.store(false, Ordering::SeqCst);
    }
}

struct MemoryFile {
    disk: MemoryDisk,
    content: Arc<Mutex<Content>>,
    access: Access,
}

impl MemoryFile {
    fn operation(&self, mut work: impl FnMut(&mut Content)) -> io::Result<()> {
        let mut state = self.disk.state.lock().unwrap();
        MemoryDisk::count(&mut state)?;
        work(&mut self.content.lock().unwrap());
        Ok(())
    }
}

impl DiskFile for MemoryFile {
    fn length(&self) -> io::Result<u64> {
        Ok(self.content.lock().unwrap().seen.len() as u64)
    }

    fn read(&self, bytes: &mut [u8], offset: u64) -> io::Result<usize> {
        let content = self.content.lock().unwrap();
        let there = content.seen.get(offset as usize..).unwrap_or_default();
        let length = there.len().min(bytes.len());
        bytes[..length].copy_from_slice(&there[..length]);
        Ok(length)
    }

    fn write(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        assert_ne!(self.access, Access::Read, "a file that was opened to be read");
        self.operation(|content| put(&mut content.seen, bytes, offset))
    }

    fn commit(&mut self, pages: &[u8], offset: u64) -> io::Result<()> {
        assert!(matches!(self.access, Access::Commit(_) | Access::Fill), "a file that was not opened for commits");
        assert!(pages.len().is_multiple_of(4096) && offset.is_multiple_of(4096) && !pages.is_empty());
        assert_eq!(pages.as_ptr().align_offset(4096), 0, "a direct write wants an aligned address");
        let mut state = self.disk.state.lock().unwrap();
        if let Err(error) = MemoryDisk::count(&mut state) {
            state.torn.get_or_insert_with(|| (Arc::clone(&self.content), offset, pages.to_vec()));
            return Err(error);
        }
        let mut content = self.content.lock().unwrap();
        put(&mut content.seen, pages, offset);
        if self.access == Access::Commit(Durability::Disk) {
            put(&mut content.synced, pages, offset);
        }
        Ok(())
    }

    fn sync(&self) -> io::Result<()> {
        self.operation(|content| content.synced.clone_from(&content.seen))
    }

    fn truncate(&self, length: u64) -> io::Result<()> {
        self.operation(|content| content.seen.truncate(length as usize))
    }
}
