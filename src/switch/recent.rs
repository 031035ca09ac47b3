//! The recent past: payments lately sent, found again by the names that what follows them uses. A bounded ring; the
//! oldest is forgotten first. (The journal's index answers for what is older.)

use super::ConnectionId;
use crate::record::References;
use banklink_protocol::element::{OriginalData, Stan};

/// Where a payment went, and under which names the bank knows it.
#[derive(Clone, Copy)]
pub(super) struct Past {
    pub(super) connection: ConnectionId,
    pub(super) original: OriginalData,
    references: References,
}

/// The ring, and an index into it by digest: each index slot holds one position, so a later payment may hide an earlier.
pub(super) struct Recent {
    ring: Vec<Past>,
    capacity: usize,
    /// Where the next one is written.
    next: usize,
    /// Position in the ring + 1 by the low bits of a digest; 0 is empty.
    index: Box<[u32]>,
}

impl Recent {
    /// Remembers at most `capacity` payments.
    pub(super) fn new(capacity: usize) -> Self {
        let capacity = capacity.clamp(1, 1 << 28).next_power_of_two();
        Self { ring: Vec::new(), capacity, next: 0, index: vec![0; capacity * 4].into_boxed_slice() }
    }

    /// Remembers a payment; the result is its position, for [`Recent::forget`].
    pub(super) fn insert(&mut self, connection: ConnectionId, original: OriginalData, references: References) -> u32 {
        let position = self.next as u32;
        let past = Past { connection, original, references };
        if self.next < self.ring.len() {
            self.ring[self.next] = past;
        } else {
            self.ring.push(past);
        }
        for digest in [references.duplicate, references.trace, references.rrn] {
            if digest != 0 {
                let slot = self.slot(digest);
                self.index[slot] = position + 1;
            }
        }
        self.next = (self.next + 1) & (self.capacity - 1);
        position
    }

    /// Forgets a payment that was not sent after all, unless its place has gone to another.
    pub(super) fn forget(&mut self, position: u32, connection: ConnectionId, stan: Stan) {
        if let Some(past) = self.ring.get_mut(position as usize)
            && past.connection == connection
            && past.original.stan == stan
        {
            past.references = References::default();
        }
    }

    /// By the duplicate key.
    pub(super) fn by_duplicate(&self, digest: u64) -> Option<&Past> {
        self.find(digest, |references| references.duplicate)
    }

    /// By acquirer, STAN and DE7 (or DE12).
    pub(super) fn by_trace(&self, digest: u64) -> Option<&Past> {
        self.find(digest, |references| references.trace)
    }

    /// By acquirer, RRN and terminal.
    pub(super) fn by_rrn(&self, digest: u64) -> Option<&Past> {
        self.find(digest, |references| references.rrn)
    }

    fn find(&self, digest: u64, name: impl Fn(&References) -> u64) -> Option<&Past> {
        let position = self.index[self.slot(digest)].checked_sub(1)?;
        let past = &self.ring[position as usize];
        (digest != 0 && name(&past.references) == digest).then_some(past)
    }

    const fn slot(&self, digest: u64) -> usize {
        digest as usize & (self.index.len() - 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::switch::BankId;
    use banklink_protocol::{Mti, element::Transmission};

    fn original(stan: u32) -> OriginalData {
        OriginalData {
            mti: Mti::from_packed(0x0200).unwrap(),
            stan: Stan(stan),
            transmission: Transmission(*b"1123031846"),
            acquirer: 0,
            forwarder: 0,
        }
    }

    #[test]
    fn finds_by_each_name_and_forgets_the_oldest() {
        let mut recent = Recent::new(4);
        let connection = ConnectionId { bank: BankId(0), slot: 0 };
        for stan in 1..=6u64 {
            let references = References { duplicate: stan, trace: stan + 100, rrn: 0 };
            recent.insert(connection, original(stan as u32), references);
        }
        assert!(recent.by_duplicate(2).is_none(), "forgotten");
        assert_eq!(recent.by_duplicate(6).unwrap().original.stan, Stan(6));
        assert_eq!(recent.by_trace(106).unwrap().original.stan, Stan(6));
        assert!(recent.by_rrn(0).is_none(), "no name, no payment");
        assert!(recent.by_trace(6).is_none(), "another kind of name");
        recent.forget(1, connection, Stan(5));
        assert!(recent.by_duplicate(6).is_some(), "another's place is left alone");
        recent.forget(1, connection, Stan(6));
        assert!(recent.by_duplicate(6).is_none() && recent.by_trace(106).is_none());
    }
}
