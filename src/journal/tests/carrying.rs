//! Snapshots: what is carried over is what is open, whatever happened before; and what is old goes.

use super::{
    memory::MemoryDisk,
    rig::{fold_of, open_with, options},
    samples::{DAY, Dice, NOW, PAN, body, of},
};
use crate::{
    clock::Wall,
    journal::{Restored, scan_on, verify_on},
    record::{Cause, Decision, Doubt, Follows, Hold, Part, PaymentId, Record, Stored},
    switch::{AcquirerId, BankId, ConnectionId},
};
use banklink_protocol::element::{ResponseCode, Stan, Transmission};
use proptest::prelude::*;
use std::{sync::Arc, time::Duration};

const CODE: ResponseCode = ResponseCode::parse(b"00").unwrap();
const CONNECTION: ConnectionId = ConnectionId { bank: BankId(3), slot: 0 };

fn queued(item: u64, of: Option<u64>, kind: Stored, at: Wall) -> Record {
    Record::Queued {
        item: PaymentId(item),
        at,
        of: of.map(PaymentId),
        connection: CONNECTION,
        kind,
        mti: "0420".parse().unwrap(),
        original: None,
        body: body(&[(2, PAN.into())]),
    }
}

fn tried(item: u64, stan: u32, tries: u32) -> Record {
    let (item, transmission) = (PaymentId(item), Transmission(*b"1123031846"));
    Record::Tried { item, at: NOW, connection: CONNECTION, stan: Stan(stan), transmission, tries }
}

/// Positions of what is open after these.
fn open_after(records: &[Record]) -> Vec<u64> {
    fold_of(records).1.into_iter().map(|(position, _)| position).collect()
}

#[test]
fn what_opens_and_what_closes() {
    let mut dice = Dice::new(vec![9]);
    let mut online = |kind, payment| of(kind, PaymentId(payment), NOW, &mut dice);
    let [received, sent, not_sent, outcome] = [0, 1, 2, 3].map(|kind| online(kind, 1));
    let (undelivered, delivered, tombstone) = (online(5, 1), online(6, 1), online(15, 1));
    let all = [received, sent.clone(), not_sent.clone(), sent.clone(), outcome.clone()];
    assert_eq!(open_after(&all[..2]), [1, 2]);
    assert_eq!(open_after(&all[..3]), [1], "it did not leave, but it is still to be answered");
    assert_eq!(open_after(&all[..4]), [1, 4], "fail-over");
    assert_eq!(open_after(&all), [] as [u64; 0]);
    let reversal = queued(7, Some(1), Stored::Reversal(Cause::Undelivered), NOW);
    let other = queued(7, Some(1), Stored::Acquirers { left: None }, NOW);
    assert_eq!(open_after(&[undelivered.clone(), delivered]), [] as [u64; 0]);
    assert_eq!(open_after(&[undelivered.clone(), reversal.clone()]), [2]);
    assert_eq!(open_after(&[undelivered, other]), [2], "whatever is stored of it");
    assert_eq!(open_after(&[outcome, tombstone]), [2]);
    let failed = |strikes| Record::Failed { item: PaymentId(7), at: NOW, code: None, strikes };
    let decided =
        |decision| Record::Decided { item: PaymentId(7), at: NOW, decision, by: "anna: asked the bank".into() };
    let tries = [reversal, tried(7, 5, 1), failed(1), tried(7, 5, 2), failed(2), decided(Decision::Retry)];
    assert_eq!(open_after(&tries), [1, 4, 5, 6], "the last of each kind");
    let done = Record::Done { item: PaymentId(7), at: NOW, code: CODE };
    for end in [done, decided(Decision::Resolve)] {
        assert_eq!(open_after(&[&tries[..], &[end]].concat()), [] as [u64; 0]);
    }
    let refused = Record::Done { item: PaymentId(7), at: NOW, code: ResponseCode::parse(b"25").unwrap() };
    let refused = [&tries[..], &[refused]].concat();
    assert_eq!(open_after(&refused), [1, 4, 5, 6, 7], "the bank may yet approve what it says it does not know");
    let anew = queued(8, Some(1), Stored::Reversal(Cause::LateApproval), NOW);
    assert_eq!(open_after(&[&refused[..], &[anew]].concat()), [8], "then it is this one that takes it back");
    assert_eq!(open_after(&[tried(8, 1, 1)]), [] as [u64; 0], "of an item that is closed");
    let late = Record::ApprovedLate { payment: PaymentId(1), at: NOW, bank: BankId(3), stan: Stan(5) };
    assert_eq!(open_after(&[tries[0].clone(), late.clone()]), [1, 2], "it matters if the reversal is refused");
    assert_eq!(open_after(&[late]), [] as [u64; 0]);
}

#[test]
fn a_hold_is_carried_while_something_of_it_is_under_way() {
    let hold = |by: u64, under_way: bool, all_under_way: u32| {
        let Record::Hold { payment, at, hold, .. } = of(14, PaymentId(1), NOW, &mut Dice::new(vec![1])) else {
            panic!("kind 14 is a hold")
        };
        let part = Some(Part { kind: Follows::Completion, amount: 5, under_way });
        let hold = Hold { under_way: all_under_way, ..hold };
        Record::Hold { payment, at, by: PaymentId(by), part, hold }
    };
    let all = [hold(1, false, 0), hold(2, true, 1), hold(3, true, 2), hold(4, false, 2), hold(2, false, 1)];
    assert_eq!(open_after(&all[..1]), [] as [u64; 0], "it is read back when something comes for it");
    assert_eq!(open_after(&all[..3]), [2, 3]);
    assert_eq!(open_after(&all[..4]), [2, 3, 4], "what is under way, and where the hold stands");
    assert_eq!(open_after(&all), [3, 5]);
    let again = [&all[..], &[hold(5, true, 2)]].concat();
    assert_eq!(open_after(&again), [3, 6], "the last of them says where it stands");
    assert_eq!(open_after(&[&again[..], &[hold(3, false, 1), hold(5, false, 0)]].concat()), [] as [u64; 0]);
}

#[test]
fn numbers_outlive_what_they_were_given_to() {
    let disk = MemoryDisk::default();
    let mut rig = open_with(&disk, &options()).unwrap();
    let done = Record::Done { item: PaymentId(41), at: NOW, code: CODE };
    let reversal = queued(41, None, Stored::Reversal(Cause::Doubt(Doubt::TimedOut)), NOW);
    rig.commit(&[reversal, tried(41, 900, 1), tried(41, 900, 2), done]);
    drop(rig);
    // Opened once more, the first segment is sealed, and gets its snapshot.
    let rig = open_with(&disk, &options()).unwrap();
    rig.writer.settle();
    drop(rig);
    let rig = open_with(&disk, &options()).unwrap();
    assert_eq!(rig.opened.segments, 1, "only the empty one: {:?}", disk.all());
    let [Restored::Numbers { bank: BankId(3), stan: Stan(900), .. }, Restored::NextPayment(PaymentId(42))] =
        rig.restored[..]
    else {
        panic!("{:?}", rig.restored);
    };
}

#[test]
fn tombstones_stay_for_their_time() {
    let disk = MemoryDisk::default();
    let mut options = options();
    options.tombstones = Duration::from_hours(24);
    let mut rig = open_with(&disk, &options).unwrap();
    let tombstone = |hours: i64| Record::Tombstone {
        at: Wall(NOW.0 + hours * 3_600_000_000),
        acquirer: AcquirerId(1),
        references: Default::default(),
    };
    rig.commit(&[tombstone(0), tombstone(10), tombstone(30)]);
    rig.writer.settle();
    rig.commit(&[tombstone(50)]);
    rig.writer.settle();
    drop(rig);
    let rig = open_with(&disk, &options).unwrap();
    assert_eq!(rig.records().iter().map(|(position, _)| position.0).collect::<Vec<_>>(), [2, 3, 4]);
}

#[test]
fn a_refused_reversal_stays_for_its_time() {
    let disk = MemoryDisk::default();
    let mut options = options();
    options.tombstones = Duration::from_hours(24);
    let mut rig = open_with(&disk, &options).unwrap();
    let refused = |item: u64, hours: i64| {
        let at = Wall(NOW.0 + hours * 3_600_000_000);
        let done = Record::Done { item: PaymentId(item), at, code: ResponseCode::parse(b"25").unwrap() };
        [queued(item, Some(item - 1), Stored::Reversal(Cause::Doubt(Doubt::TimedOut)), at), done]
    };
    rig.commit(&[refused(2, 0), refused(4, 10)].concat());
    rig.writer.settle();
    // Of another day: in a segment of its own, and the one before gets its snapshot.
    rig.commit(&refused(6, 30));
    rig.writer.settle();
    drop(rig);
    let rig = open_with(&disk, &options).unwrap();
    rig.writer.settle();
    drop(rig);
    let rig = open_with(&disk, &options).unwrap();
    assert_eq!(rig.opened.segments, 1, "only the empty one: {:?}", disk.all());
    assert_eq!(rig.records().iter().map(|(position, _)| position.0).collect::<Vec<_>>(), [3, 4, 5, 6]);
}

#[test]
fn old_days_go_and_what_is_open_stays() {
    let disk = MemoryDisk::default();
    let mut options = options();
    options.keep = Duration::from_hours(72);
    let mut rig = open_with(&disk, &options).unwrap();
    let mut all = vec![queued(1, None, Stored::Question, NOW)];
    rig.commit(&all);
    let mut dice = Dice::new(vec![4]);
    for day in 1..12 {
        let at = Wall(NOW.0 + day * DAY);
        let records = [of(0, PaymentId(1), at, &mut dice), of(3, PaymentId(1), at, &mut dice)];
        rig.commit(&records);
        all.extend(records);
        rig.writer.settle();
        assert_eq!(rig.writer.trouble(), None);
    }
    let names = disk.all();
    let keys = names.iter().filter(|name| name.starts_with("keys/2026")).count();
    let segments: Vec<_> = names.iter().filter(|name| name.ends_with(".segment")).collect();
    assert!(
        !names.contains(&"keys/2026-11-23-0000000001.key".to_owned()),
        "the first day's key is destroyed: {names:?}"
    );
    assert!((3..=6).contains(&segments.len()) && keys == segments.len(), "{names:?}");
    let entries: Vec<_> = scan_on(Arc::new(disk.clone()), Some(super::rig::master())).unwrap().collect();
    assert!(entries.iter().all(|entry| entry.as_ref().is_ok_and(|entry| !entry.closed)));
    assert!(verify_on(&(Arc::new(disk.clone()) as _)).unwrap().damages.is_empty());
    drop(rig);
    // The stored message of the first day is there, body and all, under a later key.
    let rig = open_with(&disk, &options).unwrap();
    assert_eq!((rig.opened.erased, rig.folded()), (0, fold_of(&all)));
}

#[test]
fn a_snapshot_that_is_damaged_does_not_count() {
    let disk = MemoryDisk::default();
    let mut rig = open_with(&disk, &options()).unwrap();
    let mut all = Vec::new();
    for day in 0..4 {
        let at = Wall(NOW.0 + day * DAY);
        let records = [queued(day as u64, None, Stored::Advice, at)];
        rig.commit(&records);
        all.extend(records);
        rig.writer.settle();
        assert_eq!(rig.writer.trouble(), None);
    }
    drop(rig);
    let snapshots: Vec<_> = disk.all().into_iter().filter(|name| name.ends_with(".open")).collect();
    assert_eq!(snapshots, ["0000000002.open", "0000000003.open"], "the newest, and one to fall back on");
    for at in (0..disk.bytes(&snapshots[1]).len()).step_by(7) {
        let damaged = disk.copy();
        damaged.change(&snapshots[1], |bytes| bytes[at] ^= 0x10);
        let rig = open_with(&damaged, &options()).unwrap();
        assert_eq!((rig.opened.segments, rig.folded()), (2, fold_of(&all)), "flipped at {at}");
    }
    disk.change(&snapshots[1], |bytes| bytes.truncate(30));
    let report = verify_on(&(Arc::new(disk) as _)).unwrap();
    assert_eq!((report.snapshots, report.damages.len()), (vec![2], 1));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]
    #[test]
    fn what_is_carried_over_is_what_is_open(
        steps in proptest::collection::vec((0..16u64, 0..12u64, 0..200u64), 1..120),
        restarts in 0..3usize,
    ) {
        let disk = MemoryDisk::default();
        let mut all = Vec::new();
        let (mut dice, mut minutes) = (Dice::new(vec![8]), 0);
        for part in steps.chunks(steps.len() / (restarts + 1) + 1) {
            let mut rig = open_with(&disk, &options()).unwrap();
            prop_assert_eq!(rig.folded(), fold_of(&all));
            for &(kind, payment, later) in part {
                minutes += later as i64;
                let record = of(kind, PaymentId(payment), Wall(NOW.0 + minutes * 60_000_000), &mut dice);
                rig.commit(std::slice::from_ref(&record));
                all.push(record);
            }
            rig.writer.settle();
            drop(rig);
        }
        let rig = open_with(&disk, &options()).unwrap();
        prop_assert!(rig.opened.segments <= 2);
        prop_assert_eq!(rig.folded(), fold_of(&all));
    }
}
