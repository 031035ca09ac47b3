//! Clocks that step, years that end, numbers that come round.

use super::rig::{Rig, TIMEOUT, follower, known_by, patient, purchase};
use crate::clock::Wall;
use banklink_protocol::{Message, element::Stan};
use std::time::Duration;

const HOUR: i64 = 3_600_000_000;
/// 2026-12-31T23:59:55Z.
const NEW_YEARS_EVE: Wall = Wall(1_798_761_595_000_000);
/// 2028-02-28T23:59:55Z.
const BEFORE_LEAP_DAY: Wall = Wall(1_835_395_195_000_000);

fn trace(message: &Message) -> (String, String) {
    (message.text(11).unwrap(), message.text(7).unwrap())
}

/// A purchase made at this local time.
fn local(stan: &str, date: &str, time: &str) -> Message {
    let mut request = purchase(stan);
    for (field, value) in [(7, format!("{date}{time}")), (12, time.to_owned()), (13, date.to_owned())] {
        request.set(field, value.as_bytes()).unwrap();
    }
    request
}

#[test]
fn case_57_a_stepping_clock_moves_no_timer_and_gives_no_pair_twice() {
    for step in [-HOUR, HOUR] {
        let mut rig = Rig::up(patient());
        rig.request(purchase("000001"));
        let sent = rig.take_sent();
        rig.pass(Duration::from_secs(5));
        rig.now.wall.0 += step;
        rig.pass(Duration::from_millis(4_990));
        assert!(rig.answers.is_empty(), "not before its time");
        rig.pass(Duration::from_millis(15));
        assert_eq!(rig.take_code(), "68");
        let reversal = rig.take_sent();
        assert_eq!(reversal.message.text(90), Some(known_by(&sent)));
        rig.now.wall.0 -= 2 * step;
        rig.pass(Duration::from_secs(11));
        let again = rig.take_type("0421");
        assert_eq!(trace(&again.message), trace(&reversal.message), "a repeat is the same, whatever the clock says");
        rig.request(purchase("000002"));
        let next = rig.take_type("0200");
        assert!(trace(&next.message).1 >= trace(&sent.message).1, "DE7 does not fall behind one given out");
        rig.says(&again, "00");
        assert!(rig.switch.stored().is_empty());
    }
}

#[test]
fn case_57_a_step_across_a_crash_keeps_what_is_stored() {
    for step in [-HOUR, HOUR] {
        let mut rig = Rig::up(patient());
        let (sent, reversal) = rig.unanswered(purchase("000001"));
        rig.now.wall.0 += step;
        rig.crash();
        rig.connect();
        let again = rig.take_type("0421");
        assert_eq!(trace(&again.message), trace(&reversal.message));
        rig.request(purchase("000002"));
        let next = rig.take_type("0200");
        assert!(trace(&next.message).1 > trace(&sent.message).1, "later than all of the earlier life");
        rig.request(purchase("000001"));
        assert_eq!(rig.take_code(), "68");
    }
}

#[test]
fn case_57_a_year_ends_and_a_leap_day_begins_between_a_payment_and_its_reversal() {
    for (start, before, after) in [(NEW_YEARS_EVE, "1231", "0101"), (BEFORE_LEAP_DAY, "0228", "0229")] {
        for crash in [false, true] {
            let mut rig = Rig::at(patient(), start);
            rig.connect();
            rig.forget();
            rig.request(local("000001", before, "235955"));
            let sent = rig.take_sent();
            assert_eq!(trace(&sent.message).1, format!("{before}235955"));
            rig.pass(TIMEOUT);
            rig.answers.clear();
            let reversal = rig.take_sent();
            assert_eq!(trace(&reversal.message).1, format!("{after}000005"));
            assert_eq!(reversal.message.text(90), Some(known_by(&sent)));
            assert_eq!(reversal.message.text(13).as_deref(), Some(before), "the original's local date");
            if crash {
                rig.crash();
                rig.connect();
                let again = rig.take_type("0421");
                assert_eq!(trace(&again.message), trace(&reversal.message));
            }
            rig.request(local("000001", after, "235955"));
            assert_eq!(rig.take_type("0200").message.text(13).as_deref(), Some(after), "the same STAN of another day");
            rig.request(local("000001", before, "235955"));
            assert_eq!(rig.take_code(), "68", "a resend of the old year's");
        }
    }
}

#[test]
fn a_reversal_of_the_new_year_finds_its_original_of_the_old() {
    let mut rig = Rig::at(patient(), NEW_YEARS_EVE);
    rig.connect();
    rig.forget();
    let sent = rig.answered(local("000001", "1231", "235955"), "00");
    rig.pass(Duration::from_secs(30));
    let mut reversal = follower("0400", "000002");
    for (field, value) in [(7, "0101000030"), (12, "000030"), (13, "0101")] {
        reversal.set(field, value.as_bytes()).unwrap();
    }
    reversal.set(90, b"020000000112312359550000001234500000000000").unwrap();
    rig.request(reversal);
    assert_eq!(rig.take_code(), "00");
    assert_eq!(rig.take_sent().message.text(90), Some(known_by(&sent)));
}

#[test]
fn case_60_the_wrap_skips_what_is_in_flight_and_stored_also_after_a_crash() {
    let mut rig = Rig::up(patient());
    rig.numbers_stand_at(Stan(999_997));
    let (sent, reversal) = rig.unanswered(purchase("000001"));
    rig.request(purchase("000002"));
    let flying = rig.take_sent();
    let taken = [&sent, &reversal, &flying].map(|sent| trace(&sent.message).0);
    assert_eq!(taken, ["999998", "999999", "000001"]);
    rig.crash();
    rig.connect();
    rig.sent.clear();
    rig.numbers_stand_at(Stan(999_996));
    let mut given = Vec::new();
    for stan in 10..=12 {
        rig.request(purchase(&format!("{stan:06}")));
        given.push(trace(&rig.take_sent().message).0);
    }
    assert_eq!(given[0], "999997");
    assert!(given.iter().all(|stan| !taken.contains(stan)), "{given:?}");
    let (late, known) = (rig.switch.stored().len(), rig.switch.snapshot().banks[0].stored);
    assert_eq!((late, known), (2, 2), "the reversal of the first, and of what was cut off");
}
