//! What a front end does when the line or an answer fails: repeat or reverse from its store until answered.

use super::{
    super::{
        belief::Belief,
        ledger::{Kind, Slot, State, Verdict},
        store::{STORE, Store, Unanswered},
    },
    BACKLOG, Run,
};
use crate::simulator::stream::write_frame;
use banklink_protocol::{
    Message, Mti,
    element::{OriginalData, ResponseCode, Stan, Transmission},
};
use bytes::BytesMut;

/// What a reversal does not repeat of its original: tracks, PIN, security data and chip data.
const NOT_REVERSED: [u8; 8] = [35, 36, 45, 52, 53, 55, 64, 128];

/// A repeat that was answered with a malfunction so often gives way to a reversal.
const MALFUNCTIONS: u32 = 5;

impl Run {
    /// Is there room for one more payment that may go unanswered?
    pub(super) fn has_room(&self) -> bool {
        let Some(store) = &self.store else { return true };
        let in_flight: u32 = self.in_flight.iter().sum();
        store.len() + (in_flight as usize) < STORE
    }

    /// Is there nothing in the store for this connection, or is the time to work it off over?
    pub(super) fn is_settled(&mut self, connection: u16) -> bool {
        let (Some(store), Some(follow)) = (&self.store, self.plan.follow) else { return true };
        let now = self.started.elapsed().as_nanos() as u64;
        let over_since = *self.over_since.get_or_insert(now);
        store.waiting(connection) == 0 || now.saturating_sub(over_since) >= follow.settle.as_nanos() as u64
    }

    /// The connection is there (again): what it has stored goes out, and what would have been sent meanwhile is skipped: a
    /// terminal that finds the line down does not wait for it.
    pub fn connected(&mut self, connection: u16) {
        let now = self.now();
        if let Some(store) = &mut self.store {
            store.hurry(connection, now);
        }
        if let Some((first, every)) = self.pace(connection) {
            let past = now.saturating_sub(first.as_nanos() as u64) as f64 / (every.as_secs_f64() * 1e9);
            let due = &mut self.due[usize::from(connection)];
            self.results.skipped += (past as u64).saturating_sub(*due);
            *due = (*due).max(past as u64);
        }
    }

    /// A connection could not be made, or broke.
    pub fn line_failed(&mut self) {
        self.results.line_failures += 1;
    }

    /// A payment was not answered: what is done about it. False where it is given up.
    pub(super) fn keep(&mut self, stan: u32, slot: &Slot, now: u64) -> bool {
        let (Some(store), Some(follow)) = (&mut self.store, self.plan.follow) else { return false };
        match follow.unanswered {
            Unanswered::Ignore => false,
            Unanswered::Repeat => {
                self.ledger.change(stan, State::Stored);
                store.put(slot.connection, stan, now);
                true
            }
            Unanswered::Reverse | Unanswered::ReverseAdvice => self.reverse(stan, slot, now),
        }
    }

    /// Stores a reversal. False where there is no STAN for it.
    fn reverse(&mut self, stan: u32, slot: &Slot, now: u64) -> bool {
        let Some(store) = &mut self.store else { return false };
        let transmission = self.moment.transmission as u32;
        let reversal = Slot { sent: now, transmission, kind: Kind::Reversal, of: stan, ..*slot };
        let own = self.ledger.open(reversal);
        // The original keeps its STAN until its reversal is answered: a late answer must find it.
        self.ledger.change(stan, if own.is_some() { State::Reversing } else { State::Missed });
        if let Some(own) = own {
            self.ledger.change(own, State::Stored);
            store.put(slot.connection, own, now);
        }
        own.is_some()
    }

    /// A malfunction says nothing about a payment: it is asked again, and when that does not help, reversed.
    fn malfunction(&mut self, stan: u32, slot: &Slot) {
        let now = self.now();
        let Some(store) = self.store.as_mut().filter(|store| store.tries(stan) >= MALFUNCTIONS) else { return };
        store.take(stan);
        if !self.reverse(stan, slot, now) {
            self.results.wrong(Verdict::Missing);
            self.see(stan, slot, Belief::Unknown);
        }
    }

    /// Appends every stored message that is due on this connection.
    pub(super) fn follow(&mut self, connection: u16, out: &mut BytesMut) {
        let now = self.now();
        while out.len() < BACKLOG {
            let Some((stan, tries)) = self.store.as_mut().and_then(|store| store.next(connection, now)) else { return };
            let slot = *self.ledger.slot(stan);
            let message = match slot.kind {
                Kind::Payment => self.repeat(stan, &slot),
                Kind::Reversal => self.reversal(stan, &slot, tries),
            };
            // Laid out once when the run was made: it fits.
            if message.is_some_and(|message| self.append(&message, out)) {
                match slot.kind {
                    Kind::Payment => self.results.repeats += 1,
                    Kind::Reversal => self.results.reversals += 1,
                }
            }
        }
    }

    fn append(&self, message: &Message, out: &mut BytesMut) -> bool {
        write_frame(&self.framing, &self.framing.header.first(), message, out).is_ok()
    }

    /// An answer to a stored message, or a late one to a payment that is being reversed.
    pub(super) fn settle(&mut self, stan: u32, slot: &Slot, code: ResponseCode) {
        if slot.state == State::Reversing {
            self.results.late += 1;
            return;
        }
        let belief = match slot.kind {
            Kind::Payment if is_malfunction(code) => return self.malfunction(stan, slot),
            Kind::Payment => Belief::told(code, slot.amount),
            Kind::Reversal if is_final(code) => Belief::Reversed { code },
            Kind::Reversal => return,
        };
        if let Some(store) = &mut self.store {
            store.take(stan);
        }
        self.ledger.change(stan, State::Answered);
        let of = match slot.kind {
            Kind::Payment => stan,
            Kind::Reversal => slot.of,
        };
        match slot.kind {
            Kind::Payment => self.results.recovered += u64::from(matches!(belief, Belief::Approved { .. })),
            Kind::Reversal => self.ledger.change(of, State::Missed),
        }
        let original = *self.ledger.slot(of);
        self.results.code(code);
        self.see(of, &original, belief);
    }

    /// An answer too many, where we asked more than once: to be expected.
    pub(super) fn is_expected(verdict: Verdict, slot: &Slot) -> bool {
        slot.followed && matches!(verdict, Verdict::Doubled | Verdict::Late)
    }

    /// The run is over: what was not answered by now never will be.
    pub fn close(&mut self) {
        let mut left = Vec::new();
        if self.store.is_some() {
            self.ledger.left(|stan, slot| left.push((stan, *slot)));
        }
        for (stan, slot) in left {
            self.ledger.change(stan, State::Missed);
            self.results.wrong(Verdict::Missing);
            self.see(stan, &slot, Belief::Unknown);
        }
    }

    /// The payment as it was sent, as a repeat.
    fn repeat(&self, stan: u32, slot: &Slot) -> Option<Message> {
        let mut message = self.original(stan, slot)?;
        message.set_mti(message.mti().repeat());
        Some(message)
    }

    /// The payment as it was sent.
    fn original(&self, stan: u32, slot: &Slot) -> Option<Message> {
        let terminal = usize::from(slot.connection) % self.terminals.len();
        let mut message = self.template.message(&self.dialect, slot.card.into(), terminal).ok()?;
        let transmission = u64::from(slot.transmission);
        let mut set = |field, value| if message.has(field) { message.set_number(field, value) } else { Ok(()) };
        set(4, slot.amount).ok()?;
        set(7, transmission).ok()?;
        set(11, stan.into()).ok()?;
        set(37, u64::from(slot.rrn) * 1_000_000 + u64::from(stan)).ok()?;
        if self.mti.version() == 0 {
            set(12, transmission % 1_000_000).ok()?;
            set(13, transmission / 1_000_000).ok()?;
        } else {
            set(12, self.moment.year * 10_000_000_000 + transmission).ok()?;
        }
        Some(message)
    }

    /// The reversal that waits under `stan`: the original's data with a STAN and a DE7 of its own, the same in every try.
    pub(super) fn reversal(&self, stan: u32, slot: &Slot, tries: u32) -> Option<Message> {
        let payment = self.ledger.slot(slot.of);
        let original = self.original(slot.of, payment)?;
        let mut message = original.clone();
        NOT_REVERSED.iter().for_each(|field| message.remove(*field));
        let mti = self.reversal_mti()?;
        message.set_mti(if tries > 1 { mti.repeat() } else { mti });
        message.set_number(11, stan.into()).ok()?;
        let digits = |number: u32| Transmission(format!("{number:010}").into_bytes().try_into().unwrap_or([b'0'; 10]));
        if original.has(7) {
            message.set(7, &digits(slot.transmission).0).ok()?;
        }
        let institution = original.number(32).unwrap_or_default();
        if self.mti.version() == 0 {
            let named = OriginalData {
                mti: self.mti,
                stan: Stan(slot.of),
                transmission: digits(payment.transmission),
                acquirer: institution,
                forwarder: original.number(33).unwrap_or_default(),
            };
            message.set(90, &named.digits()).ok()?;
        } else {
            let (local, institution) = (original.text(12)?, original.text(32).unwrap_or_default());
            let named = format!("{}{:06}{local}{:02}{institution}", self.mti, slot.of, institution.len());
            message.set(56, named.as_bytes()).ok()?;
            if original.has(24) {
                message.set(24, b"400").ok()?;
            }
        }
        Some(message)
    }

    /// 0400 or 0420, in the template's edition.
    pub(super) fn reversal_mti(&self) -> Option<Mti> {
        let function = match self.plan.follow?.unanswered {
            Unanswered::Repeat | Unanswered::Reverse => b'0',
            Unanswered::ReverseAdvice => b'2',
            Unanswered::Ignore => return None,
        };
        Mti::from_digits([b'0' + self.mti.version(), b'4', function, b'0'])
    }

    /// The store of a run.
    pub(super) fn new_store(&self) -> Option<Store> {
        let follow = self.plan.follow?;
        Some(Store::new(self.plan.connections, follow.retry))
    }
}

/// A system malfunction.
fn is_malfunction(code: ResponseCode) -> bool {
    matches!(code.as_bytes(), b"96" | b"909" | b"9090")
}

/// Does the code end a reversal? Accepted, no action taken, nothing known of the original, a duplicate, or refused for
/// good.
fn is_final(code: ResponseCode) -> bool {
    matches!(
        code.as_bytes(),
        b"00"
            | b"400"
            | b"4000"
            | b"21"
            | b"25"
            | b"914"
            | b"9140"
            | b"94"
            | b"913"
            | b"9130"
            | b"12"
            | b"902"
            | b"9020"
    )
}

#[cfg(test)]
mod tests;
