//! What is measured: the loads, and the figures of one round.

use super::{Outcome, process::BANKLINK};
use serde_json::Value;
use std::{
    process::{Command, Stdio},
    time::Duration,
};

/// One load.
pub(crate) struct Cell {
    pub(crate) name: &'static str,
    connections: u16,
    shape: Shape,
}

enum Shape {
    /// So many outstanding on each connection.
    Window(u32),
    /// So many a second.
    Rate(u32),
}

pub(crate) const CELLS: [Cell; 6] = [
    Cell { name: "1x1", connections: 1, shape: Shape::Window(1) },
    Cell { name: "16x1", connections: 16, shape: Shape::Window(1) },
    Cell { name: "256x1", connections: 256, shape: Shape::Window(1) },
    Cell { name: "16x32", connections: 16, shape: Shape::Window(32) },
    Cell { name: "256x32", connections: 256, shape: Shape::Window(32) },
    Cell { name: "20k/s", connections: 16, shape: Shape::Rate(20_000) },
];

impl Cell {
    /// Runs the load and gives back what it reports.
    pub(crate) fn load(&self, address: &str, warm_up: Duration, measured: Duration) -> Outcome<Value> {
        let shape = match self.shape {
            Shape::Window(window) => ["--window".to_owned(), window.to_string()],
            Shape::Rate(rate) => ["--rate".to_owned(), rate.to_string()],
        };
        let output = Command::new(BANKLINK)
            .args(["load", address, "--json", "--connections", &self.connections.to_string()])
            .args(shape)
            .args(["--warm-up", &format!("{}ms", warm_up.as_millis())])
            .args(["--duration", &format!("{}ms", (warm_up + measured).as_millis())])
            .stderr(Stdio::inherit())
            .output()?;
        if !output.status.success() {
            let report = String::from_utf8_lossy(&output.stdout).into_owned();
            return Err(format!("{}: the load failed: {report}", self.name).into());
        }
        Ok(serde_json::from_slice(&output.stdout)?)
    }
}

/// Attempts to get a first payment approved; each takes some milliseconds.
const ATTEMPTS: usize = 3_000;

/// Waits until a payment through the switch is approved: its bank connections are up then.
pub(crate) fn wait_for_approval(address: &str) -> Outcome<()> {
    for _ in 0..ATTEMPTS {
        let one = Command::new(BANKLINK)
            .args(["load", address, "--json", "--count", "1", "--timeout", "1s"])
            .stderr(Stdio::null())
            .output()?;
        let report: Value = serde_json::from_slice(&one.stdout).unwrap_or_default();
        if report["by_code"]["00"] == 1 {
            return Ok(());
        }
    }
    Err("the switch did not come up".into())
}

/// The figures of one run of one load.
#[derive(Clone, Copy, serde::Serialize)]
pub(crate) struct Round {
    pub(crate) payments_per_second: f64,
    pub(crate) p50_us: f64,
    pub(crate) p99_us: f64,
    pub(crate) p99_9_us: f64,
    /// CPU of the switching process per payment.
    pub(crate) cpu_us: f64,
    /// Its resident memory afterwards.
    pub(crate) memory_mib: f64,
}

impl Round {
    pub(crate) fn new(summary: &Value, cpu: Duration, memory: u64) -> Outcome<Self> {
        let number = |value: &Value| value.as_f64().ok_or("a figure is missing in the load's report");
        let latency = &summary["latency_us"];
        let declined = summary["by_code"].as_object().is_none_or(|codes| codes.keys().any(|code| code != "00"));
        if declined {
            return Err(format!("not every payment was approved: {}", summary["by_code"]).into());
        }
        Ok(Self {
            payments_per_second: number(&summary["payments_per_second"])?,
            p50_us: number(&latency["p50"])?,
            p99_us: number(&latency["p99"])?,
            p99_9_us: number(&latency["p99_9"])?,
            cpu_us: cpu.as_secs_f64() * 1e6 / number(&summary["answered"])?.max(1.0),
            memory_mib: memory as f64 / f64::from(1 << 20),
        })
    }

    /// The median of each figure by itself.
    pub(crate) fn median(rounds: Vec<Self>) -> Self {
        let median = |figure: fn(&Self) -> f64| {
            let mut figures: Vec<f64> = rounds.iter().map(figure).collect();
            figures.sort_by(f64::total_cmp);
            figures[figures.len() / 2]
        };
        Self {
            payments_per_second: median(|round| round.payments_per_second),
            p50_us: median(|round| round.p50_us),
            p99_us: median(|round| round.p99_us),
            p99_9_us: median(|round| round.p99_9_us),
            cpu_us: median(|round| round.cpu_us),
            memory_mib: median(|round| round.memory_mib),
        }
    }
}

/// One cell: what the relay did, then the switch in each way.
pub(crate) struct Figures {
    pub(crate) cell: &'static Cell,
    pub(crate) rounds: Vec<(&'static str, Round)>,
}
