//! A model bank: its books, and the ways in which it answers.

use crate::random::Random;
use banklink_protocol::Message;
use std::collections::HashMap;

/// What the bank did with one request.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) terminal: String,
    /// The amount booked, 0 for a decline.
    pub(crate) booked: u64,
}

/// One bank's books.
#[derive(Default)]
pub(crate) struct Bank {
    /// By STAN and DE7: what no peer may use twice.
    books: HashMap<(String, String), Entry>,
}

/// A message on its way back.
pub(crate) struct Reply {
    pub(crate) message: Message,
    pub(crate) after: u64,
}

const MILLI: u64 = 1_000_000;

impl Bank {
    pub(crate) fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.books.values()
    }

    /// A payment arrives: it is booked, and what is answered, when and how often, is chance.
    pub(crate) fn payment(&mut self, request: &Message, random: &mut Random) -> Vec<Reply> {
        let text = |field| request.text(field).unwrap();
        let asked = request.number(4).unwrap();
        let (code, booked) = match asked % 10 {
            0..=5 => ("00", asked),
            6 => ("10", asked / 2),
            7 | 8 => ("51", 0),
            _ => ("Z9", 0),
        };
        let entry = Entry { terminal: text(41), booked };
        let before = self.books.insert((text(11), text(7)), entry);
        assert!(before.is_none(), "STAN {} with DE7 {} came to a bank twice", text(11), text(7));
        let mut answer = request.clone();
        answer.set_mti(request.mti().response().unwrap());
        answer.remove(14);
        answer.set(39, code.as_bytes()).unwrap();
        if booked > 0 {
            answer.set_number(4, booked).unwrap();
            answer.set(38, b"A1B2C3").unwrap();
        }
        if random.chance(15) {
            answer.remove([2, 37, 41, 42][random.below(4) as usize]);
        }
        replies(answer, random)
    }
}

/// The right answer, possibly with wrong ones before it; in time, late, doubled or never.
fn replies(answer: Message, random: &mut Random) -> Vec<Reply> {
    let mut replies = Vec::new();
    let after = match random.below(20) {
        0..=14 => MILLI + random.below(900 * MILLI),
        15 | 16 => 2_900 * MILLI + random.below(200 * MILLI),
        17 | 18 => 3_000 * MILLI + random.below(3_000 * MILLI),
        _ => return replies,
    };
    if random.chance(12) {
        replies.push(Reply { message: spoil(answer.clone(), random), after: random.below(after) });
    }
    if random.chance(8) {
        replies.push(Reply { message: answer.clone(), after: after + random.below(800 * MILLI) });
    }
    if random.chance(97) {
        replies.push(Reply { message: answer, after });
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
        _ => answer.set_mti("0110".parse().unwrap()),
    }
    answer
}
