//! The switch between two peers that share none of its code: pyiso8583 as the acquirer and as the bank, over real sockets,
//! the bank's with mutual TLS. `tests/interop/pyiso8583_peer.py` says what they exchange.
//!
//! Skipped with a printed line where Python has no pyiso8583 (`BANKLINK_PYTHON` names another Python); with
//! `BANKLINK_REQUIRE_INTEROP=1`, as in CI, that is a failure.

use banklink::{
    config::Config,
    driver::{self, Handle},
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
    process::{Child, ChildStdout, Command, Stdio},
};

/// Our names of the peer's dialects.
const DIALECTS: [(&str, &str); 3] = [("ascii", "iso87-ascii"), ("bcd", "iso87-bcd"), ("ebcdic", "iso87-ebcdic")];

/// Payments of one conversation that reach the bank; it declines one. One more is refused by the switch.
const PAYMENTS: usize = 9;

/// Who dials whom on the bank's side.
#[derive(Clone, Copy)]
enum Dials {
    Switch,
    Bank,
}

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
struct Peer {
    process: Child,
    out: BufReader<ChildStdout>,
}

impl Peer {
    fn start(python: &Path, args: &[&str]) -> Self {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/interop/pyiso8583_peer.py");
        let mut command = Command::new(python);
        command.arg("-B").arg(script).args(args).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = command.spawn().expect("Python starts");
        let out = BufReader::new(process.stdout.take().expect("piped"));
        Self { process, out }
    }

    /// The port in its line `listening PORT`.
    fn port(&mut self) -> u16 {
        let mut line = String::new();
        self.out.read_line(&mut line).unwrap();
        line.trim().strip_prefix("listening ").and_then(|port| port.parse().ok()).expect("its port")
    }

    /// Ends its input and reads all it still says, as lines of JSON.
    fn finish(mut self) -> (bool, Vec<Value>) {
        drop(self.process.stdin.take());
        let lines = self.out.by_ref().lines().map(|line| serde_json::from_str(&line.unwrap()).unwrap()).collect();
        (self.process.wait().unwrap().success(), lines)
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        // It has ended already unless the test fails.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Certificates for the peer's bank and for the switch, in files.
fn certificates(folder: &Path) {
    let validity = Validity::days(SystemClock::start().now().wall, 1);
    let authority = Authority::new("interop CA", "", validity).unwrap();
    let files = Folder::new(folder);
    files.write_root("ca", &authority).unwrap();
    for name in ["peer", "switch"] {
        let (server, client) = (Leaf::server(name, validity), Leaf::client(name, validity));
        files.write_credential(&format!("{name}-server"), &authority.issue(&server).unwrap()).unwrap();
        files.write_credential(&format!("{name}-client"), &authority.issue(&client).unwrap()).unwrap();
    }
}

/// The switch between an acquirer and a bank; `bank` says how the bank is reached.
fn config(folder: &Path, dialects: [usize; 2], bank: &str) -> Config {
    let [acquirer_dialect, bank_dialect] = dialects.map(|dialect| DIALECTS[dialect].1);
    let text = format!(
        r#"
[switch]
durability = "off"

[[acquirer]]
name = "shop"
listen = "127.0.0.1:0"
dialect = "{acquirer_dialect}"
framing = "binary2"

[[bank]]
name = "peer"
dialect = "{bank_dialect}"
framing = "binary2"
{bank}

[[route]]
cards = ["400000-499999"]
banks = ["peer"]
"#
    );
    fs::write(folder.join("config.toml"), text).unwrap();
    Config::load(&folder.join("config.toml")).unwrap_or_else(|errors| panic!("{errors}"))
}

/// Starts the peer's bank and the switch, in the order that who dials asks for.
fn start(python: &Path, folder: &Path, dialects: [usize; 2], dials: Dials) -> (Peer, Handle) {
    certificates(folder);
    let path = folder.to_str().unwrap();
    let mut args = vec!["bank", "--dialect", DIALECTS[dialects[1]].0, "--folder", path];
    match dials {
        Dials::Switch => {
            let mut bank = Peer::start(python, &args);
            let reached = format!(
                "connect = [\"127.0.0.1:{}\"]\ntls = {{ ca = \"ca.pem\", cert = \"switch-client.pem\", \
                 key = \"switch-client.key\", server_name = \"peer\" }}",
                bank.port()
            );
            (bank, driver::spawn(config(folder, dialects, &reached)).unwrap())
        }
        Dials::Bank => {
            let reached = "listen = \"127.0.0.1:0\"\nclient_name = \"peer\"\ntls = { ca = \"ca.pem\", \
                           cert = \"switch-server.pem\", key = \"switch-server.key\" }";
            let switch = driver::spawn(config(folder, dialects, reached)).unwrap();
            let port = switch.bank_listener("peer").unwrap().port().to_string();
            args.extend(["--port", &port]);
            (Peer::start(python, &args), switch)
        }
    }
}

/// One conversation: the peer's acquirer, the switch, the peer's bank.
fn converse(dialects: [usize; 2], dials: Dials) {
    let Some(python) = python() else { return };
    let folder = tempfile::tempdir().unwrap();
    let (peer, switch) = start(&python, folder.path(), dialects, dials);
    switch.wait_until(|now| now.bank("peer").is_some_and(|bank| bank.up() == 2)).expect("both connections sign on");
    let port = switch.acquirer("shop").unwrap().port().to_string();
    let shop = Peer::start(&python, &["acquirer", "--dialect", DIALECTS[dialects[0]].0, "--port", &port]);
    let (right, said) = shop.finish();
    assert!(right, "the acquirer misses: {said:?}");
    assert_eq!(said[0]["answered"], PAYMENTS + 1);
    let (_, report) = peer.finish();
    let report = &report[0];
    assert_eq!(report["errors"], Value::Array(Vec::new()));
    assert_eq!(report["payments"].as_array().unwrap().len(), PAYMENTS);
    assert_eq!((&report["sign_ons"], &report["own_echoes_answered"]), (&2.into(), &2.into()), "{report}");
    switch.drain();
    let last = switch.join();
    let bank = last.bank("peer").unwrap();
    assert_eq!((bank.sent, bank.approved, bank.declined, bank.late, bank.unknown), (9, 8, 1, 0, 0));
}

#[test]
fn ascii_acquirer_and_packed_bank() {
    converse([0, 1], Dials::Switch);
}

#[test]
fn packed_acquirer_and_ascii_bank() {
    converse([1, 0], Dials::Switch);
}

#[test]
fn ebcdic_on_both_sides() {
    converse([2, 2], Dials::Switch);
}

#[test]
fn a_bank_that_dials_us() {
    converse([0, 0], Dials::Bank);
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
