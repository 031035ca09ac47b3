//! What is under way of holds: completions and increments whose outcome is not known yet, with what is known of their fate,
//! and where their holds stand. Neither is forgotten while it is.

use super::{core::Core, pending::State, recent::Bond};
use crate::record::{Follows, Hold, Outcome, Part, PaymentId, Stored};
use hashbrown::HashMap;

type Map<V> = HashMap<PaymentId, V, foldhash::fast::FixedState>;

/// What became of a part under way.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Fate {
    /// Nothing yet.
    Open,
    /// It has this.
    Stands(u64),
    /// Nobody can say, and it is not taken back either (inquiries, products that cannot be): it may well have it.
    Unknown,
    /// It was declined, never sent, or is taken back.
    Nothing,
}

/// A part under way.
#[derive(Clone, Copy)]
pub(super) struct UnderWay {
    pub(super) of: PaymentId,
    pub(super) part: Part,
    pub(super) fate: Fate,
}

/// Parts under way, and where their holds stand.
#[derive(Default)]
pub(super) struct PartsUnderWay {
    parts: Map<UnderWay>,
    holds: Map<Hold>,
}

impl PartsUnderWay {
    /// This one, if it is under way.
    pub(super) fn get(&self, part: PaymentId) -> Option<UnderWay> {
        self.parts.get(&part).copied()
    }

    /// All of them, in the order they came.
    pub(super) fn all(&self) -> Vec<PaymentId> {
        let mut parts: Vec<_> = self.parts.keys().copied().collect();
        parts.sort_unstable();
        parts
    }

    /// Where a hold stands of which something is under way.
    pub(super) fn hold(&self, payment: PaymentId) -> Option<Hold> {
        self.holds.get(&payment).copied()
    }

    /// A hold changed.
    pub(super) fn changed(&mut self, of: PaymentId, by: PaymentId, part: Option<Part>, hold: Hold) {
        match part {
            Some(part) if part.under_way => drop(self.parts.insert(by, UnderWay { of, part, fate: Fate::Open })),
            _ => drop(self.parts.remove(&by)),
        }
        match hold.under_way {
            0 => drop(self.holds.remove(&of)),
            _ => drop(self.holds.insert(of, hold)),
        }
    }

    fn meet(&mut self, part: PaymentId, fate: impl FnOnce(&Part) -> Fate) {
        if !self.parts.is_empty()
            && let Some(under_way) = self.parts.get_mut(&part)
        {
            under_way.fate = fate(&under_way.part);
        }
    }

    /// A payment ended.
    pub(super) fn ended(&mut self, payment: PaymentId, outcome: Outcome) {
        self.meet(payment, |part| match outcome {
            Outcome::Approved { partial, .. } => Fate::Stands(partial.unwrap_or(part.amount)),
            Outcome::Taken { .. } => Fate::Stands(part.amount),
            Outcome::Unknown { .. } => Fate::Unknown,
            Outcome::Declined { .. } | Outcome::Refused { .. } => Fate::Nothing,
        });
    }

    /// A message was stored. What is to be taken back gives back now, not when its bank has done it: its acquirer was told
    /// that nothing came of it, and the bank, which gets the reversal before all that follows, is certain to do it.
    pub(super) fn stored(&mut self, item: PaymentId, of: Option<PaymentId>, kind: Stored) {
        if kind.is_advice() {
            self.meet(item, |part| Fate::Stands(part.amount));
        } else if let (Some(of), Some(_)) = (of, kind.leaves()) {
            self.meet(of, |_| Fate::Nothing);
        }
    }

    /// What lasts, line by line.
    pub(super) fn lasting(&self) -> impl Iterator<Item = String> + '_ {
        let parts =
            self.parts.iter().map(|(id, UnderWay { of, part, fate })| format!("of {of:?} {id:?} {part:?} {fate:?}"));
        parts.chain(self.holds.iter().map(|(id, hold)| format!("{id:?} {hold:?}")))
    }

    /// Only what is in flight is under way, and holds count it.
    pub(super) fn check(&self, core: &Core) {
        if self.parts.is_empty() {
            return assert!(self.holds.is_empty(), "a hold is remembered here while something of it is under way");
        }
        let states = core.pendings.iter().map(|(_, pending)| pending.state);
        let in_flight: Vec<_> = states.filter(|state| matches!(state, State::Payment(_))).collect();
        for (id, hold) in &self.holds {
            let parts = || self.parts.values().filter(|under_way| under_way.of == *id);
            assert_eq!(hold.under_way as usize, parts().count(), "what is under way is counted");
            let completions = parts().filter(|under_way| under_way.part.kind == Follows::Completion);
            let taking: u64 = completions.map(|under_way| under_way.part.amount).sum();
            assert!(hold.taken >= taking, "what is under way has taken");
            let remembered = core.recent.get(*id).map(|past| past.bond);
            assert!(remembered.is_none_or(|bond| bond == Bond::Hold(*hold)), "a hold stands where it stands");
        }
        for (id, under_way) in &self.parts {
            assert!(in_flight.contains(&State::Payment(*id)), "what is under way is in flight");
            assert!(self.holds.contains_key(&under_way.of), "what is under way has its hold");
        }
    }
}
