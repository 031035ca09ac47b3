//! Seeded simulation of the switch: virtual time, front ends that repeat, reverse and vanish, banks with books of their own,
//! a disk that loses its tail, and crashes between any two things the switch does.
//!
//! `BANKLINK_SIM_SEEDS=n` runs n seeds instead of the default. A failure names its seed, and
//! `SEED=s cargo test --release --test simulation -- --nocapture` tells it as a story.

mod acquirers;
mod bank;
mod disk;
mod holds;
mod life;
mod network;
mod operator;
mod oracle;
mod random;
mod rules;
mod seen;
mod story;
mod world;

use std::panic::{AssertUnwindSafe, catch_unwind};

const DEFAULT_SEEDS: u64 = 1_000;

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap_or_else(|_| panic!("{name} is a number")))
}

#[test]
fn every_seed_settles_and_all_agree() {
    if let Some(seed) = number("SEED") {
        story::begin();
        println!("{:#?}", world::run(seed));
        return;
    }
    let seeds = number("BANKLINK_SIM_SEEDS").unwrap_or(DEFAULT_SEEDS);
    let mut seen = seen::Seen::default();
    for seed in 0..seeds {
        match catch_unwind(AssertUnwindSafe(|| world::run(seed))) {
            Ok(one) => seen.add(&one),
            Err(panic) => {
                eprintln!(
                    "seed {seed} failed; its story: SEED={seed} cargo test --release --test simulation -- --nocapture"
                );
                std::panic::resume_unwind(panic);
            }
        }
    }
    println!("{seeds} seeds: {seen:#?}");
    if seeds >= DEFAULT_SEEDS {
        seen.assert_everything_happened();
    }
}

#[test]
fn a_seed_runs_the_same_way_twice() {
    assert_eq!(world::run(7), world::run(7));
}
