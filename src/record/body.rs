//! The storable part of a message: what a reversal repeats of its original, an advice that is delivered later, an answer
//! that may have to be given again.

use banklink_protocol::{Dialect, FieldError, FieldSet, Message, Mti};
use std::{fmt, sync::Arc};
use zeroize::Zeroize;

/// Never stored, whatever a dialect says of them: tracks, PIN block, security control, chip data (which may repeat the
/// track), keys, MACs (PCI DSS 3.3.1, PCI PIN).
const FORBIDDEN: FieldSet = FieldSet::of(&[35, 36, 45, 52, 53, 55, 64, 96, 128]);
/// Room for what an ordinary message says.
const ORDINARY: usize = 256;

/// Fields of a message as logical values: data element, length (little endian), value.
///
/// It may hold a card number and its expiry (which a journal seals), and never a track, a PIN block or a verification
/// value: they have no way in. Copies share it; wiped when the last is dropped.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Body {
    /// `None`: nothing.
    bytes: Option<Arc<Fields>>,
}

/// The fields, one behind the other.
#[derive(Clone, Default, PartialEq, Eq)]
struct Fields(Vec<u8>);

impl Drop for Fields {
    fn drop(&mut self) {
        self.0.as_mut_slice().zeroize();
    }
}

impl Fields {
    /// Adds a field.
    ///
    /// # Panics
    /// Where the value is longer than any field.
    #[inline]
    fn push(&mut self, field: u8, value: &[u8]) {
        let [low, high] = u16::try_from(value.len()).expect("a field is shorter than a frame").to_le_bytes();
        let needed = self.0.len() + Body::HEAD + value.len();
        if needed > self.0.capacity() {
            self.grow(needed);
        }
        self.0.extend_from_slice(&[field, low, high]);
        self.0.extend_from_slice(value);
    }

    /// Moves to a larger place, and leaves nothing behind.
    #[cold]
    fn grow(&mut self, needed: usize) {
        let mut larger = Self(Vec::with_capacity((needed * 2).max(ORDINARY)));
        larger.0.extend_from_slice(&self.0);
        *self = larger;
    }
}

impl From<Fields> for Body {
    fn from(fields: Fields) -> Self {
        Self { bytes: (!fields.0.is_empty()).then(|| Arc::new(fields)) }
    }
}

impl Body {
    /// Header of a field: data element and length.
    const HEAD: usize = 3;

    /// The `wanted` fields of `message` that may be stored.
    #[must_use]
    pub fn of(message: &Message, wanted: &FieldSet) -> Self {
        let mut fields = Fields::default();
        let storable = wanted.without(&FORBIDDEN).without(message.dialect().secret());
        message.each(&storable, |field, value| fields.push(field, value));
        fields.into()
    }

    /// Adds a field that may be stored.
    ///
    /// # Panics
    /// Where it may not be, or is longer than any field.
    pub fn push(&mut self, field: u8, value: &[u8]) {
        assert!(!FORBIDDEN.contains(field), "DE{field} is never stored");
        Arc::make_mut(self.bytes.get_or_insert_default()).push(field, value);
    }

    /// A message of these fields.
    ///
    /// # Errors
    /// A field that the dialect does not have or not in this form: the dialect was changed since.
    pub fn message(&self, dialect: &Arc<Dialect>, mti: Mti) -> Result<Message, FieldError> {
        let mut message = Message::new(dialect, mti);
        for (field, value) in self.fields() {
            message.set(field, value)?;
        }
        Ok(message)
    }

    /// Sets these fields in a message; those its dialect cannot carry are left out.
    pub fn put(&self, message: &mut Message) {
        for (field, value) in self.fields() {
            let _ = message.set(field, value);
        }
    }

    /// The value of a field.
    #[must_use]
    pub fn get(&self, field: u8) -> Option<&[u8]> {
        self.fields().find_map(|(other, value)| (other == field).then_some(value))
    }

    /// Fields and values, in order.
    pub fn fields(&self) -> impl Iterator<Item = (u8, &[u8])> {
        let mut rest = self.bytes();
        std::iter::from_fn(move || {
            let ([field, low, high], behind) = rest.split_first_chunk::<{ Self::HEAD }>()?;
            let (value, behind) = behind.split_at_checked(usize::from(u16::from_le_bytes([*low, *high])))?;
            rest = behind;
            Some((*field, value))
        })
    }

    /// Is there nothing in it?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.bytes.is_none()
    }

    fn bytes(&self) -> &[u8] {
        self.bytes.as_ref().map_or(&[], |fields| &fields.0)
    }

    /// Its bytes in the clear, card number and all: to be sealed, and for nothing else.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        self.bytes()
    }

    /// From bytes that [`Body::expose`] gave; `None` where they are no such thing.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let body = Self::from(Fields(bytes.to_vec()));
        let length: usize = body.fields().map(|(_, value)| Self::HEAD + value.len()).sum();
        let storable = body.fields().all(|(field, _)| !FORBIDDEN.contains(field));
        (length == bytes.len() && storable).then_some(body)
    }
}

impl fmt::Debug for Body {
    /// Which fields, and nothing of what is in them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Body")?;
        f.debug_list().entries(self.fields().map(|(field, _)| field)).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message() -> Message {
        let dialect = Dialect::named("iso87-ascii").unwrap();
        let mut message = Message::new(&dialect, "0200".parse().unwrap());
        for (field, value) in [
            (2, "4111111111111111"),
            (3, "000000"),
            (11, "000001"),
            (14, "2912"),
            (35, "4111111111111111=29121010000012345678"),
            (48, "something"),
            (54, "0001840C000000000100"),
        ] {
            message.set(field, value.as_bytes()).unwrap();
        }
        message.set(52, &[1; 8]).unwrap();
        message
    }

    #[test]
    fn what_may_not_be_stored_has_no_way_in() {
        let message = message();
        let body = Body::of(&message, &message.field_set().without(&FieldSet::of(&[11])));
        assert_eq!(
            body.fields().map(|(field, _)| field).collect::<Vec<_>>(),
            [2, 3, 14, 54],
            "what a dialect calls secret neither"
        );
        assert!(Body::from_bytes(&[52, 1, 0, 7]).is_none() && Body::from_bytes(&[3, 2, 0, 7]).is_none());
        #[expect(clippy::disallowed_methods, reason = "a card number made up for tests")]
        let bytes = body.expose();
        assert_eq!(Body::from_bytes(bytes), Some(body.clone()));
        let again = body.message(message.dialect(), "0420".parse().unwrap()).unwrap();
        assert_eq!((again.text(2), again.has(35)), (message.text(2), false));
        let shown = format!("{body:?}");
        assert!(!shown.contains("4111") && shown.contains("14"), "{shown}");
    }
}
