//! The views as the parties leave them behind: reports and books files.

use super::SwitchLine;
use crate::simulator::{
    acquirer::belief::Seen,
    bank::books::{Books, Entry, Totals},
};
use serde::{Deserialize, de::DeserializeOwned};
use std::{
    fs::{self, File},
    io::{self, BufRead as _, BufReader},
    path::Path,
};

/// A view of an acquirer or a bank, with its name.
pub struct View<T> {
    /// The party's name.
    pub name: String,
    /// What it has, one a payment (a bank: one a message).
    pub payments: Vec<T>,
}

#[derive(Deserialize)]
struct AcquirerReport {
    acquirer: String,
    not_listed: u64,
    payments: Vec<Seen>,
}

#[derive(Deserialize)]
struct BankReport {
    bank: String,
    totals: Totals,
    entries: Vec<Entry>,
}

/// The report of `banklink load --report`.
///
/// # Errors
/// It cannot be read, is no such report, or does not list every payment.
pub fn acquirer(path: &Path) -> io::Result<View<Seen>> {
    let AcquirerReport { acquirer: name, not_listed, payments } = report(path)?;
    complete(path, not_listed)?;
    Ok(View { name, payments })
}

/// The report of `banklink bank --report`, or the file of `banklink bank --books`, which need not have ended in order;
/// the latter is named after its file.
///
/// # Errors
/// It cannot be read, is neither, or does not list every message.
pub fn bank(path: &Path) -> io::Result<View<Entry>> {
    let mut first = String::new();
    BufReader::new(File::open(path).map_err(|error| named(path, error))?)
        .read_line(&mut first)
        .map_err(|error| named(path, error))?;
    // A report is laid out over many lines, a books file has a note in each.
    if first.trim() == "{" {
        let BankReport { bank: name, totals, entries } = report(path)?;
        complete(path, totals.not_listed)?;
        return Ok(View { name, payments: entries });
    }
    let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    Ok(View { name, payments: Books::read(path)?.entries().to_vec() })
}

/// The switch's view, one [`SwitchLine`] a line.
///
/// # Errors
/// It cannot be read, or a line is none (the error names it).
pub fn switch(path: &Path) -> io::Result<Vec<SwitchLine>> {
    let text = fs::read_to_string(path).map_err(|error| named(path, error))?;
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    lines
        .map(|(at, line)| {
            let wrong = |error| named(path, io::Error::other(format!("line {}: {error}", at + 1)));
            serde_json::from_str(line).map_err(wrong)
        })
        .collect()
}

fn report<T: DeserializeOwned>(path: &Path) -> io::Result<T> {
    let file = File::open(path).map_err(|error| named(path, error))?;
    serde_json::from_reader(BufReader::new(file)).map_err(|error| named(path, error.into()))
}

fn complete(path: &Path, not_listed: u64) -> io::Result<()> {
    match not_listed {
        0 => Ok(()),
        more => Err(named(path, io::Error::other(format!("{more} more are not listed: nothing can be said of all")))),
    }
}

fn named(path: &Path, error: io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}
