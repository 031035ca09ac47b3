//! The table of what waits for an answer, or waited until a moment ago: one entry a send, found by number.

use super::{AcquirerId, ConnectionId, Origin, SendId, hold::Claim, instruction::Instruction, kept::Kept};
use crate::{
    clock::Mono,
    record::{Body, Doubt, PaymentId, References, Unanswered},
    switch::BankId,
};
use banklink_protocol::{
    Message, Mti,
    element::{OriginalData, ResponseCode, Rrn, Stan, Transmission},
};
use smallvec::SmallVec;

/// One send to a bank under one STAN.
pub(super) struct Pending {
    pub(super) connection: ConnectionId,
    pub(super) stan: Stan,
    pub(super) transmission: Transmission,
    /// As sent.
    pub(super) mti: Mti,
    /// DE32 and DE33 as sent, 0 where absent.
    pub(super) institutions: (u64, u64),
    /// When it was handed over for sending.
    pub(super) sent: Mono,
    /// From whom it came.
    pub(super) acquirer: AcquirerId,
    /// What is to be done where no answer comes.
    pub(super) unanswered: Unanswered,
    /// It ended in doubt, and its reversal (or the question) is not stored yet: so for a moment, or when the switch died in
    /// that moment.
    pub(super) owed: Option<Doubt>,
    /// The stored reversal on whose account its STAN stays taken.
    pub(super) held: Option<PaymentId>,
    /// Whether a memory of what has ended counts it.
    pub(super) remembered: Memory,
    /// The bank has approved it after it ended.
    pub(super) approved: bool,
    pub(super) state: State,
}

impl Pending {
    /// What its DE90 repeats.
    pub(super) const fn original(&self) -> OriginalData {
        let (acquirer, forwarder) = self.institutions;
        OriginalData { mti: self.mti, stan: self.stan, transmission: self.transmission, acquirer, forwarder }
    }
}

/// Why an entry that has ended stays, beside being held.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Memory {
    /// It does not.
    No,
    /// So that a late answer is known as such.
    Late,
    /// Its reversal was refused: an approval would be reversed anew.
    Refused,
}

/// What the entry stands for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum State {
    /// A payment, recorded as sent.
    Payment(PaymentId),
    /// A payment that has ended and whose STAN stays taken: its reversal is under way, or a late answer may still come.
    Ended(PaymentId),
    /// A stored message, from its first try to its end.
    Stored(PaymentId),
    /// A network message of our own.
    Network(Exchange),
}

/// What a network message of ours was for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Exchange {
    SignOn,
    Echo,
    SignOff,
    Cutover,
}

/// A payment while it is on its way: who waits, and what the answer needs. None of this outlives the process.
pub(super) struct Waiting {
    /// Its number, once it is recorded.
    pub(super) id: Option<PaymentId>,
    pub(super) origin: Origin,
    /// The session is gone: nobody waits for this answer.
    pub(super) abandoned: bool,
    pub(super) instruction: Instruction,
    pub(super) references: References,
    /// Resends that wait for the same answer.
    pub(super) attached: Vec<Attached>,
    /// Banks to be tried, in order; the first is the one it is sent to.
    pub(super) targets: SmallVec<[BankId; 4]>,
    /// Connections on which it certainly did not leave.
    pub(super) tried: SmallVec<[ConnectionId; 2]>,
    /// The payment it follows.
    pub(super) follows: Option<Followed>,
    /// What it wants of the hold it names.
    pub(super) claim: Claim,
    /// DE37 toward the bank, where it is ours.
    pub(super) own_rrn: Option<Rrn>,
    /// DE39 as the acquirer sent it, where the bank has another word for it.
    pub(super) own_code: Option<ResponseCode>,
    pub(super) deadline: Mono,
    /// Optional fields were lost on the way into the bank's dialect: it cannot be tried at another bank any more.
    pub(super) lossy: bool,
    /// The request as it came, where the bank it goes to speaks another edition of the standard: should it certainly not leave,
    /// it could not be had again out of what was to be sent.
    pub(super) request: Option<Box<Message>>,
}

impl Waiting {
    /// A request fresh from the door.
    pub(super) fn new(origin: Origin, instruction: Instruction, references: References) -> Self {
        let deadline = origin.arrived();
        Self {
            id: None,
            origin,
            abandoned: false,
            instruction,
            references,
            attached: Vec::new(),
            targets: SmallVec::new(),
            tried: SmallVec::new(),
            follows: None,
            claim: Claim::None,
            own_rrn: None,
            own_code: None,
            deadline,
            lossy: false,
            request: None,
        }
    }
}

/// The earlier payment that a message speaks of.
#[derive(Clone, Copy)]
pub(super) struct Followed {
    pub(super) payment: PaymentId,
    /// The connection it went by, to be preferred.
    pub(super) connection: ConnectionId,
    /// What the bank knows it by.
    pub(super) original: OriginalData,
    /// DE37 as the bank knows it.
    pub(super) rrn: Option<Rrn>,
    /// Its local date and time, in seconds since 1970-01-01T00:00:00 by the clock of its terminal; 0: not known.
    pub(super) clock: u32,
}

/// A resend that waits for the answer of the first.
pub(super) struct Attached {
    pub(super) origin: Origin,
    pub(super) mti: Mti,
    pub(super) pan_in_de2: bool,
    pub(super) kept: Kept,
}

struct Slot {
    /// Counts the uses of this slot, so that an old [`SendId`] finds nothing.
    generation: u32,
    pending: Option<Pending>,
}

/// All entries; freed slots are used again, newest first.
#[derive(Default)]
pub(super) struct Pendings {
    slots: Vec<Slot>,
    /// Beside `slots`, and only touched when a payment begins and ends.
    waiting: Vec<Option<Box<Waiting>>>,
    /// Beside them too: what a reversal repeats.
    bodies: Vec<Body>,
    free: Vec<u32>,
    /// Boxes to be used again.
    #[expect(clippy::vec_box, reason = "it is the boxes that are kept")]
    spare: Vec<Box<Waiting>>,
    waiting_count: usize,
}

impl Pendings {
    pub(super) fn insert(&mut self, pending: Pending) -> u32 {
        if let Some(key) = self.free.pop() {
            self.slots[key as usize].pending = Some(pending);
            return key;
        }
        let key = u32::try_from(self.slots.len()).expect("the caps keep the table far smaller");
        self.slots.push(Slot { generation: 0, pending: Some(pending) });
        self.waiting.push(None);
        self.bodies.push(Body::default());
        key
    }

    /// What a reversal of this entry repeats.
    pub(super) fn body(&self, key: u32) -> &Body {
        &self.bodies[key as usize]
    }

    pub(super) fn put_body(&mut self, key: u32, body: Body) {
        self.bodies[key as usize] = body;
    }

    pub(super) fn take_body(&mut self, key: u32) -> Body {
        std::mem::take(&mut self.bodies[key as usize])
    }

    pub(super) fn remove(&mut self, key: u32) -> Pending {
        let slot = &mut self.slots[key as usize];
        let pending = slot.pending.take().expect("only an entry in use is removed");
        assert!(self.waiting[key as usize].is_none(), "nobody may wait for an entry that goes");
        self.bodies[key as usize] = Body::default();
        slot.generation = slot.generation.wrapping_add(1);
        self.free.push(key);
        pending
    }

    pub(super) fn get(&self, key: u32) -> Option<&Pending> {
        self.slots.get(key as usize)?.pending.as_ref()
    }

    pub(super) fn get_mut(&mut self, key: u32) -> Option<&mut Pending> {
        self.slots.get_mut(key as usize)?.pending.as_mut()
    }

    /// Who waits for this entry.
    pub(super) fn waiting(&self, key: u32) -> Option<&Waiting> {
        self.waiting.get(key as usize)?.as_deref()
    }

    pub(super) fn waiting_mut(&mut self, key: u32) -> Option<&mut Waiting> {
        self.waiting.get_mut(key as usize)?.as_deref_mut()
    }

    /// A box for a request: it is long, and handed on by its address.
    pub(super) fn boxed(&mut self, waiting: Waiting) -> Box<Waiting> {
        match self.spare.pop() {
            Some(mut room) => {
                *room = waiting;
                room
            }
            None => Box::new(waiting),
        }
    }

    /// Takes a box back. Card number and request are wiped now, not when the box is used again.
    pub(super) fn done(&mut self, mut waiting: Box<Waiting>) {
        waiting.instruction.pan = None;
        waiting.request = None;
        self.spare.push(waiting);
    }

    /// All who wait, with their entries.
    pub(super) fn all_waiting(&mut self) -> impl Iterator<Item = (u32, &mut Waiting)> {
        self.waiting.iter_mut().enumerate().filter_map(|(key, waiting)| Some((key as u32, waiting.as_deref_mut()?)))
    }

    pub(super) fn put_waiting(&mut self, key: u32, waiting: Box<Waiting>) {
        self.waiting[key as usize] = Some(waiting);
        self.waiting_count += 1;
    }

    pub(super) fn take_waiting(&mut self, key: u32) -> Option<Box<Waiting>> {
        let waiting = self.waiting[key as usize].take()?;
        self.waiting_count -= 1;
        Some(waiting)
    }

    /// Payments that somebody waits for.
    pub(super) const fn waiting_count(&self) -> usize {
        self.waiting_count
    }

    /// The name of a send that the outside uses.
    pub(super) fn send_id(&self, key: u32) -> SendId {
        SendId(u64::from(self.slots[key as usize].generation) << 32 | u64::from(key))
    }

    /// The entry of a send, if it is still the same one.
    pub(super) fn by_send_id(&self, send: SendId) -> Option<u32> {
        let (key, generation) = (send.0 as u32, (send.0 >> 32) as u32);
        let slot = self.slots.get(key as usize)?;
        (slot.generation == generation && slot.pending.is_some()).then_some(key)
    }

    /// All entries in use.
    pub(super) fn iter(&self) -> impl Iterator<Item = (u32, &Pending)> {
        self.slots.iter().enumerate().filter_map(|(key, slot)| Some((key as u32, slot.pending.as_ref()?)))
    }
}
