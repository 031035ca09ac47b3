//! The one place where what lasts is changed, by one Record at a time. Recovery is this alone: whatever a Record cannot
//! say is not known after a restart.

use super::{
    BankId, ConnectionId, codes,
    core::Core,
    finish::Part,
    outbound::known_by,
    pending::{Memory, Pending, State},
    recent::{Past, Standing},
    store::{Item, Phase},
    undelivered::Approval,
};
use crate::{
    clock::Mono,
    record::{Body, Decision, Outcome, PaymentId, Record, Unanswered},
    switch::AcquirerId,
};
use banklink_protocol::element::{OriginalData, ResponseCode, Stan};

/// An entry at its beginning.
struct Begun {
    connection: ConnectionId,
    original: OriginalData,
    acquirer: AcquirerId,
    unanswered: Unanswered,
    state: State,
}

impl Begun {
    /// One of ours.
    const fn own(connection: ConnectionId, original: OriginalData, state: State) -> Self {
        Self { connection, original, acquirer: AcquirerId(0), unanswered: Unanswered::Reverse, state }
    }

    const fn pending(self) -> Pending {
        let Self { connection, original, acquirer, unanswered, state } = self;
        let OriginalData { mti, stan, transmission, acquirer: acquiring, forwarder } = original;
        Pending {
            connection,
            stan,
            transmission,
            mti,
            institutions: (acquiring, forwarder),
            sent: Mono(0),
            acquirer,
            unanswered,
            owed: None,
            held: None,
            remembered: Memory::No,
            approved: false,
            state,
        }
    }
}

impl Core {
    /// Folds one Record into the state.
    pub(super) fn apply(&mut self, record: &Record) {
        match *record {
            Record::Received { payment, acquirer, amount, stan, references, .. } => {
                self.counted(payment);
                let amount = amount.and_then(|amount| u64::try_from(amount.minor).ok());
                self.recent.insert(Past::new(payment, acquirer, amount, stan, references));
            }
            Record::Sent { .. } => self.apply_sent(record),
            Record::NotSent { payment, bank, stan, .. } => {
                let key = self.end(bank, stan);
                self.recent.not_sent(payment);
                self.release(key);
            }
            Record::Outcome { payment, sent, outcome, told, ref answer, .. } => {
                self.apply_outcome(payment, sent, outcome, told, answer);
            }
            Record::Answered { .. } => {}
            Record::Undelivered { payment, acquirer, connection, original, ref body, .. } => {
                let body = body.clone();
                let copies = 1;
                let (said, until) = (Part::default(), Mono(0));
                let approval = Approval { payment, acquirer, connection, original, body, said, copies, until };
                self.undelivered.insert(approval);
            }
            Record::Delivered { payment, .. } => drop(self.undelivered.remove(payment)),
            Record::ApprovedLate { payment, bank, stan, .. } => self.apply_approved_late(payment, bank, stan),
            Record::Queued { .. } => self.apply_queued(record),
            Record::Tried { .. } => self.apply_tried(record),
            Record::Failed { item, code, strikes, .. } => {
                if let Some(stored) = self.store.get_mut(item) {
                    (stored.code, stored.strikes) = (code.or(stored.code), strikes);
                    self.store.set_phase(item, Phase::Resting);
                }
            }
            Record::Done { item, code, .. } => self.apply_done(item, Some(code)),
            Record::Parked { item, why, .. } => self.store.set_phase(item, Phase::Parked(why)),
            Record::Decided { item, decision: Decision::Resolve, .. } => self.apply_done(item, None),
            Record::Decided { item, decision: Decision::Retry, .. } => {
                if let Some(stored) = self.store.get_mut(item) {
                    stored.strikes = 0;
                    self.store.set_phase(item, Phase::Ready);
                }
            }
            Record::Hold { payment, by, part, hold, .. } => self.apply_hold(payment, by, part, hold),
            Record::Commanded { ref operation, .. } => self.apply_commanded(operation),
            Record::Tombstone { at, references, .. } => self.tombstones.insert(at, references),
        }
    }

    /// Numbers of payments and of stored messages are of one sequence and never used twice.
    pub(super) fn counted(&mut self, payment: PaymentId) {
        self.next_payment = PaymentId(self.next_payment.0.max(payment.0 + 1));
    }

    fn apply_sent(&mut self, record: &Record) {
        let Record::Sent { payment, at, acquirer, connection, original, rrn, unanswered, ref body } = *record else {
            return;
        };
        let state = State::Payment(payment);
        let key = self.begin(Begun { connection, original, acquirer, unanswered, state }, at);
        self.pendings.put_body(key, body.clone());
        self.recent.sent(payment, connection, original, rrn);
        let bank = self.bank(connection.bank);
        bank.in_flight += 1;
        bank.links[usize::from(connection.slot)].in_flight += 1;
    }

    fn apply_outcome(
        &mut self,
        payment: PaymentId,
        sent: Option<(BankId, Stan)>,
        outcome: Outcome,
        told: ResponseCode,
        answer: &Body,
    ) {
        let ended = sent.map(|(bank, stan)| (bank, self.end(bank, stan)));
        self.recent.ended(payment, outcome, told, answer);
        self.under_way.ended(payment, outcome);
        match (ended, outcome) {
            (Some((bank, key)), Outcome::Unknown { why }) => {
                let pending = self.pendings.get_mut(key).expect("an ended entry stays until it is freed");
                pending.owed = (pending.unanswered != Unanswered::Leave).then_some(why);
                self.remember(bank, key, Memory::Late);
            }
            (Some((_, key)), _) => self.release(key),
            (None, _) => {}
        }
    }

    fn apply_queued(&mut self, record: &Record) {
        let Record::Queued { item, at, of, connection, kind, mti, original, ref body } = *record else { return };
        self.counted(item);
        let held = original.and_then(|original| self.hold(item, of, connection, original));
        let stored = Item {
            of,
            chain: item,
            connection,
            kind,
            mti,
            body: body.clone(),
            queued: at,
            entry: None,
            named: original.is_some(),
            held,
            tries: 0,
            strikes: 0,
            code: None,
            phase: Phase::Ready,
            unsent: false,
            heard: 0,
        };
        self.store.insert(item, stored);
        self.under_way.stored(item, of, kind);
        let Some(of) = of else { return };
        let past = self.recent.by_payment(of);
        // What was not approved was never given out: in a storm of time-outs nobody looks for it.
        if past.as_ref().is_none_or(|past| past.standing == Standing::Approved) {
            self.undelivered.arrived(of);
        }
        if let Some(past) = past {
            past.followed_by(kind);
        }
    }

    fn apply_tried(&mut self, record: &Record) {
        let Record::Tried { item, at, connection, stan, transmission, tries } = *record else { return };
        let Some(stored) = self.store.get(item) else { return };
        if stored.entry.is_none() {
            let own = OriginalData { mti: stored.mti, stan, transmission, acquirer: 0, forwarder: 0 };
            if stored.kind.is_advice() {
                let named = known_by(&stored.body, stored.mti, stan, transmission);
                self.recent.advised(item, connection, named);
            }
            let key = self.begin(Begun::own(connection, own, State::Stored(item)), at);
            self.store.get_mut(item).expect("just seen").entry = Some(key);
        }
        let stored = self.store.get_mut(item).expect("just seen");
        stored.tries = tries;
        if let Some(entry) = stored.entry.and_then(|key| self.pendings.get_mut(key)) {
            entry.connection = connection;
        }
        self.store.set_phase(item, Phase::Trying);
    }

    /// A stored message is done: with the bank's code, or by somebody's decision.
    fn apply_done(&mut self, item: PaymentId, code: Option<ResponseCode>) {
        let Some(stored) = self.store.remove(item) else { return };
        if let Some(key) = stored.entry {
            self.release(key);
        }
        let Some(key) = stored.held else { return };
        let pending = self.pendings.get_mut(key).expect("a held entry stays");
        pending.held = None;
        let accepted = code.is_none_or(codes::took_reversal);
        if !accepted && stored.answers_doubt() {
            // The bank did not have it, or so it says. Should it approve after all, the reversal begins anew.
            self.pendings.put_body(key, stored.body.clone());
            self.remember(stored.connection.bank, key, Memory::Refused);
        } else if pending.remembered == Memory::No {
            self.release(key);
        } else {
            pending.approved = false;
            self.remember(stored.connection.bank, key, Memory::Late);
        }
    }

    fn apply_approved_late(&mut self, payment: PaymentId, bank: BankId, stan: Stan) {
        let key = self.banks[usize::from(bank.0)].stans.find(stan);
        let pending = key.and_then(|key| self.pendings.get_mut(key));
        if let Some(pending) = pending.filter(|pending| pending.state == State::Ended(payment)) {
            pending.approved = true;
        }
    }

    /// Begins an entry under a STAN.
    fn begin(&mut self, begun: Begun, at: crate::clock::Wall) -> u32 {
        let (bank, OriginalData { stan, transmission, .. }) = (begun.connection.bank, begun.original);
        self.make_room(bank, stan);
        let key = self.pendings.insert(begun.pending());
        self.bank(bank).stans.take(stan, transmission, at, key);
        key
    }

    /// Sees to it that a STAN can be taken. When its Record is made it can: a free one was chosen. A later life may have a
    /// shorter table, and keep an original that the earlier one could not, since a network message was in its place.
    fn make_room(&mut self, bank: BankId, stan: Stan) {
        while let Some(key) = self.banks[usize::from(bank.0)].stans.find(stan) {
            let pending = self.pendings.get_mut(key).expect("a STAN in use has its entry");
            if pending.stan == stan {
                assert!(matches!(pending.state, State::Ended(_)), "what is in use is not used again");
                pending.remembered = Memory::No;
                if let Some(item) = pending.held.take().and_then(|holder| self.store.get_mut(holder)) {
                    item.held = None;
                }
                let send = self.pendings.send_id(key);
                self.bank(bank).forget(send);
                self.release(key);
            } else {
                let used = self.pendings.iter().filter(|(_, pending)| pending.connection.bank == bank);
                let used = used.map(|(key, pending)| (pending.stan, key));
                self.banks[usize::from(bank.0)].stans.grow(used);
            }
        }
    }

    /// Ends the payment under this STAN. Its entry stays behind until it is freed.
    fn end(&mut self, bank: BankId, stan: Stan) -> u32 {
        let state = &mut self.banks[usize::from(bank.0)];
        let key = state.stans.find(stan).expect("a Record ends only what a Record began");
        let pending = self.pendings.get_mut(key).expect("a STAN in use has its entry");
        assert_eq!(pending.stan, stan, "a STAN in use has its own entry");
        if let State::Payment(id) = pending.state {
            state.in_flight -= 1;
            state.links[usize::from(pending.connection.slot)].in_flight -= 1;
            pending.state = State::Ended(id);
        }
        key
    }

    /// Keeps the STAN of a reversal's original taken: of the entry that is there, or of a new one where there is room.
    fn hold(
        &mut self,
        item: PaymentId,
        of: Option<PaymentId>,
        connection: ConnectionId,
        original: OriginalData,
    ) -> Option<u32> {
        let found = self.banks[usize::from(connection.bank.0)].stans.find(original.stan);
        let key = match found {
            Some(key) => {
                let pending = self.pendings.get(key).expect("a STAN in use has its entry");
                let same = (pending.stan, pending.transmission) == (original.stan, original.transmission);
                (same && matches!(pending.state, State::Ended(_)) && pending.held.is_none()).then_some(key)?
            }
            None => {
                let ended = Begun::own(connection, original, State::Ended(of.unwrap_or(item)));
                let key = self.pendings.insert(ended.pending());
                assert!(self.bank(connection.bank).stans.hold(original.stan, key), "its slot was just seen free");
                key
            }
        };
        let pending = self.pendings.get_mut(key).expect("just found");
        // What was approved before it is what it takes back.
        (pending.held, pending.owed, pending.approved) = (Some(item), None, false);
        // What is stored says all that its body said.
        drop(self.pendings.take_body(key));
        Some(key)
    }

    /// Remembers an ended payment; the oldest is forgotten for it.
    fn remember(&mut self, bank: BankId, key: u32, memory: Memory) {
        let send = self.pendings.send_id(key);
        let pending = self.pendings.get_mut(key).expect("an ended entry stays until it is freed");
        let before = std::mem::replace(&mut pending.remembered, memory);
        if before == memory {
            return;
        }
        let state = &mut self.banks[usize::from(bank.0)];
        if before != Memory::No {
            state.forget(send);
        }
        let Some(oldest) = state.remember(memory, send) else { return };
        let key = self.pendings.by_send_id(oldest).expect("what is remembered is not freed");
        let pending = self.pendings.get_mut(key).expect("just found");
        pending.remembered = Memory::No;
        if pending.held.is_none() {
            self.release(key);
        }
    }

    /// Frees an entry and its STAN.
    pub(super) fn release(&mut self, key: u32) {
        let pending = self.pendings.remove(key);
        assert!(!matches!(pending.state, State::Payment(_)), "a payment in flight ends by a Record");
        assert!(pending.remembered == Memory::No && pending.held.is_none(), "nobody remembers it");
        self.banks[usize::from(pending.connection.bank.0)].stans.release(pending.stan);
    }
}
