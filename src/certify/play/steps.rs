//! One step after the other; and what only a switch that the script started can be asked.

use super::{Player, compose};
use crate::{
    certify::{
        report::{Deviation, Kind, Outcome},
        script::{Action, Of, Order, Send, State},
    },
    driver::{BankSnapshot, Snapshot},
};
use std::time::Duration;
use tokio::time::{Instant, timeout};

impl Player<'_> {
    pub(super) async fn step(&mut self, action: &Action) -> Outcome {
        match action {
            Action::Send(send) => self.send(send).await,
            Action::Bytes { end, on, bytes, framed } => self.bytes(*end, on.as_deref(), bytes, *framed).await,
            Action::Expect(expect) => self.expect(expect).await,
            Action::Answer { to, code, out } => self.answer(to, code, out).await,
            Action::Nothing { end, span } => self.nothing(*end, *span).await,
            Action::Delay(delay) => {
                self.listen(Instant::now() + *delay).await;
                Outcome::Passed
            }
            Action::Silence(name) if self.known.contains_key(name) => Outcome::Passed,
            Action::Silence(name) => Outcome::NotReached(format!("{name} never came")),
            Action::Connect { end, certificate, fails: true, within, .. } => {
                self.connect_in_vain(*end, *certificate, *within).await
            }
            Action::Connect { end, name, certificate, within, .. } => {
                self.connect(*end, name.clone(), *certificate, *within).await
            }
            Action::Refuse { end, times, within } => self.refuse(*end, *times, *within).await,
            Action::Disconnect { end, on } => self.disconnect(*end, on.as_deref()).await,
            Action::SignOn { end, on, name, code, within } => {
                self.sign_on(*end, on.as_deref(), name.clone(), code.as_deref(), *within).await
            }
            Action::SignOff { end, on, within } => self.sign_off(*end, on.as_deref(), *within).await,
            Action::Until { of, states, within } => self.until(of, states, *within).await,
            Action::Switch(order) => self.order(*order).await,
            // Loops are played by who counts their turns.
            Action::Each { .. } => Outcome::Passed,
        }
    }

    async fn send(&mut self, send: &Send) -> Outcome {
        let line = match self.open_line(send.end, send.out.on.as_deref()) {
            Ok(line) => line,
            Err(why) => return why,
        };
        let end = &self.script.ends[send.end];
        let values = (&mut self.values, Self::now());
        match compose::request(&end.dialect, send.mti, &send.base, &send.out, values) {
            Ok(message) => {
                let header = end.framing.header.first();
                self.leave((send.end, line), header, message, &send.out).await
            }
            Err(why) => why,
        }
    }

    async fn bytes(&mut self, end: usize, on: Option<&str>, bytes: &[u8], framed: bool) -> Outcome {
        let line = match self.open_line(end, on) {
            Ok(line) => line,
            Err(why) => return why,
        };
        let framing = &self.script.ends[end].framing;
        let frame = if framed { compose::framed(bytes, &framing.header.first(), framing) } else { Ok(bytes.into()) };
        match frame {
            Err(why) => why,
            Ok(frame) => match self.parties[end].lines[line].write(&frame, false).await {
                Ok(()) => Outcome::Passed,
                Err(error) => {
                    let wanted = "a connection that takes bytes";
                    Outcome::Deviated(vec![Deviation::new(Kind::Connection, wanted, error.to_string())])
                }
            },
        }
    }

    async fn order(&mut self, order: Order) -> Outcome {
        match order {
            Order::Drain => {
                let Some(switch) = self.stage.switch() else { return Outcome::Passed };
                switch.drain();
                // What is sent from now on is sent to a switch that drains.
                let control = switch.control();
                match timeout(self.script.within, control.until(|snapshot: &Snapshot| snapshot.draining)).await {
                    Ok(_) => Outcome::Passed,
                    Err(_) => {
                        Outcome::Deviated(vec![Deviation::new(Kind::State, "a switch that drains", "it does not")])
                    }
                }
            }
            Order::Restart => {
                // Ends of connections that were noticed before belong to the steps; those of the restart do not.
                let restarted = self.stage.restart();
                self.forget_lines();
                match restarted {
                    Ok(()) => Outcome::Passed,
                    Err(why) => Outcome::Deviated(vec![Deviation::new(Kind::State, "a switch that starts again", why)]),
                }
            }
        }
    }

    /// How many connections of a bank take payments; `None` where the switch cannot be asked.
    pub(super) async fn up(&self, end: usize) -> Option<usize> {
        let control = self.stage.switch()?.control();
        let snapshot = control.snapshot().await;
        snapshot.bank(&self.script.ends[end].name).map(BankSnapshot::up)
    }

    /// Waits until one more connection takes payments than did `before`.
    pub(super) async fn until_up(&self, end: usize, before: Option<usize>, within: Duration) -> Outcome {
        let (Some(switch), Some(before)) = (self.stage.switch(), before) else { return Outcome::Passed };
        let name = self.script.ends[end].name.clone();
        let reached = move |snapshot: &Snapshot| snapshot.bank(&name).is_some_and(|bank| bank.up() > before);
        match timeout(within, switch.control().until(reached)).await {
            Ok(Some(_)) => Outcome::Passed,
            _ => {
                let had = "it is not used".to_owned();
                let wanted = format!("a signed-on connection that takes payments within {within:?}");
                Outcome::Deviated(vec![Deviation::new(Kind::State, wanted, had)])
            }
        }
    }

    /// Waits until the switch's counters are so.
    async fn until(&mut self, of: &Of, states: &[(String, State)], within: Duration) -> Outcome {
        let Some(switch) = self.stage.switch() else { return Outcome::NotReached("there is no switch to ask".into()) };
        let control = switch.control();
        let (wanted, whose) = (states.to_vec(), of.clone());
        let reached = move |snapshot: &Snapshot| {
            wanted.iter().all(|(name, state)| number(snapshot, &whose, name).is_some_and(|had| state.reached(had)))
        };
        if matches!(timeout(within, control.until(reached)).await, Ok(Some(_))) {
            return Outcome::Passed;
        }
        let snapshot = control.snapshot().await;
        let missed = states.iter().filter_map(|(name, state)| {
            let had = number(&snapshot, of, name).unwrap_or_default();
            let wanted = match state {
                State::Is(wanted) => format!("{name} = {wanted}"),
                State::AtLeast(wanted) => format!("{name} >= {wanted}"),
            };
            let wanted = format!("{wanted} within {within:?}");
            (!state.reached(had)).then(|| Deviation::new(Kind::State, wanted, format!("{name} = {had}")))
        });
        let missed: Vec<Deviation> = missed.collect();
        // It may have come true between the two looks: late is late.
        if missed.is_empty() {
            let late = Deviation::new(Kind::State, format!("it within {within:?}"), "it, too late");
            return Outcome::Deviated(vec![late]);
        }
        Outcome::Deviated(missed)
    }
}

/// A counter by its name, as the admin endpoint would call it; `up` counts the connections that take payments.
fn number(snapshot: &Snapshot, of: &Of, name: &str) -> Option<u64> {
    let value = match of {
        Of::Bank(bank) => {
            let bank = snapshot.bank(bank)?;
            if name == "up" {
                return u64::try_from(bank.up()).ok();
            }
            serde_json::to_value(bank)
        }
        Of::Acquirer(acquirer) => serde_json::to_value(snapshot.acquirer(acquirer)?),
    };
    value.ok()?.get(name)?.as_u64()
}
