//! The switch between two peers that share none of its code: pyiso8583 as the acquirer and as the bank, over real sockets,
//! the bank's with mutual TLS. `tests/interop/pyiso8583_peer.py` says what they exchange.
//!
//! Skipped with a printed line where Python has no pyiso8583 (`BANKLINK_PYTHON` names another Python); with
//! `BANKLINK_REQUIRE_INTEROP=1`, as in CI, that is a failure.

use banklink::{
    config::Config,
    driver,
    net::time::SystemClock,
    security::pki::{Authority, Folder, Leaf, Validity},
};
use banklink_protocol::{Dialect, describe};
use bytes::{Bytes, BytesMut};
use serde_json::Value;
use std::{
    env, fs,
    io::{BufRead, BufReader, Read},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

/// Our names of the peer's dialects.
const DIALECTS: [(&str, &str); 3] = [("ascii", "iso87-ascii"), ("bcd", "iso87-bcd"), ("ebcdic", "iso87-ebcdic")];

/// Payments of one conversation; the peer's bank declines one of them.
const PAYMENTS: usize = 8;

/// A Python that has pyiso8583.
fn python() -> Option<PathBuf> {
    let python = PathBuf::from(env::var_os("BANKLINK_PYTHON").unwrap_or_else(|| "python3".into()));
    let found = Command::new(&python).args(["-c", "import iso8583"]).stderr(Stdio::null()).status();
    if found.is_ok_and(|status| status.success()) {
        return Some(python);
    }
    assert!(
        env::var_os("BANKLINK_REQUIRE_INTEROP").is_none_or(|value| value != "1"),
        "BANKLINK_REQUIRE_INTEROP=1, but {} has no pyiso8583 (pip install pyiso8583)",
        python.display()
    );
    println!("skipped: {} has no pyiso8583 (pip install pyiso8583)", python.display());
    None
}

/// The peer in one of its roles; killed if the test ends early.
struct Peer(Child);

impl Peer {
    fn start(python: &Path, args: &[&str]) -> Self {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/interop/pyiso8583_peer.py");
        let mut command = Command::new(python);
        command.arg("-B").arg(script).args(args).stdin(Stdio::piped()).stdout(Stdio::piped());
        Self(command.spawn().expect("Python starts"))
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        let out = self.0.stdout.as_mut().expect("piped");
        // One byte at a time: a buffered reader would swallow what comes after.
        for byte in out.bytes() {
            match byte.expect("readable") {
                b'\n' => break,
                byte => line.push(char::from(byte)),
            }
        }
        line
    }

    /// Ends its input and reads all it still says, as lines of JSON.
    fn finish(mut self) -> (bool, Vec<Value>) {
        drop(self.0.stdin.take());
        let out = BufReader::new(self.0.stdout.take().expect("piped"));
        let lines = out.lines().map(|line| serde_json::from_str(&line.unwrap()).unwrap()).collect();
        (self.0.wait().unwrap().success(), lines)
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        // It has ended already unless the test fails.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Certificates for the peer's bank and for the switch, in files.
fn certificates(folder: &Path) {
    let validity = Validity::days(SystemClock::start().now().wall, 1);
    let authority = Authority::new("interop CA", "", validity).unwrap();
    let files = Folder::new(folder);
    files.write_root("ca", &authority).unwrap();
    files.write_credential("peer-server", &authority.issue(&Leaf::server("peer", validity)).unwrap()).unwrap();
    files.write_credential("switch-client", &authority.issue(&Leaf::client("switch", validity)).unwrap()).unwrap();
}

fn config(folder: &Path, acquirer: &str, bank: &str, port: u16) -> Config {
    let text = format!(
        r#"
[[acquirer]]
name = "shop"
listen = "127.0.0.1:0"
dialect = "{acquirer}"
framing = "binary2"

[[bank]]
name = "peer"
connect = ["127.0.0.1:{port}"]
dialect = "{bank}"
framing = "binary2"
tls = {{ ca = "ca.pem", cert = "switch-client.pem", key = "switch-client.key", server_name = "peer" }}

[[route]]
cards = ["400000-499999"]
banks = ["peer"]
"#
    );
    fs::write(folder.join("config.toml"), text).unwrap();
    Config::load(&folder.join("config.toml")).unwrap_or_else(|errors| panic!("{errors}"))
}

/// One conversation: the peer's acquirer, the switch, the peer's bank.
fn converse(acquirer: usize, bank: usize) {
    let Some(python) = python() else { return };
    let folder = tempfile::tempdir().unwrap();
    certificates(folder.path());
    let path = folder.path().to_str().unwrap();
    let mut peer = Peer::start(&python, &["bank", "--dialect", DIALECTS[bank].0, "--folder", path]);
    let port = peer.line().strip_prefix("listening ").expect("its port").parse().unwrap();
    let switch = driver::spawn(config(folder.path(), DIALECTS[acquirer].1, DIALECTS[bank].1, port)).unwrap();
    switch.wait_until(|now| now.bank("peer").is_some_and(|bank| bank.up() == 2)).expect("both connections sign on");
    let port = switch.acquirer("shop").unwrap().port().to_string();
    let shop = Peer::start(&python, &["acquirer", "--dialect", DIALECTS[acquirer].0, "--port", &port]);
    let (right, said) = shop.finish();
    assert!(right, "the acquirer misses: {said:?}");
    assert_eq!(said[0]["answered"], PAYMENTS);
    let (_, report) = peer.finish();
    let report = &report[0];
    assert_eq!(report["errors"], Value::Array(Vec::new()));
    assert_eq!(report["payments"].as_array().unwrap().len(), PAYMENTS);
    assert_eq!((&report["sign_ons"], &report["own_echoes_answered"]), (&2.into(), &2.into()), "{report}");
    switch.drain();
    let last = switch.join();
    let bank = last.bank("peer").unwrap();
    assert_eq!((bank.sent, bank.approved, bank.declined, bank.late, bank.unknown), (8, 7, 1, 0, 0));
}

#[test]
fn ascii_acquirer_and_packed_bank() {
    converse(0, 1);
}

#[test]
fn packed_acquirer_and_ascii_bank() {
    converse(1, 0);
}

#[test]
fn ebcdic_on_both_sides() {
    converse(2, 2);
}

/// What pyiso8583 writes is read as what it meant, and written back byte for byte.
#[test]
fn the_codecs_agree_byte_for_byte() {
    let Some(python) = python() else { return };
    for (theirs, ours) in DIALECTS {
        let dialect = Dialect::named(ours).unwrap();
        let (_, messages) = Peer::start(&python, &["messages", "--dialect", theirs]).finish();
        assert!(messages.len() >= PAYMENTS);
        for message in messages {
            let bytes = Bytes::from(unhex(message["hex"].as_str().unwrap()));
            let decoded = dialect.decode(bytes.clone()).unwrap();
            assert_eq!(decoded.mti().to_string(), message["fields"]["t"]);
            for element in describe::elements(&decoded) {
                let meant = message["fields"][&element.key].as_str().unwrap();
                let field = element.key.parse().unwrap();
                assert_eq!(decoded.text(field).as_deref(), Some(meant), "{ours} DE{field}");
            }
            let mut anew = banklink_protocol::Message::new(&dialect, decoded.mti());
            for field in decoded.fields() {
                let mut value = [0; 999];
                let length = decoded.read(field, &mut value).unwrap();
                anew.set(field, &value[..length]).unwrap();
            }
            let mut out = BytesMut::new();
            anew.encode(&mut out).unwrap();
            assert_eq!(out, bytes, "{ours}: {message}");
        }
    }
}

fn unhex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}
