//! `banklink run`: the switch.

use super::Failure;
use crate::{
    config::Config,
    driver::{self, Control, Handle},
    telemetry,
};
use std::path::PathBuf;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Runs the switch until SIGTERM or SIGINT: then new requests are refused (91), those in flight are finished, the banks
/// are signed off, and the exit code is 0. A second signal ends it at once.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// The configuration, a TOML file
    config: PathBuf,
}

/// Runs the command.
pub fn run(args: &Args) -> Result<(), Failure> {
    let config = Config::load(&args.config).map_err(Failure::wrong)?;
    let _logging = telemetry::start(&config.log);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    // Before the switch: a signal that comes early is not to be lost.
    let mut signals = runtime.block_on(async { Signals::new() })?;
    let names: Vec<_> = config.rules.acquirers.iter().map(|acquirer| acquirer.name.clone()).collect();
    let switch = driver::spawn(config)?;
    for name in &names {
        if let Some(address) = switch.acquirer(name) {
            tracing::info!(acquirer = &**name, %address, "listening");
        }
    }
    if let Some(address) = switch.admin() {
        tracing::info!(%address, "admin endpoint");
    }
    let ended = runtime.block_on(supervise(&switch.control(), &mut signals));
    finish(switch, ended)
}

/// How the switch came to its end.
enum Ended {
    Drained,
    AtOnce,
}

async fn supervise(control: &Control, signals: &mut Signals) -> Ended {
    tokio::select! {
        name = signals.next() => tracing::info!(signal = name, "draining; a second signal ends at once"),
        () = control.ended() => return Ended::Drained,
    }
    control.drain();
    tokio::select! {
        _ = signals.next() => Ended::AtOnce,
        () = control.ended() => Ended::Drained,
    }
}

fn finish(switch: Handle, ended: Ended) -> Result<(), Failure> {
    match ended {
        Ended::Drained => {
            let last = switch.join();
            let in_flight: u64 = last.acquirers.iter().map(|acquirer| acquirer.in_flight).sum();
            tracing::info!(in_flight, "ended");
            Ok(())
        }
        Ended::AtOnce => {
            drop(switch);
            Err(Failure::wrong("ended by a second signal, with requests in flight unanswered"))
        }
    }
}

struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    fn new() -> std::io::Result<Self> {
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
        }
    }
}
