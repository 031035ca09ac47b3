//! Another configuration in the place of the running one: certificates, revocation lists, addresses; what is refused.

use crate::harness::{Line, Setup, World, field, patiently, pki::valid, purchase, set};
use banklink::{
    net::tls,
    security::pki::{Folder, Leaf},
    switch::LinkState,
};
use std::process::Command;

/// `banklink reload`, by the control socket.
async fn reload(world: &World) -> std::process::Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_banklink"));
    command.current_dir(world.folder.path()).args(["reload", "--by", "ann"]);
    let ran = tokio::task::spawn_blocking(move || command.output().expect("our own program"));
    patiently("a reload", ran).await.expect("no panic")
}

async fn taken(world: &World) {
    let output = reload(world).await;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// The switch's certificate is another from now on.
fn new_certificate(world: &World) {
    let credential = world.pki.issue(&Leaf::client("switch.test", valid()));
    Folder::new(world.folder.path()).write_credential("switch", &credential).expect("our own folder");
}

/// One approved payment, by a connection of the bank that takes it.
async fn paid(shop: &mut Line, bank: &mut Line, stan: &str) {
    let mut request = purchase("iso87-ascii");
    set(&mut request, 11, stan);
    shop.send(&request).await;
    bank.answer_next("00").await;
    assert_eq!(field(&shop.expect("0210").await, 39), "00");
}

#[tokio::test]
async fn connections_are_made_anew_one_after_another_when_the_certificate_changed() {
    let mut world = World::simple("connections = 2").await;
    let (mut first, old) = world.connection_with_certificate("acme").await;
    first.sign_on("00").await;
    let mut second = world.signed_on("acme").await;
    world.until_bank("acme", |bank| bank.up() == 2).await;
    let mut shop = world.shop().await;
    new_certificate(&world);
    taken(&world).await;
    // Which slot the first connection has is chance; one of them is asked to go, and the other stays.
    let states = world.until_bank("acme", |bank| bank.connections.contains(&LinkState::Held)).await.connections;
    assert_eq!(states.iter().filter(|state| **state == LinkState::Up).count(), 1, "{states:?}");
    let sign_off = tokio::select! {
        message = first.receive() => (message, true),
        message = second.receive() => (message, false),
    };
    let (message, of_first) = sign_off;
    assert_eq!(field(&message, 70), "002");
    let (leaving, staying) = if of_first { (&mut first, &mut second) } else { (&mut second, &mut first) };
    paid(&mut shop, staying, "000801").await;
    leaving.send(&crate::harness::reply(&message, "00")).await;
    leaving.expect_end().await;
    let (mut renewed, shown) = world.connection_with_certificate("acme").await;
    assert_ne!(shown, old, "the new certificate");
    paid(&mut shop, staying, "000802").await;
    renewed.sign_on("00").await;
    // Only now is it the other's turn.
    let message = staying.receive().await;
    assert_eq!(field(&message, 70), "002");
    paid(&mut shop, &mut renewed, "000803").await;
    staying.send(&crate::harness::reply(&message, "00")).await;
    staying.expect_end().await;
    let mut last = world.connection("acme").await;
    last.sign_on("00").await;
    world.until_bank("acme", |bank| bank.up() == 2).await;
}

#[tokio::test]
async fn the_only_connection_stays_and_the_next_one_has_the_new_certificate() {
    let mut world = World::simple("").await;
    let (mut only, old) = world.connection_with_certificate("acme").await;
    only.sign_on("00").await;
    world.until_bank("acme", |bank| bank.up() == 1).await;
    let mut shop = world.shop().await;
    new_certificate(&world);
    taken(&world).await;
    paid(&mut shop, &mut only, "000801").await;
    only.close().await;
    let (_next, shown) = world.connection_with_certificate("acme").await;
    assert_ne!(shown, old);
}

#[tokio::test]
async fn a_bank_whose_certificate_was_taken_back_is_refused_from_then_on() {
    let setup = Setup::new().acquirer("shop", "iso87-ascii", "");
    let credential = setup.pki.issue(&Leaf::server("bank.test", valid()));
    let list = |revoked: &[_]| setup.pki.authority.revoke(revoked, valid()).expect("a list");
    let (nothing, everything) = (list(&[]), list(&[&credential]));
    std::fs::write(setup.folder.path().join("revoked.pem"), nothing).expect("our own folder");
    let tls_table = "tls = { ca = \"ca.pem\", crl = \"revoked.pem\", cert = \"switch.pem\", key = \"switch.key\", \
        server_name = \"bank.test\" }";
    let server = crate::harness::pki::server(credential, Some(setup.pki.roots()));
    let mut world = setup.bank_with("acme", "iso87-ascii", tls_table, server).await.start();
    let bank = world.signed_on("acme").await;
    std::fs::write(world.folder.path().join("revoked.pem"), everything).expect("our own folder");
    taken(&world).await;
    bank.close().await;
    let error = world.failed_connection("acme").await;
    assert!(tls::explain(&error).contains("CertificateRevoked"), "{}", tls::explain(&error));
    world.until_bank("acme", |bank| bank.up() == 0).await;
}

#[tokio::test]
async fn a_mistake_changes_nothing_and_is_told_with_file_and_line() {
    let (world, mut bank, mut shop) = World::ready("").await;
    let (text, file) = world.configuration();
    let line = text.lines().position(|line| line.starts_with("dialect")).expect("a dialect") + 1;
    std::fs::write(&file, text.replacen("dialect = \"iso87-ascii\"", "dialect = \"none\"", 1)).expect("our own folder");
    let output = reload(&world).await;
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && errors.contains(&format!("config.toml:{line}: ")), "{errors}");
    std::fs::write(&file, text.replace("name = \"acme\"", "name = \"other\"").replace("\"acme\"", "\"other\""))
        .unwrap();
    let output = reload(&world).await;
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && errors.contains("takes a restart; nothing was changed"), "{errors}");
    paid(&mut shop, &mut bank, "000801").await;
}

#[tokio::test]
async fn when_our_certificate_expires_is_a_metric() {
    let (world, _bank, _shop) = World::ready("").await;
    let snapshot = world.until(|_| true).await;
    let expires = snapshot.bank("acme").and_then(|bank| bank.certificate).expect("every bank's line has one");
    let admin = world.switch.admin().expect("an admin endpoint");
    let metrics = crate::leak::get(admin, "/metrics").await;
    let wanted = format!("banklink_bank_certificate_expires_timestamp_seconds{{bank=\"acme\"}} {expires}");
    assert!(metrics.contains(&wanted), "{metrics}");
}
