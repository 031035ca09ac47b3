//! Each header byte by byte: as it comes, as it is answered, and as the network rejects with it.

use super::*;

/// Header and body of one frame, and what the header says of a rejection.
fn taken(kind: HeaderKind, payload: &[u8]) -> Result<(Header, Bytes, Option<String>), FrameError> {
    let framing = Framing::new(LengthForm::Binary2).with_header(kind);
    let wire = [&u16::try_from(payload.len()).unwrap().to_be_bytes(), payload].concat();
    match split_bytes(&framing, &wire)? {
        Some(Frame::Message { header, body }) => {
            let code = kind.reject(&header).map(|code| code.to_string());
            Ok((header, body, code))
        }
        other => panic!("a message, not {other:?}"),
    }
}

/// What is written with this header and body.
fn written(kind: HeaderKind, header: &[u8], body: &[u8]) -> Vec<u8> {
    framed(&Framing::new(LengthForm::Binary2).with_header(kind), header, body)[2..].to_vec()
}

#[test]
fn every_kind_has_a_header_to_begin_with() {
    for kind in HeaderKind::ALL {
        let first = kind.first();
        assert_eq!(first.len(), kind.size(), "{kind:?}");
        assert_eq!(kind.reject(&first), None);
        let (header, body, code) = taken(kind, &written(kind, &first, b"0200")).unwrap();
        assert_eq!((header.len(), &body[..], code), (kind.size(), &b"0200"[..], None), "{kind:?}");
        let answer = kind.answer(&header);
        assert_eq!(answer.len(), kind.size());
        taken(kind, &written(kind, &answer, b"0210")).unwrap();
        let other = Header::from_slice(b"no");
        assert_eq!(kind.answer(&other), other, "{kind:?}");
    }
}

#[test]
fn unionpay_terminals_send_a_tpdu_and_six_bytes() {
    let kind = HeaderKind::UnionpayPos;
    // A published sign-on: TPDU 60 to 0006 from 0000, application 60, specification 22, state 0 and no request, version 0.
    let sign_on = b"\x60\x00\x06\x00\x00\x60\x22\x00\x00\x00\x00";
    let (header, body, _) = taken(kind, &[sign_on, &b"\x08\x00"[..]].concat()).unwrap();
    assert_eq!((&header[..], &body[..]), (&sign_on[..], &b"\x08\x00"[..]));
    // The addresses change places; state 5 stays, the request (3, sign on again) was the host's.
    let mut asked = header;
    asked[7] = 0x53;
    assert_eq!(&kind.answer(&asked)[..], b"\x60\x00\x00\x00\x06\x60\x22\x50\x00\x00\x00");
    let own = kind.addressed("0012", "3456").unwrap();
    assert_eq!(&own[..], b"\x60\x34\x56\x00\x12\x60\x31\x00\x00\x00\x00");
    assert_eq!(HeaderKind::Tpdu.addressed("0012", "3456").unwrap()[..], own[..5]);
    assert!(HeaderKind::Tpdu.addressed("12", "3456").is_err() && HeaderKind::Tpdu.addressed("00é", "3456").is_err());
}

/// 46 bytes: length 2E, flag and version, length of the whole, destination, source, reserved, batch, information of the
/// transaction and of the user, reject code.
fn cups(flag: u8, total: &str, ids: [&str; 2], batch: u8, user: u8, reject: &str) -> Vec<u8> {
    let text = format!("{total}{:<11}{:<11}", ids[0], ids[1]);
    let front = [&[0x2E, flag], text.as_bytes(), &[0, 0, 0, batch]].concat();
    [&front[..], b"00000007", &[user], reject.as_bytes()].concat()
}

#[test]
fn cups_says_the_length_of_the_whole() {
    let kind = HeaderKind::Cups;
    let ids = ["58100100000", "14427900"];
    let request = cups(0x82, "0050", ids, 5, 9, "00000");
    assert_eq!(request.len(), 46);
    let (header, body, code) = taken(kind, &[&request[..], b"0800"].concat()).unwrap();
    assert_eq!((&header[..], &body[..], code), (&request[..], &b"0800"[..], None));
    // Turned round, batch and information as they came; the length is that of the answer, whatever the header said.
    let answer = written(kind, &kind.answer(&header), b"0810 and more");
    let wanted = cups(0x82, "0059", [ids[1], ids[0]], 5, 9, "00000");
    assert_eq!(answer, [&wanted[..], b"0810 and more"].concat());
    assert_eq!(&kind.addressed("14427900", "00010000").unwrap()[6..28], b"00010000   14427900   ");
    assert!(kind.addressed("123456789012", "1").is_err() && kind.addressed("1 2", "1").is_err());
}

#[test]
fn cups_rejects_in_its_header() {
    let kind = HeaderKind::Cups;
    for code in ["00015", "00035", "00055", "99999"] {
        let rejected = cups(0x82, "0050", ["14427900", "58100100000"], 5, 9, code);
        let (header, _, said) = taken(kind, &[&rejected[..], b"0200"].concat()).unwrap();
        assert_eq!(said.as_deref(), Some(code));
        assert_eq!(kind.reject(&kind.answer(&header)), None);
    }
    let unreadable = cups(0x82, "0050", ["1", "2"], 5, 9, "0 0\0\0");
    assert_eq!(taken(kind, &[&unreadable[..], b"0200"].concat()).unwrap().2.as_deref(), Some("?"));
    let bad = |at| Err(FrameError::NoHeader { wanted: HeaderKind::Cups, at });
    let body = |header: &[u8]| taken(HeaderKind::Cups, &[header, b"0200"].concat()).map(|_| ());
    assert_eq!(body(&cups(2, "0051", ["1", "2"], 0, 0, "00000")), bad(2), "another length than the frame's");
    assert_eq!(body(&cups(2, "00x0", ["1", "2"], 0, 0, "00000")), bad(4));
    let mut short = cups(2, "0050", ["1", "2"], 0, 0, "00000");
    short[0] = 0x2D;
    assert_eq!(body(&short), bad(0));
    let said = body(&short).unwrap_err().to_string();
    assert_eq!(said, "frame header: wanted that of cups, had something else at byte 0");
}

#[test]
fn cups_cannot_say_more_than_four_digits() {
    let framing = Framing::new(LengthForm::Binary2).with_header(HeaderKind::Cups).with_max(60_000);
    let mut out = BytesMut::new();
    let write = |out: &mut BytesMut, length: usize| {
        framing.write::<FrameError>(out, &HeaderKind::Cups.first(), |out| {
            out.put_bytes(b'0', length);
            Ok(())
        })
    };
    assert_eq!(write(&mut out, 9_954), Err(FrameError::TooLarge { max: 9_999, had: 10_000 }));
    assert!(out.is_empty());
    assert_eq!(write(&mut out, 9_953), Ok(()));
    assert_eq!(&out[4..8], b"9999");
}

/// 22 bytes: length 16, format 1, text 2, length of the whole, destination, source, round trip, flags, status, batch, reserved,
/// user information.
const BASE1: [u8; 22] = [
    0x16, 0x01, 0x02, 0x00, 0x18, 0x12, 0x34, 0x56, 0x65, 0x43, 0x21, 0xA1, 0xB1, 0xB2, 0xC1, 0xC2, 0xC3, 0xD1, 0, 0,
    0, 0xE1,
];

#[test]
fn base1_is_turned_round_and_measured() {
    let kind = HeaderKind::Base1;
    let (header, body, code) = taken(kind, &[&BASE1[..], b"\x01\x00"].concat()).unwrap();
    assert_eq!((&header[..], &body[..], code), (&BASE1[..], &b"\x01\x00"[..], None));
    let mut wanted = BASE1;
    wanted[5..11].copy_from_slice(&[0x65, 0x43, 0x21, 0x12, 0x34, 0x56]);
    wanted[3..5].copy_from_slice(&[0x01, 0x16]);
    let answer = written(kind, &kind.answer(&header), &[0x30; 256]);
    assert_eq!(answer[..22], wanted);
    assert_eq!(kind.addressed("654321", "123456").unwrap()[5..11], BASE1[5..11]);
    assert!(kind.addressed("65432", "123456").is_err() && kind.addressed("65432A", "123456").is_err());
    let bad = |payload: &[u8], at| assert_eq!(taken(kind, payload), Err(FrameError::NoHeader { wanted: kind, at }));
    let mut short = [&BASE1[..], b"\x01\x00"].concat();
    short[0] = 21;
    bad(&short, 0);
    short[0] = 25;
    bad(&short, 0);
    // Another header is announced, and a message stands there.
    (short[0], short[1]) = (22, 0x81);
    bad(&short, 22);
}

#[test]
fn base1_rejects_with_a_longer_header_before_ours() {
    let kind = HeaderKind::Base1;
    // 26 bytes: bit 8 of the format, another header follows; bitmap with its first bit, code 0021.
    let mut rejecting = [&BASE1[..], &[0x80, 0x00, 0x00, 0x21]].concat();
    (rejecting[0], rejecting[1]) = (26, 0x81);
    let message = [&rejecting[..], &BASE1[..], b"\x01\x00\x72"].concat();
    let (header, body, code) = taken(kind, &message).unwrap();
    assert_eq!((header.len(), &body[..], code.as_deref()), (48, &b"\x01\x00\x72"[..], Some("0021")));
    assert_eq!(kind.answer(&header).len(), 22);
    // Without the bit in the format our header is recognised by its length, which no MTI begins with.
    rejecting[1] = 0x01;
    assert_eq!(taken(kind, &[&rejecting[..], &BASE1[..], b"\x01\x00"].concat()).unwrap().0.len(), 48);
    let (header, body, code) = taken(kind, &[&rejecting[..], b"\x01\x00\x72"].concat()).unwrap();
    assert_eq!((header.len(), body.len(), code.as_deref()), (26, 3, Some("0021")));
    // A longer header without the bit rejects nothing.
    rejecting[22] = 0;
    let (header, _, code) = taken(kind, &[&rejecting[..], b"\x01\x00\x72"].concat()).unwrap();
    assert_eq!((header.len(), code), (26, None));
}

#[test]
fn base24_carries_product_and_status() {
    let kind = HeaderKind::Base24;
    let (header, body, code) = taken(kind, b"ISO0260000600200").unwrap();
    assert_eq!((&header[..], &body[..], code), (&b"ISO026000060"[..], &b"0200"[..], None));
    assert_eq!(&kind.answer(&header)[..], b"ISO026000065");
    // The product follows the message: 00 network management, back to 02 behind it; 01 (ATM) stays.
    assert_eq!(written(kind, b"ISO026000060", b"0800"), b"ISO0060000600800");
    assert_eq!(written(kind, b"ISO006000060", b"0200"), b"ISO0260000600200");
    assert_eq!(written(kind, b"ISO016000060", b"0200"), b"ISO0160000600200");
    let (rejected, body, code) = taken(kind, b"ISO0260197609200").unwrap();
    assert_eq!((&body[..], code.as_deref()), (&b"9200"[..], Some("197")));
    assert_eq!(&kind.answer(&rejected)[..], b"ISO026000065".map(|byte| byte).as_slice());
    assert_eq!(taken(kind, b"ISX0260000600200"), Err(FrameError::NoHeader { wanted: kind, at: 2 }));
    assert!(kind.addressed("1", "2").is_err());
}
