//! The configuration: one TOML file, checked whole before a port is bound.
//!
//! The text is read as a tree with positions ([`section`]), each part turns its table into rules and settings
//! ([`acquirer`], [`bank`], [`route`], [`general`]), and whatever is wrong is noted with its line and the reading goes
//! on: all mistakes of a file are told together.

mod acquirer;
mod admin;
mod bank;
mod certificates;
mod error;
mod fields;
mod general;
pub mod journal;
mod route;
pub(crate) mod section;
mod store;
#[cfg(test)]
mod tests;

pub use admin::{Admin, Role, Token};
pub use error::{ConfigError, ConfigErrors};
pub use general::{Log, LogFormat};

use crate::{net, rules::Rules};
use banklink_protocol::Translation;
use section::{Report, Section};
use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
};
use toml::{Spanned, de::DeTable};

/// A configuration without a mistake.
pub struct Config {
    /// Where it was read from.
    pub file: PathBuf,
    /// What the machine may see of it.
    pub rules: Arc<Rules>,
    /// The listeners of the acquirers, by [`crate::switch::AcquirerId`].
    pub acquirers: Vec<net::acquirer::Settings>,
    /// The ways to the banks, by [`crate::switch::BankId`].
    pub banks: Vec<net::bank::Settings>,
    /// Where health and metrics are served, and who may operate; `None` = nowhere.
    pub admin: Option<Admin>,
    /// What is logged, and how.
    pub log: Log,
    /// What survives, and where it is kept; `None`: nothing does.
    pub journal: Option<journal::Settings>,
}

impl Config {
    /// Reads and checks a file. Paths in it are relative to it.
    ///
    /// # Errors
    /// All mistakes found, in the order of the file.
    pub fn load(path: &Path) -> Result<Self, ConfigErrors> {
        let text = std::fs::read_to_string(path).map_err(|error| {
            let message = format!("cannot read the configuration: {error}");
            ConfigErrors(vec![ConfigError { file: path.display().to_string(), line: 1, message }])
        })?;
        Self::parse(&text, path)
    }

    /// Checks a text; `file` is named in errors, and its folder is what paths are relative to.
    ///
    /// # Errors
    /// All mistakes found, in the order of the file.
    pub fn parse(text: &str, file: &Path) -> Result<Self, ConfigErrors> {
        let report = Report::new(text, file);
        let (tree, syntax) = DeTable::parse_recoverable(text);
        for error in syntax {
            report.error(error.span().unwrap_or(0..0), error.message());
        }
        // A tree mended after a syntax error would only raise errors about the mending.
        report.check()?;
        let config = Self::read(&Section::root(&report, &tree), &report);
        report.check()?;
        Ok(config)
    }

    /// What could not be carried over of the descriptions of others that stand for dialects in it, each once.
    #[must_use]
    pub fn remarks(&self) -> Vec<&str> {
        let dialects = self.acquirers.iter().map(|acquirer| &acquirer.dialect);
        let dialects = dialects.chain(self.banks.iter().map(|bank| &bank.dialect));
        let mut remarks: Vec<_> = dialects.flat_map(|dialect| dialect.remarks()).map(String::as_str).collect();
        remarks.sort_unstable();
        remarks.dedup();
        remarks
    }

    /// Checks a tree that was read, and perhaps completed, by somebody else: a script that starts a switch of its own.
    ///
    /// # Errors
    /// All mistakes found, in the order of the file.
    pub(crate) fn of_tree(tree: &Spanned<DeTable<'_>>, report: &Report<'_>) -> Result<Self, ConfigErrors> {
        let config = Self::read(&Section::root(report, tree), report);
        report.check()?;
        Ok(config)
    }

    fn read(root: &Section<'_, '_>, report: &Report<'_>) -> Self {
        let (acquirer_rules, acquirers) = acquirer::read_all(root, report);
        let (bank_rules, banks) = bank::read_all(root, report);
        let names = route::Names {
            acquirers: acquirer_rules.iter().map(|acquirer| Arc::clone(&acquirer.name)).collect(),
            banks: bank_rules.iter().map(|bank| Arc::clone(&bank.name)).collect(),
            written_acquirers: written_names(root, "acquirer"),
            written_banks: written_names(root, "bank"),
        };
        let routes = route::read_all(root, report, &names);
        let admin = admin::read(root, report);
        let log = general::log(root);
        let (recent, journal) = general::switch(root, report);
        check_addresses(report, root, &acquirers, &banks, admin.as_ref());
        root.finish();
        let rules = join(acquirer_rules, bank_rules, routes, recent);
        let file = report.path().to_owned();
        Self { file, rules: Arc::new(rules), acquirers, banks, admin, log, journal }
    }
}

/// All names written under `[[key]]`, also of tables with mistakes.
fn written_names(root: &Section<'_, '_>, key: &'static str) -> Vec<String> {
    root.sections(key).iter().filter_map(|section| section.text("name")).map(|text| text.value).collect()
}

/// Puts the rules together, with a translation for each pair of acquirer and bank.
fn join(
    acquirers: Vec<crate::rules::Acquirer>,
    banks: Vec<crate::rules::Bank>,
    routes: Vec<crate::rules::Route>,
    recent: usize,
) -> Rules {
    let outbound = acquirers
        .iter()
        .map(|acquirer| banks.iter().map(|bank| Translation::new(&acquirer.dialect, &bank.dialect)).collect())
        .collect();
    let inbound = banks
        .iter()
        .map(|bank| acquirers.iter().map(|acquirer| Translation::new(&bank.dialect, &acquirer.dialect)).collect())
        .collect();
    Rules { acquirers, banks, routes, outbound, inbound, recent }
}

/// No two listeners may want the same address.
fn check_addresses(
    report: &Report<'_>,
    root: &Section<'_, '_>,
    acquirers: &[net::acquirer::Settings],
    banks: &[net::bank::Settings],
    admin: Option<&Admin>,
) {
    let mut taken: Vec<(SocketAddr, String)> = Vec::new();
    let listeners = acquirers.iter().map(|acquirer| (acquirer.listen, format!("acquirer \"{}\"", acquirer.name)));
    let accepting = banks.iter().filter_map(|bank| Some((bank.listen()?, format!("bank \"{}\"", bank.name))));
    let admin = admin.map(|admin| (admin.listen, "[admin]".to_owned()));
    for (address, owner) in listeners.chain(accepting).chain(admin) {
        if address.port() == 0 {
            continue;
        }
        match taken.iter().find(|(other, _)| *other == address) {
            Some((_, first)) => {
                report.error(root.find(&address.to_string()), &format!("{owner} and {first} both listen on {address}"));
            }
            None => taken.push((address, owner)),
        }
    }
}
