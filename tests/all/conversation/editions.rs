//! An acquirer of one edition of the standard and a bank of another: whole conversations, both ways.

use crate::harness::{
    line::Line,
    messages::set,
    world::{Setup, World},
};
use banklink::{clock::Wall, net::time::SystemClock};
use banklink_protocol::{Dialect, Message, element::Transmission};
use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

/// What an edition calls things.
#[derive(Clone, Copy)]
struct Edition {
    dialect: &'static str,
    /// First digit of the MTI.
    version: u8,
    approved: &'static str,
    partly: &'static str,
    declined: &'static str,
    reversed: &'static str,
    timed_out: &'static str,
}

const OF_1987: Edition = Edition {
    dialect: "iso87-bcd",
    version: 0,
    approved: "00",
    partly: "10",
    declined: "51",
    reversed: "00",
    timed_out: "91",
};
const OF_1993: Edition = Edition {
    dialect: "iso93-ascii",
    version: 1,
    approved: "000",
    partly: "002",
    declined: "116",
    reversed: "400",
    timed_out: "911",
};
const OF_2003: Edition = Edition {
    dialect: "iso2003.toml",
    version: 2,
    approved: "0000",
    partly: "0002",
    declined: "1016",
    reversed: "4000",
    timed_out: "9111",
};

const HASTY: &str = "timeout = \"400ms\"\nbreaker = 0\nstore = { spacing = \"50ms\", spacing_max = \"100ms\" }";

static STAN: AtomicU32 = AtomicU32::new(1);

fn text(message: &Message, field: u8) -> String {
    message.text(field).unwrap_or_else(|| panic!("DE{field} is absent in {message:?}"))
}

/// An acquirer and a bank, with what runs between them.
struct Between {
    world: World,
    shop: Line,
    bank: Line,
    ours: Edition,
    theirs: Edition,
    dialect: Arc<Dialect>,
}

impl Between {
    /// The switch between an acquirer and a bank that has signed on.
    async fn editions(ours: Edition, theirs: Edition, acquirer: &str, bank: &str) -> Self {
        let setup = Setup::new();
        let of_2003 = include_str!("../../../protocol/tests/all/iso2003.toml");
        std::fs::write(setup.folder.path().join("iso2003.toml"), of_2003).unwrap();
        let setup = setup.acquirer("shop", ours.dialect, acquirer).bank("acme", theirs.dialect, bank).await;
        let mut world = setup.start();
        let mut line = world.connection("acme").await;
        let sign_on = line.receive().await;
        let (field, function) = if theirs.version == 0 { (70, "001") } else { (24, "801") };
        assert_eq!((sign_on.mti().class(), text(&sign_on, field).as_str()), (8, function));
        let accepted = ["00", "800", "8000"][usize::from(theirs.version)];
        line.send(&answer(&sign_on, accepted, None)).await;
        world.until_bank("acme", |bank| bank.up() == 1).await;
        let shop = world.session("shop", ours.dialect, "").await;
        let dialect = Dialect::load(ours.dialect, Some(world.folder.path())).unwrap();
        Self { world, shop, bank: line, ours, theirs, dialect }
    }

    async fn settled(&self) {
        self.world.until_bank("acme", |bank| bank.stored == 0).await;
    }

    /// A purchase of 100.00 as the acquirer writes it, now.
    fn purchase(&self) -> Message {
        let wall = SystemClock::start().now().wall.0 - 60_000_000;
        let moment = String::from_utf8(Transmission::from_wall(wall).0.to_vec()).unwrap();
        let year = Wall(wall).year();
        let stan = STAN.fetch_add(1, Ordering::Relaxed);
        let mti = format!("{}200", self.ours.version);
        let mut message = Message::new(&self.dialect, mti.parse().unwrap());
        for (field, value) in [
            (2, "4111111111111111"),
            (3, "000000"),
            (7, &moment),
            (14, "3012"),
            (32, "00123456"),
            (37, &format!("RRN{stan:09}")),
            (41, "TERM0001"),
            (42, "MERCHANT0000001"),
        ] {
            set(&mut message, field, value);
        }
        match self.ours.version {
            0 => {
                let fields = [(4, "000000010000"), (12, &moment[4..]), (13, &moment[..4]), (18, "5411"), (49, "840")];
                fields.iter().for_each(|(field, value)| set(&mut message, *field, value));
                set(&mut message, 11, &format!("{stan:06}"));
                set(&mut message, 22, "051");
            }
            1 => {
                set(&mut message, 4, "000000010000");
                set(&mut message, 11, &format!("{stan:06}"));
                set(&mut message, 12, &format!("{:02}{moment}", year % 100));
                set(&mut message, 22, "510101510001");
                set(&mut message, 49, "840");
            }
            _ => {
                set(&mut message, 4, "8402000000010000");
                // More digits than any other edition has.
                set(&mut message, 11, &format!("777777{stan:06}"));
                set(&mut message, 12, &format!("{year}{moment}"));
            }
        }
        if self.ours.version > 0 {
            set(&mut message, 24, "200");
            set(&mut message, 26, "5411");
        }
        message
    }

    /// The acquirer's reversal of a payment, of all or a part of it.
    fn reversal_of(&self, request: &Message, left: Option<u64>) -> Message {
        let stan = STAN.fetch_add(1, Ordering::Relaxed);
        let mut reversal = request.clone();
        reversal.set_mti(format!("{}420", self.ours.version).parse().unwrap());
        set(&mut reversal, if self.ours.version == 0 { 90 } else { 56 }, &named(request));
        set(&mut reversal, 11, &if self.ours.version == 2 { format!("777777{stan:06}") } else { format!("{stan:06}") });
        if self.ours.version == 0 {
            set(&mut reversal, 39, "17");
            if let Some(left) = left {
                set(&mut reversal, 95, &format!("{left:012}000000000000C00000000C00000000"));
            }
            return reversal;
        }
        set(&mut reversal, 25, "4000");
        set(&mut reversal, 24, if left.is_some() { "401" } else { "400" });
        if let Some(left) = left {
            let was = text(request, 4);
            set(&mut reversal, 30, &format!("{was:0<width$}", width = 2 * was.len()));
            let head = &was[..was.len() - 12];
            set(&mut reversal, 4, &format!("{head}{left:012}"));
        }
        reversal
    }

    /// A payment that the bank approves: the request, and what the bank was sent.
    async fn approved(&mut self) -> (Message, Message) {
        let request = self.purchase();
        self.shop.send(&request).await;
        let sent = self.bank.expect(&format!("{}200", self.theirs.version)).await;
        self.bank.send(&answer(&sent, self.theirs.approved, None)).await;
        let told = self.shop.expect(&format!("{}210", self.ours.version)).await;
        assert_eq!(text(&told, 39), self.ours.approved);
        assert_eq!(text(&told, 38), "A12345");
        for same in [3, 4, 7, 11, 12, 37, 41] {
            assert_eq!(text(&told, same), text(&request, same), "DE{same} is the acquirer's own");
        }
        assert!(!told.has(56) && !told.has(90));
        (request, sent)
    }

    /// The reversal that the bank is sent, checked and accepted.
    async fn reversal_at_the_bank(&mut self, sent: &Message) -> Message {
        let reversal = self.bank.expect(&format!("{}420", self.theirs.version)).await;
        let field = if self.theirs.version == 0 { 90 } else { 56 };
        assert_eq!(text(&reversal, field), named(sent), "the original as it was sent to this bank");
        for same in [2, 3, 12, 32, 37, 41] {
            assert_eq!(text(&reversal, same), text(sent, same), "DE{same}");
        }
        self.bank.send(&answer(&reversal, self.theirs.reversed, None)).await;
        self.settled().await;
        reversal
    }
}

/// Original data of a message as its own edition writes them.
fn named(message: &Message) -> String {
    let (mti, stan) = (message.mti(), text(message, 11));
    if mti.version() == 0 {
        return format!("{mti}{stan}{}{:0>11}{:0>11}", text(message, 7), text(message, 32), "0");
    }
    let acquirer = text(message, 32);
    format!("{mti}{stan}{}{:02}{acquirer}", text(message, 12), acquirer.len())
}

/// A bank's answer, with an amount of its own if there is one.
fn answer(request: &Message, code: &str, amount: Option<&str>) -> Message {
    let mut answer = request.clone();
    answer.set_mti(request.mti().response().unwrap());
    for absent in [14, 18, 22, 25, 26, 30, 35, 43, 52, 55, 95] {
        answer.remove(absent);
    }
    set(&mut answer, 39, code);
    if request.mti().class() == 2 && ["00", "000", "0000", "10", "002", "0002"].contains(&code) {
        set(&mut answer, 38, "A12345");
    }
    if let Some(amount) = amount {
        let was = text(request, 4);
        set(&mut answer, 4, &format!("{}{amount}", &was[..was.len() - 12]));
    }
    answer
}

fn minor(message: &Message) -> String {
    let amount = text(message, 4);
    amount[amount.len() - 12..].to_owned()
}

async fn payments(ours: Edition, theirs: Edition) {
    let mut between = Between::editions(ours, theirs, "partial_approvals = true", "").await;
    let (request, sent) = between.approved().await;
    assert_eq!(minor(&sent), "000000010000");
    assert_eq!(text(&sent, if theirs.version == 0 { 18 } else { 26 }), "5411");
    let moment = |message: &Message| match message.mti().version() {
        0 => text(message, 13) + &text(message, 12),
        _ => text(message, 12).chars().rev().take(10).collect::<Vec<_>>().into_iter().rev().collect(),
    };
    assert_eq!(moment(&sent), moment(&request));
    assert_eq!(sent.has(24), theirs.version > 0);
    let again = between.shop.ask(&request).await;
    assert_eq!((text(&again, 39), text(&again, 38)), (ours.approved.to_owned(), "A12345".to_owned()), "told again");

    for (code, told, amount) in
        [(theirs.declined, ours.declined, None), (theirs.partly, ours.partly, Some("000000002500"))]
    {
        let request = between.purchase();
        between.shop.send(&request).await;
        let sent = between.bank.receive().await;
        between.bank.send(&answer(&sent, code, amount)).await;
        let answer = between.shop.expect(&format!("{}210", ours.version)).await;
        assert_eq!(text(&answer, 39), told);
        assert_eq!(minor(&answer), amount.unwrap_or("000000010000"));
    }
    assert_eq!(between.world.bank("acme").await.sent, 3);
}

async fn time_out(ours: Edition, theirs: Edition) {
    let mut between = Between::editions(ours, theirs, "", HASTY).await;
    let request = between.purchase();
    between.shop.send(&request).await;
    let sent = between.bank.expect(&format!("{}200", theirs.version)).await;
    let told = between.shop.expect(&format!("{}210", ours.version)).await;
    assert_eq!((text(&told, 39), text(&told, 11)), (ours.timed_out.to_owned(), text(&request, 11)));
    let reversal = between.reversal_at_the_bank(&sent).await;
    assert_eq!(text(&reversal, 4), text(&sent, 4));
    let (field, why) = if theirs.version == 0 { (39, "68") } else { (25, "4021") };
    assert_eq!(text(&reversal, field), why);
}

async fn reversals(ours: Edition, theirs: Edition) {
    let mut between = Between::editions(ours, theirs, "", "").await;
    for left in [None, Some(4000)] {
        let (request, sent) = between.approved().await;
        let reversal = between.reversal_of(&request, left);
        assert_eq!(text(&between.shop.ask(&reversal).await, 39), ours.reversed);
        let came = between.reversal_at_the_bank(&sent).await;
        let (was, is) = ("000000010000", left.map_or("000000010000", |_| "000000004000"));
        match (theirs.version, left) {
            (0, Some(_)) => assert_eq!((minor(&came).as_str(), &text(&came, 95)[..12]), (was, is)),
            (0, None) => assert!(!came.has(95) && minor(&came) == was),
            (_, Some(_)) => {
                let amounts = text(&came, 30);
                let first = &amounts[..amounts.len() / 2];
                assert_eq!((minor(&came).as_str(), &first[first.len() - 12..]), (is, was));
                assert_eq!(text(&came, 24), "401");
            }
            (_, None) => assert!(!came.has(30) && minor(&came) == was && text(&came, 24) == "400"),
        }
        let (field, why) = if theirs.version == 0 { (39, "17") } else { (25, "4000") };
        assert_eq!(text(&came, field), why);
    }
}

async fn advices_and_echoes(ours: Edition, theirs: Edition) {
    let mut between = Between::editions(ours, theirs, "", "").await;
    let mut advice = between.purchase();
    advice.set_mti(format!("{}220", ours.version).parse().unwrap());
    set(&mut advice, 39, ours.approved);
    let told = between.shop.ask(&advice).await;
    assert_eq!((text(&told, 39), text(&told, 11)), (ours.approved.to_owned(), text(&advice, 11)));
    let sent = between.bank.expect(&format!("{}220", theirs.version)).await;
    assert_eq!((text(&sent, 39), minor(&sent)), (theirs.approved.to_owned(), "000000010000".to_owned()));
    between.bank.send(&answer(&sent, theirs.approved, None)).await;
    between.settled().await;

    let (mti, field, functions) = match ours.version {
        0 => ("0800", 70, ["001", "301"]),
        1 => ("1804", 24, ["801", "831"]),
        _ => ("2804", 24, ["801", "831"]),
    };
    for function in functions {
        let mut echo = Message::new(&between.dialect, mti.parse().unwrap());
        set(&mut echo, 7, "1123120000");
        set(&mut echo, 11, "000042");
        set(&mut echo, field, function);
        let told = between.shop.ask(&echo).await;
        assert_eq!(text(&told, 39), ["00", "800", "8000"][usize::from(ours.version)]);
    }
}

async fn all(ours: Edition, theirs: Edition) {
    payments(ours, theirs).await;
    time_out(ours, theirs).await;
    reversals(ours, theirs).await;
    advices_and_echoes(ours, theirs).await;
}

#[tokio::test]
async fn an_acquirer_of_1987_and_a_bank_of_1993() {
    all(OF_1987, OF_1993).await;
}

#[tokio::test]
async fn an_acquirer_of_1993_and_a_bank_of_1987() {
    all(OF_1993, OF_1987).await;
}

#[tokio::test]
async fn an_acquirer_of_1987_and_a_bank_of_2003() {
    all(OF_1987, OF_2003).await;
}

#[tokio::test]
async fn an_acquirer_of_2003_and_a_bank_of_1987() {
    all(OF_2003, OF_1987).await;
}

#[tokio::test]
async fn an_acquirer_of_1993_and_a_bank_of_2003() {
    all(OF_1993, OF_2003).await;
}

#[tokio::test]
async fn an_acquirer_of_2003_and_a_bank_of_1993() {
    all(OF_2003, OF_1993).await;
}

#[tokio::test]
async fn what_cannot_be_said_is_refused_before_anything_is_sent() {
    // An amount of 2003 has its currency in front: without one it cannot be said.
    let mut between = Between::editions(OF_1987, OF_2003, "", "").await;
    let mut request = between.purchase();
    request.remove(49);
    let told = between.shop.ask(&request).await;
    assert_eq!((text(&told, 39).as_str(), text(&told, 44).as_str()), ("30", "004"));
    assert_eq!(between.world.bank("acme").await.sent, 0);

    let narrow = Edition { dialect: "narrow.toml", ..OF_1993 };
    let setup = Setup::new();
    let text_of = "extends = \"iso93-ascii\"\nname = \"narrow\"\n[fields]\n102 = false\n";
    std::fs::write(setup.folder.path().join(narrow.dialect), text_of).unwrap();
    let setup = setup.acquirer("shop", OF_1987.dialect, "").bank("acme", narrow.dialect, "sign_on = false").await;
    let mut world = setup.start();
    let _line = world.connection("acme").await;
    world.until_bank("acme", |bank| bank.up() == 1).await;
    let mut shop = world.session("shop", OF_1987.dialect, "").await;
    let mut request = crate::harness::messages::purchase(OF_1987.dialect);
    set(&mut request, 102, "ACCOUNT-1");
    let told = shop.ask(&request).await;
    assert_eq!((text(&told, 39).as_str(), text(&told, 44).as_str()), ("30", "102"));
    assert_eq!(world.bank("acme").await.sent, 0);
}
