//! The top of a script: what it is, whom it plays, and the templates of its messages.

use super::{Script, Step, ends, fields, step};
use crate::{
    certify::{
        pki::Pki,
        value::Value,
        wiring::{Source, Wiring},
    },
    config::{
        Config, ConfigError, ConfigErrors,
        section::{Item, Report, Section},
    },
};
use banklink_protocol::dialect::Version;
use std::{cell::RefCell, collections::BTreeMap, path::Path, time::Duration};
use toml::de::DeTable;

/// The longest that any step may wait.
pub(super) const LONGEST: Duration = Duration::from_secs(3600);

/// The card of scripts that name none: a published test number.
const CARD: &str = "4111111111111111";

/// What is known while the steps are read.
pub(super) struct Reading<'r, 't> {
    pub(super) report: &'r Report<'t>,
    pub(super) ends: Vec<super::End>,
    pub(super) templates: BTreeMap<String, Vec<(u8, Value)>>,
    pub(super) within: Duration,
    /// Is the switch started here, so that its state can be asked for?
    pub(super) started: bool,
    /// Messages named so far, with the end each stood at, and the last request that was waited for.
    pub(super) known: RefCell<(BTreeMap<String, usize>, Option<String>)>,
}

/// Reads all of it.
pub(super) fn script(text: &str, file: &Path, pki: &Pki) -> Result<Script, ConfigErrors> {
    let report = Report::new(text, file);
    let (tree, syntax) = DeTable::parse_recoverable(text);
    for error in syntax {
        report.error(error.span().unwrap_or(0..0), error.message());
    }
    report.check()?;
    let root = Section::root(&report, &tree);
    let name = root.required_text("name").map(|name| name.value).unwrap_or_default();
    let about = root.text("about").map(|about| about.value).unwrap_or_default();
    let cases = root.integers("cases", 1..=999).into_iter().map(|(case, _)| case as u32).collect();
    let ready = root.boolean("ready").unwrap_or(true);
    let within = root.duration("within", Duration::from_millis(1)..=LONGEST).unwrap_or(Duration::from_secs(5));
    let linger = root.duration("linger", Duration::ZERO..=LONGEST).unwrap_or(Duration::from_millis(50));
    let cards = cards(&root);
    let start = start(&root, &report);
    let mut reading = Reading {
        report: &report,
        ends: Vec::new(),
        templates: templates(&root),
        within,
        started: start.is_some(),
        known: RefCell::default(),
    };
    let steps = match &start {
        None => {
            reading.ends = ends::of_script(&reading, &root, ready);
            step::read_all(&reading, &root)
        }
        Some(source) => match source.config((file, text), &Wiring { pki, journal: None, banks: &[] }) {
            Ok(config) => steps(&mut reading, &root, &config, ready),
            Err(errors) => {
                // Without a configuration nobody knows the ends, and each step would be a mistake: those are told next time.
                errors.0.into_iter().for_each(|error| report.foreign(root.span_of("config"), error));
                return Err(report.check().expect_err("there is one at least"));
            }
        },
    };
    root.finish();
    let ends = reading.ends;
    report.check()?;
    let (file, text) = (file.to_owned(), text.to_owned());
    Ok(Script { name, about, cases, file, text, start, ends, cards, within, linger, steps })
}

fn steps(reading: &mut Reading<'_, '_>, root: &Section<'_, '_>, config: &Config, ready: bool) -> Vec<Step> {
    reading.ends = ends::of_config(root, config, ready);
    step::read_all(reading, root)
}

fn cards(root: &Section<'_, '_>) -> Vec<String> {
    let mut cards = Vec::new();
    for card in root.texts("cards") {
        if card.value.is_empty() || !card.value.bytes().all(|byte| byte.is_ascii_digit()) {
            root.error(card.span, "`cards` are digits only");
        } else {
            cards.push(card.value);
        }
    }
    if cards.is_empty() {
        cards.push(CARD.to_owned());
    }
    cards
}

/// The switch to start: `[config]`, or the file that `[switch]` names.
fn start(root: &Section<'_, '_>, report: &Report<'_>) -> Option<Source> {
    let switch = root.section("switch");
    let file = switch.as_ref().and_then(|switch| {
        let file = switch.required_text("config");
        switch.finish();
        file
    });
    if root.has("config") {
        if let Some(file) = file {
            root.error(file.span, "[config] and `config` of [switch] are two configurations; wanted one");
        }
        // It is read by those who read configurations.
        return Some(Source::Inline);
    }
    let file = file?;
    let path = report.folder().join(&file.value);
    match std::fs::read_to_string(&path) {
        Ok(text) => Some(Source::File(path, text)),
        Err(error) => {
            let message = format!("cannot read {}: {error}", path.display());
            let at = report.line(&file.span);
            report.foreign(file.span.clone(), ConfigError { file: report.file(), line: at, message });
            None
        }
    }
}

fn templates(root: &Section<'_, '_>) -> BTreeMap<String, Vec<(u8, Value)>> {
    let mut templates = BTreeMap::new();
    let Some(table) = root.section("template") else { return templates };
    for (name, item) in table.items() {
        let Item::Table(section) = item else {
            table.error(name.span, "wanted tables [template.NAME] from data element to value");
            continue;
        };
        templates.insert(name.value, fields::values_of(&section, None));
    }
    templates
}

/// The fields of the messages that a script need not define: a purchase, and a network message (an echo). All that a
/// front end usually sends; what a dialect does not define is left out.
pub(super) fn shipped(name: &str, version: Version) -> Option<&'static [(u8, &'static str)]> {
    match (name, version) {
        ("purchase", Version::V1987) => Some(&[
            (2, "{card}"),
            (3, "000000"),
            (4, "000000010000"),
            (7, "{now}"),
            (11, "{stan}"),
            (12, "{time}"),
            (13, "{date}"),
            (14, "3012"),
            (18, "5411"),
            (22, "051"),
            (25, "00"),
            (32, "123456"),
            (37, "{rrn}"),
            (41, "TERM0001"),
            (42, "MERCHANT0000001"),
            (49, "840"),
        ]),
        ("purchase", _) => Some(&[
            (2, "{card}"),
            (3, "000000"),
            (4, "000000010000"),
            (7, "{now}"),
            (11, "{stan}"),
            (12, "{moment}"),
            (14, "3012"),
            (22, "510101513344"),
            (24, "200"),
            (26, "5411"),
            (32, "123456"),
            (37, "{rrn}"),
            (41, "TERM0001"),
            (42, "MERCHANT0000001"),
            (49, "840"),
        ]),
        ("network", Version::V1987) => Some(&[(7, "{now}"), (11, "{stan}"), (70, "301")]),
        ("network", _) => Some(&[(7, "{now}"), (11, "{stan}"), (12, "{moment}"), (24, "831")]),
        _ => None,
    }
}
