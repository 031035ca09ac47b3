//! The codec by itself: the 18-field purchase request of the README's table, strict, one core.
//!
//! - `parse`: `Dialect::decode` of a shared frame (cloning its `Bytes` included) and dropping the message.
//! - `build`: a new message, 18 fields set from their logical values, encoded into a reused buffer.
//! - `translate`: the decoded message in another dialect, of its own edition or another; not encoded.
//! - `re-encode`: a decoded message whose DE7 and DE11 are replaced, encoded into a reused buffer: what a switch does.

use banklink_protocol::{Dialect, Message, Mti, Translation};
use bytes::{Bytes, BytesMut};
use criterion::{Criterion, criterion_group, criterion_main};
use std::{hint::black_box, sync::Arc};

/// The fields of the benchmark message with their logical values.
const FIELDS: [(u8, &[u8]); 18] = [
    (2, b"4761739001010119"),
    (3, b"000000"),
    (4, b"000000012345"),
    (7, b"1123072500"),
    (11, b"000123"),
    (12, b"072500"),
    (13, b"1123"),
    (14, b"2912"),
    (18, b"5999"),
    (22, b"051"),
    (32, b"12345678901"),
    (35, b"4761739001010119=29122011143804400"),
    (37, b"632707000123"),
    (41, b"TERM0001"),
    (42, b"MERCHANT0000001"),
    (43, b"BENCHMARK STORES          LONDON      GB"),
    (49, b"826"),
    (52, b"\x12\x34\x56\x78\x90\xAB\xCD\xEF"),
];

fn mti() -> Mti {
    Mti::from_packed(0x0200).expect("0200 is an MTI")
}

fn build(dialect: &Arc<Dialect>) -> Message {
    let mut message = Message::new(dialect, mti());
    for (field, value) in FIELDS {
        message.set(field, value).expect("the benchmark's values fit");
    }
    message
}

fn encoded(message: &Message, out: &mut BytesMut) {
    out.clear();
    message.encode(out).expect("the benchmark's message fits");
}

fn codec(criterion: &mut Criterion) {
    for name in ["iso87-ascii", "iso87-bcd", "iso87-ebcdic"] {
        let dialect = Dialect::named(name).expect("a shipped name");
        let mut out = BytesMut::with_capacity(1024);
        encoded(&build(&dialect), &mut out);
        let frame = Bytes::copy_from_slice(&out);
        let mut group = criterion.benchmark_group(name);
        group.bench_function("parse", |bench| bench.iter(|| dialect.decode(black_box(&frame).clone())));
        group.bench_function("build", |bench| {
            bench.iter(|| {
                let mut message = Message::new(&dialect, mti());
                for (field, value) in black_box(&FIELDS) {
                    message.set(*field, value).expect("the benchmark's values fit");
                }
                encoded(&message, &mut out);
            });
        });
        let decoded = dialect.decode(frame.clone()).expect("the benchmark's frame decodes");
        group.bench_function("re-encode", |bench| {
            bench.iter(|| {
                let mut message = black_box(&decoded).clone();
                message.set(7, b"1123072501").expect("ten digits");
                message.set(11, b"000124").expect("six digits");
                encoded(&message, &mut out);
            });
        });
        group.finish();
    }
}

/// 2026-11-23T03:18:46Z.
const NOW: i64 = 1_795_403_926_000_000;

fn translation(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("translate");
    for (from, to) in [("iso87-bcd", "iso87-ascii"), ("iso87-bcd", "iso93-ascii"), ("iso93-ascii", "iso87-bcd")] {
        let dialect = |name: &str| Dialect::named(name).expect("a shipped name");
        let (source, target, original) = (dialect(from), dialect(to), dialect("iso87-bcd"));
        let start =
            Translation::new(&original, &source).apply(build(&original), NOW).expect("the benchmark's values fit");
        let mut out = BytesMut::with_capacity(1024);
        encoded(&start.message, &mut out);
        let decoded = source.decode(out.freeze()).expect("the benchmark's frame decodes");
        let translation = Translation::new(&source, &target);
        group.bench_function(format!("{from} to {to}"), |bench| {
            bench.iter(|| {
                let translated = translation.apply(black_box(&decoded).clone(), black_box(NOW));
                black_box(translated.expect("the benchmark's values fit"));
            });
        });
    }
    group.finish();
}

criterion_group!(benches, codec, translation);
criterion_main!(benches);
