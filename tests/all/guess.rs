//! Captured bytes, and what `decode --guess` makes of them: every vector, bare, in every frame, and behind a header that
//! nobody knows.

use crate::grammar;
use banklink::guess::{self, Answer, Fit, Forms, HeaderFit, Known};
use banklink_protocol::{
    Dialect, Message,
    frame::{FrameError, Framing, HeaderKind},
};
use bytes::{Bytes, BytesMut};
use serde_json::Value;

/// The vectors that are messages.
fn vectors() -> Vec<Value> {
    let all: Value = serde_json::from_str(include_str!("../vectors/messages.json")).unwrap();
    let good = all["messages"].as_array().unwrap().iter().filter(|vector| vector["must_fail"] != true);
    good.cloned().collect()
}

fn unhex(text: &str) -> Vec<u8> {
    let digit = |at: usize| u8::from_str_radix(&text[at..at + 2], 16).unwrap();
    (0..text.len()).step_by(2).map(digit).collect()
}

/// All bytes, and where the MTI is in them.
fn bytes(vector: &Value) -> (Bytes, usize) {
    let header = vector["dialect"]["header"]["hex"].as_str().unwrap_or_default().len() / 2;
    (unhex(vector["hex"].as_str().unwrap()).into(), header)
}

/// The shipped dialects, after the one that the vector is written in.
fn known(vector: &Value) -> Vec<Known> {
    let own = Dialect::parse("own", &grammar::toml(vector)).unwrap();
    let mut known = vec![Known { name: "own.toml".into(), dialect: own }];
    known.extend(guess::shipped());
    known
}

/// Does the message say what the vector says?
fn says(message: &Message, vector: &Value) -> bool {
    vector["fields"].as_object().unwrap().iter().all(|(field, value)| match field.as_str() {
        "0" => message.mti().to_string() == value.as_str().unwrap(),
        "bitmap" => true,
        field => {
            let text = message.text(field.parse().unwrap());
            // Another character set is shown as hex.
            !value.as_str().unwrap().is_ascii() || text.as_deref() == value.as_str()
        }
    })
}

/// The place of the first answer that reads the vector's values, from 0.
fn place(answer: &Answer, vector: &Value) -> Option<usize> {
    let right = |fit: &Fit| fit.whole() && fit.first().is_some_and(|(_, message)| says(&message, vector));
    answer.fits.iter().position(right)
}

fn framed(framing: &Framing, bodies: &[&[u8]]) -> Bytes {
    let mut out = BytesMut::new();
    for body in bodies {
        let write = |out: &mut BytesMut| {
            out.extend_from_slice(body);
            Ok::<(), FrameError>(())
        };
        framing.write(&mut out, &framing.header.first(), write).unwrap();
    }
    out.freeze()
}

#[test]
fn every_vector_is_read_by_one_of_the_first_answers() {
    for vector in vectors() {
        let (all, header) = bytes(&vector);
        for sample in [all.clone(), all.slice(header..)] {
            let answer = guess::guess(&[sample], &known(&vector), &Forms::all());
            let place = place(&answer, &vector);
            assert!(place.is_some_and(|place| place < 3), "{}: {place:?} {:?}", vector["id"], options(&answer));
        }
    }
}

#[test]
fn two_messages_in_every_frame_are_cut_as_they_were_written() {
    let bodies =
        ["0800202000000080000000000000000132393131303030 31", "0810202000000280000000000000010230303239313130303031"];
    let bodies = bodies.map(|text| unhex(&text.replace(' ', "")));
    for name in Framing::NAMES {
        // What has no length of its own takes one from its header, or no binary fields.
        if ["header", "etx"].contains(&name) {
            continue;
        }
        for header in HeaderKind::NAMES {
            let framing = Framing::named(name).unwrap().with_header(HeaderKind::named(header).unwrap());
            let sample = framed(&framing, &[&bodies[0], &bodies[1]]);
            let answer = guess::guess(std::slice::from_ref(&sample), &guess::shipped(), &Forms::all());
            let right = |fit: &Fit| fit.framing == Some(name) && fit.messages == 2 && fit.dialect.name() == "iso87-bcd";
            let place = answer.fits.iter().position(|fit| fit.whole() && right(fit));
            assert!(place.is_some(), "{name} {header}: {:?}", options(&answer));
        }
    }
}

#[test]
fn a_header_that_nobody_knows_is_measured() {
    let body = unhex("080020200000008000000000000000013239313130303031");
    let sample: Bytes = [&b"\xAA\xBB\xCC\xDD\xEE\x01\x02"[..], &body].concat().into();
    let answer = guess::guess(&[sample], &guess::shipped(), &Forms::all());
    let fit = answer.fits.first().expect("it is found");
    assert!(matches!(fit.header, HeaderFit::Unknown(7)) && fit.framing.is_none(), "{:?}", options(&answer));
    assert!(!answer.refused.is_empty(), "why the rest does not fit is said");
}

fn options(answer: &Answer) -> Vec<String> {
    answer.fits.iter().map(Fit::options).collect()
}
