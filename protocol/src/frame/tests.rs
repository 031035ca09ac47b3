//! Every form, every split of the stream, every limit.

use super::*;
use proptest::prelude::*;

/// Every framing of the configuration, without and with a TPDU.
fn framings() -> impl Iterator<Item = Framing> {
    Framing::NAMES.into_iter().flat_map(|name| {
        let framing = Framing::named(name).unwrap();
        [framing.clone(), framing.with_header(HeaderKind::Tpdu)]
    })
}

fn framed(framing: &Framing, header: &[u8], body: &[u8]) -> BytesMut {
    let mut out = BytesMut::new();
    framing
        .write::<FrameError>(&mut out, header, |out| {
            out.extend_from_slice(body);
            Ok(())
        })
        .unwrap();
    out
}

/// All frames of `stream`, handed over in the given chunks, and what is left.
fn split_in_chunks(framing: &Framing, chunks: impl Iterator<Item = Vec<u8>>) -> (Vec<Frame>, usize) {
    let (mut buffer, mut frames) = (BytesMut::new(), Vec::new());
    for chunk in chunks {
        buffer.extend_from_slice(&chunk);
        while let Some(frame) = framing.split(&mut buffer).unwrap() {
            frames.push(frame);
        }
    }
    (frames, buffer.len())
}

fn split_bytes(framing: &Framing, bytes: &[u8]) -> Result<Option<Frame>, FrameError> {
    framing.split(&mut BytesMut::from(bytes))
}

fn message(body: &[u8]) -> Frame {
    Frame::Message { header: Header::new(), body: Bytes::copy_from_slice(body) }
}

#[test]
fn names_mean_themselves_and_an_unknown_one_lists_them() {
    for name in Framing::NAMES {
        assert_eq!(Framing::named(name).unwrap().name(), name);
    }
    for name in HeaderKind::NAMES {
        assert_eq!(HeaderKind::named(name).unwrap().name(), name);
    }
    let error = Framing::named("binary3").unwrap_err().to_string();
    assert!(error.starts_with(r#"unknown framing "binary3", choose one of binary2, binary2-inclusive, "#), "{error}");
    assert!(Framing::named("inclusive").is_err() && Framing::named("ascii4-le").is_err());
    assert!(HeaderKind::named("TPDU").unwrap_err().to_string().ends_with("choose one of none, tpdu"));
}

#[test]
fn each_form_on_the_wire() {
    for (name, wire) in [
        ("binary2", "\x00\x040800"),
        ("binary2-inclusive", "\x00\x060800"),
        ("binary2-le", "\x04\x000800"),
        ("binary2-le-inclusive", "\x06\x000800"),
        ("binary4", "\x00\x00\x00\x040800"),
        ("binary4-inclusive", "\x00\x00\x00\x080800"),
        ("ascii4", "00040800"),
        ("ascii4-inclusive", "00080800"),
        ("bcd2", "\x00\x040800"),
        ("bcd2-inclusive", "\x00\x060800"),
    ] {
        let framing = Framing::named(name).unwrap();
        assert_eq!(framed(&framing, &[], b"0800"), wire.as_bytes(), "{name}");
        assert_eq!(split_bytes(&framing, wire.as_bytes()), Ok(Some(message(b"0800"))), "{name}");
    }
}

#[test]
fn a_length_is_digits_and_nothing_else() {
    for (bytes, position) in [(b"+006", 0), (b"   6", 0), (b"006 ", 3), (b"00 6", 2), (b"00A6", 2), (b"-001", 0)] {
        let error = split_bytes(&Framing::named("ascii4").unwrap(), bytes).unwrap_err();
        assert_eq!(error, FrameError::BadLength { form: LengthForm::Ascii4, position });
    }
    for (bytes, position) in [(b"\x00\x0A", 3), (b"\xF0\x06", 0), (b"\x00\xC6", 2)] {
        let error = split_bytes(&Framing::named("bcd2").unwrap(), bytes).unwrap_err();
        assert_eq!(error, FrameError::BadLength { form: LengthForm::Bcd2, position });
    }
}

#[test]
fn errors_say_wanted_and_had() {
    let ascii = Framing::named("ascii4").unwrap();
    let said = |framing: &Framing, bytes: &[u8]| split_bytes(framing, bytes).unwrap_err().to_string();
    assert_eq!(said(&ascii, b"4x11"), "frame length: wanted 4 ASCII digits, had another character as digit 2");
    assert_eq!(said(&ascii.clone().with_max(100), b"0101"), "frame too large: wanted at most 100 bytes, had 101");
    assert_eq!(
        said(&ascii.clone().with_header(HeaderKind::Tpdu), b"0004"),
        "frame length too small: wanted 0 or at least 5, had 4"
    );
    let inclusive = Framing::named("binary2-inclusive").unwrap();
    assert_eq!(split_bytes(&inclusive, b"\x00\x01"), Err(FrameError::TooSmall { min: 2, had: 1 }));
}

#[test]
fn a_length_above_the_maximum_reserves_nothing() {
    let framing = Framing::named("binary4").unwrap();
    let mut buffer = BytesMut::from(&b"\xFF\xFF\xFF\xFF"[..]);
    let before = buffer.capacity();
    assert_eq!(framing.split(&mut buffer), Err(FrameError::TooLarge { max: 9_999, had: u32::MAX as usize }));
    assert_eq!(buffer.capacity(), before);
    let mut largest = BytesMut::from(&b"\x00\x00\x27\x0F"[..]);
    assert_eq!(framing.split(&mut largest), Ok(None));
    assert!(largest.capacity() >= 4 + 9_999, "room for the rest was made");
}

#[test]
fn a_frame_that_does_not_fit_leaves_the_buffer_as_it_was() {
    for (framing, max) in [
        (Framing::named("ascii4").unwrap().with_max(70_000), 9_999),
        (Framing::named("bcd2-inclusive").unwrap().with_max(70_000), 9_997),
        (Framing::named("binary2").unwrap().with_max(70_000), 65_535),
        (Framing::named("binary4").unwrap().with_max(300), 300),
    ] {
        let mut out = BytesMut::from(&b"before"[..]);
        let write = |out: &mut BytesMut, length: usize| {
            framing.write::<FrameError>(out, &[], |out| {
                out.put_bytes(b'0', length);
                Ok(())
            })
        };
        assert_eq!(write(&mut out, max + 1), Err(FrameError::TooLarge { max, had: max + 1 }));
        assert_eq!(out, &b"before"[..]);
        assert_eq!(write(&mut out, max), Ok(()));
        let refused = framing.write(&mut out, &[1], |_| Ok(()));
        assert_eq!(refused, Err(FrameError::BadHeader { wanted: 0, had: 1 }));
    }
}

#[test]
fn an_error_of_the_body_leaves_the_buffer_as_it_was() {
    let mut out = BytesMut::from(&b"before"[..]);
    let written = Framing::new(LengthForm::Ascii4).write(&mut out, &[], |out| {
        out.extend_from_slice(b"half a mess");
        Err(FrameError::TooSmall { min: 0, had: 0 })
    });
    assert!(written.is_err());
    assert_eq!(out, &b"before"[..]);
}

#[test]
fn keep_alives_of_every_form() {
    for framing in framings() {
        let mut out = BytesMut::new();
        framing.write_keep_alive(&mut out);
        framing.write_keep_alive(&mut out);
        assert_eq!(framing.split(&mut out), Ok(Some(Frame::KeepAlive)), "{framing:?}");
        assert_eq!(framing.split(&mut out), Ok(Some(Frame::KeepAlive)), "{framing:?}");
        assert!(out.is_empty());
    }
    let inclusive_zero = split_bytes(&Framing::named("ascii4-inclusive").unwrap(), b"0000");
    assert_eq!(inclusive_zero, Ok(Some(Frame::KeepAlive)));
}

#[test]
fn a_tpdu_is_turned_round_in_the_answer() {
    let framing = Framing::named("binary2").unwrap().with_header(HeaderKind::Tpdu);
    let mut wire = BytesMut::from(&b"\x00\x09\x60\x00\x06\x12\x340800"[..]);
    let Ok(Some(Frame::Message { header, body })) = framing.split(&mut wire) else { panic!("a message") };
    assert_eq!((&header[..], &body[..]), (&b"\x60\x00\x06\x12\x34"[..], &b"0800"[..]));
    let answer = framing.answer_header(&header);
    assert_eq!(&answer[..], b"\x60\x12\x34\x00\x06");
    assert_eq!(framing.answer_header(&answer), header);
    assert_eq!(HeaderKind::Tpdu.first().len(), HeaderKind::Tpdu.size());
    assert_eq!(HeaderKind::None.answer(&Header::new()), Header::new());
}

#[test]
fn many_frames_of_one_buffer_share_it() {
    let framing = Framing::named("ascii4").unwrap();
    let mut buffer = BytesMut::from(&b"00040800000408100004"[..]);
    let start = buffer.as_ptr();
    let Ok(Some(Frame::Message { body, .. })) = framing.split(&mut buffer) else { panic!("a message") };
    assert_eq!(body.as_ptr(), start.wrapping_add(4), "nothing was copied");
    assert_eq!(framing.split(&mut buffer), Ok(Some(message(b"0810"))));
    assert_eq!(framing.split(&mut buffer), Ok(None));
    assert_eq!(buffer, &b"0004"[..]);
}

proptest! {
    /// Any frames, cut anywhere, come out the same.
    #[test]
    fn every_split_of_the_stream_works(
        which in 0..Framing::NAMES.len() * 2,
        bodies in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..80), 1..12),
        cuts in prop::collection::vec(1..40usize, 1..200),
    ) {
        let framing = framings().nth(which).unwrap();
        let header: &[u8] = if framing.header == HeaderKind::Tpdu { &[0x60, 1, 2, 3, 4] } else { &[] };
        let mut stream = Vec::new();
        let mut wanted = Vec::new();
        for body in &bodies {
            if header.is_empty() && body.is_empty() {
                wanted.push(Frame::KeepAlive);
            } else {
                wanted.push(Frame::Message { header: Header::from_slice(header), body: Bytes::copy_from_slice(body) });
            }
            stream.extend_from_slice(&framed(&framing, header, body));
        }
        let mut rest = &stream[..];
        let mut sizes = cuts.iter().cycle();
        let chunks = std::iter::from_fn(|| {
            let size = (*sizes.next()?).min(rest.len());
            let (chunk, after) = rest.split_at(size);
            rest = after;
            (!chunk.is_empty()).then(|| chunk.to_vec())
        });
        prop_assert_eq!(split_in_chunks(&framing, chunks), (wanted, 0));
    }

    /// Arbitrary bytes never panic, and what is taken is never more than the maximum.
    #[test]
    fn arbitrary_bytes(which in 0..Framing::NAMES.len() * 2, bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let framing = framings().nth(which).unwrap().with_max(100);
        let mut buffer = BytesMut::from(&bytes[..]);
        while let Ok(Some(frame)) = framing.split(&mut buffer) {
            if let Frame::Message { header, body } = frame {
                prop_assert!(header.len() + body.len() <= 100);
            }
        }
    }
}
