//! Payments that were forgotten and read back, as long as something may come for them; and pre-authorisations with what
//! follows them, which are remembered here when the ring lets go of them (and what is in flight then). The newest few thousand.

use super::recent::{Likeness, Past, Standing};
use crate::{
    record::{Body, Outcome, PaymentId, Record, References},
    switch::outbound::known_by,
};
use hashbrown::HashMap;
use smallvec::SmallVec;
use std::collections::VecDeque;

/// So many are kept.
pub(super) const MOST: usize = 4096;

#[derive(Default)]
pub(super) struct Revived {
    /// With the rest of their answers, where that is known.
    pasts: HashMap<PaymentId, (Past, Option<Body>), foldhash::fast::FixedState>,
    /// Digests of names, duplicate keys among them.
    names: HashMap<u64, SmallVec<[PaymentId; 2]>, foldhash::fast::FixedState>,
    /// In the order they were read.
    order: VecDeque<PaymentId>,
}

impl Revived {
    pub(super) fn insert(&mut self, past: Past, answer: Option<Body>) {
        if self.order.len() >= MOST
            && let Some(oldest) = self.order.pop_front()
        {
            self.remove(oldest);
        }
        for name in names(past.references) {
            self.names.entry(name).or_default().push(past.payment);
        }
        self.order.push_back(past.payment);
        self.pasts.insert(past.payment, (past, answer));
    }

    fn remove(&mut self, payment: PaymentId) {
        let Some((past, _)) = self.pasts.remove(&payment) else { return };
        for name in names(past.references) {
            let Some(of_name) = self.names.get_mut(&name) else { continue };
            of_name.retain(|&mut other| other != payment);
            if of_name.is_empty() {
                self.names.remove(&name);
            }
        }
    }

    pub(super) fn get(&self, payment: PaymentId) -> Option<&Past> {
        self.pasts.get(&payment).map(|(past, _)| past)
    }

    pub(super) fn get_mut(&mut self, payment: PaymentId) -> Option<&mut Past> {
        self.pasts.get_mut(&payment).map(|(past, _)| past)
    }

    /// All of them, in no order.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Past> {
        self.pasts.values().map(|(past, _)| past)
    }

    /// The rest of the answer of a payment.
    pub(super) fn answer(&self, payment: PaymentId) -> Option<&Body> {
        self.pasts.get(&payment)?.1.as_ref()
    }

    pub(super) fn put_answer(&mut self, payment: PaymentId, answer: Body) {
        if let Some((_, kept)) = self.pasts.get_mut(&payment) {
            *kept = Some(answer);
        }
    }

    /// The payment of this name that is most like this: the newest where several are.
    pub(super) fn find(&self, digest: u64, like: Likeness, name: impl Fn(&References) -> u64) -> Option<&Past> {
        if self.pasts.is_empty() || digest == 0 {
            return None;
        }
        let pasts = self.names.get(&digest)?.iter().filter_map(|&payment| self.get(payment));
        let found = pasts.filter(|past| name(&past.references) == digest && like.allows(past));
        found.max_by_key(|past| (past.references.rrn == like.rrn, past.payment))
    }
}

fn names(references: References) -> impl Iterator<Item = u64> {
    [references.duplicate, references.trace, references.rrn].into_iter().filter(|&name| name != 0)
}

/// One payment as its Records tell it, in their order; `None` where the first of them is not there any more, or where no
/// bank ever had it.
pub(super) fn tell<'r>(mut records: impl Iterator<Item = &'r Record>) -> Option<(Past, Body)> {
    let mut past = records.find_map(|record| match *record {
        Record::Received { payment, acquirer, amount, stan, references, .. } => {
            let amount = amount.and_then(|amount| u64::try_from(amount.minor).ok());
            Some(Past::new(payment, acquirer, amount, stan, references))
        }
        _ => None,
    })?;
    let mut kept = Body::default();
    let mut advice = None;
    for record in records {
        match *record {
            Record::Sent { connection, original, rrn, .. } => past.sent(connection, original, rrn),
            Record::NotSent { .. } => past.not_sent(),
            Record::Outcome { outcome: Outcome::Refused { .. }, .. } => return None,
            Record::Outcome { outcome, told, ref answer, .. } => {
                past.ended(outcome, told);
                kept = answer.clone();
            }
            Record::Queued { item, kind, mti, ref body, .. } if item == past.payment => {
                advice = kind.is_advice().then_some((mti, body));
            }
            Record::Queued { of: Some(of), kind, .. } if of == past.payment => past.followed_by(kind),
            Record::Tried { item, connection, stan, transmission, .. } if item == past.payment => {
                if let Some((mti, body)) = advice {
                    past.advised(connection, known_by(body, mti, stan, transmission));
                }
            }
            Record::Hold { payment, by, part, hold, .. } => past.bound(payment, by, part, hold),
            _ => {}
        }
    }
    (past.standing != Standing::Received).then_some((past, kept))
}
