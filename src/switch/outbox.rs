//! What the machine wants done. Records are kept apart from the other outputs, with how many of them were made before each:
//! whoever makes them durable takes them as they are, and one by one all comes in order.

use super::Output;
use crate::record::Record;
use std::collections::VecDeque;

#[derive(Default)]
pub(super) struct Outbox {
    records: Vec<Record>,
    /// Records from the front of `records`, while they are taken one by one.
    popping: VecDeque<Record>,
    outputs: VecDeque<Output>,
    /// For each output, how many Records were made before it, in all.
    after: VecDeque<u64>,
    /// Records made, and taken, in all.
    made: u64,
    taken: u64,
}

impl Outbox {
    pub(super) fn record(&mut self, record: Record) {
        self.records.push(record);
        self.made += 1;
    }

    pub(super) fn push(&mut self, output: Output) {
        self.outputs.push_back(output);
        self.after.push_back(self.made);
    }

    /// The next, in order.
    pub(super) fn pop(&mut self) -> Option<Output> {
        if self.after.front().is_none_or(|&after| self.taken < after) {
            self.popping.extend(self.records.drain(..));
            let record = self.popping.pop_front()?;
            self.taken += 1;
            return Some(Output::Record(record));
        }
        self.after.pop_front();
        self.outputs.pop_front()
    }

    /// All there is: Records behind those that are there, and the others, which are to leave after them, in the place of an
    /// empty queue.
    pub(super) fn take(&mut self, records: &mut Vec<Record>, outputs: &mut VecDeque<Output>) {
        debug_assert!(outputs.is_empty());
        records.extend(self.popping.drain(..));
        if records.is_empty() {
            std::mem::swap(records, &mut self.records);
        } else {
            records.append(&mut self.records);
        }
        self.taken = self.made;
        self.after.clear();
        std::mem::swap(&mut self.outputs, outputs);
    }

    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }
}
