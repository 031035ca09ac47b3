//! The dialects that come with the crate.

/// What `Dialect::named` knows.
pub(super) const NAMES: &[&str] = &[
    "iso87-ascii",
    "iso87-ascii-bin",
    "iso87-bcd",
    "iso87-ebcdic",
    "iso93-ascii",
    "iso93-bcd",
    "iso2003-bcd",
    "iso2003-bin",
    "as2805",
    "base24",
    "cups",
    "mastercard",
    "unionpay-pos",
    "visa-base1",
];

/// The TOML of a shipped dialect, or of one that is only there to be extended (`emv`, `iso87`, `iso93`, `iso2003`).
pub(super) fn text(name: &str) -> Option<&'static str> {
    Some(match name {
        "as2805" => include_str!("../../dialects/as2805.toml"),
        "base24" => include_str!("../../dialects/base24.toml"),
        "cups" => include_str!("../../dialects/cups.toml"),
        "emv" => include_str!("../../dialects/emv.toml"),
        "iso2003" => include_str!("../../dialects/iso2003.toml"),
        "iso2003-bcd" => include_str!("../../dialects/iso2003-bcd.toml"),
        "iso2003-bin" => include_str!("../../dialects/iso2003-bin.toml"),
        "iso87" => include_str!("../../dialects/iso87.toml"),
        "iso87-ascii" => include_str!("../../dialects/iso87-ascii.toml"),
        "iso87-ascii-bin" => include_str!("../../dialects/iso87-ascii-bin.toml"),
        "iso87-bcd" => include_str!("../../dialects/iso87-bcd.toml"),
        "iso87-ebcdic" => include_str!("../../dialects/iso87-ebcdic.toml"),
        "iso93" => include_str!("../../dialects/iso93.toml"),
        "iso93-ascii" => include_str!("../../dialects/iso93-ascii.toml"),
        "iso93-bcd" => include_str!("../../dialects/iso93-bcd.toml"),
        "mastercard" => include_str!("../../dialects/mastercard.toml"),
        "unionpay-pos" => include_str!("../../dialects/unionpay-pos.toml"),
        "visa-base1" => include_str!("../../dialects/visa-base1.toml"),
        _ => return None,
    })
}
