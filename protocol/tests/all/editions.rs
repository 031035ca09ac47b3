//! Messages carried from one edition of the standard into another.

use banklink_protocol::{Dialect, FieldSet, Message, Translation, error::Reason};
use bytes::BytesMut;
use proptest::prelude::*;
use std::sync::{Arc, LazyLock};

/// 2026-11-23T03:18:46Z.
const NOW: i64 = 1_795_403_926_000_000;

static OF_1987: LazyLock<Arc<Dialect>> = LazyLock::new(|| Dialect::named("iso87-bcd").unwrap());
static OF_1993: LazyLock<Arc<Dialect>> = LazyLock::new(|| Dialect::named("iso93-ascii").unwrap());
static OF_2003: LazyLock<Arc<Dialect>> =
    LazyLock::new(|| Dialect::parse("iso2003.toml", include_str!("iso2003.toml")).unwrap());

/// The dialect of an MTI.
fn dialect(mti: &str) -> &'static Arc<Dialect> {
    match mti.as_bytes()[0] {
        b'0' => &OF_1987,
        b'1' => &OF_1993,
        _ => &OF_2003,
    }
}

/// Fields as people write them, binary ones in hex.
type Fields<'a> = &'a [(u8, &'a str)];

fn message(mti: &str, fields: Fields<'_>) -> Message {
    let mut message = Message::new(dialect(mti), mti.parse().unwrap());
    for &(field, text) in fields {
        let value = if message.is_binary(field) { crate::samples::unhex(text) } else { text.as_bytes().to_vec() };
        message.set(field, &value).unwrap_or_else(|error| panic!("{mti}: {error}"));
    }
    message
}

fn into(message: Message, to: &Arc<Dialect>) -> (Message, FieldSet) {
    let from = Arc::clone(message.dialect());
    let translated = Translation::new(&from, to).apply(message, NOW).unwrap();
    let mut bytes = BytesMut::new();
    translated.message.encode(&mut bytes).unwrap();
    (to.decode(bytes.freeze()).unwrap(), translated.dropped)
}

/// Translates and compares every field; `dropped` are those of the source that have no place.
#[track_caller]
fn becomes(from: (&str, Fields<'_>), to: (&str, Fields<'_>), dropped: &[u8]) {
    let (translated, lost) = into(message(from.0, from.1), dialect(to.0));
    assert_eq!(translated.mti().to_string(), to.0);
    let said: Vec<_> = translated.fields().map(|field| (field, translated.text(field).unwrap())).collect();
    let wanted: Vec<_> = to.1.iter().map(|&(field, text)| (field, text.to_owned())).collect();
    assert_eq!(said, wanted);
    assert_eq!(lost, FieldSet::of(dropped));
}

const PURCHASE_1987: Fields<'_> = &[
    (2, "4761739001010119"),
    (3, "000000"),
    (4, "000000012345"),
    (7, "1123072500"),
    (11, "000123"),
    (12, "072500"),
    (13, "1123"),
    (14, "2912"),
    (18, "5999"),
    (22, "051"),
    (25, "00"),
    (32, "12345678901"),
    (35, "4761739001010119=29122011143804400"),
    (37, "632707000123"),
    (41, "TERM0001"),
    (42, "MERCHANT0000001"),
    (43, "BENCHMARK STORES         LONDON       GB"),
    (49, "826"),
    (52, "1234567890ABCDEF"),
];
const PURCHASE_1993: Fields<'_> = &[
    (2, "4761739001010119"),
    (3, "000000"),
    (4, "000000012345"),
    (7, "1123072500"),
    (11, "000123"),
    (12, "261123072500"),
    (14, "2912"),
    (22, "510101513001"),
    (24, "200"),
    (26, "5999"),
    (32, "12345678901"),
    (35, "4761739001010119=29122011143804400"),
    (37, "632707000123"),
    (41, "TERM0001"),
    (42, "MERCHANT0000001"),
    (43, "BENCHMARK STORES\\\\LONDON\\             GB "),
    (49, "826"),
    (52, "1234567890ABCDEF"),
];
const PURCHASE_2003: Fields<'_> = &[
    (2, "4761739001010119"),
    (3, "000000"),
    (4, "8262000000012345"),
    (7, "1123072500"),
    (11, "000000000123"),
    (12, "20261123072500"),
    (14, "2912"),
    (22, "20000000080000000200000001000000"),
    (24, "200"),
    (26, "5999"),
    (32, "12345678901"),
    (35, "4761739001010119=29122011143804400"),
    (37, "632707000123"),
    (41, "TERM0001        "),
    (42, "MERCHANT0000001"),
    (43, "BENCHMARK STORES\\\\LONDON\\             GB "),
    (52, "1234567890ABCDEF"),
];

#[test]
fn a_purchase_of_1987_in_the_later_editions() {
    becomes(("0200", PURCHASE_1987), ("1200", PURCHASE_1993), &[]);
    becomes(("0200", PURCHASE_1987), ("2200", PURCHASE_2003), &[]);
}

#[test]
fn a_purchase_of_the_later_editions_in_1987() {
    becomes(("1200", PURCHASE_1993), ("0200", PURCHASE_1987), &[]);
    becomes(("2200", PURCHASE_2003), ("0200", PURCHASE_1987), &[]);
}

#[test]
fn a_purchase_between_the_later_editions() {
    becomes(("1200", PURCHASE_1993), ("2200", PURCHASE_2003), &[]);
    // What the terminal could have read, 2003 does not say: taken for what it did read.
    becomes(("2200", PURCHASE_2003), ("1200", PURCHASE_1993), &[]);
}

/// The shipped dialects of the later editions, packed or not, write the same purchase. Of 2003 they have the merchant's place as
/// a dataset, which is not text.
#[test]
fn a_purchase_in_the_shipped_dialects_of_the_later_editions() {
    for name in ["iso93-bcd", "iso2003-bcd", "iso2003-bin"] {
        let other = Dialect::named(name).unwrap();
        let of_2003 = name.starts_with("iso2003");
        let (there, dropped) = into(message("0200", PURCHASE_1987), &other);
        assert_eq!(dropped, if of_2003 { FieldSet::of(&[43]) } else { FieldSet::new() }, "{name}");
        let wanted = if of_2003 { PURCHASE_2003 } else { PURCHASE_1993 };
        for &(field, text) in wanted.iter().filter(|(field, _)| !dropped.contains(*field)) {
            assert_eq!(there.text(field).as_deref(), Some(text), "DE{field} in {name}");
        }
        let (back, lost) = into(there, &OF_1987);
        assert!(lost.is_empty(), "{name}: {lost:?}");
        for &(field, text) in PURCHASE_1987.iter().filter(|(field, _)| !dropped.contains(*field)) {
            assert_eq!(back.text(field).as_deref(), Some(text), "DE{field} of {name}");
        }
        let fates = Translation::new(&OF_1987, &other).fates(None);
        let fate = fates.iter().find(|fate| fate.from == "43").unwrap();
        assert_eq!(fate.to.is_none(), of_2003, "what the map says of DE43 in {name}");
    }
}

#[test]
fn an_answer_takes_its_code_and_its_dates_along() {
    let of_1987: Fields<'_> = &[
        (4, "000000010000"),
        (11, "000123"),
        (15, "1124"),
        (38, "A12345"),
        (39, "51"),
        (49, "840"),
        (54, "0002840C000000050000"),
    ];
    let of_1993: Fields<'_> = &[
        (4, "000000010000"),
        (11, "000123"),
        (15, "261124"),
        (38, "A12345"),
        (39, "116"),
        (49, "840"),
        (54, "0002840C000000050000"),
    ];
    let of_2003: Fields<'_> = &[
        (4, "8402000000010000"),
        (11, "000000000123"),
        (15, "20261124"),
        (38, "A12345"),
        (39, "1016"),
        (54, "0002C8402000000050000"),
    ];
    let all = [("0210", of_1987), ("1210", of_1993), ("2210", of_2003)];
    for from in all {
        for to in all.into_iter().filter(|to| to.0 != from.0) {
            becomes(from, to, &[]);
        }
    }
}

#[test]
fn a_partial_reversal_says_what_was_and_what_is_left() {
    let of_1987: Fields<'_> = &[
        (4, "000000010000"),
        (11, "000124"),
        (12, "072500"),
        (13, "1123"),
        (32, "00012345"),
        (39, "17"),
        (49, "840"),
        (90, "020000012311230725000000001234500000000000"),
        (95, "000000004000000000000000C00000000C00000000"),
    ];
    let of_1993: Fields<'_> = &[
        (4, "000000004000"),
        (11, "000124"),
        (12, "261123072500"),
        (24, "401"),
        (25, "4000"),
        (30, "000000010000000000000000"),
        (32, "00012345"),
        (49, "840"),
        (56, "12000001232611230725000800012345"),
    ];
    let of_2003: Fields<'_> = &[
        (4, "8402000000004000"),
        (11, "000000000124"),
        (12, "20261123072500"),
        (24, "401"),
        (25, "4000"),
        (30, "84020000000100000000000000000000"),
        (32, "00012345"),
        (56, "2200000000000123202611230725000800012345"),
    ];
    becomes(("0420", of_1987), ("1420", of_1993), &[]);
    becomes(("0400", of_1987), ("2420", of_2003), &[]);
    becomes(("1420", of_1993), ("2420", of_2003), &[]);
    becomes(("2420", of_2003), ("1420", of_1993), &[]);
    // 1987 says when the original was transmitted, which the later editions do not.
    let mut back = of_1987.to_vec();
    back[7].1 = "020000012300000000000000001234500000000000";
    becomes(("1420", of_1993), ("0420", &back), &[]);
    becomes(("2420", of_2003), ("0420", &back), &[]);
}

#[test]
fn a_reversal_that_leaves_nothing_is_one_of_all() {
    let left_nothing: Fields<'_> =
        &[(4, "000000010000"), (39, "68"), (49, "840"), (95, "000000000000000000000000C00000000C00000000")];
    let all: Fields<'_> = &[(4, "000000010000"), (24, "400"), (25, "4021"), (49, "840")];
    becomes(("0420", left_nothing), ("1420", all), &[]);
    let left_nothing: Fields<'_> = &[(4, "000000000000"), (24, "400"), (30, "000000010000000000000000"), (49, "840")];
    becomes(("1420", left_nothing), ("0420", &[(4, "000000010000"), (49, "840")]), &[]);
}

#[test]
fn network_management_is_named_otherwise() {
    for (wanted, function) in [("001", "801"), ("002", "802"), ("201", "821"), ("301", "831")] {
        let time: Fields<'_> = &[(7, "1123072500"), (11, "000001")];
        let of_1987 = [time, &[(70, wanted)]].concat();
        let of_1993 = [time, &[(24, function)]].concat();
        becomes(("0800", &of_1987), ("1804", &of_1993), &[]);
        becomes(("1804", &of_1993), ("0800", &of_1987), &[]);
        becomes(("1805", &of_1993), ("0801", &of_1987), &[]);
    }
    becomes(("0800", &[(70, "101")]), ("1804", &[]), &[70]);
}

#[test]
fn fees_stand_in_sets() {
    let of_1987: Fields<'_> =
        &[(9, "20001000"), (28, "D00000150"), (29, "D00000120"), (30, "C00000030"), (49, "840"), (50, "978")];
    let sets = "00840D0000015020001000D0000012097801840C0000003020001000C00000000978";
    becomes(("0200", of_1987), ("1200", &[(9, "20001000"), (24, "200"), (46, sets), (49, "840"), (50, "978")]), &[]);
    becomes(("1200", &[(9, "20001000"), (24, "200"), (46, sets), (49, "840"), (50, "978")]), ("0200", of_1987), &[]);
    let sets_2003 = "00D84020000015020001000D97820000012001C84020000003020001000C978200000000";
    becomes(("1200", &[(46, sets), (24, "200")]), ("2200", &[(24, "200"), (46, sets_2003)]), &[]);
    becomes(("2200", &[(46, sets_2003), (24, "200")]), ("1200", &[(24, "200"), (46, sets)]), &[]);
    let other = "70840D0000015020001000D00000120978";
    becomes(("1200", &[(24, "200"), (46, other)]), ("0200", &[]), &[46]);
}

#[test]
fn the_year_is_the_one_closest_to_now() {
    let moment = |year: &str| -> String { format!("{year}1231235959") };
    let wall = |now: i64, fields: Fields<'_>, mti: &str, to: &Arc<Dialect>| {
        let from = message(mti, fields);
        Translation::new(&Arc::clone(from.dialect()), to).apply(from, now).unwrap().message
    };
    // 2027-01-01T00:00:01Z.
    let now = 1_798_761_601_000_000;
    let of_1987: Fields<'_> = &[(12, "235959"), (13, "1231"), (15, "0101")];
    let later = wall(now, of_1987, "0200", &OF_1993);
    assert_eq!((later.text(12), later.text(15)), (Some(moment("26")), Some("270101".to_owned())));
    let latest = wall(now, of_1987, "0200", &OF_2003);
    assert_eq!((latest.text(12), latest.text(15)), (Some(moment("2026")), Some("20270101".to_owned())));
    for (short, long) in [("26", "2026"), ("77", "2077"), ("78", "1978"), ("99", "1999")] {
        assert_eq!(wall(now, &[(12, &moment(short))], "1200", &OF_2003).text(12), Some(moment(long)));
        assert_eq!(wall(now, &[(12, &moment(long))], "2200", &OF_1993).text(12), Some(moment(short)));
    }
}

#[test]
fn what_has_no_counterpart_is_dropped() {
    let fields: Fields<'_> =
        &[(24, "003"), (43, "BENCHMARK STORES         LONDON       GB"), (59, "NATIONAL"), (64, "0000000000000000")];
    becomes(
        ("0200", fields),
        ("1200", &[(24, "200"), (43, "BENCHMARK STORES\\\\LONDON\\             GB ")]),
        &[24, 59, 64],
    );
    becomes(("0200", &[(4, "000000010000")]), ("2200", &[(24, "200")]), &[4]);
    becomes(("2200", &[(4, "3922000000010000"), (24, "200")]), ("0200", &[]), &[4]);
    becomes(("2200", &[(4, "3920000000010000"), (24, "181")]), ("0200", &[(4, "000000010000"), (49, "392")]), &[24]);
    becomes(("0210", &[(39, "79")]), ("1210", &[]), &[39]);
    becomes(("0200", &[(12, "120000")]), ("1200", &[(24, "200")]), &[12]);
    becomes(("0200", &[(12, "120000"), (13, "0230")]), ("1200", &[(24, "200")]), &[12, 13]);
}

#[test]
fn what_the_target_needs_is_refused_by_its_number_in_the_source() {
    let strict = "extends = \"iso93-ascii\"\nname = \"strict\"\n[mandatory]\n\"12x0\" = [4, 12, 26]\n";
    let strict = Dialect::parse("strict", strict).unwrap();
    let translation = Translation::new(&OF_1987, &strict);
    let error = translation.apply(message("0200", &[(13, "1123")]), NOW).unwrap_err();
    assert_eq!((error.field, error.reason), (13, Reason::NoCounterpart { what: "a local time without its date" }));
    assert!(translation.apply(message("0200", &[(12, "120000"), (13, "1123")]), NOW).is_ok());
    let text = error.to_string();
    assert_eq!(text, "DE13: the other edition of the standard has no place for a local time without its date");
}

#[test]
fn pre_authorisations_and_what_follows_them() {
    let point = (22, "000101000001");
    becomes(("0100", &[(22, "000"), (25, "06")]), ("1100", &[point, (24, "101")]), &[]);
    becomes(("1100", &[point, (24, "101")]), ("0100", &[(22, "000"), (25, "06")]), &[]);
    becomes(("0220", &[(22, "000"), (25, "06")]), ("1220", &[point, (24, "202")]), &[]);
    becomes(("1220", &[point, (24, "201")]), ("0220", &[(22, "000"), (25, "06")]), &[]);
    becomes(("1100", &[(24, "101")]), ("0100", &[(25, "06")]), &[]);
    becomes(("0100", &[(3, "310000")]), ("1100", &[(3, "310000"), (24, "108")]), &[]);
    becomes(("0200", &[(3, "200000"), (38, "A12345")]), ("1200", &[(3, "200000"), (24, "200"), (38, "A12345")]), &[]);
}

/// The entry modes, conditions and PIN capabilities that 1993 says as well, so that they come back.
#[test]
fn the_point_of_service_comes_back_where_both_say_it() {
    for entry in ["000", "001", "002", "011", "012", "022", "031", "042", "051", "052"] {
        for condition in ["00", "01", "02", "05", "08", "59"] {
            if condition == "59" && ["00", "01"].contains(&&entry[..2]) {
                // Remote: 09 and 81.
                continue;
            }
            let there = into(message("0200", &[(22, entry), (25, condition)]), &OF_1993).0;
            let back = into(there, &OF_1987).0;
            assert_eq!((back.text(22).as_deref(), back.text(25).as_deref()), (Some(entry), Some(condition)));
        }
    }
    for entry in ["011", "031", "051", "071", "091", "101", "791", "801", "811", "911"] {
        let there = into(message("0200", &[(22, entry), (52, "0102030405060708")]), &OF_2003).0;
        assert_eq!(into(there, &OF_1987).0.text(22).as_deref(), Some(entry));
    }
}

/// A payment of 1987 whose fields all have their counterparts.
fn payment() -> impl Strategy<Value = Vec<(u8, String)>> {
    let digits = |count: usize| {
        proptest::collection::vec(0..10u8, count)
            .prop_map(|digits| digits.iter().map(u8::to_string).collect::<String>())
    };
    let clock =
        (0..24u8, 0..60u8, 0..60u8).prop_map(|(hour, minute, second)| format!("{hour:02}{minute:02}{second:02}"));
    // 29 February comes back as itself too, by its own test of the calendar.
    let date = (1..13u8, 1..29u8).prop_map(|(month, day)| format!("{month:02}{day:02}"));
    let currency = proptest::sample::select(vec!["840", "978", "392", "414", "156"]);
    (digits(12), digits(6), clock, date.clone(), date, currency, digits(4), digits(16), "[A-Z0-9]{8}", digits(11))
        .prop_map(|(amount, stan, time, date, settled, currency, mcc, security, terminal, institution)| {
            vec![
                (4, amount.clone()),
                (5, amount),
                (11, stan),
                (12, time),
                (13, date),
                (15, settled),
                (18, mcc),
                (32, institution),
                (41, terminal),
                (49, currency.to_owned()),
                (50, currency.to_owned()),
                (53, security),
            ]
        })
}

proptest! {
    #[test]
    fn what_goes_over_whole_comes_back(fields in payment()) {
        let fields: Vec<_> = fields.iter().map(|(field, text)| (*field, text.as_str())).collect();
        for other in [&*OF_1993, &*OF_2003] {
            let sent = message("0200", &fields);
            let (there, dropped) = into(sent.clone(), other);
            prop_assert!(dropped.is_empty(), "{dropped:?}");
            let (back, dropped) = into(there, &OF_1987);
            prop_assert!(dropped.is_empty(), "{dropped:?}");
            for field in sent.fields() {
                prop_assert_eq!(back.text(field), sent.text(field), "DE{}", field);
            }
            prop_assert_eq!(back.field_set(), sent.field_set());
        }
    }
}

#[test]
fn every_pair_says_what_becomes_of_each_field() {
    for from in [&*OF_1987, &*OF_1993, &*OF_2003] {
        for to in [&*OF_1987, &*OF_1993, &*OF_2003] {
            let fates = Translation::new(from, to).fates(None);
            for field in from.fields() {
                let said = |fate: &banklink_protocol::translate::Fate| {
                    fate.from.split(' ').any(|one| one == field.to_string()) && !fate.how.is_empty()
                };
                assert!(fates.iter().any(said), "DE{field} from {} to {}", from.name(), to.name());
            }
        }
    }
}
