//! The live table: redrawn in place on a terminal, a plain line now and then elsewhere.

use super::{Demo, Moment, network};
use crate::{
    driver::{AcquirerSnapshot, BankSnapshot, Latency},
    switch::LinkState,
};
use std::{
    collections::VecDeque,
    fmt::Write as _,
    io::{self, IsTerminal, Write},
    time::Duration,
};

/// Between two drawings on a terminal.
const REDRAW: Duration = Duration::from_millis(250);
/// Between two plain lines.
const LINE: Duration = Duration::from_secs(5);
/// Rates and quantiles are those of this time, so that they show what is happening now.
const WINDOW: Duration = Duration::from_secs(5);
/// Width of the bar that shows the time.
const BAR: usize = 40;

/// Text with a meaning, coloured where colours are shown.
#[derive(Clone, Copy)]
pub(super) enum Tone {
    Strong,
    Quiet,
    Good,
    Warning,
    Bad,
}

/// Standard output: redrawn in place where it is a terminal, in colours unless `NO_COLOR` is set.
pub(super) struct Paper {
    live: bool,
    coloured: bool,
    drawn: usize,
}

impl Default for Paper {
    fn default() -> Self {
        let live = io::stdout().is_terminal();
        let coloured = live && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        Self { live, coloured, drawn: 0 }
    }
}

impl Paper {
    pub(super) fn is_live(&self) -> bool {
        self.live
    }

    /// Puts text in the place of what was put there before, or below it.
    pub(super) fn put(&mut self, text: &str) -> io::Result<()> {
        let mut out = io::stdout().lock();
        if self.live && self.drawn > 0 {
            write!(out, "\x1b[{}A", self.drawn)?;
        }
        self.drawn = text.lines().count();
        let end = if self.live { "\x1b[K\n" } else { "\n" };
        for line in text.lines() {
            write!(out, "{line}{end}")?;
        }
        out.flush()
    }

    pub(super) fn paint(&self, tone: Tone, text: &str) -> String {
        let code = match tone {
            Tone::Strong => "1",
            Tone::Quiet => "2",
            Tone::Good => "32",
            Tone::Warning => "33",
            Tone::Bad => "31",
        };
        if self.coloured { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }
}

/// Draws the figures of one demonstration.
#[derive(Default)]
pub struct Screen {
    paper: Paper,
    history: VecDeque<Moment>,
}

impl Screen {
    /// On standard output: live where that is a terminal, in colours unless `NO_COLOR` is set.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Is it redrawn in place?
    #[must_use]
    pub fn is_live(&self) -> bool {
        self.paper.live
    }

    /// How long to wait between two drawings.
    #[must_use]
    pub fn pace(&self) -> Duration {
        if self.paper.live { REDRAW } else { LINE }
    }

    /// Shows the figures now.
    ///
    /// # Errors
    /// Standard output cannot be written.
    pub async fn draw(&mut self, demo: &Demo) -> io::Result<()> {
        let moment = demo.moment().await;
        self.history.push_back(moment);
        while self.history.len() > 2 && self.window() > WINDOW {
            self.history.pop_front();
        }
        let text = if self.paper.live { self.table(demo) } else { self.line() };
        self.paper.put(&text)
    }

    fn window(&self) -> Duration {
        match (self.history.front(), self.history.back()) {
            (Some(first), Some(last)) => last.elapsed.saturating_sub(first.elapsed),
            _ => Duration::ZERO,
        }
    }

    fn paint(&self, tone: Tone, text: &str) -> String {
        self.paper.paint(tone, text)
    }

    fn table(&self, demo: &Demo) -> String {
        let Some(now) = self.history.back() else { return String::new() };
        let mut text = format!("\n {}\n", self.title(demo, now.elapsed));
        let head = format!(
            " {:<10}{:<15}{:<14}{:>10}{:>10}{:>10}{:>11}{:>9}{:>9}",
            "bank", "dialect", "connections", "per s", "approved", "declined", "timed out", "p50 ms", "p99 ms"
        );
        writeln!(text, "\n{}", self.paint(Tone::Quiet, &head)).expect("a String takes all text");
        for (bank, part) in now.snapshot.banks.iter().zip(&network::BANKS) {
            text.push_str(&self.bank(bank, part));
        }
        let head = format!(
            " {:<10}{:<15}{:<14}{:>10}{:>10}{:>10}{:>11}{:>12}",
            "acquirer", "dialect", "sessions", "per s", "requests", "answers", "refused", "in flight"
        );
        writeln!(text, "\n{}", self.paint(Tone::Quiet, &head)).expect("a String takes all text");
        for (acquirer, part) in now.snapshot.acquirers.iter().zip(&network::ACQUIRERS) {
            text.push_str(&self.acquirer(acquirer, part));
        }
        text.push('\n');
        for part in &network::BANKS {
            let line = format!(" {:<10}{}", part.name, part.manners);
            writeln!(text, "{}", self.paint(Tone::Quiet, &line)).expect("a String takes all text");
        }
        text
    }

    fn title(&self, demo: &Demo, elapsed: Duration) -> String {
        let settings = demo.settings();
        let share = (elapsed.as_secs_f64() / settings.duration.as_secs_f64()).clamp(0.0, 1.0);
        let full = (share * BAR as f64).round() as usize;
        let bar = format!("{}{}", "━".repeat(full), self.paint(Tone::Quiet, &"─".repeat(BAR - full)));
        let seconds = settings.duration.as_secs();
        let what = match elapsed < settings.duration {
            true => format!("{} of {seconds} s, {} payments/s", elapsed.as_secs(), settings.rate),
            false => "the last answers".to_owned(),
        };
        format!("{}  {bar}  {what}", self.paint(Tone::Strong, "banklink demo"))
    }

    fn bank(&self, bank: &BankSnapshot, part: &network::BankPart) -> String {
        let before = self.history.front().and_then(|moment| moment.snapshot.bank(part.name));
        let recent = before.map_or_else(|| bank.latency.clone(), |before| bank.latency.since(&before.latency));
        let timed_out = format!("{:>11}", grouped(bank.timed_out.into()));
        let timed_out = if bank.timed_out > 0 { self.paint(Tone::Warning, &timed_out) } else { timed_out };
        format!(
            " {:<10}{:<15}{}{:>10}{:>10}{:>10}{timed_out}{:>9}{:>9}\n",
            bank.name,
            part.dialect,
            self.connections(&bank.connections),
            self.rate(bank.sent, before.map(|before| before.sent)),
            grouped(bank.approved.into()),
            grouped(bank.declined.into()),
            millis(&recent, 0.5),
            millis(&recent, 0.99),
        )
    }

    /// One mark a connection, and the state of the worst.
    fn connections(&self, states: &[LinkState]) -> String {
        let mut text = String::new();
        for state in states {
            let (tone, mark) = match state {
                LinkState::Up => (Tone::Good, "●"),
                LinkState::Connecting | LinkState::SigningOn | LinkState::Tripped => (Tone::Warning, "◐"),
                _ => (Tone::Bad, "○"),
            };
            text.push_str(&self.paint(tone, mark));
            text.push(' ');
        }
        let worst = states.iter().find(|state| **state != LinkState::Up).map_or("up", |state| state.as_str());
        let width = 14_usize.saturating_sub(states.len() * 2);
        write!(text, "{worst:<width$}").expect("a String takes all text");
        text
    }

    fn acquirer(&self, acquirer: &AcquirerSnapshot, part: &network::AcquirerPart) -> String {
        let before = self.history.front().and_then(|moment| moment.snapshot.acquirer(part.name));
        format!(
            " {:<10}{:<15}{:<14}{:>10}{:>10}{:>10}{:>11}{:>12}\n",
            acquirer.name,
            part.dialect,
            acquirer.sessions,
            self.rate(acquirer.requests, before.map(|before| before.requests)),
            grouped(acquirer.requests.into()),
            grouped(acquirer.answers.into()),
            grouped(acquirer.rejected_total().into()),
            acquirer.in_flight,
        )
    }

    fn rate(&self, now: u64, before: Option<u64>) -> String {
        let seconds = self.window().as_secs_f64();
        match before {
            Some(before) if seconds > 0.0 => format!("{:.0}", (now - before) as f64 / seconds),
            _ => "–".to_owned(),
        }
    }

    fn line(&self) -> String {
        let Some(now) = self.history.back() else { return String::new() };
        let mut text = format!("{:>4} s", now.elapsed.as_secs());
        for bank in &now.snapshot.banks {
            let BankSnapshot { name, approved, declined, timed_out, connections, .. } = bank;
            let (up, of) = (bank.up(), connections.len());
            write!(text, "  {name}: {up}/{of} up, {approved} approved, {declined} declined, {timed_out} timed out;")
                .expect("a String takes all text");
        }
        text.trim_end_matches(';').to_owned()
    }
}

fn millis(latency: &Latency, quantile: f64) -> String {
    if latency.count() == 0 {
        return "–".to_owned();
    }
    format!("{:.2}", latency.quantile(quantile).as_secs_f64() * 1e3)
}

/// A number with a comma at each thousand.
pub(super) fn grouped(number: u128) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_by_thousands() {
        for (number, text) in [(0, "0"), (999, "999"), (1_000, "1,000"), (1_234_567, "1,234,567")] {
            assert_eq!(grouped(number), text);
        }
    }
}
