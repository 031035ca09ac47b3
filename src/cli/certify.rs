//! `banklink certify`

use super::{
    Failure,
    link::{block_on, interrupted},
    print,
};
use crate::{
    certify::{
        Pki, Script, ScriptReport, play,
        report::{junit, text},
    },
    net::time::SystemClock,
};
use std::{
    fs,
    path::{Path, PathBuf},
};

/// Arguments of `banklink certify`.
#[derive(clap::Args, Debug)]
#[command(after_help = "\
A script says what acquirers send, what the bank must be asked, how it answers and what the acquirer must be told:
  name = \"Approval\"
  [[config.acquirer]]               # a switch is started with this, on free ports, TLS and journal as in earnest;
  name = \"shop\"                     # left out: [acquirer.NAME], [bank.NAME] or [host.NAME] with addresses
  dialect = \"iso87-ascii\"
  [[config.bank]]
  name = \"acme\"
  dialect = \"iso87-bcd\"
  [[step]]
  send = \"0200\"
  as = \"payment\"
  [[step]]
  expect = \"0200\"
  same = { payment = [2, 3, 4, 41] }
  absent = [52]
  [[step]]
  answer = \"00\"
  [[step]]
  expect = \"0210\"
  within = \"2s\"
  fields = { 39 = \"00\" }
One run tells every deviation, card data masked; steps that have lost their meaning are told as not reached. All keys are
in docs/certification.md. Exit codes: 0 no deviation, 1 any, or a mistake in a script.

Examples:
  banklink certify tests/certification
  banklink certify approval.toml reversals.toml --junit certify.xml
  banklink certify tests/certification --only \"Late approval\" --json
  banklink certify tests/certification --list")]
pub struct Args {
    /// Scripts, or folders of them (*.toml)
    #[arg(value_name = "SCRIPT", required = true)]
    scripts: Vec<PathBuf>,
    /// Play only the script of this name; may be given several times
    #[arg(long, value_name = "NAME")]
    only: Vec<String>,
    /// List the scripts with their cases, and play none
    #[arg(long)]
    list: bool,
    /// Print the report as JSON
    #[arg(long)]
    json: bool,
    /// Write the report to this file as JUnit XML
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
}

/// Plays the scripts one after the other; any deviation is a failure.
pub(super) fn run(args: &Args) -> Result<(), Failure> {
    let pki = Pki::new(SystemClock::start().now().wall)?;
    let scripts = scripts(args, &pki)?;
    if args.list {
        return scripts.iter().try_for_each(|script| print(&listed(script)));
    }
    let reports = block_on(async {
        tokio::select! {
            reports = played(&scripts, &pki, args.json) => reports,
            interrupted = interrupted() => interrupted.and(Err(Failure::wrong("interrupted"))),
        }
    })?;
    if args.json {
        print(&format!("{}\n", serde_json::to_string_pretty(&reports)?))?;
    } else {
        print(&text::summary(&reports))?;
    }
    if let Some(file) = &args.junit {
        let wrong = |error| Failure::wrong(format_args!("{}: {error}", file.display()));
        fs::write(file, junit::document(&reports)).map_err(wrong)?;
    }
    if reports.iter().all(ScriptReport::passed) { Ok(()) } else { Err(Failure::told()) }
}

async fn played(scripts: &[Script], pki: &Pki, quiet: bool) -> Result<Vec<ScriptReport>, Failure> {
    let mut reports = Vec::new();
    for script in scripts {
        let report = play(script, pki).await;
        if !quiet {
            print(&text::script(&report))?;
        }
        reports.push(report);
    }
    Ok(reports)
}

/// All scripts, read before the first is played: a mistake in the last one is told at once.
fn scripts(args: &Args, pki: &Pki) -> Result<Vec<Script>, Failure> {
    let (mut scripts, mut mistakes) = (Vec::new(), Vec::new());
    for path in &args.scripts {
        for file in files(path)? {
            match Script::load(&file, pki) {
                Ok(script) => scripts.push(script),
                Err(errors) => mistakes.push(errors.to_string()),
            }
        }
    }
    if !mistakes.is_empty() {
        return Err(Failure::wrong(mistakes.join("\n")));
    }
    for name in &args.only {
        if !scripts.iter().any(|script| script.name == *name) {
            return Err(Failure::usage(format_args!("--only: there is no script \"{name}\"; see --list")));
        }
    }
    scripts.retain(|script| args.only.is_empty() || args.only.contains(&script.name));
    Ok(scripts)
}

/// A script, or all scripts of a folder in the order of their names.
fn files(path: &Path) -> Result<Vec<PathBuf>, Failure> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let wrong = |error| Failure::wrong(format_args!("{}: {error}", path.display()));
    let mut files = Vec::new();
    for entry in fs::read_dir(path).map_err(wrong)? {
        let file = entry.map_err(wrong)?.path();
        if file.extension().is_some_and(|ending| ending == "toml") {
            files.push(file);
        }
    }
    if files.is_empty() {
        return Err(Failure::wrong(format_args!("{}: no *.toml in this folder", path.display())));
    }
    files.sort();
    Ok(files)
}

fn listed(script: &Script) -> String {
    let cases: Vec<String> = script.cases.iter().map(ToString::to_string).collect();
    let about = if script.about.is_empty() { String::new() } else { format!("\n    {}", script.about) };
    format!("{} (cases {}; {}){about}\n", script.name, cases.join(", "), script.file.display())
}
