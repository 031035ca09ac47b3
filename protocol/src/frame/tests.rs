//! Every form, every split of the stream, every limit.

use super::*;
use proptest::prelude::*;

mod headers;

/// Every framing of the configuration with every header that goes with it.
fn framings() -> Vec<Framing> {
    let named = Framing::NAMES.into_iter().map(|name| Framing::named(name).unwrap());
    let all = named.flat_map(|framing| HeaderKind::ALL.map(|header| framing.clone().with_header(header)));
    all.filter(|framing| framing.fault().is_none()).collect()
}

/// The header of a first message with `body`.
fn header(framing: &Framing, body: &[u8]) -> Header {
    let mut payload = [&framing.header.first(), body].concat();
    framing.header.link(&mut payload);
    Header::from_slice(&payload[..framing.header.size()])
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
    let error = Framing::named("binary5").unwrap_err().to_string();
    assert!(error.starts_with(r#"unknown framing "binary5", choose one of binary2, binary2-inclusive, "#), "{error}");
    assert!(Framing::named("inclusive").is_err() && Framing::named("ascii4-le").is_err());
    assert!(HeaderKind::named("TPDU").unwrap_err().to_string().contains("choose one of none, tpdu, unionpay-pos"));
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
        ("binary3", "\x00\x00\x040800"),
        ("binary3-inclusive", "\x00\x00\x070800"),
        ("hex4", "00040800"),
        ("hex4-inclusive", "00080800"),
        ("gicc", "\x00\x00\x00\x040800"),
        ("vap", "\x00\x04\x00\x000800"),
        ("binary2-etx", "\x00\x050800\x03"),
        ("ascii4-etx", "00050800\x03"),
        ("etx", "0800\x03"),
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
    for (bytes, position) in [(b"0x04", 1), (b"000G", 3), (b" 004", 0), (b"+004", 0)] {
        let error = split_bytes(&Framing::named("hex4").unwrap(), bytes).unwrap_err();
        assert_eq!(error, FrameError::BadLength { form: LengthForm::Hex4, position });
    }
    for (bytes, position) in [(b"\x01\0\0\x04", 0), (b"\0\x01\0\x04", 1)] {
        let error = split_bytes(&Framing::named("gicc").unwrap(), bytes).unwrap_err();
        assert_eq!(error, FrameError::BadLength { form: LengthForm::Gicc, position });
    }
}

#[test]
fn hex_lengths_are_read_in_either_case() {
    let framing = Framing::named("hex4").unwrap();
    let body = [b'0'; 0xAB];
    let wire = [b"00aB", &body[..]].concat();
    assert_eq!(split_bytes(&framing, &wire), Ok(Some(message(&body))));
    assert_eq!(&framed(&framing, &[], &body)[..4], b"00AB");
}

#[test]
fn three_bytes_say_more_than_two() {
    let framing = Framing::named("binary3").unwrap().with_max(0x1_0203);
    let body = vec![b'0'; 0x1_0203];
    let wire = framed(&framing, &[], &body);
    assert_eq!(&wire[..3], b"\x01\x02\x03");
    assert_eq!(split_bytes(&framing, &wire), Ok(Some(message(&body))));
    let larger = FrameError::TooLarge { max: 9_999, had: 0x1_0203 };
    assert_eq!(split_bytes(&Framing::named("binary3").unwrap(), &wire), Err(larger));
}

#[test]
fn session_control_is_no_message_and_no_keep_alive() {
    let framing = Framing::named("vap").unwrap().with_header(HeaderKind::Base1);
    // A length of 2, reserved, session control; the rest of the last byte says other things.
    let mut wire = BytesMut::from(&b"\x00\x02\x00\x25ok\x00\x00\x00\x20\x00\x00\x00\x00"[..]);
    assert_eq!(framing.split(&mut wire), Ok(Some(Frame::Control { body: Bytes::from_static(b"ok") })));
    assert_eq!(framing.split(&mut wire), Ok(Some(Frame::Control { body: Bytes::new() })));
    assert_eq!(framing.split(&mut wire), Ok(Some(Frame::KeepAlive)));
    assert!(wire.is_empty());
    framing.write_control(&mut wire, b"ok").unwrap();
    assert_eq!(wire, &b"\x00\x02\x00\x20ok"[..]);
    let refused = framing.write_control(&mut wire, &[0; 2_049]);
    assert_eq!(refused, Err(FrameError::TooLarge { max: 2_048, had: 2_049 }));
    assert_eq!(Framing::named("gicc").unwrap().write_control(&mut wire, b""), Err(FrameError::NoControl));
    let mut huge = BytesMut::from(&b"\xFF\xFF\x00\x20"[..]);
    assert_eq!(framing.split(&mut huge), Err(FrameError::TooLarge { max: 2_048, had: 0xFFFF }));
}

#[test]
fn an_etx_ends_a_frame_and_must_not_stand_in_one() {
    let etx = Framing::named("etx").unwrap().with_max(8);
    let mut wire = BytesMut::from(&b"0800\x03\x030810\x03081"[..]);
    assert_eq!(etx.split(&mut wire), Ok(Some(message(b"0800"))));
    assert_eq!(etx.split(&mut wire), Ok(Some(Frame::KeepAlive)));
    assert_eq!(etx.split(&mut wire), Ok(Some(message(b"0810"))));
    assert_eq!(etx.split(&mut wire), Ok(None));
    assert_eq!(split_bytes(&etx, b"12345678\x03"), Ok(Some(message(b"12345678"))));
    assert_eq!(split_bytes(&etx, b"12345678"), Ok(None));
    assert_eq!(split_bytes(&etx, b"123456789"), Err(FrameError::TooLarge { max: 8, had: 9 }));
    let mut out = BytesMut::from(&b"before"[..]);
    let refused = etx.write::<FrameError>(&mut out, &[], |out| {
        out.extend_from_slice(b"08\x0300");
        Ok(())
    });
    assert_eq!((refused, &out[..]), (Err(FrameError::EtxWithin { at: 2 }), &b"before"[..]));
    // Behind a length it may stand anywhere, and must stand at the end.
    let both = Framing::named("binary2-etx").unwrap();
    assert_eq!(split_bytes(&both, b"\x00\x0408\x03\x03"), Ok(Some(message(b"08\x03"))));
    assert_eq!(split_bytes(&both, b"\x00\x0408\x030"), Err(FrameError::NoEtx));
    assert_eq!(split_bytes(&both, b"\x00\x00"), Ok(Some(Frame::KeepAlive)));
    assert_eq!(split_bytes(&both, b"\x00\x01\x03"), Ok(Some(Frame::KeepAlive)));
    let header = both.with_header(HeaderKind::Base24);
    assert_eq!(split_bytes(&header, b"\x00\x0C"), Err(FrameError::TooSmall { min: 13, had: 12 }));
    let header = Framing::named("etx").unwrap().with_header(HeaderKind::Base24);
    assert_eq!(split_bytes(&header, b"ISO02600005\x03"), Err(FrameError::TooSmall { min: 12, had: 11 }));
}

#[test]
fn a_header_may_say_where_the_frame_ends() {
    let framing = Framing::named("header").unwrap().with_header(HeaderKind::Cups);
    assert!(Framing::named("header").unwrap().with_header(HeaderKind::Base24).fault().unwrap().ends_with(": cups"));
    assert!(Framing::named("etx").unwrap().with_header(HeaderKind::Tpdu).fault().unwrap().contains("must be text"));
    let wire = framed(&framing, &HeaderKind::Cups.first(), b"0800");
    assert_eq!(&wire[..6], b"\x2E\x020050");
    let mut two = BytesMut::from(&[&wire[..], b"0000", &wire[..], b"000"].concat()[..]);
    for _ in 0..2 {
        let Ok(Some(Frame::Message { header, body })) = framing.split(&mut two) else { panic!("a message") };
        assert_eq!((header.len(), &body[..]), (46, &b"0800"[..]));
        let next = framing.split(&mut two);
        assert!(next == Ok(Some(Frame::KeepAlive)) || next == Ok(None));
    }
    assert_eq!(two, &b"000"[..]);
    for (bytes, at) in [(&b"\x2D"[..], 0), (b"0001", 0), (b"\x2E\x0200A0", 4), (b"\x2E\x020045", 2)] {
        assert_eq!(split_bytes(&framing, bytes), Err(FrameError::NoHeader { wanted: HeaderKind::Cups, at }));
    }
    let small = framing.with_max(60);
    assert_eq!(split_bytes(&small, b"\x2E\x020061"), Err(FrameError::TooLarge { max: 60, had: 61 }));
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
    // One byte at a time, before and behind a message.
    for framing in framings() {
        let mut stream = BytesMut::new();
        framing.write_keep_alive(&mut stream);
        stream.extend_from_slice(&framed(&framing, &framing.header.first(), b"0800"));
        framing.write_keep_alive(&mut stream);
        let (frames, left) = split_in_chunks(&framing, stream.iter().map(|byte| vec![*byte]));
        let wanted = Frame::Message { header: header(&framing, b"0800"), body: Bytes::from_static(b"0800") };
        assert_eq!((frames, left), (vec![Frame::KeepAlive, wanted, Frame::KeepAlive], 0), "{framing:?}");
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
        which in any::<prop::sample::Index>(),
        bodies in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..80), 1..12),
        cuts in prop::collection::vec(1..40usize, 1..200),
    ) {
        let framings = framings();
        let framing = which.get(&framings);
        let mut stream = Vec::new();
        let mut wanted = Vec::new();
        for mut body in bodies {
            if framing.delimiter == Delimiter::Etx {
                body.retain(|byte| *byte != ETX);
            }
            let header = header(framing, &body);
            stream.extend_from_slice(&framed(framing, &framing.header.first(), &body));
            wanted.push(match (header.len(), body.len()) {
                (0, 0) => Frame::KeepAlive,
                _ => Frame::Message { header, body: Bytes::from(body) },
            });
        }
        let mut rest = &stream[..];
        let mut sizes = cuts.iter().cycle();
        let chunks = std::iter::from_fn(|| {
            let size = (*sizes.next()?).min(rest.len());
            let (chunk, after) = rest.split_at(size);
            rest = after;
            (!chunk.is_empty()).then(|| chunk.to_vec())
        });
        prop_assert_eq!(split_in_chunks(framing, chunks), (wanted, 0));
    }

    /// Arbitrary bytes never panic, what is taken is never more than the maximum, and an answer can be begun to it.
    #[test]
    fn arbitrary_bytes(which in any::<prop::sample::Index>(), bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let framings = framings();
        let framing = which.get(&framings).clone().with_max(100);
        let mut buffer = BytesMut::from(&bytes[..]);
        while let Ok(Some(frame)) = framing.split(&mut buffer) {
            if let Frame::Message { header, body } = frame {
                prop_assert!(header.len() + body.len() <= 100);
                prop_assert!(framing.answer_header(&header).len() == framing.header.size());
                prop_assert!(framing.header.reject(&header).is_none_or(|code| !code.as_str().is_empty()));
            }
        }
    }
}
