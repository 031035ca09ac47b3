//! The sockets of a load run: all answers of one read are checked under one lock, all requests of one turn leave in one
//! write.

use super::{Run, pace::Pace};
use crate::simulator::stream::{DialTls, Stream, Wire, broken};
use banklink_protocol::frame::Frame;
use std::{
    io,
    pin::pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::{net::TcpStream, task::JoinSet, time::MissedTickBehavior};

/// How often time-outs and the end of the run are looked for.
const LOOK: Duration = Duration::from_millis(50);

/// Pause before a lost connection is made again; doubled with every failure up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);
/// A connection that is not there in this time is given up.
const CONNECT: Duration = Duration::from_secs(5);

/// A run shared by its sessions.
pub type Shared = Arc<Mutex<Run>>;

/// A look at the run; its sessions wait meanwhile.
pub fn lock(run: &Shared) -> MutexGuard<'_, Run> {
    run.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Opens all connections, starts the clock, and returns when the run is over and everything answered or given up.
///
/// # Errors
/// A connection could not be opened, or ended early (the others go on to their end first). A run with a store never fails
/// so: it connects again.
pub async fn drive(run: &Shared, address: &str, tls: Option<DialTls>) -> io::Result<()> {
    let connections = lock(run).plan().connections;
    if lock(run).plan().follow.is_some() {
        return persist(run, address, tls.as_ref()).await;
    }
    let mut streams = Vec::with_capacity(connections.into());
    for _ in 0..connections {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        streams.push(stream);
    }
    match tls {
        None => sessions(run, streams).await,
        Some(tls) => {
            let mut secured = Vec::with_capacity(streams.len());
            for stream in streams {
                secured.push(tls.connector.connect(tls.name.clone(), stream).await?);
            }
            sessions(run, secured).await
        }
    }
}

/// Every connection is made again when it is lost, until the run is over and its store is empty or out of time.
async fn persist(run: &Shared, address: &str, tls: Option<&DialTls>) -> io::Result<()> {
    let connections = {
        let mut run = lock(run);
        run.start();
        run.plan().connections
    };
    let mut tasks = JoinSet::new();
    for connection in 0..connections {
        let (run, address, tls) = (Arc::clone(run), address.to_owned(), tls.cloned());
        tasks.spawn(async move { reconnecting(&run, connection, &address, tls.as_ref()).await });
    }
    while let Some(ended) = tasks.join_next().await {
        ended.map_err(io::Error::other)?;
    }
    lock(run).close();
    Ok(())
}

async fn reconnecting(run: &Shared, connection: u16, address: &str, tls: Option<&DialTls>) {
    let mut pause = FIRST_PAUSE;
    loop {
        let before = lock(run).results().answered;
        if let Err(error) = once(run, connection, address, tls).await {
            tracing::debug!(%error, connection, "the line failed");
            lock(run).line_failed();
        }
        let progress = {
            let mut run = lock(run);
            run.ended(connection);
            if run.finished(connection) {
                return;
            }
            run.results().answered > before
        };
        pause = if progress { FIRST_PAUSE } else { (pause * 2).min(LONGEST_PAUSE) };
        tokio::time::sleep(pause).await;
    }
}

/// One connection, made and used until it breaks or the run is over.
async fn once(run: &Shared, connection: u16, address: &str, tls: Option<&DialTls>) -> io::Result<()> {
    let stream = tokio::time::timeout(CONNECT, TcpStream::connect(address)).await??;
    stream.set_nodelay(true)?;
    let Some(tls) = tls else {
        lock(run).connected(connection);
        return session(run, connection, stream).await;
    };
    let stream = tokio::time::timeout(CONNECT, tls.connector.connect(tls.name.clone(), stream)).await??;
    lock(run).connected(connection);
    session(run, connection, stream).await
}

async fn sessions<S: Stream + 'static>(run: &Shared, streams: Vec<S>) -> io::Result<()> {
    lock(run).start();
    let mut tasks = JoinSet::new();
    for (stream, connection) in streams.into_iter().zip(0..) {
        let run = Arc::clone(run);
        tasks.spawn(async move {
            let result = session(&run, connection, stream).await;
            lock(&run).ended(connection);
            result
        });
    }
    let mut first = Ok(());
    while let Some(ended) = tasks.join_next().await {
        let ended = ended.unwrap_or_else(|error| Err(io::Error::other(error)));
        first = first.and(ended);
    }
    first
}

/// One connection until the run is over.
async fn session(run: &Shared, connection: u16, stream: impl Stream) -> io::Result<()> {
    let framing = lock(run).framing().clone();
    let mut pace = lock(run).next_due(connection).map(|(first, every)| Pace::new(first, every)).transpose()?;
    let mut look = pin!(tokio::time::interval(LOOK));
    look.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut wire = Wire::new(stream);
    loop {
        {
            let mut run = lock(run);
            run.send(connection, &mut wire.output);
            if run.finished(connection) {
                return Ok(());
            }
        }
        tokio::select! {
            read = wire.exchange() => {
                if read? == 0 {
                    return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the peer closed the connection"));
                }
                let mut run = lock(run);
                let now = run.now();
                while let Some(frame) = framing.split(&mut wire.input).map_err(broken)? {
                    if let Frame::Message { body, .. } = frame {
                        run.answer(connection, body, now);
                    }
                }
            }
            ticked = next(&mut pace) => ticked?,
            _ = look.tick() => lock(run).expire(),
        }
    }
}

async fn next(pace: &mut Option<Pace>) -> io::Result<()> {
    match pace {
        Some(pace) => pace.tick().await,
        None => std::future::pending().await,
    }
}
