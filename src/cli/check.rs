//! `banklink check`: every mistake of a configuration, or what it would run.

use super::{Failure, print};
use crate::{
    config::Config,
    net::bank::Direction,
    rules::{Bank, Route, Rules, Strategy},
};
use std::{fmt::Write, path::PathBuf};

/// Checks a configuration whole, without binding a port or reaching out to anyone.
#[derive(clap::Args, Debug)]
#[command(after_help = "\
Certificates, keys and dialects that the configuration names are read as well. No port is bound and nobody is dialled.

Examples:
  banklink check config.toml && systemctl reload banklink")]
pub struct Args {
    /// The configuration, a TOML file
    config: PathBuf,
}

/// Runs the command.
pub(super) fn run(args: &Args) -> Result<(), Failure> {
    match Config::load(&args.config) {
        Ok(config) => print(&summary(&config)),
        Err(errors) => {
            let count = errors.0.len();
            let noun = if count == 1 { "mistake" } else { "mistakes" };
            Err(Failure::wrong(format_args!("{count} {noun}\n{errors}")))
        }
    }
}

fn summary(config: &Config) -> String {
    let mut text = String::new();
    acquirers(&mut text, config);
    banks(&mut text, config);
    text.push_str("routes\n");
    for route in &config.rules.routes {
        let _ = writeln!(text, "  {:<16} {}", route.name, describe_route(&config.rules, route));
    }
    match &config.admin {
        Some(admin) => {
            let rest = if admin.tls.is_some() { ", over TLS the rest for those with a token" } else { "" };
            let _ = writeln!(text, "admin              {}: /healthz /readyz /metrics{rest}", admin.listen);
            if let Some(socket) = &admin.socket {
                let _ = writeln!(text, "                   {}: all of it, for its owner", socket.display());
            }
        }
        None => text.push_str("admin              none\n"),
    }
    text.push_str("the configuration is fine\n");
    text
}

fn acquirers(text: &mut String, config: &Config) {
    text.push_str("acquirers\n");
    for (acquirer, rule) in config.acquirers.iter().zip(&config.rules.acquirers) {
        let tls = if acquirer.tls.is_some() { "TLS" } else { "plain TCP" };
        let _ = writeln!(
            text,
            "  {:<16} {} {tls}, {}, {}, at most {} sessions and {} requests in flight",
            acquirer.name,
            acquirer.listen,
            acquirer.dialect.name(),
            acquirer.framing.name(),
            acquirer.max_sessions,
            rule.max_in_flight,
        );
    }
}

fn banks(text: &mut String, config: &Config) {
    text.push_str("banks\n");
    for (bank, rule) in config.banks.iter().zip(&config.rules.banks) {
        let way = match &bank.direction {
            Direction::Dial { addresses, .. } => {
                format!("{} connections to {}", rule.connections, addresses.join(", "))
            }
            Direction::Accept { listen, client_name, .. } => {
                format!("at most {} connections from {} on {listen}", rule.connections, client_name.to_str())
            }
        };
        let (dialect, framing) = (bank.dialect.name(), bank.framing.name());
        let _ = writeln!(text, "  {:<16} {way}, {dialect}, {framing}, {}", bank.name, timers(rule));
    }
}

fn timers(bank: &Bank) -> String {
    let sign_on = if bank.link.sign_on { "sign-on" } else { "no sign-on" };
    format!("answer within {:?}, {sign_on}, echo after {:?}", bank.answer_timeout, bank.link.echo_idle)
}

/// A rule in one line: its conditions, and where it leads.
pub(super) fn describe_route(rules: &Rules, route: &Route) -> String {
    let mut conditions = Vec::new();
    let mut list = |what: &str, items: Vec<String>| {
        if !items.is_empty() {
            conditions.push(format!("{what} {}", items.join(", ")));
        }
    };
    list("cards", route.cards.iter().map(|range| format!("{:011}-{:011}", range.low, range.high)).collect());
    list("banks", route.institutions.iter().map(ToString::to_string).collect());
    list("classes", route.classes.iter().map(ToString::to_string).collect());
    list("processing", route.processing.iter().map(|(low, high)| format!("{low:02}-{high:02}")).collect());
    list("currencies", route.currencies.iter().map(ToString::to_string).collect());
    list("amount", route.amount.iter().map(|(low, high)| format!("{low}-{high}")).collect());
    list("mcc", route.mcc.iter().map(|(low, high)| format!("{low:04}-{high:04}")).collect());
    let acquirer = |id: &crate::switch::AcquirerId| rules.acquirers[usize::from(id.0)].name.to_string();
    list("from", route.acquirers.iter().map(acquirer).collect());
    if conditions.is_empty() {
        conditions.push("everything".to_owned());
    }
    let weighted = route.strategy == Strategy::Weight;
    let target = |target: &crate::rules::Target| {
        let name = &rules.banks[usize::from(target.bank.0)].name;
        if weighted { format!("{name} ×{}", target.weight) } else { name.to_string() }
    };
    let targets: Vec<_> = route.targets.iter().map(target).collect();
    let strategy = match route.strategy {
        Strategy::Priority => "in this order",
        Strategy::Weight => "by weight",
        Strategy::RoundRobin => "in turn",
    };
    let how = if targets.len() > 1 { format!(" {strategy}") } else { String::new() };
    format!("{} → {}{how}", conditions.join("; "), targets.join(", "))
}
