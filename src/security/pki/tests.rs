//! What is issued is held against the verifier that the links use.

use super::*;
use rustls::{
    RootCertStore,
    client::{WebPkiServerVerifier, danger::ServerCertVerifier},
    crypto::aws_lc_rs,
    pki_types::{ServerName, UnixTime},
    server::WebPkiClientVerifier,
};
use std::sync::Arc;

/// 2026-11-23T03:18:46Z.
const NOW: Wall = Wall(1_795_403_926_000_000);

fn authority() -> Authority {
    Authority::new("test CA", "tests", Validity::days(NOW, 30)).unwrap()
}

fn roots(authority: &Authority) -> Arc<RootCertStore> {
    let mut roots = RootCertStore::empty();
    roots.add(authority.root()).unwrap();
    Arc::new(roots)
}

fn at_now() -> UnixTime {
    UnixTime::since_unix_epoch(std::time::Duration::from_micros(NOW.0 as u64))
}

/// What a client that trusts `authority` says to this server certificate.
fn server_is_trusted(authority: &Authority, credential: &Credential, name: &'static str) -> Result<(), rustls::Error> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let verifier = WebPkiServerVerifier::builder_with_provider(roots(authority), provider).build().unwrap();
    let name = ServerName::try_from(name).unwrap();
    verifier.verify_server_cert(&credential.chain()[0], &[], &name, &[], at_now()).map(|_| ())
}

/// What a server that trusts `authority` says to this client certificate.
fn client_is_trusted(authority: &Authority, credential: &Credential) -> Result<(), rustls::Error> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let verifier = WebPkiClientVerifier::builder_with_provider(roots(authority), provider).build().unwrap();
    verifier.verify_client_cert(&credential.chain()[0], &[], at_now()).map(|_| ())
}

#[test]
fn a_server_is_valid_for_its_names_and_this_machine() {
    let authority = authority();
    let server = authority.issue(&Leaf::server("alpha", Validity::days(NOW, 1))).unwrap();
    for name in ["alpha", "localhost", "127.0.0.1", "::1"] {
        server_is_trusted(&authority, &server, name).unwrap();
    }
    let error = server_is_trusted(&authority, &server, "beta").unwrap_err();
    assert!(error.to_string().contains("not valid for name"), "{error}");
}

#[test]
fn another_authority_of_the_same_name_is_not_trusted() {
    let server = authority().issue(&Leaf::server("alpha", Validity::days(NOW, 1))).unwrap();
    let error = server_is_trusted(&authority(), &server, "alpha").unwrap_err();
    assert!(matches!(error, rustls::Error::InvalidCertificate(_)), "{error}");
}

#[test]
fn an_expired_certificate_is_not_trusted() {
    let authority = authority();
    let server = authority.issue(&Leaf::server("alpha", Validity::expired(NOW))).unwrap();
    let error = server_is_trusted(&authority, &server, "alpha").unwrap_err();
    assert!(error.to_string().contains("expired"), "{error}");
}

#[test]
fn roles_are_not_interchangeable() {
    let authority = authority();
    let server = authority.issue(&Leaf::server("alpha", Validity::days(NOW, 1))).unwrap();
    let client = authority.issue(&Leaf::client("alpha", Validity::days(NOW, 1))).unwrap();
    client_is_trusted(&authority, &client).unwrap();
    assert!(client_is_trusted(&authority, &server).is_err());
    assert!(server_is_trusted(&authority, &client, "alpha").is_err());
}

#[test]
fn the_shipped_profile_issues_for_the_switch_and_each_bank() {
    let profile =
        Profile { banks: vec!["alpha".into(), "beta".into()], hosts: vec!["10.1.2.3".into()], ..Profile::default() };
    let issued = profile.issue(NOW).unwrap();
    let names: Vec<_> = issued.credentials.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["switch-server", "switch-client", "alpha-server", "alpha-client", "beta-server", "beta-client"]);
    server_is_trusted(&issued.authority, &issued.credentials[2].1, "10.1.2.3").unwrap();
    let error = Profile::parse("authority = 1").unwrap_err().to_string();
    assert!(error.contains("line 1"), "{error}");
    assert!(Profile { switch: "größe".into(), ..Profile::default() }.issue(NOW).is_err(), "no DNS name");
}

#[test]
fn a_folder_keeps_what_it_has_unless_forced() {
    let folder = tempfile::tempdir().unwrap();
    let files = Folder::new(&folder.path().join("new"));
    let issued = Profile::default().issue(NOW).unwrap();
    let written = files.write(&issued, false).unwrap();
    assert_eq!(written.len(), 2 * (1 + issued.credentials.len()));
    let before = std::fs::read(files.key("ca")).unwrap();
    let error = files.write(&Profile::default().issue(NOW).unwrap(), false).unwrap_err().to_string();
    assert!(error.ends_with("ca.pem exists and is not overwritten"), "{error}");
    assert_eq!(std::fs::read(files.key("ca")).unwrap(), before);
    files.write(&Profile::default().issue(NOW).unwrap(), true).unwrap();
    assert_ne!(std::fs::read(files.key("ca")).unwrap(), before);
}

#[test]
#[cfg(unix)]
fn keys_are_for_the_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let files = Folder::new(folder.path());
    files.write(&Profile::default().issue(NOW).unwrap(), false).unwrap();
    for name in ["ca", "switch-server", "switch-client", "bank-server", "bank-client"] {
        assert_eq!(std::fs::metadata(files.key(name)).unwrap().permissions().mode() & 0o777, 0o600, "{name}");
    }
}

#[test]
fn nothing_of_a_key_is_printed() {
    let authority = authority();
    let server = authority.issue(&Leaf::server("alpha", Validity::days(NOW, 1))).unwrap();
    assert_eq!(format!("{authority:?} {server:?}"), "Authority([redacted]) Credential([redacted])");
}
