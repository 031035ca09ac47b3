//! What the switch takes over from an acquirer: its reversals and its advices. They are stored, acknowledged at once, and
//! delivered to the bank however long that takes.

use super::{
    AcquirerId, BankId, Note, Refusal, Turn, amount, codes,
    finish::{Ended, How},
    hold::Claim,
    instruction::{Instruction, Original},
    outbound::{adapt, name_card},
    pending::{Followed, State, Waiting},
    recent::{Bond, Likeness, Past, Standing},
    reversal,
    tombstone::Tombstones,
};
use crate::{
    record::{Doubt, Outcome, PaymentId, Record, References, Stored, Unanswered},
    rules::Replacement,
};
use banklink_protocol::{
    FieldError, FieldSet, Message, Mti,
    element::{OriginalData, Stan},
};

use crate::record::Body;

/// How much of its original an acquirer's reversal takes back.
enum Extent {
    All,
    /// What it says was taken back before.
    Nothing,
    /// This is left.
    Part {
        left: u64,
    },
}

impl Turn<'_> {
    /// A reversal, full or partial, from an acquirer.
    pub(super) fn acquirer_reversal(&mut self, mut waiting: Box<Waiting>, message: Box<Message>) {
        // What was received and never sent, since the switch died between, nobody has seen either.
        let original = self.original(&waiting).filter(|past| past.standing != Standing::Received);
        let Some(past) = original else { return self.reversal_of_unknown(waiting) };
        let left = match extent(&message, &past) {
            Ok(Extent::All) => None,
            Ok(Extent::Part { left }) => Some(left),
            Ok(Extent::Nothing) => return self.acknowledge(waiting, None),
            Err(refusal) => return self.refuse(waiting, refusal),
        };
        if left.is_some() && past.standing == Standing::InFlight {
            // Whether anything stands of which a part could be left is not known yet.
            return self.refuse(waiting, Refusal::InProgress);
        }
        let followed = past.followed();
        // An advice that was not tried yet is with no bank; its reversal goes behind it.
        let advised = || self.core.store.get(past.payment).map(|item| item.connection);
        let connection = followed.map(|followed| followed.connection).or_else(advised).filter(|_| stands(&past));
        // Else it has no effect, or none any more.
        let Some(connection) = connection else { return self.acknowledge(waiting, None) };
        if followed.is_some_and(|followed| self.cannot_be_taken_back(followed)) {
            return self.refuse(waiting, Refusal::Irreversible);
        }
        let bank = connection.bank;
        if !self.has_room_to_store(bank) {
            return self.refuse(waiting, Refusal::StoreFull);
        }
        waiting.follows = followed;
        let (mti, body) = match self.stored_body(&mut waiting, bank, message, &past) {
            Ok(stored) => stored,
            Err((refusal, field)) => return self.refuse_for(waiting, refusal, field),
        };
        if let (Standing::InFlight, Some(followed)) = (past.standing, followed) {
            self.reversed_in_flight(followed);
        }
        self.take_over(waiting, connection, Some(past.payment), Stored::Acquirers { left }, mti, body);
    }

    /// A reversal of something we never saw. Should it come yet, it is declined: a request is told that nothing was found,
    /// an advice, which nobody may decline, is acknowledged.
    fn reversal_of_unknown(&mut self, waiting: Box<Waiting>) {
        let acquirer = waiting.origin.acquirer();
        let mti = waiting.instruction.mti;
        let trace = self.core.names.original(acquirer, &waiting.instruction);
        let References { rrn, card, .. } = waiting.references;
        // What else goes by the RRN of a transaction that is known stands.
        let known = self.core.recent.by_rrn(Likeness { rrn, card });
        let rrn = if known.is_some_and(|past| past.standing != Standing::Received) { 0 } else { rrn };
        let named = References { trace, rrn, card, ..References::default() };
        if Tombstones::can_stand(named) && !self.core.tombstones.stands(named) {
            if !self.core.tombstones.has_room(self.now.wall) {
                return self.refuse(waiting, Refusal::StoreFull);
            }
            self.commit(Record::Tombstone { at: self.now.wall, acquirer, references: named });
        }
        self.note(Note::UnknownReversed { acquirer, mti });
        if waiting.instruction.is_advice() {
            self.acknowledge(waiting, None);
        } else {
            self.refuse(waiting, Refusal::NoOriginal);
        }
    }

    /// An advice (0120, 0220): what it says has happened.
    pub(super) fn advice(&mut self, mut waiting: Box<Waiting>, message: Box<Message>) {
        if let Err(refusal) = self.route(&mut waiting) {
            return self.refuse(waiting, refusal);
        }
        let bank = waiting.targets[0];
        if !self.has_room_to_store(bank) {
            return self.refuse(waiting, Refusal::StoreFull);
        }
        let past = Past::new(PaymentId(0), AcquirerId(0), None, Stan(0), References::default());
        let (mti, body) = match self.stored_body(&mut waiting, bank, message, &past) {
            Ok(stored) => stored,
            Err((refusal, field)) => return self.refuse_for(waiting, refusal, field),
        };
        let connection = match waiting.follows {
            Some(followed) => followed.connection,
            None => super::ConnectionId { bank, slot: 0 },
        };
        let of = waiting.follows.map(|followed| followed.payment);
        let kind = if waiting.claim == Claim::Uncovered { Stored::Uncovered } else { Stored::Advice };
        self.take_over(waiting, connection, of, kind, mti, body);
    }

    /// Stores it, and acknowledges it.
    fn take_over(
        &mut self,
        mut waiting: Box<Waiting>,
        connection: super::ConnectionId,
        of: Option<PaymentId>,
        kind: Stored,
        mti: Mti,
        body: Body,
    ) {
        let item = self.receive(&mut waiting);
        let original = waiting.follows.map(|followed| followed.original).filter(|_| !kind.is_advice());
        self.hold_takes(item, &waiting);
        self.queue(item, of, connection, kind, mti, original, body);
        self.acknowledge(waiting, Some(item));
        self.pump(connection.bank);
    }

    /// Our own acknowledgement.
    fn acknowledge(&mut self, mut waiting: Box<Waiting>, item: Option<PaymentId>) {
        let version = self.profile(waiting.origin.acquirer()).dialect.version();
        let code = codes::taken(version, waiting.instruction.mti);
        waiting.id = item;
        self.core.acquirer(waiting.origin.acquirer()).in_flight += 1;
        self.finish(waiting, Ended { sent: None, how: How::Taken { outcome: Outcome::Taken { code }, code } }, None);
    }

    /// The message as it will go to the bank, without trace numbers.
    fn stored_body(
        &mut self,
        waiting: &mut Waiting,
        bank: BankId,
        mut message: Box<Message>,
        past: &Past,
    ) -> Result<(Mti, Body), (Refusal, Option<u8>)> {
        self.translate(waiting, bank, &mut message)?;
        self.assign_rrn(waiting, Stan(1 + (self.core.next_payment.0 % u64::from(Stan::MAX.0)) as u32));
        let profile = &self.rules.banks[usize::from(bank.0)];
        let unfit = |error: FieldError| (Refusal::Untranslatable, Some(error.field));
        if message.mti().class() == 4 {
            message.set_mti(reversal::mti(profile));
            if profile.reversal.replacement == Replacement::Delta {
                say_delta(&mut message, past).map_err(unfit)?;
            }
        }
        let named = message.logical(56).filter(|_| message.mti().class() == 4 && waiting.follows.is_none());
        adapt(&mut message, profile, waiting).map_err(unfit)?;
        if let Some(named) = named {
            // How the bank will know its original is put in when it is sent.
            message.set(56, &named).map_err(unfit)?;
        }
        let mut body = Body::of(&message, &message.field_set().without(&FieldSet::of(&[7, 11])));
        if !message.has(2) && profile.dialect.defines(2) {
            name_card(&message, &waiting.instruction, |field, value| body.push(field, value));
        }
        Ok((message.mti().original(), body))
    }

    /// The payment of the recent past that a message speaks of. Several messages of a transaction have its RRN, which names
    /// the first: what takes back another one of them, which is not known, does not take back that.
    pub(super) fn original(&mut self, waiting: &Waiting) -> Option<Past> {
        let acquirer = waiting.origin.acquirer();
        let super::core::Core { recent, names, .. } = &mut *self.core;
        let like = Likeness::from(waiting.references);
        let found = match names.original(acquirer, &waiting.instruction) {
            // A resend may have had another DE7 than the first, which is the one the acquirer speaks of.
            name if name != 0 => {
                let of_another = |past: &Past| reverses_another(&waiting.instruction, past);
                recent.by_trace(name, like).or_else(|| recent.by_rrn(like).filter(|past| !of_another(past)))
            }
            _ => recent.by_rrn(like).or_else(|| recent.by_trace(waiting.references.trace, like)),
        };
        found.map(|past| self.with_hold(past))
    }

    /// The entry of a payment in flight.
    fn entry(&self, followed: Followed) -> Option<u32> {
        let OriginalData { stan, .. } = followed.original;
        let key = self.core.banks[usize::from(followed.connection.bank.0)].stans.find(stan)?;
        let pending = self.core.pendings.get(key)?;
        (pending.stan == stan && pending.state == State::Payment(followed.payment)).then_some(key)
    }

    fn cannot_be_taken_back(&self, followed: Followed) -> bool {
        let pending = self.entry(followed).and_then(|key| self.core.pendings.get(key));
        pending.is_some_and(|pending| pending.unanswered == Unanswered::Ask)
    }

    /// Its acquirer takes back a payment whose answer is still out: who waits for it is told that nothing came of it, and
    /// the answer, when it comes, is only noted.
    fn reversed_in_flight(&mut self, followed: Followed) {
        if let Some(key) = self.entry(followed) {
            self.doubt(key, Doubt::Reversed, None);
        }
    }
}

/// Is there anything to take back? What was declined had no effect; what is unknown is being reversed already, as is what
/// was reversed.
fn stands(past: &Past) -> bool {
    matches!(past.standing, Standing::InFlight | Standing::Approved | Standing::Taken)
}

/// Does a reversal, by the STAN in its original data, name something else than this pre-authorisation that has its RRN?
fn reverses_another(instruction: &Instruction, past: &Past) -> bool {
    let stan = match instruction.original {
        Some(Original::De90(original)) => original.stan,
        Some(Original::De56 { stan, .. }) => stan,
        None => return false,
    };
    let of_hold = matches!(past.bond, Bond::Hold(_));
    instruction.mti.class() == 4 && of_hold && stan != Stan(0) && stan != past.stan
}

/// All of it, or a part? 1987 says in DE95 what is left; 1993 has the new amount in DE4 and the original one in DE30.
fn extent(message: &Message, past: &Past) -> Result<Extent, Refusal> {
    let amount = amount::of(message);
    let (said, left) = if message.mti().version() == 0 {
        (amount, replacement(message))
    } else {
        match leading(message, 30) {
            Some(original) => (Some(original), amount),
            None => (amount, None),
        }
    };
    let known = |said: u64| past.asked.is_none() || [past.asked, past.left, past.stands()].contains(&Some(said));
    if !stands(past) {
        return Ok(Extent::All);
    }
    if said.is_some_and(|said| !known(said)) {
        return Err(Refusal::OriginalAmount);
    }
    match (left, past.stands().or(said)) {
        (None | Some(0), _) => Ok(Extent::All),
        (Some(left), Some(stands)) if left < stands => Ok(Extent::Part { left }),
        (Some(left), Some(stands)) if left == stands && past.left < past.asked => Ok(Extent::Nothing),
        (Some(_), _) => Err(Refusal::OriginalAmount),
    }
}

/// The first of the replacement amounts (DE95).
fn replacement(message: &Message) -> Option<u64> {
    leading(message, 95)
}

/// The amount in the first twelve digits of a field; in 2003 currency and decimal places stand before them.
fn leading(message: &Message, field: u8) -> Option<u64> {
    let value = message.logical(field)?;
    let behind = if message.mti().version() == 2 { 4 } else { 0 };
    let digits = value.get(behind..)?.first_chunk::<12>()?;
    digits.iter().try_fold(0, |sum, digit| digit.is_ascii_digit().then(|| sum * 10 + u64::from(digit - b'0')))
}

/// DE95 for a bank that wants to be told what is taken back, not what is left.
fn say_delta(message: &mut Message, past: &Past) -> Result<(), FieldError> {
    let (Some(left), Some(stood)) = (replacement(message), past.stands()) else { return Ok(()) };
    let mut value = message.logical(95).unwrap_or_default();
    let mut delta = stood.saturating_sub(left);
    for digit in value[..12].iter_mut().rev() {
        *digit = b'0' + (delta % 10) as u8;
        delta /= 10;
    }
    message.set(95, &value)
}
