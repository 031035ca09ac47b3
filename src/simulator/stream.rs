//! Bytes in, bytes out: what every simulated connection has in common.

use banklink_protocol::{
    EncodeError, Message,
    frame::{FrameError, Framing, Header},
};
use bytes::{Buf as _, BytesMut};
use rustls::pki_types::ServerName;
use std::{
    future::{Future as _, poll_fn},
    io,
    pin::{Pin, pin},
    task::{Context, Poll},
};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio_rustls::TlsConnector;

/// Room made for each read.
pub const READ: usize = 64 * 1024;

/// A plain or TLS stream.
pub trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

/// TLS toward a peer that is dialled.
#[derive(Clone)]
pub struct DialTls {
    /// Our certificate, the roots we trust.
    pub connector: TlsConnector,
    /// The name its certificate must carry.
    pub name: ServerName<'static>,
}

/// Appends one message as a frame.
///
/// # Errors
/// The message does not fit; `out` is as it was.
pub fn write_frame(
    framing: &Framing,
    header: &Header,
    message: &Message,
    out: &mut BytesMut,
) -> Result<(), EncodeError> {
    framing.write(out, header, |out| message.encode(out))
}

/// A stream with its two buffers. Reading never waits for writing: what the peer does not take yet stays in `output`.
pub struct Wire<S> {
    stream: S,
    /// Bytes received and not yet cut into frames.
    pub input: BytesMut,
    /// Bytes to be sent: all that gathered in one turn leaves in one write.
    pub output: BytesMut,
}

impl<S: Stream> Wire<S> {
    /// Nothing read, nothing to write.
    pub fn new(stream: S) -> Self {
        Self { stream, input: BytesMut::with_capacity(READ), output: BytesMut::with_capacity(READ) }
    }

    /// Writes what it can of `output` and completes when something was read; 0 is the end of the stream. Can be dropped
    /// and called again at any point.
    pub async fn exchange(&mut self) -> io::Result<usize> {
        poll_fn(|context| {
            self.push(context)?;
            self.input.reserve(READ);
            pin!(self.stream.read_buf(&mut self.input)).poll(context)
        })
        .await
    }

    /// Waits until `output` is written.
    pub async fn finish(&mut self) -> io::Result<()> {
        self.stream.write_all(&self.output).await?;
        self.output.clear();
        self.stream.flush().await
    }

    /// As much of `output` as the stream takes. Waiting is the next poll's business.
    fn push(&mut self, context: &mut Context<'_>) -> io::Result<()> {
        while !self.output.is_empty() {
            match Pin::new(&mut self.stream).poll_write(context, &self.output) {
                Poll::Ready(Ok(0)) => return Err(io::ErrorKind::WriteZero.into()),
                Poll::Ready(Ok(written)) => self.output.advance(written),
                Poll::Ready(Err(error)) => return Err(error),
                Poll::Pending => break,
            }
        }
        match Pin::new(&mut self.stream).poll_flush(context) {
            Poll::Ready(flushed) => flushed,
            Poll::Pending => Ok(()),
        }
    }
}

/// Broken framing as an I/O error: the connection cannot go on.
pub(crate) fn broken(error: FrameError) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("framing: {error:?}"))
}
