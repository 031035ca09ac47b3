//! The simulators against each other over real sockets, and the demonstration from start to end.

use banklink::{
    clock::Wall,
    net::tls::{self, Identity, MinVersion, Pem},
    security::pki::{Authority, Credential, Leaf, Validity},
    simulator::{
        acquirer::{
            Plan, Run, Template, drive,
            ledger::Verdict,
            session::{Shared, lock},
        },
        bank::{Bank, books::Books, rules::Rules, serve::Server},
        stream::DialTls,
    },
};
use banklink_protocol::{
    Dialect,
    frame::{Frame, Framing, HeaderKind},
};
use bytes::BytesMut;
use rustls::pki_types::ServerName;
use std::{
    io::{BufRead, BufReader},
    net::SocketAddr,
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};
use tokio_rustls::{TlsAcceptor, TlsConnector};

const BANKLINK: &str = env!("CARGO_BIN_EXE_banklink");

/// How messages stand on the line of a test.
struct Line {
    dialect: Arc<Dialect>,
    framing: Framing,
}

fn line(dialect: &str, framing: &str, header: HeaderKind) -> Line {
    let framing = Framing::named(framing).unwrap().with_header(header);
    Line { dialect: Dialect::named(dialect).unwrap(), framing }
}

impl Line {
    fn bank(&self, rules: &str) -> Server {
        let rules = Rules::parse(rules, self.dialect.version()).unwrap();
        Server::new(Bank::new("test", self.dialect.clone(), self.framing.clone(), rules, Books::new(10_000)), None)
    }

    fn load(&self, plan: Plan) -> Shared {
        let template = Template::purchase(self.dialect.version());
        Arc::new(Mutex::new(Run::new(&template, &self.dialect, &self.framing, plan).unwrap()))
    }
}

fn plan(count: u64) -> Plan {
    Plan {
        connections: 4,
        window: 8,
        rate: None,
        count: Some(count),
        duration: None,
        warm_up: Duration::ZERO,
        timeout: Duration::from_millis(300),
        keep: 0,
        follow: None,
    }
}

/// The bank listens, the load runs to its end.
async fn converse(bank: &Server, load: &Shared, tls: Option<(TlsAcceptor, DialTls)>) -> std::io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let (accept, dial) = tls.unzip();
    tokio::select! {
        served = bank.listen(listener, accept) => panic!("the bank ended: {served:?}"),
        driven = drive(load, &address, dial) => driven,
    }
}

#[tokio::test]
async fn every_answer_is_right_in_every_dialect() {
    let lines = [
        line("iso87-ascii", "binary2", HeaderKind::None),
        line("iso87-bcd", "binary2", HeaderKind::Tpdu),
        line("iso87-ebcdic", "ascii4", HeaderKind::None),
        line("iso93-ascii", "bcd2", HeaderKind::None),
    ];
    for line in lines {
        let (bank, load) = (line.bank(""), line.load(plan(2_000)));
        converse(&bank, &load, None).await.unwrap();
        let results = lock(&load).results().clone();
        assert_eq!((results.sent, results.answered, results.errors()), (2_000, 2_000, 0), "{}", line.dialect.name());
        let bank = bank.bank();
        assert_eq!((bank.books().totals().requests, bank.books().totals().booked), (2_000, 2_000));
        assert_eq!(bank.books().entries().len(), 2_000);
    }
}

#[tokio::test]
async fn an_open_loop_sends_what_was_planned_and_codes_are_counted() {
    let line = line("iso87-ascii", "binary2", HeaderKind::None);
    let bank = line.bank("[[rule]]\nevery = 10\nanswer = '51'\n");
    let load = line.load(Plan { rate: Some(2_000.0), ..plan(400) });
    converse(&bank, &load, None).await.unwrap();
    let summary = lock(&load).results().summary();
    assert_eq!((summary.by_code["00"], summary.by_code["51"], summary.errors.len()), (360, 40, 0));
}

#[tokio::test]
async fn every_wrong_answer_is_noticed() {
    let line = line("iso87-ascii", "binary2", HeaderKind::None);
    for (then, expected) in [
        ("double", &[(Verdict::Doubled, 1)][..]),
        ("silence", &[(Verdict::Missing, 1)]),
        ("garbage", &[(Verdict::Unreadable, 1), (Verdict::Missing, 1)]),
        ("wrong-amount", &[(Verdict::WrongAmount, 1), (Verdict::Missing, 1)]),
    ] {
        let bank = line.bank(&format!("[[rule]]\nevery = 50\nthen = '{then}'\n"));
        let load = line.load(Plan { connections: 1, window: 4, ..plan(60) });
        converse(&bank, &load, None).await.unwrap();
        let run = lock(&load);
        for (verdict, count) in expected {
            assert_eq!(run.results().count(*verdict), *count, "{then}");
        }
        let total: u64 = expected.iter().map(|(_, count)| count).sum();
        assert_eq!(run.results().errors(), total, "{then}");
    }
}

#[tokio::test]
async fn a_connection_that_closes_loses_what_waits_on_it() {
    let line = line("iso87-ascii", "binary2", HeaderKind::None);
    let bank = line.bank("[[rule]]\nevery = 50\nthen = 'close'\n");
    let load = line.load(Plan { connections: 1, window: 1, ..plan(60) });
    converse(&bank, &load, None).await.unwrap_err();
    let run = lock(&load);
    assert_eq!((run.results().answered, run.results().count(Verdict::Missing)), (49, 1));
}

/// An authority with a certificate for the bank and one for who dials it.
fn credentials() -> (Authority, Credential, Credential) {
    let now = Wall(jiff::Timestamp::now().as_microsecond());
    let validity = Validity::days(now, 1);
    let authority = Authority::new("test", "test", validity).unwrap();
    let (server, client) = (Leaf::server("bank", validity), Leaf::client("switch", validity));
    let (server, client) = (authority.issue(&server).unwrap(), authority.issue(&client).unwrap());
    (authority, server, client)
}

fn identity(credential: &Credential) -> Identity {
    Identity::load(Pem::Text(credential.certificate_pem()), Pem::Text(&credential.key_pem())).unwrap()
}

#[tokio::test]
async fn a_bank_behind_tls_takes_nobody_without_a_certificate() {
    let (authority, server, client) = credentials();
    let root = authority.certificate_pem();
    let roots = || tls::roots(Pem::Text(&root)).unwrap();
    let server = tls::server(identity(&server), Some(roots().into()), MinVersion::default()).unwrap();
    let dial = |client: Option<Identity>| DialTls {
        connector: TlsConnector::from(tls::client(roots(), client, MinVersion::default()).unwrap()),
        name: ServerName::try_from("bank").unwrap(),
    };
    let line = line("iso87-bcd", "binary2", HeaderKind::None);

    let (bank, load) = (line.bank(""), line.load(plan(500)));
    let tls = (TlsAcceptor::from(server.clone()), dial(Some(identity(&client))));
    converse(&bank, &load, Some(tls)).await.unwrap();
    assert_eq!(lock(&load).results().answered, 500);

    let (bank, load) = (line.bank(""), line.load(plan(500)));
    converse(&bank, &load, Some((TlsAcceptor::from(server), dial(None)))).await.unwrap_err();
    assert_eq!((lock(&load).results().answered, bank.bank().books().totals().requests), (0, 0));
}

#[tokio::test]
async fn a_bank_that_dials_answers_and_sends_its_own_echo() {
    let line = line("iso87-ascii", "binary2", HeaderKind::None);
    let rules = Rules::approve_all(line.dialect.version());
    let bank = Bank::new("test", line.dialect.clone(), line.framing.clone(), rules, Books::new(10));
    let bank = Server::new(bank, Some(Duration::from_millis(20)));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let switch = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut input = BytesMut::new();
        loop {
            stream.read_buf(&mut input).await.unwrap();
            if let Some(Frame::Message { body, .. }) = line.framing.split(&mut input).unwrap() {
                break (line.dialect.decode(body).unwrap(), stream);
            }
        }
    };
    let (echo, mut stream) = tokio::select! {
        heard = switch => heard,
        () = bank.dial(&address, None) => panic!("it goes on dialling"),
    };
    assert_eq!((echo.mti().to_string().as_str(), echo.text(70).as_deref()), ("0800", Some("301")));
    stream.shutdown().await.unwrap();
}

/// A simulated bank as a process; killed if a test fails.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Process {
    fn start(args: &[&str]) -> (Self, SocketAddr) {
        let mut child = Command::new(BANKLINK).args(args).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim().strip_prefix("listening on ").expect(&line).parse().unwrap();
        (Self(child), address)
    }

    /// SIGTERM, and its exit code.
    fn end(mut self) -> Option<i32> {
        let id = self.0.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
        self.0.wait().unwrap().code()
    }
}

#[test]
fn bank_and_load_as_commands() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name).display().to_string();
    let (rules, report) = (file("rules.toml"), file("report.json"));
    std::fs::write(&rules, "[[rule]]\nname = 'no funds'\nevery = 4\nanswer = '51'\n").unwrap();
    let (bank, address) = Process::start(&["bank", "--listen", "127.0.0.1:0", "--rules", &rules, "--report", &report]);
    let args = ["load", &address.to_string(), "--count", "200", "--connections", "2", "--window", "4", "--json"];
    let load = Command::new(BANKLINK).args(args).output().unwrap();
    assert_eq!(load.status.code(), Some(0), "{}", String::from_utf8_lossy(&load.stderr));
    let summary: serde_json::Value = serde_json::from_slice(&load.stdout).unwrap();
    assert_eq!((&summary["answered"], &summary["by_code"]["51"]), (&200.into(), &50.into()));
    assert_eq!(bank.end(), Some(0));
    let report = std::fs::read_to_string(&report).unwrap();
    assert!(!report.contains("4111111111111111"), "a card number in clear");
    let report: serde_json::Value = serde_json::from_str(&report).unwrap();
    assert_eq!(report["entries"].as_array().unwrap().len(), 200);
    assert_eq!((&report["totals"]["booked"], &report["rules"][0]["fired"]), (&150.into(), &50.into()));
}

/// Killed without a word, a bank with its books in a file answers the same messages as before when it is back.
#[test]
fn a_killed_bank_comes_back_with_its_books() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name).display().to_string();
    let (books, report) = (file("books.jsonl"), file("report.json"));
    let args = ["bank", "--listen", "127.0.0.1:0", "--books", &books, "--report", &report];
    let (mut bank, address) = Process::start(&args);
    let load = |address: SocketAddr| {
        let load = Command::new(BANKLINK).args(["load", &address.to_string(), "--count", "50"]).output().unwrap();
        assert_eq!(load.status.code(), Some(0), "{}", String::from_utf8_lossy(&load.stderr));
    };
    load(address);
    bank.0.kill().unwrap();
    bank.0.wait().unwrap();
    assert!(!std::fs::read_to_string(&books).unwrap().contains("4111111111111111"), "a card number in clear");
    let (bank, _) = Process::start(&args);
    assert_eq!(bank.end(), Some(0));
    let report: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(&report).unwrap()).unwrap();
    assert_eq!((&report["totals"]["booked"], report["entries"].as_array().unwrap().len()), (&50.into(), 50));
    assert_eq!((&report["entries"][0]["booked"], &report["entries"][0]["reversed"]), (&true.into(), &false.into()));
}

/// A front end that is left without an answer repeats or reverses; nothing is booked that it does not rely on.
#[test]
fn a_load_whose_line_breaks_settles_every_payment() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name).display().to_string();
    let rules = file("rules.toml");
    std::fs::write(&rules, "[[rule]]\nmti = '0200'\nevery = 40\nthen = 'close'\nbooks = true\n").unwrap();
    for (manner, relied, reversed) in [("repeat", 200, 0), ("reverse", 0, 5), ("reverse-advice", 0, 5)] {
        let report = |name: &str| file(&format!("{manner}-{name}.json"));
        let (bank_report, load_report) = (report("bank"), report("load"));
        let (bank, address) =
            Process::start(&["bank", "--listen", "127.0.0.1:0", "--rules", &rules, "--report", &bank_report]);
        let mut args = vec!["load", "--count", "200", "--retry", "100ms", "--settle", "30s", "--report", &load_report];
        let address = address.to_string();
        args.extend(["--unanswered", manner, "--json", &address]);
        let load = Command::new(BANKLINK).args(args).output().unwrap();
        let told = String::from_utf8_lossy(&load.stdout).into_owned();
        assert_eq!(load.status.code(), Some(0), "{manner}: {told}{}", String::from_utf8_lossy(&load.stderr));
        assert_eq!(bank.end(), Some(0));
        let read = |path: &str| -> serde_json::Value {
            serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
        };
        let (load, bank) = (read(&load_report), read(&bank_report));
        let beliefs = |belief: &str| {
            load["payments"].as_array().unwrap().iter().filter(|payment| payment["belief"] == belief).count() as u64
        };
        let compared = Command::new(BANKLINK)
            .args(["compare", "--acquirer", &load_report, "--bank", &bank_report, "--json"])
            .output()
            .unwrap();
        let told = String::from_utf8_lossy(&compared.stdout).into_owned();
        assert_eq!(compared.status.code(), Some(0), "{told}{}", String::from_utf8_lossy(&compared.stderr));
        let booked = bank["totals"]["booked"].as_u64().unwrap();
        assert_eq!(beliefs("approved"), booked, "{manner}");
        assert_eq!(beliefs("approved") + beliefs("reversed"), 200, "{manner}: {told}");
        if relied > 0 {
            assert_eq!(booked, relied);
        }
        assert!(bank["totals"]["reversed"].as_u64().unwrap() >= reversed, "{manner}");
        assert_eq!(bank["totals"]["doubled"], 0, "{manner}");
    }
}

#[test]
fn a_load_with_a_wrong_answer_fails() {
    let folder = tempfile::tempdir().unwrap();
    let rules = folder.path().join("rules.toml");
    std::fs::write(&rules, "[[rule]]\nevery = 10\nthen = 'double'\n").unwrap();
    let (_bank, address) =
        Process::start(&["bank", "--listen", "127.0.0.1:0", "--rules", &rules.display().to_string()]);
    let load = Command::new(BANKLINK).args(["load", &address.to_string(), "--count", "100"]).output().unwrap();
    assert_eq!(load.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&load.stdout).contains("ERROR answered twice"));
}

#[test]
fn the_demonstration_agrees_and_its_sums_do_too() {
    let demo = Command::new(BANKLINK).args(["demo", "--seconds", "3", "--rate", "300", "--json"]).output().unwrap();
    let text = String::from_utf8_lossy(&demo.stdout).into_owned();
    assert_eq!(demo.status.code(), Some(0), "{text}{}", String::from_utf8_lossy(&demo.stderr));
    let report: serde_json::Value = serde_json::from_str(&text).unwrap();
    let sum = |class: &str, figure: &str| report[class][figure].as_u64().unwrap();
    let classes = ["approved", "declined", "refused", "unknown", "disagreements"];
    assert_eq!(report["payments"].as_u64().unwrap(), classes.iter().map(|class| sum(class, "count")).sum::<u64>());
    assert_eq!(sum("disagreements", "count"), 0);
    assert!(sum("approved", "count") > 0 && sum("declined", "count") > 0 && sum("refused", "count") > 0);
    assert!(sum("unknown", "count") > 0, "one bank is silent now and then");
    let mut booked = 0;
    for bank in report["banks"].as_array().unwrap() {
        assert_eq!(bank["told"], bank["recorded"], "{bank}");
        booked += bank["booked"]["minor"].as_u64().unwrap();
    }
    assert_eq!(booked, sum("approved", "minor") + sum("unknown_booked", "minor"));
}

#[test]
fn the_demonstration_shows_no_card_number_in_clear() {
    let demo = Command::new(BANKLINK).args(["demo", "--seconds", "1"]).output().unwrap();
    let text = String::from_utf8_lossy(&demo.stdout).into_owned();
    assert_eq!(demo.status.code(), Some(0), "{text}");
    let mut digits = 0;
    for byte in text.bytes() {
        digits = if byte.is_ascii_digit() { digits + 1 } else { 0 };
        assert!(digits < 13, "{digits} digits in a row: {text}");
    }
}
