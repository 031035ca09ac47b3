//! The data keys of a journal, as files.

use super::{DataKey, MasterKey};
use crate::journal::{
    day::Day,
    disk::{Disk, read_whole, replace},
    error::JournalError,
};
use aws_lc_rs::rand;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};
use zeroize::Zeroizing;

/// The wrapped digest key.
const DIGEST: &str = "keys/digest.key";
/// Longer than any wrapped key.
const LONGEST: u64 = 1024;

/// Which data key: every run of a writer makes its own for each day.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(in crate::journal) struct KeyId {
    /// Boot epoch of the run.
    pub(in crate::journal) epoch: u32,
    /// The day.
    pub(in crate::journal) day: Day,
}

/// The file of a data key.
pub(in crate::journal) fn file_name(key: KeyId) -> String {
    format!("keys/{}-{:010}.key", key.day, key.epoch)
}

/// Which key a file of the folder `keys` holds; `None` for other files.
fn parse_name(name: &str) -> Option<KeyId> {
    let (day, epoch) = name.strip_suffix(".key")?.split_at_checked(10)?;
    let key = KeyId { epoch: epoch.strip_prefix('-')?.parse().ok()?, day: day.parse().ok()? };
    (file_name(key).strip_prefix("keys/") == Some(name)).then_some(key)
}

/// Keys that were opened, by which they are. Without a master key nothing can be opened, and every body reads as empty.
pub(in crate::journal) struct KeyRing {
    disk: Arc<dyn Disk>,
    master: Option<Arc<MasterKey>>,
    opened: Mutex<HashMap<KeyId, Option<Arc<DataKey>>>>,
}

impl KeyRing {
    pub(in crate::journal) fn new(disk: Arc<dyn Disk>, master: Option<Arc<MasterKey>>) -> Self {
        Self { disk, master, opened: Mutex::default() }
    }

    /// A data key; `None` where it was destroyed, or where there is no master key.
    pub(in crate::journal) fn get(&self, key: KeyId) -> Result<Option<Arc<DataKey>>, JournalError> {
        let Some(master) = &self.master else { return Ok(None) };
        let mut opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = opened.get(&key) {
            return Ok(known.clone());
        }
        let name = file_name(key);
        let found = match read_whole(&*self.disk, &name, LONGEST)? {
            None => None,
            Some(wrapped) => {
                let clear = master.unwrap(&name, &wrapped).map_err(|why| self.refused(&name, why))?;
                Some(Arc::new(DataKey::new(&clear, key.epoch)))
            }
        };
        opened.insert(key, found.clone());
        Ok(found)
    }

    /// A data key to seal with: the one that is there, or a new one, which is durable when this returns.
    pub(in crate::journal) fn make(&self, key: KeyId) -> Result<Arc<DataKey>, JournalError> {
        let name = file_name(key);
        let master = self.master.as_ref().ok_or_else(|| self.refused(&name, "there is no master key"))?;
        if let Some(there) = self.get(key)? {
            return Ok(there);
        }
        let mut clear = Zeroizing::new([0; 32]);
        rand::fill(&mut *clear).expect("the system has random bytes");
        replace(&*self.disk, &name, &master.wrap(&name, &*clear))?;
        let made = Arc::new(DataKey::new(&clear, key.epoch));
        let mut opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        opened.insert(key, Some(Arc::clone(&made)));
        Ok(made)
    }

    /// The digest key, made where the journal is new. A master key that does not open it opens nothing else either.
    pub(in crate::journal) fn digest(&self, new: bool) -> Result<Zeroizing<[u8; 16]>, JournalError> {
        let master = self.master.as_ref().ok_or_else(|| self.refused(DIGEST, "there is no master key"))?;
        if let Some(wrapped) = read_whole(&*self.disk, DIGEST, LONGEST)? {
            return master.unwrap(DIGEST, &wrapped).map_err(|why| self.refused(DIGEST, why));
        }
        if !new {
            return Err(self.refused(DIGEST, "it is missing: without it no digest of the records can be found again"));
        }
        let mut key = Zeroizing::new([0; 16]);
        rand::fill(&mut *key).expect("the system has random bytes");
        replace(&*self.disk, DIGEST, &master.wrap(DIGEST, &*key))?;
        Ok(key)
    }

    /// Which data keys there are.
    pub(in crate::journal) fn all(&self) -> Result<Vec<KeyId>, JournalError> {
        let names = self.disk.names("keys").map_err(crate::journal::disk::failed(&*self.disk, "listing", "keys"))?;
        Ok(names.iter().filter_map(|name| parse_name(name)).collect())
    }

    /// Destroys a data key: what is sealed under it is gone.
    pub(in crate::journal) fn destroy(&self, key: KeyId) -> Result<(), JournalError> {
        let name = file_name(key);
        self.opened.lock().unwrap_or_else(PoisonError::into_inner).insert(key, None);
        self.disk.remove(&name).map_err(crate::journal::disk::failed(&*self.disk, "removing", &name))
    }

    fn refused(&self, name: &str, why: &'static str) -> JournalError {
        JournalError::Key { name: self.disk.locate(name), why }
    }
}
