//! While requests wait for what is read back: what has become since of what is being read? Memory may let go of a payment
//! after something happened to it that the reading did not see, and payments may come and go in between. Then it is read
//! again.

use super::revived;
use crate::record::PaymentId;
use std::{collections::VecDeque, ops::RangeInclusive};

/// So many payments are noted to which something happened that memory could not note; who asked before the oldest of them
/// asks again.
const MISSED: usize = 4096;

/// When somebody asked: what the ring held then, by the numbers of its first and its last payment, and what had been noted.
#[derive(Clone)]
pub(super) struct Moment {
    held: RangeInclusive<PaymentId>,
    revived: usize,
    missed: usize,
}

#[derive(Default)]
pub(super) struct Watch {
    /// Does anybody wait?
    asked: bool,
    /// Payments put beside the ring, in all.
    revived: usize,
    /// Payments that were not remembered when something happened to them, the newest of so many in all.
    missed: VecDeque<PaymentId>,
    all_missed: usize,
}

impl Watch {
    /// Somebody begins to wait.
    pub(super) fn begin(&mut self, held: RangeInclusive<PaymentId>) -> Moment {
        self.asked = true;
        Moment { held, revived: self.revived, missed: self.all_missed }
    }

    /// Nobody waits any more.
    pub(super) fn end(&mut self) {
        *self = Self::default();
    }

    pub(super) fn revived(&mut self) {
        self.revived += usize::from(self.asked);
    }

    /// Something happened to a payment that is not remembered.
    pub(super) fn missed(&mut self, payment: PaymentId) {
        if self.asked {
            if self.missed.len() >= MISSED {
                self.missed.pop_front();
            }
            self.missed.push_back(payment);
            self.all_missed += 1;
        }
    }

    /// Is all that has happened since remembered, in a ring that holds these now or beside it (`known`), as far as it is of
    /// these payments or of ones that came since?
    pub(super) fn is_remembered(
        &self,
        moment: &Moment,
        holds: &RangeInclusive<PaymentId>,
        known: impl Fn(PaymentId) -> bool,
        payments: impl Iterator<Item = PaymentId>,
    ) -> bool {
        let since = self.all_missed - moment.missed;
        let none_lost = holds.start() <= moment.held.end()
            && self.revived - moment.revived < revived::MOST / 2
            && since <= self.missed.len();
        let missed = || self.missed.iter().rev().take(since);
        // What was in the ring and is not any more may have changed before it went.
        let let_go = |payment: &PaymentId| moment.held.contains(payment) && payment < holds.start() && !known(*payment);
        none_lost && payments.into_iter().all(|payment| !let_go(&payment) && !missed().any(|one| *one == payment))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(from: u64, to: u64) -> RangeInclusive<PaymentId> {
        PaymentId(from)..=PaymentId(to)
    }

    fn remembered(watch: &Watch, moment: &Moment, holds: RangeInclusive<PaymentId>, payment: u64) -> bool {
        watch.is_remembered(moment, &holds, |known| known == PaymentId(11), [PaymentId(payment)].into_iter())
    }

    #[test]
    fn what_memory_let_go_of_since_is_not() {
        let mut watch = Watch::default();
        let moment = watch.begin(range(10, 20));
        assert!(remembered(&watch, &moment, range(10, 20), 15) && remembered(&watch, &moment, range(12, 22), 15));
        assert!(!remembered(&watch, &moment, range(16, 26), 15), "it may have changed before it went");
        assert!(remembered(&watch, &moment, range(16, 26), 11), "it is remembered beside the ring");
        assert!(remembered(&watch, &moment, range(16, 26), 3), "it had gone before, and was read as it was");
        assert!(!remembered(&watch, &moment, range(21, 31), 3), "another may have come and gone");
    }

    #[test]
    fn what_happened_to_what_is_not_remembered_is_noted_up_to_a_limit() {
        let mut watch = Watch::default();
        watch.missed(PaymentId(3));
        let moment = watch.begin(range(10, 20));
        assert!(remembered(&watch, &moment, range(10, 20), 3), "nobody had asked yet");
        watch.missed(PaymentId(3));
        let later = watch.begin(range(10, 20));
        assert!(!remembered(&watch, &moment, range(10, 20), 3) && remembered(&watch, &moment, range(10, 20), 4));
        assert!(remembered(&watch, &later, range(10, 20), 3), "it was read after that");
        (0..MISSED as u64).for_each(|number| watch.missed(PaymentId(1000 + number)));
        assert!(!remembered(&watch, &moment, range(10, 20), 4), "more than can be noted");
        assert!(remembered(&watch, &later, range(10, 20), 4));
        watch.missed(PaymentId(9));
        assert!(!remembered(&watch, &later, range(10, 20), 4));
    }
}
