//! The configuration of a switch that a script starts: as it is written, with what only the run knows put in its place.
//!
//! Addresses become free ports of this machine, certificates those of the run, the journal's folder a temporary one, and
//! the admin endpoint is left out. Everything else stays as it stands, with its lines: a mistake in it is told as
//! `banklink check` would tell it.

use super::pki::Pki;
use crate::config::{
    Config, ConfigErrors,
    section::{Report, Section},
};
use std::{
    fmt::Write as _,
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
};
use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

/// Where the configuration stands.
#[derive(Clone, Debug)]
pub(crate) enum Source {
    /// In the script itself, below `[config]`.
    Inline,
    /// In a file, with its text.
    File(PathBuf, String),
}

/// What only the run knows.
pub(crate) struct Wiring<'a> {
    pub(crate) pki: &'a Pki,
    /// `None`: the configuration is only looked at, and nothing is started with it.
    pub(crate) journal: Option<&'a Path>,
    /// Where each bank that is dialled listens, by name.
    pub(crate) banks: &'a [(String, SocketAddr)],
}

/// Keys of a bank that a script need not write, each only where it is absent: scripts are about one connection and about
/// messages they name, not about echoes that come in between.
const BANK_DEFAULTS: &str = "connections = 1\necho_idle = '0s'\nreconnect_min = '10ms'\n";

/// What a bank dials or is dialled at until the run knows better.
const NOWHERE: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 1);

impl Source {
    /// Reads the configuration, completed; `script` is the script's file and text.
    ///
    /// # Errors
    /// All its mistakes, each with file and line.
    pub(crate) fn config(&self, script: (&Path, &str), wiring: &Wiring<'_>) -> Result<Config, ConfigErrors> {
        let (file, text) = match self {
            Self::Inline => script,
            Self::File(file, text) => (file.as_path(), text.as_str()),
        };
        let report = Report::new(text, file);
        let snippets = Snippets::new(&self.tree(text, &report)?, wiring);
        let mut tree = self.tree(text, &report)?;
        snippets.complete(tree.get_mut());
        Config::of_tree(&tree, &report)
    }

    /// The configuration's table as it is written.
    fn tree<'t>(&self, text: &'t str, report: &Report<'_>) -> Result<Spanned<DeTable<'t>>, ConfigErrors> {
        let (tree, syntax) = DeTable::parse_recoverable(text);
        for error in syntax {
            report.error(error.span().unwrap_or(0..0), error.message());
        }
        report.check()?;
        if matches!(self, Self::File(..)) {
            return Ok(tree);
        }
        let config = tree.into_inner().into_iter().find(|(key, _)| key.get_ref() == "config");
        Ok(match config {
            Some((_, value)) => {
                let span = value.span();
                match value.into_inner() {
                    DeValue::Table(table) => Spanned::new(span, table),
                    _ => Spanned::new(span, DeTable::new()),
                }
            }
            None => Spanned::new(0..0, DeTable::new()),
        })
    }
}

/// What is put into the tree, as TOML: of the whole, and of each acquirer and bank in their order.
struct Snippets {
    whole: String,
    acquirers: Vec<String>,
    banks: Vec<String>,
}

impl Snippets {
    fn new(tree: &Spanned<DeTable<'_>>, wiring: &Wiring<'_>) -> Self {
        let silent = Report::new("", Path::new(""));
        let root = Section::root(&silent, tree);
        let acquirers = root.sections("acquirer").iter().map(|acquirer| acquirer_snippet(acquirer, wiring)).collect();
        let banks = root.sections("bank").iter().map(|bank| bank_snippet(bank, wiring)).collect();
        let mut whole = String::new();
        if let Some(folder) = wiring.journal {
            // A literal string: what stands in a path needs no care.
            let _ = writeln!(whole, "journal = {{ folder = '{}', segment_mib = 2 }}", folder.display());
        }
        if !root.has("log") {
            whole.push_str("log = { level = 'error', payments = false }\n");
        }
        if !root.has("route") {
            let names: Vec<String> = root
                .sections("bank")
                .iter()
                .filter_map(|bank| Some(format!("'{}'", bank.text("name")?.value)))
                .collect();
            let _ = writeln!(whole, "[[route]]\ncards = ['000000-999999']\nbanks = [{}]", names.join(", "));
        }
        Self { whole, acquirers, banks }
    }

    fn complete<'s>(&'s self, table: &mut DeTable<'s>) {
        table.remove("admin");
        if self.whole.contains("journal = ") {
            table.remove("journal");
        }
        put(table, &self.whole);
        for (key, snippets) in [("acquirer", &self.acquirers), ("bank", &self.banks)] {
            let Some(DeValue::Array(items)) = table.get_mut(key).map(Spanned::get_mut) else { continue };
            for (item, snippet) in items.iter_mut().zip(snippets) {
                if let DeValue::Table(item) = item.get_mut() {
                    for replaced in ["listen", "connect", "tls", "allow"] {
                        item.remove(replaced);
                    }
                    put(item, snippet);
                }
            }
        }
    }
}

/// Adds what the table has not yet.
fn put<'s>(table: &mut DeTable<'s>, snippet: &'s str) {
    let added = DeTable::parse(snippet).expect("our own TOML").into_inner();
    for (key, value) in added {
        if !table.contains_key(key.get_ref().as_ref()) {
            table.insert(key, value);
        }
    }
}

fn acquirer_snippet(acquirer: &Section<'_, '_>, wiring: &Wiring<'_>) -> String {
    let mut text = "listen = '127.0.0.1:0'\n".to_owned();
    if acquirer.has("tls") {
        let _ = write!(text, "[tls]\n{}", wiring.pki.listening("client_ca"));
    }
    text
}

fn bank_snippet(bank: &Section<'_, '_>, wiring: &Wiring<'_>) -> String {
    if bank.has("client_name") {
        return format!("listen = '127.0.0.1:0'\n{BANK_DEFAULTS}[tls]\n{}", wiring.pki.listening("ca"));
    }
    let name = bank.text("name").map(|name| name.value).unwrap_or_default();
    let known = wiring.banks.iter().find(|(bank, _)| *bank == name);
    let address = known.map_or(NOWHERE, |(_, address)| *address);
    format!("connect = ['{address}']\n{BANK_DEFAULTS}[tls]\n{}", wiring.pki.dialling())
}
