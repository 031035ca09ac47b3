//! One run of the load: what all its sessions share.

mod follow;

use super::{
    Results, Template,
    belief::{Belief, Seen},
    ledger::{Expected, Ledger, Slot, State, Verdict},
    prepared::{Moment, Prepared},
    store::{Follow, Store},
    template::{TemplateError, VARIANTS},
};
use crate::simulator::payment::{Card, Payment, Text, text, with_card_number};
use banklink_protocol::{Dialect, Mti, element::ResponseCode, frame::Framing};
use bytes::{Bytes, BytesMut};
use jiff::{Timestamp, tz::TimeZone};
use std::{sync::Arc, time::Duration};
use tokio::time::Instant;

/// A session writes no more into its buffer than this while the peer does not take it; open-loop requests that are due
/// meanwhile leave later and keep the moment they were meant to leave.
const BACKLOG: usize = 256 * 1024;

/// How a run goes.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Connections.
    pub connections: u16,
    /// Requests outstanding on each (closed loop).
    pub window: u32,
    /// Open loop: requests a second over all connections; no window then.
    pub rate: Option<f64>,
    /// Ends after so many requests.
    pub count: Option<u64>,
    /// Ends after so long.
    pub duration: Option<Duration>,
    /// Left out of the figures at the start.
    pub warm_up: Duration,
    /// A request without an answer is given up after so long.
    pub timeout: Duration,
    /// Payments kept one by one, to be compared with other books; 0 keeps none.
    pub keep: usize,
    /// How it goes on when the line or an answer fails; `None`: it does not.
    pub follow: Option<Follow>,
}

/// A run.
pub struct Run {
    dialect: Arc<Dialect>,
    framing: Framing,
    plan: Plan,
    mti: Mti,
    prepared: Vec<Prepared>,
    cards: Vec<Card>,
    terminals: Vec<Text<8>>,
    amounts: (u64, u64),
    ledger: Ledger,
    results: Results,
    template: Template,
    store: Option<Store>,
    over_since: Option<u64>,
    seen: Vec<Seen>,
    not_listed: u64,
    in_flight: Vec<u32>,
    due: Vec<u64>,
    started: Instant,
    epoch: Timestamp,
    second: u64,
    moment: Moment,
    stopped: bool,
}

impl Run {
    /// Prepares every message of the template.
    ///
    /// # Errors
    /// The template does not fit the dialect or the framing, makes more than 65,536 messages, or cannot be reversed where
    /// that is planned.
    pub fn new(
        template: &Template,
        dialect: &Arc<Dialect>,
        framing: &Framing,
        plan: Plan,
    ) -> Result<Self, TemplateError> {
        let (cards, terminals) = (template.cards(), template.terminals());
        if cards * terminals > VARIANTS {
            return Err(TemplateError(format!("cards × terminals: {} is above {VARIANTS}", cards * terminals)));
        }
        let sample = template.message(dialect, 0, 0)?;
        let response = sample.mti().response().ok_or_else(|| TemplateError("mti: is not answered".into()))?;
        let mut prepared = Vec::with_capacity(cards * terminals);
        let (mut masks, mut names) = (Vec::new(), Vec::new());
        for card in 0..cards {
            for terminal in 0..terminals {
                let message = template.message(dialect, card, terminal)?;
                if terminal == 0 {
                    masks.push(with_card_number(&message, Card::of));
                }
                if card == 0 && message.has(41) {
                    names.push(text(&message, 41));
                }
                prepared.push(Prepared::new(&message, framing)?);
            }
        }
        let expected = Expected {
            mti: response,
            reversal: None,
            amount: sample.has(4),
            transmission: sample.has(7),
            rrn: sample.has(37),
            terminals: names.clone(),
        };
        let amount = sample.number(4).unwrap_or_default();
        let connections = usize::from(plan.connections);
        let mut run = Self {
            dialect: Arc::clone(dialect),
            framing: framing.clone(),
            mti: sample.mti(),
            prepared,
            cards: masks,
            terminals: if names.is_empty() { vec![Text::default()] } else { names },
            amounts: template.amounts().unwrap_or((amount, amount)),
            ledger: Ledger::new(expected),
            results: Results::new(plan.warm_up),
            template: template.clone(),
            store: None,
            over_since: None,
            seen: Vec::new(),
            not_listed: 0,
            in_flight: vec![0; connections],
            due: vec![0; connections],
            started: Instant::now(),
            epoch: Timestamp::now(),
            second: 0,
            moment: Moment::default(),
            stopped: false,
            plan,
        };
        run.stamp();
        run.store = run.new_store();
        if let Some(mti) = run.reversal_mti() {
            run.ledger.expects_reversals(mti.response());
            let fits = run.reversal(1, &Slot { of: 1, ..Slot::default() }, 1).is_some();
            if !fits {
                return Err(TemplateError(format!("{mti} does not fit the dialect: the payments cannot be reversed")));
            }
        }
        Ok(run)
    }

    /// How frames are cut.
    #[must_use]
    pub fn framing(&self) -> &Framing {
        &self.framing
    }
    /// How the run goes.
    #[must_use]
    pub fn plan(&self) -> &Plan {
        &self.plan
    }
    /// The figures so far.
    #[must_use]
    pub fn results(&self) -> &Results {
        &self.results
    }
    /// The payments kept one by one.
    #[must_use]
    pub fn seen(&self) -> &[Seen] {
        &self.seen
    }

    /// Repeats and reversals that wait for an answer.
    #[must_use]
    pub fn stored(&self) -> usize {
        self.store.as_ref().map_or(0, Store::len)
    }
    /// How many payments were too many to be kept.
    #[must_use]
    pub fn not_listed(&self) -> u64 {
        self.not_listed
    }

    /// The clock starts now.
    pub fn start(&mut self) {
        self.started = Instant::now();
        self.epoch = Timestamp::now();
        self.second = 0;
        self.stamp();
    }
    /// No new requests; what is on its way is waited for.
    pub fn stop(&mut self) {
        self.stopped = true;
    }
    /// Time since the start.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }
    /// Has the sending ended?
    #[must_use]
    pub fn over(&self) -> bool {
        self.stopped
            || self.plan.count.is_some_and(|count| self.results.sent >= count)
            || self.plan.duration.is_some_and(|duration| self.elapsed() >= duration)
    }
    /// Is there nothing left to do on this connection?
    #[must_use]
    pub fn finished(&mut self, connection: u16) -> bool {
        self.over() && self.in_flight[usize::from(connection)] == 0 && self.is_settled(connection)
    }

    /// The first moment and the pace of a connection's requests in open loop.
    #[must_use]
    pub fn pace(&self, connection: u16) -> Option<(Duration, Duration)> {
        let rate = self.plan.rate?;
        let first = Duration::from_secs_f64(f64::from(connection) / rate);
        Some((first, Duration::from_secs_f64(f64::from(self.plan.connections) / rate)))
    }

    /// How long from now until the next request of a connection is due, and its pace from then on.
    #[must_use]
    pub fn next_due(&self, connection: u16) -> Option<(Duration, Duration)> {
        let (first, every) = self.pace(connection)?;
        let elapsed = self.elapsed();
        let wait = match elapsed.checked_sub(first) {
            None => first - elapsed,
            Some(past) => every.saturating_sub(Duration::from_secs_f64(past.as_secs_f64() % every.as_secs_f64())),
        };
        Some((wait, every))
    }

    /// Appends every request that is due on this connection.
    pub fn send(&mut self, connection: u16, out: &mut BytesMut) {
        if self.store.is_some() {
            self.follow(connection, out);
        }
        if self.over() {
            return;
        }
        let now = self.now();
        let left = self.plan.count.map_or(u64::MAX, |count| count.saturating_sub(self.results.sent));
        let index = usize::from(connection);
        for _ in 0..left {
            let sent = match self.pace(connection) {
                None if self.in_flight[index] < self.plan.window => now,
                Some((first, every)) => {
                    let intended =
                        first.as_nanos() as u64 + (every.as_secs_f64() * 1e9 * self.due[index] as f64) as u64;
                    if intended > now || out.len() > BACKLOG {
                        return;
                    }
                    intended
                }
                None => return,
            };
            if !self.has_room() || !self.send_one(connection, sent, out) {
                return;
            }
        }
    }

    fn send_one(&mut self, connection: u16, sent: u64, out: &mut BytesMut) -> bool {
        let index = usize::from(connection);
        let number = self.results.sent;
        let card = (number % self.cards.len() as u64) as usize;
        // Spread over the range, and in no step with the cards.
        let scattered = number.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 16;
        let amount = self.amounts.0 + scattered % (self.amounts.1 - self.amounts.0).saturating_add(1);
        let variant = &self.prepared[card * self.terminals.len() + index % self.terminals.len()];
        let slot = Slot {
            sent,
            amount: if variant.has_amount() { amount } else { 0 },
            transmission: self.moment.transmission as u32,
            rrn: self.moment.rrn as u32,
            connection,
            card: card as u16,
            ..Slot::default()
        };
        let Some(stan) = self.ledger.open(slot) else { return false };
        variant.write(stan, amount, out);
        self.results.sent += 1;
        self.in_flight[index] += 1;
        self.due[index] += 1;
        true
    }

    /// Checks one answer.
    pub fn answer(&mut self, connection: u16, body: Bytes, now: u64) {
        let Ok(answer) = self.dialect.decode(body) else {
            self.results.wrong(Verdict::Unreadable);
            return;
        };
        let (verdict, slot) = self.ledger.check(connection, &answer);
        if verdict != Verdict::Right {
            if Self::is_expected(verdict, &slot) {
                self.results.late += 1;
            } else {
                self.results.wrong(verdict);
            }
            return;
        }
        let mut code = [0; 4];
        let length = answer.read(39, &mut code).unwrap_or_default();
        let Some(code) = ResponseCode::parse(&code[..length]) else {
            self.results.wrong(Verdict::NoCode);
            return;
        };
        let stan = answer.number(11).unwrap_or_default() as u32;
        if slot.state != State::Waiting {
            return self.settle(stan, &slot, code);
        }
        self.in_flight[usize::from(connection)] -= 1;
        self.results.right(code, slot.sent, now);
        self.see(stan, &slot, Belief::told(code, slot.amount));
    }

    /// Keeps how a payment ended.
    fn see(&mut self, stan: u32, slot: &Slot, belief: Belief) {
        self.results.beliefs.add(belief);
        if self.seen.len() < self.plan.keep {
            let payment = self.payment(slot, stan);
            self.seen.push(Seen { payment, belief });
        } else {
            self.not_listed += 1;
        }
    }

    /// Gives up what was sent longer ago than the time-out.
    pub fn expire(&mut self) {
        let before = self.now().saturating_sub(self.plan.timeout.as_nanos() as u64);
        let mut lost = Vec::new();
        self.ledger.expire(before, |stan, slot| lost.push((stan, *slot)));
        self.lose(&lost);
    }

    /// The connection ended: what waits on it is lost.
    pub fn ended(&mut self, connection: u16) {
        if self.in_flight[usize::from(connection)] > 0 {
            let mut lost = Vec::new();
            self.ledger.abandon(connection, |stan, slot| lost.push((stan, *slot)));
            self.lose(&lost);
        }
    }

    fn lose(&mut self, lost: &[(u32, Slot)]) {
        let now = self.now();
        for (stan, slot) in lost {
            self.in_flight[usize::from(slot.connection)] -= 1;
            if !self.keep(*stan, slot, now) {
                self.results.wrong(Verdict::Missing);
                self.see(*stan, slot, Belief::Unknown);
            }
        }
    }

    fn payment(&self, slot: &Slot, stan: u32) -> Payment {
        Payment {
            mti: self.mti,
            stan,
            transmission: slot.transmission,
            rrn: Ledger::rrn(slot, stan),
            terminal: self.terminals[usize::from(slot.connection) % self.terminals.len()],
            amount: slot.amount,
            card: self.cards[usize::from(slot.card)],
        }
    }

    /// Nanoseconds since the start; once a second the prepared messages get the new date and time.
    pub fn now(&mut self) -> u64 {
        let now = self.started.elapsed().as_nanos() as u64;
        if now / 1_000_000_000 != self.second {
            self.second = now / 1_000_000_000;
            self.stamp();
        }
        now
    }

    fn stamp(&mut self) {
        let at = self.epoch + jiff::SignedDuration::from_secs(self.second as i64);
        let at = at.to_zoned(TimeZone::UTC).datetime();
        let part = |n: i8| u64::from(n.unsigned_abs());
        let date: u64 = part(at.month()) * 100 + part(at.day());
        let time: u64 = part(at.hour()) * 10_000 + part(at.minute()) * 100 + part(at.second());
        let year = u64::from(at.year().unsigned_abs());
        let day = u64::from(at.date().day_of_year().unsigned_abs());
        self.moment = Moment {
            transmission: date * 1_000_000 + time,
            year: year % 100,
            rrn: year % 10 * 100_000 + day * 100 + part(at.hour()),
        };
        for prepared in &mut self.prepared {
            prepared.stamp(&self.moment);
        }
    }
}
