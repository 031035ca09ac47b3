//! Files that are not as they were written.

use super::{
    memory::MemoryDisk,
    rig::{Rig, master, open, open_with, options, refused},
    samples::{essence, many},
};
use crate::{
    journal::{Position, disk::Disk, repair_on, scan_on, verify_on},
    record::Record,
};
use proptest::prelude::*;
use std::sync::Arc;

const FIRST: &str = "0000000001.segment";
const PAGE: usize = 4096;

/// A journal of one segment with these commits; where each begins in the file.
fn journal(commits: &[&[Record]]) -> (MemoryDisk, Vec<usize>) {
    let disk = MemoryDisk::default();
    let mut rig = open(&disk);
    let mut begins = vec![PAGE];
    for commit in commits {
        rig.commit(commit);
        let last = *begins.last().unwrap();
        begins.push(used(&disk, last).next_multiple_of(PAGE));
    }
    drop(rig);
    (disk.copy(), begins)
}

/// Where the records end of the commit that begins here.
fn used(disk: &MemoryDisk, begins: usize) -> usize {
    let length = disk.bytes(FIRST)[begins + 4..begins + 8].try_into().unwrap();
    begins + 48 + u32::from_le_bytes(length) as usize
}

fn same(rig: &Rig, expected: &[Record]) {
    let restored: Vec<_> = rig.records().iter().map(|(_, record)| essence(record)).collect();
    assert_eq!(restored, expected.iter().map(essence).collect::<Vec<_>>());
}

#[test]
fn a_torn_tail_is_cut_wherever_it_tore() {
    let all = many(14, 0);
    let (disk, begins) = journal(&[&all[..5], &all[5..10], &all[10..]]);
    let (from, to) = (begins[2], begins[3]);
    let used = used(&disk, from);
    let zeros: fn(&mut Vec<u8>, usize) = |bytes, at| bytes[at..].fill(0);
    let garble: fn(&mut Vec<u8>, usize) = |bytes, at| bytes[at..].iter_mut().for_each(|byte| *byte ^= 0x5A);
    let cut: fn(&mut Vec<u8>, usize) = |bytes, at| bytes.truncate(at);
    for tear in [zeros, garble, cut] {
        // In the filling there is nothing to lose.
        for at in (from..used + 8).chain([to - 1, to]) {
            let torn = disk.copy();
            torn.change(FIRST, |bytes| tear(bytes, at));
            // Without its filling, and with zeros torn off zeros, the commit is whole.
            let mut left = torn.bytes(FIRST);
            left.resize(left.len().max(used), 0);
            let whole = left[..used] == disk.bytes(FIRST)[..used];
            let expected = if whole { &all[..] } else { &all[..10] };
            let rig = open(&torn);
            assert_eq!(rig.opened.position.0, expected.len() as u64, "torn at {at}");
            same(&rig, expected);
            drop(rig);
            assert_eq!(open(&torn).opened.position.0, expected.len() as u64, "and once more, torn at {at}");
        }
    }
}

#[test]
fn a_flipped_bit_in_the_last_commit_tears_it() {
    let all = many(40, 0);
    let (disk, begins) = journal(&[&all[..5], &all[5..]]);
    for at in (begins[1]..begins[2] - 1000).step_by(37) {
        let torn = disk.copy();
        torn.change(FIRST, |bytes| bytes[at] ^= 4);
        let rig = open(&torn);
        let kept = rig.opened.position.0 as usize;
        assert!(kept == 5 || (kept == 40 && at > begins[2] - PAGE), "flipped at {at}: {kept}");
        same(&rig, &all[..kept]);
    }
}

#[test]
fn damage_in_the_middle_stops_the_opening() {
    let all = many(30, 0);
    let (disk, begins) = journal(&[&all[..10], &all[10..20], &all[20..]]);
    for at in (begins[1]..begins[1] + 48).chain((begins[1] + 48..used(&disk, begins[1])).step_by(31)) {
        let damaged = disk.copy();
        damaged.change(FIRST, |bytes| bytes[at] ^= 1);
        let error = refused(&damaged);
        assert!(error.starts_with(&format!("memory/{FIRST}: offset {}: ", begins[1])), "flipped at {at}: {error}");
    }
    for (offset, why) in [(0, "this is no segment of a journal"), (25, "the header's checksum is wrong")] {
        let damaged = disk.copy();
        damaged.change(FIRST, |bytes| bytes[offset] ^= 1);
        assert_eq!(refused(&damaged), format!("memory/{FIRST}: offset 0: {why}"));
    }
}

#[test]
fn damage_in_an_older_segment_stops_the_opening() {
    let all = many(30, 0);
    let (disk, begins) = journal(&[&all[..10], &all[10..20]]);
    // Opened once more, and closed before the snapshot of the first was there.
    let mut rig = open(&disk);
    rig.commit(&all[20..]);
    drop(rig);
    let disk = disk.copy();
    if disk.has("0000000001.open") {
        disk.remove("0000000001.open").unwrap();
    }
    assert_eq!(open(&disk.copy()).opened.position, Position(30));
    let damaged = disk.copy();
    damaged.change(FIRST, |bytes| bytes[begins[1] + 60] ^= 1);
    assert_eq!(refused(&damaged), format!("memory/{FIRST}: offset {}: the commit's checksum is wrong", begins[1]));
    let damaged = disk.copy();
    damaged.change(FIRST, |bytes| bytes.truncate(begins[1]));
    let error = refused(&damaged);
    assert!(error.starts_with(&format!("memory/{FIRST}: offset {}: ", begins[1])), "{error}");
    let missing = disk.copy();
    missing.remove(FIRST).unwrap();
    assert!(refused(&missing).starts_with(&format!("memory/{FIRST}: this segment is missing")));
}

#[test]
fn old_commits_behind_the_end_mean_nothing() {
    let (old, _) = journal(&[&many(500, 0), &many(500, 500), &many(500, 1000)]);
    for length in [3, 300] {
        let disk = MemoryDisk::default();
        let rig = open(&disk);
        rig.writer.settle();
        drop(rig);
        // A spare that was a segment before, of the same journal and even of the same number.
        let bytes = old.bytes(FIRST);
        disk.change("spare", |spare| *spare = bytes);
        let mut rig = open(&disk);
        let all = many(length, 7);
        rig.commit(&all);
        drop(rig);
        let rig = open(&disk);
        assert_eq!((rig.opened.position.0, &rig.opened.torn), (length, &None));
        same(&rig, &all);
    }
}

#[test]
fn a_repair_cuts_a_torn_tail_and_no_more() {
    let all = many(20, 0);
    let (disk, begins) = journal(&[&all[..10], &all[10..]]);
    disk.change(FIRST, |bytes| bytes[begins[1] + 100] ^= 1);
    let shared: Arc<dyn Disk> = Arc::new(disk.clone());
    let report = verify_on(&shared).unwrap();
    assert_eq!((report.records(), report.damages.len()), (10, 0));
    assert_eq!(report.torn.as_ref().map(|torn| torn.offset), Some(begins[1] as u64));
    let repaired = repair_on(&shared, false).unwrap();
    assert_eq!((repaired.torn, repaired.lost), (report.torn, 0));
    assert_eq!(verify_on(&shared).unwrap().torn, None);
    same(&open(&disk), &all[..10]);
}

#[test]
fn a_forced_repair_keeps_all_that_can_be_read() {
    let all = many(400, 0);
    let (disk, begins) = journal(&[&all[..10], &all[10..300], &all[300..]]);
    let before = disk.bytes(FIRST);
    disk.change(FIRST, |bytes| bytes[begins[1] + 5000] ^= 1);
    let shared: Arc<dyn Disk> = Arc::new(disk.clone());
    let damages = verify_on(&shared).unwrap().damages;
    assert_eq!(damages.iter().map(|damage| damage.offset).collect::<Vec<_>>(), [begins[1] as u64]);
    let error = repair_on(&shared, false).unwrap_err();
    assert_eq!(error.to_string(), format!("memory/{FIRST}: offset {}: the commit's checksum is wrong", begins[1]));
    let repaired = repair_on(&shared, true).unwrap();
    assert_eq!((repaired.lost, repaired.aside.len()), (290, 1));
    let aside = disk.bytes(&repaired.aside[0].1);
    assert_eq!(aside.len(), begins[2] - begins[1], "what was there is put aside");
    assert_eq!(aside[..5000], before[begins[1]..begins[1] + 5000]);
    let report = verify_on(&shared).unwrap();
    assert_eq!((report.damages.len(), report.segments[0].lost, report.records()), (0, 290, 110));
    let rig = open(&disk);
    assert_eq!((rig.opened.position, rig.opened.lost), (Position(400), 290));
    let expected: Vec<Record> = all[..10].iter().chain(&all[300..]).cloned().collect();
    same(&rig, &expected);
    assert_eq!(rig.records()[10].0, Position(301));
}

#[test]
fn a_scan_goes_on_where_it_was() {
    let disk = MemoryDisk::default();
    let all = many(3000, 0);
    let mut rig = open(&disk);
    rig.commit(&all[..1000]);
    let mut scan = scan_on(Arc::new(disk.clone()), Some(master())).unwrap();
    assert_eq!(scan.newest().unwrap(), Position(1000));
    assert_eq!(scan.by_ref().map(|entry| entry.unwrap().position.0).max(), Some(1000));
    rig.commit(&all[1000..]);
    drop(rig);
    let mut rig = open(&disk);
    rig.commit(&all[..1]);
    let later: Vec<_> = scan.by_ref().map(Result::unwrap).collect();
    assert_eq!(later.len(), 2001, "what was written since, into two segments");
    assert_eq!((later[2000].segment, later[2000].offset, later[2000].closed), (2, PAGE as u64 + 48, false));
    let from = scan_on(Arc::new(disk.clone()), None).unwrap().starting_at(Position(2990)).unwrap();
    let from: Vec<_> = from.map(Result::unwrap).collect();
    assert_eq!((from[0].position, from.len()), (Position(2990), 12));
    assert!(from.iter().any(|entry| entry.closed), "without the master key, bodies stay closed");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]
    #[test]
    fn whatever_lies_in_a_segment_is_read_without_harm(
        places in proptest::collection::vec((0..40_000usize, proptest::collection::vec(any::<u8>(), 1..60)), 0..6),
        length in 0..60_000usize,
        with_header in any::<bool>(),
    ) {
        let (disk, _) = journal(&[&many(20, 0), &many(100, 20), &many(20, 120)]);
        disk.change(FIRST, |bytes| {
            bytes.truncate(length);
            for (at, garbage) in &places {
                let at = if with_header { at + PAGE } else { *at };
                let end = (at + garbage.len()).min(bytes.len());
                if at < end {
                    bytes[at..end].copy_from_slice(&garbage[..end - at]);
                }
            }
        });
        let shared: Arc<dyn Disk> = Arc::new(disk.clone());
        verify_on(&shared).unwrap();
        scan_on(Arc::clone(&shared), None).unwrap().take(1000).for_each(drop);
        let opens = open_with(&disk.copy(), &options()).is_ok();
        if repair_on(&shared, true).is_ok() {
            prop_assert!(open_with(&disk, &options()).is_ok(), "a repaired journal opens (before: {opens})");
        } else {
            prop_assert!(!opens);
        }
    }
}
