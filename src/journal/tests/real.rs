//! On the machine's own disk.

use super::samples::{NOW, essence, many};
use crate::journal::{
    Durability, JournalError, MasterKey, Options, Position, Restored, Writer,
    disk::{Disk, Folder},
    open, open_on, scan, verify,
};
use std::{path::Path, sync::Arc, time::Duration};

fn options(folder: &Path, durability: Durability) -> Options {
    let options = Options::new(folder, MasterKey::new(&[3; 32]), NOW);
    Options { durability, segment: 2 << 20, lazy: Duration::from_millis(1), ..options }
}

fn write(mut writer: Writer, from: u64, count: u64) {
    for part in many(count, from).chunks(700) {
        writer.append(&mut part.to_vec());
    }
    assert_eq!(writer.close().map(|position| position.0), Ok(from + count));
}

#[test]
fn every_way_of_writing_is_read_back() {
    for (durability, direct) in [(Durability::Disk, true), (Durability::Disk, false), (Durability::Os, true)] {
        let folder = tempfile::tempdir().unwrap();
        let options = options(folder.path(), durability);
        let disk: Arc<dyn Disk> =
            if direct { Arc::new(Folder::new(folder.path())) } else { Arc::new(Folder::new(folder.path()).buffered()) };
        let (writer, _) = open_on(Arc::clone(&disk), &options, |_| {}).unwrap();
        write(writer, 0, 12_000);
        let mut restored = Vec::new();
        let (writer, opened) = open_on(disk, &options, |item| restored.push(item)).unwrap();
        assert_eq!((opened.position, &opened.torn), (Position(12_000), &None));
        let last = restored.pop();
        let Some(Restored::Record(Position(12_000), last)) = last else { panic!("{last:?}") };
        assert_eq!(essence(&last), essence(&many(12_000, 0)[11_999]));
        write(writer, 12_000, 3000);
        let report = verify(folder.path()).unwrap();
        assert_eq!((report.damages.len(), &report.torn), (0, &None));
        assert_eq!(scan(folder.path(), None).unwrap().map(Result::unwrap).count(), 15_000);
    }
}

#[test]
fn the_folder_is_locked() {
    let folder = tempfile::tempdir().unwrap();
    let options = options(folder.path(), Durability::Disk);
    let (writer, _) = open(&options, |_| {}).unwrap();
    assert!(matches!(open(&options, |_| {}), Err(JournalError::Locked { .. })));
    drop(writer);
    open(&options, |_| {}).unwrap();
}

#[cfg(unix)]
#[test]
fn nobody_else_may_read_it() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal");
    open(&options(&path, Durability::Disk), |_| {}).unwrap();
    let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&path), mode(&path.join("keys"))), (0o700, 0o700));
    assert_eq!(mode(&path.join("0000000001.segment")), 0o600);
    assert_eq!(mode(&path.join("keys/digest.key")), 0o600);
}

#[test]
fn a_folder_that_cannot_be_made_is_named() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("file"), "").unwrap();
    let error = open(&options(&folder.path().join("file/journal"), Durability::Disk), |_| {}).err().unwrap();
    assert!(error.to_string().contains("file/journal"), "{error}");
}
