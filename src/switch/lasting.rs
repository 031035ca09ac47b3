//! What lasts, line by line: for holding a machine against another that was folded from its Records.

use super::{
    core::Core,
    pending::{Memory, Pending, State},
    store::Phase,
};

impl Core {
    /// Everything that a fold of all Records makes of a fresh machine, sorted.
    pub(super) fn lasting(&self) -> Vec<String> {
        let mut lines = vec![format!("next {:?}", self.next_payment)];
        for (key, pending) in self.pendings.iter() {
            if matches!(pending.state, State::Network(_)) {
                continue;
            }
            let original = pending.original();
            let (bank, slot) = (pending.connection.bank, pending.connection.slot);
            let Pending { acquirer, unanswered, held, remembered, approved, .. } = pending;
            let body = self.pendings.body(key);
            lines.push(format!(
                "entry {bank:?} {original:?} slot {slot} {acquirer:?} {unanswered:?} held {held:?} {remembered:?} approved {approved} {:?} {body:?}",
                pending.state
            ));
        }
        for (bank, memory) in self.banks.iter().flat_map(|bank| [(bank, Memory::Late), (bank, Memory::Refused)]) {
            let keys = bank.remembered(memory).filter_map(|send| self.pendings.by_send_id(send));
            let stans: Vec<_> = keys.filter_map(|key| self.pendings.get(key)).map(|pending| pending.stan).collect();
            lines.push(format!("{memory:?} of {:?} {stans:?}", bank.id));
        }
        for (id, item) in self.store.iter() {
            let phase = match item.phase {
                Phase::Parked(why) => format!("parked {why:?}"),
                Phase::Behind => "behind".to_owned(),
                Phase::Ready | Phase::Trying | Phase::Resting => "open".to_owned(),
            };
            lines.push(format!(
                "stored {id:?} of {:?} {:?} {} since {:?} tries {} strikes {} {:?} {phase} {:?}",
                item.of, item.kind, item.mti, item.queued, item.tries, item.strikes, item.code, item.body
            ));
        }
        let links = self.banks.iter().flat_map(|bank| bank.links.iter().enumerate().map(move |link| (bank.id, link)));
        let held = links.filter_map(|(bank, (slot, link))| Some((bank, slot, link.held?)));
        lines.extend(held.map(|(bank, slot, held)| format!("held {bank:?} slot {slot} {held:?}")));
        lines.extend(self.off.iter().map(|route| format!("route {route} off")));
        lines.extend(self.under_way.lasting());
        lines.extend(self.undelivered.iter().map(|approval| format!("undelivered {:?}", approval.payment)));
        lines.extend(self.tombstones.iter().map(|of| format!("tombstone {of:?}")));
        lines.extend(self.recent.iter().map(|past| format!("{past:?}")));
        lines.sort_unstable();
        lines
    }
}
