//! Holds: what a pre-authorisation (an approved class 1 request that moves money) holds at its bank, and what may be taken
//! of it.
//!
//! ```text
//!                 an increment is approved: so much more
//!                        ┌────┐
//!                        ▼    │
//!   approved ─────────▶ Open ─┴─ a completion takes: the first, or the one that takes the rest ──▶ Completed
//!                        │ ▲                                                                           │
//!                        │ └────────── it is declined, not sent or reversed: gives back ───────────────┘
//!                        ├── reversed in full, by its acquirer or by us ──▶ Voided
//!                        └── its life is over ──▶ Expired
//! ```
//!
//! A completion takes when it is sent, not when it is approved: two at the same time are not covered by the same money. What
//! the hold does not cover is declined where it is a request; an advice, which nobody may decline, is acknowledged and given
//! to people. Expiry is seen by who comes after it; nothing is sent for it.
//!
//! Every change is a Record with the whole new state, so that the last one tells. Records may be cut off between any two:
//! what makes less of a hold is recorded before what it is for (a completion is sent, a reversal is stored), what makes more
//! of it afterwards. What is under way is remembered until its fate is recorded, though memory (`recent`) may have let go of
//! both it and its hold; after a restart its fate is told by the Records there are.

use super::{
    BankId, Refusal, Turn,
    core::Core,
    instruction::Instruction,
    pending::{Followed, Waiting},
    recent::{Bond, Past, Standing},
    under_way::{Fate, UnderWay},
};
use crate::{
    clock::Wall,
    record::{Follows, Hold, Outcome, Part, PaymentId, Record},
    rules::Holding,
};
use banklink_protocol::element::{Currency, ProcessingCode, code::TransactionKind};

/// What a request wants of the hold that it names.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Claim {
    /// It names none, or one that is not known: nothing is counted, and its bank decides.
    None,
    /// This much of this hold, which covers it.
    Covered(PaymentId, Part),
    /// More than there is: an advice, for people.
    Uncovered,
}

impl Hold {
    /// The same, once something has `after` of it that had `before`.
    fn with(mut self, before: Option<Part>, after: Option<Part>) -> Self {
        if let Some(Part { kind, amount, under_way }) = before {
            self.under_way -= u32::from(under_way);
            match kind {
                Follows::Completion => {
                    self.taken = self.taken.saturating_sub(amount);
                    self.completions = self.completions.saturating_sub(1);
                }
                Follows::Increment if under_way => {}
                Follows::Increment => self.held = self.held.saturating_sub(amount),
            }
        }
        if let Some(Part { kind, amount, under_way }) = after {
            self.under_way += u32::from(under_way);
            match kind {
                Follows::Completion => {
                    self.taken = self.taken.saturating_add(amount);
                    self.completions = self.completions.saturating_add(1);
                }
                Follows::Increment if under_way => {}
                Follows::Increment => self.held = self.held.saturating_add(amount),
            }
        }
        self
    }

    /// Does it cover this much, now?
    fn covers(&self, wanted: Part, currency: Option<Currency>, terms: &Holding, now: Wall) -> Result<(), Refusal> {
        let completed = self.completions > 0 && (!terms.many || self.taken >= self.held);
        if self.voided || completed || now >= self.until {
            return Err(Refusal::HoldEnded);
        }
        let unsaid = self.currency.code() == 0;
        let alike = unsaid || currency.is_none_or(|currency| currency == self.currency);
        let most = self.held.saturating_add(self.held.saturating_mul(u64::from(terms.excess)) / 100);
        let enough = wanted.kind == Follows::Increment || self.taken.saturating_add(wanted.amount) <= most;
        if alike && enough { Ok(()) } else { Err(Refusal::NotCovered) }
    }
}

/// Does it take money from the cardholder? (Of the debits, 02 takes a debit back.)
fn takes(processing: Option<ProcessingCode>) -> bool {
    processing.is_some_and(|code| match code.kind() {
        TransactionKind::Debit => code.transaction_type() != 2,
        TransactionKind::Transfer | TransactionKind::Payment | TransactionKind::Private => true,
        TransactionKind::Credit | TransactionKind::Inquiry | TransactionKind::Administrative => false,
    })
}

/// What a request that names an earlier payment would have of it, were that a hold. A repeat that says no more than that it
/// is one follows nothing.
fn wanted(instruction: &Instruction) -> Option<Part> {
    let names = instruction.original.is_some() || instruction.follows_up || instruction.is_advice();
    let kind = match (instruction.mti.class(), instruction.mti.function()) {
        _ if !names || !takes(instruction.processing) => return None,
        (1, 0) => Follows::Increment,
        (2, 0 | 2) => Follows::Completion,
        _ => return None,
    };
    Some(Part { kind, amount: instruction.amount?, under_way: true })
}

impl Turn<'_> {
    /// What a request wants of the payment it names. Of what was declined, or approved before there was this account of it,
    /// nothing is known: its bank decides.
    pub(super) fn claim(&self, instruction: &Instruction, past: &Past, followed: Followed) -> Result<Claim, Refusal> {
        let of = followed.original.mti;
        let Some(part) = wanted(instruction).filter(|_| (of.class(), of.function()) == (1, 0)) else {
            return Ok(Claim::None);
        };
        let of = match (past.standing, past.bond) {
            (Standing::InFlight, _) => return Err(Refusal::InProgress),
            (Standing::Unknown | Standing::Reversed, _) => return Err(Refusal::HoldEnded),
            (Standing::Approved, Bond::Hold(_)) => past.payment,
            // It names an increment.
            (Standing::Approved, Bond::Part(of, _)) => of,
            _ => return Ok(Claim::None),
        };
        let Some(hold) = self.hold(of) else { return Ok(Claim::None) };
        let terms = &self.rules.banks[usize::from(followed.connection.bank.0)].holding;
        hold.covers(part, instruction.currency, terms, self.now.wall)?;
        Ok(Claim::Covered(of, part))
    }

    /// Where a hold stands, as far as it is remembered.
    fn hold(&self, payment: PaymentId) -> Option<Hold> {
        self.core.under_way.hold(payment).or_else(|| match self.core.recent.get(payment)?.bond {
            Bond::Hold(hold) => Some(hold),
            Bond::None | Bond::Part(..) => None,
        })
    }

    /// Is it remembered where the hold stands that this payment has a part of?
    pub(super) fn forgot_hold_of(&self, past: &Past) -> Option<PaymentId> {
        match past.bond {
            Bond::Part(of, _) if self.hold(of).is_none() => Some(of),
            _ => None,
        }
    }

    /// A payment of the past, with where its hold stands.
    pub(super) fn with_hold(&self, mut past: Past) -> Past {
        if let Some(hold) = self.core.under_way.hold(past.payment) {
            past.bond = Bond::Hold(hold);
        }
        past
    }

    /// A payment is about to be approved. If it holds money, it is said before: what is approved and has no hold nobody
    /// would count.
    pub(super) fn hold_begins(&mut self, payment: PaymentId, waiting: &Waiting, outcome: Outcome, bank: BankId) {
        let instruction = &waiting.instruction;
        let (Outcome::Approved { partial, .. }, Claim::None) = (outcome, waiting.claim) else { return };
        if instruction.mti.class() != 1 || !takes(instruction.processing) {
            return;
        }
        let Some(held) = partial.or(instruction.amount) else { return };
        let life = self.rules.banks[usize::from(bank.0)].holding.life;
        let until = Wall(self.now.wall.0.saturating_add(i64::try_from(life.as_micros()).unwrap_or(i64::MAX)));
        let currency = instruction.currency.unwrap_or(Currency::numeric(0));
        let hold = Hold { held, taken: 0, completions: 0, under_way: 0, until, currency, voided: false };
        self.commit(Record::Hold { payment, at: self.now.wall, by: payment, part: None, hold });
    }

    /// What follows a hold is about to be sent, or stored: it has this of it.
    pub(super) fn hold_takes(&mut self, payment: PaymentId, waiting: &Waiting) {
        if let Claim::Covered(of, part) = waiting.claim
            && self.core.under_way.get(payment).is_none()
        {
            self.hold_changes(of, payment, Some(part));
        }
    }

    /// Something has this of a hold from now on. Of a hold that is not remembered nothing is said.
    fn hold_changes(&mut self, of: PaymentId, by: PaymentId, after: Option<Part>) {
        let Some(hold) = self.hold(of) else { return };
        let before = match (self.core.under_way.get(by), self.core.recent.get(by).map(|past| past.bond)) {
            (Some(under_way), _) => Some(under_way.part),
            (None, Some(Bond::Part(_, part))) => Some(part),
            (None, _) => None,
        };
        if before != after {
            let hold = hold.with(before, after);
            self.commit(Record::Hold { payment: of, at: self.now.wall, by, part: after, hold });
        }
    }

    /// What is under way has met its fate, if it was under way.
    pub(super) fn hold_settles(&mut self, payment: PaymentId) {
        let Some(UnderWay { of, part, fate }) = self.core.under_way.get(payment) else { return };
        let after = match fate {
            Fate::Stands(amount) => Some(Part { amount, under_way: false, ..part }),
            Fate::Unknown => Some(Part { under_way: false, ..part }),
            Fate::Open | Fate::Nothing => None,
        };
        self.hold_changes(of, payment, after);
    }

    /// A reversal is about to be stored that leaves this of its payment: a hold, or what an increment added to one, is so
    /// much less.
    pub(super) fn hold_shrinks(&mut self, payment: PaymentId, left: u64) {
        match self.core.recent.get(payment).map(|past| self.with_hold(*past).bond) {
            Some(Bond::Hold(hold)) if !hold.voided => {
                let hold = if left == 0 { Hold { voided: true, ..hold } } else { Hold { held: left, ..hold } };
                self.commit(Record::Hold { payment, at: self.now.wall, by: payment, part: None, hold });
            }
            Some(Bond::Part(of, part)) if part.kind == Follows::Increment && !part.under_way => {
                self.hold_changes(of, payment, leaving(part, left));
            }
            _ => {}
        }
    }

    /// It was stored: what it took of a hold is given back.
    pub(super) fn hold_grows(&mut self, payment: PaymentId, left: u64) {
        if self.core.under_way.get(payment).is_some() {
            return self.hold_settles(payment);
        }
        if let Some(Bond::Part(of, part)) = self.core.recent.get(payment).map(|past| past.bond)
            && part.kind == Follows::Completion
        {
            self.hold_changes(of, payment, leaving(part, left));
        }
    }

    /// A completion goes to the bank by somebody's decision, whatever its hold covers.
    pub(super) fn hold_is_exceeded(&mut self, item: PaymentId) {
        let Some(stored) = self.core.store.get(item) else { return };
        let amount = stored.body.get(4).and_then(|digits| digits.last_chunk::<12>());
        let amount = amount.and_then(|digits| std::str::from_utf8(digits).ok()?.parse().ok());
        if let (Some(of), Some(amount)) = (stored.of, amount) {
            self.hold_changes(of, item, Some(Part { kind: Follows::Completion, amount, under_way: false }));
        }
    }

    /// After a restart: what was under way has met its fate, and what was reversed gives back, where no Record says so yet.
    pub(super) fn settle_holds(&mut self) {
        for payment in self.core.under_way.all() {
            self.hold_settles(payment);
        }
        let reversed = |past: &Past| match (past.bond, past.standing) {
            (Bond::Part(_, part), Standing::Reversed) if part.kind == Follows::Completion => Some((past.payment, 0)),
            (Bond::Part(_, part), Standing::Approved | Standing::Taken) if part.kind == Follows::Completion => {
                past.left.filter(|&left| left < part.amount).map(|left| (past.payment, left))
            }
            _ => None,
        };
        let mut reversed: Vec<_> = self.core.recent.bonds().filter_map(reversed).collect();
        reversed.sort_unstable();
        for (payment, left) in reversed {
            self.hold_grows(payment, left);
        }
    }
}

/// What stays of a part of which a reversal leaves this.
fn leaving(part: Part, left: u64) -> Option<Part> {
    (left > 0).then(|| Part { amount: part.amount.min(left), ..part })
}

impl Core {
    /// Folds a change of a hold into the state.
    pub(super) fn apply_hold(&mut self, of: PaymentId, by: PaymentId, part: Option<Part>, hold: Hold) {
        for payment in [of, by] {
            if let Some(past) = self.recent.by_payment(payment) {
                past.bound(of, by, part, hold);
            }
        }
        self.under_way.changed(of, by, part, hold);
    }
}
