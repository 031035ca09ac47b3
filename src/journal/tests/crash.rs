//! The machine ends between any two operations on the disk: while a journal is made, while commits are written, segments
//! begun, snapshots made and old segments removed. Whatever was called durable is there again, nothing else is, and it
//! goes on.

use super::{
    memory::{MemoryDisk, Survives},
    rig::{Rig, fold_of, open_with, options},
    samples::{DAY, Dice, NOW, of},
};
use crate::{
    clock::Wall,
    journal::{Durability, Options},
    record::{PaymentId, Record},
};

/// Days that are lived through: enough for segments to be begun, carried over and removed.
const DAYS: i64 = 6;

fn keeping_two_days() -> Options {
    let mut options = options();
    options.keep = std::time::Duration::from_hours(48);
    options
}

/// A few payments a day, some of which stay open.
fn day(day: i64) -> Vec<Record> {
    let mut dice = Dice::new(vec![day as u64 + 1, 99]);
    let at = |minute: i64| Wall(NOW.0 + day * DAY + minute * 60_000_000);
    let payment = |number| PaymentId(day as u64 * 10 + number);
    [(0, 1), (1, 1), (3, 1), (4, 1), (0, 2), (1, 2), (2, 2), (1, 2), (7, 3), (8, 3), (9, 3), (14, 4), (15, 4)]
        .iter()
        .zip(0..)
        .map(|(&(kind, number), minute)| of(kind, payment(number), at(minute), &mut dice))
        .collect()
}

/// Lives through the days, as far as the disk lets it. All that was handed over, and how much of it was called durable.
fn live(disk: &MemoryDisk, options: &Options) -> (Vec<Record>, u64) {
    let (mut appended, mut durable) = (Vec::new(), 0);
    let Ok(mut rig) = open_with(disk, options) else { return (appended, durable) };
    for number in 0..DAYS {
        for part in day(number).chunks(5) {
            appended.extend_from_slice(part);
            rig.commit(part);
            durable = rig.writer.durable().0;
            if rig.writer.failed().is_some() {
                return (appended, durable);
            }
        }
        rig.writer.settle();
    }
    (appended, durable)
}

/// What is handed out is what is open after exactly the records up to the position that was read.
fn consistent(rig: &Rig, appended: &[Record], durable: u64, told: &str) {
    let position = rig.opened.position.0;
    assert!(durable <= position, "{told}: {durable} were durable, {position} are there");
    assert!(position <= appended.len() as u64, "{told}: more than was ever appended");
    assert_eq!(rig.folded(), fold_of(&appended[..position as usize]), "{told}");
}

#[test]
fn whenever_it_ends() {
    let (whole, options) = (MemoryDisk::default(), keeping_two_days());
    let (appended, durable) = live(&whole, &options);
    assert_eq!((durable, appended.len()), (appended.len() as u64, 13 * DAYS as usize));
    assert!(!whole.has("0000000001.segment"), "old segments are removed: {:?}", whole.all());
    let operations = whole.operations();
    assert!(operations > 100, "{operations}");
    for ends in 1..=operations {
        let disk = MemoryDisk::default();
        disk.refuse_from(ends);
        let (appended, durable) = live(&disk, &options);
        let torn = |torn| Survives::Synced { torn };
        for survives in [torn(0), torn(60), torn(700), torn(usize::MAX), Survives::Written] {
            let told = format!("ended at operation {ends} of {operations}, {survives:?}");
            let after = disk.restart(survives);
            let opened = open_with(&after, &options);
            let mut rig = opened.unwrap_or_else(|error| panic!("{told}: {error}"));
            consistent(&rig, &appended, durable, &told);
            let mut all = appended[..rig.opened.position.0 as usize].to_vec();
            all.extend(day(DAYS));
            let position = rig.commit(&day(DAYS));
            assert_eq!(rig.writer.failed(), None, "{told}");
            drop(rig);
            let again = open_with(&after, &options).unwrap_or_else(|error| panic!("{told}, the second time: {error}"));
            consistent(&again, &all, position.0, &told);
        }
    }
}

#[test]
fn the_end_of_the_process_loses_nothing_that_the_system_has() {
    let disk = MemoryDisk::default();
    let mut options = options();
    options.durability = Durability::Os;
    let (appended, durable) = live(&disk, &options);
    let rig = open_with(&disk.restart(Survives::Written), &options).unwrap();
    assert_eq!(durable, appended.len() as u64);
    consistent(&rig, &appended, durable, "as written");
}
