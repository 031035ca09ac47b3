//! Looking into a running switch and operating it, by the control socket and over TLS: as an operator would, with the
//! program's own commands.

use crate::harness::{Setup, World, field, patiently, purchase, reply, set};
use banklink::switch::LinkState;
use std::{
    net::SocketAddr,
    process::{Command, Output, Stdio},
};
use tempfile::TempDir;

const READ: &str = "a token that may look and no more";
const OPERATE: &str = "a token that may operate as well";

/// A world whose admin endpoint has TLS and two tokens.
async fn with_tokens() -> World {
    let setup = Setup::new();
    for (file, token) in [("read.token", READ), ("operate.token", OPERATE)] {
        std::fs::write(setup.folder.path().join(file), format!("{token}\n")).expect("our own folder");
    }
    let admin = "[admin.tls]\ncert = \"switch-server.pem\"\nkey = \"switch-server.key\"\n\
        [[admin.token]]\nname = \"ann\"\nrole = \"read\"\nfile = \"read.token\"\n\
        [[admin.token]]\nname = \"bob\"\nrole = \"operate\"\nfile = \"operate.token\"\n";
    setup.more(admin).acquirer("shop", "iso87-ascii", "").bank("acme", "iso87-ascii", "").await.start()
}

/// One of the program's commands, its place among the files of a world.
fn command(folder: &TempDir, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_banklink"));
    command.current_dir(folder.path()).args(args);
    command
}

async fn run(world: &World, args: &[&str]) -> Output {
    let mut command = command(&world.folder, args);
    patiently("a command", tokio::task::spawn_blocking(move || command.output().expect("our own program")))
        .await
        .expect("no panic")
}

fn text(output: &Output) -> (String, String) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("text");
    (text(&output.stdout), text(&output.stderr))
}

fn over_tls<'a>(address: &'a str, token: &'a str) -> [&'a str; 6] {
    ["--admin", address, "--admin-ca", "ca.pem", "--token", token]
}

#[tokio::test]
async fn what_is_stored_is_listed_and_decided_on_by_those_who_may() {
    let world = with_tokens().await;
    let listed = run(&world, &["saf", "list"]).await;
    assert_eq!(text(&listed), ("nothing is stored\n".to_owned(), String::new()), "by the socket beside us");

    let address = world.switch.admin().expect("an admin endpoint");
    let address = SocketAddr::new([127, 0, 0, 1].into(), address.port()).to_string();
    let address = address.as_str();
    let listed = run(&world, &[&["saf", "list"][..], &over_tls(address, "read.token")].concat()).await;
    assert_eq!(text(&listed).0, "nothing is stored\n");
    let retry = ["saf", "retry", "7"];
    let refused = run(&world, &[&retry[..], &over_tls(address, "read.token")].concat()).await;
    assert_eq!(text(&refused).1, "error: ann may look, and not operate (403 Forbidden)\n");
    let unknown = run(&world, &[&retry[..], &over_tls(address, "operate.token")].concat()).await;
    assert_eq!(text(&unknown).1, "error: nothing is stored under 7 (404 Not Found)\n");
    let stranger = run(&world, &[&retry[..], &over_tls(address, "ca.pem")].concat()).await;
    assert!(!stranger.status.success(), "{:?}", text(&stranger));
    let bare = run(&world, &["saf", "list", "--admin", address, "--admin-ca", "ca.pem"]).await;
    assert_eq!(text(&bare).1, "error: a token of the configuration is needed (401 Unauthorized)\n");
}

#[tokio::test]
async fn over_plain_tcp_there_are_health_and_metrics_only() {
    let world = World::simple("").await;
    let address = world.switch.admin().expect("an admin endpoint");
    for (path, status) in [("/healthz", "200"), ("/metrics", "200"), ("/saf", "403"), ("/trace", "403")] {
        let answer = patiently("an answer", crate::leak::get(address, path)).await;
        assert_eq!(answer.split(' ').nth(1), Some(status), "{path}: {answer}");
    }
}

#[tokio::test]
async fn the_socket_is_its_owners_alone_and_goes_with_the_switch() {
    use std::os::unix::fs::PermissionsExt;
    let world = World::simple("").await;
    let socket = world.folder.path().join("banklink.sock");
    let mode = std::fs::metadata(&socket).expect("it is there").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let World { switch, folder, .. } = world;
    drop(switch);
    assert!(!socket.exists());
    let alone = command(&folder, &["saf", "list"]).output().expect("our own program");
    assert!(text(&alone).1.starts_with("error: no running switch at the socket banklink.sock: "), "{:?}", text(&alone));
}

/// A payment and its answer while somebody listens with these arguments; what they were told.
async fn told(args: &[&str]) -> String {
    let (world, mut bank, mut shop) = World::ready("").await;
    let args = [&["trace"][..], args].concat();
    let listener = command(&world.folder, &args).stdout(Stdio::piped()).spawn().expect("our own program");
    world.until(|snapshot| snapshot.listeners == 1).await;
    for (stan, rrn) in [("000777", "632707000777"), ("000778", "632707000778")] {
        let mut request = purchase("iso87-ascii");
        set(&mut request, 11, stan);
        set(&mut request, 37, rrn);
        set(&mut request, 35, "4111111111111111=29121010000012345678");
        shop.send(&request).await;
        bank.answer_next("00").await;
        shop.expect("0210").await;
    }
    let output = tokio::task::spawn_blocking(move || listener.wait_with_output().expect("it ends by itself"));
    let output = patiently("the end of the trace", output).await.expect("no panic");
    let (told, errors) = text(&output);
    assert_eq!((output.status.success(), errors.as_str()), (true, ""));
    assert!(!told.contains("4111111111111111") && !told.contains("29121010000012345678"), "{told}");
    told
}

#[tokio::test]
async fn a_payment_is_followed_message_by_message() {
    let told = told(&["--rrn", "632707000778", "--count", "4"]).await;
    let ways: Vec<_> = ["from acquirer shop", "to bank acme/0", "from bank acme/0", "to acquirer shop"]
        .iter()
        .map(|way| told.find(way).unwrap_or_else(|| panic!("{way}: {told}")))
        .collect();
    assert!(ways.is_sorted(), "{told}");
    assert!(!told.contains("632707000777"), "another payment's: {told}");
    for wanted in ["411111******1111", "Primary account number", "financial request", "Response code"] {
        assert!(told.contains(wanted), "{wanted}: {told}");
    }
}

#[tokio::test]
async fn a_bank_is_listened_to_with_what_the_switch_makes_of_it() {
    let told = told(&["--bank", "acme", "--json", "--count", "4"]).await;
    let events: Vec<serde_json::Value> = told.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let ways: Vec<_> = events.iter().filter_map(|event| event["way"].as_str()).collect();
    assert_eq!(ways, ["to bank", "from bank", "to bank", "from bank"]);
    let said: Vec<_> = events.iter().filter_map(|event| event["said"]["outcome"].as_str()).collect();
    assert_eq!(said.first(), Some(&"approved"), "{told}");
}

#[tokio::test]
async fn a_name_that_is_none_is_said() {
    let world = World::simple("").await;
    let output = run(&world, &["trace", "--bank", "north & south"]).await;
    let error = "error: there is no bank \"north & south\"; there are acme (404 Not Found)\n";
    assert_eq!(text(&output).1, error);
}

/// Runs a command that is to be done, and gives what it prints.
async fn done(world: &World, args: &[&str]) -> String {
    let output = run(world, args).await;
    let (told, errors) = text(&output);
    assert!(output.status.success(), "{errors}");
    told
}

#[tokio::test]
async fn a_drained_connection_signs_off_once_idle_and_stays_so_until_it_is_signed_on() {
    let (mut world, mut bank, mut shop) = World::ready("").await;
    shop.send(&purchase("iso87-ascii")).await;
    let asked = bank.expect("0200").await;
    let told = done(&world, &["link", "drain", "acme", "--by", "ann", "--reason", "the bank moves house"]).await;
    assert!(told.contains("acme/0") && told.contains("held"), "{told}");
    let mut second = purchase("iso87-ascii");
    set(&mut second, 11, "000999");
    shop.send(&second).await;
    assert_eq!(field(&shop.expect("0210").await, 39), "91", "no payments while it is held");
    bank.send(&reply(&asked, "00")).await;
    assert_eq!(field(&shop.expect("0210").await, 39), "00", "what was on its way is answered");
    let sign_off = bank.expect("0800").await;
    assert_eq!(field(&sign_off, 70), "002");
    bank.send(&reply(&sign_off, "00")).await;
    // Another life: connected, and not signed on.
    world = world.started_again();
    let mut bank = world.connection("acme").await;
    world.until_bank("acme", |bank| bank.connections == [LinkState::Held]).await;
    let told = done(&world, &["link", "sign-on", "acme/0", "--by", "ann"]).await;
    assert!(told.contains("signing_on"), "{told}");
    bank.sign_on("00").await;
    world.until_bank("acme", |bank| bank.up() == 1).await;
    let echo = run(&world, &["link", "echo", "acme"]).await;
    assert!(echo.status.success());
    let asked = bank.expect("0800").await;
    assert_eq!(field(&asked, 70), "301");
    let refused = run(&world, &["link", "echo", "acme"]).await;
    let error = "error: another network message waits for its answer on it (409 Conflict)\n";
    assert_eq!(text(&refused).1, error);
    bank.send(&reply(&asked, "00")).await;
    let unknown = run(&world, &["link", "close", "acme/7"]).await;
    let error = "error: bank \"acme\" has 1 connections, from 0: there is no 7 (409 Conflict)\n";
    assert_eq!(text(&unknown).1, error);
}

#[tokio::test]
async fn a_route_that_is_off_refuses_and_who_turned_it_off_is_in_the_journal() {
    let setup = Setup::new().acquirer("shop", "iso87-ascii", "").bank("acme", "iso87-ascii", "").await;
    let route = "[[route]]\nname = \"all cards\"\ncards = [\"000000-999999\"]\nbanks = [\"acme\"]\n";
    let mut world = setup.more(route).start();
    let mut bank = world.signed_on("acme").await;
    let mut shop = world.shop().await;
    let told = done(&world, &["route", "off", "all cards", "--by", "ann", "--reason", "fraud"]).await;
    assert_eq!(told, "route all cards is off\n");
    shop.send(&purchase("iso87-ascii")).await;
    assert_eq!(field(&shop.expect("0210").await, 39), "91");
    let unknown = run(&world, &["route", "off", "none", "--by", "ann"]).await;
    assert_eq!(text(&unknown).1, "error: there is no such route (409 Conflict)\n");
    assert_eq!(done(&world, &["cutover", "now", "--bank", "acme", "--by", "ann"]).await.lines().count(), 1);
    let cutover = bank.expect("0800").await;
    assert_eq!(field(&cutover, 70), "201");
    bank.send(&reply(&cutover, "00")).await;
    assert_eq!(done(&world, &["route", "on", "all cards", "--by", "ann"]).await, "route all cards is on\n");
    let mut second = purchase("iso87-ascii");
    set(&mut second, 11, "000999");
    shop.send(&second).await;
    bank.answer_next("00").await;
    assert_eq!(field(&shop.expect("0210").await, 39), "00");
    let World { switch, folder, .. } = world;
    drop(switch);
    let export = command(&folder, &["journal", "export", "journal"]).output();
    let (told, errors) = text(&export.expect("our own program"));
    let commands: Vec<_> = told.lines().filter(|line| line.contains("\"commanded\"")).collect();
    assert_eq!(commands.len(), 3, "{told}{errors}");
    assert!(commands[0].contains("route off") && commands[0].contains("ann (uid ") && commands[0].contains("fraud"));
}
