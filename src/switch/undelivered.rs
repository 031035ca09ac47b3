//! Approvals that certainly did not reach their acquirer. Each waits for a while: the acquirer may ask again, or reverse
//! the payment itself. Then it is reversed.

use super::{AcquirerId, ConnectionId, finish::Part};
use crate::{
    clock::Mono,
    record::{Body, PaymentId},
};
use banklink_protocol::element::OriginalData;
use hashbrown::HashMap;
use std::collections::VecDeque;

/// An approval, with what its reversal needs.
#[derive(Clone)]
pub(super) struct Approval {
    pub(super) payment: PaymentId,
    pub(super) acquirer: AcquirerId,
    pub(super) connection: ConnectionId,
    pub(super) original: OriginalData,
    /// What its reversal repeats of the request …
    pub(super) body: Body,
    /// … and of the answer, where that is not in the body yet.
    pub(super) said: Part,
    /// How many of its answers are on their way: it and the resends that wait with it.
    pub(super) copies: usize,
    /// The end of its grace. (Not lasting: after a restart it has all of it again.)
    pub(super) until: Mono,
}

impl Approval {
    /// All that its reversal repeats.
    pub(super) fn repeated(&self) -> Body {
        let mut body = self.body.clone();
        if let Some(authorization) = self.said.authorization {
            body.push(38, &authorization);
        }
        if let Some(amount) = self.said.amount {
            let asked = body.get(4).unwrap_or_default();
            let part = super::amount::like(asked, amount);
            body.push(4, &part);
        }
        body
    }
}

/// How many approvals given out lately are at hand, should one of them come back as not delivered. What comes back later
/// was possibly delivered.
const LATELY: usize = 4096;

/// Approvals on their way to their acquirers, and those that did not get there.
pub(super) struct Undelivered {
    approvals: HashMap<PaymentId, Approval, foldhash::fast::FixedState>,
    /// By acquirer, with the end of their grace, earliest first. What is not so any more is passed over.
    due: Vec<VecDeque<(Mono, PaymentId)>>,
    /// Given out lately, oldest first. Not lasting: after a restart nobody knows what was delivered.
    lately: VecDeque<Approval>,
}

impl Undelivered {
    pub(super) fn new(acquirers: usize) -> Self {
        Self {
            approvals: HashMap::default(),
            due: std::iter::repeat_with(VecDeque::new).take(acquirers).collect(),
            lately: VecDeque::new(),
        }
    }

    /// An approval is being given out.
    pub(super) fn given(&mut self, approval: Approval) {
        if self.lately.len() >= LATELY {
            self.lately.pop_front();
        }
        self.lately.push_back(approval);
    }

    /// The approval is given out once more while an earlier answer may yet come back; false where none may.
    pub(super) fn given_again(&mut self, payment: PaymentId) -> bool {
        let approval = self.lately.iter_mut().rev().find(|approval| approval.payment == payment);
        approval.map(|approval| approval.copies += 1).is_some()
    }

    /// An answer came back. Takes the approval once none of its answers may have arrived.
    pub(super) fn came_back(&mut self, payment: PaymentId) -> Option<Approval> {
        let place = self.lately.iter().rposition(|approval| approval.payment == payment)?;
        let copies = &mut self.lately[place].copies;
        *copies = copies.saturating_sub(1);
        if *copies > 0 { None } else { self.lately.remove(place) }
    }

    /// Its acquirer speaks of it: it was delivered.
    pub(super) fn arrived(&mut self, payment: PaymentId) {
        self.lately.retain(|approval| approval.payment != payment);
        self.approvals.remove(&payment);
    }

    pub(super) fn insert(&mut self, approval: Approval) {
        self.approvals.insert(approval.payment, approval);
    }

    pub(super) fn remove(&mut self, payment: PaymentId) -> Option<Approval> {
        self.approvals.remove(&payment)
    }

    pub(super) fn get(&self, payment: PaymentId) -> Option<&Approval> {
        self.approvals.get(&payment)
    }

    pub(super) fn contains(&self, payment: PaymentId) -> bool {
        self.approvals.contains_key(&payment)
    }

    pub(super) fn len(&self) -> usize {
        self.approvals.len()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Approval> {
        self.approvals.values()
    }

    /// Sets the end of a grace.
    pub(super) fn due_at(&mut self, acquirer: AcquirerId, payment: PaymentId, at: Mono) {
        if let Some(approval) = self.approvals.get_mut(&payment) {
            approval.until = at;
            self.due[usize::from(acquirer.0)].push_back((at, payment));
        }
    }

    /// When the next grace of this acquirer ends.
    pub(super) fn next_due(&mut self, acquirer: AcquirerId) -> Option<Mono> {
        let due = &mut self.due[usize::from(acquirer.0)];
        let stands =
            |&(at, payment): &(Mono, PaymentId)| self.approvals.get(&payment).is_some_and(|one| one.until == at);
        while due.front().is_some_and(|front| !stands(front)) {
            due.pop_front();
        }
        due.front().map(|(at, _)| *at)
    }

    /// Takes the next payment whose grace is over; it stays undelivered until its reversal is stored.
    pub(super) fn overdue(&mut self, acquirer: AcquirerId, now: Mono) -> Option<Approval> {
        if self.next_due(acquirer)? > now {
            return None;
        }
        let (_, payment) = self.due[usize::from(acquirer.0)].pop_front()?;
        self.approvals.get(&payment).cloned()
    }
}
