//! A flat message costs no heap allocation: not when decoded, not when some short fields are set, not when encoded into a
//! buffer that is warm.

use crate::samples::purchase;
use banklink_protocol::{Dialect, Mti, Translation};
use bytes::{Bytes, BytesMut};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use std::{alloc::System, sync::Mutex};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// The counter is the process's: other tests' threads would be counted as well, so the least of many tries is taken.
fn least_allocations(mut work: impl FnMut()) -> usize {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _alone = ONE_AT_A_TIME.lock().unwrap();
    let tries = (0..2000).map(|_| {
        let region = Region::new(ALLOCATOR);
        work();
        let change = region.change();
        change.allocations + change.reallocations
    });
    tries.min().unwrap()
}

#[test]
fn a_flat_message_is_decoded_changed_and_encoded_without_the_heap() {
    for name in Dialect::shipped() {
        let dialect = Dialect::named(name).unwrap();
        let mut flat = purchase(&dialect);
        flat.remove(55);
        let mut out = BytesMut::with_capacity(4096);
        flat.encode(&mut out).unwrap();
        let frame = Bytes::copy_from_slice(&out);
        let allocations = least_allocations(|| {
            let mut message = dialect.decode(frame.clone()).unwrap();
            message.set(7, b"1123072501").unwrap();
            message.set_number(11, 124).unwrap();
            message.set(37, b"632707000124").unwrap();
            message.set_mti(Mti::from_packed(0x0210).unwrap());
            message.set(38, b"A12345").unwrap();
            message.remove(52);
            assert_eq!((message.number(11), message.array::<6>(3)), (Some(124), Some(*b"000000")));
            out.clear();
            message.encode(&mut out).unwrap();
        });
        assert_eq!(allocations, 0, "{name}");
    }
}

#[test]
fn a_walk_over_chip_data_does_not_allocate() {
    let dialect = Dialect::named("iso87-ascii").unwrap();
    let mut out = BytesMut::new();
    purchase(&dialect).encode(&mut out).unwrap();
    let frame = out.freeze();
    let allocations = least_allocations(|| {
        let message = dialect.decode(frame.clone()).unwrap();
        assert_eq!(message.elements(55).unwrap().count(), 2);
    });
    assert_eq!(allocations, 0);
}

#[test]
fn a_translation_allocates_no_more_than_its_scratch() {
    let (from, to) = (Dialect::named("iso87-ascii").unwrap(), Dialect::named("iso87-bcd").unwrap());
    let translation = Translation::new(&from, &to);
    let mut out = BytesMut::new();
    purchase(&from).encode(&mut out).unwrap();
    let frame = out.freeze();
    let allocations = least_allocations(|| {
        let translated = translation.apply(from.decode(frame.clone()).unwrap(), 0).unwrap();
        assert!(translated.dropped.is_empty());
    });
    assert_eq!(allocations, 1);
}
