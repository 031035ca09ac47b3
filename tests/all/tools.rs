//! The tools, as a user runs them: output, exit code, and what never appears in either.

use assert_cmd::Command;
use std::{fs, path::Path};

const PAN: &str = "4111111111111111";
const TRACK2: &str = "4111111111111111=25126011234567890";
const PIN_BLOCK: &str = "0123456789ABCDEF";

/// A payment with card data, as `encode` takes it.
fn payment() -> String {
    format!(
        r#"{{"mti":"0200","fields":{{"2":"{PAN}","3":"000000","4":"000000010000","7":"1123031846","11":"000123","14":"2512","35":"{TRACK2}","41":"TERM0001","49":"840","52":"{PIN_BLOCK}","55":{{"9F26":"AABBCCDDEEFF0011","5A":"{PAN}","9F36":"0001"}}}}}}"#
    )
}

struct Ran {
    code: i32,
    out: String,
    error: String,
}

fn banklink(args: &[&str], input: &[u8]) -> Ran {
    let output = Command::new(env!("CARGO_BIN_EXE_banklink")).args(args).write_stdin(input).output().unwrap();
    Ran {
        code: output.status.code().expect("not ended by a signal"),
        out: String::from_utf8_lossy(&output.stdout).into_owned(),
        error: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// The output of a command that must succeed.
fn fine(args: &[&str], input: &[u8]) -> String {
    let ran = banklink(args, input);
    assert_eq!((ran.code, ran.error.as_str()), (0, ""), "{args:?}");
    ran.out
}

#[test]
fn what_is_encoded_is_decoded_in_every_dialect_and_frame() {
    for dialect in ["iso87-ascii", "iso87-ascii-bin", "iso87-bcd", "iso87-ebcdic"] {
        for frame in [&[][..], &["--frame", "ascii4"], &["--frame", "binary2-le-inclusive", "--header", "tpdu"]] {
            let wire = [&["--dialect", dialect], frame].concat();
            let hex = fine(&[&["encode"], &wire[..]].concat(), payment().as_bytes());
            let json = fine(&[&["decode", "--json", "--reveal"], &wire[..]].concat(), hex.as_bytes());
            let decoded: serde_json::Value = serde_json::from_str(&json).unwrap();
            let wanted: serde_json::Value = serde_json::from_str(&payment()).unwrap();
            assert_eq!((&decoded["mti"], &decoded["fields"]), (&wanted["mti"], &wanted["fields"]), "{wire:?}");
            let again = fine(&[&["encode"], &wire[..]].concat(), json.as_bytes());
            assert_eq!(again, hex, "{wire:?}");
        }
    }
}

#[test]
fn card_data_is_shown_only_when_asked_for() {
    let hex = fine(&["encode"], payment().as_bytes());
    for args in [&["decode"][..], &["decode", "--json"]] {
        let out = fine(args, hex.as_bytes());
        assert!(out.contains("411111******1111"), "{out}");
        for secret in [PAN, TRACK2, PIN_BLOCK, "2512"] {
            assert!(!out.contains(secret), "{secret} in {out}");
        }
        let revealed = fine(&[args, &["--reveal"]].concat(), hex.as_bytes());
        for shown in [PAN, TRACK2, PIN_BLOCK] {
            assert!(revealed.contains(shown), "{shown} not in {revealed}");
        }
    }
}

#[test]
fn chip_data_keeps_its_order_and_repeats() {
    let json = r#"{"mti":"0200","fields":{"55":[{"9F26":"01"},{"DF01":"02"},{"9F26":"03"}]}}"#;
    let hex = fine(&["encode", json], b"");
    assert!(hex.trim().ends_with("9F260101DF0101029F260103"), "{hex}");
    assert_eq!(fine(&["decode", "--json", "--reveal", hex.trim()], b""), format!("{json}\n"));
    let table = fine(&["decode", hex.trim()], b"");
    assert!(table.contains("\n  9F26  Application cryptogram"), "{table}");
}

#[test]
fn a_table_is_aligned_and_named() {
    let hex = fine(&["encode"], br#"{"mti":"0800","fields":{"7":"1123031846","11":"000001","70":"301"}}"#);
    let wanted = "\
MTI  network management request             0800
7    Transmission date and time MMDDhhmmss  1123031846
11   Systems trace audit number             000001
70   Network management information code    301
";
    assert_eq!(fine(&["decode", hex.trim()], b""), wanted);
}

#[test]
fn a_message_that_does_not_decode_is_shown_as_far_as_it_went() {
    let hex = fine(&["encode"], payment().as_bytes());
    // The first digit of DE4 stands behind MTI, bitmap, DE2 with its length, and DE3.
    let offset = 4 + 16 + 2 + 16 + 6;
    let mut bytes = hex.trim().to_owned();
    bytes.replace_range(2 * offset..2 * offset + 2, "58");
    let table = banklink(&["decode", &bytes], b"");
    assert_eq!(table.code, 1);
    assert!(table.out.contains("Processing code") && !table.out.contains("Amount"), "{}", table.out);
    assert!(table.error.starts_with(&format!("error: DE4 at byte {offset}: ")), "{}", table.error);
    let json = banklink(&["decode", "--json", &bytes], b"");
    let object: serde_json::Value = serde_json::from_str(&json.out).unwrap();
    assert_eq!((json.code, &object["error"]["field"], &object["error"]["offset"]), (1, &4.into(), &offset.into()));
    assert_eq!(object["fields"]["3"], "000000");
    assert!(!json.out.contains(PAN) && !json.error.contains(PAN) && !table.error.contains(PAN));
}

#[test]
fn a_stream_of_frames_is_cut_and_its_end_is_checked() {
    let one = fine(&["encode", "--frame", "binary2"], br#"{"mti":"0800","fields":{"11":"000001"}}"#);
    let stream = format!("{}0000{}", one.trim(), one.trim());
    let out = fine(&["decode", "--frame", "binary2", "--json", &stream], b"");
    let message = r#"{"mti":"0800","fields":{"11":"000001"}}"#;
    assert_eq!(out, format!("{message}\n{{\"keep_alive\":true}}\n{message}\n"));
    let cut = banklink(&["decode", "--frame", "binary2", &stream[..stream.len() - 2]], b"");
    assert_eq!(cut.code, 1);
    assert!(cut.error.contains("ends within a frame"), "{}", cut.error);
    let raw = Command::new(env!("CARGO_BIN_EXE_banklink"))
        .args(["encode", "--frame", "ascii4", "--raw", message])
        .output()
        .unwrap();
    assert_eq!(fine(&["decode", "--frame", "ascii4", "--raw", "--json"], &raw.stdout), format!("{message}\n"));
}

#[test]
fn mistakes_in_what_is_to_be_encoded_are_named_without_their_values() {
    for (json, said) in [
        (r#"{"mti":"0200","fields":{"2":"4111111111111111X"}}"#, "DE2: "),
        (r#"{"mti":"0200","fields":{"52":"0123456789ABCDE"}}"#, "DE52: a binary value"),
        (r#"{"mti":"0200","fields":{"2":4111111111111111}}"#, "had a number"),
        (r#"{"mti":"02O0","fields":{}}"#, "mti: "),
        (r#"{"mti":"0200","header":"6000000000","fields":{}}"#, "header: wanted 0 bytes (none), had 5"),
        ("", "empty input"),
    ] {
        let ran = banklink(&["encode"], json.as_bytes());
        assert_eq!((ran.code, ran.out.as_str()), (1, ""), "{json}");
        assert!(ran.error.contains(said) && !ran.error.contains("411111111111"), "{json}: {}", ran.error);
    }
}

#[test]
fn exit_codes_tell_a_wrong_message_from_a_wrong_command_line() {
    assert_eq!(banklink(&["decode", "xyz"], b"").code, 1);
    assert_eq!(banklink(&["decode", "--dialect", "no-such-dialect", "00"], b"").code, 1);
    for usage in [&["decode", "--frame", "binary9", "00"][..], &["decode", "--header", "binary9", "00"], &["nope"], &[]]
    {
        assert_eq!(banklink(usage, b"").code, 2, "{usage:?}");
    }
    let error = banklink(&["decode", "--frame", "binary9", "00"], b"").error;
    assert!(error.contains("choose one of binary2, "), "{error}");
}

#[test]
fn dialects_are_listed_shown_and_checked() {
    let list = fine(&["dialect", "list"], b"");
    for name in ["iso87-ascii", "iso87-ascii-bin", "iso87-bcd", "iso87-ebcdic", "iso93-ascii"] {
        assert!(list.lines().any(|line| line.starts_with(&format!("{name} "))), "{list}");
    }
    let show = fine(&["dialect", "show", "iso87-bcd"], b"");
    let pan = show.lines().find(|line| line.starts_with("2 ")).unwrap();
    for part in ["Primary account number", "n..19", "bcd 1", "masked"] {
        assert!(pan.contains(part), "{pan}");
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("mine.toml");
    fs::write(&file, fine(&["dialect", "source", "iso87-bcd"], b"")).unwrap();
    fine(&["dialect", "check", file.to_str().unwrap()], b"");
    fs::write(
        &file,
        "extends = \"iso87-bcd\"\nname = \"mine\"\n[fields]\n2 = { format = \"q..19\", name = \"PAN\" }\n",
    )
    .unwrap();
    let wrong = banklink(&["dialect", "check", file.to_str().unwrap()], b"");
    assert_eq!(wrong.code, 1);
    assert!(wrong.error.contains("mine.toml:4: field 2: "), "{}", wrong.error);
}

#[test]
fn certificates_are_made_once_and_keys_stay_private() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("dev");
    let args = ["certs", "--out", out.to_str().unwrap(), "--bank", "alpha", "--bank", "beta"];
    let listed = fine(&args, b"");
    for name in ["ca", "switch-server", "switch-client", "alpha-server", "alpha-client", "beta-server", "beta-client"] {
        for ending in ["pem", "key"] {
            let file = out.join(format!("{name}.{ending}"));
            assert!(listed.contains(file.to_str().unwrap()) && file.is_file(), "{name}.{ending}");
        }
        assert_private(&out.join(format!("{name}.key")));
    }
    let again = banklink(&args, b"");
    assert_eq!(again.code, 1);
    assert!(again.error.contains("is not overwritten (--force overwrites)"), "{}", again.error);
    fine(&[&args[..], &["--force"]].concat(), b"");
    assert_eq!(banklink(&["certs", "--out", out.to_str().unwrap(), "--bank", "../evil"], b"").code, 2);
}

#[cfg(unix)]
fn assert_private(key: &Path) {
    use std::os::unix::fs::PermissionsExt;
    assert_eq!(fs::metadata(key).unwrap().permissions().mode() & 0o777, 0o600, "{}", key.display());
}

#[cfg(not(unix))]
fn assert_private(key: &Path) {
    assert!(key.is_file());
}

#[test]
fn completions_and_help_name_every_command() {
    let help = fine(&["--help"], b"");
    for command in ["decode", "encode", "dialect", "certs", "completions"] {
        assert!(help.contains(&format!("  {command} ")), "{help}");
        assert!(fine(&[command, "--help"], b"").contains("Examples:"), "{command}");
    }
    for shell in ["bash", "zsh", "fish"] {
        assert!(fine(&["completions", shell], b"").contains("decode"), "{shell}");
    }
}
