//! What is listened in on, as a stream: one JSON object a line, until the caller goes away.

use super::{Admin, Refused, caller::Reader};
use crate::{
    clock::Wall,
    driver::{TraceFilter, Traced},
};
use axum::{
    body::{Body, Bytes},
    extract::{Query, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use banklink_protocol::{
    Message,
    describe::{self, Element, Value},
};
use http_body_util::StreamBody;
use hyper::body::Frame;
use serde_json::{Map, Value as Json, json};
use std::{
    convert::Infallible,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};
use tokio::sync::mpsc;

/// What is asked for.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Asked {
    bank: Option<String>,
    acquirer: Option<String>,
    rrn: Option<String>,
}

pub(super) async fn trace(
    _: Reader,
    State(admin): State<Arc<Admin>>,
    Query(Asked { bank, acquirer, rrn }): Query<Asked>,
) -> Result<Response, Refused> {
    let filter = TraceFilter { bank, acquirer, rrn };
    let events = admin.control.trace(filter).await.map_err(|why| Refused(StatusCode::NOT_FOUND, why))?;
    let body = Body::new(StreamBody::new(Lines(events)));
    Ok(([("content-type", "application/x-ndjson")], body).into_response())
}

/// Events as lines; it ends with the switch.
struct Lines(mpsc::Receiver<Traced>);

impl futures_core::Stream for Lines {
    type Item = Result<Frame<Bytes>, Infallible>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.poll_recv(cx).map(|event| Some(Ok(Frame::data(Bytes::from(format!("{}\n", line(event?)))))))
    }
}

/// One event; card numbers masked, secrets hidden.
fn line(event: Traced) -> Json {
    match event {
        Traced::Message { at, way, peer, line, header, message, error } => {
            let mut object = Map::new();
            object.insert("at".into(), time(at).into());
            object.insert("way".into(), way.as_str().into());
            object.insert("peer".into(), (*peer).into());
            object.insert("line".into(), line.into());
            if !header.is_empty() {
                let hex: String = header.iter().map(|byte| format!("{byte:02X}")).collect();
                object.insert("header".into(), hex.into());
            }
            if let Some(message) = message {
                object.insert("mti".into(), message.mti().to_string().into());
                object.insert("fields".into(), fields(&message));
            }
            if let Some(error) = error {
                object.insert("error".into(), error.into());
            }
            Json::Object(object)
        }
        Traced::Said { at, what } => json!({ "at": time(at), "said": what }),
        Traced::Missed(missed) => json!({ "missed": missed }),
    }
}

fn fields(message: &Message) -> Json {
    describe::elements(message).into_iter().map(element).collect()
}

fn element(element: Element) -> Json {
    let masked = element.masked();
    let value = match element.value {
        Value::Text(text) => Json::String(masked.unwrap_or(text)),
        Value::Elements(elements) => elements.into_iter().map(self::element).collect(),
    };
    json!({ "key": element.key, "name": element.name, "value": value })
}

fn time(at: Wall) -> String {
    jiff::Timestamp::from_microsecond(at.0).map_or_else(|_| at.0.to_string(), |moment| format!("{moment:.6}"))
}
