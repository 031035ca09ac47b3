//! Who takes part: the banks with their manners, the acquirers with their cards, the certificates, and the configuration
//! of the switch between them.

use crate::{
    clock::Wall,
    security::pki::{Authority, Credential, Leaf, PkiError, Validity},
};
use std::{fmt::Write as _, net::SocketAddr};

/// A bank of the demonstration.
pub(super) struct BankPart {
    pub(super) name: &'static str,
    pub(super) dialect: &'static str,
    pub(super) framing: &'static str,
    pub(super) header: &'static str,
    /// The card ranges that are routed to it.
    pub(super) cards: &'static str,
    /// What it is like, for the screen.
    pub(super) manners: &'static str,
    /// The same as rules.
    pub(super) rules: &'static str,
}

/// An acquirer front end of the demonstration.
pub(super) struct AcquirerPart {
    pub(super) name: &'static str,
    pub(super) dialect: &'static str,
    pub(super) framing: &'static str,
    pub(super) header: &'static str,
    pub(super) connections: u16,
    /// Its share of the payments, of 100.
    pub(super) share: u32,
    /// DE32.
    pub(super) institution: &'static str,
    /// Test card numbers, taken in turn.
    pub(super) cards: &'static [&'static str],
    /// DE41, one a connection.
    pub(super) terminals: &'static [&'static str],
}

/// The three banks.
pub(super) const BANKS: [BankPart; 3] = [
    BankPart {
        name: "aurora",
        dialect: "iso87-ascii",
        framing: "binary2",
        header: "none",
        cards: "400000-499999",
        manners: "declines amounts from 90.00 for lack of funds",
        rules: "[[rule]]\nname = 'no funds'\namount = [9000, 9999]\nanswer = '51'\n",
    },
    BankPart {
        name: "borealis",
        dialect: "iso87-bcd",
        framing: "binary2",
        header: "tpdu",
        cards: "510000-559999",
        manners: "is slow at times, honours not every card",
        rules: "[[rule]]\nname = 'do not honour'\nevery = 17\nanswer = '05'\n\
                [[rule]]\nname = 'slow'\nevery = 40\ndelay = '120ms'\n",
    },
    BankPart {
        name: "cascade",
        dialect: "iso87-ebcdic",
        framing: "ascii4",
        header: "none",
        cards: "340000-379999",
        manners: "is silent now and then, drops a connection every 350 payments",
        rules: "[[rule]]\nname = 'silent'\nevery = 60\nthen = 'silence'\n\
                [[rule]]\nname = 'drops the connection'\nevery = 350\nthen = 'close'\n\
                [[rule]]\nname = 'expired card'\namount = [5400, 5499]\nanswer = '54'\n",
    },
];

/// The two acquirers. The last card of the second is of no bank here: the switch refuses it.
pub(super) const ACQUIRERS: [AcquirerPart; 2] = [
    AcquirerPart {
        name: "shops",
        dialect: "iso87-ascii",
        framing: "binary2",
        header: "none",
        connections: 3,
        share: 60,
        institution: "111111",
        cards: &[
            "4111111111111111",
            "5555555555554444",
            "378282246310005",
            "4012888888881881",
            "5105105105105100",
            "371449635398431",
        ],
        terminals: &["SHOP0001", "SHOP0002", "SHOP0003"],
    },
    AcquirerPart {
        name: "terminals",
        dialect: "iso87-bcd",
        framing: "binary2",
        header: "tpdu",
        connections: 4,
        share: 40,
        institution: "222222",
        cards: &[
            "4222222222222220",
            "5431111111111111",
            "341111111111111",
            "4917610000000000",
            "5200828282828210",
            "343434343434343",
            "4000000000000002",
            "5454545454545454",
            "378734493671000",
            "6011111111111117",
        ],
        terminals: &["TERM0001", "TERM0002", "TERM0003", "TERM0004"],
    },
];

/// Throw-away certificates; the private keys never leave this process.
pub(super) struct Credentials {
    pub(super) authority: Authority,
    pub(super) switch: Credential,
    pub(super) banks: Vec<Credential>,
}

impl Credentials {
    pub(super) fn new(now: Wall) -> Result<Self, PkiError> {
        let validity = Validity::days(now, 1);
        let authority = Authority::new("banklink demo", "thrown away at the end of the demo", validity)?;
        let switch = authority.issue(&Leaf::client("switch", validity))?;
        let banks: Result<_, _> =
            BANKS.iter().map(|bank| authority.issue(&Leaf::server(bank.name, validity))).collect();
        Ok(Self { authority, switch, banks: banks? })
    }
}

/// Where the parties of a configuration are, and what else it says.
pub(super) struct Places<'a> {
    /// Where each acquirer is to come.
    pub(super) acquirers: &'a [SocketAddr],
    /// Where each bank is.
    pub(super) banks: &'a [SocketAddr],
    /// Tables before the acquirers'.
    pub(super) head: &'a str,
    /// Certificates of the switch's side, each PEM or the name of a file: root, chain, key.
    pub(super) tls: [&'a str; 3],
}

/// The configuration of the switch, as a user would write it.
pub(super) fn config(places: &Places<'_>) -> String {
    let mut text = format!("[log]\nlevel = \"warn\"\npayments = false\n{}", places.head);
    for (acquirer, address) in ACQUIRERS.iter().zip(places.acquirers) {
        let AcquirerPart { name, dialect, framing, header, .. } = acquirer;
        write!(
            text,
            "\n[[acquirer]]\nname = \"{name}\"\nlisten = \"{address}\"\ndialect = \"{dialect}\"\n\
             framing = \"{framing}\"\nheader = \"{header}\"\n"
        )
        .expect("a String takes all text");
    }
    let [ca, cert, key] = places.tls;
    for (bank, address) in BANKS.iter().zip(places.banks) {
        let BankPart { name, dialect, framing, header, cards, .. } = bank;
        write!(
            text,
            "\n[[bank]]\nname = \"{name}\"\nconnect = [\"{address}\"]\ndialect = \"{dialect}\"\n\
             framing = \"{framing}\"\nheader = \"{header}\"\nconnections = 2\ntimeout = \"1s\"\necho_idle = \"2s\"\n\
             reconnect_min = \"200ms\"\nreconnect_max = \"2s\"\n\
             [bank.tls]\nserver_name = \"{name}\"\nca = '''{ca}'''\ncert = '''{cert}'''\nkey = '''{key}'''\n\
             \n[[route]]\nname = \"to {name}\"\ncards = [\"{cards}\"]\nbanks = [\"{name}\"]\n"
        )
        .expect("a String takes all text");
    }
    text
}
