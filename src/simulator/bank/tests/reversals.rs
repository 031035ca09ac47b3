//! Messages that come again, and reversals: what a bank has to do with a switch that delivers until it is answered.

use super::*;
use banklink_protocol::Mti;

const DE7: &str = "0101000000";

impl Line {
    /// A reversal of the purchase under `of`, DE11 `stan`.
    fn reversal(&self, mti: &[u8; 4], stan: u32, of: u32) -> Message {
        let mut message = self.purchase(stan);
        message.set_mti(Mti::from_digits(*mti).expect("an MTI"));
        message.remove(35);
        let time = self.purchase(of).text(12).expect("the template has it");
        let (field, original) = match self.dialect.version() {
            Version::V1987 => (90, format!("0200{of:06}{DE7}0000012345600000000000")),
            _ => (56, format!("1200{of:06}{time}06123456")),
        };
        message.set(field, original.as_bytes()).expect("it fits");
        message
    }

    /// DE39 of the one answer; `None` where there is none.
    fn code(&mut self, request: &Message) -> Option<String> {
        let replies = self.ask(request);
        assert!(replies.now.len() < 2, "{} answers", replies.now.len());
        replies.now.first().map(|answer| answer.text(39).expect("a code"))
    }

    /// Payments on the books, their sum.
    fn booked(&self) -> (u64, u128) {
        (self.bank.books().totals().booked, self.bank.books().totals().booked_minor)
    }

    fn codes<const N: usize>(&mut self, request: &Message) -> [Option<String>; N] {
        std::array::from_fn(|_| self.code(request))
    }
}

fn some<const N: usize>(codes: [&str; N]) -> [Option<String>; N] {
    codes.map(|code| (!code.is_empty()).then(|| code.to_owned()))
}

fn repeated(message: &Message) -> Message {
    let mut message = message.clone();
    message.set_mti(message.mti().repeat());
    message
}

#[test]
fn a_reversal_finds_its_original_by_the_original_data() {
    for (dialect, mti, accepted, unknown) in [
        ("iso87-ascii", b"0420", "00", "25"),
        ("iso87-bcd", b"0400", "00", "25"),
        ("iso93-ascii", b"1420", "400", "914"),
    ] {
        let mut line = line(dialect, "");
        let request = line.purchase(42);
        line.ask(&request);
        let reversal = line.reversal(mti, 43, 42);
        assert_eq!(line.code(&reversal).as_deref(), Some(accepted), "{dialect}");
        assert_eq!((line.booked().0, line.bank.books().totals().reversed), (0, 1));
        let other = line.reversal(mti, 44, 99);
        assert_eq!(line.code(&other).as_deref(), Some(unknown), "{dialect}");
    }
}

#[test]
fn a_reversal_that_comes_again_is_answered_as_before() {
    let mut line = line("iso87-ascii", "");
    let request = line.purchase(42);
    line.ask(&request);
    let reversal = line.reversal(b"0420", 43, 42);
    assert_eq!(line.code(&reversal).as_deref(), Some("00"));
    let again = repeated(&reversal);
    assert_eq!(line.codes(&again), some(["00", "00"]));
    let totals = line.bank.books().totals();
    assert_eq!((totals.reversed, totals.reversed_again, totals.repeated, totals.booked), (1, 0, 2, 0));
    let other = line.reversal(b"0420", 44, 42);
    assert_eq!(line.code(&other).as_deref(), Some("94"), "another reversal of the same payment");
    let mut lenient = super::line("iso87-ascii", "already_reversed = '00'\nunknown_original = '00'");
    lenient.ask(&request);
    for stan in [43, 44] {
        let reversal = lenient.reversal(b"0400", stan, 42);
        assert_eq!(lenient.code(&reversal).as_deref(), Some("00"));
    }
    let unknown = lenient.reversal(b"0400", 45, 77);
    assert_eq!(lenient.code(&unknown).as_deref(), Some("00"));
}

#[test]
fn an_original_that_comes_after_its_reversal_is_declined() {
    for (rules, code) in [("", "05"), ("overtaken = '94'", "94")] {
        let mut line = line("iso87-ascii", rules);
        let reversal = line.reversal(b"0420", 43, 42);
        assert_eq!(line.code(&reversal).as_deref(), Some("25"));
        let request = line.purchase(42);
        assert_eq!(line.codes(&request), some([code, code]));
        assert_eq!((line.booked(), line.bank.books().totals().overtaken), ((0, 0), 1));
    }
}

#[test]
fn a_partial_reversal_books_the_rest() {
    let mut line = line("iso87-ascii", "");
    let request = line.purchase(42);
    line.ask(&request);
    let mut reversal = line.reversal(b"0420", 43, 42);
    reversal.set(95, b"000000000400000000000000000000000000000000").expect("it fits");
    assert_eq!(line.codes(&reversal), some(["00", "00"]));
    assert_eq!(line.booked(), (1, 400));

    let mut line = super::line("iso93-ascii", "");
    line.ask(&line.purchase(42));
    let mut reversal = line.reversal(b"1420", 43, 42);
    reversal.set(4, b"000000000300").expect("it fits");
    reversal.set(24, b"401").expect("it fits");
    assert_eq!(line.code(&reversal).as_deref(), Some("400"));
    assert_eq!(line.booked(), (1, 300));
}

#[test]
fn a_doubled_request_is_booked_once_and_counted() {
    let mut line = line("iso87-ascii", "");
    let request = line.purchase(42);
    let [first, second] = [line.ask(&request), line.ask(&request)];
    assert_eq!(first.now[0].text(38), second.now[0].text(38), "the same approval");
    line.ask(&repeated(&request));
    let totals = line.bank.books().totals();
    assert_eq!((totals.booked, totals.doubled, totals.repeated), (1, 1, 1));
    assert_eq!(line.bank.books().entries()[0].tries, 3);
}

#[test]
fn an_advice_that_comes_again_has_no_second_effect() {
    let mut line = line("iso87-ascii", "[[rule]]\nmti = '0220'\ntimes = 2\nanswer = '96'");
    let mut advice = line.purchase(42);
    advice.set_mti(Mti::from_digits(*b"0220").expect("an MTI"));
    assert_eq!(line.code(&advice).as_deref(), Some("96"));
    assert_eq!(line.codes(&repeated(&advice)), some(["96", "00", "00"]));
    assert_eq!((line.booked().0, line.bank.books().totals().doubled), (1, 0));
}

#[test]
fn a_bank_declines_or_is_silent_so_many_times_and_then_takes_the_reversal() {
    for (rules, answers, after_first) in [
        ("times = 2\nanswer = '96'", ["96", "96", "00", "00"], 1),
        ("times = 2\nthen = 'silence'", ["", "", "00", "00"], 1),
        ("times = 2\nthen = 'silence'\nbooks = true", ["", "", "00", "00"], 0),
    ] {
        let mut line = line("iso87-ascii", &format!("[[rule]]\nmti = '04'\n{rules}"));
        line.ask(&line.purchase(42));
        let reversal = line.reversal(b"0420", 43, 42);
        assert_eq!(line.code(&reversal), some([answers[0]])[0]);
        assert_eq!(line.booked().0, after_first, "{rules}");
        let again = repeated(&reversal);
        assert_eq!(line.codes(&again), some([answers[1], answers[2], answers[3]]), "{rules}");
        assert_eq!((line.booked().0, line.bank.books().totals().reversed), (0, 1), "{rules}");
    }
}

#[test]
fn a_reversal_may_be_answered_late_or_with_a_closed_connection() {
    let mut line = line("iso87-ascii", "[[rule]]\nmti = '0420'\ndelay = '2s'\n[[rule]]\nmti = '0400'\nthen = 'close'");
    line.ask(&line.purchase(42));
    let late = line.reversal(b"0420", 43, 42);
    assert_eq!(line.ask(&late).later, [Duration::from_secs(2)]);
    let closed = line.reversal(b"0400", 44, 42);
    assert_eq!(line.ask(&closed).close, Some(Duration::ZERO));
    assert_eq!(line.booked(), (0, 0));
}

#[test]
fn what_the_bank_never_saw_it_does_not_know() {
    let mut line = line("iso87-ascii", "[[rule]]\nmti = '0200'\nthen = 'silence'");
    let request = line.purchase(42);
    line.ask(&request);
    let reversal = line.reversal(b"0420", 43, 42);
    assert_eq!(line.code(&reversal).as_deref(), Some("25"));
    assert_eq!(line.code(&request).as_deref(), Some("05"), "and declines it when it comes after all");
}

#[test]
fn a_bank_that_is_killed_loses_nothing_it_answered() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("books.jsonl");
    let open = || {
        let Line { bank: Bank { dialect, framing, .. }, .. } = line("iso87-ascii", "");
        let books = Books::open(100, &path).expect("the file");
        let rules = Rules::approve_all(dialect.version());
        Line { bank: Bank::new("test", Arc::clone(&dialect), framing, rules, books), dialect }
    };
    let mut first = open();
    let (request, reversal) = (first.purchase(42), first.reversal(b"0420", 43, 42));
    let approval = first.ask(&request).now[0].text(38);
    first.code(&reversal);
    first.bank.commit().expect("written");
    drop(first);
    let mut second = open();
    assert_eq!(second.booked(), (0, 0));
    assert_eq!(second.ask(&request).now[0].text(38), approval, "the same answer");
    assert_eq!(second.code(&repeated(&reversal)).as_deref(), Some("00"));
    assert_eq!((second.booked(), second.bank.books().entries().len()), ((0, 0), 2));
}
