//! Messages as a step wants them: from a template, like another one, or as an answer; then as bytes.

use crate::certify::{
    report::{Deviation, Kind, Outcome},
    rule::unhex,
    script::{Base, Outgoing},
    value::{Missing, Moment, Value, Values},
};
use banklink_protocol::{
    Dialect, Message, Mti,
    dialect::Version,
    frame::{FrameError, Framing, Header},
};
use bytes::BytesMut;
use std::sync::Arc;

/// Data elements of a request that its answer repeats unless the script says otherwise; network management repeats all but
/// security data. Track, PIN and chip data never come back.
const ECHOED: [u8; 18] = [2, 3, 4, 5, 6, 7, 11, 12, 13, 32, 33, 37, 41, 42, 49, 50, 51, 100];

/// Security data of network management.
const SECURITY: [u8; 5] = [52, 53, 64, 96, 128];

/// Why a message cannot be sent, as the outcome of its step.
pub(super) fn not_reached(missing: &Missing) -> Outcome {
    Outcome::NotReached(missing.to_string())
}

/// The message is wrong: the script asks for what the dialect does not carry.
pub(super) fn impossible(why: impl Into<String>) -> Outcome {
    Outcome::Deviated(vec![Deviation::new(Kind::Message, "a message that can be sent", why)])
}

/// The message that a step begins with, changed as it says.
pub(super) fn request(
    dialect: &Arc<Dialect>,
    mti: Mti,
    base: &Base,
    out: &Outgoing,
    (values, now): (&mut Values, Moment),
) -> Result<Message, Outcome> {
    let mut message = match base {
        Base::Template(fields) => {
            let mut message = Message::new(dialect, mti);
            // What the step sets itself is not made first: a generator counts once.
            let fields = fields.iter().filter(|(field, _)| out.fields.iter().all(|(set, _)| set != field));
            set_all(&mut message, fields, values, now)?;
            message
        }
        Base::Message(name) => {
            let like = values.message(name).map_err(|missing| not_reached(&missing))?;
            let mut message = in_dialect(dialect, like);
            message.set_mti(mti);
            message
        }
    };
    change(&mut message, out, values, now)?;
    Ok(message)
}

/// The answer to a request.
pub(super) fn answer(
    name: &str,
    code: &Value,
    out: &Outgoing,
    (values, now): (&mut Values, Moment),
) -> Result<Message, Outcome> {
    let mut message = values.message(name).map_err(|missing| not_reached(&missing))?.clone();
    let Some(response) = message.mti().response() else {
        return Err(impossible(format!("{} is not answered", message.mti())));
    };
    let network = message.mti().class() == 8;
    let kept = |field: u8| if network { !SECURITY.contains(&field) } else { ECHOED.contains(&field) };
    for field in message.fields().filter(|field| !kept(*field)).collect::<Vec<_>>() {
        message.remove(field);
    }
    message.set_mti(response);
    set_all(&mut message, std::iter::once(&(39, code.clone())), values, now)?;
    change(&mut message, out, values, now)?;
    Ok(message)
}

/// A network message of ours: sign-on (001, 801), sign-off (002, 802).
pub(super) fn network(
    dialect: &Arc<Dialect>,
    functions: (&str, &str),
    (values, now): (&mut Values, Moment),
) -> Result<Message, Outcome> {
    let first = dialect.version() == Version::V1987;
    let mut message = Message::new(dialect, network_mti(dialect.version()));
    let text = |text: &str| Value::parse(text).expect("our own value");
    let mut fields = vec![(7, text("{now}")), (11, text("{stan}"))];
    if first {
        fields.push((70, text(functions.0)));
    } else {
        fields.extend([(12, text("{moment}")), (24, text(functions.1))]);
    }
    set_all(&mut message, fields.iter(), values, now)?;
    Ok(message)
}

/// The type of network requests.
pub(super) fn network_mti(version: Version) -> Mti {
    let digits = match version {
        Version::V1987 => *b"0800",
        Version::V1993 => *b"1804",
        Version::V2003 => *b"2804",
    };
    Mti::from_digits(digits).expect("a message type")
}

/// DE39 of a network request that is agreed to.
pub(super) const fn fine(version: Version) -> &'static str {
    match version {
        Version::V1987 => "00",
        Version::V1993 => "800",
        Version::V2003 => "0800",
    }
}

/// The answer to a network request; `None` where it is none.
pub(super) fn network_answer(request: &Message, code: &str) -> Option<Message> {
    let mut answer = request.clone();
    SECURITY.iter().for_each(|field| answer.remove(*field));
    answer.set_mti(request.mti().response()?);
    answer.set(39, code.as_bytes()).ok()?;
    Some(answer)
}

/// The function of a network message: DE70, in later editions DE24.
pub(super) fn function(message: &Message) -> Option<u64> {
    if message.mti().version() == 0 { message.number(70) } else { message.number(24) }
}

/// The same message in another dialect; what that does not define is left out.
fn in_dialect(dialect: &Arc<Dialect>, like: &Message) -> Message {
    if Arc::ptr_eq(dialect, like.dialect()) {
        return like.clone();
    }
    let mut message = Message::new(dialect, like.mti());
    for field in like.fields().filter(|field| dialect.defines(*field)) {
        if let Some(value) = like.logical(field) {
            // What does not fit is missed by the rules at the other side.
            let _ = message.set(field, &value);
        }
    }
    message
}

fn change(message: &mut Message, out: &Outgoing, values: &mut Values, now: Moment) -> Result<(), Outcome> {
    for field in &out.without {
        message.remove(*field);
    }
    set_all(message, out.fields.iter(), values, now)
}

fn set_all<'v>(
    message: &mut Message,
    fields: impl Iterator<Item = &'v (u8, Value)>,
    values: &mut Values,
    now: Moment,
) -> Result<(), Outcome> {
    for (field, value) in fields {
        let set = match value {
            Value::Number(number) => message.set_number(*field, *number),
            Value::Text(_) => {
                let text = values.text(value, now).map_err(|missing| not_reached(&missing))?;
                let bytes = if message.is_binary(*field) { unhex(&text) } else { Some(text.into_bytes()) };
                let bytes =
                    bytes.ok_or_else(|| impossible(format!("DE{field} is binary: wanted hexadecimal digits")))?;
                message.set(*field, &bytes)
            }
        };
        set.map_err(|error| impossible(error.to_string()))?;
    }
    Ok(())
}

/// The frame of a message, with what the step does to its bytes.
pub(super) fn frame(
    message: &Message,
    header: &Header,
    framing: &Framing,
    out: &Outgoing,
) -> Result<BytesMut, Outcome> {
    let mut encoded = BytesMut::new();
    message.encode(&mut encoded).map_err(|error| impossible(error.to_string()))?;
    let mut body = encoded.to_vec();
    if let Some((from, to)) = &out.replace {
        let at = body.windows(from.len().max(1)).position(|part| part == from.as_bytes());
        let Some(at) = at else { return Err(impossible("the message does not hold the text that `replace` names")) };
        body.splice(at..at + from.len(), to.bytes());
    }
    body.truncate(body.len().saturating_sub(out.cut));
    body.extend_from_slice(&out.append);
    framed(&body, header, framing)
}

/// Bytes as a frame.
pub(super) fn framed(body: &[u8], header: &Header, framing: &Framing) -> Result<BytesMut, Outcome> {
    let mut frame = BytesMut::new();
    let written = framing.write(&mut frame, header, |frame| {
        frame.extend_from_slice(body);
        Ok::<_, FrameError>(())
    });
    written.map_err(|error| impossible(error.to_string()))?;
    Ok(frame)
}
