//! Card data: in no file in the clear, and gone when its key is.

use super::{
    memory::MemoryDisk,
    rig::{master, open, open_with, options},
    samples::{Dice, NOW, PAN, body, many, of},
};
use crate::{
    journal::{JournalError, KeySource, MasterKey, Options, disk::Disk, open as open_folder, rekey, seal},
    record::{PaymentId, Record},
};
use std::{fs, sync::Arc};

/// Does `bytes` hold the digits, as text or two to a byte?
fn holds(bytes: &[u8], digits: &str) -> bool {
    let packed: Vec<u8> =
        (0..digits.len() / 2).map(|at| u8::from_str_radix(&digits[2 * at..2 * at + 2], 16).unwrap()).collect();
    [digits.as_bytes(), &packed].iter().any(|needle| bytes.windows(needle.len()).any(|window| window == *needle))
}

/// A send with a card number.
fn sent() -> Record {
    let mut dice = Dice::new(vec![1]);
    let Record::Sent { payment, at, acquirer, connection, original, rrn, unanswered, .. } =
        of(1, PaymentId(1), NOW, &mut dice)
    else {
        unreachable!("kind 1 is a send")
    };
    let body = body(&[(2, PAN.into())]);
    Record::Sent { payment, at, acquirer, connection, original, rrn, unanswered, body }
}

#[test]
fn no_card_lies_in_the_clear() {
    let disk = MemoryDisk::default();
    let mut rig = open(&disk);
    let all = many(3000, 0);
    for part in all.chunks(500) {
        rig.commit(part);
    }
    rig.commit(&[sent()]);
    drop(rig);
    let rig = open(&disk);
    rig.writer.settle();
    drop(rig);
    let names = disk.all();
    assert!(names.iter().any(|name| name.ends_with(".open")), "a snapshot, too: {names:?}");
    for name in names {
        assert!(!holds(&disk.bytes(&name), PAN), "{name} holds a card number");
    }
    assert!(holds(b"x4929123412341234", PAN) && holds(&[0x49, 0x29, 0x12, 0x34, 0x12, 0x34, 0x12, 0x34], PAN));
    assert!(open(&disk).folded().1.iter().any(|(_, (_, body))| holds(body, PAN)), "and is there for who has the key");
}

#[test]
fn without_its_key_a_record_stays_and_its_body_is_gone() {
    let disk = MemoryDisk::default();
    let mut rig = open(&disk);
    rig.commit(&[sent()]);
    drop(rig);
    let key = disk.all().into_iter().find(|name| name.starts_with("keys/2026")).unwrap();
    assert_eq!(key, "keys/2026-11-23-0000000001.key");
    disk.remove(&key).unwrap();
    let rig = open(&disk);
    let records = rig.records();
    let Record::Sent { payment, body, .. } = &records[0].1 else { panic!("it is a send") };
    assert_eq!((*payment, body.is_empty(), rig.opened.erased), (PaymentId(1), true, 1));
}

#[test]
fn another_master_key_opens_nothing() {
    let disk = MemoryDisk::default();
    open(&disk).commit(&many(1, 0));
    let mut other = options();
    other.master = Arc::new(MasterKey::new(&[8; 32]));
    let error = open_with(&disk, &other).err().unwrap().to_string();
    assert!(error.starts_with("memory/keys/digest.key: the master key does not open it"), "{error}");
    disk.remove("keys/digest.key").unwrap();
    let error = open_with(&disk, &options()).err().unwrap().to_string();
    assert!(error.starts_with("memory/keys/digest.key: it is missing"), "{error}");
}

#[test]
fn a_sealed_body_belongs_to_its_place() {
    let disk = MemoryDisk::default();
    let id = seal::KeyId { epoch: 1, day: crate::journal::day::Day::of(NOW) };
    let ring = seal::KeyRing::new(Arc::new(disk), Some(Arc::new(master())));
    let key = ring.make(id).unwrap();
    let mut sealed = PAN.as_bytes().to_vec();
    let tag = key.seal(5, false, b"clear", &mut sealed);
    sealed.extend_from_slice(&tag);
    let opens = |position, carried, clear: &[u8]| key.open(position, carried, clear, &mut sealed.clone()).is_some();
    assert!(opens(5, false, b"clear"));
    assert!(!opens(6, false, b"clear") && !opens(5, true, b"clear") && !opens(5, false, b"other"));
}

#[test]
fn forms_of_a_master_key() {
    let digits = "00112233445566778899aabbccddeeffFFEEDDCCBBAA99887766554433221100";
    let same = "ABEiM0RVZneImaq7zN3u///u3cy7qpmId2ZVRDMiEQA=";
    assert!(MasterKey::parse(digits).is_some() && MasterKey::parse(&format!(" {same}\n")).is_some());
    assert!(MasterKey::parse(&same.replace('/', "_").replace('=', "")).is_some());
    let bad = ["", "00", &digits[1..], &format!("{}g", &digits[1..]), &same[1..], &same.replace('A', "*")];
    assert!(bad.iter().all(|text| MasterKey::parse(text).is_none()));
    // Both say the same key.
    let disk = MemoryDisk::default();
    let with = |text: &str| {
        let mut options = options();
        options.master = Arc::new(MasterKey::parse(text).unwrap());
        open_with(&disk, &options).map(|rig| rig.opened.epoch)
    };
    assert_eq!((with(digits).unwrap(), with(same).unwrap()), (1, 2));
    let source = KeySource::Variable("BANKLINK_NO_SUCH_VARIABLE".into());
    assert!(matches!(MasterKey::load(&source), Err(JournalError::Key { .. })));
}

#[cfg(unix)]
#[test]
fn a_master_key_that_others_can_read_is_refused() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("master");
    fs::write(&file, "11".repeat(32)).unwrap();
    let load = |mode| {
        fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
        MasterKey::load(&KeySource::File(file.clone())).map(|_| ()).map_err(|error| error.to_string())
    };
    assert_eq!((load(0o600), load(0o640)), (Ok(()), Ok(())));
    assert!(load(0o644).is_err_and(|error| error.contains("others may read")));
    fs::write(&file, "11".repeat(31)).unwrap();
    assert!(load(0o600).is_err_and(|error| error.contains("64 hexadecimal digits")));
}

#[test]
fn a_new_master_key() {
    let folder = tempfile::tempdir().unwrap();
    let (old, new) = (|| MasterKey::new(&[1; 32]), || MasterKey::new(&[2; 32]));
    let options = |master| Options { segment: 2 << 20, ..Options::new(folder.path(), master, NOW) };
    let (mut writer, opened) = open_folder(&options(old()), |_| {}).unwrap();
    assert!(matches!(rekey(folder.path(), &old(), &new()), Err(JournalError::Locked { .. })));
    writer.append(&mut vec![sent()]);
    writer.close().unwrap();
    assert_eq!(rekey(folder.path(), &old(), &new()).unwrap(), 2);
    assert_eq!(rekey(folder.path(), &old(), &new()).unwrap(), 0, "again is no harm");
    assert!(rekey(folder.path(), &old(), &old()).is_err());
    assert!(open_folder(&options(old()), |_| {}).is_err());
    let mut pans = Vec::new();
    let (writer, again) = open_folder(&options(new()), |item| {
        if let crate::journal::Restored::Record(_, Record::Sent { body, .. }) = item {
            pans.push(body.get(2).map(<[u8]>::to_vec));
        }
    })
    .unwrap();
    assert_eq!((pans, &*again.digest_key), (vec![Some(PAN.into())], &*opened.digest_key));
    drop(writer);
}
