//! `banklink demo`

use super::{Failure, link::interrupted, print};
use crate::demo::{
    Demo, PAYMENTS, Settings,
    chaos::{self, Chaos, Victims},
    report,
    screen::Screen,
};
use std::{fs, path::Path, pin::pin, sync::atomic::Ordering, time::Duration};

/// The last reversals of a run with `--chaos` are waited for so long while nothing changes.
const SETTLE: Duration = Duration::from_secs(30);

/// Arguments of `banklink demo`.
#[derive(clap::Args, Debug)]
#[command(after_help = "\
Three simulated banks behind mutual TLS (ASCII, BCD, EBCDIC), two acquirer front ends (ASCII, BCD with TPDU), the switch
between them, all in this process, over sockets of this machine. Nothing is written anywhere; certificates are thrown
away. At the end the three books of every payment are compared; the exit code is 1 if they disagree in anything but the
payments a bank did not answer in time.

With --chaos switch and banks are processes of their own, and SIGKILL takes one after the other under load; banks answer
late, twice or never, and some book what they never answer. The acquirers repeat or reverse what was not answered. When
all of it is settled, what they believe of each payment is held against what the banks have booked: none may be unknown,
none lost, none booked twice. Its files stand in a temporary folder, which is kept where anything disagrees.

Examples:
  banklink demo
  banklink demo --seconds 10 --rate 2000
  banklink demo --chaos --seconds 60 --rate 500 --kills 20")]
pub struct Args {
    /// Send payments for so long; Ctrl-C ends earlier
    #[arg(long, value_name = "N", default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=3600))]
    seconds: u32,
    /// Payments a second
    #[arg(long, value_name = "N", default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..=50_000))]
    rate: u32,
    /// Kill and restart the switch and the banks under load
    #[arg(long)]
    chaos: bool,
    /// How many times
    #[arg(long, value_name = "N", default_value_t = 6, requires = "chaos", value_parser = clap::value_parser!(u32).range(1..=1000))]
    kills: u32,
    /// Chooses victims and moments
    #[arg(long, value_name = "N", default_value_t = 1, requires = "chaos")]
    seed: u64,
    /// Print only the comparison, as JSON
    #[arg(long)]
    json: bool,
}

/// Gives the demonstration.
pub(super) fn run(args: &Args) -> Result<(), Failure> {
    let settings = Settings { duration: Duration::from_secs(args.seconds.into()), rate: args.rate.into() };
    if settings.rate * settings.duration.as_secs_f64() > PAYMENTS {
        return Err(Failure::usage(format_args!("--seconds × --rate is above {PAYMENTS} payments")));
    }
    if args.chaos {
        return run_chaos(args);
    }
    let mut demo = Demo::start(settings)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(show(&mut demo, args.json))?;
    let outcome = demo.finish()?;
    if args.json {
        print(&format!("{}\n", serde_json::to_string_pretty(&outcome.comparison)?))?;
    } else {
        print(&report::text(&outcome))?;
    }
    if outcome.agrees() { Ok(()) } else { Err(Failure::told()) }
}

/// Draws until every payment has ended.
async fn show(demo: &mut Demo, quiet: bool) -> Result<(), Failure> {
    let mut screen = Screen::new();
    let mut tick = tokio::time::interval(screen.pace());
    let (mut interrupt, mut stopped) = (pin!(interrupted()), false);
    loop {
        tokio::select! {
            () = demo.all_answered() => break,
            interrupted = &mut interrupt, if !stopped => {
                interrupted?;
                stopped = true;
                demo.stop_sending();
            }
            _ = tick.tick() => {
                if !quiet {
                    screen.draw(demo).await?;
                }
            }
        }
    }
    if screen.is_live() && !quiet {
        screen.draw(demo).await?;
    }
    Ok(())
}

/// Gives the demonstration that kills.
fn run_chaos(args: &Args) -> Result<(), Failure> {
    let folder = std::env::temp_dir().join(format!("banklink-chaos-{}", std::process::id()));
    let payments = f64::from(args.rate) * f64::from(args.seconds);
    let settings = chaos::Settings {
        program: std::env::current_exe()?,
        folder: folder.clone(),
        rate: args.rate.into(),
        kills: args.kills,
        between: (payments / f64::from(args.kills + 1)) as u64,
        victims: Victims::All,
        seed: args.seed,
        settle: SETTLE,
        switch: chaos::SWITCH.to_owned(),
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let outcome = runtime.block_on(play(settings, args.json)).map_err(|failure| left(failure, &folder))?;
    if args.json {
        let kills = outcome.kills.iter().map(|kill| kill.victim.as_str()).collect::<Vec<_>>();
        let report = serde_json::json!({ "agreement": outcome.agreement, "kills": kills, "agrees": outcome.agrees() });
        print(&format!("{}\n", serde_json::to_string_pretty(&report)?))?;
    } else {
        print(&chaos::report::text(&outcome))?;
    }
    if outcome.agrees() {
        fs::remove_dir_all(&folder)?;
        return Ok(());
    }
    Err(Failure::wrong(format_args!("configuration, books and logs are in {}", folder.display())))
}

/// Plays until the last kill is settled; a first interruption ends the killing.
async fn play(settings: chaos::Settings, quiet: bool) -> Result<chaos::Outcome, Failure> {
    let chaos = Chaos::start(settings).await?;
    let stop = chaos.stopper();
    let mut screen = chaos::screen::Screen::default();
    let mut drawn = Ok(());
    let outcome = {
        let mut watch = |chaos: &Chaos| {
            if !quiet && drawn.is_ok() {
                drawn = screen.draw(chaos);
            }
        };
        let mut spare = |_: &Path| Ok(());
        let mut played = pin!(chaos.play(&mut spare, &mut watch));
        tokio::select! {
            outcome = &mut played => outcome?,
            interrupted = interrupted() => {
                interrupted?;
                stop.store(true, Ordering::Relaxed);
                played.await?
            }
        }
    };
    drawn?;
    Ok(outcome)
}

/// A run that broke off leaves its files to be looked at.
fn left(failure: Failure, folder: &Path) -> Failure {
    failure.with(format_args!("what there is stands in {}", folder.display()))
}
