//! `banklink bank`

use super::{
    Failure,
    link::{Link, Tls, block_on, interrupted},
    print,
};
use crate::simulator::bank::{
    Bank,
    books::{Books, ENTRIES},
    report,
    rules::{Rules, duration},
    serve::Server,
};
use std::{fs, path::PathBuf, time::Duration};
use tokio::net::TcpListener;

/// Arguments of `banklink bank`.
#[derive(clap::Args, Debug)]
#[command(after_help = "\
The bank approves everything, unless a rule says otherwise. Rules are TOML; the first that matches wins:

  default = \"00\"                  # DE39 where no rule matches
  network = \"00\"                  # DE39 of the answers to sign-on, echo and sign-off
  unknown_original = \"25\"         # to a reversal of what was never seen; that is declined when it comes,
  overtaken = \"05\"                # with this
  already_reversed = \"94\"         # to another reversal of what is reversed
  [[rule]]
  name = \"no funds\"
  amount = [5000, 5999]           # DE4 in minor units; or one amount
  answer = \"51\"
  [[rule]]
  name = \"silent\"
  card = \"541333\"                 # a prefix or all of it; also: terminal, processing, mti
  every = 20                      # each 20th of them
  then = \"silence\"              # answer, double, close, garbage, wrong-amount, wrong-stan
  books = true                    # it books what it does not answer
  delay = \"250ms\"                 # later; longer than the switch waits = a late answer
  [[rule]]
  mti = \"04\"                      # every reversal; a rule without mti is about payments only
  times = 2                       # the first two tries of each
  answer = \"96\"

A message that comes again is answered as before and has no second effect. With --books everything is on disk before
it is answered, and read back at start: the bank may be killed at any moment.

It ends with SIGINT or SIGTERM. The report names every request it saw, card numbers masked.

Examples:
  banklink bank --listen 127.0.0.1:7001
  banklink bank --listen 127.0.0.1:7001 --dialect iso87-bcd --header tpdu --rules rules.toml --report seen.json
  banklink bank --listen 127.0.0.1:7001 --books alpha.jsonl
  banklink bank --listen 0.0.0.0:7001 --cert bank-server.pem --key bank-server.key --ca ca.pem
  banklink bank --dial switch.example:7100 --cert bank-client.pem --key bank-client.key --ca ca.pem")]
pub struct Args {
    /// Take connections here; port 0 takes a free one, which is printed
    #[arg(long, value_name = "ADDRESS", required_unless_present = "dial")]
    listen: Option<String>,
    /// Dial the switch instead, again and again
    #[arg(long, value_name = "ADDRESS", conflicts_with = "listen")]
    dial: Option<String>,
    #[command(flatten)]
    link: Link,
    #[command(flatten)]
    tls: Tls,
    /// How it decides (TOML)
    #[arg(long, value_name = "FILE", help_heading = "Behaviour")]
    rules: Option<PathBuf>,
    /// Send an echo of our own (0800) on a connection that was silent for so long, e.g. 30s
    #[arg(long, value_name = "TIME", value_parser = duration, help_heading = "Behaviour")]
    echo: Option<Duration>,
    /// Its name in the report
    #[arg(long, default_value = "bank", help_heading = "Books")]
    name: String,
    /// Write all it saw to this file at the end (JSON)
    #[arg(long, value_name = "FILE", help_heading = "Books")]
    report: Option<PathBuf>,
    /// Keep the books in this file (made if it does not exist), each entry synced before it is answered
    #[arg(long, value_name = "FILE", help_heading = "Books")]
    books: Option<PathBuf>,
    /// List at most so many messages, about 180 bytes each; 0 keeps totals only (and accepts every reversal)
    #[arg(long, value_name = "N", default_value_t = ENTRIES, help_heading = "Books")]
    entries: usize,
}

/// Runs the bank until it is interrupted.
pub(super) fn run(args: &Args) -> Result<(), Failure> {
    let dialect = args.link.dialect()?;
    let rules = match &args.rules {
        None => Rules::approve_all(dialect.version()),
        Some(file) => {
            let wrong = |error: &dyn std::fmt::Display| Failure::wrong(format_args!("{}: {error}", file.display()));
            let text = fs::read_to_string(file).map_err(|error| wrong(&error))?;
            Rules::parse(&text, dialect.version()).map_err(|error| wrong(&error))?
        }
    };
    let books = match &args.books {
        None => Books::new(args.entries),
        Some(file) => Books::open(args.entries, file)?,
    };
    let bank = Bank::new(&args.name, dialect, args.link.framing(), rules, books);
    let server = Server::new(bank, args.echo);
    block_on(async {
        tokio::select! {
            // Before it says that it listens: a signal that comes then is not to be lost.
            biased;
            interrupted = interrupted() => interrupted?,
            served = serve(args, &server) => served?,
        }
        server.stop().await;
        Ok(())
    })?;
    let bank = server.bank();
    if let Some(file) = &args.report {
        let wrong = |error| Failure::wrong(format_args!("{}: {error}", file.display()));
        report::write_json(&bank, fs::File::create(file).map_err(wrong)?).map_err(wrong)?;
    }
    print(&format!("{}\n", report::summary(&bank)))
}

async fn serve(args: &Args, server: &Server) -> Result<(), Failure> {
    if let Some(address) = &args.dial {
        let tls = args.tls.connector(address)?;
        print(&format!("dialling {address}\n"))?;
        server.dial(address, tls).await;
        return Ok(());
    }
    let address = args.listen.as_deref().unwrap_or_default();
    let tls = args.tls.acceptor()?;
    let listener =
        TcpListener::bind(address).await.map_err(|error| Failure::wrong(format_args!("{address}: {error}")))?;
    print(&format!("listening on {}\n", listener.local_addr()?))?;
    Ok(server.listen(listener, tls).await?)
}
