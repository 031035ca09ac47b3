//! Rules of the tree that the compiler does not know: who may import whom, how long a file may be, which words are not
//! to be found. A rule that cannot be tested is a wish.

use std::{fs, path::Path};

/// Longest file, in lines.
const LONGEST: usize = 600;

/// Parts that are pure: no runtime, no sockets, no files, no clocks, no logging.
const PURE: [&str; 8] = [
    "src/switch",
    "src/record",
    "src/rules.rs",
    "src/clock.rs",
    "src/certify/value.rs",
    "src/certify/rule.rs",
    "src/certify/report",
    "protocol/src",
];
const IMPURE: [&str; 16] = [
    "tokio",
    "rustls",
    "std::net",
    "std::fs",
    "std::thread",
    "Instant",
    "SystemTime",
    "tracing",
    "metrics",
    "axum",
    "crate::net",
    "crate::driver",
    "crate::config",
    "crate::telemetry",
    "println!",
    "rand::",
];

/// Which modules of the crate a part may name.
const IMPORTS: [(&str, &[&str]); 9] = [
    ("src/clock.rs", &[]),
    ("src/record", &["switch", "clock", "record"]),
    ("src/journal", &["journal", "record", "clock", "security", "switch"]),
    ("src/rules.rs", &["switch"]),
    ("src/switch", &["switch", "record", "rules", "clock"]),
    ("src/net", &["net", "switch", "clock"]),
    ("src/config", &["config", "net", "rules", "switch", "security", "record", "journal"]),
    ("src/telemetry", &["telemetry", "driver", "config", "switch", "record"]),
    ("src/admin", &["admin", "driver", "telemetry", "record", "config", "clock"]),
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every file of these kinds that belongs to the project, with its path from the root and its text.
fn files(kinds: &[&str]) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut folders = vec![root().to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("our own folder").map(|entry| entry.expect("an entry")) {
            let path = entry.path();
            let name = entry.file_name().to_string_lossy().into_owned();
            if path.is_dir() {
                if name != "target" && !name.starts_with('.') {
                    folders.push(path);
                }
            } else if kinds.iter().any(|kind| name.ends_with(kind)) {
                found.push((relative(&path), fs::read_to_string(&path).unwrap_or_default()));
            }
        }
    }
    assert!(found.len() > 10, "the tree is where we think");
    found
}

fn relative(path: &Path) -> String {
    path.strip_prefix(root()).expect("below the root").display().to_string()
}

/// The file up to its tests, line by line without comments; from 1.
fn code(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let body = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    let lines = body.lines().enumerate().map(|(index, line)| (index + 1, line.split("//").next().unwrap_or_default()));
    lines.filter(|(_, line)| !line.trim().is_empty())
}

fn is_test(path: &str) -> bool {
    path.starts_with("tests/") || path.contains("/tests/") || path.ends_with("tests.rs") || path.starts_with("benches/")
}

/// Is `word` there as a word of its own (or a path's beginning)?
fn has_word(line: &str, word: &str) -> bool {
    let boundary =
        |character: Option<char>| character.is_none_or(|character| !character.is_alphanumeric() && character != '_');
    line.match_indices(word).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        boundary(before) && (word.ends_with(['!', ':']) || boundary(line[at + word.len()..].chars().next()))
    })
}

#[test]
fn no_file_is_longer_than_six_hundred_lines() {
    for (path, text) in files(&[".rs"]) {
        let lines = text.lines().count();
        assert!(lines <= LONGEST, "{path} has {lines} lines, at most {LONGEST} are allowed");
    }
}

#[test]
fn the_pure_parts_are_pure() {
    for (path, text) in files(&[".rs"]).iter().filter(|(path, _)| PURE.iter().any(|pure| path.starts_with(pure))) {
        if is_test(path) {
            continue;
        }
        for (number, line) in code(text) {
            for word in IMPURE {
                let allowed = word == "std::fs" && path.starts_with("protocol/src/dialect");
                assert!(allowed || !has_word(line, word), "{path}:{number} names {word}, but is to be pure");
            }
        }
    }
}

#[test]
fn parts_import_only_what_they_may() {
    let modules: Vec<String> = fs::read_to_string(root().join("src/lib.rs"))
        .expect("our own file")
        .lines()
        .filter_map(|line| line.trim_start_matches("pub ").strip_prefix("mod ")?.strip_suffix(';').map(str::to_owned))
        .collect();
    assert!(modules.len() > 5, "the modules are where we think: {modules:?}");
    for (path, text) in files(&[".rs"]).iter().filter(|(path, _)| !is_test(path)) {
        let Some((_, allowed)) = IMPORTS.iter().find(|(part, _)| path.starts_with(part)) else { continue };
        for name in named_modules(text, &modules) {
            assert!(allowed.contains(&&*name), "{path} may not import crate::{name}");
        }
    }
}

/// The modules of the crate that a file names: `crate::name`, also within `use crate::{…}`.
fn named_modules(text: &str, modules: &[String]) -> Vec<String> {
    let body: String = code(text).map(|(_, line)| format!("{line}\n")).collect();
    let mut named = Vec::new();
    for (at, _) in body.match_indices("crate::") {
        if body[..at].ends_with(|character: char| character.is_alphanumeric() || character == '_') {
            continue;
        }
        let rest = &body[at + "crate::".len()..];
        let end = if rest.starts_with('{') { rest.find("};") } else { rest.find([';', ':', ',', '(', '<', ' ', '}']) };
        let part = &rest[..end.unwrap_or(rest.len())];
        let depth_one = part.strip_prefix('{').unwrap_or(part);
        let mut depth = 0;
        let first_words = depth_one.split_inclusive(['{', '}', ',']).filter_map(|piece| {
            let here = depth;
            depth += piece.matches('{').count() as i32 - piece.matches('}').count() as i32;
            (here == 0).then(|| piece.trim().split([':', ',', '{', '}', ' ']).next().unwrap_or_default().to_owned())
        });
        named.extend(first_words.filter(|word| modules.contains(word)));
    }
    named
}

#[test]
fn nothing_waits_for_a_while() {
    // Split, so that this file does not find itself.
    let asleep = [concat!("thread::", "sleep"), concat!("time::", "sleep("), concat!("sleep", "(Duration")];
    for (path, text) in files(&[".rs"]) {
        if !is_test(&path) {
            continue;
        }
        for (number, line) in text.lines().enumerate() {
            assert!(
                !asleep.iter().any(|word| line.contains(word)),
                "{path}:{} waits for a while, not for an event",
                number + 1
            );
        }
    }
}

#[test]
fn nothing_is_left_for_later() {
    let words = [
        concat!("TO", "DO"),
        concat!("FIX", "ME"),
        concat!("todo", "!("),
        concat!("unimple", "mented!("),
        concat!("#[ig", "nore"),
    ];
    let excuses = [concat!("allow(dead", "_code)"), concat!("allow(unu", "sed")];
    for (path, text) in files(&[".rs", ".toml", ".md"]) {
        for (number, line) in text.lines().enumerate() {
            for word in words.iter().chain(&excuses) {
                assert!(!line.contains(word), "{path}:{} has {word}", number + 1);
            }
        }
    }
}

#[test]
fn modules_have_names_that_say_something() {
    for (path, _) in files(&[".rs"]) {
        let name = path.rsplit('/').next().unwrap_or_default();
        let vague = ["util.rs", "utils.rs", "helper.rs", "helpers.rs", "common.rs", "manager.rs", "misc.rs"];
        assert!(!vague.contains(&name), "{path} does not say what it is about");
    }
}

#[test]
fn the_tests_of_these_rules_would_see_a_breach() {
    let modules = ["net".to_owned(), "switch".to_owned(), "rules".to_owned()];
    let text = "use crate::{\n    net::{hub, tls},\n    switch::Input,\n};\nfn f(rule: crate::rules::Bank) {} // crate::other\n";
    assert_eq!(named_modules(text, &modules), ["net", "switch", "rules"]);
    assert!(has_word("use tokio::net;", "tokio") && !has_word("use my_tokio;", "tokio"));
    assert!(has_word("Instant::now()", "Instant") && !has_word("Instants", "Instant"));
}
