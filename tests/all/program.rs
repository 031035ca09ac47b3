//! `banklink check` and `banklink run` as a user meets them.

use crate::harness::{Line, Program, Setup, field, purchase, reply};
use std::{path::Path, process::Command};

fn banklink(arguments: &[&str], file: &Path) -> (Option<i32>, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_banklink"));
    let output = command.args(arguments).arg(file).output().expect("our own program");
    let text = |bytes| String::from_utf8(bytes).expect("text");
    (output.status.code(), text(output.stdout), text(output.stderr))
}

async fn one_bank(bank: &str, more: &str) -> Setup {
    let setup = Setup::new().acquirer("shop", "iso87-ascii", "").bank("acme", "iso87-bcd", bank).await;
    setup.more(&format!("[log]\nformat = \"json\"\n{more}"))
}

#[tokio::test]
async fn check_says_what_would_run() {
    let (file, _banks, _folder) = one_bank("", "").await.write();
    let (code, out, _) = banklink(&["check"], &file);
    assert_eq!(code, Some(0), "{out}");
    for told in ["shop", "plain TCP", "iso87-ascii", "acme", "iso87-bcd", "cards", "the configuration is fine"] {
        assert!(out.contains(told), "{told} in {out}");
    }
}

#[tokio::test]
async fn check_and_run_tell_every_mistake_and_exit_with_1() {
    let (file, _banks, _folder) = one_bank("conections = 3\nbreaker = \"five\"", "").await.write();
    for command in ["check", "run"] {
        let (code, out, err) = banklink(&[command], &file);
        assert_eq!((code, out.as_str()), (Some(1), ""), "{err}");
        assert!(err.contains("unknown key `conections`") && err.contains("`breaker` of [[bank]]"), "{err}");
        assert_eq!(err.matches("config.toml:").count(), 2, "{err}");
    }
    let (code, _, err) = banklink(&["check"], Path::new("no/such/file.toml"));
    assert!(code == Some(1) && err.contains("no/such/file.toml"), "{err}");
}

#[tokio::test]
async fn a_port_in_use_is_named() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("bound");
    let (file, _banks, _folder) = one_bank("", "").await.write();
    let text = std::fs::read_to_string(&file).expect("it was written");
    let text = text.replacen(
        "name = \"shop\"\nlisten = \"127.0.0.1:0\"",
        &format!("name = \"shop\"\nlisten = \"{address}\""),
        1,
    );
    std::fs::write(&file, text).expect("the folder is ours");
    let (code, _, err) = banklink(&["run"], &file);
    assert_eq!(code, Some(1));
    assert!(err.contains(&format!("acquirer \"shop\" cannot listen on {address}")), "{err}");
}

#[tokio::test]
async fn a_second_signal_ends_at_once_and_a_hangup_reloads() {
    let setup = Setup::new().acquirer("shop", "iso87-ascii", "").bank("acme", "iso87-ascii", "").await;
    let (file, banks, _folder) = setup.more("[log]\nformat = \"json\"").write();
    let mut program = Program::start(&file);
    let address = program.address(["listening", "shop"]);
    let mut bank = banks[0].connection().await;
    bank.sign_on("00").await;
    program.line_with(["\"to\":\"up\"", "acme"]);
    let mut shop = Line::connect(address, "iso87-ascii").await;
    // Routes of the file as it is now; with a mistake in it, nothing changes.
    let text = std::fs::read_to_string(&file).expect("it was written");
    std::fs::write(&file, text.replace("banks = [", "banks = 3 # [")).expect("the folder is ours");
    program.signal("HUP");
    program.line_with(["not reloaded", "must be a list of strings"]);
    std::fs::write(&file, text.replace("000000-999999", "500000-599999")).expect("the folder is ours");
    program.signal("HUP");
    program.line_with(["\"reloaded\"", "config.toml"]);
    assert_eq!(field(&shop.ask(&purchase("iso87-ascii")).await, 39), "15");
    std::fs::write(&file, &text).expect("the folder is ours");
    program.signal("HUP");
    program.line_with(["\"reloaded\"", "config.toml"]);
    // A payment in flight keeps the drain waiting; the second signal does not.
    shop.send(&purchase("iso87-ascii")).await;
    let asked = bank.expect("0200").await;
    program.signal("TERM");
    program.line_with(["draining", "SIGTERM"]);
    assert_eq!(field(&shop.ask(&purchase("iso87-ascii")).await, 39), "91");
    program.signal("INT");
    let (status, log, _) = tokio::task::spawn_blocking(|| program.ended()).await.expect("it ended");
    assert_eq!(status.code(), Some(1), "{log}");
    assert!(log.contains("second signal"), "{log}");
    drop(reply(&asked, "00"));
}
