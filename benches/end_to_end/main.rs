//! The switch end to end, with each durability, beside a relay that does nothing but move bytes: load → switching process →
//! bank behind mutual TLS, all over loopback, each in a process of its own, the switching processes in turns.
//!
//! ```text
//! cargo bench --bench end_to_end              # about six minutes
//! cargo bench --bench end_to_end -- --quick   # about eighty seconds
//! cargo bench --bench end_to_end -- --json
//! ```
//!
//! The relay (see [`relay`]) uses the product's framing and batches as it does, but parses, routes, remembers and times
//! nothing: it swaps the STAN at a fixed offset. It is the ceiling. CPU is what the switching process used, user and
//! system time, per payment: the only figure that is steady on a shared machine. Compare only within one run.

mod cells;
mod process;
mod relay;
mod table;

use cells::{CELLS, Cell, Figures, Round};
use process::{Process, certificates, free_port};
use std::{error::Error, path::Path, process::ExitCode, time::Duration};

/// What this program may fail with.
type Outcome<T> = Result<T, Box<dyn Error>>;

/// How long to measure.
struct Pace {
    rounds: usize,
    warm_up: Duration,
    measured: Duration,
}

const FULL: Pace = Pace { rounds: 3, warm_up: Duration::from_millis(500), measured: Duration::from_millis(3500) };
const QUICK: Pace = Pace { rounds: 1, warm_up: Duration::from_millis(300), measured: Duration::from_millis(2200) };

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let has = |name: &str| arguments.iter().any(|argument| argument == name);
    let result = match arguments.first().map(String::as_str) {
        Some("--relay") => relay::run(&arguments[1..]),
        _ if has("--bench") => measure(if has("--quick") { &QUICK } else { &FULL }, has("--json"), &only(&arguments)),
        _ => {
            println!("nothing measured: run it with `cargo bench --bench end_to_end`");
            Ok(())
        }
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Cells named on the command line, e.g. `16x32`; none named means all.
fn only(arguments: &[String]) -> Vec<&'static Cell> {
    let named: Vec<_> = CELLS.iter().filter(|cell| arguments.iter().any(|name| name == cell.name)).collect();
    if named.is_empty() { CELLS.iter().collect() } else { named }
}

/// What `[switch] durability` may be.
const DURABILITIES: [&str; 3] = ["off", "os", "disk"];

/// A switching process that is measured.
struct Subject {
    name: &'static str,
    process: Process,
    address: String,
}

fn measure(pace: &Pace, json: bool, cells: &[&'static Cell]) -> Outcome<()> {
    let folder = tempfile::tempdir()?;
    let folder = folder.path();
    certificates(folder)?;
    let mut bank = start_bank(folder)?;
    let bank_address = bank.listening()?;
    let mut relay = start_relay(folder, &bank_address)?;
    let address = relay.listening()?;
    let mut subjects = vec![Subject { name: "relay", process: relay, address }];
    for durability in DURABILITIES {
        subjects.push(start_switch(folder, &bank_address, durability)?);
    }
    let mut figures = Vec::new();
    for cell in cells {
        let mut rounds = vec![Vec::new(); subjects.len()];
        for round in 0..pace.rounds {
            if !json {
                eprintln!("{} round {} of {}", cell.name, round + 1, pace.rounds);
            }
            for (subject, rounds) in subjects.iter().zip(&mut rounds) {
                rounds.push(round_of(cell, pace, &subject.process, &subject.address)?);
            }
        }
        let rounds = rounds.into_iter().map(Round::median);
        figures.push(Figures { cell, rounds: subjects.iter().map(|subject| subject.name).zip(rounds).collect() });
    }
    println!("{}", if json { table::json(&figures)? } else { table::text(&figures) });
    Ok(())
}

/// One run of the load against one switching process.
fn round_of(cell: &Cell, pace: &Pace, switching: &Process, address: &str) -> Outcome<Round> {
    let before = switching.cpu()?;
    let summary = cell.load(address, pace.warm_up, pace.measured)?;
    let cpu = switching.cpu()?.saturating_sub(before);
    Round::new(&summary, cpu, switching.memory()?)
}

fn start_bank(folder: &Path) -> Outcome<Process> {
    let file = |name: &str| folder.join(name).display().to_string();
    Process::banklink(&[
        "bank",
        "--listen",
        "127.0.0.1:0",
        "--entries",
        "0",
        "--cert",
        &file("bank-server.pem"),
        "--key",
        &file("bank-server.key"),
        "--ca",
        &file("ca.pem"),
    ])
}

fn start_switch(folder: &Path, bank: &str, durability: &'static str) -> Outcome<Subject> {
    let address = format!("127.0.0.1:{}", free_port()?);
    let config = format!(
        r#"
[switch]
durability = "{durability}"

[journal]
folder = "journal-{durability}"

[log]
level = "warn"
payments = false

[[acquirer]]
name = "load"
listen = "{address}"
dialect = "iso87-ascii"
framing = "binary2"
max_sessions = 1024
max_in_flight = 20000

[[bank]]
name = "bank"
connect = ["{bank}"]
dialect = "iso87-ascii"
framing = "binary2"
connections = 2
max_in_flight = 20000
tls = {{ ca = "ca.pem", cert = "switch-client.pem", key = "switch-client.key", server_name = "bank" }}

[[route]]
name = "cards"
cards = ["400000-599999"]
banks = ["bank"]
"#
    );
    let file = folder.join(format!("switch-{durability}.toml"));
    std::fs::write(&file, config)?;
    let process = Process::banklink(&["run", &file.display().to_string()])?;
    cells::wait_for_approval(&address)?;
    Ok(Subject { name: durability, process, address })
}

fn start_relay(folder: &Path, bank: &str) -> Outcome<Process> {
    let program = std::env::current_exe()?;
    Process::start(&program.display().to_string(), &["--relay", bank, &folder.display().to_string()])
}
