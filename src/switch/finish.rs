//! How a request ends: its outcome recorded, its answers given, one line said about it. Exactly once.

use super::{
    ConnectionId, Note, Origin, OutcomeKind, Output, PaymentNote, Refusal, Turn, amount,
    answer::{self, Addressee},
    codes, kept,
    pending::Waiting,
    recent::{Past, Standing},
};
use crate::{
    clock::Mono,
    record::{Body, Doubt, Outcome, PaymentId, Record},
};
use banklink_protocol::{
    FieldSet, Message,
    element::{ResponseCode, Stan},
};
use std::time::Duration;

/// How a request ended.
pub(super) struct Ended {
    /// Where and when it was sent last, under which STAN.
    pub(super) sent: Option<(ConnectionId, Stan, Mono)>,
    pub(super) how: How,
}

/// The ways to end.
pub(super) enum How {
    /// The bank approved, and the acquirer is told so.
    Approved { outcome: Outcome, code: ResponseCode, reversible: bool },
    /// The bank declined.
    Declined { outcome: Outcome, code: ResponseCode },
    /// Nobody may rely on it.
    Doubtful { why: Doubt, code: ResponseCode, key: u32, approved: Part },
    /// A reversal or an advice: we took it over.
    Taken { outcome: Outcome, code: ResponseCode },
    /// No bank has it.
    Refused { refusal: Refusal, field: Option<u8> },
}

/// What a doubtful answer said of an approval: its amount, where that is not all, and its DE38.
#[derive(Clone, Copy, Default)]
pub(super) struct Part {
    pub(super) amount: Option<u64>,
    pub(super) authorization: Option<[u8; 6]>,
}

impl Ended {
    pub(super) const fn refused(refusal: Refusal) -> Self {
        Self { sent: None, how: How::Refused { refusal, field: None } }
    }

    pub(super) const fn refused_for(refusal: Refusal, field: Option<u8>) -> Self {
        Self { sent: None, how: How::Refused { refusal, field } }
    }
}

/// What all addressees are told.
struct Verdict {
    outcome: Outcome,
    code: ResponseCode,
    kind: OutcomeKind,
    /// The data element at fault, for DE44.
    field: Option<u8>,
    /// The approval that the answer tells of.
    approves: Option<PaymentId>,
}

impl Turn<'_> {
    /// Ends a request that counts as in flight: records, answers (with the bank's own answer where there is one), notes.
    pub(super) fn finish(&mut self, waiting: Box<Waiting>, ended: Ended, body: Option<Box<Message>>) {
        let acquirer = waiting.origin.acquirer();
        self.core.acquirer(acquirer).in_flight -= 1 + waiting.attached.len();
        let verdict = self.verdict(&waiting, &ended.how);
        let answered = body.is_some();
        // Nearly always there is nobody else.
        let (own, others) = if waiting.attached.is_empty() { (body, None) } else { (body.clone(), body) };
        let first = self.answer_for(&Addressee::first(&waiting.instruction), &waiting, &verdict, own, ended.sent);
        if let Some(payment) = waiting.id {
            let sent = ended.sent.map(|(connection, stan, _)| (connection.bank, stan));
            let answer = if answered { repeatable(&first, &waiting) } else { Body::default() };
            let (at, outcome, told) = (self.now.wall, verdict.outcome, verdict.code);
            if let (Some((bank, _)), How::Approved { reversible: true, .. }) = (sent, &ended.how) {
                self.hold_begins(payment, &waiting, outcome, bank);
            }
            self.commit(Record::Outcome { payment, at, sent, outcome, told, answer });
            match ended.how {
                // Its acquirer's own reversal takes it back.
                How::Doubtful { why: Doubt::Reversed, .. } => {}
                How::Doubtful { why, key, approved, .. } => {
                    self.take_back(key, payment, why, approved);
                    self.hold_settles(payment);
                }
                _ => self.hold_settles(payment),
            }
        }
        self.conclude(waiting, &verdict, first, others, ended.sent);
        if let Some((connection, ..)) = ended.sent {
            self.settle_held(connection);
        }
        self.settle_drain();
    }

    /// Refuses a request that passed the door but never counted as in flight.
    pub(super) fn refuse(&mut self, waiting: Box<Waiting>, refusal: Refusal) {
        self.refuse_for(waiting, refusal, None);
    }

    /// The same, naming the data element at fault.
    pub(super) fn refuse_for(&mut self, waiting: Box<Waiting>, refusal: Refusal, field: Option<u8>) {
        let verdict = self.verdict(&waiting, &How::Refused { refusal, field });
        let first = self.answer_for(&Addressee::first(&waiting.instruction), &waiting, &verdict, None, None);
        self.conclude(waiting, &verdict, first, None, None);
    }

    /// Tells everybody who waits that the switch cannot say, and records nothing.
    pub(super) fn give_up(&mut self, mut waiting: Box<Waiting>) {
        waiting.id = None;
        self.refuse(waiting, Refusal::Recovering);
    }

    /// Gives the answer of a payment once more. An approval that was undelivered is so no longer; of one whose first answer is
    /// still on its way, both have to come back before it is.
    pub(super) fn replay(&mut self, past: &Past, told: ResponseCode, waiting: Box<Waiting>) {
        let payment = past.payment;
        let undelivered = self.core.undelivered.get(payment).cloned();
        let approved = past.standing == Standing::Approved;
        let at_stake = undelivered.is_some() || approved && self.core.undelivered.given_again(payment);
        let approves = (approved && at_stake).then_some(payment);
        let verdict = Verdict {
            outcome: Outcome::Refused { code: told },
            code: told,
            kind: OutcomeKind::Replayed,
            field: None,
            approves,
        };
        if let Some(approval) = undelivered {
            self.commit(Record::Delivered { payment, at: self.now.wall });
            self.core.undelivered.given(approval);
        }
        let mut answer = self.answer_for(&Addressee::first(&waiting.instruction), &waiting, &verdict, None, None);
        match (self.core.recent.answer(past), past.left) {
            (Some(body), _) => body.put(&mut answer),
            // Forgotten: of all it said, the amount that stands must be told.
            (None, Some(left)) if past.standing == Standing::Approved && past.left != past.asked => {
                let _ = amount::set(&mut answer, left, waiting.instruction.kept.get(4));
            }
            (None, _) => {}
        }
        self.conclude(waiting, &verdict, answer, None, None);
    }

    /// The outcome in the bank's terms, and what the acquirer is told.
    fn verdict(&self, waiting: &Waiting, how: &How) -> Verdict {
        let profile = self.profile(waiting.origin.acquirer());
        let told = |outcome, code, kind| Verdict { outcome, code, kind, field: None, approves: None };
        match *how {
            How::Approved { outcome, code, reversible } => {
                let approves = waiting.id.filter(|_| reversible);
                Verdict { approves, ..told(outcome, code, OutcomeKind::Approved) }
            }
            How::Declined { outcome, code } => told(outcome, code, OutcomeKind::Declined),
            How::Doubtful { why, code, .. } => {
                let kind = if why == Doubt::TimedOut { OutcomeKind::TimedOut } else { OutcomeKind::Doubtful };
                told(Outcome::Unknown { why }, code, kind)
            }
            How::Taken { outcome, code } => told(outcome, code, OutcomeKind::Taken),
            How::Refused { refusal, field } => {
                let code = codes::refusal(profile, refusal);
                let field = field.filter(|_| refusal == Refusal::Untranslatable);
                Verdict { field, ..told(Outcome::Refused { code }, code, OutcomeKind::Refused(refusal)) }
            }
        }
    }

    /// Answers everyone who waits, and says one line.
    fn conclude(
        &mut self,
        mut waiting: Box<Waiting>,
        verdict: &Verdict,
        first: Box<Message>,
        body: Option<Box<Message>>,
        sent: Option<(ConnectionId, Stan, Mono)>,
    ) {
        let note = self.payment_note(&waiting, verdict, sent);
        let attached = std::mem::take(&mut waiting.attached);
        let delivered = note.delivered || !attached.is_empty();
        for resend in attached {
            let pan = waiting.instruction.pan.as_ref().filter(|_| resend.pan_in_de2);
            let addressee = Addressee { mti: resend.mti, pan, kept: &resend.kept };
            let message = self.answer_for(&addressee, &waiting, verdict, body.clone(), sent);
            self.answer(resend.origin, message, verdict.approves);
        }
        if !waiting.abandoned {
            self.answer(waiting.origin.clone(), first, verdict.approves);
        }
        match (waiting.id, delivered) {
            (Some(payment), true) => {
                self.commit(Record::Answered { payment, at: self.now.wall, code: verdict.code });
            }
            (Some(_), false) => {
                if let Some(payment) = verdict.approves {
                    self.not_delivered(payment);
                }
            }
            (None, _) => {}
        }
        self.note(Note::Payment(note));
        self.core.pendings.done(waiting);
    }

    /// The answer as one addressee gets it.
    fn answer_for(
        &self,
        addressee: &Addressee<'_>,
        waiting: &Waiting,
        verdict: &Verdict,
        body: Option<Box<Message>>,
        sent: Option<(ConnectionId, Stan, Mono)>,
    ) -> Box<Message> {
        let (Some(mut message), Some((connection, ..))) = (body, sent) else {
            let dialect = &self.profile(waiting.origin.acquirer()).dialect;
            let mut message = addressee.own(dialect, verdict.code, verdict.field);
            answer::echo_original(&mut message, &waiting.instruction);
            return Box::new(message);
        };
        let bank = &self.rules.banks[usize::from(connection.bank.0)];
        addressee.restore(&mut message, bank, waiting.own_rrn.is_some());
        answer::restore_original(&mut message, &waiting.instruction);
        message
    }

    fn payment_note(
        &self,
        waiting: &Waiting,
        verdict: &Verdict,
        sent: Option<(ConnectionId, Stan, Mono)>,
    ) -> PaymentNote {
        let instruction = &waiting.instruction;
        PaymentNote {
            payment: waiting.id,
            acquirer: waiting.origin.acquirer(),
            session: waiting.origin.session(),
            connection: sent.map(|(connection, ..)| connection),
            mti: instruction.mti,
            processing: instruction.processing,
            card: instruction.card(),
            stan_in: instruction.stan,
            stan_out: sent.map(|(_, stan, _)| stan),
            rrn: instruction.rrn,
            amount: instruction.money(),
            code: verdict.code,
            outcome: verdict.kind,
            total: self.now.mono.since(waiting.origin.arrived()),
            bank: sent.map_or(Duration::ZERO, |(_, _, at)| self.now.mono.since(at)),
            attached: waiting.attached.len() as u16,
            delivered: !waiting.abandoned,
        }
    }

    /// Hands an answer out.
    pub(super) fn answer(&mut self, to: Origin, message: Box<Message>, approves: Option<PaymentId>) {
        self.core.acquirer(to.acquirer()).answers += 1;
        self.output(Output::Answer { to, approves, message });
    }
}

/// What a resend says itself, whatever the answer.
const OWN: FieldSet = kept::SET.union(&FieldSet::of(&[2, 39, 56, 90])).without(&FieldSet::of(&[4]));

/// What of an answer is kept for resends: all but what they say themselves.
fn repeatable(answer: &Message, waiting: &Waiting) -> Body {
    let mut wanted = answer.field_set().without(&OWN);
    if wanted.contains(4) && answer.look(4, &mut [0; 16]) == waiting.instruction.kept.get(4) {
        wanted.remove(4);
    }
    Body::of(answer, &wanted)
}
