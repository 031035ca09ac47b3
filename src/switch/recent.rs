//! The recent past: payments lately sent, found again by the names that what follows them uses. A bounded ring; the
//! oldest is forgotten first. (The journal's index answers for what is older.)

use super::ConnectionId;
use crate::record::{CardEnds, References};
use banklink_protocol::element::{OriginalData, Rrn, Stan};

/// Where a payment went, and under which names the bank knows it.
#[derive(Clone, Copy)]
pub(super) struct Past {
    pub(super) connection: ConnectionId,
    pub(super) original: OriginalData,
    /// DE37 as sent.
    pub(super) rrn: Option<Rrn>,
    pub(super) card: Option<CardEnds>,
    /// Did the bank answer it in time?
    pub(super) answered: bool,
    pub(super) references: References,
}

/// What a message that follows a payment says of it, beside the name it is looked up by.
#[derive(Clone, Copy, Default)]
pub(super) struct Likeness {
    /// The digest of RRN and terminal: of two payments under one name it tells which, where terminals count alike.
    pub(super) rrn: u64,
    /// What follows a payment is about the same card.
    pub(super) card: Option<CardEnds>,
}

impl Likeness {
    fn allows(&self, past: &Past) -> bool {
        self.card.is_none() || past.card.is_none() || self.card == past.card
    }
}

/// Names in one bucket of the index: a cache line.
const BUCKET: usize = 8;

/// A name in the index: the high half of its digest, and the number of the payment in the ring, counted from 1 (0 is an
/// empty place). A pair of integers, so that an empty table is fresh memory that nobody has to write.
type Name = [u32; 2];

/// The ring, and an index into it by digest: buckets of eight names, two buckets for each payment with its three names.
/// A crowded bucket forgets its oldest name early; in a full ring that befalls about one name in 30,000.
pub(super) struct Recent {
    ring: Vec<Past>,
    capacity: usize,
    /// The number of the next payment.
    next: u32,
    index: Box<[[Name; BUCKET]]>,
}

impl Recent {
    /// Remembers at most `capacity` payments.
    pub(super) fn new(capacity: usize) -> Self {
        let capacity = capacity.clamp(1, 1 << 28).next_power_of_two();
        let index = vec![[[0; 2]; BUCKET]; capacity * 2].into_boxed_slice();
        Self { ring: Vec::new(), capacity, next: 1, index }
    }

    /// Remembers a payment; the result is its number, for [`Recent::forget`].
    pub(super) fn insert(&mut self, past: Past) -> u32 {
        let number = self.next;
        let references = past.references;
        let place = self.place(number);
        if place < self.ring.len() {
            self.ring[place] = past;
        } else {
            self.ring.push(past);
        }
        for digest in [references.duplicate, references.trace, references.rrn] {
            if digest != 0 {
                self.name(digest, number);
            }
        }
        // Number 0 stands for nothing, also when the numbers come round.
        self.next = number.wrapping_add(1).max(1);
        number
    }

    /// Forgets a payment that was not sent after all, unless its place has gone to another.
    pub(super) fn forget(&mut self, number: u32, connection: ConnectionId, stan: Stan) {
        if let Some(past) = self.own(number, connection, stan) {
            past.references = References::default();
        }
    }

    /// Notes that the bank answered a payment, unless its place has gone to another.
    pub(super) fn answered(&mut self, number: u32, connection: ConnectionId, stan: Stan) {
        if let Some(past) = self.own(number, connection, stan) {
            past.answered = true;
        }
    }

    fn own(&mut self, number: u32, connection: ConnectionId, stan: Stan) -> Option<&mut Past> {
        let place = self.place(number);
        self.ring.get_mut(place).filter(|past| past.connection == connection && past.original.stan == stan)
    }

    /// By the duplicate key.
    pub(super) fn by_duplicate(&self, digest: u64) -> Option<&Past> {
        self.find(digest, Likeness::default(), |references| references.duplicate)
    }

    /// By acquirer, STAN and DE7 (or DE12).
    pub(super) fn by_trace(&self, digest: u64, like: Likeness) -> Option<&Past> {
        self.find(digest, like, |references| references.trace)
    }

    /// By acquirer, RRN and terminal.
    pub(super) fn by_rrn(&self, like: Likeness) -> Option<&Past> {
        self.find(like.rrn, like, |references| references.rrn)
    }

    /// The payment of this name that is most like this: the newest where several are.
    fn find(&self, digest: u64, like: Likeness, name: impl Fn(&References) -> u64) -> Option<&Past> {
        if digest == 0 {
            return None;
        }
        let named =
            self.index[self.bucket(digest)].iter().filter(|[other, number]| *number != 0 && *other == tag(digest));
        let pasts = named.filter_map(|&[_, number]| Some((number, self.ring.get(self.place(number))?)));
        let found = pasts.filter(|(_, past)| name(&past.references) == digest && like.allows(past));
        found.min_by_key(|(number, past)| (past.references.rrn != like.rrn, self.age(*number))).map(|(_, past)| past)
    }

    /// Puts a name into its bucket, in the place of the oldest.
    fn name(&mut self, digest: u64, number: u32) {
        let next = self.next;
        let bucket = self.bucket(digest);
        let age = |number: u32| if number == 0 { u32::MAX } else { next.wrapping_sub(number) };
        let oldest = self.index[bucket].iter_mut().max_by_key(|[_, number]| age(*number)).expect("a bucket has places");
        *oldest = [tag(digest), number];
    }

    const fn age(&self, number: u32) -> u32 {
        self.next.wrapping_sub(number)
    }

    const fn place(&self, number: u32) -> usize {
        (number as usize).wrapping_sub(1) & (self.capacity - 1)
    }

    const fn bucket(&self, digest: u64) -> usize {
        digest as usize & (self.index.len() - 1)
    }
}

const fn tag(digest: u64) -> u32 {
    (digest >> 32) as u32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::switch::BankId;
    use banklink_protocol::{Mti, element::Transmission};

    fn original(stan: u32) -> OriginalData {
        OriginalData {
            mti: Mti::from_packed(0x0200).unwrap(),
            stan: Stan(stan),
            transmission: Transmission(*b"1123031846"),
            acquirer: 0,
            forwarder: 0,
        }
    }

    #[test]
    fn finds_by_each_name_and_forgets_the_oldest() {
        let mut recent = Recent::new(4);
        let connection = ConnectionId { bank: BankId(0), slot: 0 };
        for stan in 1..=6u64 {
            let references = References { duplicate: stan, trace: stan + 100, rrn: 0 };
            let original = original(stan as u32);
            recent.insert(Past { connection, original, rrn: None, card: None, answered: false, references });
        }
        assert!(recent.by_duplicate(2).is_none(), "forgotten");
        assert!((3..=6).all(|digest| recent.by_duplicate(digest).is_some()));
        assert_eq!(recent.by_duplicate(6).unwrap().original.stan, Stan(6));
        assert_eq!(recent.by_trace(106, Likeness::default()).unwrap().original.stan, Stan(6));
        assert!(recent.by_rrn(Likeness::default()).is_none(), "no name, no payment");
        assert!(recent.by_trace(6, Likeness::default()).is_none(), "another kind of name");
        recent.forget(6, connection, Stan(5));
        assert!(recent.by_duplicate(6).is_some(), "another's place is left alone");
        recent.forget(6, connection, Stan(6));
        assert!(recent.by_duplicate(6).is_none() && recent.by_trace(106, Likeness::default()).is_none());
    }
}
