//! Looking up what was recorded: whatever was written when, and whatever happened to the indexes, what is found is what a
//! reading of everything would find.

use super::{
    memory::MemoryDisk,
    rig::{Rig, open, open_with, options},
    samples::{DAY, Dice, NOW, essence, of},
};
use crate::{
    clock::Wall,
    journal::{Asked, Recalled, verify_on},
    record::{Name, PaymentId, Record, References},
};
use proptest::prelude::*;
use smallvec::smallvec;
use std::{cell::RefCell, sync::Arc};

fn digest(number: u64) -> u64 {
    if number == 0 { 0 } else { number.wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(17) }
}

/// A payment that goes by these names (0: none).
fn received(payment: u64, at: Wall, names: [u64; 4]) -> Record {
    let Record::Received { acquirer, mti, processing, amount, stan, rrn, card, .. } =
        of(0, PaymentId(payment), at, &mut Dice::new(vec![payment + 1]))
    else {
        panic!("the first kind is a payment received")
    };
    let [duplicate, trace, rrn_name, card_name] = names.map(digest);
    let references =
        References { duplicate, trace, rrn: rrn_name, card: card_name, terminal: 7, clock: payment as u32 };
    Record::Received { payment: PaymentId(payment), at, acquirer, mti, processing, amount, stan, rrn, card, references }
}

/// A hold of a payment, changed by one that came before it is told.
fn held(payment: u64, other: Option<PaymentId>, at: Wall) -> Record {
    let payment = PaymentId(payment);
    let Record::Hold { part, hold, .. } = of(14, payment, at, &mut Dice::new(vec![2])) else {
        panic!("kind 14 is a hold")
    };
    Record::Hold { payment, at, by: other.unwrap_or(payment), part, hold }
}

fn look_up(rig: &Rig, name: Name, around: Option<Wall>) -> Vec<String> {
    assert!(rig.writer.recall(Asked { ticket: 1, names: smallvec![name], around }), "there is room");
    let told = RefCell::new(None);
    rig.wait(|writer| {
        *told.borrow_mut() = writer.recalled();
        told.borrow().is_some()
    });
    let Recalled { ticket, records } = told.into_inner().expect("just seen");
    assert_eq!(ticket, 1);
    records.unwrap_or_else(|error| panic!("{error}")).iter().map(|record| essence(record).0).collect()
}

/// Is it told of a payment that is looked up?
fn tells(record: &Record) -> bool {
    match record {
        Record::Tried { tries, .. } => *tries <= 1,
        Record::Received { .. }
        | Record::Sent { .. }
        | Record::NotSent { .. }
        | Record::Outcome { .. }
        | Record::ApprovedLate { .. }
        | Record::Hold { .. }
        | Record::Queued { .. } => true,
        _ => false,
    }
}

/// What a reading of everything finds.
fn by_reading(all: &[Record], name: Name) -> Vec<String> {
    let payments: Vec<_> = match name {
        Name::Payment(payment) => vec![payment],
        _ => all.iter().rev().filter(|record| record.goes_by(name)).filter_map(Record::payment).take(16).collect(),
    };
    let about = |record: &&Record| tells(record) && payments.iter().any(|&payment| record.speaks_of(payment));
    all.iter().filter(about).map(|record| essence(record).0).collect()
}

fn names(number: u64) -> [Name; 5] {
    let digest = digest(number);
    [
        Name::Duplicate(digest),
        Name::Trace(digest),
        Name::Rrn(digest),
        Name::Card(digest),
        Name::Payment(PaymentId(number)),
    ]
}

fn compare(rig: &Rig, all: &[Record], numbers: std::ops::Range<u64>, told: &str) {
    for name in numbers.flat_map(names) {
        assert_eq!(look_up(rig, name, None), by_reading(all, name), "{told}: {name:?}");
    }
}

/// Some days of payments, one segment a day and the last one open.
fn days(disk: &MemoryDisk, count: i64) -> (Rig, Vec<Record>) {
    let mut rig = open(disk);
    let (mut all, mut dice) = (Vec::new(), Dice::new(vec![5]));
    for day in 0..count {
        let at = Wall(NOW.0 + day * DAY);
        let payment = day as u64 * 2 + 1;
        let records = [
            received(payment, at, [payment, payment + 1, 3, 1]),
            of(1, PaymentId(payment), at, &mut dice),
            of(3, PaymentId(payment), at, &mut dice),
            of(8, PaymentId(payment + 1), at, &mut dice),
            of(1, PaymentId(1), at, &mut dice),
        ];
        rig.commit(&records);
        all.extend(records);
        rig.writer.settle();
        assert_eq!(rig.writer.trouble(), None);
    }
    (rig, all)
}

#[test]
fn in_the_open_segment_in_sealed_ones_and_after_opening() {
    let disk = MemoryDisk::default();
    let (rig, all) = days(&disk, 5);
    assert_eq!(disk.all().iter().filter(|name| name.ends_with(".index")).count(), 4, "{:?}", disk.all());
    compare(&rig, &all, 1..12, "while it is written");
    drop(rig);
    compare(&open(&disk), &all, 1..12, "opened again");
}

#[test]
fn a_damaged_index_is_made_again() {
    let disk = MemoryDisk::default();
    let (rig, all) = days(&disk, 3);
    drop(rig);
    let length = disk.bytes("0000000001.index").len();
    let few = [Name::Duplicate(digest(1)), Name::Payment(PaymentId(1)), Name::Rrn(digest(3))];
    for at in (0..60).step_by(3).chain((60..length).step_by(97)) {
        let damaged = disk.copy();
        damaged.change("0000000001.index", |bytes| bytes[at] ^= 0x41);
        let rig = open(&damaged);
        for name in few {
            assert_eq!(look_up(&rig, name, None), by_reading(&all, name), "flipped at {at}: {name:?}");
        }
    }
    let damaged = disk.copy();
    damaged.change("0000000001.index", |bytes| bytes.truncate(5000));
    damaged.change("0000000002.index", Vec::clear);
    let report = verify_on(&(Arc::new(damaged.clone()) as _)).unwrap();
    assert_eq!((report.damages.len(), report.indexes.len()), (0, 2), "nothing is lost");
    compare(&open(&damaged), &all, 1..8, "cut short");
    let report = verify_on(&(Arc::new(damaged) as _)).unwrap();
    assert!(report.indexes.is_empty(), "made again: {:?}", report.indexes);
}

/// Its run is gone, and its segment ends before the next one begins: nobody may be told that there was nothing.
#[test]
fn what_cannot_be_read_to_its_end_is_no_answer() {
    let disk = MemoryDisk::default();
    let (rig, _) = days(&disk, 4);
    drop(rig);
    let rig = open(&disk);
    disk.change("0000000001.index", Vec::clear);
    disk.change("0000000001.segment", |bytes| bytes.truncate(4096));
    assert!(rig.writer.recall(Asked { ticket: 1, names: smallvec![Name::Duplicate(digest(1))], around: None }));
    let told = RefCell::new(None);
    rig.wait(|writer| {
        *told.borrow_mut() = writer.recalled();
        told.borrow().is_some()
    });
    let error = told.into_inner().expect("just seen").records.expect_err("part of it is missing");
    assert!(error.to_string().contains("0000000001.segment"), "{error}");
}

#[test]
fn what_was_long_before_or_after_is_passed_over() {
    let disk = MemoryDisk::default();
    let (rig, all) = days(&disk, 6);
    let name = Name::Rrn(digest(3));
    let around = |day: i64| look_up(&rig, name, Some(Wall(NOW.0 + day * DAY)));
    assert_eq!(look_up(&rig, name, None), by_reading(&all, name));
    // The day itself and its neighbours, and the newest; of the payments found, all that was ever recorded.
    let of_days = |days: &[i64]| {
        let payments: Vec<_> = days.iter().map(|&day| PaymentId(day as u64 * 2 + 1)).collect();
        let mut expected: Vec<String> =
            payments.iter().flat_map(|&payment| by_reading(&all, Name::Payment(payment))).collect();
        expected.sort();
        expected
    };
    for (day, days) in [(4, &[3, 4, 5][..]), (1, &[0, 1, 2, 4, 5]), (40, &[4, 5])] {
        let mut found = around(day);
        found.sort();
        assert_eq!(found, of_days(days), "around day {day}");
    }
}

#[test]
fn what_is_removed_is_not_found_any_more() {
    let disk = MemoryDisk::default();
    let mut options = options();
    options.keep = std::time::Duration::from_hours(48);
    let mut rig = open_with(&disk, &options).unwrap();
    let mut all = Vec::new();
    for day in 0..10 {
        let record = received(day as u64 + 1, Wall(NOW.0 + day * DAY), [day as u64 + 1, 0, 0, 0]);
        rig.commit(std::slice::from_ref(&record));
        all.push(record);
        rig.writer.settle();
    }
    let indexes = disk.all().iter().filter(|name| name.ends_with(".index")).count();
    let segments = disk.all().iter().filter(|name| name.ends_with(".segment")).count();
    assert_eq!(indexes + 1, segments, "{:?}", disk.all());
    assert!(look_up(&rig, Name::Duplicate(digest(1)), None).is_empty());
    assert_eq!(look_up(&rig, Name::Duplicate(digest(10)), None), by_reading(&all, Name::Duplicate(digest(10))));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]
    #[test]
    fn what_is_found_is_what_a_reading_of_everything_finds(
        steps in proptest::collection::vec((0..17u64, 1..9u64, [0..5u64, 0..5, 0..5, 0..3], 0..300i64), 1..80),
        restarts in 0..3usize,
    ) {
        let disk = MemoryDisk::default();
        let (mut all, mut dice, mut minutes) = (Vec::new(), Dice::new(vec![8]), 0);
        for part in steps.chunks(steps.len() / (restarts + 1) + 1) {
            let mut rig = open(&disk);
            for &(kind, payment, names, later) in part {
                minutes += later;
                let at = Wall(NOW.0 + minutes * 60_000_000);
                // Numbers are never used twice.
                let fresh = all.len() as u64 + 100;
                let record = match kind {
                    0..=2 => received(if kind == 0 { payment } else { fresh }, at, names),
                    16 => held(payment, all.iter().find_map(Record::payment), at),
                    _ => of(kind - 2, PaymentId(payment), at, &mut dice),
                };
                let again = |record: &Record| matches!(record, Record::Received { payment: PaymentId(one), .. } if *one == payment);
                // A payment begins once, and nothing is told of it before.
                let begun = all.iter().any(again);
                if (kind == 0 && begun) || (kind > 2 && !begun) {
                    continue;
                }
                rig.commit(std::slice::from_ref(&record));
                all.push(record);
            }
            for name in (1..9).flat_map(names) {
                prop_assert_eq!(look_up(&rig, name, None), by_reading(&all, name), "{:?}", name);
            }
            rig.writer.settle();
        }
    }
}
