//! The bare relay: acquirers over TCP in, a small shared pool of mutual-TLS bank connections out. Frames are forwarded
//! with only the STAN swapped at a fixed offset; no parsing, no routing, no time-outs. It batches as the switch does: all
//! frames of one read are handled together, the other side is woken once and writes them in one go.

use super::Outcome;
use banklink::net::tls::{self, Identity, MinVersion, Pem};
use banklink_protocol::frame::{Frame, Framing};
use bytes::{Buf as _, BytesMut};
use rustls::pki_types::ServerName;
use std::{
    cell::{Cell, RefCell},
    future::{Future as _, poll_fn},
    io,
    path::Path,
    pin::{Pin, pin},
    rc::Rc,
    task::{Context, Poll, Waker},
};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite},
    net::{TcpListener, TcpStream},
    task::LocalSet,
};
use tokio_rustls::TlsConnector;

/// Where DE11 stands in the load's messages: MTI, bitmap in hex, DE2 of 16 digits with its length, DE3, DE4, DE7.
const STAN_AT: usize = 4 + 16 + 18 + 6 + 12 + 10;
const STAN: usize = 6;
const STANS: usize = 1_000_000;
/// Connections to the bank: as many as the switch has.
const POOL: usize = 2;
const READ: usize = 64 * 1024;

/// Bytes on their way out of one connection.
#[derive(Default)]
struct Way {
    out: RefCell<BytesMut>,
    waker: Cell<Option<Waker>>,
    dirty: Cell<bool>,
}

/// Where an answer goes and which STAN it had.
#[derive(Clone, Copy, Default)]
struct Slot {
    session: u32,
    stan: [u8; STAN],
}

struct Relay {
    framing: Framing,
    banks: Vec<Rc<Way>>,
    sessions: RefCell<Vec<Rc<Way>>>,
    slots: RefCell<Vec<Slot>>,
    next_stan: Cell<usize>,
    next_bank: Cell<usize>,
}

/// Which way a connection's frames go.
#[derive(Clone, Copy)]
enum From {
    Acquirer(u32),
    Bank,
}

/// `--relay BANK-ADDRESS FOLDER`: relays until killed.
pub(crate) fn run(arguments: &[String]) -> Outcome<()> {
    let [bank, folder] = arguments else { return Err("--relay BANK FOLDER".into()) };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    LocalSet::new().block_on(&runtime, relay(bank, Path::new(folder)))
}

async fn relay(bank: &str, folder: &Path) -> Outcome<()> {
    let file = |name: &str| folder.join(name);
    let identity = Identity::load(Pem::File(&file("switch-client.pem")), Pem::File(&file("switch-client.key")))?;
    let config = tls::client(tls::roots(Pem::File(&file("ca.pem")))?, Some(identity), MinVersion::default())?;
    let connector = TlsConnector::from(config);
    let relay = Rc::new(Relay {
        framing: Framing::named("binary2")?,
        banks: (0..POOL).map(|_| Rc::default()).collect(),
        sessions: RefCell::default(),
        slots: RefCell::new(vec![Slot::default(); STANS]),
        next_stan: Cell::new(0),
        next_bank: Cell::new(0),
    });
    for way in &relay.banks {
        let stream = TcpStream::connect(bank).await?;
        stream.set_nodelay(true)?;
        let stream = connector.connect(ServerName::try_from("bank")?, stream).await?;
        tokio::task::spawn_local(connection(Rc::clone(&relay), stream, Rc::clone(way), From::Bank));
    }
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("listening on {}", listener.local_addr()?);
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let way = Rc::<Way>::default();
        let session = relay.sessions.borrow().len() as u32;
        relay.sessions.borrow_mut().push(Rc::clone(&way));
        tokio::task::spawn_local(connection(Rc::clone(&relay), stream, way, From::Acquirer(session)));
    }
}

async fn connection<S: AsyncRead + AsyncWrite + Unpin>(relay: Rc<Relay>, mut stream: S, way: Rc<Way>, from: From) {
    let mut input = BytesMut::with_capacity(READ);
    // The peer's end is the only way this ends; the benchmark kills the process.
    let _ended: io::Error = poll_fn(|context| {
        way.waker.set(Some(context.waker().clone()));
        way.dirty.set(false);
        if let Err(error) = push(&mut stream, &way, context) {
            return Poll::Ready(error);
        }
        loop {
            input.reserve(READ);
            match pin!(stream.read_buf(&mut input)).poll(context) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Ok(0)) => return Poll::Ready(io::ErrorKind::UnexpectedEof.into()),
                Poll::Ready(Err(error)) => return Poll::Ready(error),
                Poll::Ready(Ok(_)) => match from {
                    From::Acquirer(session) => relay.to_bank(session, &mut input),
                    From::Bank => relay.to_acquirers(&mut input),
                },
            }
        }
    })
    .await;
}

fn push<S: AsyncWrite + Unpin>(stream: &mut S, way: &Way, context: &mut Context<'_>) -> io::Result<()> {
    let mut out = way.out.borrow_mut();
    if out.is_empty() {
        return Ok(());
    }
    while !out.is_empty() {
        match Pin::new(&mut *stream).poll_write(context, &out) {
            Poll::Ready(written) => out.advance(written?),
            Poll::Pending => break,
        }
    }
    match Pin::new(stream).poll_flush(context) {
        Poll::Ready(flushed) => flushed,
        Poll::Pending => Ok(()),
    }
}

impl Way {
    /// Wakes the connection, once for all that is appended before it runs.
    fn wake(&self) {
        if !self.dirty.replace(true)
            && let Some(waker) = self.waker.take()
        {
            waker.wake_by_ref();
            self.waker.set(Some(waker));
        }
    }
}

impl Relay {
    fn to_bank(&self, session: u32, input: &mut BytesMut) {
        let bank = &self.banks[self.next_bank.get()];
        self.next_bank.set((self.next_bank.get() + 1) % POOL);
        let (mut out, mut slots) = (bank.out.borrow_mut(), self.slots.borrow_mut());
        while let Ok(Some(Frame::Message { body, .. })) = self.framing.split(input) {
            let number = self.next_stan.get();
            self.next_stan.set((number + 1) % STANS);
            let Some(stan) = body.get(STAN_AT..).and_then(|tail| tail.first_chunk()) else { continue };
            slots[number] = Slot { session, stan: *stan };
            self.forward(&mut out, &body, &digits(number));
        }
        drop((out, slots));
        bank.wake();
    }

    fn to_acquirers(&self, input: &mut BytesMut) {
        let (sessions, slots) = (self.sessions.borrow(), self.slots.borrow());
        while let Ok(Some(Frame::Message { body, .. })) = self.framing.split(input) {
            let Some(stan) = body.get(STAN_AT..STAN_AT + STAN) else { continue };
            let number = stan.iter().fold(0, |n, digit| n * 10 + usize::from(digit.wrapping_sub(b'0')));
            let Some(slot) = slots.get(number) else { continue };
            let way = &sessions[slot.session as usize];
            self.forward(&mut way.out.borrow_mut(), &body, &slot.stan);
            way.wake();
        }
    }

    fn forward(&self, out: &mut BytesMut, body: &[u8], stan: &[u8; STAN]) {
        let written: Result<(), banklink_protocol::frame::FrameError> = self.framing.write(out, &[], |out| {
            let start = out.len();
            out.extend_from_slice(body);
            out[start + STAN_AT..start + STAN_AT + STAN].copy_from_slice(stan);
            Ok(())
        });
        written.expect("it came in a frame, it fits one");
    }
}

fn digits(number: usize) -> [u8; STAN] {
    let mut digits = [b'0'; STAN];
    let mut rest = number;
    for place in digits.iter_mut().rev() {
        *place += (rest % 10) as u8;
        rest /= 10;
    }
    digits
}
