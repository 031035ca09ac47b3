//! How a request ends: its outcome recorded, its answers given, one line said about it. Exactly once.

use super::{
    ConnectionId, Note, Origin, OutcomeKind, Output, PaymentNote, Refusal, Turn,
    answer::{self, Addressee},
    codes,
    pending::Waiting,
};
use crate::{
    clock::Mono,
    record::{Outcome, Record},
};
use banklink_protocol::{
    Message,
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
    /// The bank answered.
    Answered { outcome: Outcome, approved: bool, code: ResponseCode },
    /// It did not, in time.
    TimedOut,
    /// No bank has it.
    Refused { refusal: Refusal, field: Option<u8> },
}

impl Ended {
    pub(super) const fn refused(refusal: Refusal) -> Self {
        Self { sent: None, how: How::Refused { refusal, field: None } }
    }

    pub(super) const fn refused_for(refusal: Refusal, field: u8) -> Self {
        Self { sent: None, how: How::Refused { refusal, field: Some(field) } }
    }
}

/// What all addressees are told.
struct Verdict {
    code: ResponseCode,
    kind: OutcomeKind,
    /// The data element at fault, for DE44.
    field: Option<u8>,
}

impl Turn<'_> {
    /// Ends a request that counts as in flight: records, answers (with the bank's own answer where there is one), notes.
    pub(super) fn finish(&mut self, waiting: Box<Waiting>, ended: Ended, body: Option<Message>) {
        let acquirer = waiting.origin.acquirer();
        self.core.acquirer(acquirer).in_flight -= 1 + waiting.attached.len();
        let (outcome, verdict) = self.verdict(&waiting, ended.how);
        if let Some(payment) = waiting.id {
            let sent = ended.sent.map(|(connection, stan, _)| (connection.bank, stan));
            self.commit(Record::Outcome { payment, at: self.now.wall, sent, outcome });
        }
        self.conclude(waiting, &verdict, body, ended.sent);
        self.settle_drain();
    }

    /// Refuses a request that passed the door but never counted as in flight.
    pub(super) fn refuse(&mut self, waiting: Box<Waiting>, refusal: Refusal) {
        let code = codes::refusal(self.profile(waiting.origin.acquirer()), refusal);
        let verdict = Verdict { code, kind: OutcomeKind::Refused(refusal), field: None };
        self.conclude(waiting, &verdict, None, None);
    }

    /// The outcome in the bank's terms, and what the acquirer is told.
    fn verdict(&self, waiting: &Waiting, how: How) -> (Outcome, Verdict) {
        let profile = self.profile(waiting.origin.acquirer());
        match how {
            How::Answered { outcome, approved, code } => {
                let kind = if approved { OutcomeKind::Approved } else { OutcomeKind::Declined };
                (outcome, Verdict { code, kind, field: None })
            }
            How::TimedOut => {
                let verdict = Verdict { code: profile.timeout_code, kind: OutcomeKind::TimedOut, field: None };
                (Outcome::Unknown, verdict)
            }
            How::Refused { refusal, field } => {
                let code = codes::refusal(profile, refusal);
                let field = field.filter(|_| refusal == Refusal::Untranslatable);
                (Outcome::Refused { code }, Verdict { code, kind: OutcomeKind::Refused(refusal), field })
            }
        }
    }

    /// Answers everyone who waits, and says one line.
    fn conclude(
        &mut self,
        mut waiting: Box<Waiting>,
        verdict: &Verdict,
        body: Option<Message>,
        sent: Option<(ConnectionId, Stan, Mono)>,
    ) {
        let note = self.payment_note(&waiting, verdict, sent);
        let attached = std::mem::take(&mut waiting.attached);
        let delivered = note.delivered || !attached.is_empty();
        for resend in attached {
            let pan = waiting.instruction.pan.as_ref().filter(|_| resend.pan_in_de2);
            let addressee = Addressee { mti: resend.mti, pan, kept: &resend.kept };
            let message = self.answer_for(&addressee, &waiting, verdict, body.clone(), sent);
            self.answer(resend.origin, message);
        }
        if !waiting.abandoned {
            let addressee = Addressee::first(&waiting.instruction);
            let message = self.answer_for(&addressee, &waiting, verdict, body, sent);
            self.answer(waiting.origin.clone(), message);
        }
        if let (Some(payment), true) = (waiting.id, delivered) {
            self.commit(Record::Answered { payment, at: self.now.wall, code: verdict.code });
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
        body: Option<Message>,
        sent: Option<(ConnectionId, Stan, Mono)>,
    ) -> Message {
        let (Some(mut message), Some((connection, ..))) = (body, sent) else {
            return addressee.own(&self.profile(waiting.origin.acquirer()).dialect, verdict.code, verdict.field);
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
    pub(super) fn answer(&mut self, to: Origin, message: Message) {
        self.core.acquirer(to.acquirer()).answers += 1;
        self.output(Output::Answer { to, message });
    }
}
