//! The recent past: payments lately received, found again by the names that what follows them uses, and what is to be said
//! to a resend. A bounded ring; the oldest is forgotten first. (The journal's index answers for what is older.)

use super::{AcquirerId, ConnectionId, answers::Answers, pending::Followed};
use crate::record::{Body, PaymentId, References};
use banklink_protocol::element::{OriginalData, ResponseCode, Rrn};

/// What became of a payment, and under which names the bank knows it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Past {
    pub(super) payment: PaymentId,
    pub(super) acquirer: AcquirerId,
    pub(super) standing: Standing,
    /// What a resend is told: DE39.
    pub(super) told: Option<ResponseCode>,
    /// DE4 as it stands: what was asked for, or the part of it that was approved or left by a partial reversal.
    pub(super) left: Option<u64>,
    /// DE4 as it was asked for.
    pub(super) asked: Option<u64>,
    pub(super) references: References,
    /// Where it went.
    sent: Option<(ConnectionId, OriginalData)>,
    /// DE37 as sent.
    rrn: Option<Rrn>,
    /// Where the rest of its answer is kept.
    answer: u64,
}

/// Where a payment stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Standing {
    /// Received, and not with any bank (any more).
    Received,
    /// With a bank.
    InFlight,
    /// The bank approved it.
    Approved,
    /// The bank declined it.
    Declined,
    /// Not to be relied on: a reversal is under way or done, or there is nothing to reverse.
    Unknown,
    /// Reversed after its approval.
    Reversed,
    /// A reversal or an advice that we took over.
    Taken,
}

impl Past {
    pub(super) const fn new(
        payment: PaymentId,
        acquirer: AcquirerId,
        amount: Option<u64>,
        references: References,
    ) -> Self {
        Self {
            payment,
            acquirer,
            standing: Standing::Received,
            told: None,
            left: amount,
            asked: amount,
            references,
            sent: None,
            rrn: None,
            answer: Answers::NONE,
        }
    }

    /// As what follows it sees it; `None` where no bank was sent it.
    pub(super) fn followed(&self) -> Option<Followed> {
        let (connection, original) = self.sent?;
        Some(Followed { payment: self.payment, connection, original, rrn: self.rrn })
    }
}

/// What a message that follows a payment says of it, beside the name it is looked up by.
#[derive(Clone, Copy, Default)]
pub(super) struct Likeness {
    /// The digest of RRN and terminal: of two payments under one name it tells which, where terminals count alike.
    pub(super) rrn: u64,
    /// The digest of the card: what follows a payment is about the same one. 0 where it is not said.
    pub(super) card: u64,
}

impl Likeness {
    fn allows(&self, past: &Past) -> bool {
        self.card == 0 || past.references.card == 0 || self.card == past.references.card
    }
}

/// Payments whose later names wait to be indexed together: their cache misses overlap.
const BATCH: usize = 16;

/// The ring, and two indexes into it by digest. Every request is looked up by its duplicate key; the other names are for
/// the few that speak of an earlier one, and are indexed many at a time.
pub(super) struct Recent {
    /// In the order of their numbers.
    ring: Vec<Past>,
    answers: Answers,
    capacity: usize,
    /// The place of the next payment.
    next: usize,
    duplicates: Index,
    names: Index,
    /// The newest payments, whose names are not in `names` yet.
    unnamed: usize,
}

impl Recent {
    /// Remembers at most `capacity` payments, rounded up to a power of two.
    pub(super) fn new(capacity: usize) -> Self {
        let capacity = capacity.clamp(1, 1 << 28).next_power_of_two();
        let (duplicates, names) = (Index::new(capacity, capacity), Index::new(capacity, 2 * capacity));
        let answers = Answers::new(capacity);
        Self { ring: Vec::new(), answers, capacity, next: 0, duplicates, names, unnamed: 0 }
    }

    /// Remembers a payment. Numbers only grow.
    pub(super) fn insert(&mut self, past: Past) {
        let (place, references) = (self.next, past.references);
        match self.ring.get_mut(place) {
            Some(oldest) => *oldest = past,
            None => self.ring.push(past),
        }
        self.next = (place + 1) & (self.capacity - 1);
        self.duplicates.insert(references.duplicate, place);
        self.unnamed += 1;
        if self.unnamed >= BATCH.min(self.capacity) {
            self.index_names();
        }
    }

    /// A payment by its number, if it is remembered.
    pub(super) fn by_payment(&mut self, payment: PaymentId) -> Option<&mut Past> {
        let place = self.place(payment)?;
        Some(&mut self.ring[place])
    }

    /// Where a payment stands. Most are looked for right after they came.
    fn place(&self, payment: PaymentId) -> Option<usize> {
        let newest = self.next.wrapping_sub(1) & (self.capacity - 1);
        if self.ring.get(newest)?.payment == payment {
            return Some(newest);
        }
        let place =
            |age: usize| if self.ring.len() < self.capacity { age } else { (self.next + age) & (self.capacity - 1) };
        let (mut low, mut high) = (0, self.ring.len());
        while low < high {
            let middle = low.midpoint(high);
            if self.ring[place(middle)].payment < payment { low = middle + 1 } else { high = middle }
        }
        (low < self.ring.len()).then(|| place(low)).filter(|&place| self.ring[place].payment == payment)
    }

    /// Notes where a payment was sent.
    pub(super) fn sent(
        &mut self,
        payment: PaymentId,
        connection: ConnectionId,
        original: OriginalData,
        rrn: Option<Rrn>,
    ) {
        if let Some(past) = self.by_payment(payment) {
            (past.sent, past.rrn, past.standing) = (Some((connection, original)), rrn, Standing::InFlight);
        }
    }

    /// Notes under which names a bank is told of an advice.
    pub(super) fn advised(&mut self, item: PaymentId, connection: ConnectionId, original: OriginalData) {
        if let Some(past) = self.by_payment(item) {
            past.sent = Some((connection, original));
        }
    }

    /// Notes that it did not go there after all.
    pub(super) fn not_sent(&mut self, payment: PaymentId) {
        if let Some(past) = self.by_payment(payment) {
            (past.sent, past.standing) = (None, Standing::Received);
        }
    }

    /// Notes how a payment ended and what its acquirer is told.
    pub(super) fn ended(&mut self, payment: PaymentId, standing: Standing, told: ResponseCode, answer: &Body) {
        let Some(place) = self.place(payment) else { return };
        let answer = self.answers.put(answer);
        let past = &mut self.ring[place];
        (past.standing, past.told, past.answer) = (standing, Some(told), answer);
    }

    /// Forgets a payment that no bank has: the same may come again.
    pub(super) fn forget(&mut self, payment: PaymentId) {
        if let Some(past) = self.by_payment(payment) {
            past.references = References::default();
        }
    }

    /// The rest of the answer of a payment, as long as there is room for it.
    pub(super) fn answer(&self, past: &Past) -> Option<Body> {
        self.answers.get(past.answer)
    }

    /// All payments remembered, in no order.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Past> {
        self.ring.iter()
    }

    /// By the duplicate key.
    pub(super) fn by_duplicate(&self, digest: u64) -> Option<&Past> {
        self.duplicates.find(digest, Likeness::default(), &self.ring, |references| references.duplicate)
    }

    /// By acquirer, STAN and DE7 (or DE12).
    pub(super) fn by_trace(&mut self, digest: u64, like: Likeness) -> Option<Past> {
        self.index_names();
        self.names.find(digest, like, &self.ring, |references| references.trace).copied()
    }

    /// By acquirer, RRN and terminal.
    pub(super) fn by_rrn(&mut self, like: Likeness) -> Option<Past> {
        self.index_names();
        self.names.find(like.rrn, like, &self.ring, |references| references.rrn).copied()
    }

    fn index_names(&mut self) {
        for back in (1..=std::mem::take(&mut self.unnamed)).rev() {
            let place = self.next.wrapping_sub(back) & (self.capacity - 1);
            let References { trace, rrn, .. } = self.ring[place].references;
            self.names.insert(trace, place);
            self.names.insert(rrn, place);
        }
    }
}

/// Names in one bucket of an index: a cache line.
const BUCKET: usize = 16;
/// Names put into one bucket, on average, while the ring goes round once: a quarter of its room. That more come than it
/// holds, so that one is forgotten early, befalls about one name in 100,000.
const LOAD: usize = 4;

/// Places in the ring by digest. The newest name of a bucket stands first and pushes the oldest out; whether a payment is
/// still the one that was named, its own digest says.
struct Index {
    /// A name: the place in the ring, and above it as much of the digest as there is room for. An empty one (0, so that
    /// an empty table is fresh memory that nobody has to write) names the first place, which is not of that digest.
    buckets: Box<[[u32; BUCKET]]>,
    /// Bits of a place.
    bits: u32,
}

impl Index {
    /// For a ring of `capacity` places with so many names in all.
    fn new(capacity: usize, names: usize) -> Self {
        let buckets = vec![[0; BUCKET]; names.div_ceil(LOAD)].into_boxed_slice();
        Self { buckets, bits: capacity.trailing_zeros() }
    }

    /// Digest 0 is no name.
    fn insert(&mut self, digest: u64, place: usize) {
        if digest != 0 {
            let name = self.tag(digest) | place as u32;
            let bucket = &mut self.buckets[self.bucket(digest)];
            bucket.copy_within(..BUCKET - 1, 1);
            bucket[0] = name;
        }
    }

    /// The payment of this name that is most like this: the newest where several are.
    fn find<'r>(
        &self,
        digest: u64,
        like: Likeness,
        ring: &'r [Past],
        name: impl Fn(&References) -> u64,
    ) -> Option<&'r Past> {
        if digest == 0 {
            return None;
        }
        let (tag, places) = (self.tag(digest), (1 << self.bits) - 1);
        let named = self.buckets[self.bucket(digest)].iter().filter(|&name| name & !places == tag);
        let pasts = named.filter_map(|name| ring.get((name & places) as usize));
        let found = pasts.filter(|past| name(&past.references) == digest && like.allows(past));
        // The first of equals, which is the newest.
        found.min_by_key(|past| past.references.rrn != like.rrn)
    }

    /// The low half of the digest says the bucket …
    fn bucket(&self, digest: u64) -> usize {
        (((digest & 0xFFFF_FFFF) * self.buckets.len() as u64) >> 32) as usize
    }

    /// … and its high half, above the bits of a place, the tag.
    const fn tag(&self, digest: u64) -> u32 {
        (digest >> 32) as u32 >> self.bits << self.bits
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use banklink_protocol::element::{Stan, Transmission};

    fn insert(recent: &mut Recent, number: u64) {
        let references = References { duplicate: number, trace: number + 100, ..References::default() };
        recent.insert(Past::new(PaymentId(number * 3), AcquirerId(0), None, references));
        let original = OriginalData {
            mti: "0200".parse().unwrap(),
            stan: Stan(number as u32),
            transmission: Transmission::from_wall(0),
            acquirer: 0,
            forwarder: 0,
        };
        let connection = ConnectionId { bank: crate::switch::BankId(0), slot: 0 };
        recent.sent(PaymentId(number * 3), connection, original, None);
    }

    #[test]
    fn finds_by_each_name_and_forgets_the_oldest() {
        let mut recent = Recent::new(4);
        let stan = |past: &Past| past.followed().unwrap().original.stan;
        for number in 1..=6u64 {
            insert(&mut recent, number);
            for known in number.saturating_sub(3).max(1)..=number {
                assert_eq!(stan(recent.by_payment(PaymentId(known * 3)).unwrap()), Stan(known as u32));
                assert!(recent.by_payment(PaymentId(known * 3 + 1)).is_none(), "no payment has this number");
            }
        }
        assert!(recent.by_duplicate(2).is_none() && recent.by_payment(PaymentId(6)).is_none(), "forgotten");
        assert!((3..=6).all(|digest| recent.by_duplicate(digest).is_some()));
        assert_eq!(stan(recent.by_duplicate(6).unwrap()), Stan(6));
        assert_eq!(stan(&recent.by_trace(106, Likeness::default()).unwrap()), Stan(6));
        assert!(recent.by_rrn(Likeness::default()).is_none(), "no name, no payment");
        assert!(recent.by_trace(6, Likeness::default()).is_none(), "another kind of name");
        recent.forget(PaymentId(15));
        assert!(recent.by_duplicate(6).is_some(), "another's place is left alone");
        recent.forget(PaymentId(18));
        assert!(recent.by_duplicate(6).is_none() && recent.by_trace(106, Likeness::default()).is_none());
    }
}
