//! The lives of the switch: how one ends, and how the next begins with what is durable.

use crate::{
    acquirers::Kind,
    operator::hold,
    story::tell,
    world::{Event, KEY, MILLI, SECOND, World},
};
use banklink::{
    record::Record,
    switch::{Output, Switch},
};
use std::sync::Arc;

impl World {
    /// The process dies between two outputs.
    pub(crate) fn crash(&mut self, next: Output) {
        tell(|| "the switch dies".to_owned());
        self.seen.count("crash");
        let mut rest = vec![next];
        rest.extend(std::iter::from_fn(|| self.switch.poll_output()));
        let records: Vec<_> = rest
            .into_iter()
            .filter_map(|output| match output {
                Output::Record(record) => Some(record),
                _ => None,
            })
            .collect();
        if !self.reviving {
            self.compare_with_fold(&records);
        }
        self.disk.lose_tail(&mut self.random);
        self.end_life();
    }

    /// All that was is gone but the disk; after a while there is a new process.
    pub(crate) fn end_life(&mut self) {
        (self.down, self.reviving) = (true, false);
        for socket in self.sockets.values_mut() {
            (socket.open, socket.epoch) = (false, socket.epoch + 1);
            socket.sign_off();
        }
        for session in 0..self.requests.len() {
            self.close_after_crash(session);
        }
        self.life += 1;
        let (pause, life) = (100 * MILLI + self.random.below(3 * SECOND), self.life);
        self.after(pause, Event::Start(life));
    }

    pub(crate) fn start(&mut self, life: u64) {
        if life != self.life {
            return;
        }
        tell(|| format!("the switch starts: life {life}"));
        (self.down, self.reviving) = (false, false);
        self.fold_anew();
    }

    /// A machine made of what is durable.
    fn fold_anew(&mut self) {
        let now = self.clock();
        self.switch = Switch::with_key(Arc::clone(&self.rules), now, self.seed ^ (self.life << 20), Some(KEY));
        self.held.clear();
        for record in self.disk.records() {
            self.switch.apply(record);
            if let Record::Commanded { operation, .. } = record {
                hold(&mut self.held, operation);
            }
        }
        self.switch.recover(now);
        self.switch.check();
        for stored in self.switch.stored() {
            if let Some(why) = stored.parked {
                self.have_decided(stored.item, why);
            }
        }
        self.collect();
    }

    /// A write failed: who waits is told 96, and the machine is made anew of what is durable.
    pub(crate) fn fail(&mut self) {
        tell(|| "the disk fails".to_owned());
        self.seen.count("disk failed");
        self.switch.abandon(self.clock());
        while let Some(output) = self.switch.poll_output() {
            match output {
                Output::Answer { to, approves, message } => {
                    assert!(approves.is_none(), "nothing is approved that is not recorded");
                    self.answer(to.session().0 as usize, None, *message);
                }
                Output::Note(note) => self.note(&note),
                _ => panic!("nothing else is wanted of a machine that is given up"),
            }
        }
        self.disk.lose_tail(&mut self.random);
        for socket in self.sockets.values_mut() {
            (socket.open, socket.epoch) = (false, socket.epoch + 1);
            socket.sign_off();
        }
        self.life += 1;
        // Answers that were held are gone with their sessions.
        for session in 0..self.requests.len() {
            self.close_session_quietly(session);
        }
        // Until the journal is open again, what is new is refused, and nothing can be read back.
        self.switch = self.switch.without_memory(Arc::clone(&self.rules), self.clock(), self.seed ^ self.life);
        self.switch.refuse_new(true);
        self.reviving = true;
        let pause = if self.random.chance(25) { 0 } else { self.random.below(3 * SECOND) };
        self.after(pause, Event::Start(self.life));
    }

    fn close_session_quietly(&mut self, session: usize) {
        self.down = true;
        self.close_after_crash(session);
        self.down = false;
    }

    /// A session whose switch is gone. An approval that is durable may have been written before: nobody knows, and the
    /// switch does not reverse it.
    fn close_after_crash(&mut self, session: usize) {
        let request = &self.requests[session];
        let open = !request.closed && !request.answered && request.kind == Kind::Payment;
        if open && self.disk.approves(&request.message.text(37).unwrap(), &request.message.text(11).unwrap()) {
            self.agents[request.payment].maybe_told = true;
        }
        self.close_session(session);
    }

    /// What Records make of a fresh machine is what this one has become.
    pub(crate) fn compare_with_fold(&self, unsaid: &[Record]) {
        let mut folded = Switch::with_key(Arc::clone(&self.rules), self.clock(), self.seed, Some(KEY));
        for record in self.disk.records().iter().chain(unsaid) {
            folded.apply(record);
        }
        let (folded, live) = (folded.lasting(), self.switch.lasting());
        for (folded, live) in folded.iter().zip(&live) {
            assert_eq!(folded, live, "the fold of all Records is what the machine has become");
        }
        assert_eq!(folded.len(), live.len());
    }
}
