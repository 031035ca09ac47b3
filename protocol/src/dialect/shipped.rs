//! The dialects that come with the crate.

/// What `Dialect::named` knows.
pub(super) const NAMES: &[&str] = &["iso87-ascii", "iso87-ascii-bin", "iso87-bcd", "iso87-ebcdic", "iso93-ascii"];

/// The TOML of a shipped dialect, or of one that is only there to be extended (`emv`, `iso87`, `iso93`).
pub(super) fn text(name: &str) -> Option<&'static str> {
    Some(match name {
        "emv" => include_str!("../../dialects/emv.toml"),
        "iso87" => include_str!("../../dialects/iso87.toml"),
        "iso87-ascii" => include_str!("../../dialects/iso87-ascii.toml"),
        "iso87-ascii-bin" => include_str!("../../dialects/iso87-ascii-bin.toml"),
        "iso87-bcd" => include_str!("../../dialects/iso87-bcd.toml"),
        "iso87-ebcdic" => include_str!("../../dialects/iso87-ebcdic.toml"),
        "iso93" => include_str!("../../dialects/iso93.toml"),
        "iso93-ascii" => include_str!("../../dialects/iso93-ascii.toml"),
        _ => return None,
    })
}
