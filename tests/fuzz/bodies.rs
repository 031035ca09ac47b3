//! What the fuzz targets do with arbitrary bytes, and what must then be true. The same bodies replay the corpus in
//! `cargo test`.

use banklink_protocol::{
    Dialect, Message, Translation, describe,
    error::Reason,
    frame::{Frame, FrameError, Framing, HeaderKind},
};
use bytes::{Bytes, BytesMut};
use std::sync::{Arc, LazyLock};

/// The shipped dialects, compiled once.
static SHIPPED: LazyLock<Vec<Arc<Dialect>>> = LazyLock::new(|| {
    let named = |name: &&str| Dialect::named(name).expect("a shipped name");
    Dialect::shipped().iter().map(named).collect()
});

/// One message in every shipped dialect: whatever decodes is written back byte for byte.
pub(crate) fn decode(data: &[u8]) {
    for dialect in SHIPPED.iter() {
        decode_in(dialect, data);
    }
}

/// The form of the stream (first byte), where it is cut (second byte), then the stream: every cut gives the same frames,
/// and what was split is read the same when it is written back.
pub(crate) fn frame(data: &[u8]) {
    let [form, chunk, stream @ ..] = data else { return };
    let framing = framing(*form);
    let whole = split(&framing, &mut std::iter::once(stream));
    let cut = split(&framing, &mut stream.chunks(usize::from(*chunk).max(1)));
    assert_eq!(whole, cut, "another cut, other frames");
    let mut written = BytesMut::new();
    for frame in &whole.0 {
        write(&framing, &mut written, frame);
    }
    let again = split(&framing, &mut std::iter::once(&written[..]));
    assert!(again.1.is_none(), "what was written is not read: {again:?}");
    let same = |(one, other)| said(&framing, one) == said(&framing, other);
    assert_eq!(again.0.len(), whole.0.len(), "what was written is read otherwise");
    assert!(again.0.iter().zip(&whole.0).all(same), "what was written is read otherwise");
}

/// A dialect file, and after a zero byte a message in it: a mistake is an error that names a line of the file, and what
/// decodes in a dialect of any kind is written back byte for byte.
pub(crate) fn dialect(data: &[u8]) {
    let Some((text, message)) = file_and_message(data) else { return };
    match Dialect::parse("fuzzed.toml", text) {
        Ok(dialect) => {
            assert!(dialect.layout(None).iter().filter(|row| row.depth == 0).count() == dialect.fields().count());
            decode_in(&dialect, message);
        }
        Err(error) => {
            // The end of the file is a place as well, on a line of its own after a last line feed.
            assert!(error.line <= text.split('\n').count(), "no such line: {error}");
            assert!(!error.message.is_empty());
        }
    }
}

/// What another program describes a format with, and after a zero byte a message in it: a mistake names a line of the text,
/// what is made of it compiles, and what decodes in it is written back byte for byte.
pub(crate) fn import(data: &[u8]) {
    let Some((text, message)) = file_and_message(data) else { return };
    let Some(format) = banklink_protocol::import::recognise(text) else { return };
    let lines = text.split('\n').count();
    match format.import("fuzzed", text) {
        Ok(imported) => {
            let dialect = Dialect::parse("imported.toml", &imported.toml).expect("what is imported compiles");
            assert!(imported.remarks.iter().all(|remark| (1..=lines).contains(&remark.line)), "no such line");
            decode_in(&dialect, message);
        }
        Err(error) => assert!((1..=lines).contains(&error.line) && !error.message.is_empty(), "no such line: {error}"),
    }
}

/// The text before the first zero byte, and the bytes behind it.
fn file_and_message(data: &[u8]) -> Option<(&str, &[u8])> {
    let (file, message) =
        data.iter().position(|byte| *byte == 0).map_or((data, &[][..]), |at| (&data[..at], &data[at + 1..]));
    Some((std::str::from_utf8(file).ok()?, message))
}

/// A pair of dialects (first byte), then a message in the first: what is translated can be read in the second, and within one
/// edition says the same in every field that was not dropped.
pub(crate) fn translate(data: &[u8]) {
    let [pair, message @ ..] = data else { return };
    let (from, to) = (usize::from(*pair) % SHIPPED.len(), usize::from(*pair) / SHIPPED.len() % SHIPPED.len());
    let (from, to) = (&SHIPPED[from], &SHIPPED[to]);
    let Ok(message) = from.decode(Bytes::copy_from_slice(message)) else { return };
    let Ok(translated) = Translation::new(from, to).apply(message.clone(), 0) else { return };
    let bytes = encoded(&translated.message);
    let read = to.decode(bytes).unwrap_or_else(|error| panic!("translated into what cannot be read: {error}"));
    if from.version() != to.version() {
        return;
    }
    assert_eq!(read.mti(), message.mti());
    for field in message.fields().filter(|field| !translated.dropped.contains(*field)) {
        assert!(read.has(field), "DE{field} is lost and not counted as dropped");
        assert_eq!(message.number(field), read.number(field), "DE{field} changed its value");
    }
}

/// Decodes, and holds the message against all that is promised of one.
fn decode_in(dialect: &Arc<Dialect>, data: &[u8]) {
    match dialect.decode(Bytes::copy_from_slice(data)) {
        Ok(message) => {
            assert_eq!(encoded(&message), data, "{} writes otherwise than it read", dialect.name());
            set_again(&message);
            built_from_elements(&message);
            let _ = format!("{message:?}");
        }
        Err(error) => {
            assert!(error.offset <= data.len(), "an offset outside the message: {error}");
            let _ = format!("{error} {:?}", error.partial);
            if let Some(partial) = error.partial {
                answerable(dialect, &partial);
            }
        }
    }
}

/// What was decoded in spite of an error is a message: it can be written, and says the same when it is read.
fn answerable(dialect: &Arc<Dialect>, partial: &Message) {
    match dialect.decode(encoded(partial)) {
        Ok(read) => assert!(describe::elements(&read) == describe::elements(partial), "reads another message"),
        Err(error) => assert_eq!(error.reason, Reason::Missing, "{error}"),
    }
}

/// Each field set to the value it has is taken, and still has it.
fn set_again(message: &Message) {
    let mut copy = message.clone();
    let mut value = [0; 70_000];
    for field in message.fields() {
        let length = message.read(field, &mut value).expect("a present field fits");
        copy.set(field, &value[..length]).unwrap_or_else(|error| panic!("refuses its own value: {error}"));
        let mut again = [0; 70_000];
        assert_eq!(copy.read(field, &mut again), Some(length), "DE{field} changed its length");
        assert!(again[..length] == value[..length], "DE{field} changed its value");
    }
    let bytes = encoded(&copy);
    let read = message.dialect().decode(bytes).unwrap_or_else(|error| panic!("does not read what it wrote: {error}"));
    assert!(describe::elements(&read) == describe::elements(message), "reads another message than it wrote");
}

/// What tools print of a message is enough to build it again, elements of composites with their order and repeats included.
fn built_from_elements(message: &Message) {
    let elements = describe::elements(message);
    let _ = format!("{elements:?}");
    let built = describe::message(message.dialect(), message.mti(), &elements)
        .unwrap_or_else(|error| panic!("cannot be built from its own elements: {error}"));
    assert!(describe::elements(&built) == elements, "another message than its elements say");
}

fn encoded(message: &Message) -> Bytes {
    let mut out = BytesMut::new();
    message.encode(&mut out).unwrap_or_else(|error| panic!("cannot write what it read: {error}"));
    out.freeze()
}

fn framing(form: u8) -> Framing {
    let framing = Framing::named(Framing::NAMES[usize::from(form) % Framing::NAMES.len()]).expect("a name");
    let headers = HeaderKind::ALL.into_iter().filter(|header| framing.clone().with_header(*header).fault().is_none());
    let headers: Vec<_> = headers.collect();
    let header = headers[usize::from(form) / Framing::NAMES.len() % headers.len()];
    framing.with_header(header).with_max(300)
}

/// All frames, and how the stream ended.
fn split(framing: &Framing, chunks: &mut dyn Iterator<Item = &[u8]>) -> (Vec<Frame>, Option<FrameError>) {
    let (mut buffer, mut frames) = (BytesMut::new(), Vec::new());
    for chunk in chunks {
        buffer.extend_from_slice(chunk);
        loop {
            match framing.split(&mut buffer) {
                Ok(Some(frame)) => frames.push(frame),
                Ok(None) => break,
                Err(error) => return (frames, Some(error)),
            }
        }
        assert!(buffer.capacity() < 4096 + chunk.len() * 2, "more room than any frame may need");
    }
    (frames, None)
}

/// A frame without what is made right when it is written: a header that depends on the message.
fn said<'a>(framing: &Framing, frame: &'a Frame) -> Option<(&'a [u8], &'a [u8])> {
    let linked = matches!(framing.header, HeaderKind::Base1 | HeaderKind::Base24);
    match frame {
        Frame::Message { header, body } => Some((if linked { &[] } else { header }, body)),
        Frame::Control { body } => Some((&[], body)),
        Frame::KeepAlive => None,
    }
}

fn write(framing: &Framing, out: &mut BytesMut, frame: &Frame) {
    match frame {
        Frame::KeepAlive => framing.write_keep_alive(out),
        Frame::Control { body } => framing.write_control(out, body).expect("it was read"),
        Frame::Message { header, body } => {
            let body = |out: &mut BytesMut| {
                out.extend_from_slice(body);
                Ok::<(), FrameError>(())
            };
            // A rejecting header is longer than any that we write.
            let longer = header.len() > framing.header.size();
            let own = if longer { framing.header.first() } else { header.clone() };
            framing.write(out, &own, body).expect("what was read fits");
            if framing.header == HeaderKind::Tpdu {
                assert_eq!(framing.answer_header(&framing.answer_header(header)), *header, "turned round twice");
            }
            assert_eq!(framing.answer_header(header).len(), framing.header.size());
            let _ = framing.header.reject(header);
        }
    }
}
