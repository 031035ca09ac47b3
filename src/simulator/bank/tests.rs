mod reversals;

use super::*;
use crate::simulator::acquirer::Template;
use banklink_protocol::frame::Frame;

const TODAY: Today = Today { settlement: *b"1123", transmission: *b"1123071200", year: *b"26" };

struct Line {
    bank: Bank,
    dialect: Arc<Dialect>,
}

/// What came back for one request.
struct Replies {
    now: Vec<Message>,
    unreadable: usize,
    later: Vec<Duration>,
    close: Option<Duration>,
}

fn line(dialect: &str, rules: &str) -> Line {
    let dialect = Dialect::named(dialect).expect("shipped");
    let framing = Framing::named("binary2").expect("known");
    let rules = Rules::parse(rules, dialect.version()).expect("rules");
    Line { bank: Bank::new("test", Arc::clone(&dialect), framing, rules, Books::new(100)), dialect }
}

impl Line {
    fn purchase(&self, stan: u32) -> Message {
        let mut message =
            Template::purchase(self.dialect.version()).message(&self.dialect, 0, 0).expect("the shipped template");
        message.set_number(11, stan.into()).expect("it fits");
        message
    }

    fn ask(&mut self, request: &Message) -> Replies {
        let mut body = BytesMut::new();
        request.encode(&mut body).expect("it fits");
        let mut out = BytesMut::new();
        let mut turn = Turn::new(&mut out);
        self.bank.handle(&Header::new(), body.freeze(), &TODAY, &mut turn);
        let (later, close) = (turn.later.iter().map(|(delay, _)| *delay).collect(), turn.close);
        let mut replies = Replies { now: Vec::new(), unreadable: 0, later, close };
        while let Some(Frame::Message { body, .. }) = self.bank.framing.split(&mut out).expect("well framed") {
            match self.dialect.decode(body) {
                Ok(message) => replies.now.push(message),
                Err(_) => replies.unreadable += 1,
            }
        }
        replies
    }
}

#[test]
fn an_approval_repeats_the_request_and_adds_code_approval_and_date() {
    for dialect in ["iso87-ascii", "iso87-bcd", "iso87-ebcdic", "iso93-ascii"] {
        let mut line = line(dialect, "");
        let request = line.purchase(42);
        let replies = line.ask(&request);
        let [answer] = &replies.now[..] else { panic!("{dialect}: {} answers", replies.now.len()) };
        assert_eq!(Some(answer.mti()), request.mti().response());
        for field in [2, 3, 4, 7, 11, 12, 32, 37, 41, 42, 49] {
            assert_eq!(answer.text(field), request.text(field), "{dialect} DE{field}");
        }
        let edition93 = dialect == "iso93-ascii";
        assert_eq!(answer.text(39).as_deref(), Some(if edition93 { "000" } else { "00" }));
        assert_eq!(answer.text(15).as_deref(), Some(if edition93 { "261123" } else { "1123" }));
        assert_eq!(answer.text(38).as_deref(), Some("000001"));
        assert!(!answer.has(35) && !answer.has(14), "track and expiry never come back");
        assert_eq!(line.bank.books().totals().booked, 1);
    }
}

#[test]
fn each_way_of_answering_does_what_it_says() {
    let ask = |then: &str| {
        let mut line = line("iso87-ascii", &format!("[[rule]]\nthen = '{then}'"));
        let request = line.purchase(42);
        (line.ask(&request), line.bank.books().totals().booked)
    };
    assert_eq!(ask("double").0.now.len(), 2);
    let (silence, booked) = ask("silence");
    assert_eq!((silence.now.len(), booked), (0, 0));
    assert_eq!(ask("close").0.close, Some(Duration::ZERO));
    assert_eq!(ask("garbage").0.unreadable, 1);
    assert_eq!(ask("wrong-stan").0.now[0].number(11), Some(43));
    assert_eq!(ask("wrong-amount").0.now[0].number(4), Some(1001));
}

#[test]
fn a_delayed_answer_is_put_off_and_a_declined_one_has_no_approval_code() {
    let mut line = line("iso87-ascii", "[[rule]]\ndelay = '250ms'\nanswer = '51'\ncard = '411111'\n");
    let request = line.purchase(42);
    let replies = line.ask(&request);
    assert_eq!((replies.now.len(), replies.later), (0, vec![Duration::from_millis(250)]));
    let mut other = line.purchase(43);
    other.set(2, b"5413330089010012").expect("it fits");
    let replies = line.ask(&other);
    assert_eq!(replies.now[0].text(39).as_deref(), Some("00"), "the rule is about another card");
    assert_eq!(line.bank.books().totals().declined, 1);
}

#[test]
fn network_management_is_answered_by_the_edition() {
    let mut eighty_seven = line("iso87-bcd", "");
    let mut sign_on = Message::new(&eighty_seven.dialect, network_mti(Version::V1987));
    for (field, value) in [(7, "1123071200"), (11, "000001"), (70, "001")] {
        sign_on.set(field, value.as_bytes()).expect("it fits");
    }
    let answer = &eighty_seven.ask(&sign_on).now[0];
    assert_eq!((answer.mti().to_string().as_str(), answer.text(39).as_deref()), ("0810", Some("00")));
    assert_eq!(answer.text(70).as_deref(), Some("001"));

    let mut ninety_three = line("iso93-ascii", "network = '811'");
    let mut echo = BytesMut::new();
    ninety_three.bank.echo(&TODAY, &mut Turn::new(&mut echo));
    let Ok(Some(Frame::Message { body, .. })) = ninety_three.bank.framing.split(&mut echo) else { panic!("a frame") };
    let echo = ninety_three.dialect.decode(body).expect("our own echo decodes");
    assert_eq!((echo.mti().to_string().as_str(), echo.text(24).as_deref()), ("1804", Some("831")));
    assert_eq!(ninety_three.ask(&echo).now[0].text(39).as_deref(), Some("811"), "as the rules say");
}

#[test]
fn a_request_that_does_not_decode_is_answered_with_the_field_at_fault() {
    let mut line = line("iso87-ascii", "");
    let mut body = BytesMut::new();
    line.purchase(42).encode(&mut body).expect("it fits");
    let mut out = BytesMut::new();
    let cut = body.split_to(body.len() - 2).freeze();
    line.bank.handle(&Header::new(), cut, &TODAY, &mut Turn::new(&mut out));
    let Ok(Some(Frame::Message { body, .. })) = line.bank.framing.split(&mut out) else { panic!("a frame") };
    let answer = line.dialect.decode(body).expect("an answer");
    assert_eq!((answer.text(39).as_deref(), answer.text(44).as_deref()), (Some("30"), Some("049")));
    assert_eq!(line.bank.books().totals().unreadable, 1);
}

#[test]
fn the_report_masks_card_numbers() {
    let mut line = line("iso87-ascii", "[[rule]]\nname = 'a card'\ncard = '4111111111111111'\n");
    let request = line.purchase(42);
    line.ask(&request);
    let mut json = Vec::new();
    report::write_json(&line.bank, &mut json).expect("a vector takes everything");
    let json = String::from_utf8(json).expect("UTF-8");
    assert!(json.contains("411111******1111") && !json.contains("4111111111111111"), "{json}");
    let parsed: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!(parsed["entries"][0]["stan"], 42);
    assert_eq!(parsed["rules"][0]["fired"], 1);
}
