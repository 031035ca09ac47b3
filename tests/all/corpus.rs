//! The fuzz targets' corpora, replayed through the same bodies: what fuzzing once found stays found.

#[path = "../fuzz/bodies.rs"]
mod bodies;
#[path = "../fuzz/files.rs"]
mod files;

use std::{fs, path::Path};

/// Every file of a target's corpus.
fn replay(target: &str, body: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/corpus").join(target);
    let mut replayed = 0;
    for entry in fs::read_dir(&folder).unwrap() {
        let file = entry.unwrap().path();
        let input = fs::read(&file).unwrap();
        let outcome = std::panic::catch_unwind(|| body(&input));
        assert!(outcome.is_ok(), "{}: tests/fuzz/run {target} 0 {}", file.display(), file.display());
        replayed += 1;
    }
    assert!(replayed >= 5, "{} is all but empty", folder.display());
}

#[test]
fn decode() {
    replay("decode", bodies::decode);
}

#[test]
fn frame() {
    replay("frame", bodies::frame);
}

#[test]
fn dialect() {
    replay("dialect", bodies::dialect);
}

#[test]
fn import() {
    replay("import", bodies::import);
}

#[test]
fn translate() {
    replay("translate", bodies::translate);
}

#[test]
fn journal() {
    replay("journal", files::journal);
}

#[test]
fn config() {
    replay("config", files::config);
}
