//! Payments that nobody may rely on: not answered in time, cut off by a restart, answered with something that means
//! nothing, approved and not delivered. What moved money is taken back.

use super::{
    AcquirerId, ConnectionId, Note, Turn, codes,
    finish::{Ended, How, Part},
    pending::{Memory, Pending, State},
    recent::{Past, Standing},
    reversal::{self, Reason, compose},
    store::Phase,
    undelivered::Approval,
};
use crate::record::{Body, Cause, Doubt, Outcome, Park, PaymentId, Record, Stored, Unanswered};
use banklink_protocol::{
    Message,
    element::{OriginalData, ResponseCode},
};

impl Turn<'_> {
    /// Ends a payment in flight in doubt. `told` is DE39 for its acquirer, where it is not the one for time-outs.
    pub(super) fn doubt(&mut self, key: u32, why: Doubt, told: Option<ResponseCode>) {
        self.doubt_answer(key, why, told, Part::default());
    }

    /// The same, with what the answer said of an approval.
    pub(super) fn doubt_answer(&mut self, key: u32, why: Doubt, told: Option<ResponseCode>, approved: Part) {
        let pending = self.core.pendings.get(key).expect("every payment in flight has its entry");
        let (connection, stan, sent, acquirer, state) =
            (pending.connection, pending.stan, pending.sent, pending.acquirer, pending.state);
        let code = told.unwrap_or_else(|| self.profile(acquirer).timeout_code);
        if let Some(waiting) = self.take_waiting(key) {
            let how = How::Doubtful { why, code, key, approved };
            return self.finish(waiting, Ended { sent: Some((connection, stan, sent)), how }, None);
        }
        // Nobody waits any more: the switch restarted.
        let State::Payment(payment) = state else { return };
        let (sent, outcome) = (Some((connection.bank, stan)), Outcome::Unknown { why });
        let answer = Body::default();
        self.commit(Record::Outcome { payment, at: self.now.wall, sent, outcome, told: code, answer });
        self.take_back(key, payment, why, approved);
        self.hold_settles(payment);
    }

    /// Stores the reversal of a payment that ended in doubt; or the question, where it cannot be taken back.
    pub(super) fn take_back(&mut self, key: u32, payment: PaymentId, why: Doubt, approved: Part) {
        let pending = self.core.pendings.get(key).expect("an entry in doubt stays");
        let (connection, original, unanswered) = (pending.connection, pending.original(), pending.unanswered);
        if unanswered == Unanswered::Leave {
            return;
        }
        let body = self.core.pendings.body(key).clone();
        if unanswered == Unanswered::Ask {
            let (item, kind) = (self.core.next_payment, Stored::Question);
            return self.queue(item, Some(payment), connection, kind, original.mti, Some(original), body);
        }
        let Part { amount, authorization } = approved;
        let reason = Reason { cause: Cause::Doubt(why), amount, authorization };
        self.reverse(payment, connection, original, &body, &reason);
        self.pump(connection.bank);
    }

    /// Stores a reversal of our own.
    fn reverse(
        &mut self,
        payment: PaymentId,
        connection: ConnectionId,
        original: OriginalData,
        body: &Body,
        reason: &Reason,
    ) {
        let bank = &self.rules.banks[usize::from(connection.bank.0)];
        let composed = compose(body, original, reason, bank);
        let (item, kind) = (self.core.next_payment, Stored::Reversal(reason.cause));
        self.queue(item, Some(payment), connection, kind, reversal::mti(bank), Some(original), composed);
    }

    /// The bank approves a payment that has ended, or says what means nothing. Where its reversal was taken, nothing more is
    /// to be done; where the bank had nothing to reverse, it has now; where the reversal is still out, that will show.
    pub(super) fn approved_late(&mut self, key: u32, payment: PaymentId) {
        let pending = self.core.pendings.get(key).expect("found by its STAN");
        let matters = pending.held.is_some() || pending.remembered == Memory::Refused;
        if !matters || pending.approved || pending.unanswered != Unanswered::Reverse {
            return;
        }
        let (bank, stan) = (pending.connection.bank, pending.stan);
        self.commit(Record::ApprovedLate { payment, at: self.now.wall, bank, stan });
        self.reverse_anew(key);
    }

    /// Stores another reversal of a payment that was approved late and whose first reversal was refused.
    pub(super) fn reverse_anew(&mut self, key: u32) {
        let pending = self.core.pendings.get(key).expect("an entry that is remembered");
        let (connection, original, state) = (pending.connection, pending.original(), pending.state);
        let due = pending.approved && pending.held.is_none() && pending.remembered == Memory::Refused;
        if let (State::Ended(payment), true) = (state, due) {
            let body = self.core.pendings.body(key).clone();
            self.reverse(payment, connection, original, &body, &Reason::of(Cause::LateApproval));
            self.pump(connection.bank);
        }
    }

    /// An answer certainly did not reach its acquirer. If it was an approval, the acquirer has a while to come back for it.
    pub(super) fn not_delivered(&mut self, payment: PaymentId) {
        let Some(approval) = self.core.undelivered.came_back(payment) else { return };
        if self.core.store.concerns(payment) || self.core.undelivered.contains(payment) {
            return;
        }
        let Approval { acquirer, connection, original, .. } = approval;
        let body = approval.repeated();
        self.commit(Record::Undelivered { payment, at: self.now.wall, acquirer, connection, original, body });
        self.note(Note::Undelivered { acquirer, payment });
        self.grant_grace(acquirer, payment);
    }

    fn grant_grace(&mut self, acquirer: AcquirerId, payment: PaymentId) {
        let until = self.now.mono + self.profile(acquirer).undelivered_grace;
        self.core.undelivered.due_at(acquirer, payment, until);
        self.arm_undelivered(acquirer);
    }

    fn arm_undelivered(&mut self, acquirer: AcquirerId) {
        let timer = self.core.undelivered_timer(acquirer);
        match self.core.undelivered.next_due(acquirer) {
            Some(due) => self.core.wheel.set(timer, due),
            None => self.core.wheel.cancel(timer),
        }
    }

    /// Undelivered approvals whose grace is over are reversed.
    pub(super) fn undelivered_due(&mut self, acquirer: AcquirerId) {
        while let Some(approval) = self.core.undelivered.overdue(acquirer, self.now.mono) {
            let Approval { payment, connection, original, body, .. } = approval;
            self.reverse(payment, connection, original, &body, &Reason::of(Cause::Undelivered));
            self.pump(connection.bank);
        }
        self.arm_undelivered(acquirer);
    }

    /// After the Records of an earlier life are folded: what was with a bank then is in doubt, what was begun is finished,
    /// what is stored goes on.
    pub(super) fn recover(&mut self) {
        let payments = self.core.pendings.iter().filter(|(_, pending)| matches!(pending.state, State::Payment(_)));
        let keys: Vec<_> = payments.map(|(key, _)| key).collect();
        self.finish_taking_back();
        for &key in &keys {
            self.doubt(key, Doubt::Restarted, None);
        }
        let ended = self.core.pendings.iter().filter(|(_, pending)| matches!(pending.state, State::Ended(_)));
        for key in ended.map(|(key, _)| key).collect::<Vec<_>>() {
            self.reverse_anew(key);
        }
        self.core.store.start_over();
        self.core.banks.iter_mut().for_each(|bank| bank.stans.start_over());
        self.finish_taking_over();
        self.settle_holds();
        let mut undelivered: Vec<_> =
            self.core.undelivered.iter().map(|approval| (approval.payment, approval.acquirer)).collect();
        undelivered.sort_unstable_by_key(|(payment, _)| *payment);
        for &(payment, acquirer) in &undelivered {
            self.grant_grace(acquirer, payment);
        }
        let stored = self.core.store.iter().count();
        if !keys.is_empty() || stored > 0 || !undelivered.is_empty() {
            self.note(Note::Recovered { in_flight: keys.len(), stored, undelivered: undelivered.len() });
        }
    }

    /// Outcomes in doubt whose reversals were not stored any more.
    fn finish_taking_back(&mut self) {
        let owed = |(key, pending): (u32, &Pending)| match (pending.owed, pending.state) {
            (Some(why), State::Ended(payment)) => Some((key, payment, why)),
            _ => None,
        };
        let owed: Vec<_> = self.core.pendings.iter().filter_map(owed).collect();
        for (key, payment, why) in owed {
            self.take_back(key, payment, why, Part::default());
        }
    }

    /// Messages of acquirers that were stored and not acknowledged any more: they are taken, and a resend must find them.
    /// Questions that were not given to people yet.
    fn finish_taking_over(&mut self) {
        let mut items: Vec<_> =
            self.core.store.iter().map(|(id, item)| (id, item.kind, item.mti, item.phase)).collect();
        items.sort_unstable_by_key(|(id, ..)| *id);
        for (item, kind, mti, phase) in items {
            if kind == Stored::Question && !matches!(phase, Phase::Parked(_)) {
                self.park(item, Park::Question);
            }
            let unanswered = |past: &&mut Past| past.standing == Standing::Received;
            let Some(past) = self.core.recent.by_payment(item).filter(unanswered) else { continue };
            let code = codes::taken(self.rules.acquirers[usize::from(past.acquirer.0)].dialect.version(), mti);
            let (outcome, answer) = (Outcome::Taken { code }, Body::default());
            self.commit(Record::Outcome { payment: item, at: self.now.wall, sent: None, outcome, told: code, answer });
        }
    }

    /// The switch is about to start over: who waits is told that it cannot say (96). What it records is not durable any
    /// more, so nothing is recorded.
    pub(super) fn abandon(&mut self) {
        let keys: Vec<_> = self.core.pendings.all_waiting().map(|(key, _)| key).collect();
        for key in keys {
            let Some(waiting) = self.take_waiting(key) else { continue };
            self.core.acquirer(waiting.origin.acquirer()).in_flight -= 1 + waiting.attached.len();
            self.give_up(waiting);
        }
        self.abandon_recalls();
    }
}

/// What a doubtful answer said of an approval.
pub(super) fn part(message: &Message, asked: Option<u64>) -> Part {
    Part { amount: super::amount::of(message).filter(|&came| Some(came) != asked), authorization: message.array(38) }
}
