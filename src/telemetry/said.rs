//! What a Note says as a log line, taken as data: for those who listen in. The lines themselves are made in one place.

use super::{Names, note, payment};
use crate::switch::Note;
use serde_json::{Map, Value};
use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
};
use tracing::{
    Event, Metadata, Subscriber,
    field::{Field, Visit},
    span,
};

/// The members of a note's line, its level and text among them; `None` where it has no line.
pub fn said(names: &Names, what: &Note) -> Option<Map<String, Value>> {
    let scribe = Scribe::default();
    let line = Arc::clone(&scribe.line);
    tracing::subscriber::with_default(scribe, || match what {
        Note::Payment(of) => payment(names, of),
        what => note(names, what),
    });
    line.lock().unwrap_or_else(PoisonError::into_inner).take()
}

/// Writes down one event.
#[derive(Default)]
struct Scribe {
    line: Arc<Mutex<Option<Map<String, Value>>>>,
}

impl Subscriber for Scribe {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut line = Line(Map::new());
        let text = if event.metadata().target() == "banklink::payment" { "payment" } else { "" };
        line.0.insert("level".into(), event.metadata().level().as_str().to_lowercase().into());
        line.0.insert("message".into(), text.into());
        event.record(&mut line);
        *self.line.lock().unwrap_or_else(PoisonError::into_inner) = Some(line.0);
    }

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}

struct Line(Map<String, Value>);

impl Line {
    fn put(&mut self, field: &Field, value: impl Into<Value>) {
        self.0.insert(field.name().to_owned(), value.into());
    }
}

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.put(field, format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field, value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::switch::{BankId, ConnectionId, LinkChange, LinkState};

    #[test]
    fn a_line_with_its_members() {
        let names = Names { acquirers: vec!["shop".into()], banks: vec!["alpha".into()] };
        let connection = ConnectionId { bank: BankId(0), slot: 2 };
        let up = Note::Link { connection, from: LinkState::SigningOn, to: LinkState::Up, why: LinkChange::SignedOn };
        let line = said(&names, &up).unwrap();
        assert_eq!(
            serde_json::to_string(&line).unwrap(),
            r#"{"level":"info","message":"link","bank":"alpha","slot":2,"from":"signing_on","to":"up","why":"signed on"}"#
        );
        assert!(said(&names, &Note::Drained).is_some());
    }
}
