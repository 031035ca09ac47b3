//! Case 1: who may talk to whom, and what is said when they may not.

use crate::harness::{
    Line, Setup, World, field, patiently,
    pki::{expired, server, valid},
    purchase,
};
use banklink::{net::tls, security::pki::Leaf};
use banklink_protocol::{
    Dialect,
    frame::{Framing, LengthForm},
};
use rustls::{ClientConfig, pki_types::ServerName};
use std::sync::Arc;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// A world whose bank shows this certificate; it never comes up.
async fn bank_with(leaf: impl FnOnce(&Setup) -> Arc<rustls::ServerConfig>) -> World {
    let setup = Setup::new().acquirer("shop", "iso87-ascii", "");
    let tls = leaf(&setup);
    setup.bank_with("acme", "iso87-ascii", "", tls).await.start()
}

/// The switch refuses the bank, tries again, and takes no payment for it.
async fn refused_by_us(mut world: World) -> String {
    let error = world.failed_connection("acme").await;
    world.failed_connection("acme").await;
    world.until_bank("acme", |bank| bank.disconnects >= 1 && bank.up() == 0).await;
    assert_eq!(field(&world.shop().await.ask(&purchase("iso87-ascii")).await, 39), "91");
    tls::explain(&error)
}

/// What a dialling side like ours says of a server.
async fn said_by_the_dialler(client: Arc<ClientConfig>, server: Arc<rustls::ServerConfig>, name: &str) -> String {
    let (one, other) = tokio::io::duplex(16 * 1024);
    let name = ServerName::try_from(name.to_owned()).unwrap();
    let (dialled, accepted) = patiently("a handshake", async {
        tokio::join!(
            TlsConnector::from(client).connect(name, one),
            tokio_rustls::TlsAcceptor::from(server).accept(other)
        )
    })
    .await;
    drop(accepted);
    match dialled {
        Err(error) => tls::explain(&error),
        // In TLS 1.3 the dialler is done before the other side has looked at its certificate: the first read tells.
        Ok(mut stream) => {
            let read = tokio::io::AsyncReadExt::read_u8(&mut stream).await;
            tls::explain(&read.expect_err("the server refuses"))
        }
    }
}

#[tokio::test]
async fn case_01_a_bank_of_another_authority_is_refused() {
    let leaf = |setup: &Setup| {
        let stranger = setup.pki.stranger.issue(&Leaf::server("bank.test", valid())).unwrap();
        server(stranger, Some(setup.pki.roots()))
    };
    let said = refused_by_us(bank_with(leaf).await).await;
    assert_eq!(said, "the peer does not know the authority that signed our certificate");
    let setup = Setup::new();
    let said = said_by_the_dialler(setup.pki.bank_client(None), leaf(&setup), "bank.test").await;
    assert_eq!(said, "the peer's certificate is not signed by an authority of this link's `ca` file");
}

#[tokio::test]
async fn case_01_a_bank_of_another_name_is_refused() {
    let leaf = |setup: &Setup| {
        let other = setup.pki.issue(&Leaf::server("other.test", valid()));
        server(other, Some(setup.pki.roots()))
    };
    refused_by_us(bank_with(leaf).await).await;
    let setup = Setup::new();
    let said = said_by_the_dialler(setup.pki.bank_client(None), leaf(&setup), "bank.test").await;
    assert!(said.starts_with("the peer's certificate is not for bank.test but for "), "{said}");
    assert!(said.contains("other.test"), "{said}");
}

#[tokio::test]
async fn case_01_a_bank_with_an_expired_certificate_is_refused() {
    let leaf = |setup: &Setup| {
        let old = setup.pki.issue(&Leaf::server("bank.test", expired()));
        server(old, Some(setup.pki.roots()))
    };
    let said = refused_by_us(bank_with(leaf).await).await;
    assert_eq!(said, "the peer says that our certificate has expired");
    let setup = Setup::new();
    let said = said_by_the_dialler(setup.pki.bank_client(None), leaf(&setup), "bank.test").await;
    assert_eq!(said, "the peer's certificate has expired");
}

#[tokio::test]
async fn case_01_a_dialler_without_a_certificate_is_told_so() {
    let setup = Setup::new();
    let said = said_by_the_dialler(setup.pki.bank_client(None), setup.pki.bank_server(), "bank.test").await;
    assert_eq!(said, "the peer asks for a client certificate and got none");
}

/// A world whose bank dials us; where it does so.
fn accepting() -> (World, std::net::SocketAddr) {
    let world = Setup::new()
        .acquirer("shop", "iso87-ascii", "")
        .more(
            "[[bank]]\nname = \"acme\"\nlisten = \"127.0.0.1:0\"\nclient_name = \"bank.test\"\ndialect = \"iso87-ascii\"\n\
             connections = 1\necho_idle = \"0s\"\n\
             tls = { ca = \"ca.pem\", cert = \"switch-server.pem\", key = \"switch-server.key\" }\n\
             [[route]]\ncards = [\"400000-499999\"]\nbanks = [\"acme\"]",
        )
        .start();
    let address = world.switch.bank_listener("acme").expect("it listens for the bank");
    (world, address)
}

async fn dial(address: std::net::SocketAddr, tls: Arc<ClientConfig>) -> std::io::Result<Line> {
    let stream = TcpStream::connect(address).await?;
    let name = ServerName::try_from("switch.test").unwrap();
    let stream = patiently("TLS", TlsConnector::from(tls).connect(name, stream)).await?;
    let dialect = Dialect::named("iso87-ascii").unwrap();
    Ok(Line::new(stream, dialect, Framing::new(LengthForm::Binary2)))
}

#[tokio::test]
async fn case_01_a_bank_may_dial_us() {
    let (world, address) = accepting();
    let credential = world.pki.issue(&Leaf::client("bank.test", valid()));
    let mut bank = dial(address, world.pki.bank_client(Some(credential))).await.unwrap();
    bank.sign_on("00").await;
    world.until_bank("acme", |bank| bank.up() == 1).await;
    let mut shop = world.shop().await;
    shop.send(&purchase("iso87-ascii")).await;
    bank.answer_next("00").await;
    assert_eq!(field(&shop.expect("0210").await, 39), "00");
    // We listen, so we answer its keep-alives.
    bank.send_bytes(&[0, 0]).await;
    bank.expect_keep_alive().await;
}

#[tokio::test]
async fn case_01_a_bank_that_dials_us_is_refused_without_the_right_certificate() {
    let (world, address) = accepting();
    let stranger = world.pki.stranger.issue(&Leaf::client("bank.test", valid())).unwrap();
    let other = world.pki.issue(&Leaf::client("other.test", valid()));
    let old = world.pki.issue(&Leaf::client("bank.test", expired()));
    for credential in [None, Some(stranger), Some(other), Some(old)] {
        // TLS 1.3: the dialler learns of it with its first read.
        if let Ok(mut line) = dial(address, world.pki.bank_client(credential)).await {
            line.expect_end().await;
        }
    }
    assert_eq!(world.bank("acme").await.up(), 0);
    let credential = world.pki.issue(&Leaf::client("bank.test", valid()));
    let mut bank = dial(address, world.pki.bank_client(Some(credential))).await.unwrap();
    bank.sign_on("00").await;
    world.until_bank("acme", |bank| bank.up() == 1).await;
}

#[tokio::test]
async fn acquirers_may_be_asked_for_certificates_too() {
    let tls = "tls = { cert = \"switch-server.pem\", key = \"switch-server.key\", client_ca = \"ca.pem\" }";
    let world = World::between(tls, "").await;
    let address = world.acquirer_address("shop");
    let credential = world.pki.issue(&Leaf::client("terminal.test", valid()));
    let mut shop = dial(address, world.pki.bank_client(Some(credential))).await.unwrap();
    assert_eq!(field(&shop.ask(&purchase("iso87-ascii")).await, 39), "91");
    if let Ok(mut line) = dial(address, world.pki.bank_client(None)).await {
        line.expect_end().await;
    }
    world.until(|snapshot| snapshot.acquirers[0].refused == 1).await;
}
