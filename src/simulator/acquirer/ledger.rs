//! What is on its way: one slot for each STAN, so that every answer is held against its request, and an answer that
//! comes twice, late or to nothing is told from a good one.
//!
//! The table has a fixed size, 40 bytes × 999,999 STANs; only the part in use is touched.

use crate::simulator::payment::{Text, text};
use banklink_protocol::{Message, Mti};

/// STANs run from 1 to this (DE11, n6).
pub const STANS: u32 = 999_999;

/// How far a request is.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum State {
    #[default]
    Free,
    Waiting,
    Answered,
    /// Given up after the time-out.
    Missed,
    /// Sent again and again until it is answered.
    Stored,
    /// Its reversal is stored.
    Reversing,
}

/// What was sent.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) enum Kind {
    #[default]
    Payment,
    Reversal,
}

/// What was sent under a STAN.
#[derive(Clone, Copy, Default)]
pub struct Slot {
    /// When it was meant to leave, nanoseconds since the start of the run.
    pub sent: u64,
    /// DE4, minor units; 0 where the message has none.
    pub amount: u64,
    /// DE7 as a number.
    pub transmission: u32,
    /// The first six digits of DE37 as a number.
    pub rrn: u32,
    /// The connection it left on.
    pub connection: u16,
    /// The card, by its place in the template.
    pub card: u16,
    /// Of a reversal: the STAN of its original.
    pub(super) of: u32,
    /// What it is.
    pub(super) kind: Kind,
    /// How far it is.
    pub(super) state: State,
    /// It was repeated or reversed: more than one answer may come.
    pub(super) followed: bool,
}

/// What an answer turned out to be.
#[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It answers what was sent.
    Right,
    /// Its request was answered already.
    Doubled,
    /// Its request had been given up.
    Late,
    /// No request has its STAN.
    Unknown,
    /// It came on another connection than its request.
    WrongConnection,
    /// Its MTI does not answer the request's.
    WrongMti,
    /// DE7 differs.
    WrongTransmission,
    /// DE37 differs.
    WrongRrn,
    /// DE41 differs.
    WrongTerminal,
    /// DE4 differs.
    WrongAmount,
    /// It has no response code.
    NoCode,
    /// It does not decode.
    Unreadable,
    /// No answer came in time.
    Missing,
}

impl Verdict {
    /// Everything that is an error.
    pub const ERRORS: [Self; 12] = [
        Self::Missing,
        Self::Doubled,
        Self::Late,
        Self::Unknown,
        Self::WrongConnection,
        Self::WrongMti,
        Self::WrongTransmission,
        Self::WrongRrn,
        Self::WrongTerminal,
        Self::WrongAmount,
        Self::NoCode,
        Self::Unreadable,
    ];

    /// As people read it.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::Right => "right",
            Self::Doubled => "answered twice",
            Self::Late => "late answer",
            Self::Unknown => "answer to nothing",
            Self::WrongConnection => "wrong connection",
            Self::WrongMti => "wrong MTI",
            Self::WrongTransmission => "wrong DE7",
            Self::WrongRrn => "wrong RRN",
            Self::WrongTerminal => "wrong terminal",
            Self::WrongAmount => "wrong amount",
            Self::NoCode => "no response code",
            Self::Unreadable => "unreadable",
            Self::Missing => "no answer",
        }
    }
}

/// Which fields the template has: only those are compared.
#[derive(Clone, Debug)]
pub struct Expected {
    /// The MTI every answer must have.
    pub mti: Mti,
    /// The MTI every answer to a reversal must have; `None` where none are sent.
    pub reversal: Option<Mti>,
    /// DE4 is compared.
    pub amount: bool,
    /// DE7 is compared.
    pub transmission: bool,
    /// DE37 is compared.
    pub rrn: bool,
    /// DE41 of each terminal of the template; empty: not compared.
    pub terminals: Vec<Text<8>>,
}

/// All STANs.
pub struct Ledger {
    slots: Vec<Slot>,
    next: u32,
    oldest: u32,
    expected: Expected,
}

impl Ledger {
    /// Nothing sent yet.
    #[must_use]
    pub fn new(expected: Expected) -> Self {
        Self { slots: vec![Slot::default(); STANS as usize + 1], next: 1, oldest: 1, expected }
    }

    /// Reversals are sent too: what answers them.
    pub(super) fn expects_reversals(&mut self, answer: Option<Mti>) {
        self.expected.reversal = answer;
    }

    /// Takes the next STAN that is not waiting; `None` where all are.
    pub fn open(&mut self, slot: Slot) -> Option<u32> {
        for _ in 0..STANS {
            let stan = self.next;
            self.next = stan % STANS + 1;
            let place = &mut self.slots[stan as usize];
            if matches!(place.state, State::Free | State::Answered | State::Missed) {
                *place = Slot { state: State::Waiting, ..slot };
                return Some(stan);
            }
        }
        None
    }

    /// What was sent last under a STAN.
    pub(super) fn slot(&self, stan: u32) -> &Slot {
        &self.slots[stan as usize]
    }

    /// A stored message is on another stage.
    pub(super) fn change(&mut self, stan: u32, state: State) {
        let slot = &mut self.slots[stan as usize];
        slot.state = state;
        slot.followed = true;
    }

    /// Tells of every payment that is not settled.
    pub(super) fn left(&self, mut each: impl FnMut(u32, &Slot)) {
        for (slot, stan) in self.slots.iter().zip(0..) {
            let open = matches!(slot.state, State::Waiting | State::Stored | State::Reversing);
            if open && slot.kind == Kind::Payment {
                each(stan, slot);
            }
        }
    }

    /// Holds an answer against its request. Anything but `Right` leaves the request waiting; so does `Right` where the
    /// request is stored, for its code may ask for another try.
    pub fn check(&mut self, connection: u16, answer: &Message) -> (Verdict, Slot) {
        let stan = answer.number(11).filter(|stan| *stan <= u64::from(STANS)).unwrap_or_default() as usize;
        let slot = self.slots[stan];
        let verdict = match slot.state {
            State::Free => Verdict::Unknown,
            State::Answered if self.compare(&slot, stan as u32, connection, answer) == Verdict::Right => {
                Verdict::Doubled
            }
            State::Missed if self.compare(&slot, stan as u32, connection, answer) == Verdict::Right => Verdict::Late,
            State::Answered | State::Missed => Verdict::Unknown,
            State::Waiting => self.compare(&slot, stan as u32, connection, answer),
            // Asked on more than one connection by now, the peer may answer on any of ours.
            State::Stored | State::Reversing => self.compare(&slot, stan as u32, slot.connection, answer),
        };
        if verdict == Verdict::Right && slot.state == State::Waiting {
            self.slots[stan].state = State::Answered;
        }
        (verdict, slot)
    }

    fn compare(&self, slot: &Slot, stan: u32, connection: u16, answer: &Message) -> Verdict {
        let expected = &self.expected;
        let (mti, of) = match slot.kind {
            Kind::Payment => (Some(expected.mti), stan),
            Kind::Reversal => (expected.reversal, slot.of),
        };
        let rrn = u64::from(slot.rrn) * 1_000_000 + u64::from(of);
        let terminal = |terminals: &[Text<8>]| terminals[usize::from(slot.connection) % terminals.len()];
        if Some(answer.mti()) != mti {
            Verdict::WrongMti
        } else if slot.connection != connection {
            Verdict::WrongConnection
        } else if expected.transmission && answer.number(7) != Some(slot.transmission.into()) {
            Verdict::WrongTransmission
        } else if expected.rrn && answer.array::<12>(37).and_then(digits) != Some(rrn) {
            Verdict::WrongRrn
        } else if !expected.terminals.is_empty() && text::<8>(answer, 41) != terminal(&expected.terminals) {
            Verdict::WrongTerminal
        } else if expected.amount && answer.number(4) != Some(slot.amount) {
            Verdict::WrongAmount
        } else if !answer.has(39) {
            Verdict::NoCode
        } else {
            Verdict::Right
        }
    }

    /// Gives up what was sent before `before` and tells `lost` of each.
    pub fn expire(&mut self, before: u64, mut lost: impl FnMut(u32, &Slot)) {
        while self.oldest != self.next {
            let slot = &mut self.slots[self.oldest as usize];
            if slot.state == State::Waiting {
                if slot.sent >= before {
                    return;
                }
                slot.state = State::Missed;
                lost(self.oldest, slot);
            }
            self.oldest = self.oldest % STANS + 1;
        }
    }

    /// Gives up all that waits on a connection that ended. Looks at every STAN: an ended connection is rare.
    pub fn abandon(&mut self, connection: u16, mut lost: impl FnMut(u32, &Slot)) {
        for (slot, stan) in self.slots.iter_mut().zip(0..) {
            if slot.state == State::Waiting && slot.connection == connection {
                slot.state = State::Missed;
                lost(stan, slot);
            }
        }
    }

    /// DE37 of what was sent under a STAN.
    #[must_use]
    pub fn rrn(slot: &Slot, stan: u32) -> Text<12> {
        Text::of(format!("{:06}{stan:06}", slot.rrn).as_bytes())
    }
}

fn digits(text: [u8; 12]) -> Option<u64> {
    text.iter().try_fold(0, |n, digit| digit.is_ascii_digit().then(|| n * 10 + u64::from(digit - b'0')))
}

#[cfg(test)]
mod tests {
    use super::*;
    use banklink_protocol::Dialect;

    const CONNECTION: u16 = 3;

    fn mti(digits: [u8; 4]) -> Mti {
        Mti::from_digits(digits).expect("an MTI")
    }

    fn ledger() -> (Ledger, u32) {
        let terminals = ["TERM0000", "TERM0001"].map(|name| Text::of(name.as_bytes())).to_vec();
        let (mti, reversal) = (mti(*b"0210"), None);
        let mut ledger =
            Ledger::new(Expected { mti, reversal, amount: true, transmission: true, rrn: true, terminals });
        let slot = Slot {
            sent: 10,
            amount: 500,
            transmission: 1_123_071_201,
            rrn: 632_707,
            connection: CONNECTION,
            ..Slot::default()
        };
        let stan = ledger.open(slot).expect("a free STAN");
        (ledger, stan)
    }

    fn answer(stan: u32) -> Message {
        let dialect = Dialect::named("iso87-ascii").expect("shipped");
        let mut answer = Message::new(&dialect, mti(*b"0210"));
        let rrn = format!("632707{stan:06}");
        let fields: [(u8, &[u8]); 5] =
            [(4, b"000000000500"), (7, b"1123071201"), (37, rrn.as_bytes()), (39, b"00"), (41, b"TERM0001")];
        for (field, value) in fields {
            answer.set(field, value).expect("it fits");
        }
        answer.set_number(11, stan.into()).expect("it fits");
        answer
    }

    #[test]
    fn the_right_answer_is_right_once() {
        let (mut ledger, stan) = ledger();
        let (verdict, slot) = ledger.check(CONNECTION, &answer(stan));
        assert_eq!((verdict, slot.sent), (Verdict::Right, 10));
        assert_eq!(ledger.check(CONNECTION, &answer(stan)).0, Verdict::Doubled);
    }

    #[test]
    fn every_wrong_field_is_found_and_the_request_goes_on_waiting() {
        let (mut ledger, stan) = ledger();
        let wrong = |field: u8, value: &[u8]| {
            let mut answer = answer(stan);
            answer.set(field, value).expect("it fits");
            answer
        };
        let mut mti_wrong = answer(stan);
        mti_wrong.set_mti(mti(*b"0110"));
        let mut no_code = answer(stan);
        no_code.remove(39);
        for (planted, verdict) in [
            (mti_wrong, Verdict::WrongMti),
            (wrong(7, b"1123071202"), Verdict::WrongTransmission),
            (wrong(37, b"632707000999"), Verdict::WrongRrn),
            (wrong(41, b"TERM0000"), Verdict::WrongTerminal),
            (wrong(4, b"000000000501"), Verdict::WrongAmount),
            (wrong(11, b"000999"), Verdict::Unknown),
            (no_code, Verdict::NoCode),
        ] {
            assert_eq!(ledger.check(CONNECTION, &planted).0, verdict);
        }
        assert_eq!(ledger.check(CONNECTION + 1, &answer(stan)).0, Verdict::WrongConnection);
        assert_eq!(ledger.check(CONNECTION, &answer(stan)).0, Verdict::Right);
    }

    #[test]
    fn a_missing_answer_is_told_once_and_one_that_comes_after_is_late() {
        let (mut ledger, stan) = ledger();
        let mut lost = Vec::new();
        ledger.expire(10, |stan, _| lost.push(stan));
        assert!(lost.is_empty(), "not older than the moment given");
        ledger.expire(11, |stan, _| lost.push(stan));
        ledger.expire(12, |stan, _| lost.push(stan));
        assert_eq!(lost, [stan]);
        assert_eq!(ledger.check(CONNECTION, &answer(stan)).0, Verdict::Late);
    }

    #[test]
    fn what_waits_on_an_ended_connection_is_given_up() {
        let (mut ledger, stan) = ledger();
        let mut lost = Vec::new();
        ledger.abandon(CONNECTION + 1, |stan, _| lost.push(stan));
        ledger.abandon(CONNECTION, |stan, _| lost.push(stan));
        assert_eq!(lost, [stan]);
    }

    #[test]
    fn a_stan_in_use_is_skipped_when_they_wrap() {
        let (mut ledger, first) = ledger();
        for _ in 0..STANS - 1 {
            let stan = ledger.open(Slot { connection: 9, ..Slot::default() }).expect("a free STAN");
            assert_ne!(stan, first);
        }
        assert_eq!(ledger.open(Slot::default()), None, "all wait");
        ledger.abandon(9, |_, _| {});
        assert_ne!(ledger.open(Slot::default()), Some(first), "still waiting");
    }
}
