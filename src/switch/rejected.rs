//! What a network rejects: our own message comes back under a header that says so. It was not processed: what waits for its
//! answer ends at once, and nothing is reversed.

use super::{
    ConnectionId, Note, Refusal, Turn,
    finish::Ended,
    pending::{Exchange, State},
    response::trace,
    store::Phase,
};
use crate::record::Record;
use banklink_protocol::{Message, Mti, frame::RejectCode};

impl Turn<'_> {
    /// A message of ours comes back rejected.
    pub(super) fn rejected(&mut self, connection: ConnectionId, message: &Message, code: RejectCode) {
        self.heard(connection);
        let Some(key) = self.sent_as(connection, message) else {
            return self.unknown_answer(connection, message, None);
        };
        let pending = self.core.pendings.get(key).expect("found by its STAN");
        let (stan, state) = (pending.stan, pending.state);
        let payment = if let State::Payment(payment) = state { Some(payment) } else { None };
        self.note(Note::Rejected { connection, payment, stan, code });
        match state {
            State::Payment(payment) => {
                let waiting = self.take_waiting(key);
                self.commit(Record::NotSent { payment, at: self.now.wall, bank: connection.bank, stan });
                let waiting = waiting.expect("somebody waits for every payment in flight");
                self.finish(waiting, Ended::refused(Refusal::Rejected), None);
                self.settle_held(connection);
            }
            State::Stored(item) => {
                let stored = self.core.store.get(item).expect("an entry of a stored message has it");
                let (phase, strikes) = (stored.phase, stored.strikes);
                self.bank_answers(connection.bank);
                if phase == Phase::Trying {
                    self.stored_failed(item, None, strikes + 1);
                }
                self.pump(connection.bank);
            }
            State::Network(exchange @ (Exchange::SignOn | Exchange::SignOff | Exchange::Cutover | Exchange::Echo)) => {
                self.exchange_timed_out(connection, exchange);
            }
            // It timed out before: its reversal is on its way, and finds nothing.
            State::Ended(_) => {}
        }
    }

    /// The entry of a message as we sent it to this bank: by its STAN, type and DE7.
    fn sent_as(&self, connection: ConnectionId, message: &Message) -> Option<u32> {
        let stan = trace(message)?;
        let key = self.core.banks[usize::from(connection.bank.0)].stans.find(stan)?;
        let pending = self.core.pendings.get(key)?;
        // (BASE24 puts a 9 in the place of the version.)
        let kind = |mti: Mti| mti.packed() & 0xFFF;
        let typed = [pending.mti, pending.mti.repeat()].map(kind).contains(&kind(message.mti()));
        let mut room = [0; 16];
        let moment = message.look(7, &mut room);
        let dated = moment.is_none_or(|moment| moment.trim_ascii() == pending.transmission.0);
        let of_connection = !matches!(pending.state, State::Network(_)) || pending.connection == connection;
        (pending.stan == stan && typed && dated && of_connection).then_some(key)
    }
}
