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

/// Payments whose later names wait to be indexed together: their cache misses overlap.
const BATCH: usize = 16;

/// The ring, and two indexes into it by digest. Every request is looked up by its duplicate key; the other names are for
/// the few that speak of an earlier one, and are indexed many at a time.
pub(super) struct Recent {
    ring: Vec<Past>,
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
        Self { ring: Vec::new(), capacity, next: 0, duplicates, names, unnamed: 0 }
    }

    /// Remembers a payment; the result is its place, for [`Recent::forget`].
    pub(super) fn insert(&mut self, past: Past) -> u32 {
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
        place as u32
    }

    /// Forgets a payment that was not sent after all, unless its place has gone to another.
    pub(super) fn forget(&mut self, place: u32, connection: ConnectionId, stan: Stan) {
        if let Some(past) = self.own(place, connection, stan) {
            past.references = References::default();
        }
    }

    /// Notes that the bank answered a payment, unless its place has gone to another.
    pub(super) fn answered(&mut self, place: u32, connection: ConnectionId, stan: Stan) {
        if let Some(past) = self.own(place, connection, stan) {
            past.answered = true;
        }
    }

    fn own(&mut self, place: u32, connection: ConnectionId, stan: Stan) -> Option<&mut Past> {
        let past = self.ring.get_mut(place as usize)?;
        (past.connection == connection && past.original.stan == stan).then_some(past)
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
        recent.forget(1, connection, Stan(5));
        assert!(recent.by_duplicate(6).is_some(), "another's place is left alone");
        recent.forget(1, connection, Stan(6));
        assert!(recent.by_duplicate(6).is_none() && recent.by_trace(106, Likeness::default()).is_none());
    }
}
