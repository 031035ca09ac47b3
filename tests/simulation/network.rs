//! The network between the switch and its banks: sockets that drop, buffers that hold back, messages that overtake.

use crate::{
    bank::Reply,
    story::tell,
    world::{Event, MILLI, SECOND, World},
};
use banklink::{
    clock::Mono,
    switch::{BankId, ConnectionId, Input, NotSent, Output, SendId},
};
use banklink_protocol::{
    Message,
    frame::{Header, HeaderKind},
};

/// One socket.
#[derive(Default)]
pub(crate) struct Socket {
    pub(crate) epoch: u64,
    pub(crate) open: bool,
    /// The switch has been told that its sign-on was accepted, and nothing to the contrary since.
    pub(crate) signed_on: bool,
    /// It was, until the bank signed off.
    suspended: bool,
}

impl Socket {
    pub(crate) fn sign_off(&mut self) {
        (self.signed_on, self.suspended) = (false, false);
    }
}

/// A message handed over to a connection.
pub(crate) struct Flight {
    pub(crate) connection: ConnectionId,
    pub(crate) epoch: u64,
    pub(crate) life: u64,
    pub(crate) send: SendId,
    pub(crate) message: Message,
    pub(crate) expires: Mono,
}

/// A message of a bank.
pub(crate) struct Saying {
    pub(crate) connection: ConnectionId,
    /// On this socket; 0: on whatever there is by then.
    pub(crate) epoch: u64,
    pub(crate) message: Message,
    pub(crate) signs_on: Option<bool>,
    /// Said again until the payment under this STAN and DE7 is not booked any more.
    pub(crate) insists: Option<(String, String)>,
}

impl World {
    pub(crate) fn opens(&mut self, connection: ConnectionId, life: u64) {
        if life != self.life || self.down {
            return;
        }
        let socket = self.sockets.entry(connection).or_default();
        socket.epoch += 1;
        socket.open = true;
        self.input(Input::ConnectionUp { connection });
    }

    pub(crate) fn drops(&mut self, connection: ConnectionId) {
        let socket = self.sockets.entry(connection).or_default();
        if socket.open {
            socket.open = false;
            socket.sign_off();
            tell(|| format!("connection {connection:?} drops"));
            self.input(Input::ConnectionDown { connection });
        }
    }

    /// Something leaves the switch for a bank.
    pub(crate) fn hand_over(
        &mut self,
        connection: ConnectionId,
        epoch: u64,
        send: SendId,
        message: Message,
        expires: Mono,
    ) {
        let socket = self.sockets.entry(connection).or_default();
        let life = self.life;
        if !socket.open || socket.epoch != epoch {
            // The connection went while the disk was busy: nobody took it.
            let message = Some(message.into());
            return self.after(
                0,
                Event::Input(Input::NotSent { connection, send, why: NotSent::ConnectionDown, message }, life),
            );
        }
        self.oracle.leaves(life, connection, &message);
        if message.text(11).unwrap() == "000001" {
            self.seen.count("stan wrapped");
        }
        // Mostly written at once, sometimes held up in the connection's buffer for a while.
        let delay = if self.random.chance(92) { 0 } else { self.random.below(3_500 * MILLI) };
        self.after(delay, Event::Flush(Flight { connection, epoch, life, send, message, expires }));
    }

    pub(crate) fn flush(&mut self, flight: Flight) {
        let Flight { connection, epoch, life, send, message, expires } = flight;
        if life != self.life {
            // The process died with it in its buffer: nobody knows whether it was written.
            if self.random.chance(50) {
                self.after(0, Event::Arrives { connection, epoch, message });
            }
            return;
        }
        let socket = self.sockets.entry(connection).or_default();
        let why = if !socket.open || socket.epoch != epoch {
            Some(NotSent::ConnectionDown)
        } else if expires.0 <= self.now {
            Some(NotSent::Expired)
        } else if !self.calm() && self.random.chance(3) {
            Some([NotSent::Full, NotSent::Encode][self.random.below(2) as usize])
        } else {
            None
        };
        if let Some(why) = why {
            tell(|| format!("{} {} is not sent: {why:?}", message.mti(), message.text(11).unwrap()));
            let message = (!self.random.chance(10)).then_some(message.into());
            return self.input(Input::NotSent { connection, send, why, message });
        }
        // Some are held up on the way, so that what comes after them is there first.
        let delay = if self.random.chance(4) { self.random.below(9 * SECOND) } else { self.random.below(50 * MILLI) };
        self.after(delay, Event::Arrives { connection, epoch, message });
    }

    /// A message reaches a bank, unless it was lost with its connection.
    pub(crate) fn arrives(&mut self, connection: ConnectionId, epoch: u64, message: &Message) {
        let socket = &self.sockets[&connection];
        if (!socket.open || socket.epoch != epoch) && self.random.chance(50) {
            return;
        }
        if message.mti().class() == 8 {
            return self.network_arrives(connection, epoch, message);
        }
        let calm = self.calm();
        if !calm && self.random.chance(2) {
            if self.random.chance(50) {
                return self.reject(connection, message);
            }
            // Of another message, long ago, that went by the same number: this one arrives all the same.
            let mut other = message.clone();
            other.set(7, b"0630120000").unwrap();
            self.reject(connection, &other);
        }
        let replies = self.banks[usize::from(connection.bank.0)].takes(message, self.now, calm, &mut self.random);
        for Reply { message, after, insists } in replies {
            let epoch = if insists.is_some() { 0 } else { epoch };
            self.after(after, Event::Says(Saying { connection, epoch, message, signs_on: None, insists }));
        }
    }

    /// Now and then a session ends just when the answer to it was decided on.
    pub(crate) fn may_close_early(&mut self, output: &Output) {
        if let Output::Answer { to, approves: Some(_), .. } = output
            && !self.calm()
            && self.random.chance(3)
        {
            let soon = self.random.below(10 * MILLI);
            self.after(soon, Event::CloseSession(to.session().0 as usize));
        }
    }

    /// The network does not like it, and the bank never sees it.
    fn reject(&mut self, connection: ConnectionId, message: &Message) {
        tell(|| format!("the network rejects {} {}", message.mti(), message.text(11).unwrap_or_default()));
        let header: Header = b"ISO026012165"[..].into();
        let code = HeaderKind::Base24.reject(&header).expect("a rejecting header");
        let input = Input::Rejected { connection, header, message: message.clone().into(), code };
        let (delay, life) = (self.random.below(3 * SECOND), self.life);
        self.after(delay, Event::Input(input, life));
    }

    fn network_arrives(&mut self, connection: ConnectionId, epoch: u64, message: &Message) {
        let code = match self.random.below(20) {
            _ if self.calm() => "00",
            0 | 1 => "05",
            2 | 3 => return,
            _ => "00",
        };
        if self.now < self.banks[usize::from(connection.bank.0)].silent_until {
            return;
        }
        let mut answer = message.clone();
        answer.set_mti(message.mti().response().unwrap());
        answer.set(39, code.as_bytes()).unwrap();
        let signs_on = (message.text(70).as_deref() == Some("001") && code == "00").then_some(true);
        let delay = self.random.below(if self.calm() { 500 * MILLI } else { 1_100 * MILLI });
        self.after(delay, Event::Says(Saying { connection, epoch, message: answer, signs_on, insists: None }));
    }

    /// A bank's message reaches the switch, on its connection or on another of the bank.
    pub(crate) fn says(&mut self, saying: Saying) {
        let Saying { connection, epoch, message, signs_on, insists } = saying;
        if let Some(key) = &insists {
            if !self.banks[usize::from(connection.bank.0)].is_booked(key) {
                return;
            }
            let again = Saying { connection, epoch, message: message.clone(), signs_on, insists: insists.clone() };
            self.after(5 * SECOND, Event::Says(again));
        }
        let open = |socket: &Socket| socket.open && [0, socket.epoch].contains(&epoch);
        let mut on = connection;
        if message.mti().class() != 8 && (!self.sockets.get(&on).is_some_and(open) || self.random.chance(10)) {
            let other = ConnectionId { slot: 1 - connection.slot.min(1), ..connection };
            if self.sockets.get(&other).is_some_and(|socket| socket.open) {
                on = other;
            }
        }
        let Some(socket) = self.sockets.get_mut(&on).filter(|socket| socket.open) else { return };
        if on == connection && epoch != 0 && socket.epoch != epoch {
            return;
        }
        match signs_on {
            // The bank's own sign-on brings back only what had signed on before.
            Some(true) => socket.signed_on |= message.mti().is_response() || socket.suspended,
            Some(false) => {
                socket.suspended |= socket.signed_on;
                socket.signed_on = false;
            }
            None => {}
        }
        if message.mti().class() != 8 {
            let code = message.text(39).unwrap_or_default();
            tell(|| format!("{:?} says {} {}: {code}", on, message.mti(), message.text(11).unwrap_or_default()));
        }
        self.input(Input::FromBank { connection: on, header: Header::new(), message: message.into() });
    }

    pub(crate) fn connect(&mut self, connection: ConnectionId) {
        assert!(!self.sockets.entry(connection).or_default().open, "only what is closed is opened");
        let delay = MILLI + self.random.below(300 * MILLI);
        let opens = self.calm() || self.random.chance(85);
        let life = self.life;
        let event = if opens {
            Event::Opens(connection, life)
        } else {
            Event::Input(Input::ConnectionDown { connection }, life)
        };
        self.after(delay, event);
    }

    pub(crate) fn close(&mut self, connection: ConnectionId) {
        let socket = self.sockets.entry(connection).or_default();
        socket.sign_off();
        let epoch = socket.epoch;
        if socket.open {
            let delay = self.random.below(50 * MILLI);
            self.after(delay, Event::Closed(connection, epoch));
        }
    }

    pub(crate) fn any_connection(&mut self) -> ConnectionId {
        let (bank, slot) = (self.random.below(3) as u16, self.random.below(2) as u16);
        ConnectionId { bank: BankId(bank), slot: if bank == 2 { 0 } else { slot } }
    }
}
