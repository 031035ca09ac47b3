//! Certification scripts: the shipped ones pass, and what a peer does wrong is reported, exactly that and all of it.

use crate::harness::{Line, Setup, patiently, pki::valid, reply, set};
use banklink::{
    certify::{
        Pki, Script, ScriptReport, play,
        report::{Kind, Outcome, junit, text},
    },
    net::time::SystemClock,
    security::pki::{Folder, Leaf},
};
use banklink_protocol::{Dialect, frame::Framing};
use std::{collections::BTreeMap, path::Path, process::Command};
use tokio::net::TcpListener;

const CASES: &str = include_str!("conversation/CASES.md");

fn pki() -> Pki {
    Pki::new(SystemClock::start().now().wall).expect("randomness")
}

/// All shipped scripts, by file name.
fn shipped(pki: &Pki) -> BTreeMap<String, Script> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/certification");
    let files = std::fs::read_dir(folder).expect("our own folder").map(|entry| entry.expect("an entry"));
    files
        .map(|entry| {
            let script = Script::load(&entry.path(), pki).unwrap_or_else(|errors| panic!("{errors}"));
            (entry.file_name().to_string_lossy().into_owned(), script)
        })
        .collect()
}

#[tokio::test]
async fn the_shipped_scripts_find_nothing_wrong_with_the_switch() {
    let pki = pki();
    for script in shipped(&pki).values() {
        let report = play(script, &pki).await;
        assert!(report.passed(), "{}", text::script(&report));
    }
}

#[test]
fn the_table_of_scripts_is_true() {
    let rows: BTreeMap<String, Vec<u32>> = CASES
        .lines()
        .filter_map(|line| {
            let mut cells = line.split('|').map(str::trim).skip(1);
            let file = cells.next()?.trim_matches('`').to_owned();
            let cases = cells.next()?.split(',').filter_map(|case| case.trim().parse().ok()).collect();
            file.ends_with(".toml").then_some((file, cases))
        })
        .collect();
    let scripts: BTreeMap<String, Vec<u32>> =
        shipped(&pki()).into_iter().map(|(file, script)| (file, script.cases)).collect();
    assert_eq!(rows, scripts, "CASES.md and the scripts");
}

/// A script that speaks to `address` as to a host.
fn script(pki: &Pki, address: std::net::SocketAddr, steps: &str) -> Script {
    let text = format!(
        "name = \"Planted\"\nwithin = \"300ms\"\n\
         [host.bank]\nconnect = \"{address}\"\ndialect = \"iso87-ascii\"\n{steps}"
    );
    Script::parse(&text, Path::new("planted.toml"), pki).unwrap_or_else(|errors| panic!("{errors}"))
}

/// Plays a script against a host that the test plays.
/// What `host` gives back lives as long as the script plays: a line that is dropped is closed.
async fn against<T>(steps: &str, host: impl AsyncFnOnce(Line) -> T) -> ScriptReport {
    let (pki, listener) = (pki(), TcpListener::bind("127.0.0.1:0").await.expect("a port"));
    let script = script(&pki, listener.local_addr().expect("bound"), steps);
    let played = async {
        let (stream, _) = listener.accept().await.expect("the script");
        let dialect = Dialect::named("iso87-ascii").expect("shipped");
        host(Line::new(stream, dialect, Framing::named("binary2").expect("a framing"))).await
    };
    let (report, _line) = patiently("the script", async { tokio::join!(play(&script, &pki), played) }).await;
    report
}

/// Kind and field of every deviation, with the title of its step.
fn found(report: &ScriptReport) -> Vec<(String, Kind, Option<u8>)> {
    let title = |step: Option<&banklink::certify::report::StepReport>| {
        step.map_or("the end".to_owned(), |step| step.title.clone())
    };
    report.deviations().map(|(step, deviation)| (title(step), deviation.kind, deviation.field)).collect()
}

const ASK: &str = "[[step]]\nsend = \"0200\"\nas = \"payment\"\n\
                   [[step]]\nexpect = \"0210\"\nas = \"answer\"\nsame = { payment = [2, 4, 11, 37] }\nfields = { 39 = \"00\" }\n";

#[tokio::test]
async fn a_host_that_does_all_right_has_no_deviation() {
    let report = against(ASK, async |mut line| {
        line.answer_next("00").await;
        line
    })
    .await;
    assert!(report.passed(), "{}", text::script(&report));
}

#[tokio::test]
async fn a_wrong_code_a_missing_field_and_another_card_are_each_told_once() {
    let report = against(ASK, async |mut line| {
        let request = line.expect("0200").await;
        let mut answer = reply(&request, "05");
        answer.remove(37);
        set(&mut answer, 2, "4111119999991111");
        line.send(&answer).await;
        line
    })
    .await;
    let step = || "expect 0210 at bank as \"answer\"".to_owned();
    let wanted = [Some(2), Some(37), Some(39)].map(|field| (step(), Kind::Field, field));
    assert_eq!(found(&report), wanted, "{}", text::script(&report));
    let shown = text::script(&report);
    assert!(shown.contains("DE39: wanted 00, had 05"), "{shown}");
    assert!(shown.contains("had absent"), "{shown}");
    for told in
        [&shown, &junit::document(std::slice::from_ref(&report)), &serde_json::to_string(&report).expect("JSON")]
    {
        assert!(!told.contains("4111111111111111") && !told.contains("4111119999991111"), "{told}");
    }
}

#[tokio::test]
async fn wrong_original_data_is_told_with_what_would_be_right() {
    let steps = format!("{ASK}[[step]]\nexpect = \"0420\"\noriginal = \"payment\"\n");
    let report = against(&steps, async |mut line| {
        let request = line.answer_next("00").await;
        let mut reversal = request.clone();
        reversal.set_mti("0420".parse().expect("an MTI"));
        // The STAN of something else.
        let transmission = request.text(7).expect("DE7");
        set(&mut reversal, 90, &format!("0200777777{transmission}0000012345600000000000"));
        line.send(&reversal).await;
        line
    })
    .await;
    assert_eq!(
        found(&report),
        [("expect 0420 at bank".to_owned(), Kind::Field, Some(90))],
        "{}",
        text::script(&report)
    );
}

#[tokio::test]
async fn what_nobody_asked_for_is_told_where_it_came_and_at_the_end() {
    let report = against(ASK, async |mut line| {
        let request = line.expect("0200").await;
        let mut other = request.clone();
        other.set_mti("0420".parse().expect("an MTI"));
        line.send(&other).await;
        line.send(&reply(&request, "00")).await;
        line.send(&reply(&request, "00")).await;
        line
    })
    .await;
    let step = "expect 0210 at bank as \"answer\"".to_owned();
    let wanted = [(step, Kind::Unasked, None), ("the end".to_owned(), Kind::Unasked, None)];
    assert_eq!(found(&report), wanted, "{}", text::script(&report));
}

#[tokio::test]
async fn silence_is_told_and_what_depends_on_it_is_not_reached_but_the_rest_is() {
    let again = "[[step]]\nsend = \"0400\"\nlike = \"answer\"\n[[step]]\nsend = \"0200\"\nas = \"second\"\n\
                 [[step]]\nexpect = \"0210\"\nsame = { second = [37] }\n";
    let report = against(&format!("{ASK}{again}"), async |mut line| {
        line.expect("0200").await;
        line.answer_next("00").await;
        line
    })
    .await;
    let silent = ("expect 0210 at bank as \"answer\"".to_owned(), Kind::Silence, None);
    assert_eq!(found(&report), [silent], "{}", text::script(&report));
    let outcomes: Vec<bool> = report.steps.iter().map(|step| step.outcome == Outcome::Passed).collect();
    assert_eq!(outcomes, [true, false, false, true, true]);
    assert!(matches!(report.steps[2].outcome, Outcome::NotReached(_)));
}

#[tokio::test]
async fn a_line_that_ends_is_told() {
    let report = against(ASK, async |mut line| {
        line.expect("0200").await;
        line.close().await;
    })
    .await;
    let kinds: Vec<Kind> = found(&report).into_iter().map(|(_, kind, _)| kind).collect();
    assert_eq!(kinds, [Kind::Connection, Kind::Silence], "{}", text::script(&report));
}

/// The mistakes of a script, without its file.
fn mistakes(text: &str) -> Vec<String> {
    let errors = Script::parse(text, Path::new("s.toml"), &pki()).err().expect("a mistake").0;
    errors.iter().map(|error| format!("{}: {}", error.line, error.message)).collect()
}

#[test]
fn mistakes_are_told_all_at_once_with_their_lines() {
    let top = "name = \"x\"\n[[config.acquirer]]\nname = \"shop\"\ndialect = \"iso87-ascii\"\n\
               [[config.bank]]\nname = \"acme\"\ndialect = \"iso87-ascii\"\n";
    let told = mistakes(&format!(
        "{top}[[step]]\nsend = \"0200\"\nfrom = \"shpo\"\n[[step]]\nexpect = \"0210\"\nsame = {{ payment = [4] }}\n\
         [[step]]\ndelay = \"1s\"\nwait = 3\n[[step]]\nanswer = \"00\"\n[[step]]\nsend = \"0200\"\nfields = {{ 11 = \"{{stna}}\" }}\n\
         [[step]]\nexpect = \"0200\"\nanswer = \"00\"\n"
    ));
    let wanted = [
        "10: there is no end \"shpo\"",
        "11: the rule of data element 4 speaks of \"payment\"",
        "16: unknown key `wait`",
        "17: nothing to answer yet",
        "21: {stna} means nothing",
        "22: a step does one thing, and this one has expect and answer",
    ];
    assert_eq!(told.len(), wanted.len(), "{told:#?}");
    for (told, wanted) in told.iter().zip(wanted) {
        assert!(told.starts_with(wanted), "{told}");
    }
    // What is wrong in the configuration is told as `banklink check` tells it, at its line of the script.
    let told = mistakes(&format!("{top}timout = \"1s\"\n[[step]]\ndelay = \"1s\"\n"));
    assert!(told.len() == 1 && told[0].starts_with("8: unknown key `timout` in [[bank]] \"acme\""), "{told:?}");
}

#[test]
fn the_command_lists_plays_and_fails_as_it_says() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/certification");
    let temporary = tempfile::tempdir().expect("a folder");
    let banklink = |arguments: &[&str], path: &Path| {
        let output = Command::new(env!("CARGO_BIN_EXE_banklink")).arg("certify").arg(path).args(arguments).output();
        let output = output.expect("our own program");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (output.status.code(), text(&output.stdout), text(&output.stderr))
    };
    let (code, out, err) = banklink(&["--list"], &folder);
    assert!(code == Some(0) && out.contains("Late approval (cases 24; "), "{out}{err}");
    let xml = temporary.path().join("report.xml");
    let (code, out, err) = banklink(&["--only", "Approval", "--junit", xml.to_str().expect("a path")], &folder);
    assert!(code == Some(0) && out.starts_with("ok        Approval (case 9): 4 steps"), "{out}{err}");
    assert!(std::fs::read_to_string(&xml).expect("written").contains("<testsuite name=\"Approval\""));
    // One rule made wrong.
    let text = std::fs::read_to_string(folder.join("approval.toml")).expect("our own file");
    let wrong = temporary.path().join("wrong.toml");
    std::fs::write(&wrong, text.replace("39 = \"00\"", "39 = \"05\"")).expect("the folder is ours");
    let (code, out, _) = banklink(&["--json"], &wrong);
    let report: serde_json::Value = serde_json::from_str(&out).expect("JSON");
    let deviation = &report[0]["steps"][3]["outcome"]["deviated"][0];
    assert_eq!((code, &deviation["field"], deviation["had"].as_str()), (Some(1), &39.into(), Some("00")), "{out}");
    std::fs::write(&wrong, "name = \"x\"\n[[step]]\nsend = \"0200\"\n").expect("the folder is ours");
    let (code, _, err) = banklink(&[], &wrong);
    assert!(code == Some(1) && err.contains("wrong.toml:1: nobody to play"), "{err}");
}

/// A switch that runs already, and a bank that dials it: the script is given addresses and certificates.
#[tokio::test]
async fn a_switch_that_runs_already_is_certified_by_its_addresses() {
    let world = Setup::new()
        .acquirer("shop", "iso87-ascii", "")
        .more(
            "[[bank]]\nname = \"acme\"\nlisten = \"127.0.0.1:0\"\nclient_name = \"bank.test\"\ndialect = \"iso87-ascii\"\n\
             connections = 1\necho_idle = \"20ms\"\n\
             tls = { ca = \"ca.pem\", cert = \"switch-server.pem\", key = \"switch-server.key\" }\n\
             [[route]]\ncards = [\"400000-499999\"]\nbanks = [\"acme\"]",
        )
        .start();
    let credential = world.pki.issue(&Leaf::client("bank.test", valid()));
    Folder::new(world.folder.path()).write_credential("bank", &credential).expect("the folder is ours");
    let bank = world.switch.bank_listener("acme").expect("it listens for the bank");
    // Echoes come in between and are answered without a step; the first of them says that the sign-on is through.
    let text = format!(
        "name = \"Running\"\n\
         [acquirer.shop]\nconnect = \"{}\"\ndialect = \"iso87-ascii\"\n\
         [bank.acme]\nconnect = \"{bank}\"\ndialect = \"iso87-ascii\"\n\
         tls = {{ ca = \"ca.pem\", cert = \"bank.pem\", key = \"bank.key\", server_name = \"switch.test\" }}\n\
         [[step]]\ndelay = \"200ms\"\n\
         [[step]]\nsend = \"0200\"\nas = \"payment\"\n[[step]]\nexpect = \"0200\"\nsame = {{ payment = [2, 4, 37] }}\n\
         [[step]]\nanswer = \"00\"\n[[step]]\nexpect = \"0210\"\nsame = {{ payment = [11] }}\nfields = {{ 39 = \"00\" }}\n",
        world.acquirer_address("shop")
    );
    let pki = pki();
    let script = Script::parse(&text, &world.folder.path().join("running.toml"), &pki);
    let script = script.unwrap_or_else(|errors| panic!("{errors}"));
    let report = patiently("the script", play(&script, &pki)).await;
    assert!(report.passed(), "{}", text::script(&report));
    assert_eq!(world.bank("acme").await.approved, 1);
}

/// The configuration of a user, with addresses, files and an admin endpoint that are not there: only those are replaced.
#[tokio::test]
async fn a_configuration_file_is_started_with_the_addresses_and_certificates_of_the_run() {
    let folder = tempfile::tempdir().expect("a folder");
    let config = "[admin]\nlisten = \"192.0.2.1:9180\"\n[journal]\nfolder = \"/nonexistent/journal\"\n\
                  [[acquirer]]\nname = \"shop\"\nlisten = \"192.0.2.1:8583\"\ndialect = \"iso87-ascii\"\nallow = [\"192.0.2.0/24\"]\n\
                  tls = { cert = \"none.pem\", key = \"none.key\", client_ca = \"none.pem\" }\n\
                  [[bank]]\nname = \"acme\"\nconnect = [\"bank.example:9000\"]\ndialect = \"iso87-bcd\"\n\
                  [bank.tls]\nca = \"none.pem\"\ncert = \"none.pem\"\nkey = \"none.key\"\n\
                  [[route]]\ncards = [\"400000-499999\"]\nbanks = [\"acme\"]\n";
    std::fs::write(folder.path().join("banklink.toml"), config).expect("the folder is ours");
    let text = "name = \"File\"\n[switch]\nconfig = \"banklink.toml\"\n[[step]]\nsend = \"0200\"\n\
                [[step]]\nexpect = \"0200\"\n[[step]]\nanswer = \"00\"\n[[step]]\nexpect = \"0210\"\nfields = { 39 = \"00\" }\n";
    let pki = pki();
    let script = Script::parse(text, &folder.path().join("file.toml"), &pki);
    let report = play(&script.unwrap_or_else(|errors| panic!("{errors}")), &pki).await;
    assert!(report.passed(), "{}", text::script(&report));
}
