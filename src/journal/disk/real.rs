//! A folder of the machine's file system.

use super::{Access, Disk, DiskFile, Durability, Lock};
use std::{
    fs::{self, DirBuilder, File, OpenOptions, TryLockError},
    io,
    path::{Path, PathBuf},
};

/// A folder of the file system.
#[derive(Clone, Debug)]
pub struct Folder {
    path: PathBuf,
    direct: bool,
}

impl Folder {
    /// A folder; it is made when a journal is opened in it.
    #[must_use]
    pub fn new(path: &Path) -> Self {
        Self { path: path.to_owned(), direct: true }
    }

    /// Commits go through the system's cache and are synced by a call of their own, even where the file system takes
    /// them directly.
    #[must_use]
    pub fn buffered(self) -> Self {
        Self { direct: false, ..self }
    }

    fn options(access: Access) -> OpenOptions {
        let mut options = OpenOptions::new();
        match access {
            Access::Read => options.read(true),
            Access::Change | Access::Commit(_) | Access::Fill => options.read(true).write(true),
            Access::Create => options.read(true).write(true).create(true).truncate(true),
        };
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        options
    }

    fn make(folder: &Path) -> io::Result<()> {
        let mut builder = DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(folder)
    }
}

/// Past the cache; for commits also durable when the call returns: one write is one commit.
#[cfg(target_os = "linux")]
fn open_direct(path: &Path, access: Access) -> io::Result<File> {
    use rustix::fs::OFlags;
    let mut options = Folder::options(access);
    let flags = if access == Access::Fill { OFlags::DIRECT } else { OFlags::DIRECT | OFlags::DSYNC };
    std::os::unix::fs::OpenOptionsExt::custom_flags(&mut options, flags.bits() as i32);
    options.open(path)
}

#[cfg(not(target_os = "linux"))]
fn open_direct(_path: &Path, _access: Access) -> io::Result<File> {
    Err(io::ErrorKind::InvalidInput.into())
}

impl Disk for Folder {
    fn locate(&self, name: &str) -> String {
        self.path.join(name).display().to_string()
    }

    fn prepare(&self) -> io::Result<()> {
        Self::make(&self.path)?;
        Self::make(&self.path.join("keys"))
    }

    fn names(&self, folder: &str) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(self.path.join(folder))? {
            let entry = entry?;
            if entry.file_type()?.is_file() {
                names.extend(entry.file_name().into_string());
            }
        }
        Ok(names)
    }

    fn open(&self, name: &str, access: Access) -> io::Result<Box<dyn DiskFile>> {
        let path = self.path.join(name);
        let then = if access == Access::Commit(Durability::Disk) { How::Synced } else { How::Unsynced };
        if matches!(access, Access::Commit(Durability::Disk) | Access::Fill) && self.direct {
            match open_direct(&path, access) {
                Ok(file) => return Ok(Box::new(RealFile { file, how: How::Direct, otherwise: Some(then), path })),
                // The file system does not know how (tmpfs, some network ones).
                Err(error) if error.kind() == io::ErrorKind::InvalidInput => {}
                Err(error) => return Err(error),
            }
        }
        Ok(Box::new(RealFile { file: Self::options(access).open(&path)?, how: then, otherwise: None, path }))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        fs::rename(self.path.join(from), self.path.join(to))
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        fs::remove_file(self.path.join(name))
    }

    fn sync_folder(&self, folder: &str) -> io::Result<()> {
        // Elsewhere a folder cannot be opened as a file, and renaming is durable in its own way.
        if cfg!(unix) { File::open(self.path.join(folder))?.sync_all() } else { Ok(()) }
    }

    fn lock(&self) -> io::Result<Option<Lock>> {
        let file = OpenOptions::new().write(true).create(true).truncate(false).open(self.path.join("lock"))?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Box::new(file))),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }
}

/// How commits are written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum How {
    /// Past the cache.
    Direct,
    /// Each is made durable by a call behind the write.
    Synced,
    /// That is left to the system.
    Unsynced,
}

struct RealFile {
    file: File,
    how: How,
    /// As long as no direct write was made: how it is to be done where that is refused.
    otherwise: Option<How>,
    path: PathBuf,
}

impl DiskFile for RealFile {
    fn length(&self) -> io::Result<u64> {
        self.file.metadata().map(|metadata| metadata.len())
    }

    fn read(&self, bytes: &mut [u8], offset: u64) -> io::Result<usize> {
        let mut read = 0;
        while read < bytes.len() {
            match read_at(&self.file, &mut bytes[read..], offset + read as u64) {
                Ok(0) => break,
                Ok(more) => read += more,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(read)
    }

    fn write(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        write_all_at(&self.file, bytes, offset)
    }

    fn commit(&mut self, pages: &[u8], offset: u64) -> io::Result<()> {
        match (write_all_at(&self.file, pages, offset), self.otherwise.take()) {
            // Some file systems take the flag when a file is opened, and refuse the first write. Not later: by then the
            // file may have another name.
            (Err(error), Some(how)) if error.kind() == io::ErrorKind::InvalidInput => {
                self.file = Folder::options(Access::Change).open(&self.path)?;
                self.how = how;
                write_all_at(&self.file, pages, offset)?;
            }
            (written, _) => written?,
        }
        if self.how == How::Synced { self.file.sync_data() } else { Ok(()) }
    }

    fn sync(&self) -> io::Result<()> {
        self.file.sync_data()
    }

    fn truncate(&self, length: u64) -> io::Result<()> {
        self.file.set_len(length)
    }
}

#[cfg(unix)]
fn read_at(file: &File, bytes: &mut [u8], offset: u64) -> io::Result<usize> {
    std::os::unix::fs::FileExt::read_at(file, bytes, offset)
}

#[cfg(unix)]
fn write_all_at(file: &File, bytes: &[u8], offset: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::write_all_at(file, bytes, offset)
}

#[cfg(not(unix))]
fn read_at(mut file: &File, bytes: &mut [u8], offset: u64) -> io::Result<usize> {
    io::Seek::seek(&mut file, io::SeekFrom::Start(offset))?;
    io::Read::read(&mut file, bytes)
}

#[cfg(not(unix))]
fn write_all_at(mut file: &File, bytes: &[u8], offset: u64) -> io::Result<()> {
    io::Seek::seek(&mut file, io::SeekFrom::Start(offset))?;
    io::Write::write_all(&mut file, bytes)
}
