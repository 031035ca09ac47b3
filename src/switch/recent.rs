//! The recent past: payments lately received, found again by the names that what follows them uses, and what is to be said
//! to a resend. A bounded ring; the oldest is forgotten first. What is older is read back where it is needed (`recall`), and
//! is remembered beside the ring for a while.

use super::{
    AcquirerId, ConnectionId,
    answers::Answers,
    clocks::Clocks,
    pending::Followed,
    revived::{self, Revived},
    watch::{Moment, Watch},
};
use crate::record::{Body, Cause, Hold, Outcome, Part, PaymentId, Record, References, Stored};
use banklink_protocol::element::{OriginalData, ResponseCode, Rrn, Stan};
use std::{cmp::Ordering, ops::RangeInclusive};

/// What became of a payment, and under which names the bank knows it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Past {
    pub(super) payment: PaymentId,
    pub(super) acquirer: AcquirerId,
    /// The acquirer's.
    pub(super) stan: Stan,
    pub(super) standing: Standing,
    /// What a resend is told: DE39.
    pub(super) told: Option<ResponseCode>,
    /// DE4 as it stands: what was asked for, or the part of it that was approved or left by a partial reversal.
    pub(super) left: Option<u64>,
    /// DE4 as it was asked for.
    pub(super) asked: Option<u64>,
    pub(super) references: References,
    /// What it has to do with a hold.
    pub(super) bond: Bond,
    /// Where it went.
    sent: Option<(ConnectionId, OriginalData)>,
    /// DE37 as sent.
    rrn: Option<Rrn>,
    /// Where the rest of its answer is kept.
    answer: u64,
}

/// What a payment has to do with a hold.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Bond {
    /// Nothing.
    None,
    /// It is a pre-authorisation, and this is what it holds.
    Hold(Hold),
    /// It has this of what another holds.
    Part(PaymentId, Part),
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
        stan: Stan,
        references: References,
    ) -> Self {
        Self {
            payment,
            acquirer,
            stan,
            standing: Standing::Received,
            told: None,
            left: amount,
            asked: amount,
            references,
            bond: Bond::None,
            sent: None,
            rrn: None,
            answer: Answers::NONE,
        }
    }

    /// As what follows it sees it; `None` where no bank was sent it.
    pub(super) fn followed(&self) -> Option<Followed> {
        let (connection, original) = self.sent?;
        Some(Followed { payment: self.payment, connection, original, rrn: self.rrn, clock: self.references.clock })
    }

    /// It was sent.
    pub(super) fn sent(&mut self, connection: ConnectionId, original: OriginalData, rrn: Option<Rrn>) {
        (self.sent, self.rrn, self.standing) = (Some((connection, original)), rrn, Standing::InFlight);
    }

    /// It did not leave after all.
    pub(super) fn not_sent(&mut self) {
        (self.sent, self.standing) = (None, Standing::Received);
    }

    /// The bank is told of it, an advice, under these names.
    pub(super) fn advised(&mut self, connection: ConnectionId, original: OriginalData) {
        self.sent = Some((connection, original));
    }

    /// How it ended, and what its acquirer is told. What no bank has may come again: it goes by no name any more.
    pub(super) fn ended(&mut self, outcome: Outcome, told: ResponseCode) {
        self.told = Some(told);
        self.standing = match outcome {
            Outcome::Approved { partial, .. } => {
                self.left = partial.or(self.left);
                Standing::Approved
            }
            Outcome::Declined { .. } => Standing::Declined,
            Outcome::Unknown { .. } => Standing::Unknown,
            Outcome::Taken { .. } => Standing::Taken,
            Outcome::Refused { .. } => {
                self.references = References::default();
                Standing::Received
            }
        };
    }

    /// A message of it was stored.
    pub(super) fn followed_by(&mut self, kind: Stored) {
        match kind {
            Stored::Acquirers { left: Some(left) } => self.left = Some(left),
            Stored::Acquirers { left: None } | Stored::Reversal(Cause::Undelivered) => {
                (self.standing, self.left) = (Standing::Reversed, Some(0));
            }
            // What was reversed after its approval stays so: nobody is told again that it was approved.
            Stored::Reversal(_) if self.standing == Standing::Reversed => {}
            Stored::Reversal(_) => self.standing = Standing::Unknown,
            Stored::Advice | Stored::Uncovered | Stored::Question => {}
        }
    }

    /// A hold changed that it is, or has a part of.
    pub(super) fn bound(&mut self, of: PaymentId, by: PaymentId, part: Option<Part>, hold: Hold) {
        if self.payment == of {
            self.bond = Bond::Hold(hold);
        } else if self.payment == by {
            self.bond = part.map_or(Bond::None, |part| Bond::Part(of, part));
        }
    }

    /// What stands of its amount: of a pre-authorisation with all that was added to it.
    pub(super) fn stands(&self) -> Option<u64> {
        match self.bond {
            Bond::Hold(hold) => Some(hold.held),
            Bond::None | Bond::Part(..) => self.left,
        }
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

impl From<References> for Likeness {
    fn from(References { rrn, card, .. }: References) -> Self {
        Self { rrn, card }
    }
}

impl Likeness {
    pub(super) fn allows(&self, past: &Past) -> bool {
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
    revived: Revived,
    /// Of what was forgotten.
    clocks: Clocks,
    /// Was anything forgotten, or before this memory?
    forgets: bool,
    /// What becomes of payments while somebody waits for what is read back.
    watch: Watch,
}

impl Recent {
    /// Remembers at most `capacity` payments, rounded up to a power of two.
    pub(super) fn new(capacity: usize) -> Self {
        let capacity = capacity.clamp(1, 1 << 28).next_power_of_two();
        let (duplicates, names) = (Index::new(capacity, capacity), Index::new(capacity, 2 * capacity));
        let answers = Answers::new(capacity);
        Self {
            ring: Vec::new(),
            answers,
            capacity,
            next: 0,
            duplicates,
            names,
            unnamed: 0,
            revived: Revived::default(),
            clocks: Clocks::default(),
            forgets: false,
            watch: Watch::default(),
        }
    }

    /// Remembers a payment. Numbers only grow.
    pub(super) fn insert(&mut self, past: Past) {
        let (place, references) = (self.next, past.references);
        match self.ring.get_mut(place) {
            Some(place) => {
                let oldest = std::mem::replace(place, past);
                self.clocks.forget(oldest.references);
                self.forgets = true;
                if oldest.bond != Bond::None || oldest.standing == Standing::InFlight {
                    // What comes for a hold comes late, and may be the very one that pushes it out; what is with a bank yet
                    // may begin one.
                    self.watch.revived();
                    self.revived.insert(oldest, self.answers.get(oldest.answer));
                }
            }
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
    pub(super) fn get(&self, payment: PaymentId) -> Option<&Past> {
        self.place(payment).map(|place| &self.ring[place]).or_else(|| self.revived.get(payment))
    }

    /// The same, since something happens to it.
    pub(super) fn by_payment(&mut self, payment: PaymentId) -> Option<&mut Past> {
        if let Some(place) = self.place(payment) {
            return Some(&mut self.ring[place]);
        }
        let revived = self.revived.get_mut(payment);
        if revived.is_none() {
            self.watch.missed(payment);
        }
        revived
    }

    /// Where a payment stands. Numbers only grow and few are left out, so that it stands no further back than its number is
    /// behind the newest, and hardly ever much nearer.
    fn place(&self, payment: PaymentId) -> Option<usize> {
        let held = self.ring.len();
        let place = |back: usize| self.next.wrapping_sub(1 + back) & (self.capacity - 1);
        let newest = self.ring.get(place(0))?.payment;
        let (mut near, mut far) = (0, usize::try_from(newest.0.checked_sub(payment.0)?).ok()?.min(held - 1));
        let (mut back, mut step) = (far, 1);
        loop {
            let there = self.ring[place(back)].payment;
            match there.cmp(&payment) {
                Ordering::Equal => return Some(place(back)),
                Ordering::Less if back == near => return None,
                // It is nearer: by little, or by half of what is left.
                Ordering::Less => far = back - 1,
                Ordering::Greater if back == far => return None,
                Ordering::Greater => near = back + 1,
            }
            if near > far {
                return None;
            }
            back = far.saturating_sub(step).max(near.midpoint(far));
            step *= 2;
        }
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
            past.sent(connection, original, rrn);
        }
    }

    /// Notes under which names a bank is told of an advice.
    pub(super) fn advised(&mut self, item: PaymentId, connection: ConnectionId, original: OriginalData) {
        if let Some(past) = self.by_payment(item) {
            past.advised(connection, original);
        }
    }

    /// Notes that it did not go there after all.
    pub(super) fn not_sent(&mut self, payment: PaymentId) {
        if let Some(past) = self.by_payment(payment) {
            past.not_sent();
        }
    }

    /// Notes how a payment ended and what its acquirer is told.
    pub(super) fn ended(&mut self, payment: PaymentId, outcome: Outcome, told: ResponseCode, answer: &Body) {
        if let Some(place) = self.place(payment) {
            self.ring[place].ended(outcome, told);
            self.ring[place].answer = self.answers.put(answer);
        } else if let Some(past) = self.by_payment(payment) {
            past.ended(outcome, told);
            self.revived.put_answer(payment, answer.clone());
        }
    }

    /// The rest of the answer of a payment, as long as there is room for it.
    pub(super) fn answer(&self, past: &Past) -> Option<Body> {
        self.revived.answer(past.payment).cloned().or_else(|| self.answers.get(past.answer))
    }

    /// Was anything forgotten that can be read back?
    pub(super) const fn forgets(&self) -> bool {
        self.forgets
    }

    /// There was something before all that is remembered.
    pub(super) const fn begins_late(&mut self) {
        self.forgets = true;
    }

    /// All that `other` remembers or has forgotten is forgotten here.
    pub(super) fn forget_as(&mut self, other: &Self) {
        self.forgets |= other.forgets || !other.ring.is_empty();
        self.clocks = other.clocks.clone();
        other.ring.iter().for_each(|past| self.clocks.forget(past.references));
    }

    /// What was forgotten of a terminal reaches up to this moment of its clock.
    pub(super) fn clock_stands_at(&mut self, terminal: u16, clock: u32) {
        self.clocks.stand_at(terminal, clock);
    }

    /// May a payment under the same duplicate key have been forgotten (and not been read back)?
    pub(super) fn may_have_forgotten(&self, references: References) -> bool {
        self.clocks.may_have(references)
    }

    /// Somebody begins to wait for what is read back.
    pub(super) fn moment(&mut self) -> Moment {
        self.watch.begin(self.held())
    }

    /// Nobody waits any more.
    pub(super) fn nobody_asks(&mut self) {
        self.watch.end();
    }

    /// Is what came since this moment, or happened since to the payments of these Records, still remembered?
    pub(super) fn has_all_since(&self, moment: &Moment, records: &[Record]) -> bool {
        let known = |payment| self.revived.get(payment).is_some();
        self.watch.is_remembered(moment, &self.held(), known, records.iter().filter_map(Record::payment))
    }

    /// The numbers of the first and the last payment in the ring.
    fn held(&self) -> RangeInclusive<PaymentId> {
        let oldest = if self.ring.len() < self.capacity { 0 } else { self.next };
        let number = |place: usize| self.ring.get(place).map_or(PaymentId(0), |past| past.payment);
        number(oldest)..=number(self.next.wrapping_sub(1) & (self.capacity - 1))
    }

    /// Remembers what was read back, as far as it is not remembered already: what is knows more.
    pub(super) fn revive(&mut self, records: &[Record]) {
        for payment in records.iter().filter_map(Record::payment) {
            if self.place(payment).is_some() || self.revived.get(payment).is_some() {
                continue;
            }
            let of = |record: &&Record| record.speaks_of(payment);
            if let Some((past, answer)) = revived::tell(records.iter().filter(of)) {
                self.revived.insert(past, Some(answer));
                self.watch.revived();
            }
        }
    }

    /// All that have to do with holds, as far as they are remembered at all, in no order.
    pub(super) fn bonds(&self) -> impl Iterator<Item = &Past> {
        self.ring.iter().chain(self.revived.iter()).filter(|past| past.bond != Bond::None)
    }

    /// All payments in the ring, in no order.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Past> {
        self.ring.iter()
    }

    /// By the duplicate key.
    pub(super) fn by_duplicate(&self, digest: u64) -> Option<&Past> {
        let name = |references: &References| references.duplicate;
        let found = self.duplicates.find(digest, Likeness::default(), &self.ring, name);
        found.or_else(|| self.revived.find(digest, Likeness::default(), name))
    }

    /// By acquirer, STAN and DE7 (or DE12).
    pub(super) fn by_trace(&mut self, digest: u64, like: Likeness) -> Option<Past> {
        self.index_names();
        let name = |references: &References| references.trace;
        let found = self.names.find(digest, like, &self.ring, name);
        found.or_else(|| self.revived.find(digest, like, name)).copied()
    }

    /// By acquirer, RRN and terminal.
    pub(super) fn by_rrn(&mut self, like: Likeness) -> Option<Past> {
        self.index_names();
        let name = |references: &References| references.rrn;
        let found = self.names.find(like.rrn, like, &self.ring, name);
        found.or_else(|| self.revived.find(like.rrn, like, name)).copied()
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
    use banklink_protocol::element::Transmission;

    fn insert(recent: &mut Recent, number: u64) {
        let references = References { duplicate: number, trace: number + 100, ..References::default() };
        recent.insert(Past::new(PaymentId(number * 3), AcquirerId(0), None, Stan(number as u32), references));
        let original = OriginalData {
            mti: "0200".parse().unwrap(),
            stan: Stan(number as u32),
            transmission: Transmission::from_wall(0),
            acquirer: 0,
            forwarder: 0,
        };
        let connection = ConnectionId { bank: crate::switch::BankId(0), slot: 0 };
        recent.sent(PaymentId(number * 3), connection, original, None);
        let code = ResponseCode::parse(b"51").unwrap();
        recent.ended(PaymentId(number * 3), Outcome::Declined { code }, code, &Body::default());
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
        let code = ResponseCode::parse(b"91").unwrap();
        let mut refuse = |payment| {
            recent.ended(PaymentId(payment), Outcome::Refused { code }, code, &Body::default());
            recent.by_duplicate(6).is_some()
        };
        assert!(refuse(15), "another's place is left alone");
        assert!(!refuse(18));
        assert!(recent.by_duplicate(6).is_none() && recent.by_trace(106, Likeness::default()).is_none());
    }

    #[test]
    fn a_payment_is_found_by_its_number_whatever_numbers_are_left_out() {
        let (mut recent, mut numbers, mut number) = (Recent::new(64), Vec::new(), 0);
        for step in 0..500u64 {
            // Now and then many numbers in a row are those of stored messages.
            number += if step % 7 == 0 { 1 + step % 40 } else { 1 };
            recent.insert(Past::new(PaymentId(number), AcquirerId(0), None, Stan(1), References::default()));
            numbers.push(number);
            let held = &numbers[numbers.len().saturating_sub(64)..];
            for wanted in held[0].saturating_sub(3)..=number + 3 {
                let found = recent.place(PaymentId(wanted)).map(|place| recent.ring[place].payment.0);
                assert_eq!(found, held.contains(&wanted).then_some(wanted));
            }
        }
    }
}
