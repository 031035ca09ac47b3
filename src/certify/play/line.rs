//! Connections of a run: one task each reads frames, the steps write.

use crate::simulator::stream::Stream;
use banklink_protocol::frame::{Frame, Framing};
use bytes::BytesMut;
use std::io;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _, ReadHalf, WriteHalf},
    sync::mpsc::UnboundedSender,
    task::AbortHandle,
};

/// What a connection brought.
#[derive(Debug)]
pub(super) enum Event {
    Frame(Frame),
    /// The peer closed it, or broke it off.
    End,
    /// What came is no frame: nothing more can be read.
    Broken(String),
}

/// An event, and the place of the end and of its connection.
pub(super) type Brought = (usize, usize, Event);

/// One connection.
pub(super) struct Line {
    pub(super) name: Option<String>,
    pub(super) open: bool,
    writer: WriteHalf<Box<dyn Stream>>,
    /// Held back, to leave with the next message.
    held: BytesMut,
    reader: AbortHandle,
}

impl Line {
    /// Begins to read. `place` is that of the end and of this connection among its own.
    pub(super) fn new(
        stream: Box<dyn Stream>,
        name: Option<String>,
        framing: Framing,
        place: (usize, usize),
        events: UnboundedSender<Brought>,
    ) -> Self {
        let (reader, writer) = tokio::io::split(stream);
        let reader = tokio::spawn(read(reader, framing, place, events)).abort_handle();
        Self { name, open: true, writer, held: BytesMut::new(), reader }
    }

    /// Keeps bytes back until the next write.
    pub(super) fn hold(&mut self, bytes: &[u8]) {
        self.held.extend_from_slice(bytes);
    }

    /// Writes what was held back and these bytes at once, or one by one.
    pub(super) async fn write(&mut self, bytes: &[u8], split: bool) -> io::Result<()> {
        self.held.extend_from_slice(bytes);
        let all = self.held.split();
        let size = if split { 1 } else { all.len().max(1) };
        for part in all.chunks(size) {
            self.writer.write_all(part).await?;
            self.writer.flush().await?;
            if split {
                tokio::task::yield_now().await;
            }
        }
        Ok(())
    }

    /// Closes it. What the peer still says is not read any more.
    pub(super) async fn close(&mut self) {
        self.open = false;
        self.reader.abort();
        let _ = self.writer.shutdown().await;
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.reader.abort();
    }
}

async fn read(
    mut reader: ReadHalf<Box<dyn Stream>>,
    framing: Framing,
    (end, line): (usize, usize),
    events: UnboundedSender<Brought>,
) {
    let mut buffer = BytesMut::new();
    let last = loop {
        match framing.split(&mut buffer) {
            Ok(Some(frame)) => {
                if events.send((end, line, Event::Frame(frame))).is_err() {
                    return;
                }
            }
            Ok(None) => match reader.read_buf(&mut buffer).await {
                Ok(0) | Err(_) => break Event::End,
                Ok(_) => {}
            },
            Err(error) => break Event::Broken(error.to_string()),
        }
    };
    let _ = events.send((end, line, last));
}
