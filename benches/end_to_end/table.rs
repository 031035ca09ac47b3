//! The figures as a table, or as JSON.

use super::{
    Outcome,
    cells::{Figures, Round},
};
use std::fmt::Write as _;

pub(crate) fn text(figures: &[Figures]) -> String {
    let mut text = String::from(
        "                    payments/s     p50 µs     p99 µs   p99.9 µs   CPU µs/payment   memory MiB   over relay\n",
    );
    for Figures { cell, rounds } in figures {
        let (_, relay) = rounds[0];
        for (name, round) in rounds {
            let more = round.cpu_us - relay.cpu_us;
            writeln!(text, "{:<8} {name:<8} {} {more:>+12.2}", cell.name, line(round))
                .expect("a String takes all text");
        }
    }
    text
}

fn line(round: &Round) -> String {
    format!(
        "{:>12.0} {:>10.0} {:>10.0} {:>10.0} {:>16.2} {:>12.1}",
        round.payments_per_second, round.p50_us, round.p99_us, round.p99_9_us, round.cpu_us, round.memory_mib
    )
}

pub(crate) fn json(figures: &[Figures]) -> Outcome<String> {
    let cells: Vec<_> = figures
        .iter()
        .map(|Figures { cell, rounds }| {
            let rounds: serde_json::Map<_, _> =
                rounds.iter().map(|(name, round)| ((*name).to_owned(), serde_json::json!(round))).collect();
            serde_json::json!({ "cell": cell.name, "rounds": rounds })
        })
        .collect();
    Ok(serde_json::to_string_pretty(&cells)?)
}
