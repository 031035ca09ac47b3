//! `banklink journal`

use super::{Failure, print};
use crate::journal::{self, Entry, KeySource, MasterKey, Scan};
use std::{
    path::{Path, PathBuf},
    time::Duration,
};

/// How often a growing journal is looked at.
const GLANCE: Duration = Duration::from_millis(200);

/// Arguments of `banklink journal`.
#[derive(clap::Args, Debug)]
#[command(after_help = "\
Everything is masked: of a card the first six and the last four digits, of a stored body which fields it has.
verify, show, tail and export work while a switch writes; repair and rekey want the journal for themselves.

Examples:
  banklink journal verify journal
  banklink journal show journal --rrn 632707000007
  banklink journal tail journal -n 20 --follow
  banklink journal export journal > records.jsonl
  banklink journal key /run/secrets/banklink.key
  banklink journal rekey journal --old file:old.key --new env:BANKLINK_KEY")]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand, Debug)]
enum Command {
    /// Read everything and say what is there; damage makes the exit code 1
    Verify {
        /// The journal's folder
        folder: PathBuf,
    },
    /// Cut off a last commit that is not whole; with --force also put damage aside
    Repair {
        /// The journal's folder
        folder: PathBuf,
        /// Put what is damaged in the middle aside into a file, and go on behind it
        #[arg(long)]
        force: bool,
    },
    /// The last records, one a line
    Tail {
        /// The journal's folder
        folder: PathBuf,
        /// How many
        #[arg(short = 'n', default_value_t = 10)]
        count: usize,
        /// Go on with what is written from now on
        #[arg(short, long)]
        follow: bool,
    },
    /// The records of one payment and of what is stored for it
    Show {
        /// The journal's folder
        folder: PathBuf,
        /// The acquirer's RRN (DE37)
        #[arg(long)]
        rrn: String,
    },
    /// All records as JSON, one a line
    Export {
        /// The journal's folder
        folder: PathBuf,
    },
    /// Make a master key: a file that only its owner can read
    Key {
        /// The file, which must not exist
        file: PathBuf,
    },
    /// Wrap all data keys under another master key
    Rekey {
        /// The journal's folder
        folder: PathBuf,
        /// The present master key, file:PATH or env:NAME
        #[arg(long)]
        old: String,
        /// The new one
        #[arg(long)]
        new: String,
    },
}

/// Runs the command.
pub(super) fn run(args: &Args) -> Result<(), Failure> {
    match &args.command {
        Command::Verify { folder } => verify(folder),
        Command::Repair { folder, force } => repair(folder, *force),
        Command::Tail { folder, count, follow } => tail(folder, *count, *follow),
        Command::Show { folder, rrn } => show(folder, rrn),
        Command::Export { folder } => {
            for entry in journal::scan(folder, None)? {
                print(&line(&entry?))?;
            }
            Ok(())
        }
        Command::Key { file } => Ok(MasterKey::make(file)?),
        Command::Rekey { folder, old, new } => {
            let count = journal::rekey(folder, &master(old)?, &master(new)?)?;
            print(&format!("{count} keys are wrapped under the new master key\n"))
        }
    }
}

fn verify(folder: &Path) -> Result<(), Failure> {
    let report = journal::verify(folder)?;
    let mut text = String::new();
    for segment in &report.segments {
        let journal::SegmentReport { number, first, commits, records, bytes, lost } = segment;
        text +=
            &format!("segment {number}: {records} records from position {first} on, {commits} commits, {bytes} bytes");
        text += &if *lost > 0 { format!(", {lost} records lost by a repair\n") } else { "\n".to_owned() };
    }
    if let Some(torn) = &report.torn {
        text += &format!("{}: offset {}: {} (cut off when the journal is opened)\n", torn.file, torn.offset, torn.why);
    }
    for file in &report.indexes {
        text += &format!("{file}: not whole (made again when it is needed)\n");
    }
    for damage in &report.damages {
        text += &format!("DAMAGED {}: offset {}: {}\n", damage.file, damage.offset, damage.why);
    }
    print(&text)?;
    if report.damages.is_empty() { Ok(()) } else { Err(Failure::told()) }
}

fn repair(folder: &Path, force: bool) -> Result<(), Failure> {
    let repaired = journal::repair(folder, force)?;
    let mut text = match &repaired.torn {
        Some(torn) => format!("{}: cut off at offset {}: {}\n", torn.file, torn.offset, torn.why),
        None => String::new(),
    };
    for (damage, aside) in &repaired.aside {
        text += &format!("{}: offset {}: {}; put aside into {aside}\n", damage.file, damage.offset, damage.why);
    }
    text += &match repaired.lost {
        0 => "nothing is lost\n".to_owned(),
        lost => format!("{lost} records are lost\n"),
    };
    print(&text)
}

fn tail(folder: &Path, count: usize, follow: bool) -> Result<(), Failure> {
    let mut scan = journal::scan(folder, None)?;
    let mut last = std::collections::VecDeque::with_capacity(count + 1);
    for entry in scan.by_ref() {
        last.push_back(line(&entry?));
        if last.len() > count {
            last.pop_front();
        }
    }
    print(&last.into_iter().collect::<String>())?;
    if follow { go_on(&mut scan) } else { Ok(()) }
}

fn go_on(scan: &mut Scan) -> Result<(), Failure> {
    let (_never, pause) = std::sync::mpsc::channel::<()>();
    loop {
        for entry in scan.by_ref() {
            print(&line(&entry?))?;
        }
        let _ = pause.recv_timeout(GLANCE);
    }
}

/// First which payments have the RRN, then all that is said of them and of what was stored for them.
fn show(folder: &Path, rrn: &str) -> Result<(), Failure> {
    let mut numbers = std::collections::BTreeSet::new();
    let mut text = String::new();
    for entry in journal::scan(folder, None)? {
        let entry = entry?;
        let value = journal::to_json(&entry.record);
        let number = |key: &str| value.get(key).and_then(serde_json::Value::as_u64);
        if value.get("rrn").and_then(serde_json::Value::as_str).is_some_and(|other| other.trim() == rrn.trim())
            || number("of").is_some_and(|of| numbers.contains(&of))
        {
            numbers.extend(number("payment").or_else(|| number("item")));
        }
        if number("payment").or_else(|| number("item")).is_some_and(|number| numbers.contains(&number)) {
            text += &line(&entry);
        }
    }
    if text.is_empty() {
        return Err(Failure::wrong(format!("no payment has the RRN {rrn}")));
    }
    print(&text)
}

fn line(entry: &Entry) -> String {
    let mut value = journal::to_json(&entry.record);
    if let Some(object) = value.as_object_mut() {
        object.insert("position".into(), entry.position.0.into());
        object.insert("segment".into(), entry.segment.into());
        object.insert("offset".into(), entry.offset.into());
    }
    format!("{value}\n")
}

fn master(text: &str) -> Result<MasterKey, Failure> {
    let unknown = || Failure::usage("a master key is file:PATH or env:NAME");
    let source = KeySource::parse(text).ok_or_else(unknown)?;
    Ok(MasterKey::load(&source)?)
}
