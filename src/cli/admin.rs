//! The way from a command to the admin endpoint of a running switch: the control socket, or TLS with a token.

use super::Failure;
use crate::net::tls::{self, MinVersion, Pem};
use http_body_util::{BodyExt, Full};
use hyper::{
    Method, Request, Response,
    body::{Bytes, Incoming},
};
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use serde_json::{Value, json};
use std::{fmt::Write, path::PathBuf};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    task::JoinHandle,
};
use tokio_rustls::TlsConnector;

/// Where the switch is, and who asks.
#[derive(clap::Args, Debug)]
#[command(next_help_heading = "The running switch")]
pub(super) struct Admin {
    /// Its control socket (`socket` of `[admin]`, beside the configuration), or HOST:PORT of its admin endpoint with TLS
    #[arg(long, value_name = "SOCKET|ADDRESS", default_value = "banklink.sock", global = true)]
    admin: String,
    /// Over TLS: the file of our token
    #[arg(long, value_name = "FILE", global = true)]
    token: Option<PathBuf>,
    /// Over TLS: the authority that signed the endpoint's certificate
    #[arg(long, value_name = "FILE", global = true)]
    admin_ca: Option<PathBuf>,
}

/// Who commands, and why: it is recorded.
#[derive(clap::Args, Debug)]
pub(super) struct By {
    /// Who, where it is not whose token or account it is
    #[arg(long, value_name = "WHO", default_value = "")]
    by: String,
    /// Why
    #[arg(long, value_name = "TEXT", default_value = "")]
    reason: String,
}

impl By {
    /// Commands what the path says.
    ///
    /// # Errors
    /// As [`Admin::ask`].
    pub(super) fn command(&self, admin: &Admin, path: &[&str]) -> Result<Value, Failure> {
        let path: String = path.iter().map(|part| format!("/{}", escaped(part))).collect();
        admin.ask(Method::POST, &path, Some(&json!({ "by": self.by, "reason": self.reason })))
    }
}

/// As a part of a path or a query: all but letters and digits escaped, since names are the operator's.
pub(super) fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for byte in text.bytes() {
        let _ = match byte {
            b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' | b'-' => write!(escaped, "{}", char::from(byte)),
            _ => write!(escaped, "%{byte:02X}"),
        };
    }
    escaped
}

/// A connection on which one question is asked.
struct Line {
    sender: hyper::client::conn::http1::SendRequest<Full<Bytes>>,
    driven: JoinHandle<hyper::Result<()>>,
}

impl Admin {
    /// Asks, and gives the answer whole.
    ///
    /// # Errors
    /// Nobody is there, or the switch refuses: with its reason.
    pub(super) fn ask(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Value, Failure> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async {
            let (answer, driven) = self.send(method, path, body).await?;
            let text = answer.into_body().collect().await?.to_bytes();
            driven.abort();
            Ok(serde_json::from_slice(&text).unwrap_or(Value::Null))
        })
    }

    /// Asks, and hands the answer on line by line until it ends, or `take` fails.
    ///
    /// # Errors
    /// As [`Admin::ask`]; what `take` says.
    pub(super) async fn follow(
        &self,
        path: &str,
        mut take: impl FnMut(&[u8]) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let (answer, _driven) = self.send(Method::GET, path, None).await?;
        let (mut body, mut rest) = (answer.into_body(), Vec::new());
        while let Some(frame) = body.frame().await {
            let Ok(data) = frame?.into_data() else { continue };
            rest.extend_from_slice(&data);
            while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = rest.drain(..=end).collect();
                take(&line[..end])?;
            }
        }
        Ok(())
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<(Response<Incoming>, JoinHandle<hyper::Result<()>>), Failure> {
        let mut line = self.line().await?;
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header("host", "banklink")
            .header("content-type", "application/json");
        if let Some(file) = &self.token {
            let failed = |error| Failure::wrong(format_args!("{}: {error}", file.display()));
            let token = std::fs::read_to_string(file).map_err(failed)?;
            request = request.header("authorization", format!("Bearer {}", token.trim()));
        }
        let body = body.map_or_else(Bytes::new, |body| Bytes::from(body.to_string()));
        let answer = line.sender.send_request(request.body(Full::new(body))?).await?;
        let status = answer.status();
        if status.is_success() {
            return Ok((answer, line.driven));
        }
        let text = answer.into_body().collect().await?.to_bytes();
        let value: Value = serde_json::from_slice(&text).unwrap_or(Value::Null);
        let why = value.get("error").and_then(Value::as_str).unwrap_or("it refuses").to_owned();
        Err(Failure::wrong(format!("{why} ({status})")))
    }

    async fn line(&self) -> Result<Line, Failure> {
        let unreachable =
            |error: std::io::Error| Failure::wrong(format_args!("no running switch at {}: {error}", self.admin));
        match self.admin.rsplit_once(':') {
            Some((host, port)) if port.parse::<u16>().is_ok() => {
                let stream = TcpStream::connect(&self.admin).await.map_err(unreachable)?;
                let Some(ca) = &self.admin_ca else {
                    return Err(Failure::usage("over TCP it takes TLS: --admin-ca and --token"));
                };
                let config = tls::client(tls::roots(Pem::File(ca))?, None, MinVersion::default())?;
                let name = ServerName::try_from(host.trim_matches(['[', ']']).to_owned())
                    .map_err(|error| Failure::usage(format_args!("--admin: {error}")))?;
                Line::on(TlsConnector::from(config).connect(name, stream).await.map_err(unreachable)?).await
            }
            _ => self.socket().await,
        }
    }

    #[cfg(unix)]
    async fn socket(&self) -> Result<Line, Failure> {
        let stream = tokio::net::UnixStream::connect(&self.admin).await;
        let stream = stream.map_err(|error| {
            Failure::wrong(format_args!(
                "no running switch at the socket {}: {error} (--admin says where it is)",
                self.admin
            ))
        })?;
        Line::on(stream).await
    }

    #[cfg(not(unix))]
    async fn socket(&self) -> Result<Line, Failure> {
        Err(Failure::usage("there are no sockets of the file system here: --admin takes HOST:PORT"))
    }
}

impl Line {
    async fn on(stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static) -> Result<Self, Failure> {
        let (sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
        Ok(Self { sender, driven: tokio::spawn(connection) })
    }
}
