use super::*;
use crate::{
    net::{bank::Direction, time::SystemClock},
    rules::{CardRange, RrnPolicy, Strategy},
    security::pki::{Authority, Leaf, Validity},
};
use std::time::Duration;

/// The ten lines of a first bank.
const FIRST: &str = r#"[[acquirer]]
name = "shop"
listen = "127.0.0.1:8583"
dialect = "iso87-ascii"

[[bank]]
name = "acme"
connect = ["bank.example:9000"]
dialect = "iso87-bcd"
tls = { ca = "ca.pem", cert = "switch.pem", key = "switch-key.pem" }

[[route]]
cards = ["400000-499999"]
banks = ["acme"]
"#;

/// A folder with an authority `ca.pem` and a credential `switch`.
fn folder() -> tempfile::TempDir {
    let temporary = tempfile::tempdir().unwrap();
    let validity = Validity::days(SystemClock::start().now().wall, 30);
    let authority = Authority::new("test authority", "", validity).unwrap();
    let credential = authority.issue(&Leaf::client("switch", validity)).unwrap();
    std::fs::write(temporary.path().join("ca.pem"), authority.certificate_pem()).unwrap();
    std::fs::write(temporary.path().join("switch.pem"), credential.certificate_pem()).unwrap();
    std::fs::write(temporary.path().join("switch-key.pem"), credential.key_pem().as_bytes()).unwrap();
    temporary
}

fn parse(text: &str) -> Result<Config, Vec<String>> {
    let folder = folder();
    let file = folder.path().join("config.toml");
    Config::parse(text, &file).map_err(|errors| {
        let place = format!("{}/", folder.path().display());
        errors.0.iter().map(|error| error.to_string().replace(&place, "")).collect()
    })
}

/// The one error of `FIRST` with `from` replaced by `to`.
fn error(from: &str, to: &str) -> String {
    assert!(FIRST.contains(from), "{from}");
    let errors = parse(&FIRST.replacen(from, to, 1)).err().expect("this is a mistake");
    assert_eq!(errors.len(), 1, "{errors:?}");
    errors.into_iter().next().unwrap()
}

fn good(text: &str) -> Config {
    parse(text).unwrap_or_else(|errors| panic!("{}", errors.join("\n")))
}

#[test]
fn a_first_bank_takes_a_dozen_lines_and_has_sensible_defaults() {
    let config = good(FIRST);
    let bank = &config.rules.banks[0];
    assert_eq!((bank.connections, bank.answer_timeout), (2, Duration::from_secs(25)));
    assert!(bank.we_connect && bank.link.sign_on && bank.header.is_empty());
    assert_eq!(bank.echoed, [7]);
    assert_eq!(bank.approving.len(), 6);
    assert_eq!(config.rules.acquirers[0].rrn, RrnPolicy::AsSent);
    assert_eq!(config.rules.acquirers[0].timeout_code.as_str(), "91");
    assert_eq!(config.rules.routes[0].cards, [CardRange { low: 40_000_000_000, high: 49_999_999_999 }]);
    assert_eq!(config.rules.routes[0].strategy, Strategy::Priority);
    assert_eq!((config.rules.outbound.len(), config.rules.inbound.len()), (1, 1));
    assert!(
        matches!(&config.banks[0].direction, Direction::Dial { addresses, .. } if addresses == &["bank.example:9000"])
    );
    assert_eq!(config.acquirers[0].framing.name(), "binary2");
    assert!(config.admin.is_none());
}

#[test]
fn all_mistakes_are_told_at_once_in_the_order_of_the_file() {
    let text = FIRST
        .replace("127.0.0.1:8583", "nowhere")
        .replace("bank.example:9000", "bank.example")
        .replace("switch-key.pem", "absent.pem")
        .replace("400000-499999", "40-49")
        .replace(r#"banks = ["acme"]"#, r#"banks = ["acne"]"#);
    let errors = parse(&text).err().unwrap();
    let lines: Vec<_> = errors.iter().map(|error| error.split(": ").next().unwrap()).collect();
    assert_eq!(
        lines,
        ["config.toml:3", "config.toml:8", "config.toml:10", "config.toml:13", "config.toml:14"],
        "{errors:#?}"
    );
    assert!(errors[4].contains("unknown bank \"acne\"; known are: acme"), "{}", errors[4]);
}

#[test]
fn a_mistake_in_a_bank_is_not_also_an_unknown_bank() {
    assert!(error("iso87-bcd", "iso78-bcd").starts_with("config.toml:9: "));
}

#[test]
fn unknown_keys_are_mistakes_wherever_they_are() {
    assert_eq!(error("listen =", "lisen = 1\nlisten ="), unknown(3, "lisen", "[[acquirer]] \"shop\""));
    assert_eq!(error("key =", "password = \"x\", key ="), unknown(10, "password", "`tls` of [[bank]] \"acme\""));
    assert_eq!(error("[[route]]", "[[route]]\ncard = 4"), unknown(13, "card", "[[route]]"));
    assert_eq!(error("[[acquirer]]", "[swich]\n[[acquirer]]"), unknown(1, "swich", "the file"));
}

fn unknown(line: usize, key: &str, place: &str) -> String {
    let text = match place {
        "the file" => "acquirer, bank, route, admin, log, switch, journal".to_owned(),
        place if place.starts_with("`tls`") => "ca, crl, cert, key, min_version, server_name".to_owned(),
        "[[route]]" => {
            "name, strategy, cards, institutions, classes, processing, currencies, amount, mcc, acquirers, banks, weights"
                .to_owned()
        }
        _ => "name, listen, dialect, framing, header, max_frame, idle_timeout, write_timeout, max_sessions, \
              max_in_flight, rate, inquiry_rate, buffer, allow, rrn, luhn, processing, duplicate_rrn, duplicate_transmission, partial_approvals, undelivered_grace, tls, \
              full_code, timeout_code"
            .to_owned(),
    };
    format!("config.toml:{line}: unknown key `{key}` in {place}; known are: {text}")
}

#[test]
fn syntax_errors_have_their_line() {
    let errors = parse("[[acquirer]]\nname = \"shop\nlisten = 3\n").err().unwrap();
    assert!(errors[0].starts_with("config.toml:2: "), "{errors:?}");
}

#[test]
fn names_are_unique() {
    let second = FIRST.replacen("[[route]]", &format!("{}\n[[route]]", &FIRST[..FIRST.find("[[bank]]").unwrap()]), 1);
    let errors = parse(&second).err().unwrap();
    assert_eq!(errors, ["config.toml:13: there is another acquirer named \"shop\""]);
}

#[test]
fn two_listeners_do_not_share_an_address() {
    let errors = parse(&format!("{FIRST}[admin]\nlisten = \"127.0.0.1:8583\"\n")).err().unwrap();
    assert_eq!(errors, ["config.toml:16: [admin] and acquirer \"shop\" both listen on 127.0.0.1:8583"]);
}

#[test]
fn files_that_are_not_there_are_mistakes_of_their_line() {
    let message = error("ca.pem", "other-ca.pem");
    assert!(message.starts_with("config.toml:10: no certificate in ") && message.contains("other-ca.pem"), "{message}");
    let message = error("switch-key.pem", "ca.pem");
    assert!(message.starts_with("config.toml:10: no private key in "), "{message}");
    assert!(!message.contains("BEGIN") && !message.contains("MII"), "key files are not quoted: {message}");
}

#[test]
fn a_key_must_belong_to_its_certificate() {
    let message = error(r#"cert = "switch.pem""#, r#"cert = "ca.pem""#);
    assert_eq!(message, "config.toml:10: the private key does not belong to the certificate");
}

#[test]
fn what_a_bank_holds_is_read_and_its_mistakes_have_their_line() {
    let with = |hold: &str| format!("dialect = \"iso87-bcd\"\nhold = {{ {hold} }}");
    let text = FIRST.replace("dialect = \"iso87-bcd\"", &with("life = \"30d\", excess = 15, completions = \"many\""));
    let holding = &good(&text).rules.banks[0].holding;
    assert_eq!((holding.life, holding.excess, holding.many), (Duration::from_secs(30 * 86_400), 15, true));
    let usual = &good(FIRST).rules.banks[0].holding;
    assert_eq!((usual.life, usual.excess, usual.many), (Duration::from_secs(7 * 86_400), 0, false));
    for (hold, fault) in [
        ("life = \"500d\"", "life"),
        ("excess = 101", "excess"),
        ("completions = \"two\"", "`completions` is \"one\" or \"many\", not \"two\""),
        ("days = 7", "unknown key `days`"),
    ] {
        let message = error("dialect = \"iso87-bcd\"", &with(hold));
        assert!(message.starts_with("config.toml:10: ") && message.contains(fault), "{message}");
    }
}

#[test]
fn verification_cannot_be_turned_off() {
    for key in ["verify = false", "insecure = true", "skip_verify = true"] {
        assert!(error("key =", &format!("{key}, key =")).contains("unknown key"));
    }
    assert!(error("tls = {", "#").contains("a bank needs `tls`"));
}

#[test]
fn mistakes_of_a_dialect_stand_in_its_own_file() {
    let folder = folder();
    let dialect = "name = \"mine\"\nextends = \"iso87-ascii\"\n[fields.2]\nnonsense = 1\n";
    std::fs::write(folder.path().join("mine.toml"), dialect).unwrap();
    let file = folder.path().join("config.toml");
    let errors = Config::parse(&FIRST.replace("iso87-bcd", "mine.toml"), &file).err().unwrap();
    assert_eq!(errors.0.len(), 1, "{errors}");
    assert!(errors.0[0].file.ends_with("mine.toml"), "{errors}");
    assert!(errors.0[0].line >= 1);
}

#[test]
fn values_are_checked_where_they_stand() {
    for (from, to, message) in [
        ("name = \"shop\"", "name = \"\"", "2: a name is 1 to 64"),
        (
            "name = \"shop\"",
            "name = \"shop\"\nidle_timeout = 30",
            "3: `idle_timeout` of [[acquirer]] \"shop\" must be a duration",
        ),
        ("name = \"shop\"", "name = \"shop\"\nallow = [\"10.0.0.0/40\"]", "3: \"10.0.0.0/40\" is no network"),
        ("name = \"shop\"", "name = \"shop\"\nrrn = \"ours\"", "3: unknown RRN policy"),
        (
            "name = \"shop\"",
            "name = \"shop\"\ntimeout_code = \"911\"",
            "3: \"911\" is no response code of this dialect",
        ),
        ("name = \"shop\"", "name = \"shop\"\nframing = \"binary9\"", "3: unknown framing \"binary9\""),
        (
            "name = \"acme\"",
            "name = \"acme\"\nconnections = 0",
            "8: `connections` of [[bank]] \"acme\" must be a number",
        ),
        ("name = \"acme\"", "name = \"acme\"\nlisten = \"127.0.0.1:0\"", "8: either `connect` or `listen`"),
        ("name = \"acme\"", "name = \"acme\"\nechoed = [7, 39]", "8: data element 39 is no part of a match key"),
        (
            "name = \"acme\"",
            "name = \"acme\"\nechoed = [37]\nrate = 50000",
            "8: `echoed` is without 7, so answers are told apart by STAN alone",
        ),
        ("name = \"acme\"", "name = \"acme\"\nfixed = { 300 = \"1\" }", "8: \"300\" is no data element"),
        (
            "name = \"acme\"",
            "name = \"acme\"\nfixed = { 4 = \"1\" }",
            "8: data element 4 is different in every message",
        ),
        ("name = \"acme\"", "name = \"acme\"\nnetwork_fields = { 11 = \"1\" }", "8: data element 11 is different"),
        (
            "name = \"acme\"",
            "name = \"acme\"\nown_requests = { 0810 = \"00\" }",
            "8: \"0810\" is not the MTI of a request",
        ),
        ("name = \"acme\"", "name = \"acme\"\nreconnect_min = \"1h\"", "8: `reconnect_min` is longer"),
        ("banks = [\"acme\"]", "banks = [\"acme\"]\namount = \"5-1\"", "15: \"5-1\" in `amount` is no range"),
        (
            "banks = [\"acme\"]",
            "banks = [\"acme\"]\nstrategy = \"weight\"",
            "12: `weights` and strategy = \"weight\" go together",
        ),
        ("banks = [\"acme\"]", "banks = [\"acme\", \"acme\"]", "14: bank \"acme\" is there twice"),
        ("499999", "4999999", "13: \"400000-4999999\" is no card range: both ends"),
        ("[[route]]", "[switch]\ndurability = \"commit\"\n[[route]]", "13: unknown durability \"commit\""),
        ("[[route]]", "[log]\nformat = \"xml\"\n[[route]]", "13: unknown log format"),
    ] {
        let had = error(from, to);
        assert!(had.starts_with(&format!("config.toml:{message}")), "wanted {message}, had {had}");
    }
}

#[test]
fn a_bank_that_dials_us_is_known_by_its_certificate() {
    let accepting = FIRST
        .replace("connect = [\"bank.example:9000\"]", "listen = \"127.0.0.1:9001\"\nclient_name = \"bank.example\"");
    let config = good(&accepting);
    assert!(!config.rules.banks[0].we_connect);
    assert_eq!(config.banks[0].listen(), Some("127.0.0.1:9001".parse().unwrap()));
    let errors = parse(&accepting.replace("client_name", "#")).err().unwrap();
    assert_eq!(errors, ["config.toml:6: [[bank]] \"acme\" needs `client_name`"]);
}

#[test]
fn an_empty_file_is_no_configuration() {
    assert_eq!(parse("").err().unwrap().len(), 3);
}

#[test]
fn the_example_is_a_configuration_and_has_every_key() {
    let example = include_str!("../../banklink.example.toml");
    let folder = folder();
    let certificates = folder.path().join("certs/dev");
    std::fs::create_dir_all(&certificates).unwrap();
    for (ours, theirs) in
        [("ca.pem", "ca.pem"), ("switch.pem", "switch-client.pem"), ("switch-key.pem", "switch-client.key")]
    {
        std::fs::copy(folder.path().join(ours), certificates.join(theirs)).unwrap();
    }
    let file = folder.path().join("banklink.example.toml");
    let config = Config::parse(example, &file).unwrap_or_else(|errors| panic!("{errors}"));
    assert_eq!(config.rules.banks[0].header[..], [0x60, 0x00, 0x03, 0x00, 0x00]);
    // Each table told of an unknown key lists those that are known.
    for table in ["[switch]", "[journal]", "[admin]", "[log]", "[[acquirer]]", "[[bank]]", "[[route]]"] {
        let unknown = example.replacen(&format!("\n{table}\n"), &format!("\n{table}\nnonsense = 1\n"), 1);
        let errors = Config::parse(&unknown, &file).err().expect("nonsense is unknown").to_string();
        let known = errors.split("known are: ").nth(1).unwrap().to_owned();
        let rest = &example[example.find(&format!("\n{table}\n")).unwrap() + 1..];
        let part = &rest[..rest[1..].find("\n[").map_or(rest.len(), |at| at + 1)];
        for key in known.trim().split(", ") {
            assert!(part.contains(&format!("{key} = ")), "{table} of the example does not show `{key}`");
        }
    }
}
