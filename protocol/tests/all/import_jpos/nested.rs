//! What nested packagers declare inside a field.

use super::{HEAD, bytes, compiled, encoded, imported, packager, remarks, there_and_back, whole};
use banklink_protocol::Message;

/// A nested packager of this field with these attributes and elements.
fn nested(number: u32, class: &str, length: usize, attributes: &str, elements: &[super::Field<'_>]) -> String {
    let elements: String = elements.iter().map(|field| super::element(*field)).collect();
    let package = "org.jpos.iso";
    format!(
        "<isofieldpackager id=\"{number}\" length=\"{length}\" name=\"DE {number}\" class=\"{package}.{class}\" \
         {attributes}>\n{elements}</isofieldpackager>\n"
    )
}

const GENERIC: &str = "packager=\"org.jpos.iso.packager.GenericPackager\"";
const SUB: &str = "packager=\"org.jpos.iso.packager.GenericSubFieldPackager\"";

/// The elements of a field by their keys, as text.
fn elements(message: &Message, field: u8) -> Vec<(String, String)> {
    let composite = message.composite(field).unwrap();
    let value = |key: &str| String::from_utf8_lossy(&composite.get(key).unwrap()).into_owned();
    composite.keys().map(|key| (key.to_owned(), value(key))).collect()
}

fn pairs(list: &[(&str, &str)]) -> Vec<(String, String)> {
    list.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

#[test]
fn a_field_with_a_bitmap_of_its_own() {
    // As Postilion does: six digits of length, eight bytes of bitmap, text, and chip data at the end.
    let inner = [
        (0, "IF_CHAR", 0, false),
        (1, "IFB_BITMAP", 8, false),
        (2, "IFA_LLCHAR", 32, false),
        (3, "IF_CHAR", 4, false),
        (6, "IFA_NUMERIC", 2, false),
        (25, "IFA_LLLLCHAR", 8000, false),
    ];
    let text = packager(&HEAD, &nested(127, "IFA_LLLLLLBINARY", 9999, SUB, &inner));
    let dialect = whole(&text);
    let inside = "6400008000000000 '04K123' 'ROUT' '07' '0007<a></a>'";
    let wire = bytes(&format!("'0200' 8000000000000000 0000000000000002 '000031' {inside}"));
    let message = there_and_back(&dialect, &wire);
    assert_eq!(elements(&message, 127), pairs(&[("2", "K123"), ("3", "ROUT"), ("6", "07"), ("25", "<a></a>")]));
}

#[test]
fn fields_by_position() {
    let inner = [(1, "IFA_NUMERIC", 3, false), (2, "IF_CHAR", 2, false), (4, "IFA_LLCHAR", 9, false)];
    let attributes = format!("{GENERIC} emitBitmap=\"false\"");
    let dialect = whole(&packager(&HEAD, &nested(48, "IFA_LLLCHAR", 99, &attributes, &inner)));
    let wire = bytes("'0800' 0000000000010000 '009' '042' 'XY' '02ok'");
    let message = there_and_back(&dialect, &wire);
    assert_eq!(elements(&message, 48), pairs(&[("1", "042"), ("2", "XY"), ("4", "ok")]));
    assert_eq!(message.text(48).as_deref(), Some("042XY02ok"), "text stays text");
    let short = bytes("'0800' 0000000000010000 '005' '042' 'XY'");
    assert!(dialect.decode(short.clone().into()).is_err(), "jPOS reads all of them");
    // A packager of sub-fields ends where the value ends.
    let attributes = format!("{SUB} emitBitmap=\"false\" maxValidField=\"4\"");
    let dialect = whole(&packager(&HEAD, &nested(48, "IFA_LLLCHAR", 99, &attributes, &inner)));
    there_and_back(&dialect, &short);
    there_and_back(&dialect, &wire);
}

#[test]
fn positions_from_zero_and_in_packed_digits() {
    let inner = [(0, "IF_CHAR", 1, false), (1, "IFB_NUMERIC", 4, false), (2, "IFE_CHAR", 2, false)];
    let attributes = format!("{SUB} emitBitmap=\"false\" firstField=\"0\"");
    let text = packager(&HEAD, &nested(48, "IFB_BINARY", 5, &attributes, &inner));
    let imported = imported(&text);
    assert_eq!(
        remarks(&imported),
        ["line 5: field 48: the elements are numbered from 1 here: each has the number after jPOS's"]
    );
    let message = there_and_back(&compiled(&imported), &bytes("'0800' 0000000000010000 'A' 1234 C1C2"));
    assert_eq!(elements(&message, 48), pairs(&[("1", "A"), ("2", "1234"), ("3", "AB")]));
}

#[test]
fn text_around_bytes_becomes_bytes() {
    let inner = [(1, "IFB_BITMAP", 8, false), (2, "IFB_NUMERIC", 4, false)];
    let dialect = whole(&packager(&HEAD, &nested(62, "IFA_LLLCHAR", 255, SUB, &inner)));
    let message = there_and_back(&dialect, &bytes("'0800' 0000000000000004 '010' 4000000000000000 1234"));
    assert_eq!(elements(&message, 62), pairs(&[("2", "1234")]));
    assert_eq!(message.text(62).as_deref(), Some("40000000000000001234"));
}

#[test]
fn ebcdic_around_text_is_recoded() {
    let inner = [(1, "IFA_NUMERIC", 2, false), (2, "IF_CHAR", 2, false)];
    let attributes = format!("{GENERIC} emitBitmap=\"false\"");
    let dialect = whole(&packager(&HEAD, &nested(48, "IFE_LLLCHAR", 99, &attributes, &inner)));
    let message = there_and_back(&dialect, &bytes("'0800' 0000000000010000 F0F0F4 F1F2C1C2"));
    assert_eq!(elements(&message, 48), pairs(&[("1", "12"), ("2", "AB")]));
    // EBCDIC inside text that was EBCDIC would be recoded twice.
    let inner = [(1, "IFE_CHAR", 2, false)];
    let imported = imported(&packager(&HEAD, &nested(48, "IFE_LLLCHAR", 99, &attributes, &inner)));
    assert_eq!(
        remarks(&imported),
        [
            "line 5: field 48: not taken apart, but kept as one value: its elements are no text, and jPOS takes them from \
          text that it has recoded"
        ]
    );
    there_and_back(&compiled(&imported), &bytes("'0800' 0000000000010000 F0F0F2 C1C2"));
}

#[test]
fn chip_data() {
    let attributes = "packager=\"org.jpos.tlv.packager.bertlv.DefaultICCBERTLVPackager\" emitBitmap=\"false\"";
    let dialect = whole(&packager(&HEAD, &nested(55, "IFA_LLLCHAR", 999, attributes, &[])));
    let message = there_and_back(&dialect, &bytes("'0200' 0000000000000200 '008' 9F02021234 950180"));
    let composite = message.composite(55).unwrap();
    assert_eq!(composite.keys().collect::<Vec<_>>(), ["9F02", "95"]);
    assert_eq!(composite.get("9F02"), Some(vec![0x12, 0x34]));
}

#[test]
fn tags_that_are_numbers() {
    let inner = [(1, "IFA_TTLLCHAR", 10, false), (42, "IFA_TTLLCHAR", 99, false)];
    let attributes = "packager=\"org.jpos.iso.packager.GenericTaggedFieldsPackager\" emitBitmap=\"false\" \
                      tagMapper=\"org.jpos.iso.packager.TTDecimalTagMapper\"";
    let dialect = whole(&packager(&HEAD, &nested(48, "IFA_LLLCHAR", 99, attributes, &inner)));
    let message = there_and_back(&dialect, &bytes("'0800' 0000000000010000 '018' '4204WXYZ' '0102ab' '7700'"));
    assert_eq!(elements(&message, 48), pairs(&[("42", "WXYZ"), ("01", "ab"), ("77", "")]));
    let mapped = attributes.replace("org.jpos.iso.packager.TT", "com.acme.Our");
    let imported = imported(&packager(&HEAD, &nested(48, "IFA_LLLCHAR", 99, &mapped, &inner)));
    assert!(
        remarks(&imported)[0].contains("the `tagMapper` (OurDecimalTagMapper) is a program"),
        "{:?}",
        remarks(&imported)
    );
    let message = there_and_back(&compiled(&imported), &bytes("'0800' 0000000000010000 '006' 'PI02ab'"));
    assert_eq!(elements(&message, 48), pairs(&[("PI", "ab")]), "tags of any kind");
}

#[test]
fn tags_in_ebcdic_and_tags_before_bytes() {
    let inner = [(22, "IFEPE_LLCHAR", 10, false), (61, "IFEPE_LLCHAR", 5, false)];
    let attributes = "packager=\"org.jpos.iso.packager.MasterCardEBCDICSubFieldPackager\"";
    let dialect = whole(&packager(&HEAD, &nested(48, "IFE_LLLBINARY", 999, attributes, &inner)));
    let message = there_and_back(&dialect, &bytes("'0100' 0000000000010000 F0F0F9 F6F1F0F5F0F0F0F0F1"));
    assert_eq!(elements(&message, 48), pairs(&[("61", "00001")]));
    let widths = [
        ("IFEPE_LLLCHAR", "F0F0F9 F0F0F7 F0F0F3 C1C2C3", "007"),
        ("IFEPE_LLBINARY", "F0F0F7 F0F7 F0F3 'ABC'", "07"),
        ("IFEMC_LLCHAR", "F0F0F7 '07' F0F3 C1C2C3", "07"),
        ("IFEMC_LLLCHAR", "F0F1F0 F0F0F0F7 F0F0F3 C1C2C3", "0007"),
        ("IFMC_LLLCHAR", "F0F0F8 '07' '003ABC'", "07"),
        ("IFIPM_LLLCHAR", "F0F1F0 '0007' '003ABC'", "0007"),
    ];
    for (class, wire, tag) in widths {
        let attributes = format!("{SUB} emitBitmap=\"false\"");
        let dialect = whole(&packager(&HEAD, &nested(48, "IFE_LLLBINARY", 99, &attributes, &[(7, class, 9, false)])));
        let message = there_and_back(&dialect, &bytes(&format!("'0100' 0000000000010000 {wire}")));
        assert_eq!(elements(&message, 48), pairs(&[(tag, "ABC")]), "{class}");
    }
    let inner = [(1, "IFMC_LLBINARY", 10, false), (2, "IFMC_LLCHAR", 10, false)];
    let attributes = "packager=\"org.jpos.iso.packager.EuroSubFieldPackager\"";
    let dialect = whole(&packager(&HEAD, &nested(48, "IFA_LLLCHAR", 999, attributes, &inner)));
    let message = there_and_back(&dialect, &bytes("'0100' 0000000000010000 '012' '0102' 00FF '0202ok'"));
    let composite = message.composite(48).unwrap();
    assert_eq!(composite.get("01"), Some(vec![0, 0xFF]));
    assert_eq!(composite.get("02").as_deref(), Some(&b"ok"[..]));
}

#[test]
fn tags_that_are_tokens() {
    let field = |id: u32, token: &str, class: &str| {
        format!(
            "<isofield id=\"{id}\" length=\"99\" token=\"{token}\" name=\"\" class=\"org.jpos.tlv.packager.{class}\"/>\n"
        )
    };
    let whole_of = |packager_class: &str, token: &str, class: &str, fields: String| {
        packager(
            &HEAD,
            &format!(
                "<isofieldpackager id=\"48\" length=\"99\" name=\"\" class=\"org.jpos.iso.{class}\" token=\"{token}\" \
                 packager=\"org.jpos.tlv.packager.{packager_class}\">\n{fields}</isofieldpackager>\n"
            ),
        )
    };
    let fields = field(0, "####", "IFTA_LLLCHAR") + &field(1, "0012", "IFTA_LLLNUM");
    let dialect = whole(&whole_of("TaggedSequencePackager", "0000", "IFA_LLLCHAR", fields));
    let message = there_and_back(&dialect, &bytes("'0800' 0000000000010000 '017' '0012003123' '9999000'"));
    assert_eq!(elements(&message, 48), pairs(&[("0012", "123"), ("9999", "")]));
    let strict = whole(&whole_of("TaggedSequencePackager", "0000", "IFA_LLLCHAR", field(1, "0012", "IFTA_LLLNUM")));
    let unknown = bytes("'0800' 0000000000010000 '007' '9999000'");
    assert!(strict.decode(unknown.into()).is_err(), "no packager for tags of its own");
    let fields = field(0, "####", "IFTB_LLBINARY") + &field(1, "df01", "IFTB_LLBINARY");
    let dialect = whole(&whole_of("BinaryHexTaggedSequencePackager", "0000", "IFB_LLLBINARY", fields));
    let message = there_and_back(&dialect, &bytes("'0800' 0000000000010000 0009 DF01 02 BEEF 0002 01 AA"));
    let composite = message.composite(48).unwrap();
    assert_eq!(composite.keys().collect::<Vec<_>>(), ["DF01", "0002"]);
}

#[test]
fn short_bitmaps() {
    // As Visa's field 63: three bytes of bitmap, then packed digits and bytes.
    let base1 = "packager=\"org.jpos.iso.packager.Base1SubFieldPackager\"";
    let inner = [(0, "IFB_BITMAP", 3, false), (1, "IFB_NUMERIC", 4, false), (19, "IFE_CHAR", 3, false)];
    let dialect = whole(&packager(&HEAD, &nested(63, "IFB_LLHBINARY", 255, base1, &inner)));
    let message = there_and_back(&dialect, &bytes("'0800' 0000000000000002 08 800020 0002 C1C2C3"));
    assert_eq!(elements(&message, 63), pairs(&[("1", "0002"), ("19", "ABC")]));
}

#[test]
fn what_stands_before_tags() {
    // As Mastercard's field 48: a letter, then subelements.
    let inner = [(0, "IFE_CHAR", 1, false), (61, "IFEPE_LLCHAR", 5, false)];
    let attributes = "packager=\"org.jpos.iso.packager.MasterCardEBCDICSubFieldPackager\"";
    let imported = imported(&packager(&HEAD, &nested(48, "IFE_LLLBINARY", 999, attributes, &inner)));
    assert_eq!(
        remarks(&imported),
        ["line 5: field 48: the tags are inside element 2 here, behind what stands before them"]
    );
    let dialect = compiled(&imported);
    let message = there_and_back(&dialect, &bytes("'0100' 0000000000010000 F0F1F0 D9 F6F1F0F5F0F0F0F0F1"));
    let composite = message.composite(48).unwrap();
    assert_eq!(composite.get("1").as_deref(), Some(&b"R"[..]));
    assert_eq!(composite.nested("2").unwrap().get("61").as_deref(), Some(&b"00001"[..]));
    there_and_back(&dialect, &bytes("'0100' 0000000000010000 F0F0F1 D9"));
}

#[test]
fn what_takes_the_rest() {
    let attributes = format!("{SUB} emitBitmap=\"false\"");
    let text = packager(
        &HEAD,
        &nested(48, "IFA_LLLCHAR", 99, &attributes, &[(1, "IF_CHAR", 1, false), (2, "IF_FCHAR", 9, false)]),
    );
    let dialect = whole(&text);
    let message = there_and_back(&dialect, &bytes("'0800' 0000000000010000 '005' 'Abcde'"));
    assert_eq!(elements(&message, 48), pairs(&[("1", "A"), ("2", "bcde")]));
    let early = [(1, "IF_FCHAR", 9, false), (2, "IF_CHAR", 1, false)];
    let imported = imported(&packager(&HEAD, &nested(48, "IFA_LLLCHAR", 99, &attributes, &early)));
    assert!(
        remarks(&imported).iter().any(|remark| remark.contains("takes all that is left")),
        "{:?}",
        remarks(&imported)
    );
}

#[test]
fn composites_in_composites() {
    let attributes = format!("{SUB} emitBitmap=\"false\"");
    let inner = nested(2, "IFA_LLCHAR", 99, &attributes, &[(1, "IF_CHAR", 1, false), (2, "IF_CHAR", 2, false)]);
    let outer = nested(48, "IFA_LLLCHAR", 999, &attributes, &[(1, "IF_CHAR", 2, false)]);
    let text = packager(&HEAD, &outer.replace("</isofieldpackager>", &format!("{inner}</isofieldpackager>")));
    let dialect = whole(&text);
    let message = there_and_back(&dialect, &bytes("'0800' 0000000000010000 '007' 'AB' '03' 'xyz'"));
    let deep = message.composite(48).unwrap().nested("2").unwrap();
    assert_eq!(deep.get("2").as_deref(), Some(&b"yz"[..]));
    let error = dialect.decode(bytes("'0800' 0000000000010000 '008' 'AB' '04' 'xyzz'").into()).unwrap_err();
    assert_eq!(error.field, Some(48), "the inside is checked");
}

#[test]
fn datasets_of_the_third_edition() {
    let attributes = "packager=\"org.jpos.iso.packager.DatasetPackager\"";
    let imported =
        imported(&packager(&HEAD, &nested(49, "IFB_LLLLBINARY", 9999, attributes, &[(1, "IFB_NUMERIC", 1, false)])));
    assert_eq!(remarks(&imported), ["line 5: field 49: the inside of its datasets is not taken apart"]);
    let message = there_and_back(&compiled(&imported), &bytes("'0800' 0000000000008000 0005 71 0002 BEEF"));
    assert_eq!(message.composite(49).unwrap().get("71"), Some(vec![0xBE, 0xEF]));
}

#[test]
fn what_is_not_taken_apart_is_kept_whole() {
    let positional = format!("{SUB} emitBitmap=\"false\"");
    let cases: [(&str, &[super::Field<'_>], &str); 12] = [
        ("packager=\"com.acme.OurPackager\"", &[], "is none of jPOS's own"),
        ("packager=\"org.jpos.iso.packager.FSDPackager\"", &[], "what the packager FSDPackager does is a program"),
        ("", &[], "no `packager`"),
        (&positional, &[], "it has no elements"),
        (&positional, &[(1, "IF_TCHAR", 9, false)], "its element 1 cannot be described"),
        (&positional, &[(1, "IFA_TTLLCHAR", 9, false), (2, "IFA_TTLLLCHAR", 9, false)], "more than one form"),
        (SUB, &[(1, "IFB_BITMAP", 9, false), (2, "IF_CHAR", 1, false)], "its bitmap has 9 bytes"),
        (
            GENERIC,
            &[(0, "IF_CHAR", 4, false), (1, "IFB_BITMAP", 8, false), (2, "IF_CHAR", 1, false)],
            "before its bitmap",
        ),
        (&positional.replace("emit", "headerLength=\"4\" emit"), &[(1, "IF_CHAR", 9, false)], "a header of 4 bytes"),
        (
            "packager=\"org.jpos.iso.packager.EuroSubFieldPackager\"",
            &[(0, "IFMC_TCC", 1, false), (1, "IFMC_LLCHAR", 9, false)],
            "its element 0 cannot be described",
        ),
        (
            "packager=\"org.jpos.tlv.packager.bertlv.BERTLVBinaryPackager\"",
            &[(1, "IFB_BINARY", 1, false)],
            "stands before or behind the BER-TLV",
        ),
        (
            "packager=\"org.jpos.tlv.packager.TaggedSequencePackager\"",
            &[(1, "IFTA_LLCHAR", 9, false)],
            "`token` does not say how long tags are",
        ),
    ];
    for (attributes, elements, reason) in cases {
        let imported = imported(&packager(&HEAD, &nested(48, "IFA_LLLCHAR", 99, attributes, elements)));
        let said = remarks(&imported).join("\n");
        assert!(said.contains(reason), "{said}");
        let dialect = compiled(&imported);
        let wire = bytes("'0800' 0000000000010000 '004' 'a1bc'");
        let message = dialect.decode(wire.clone().into()).unwrap();
        assert_eq!(encoded(&message), wire);
        assert!(message.composite(48).is_none());
    }
}

#[test]
fn what_is_read_otherwise_is_said() {
    let said = |attributes: &str, elements: &[super::Field<'_>]| {
        remarks(&imported(&packager(&HEAD, &nested(48, "IFA_LLLCHAR", 99, attributes, elements))))
    };
    let one = [(1, "IF_CHAR", 2, false)];
    assert_eq!(said(SUB, &one), ["line 5: field 48: `emitBitmap` is not false, but 1 is no bitmap: read by position"]);
    let late = format!("{SUB} emitBitmap=\"false\" firstField=\"2\"");
    let two = [(1, "IF_CHAR", 2, false), (2, "IF_CHAR", 2, false)];
    assert_eq!(said(&late, &two), ["line 6: field 48.1: never read: the packager begins with 2"]);
    let odd = format!("{SUB} emitBitmap=\"false\" firstField=\"one\"");
    assert_eq!(
        said(&odd, &one),
        ["line 5: field 48: `firstField` is \"one\", which is no number: it is taken as not there"]
    );
    let base1 = "packager=\"org.jpos.iso.packager.Base1SubFieldPackager\"";
    let bits = [(0, "IFB_BITMAP", 8, false), (1, "IF_CHAR", 1, false), (70, "IF_CHAR", 1, false)];
    assert_eq!(said(base1, &bits), ["line 8: field 48.70: no bit of the inner bitmap stands for it"]);
}
