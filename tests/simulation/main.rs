//! Seeded simulation of the switch: virtual time, model acquirers, model banks with books of their own, faults.
//!
//! `BANKLINK_SIM_SEEDS=n` runs n seeds instead of the default; `BANKLINK_SIM_SEED=s` replays one. A failure names its seed.

mod acquirers;
mod bank;
mod oracle;
mod random;
mod world;

use std::panic::{AssertUnwindSafe, catch_unwind};

const DEFAULT_SEEDS: u64 = 1_000;

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap_or_else(|_| panic!("{name} is a number")))
}

#[test]
fn every_seed_settles_and_all_agree() {
    if let Some(seed) = number("BANKLINK_SIM_SEED") {
        println!("{:#?}", world::run(seed));
        return;
    }
    let seeds = number("BANKLINK_SIM_SEEDS").unwrap_or(DEFAULT_SEEDS);
    let mut seen = world::Seen::default();
    for seed in 0..seeds {
        match catch_unwind(AssertUnwindSafe(|| world::run(seed))) {
            Ok(one) => seen.add(&one),
            Err(panic) => {
                eprintln!("seed {seed} failed; repeat with BANKLINK_SIM_SEED={seed}");
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
