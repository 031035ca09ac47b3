//! Every field class of jPOS: what it writes, or why it is not carried over.

use super::{HEAD, bytes, compiled, imported, packager, remarks, there_and_back};
use crate::samples::hex;
use banklink_protocol::Dialect;

/// Class, length, `pad`, a value, and what jPOS writes for it.
type Written = (&'static str, usize, bool, &'static str, &'static str);

const WRITTEN: &[Written] = &[
    ("IF_CHAR", 4, false, "AB", "'AB  '"),
    ("IF_ECHAR", 4, false, "AB", "C1C24040"),
    ("IFA_NUMERIC", 4, false, "12", "'0012'"),
    ("IFA_AMOUNT", 5, false, "C0012", "'C0012'"),
    ("IFA_AMOUNT2003", 4, false, "12", "'0012'"),
    ("IFA_BINARY", 2, false, "BEEF", "'BEEF'"),
    ("IFA_BITMAP", 2, false, "BEEF", "'BEEF'"),
    ("IFA_LCHAR", 9, false, "AB", "'2AB'"),
    ("IFA_LLCHAR", 99, false, "AB", "'02AB'"),
    ("IFA_LLLCHAR", 999, false, "AB", "'002AB'"),
    ("IFA_LLLLCHAR", 9999, false, "AB", "'0002AB'"),
    ("IFA_LLLLLCHAR", 99999, false, "AB", "'00002AB'"),
    ("IFA_LLLLLLCHAR", 999_999, false, "AB", "'000002AB'"),
    ("IFA_LLNUM", 19, false, "123", "'03123'"),
    ("IFA_LLLNUM", 19, false, "123", "'003123'"),
    ("IFA_LBINARY", 9, false, "BEEF", "'2'BEEF"),
    ("IFA_LLBINARY", 99, false, "BEEF", "'02'BEEF"),
    ("IFA_LLLBINARY", 999, false, "BEEF", "'002'BEEF"),
    ("IFA_LLLLBINARY", 9999, false, "BEEF", "'0002'BEEF"),
    ("IFA_LLLLLBINARY", 9999, false, "BEEF", "'00002'BEEF"),
    ("IFA_LLLLLLBINARY", 9999, false, "BEEF", "'000002'BEEF"),
    ("IFA_LLABINARY", 99, false, "BEEF", "'02BEEF'"),
    ("IFA_LLLABINARY", 999, false, "BEEF", "'002BEEF'"),
    ("IFB_NUMERIC", 4, false, "12", "0012"),
    ("IFB_NUMERIC", 3, true, "123", "0123"),
    ("IFB_NUMERIC", 3, false, "123", "1230"),
    ("IFB_FNUMERIC", 3, false, "123", "123F"),
    ("IFB_FNUMERIC", 3, true, "123", "0123"),
    ("IFB_AMOUNT", 9, true, "C00000123", "'C'00000123"),
    ("IFB_AMOUNT", 8, true, "D0000123", "'D'00000123"),
    ("IFB_AMOUNT2003", 16, false, "123", "0000000000000123"),
    ("IFB_BINARY", 2, false, "BEEF", "BEEF"),
    ("IFB_BITMAP", 2, false, "BEEF", "BEEF"),
    ("IFB_HEX", 4, false, "BEEF", "BEEF"),
    ("IFB_LLNUM", 19, true, "123", "030123"),
    ("IFB_LLNUM", 19, false, "123", "031230"),
    ("IFB_LLLNUM", 99, false, "123", "00031230"),
    ("IFB_FLLNUM", 19, false, "123", "03123F"),
    ("IFB_FLLLNUM", 19, false, "123", "0003123F"),
    ("IFB_LLHNUM", 19, true, "12345678901234567", "11012345678901234567"),
    ("IFB_LLLHNUM", 19, true, "123", "00030123"),
    ("IFB_LLCHAR", 99, false, "AB", "02'AB'"),
    ("IFB_LLLCHAR", 999, false, "AB", "0002'AB'"),
    ("IFB_LLLLCHAR", 9999, false, "AB", "0002'AB'"),
    ("IFB_LLLLLLCHAR", 9999, false, "AB", "000002'AB'"),
    ("IFB_LLHCHAR", 255, false, "ABCDEFGHIJKL", "0C'ABCDEFGHIJKL'"),
    ("IFB_LLLHCHAR", 999, false, "AB", "0002'AB'"),
    ("IFB_LLHECHAR", 255, false, "AB", "02C1C2"),
    ("IFB_LLLHECHAR", 255, false, "AB", "0002C1C2"),
    ("IFB_LLBINARY", 99, false, "BEEF", "02BEEF"),
    ("IFB_LLLBINARY", 999, false, "BEEF", "0002BEEF"),
    ("IFB_LLLLBINARY", 9999, false, "BEEF", "0002BEEF"),
    ("IFB_LHBINARY", 255, false, "BEEF", "02BEEF"),
    ("IFB_LLHBINARY", 255, false, "BEEF", "02BEEF"),
    ("IFB_LLLHBINARY", 999, false, "BEEF", "0002BEEF"),
    ("IFE_NUMERIC", 4, false, "12", "F0F0F1F2"),
    ("IFE_AMOUNT", 5, false, "C0012", "C3F0F0F1F2"),
    ("IFE_CHAR", 4, false, "AB", "C1C24040"),
    ("IFE_LLCHAR", 99, false, "A[", "F0F2C1AD"),
    ("IFE_LLLCHAR", 999, false, "AB", "F0F0F2C1C2"),
    ("IFE_LLLLCHAR", 999, false, "AB", "F0F0F0F2C1C2"),
    ("IFE_LLNUM", 19, false, "12", "F0F2F1F2"),
    ("IFE_LLLNUM", 19, false, "12", "F0F0F2F1F2"),
    ("IFE_BINARY", 2, false, "BEEF", "C2C5C5C6"),
    ("IFE_BITMAP", 2, false, "BEEF", "C2C5C5C6"),
    ("IFE_LLBINARY", 99, false, "BEEF", "F0F2BEEF"),
    ("IFE_LLLBINARY", 999, false, "BEEF", "F0F0F2BEEF"),
    ("IFE_LLLLBINARY", 999, false, "BEEF", "F0F0F0F2BEEF"),
    ("IFE_LLLEBINARY", 999, false, "AB", "F0F0F2C1C2"),
    ("IFEA_LLCHAR", 99, false, "AB", "F0F2'AB'"),
    ("IFAE_LLCHAR", 99, false, "AB", "'02'C1C2"),
    ("IFEB_LLNUM", 19, true, "123", "F0F2123F"),
    ("IFEB_LLLNUM", 19, false, "1234", "F0F0F21234"),
];

/// The same for classes of which something is said.
const SAID: &[(Written, &str)] = &[
    (("IFA_LLBNUM", 19, true, "1234", "'04'1234"), "jPOS counts the spare nibble"),
    (("IFB_HEX", 3, false, "12:", "12AF"), "A to F are written as"),
    (("IFB_LLHEX", 19, true, "41=2", "0441D2"), "A to F are written as"),
    (("IFE_SIGNED_NUMERIC", 4, false, "12C", "F0F1F2C3"), "the sign is in the last digit"),
    (("IFA_FLLCHAR", 4, false, "02AB  ", "'02AB  '"), "a room of fixed length"),
    (("IFA_FLLNUM", 4, false, "0212  ", "'0212  '"), "a room of fixed length"),
    (("IFB_LLHFBINARY", 4, false, "02BEEF0000", "02BEEF0000"), "a room of fixed length"),
];

/// Classes that cannot stand as a field of their own.
const LEFT_OUT: &[(&str, &str)] = &[
    ("IF_NOP", "takes no bytes"),
    ("IF_TBASE", "ends with a character of its own"),
    ("IF_TCHAR", "ends with a character of its own"),
    ("IF_FSTCHAR", "ends with a character of its own"),
    ("IF_FSTBINARY", "ends with a character of its own"),
    ("IF_FCHAR", "takes all that is left"),
    ("IF_FBINARY", "takes all that is left"),
    ("IFMC_TCC", "there or not"),
    ("IFEMC_TCC", "there or not"),
    ("IFA_TTLCHAR", "a tag stands before it"),
    ("IFA_TTLBINARY", "a tag stands before it"),
    ("IFA_TTLLCHAR", "a tag stands before it"),
    ("IFA_TTLLBINARY", "a tag stands before it"),
    ("IFA_TTLLLCHAR", "a tag stands before it"),
    ("IFA_TTLLLBINARY", "a tag stands before it"),
    ("IFA_TTLLLLCHAR", "a tag stands before it"),
    ("IFA_TTLLLLBINARY", "a tag stands before it"),
    ("IFA_TTTLLLCHAR", "a tag stands before it"),
    ("IFTA_LLCHAR", "a tag stands before it"),
    ("IFTA_LLLCHAR", "a tag stands before it"),
    ("IFTA_LLNUM", "a tag stands before it"),
    ("IFTA_LLLNUM", "a tag stands before it"),
    ("IFTA_LLBINARY", "a tag stands before it"),
    ("IFTA_LLLBINARY", "a tag stands before it"),
    ("IFTB_LLBINARY", "a tag stands before it"),
    ("IFMC_LLCHAR", "a tag stands before it"),
    ("IFMC_LLLCHAR", "a tag stands before it"),
    ("IFMC_LLBINARY", "a tag stands before it"),
    ("IFMC_LLLBINARY", "a tag stands before it"),
    ("IFEMC_LLCHAR", "a tag stands before it"),
    ("IFEMC_LLLCHAR", "a tag stands before it"),
    ("IFEPE_LLCHAR", "a tag stands before it"),
    ("IFEPE_LLBINARY", "a tag stands before it"),
    ("IFEPE_LLLCHAR", "a tag stands before it"),
    ("IFIPM_LLLCHAR", "a tag stands before it"),
    ("IFEP_LLCHAR", "the length stands before the tag"),
    ("IFEP_LLLCHAR", "the length stands before the tag"),
    ("IFEP_LLBINARY", "the length stands before the tag"),
    ("IFEP_LLLBINARY", "the length stands before the tag"),
    ("IFELPE_LLLCHAR", "the length stands before the tag"),
    ("IFZ_LLCHAR", "is not known"),
    ("IFA_LLLLLLLCHAR", "is not known"),
    ("IFA_LLMONEY", "is not known"),
    ("IFB_FLLCHAR", "is not known"),
    ("String", "is not known"),
    ("IF_", "is not known"),
    ("IFA", "is not known"),
];

/// A message with nothing but this field 48, which is no number of a track.
fn written((class, length, pad, value, wire): &Written) -> Vec<String> {
    let imported = imported(&packager(&[HEAD[0], HEAD[1], (48, class, *length, *pad)], ""));
    let dialect = compiled(&imported);
    let mut message = banklink_protocol::Message::new(&dialect, "0800".parse().unwrap());
    let binary = imported.toml.contains("format = \"b");
    let logical = if binary { crate::samples::unhex(value) } else { value.as_bytes().to_vec() };
    message.set(48, &logical).unwrap_or_else(|error| panic!("{class}: {error}"));
    let wanted = [bytes("'0800'0000000000010000"), bytes(wire)].concat();
    assert_eq!(hex(&super::encoded(&message)), hex(&wanted), "{class}: {}", imported.toml);
    there_and_back(&dialect, &wanted);
    remarks(&imported)
}

#[test]
fn every_class_writes_what_jpos_writes() {
    for case in WRITTEN {
        assert_eq!(written(case), [""; 0], "{}", case.0);
    }
}

#[test]
fn what_is_otherwise_is_said() {
    for (case, remark) in SAID {
        let said = written(case);
        assert!(said.len() == 1 && said[0].starts_with("line 5: field 48: "), "{}: {said:?}", case.0);
        assert!(said[0].contains(remark), "{}: {said:?}", case.0);
    }
}

#[test]
fn what_cannot_be_carried_over_is_left_out_and_said() {
    for (class, remark) in LEFT_OUT {
        let imported = imported(&packager(&[HEAD[0], HEAD[1], (48, class, 9, false)], ""));
        let said = remarks(&imported);
        assert!(said.len() == 1 && said[0].starts_with("line 5: field 48: "), "{class}: {said:?}");
        assert!(said[0].contains(remark), "{class}: {said:?}");
        assert!(!compiled(&imported).defines(48), "{class}");
    }
    // What may not occur is not defined, which says the same.
    let unused = super::whole(&packager(&[HEAD[0], HEAD[1], (48, "IF_UNUSED", 9, false)], ""));
    assert!(!unused.defines(48));
}

#[test]
fn what_jpos_reads_is_read() {
    let fields = [
        HEAD[0],
        HEAD[1],
        (3, "IFA_NUMERIC", 6, false),
        (23, "IFB_NUMERIC", 3, true),
        (28, "IFA_AMOUNT", 9, false),
        (43, "IF_CHAR", 6, false),
        (48, "IFA_LLLCHAR", 9, false),
        (52, "IFA_BINARY", 2, false),
        (95, "IFE_NUMERIC", 4, false),
    ];
    let dialect = super::whole(&packager(&fields, ""));
    let wire =
        "A000021000211000 0000000200000000 'AB 1-2' 9123 ' 00000000' 42C3BC726F20 '004' 1D0A00FF 'beEF' 4AF140DC";
    let wire = bytes(&format!("'0200' {wire}"));
    let message = dialect.decode(wire.clone().into()).unwrap();
    assert_eq!(super::encoded(&message), wire);
    assert_eq!(message.text(3).as_deref(), Some("AB 1-2"), "letters in a number");
    assert_eq!(message.text(23).as_deref(), Some("123"), "a spare nibble of 9");
    assert_eq!(message.text(28).as_deref(), Some(" 00000000"), "an amount without its sign");
    assert_eq!(message.text(43).as_deref(), Some("Büro "), "UTF-8");
    assert_eq!(message.text(48).as_deref(), Some("0x1D0A00FF"), "control characters");
    assert_eq!(message.text(52).as_deref(), Some("BEEF"), "hex of either case");
    assert_eq!(message.text(95).as_deref(), Some("0xA23120FC"), "letters of Europe in a number");
}

#[test]
fn any_bytes_are_text() {
    let all: Vec<u8> = (0..=255).collect();
    for (class, head) in [("IFA_LLLCHAR", "'256'"), ("IFE_LLLCHAR", "F2F5F6"), ("IFA_LLLNUM", "'256'")] {
        let dialect = super::whole(&packager(&[HEAD[0], HEAD[1], (48, class, 999, false)], ""));
        let wire = [bytes("'0800' 0000000000010000"), bytes(head), all.clone()].concat();
        there_and_back(&dialect, &wire);
    }
    let toml = "name = \"x\"\nversion = 1987\nmti = \"ascii\"\nbitmap = { encoding = \"raw\" }\n[fields]\n";
    let error = Dialect::parse("x", &format!("{toml}3 = {{ format = \"n6\", check = false }}\n")).unwrap_err();
    assert_eq!(error.to_string(), "x:6: field 3: `check` has a meaning only with ans in ASCII or EBCDIC");
    let strict = Dialect::parse("x", &format!("{toml}3 = {{ format = \"ans6\", check = true }}\n")).unwrap();
    assert!(strict.decode(bytes("'0800' 2000000000000000 '12' 00 '456'").into()).is_err());
}

#[test]
fn lengths_that_cannot_be_are_said() {
    let length = |class: &str, length: usize| {
        let imported = imported(&packager(&[HEAD[0], HEAD[1], (48, class, length, false)], ""));
        (remarks(&imported).join("|"), imported.toml.lines().last().unwrap().to_owned())
    };
    let (said, line) = length("IFA_LLCHAR", 999);
    assert!(said.contains("`length` is 999, more than the length in front of it can say: 99 is taken"), "{said}");
    assert!(line.contains("ans..99"), "{line}");
    let (said, line) = length("IFB_LLHCHAR", 0);
    assert!(said.contains("`length` is 0, which jPOS takes for any: 255 is taken"), "{said}");
    assert!(line.contains("ans..255"), "{line}");
    let (said, line) = length("IF_CHAR", 4_000_000_000);
    assert!(said.contains("a fixed length of 4000000000; a dialect ends at 32000: left out"), "{said}");
    assert_eq!(line, "[fields]");
    let (said, _) = length("IFA_AMOUNT", 1);
    assert!(said.contains("no room for sign and digits: left out"), "{said}");
    let (said, _) = length("IFB_BITMAP", 16);
    assert!(said.contains("is told by its first bit: left out"), "{said}");
    let (said, line) = length("IFA_LLLLLLBINARY", usize::MAX);
    assert!(said.contains("999999 is taken") && line.contains("b......999999"), "{said} {line}");
}
