//! What comes: sorted by end, held against what is waited for.

use super::{
    Arrival, Came, Known, Player, compose,
    line::{Brought, Event},
};
use crate::certify::{
    report::{Deviation, Kind, Outcome},
    rule::{Rule, hex, like},
    script::{Awaited, Expect},
    value::Missing,
};
use banklink_protocol::{
    Message, Mti,
    frame::{Frame, Header},
};
use bytes::Bytes;
use std::time::Duration;
use tokio::time::Instant;

/// Something came that nothing asked for.
pub(super) fn unasked(end: &str, arrival: &Arrival, meanwhile: &str) -> Deviation {
    let (kind, had) = match &arrival.came {
        Came::Message(message) => (Kind::Unasked, format!("{} at {end}", outline(&message.1))),
        Came::Unreadable(error) => (Kind::Unreadable, format!("a message at {end} that does not decode: {error}")),
        Came::KeepAlive => (Kind::Unasked, format!("a keep-alive at {end}")),
        Came::End => (Kind::Connection, format!("the end of a connection of {end}")),
        Came::Broken(error) => (Kind::Connection, format!("what is no frame, at {end}: {error}")),
    };
    let wanted = match kind {
        Kind::Unasked => meanwhile.to_owned(),
        _ => "nothing of the kind".to_owned(),
    };
    Deviation::new(kind, wanted, had)
}

/// What a message is, without card data.
fn outline(message: &Message) -> String {
    let mut text = message.mti().to_string();
    for field in [11, 37, 39, 70] {
        if let Some(value) = message.text(field) {
            text.push_str(&format!(" DE{field} {}", value.trim_end()));
        }
    }
    text
}

impl Player<'_> {
    /// Puts an event where its end's steps find it.
    pub(super) async fn sort(&mut self, (end, line, event): Brought) {
        let came = match event {
            // (Session control says that the line lives, as a keep-alive does.)
            Event::Frame(Frame::KeepAlive | Frame::Control { .. }) => Came::KeepAlive,
            Event::Frame(Frame::Message { header, body }) => match self.script.ends[end].dialect.decode(body.clone()) {
                Ok(message) if self.echoes(end, &message) => return self.echo(end, line, &header, &message).await,
                Ok(message) => Came::Message(Box::new((header, message, body))),
                Err(error) => Came::Unreadable(error.to_string()),
            },
            // Closed by us, or gone with a switch that was started anew: nothing that anybody waits for.
            Event::End | Event::Broken(_) if !self.parties[end].lines[line].open => return,
            Event::End | Event::Broken(_) => {
                self.parties[end].lines[line].open = false;
                if let Event::Broken(error) = event { Came::Broken(error) } else { Came::End }
            }
        };
        self.parties[end].arrived.push_back(Arrival { line, came });
    }

    /// Is it an echo request that this end answers by itself?
    fn echoes(&self, end: usize, message: &Message) -> bool {
        let mti = message.mti();
        self.script.ends[end].echo
            && mti.class() == 8
            && mti.is_request()
            && matches!(compose::function(message), Some(301 | 831))
    }

    async fn echo(&mut self, end: usize, line: usize, header: &Header, message: &Message) {
        let code = compose::fine(message.dialect().version());
        if let Some(answer) = compose::network_answer(message, code) {
            let framing = &self.script.ends[end].framing;
            // The line may be gone by now: then that is told as what it is.
            let _ = self.write_answer((end, line), &framing.answer_header(header), &answer).await;
        }
    }

    /// Waits for what a step wants, and holds it against the rules.
    pub(super) async fn expect(&mut self, expect: &Expect) -> Outcome {
        if let Err(why) = self.speaks_of_known(expect) {
            return compose::not_reached(&why);
        }
        let mut deviations = Vec::new();
        let found = self.awaited(expect, &mut deviations).await;
        match (found, expect.what) {
            (Ok(Some((line, received))), _) => {
                let (header, message, body) = *received;
                match self.held_against(&expect.rules, &message) {
                    Ok(broken) => deviations.extend(broken),
                    Err(missing) => return compose::not_reached(&missing),
                }
                if expect.bytes.as_ref().is_some_and(|pattern| !like(pattern, &hex(&body))) {
                    let had = format!("{} other bytes", body.len());
                    deviations.push(Deviation::new(Kind::Field, "bytes like the script's pattern", had));
                }
                if let Some(name) = &expect.name {
                    self.known.insert(name.clone(), Known { end: expect.end, line, header });
                    self.values.keep(name, message);
                }
            }
            (Ok(None), _) => {}
            (Err(had), what) => {
                let end = &self.script.ends[expect.end].name;
                let wanted = match what {
                    Awaited::Message(mti) => format!("{mti} at {end} within {:?}", expect.within),
                    Awaited::End => format!("the end of a connection of {end} within {:?}", expect.within),
                    Awaited::KeepAlive => format!("a keep-alive at {end} within {:?}", expect.within),
                };
                deviations.push(Deviation::new(Kind::Silence, wanted, had));
            }
        }
        if deviations.is_empty() { Outcome::Passed } else { Outcome::Deviated(deviations) }
    }

    /// Every message that the rules speak of was there.
    fn speaks_of_known(&self, expect: &Expect) -> Result<(), Missing> {
        let names = expect.rules.iter().chain(&expect.only).flat_map(|(_, rule)| rule.messages());
        names.into_iter().try_for_each(|name| self.values.message(name).map(|_| ()))
    }

    /// The deviations of a message from rules.
    fn held_against(&mut self, rules: &[(u8, Rule)], message: &Message) -> Result<Vec<Deviation>, Missing> {
        let mut deviations = Vec::new();
        for (field, rule) in rules {
            if let Some(broken) = rule.check(*field, message, &mut self.values, Self::now())? {
                let field = Some(*field);
                let (wanted, had) = (broken.wanted, broken.had);
                deviations.push(Deviation { kind: Kind::Field, field, wanted, had });
            }
        }
        Ok(deviations)
    }

    /// The message that is waited for (`None` where it is none), or what there was in its place.
    async fn awaited(
        &mut self,
        expect: &Expect,
        deviations: &mut Vec<Deviation>,
    ) -> Result<Option<(usize, Box<(Header, Message, Bytes)>)>, String> {
        let until = Instant::now() + expect.within;
        let on = match &expect.on {
            None => None,
            Some(name) => Some(self.line(expect.end, Some(name)).ok_or("no such connection")?),
        };
        let aside = std::mem::take(&mut self.parties[expect.end].aside);
        let (mut found, mut rest) = (None, std::collections::VecDeque::new());
        for arrival in aside {
            if found.is_none() && self.is_awaited(expect, on, &arrival) {
                found = Some(arrival);
            } else {
                rest.push_back(arrival);
            }
        }
        self.parties[expect.end].aside = rest;
        // With `only` others of the type are not unasked: they stay for the steps that want them.
        let mut left = std::collections::VecDeque::new();
        let result = loop {
            if let Some(arrival) = found.take() {
                break Ok(match arrival.came {
                    Came::Message(message) => Some((arrival.line, message)),
                    _ => None,
                });
            }
            let Some(arrival) = self.parties[expect.end].arrived.pop_front() else {
                if !self.parties[expect.end].lines.iter().any(|line| line.open) && expect.what != Awaited::End {
                    break Err("no connection is open".to_owned());
                }
                if self.next(until).await {
                    continue;
                }
                break Err("nothing".to_owned());
            };
            if self.is_awaited(expect, on, &arrival) {
                found = Some(arrival);
            } else if !expect.only.is_empty() && matches!(arrival.came, Came::Message(_)) {
                left.push_back(arrival);
            } else if !matches!(arrival.came, Came::KeepAlive) {
                let meanwhile = format!("{} was waited for", waited(expect.what));
                deviations.push(unasked(&self.script.ends[expect.end].name, &arrival, &meanwhile));
                self.parties[expect.end].aside.push_back(arrival);
            }
        };
        while let Some(arrival) = left.pop_back() {
            self.parties[expect.end].arrived.push_front(arrival);
        }
        result
    }

    fn is_awaited(&mut self, expect: &Expect, on: Option<usize>, arrival: &Arrival) -> bool {
        if on.is_some_and(|on| on != arrival.line) {
            return false;
        }
        match (expect.what, &arrival.came) {
            (Awaited::Message(mti), Came::Message(message)) => {
                message.1.mti() == mti
                    && self.held_against(&expect.only, &message.1).is_ok_and(|broken| broken.is_empty())
            }
            (Awaited::End, Came::End) | (Awaited::KeepAlive, Came::KeepAlive) => true,
            _ => false,
        }
    }

    /// Nothing may come for so long: what came nevertheless.
    pub(super) async fn nothing(&mut self, end: Option<usize>, span: Duration) -> Outcome {
        self.listen(Instant::now() + span).await;
        let mut deviations = Vec::new();
        for (place, party) in self.parties.iter_mut().enumerate() {
            if end.is_some_and(|end| end != place) {
                continue;
            }
            for arrival in std::mem::take(&mut party.arrived) {
                deviations.push(unasked(&self.script.ends[place].name, &arrival, "nothing was to come"));
                party.aside.push_back(arrival);
            }
        }
        if deviations.is_empty() { Outcome::Passed } else { Outcome::Deviated(deviations) }
    }

    /// A message of that type on that connection, for the steps that are more than one message.
    pub(super) async fn reply(
        &mut self,
        place: (usize, usize),
        mti: Mti,
        within: Duration,
    ) -> Result<(Header, Message), String> {
        let (end, line) = place;
        let until = Instant::now() + within;
        loop {
            let arrived = &mut self.parties[end].arrived;
            let at = arrived.iter().position(|arrival| {
                let same = matches!(&arrival.came, Came::Message(message) if message.1.mti() == mti);
                same && arrival.line == line
            });
            if let Some(Arrival { came: Came::Message(message), .. }) = at.and_then(|at| arrived.remove(at)) {
                return Ok((message.0, message.1));
            }
            if !self.parties[end].lines[line].open || !self.next(until).await {
                let had = if self.parties[end].lines[line].open { "nothing" } else { "the end of the connection" };
                return Err(had.to_owned());
            }
        }
    }
}

fn waited(what: Awaited) -> String {
    match what {
        Awaited::Message(mti) => mti.to_string(),
        Awaited::End => "the end of a connection".to_owned(),
        Awaited::KeepAlive => "a keep-alive".to_owned(),
    }
}
