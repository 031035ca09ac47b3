//! `kill -9` with real processes: three banks behind mutual TLS with their books on disk, the switch, and two acquirers
//! that repeat or reverse what was not answered. The switch (in another run the banks) is killed at moments that a seed
//! chooses, and in the end nothing may be lost, doubled or unknown.
//!
//! `BANKLINK_KILLS=100 cargo test --release --test kill -- --nocapture` is the long run; `BANKLINK_KILL_SEED` chooses
//! other moments. Where the books do not agree, the folder with the books, the journal and the logs is kept and named.

mod damage;

use banklink::{
    demo::chaos::{Chaos, Outcome, SWITCH, Settings, Victims, report},
    simulator::compare::settled::Kind,
};
use damage::Damage;
use std::{
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
    time::Duration,
};

/// Kills in a run, unless `BANKLINK_KILLS` says otherwise.
const KILLS: u32 = 10;
/// Answers between two kills, on average.
const BETWEEN: u64 = 200;

/// The runs share a machine: one after the other.
static TURN: Mutex<()> = Mutex::new(());

fn from_environment<T: std::str::FromStr>(name: &str, otherwise: T) -> T {
    std::env::var(name).ok().map_or(otherwise, |text| text.parse().ok().unwrap_or_else(|| panic!("{name}={text}")))
}

fn run(victims: Victims) -> (Outcome, u32) {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let folder = tempfile::tempdir().unwrap();
    let seed = from_environment("BANKLINK_KILL_SEED", 1);
    let settings = Settings {
        program: PathBuf::from(env!("CARGO_BIN_EXE_banklink")),
        folder: folder.path().to_owned(),
        rate: 400.0,
        kills: from_environment("BANKLINK_KILLS", KILLS),
        between: BETWEEN,
        victims,
        seed,
        settle: Duration::from_secs(90),
        switch: SWITCH.to_owned(),
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let mut damage = Damage::new(seed);
    let outcome = runtime.block_on(async {
        let chaos = Chaos::start(settings).await.unwrap();
        let mut between = |journal: &Path| damage.inflict(journal);
        chaos.play(&mut between, &mut |_| {}).await
    });
    let outcome = match outcome {
        Ok(outcome) if outcome.agrees() => outcome,
        Ok(outcome) => panic!("{}\nseed {seed}; see {}", report::text(&outcome), folder.keep().display()),
        Err(error) => panic!("{error}; seed {seed}; see {}", folder.keep().display()),
    };
    println!("{}", report::text(&outcome));
    (outcome, damage.times())
}

/// What has to happen for the proof to be one.
fn enough_happened(outcome: &Outcome) {
    let kills = from_environment("BANKLINK_KILLS", KILLS);
    assert_eq!(outcome.kills.len(), kills as usize);
    assert!(outcome.kills.windows(2).all(|pair| pair[0].answered < pair[1].answered), "payments between all kills");
    let agreement = &outcome.agreement;
    assert!(agreement.approved.count > u64::from(kills) * BETWEEN / 4, "{:?}", agreement.approved);
    assert!(agreement.declined.count > 0 && agreement.timed_out.count > 0);
    for kind in [Kind::Lost, Kind::OtherAmount, Kind::OtherCard, Kind::Ambiguous, Kind::Untold] {
        assert_eq!(agreement.count(kind), 0, "{kind:?}");
    }
    assert_eq!(outcome.wrong_answers(), 0);
}

/// The proof.
fn nothing_is_lost_doubled_or_unknown(outcome: &Outcome) {
    assert!(outcome.agreement.agrees() && outcome.doubled_requests() == 0, "{}", report::text(outcome));
    let reversed: u64 = outcome.banks.iter().map(|(_, totals)| totals.reversed).sum();
    assert!(reversed > 0, "the banks saw reversals");
}

#[test]
fn a_killed_switch_loses_nothing() {
    let (outcome, damaged) = run(Victims::Switch);
    enough_happened(&outcome);
    let kills: u32 = outcome.kills.iter().map(|kill| if kill.twice { 2 } else { 1 }).sum();
    assert_eq!(damaged, kills, "the journal was damaged after each kill");
    let (repeats, reversals) = outcome
        .acquirers
        .iter()
        .fold((0, 0), |(repeats, reversals), (_, results)| (repeats + results.repeats, reversals + results.reversals));
    assert!(repeats > 0 && reversals > 0, "{repeats} repeats, {reversals} reversals by the acquirers");
    nothing_is_lost_doubled_or_unknown(&outcome);
    let recovered: u64 = outcome.acquirers.iter().map(|(_, results)| results.recovered).sum();
    assert!(recovered > 0, "repeats were answered with the stored approval");
}

#[test]
fn a_killed_bank_loses_nothing() {
    let (outcome, damaged) = run(Victims::Banks);
    enough_happened(&outcome);
    assert_eq!(damaged, 0);
    nothing_is_lost_doubled_or_unknown(&outcome);
}
