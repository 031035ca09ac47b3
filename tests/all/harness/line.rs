//! One end of a connection, scripted: send this, expect that.

use super::patiently;
use banklink_protocol::{
    Dialect, Message,
    frame::{Frame, Framing, Header},
};
use bytes::{Bytes, BytesMut};
use std::sync::Arc;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// Any stream.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

/// A scripted peer on an open connection.
pub(crate) struct Line {
    stream: Box<dyn Stream>,
    dialect: Arc<Dialect>,
    framing: Framing,
    buffer: BytesMut,
    /// Of the last message received.
    pub(crate) header: Header,
    /// The bytes of the last message received, from the MTI on.
    pub(crate) body: Bytes,
}

impl Line {
    pub(crate) fn new(stream: impl Stream + 'static, dialect: Arc<Dialect>, framing: Framing) -> Self {
        Self {
            stream: Box::new(stream),
            dialect,
            framing,
            buffer: BytesMut::new(),
            header: Header::new(),
            body: Bytes::new(),
        }
    }

    /// A plain session with the default framing.
    pub(crate) async fn connect(address: std::net::SocketAddr, dialect: &str) -> Self {
        let stream = tokio::net::TcpStream::connect(address).await.expect("the switch listens");
        let dialect = Dialect::named(dialect).expect("a shipped dialect");
        Self::new(stream, dialect, Framing::named("binary2").expect("a framing"))
    }

    /// The bytes of a message as a frame with the line's first header.
    pub(crate) fn frame(&self, message: &Message) -> BytesMut {
        self.frame_with(&self.framing.header.first(), message)
    }

    pub(crate) fn frame_with(&self, header: &Header, message: &Message) -> BytesMut {
        let mut out = BytesMut::new();
        self.framing.write(&mut out, header, |out| message.encode(out)).expect("a message that fits");
        out
    }

    /// Sends a message.
    pub(crate) async fn send(&mut self, message: &Message) {
        let frame = self.frame(message);
        self.send_bytes(&frame).await;
    }

    /// Sends a body that need not be a message, framed.
    pub(crate) async fn send_body(&mut self, body: &[u8]) {
        let mut out = BytesMut::new();
        let header = self.framing.header.first();
        let written = self.framing.write(&mut out, &header, |out| {
            out.extend_from_slice(body);
            Ok::<_, banklink_protocol::frame::FrameError>(())
        });
        written.expect("a body that fits");
        self.send_bytes(&out).await;
    }

    /// Sends bytes as they are.
    pub(crate) async fn send_bytes(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).await.expect("the peer reads");
        self.stream.flush().await.expect("the peer reads");
    }

    /// The next frame; `None` when the peer closed the connection (or broke it off).
    pub(crate) async fn frame_or_end(&mut self) -> Option<Frame> {
        patiently("a frame", async {
            loop {
                if let Some(frame) = self.framing.split(&mut self.buffer).expect("the switch frames well") {
                    return Some(frame);
                }
                match self.stream.read_buf(&mut self.buffer).await {
                    Ok(0) | Err(_) => return None,
                    Ok(_) => {}
                }
            }
        })
        .await
    }

    /// The next message, of whatever type.
    pub(crate) async fn receive(&mut self) -> Message {
        match self.frame_or_end().await {
            Some(Frame::Message { header, body }) => {
                self.header = header;
                self.body = body.clone();
                self.dialect.decode(body).expect("the switch writes the dialect")
            }
            Some(other) => panic!("wanted a message, had {other:?}"),
            None => panic!("wanted a message, had the end of the connection"),
        }
    }

    /// The next message, which must be of this type.
    pub(crate) async fn expect(&mut self, mti: &str) -> Message {
        let message = self.receive().await;
        assert_eq!(message.mti().to_string(), mti, "{message:?}");
        message
    }

    /// The connection ends without another message.
    pub(crate) async fn expect_end(&mut self) {
        let frame = self.frame_or_end().await;
        assert!(frame.is_none(), "wanted the end, had {frame:?}");
    }

    /// The next frame is a keep-alive.
    pub(crate) async fn expect_keep_alive(&mut self) {
        assert_eq!(self.frame_or_end().await, Some(Frame::KeepAlive));
    }

    /// As a bank: answers the switch's sign-on, and says with what code.
    pub(crate) async fn sign_on(&mut self, code: &str) {
        let request = self.expect("0800").await;
        assert_eq!(request.text(70).as_deref(), Some("001"), "a sign-on");
        self.send(&super::reply(&request, code)).await;
    }

    /// As a bank: expects a payment and answers it.
    pub(crate) async fn answer_next(&mut self, code: &str) -> Message {
        let request = self.expect("0200").await;
        self.send(&super::reply(&request, code)).await;
        request
    }

    /// As an acquirer: sends and takes the answer.
    pub(crate) async fn ask(&mut self, message: &Message) -> Message {
        self.send(message).await;
        let response = message.mti().response().expect("a request");
        self.expect(&response.to_string()).await
    }

    pub(crate) async fn close(mut self) {
        let _ = self.stream.shutdown().await;
    }
}
