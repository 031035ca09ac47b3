//! `banklink demo`

use super::{Failure, link::interrupted, print};
use crate::demo::{Demo, PAYMENTS, Settings, report, screen::Screen};
use std::{pin::pin, time::Duration};

/// Arguments of `banklink demo`.
#[derive(clap::Args, Debug)]
#[command(after_help = "\
Three simulated banks behind mutual TLS (ASCII, BCD, EBCDIC), two acquirer front ends (ASCII, BCD with TPDU), the switch
between them, all in this process, over sockets of this machine. Nothing is written anywhere; certificates are thrown
away. At the end the three books of every payment are compared; the exit code is 1 if they disagree in anything but the
payments a bank did not answer in time.

Examples:
  banklink demo
  banklink demo --seconds 10 --rate 2000")]
pub struct Args {
    /// Send payments for so long; Ctrl-C ends earlier
    #[arg(long, value_name = "N", default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=3600))]
    seconds: u32,
    /// Payments a second
    #[arg(long, value_name = "N", default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..=50_000))]
    rate: u32,
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
