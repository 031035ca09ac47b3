//! `banklink route explain`: which rule a payment meets, and why no other.

use super::{
    Failure,
    admin::{Admin, By},
    check::describe_route,
    print,
};
use crate::{
    config::Config,
    rules::Rules,
    switch::{
        AcquirerId,
        explain::{Considered, Explanation, Finding as Met, Question, Verdict, explain},
    },
};
use banklink_protocol::{
    Mti,
    element::{Currency, Pan, ProcessingCode},
};
use std::{fmt::Write, path::PathBuf};

/// Routing.
#[derive(clap::Args, Debug)]
#[command(after_help = "\
Examples:
  banklink route explain config.toml --pan 4111111111111111 --amount 12500 --currency USD
  banklink route explain config.toml --receiving 12345 --processing 400000
  banklink route off cards --by ann --reason 'the bank is moving house'
  banklink route on cards --by ann")]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand, Debug)]
enum Command {
    /// Say which rule a payment meets, and why no other
    Explain(Explain),
    /// Refuse what would go by a route of a running switch (91), until it is turned on again, also after a restart
    Off(Turn),
    /// Take it again
    On(Turn),
}

/// A route of a running switch, to be turned off or on.
#[derive(clap::Args, Debug)]
struct Turn {
    /// Its name in the configuration
    route: String,
    #[command(flatten)]
    by: By,
    #[command(flatten)]
    admin: Admin,
}

impl Turn {
    fn turn(&self, state: &str) -> Result<(), Failure> {
        self.by.command(&self.admin, &["routes", &self.route, state])?;
        print(&format!("route {} is {state}\n", self.route))
    }
}

/// Says which rule a payment meets, and why no other. The card number is never shown whole.
#[derive(clap::Args)]
struct Explain {
    /// The configuration, a TOML file
    config: PathBuf,
    /// Card number (DE2)
    #[arg(long)]
    pan: Option<String>,
    /// Amount in minor units (DE4)
    #[arg(long)]
    amount: Option<u64>,
    /// Currency, letters or digits (DE49)
    #[arg(long)]
    currency: Option<String>,
    /// Message type
    #[arg(long, default_value = "0200")]
    mti: Mti,
    /// Processing code (DE3)
    #[arg(long)]
    processing: Option<String>,
    /// Merchant category code (DE18)
    #[arg(long)]
    mcc: Option<u16>,
    /// Receiving institution (DE100)
    #[arg(long)]
    receiving: Option<u64>,
    /// Acquiring institution (DE32)
    #[arg(long)]
    acquiring: Option<u64>,
    /// Which acquirer asks; the first of the configuration if not said
    #[arg(long)]
    acquirer: Option<String>,
}

impl std::fmt::Debug for Explain {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Explain").field("config", &self.config).field("mti", &self.mti).finish_non_exhaustive()
    }
}

/// Runs the command.
pub(super) fn run(args: &Args) -> Result<(), Failure> {
    let args = match &args.command {
        Command::Off(turn) => return turn.turn("off"),
        Command::On(turn) => return turn.turn("on"),
        Command::Explain(args) => args,
    };
    let config = Config::load(&args.config).map_err(Failure::wrong)?;
    let question = question(args, &config.rules)?;
    let masked = question.pan.as_ref().map_or_else(|| "no card".to_owned(), Pan::masked);
    let explanation = explain(&config.rules, &question);
    print(&describe(&config.rules, &masked, &explanation))?;
    match explanation.verdict {
        Verdict::Fires { .. } => Ok(()),
        Verdict::NoRange | Verdict::NoRoute => Err(Failure::told()),
    }
}

fn question(args: &Explain, rules: &Rules) -> Result<Question, Failure> {
    let pan = args
        .pan
        .as_deref()
        .map(|text| Pan::parse(text.as_bytes()).ok_or_else(|| Failure::usage("--pan wants 8 to 19 digits")));
    let processing = args.processing.as_deref().map(|text| {
        ProcessingCode::parse(text.as_bytes()).ok_or_else(|| Failure::usage("--processing wants six characters"))
    });
    let currency = args.currency.as_deref().map(|text| {
        let parsed = Currency::parse(text.as_bytes()).map(Currency::code);
        parsed.ok_or_else(|| Failure::usage("--currency wants three letters or three digits"))
    });
    let acquirer = match &args.acquirer {
        None => AcquirerId(0),
        Some(wanted) => find_acquirer(rules, wanted)?,
    };
    Ok(Question {
        acquirer,
        mti: args.mti,
        pan: pan.transpose()?,
        processing: processing.transpose()?,
        amount: args.amount,
        currency: currency.transpose()?,
        mcc: args.mcc,
        receiving: args.receiving,
        acquiring: args.acquiring,
    })
}

fn find_acquirer(rules: &Rules, wanted: &str) -> Result<AcquirerId, Failure> {
    let place = rules.acquirers.iter().position(|acquirer| &*acquirer.name == wanted);
    let id = place.and_then(|place| u16::try_from(place).ok()).map(AcquirerId);
    id.ok_or_else(|| {
        let known: Vec<_> = rules.acquirers.iter().map(|acquirer| &*acquirer.name).collect();
        Failure::usage(format_args!("no acquirer \"{wanted}\"; there are: {}", known.join(", ")))
    })
}

fn describe(rules: &Rules, card: &str, explanation: &Explanation) -> String {
    let mut text = match &explanation.verdict {
        Verdict::Fires { route, targets } => {
            let name = &rules.routes[*route].name;
            let banks: Vec<_> = targets.iter().map(|bank| &*rules.banks[usize::from(bank.0)].name).collect();
            format!("{card}: rule \"{name}\" fires, to {}\n", banks.join(", then "))
        }
        Verdict::NoRange => format!("{card}: no card range covers it, answered 15\n"),
        Verdict::NoRoute => format!("{card}: no rule takes it, answered 92\n"),
    };
    for considered in &explanation.rules {
        let _ = writeln!(text, "  {:<16} {}", considered.name, reason(considered));
        let _ = writeln!(text, "  {:<16}   {}", "", describe_route(rules, &rules.routes[considered.route]));
    }
    text
}

fn reason(considered: &Considered) -> String {
    match &considered.finding {
        Met::Fires(Some(range)) => format!("fires, by the range {:011}-{:011}", range.low, range.high),
        Met::Fires(None) => "fires".to_owned(),
        Met::Behind => "would take it too, but comes behind".to_owned(),
        Met::Unmet { condition, has } => format!("not met: {condition}, the payment has {has}"),
    }
}
