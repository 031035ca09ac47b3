//! Appending: what becomes durable when, and what is said where it does not.

use super::{
    memory::{MemoryDisk, Survives},
    rig::{open, open_with, options, refused},
    samples::{DAY, Dice, NOW, essence, many, of},
};
use crate::{clock::Wall, journal::Position, record::PaymentId};
use std::{io, time::Duration};

#[test]
fn what_was_appended_is_read_back() {
    let disk = MemoryDisk::default();
    let all = many(5000, 0);
    let mut rig = open(&disk);
    assert_eq!((rig.opened.position, rig.opened.epoch, rig.restored.len()), (Position(0), 1, 0));
    let digest_key = rig.opened.digest_key.clone();
    assert_eq!(rig.append(&all[..1]), Position(1));
    assert_eq!(rig.append(&[]), Position(1));
    assert_eq!(rig.append(&all[1..4999]), Position(4999));
    assert_eq!(rig.writer.close(), Ok(Position(4999)));

    let mut rig = open(&disk);
    assert_eq!((rig.opened.position, rig.opened.epoch, &rig.opened.torn), (Position(4999), 2, &None));
    assert_eq!(*rig.opened.digest_key, *digest_key, "the digest key is made once");
    rig.commit(&all[4999..]);
    drop(rig);

    // The first segment may have a snapshot by now: with all of them gone, all segments are read.
    for name in disk.all().iter().filter(|name| name.ends_with(".open")) {
        crate::journal::disk::Disk::remove(&disk, name).unwrap();
    }
    let rig = open(&disk.restart(Survives::Written));
    let restored = rig.records();
    assert_eq!(restored.len(), all.len());
    for ((position, record), (index, appended)) in restored.iter().zip(all.iter().enumerate()) {
        assert_eq!((position.0, essence(record)), (index as u64 + 1, essence(appended)));
    }
}

#[test]
fn what_is_not_used_is_taken_again() {
    let disk = MemoryDisk::default();
    for _ in 0..3 {
        open(&disk).writer.close().unwrap();
    }
    let segments = disk.all().iter().filter(|name| name.ends_with(".segment")).count();
    assert_eq!(segments, 1, "an empty segment is not left behind at every start");
}

#[test]
fn what_nobody_waits_for_rides_along() {
    let disk = MemoryDisk::default();
    let mut options = options();
    options.lazy = Duration::from_hours(1);
    options.queue = 3;
    let mut rig = open_with(&disk, &options).unwrap();
    let mut dice = Dice::new(vec![1]);
    let mut answered = |payment| of(4, PaymentId(payment), NOW, &mut dice);
    rig.append(&[answered(1), answered(2)]);
    assert!(rig.writer.room());
    rig.append(&[answered(3)]);
    assert_eq!((rig.writer.durable(), rig.writer.awaited()), (Position(0), Position(0)));
    assert!(!rig.writer.room(), "three are on their way, and three there may be");
    let position = rig.append(&[many(1, 0).remove(0), answered(4)]);
    assert_eq!((position, rig.writer.awaited()), (Position(5), Position(4)));
    rig.wait(|writer| writer.durable() == position);
    assert!(rig.writer.room());
    rig.append(&[answered(5)]);
    assert_eq!(rig.writer.close(), Ok(Position(6)), "closing writes what is left");
}

#[test]
fn what_nobody_waits_for_is_written_after_a_while() {
    let mut rig = open(&MemoryDisk::default());
    let answered = of(4, PaymentId(1), NOW, &mut Dice::new(vec![1]));
    rig.commit(&[answered]);
    assert_eq!(rig.writer.durable(), Position(1));
}

#[test]
fn a_second_process_is_refused() {
    let disk = MemoryDisk::default();
    let rig = open(&disk);
    assert_eq!(refused(&disk), "memory/: another process has this journal open");
    drop(rig);
    open(&disk);
}

#[test]
fn a_write_that_fails_is_the_end_of_the_writer() {
    let disk = MemoryDisk::default();
    let mut rig = open(&disk);
    let all = many(60, 0);
    rig.commit(&all[..20]);
    rig.writer.settle();
    disk.refuse_next(io::ErrorKind::StorageFull);
    rig.commit(&all[20..40]);
    let failure = rig.writer.failed().expect("it failed");
    assert_eq!(failure.kind, io::ErrorKind::StorageFull);
    assert!(failure.to_string().starts_with("memory/0000000001.segment: committing to: "), "{failure}");
    rig.append(&all[20..40]);
    assert_eq!(rig.writer.durable(), Position(20), "nothing is durable any more, even if the disk works again");
    assert!(rig.writer.close().is_err());

    let mut rig = open(&disk);
    assert_eq!(rig.opened.position, Position(20));
    rig.commit(&all[20..]);
    drop(rig);
    assert_eq!(open(&disk).opened.position, Position(60));
}

#[test]
fn a_full_disk_shows_while_there_is_still_room() {
    let disk = MemoryDisk::default();
    let mut rig = open(&disk);
    rig.commit(&many(5, 0));
    rig.writer.settle();
    assert!(rig.writer.spare());
    disk.full(Some("spare"));
    // A new day takes the spare; the next cannot be made.
    let mut dice = Dice::new(vec![5]);
    let record = of(0, PaymentId(9), Wall(NOW.0 + DAY), &mut dice);
    rig.commit(std::slice::from_ref(&record));
    rig.wait(|writer| !writer.spare());
    rig.writer.settle();
    assert!(rig.writer.trouble().is_some_and(|trouble| trouble.kind == io::ErrorKind::StorageFull));
    let position = rig.commit(&many(500, 10));
    assert_eq!((rig.writer.durable(), rig.writer.failed()), (position, None), "what is begun still fits");
    disk.full(None);
    rig.wait(|writer| writer.spare());
    rig.writer.settle();
    assert_eq!(rig.writer.trouble(), None);
}

#[test]
fn segments_follow_one_another() {
    let disk = MemoryDisk::default();
    let all = many(60_000, 0);
    let mut rig = open(&disk);
    for part in all.chunks(1000) {
        rig.commit(part);
        assert_eq!(rig.writer.failed(), None);
    }
    rig.writer.settle();
    assert!(disk.has("0000000004.segment"), "{:?}", disk.all());
    drop(rig);
    let rig = open(&disk);
    assert_eq!(rig.opened.position.0, all.len() as u64);
    assert!(rig.opened.segments <= 2, "the rest is in a snapshot");
    assert_eq!(rig.folded(), super::rig::fold_of(&all));
}
