//! `banklink run`: the switch.

use super::Failure;
use crate::{
    config::Config,
    driver::{self, Control, Handle, Snapshot},
    telemetry,
};
use std::{
    path::{Path, PathBuf},
    time::Duration,
};
use tokio::signal::unix::{Signal, SignalKind, signal};

/// How often our certificates are looked at.
const DAY: Duration = Duration::from_hours(24);
/// So many days before a certificate of ours expires there are warnings.
const WARNED_AHEAD: i64 = 30;

/// Runs the switch until SIGTERM or SIGINT: then new requests are refused (91), those in flight are finished, the banks
/// are signed off, and the exit code is 0. A second signal ends it at once. SIGHUP puts the rules of the file as it is then
/// in force; what is in flight goes on.
#[derive(clap::Args, Debug)]
#[command(after_help = "\
SIGTERM and SIGINT drain: new requests are refused, those in flight finish or time out, the banks are signed off, and the
exit code is 0; a second signal ends at once. SIGHUP, like `banklink reload`, puts the file as it is then in force: routes,
codes, timers and limits for what comes; certificates, revocation lists and addresses to dial for connections that are made
from then on, and those whose certificates changed are made anew one after another.

Examples:
  banklink run config.toml
  kill -HUP $(pidof banklink)")]
pub struct Args {
    /// The configuration, a TOML file
    config: PathBuf,
}

/// Runs the command.
pub(super) fn run(args: &Args) -> Result<(), Failure> {
    let config = Config::load(&args.config).map_err(Failure::wrong)?;
    let _logging = telemetry::start(&config.log);
    config.remarks().iter().for_each(|remark| tracing::warn!(remark, "not carried over into a dialect"));
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
    let ended = runtime.block_on(supervise(&switch.control(), &mut signals, &args.config));
    finish(switch, ended)
}

/// How the switch came to its end.
enum Ended {
    Drained,
    AtOnce,
}

async fn supervise(control: &Control, signals: &mut Signals, file: &Path) -> Ended {
    // The first tick is at once.
    let mut days = tokio::time::interval(DAY);
    loop {
        let heard = tokio::select! {
            heard = signals.next() => heard,
            () = control.ended() => return Ended::Drained,
            _ = days.tick() => {
                warn_of_certificates(&control.snapshot().await);
                continue;
            }
        };
        match heard {
            Heard::Reload => {
                reload(control, file).await;
                days.reset_immediately();
            }
            Heard::End(name) => {
                tracing::info!(signal = name, "draining; a second signal ends at once");
                break;
            }
        }
    }
    control.drain();
    loop {
        tokio::select! {
            heard = signals.next() => if matches!(heard, Heard::End(_)) { return Ended::AtOnce },
            () = control.ended() => return Ended::Drained,
        }
    }
}

/// Certificates of ours that are to be replaced soon.
fn warn_of_certificates(snapshot: &Snapshot) {
    let now = jiff::Timestamp::now().as_second();
    let acquirers = snapshot.acquirers.iter().map(|acquirer| ("acquirer", &acquirer.name, acquirer.certificate));
    let banks = snapshot.banks.iter().map(|bank| ("bank", &bank.name, bank.certificate));
    for (kind, name, expires) in acquirers.chain(banks) {
        let Some(days) = expires.map(|expires| (expires - now).div_euclid(DAY.as_secs() as i64)) else { continue };
        if days < 0 {
            tracing::error!(kind, name = &**name, "ALARM: our certificate has expired");
        } else if days < WARNED_AHEAD {
            tracing::warn!(kind, name = &**name, days, "our certificate expires soon");
        }
    }
}

/// SIGHUP: the rules of the file as it is now. A file with mistakes changes nothing.
async fn reload(control: &Control, file: &Path) {
    match control.reload_from(file).await {
        Ok(()) => tracing::info!(file = %file.display(), "reloaded"),
        Err(error) => tracing::error!(file = %file.display(), %error, "not reloaded"),
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
    reload: Signal,
}

impl Signals {
    fn new() -> std::io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            reload: signal(SignalKind::hangup())?,
        })
    }

    async fn next(&mut self) -> Heard {
        tokio::select! {
            _ = self.terminate.recv() => Heard::End("SIGTERM"),
            _ = self.interrupt.recv() => Heard::End("SIGINT"),
            _ = self.reload.recv() => Heard::Reload,
        }
    }
}

enum Heard {
    End(&'static str),
    Reload,
}
