//! Packagers of jPOS, imported: what is made of them reads and writes the bytes that jPOS would.

mod classes;
mod nested;
mod sources;
mod vectors;

use crate::samples::{hex, unhex};
use banklink_protocol::{
    Dialect, Message, describe,
    import::{Imported, jpos},
};
use bytes::{Bytes, BytesMut};
use std::{fmt::Write, sync::Arc};

/// A field: number, class, length, `pad`.
type Field<'a> = (u32, &'a str, usize, bool);

fn element((number, class, length, pad): Field<'_>) -> String {
    let package = if class.starts_with("IFT") { "org.jpos.tlv.packager" } else { "org.jpos.iso" };
    format!(
        "<isofield id=\"{number}\" length=\"{length}\" name=\"DE {number}\" pad=\"{pad}\" class=\"{package}.{class}\"/>\n"
    )
}

/// A packager of these fields, with what else is given as it stands.
fn packager(fields: &[Field<'_>], rest: &str) -> String {
    let mut text = String::from("<?xml version=\"1.0\"?>\n<isopackager>\n");
    for field in fields {
        text.push_str(&element(*field));
    }
    let _ = writeln!(text, "{rest}</isopackager>");
    text
}

/// The MTI and the bitmap in ASCII and bytes.
const HEAD: [Field<'_>; 2] = [(0, "IFA_NUMERIC", 4, false), (1, "IFB_BITMAP", 16, false)];

fn imported(text: &str) -> Imported {
    jpos("test.xml", text).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

fn compiled(imported: &Imported) -> Arc<Dialect> {
    Dialect::parse("test", &imported.toml).unwrap_or_else(|error| panic!("{error}\n{}", imported.toml))
}

/// The remarks as they are printed.
fn remarks(imported: &Imported) -> Vec<String> {
    imported.remarks.iter().map(ToString::to_string).collect()
}

/// The dialect of a packager that is carried over whole.
fn whole(text: &str) -> Arc<Dialect> {
    let imported = imported(text);
    assert_eq!(remarks(&imported), [""; 0], "{}", imported.toml);
    compiled(&imported)
}

fn encoded(message: &Message) -> Vec<u8> {
    let mut out = BytesMut::new();
    message.encode(&mut out).unwrap();
    out.to_vec()
}

/// Decodes the bytes and writes them back: from what came in, from the values, and from what people see.
fn there_and_back(dialect: &Arc<Dialect>, wire: &[u8]) -> Message {
    let message =
        dialect.decode(Bytes::copy_from_slice(wire)).unwrap_or_else(|error| panic!("{error} of {}", hex(wire)));
    assert_eq!(hex(&encoded(&message)), hex(wire), "written back");
    let mut built = Message::new(dialect, message.mti());
    for field in message.fields() {
        built.set(field, &message.logical(field).unwrap()).unwrap();
    }
    assert_eq!(hex(&encoded(&built)), hex(wire), "built from its values");
    let named = describe::message(dialect, message.mti(), &describe::elements(&message)).unwrap();
    assert_eq!(hex(&encoded(&named)), hex(wire), "built from names and text");
    message
}

/// Bytes from pieces of hex and of text in quotes: `"0200" 40'4111'`.
fn bytes(pieces: &str) -> Vec<u8> {
    let mut out = Vec::new();
    for (at, piece) in pieces.split('\'').enumerate() {
        if at % 2 == 1 {
            out.extend(piece.bytes());
        } else {
            out.extend(unhex(&piece.replace([' ', '\n'], "")));
        }
    }
    out
}

#[test]
fn a_packager_becomes_a_dialect_that_people_can_read() {
    let text = r#"<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE isopackager PUBLIC "-//jPOS/jPOS Generic Packager DTD 1.0//EN"
  "http://jpos.org/dtd/generic-packager-1.0.dtd" [ <!ENTITY bank "North &amp; South"> ]>
<!-- any order of attributes, any quotes -->
<isopackager>
  <isofield class='org.jpos.iso.IFB_NUMERIC' id='0' length='4' name='MTI'/>
  <isofield length="16" id="1" class="org.jpos.iso.IFB_BITMAP" name="BITMAP"></isofield>
  <isofield id="2" name="PAN" length="19" class="org.jpos.iso.IFB_LLNUM" pad="true"/>
  <isofield id="35" name="TRACK 2" length="37" class="org.jpos.iso.IFB_LLNUM" pad="false"/>
  <isofield id="41" name="&bank;" length="8" class="org.jpos.iso.IF_CHAR"/>
  <isofield id="52" name="PIN" length="8" class="org.jpos.iso.IFA_BINARY"/>
</isopackager>"#;
    let imported = jpos("/etc/banks/north south.xml", text).unwrap();
    assert_eq!(remarks(&imported), [""; 0]);
    let wanted = r#"# Made from the jPOS packager north south.xml.

name = "north-south"
version = 1987
mti = "bcd"
bitmap = { encoding = "raw", blocks = 2 }

[fields]
2 = { format = "n..19", encoding = "bcd", prefix = "bcd", counts = "digits", name = "PAN", show = "pan", check-nibble = false }
35 = { format = "z..37", encoding = "bcd", prefix = "bcd", counts = "digits", name = "TRACK 2", check-nibble = false, nibble-side = "right" }
41 = { format = "ans8", name = "North & South", show = "public", check = false }
52 = { format = "b8", encoding = "hex", name = "PIN", case = "any" }
"#;
    assert_eq!(imported.toml, wanted);
    let dialect = compiled(&imported);
    let wire = bytes(
        "0200 4000000020801000 19 0411111111111111 1116 37 4111111111111111D251220100000000001230'T1      ''0123456789ABCDEF'",
    );
    let message = there_and_back(&dialect, &wire);
    assert_eq!(message.text(2).as_deref(), Some("4111111111111111116"));
    assert_eq!(message.text(35).as_deref(), Some("4111111111111111=25122010000000000123"));
    assert_eq!(message.text(52).as_deref(), Some("0123456789ABCDEF"));
}
