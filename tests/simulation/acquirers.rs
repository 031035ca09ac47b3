//! Model acquirers: what they send, what they do when nobody answers, and what they believe in the end.
//!
//! Each payment has a front end of its own that behaves as real ones do: its timer is longer than the switch's; what is not
//! answered it repeats or reverses out of its own store until it is; some just vanish.

use crate::{
    holds::{Step, steps},
    random::Random,
    story::tell,
};
use banklink::switch::AcquirerId;
use banklink_protocol::{Dialect, Message};
use std::sync::Arc;

const MILLI: u64 = 1_000_000;
const SECOND: u64 = 1_000 * MILLI;

/// One message sent to the switch, on a session of its own.
pub(crate) struct Request {
    pub(crate) payment: usize,
    pub(crate) message: Message,
    pub(crate) kind: Kind,
    pub(crate) arrived: u64,
    /// The session has ended: no answer can come any more.
    pub(crate) closed: bool,
    pub(crate) answered: bool,
    /// Its past was read back first; then it may have joined a payment that came after it, or got no answer.
    pub(crate) waited: bool,
    /// The life of the switch that it came to.
    pub(crate) life: u64,
    /// The life of the switch that was told of its session's end.
    pub(crate) gone: Option<u64>,
}

/// What a message is to its payment.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    /// The payment itself, the first time or again.
    Payment,
    /// The same key with another amount, by mistake.
    Wrong,
    /// It is taken back: so much is left.
    Reversal { left: u64 },
    /// An advice.
    Advice,
}

/// What the acquirer believes of a payment.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Belief {
    /// It does not know.
    Nothing,
    Approved {
        amount: u64,
    },
    /// Declined, or timed out, which is the same to it.
    Refused {
        code: String,
    },
    /// Its reversal was acknowledged.
    Reversed,
    /// Its advice was.
    Advised,
}

/// What it does when nobody answers in time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Unanswered {
    Repeat,
    Reverse,
    Vanish,
}

/// The front end of one payment.
#[derive(Debug)]
pub(crate) struct Agent {
    pub(crate) acquirer: AcquirerId,
    pub(crate) message: Message,
    pub(crate) starts: u64,
    unanswered: Unanswered,
    /// Its own timer.
    patience: u64,
    /// Takes the payment back after its approval: so much is left.
    cancels: Option<u64>,
    /// Reverses also what it was told has timed out.
    doubts: bool,
    /// Its reversal comes before the payment does.
    pub(crate) hasty: bool,
    /// It did.
    overtaken: bool,
    pub(crate) advice: bool,
    /// What follows it once it is approved, by number.
    pub(crate) followers: Vec<usize>,
    released: bool,
    /// It follows another.
    pub(crate) follows: bool,
    /// It has sent something.
    pub(crate) begun: bool,
    pub(crate) belief: Belief,
    /// The reversal that has no answer yet.
    reversal: Option<(Message, u64)>,
    reversals: u32,
    /// Is anything of it out or to be done?
    pub(crate) busy: bool,
    /// It asked, and went away before the answer.
    pub(crate) vanished: bool,
    /// An answer was written for it that it may not have read.
    pub(crate) maybe_told: bool,
}

/// What a front end does next.
pub(crate) enum Next {
    Nothing,
    /// Sends this after a while.
    Send {
        message: Box<Message>,
        kind: Kind,
        after: u64,
    },
}

/// The terminal names the transaction; no two share it.
pub(crate) fn terminal(payment: usize) -> String {
    format!("T{payment:07}")
}

/// A message is named by its terminal and its local time, which differ within a transaction.
pub(crate) fn name_of(message: &Message) -> String {
    format!("{} {}", message.text(41).unwrap(), message.text(12).unwrap())
}

const CARDS: [&str; 4] = ["4111111111111111", "5500000000000004", "340000000000009", "6011000000000004"];

/// A purchase (or an advice of one). The amount says what the bank will do with it.
fn purchase(dialect: &Arc<Dialect>, payment: usize, random: &mut Random) -> Message {
    let mut message = Message::new(dialect, "0200".parse().unwrap());
    let amount = 1000 + random.below(100_000);
    let known = if random.chance(5) { 4 } else { 3 };
    let card = CARDS[random.below(known) as usize];
    let stan = format!("{:06}", 1 + random.below(50));
    let rrn = format!("R{payment:011}");
    let kind = if random.chance(4) { "310000" } else { "000000" };
    for (field, value) in [
        (3, kind),
        (4, &format!("{amount:012}")),
        (7, "1123031846"),
        (11, &stan),
        (12, "031846"),
        (13, "1123"),
        (32, "12345"),
        (37, &rrn),
        (41, &terminal(payment)),
        (42, "MERCHANT0000001"),
        (49, "840"),
    ] {
        message.set(field, value.as_bytes()).unwrap();
    }
    if random.chance(20) {
        message.set(35, format!("{card}=29121010000000000000").as_bytes()).unwrap();
        message.set(52, &[7; 8]).unwrap();
    } else {
        message.set(2, card.as_bytes()).unwrap();
        message.set(14, b"2912").unwrap();
    }
    message
}

/// The front ends of one seed, which begin within `span` nanoseconds.
pub(crate) fn plan(dialect: &Arc<Dialect>, random: &mut Random, span: u64) -> Vec<Agent> {
    let count = 60 + random.below(80) as usize;
    let mut agents: Vec<Agent> = Vec::new();
    for payment in 0..count {
        let mut message = purchase(dialect, payment, random);
        let advice = random.chance(8);
        if advice {
            message.set_mti("0220".parse().unwrap());
            message.set(39, b"00").unwrap();
            message.remove(35);
            message.remove(52);
        }
        agents.push(agent(message, advice, random, span));
    }
    for _ in 0..2 + random.below(6) {
        let payment = agents.len();
        let mut message = purchase(dialect, payment, random);
        message.set_mti("0100".parse().unwrap());
        message.set(3, b"000000").unwrap();
        let steps = steps(&message, random);
        let mut hold = agent(message, false, random, span);
        hold.followers = (1..=steps.len()).map(|step| payment + step).collect();
        if steps.iter().any(|(step, _)| *step == Step::Increment) {
            // A part of all together is left, which a bank that knows each by itself cannot say.
            hold.cancels = hold.cancels.map(|_| 0);
        }
        let acquirer = hold.acquirer;
        agents.push(hold);
        for (step, message) in steps {
            let follower = agent(message, step == Step::Advice, random, span);
            agents.push(Agent { acquirer, follows: true, busy: false, ..follower });
        }
    }
    agents
}

fn agent(message: Message, advice: bool, random: &mut Random, span: u64) -> Agent {
    let amount = message.number(4).unwrap();
    Agent {
        acquirer: AcquirerId(random.below(2) as u16),
        message,
        starts: random.below(span),
        unanswered: match random.below(10) {
            _ if advice => Unanswered::Repeat,
            0..=4 => Unanswered::Repeat,
            5..=7 => Unanswered::Reverse,
            _ => Unanswered::Vanish,
        },
        patience: 4 * SECOND + random.below(4 * SECOND),
        cancels: random.chance(18).then(|| if random.chance(70) { 0 } else { amount / 4 }),
        doubts: random.chance(40),
        hasty: !advice && random.chance(2),
        overtaken: false,
        advice,
        followers: Vec::new(),
        released: false,
        follows: false,
        begun: false,
        belief: Belief::Nothing,
        reversal: None,
        reversals: 0,
        busy: true,
        vanished: false,
        maybe_told: false,
    }
}

impl Agent {
    /// Its first message.
    pub(crate) fn first(&mut self, random: &mut Random) -> (Message, Kind) {
        self.begun = true;
        if self.hasty {
            return self.reverse(0, random);
        }
        (self.message.clone(), if self.advice { Kind::Advice } else { Kind::Payment })
    }

    /// What follows it, once it is known to be approved. Once.
    pub(crate) fn released(&mut self) -> Vec<usize> {
        let approved = matches!(self.belief, Belief::Approved { .. });
        if approved && !std::mem::replace(&mut self.released, approved) { self.followers.clone() } else { Vec::new() }
    }

    /// Does it see its payment through?
    pub(crate) fn stays(&self) -> bool {
        self.unanswered != Unanswered::Vanish
    }

    /// How long it waits for an answer.
    pub(crate) fn patience(&self) -> u64 {
        self.patience
    }

    /// An answer to one of its messages.
    pub(crate) fn answered(&mut self, payment: usize, kind: Kind, answer: &Message, random: &mut Random) -> Next {
        let code = answer.text(39).unwrap();
        self.maybe_told &= kind != Kind::Payment;
        match kind {
            // (Nobody minds the amount of an inquiry that was refused before and comes again.)
            Kind::Wrong => {
                let approved = matches!(&*code, "00" | "10") && self.message.text(3).as_deref() != Some("310000");
                assert!(!approved, "front end {payment}: another amount under the same key is not approved");
                Next::Nothing
            }
            Kind::Payment => self.told(payment, &code, answer.number(4).unwrap(), random),
            Kind::Advice if code == "00" => {
                (self.belief, self.busy) = (Belief::Advised, false);
                Next::Nothing
            }
            Kind::Advice if code == "96" || code == "91" => self.advise_again(),
            Kind::Advice => {
                (self.belief, self.busy) = (Belief::Refused { code }, false);
                Next::Nothing
            }
            Kind::Reversal { left } => self.reversed(payment, &code, left, random),
        }
    }

    fn told(&mut self, payment: usize, code: &str, amount: u64, random: &mut Random) -> Next {
        if matches!(self.belief, Belief::Approved { .. }) || self.reversal.is_some() {
            // A resend of its own crossed with what it knows already.
            return Next::Nothing;
        }
        self.busy = false;
        if self.belief == Belief::Reversed {
            // An answer of before may cross with that of its reversal; what came after its reversal is never approved.
            let approved = matches!(code, "00" | "10");
            assert!(!approved || !self.overtaken, "front end {payment}: what was taken back is not approved");
            return Next::Nothing;
        }
        if code == "00" || code == "10" {
            self.belief = Belief::Approved { amount };
            if let Some(left) = self.cancels.take()
                && left < amount
            {
                let (message, kind) = self.reverse(left, random);
                return self.later(message, kind, MILLI + random.below(6 * SECOND));
            }
            return Next::Nothing;
        }
        tell(|| format!("front end {payment} is told {code}"));
        self.belief = Belief::Refused { code: code.to_owned() };
        if code == "68" && self.doubts {
            let (message, kind) = self.reverse(0, random);
            return self.later(message, kind, MILLI + random.below(SECOND));
        }
        Next::Nothing
    }

    fn reversed(&mut self, payment: usize, code: &str, left: u64, random: &mut Random) -> Next {
        let Some((message, _)) = self.reversal.clone() else { return Next::Nothing };
        if code == "96" || code == "91" {
            return self.later(again(message), Kind::Reversal { left }, SECOND + random.below(SECOND));
        }
        assert!(matches!(code, "00" | "25" | "64"), "front end {payment}: its reversal is answered {code}");
        self.reversal = None;
        self.busy = false;
        match (&self.belief, left) {
            (Belief::Approved { .. }, left) if left > 0 && code == "00" => {
                self.belief = Belief::Approved { amount: left }
            }
            (Belief::Approved { .. }, _) => {
                assert_eq!(code, "00", "front end {payment}: what was approved can be reversed");
                self.belief = Belief::Reversed;
            }
            _ => self.belief = Belief::Reversed,
        }
        if self.hasty {
            // Now the payment itself, which was held up on the way.
            (self.hasty, self.overtaken) = (false, true);
            let message = self.message.clone();
            return self.later(message, Kind::Payment, MILLI + random.below(3 * SECOND));
        }
        Next::Nothing
    }

    /// Nobody answered in time, or the session ended.
    pub(crate) fn unanswered(&mut self, kind: Kind, random: &mut Random) -> Next {
        let pause = 200 * MILLI + random.below(SECOND);
        match kind {
            Kind::Wrong => Next::Nothing,
            Kind::Advice => self.advise_again(),
            Kind::Reversal { left } => match self.reversal.clone() {
                Some((message, _)) => self.later(again(message), Kind::Reversal { left }, pause),
                None => Next::Nothing,
            },
            // What it knows already, it does not ask again; but a resend of what was refused may have been taken.
            Kind::Payment if !matches!(self.belief, Belief::Nothing | Belief::Refused { .. }) => {
                self.busy = self.reversal.is_some();
                Next::Nothing
            }
            Kind::Payment if self.reversal.is_some() => Next::Nothing,
            Kind::Payment => match self.unanswered {
                Unanswered::Repeat => self.later(again(self.message.clone()), Kind::Payment, pause),
                Unanswered::Reverse => {
                    let (message, kind) = self.reverse(0, random);
                    self.later(message, kind, pause)
                }
                Unanswered::Vanish => {
                    (self.busy, self.vanished) = (false, true);
                    Next::Nothing
                }
            },
        }
    }

    fn advise_again(&mut self) -> Next {
        self.later(again(self.message.clone()), Kind::Advice, SECOND)
    }

    fn later(&mut self, message: Message, kind: Kind, after: u64) -> Next {
        self.busy = true;
        Next::Send { message: Box::new(message), kind, after }
    }

    /// The message that takes it back; `left` of the amount stays.
    fn reverse(&mut self, left: u64, random: &mut Random) -> (Message, Kind) {
        let mut message = self.message.clone();
        message.set_mti(if random.chance(50) { "0400" } else { "0420" }.parse().unwrap());
        self.reversals += 1;
        let stan = format!("{:06}", 500 + self.reversals);
        let mti = self.message.mti();
        let original = format!("{mti}{}{}{:011}{:011}", message.text(11).unwrap(), message.text(7).unwrap(), 12345, 0);
        message.remove(52);
        message.remove(38);
        // A reversal always says of which card; some say by track 2, which is not to reach the bank. The RRN of a transaction
        // names its first message.
        if self.follows || random.chance(70) {
            message.set(11, stan.as_bytes()).unwrap();
            message.set(7, b"1123031950").unwrap();
            message.set(90, original.as_bytes()).unwrap();
        } else {
            // By its RRN alone.
            message.set(11, stan.as_bytes()).unwrap();
            message.set(7, b"1123031951").unwrap();
        }
        if left > 0 {
            let amounts = format!("{left:012}{:012}C00000000C00000000", 0);
            message.set(95, amounts.as_bytes()).unwrap();
        }
        self.reversal = Some((message.clone(), left));
        (message, Kind::Reversal { left })
    }
}

/// The same again, as a repeat.
fn again(mut message: Message) -> Message {
    let mti = message.mti().repeat();
    message.set_mti(mti);
    message
}

/// A resend by mistake or out of impatience: as it was, with the repeat bit, with a new DE7, or with another amount.
pub(crate) fn resend(message: &Message, random: &mut Random) -> (Message, Kind) {
    let mut again = message.clone();
    match random.below(5) {
        0 => {}
        1 | 2 => again.set_mti(message.mti().repeat()),
        3 => again.set(7, b"1123031900").unwrap(),
        _ => {
            again.set(4, b"000000000777").unwrap();
            return (again, Kind::Wrong);
        }
    }
    (again, Kind::Payment)
}
