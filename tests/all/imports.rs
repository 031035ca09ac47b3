//! Packagers of jPOS and specifications of moov-io/iso8583 in the place of dialect files, with the tools and in a
//! configuration.

use assert_cmd::Command;
use std::{fs, path::Path};

/// A packager with a class that nobody knows.
const PACKAGER: &str = "<?xml version='1.0'?>
<isopackager>
  <isofield id='0' length='4' name='Message type' class='org.jpos.iso.IFB_NUMERIC'/>
  <isofield id='1' length='16' name='Bitmap' class='org.jpos.iso.IFB_BITMAP'/>
  <isofield id='3' length='6' name='Processing code' class='org.jpos.iso.IFB_NUMERIC'/>
  <isofield id='11' length='6' name='STAN' class='org.jpos.iso.IFB_NUMERIC' pad='true'/>
  <isofield id='41' length='8' name='Terminal' class='org.jpos.iso.IF_CHAR'/>
  <isofield id='48' length='999' name='Ours' class='com.acme.IF_OURS'/>
</isopackager>
";
/// The same as a specification.
const SPECIFICATION: &str = r#"{"name": "acme", "fields": {
  "0": {"type": "String", "length": 4, "description": "Message type", "enc": "BCD", "prefix": "BCD.Fixed"},
  "1": {"type": "Bitmap", "enc": "Binary", "prefix": "Binary.Fixed"},
  "3": {"type": "Numeric", "length": 6, "description": "Processing code", "enc": "BCD", "prefix": "BCD.Fixed"},
  "11": {"type": "Numeric", "length": 6, "description": "STAN", "enc": "BCD", "prefix": "BCD.Fixed"},
  "41": {"type": "String", "length": 8, "description": "Terminal", "enc": "ASCII", "prefix": "ASCII.Fixed"}
}}"#;
/// Published with jPOS's documentation: MTI, bitmap, DE3, 11, 41.
const MESSAGE: &str = "080020200000008000000000000000013239313130303031";

struct Ran {
    code: i32,
    out: String,
    error: String,
}

fn banklink(folder: &Path, args: &[&str]) -> Ran {
    let output = Command::new(env!("CARGO_BIN_EXE_banklink")).current_dir(folder).args(args).output().unwrap();
    Ran {
        code: output.status.code().expect("not ended by a signal"),
        out: String::from_utf8_lossy(&output.stdout).into_owned(),
        error: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("packager.xml"), PACKAGER).unwrap();
    fs::write(folder.path().join("spec.json"), SPECIFICATION).unwrap();
    fs::write(folder.path().join("mine.toml"), "extends = \"packager.xml\"\nname = \"mine\"\n").unwrap();
    folder
}

#[test]
fn a_message_decodes_whatever_notation_says_how() {
    let folder = folder();
    for dialect in ["packager.xml", "spec.json", "mine.toml"] {
        let ran = banklink(folder.path(), &["decode", "--dialect", dialect, MESSAGE]);
        assert_eq!(ran.code, 0, "{dialect}: {}", ran.error);
        assert!(ran.out.contains("29110001") && ran.out.contains("000001"), "{dialect}: {}", ran.out);
        let silent = dialect == "spec.json";
        assert_eq!(ran.error.contains("line 8: field 48"), !silent, "{dialect}: {}", ran.error);
    }
}

#[test]
fn what_is_imported_is_a_dialect_file_and_what_is_not_carried_over_is_said() {
    let folder = folder();
    let ran = banklink(folder.path(), &["dialect", "import", "packager.xml"]);
    assert_eq!(ran.code, 0, "{}", ran.error);
    assert!(ran.error.starts_with("note: packager.xml: line 8: field 48: "), "{}", ran.error);
    fs::write(folder.path().join("made.toml"), &ran.out).unwrap();
    let checked = banklink(folder.path(), &["dialect", "check", "made.toml"]);
    assert_eq!((checked.code, checked.error.as_str()), (0, ""), "{}", ran.out);
    let decoded = banklink(folder.path(), &["decode", "--json", "--dialect", "made.toml", MESSAGE]);
    assert!(decoded.out.contains("\"41\":\"29110001\""), "{}", decoded.out);
    let none = banklink(folder.path(), &["dialect", "import", "mine.toml"]);
    assert_eq!(none.code, 1);
    assert!(none.error.contains("mine.toml: this is no description of messages that is known"), "{}", none.error);
}

#[test]
fn a_mistake_of_a_packager_is_told_with_its_line_and_check_says_what_is_left_out() {
    let folder = folder();
    let broken = PACKAGER.replace("</isopackager>", "<isofield id='49' ");
    fs::write(folder.path().join("broken.xml"), broken).unwrap();
    let config = |dialect: &str| {
        format!(
            "[[acquirer]]\nname = \"pos\"\nlisten = \"127.0.0.1:0\"\ndialect = \"{dialect}\"\n\
             [[bank]]\nname = \"acme\"\nlisten = \"127.0.0.1:0\"\nclient_name = \"bank\"\ndialect = \"iso87-bcd\"\n\
             tls = {{ ca = \"ca.pem\", cert = \"a.pem\", key = \"a.key\" }}\n[[route]]\nbanks = [\"acme\"]\n"
        )
    };
    fs::write(folder.path().join("config.toml"), config("broken.xml")).unwrap();
    let ran = banklink(folder.path(), &["check", "config.toml"]);
    assert!(ran.code == 1 && ran.error.contains("broken.xml:9:"), "{}", ran.error);
    let certificates = banklink(folder.path(), &["certs", "--out", "."]);
    assert_eq!(certificates.code, 0, "{}", certificates.error);
    let files = ["ca.pem", "bank-server.pem"];
    assert!(files.iter().all(|file| folder.path().join(file).exists()), "{}", certificates.out);
    let text = config("packager.xml").replace("\"a.", "\"bank-server.");
    fs::write(folder.path().join("config.toml"), text).unwrap();
    let ran = banklink(folder.path(), &["check", "config.toml"]);
    assert_eq!(ran.code, 0, "{}", ran.error);
    assert!(ran.out.contains("note: ") && ran.out.contains("line 8: field 48"), "{}", ran.out);
}
