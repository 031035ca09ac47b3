//! The small forms that values take in the file: codes, ranges, fields, framings, dialects.

use super::{
    error::ConfigError,
    section::{Report, Section, Text},
};
use banklink_protocol::{
    Dialect,
    dialect::Version,
    element::ResponseCode,
    frame::{Framing, Header, HeaderKind},
};
use std::{collections::BTreeMap, ops::RangeInclusive, sync::Arc};

/// The dialect named or pointed to by `dialect`.
pub(super) fn dialect(section: &Section<'_, '_>, report: &Report<'_>) -> Option<Arc<Dialect>> {
    let wanted = section.required_text("dialect")?;
    match Dialect::load(&wanted.value, Some(report.folder())) {
        Ok(dialect) => Some(dialect),
        Err(error) if error.line == 0 => {
            section.error(wanted.span, &format!("dialect \"{}\": {}", wanted.value, error.message));
            None
        }
        Err(error) => {
            let message = match &error.field {
                Some(field) => format!("field {field}: {}", error.message),
                None => error.message,
            };
            report.foreign(wanted.span, ConfigError { file: error.file, line: error.line, message });
            None
        }
    }
}

/// `framing`, `header` and `max_frame`.
pub(super) fn framing(section: &Section<'_, '_>) -> Option<Framing> {
    let named = section.text("framing");
    let name = named.as_ref().map_or("binary2", |text| text.value.as_str());
    let framing = Framing::named(name);
    if let Err(error) = &framing {
        section.error(section.span_of("framing"), &error.to_string());
    }
    let header = header(section);
    let max = section.integer("max_frame", 16..=65_535);
    let mut framing = framing.ok()?;
    framing.header = header?;
    if let Some(fault) = framing.fault() {
        section.error(section.span_of("framing"), fault);
        return None;
    }
    if let Some(max) = max {
        framing.max = usize::try_from(max).unwrap_or(usize::MAX);
    }
    Some(framing)
}

fn header(section: &Section<'_, '_>) -> Option<HeaderKind> {
    let Some(text) = section.text("header") else { return Some(HeaderKind::None) };
    match HeaderKind::named(&text.value) {
        Ok(kind) => Some(kind),
        Err(error) => {
            section.error(text.span, &error.to_string());
            None
        }
    }
}

/// The header of the messages we begin: `tpdu`, ten hexadecimal digits, or `header_source` and `header_destination` where
/// the header has addresses.
pub(super) fn own_header(section: &Section<'_, '_>, kind: HeaderKind) -> Header {
    let text = section.text("tpdu");
    if let Some(header) = addressed(section, kind) {
        if let Some(text) = text {
            section
                .error(text.span, "`tpdu` has addresses already: leave `header_source` and `header_destination` out");
        }
        return header;
    }
    match (kind, text) {
        (HeaderKind::Tpdu, Some(text)) => match hex(&text.value) {
            Some(bytes) if bytes.len() == 5 => Header::from_slice(&bytes),
            _ => {
                section.error(text.span, "`tpdu` must be ten hexadecimal digits, like \"6000030000\"");
                Header::new()
            }
        },
        (_, Some(text)) => {
            section.error(text.span, "`tpdu` is of use only with header = \"tpdu\"");
            Header::new()
        }
        (kind, None) => kind.first(),
    }
}

/// The header with the addresses of the file, where it gives any; a mistake is told and leaves them out.
fn addressed(section: &Section<'_, '_>, kind: HeaderKind) -> Option<Header> {
    let (source, destination) = match (section.text("header_source"), section.text("header_destination")) {
        (None, None) => return None,
        (Some(source), Some(destination)) => (source, destination),
        (Some(one), None) | (None, Some(one)) => {
            section.error(one.span, "`header_source` and `header_destination` go together");
            return Some(kind.first());
        }
    };
    match kind.addressed(&source.value, &destination.value) {
        Ok(header) => Some(header),
        Err(error) => {
            section.error(source.span, &error.to_string());
            Some(kind.first())
        }
    }
}

fn hex(text: &str) -> Option<Vec<u8>> {
    if !text.is_ascii() || text.len() % 2 == 1 {
        return None;
    }
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(text.get(at..at + 2)?, 16).ok()).collect()
}

/// A response code of the length that the edition of the standard has (2 in 1987, 3 in 1993, 4 in 2003).
pub(super) fn code(section: &Section<'_, '_>, text: &Text, version: Version) -> Option<ResponseCode> {
    let length = match version {
        Version::V1987 => 2,
        Version::V1993 => 3,
        Version::V2003 => 4,
    };
    let code = ResponseCode::parse(text.value.as_bytes()).filter(|_| text.value.len() == length);
    if code.is_none() {
        let message = format!("\"{}\" is no response code of this dialect: wanted {length} characters", text.value);
        section.error(text.span.clone(), &message);
    }
    code
}

/// The response code under a key, or the default.
pub(super) fn code_or(
    section: &Section<'_, '_>,
    key: &'static str,
    version: Version,
    default: ResponseCode,
) -> ResponseCode {
    section.text(key).and_then(|text| code(section, &text, version)).unwrap_or(default)
}

/// A table from response code to response code. (One side is the bank's, the other that of acquirers whose edition may
/// be another, so lengths are not checked.)
pub(super) fn code_table(section: &Section<'_, '_>, key: &'static str) -> BTreeMap<ResponseCode, ResponseCode> {
    let Some(table) = section.section(key) else { return BTreeMap::new() };
    let mut codes = BTreeMap::new();
    for (from, to) in table.entries() {
        let from_code = ResponseCode::parse(from.value.as_bytes());
        let to_code = ResponseCode::parse(to.value.as_bytes());
        match (from_code, to_code) {
            (Some(from), Some(to)) => {
                codes.insert(from, to);
            }
            (None, _) => section.error(from.span, &format!("\"{}\" is no response code", from.value)),
            (_, None) => section.error(to.span, &format!("\"{}\" is no response code", to.value)),
        }
    }
    codes
}

/// A table from data element to the logical value it is set to; none of those that a payment says itself, or that are the
/// switch's own.
pub(super) fn field_table(
    section: &Section<'_, '_>,
    key: &'static str,
    taken: &[u8],
    dialect: Option<&Arc<Dialect>>,
) -> Vec<(u8, Vec<u8>)> {
    let Some(table) = section.section(key) else { return Vec::new() };
    let mut fields = Vec::new();
    for (name, value) in table.entries() {
        let Some(field) = name.value.parse().ok().filter(|field| (2..=192).contains(field)) else {
            section.error(name.span, &format!("\"{}\" is no data element: wanted a number from 2 to 192", name.value));
            continue;
        };
        if taken.contains(&field) {
            section.error(name.span, &format!("data element {field} is different in every message"));
            continue;
        }
        if let Some(dialect) = dialect {
            check_field(section, dialect, field, &name, &value);
        }
        fields.push((field, value.value.into_bytes()));
    }
    fields
}

fn check_field(section: &Section<'_, '_>, dialect: &Arc<Dialect>, field: u8, name: &Text, value: &Text) {
    if !dialect.defines(field) {
        let message = format!("dialect {} does not define data element {field}", dialect.name());
        return section.error(name.span.clone(), &message);
    }
    let mti = banklink_protocol::Mti::from_packed(0x0800).expect("0800 is an MTI");
    let mut probe = banklink_protocol::Message::new(dialect, mti);
    if let Err(error) = probe.set(field, value.value.as_bytes()) {
        section.error(value.span.clone(), &format!("the value does not fit: {error}"));
    }
}

/// A list of ranges of numbers, each `"00-19"` or `"31"`, every end within `limits`.
pub(super) fn ranges<T: TryFrom<u64>>(
    section: &Section<'_, '_>,
    key: &'static str,
    limits: &RangeInclusive<u64>,
) -> Vec<(T, T)> {
    let texts = section.texts(key);
    texts.iter().filter_map(|text| range(section, key, text, limits)).collect()
}

/// One range of numbers.
pub(super) fn range<T: TryFrom<u64>>(
    section: &Section<'_, '_>,
    key: &str,
    text: &Text,
    limits: &RangeInclusive<u64>,
) -> Option<(T, T)> {
    let (low, high) = text.value.split_once('-').unwrap_or((&text.value, &text.value));
    let end = |digits: &str| -> Option<u64> {
        let number = digits.trim().parse().ok()?;
        limits.contains(&number).then_some(number)
    };
    let found = match (end(low), end(high)) {
        (Some(low), Some(high)) if low <= high => Some((T::try_from(low).ok()?, T::try_from(high).ok()?)),
        _ => None,
    };
    if found.is_none() {
        let (least, most) = (limits.start(), limits.end());
        let message = format!("\"{}\" in `{key}` is no range: wanted \"low-high\", from {least} to {most}", text.value);
        section.error(text.span.clone(), &message);
    }
    found
}
