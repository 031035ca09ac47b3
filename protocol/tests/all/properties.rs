//! Round trips of made-up messages in every shipped dialect, and bytes of any kind.

use crate::samples::{hex, mti_width, purchase};
use banklink_protocol::{
    Dialect, Message,
    describe::{self, Element, Value},
    dialect::LayoutRow,
};
use bytes::{Bytes, BytesMut};
use proptest::{collection::vec, prelude::*, sample::subsequence};
use std::sync::{Arc, LazyLock};

static DIALECTS: LazyLock<Vec<Arc<Dialect>>> =
    LazyLock::new(|| Dialect::shipped().iter().map(|name| Dialect::named(name).unwrap()).collect());

/// The formats of a dialect's fields under 0200, without those that have an inside.
fn formats(dialect: &Dialect) -> Vec<(u8, String)> {
    let rows = dialect.layout(Some("0200".parse().unwrap())).into_iter();
    let plain = rows.filter(|row| row.depth == 0 && kind(row).is_none());
    plain.map(|row| (row.key.parse().unwrap(), row.format)).collect()
}

const POSITIONAL: &str = ", positional";
const BER: &str = ", BER-TLV";

/// How the layout of a dialect says what is inside a field, where anything is.
fn kind(row: &LayoutRow) -> Option<&'static str> {
    [POSITIONAL, BER, ", tag-length-value", ", with a bitmap"].into_iter().find(|kind| row.encoding.ends_with(kind))
}

/// Made-up elements for the rows of one inside: all of them by position, some of them by tag or bit.
fn elements(rows: &[LayoutRow], kind: &str) -> BoxedStrategy<Vec<Element>> {
    let depth = rows.first().map_or(0, |row| row.depth);
    let starts: Vec<usize> = (0..rows.len()).filter(|at| rows[*at].depth == depth).collect();
    let ends = starts.iter().skip(1).copied().chain([rows.len()]);
    let all: Vec<_> = starts.iter().zip(ends).map(|(start, end)| element(&rows[*start..end])).collect();
    let all: Vec<_> = all.into_iter().flatten().collect();
    let least = if kind == POSITIONAL { all.len() } else { 0 };
    subsequence(all.clone(), least..=all.len()).prop_flat_map(|chosen| chosen).boxed()
}

/// One element, of its row and the rows below it; none where the row does not bound it.
fn element(rows: &[LayoutRow]) -> Option<BoxedStrategy<Element>> {
    let (row, below) = rows.split_first()?;
    let owned = row.clone();
    match kind(row) {
        Some(BER) => None,
        Some(kind) => Some(elements(below, kind).prop_map(move |inner| named(&owned, Value::Elements(inner))).boxed()),
        None if row.format.is_empty() => None,
        None => {
            let binary = row.format.starts_with('b');
            let text = move |bytes: Vec<u8>| if binary { hex(&bytes) } else { String::from_utf8(bytes).unwrap() };
            Some(value(&row.format).prop_map(move |bytes| named(&owned, Value::Text(text(bytes)))).boxed())
        }
    }
}

fn named(row: &LayoutRow, value: Value) -> Element {
    Element { key: row.key.clone(), name: row.name.clone(), sensitivity: row.sensitivity, value }
}

/// An element that is empty and the last may be missing as well.
fn without_empty(elements: Vec<Element>) -> Vec<Element> {
    let inner = elements.into_iter().map(|mut element| {
        if let Value::Elements(below) = element.value {
            element.value = Value::Elements(without_empty(below));
        }
        element
    });
    inner
        .filter(|element| element.value != Value::Text(String::new()) && element.value != Value::Elements(vec![]))
        .collect()
}

/// A field with an inside other than chip data.
struct Composite {
    dialect: Arc<Dialect>,
    mti: &'static str,
    row: LayoutRow,
    below: Vec<LayoutRow>,
}

/// All of them, as they are in payments and in network management.
static COMPOSITES: LazyLock<Vec<Composite>> = LazyLock::new(|| {
    let mut all = Vec::new();
    for (dialect, mti) in DIALECTS.iter().flat_map(|dialect| [(dialect, "0200"), (dialect, "0800"), (dialect, "0500")])
    {
        let rows = dialect.layout(Some(mti.parse().unwrap()));
        for (at, row) in rows.iter().enumerate().filter(|(_, row)| row.depth == 0) {
            let below: Vec<_> = rows[at + 1..].iter().take_while(|row| row.depth > 0).cloned().collect();
            if kind(row).is_some_and(|kind| kind != BER) && !below.is_empty() {
                all.push(Composite { dialect: Arc::clone(dialect), mti, row: row.clone(), below });
            }
        }
    }
    all
});

/// A logical value for a format such as `n..19`.
fn value(format: &str) -> BoxedStrategy<Vec<u8>> {
    let class = format.trim_end_matches(|letter: char| letter == '.' || letter.is_ascii_digit());
    let max: usize = format[class.len()..].trim_start_matches('.').parse().unwrap();
    let length = if format.contains('.') { 0..=max.min(70) } else { max..=max };
    let text = |alphabet: &'static [u8], length: std::ops::RangeInclusive<usize>| {
        vec(proptest::sample::select(alphabet), length).boxed()
    };
    match class {
        "n" => text(b"0123456789", length),
        "an" => text(b"0123456789ABCxyz ", length),
        "ns" => text(b"0123456789 -/=#", length),
        "ans" => text(b"0123456789ABCxyz -/=#[]^!|~", length),
        "z" => text(b"0123456789=", length),
        "x+n" => (any::<bool>(), text(b"0123456789", max..=max))
            .prop_map(|(credit, digits)| [vec![if credit { b'C' } else { b'D' }], digits].concat())
            .boxed(),
        _ => vec(any::<u8>(), length).boxed(),
    }
}

/// Any message of a dialect, of fields that have no inside.
fn fields(dialect: &Arc<Dialect>) -> impl Strategy<Value = Vec<(u8, Vec<u8>)>> + use<> {
    let formats = formats(dialect);
    let count = formats.len();
    subsequence(formats, 0..=count.min(60)).prop_flat_map(|chosen| {
        let chosen = chosen.into_iter().map(|(field, format)| (Just(field), value(&format)));
        chosen.collect::<Vec<_>>()
    })
}

fn encoded(message: &Message) -> Bytes {
    let mut out = BytesMut::new();
    message.encode(&mut out).unwrap();
    out.freeze()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_is_set_is_read_after_the_wire(
        (at, fields, order) in (0..Dialect::shipped().len())
            .prop_flat_map(|at| (Just(at), fields(&DIALECTS[at]), any::<u64>()))
    ) {
        let dialect = &DIALECTS[at];
        let mut message = Message::new(dialect, "0200".parse().unwrap());
        let mut shuffled: Vec<_> = fields.iter().collect();
        shuffled.sort_by_key(|(field, _)| (u64::from(*field) + 1).wrapping_mul(order | 1));
        for (field, value) in shuffled {
            message.set(*field, value).unwrap();
        }
        let frame = encoded(&message);
        let back = dialect.decode(frame.clone()).unwrap();
        prop_assert_eq!(back.fields().collect::<Vec<_>>(), message.fields().collect::<Vec<_>>());
        for (field, value) in &fields {
            prop_assert_eq!(&back.logical(*field).unwrap()[..], &value[..], "DE{}", field);
            prop_assert_eq!(message.logical(*field), back.logical(*field));
        }
        prop_assert_eq!(hex(&encoded(&back)), hex(&frame));
        // By way of names and text, as the tools do.
        let again = describe::message(dialect, back.mti(), &describe::elements(&back)).unwrap();
        prop_assert_eq!(hex(&encoded(&again)), hex(&frame));
        // Taken out again in any order, nothing is left.
        let mut emptied = back;
        for (field, _) in fields.iter().rev() {
            emptied.remove(*field);
        }
        prop_assert_eq!(emptied.fields().count(), 0);
    }

    #[test]
    fn what_is_inside_a_field_is_read_after_the_wire(
        (of, inner) in (0..COMPOSITES.len())
            .prop_flat_map(|of| (Just(of), elements(&COMPOSITES[of].below, kind(&COMPOSITES[of].row).unwrap())))
    ) {
        prop_assume!(!inner.is_empty());
        let Composite { dialect, mti, row, .. } = &COMPOSITES[of];
        let field = named(row, Value::Elements(inner));
        let message = describe::message(dialect, mti.parse().unwrap(), std::slice::from_ref(&field)).unwrap();
        let frame = encoded(&message);
        let back = dialect.decode(frame.clone()).unwrap();
        prop_assert_eq!(hex(&encoded(&back)), hex(&frame));
        let found = describe::elements(&back);
        let again = describe::message(dialect, back.mti(), &found).unwrap();
        prop_assert_eq!(hex(&encoded(&again)), hex(&frame));
        prop_assert!(without_empty(found) == without_empty(vec![field]), "DE{} of {}", &row.key, dialect.name());
    }

    #[test]
    fn changing_some_fields_leaves_the_others_as_they_came(
        at in 0..Dialect::shipped().len(),
        stan in 0u64..1_000_000,
        gone in proptest::sample::select(&[2u8, 35, 52, 55, 70, 97, 102][..]),
    ) {
        let dialect = &DIALECTS[at];
        let before = dialect.decode(encoded(&purchase(dialect))).unwrap();
        let mut after = before.clone();
        after.set_number(11, stan).unwrap();
        after.set(39, if at == 4 { b"000" } else { b"00" }).unwrap();
        after.remove(gone);
        let back = dialect.decode(encoded(&after)).unwrap();
        prop_assert_eq!(back.number(11), Some(stan));
        for field in before.fields().filter(|field| ![11, gone].contains(field)) {
            prop_assert_eq!(back.wire(field), before.wire(field), "DE{}", field);
        }
        prop_assert_eq!(back.fields().count(), before.fields().count());
    }

    #[test]
    fn bytes_of_any_kind_are_an_error_or_a_message(bytes in vec(any::<u8>(), 0..300)) {
        for dialect in &*DIALECTS {
            survives(dialect, bytes.clone());
        }
    }

    #[test]
    fn a_header_before_noise_is_an_error_or_a_message(
        bits in any::<[u64; 2]>(), noise in vec(any::<u8>(), 0..400), digits in any::<bool>()
    ) {
        for dialect in &*DIALECTS {
            let mut message = Message::new(dialect, "0200".parse().unwrap());
            message.set(3, b"000000").unwrap();
            let mut bytes = encoded(&message)[..mti_width(dialect)].to_vec();
            let bits = [bits[0] | 1 << 63, bits[1]].map(u64::to_be_bytes).concat();
            bytes.extend(if dialect.head_layout().contains("bitmap hex") { hex(&bits).into_bytes() } else { bits });
            bytes.extend(noise.iter().map(|byte| if digits { b'0' + byte % 10 } else { *byte }));
            survives(dialect, bytes);
        }
    }

    #[test]
    fn damage_to_a_valid_message_is_an_error_or_a_message(
        at in 0..Dialect::shipped().len(), places in vec((any::<prop::sample::Index>(), any::<u8>()), 1..4)
    ) {
        let dialect = &DIALECTS[at];
        let mut bytes = encoded(&purchase(dialect)).to_vec();
        for (place, byte) in places {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        survives(dialect, bytes);
    }
}

/// Decoding does not panic; what is decoded is written back as it came, can be printed and described.
fn survives(dialect: &Arc<Dialect>, bytes: Vec<u8>) {
    match dialect.decode(Bytes::from(bytes.clone())) {
        Ok(message) => {
            assert_eq!(hex(&encoded(&message)), hex(&bytes), "in {}", dialect.name());
            assert!(!format!("{message:?}").is_empty());
        }
        Err(error) => {
            assert!(error.offset <= bytes.len() && !error.to_string().is_empty());
            if let Some(partial) = error.partial {
                assert!(!format!("{partial:?}").is_empty());
                encoded(&partial);
            }
        }
    }
}
