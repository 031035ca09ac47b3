//! The live table of a chaos run: redrawn in place on a terminal, a plain line for each kill elsewhere.

use super::{Chaos, Kill, Phase};
use crate::{
    demo::{
        network::ACQUIRERS,
        screen::{Paper, Tone, grouped},
    },
    simulator::acquirer::session::lock,
};
use std::{fmt::Write as _, io, time::Duration};
use tokio::time::Instant;

/// Between two drawings on a terminal.
const REDRAW: Duration = Duration::from_millis(250);
/// Kills shown.
const SHOWN: usize = 6;

/// Draws one run.
#[derive(Default)]
pub struct Screen {
    paper: Paper,
    next: Option<Instant>,
    told: usize,
}

impl Screen {
    /// Shows where the run is, where it is time for that.
    ///
    /// # Errors
    /// Standard output cannot be written.
    pub fn draw(&mut self, chaos: &Chaos) -> io::Result<()> {
        if !self.paper.is_live() {
            let news: String = chaos.kills.iter().skip(self.told).map(|kill| format!("{}\n", tell(kill))).collect();
            self.told = chaos.kills.len();
            return if news.is_empty() { Ok(()) } else { self.paper.put(&news) };
        }
        let now = Instant::now();
        if self.next.is_some_and(|next| now < next) {
            return Ok(());
        }
        self.next = Some(now + REDRAW);
        let text = self.table(chaos);
        self.paper.put(&text)
    }

    fn table(&self, chaos: &Chaos) -> String {
        let settings = &chaos.settings;
        let what = match chaos.phase {
            Phase::Killing => {
                format!("{} of {} kills, {} payments/s", chaos.kills.len(), settings.kills, settings.rate)
            }
            Phase::Settling => "no new payments; repeating and reversing what was not answered".to_owned(),
            Phase::Draining => "the last reversals reach the banks".to_owned(),
        };
        let title = self.paper.paint(Tone::Strong, "banklink demo --chaos");
        let mut text = format!("\n {title}  {} s  {what}\n", chaos.started.elapsed().as_secs());
        let head = format!(" {:<12}{:<10}{:>8}", "process", "state", "killed");
        writeln!(text, "\n{}", self.paper.paint(Tone::Quiet, &head)).expect("a String takes all text");
        for process in std::iter::once(&chaos.switch).chain(&chaos.banks) {
            let (tone, state) = if process.is_running() { (Tone::Good, "running") } else { (Tone::Bad, "killed") };
            let state = self.paper.paint(tone, &format!("{state:<10}"));
            writeln!(text, " {:<12}{state}{:>8}", process.name, process.kills).expect("a String takes all text");
        }
        let head = format!(
            " {:<12}{:>10}{:>10}{:>11}{:>10}{:>9}{:>10}{:>9}",
            "acquirer", "approved", "declined", "timed out", "reversed", "repeats", "reversals", "in store"
        );
        writeln!(text, "\n{}", self.paper.paint(Tone::Quiet, &head)).expect("a String takes all text");
        for (part, run) in ACQUIRERS.iter().zip(chaos.acquirers.runs()) {
            let run = lock(run);
            let (results, count) = (run.results(), |count: u64| grouped(count.into()));
            let beliefs = results.beliefs;
            writeln!(
                text,
                " {:<12}{:>10}{:>10}{:>11}{:>10}{:>9}{:>10}{:>9}",
                part.name,
                count(beliefs.approved),
                count(beliefs.declined),
                count(beliefs.timed_out),
                count(beliefs.reversed),
                count(results.repeats),
                count(results.reversals),
                run.stored(),
            )
            .expect("a String takes all text");
        }
        text.push('\n');
        let last = chaos.kills.len().saturating_sub(SHOWN);
        for at in 0..SHOWN {
            let line = chaos.kills.get(last + at).map(tell).unwrap_or_default();
            writeln!(text, "{}", self.paper.paint(Tone::Quiet, &line)).expect("a String takes all text");
        }
        text
    }
}

fn tell(kill: &Kill) -> String {
    let Kill { victim, answered, restart, twice } = kill;
    let twice = if *twice { ", twice" } else { "" };
    let (answered, restart) = (grouped((*answered).into()), restart.as_millis());
    format!(" killed {victim}{twice} after {answered} answers; at work again {restart} ms after its restart")
}
