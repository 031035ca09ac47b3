//! Delivering what is stored: a window of messages at a time to each bank, each again and again until the bank has taken
//! it. The second try and all after it are repeats (0421, 0401, 0221) of the first, under the same STAN and DE7.
//!
//! A bank that says nothing at all is left alone for a while. A message that the bank passes over while it answers others,
//! or refuses with a code that none of the tables knows, counts strikes; with enough of them it is parked for people. None
//! is ever dropped.

use super::{
    BankId, ConnectionId, NotSent, Note, Output, Turn, codes, matching,
    outbound::{Named, name, number},
    store::{Item, Phase},
};
use crate::{
    record::{Body, Decision, Park, PaymentId, Record, Stored},
    rules::Bank,
};
use banklink_protocol::{
    FieldError, Message, Mti,
    element::{OriginalData, ResponseCode, Stan, Transmission},
};
use std::time::Duration;

impl Turn<'_> {
    /// Is there room to store a message for this bank, with a reversal for all that is in flight?
    pub(super) fn has_room_to_store(&self, bank: BankId) -> bool {
        let index = usize::from(bank.0);
        let owed = self.core.store.queues()[index].total + self.core.banks[index].in_flight;
        owed + self.core.undelivered.len() < self.rules.banks[index].store.limit
    }

    /// Stores a message.
    #[expect(clippy::too_many_arguments, reason = "the parts of a Record")]
    pub(super) fn queue(
        &mut self,
        item: PaymentId,
        of: Option<PaymentId>,
        connection: ConnectionId,
        kind: Stored,
        mti: Mti,
        original: Option<OriginalData>,
        body: Body,
    ) {
        let reversed = of.zip(kind.leaves());
        if let Some((payment, left)) = reversed {
            self.hold_shrinks(payment, left);
        }
        self.commit(Record::Queued { item, at: self.now.wall, of, connection, kind, mti, original, body });
        self.note(Note::Stored { bank: connection.bank, item, of, kind });
        match (kind, reversed) {
            (_, Some((payment, left))) => self.hold_grows(payment, left),
            (Stored::Question, _) => self.park(item, Park::Question),
            (Stored::Uncovered, _) => self.note(Note::Parked { bank: connection.bank, item, why: Park::Uncovered }),
            _ => self.hold_settles(item),
        }
    }

    /// Sends what is stored for a bank, as much as its window allows.
    pub(super) fn pump(&mut self, bank: BankId) {
        let window = self.rules.banks[usize::from(bank.0)].store.window;
        while !self.core.draining {
            let queue = self.core.store.queue(bank);
            if queue.trying >= window || queue.paused.is_some_and(|until| until > self.now.mono) {
                return;
            }
            let Some(item) = self.core.store.next_ready(bank) else { return };
            if !self.try_stored(item) {
                return self.core.store.put_back(item);
            }
        }
    }

    /// Sends a stored message; false where no connection takes it now.
    fn try_stored(&mut self, id: PaymentId) -> bool {
        let item = self.core.store.get(id).expect("what is ready is stored");
        if item.kind == Stored::Question {
            // It never is a message.
            self.park(id, Park::Question);
            return true;
        }
        let (bank, preferred) = (item.connection.bank, item.connection);
        let profile = &self.rules.banks[usize::from(bank.0)];
        let state = &mut self.core.banks[usize::from(bank.0)];
        let Some(connection) = state.pick_stored(preferred) else { return false };
        let numbers = match item.entry.and_then(|key| self.core.pendings.get(key)) {
            Some(pending) => Some((pending.stan, pending.transmission)),
            None => state.stans.choose(self.now.wall),
        };
        let Some((stan, transmission)) = numbers else { return false };
        let tries = (item.tries + u32::from(!item.unsent)).max(1);
        let unnamed = item.of.filter(|_| !item.named && matches!(item.kind, Stored::Acquirers { .. }));
        let mut message = written(item, profile, stan, transmission, tries);
        if let Some(of) = unnamed {
            let advice = self.core.recent.by_payment(of).and_then(|past| past.followed());
            let named = advice.map(|advice| Named { original: advice.original, clock: advice.clock });
            message = message.and_then(|message| name_advice(message, named));
        }
        let Ok(message) = message else {
            self.park(id, Park::Unsendable);
            return true;
        };
        self.commit(Record::Tried { item: id, at: self.now.wall, connection, stan, transmission, tries });
        let heard = self.core.store.queue(bank).answers;
        let item = self.core.store.get_mut(id).expect("just recorded");
        (item.heard, item.unsent) = (heard, false);
        let key = item.entry.expect("just recorded");
        self.core.pendings.get_mut(key).expect("just recorded").sent = self.now.mono;
        let expires = self.now.mono + profile.answer_timeout;
        self.core.wheel.set(self.core.timer(key), expires);
        let send = self.core.pendings.send_id(key);
        self.output(Output::ToBank {
            connection,
            send,
            header: profile.header.clone(),
            message: Box::new(message),
            expires,
        });
        true
    }

    /// An answer under the STAN of a stored message.
    pub(super) fn stored_answer(&mut self, key: u32, id: PaymentId, connection: ConnectionId, message: &Message) {
        let bank = &self.rules.banks[usize::from(connection.bank.0)];
        let item = self.core.store.get(id).expect("an entry of a stored message has it");
        let pending = self.core.pendings.get(key).expect("found by its STAN");
        let ours = Some(message.mti()) == item.mti.response()
            && !matching::another_transmission(message, &pending.transmission, bank);
        let code = matching::response_code(message).filter(|_| ours);
        let Some(code) = code else {
            return self.unknown_answer(connection, message, Some(if ours { 39 } else { 7 }));
        };
        let (tries, reversal, strikes, queued) = (item.tries, item.is_reversal(), item.strikes, item.queued);
        let (phase, original) = (item.phase, item.held);
        self.bank_answers(connection.bank);
        if settles(bank, code, reversal) {
            self.core.wheel.cancel(self.core.timer(key));
            self.commit(Record::Done { item: id, at: self.now.wall, code });
            let after = Duration::from_micros(u64::try_from(self.now.wall.0 - queued.0).unwrap_or(0));
            self.note(Note::StoredDone { bank: connection.bank, item: id, code, tries, after });
            if let Some(original) = original.filter(|&key| self.core.pendings.get(key).is_some()) {
                self.reverse_anew(original);
            }
        } else if phase == Phase::Trying {
            let strikes = strikes + u32::from(!bank.store.retrying.contains(&code));
            self.stored_failed(id, Some(code), strikes);
        }
        // (A refusal that comes when nothing is asked, late or a second time, says nothing new.)
        self.pump(connection.bank);
    }

    /// The timer of a stored message: it was not answered, or it is time to try again.
    pub(super) fn stored_timer(&mut self, id: PaymentId) {
        let item = self.core.store.get(id).expect("an entry of a stored message has it");
        let (bank, phase, strikes, heard) = (item.connection.bank, item.phase, item.strikes, item.heard);
        match phase {
            Phase::Resting => self.core.store.set_phase(id, Phase::Ready),
            Phase::Trying => {
                let queue = self.core.store.queue(bank);
                let passed_over = queue.answers > heard;
                if !passed_over && queue.paused.is_none() {
                    // It says nothing to anybody: the whole queue waits. (The others of its window prove nothing more.)
                    queue.silent = queue.silent.saturating_add(1);
                    let pause = spacing(&self.rules.banks[usize::from(bank.0)], queue.silent);
                    let until = self.now.mono + pause;
                    queue.paused = Some(until);
                    self.core.wheel.set(self.core.queue_timer(bank), until);
                }
                self.stored_failed(id, None, strikes + u32::from(passed_over));
            }
            Phase::Behind | Phase::Ready | Phase::Parked(_) => unreachable!("no timer runs"),
        }
        self.pump(bank);
    }

    /// A try did not settle it: another one after a while, or none.
    pub(super) fn stored_failed(&mut self, id: PaymentId, code: Option<ResponseCode>, strikes: u32) {
        let item = self.core.store.get(id).expect("it was tried");
        let (bank, tries) = (item.connection.bank, item.tries);
        self.commit(Record::Failed { item: id, at: self.now.wall, code, strikes });
        self.note(Note::StoredFailed { bank, item: id, code, tries });
        let profile = &self.rules.banks[usize::from(bank.0)];
        if strikes >= profile.store.strikes {
            self.park(id, Park::Strikes);
        } else {
            self.rest(id, spacing(profile, tries));
        }
    }

    /// A try that certainly did not leave: it does not count. What cannot be laid out never will.
    pub(super) fn stored_unsent(&mut self, key: u32, id: PaymentId, why: NotSent) {
        let item = self.core.store.get_mut(id).expect("an entry of a stored message has it");
        debug_assert_eq!(item.entry, Some(key));
        let bank = item.connection.bank;
        if item.phase == Phase::Trying {
            item.unsent = true;
            if why == NotSent::Encode {
                self.park(id, Park::Unsendable);
                return self.pump(bank);
            }
            let pause = self.rules.banks[usize::from(bank.0)].store.spacing;
            self.core.store.set_phase(id, Phase::Resting);
            self.rest(id, pause);
        }
    }

    /// Sets the timer to the next try.
    fn rest(&mut self, id: PaymentId, pause: Duration) {
        let key = self.core.store.get(id).and_then(|item| item.entry).expect("it was tried");
        self.core.wheel.set(self.core.timer(key), self.now.mono + pause);
    }

    /// Leaves a stored message to people.
    pub(super) fn park(&mut self, id: PaymentId, why: Park) {
        let item = self.core.store.get(id).expect("only what is stored is parked");
        let bank = item.connection.bank;
        if let Some(key) = item.entry {
            self.core.wheel.cancel(self.core.timer(key));
        }
        self.commit(Record::Parked { item: id, at: self.now.wall, why });
        self.note(Note::Parked { bank, item: id, why });
    }

    /// A bank answered a payment or a stored message: it is not silent.
    pub(super) fn bank_answers(&mut self, bank: BankId) {
        let queue = self.core.store.queue(bank);
        queue.answers += 1;
        queue.silent = 0;
        if queue.paused.take().is_some() {
            self.core.wheel.cancel(self.core.queue_timer(bank));
            self.pump(bank);
        }
    }

    /// The pause of a silent bank is over.
    pub(super) fn queue_timer(&mut self, bank: BankId) {
        self.core.store.queue(bank).paused = None;
        self.pump(bank);
    }

    /// A connection of the bank takes payments again: what was not answered on the old one is tried at once, before them.
    pub(super) fn bank_is_back(&mut self, bank: BankId) {
        let queue = self.core.store.queue(bank);
        queue.silent = 0;
        if queue.paused.take().is_some() {
            self.core.wheel.cancel(self.core.queue_timer(bank));
        }
        let resting = |item: &Item| item.connection.bank == bank && item.phase == Phase::Resting && item.code.is_none();
        let mut again: Vec<_> =
            self.core.store.iter().filter(|(_, item)| resting(item)).map(|(id, item)| (id, item.entry)).collect();
        again.sort_unstable_by_key(|(id, _)| *id);
        for (id, entry) in again {
            self.core.wheel.cancel(self.core.timer(entry.expect("it was tried")));
            self.core.store.set_phase(id, Phase::Ready);
        }
        self.pump(bank);
    }

    /// Somebody decided over a stored message.
    pub(super) fn decide(&mut self, id: PaymentId, decision: Decision, by: Box<str>) {
        let Some(item) = self.core.store.get(id) else { return self.note(Note::Decided { item: id, found: false }) };
        let (bank, phase, question) = (item.connection.bank, item.phase, item.kind == Stored::Question);
        let retries = decision == Decision::Retry && !question && matches!(phase, Phase::Parked(_) | Phase::Resting);
        if retries || decision == Decision::Resolve {
            if let Some(key) = item.entry {
                self.core.wheel.cancel(self.core.timer(key));
            }
            if retries && phase == Phase::Parked(Park::Uncovered) {
                self.hold_is_exceeded(id);
            }
            self.commit(Record::Decided { item: id, at: self.now.wall, decision, by });
        }
        self.note(Note::Decided { item: id, found: true });
        self.pump(bank);
    }
}

/// Does this code settle a stored message? What a bank has nothing to do for (25, 21 …) settles a reversal alone.
fn settles(bank: &Bank, code: ResponseCode, reversal: bool) -> bool {
    bank.approving.contains(&code)
        || codes::took_reversal(code)
        || reversal && bank.store.settling.contains(&code)
        || !reversal && codes::acknowledges(code)
}

/// The pause after so many tries.
fn spacing(bank: &Bank, tries: u32) -> Duration {
    let doubled = bank.store.spacing.saturating_mul(1 << tries.saturating_sub(1).min(20));
    doubled.min(bank.store.spacing_max.max(bank.store.spacing))
}

/// A stored message as it is written.
fn written(
    item: &Item,
    bank: &Bank,
    stan: Stan,
    transmission: Transmission,
    tries: u32,
) -> Result<Message, FieldError> {
    let mti = if tries > 1 { item.mti.repeat() } else { item.mti };
    let mut message = item.body.message(&bank.dialect, mti)?;
    number(&mut message, stan, transmission)?;
    Ok(message)
}

/// Names the advice that a reversal takes back, as its bank knows it. Where that is forgotten, it says nothing.
fn name_advice(mut message: Message, named: Option<Named>) -> Result<Message, FieldError> {
    if let Some(named) = named {
        name(&mut message, named)?;
    }
    Ok(message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Mono;

    #[test]
    fn pauses_double_up_to_a_cap() {
        let dialect = banklink_protocol::Dialect::named("iso87-ascii").unwrap();
        let bank = Bank::new("a", &dialect);
        let pauses: Vec<_> = [1, 2, 3, 9, 10, 4_000_000_000].map(|tries| spacing(&bank, tries).as_secs()).into();
        assert_eq!(pauses, [1, 2, 4, 256, 300, 300]);
        assert!(Mono(0) < Mono(0) + spacing(&bank, 0));
    }
}
