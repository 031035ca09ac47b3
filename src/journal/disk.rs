//! The operations on files that a journal needs, behind a trait: so that the tests have a disk that loses what was not
//! synced, tears the last write, or refuses.

mod real;

pub use real::Folder;

use super::error::JournalError;
use std::io;

/// A folder of files by name; `keys/NAME` lies in a folder below.
pub trait Disk: Send + Sync {
    /// Where a file lies, for messages.
    fn locate(&self, name: &str) -> String;

    /// Makes the folders, where they are not there.
    ///
    /// # Errors
    /// What the system says.
    fn prepare(&self) -> io::Result<()>;

    /// The names in a folder (`""` or `"keys"`), without it.
    ///
    /// # Errors
    /// What the system says.
    fn names(&self, folder: &str) -> io::Result<Vec<String>>;

    /// Opens a file.
    ///
    /// # Errors
    /// What the system says.
    fn open(&self, name: &str, access: Access) -> io::Result<Box<dyn DiskFile>>;

    /// Gives a file another name, over one that is there.
    ///
    /// # Errors
    /// What the system says.
    fn rename(&self, from: &str, to: &str) -> io::Result<()>;

    /// Removes a file.
    ///
    /// # Errors
    /// What the system says.
    fn remove(&self, name: &str) -> io::Result<()>;

    /// Makes the names of a folder durable.
    ///
    /// # Errors
    /// What the system says.
    fn sync_folder(&self, folder: &str) -> io::Result<()>;

    /// Takes the folder for this process, for as long as the result lives; `None` where another has it.
    ///
    /// # Errors
    /// What the system says.
    fn lock(&self) -> io::Result<Option<Lock>>;
}

/// A folder is ours while this lives.
pub type Lock = Box<dyn Send + Sync>;

/// What a file is opened for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Access {
    /// To be read.
    Read,
    /// To be read and changed.
    Change,
    /// Made anew and empty, to be written; nobody else may read it.
    Create,
    /// To be written by [`DiskFile::commit`].
    Commit(Durability),
    /// To be filled by [`DiskFile::commit`], and made durable as a whole when it is full.
    Fill,
}

/// What a record has to survive before it counts as durable.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Durability {
    /// The end of the machine: it is on the disk.
    #[default]
    Disk,
    /// The end of the process: the system has it.
    Os,
}

/// An open file.
pub trait DiskFile: Send {
    /// Its length in bytes.
    ///
    /// # Errors
    /// What the system says.
    fn length(&self) -> io::Result<u64>;

    /// Reads from `offset` on as much as there is, and says how much.
    ///
    /// # Errors
    /// What the system says.
    fn read(&self, bytes: &mut [u8], offset: u64) -> io::Result<usize>;

    /// Writes all bytes.
    ///
    /// # Errors
    /// What the system says.
    fn write(&self, bytes: &[u8], offset: u64) -> io::Result<()>;

    /// Writes whole pages, from an address that is a multiple of a page, as durably as the access asked for.
    ///
    /// # Errors
    /// What the system says; how much was written is then unknown.
    fn commit(&mut self, pages: &[u8], offset: u64) -> io::Result<()>;

    /// Makes all that was written durable.
    ///
    /// # Errors
    /// What the system says.
    fn sync(&self) -> io::Result<()>;

    /// Cuts the file off.
    ///
    /// # Errors
    /// What the system says.
    fn truncate(&self, length: u64) -> io::Result<()>;
}

/// An error with the file it happened to.
pub(super) fn failed<'a>(
    disk: &'a dyn Disk,
    doing: &'static str,
    name: &'a str,
) -> impl Fn(io::Error) -> JournalError + use<'a> {
    move |source| JournalError::Io { doing, file: disk.locate(name), source }
}

/// The folder a name lies in.
fn folder_of(name: &str) -> &str {
    name.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// Puts a file in the place of an old one, or where none was: after a crash there is the one or the other.
pub(super) fn replace(disk: &dyn Disk, name: &str, bytes: &[u8]) -> Result<(), JournalError> {
    let new = format!("{name}.new");
    let written = disk.open(&new, Access::Create).and_then(|file| {
        file.write(bytes, 0)?;
        file.sync()
    });
    written.map_err(failed(disk, "writing", &new))?;
    settle(disk, &new, name)
}

/// Gives a file that is whole and durable its name, over one that is there.
pub(super) fn settle(disk: &dyn Disk, new: &str, name: &str) -> Result<(), JournalError> {
    disk.rename(new, name).map_err(failed(disk, "naming", name))?;
    disk.sync_folder(folder_of(name)).map_err(failed(disk, "syncing the folder of", name))
}

/// A file's bytes, at most `most`; `None` where it is not there.
pub(super) fn read_whole(disk: &dyn Disk, name: &str, most: u64) -> Result<Option<Vec<u8>>, JournalError> {
    let file = match disk.open(name, Access::Read) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        other => other.map_err(failed(disk, "opening", name))?,
    };
    let length = file.length().map_err(failed(disk, "reading", name))?;
    if length > most {
        return Err(JournalError::Corrupt { file: disk.locate(name), offset: most, why: "longer than any of ours" });
    }
    let mut bytes = vec![0; length as usize];
    let read = file.read(&mut bytes, 0).map_err(failed(disk, "reading", name))?;
    bytes.truncate(read);
    Ok(Some(bytes))
}
