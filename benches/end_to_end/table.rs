//! The figures as a table, or as JSON.

use super::{
    Outcome,
    cells::{Figures, Round},
};
use std::fmt::Write as _;

pub(crate) fn text(figures: &[Figures]) -> String {
    let mut text =
        String::from("                    payments/s     p50 µs     p99 µs   p99.9 µs   CPU µs/payment   memory MiB\n");
    for figures in figures {
        for (name, round) in [("relay", &figures.relay), ("switch", &figures.switch)] {
            writeln!(text, "{:<8} {name:<8} {}", figures.cell.name, line(round)).expect("a String takes all text");
        }
        let more = figures.switch.cpu_us - figures.relay.cpu_us;
        let times = figures.switch.cpu_us / figures.relay.cpu_us;
        writeln!(text, "                  CPU of the switch: {times:.2} × the relay's, {more:+.2} µs")
            .expect("a String takes all text");
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
        .map(|figures| {
            serde_json::json!({ "cell": figures.cell.name, "relay": figures.relay, "switch": figures.switch })
        })
        .collect();
    Ok(serde_json::to_string_pretty(&cells)?)
}
