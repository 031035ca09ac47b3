//! A new master key: every key file is wrapped anew. Bodies stay as they are.

use super::MasterKey;
use crate::journal::{
    disk::{Disk, Folder, failed, read_whole, replace},
    error::JournalError,
};
use std::path::Path;
use zeroize::Zeroizing;

/// Wraps all keys of the journal in `folder` under another master key, and says how many. A run that was interrupted is
/// simply run again: what the new key opens already is left as it is.
///
/// # Errors
/// The journal is in use, a key that neither master key opens, or a file that cannot be written.
pub fn rekey(folder: &Path, old: &MasterKey, new: &MasterKey) -> Result<usize, JournalError> {
    rewrap(&Folder::new(folder), old, new)
}

fn rewrap(disk: &dyn Disk, old: &MasterKey, new: &MasterKey) -> Result<usize, JournalError> {
    let lock = disk.lock().map_err(failed(disk, "locking", "lock"))?;
    let _lock = lock.ok_or_else(|| JournalError::Locked { folder: disk.locate("") })?;
    let mut count = 0;
    for name in disk.names("keys").map_err(failed(disk, "listing", "keys"))? {
        let name = format!("keys/{name}");
        if !name.ends_with(".key") {
            continue;
        }
        let wrapped = read_whole(disk, &name, 1024)?.unwrap_or_default();
        let length = wrapped.len();
        // A digest key is of 16 bytes, a data key of 32; both with 32 around them.
        let done =
            if length == 48 { again::<16>(&name, &wrapped, old, new) } else { again::<32>(&name, &wrapped, old, new) };
        let again = done.map_err(|why| JournalError::Key { name: disk.locate(&name), why })?;
        if let Some(again) = again {
            replace(disk, &name, &again)?;
            count += 1;
        }
    }
    Ok(count)
}

/// The key wrapped under `new`; `None` where it is already.
fn again<const N: usize>(
    name: &str,
    wrapped: &[u8],
    old: &MasterKey,
    new: &MasterKey,
) -> Result<Option<Vec<u8>>, &'static str> {
    let key: Zeroizing<[u8; N]> = match old.unwrap(name, wrapped) {
        Ok(key) => key,
        Err(why) => return new.unwrap::<N>(name, wrapped).map(|_| None).map_err(|_| why),
    };
    Ok(Some(new.wrap(name, &*key)))
}
