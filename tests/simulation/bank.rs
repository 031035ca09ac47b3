//! A model bank: its books, and the ways in which it answers. What it never does is forget, or book the same twice.

use crate::{acquirers::name_of, random::Random, story::tell};
use banklink_protocol::Message;
use std::collections::{BTreeMap, HashMap};

const MILLI: u64 = 1_000_000;
const SECOND: u64 = 1_000 * MILLI;

/// STAN and DE7: how a bank knows a message.
type Key = (String, String);

/// What the bank did with one request.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    /// Of terminal and local time.
    pub(crate) name: String,
    /// The amount booked now.
    pub(crate) booked: u64,
    /// What was approved, 0 for a decline.
    pub(crate) approved: u64,
    answer: Message,
}

/// A reversal or an advice as the bank has seen it.
struct Stored {
    code: String,
    /// How often it is still refused before it is taken.
    refusals: u64,
    refusal: &'static str,
}

/// One bank's books.
pub(crate) struct Bank {
    name: char,
    /// By STAN and DE7: what no peer may use twice for two payments.
    books: HashMap<Key, Entry>,
    stored: HashMap<Key, Stored>,
    /// Reversals whose original has not come.
    tombstones: HashMap<Key, String>,
    /// Does it remember those?
    remembers: bool,
    /// Advices taken, by the name of their message.
    pub(crate) advices: BTreeMap<String, u64>,
    /// Until when it says nothing at all.
    pub(crate) silent_until: u64,
    /// Full reversals that were taken, by original: there is to be one.
    taken: HashMap<Key, u64>,
}

/// A message on its way back.
pub(crate) struct Reply {
    pub(crate) message: Message,
    pub(crate) after: u64,
    /// Sent again and again until the payment is reversed: only what came after its reversal.
    pub(crate) insists: Option<Key>,
}

impl Bank {
    pub(crate) fn new(name: char, random: &mut Random) -> Self {
        Self {
            name,
            books: HashMap::new(),
            stored: HashMap::new(),
            tombstones: HashMap::new(),
            remembers: random.chance(50),
            advices: BTreeMap::new(),
            silent_until: 0,
            taken: HashMap::new(),
        }
    }

    pub(crate) fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.books.values()
    }

    /// Is this payment booked?
    pub(crate) fn is_booked(&self, key: &Key) -> bool {
        self.books.get(key).is_some_and(|entry| entry.booked > 0)
    }

    /// A message arrives.
    pub(crate) fn takes(&mut self, request: &Message, now: u64, calm: bool, random: &mut Random) -> Vec<Reply> {
        let mut replies = match (request.mti().class(), request.mti().function()) {
            (4, _) => self.reversal(request, calm, random),
            (_, 2) => self.advice(request, calm, random),
            _ => self.payment(request, random),
        };
        if now < self.silent_until {
            replies.retain(|reply| reply.insists.is_some());
        }
        replies
    }

    /// A payment: it is booked, and what is answered, when and how often, is chance.
    fn payment(&mut self, request: &Message, random: &mut Random) -> Vec<Reply> {
        let text = |field| request.text(field).unwrap();
        let asked = request.number(4).unwrap();
        let key = (text(11), text(7));
        let overtaken = self.tombstones.remove(&key);
        let declined = overtaken.is_some() && self.remembers;
        let (code, booked) = match asked % 10 {
            _ if declined => ("12", 0),
            _ if text(3) == "310000" => ("00", 0),
            0..=5 => ("00", asked),
            6 => ("10", asked / 2),
            7 | 8 => ("51", 0),
            _ => ("Z9", if asked % 20 < 10 { asked } else { 0 }),
        };
        let mut answer = request.clone();
        answer.set_mti(request.mti().response().unwrap());
        for field in [14, 35, 52] {
            answer.remove(field);
        }
        answer.set(39, code.as_bytes()).unwrap();
        if booked > 0 {
            answer.set_number(4, booked).unwrap();
            answer.set(38, b"A1B2C3").unwrap();
        }
        let name = self.name;
        tell(|| format!("bank {name} takes {} {} of {}: {code}, books {booked}", request.mti(), text(11), text(41)));
        // It came after its reversal, to a bank that had no memory of that.
        let overtaken = overtaken.is_some() && booked > 0;
        let entry = Entry { name: name_of(request), booked, approved: booked, answer: answer.clone() };
        let before = self.books.insert(key.clone(), entry);
        assert!(before.is_none(), "STAN {} with DE7 {} came to a bank twice", text(11), text(7));
        if random.chance(15) {
            answer.remove([2, 37, 41, 42][random.below(4) as usize]);
        }
        let mut replies = replies(answer, random);
        if overtaken {
            // Nobody but its answer can tell the switch of it: it insists.
            let message = self.books[&key].answer.clone();
            replies.push(Reply { message, after: 4 * SECOND, insists: Some(key) });
        }
        replies
    }

    /// A reversal: of all or of a part, once.
    fn reversal(&mut self, request: &Message, calm: bool, random: &mut Random) -> Vec<Reply> {
        let text = |field| request.text(field).unwrap();
        for field in [35, 45, 52, 55] {
            assert!(!request.has(field), "a reversal never carries DE{field}");
        }
        let key = (text(11), text(7));
        let original = text(90);
        let original: Key = (original[4..10].to_owned(), original[10..20].to_owned());
        let fresh = !self.stored.contains_key(&key);
        let stored = self.stored.entry(key).or_insert_with(|| first_sight(calm, random));
        let name = self.name;
        if stored.refusals > 0 && stored.code.is_empty() {
            stored.refusals -= 1;
            let code = stored.refusal;
            tell(|| format!("bank {name} refuses {} {} for now: {code}", request.mti(), text(11)));
            return answered(request, code, calm, random);
        }
        if stored.code.is_empty() {
            let left = request.text(95).map_or(0, |amounts| amounts[..12].parse().unwrap());
            stored.code = match self.books.get_mut(&original) {
                Some(entry) => {
                    assert_eq!(entry.name, name_of(request), "a reversal is of its own payment");
                    if left == 0 && entry.booked > 0 {
                        *self.taken.entry(original.clone()).or_default() += 1;
                        assert_eq!(self.taken[&original], 1, "one full reversal of a payment takes effect");
                    }
                    let booked = entry.booked.min(left);
                    tell(|| format!("bank {name} reverses {} of {}: {booked} left", original.0, text(41)));
                    entry.booked = booked;
                    if entry.approved > 0 { "00" } else { "21" }.to_owned()
                }
                None => {
                    tell(|| format!("bank {name} knows no {} of {} (first seen: {fresh})", original.0, text(41)));
                    self.tombstones.insert(original, text(41));
                    if self.remembers && random.chance(50) { "00" } else { "25" }.to_owned()
                }
            };
        }
        let code = stored.code.clone();
        answered(request, &code, calm, random)
    }

    /// An advice: taken once.
    fn advice(&mut self, request: &Message, calm: bool, random: &mut Random) -> Vec<Reply> {
        let text = |field| request.text(field).unwrap();
        let key = (text(11), text(7));
        let stored = self.stored.entry(key).or_insert_with(|| first_sight(calm, random));
        if stored.refusals > 0 && stored.code.is_empty() {
            stored.refusals -= 1;
            let code = stored.refusal;
            return answered(request, code, calm, random);
        }
        if stored.code.is_empty() {
            stored.code = "00".to_owned();
            *self.advices.entry(name_of(request)).or_default() += 1;
            let name = self.name;
            tell(|| format!("bank {name} takes the advice {} of {}", text(11), text(41)));
        }
        let code = stored.code.clone();
        answered(request, &code, calm, random)
    }
}

/// How a bank takes a stored message it has never seen.
fn first_sight(calm: bool, random: &mut Random) -> Stored {
    let refusals = match random.below(10) {
        _ if calm => 0,
        0 => 1 + random.below(3),
        // More often than the switch bears.
        1 => 9,
        _ => 0,
    };
    let refusal = if refusals == 9 { "Z1" } else { ["91", "96", "Z1"][random.below(3) as usize] };
    Stored { code: String::new(), refusals, refusal }
}

/// An answer to a stored message: mostly one, sometimes none, or two.
fn answered(request: &Message, code: &str, calm: bool, random: &mut Random) -> Vec<Reply> {
    let mut answer = request.clone();
    answer.set_mti(request.mti().response().unwrap());
    answer.set(39, code.as_bytes()).unwrap();
    let longest = if random.chance(10) { 5 * SECOND } else { 500 * MILLI };
    let after = MILLI + random.below(longest);
    let reply = |after| Reply { message: answer.clone(), after, insists: None };
    match random.below(20) {
        0 | 1 if !calm => Vec::new(),
        2 => vec![reply(after), reply(after + random.below(SECOND))],
        _ => vec![reply(after)],
    }
}

/// The right answer, possibly with wrong ones before it; in time, late, doubled or never.
fn replies(answer: Message, random: &mut Random) -> Vec<Reply> {
    let mut replies = Vec::new();
    let reply = |message, after| Reply { message, after, insists: None };
    let after = match random.below(20) {
        0..=14 => MILLI + random.below(900 * MILLI),
        15 | 16 => 2_900 * MILLI + random.below(200 * MILLI),
        17 | 18 => 3_000 * MILLI + random.below(5_000 * MILLI),
        _ => return replies,
    };
    if random.chance(12) {
        replies.push(reply(spoil(answer.clone(), random), random.below(after)));
    }
    if random.chance(8) {
        replies.push(reply(answer.clone(), after + random.below(800 * MILLI)));
    }
    if random.chance(97) {
        replies.push(reply(answer, after));
    }
    replies
}

/// An answer that belongs to something else: none of these may ever complete a request.
fn spoil(mut answer: Message, random: &mut Random) -> Message {
    answer.set(39, b"00").unwrap();
    match random.below(8) {
        0 => answer.set_number(4, answer.number(4).unwrap() + 100).unwrap(),
        1 => answer.set(41, b"T9999999").unwrap(),
        2 => answer.set(2, b"30569309025904").unwrap(),
        3 => answer.set(7, b"0615120000").unwrap(),
        4 => answer.set(3, b"200000").unwrap(),
        5 => answer.set_mti("0230".parse().unwrap()),
        // Another number that shares its place in a small table of those in use.
        6 => answer.set_number(11, (answer.number(11).unwrap() + 64) % 1_000_000).unwrap(),
        _ => answer.set_mti(if answer.mti().class() == 1 { "0210" } else { "0110" }.parse().unwrap()),
    }
    answer
}
