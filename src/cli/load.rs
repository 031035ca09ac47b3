//! `banklink load`

use super::{
    Failure,
    link::{Link, Tls, block_on, interrupted},
    print,
};
use crate::{
    net::tls::explain,
    simulator::{
        acquirer::{
            Plan, Run, Template, belief, drive,
            session::{Shared, lock},
            store::{Follow, Unanswered},
        },
        bank::rules::duration,
    },
};
use indicatif::{ProgressBar, ProgressStyle};
use std::{
    fs,
    path::PathBuf,
    sync::{Arc, Mutex},
    time::Duration,
};

/// How often the progress bar moves.
const PROGRESS: Duration = Duration::from_millis(200);

/// Payments listed in a report, at most: about 80 bytes each.
const LISTED: usize = 1_000_000;

/// Arguments of `banklink load`.
#[derive(clap::Args, Debug)]
#[command(after_help = "\
Every answer is held against its request: MTI, DE7, STAN, RRN, terminal, amount, and that none comes twice or never.
Any error makes the exit code 1.

With --unanswered it behaves as a real front end: it connects again when the line is lost, and what was not answered it
repeats (0201) or reverses (0400 or 0420, then 0401 or 0421) from its store until it is, also after the last new payment.
Its own timer (--timeout) is to be longer than the switch's. --report writes what it believes of each payment: approved,
declined, timed_out, reversed or unknown; `banklink compare` holds that against the banks' books.

Closed loop (--connections × --window): each answer lets the next request go. Open loop (--rate): requests leave at their
time whatever the switch does, and a latency counts from the moment its request was meant to leave.

A template is TOML or JSON: mti, fields as `banklink encode` takes them, cards, terminals and an amount range that vary:
  mti = \"0200\"
  cards = [\"4111111111111111\", \"5413330089010012\"]
  amount = [100, 9999]
  [fields]
  2 = \"4111111111111111\"
  3 = \"000000\"
  …

Examples:
  banklink load 127.0.0.1:7000 --connections 16 --window 32 --duration 10s
  banklink load 127.0.0.1:7000 --rate 20000 --connections 16 --duration 10s --warm-up 1s --json
  banklink load 127.0.0.1:7000 --rate 200 --duration 60s --timeout 30s --unanswered repeat --report shop.json
  banklink load 127.0.0.1:7001 --dialect iso87-bcd --header tpdu --count 1000 --template purchase.toml")]
pub struct Args {
    /// Where to send to, host:port
    #[arg(value_name = "ADDRESS")]
    address: String,
    /// Connections
    #[arg(long, short, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..))]
    connections: u16,
    /// Requests outstanding on each connection
    #[arg(long, short, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=999_999))]
    window: u32,
    /// Open loop: so many requests a second over all connections
    #[arg(long, short, value_name = "N", value_parser = rate, conflicts_with = "window")]
    rate: Option<f64>,
    /// End after so long (10s unless --count is given)
    #[arg(long, value_name = "TIME", value_parser = duration)]
    duration: Option<Duration>,
    /// End after so many requests
    #[arg(long, value_name = "N")]
    count: Option<u64>,
    /// Leave this time at the start out of rates and latencies
    #[arg(long, value_name = "TIME", default_value = "0s", value_parser = duration)]
    warm_up: Duration,
    /// Give a request up after so long
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = duration)]
    timeout: Duration,
    /// What to send (TOML or JSON); a purchase of 17 fields where none is given
    #[arg(long, value_name = "FILE")]
    template: Option<PathBuf>,
    /// What becomes of a request without an answer, by time-out or because the line was lost
    #[arg(long, value_name = "WHAT", value_enum, help_heading = "When the line fails")]
    unanswered: Option<Manner>,
    /// Pause before a repeat or a reversal is sent again, doubled up to eight times this
    #[arg(long, value_name = "TIME", default_value = "2s", value_parser = duration, help_heading = "When the line fails")]
    retry: Duration,
    /// Work off repeats and reversals for so long after the last new payment
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = duration, help_heading = "When the line fails")]
    settle: Duration,
    /// Write what it believes of each payment to this file at the end (JSON)
    #[arg(long, value_name = "FILE", help_heading = "Report")]
    report: Option<PathBuf>,
    /// Its name in the report
    #[arg(long, default_value = "acquirer", help_heading = "Report")]
    name: String,
    /// Print the result as JSON, and no progress bar
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    link: Link,
    #[command(flatten)]
    tls: Tls,
}

/// The choices of `--unanswered`.
#[derive(clap::ValueEnum, Clone, Copy, Debug)]
enum Manner {
    /// Given up and counted as an error; the line is made again
    Ignore,
    /// Sent again as a repeat: 0201
    Repeat,
    /// Reversed with a request: 0400, 0401
    Reverse,
    /// Reversed with an advice: 0420, 0421
    ReverseAdvice,
}

impl From<Manner> for Unanswered {
    fn from(manner: Manner) -> Self {
        match manner {
            Manner::Ignore => Self::Ignore,
            Manner::Repeat => Self::Repeat,
            Manner::Reverse => Self::Reverse,
            Manner::ReverseAdvice => Self::ReverseAdvice,
        }
    }
}

fn rate(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(rate) if (0.001..=10_000_000.0).contains(&rate) => Ok(rate),
        _ => Err("a number of requests a second, from 0.001 to 10000000".into()),
    }
}

/// Runs the load, prints the result; an error in any answer is a failure.
pub(super) fn run(args: &Args) -> Result<(), Failure> {
    let dialect = args.link.dialect()?;
    let template = match &args.template {
        None => Template::purchase(dialect.version()),
        Some(file) => {
            let wrong = |error: &dyn std::fmt::Display| Failure::wrong(format_args!("{}: {error}", file.display()));
            let text = fs::read_to_string(file).map_err(|error| wrong(&error))?;
            Template::parse(&text).map_err(|error| wrong(&error))?
        }
    };
    let plan = plan(args);
    let run = Arc::new(Mutex::new(Run::new(&template, &dialect, &args.link.framing(), plan)?));
    let tls = args.tls.connector(&args.address)?;
    let driven = block_on(async {
        tokio::select! {
            driven = drive(&run, &args.address, tls) => Ok(driven),
            stopped = stop_on_signal(&run) => stopped,
            () = progress(&run, args.json) => Ok(Ok(())),
        }
    })?;
    let results = lock(&run).results().clone();
    let summary = results.summary();
    if args.json {
        print(&format!("{}\n", serde_json::to_string_pretty(&summary)?))?;
    } else if results.sent > 0 {
        print(&format!("{}\n", summary.table()))?;
    }
    if let Some(file) = &args.report {
        let wrong = |error| Failure::wrong(format_args!("{}: {error}", file.display()));
        belief::write_json(&args.name, &lock(&run), fs::File::create(file).map_err(wrong)?).map_err(wrong)?;
    }
    driven.map_err(|error| Failure::wrong(format_args!("{}: {}", args.address, explain(&error))))?;
    if results.errors() > 0 { Err(Failure::told()) } else { Ok(()) }
}

fn plan(args: &Args) -> Plan {
    let Args { retry, settle, .. } = *args;
    Plan {
        connections: args.connections,
        window: args.window,
        rate: args.rate,
        count: args.count,
        duration: args.duration.or_else(|| args.count.is_none().then(|| Duration::from_secs(10))),
        warm_up: args.warm_up,
        timeout: args.timeout,
        keep: if args.report.is_some() { LISTED } else { 0 },
        follow: args.unanswered.map(|manner| Follow { unanswered: manner.into(), retry, settle }),
    }
}

/// The first signal ends the sending; what is on its way is still waited for. A second one ends at once.
async fn stop_on_signal(run: &Shared) -> Result<std::io::Result<()>, Failure> {
    interrupted().await?;
    lock(run).stop();
    interrupted().await?;
    Ok(Ok(()))
}

/// Moves the progress bar; never completes.
async fn progress(run: &Shared, quiet: bool) {
    if quiet {
        return std::future::pending().await;
    }
    let plan = lock(run).plan().clone();
    let length = plan.count.or_else(|| plan.duration.map(|duration| duration.as_millis() as u64));
    let bar = length.map_or_else(ProgressBar::new_spinner, ProgressBar::new);
    bar.set_style(ProgressStyle::with_template("{bar:32} {percent:>3} %  {msg}").expect("a constant template"));
    let mut tick = tokio::time::interval(PROGRESS);
    let mut before = 0;
    loop {
        tick.tick().await;
        let (elapsed, results) = {
            let run = lock(run);
            (run.elapsed(), (run.results().sent, run.results().answered, run.results().errors()))
        };
        let (sent, answered, errors) = results;
        bar.set_position(if plan.count.is_some() { sent } else { elapsed.as_millis() as u64 });
        let rate = (answered - before) as f64 / PROGRESS.as_secs_f64();
        before = answered;
        bar.set_message(format!("{rate:.0} payments/s, {answered} answered, {errors} errors"));
    }
}
