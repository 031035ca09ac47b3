//! Sources that are wrong, odd, huge or meant to harm.

use super::{HEAD, compiled, element, imported, packager, remarks};
use banklink_protocol::{
    Dialect,
    dialect::Version,
    import::{Format, jpos, recognise},
};
use proptest::prelude::*;

fn error(text: &str) -> String {
    jpos("bad.xml", text).unwrap_err().to_string()
}

#[test]
fn what_is_no_packager_is_an_error_with_its_line() {
    assert_eq!(error("<isopackager>\n<isofield id=\"0\"\n</isopackager>").split(": ").next(), Some("bad.xml:3"));
    assert!(error("").starts_with("bad.xml:1: not well-formed XML"));
    assert!(error("name = \"x\"").starts_with("bad.xml:1: not well-formed XML"));
    assert_eq!(
        error("<!-- -->\n<beans/>"),
        "bad.xml:2: the root element is `beans`, not the `isopackager` of a jPOS packager"
    );
    assert_eq!(error("\n<isopackager/>"), "bad.xml:2: no field 0: a message without an MTI is none of ISO 8583");
    let mti = packager(&[(0, "IFB_BINARY", 4, false), HEAD[1]], "");
    assert_eq!(error(&mti), "bad.xml:3: the MTI is a IFB_BINARY of 4, not four digits");
    let none = packager(&[HEAD[0], (2, "IFA_LLNUM", 19, false)], "");
    assert_eq!(error(&none), "bad.xml:2: no bitmap: a message without one is none of ISO 8583");
    let short = packager(&[HEAD[0], (1, "IFB_BITMAP", 3, false)], "");
    assert_eq!(error(&short), "bad.xml:4: its bitmap has 3 bytes; a dialect has 8, 16 and 24");
    let unused = packager(&HEAD, "").replace("<isopackager>", "<isopackager emitBitmap='false'>");
    assert!(error(&unused).contains("no bitmap"));
    let external = "<!DOCTYPE isopackager [<!ENTITY x SYSTEM 'file:///etc/passwd'>]>\n<isopackager>&x;</isopackager>";
    assert!(error(external).starts_with("bad.xml:2: not well-formed XML"), "{}", error(external));
}

#[test]
fn what_means_nothing_is_said_with_its_line() {
    let rest = r#"<isofield id="3" length="six" class="org.jpos.iso.IFA_NUMERIC"/>
<isofield id="4" class="org.jpos.iso.IFA_NUMERIC"/>
<isofield length="6" class="org.jpos.iso.IFA_NUMERIC"/>
<isofield id="-5" length="6" class="org.jpos.iso.IFA_NUMERIC"/>
<isofield id="6" length="6"/>
<isofield id="7" length="10" class="com.acme.iso.IFA_NUMERIC" colour="red" trim="true"/>
<isofield id="8" length="8" class="org.jpos.iso.IFA_NUMERIC"><property name="x"/></isofield>
<isofield id="8" length="9" class="org.jpos.iso.IFA_NUMERIC"/>
<field id="9"/>
<isofield id="130" length="9" class="org.jpos.iso.IFA_NUMERIC"/>
<isofield id="4294967296" length="9" class="org.jpos.iso.IFA_NUMERIC"/>
"#;
    let text = packager(&HEAD, rest).replace("<isopackager>", "<isopackager headerLength='5' schema='1'>");
    let imported = imported(&text);
    let wanted = [
        "line 2: the attribute `schema` is not known: nothing is made of it",
        "line 2: a header of 5 bytes stands before the MTI: that is the link's to say",
        "line 5: field 3: `length` is \"six\", which is no number: the field is left out",
        "line 6: field 4: `length` is \"\", which is no number: the field is left out",
        "line 7: `id` is \"\", which is no number: the field is left out",
        "line 8: `id` is \"-5\", which is no number: the field is left out",
        "line 9: field 6: no `class`: the field is left out",
        "line 10: field 7: the attribute `colour` is not known: nothing is made of it",
        "line 10: field 7: the class com.acme.iso.IFA_NUMERIC is none of jPOS's own: it is read as its namesake, if there is one",
        "line 10: field 7: `trim`: jPOS takes the blanks off the value, here they stay",
        "line 11: field 8: `property` inside an `isofield`: nothing is made of it",
        "line 12: field 8: declared again: the last one counts",
        "line 13: the element `field` is not known: nothing is made of it",
        "line 14: field 130: no bit of the bitmap stands for it: fields are 2 to 128",
        "line 15: `id` is \"4294967296\", which is no number: the field is left out",
    ];
    assert_eq!(remarks(&imported), wanted);
    let dialect = compiled(&imported);
    assert_eq!(dialect.fields().collect::<Vec<_>>(), [7, 8]);
    assert!(imported.toml.contains("8 = { format = \"ans9\""), "{}", imported.toml);
}

#[test]
fn bitmaps_of_one_two_and_three_blocks() {
    let with = |length: usize, more: &str, attributes: &str| {
        let text = packager(&[HEAD[0], (1, "IFA_BITMAP", length, false)], more);
        imported(&text.replace("<isopackager>", &format!("<isopackager {attributes}>")))
    };
    let field = |number: u32, class: &str, length: usize| element((number, class, length, false));
    let third = field(65, "IFB_BITMAP", 8) + &field(130, "IF_CHAR", 2);
    let three = with(24, &third, "");
    assert_eq!(remarks(&three), [""; 0]);
    let wire = super::bytes("'0800' '8000000000000000''8000000000000000''4000000000000000' 'ab'");
    assert_eq!(super::there_and_back(&compiled(&three), &wire).text(130).as_deref(), Some("ab"));
    let inside = with(16, &third, "thirdBitmapField='65' maxValidField='192'");
    let said = remarks(&inside).join("\n");
    assert!(said.contains("line 2: field 65: the third bitmap stands in the place of a field"), "{said}");
    assert!(said.contains("line 6: field 130: no bit of the bitmap stands for it"), "{said}");
    assert!(compiled(&inside).defines(65));
    let one = with(8, &field(65, "IF_CHAR", 2), "");
    assert_eq!(remarks(&one), ["line 5: field 65: no bit of the bitmap stands for it: fields are 2 to 64"]);
}

#[test]
fn the_edition_is_told_by_lengths() {
    let version = |fields: &[super::Field<'_>]| {
        let fields = [&HEAD, fields].concat();
        compiled(&imported(&packager(&fields, ""))).version()
    };
    assert_eq!(version(&[(12, "IFA_NUMERIC", 6, false)]), Version::V1987);
    assert_eq!(version(&[(12, "IFA_NUMERIC", 12, false)]), Version::V1993);
    assert_eq!(version(&[(12, "IFB_NUMERIC", 14, false)]), Version::V2003);
    assert_eq!(version(&[(11, "IFB_NUMERIC", 12, false)]), Version::V2003);
    assert_eq!(version(&[(4, "IFB_NUMERIC", 16, false)]), Version::V2003);
}

#[test]
fn a_packager_is_recognised_by_its_root() {
    let yes = [
        "<isopackager>",
        "<isopackager/>",
        "\u{feff}<?xml version='1.0'?>\n<!-- <beans> -->\n<!DOCTYPE isopackager SYSTEM \"a.dtd\">\n<isopackager a='b'>",
        "<!DOCTYPE isopackager [ <!ENTITY a '>'> ]>\n<isopackager \n>",
        "<isopackager><isofield",
    ];
    let no =
        ["", "<", "<isopackagers>", "{\"field\":{}}", "name = 'isopackager'", "<!-- <isopackager>", "<a><isopackager>"];
    assert!(yes.iter().all(|text| recognise(text) == Some(Format::Jpos)), "{yes:?}");
    assert!(no.iter().all(|text| recognise(text).is_none()), "{no:?}");
    let text = packager(&HEAD, "");
    assert_eq!(recognise(&text).unwrap().import("a.xml", &text), jpos("a.xml", &text));
}

#[test]
fn names_cannot_break_out_of_the_file() {
    let text = packager(
        &HEAD,
        "<isofield id='3' length='6' name='a&#10;4 = false # \"&#x7f;\\' class='org.jpos.iso.IF_CHAR'/>",
    );
    let imported = jpos("x\nname = \"evil\"\n#.xml", &text).unwrap();
    let dialect = Dialect::parse("test", &imported.toml).unwrap();
    assert_eq!(dialect.name(), "x-name----evil---");
    assert_eq!(dialect.field_name(3), Some("a\n4 = false # \"\u{7f}\\"));
}

#[test]
fn bombs_and_depths_are_bounded() {
    let mut bomb = String::from("<!DOCTYPE isopackager [<!ENTITY a0 'lol'>");
    for level in 1..20 {
        let inner = format!("&a{};", level - 1).repeat(10);
        bomb.push_str(&format!("<!ENTITY a{level} '{inner}'>"));
    }
    bomb.push_str("]><isopackager>&a19;</isopackager>");
    assert!(error(&bomb).contains("not well-formed XML"), "{}", error(&bomb));
    let attribute = bomb.replace("<isopackager>&a19;", "<isopackager name='&a19;'>");
    assert!(error(&attribute).contains("not well-formed XML"), "{}", error(&attribute));
    let open = "<isofieldpackager id='2' length='99' class='IFA_LLCHAR' packager='GenericSubFieldPackager' emitBitmap='false'>";
    let deep = |depth: usize| packager(&HEAD, &(open.repeat(depth) + &"</isofieldpackager>".repeat(depth)));
    let imported = imported(&deep(5_000));
    assert!(remarks(&imported).iter().any(|remark| remark.contains("more than 8 deep")), "{:?}", remarks(&imported));
    compiled(&imported);
    assert!(error(&format!("<isopackager>{}</isopackager>", " ".repeat(5 << 20))).contains("no packager is longer"));
    assert!(error(&format!("<isopackager>{}</isopackager>", "<a/>".repeat(300_000))).contains("not well-formed XML"));
}

/// Elements that are nearly right.
fn nearly() -> impl Strategy<Value = String> {
    let class = prop_oneof![
        "IF(A|B|E|EA|TA|MC|EPE)_(F|T{0,3})L{0,7}H?(CHAR|NUM|NUMERIC|BINARY|AMOUNT|HEX|ECHAR|BITMAP)",
        Just("IFB_BITMAP".to_owned()),
        Just("IF_CHAR".to_owned()),
    ];
    let length = prop_oneof![0usize..40, Just(16), Just(8), any::<usize>()];
    let leaf = (0u32..140, class.clone(), length.clone(), any::<bool>()).prop_map(|(id, class, length, pad)| {
        format!("<isofield id='{id}' class='org.jpos.iso.{class}' length='{length}' pad='{pad}' token='{id:02}'/>\n")
    });
    leaf.prop_recursive(4, 40, 6, move |inner| {
        let packager = prop_oneof![
            Just("GenericPackager"),
            Just("GenericSubFieldPackager"),
            Just("Base1SubFieldPackager"),
            Just("EuroSubFieldPackager"),
            Just("TaggedSequencePackager"),
            Just("BERTLVBinaryPackager"),
            Just("GenericTaggedFieldsPackager"),
        ];
        let attributes = (any::<bool>(), 0u32..3, 0u32..3);
        let head = (0u32..140, class.clone(), length.clone(), packager, attributes);
        (head, proptest::collection::vec(inner, 0..6)).prop_map(
            |((id, class, length, packager, (emit, first, bits)), inside)| {
                format!(
                    "<isofieldpackager id='{id}' class='{class}' length='{length}' packager='{packager}' token='00' \
                 emitBitmap='{emit}' firstField='{first}' bitmapField='{bits}'>{}</isofieldpackager>\n",
                    inside.concat()
                )
            },
        )
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn any_text_is_an_answer(text in ".{0,200}") {
        let _ = (jpos("any", &text), recognise(&text));
    }

    #[test]
    fn whatever_is_declared_compiles(fields in proptest::collection::vec(nearly(), 0..12)) {
        let text = packager(&HEAD, &fields.concat());
        match jpos("nearly.xml", &text) {
            Ok(imported) => { compiled(&imported); }
            // Numbers 0 and 1 may have been declared again, as something else.
            Err(error) => prop_assert!(!error.message.contains("is no dialect"), "{error}\n{text}"),
        }
    }
}
