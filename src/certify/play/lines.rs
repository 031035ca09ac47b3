//! Connections that come and go: made, taken, refused, closed, signed on and off.

use super::{Came, Known, Line, Player, compose};
use crate::certify::{
    pki::Certificate,
    report::{Deviation, Kind, Outcome},
    script::{Outgoing, Role},
    value::Value,
};
use banklink_protocol::{Message, frame::Header};
use std::time::Duration;
use tokio::{
    io::AsyncReadExt as _,
    time::{Instant, timeout},
};

/// Something about a connection is not as it should be.
fn wrong(wanted: impl Into<String>, had: impl Into<String>) -> Outcome {
    Outcome::Deviated(vec![Deviation::new(Kind::Connection, wanted, had)])
}

impl Player<'_> {
    /// The connection of that name; without a name the first that is open.
    pub(super) fn line(&self, end: usize, name: Option<&str>) -> Option<usize> {
        let lines = &self.parties[end].lines;
        match name {
            // The newest of a name: the one before it is closed, as a rule.
            Some(name) => lines.iter().rposition(|line| line.name.as_deref() == Some(name)),
            None => lines.iter().position(|line| line.open),
        }
    }

    /// The same, open, or why the step has no meaning.
    pub(super) fn open_line(&self, end: usize, name: Option<&str>) -> Result<usize, Outcome> {
        let found = self.line(end, name).filter(|line| self.parties[end].lines[*line].open);
        found.ok_or_else(|| {
            let named = name.map(|name| format!(" \"{name}\"")).unwrap_or_default();
            let end = &self.script.ends[end].name;
            Outcome::NotReached(format!("no connection{named} of {end} is open"))
        })
    }

    /// One more connection.
    pub(super) async fn connect(
        &mut self,
        end: usize,
        name: Option<String>,
        certificate: Certificate,
        within: Duration,
    ) -> Outcome {
        let peer = &self.script.ends[end];
        let wanted = || format!("a connection of {} within {within:?}", peer.name);
        match timeout(within, self.stage.connection(end, certificate)).await {
            Err(_) => wrong(wanted(), "none"),
            Ok(Err(why)) => wrong(wanted(), why),
            Ok(Ok(stream)) => {
                let place = (end, self.parties[end].lines.len());
                let line = Line::new(stream, name, peer.framing.clone(), place, self.sender.clone());
                self.parties[end].lines.push(line);
                Outcome::Passed
            }
        }
    }

    /// A connection that must not come to be, with this certificate.
    pub(super) async fn connect_in_vain(&self, end: usize, certificate: Certificate, within: Duration) -> Outcome {
        let until = Instant::now() + within;
        let wanted = "a connection that fails";
        match timeout(within, self.stage.connection(end, certificate)).await {
            Ok(Err(_)) => Outcome::Passed,
            Err(_) => wrong(wanted, "no attempt"),
            // In TLS 1.3 the side that dials learns with its first read whether it is taken.
            Ok(Ok(mut stream)) => match timeout(Self::left(until), stream.read_u8()).await {
                Ok(Err(_)) => Outcome::Passed,
                _ => wrong(wanted, "one that stands"),
            },
        }
    }

    /// Takes connections and lets go of them at once.
    pub(super) async fn refuse(&self, end: usize, times: u64, within: Duration) -> Outcome {
        for turn in 1..=times {
            match timeout(within, self.stage.accept_tcp(end)).await {
                Ok(Ok(stream)) => drop(stream),
                Ok(Err(error)) => return wrong("a connection to refuse", error.to_string()),
                Err(_) => return wrong(format!("connection {turn} of {times} to refuse within {within:?}"), "none"),
            }
        }
        Outcome::Passed
    }

    /// Closes one connection, or all that are open.
    pub(super) async fn disconnect(&mut self, end: usize, on: Option<&str>) -> Outcome {
        let lines = match on {
            Some(name) => match self.open_line(end, Some(name)) {
                Ok(line) => vec![line],
                Err(why) => return why,
            },
            None => (0..self.parties[end].lines.len()).filter(|line| self.parties[end].lines[*line].open).collect(),
        };
        for line in lines {
            self.parties[end].lines[line].close().await;
        }
        Outcome::Passed
    }

    /// All connections are gone with the switch that held them, and what they still brought is of no interest.
    pub(super) fn forget_lines(&mut self) {
        for party in &mut self.parties {
            party.lines.iter_mut().for_each(|line| line.open = false);
            party.arrived.retain(|arrival| !matches!(arrival.came, Came::End));
        }
    }

    /// The switch signs on to a bank; toward a host the script does it.
    pub(super) async fn sign_on(
        &mut self,
        end: usize,
        on: Option<&str>,
        name: Option<String>,
        code: Option<&str>,
        within: Duration,
    ) -> Outcome {
        if on.is_none() && (self.script.ends[end].role == Role::Bank || self.line(end, None).is_none()) {
            let connected = self.connect(end, name, Certificate::Right, within).await;
            if connected != Outcome::Passed {
                return connected;
            }
        }
        let line = match on {
            Some(_) => self.open_line(end, on),
            None => Ok(self.parties[end].lines.len() - 1),
        };
        let line = match line {
            Ok(line) => line,
            Err(why) => return why,
        };
        if self.script.ends[end].role != Role::Bank {
            return self.announce((end, line), ("001", "801"), within).await;
        }
        let before = self.up(end).await;
        let mti = compose::network_mti(self.script.ends[end].dialect.version());
        let (header, request) = match self.reply((end, line), mti, within).await {
            Ok(received) => received,
            Err(had) => return wrong(format!("a sign-on within {within:?}"), had),
        };
        let function = compose::function(&request);
        if !matches!(function, Some(1 | 801)) {
            return wrong("a sign-on", format!("network function {function:?}"));
        }
        let fine = compose::fine(request.dialect().version());
        let code = code.unwrap_or(fine);
        let Some(answer) = compose::network_answer(&request, code) else { return wrong("a sign-on", "no request") };
        let header = self.script.ends[end].framing.answer_header(&header);
        if let Err(why) = self.write_answer((end, line), &header, &answer).await {
            return why;
        }
        if code == fine { self.until_up(end, before, within).await } else { Outcome::Passed }
    }

    /// We sign off, and the switch agrees.
    pub(super) async fn sign_off(&mut self, end: usize, on: Option<&str>, within: Duration) -> Outcome {
        match self.open_line(end, on) {
            Ok(line) => self.announce((end, line), ("002", "802"), within).await,
            Err(why) => why,
        }
    }

    /// A network message of ours, which must be agreed to.
    async fn announce(&mut self, place: (usize, usize), functions: (&str, &str), within: Duration) -> Outcome {
        let (end, line) = place;
        let dialect = self.script.ends[end].dialect.clone();
        let message = match compose::network(&dialect, functions, (&mut self.values, Self::now())) {
            Ok(message) => message,
            Err(why) => return why,
        };
        let header = self.script.ends[end].framing.header.first();
        if let Err(why) = self.write_answer((end, line), &header, &message).await {
            return why;
        }
        let Some(response) = message.mti().response() else { return Outcome::Passed };
        match self.reply(place, response, within).await {
            Err(had) => wrong(format!("{response} within {within:?}"), had),
            Ok((_, answer)) => {
                let (wanted, had) = (compose::fine(dialect.version()), answer.text(39).unwrap_or_default());
                if had == wanted { Outcome::Passed } else { wrong(format!("{response} with DE39 {wanted}"), had) }
            }
        }
    }

    /// Writes a message as it is.
    pub(super) async fn write_answer(
        &mut self,
        (end, line): (usize, usize),
        header: &Header,
        message: &Message,
    ) -> Result<(), Outcome> {
        let framing = self.script.ends[end].framing.clone();
        let frame = compose::frame(message, header, &framing, &Outgoing::default())?;
        let written = self.parties[end].lines[line].write(&frame, false).await;
        written.map_err(|error| wrong("a connection that takes a message", error.to_string()))
    }

    /// Sends a message as its step says, and keeps it under its name.
    pub(super) async fn leave(
        &mut self,
        (end, line): (usize, usize),
        header: Header,
        message: Message,
        out: &Outgoing,
    ) -> Outcome {
        let framing = self.script.ends[end].framing.clone();
        let frame = match compose::frame(&message, &header, &framing, out) {
            Ok(frame) => frame,
            Err(why) => return why,
        };
        if out.hold {
            self.parties[end].lines[line].hold(&frame);
        } else if let Err(error) = self.parties[end].lines[line].write(&frame, out.split).await {
            return wrong("a connection that takes a message", error.to_string());
        }
        if let Some(name) = &out.name {
            self.known.insert(name.clone(), Known { end, line, header });
            self.values.keep(name, message);
        }
        Outcome::Passed
    }

    /// Answers a request on the connection it came by, or on another.
    pub(super) async fn answer(&mut self, to: &str, code: &Value, out: &Outgoing) -> Outcome {
        let Some(known) = self.known.get(to) else {
            let shown = if to.starts_with('@') { "the request" } else { to };
            return Outcome::NotReached(format!("{shown} never came"));
        };
        let (end, mut line) = (known.end, known.line);
        let header = self.script.ends[end].framing.answer_header(&known.header);
        if out.on.is_some() {
            match self.open_line(end, out.on.as_deref()) {
                Ok(other) => line = other,
                Err(why) => return why,
            }
        }
        if !self.parties[end].lines[line].open {
            return Outcome::NotReached("the connection it came by is closed".to_owned());
        }
        match compose::answer(to, code, out, (&mut self.values, Self::now())) {
            Ok(message) => self.leave((end, line), header, message, out).await,
            Err(why) => why,
        }
    }
}
