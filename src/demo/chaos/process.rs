//! A part that runs as a process of its own and can be killed: SIGKILL, with no chance to write a last word.

use std::{
    fs::{File, OpenOptions},
    io,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

/// A look at a process must be answered in this time.
const LOOK: Duration = Duration::from_secs(1);

/// How to see that a process is at work.
#[derive(Clone, Copy, Debug)]
pub(super) enum Sign {
    /// It takes connections here.
    Accepts(SocketAddr),
    /// Its `/readyz` here says so.
    Ready(SocketAddr),
}

/// A process that is started as often as it is killed.
pub(super) struct Process {
    pub(super) name: String,
    program: PathBuf,
    args: Vec<String>,
    log: PathBuf,
    sign: Sign,
    child: Option<Child>,
    pub(super) kills: u32,
}

impl Process {
    /// `log`: where what it prints is added.
    pub(super) fn new(name: &str, program: &Path, args: Vec<String>, log: PathBuf, sign: Sign) -> Self {
        Self { name: name.to_owned(), program: program.to_owned(), args, log, sign, child: None, kills: 0 }
    }

    pub(super) fn start(&mut self) -> io::Result<()> {
        let log = |file: &Path| -> io::Result<File> { OpenOptions::new().create(true).append(true).open(file) };
        let mut command = Command::new(&self.program);
        command.args(&self.args).stdin(Stdio::null()).stdout(log(&self.log)?).stderr(log(&self.log)?);
        // Ctrl-C at the terminal is for the demonstration: its processes are killed by it and by nobody else.
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        self.child = Some(command.spawn()?);
        Ok(())
    }

    pub(super) fn is_running(&self) -> bool {
        self.child.is_some()
    }

    /// Kills it and waits until it is gone.
    pub(super) fn kill(&mut self) -> io::Result<()> {
        let Some(mut child) = self.child.take() else { return Ok(()) };
        self.kills += 1;
        child.kill()?;
        child.wait()?;
        Ok(())
    }

    /// Is it at work?
    ///
    /// # Errors
    /// It ended by itself; the error says where it may have said why.
    pub(super) async fn is_ready(&mut self) -> io::Result<bool> {
        if let Some(child) = &mut self.child
            && let Some(status) = child.try_wait()?
        {
            self.child = None;
            let (name, log) = (&self.name, self.log.display());
            return Err(io::Error::other(format!("{name} ended by itself ({status}); see {log}")));
        }
        Ok(matches!(tokio::time::timeout(LOOK, shows(self.sign)).await, Ok(Ok(true))))
    }

    /// The sum of a metric over all its labels, from its `/metrics`; `None` where it cannot be had.
    pub(super) async fn metric(&self, name: &str) -> Option<f64> {
        let Sign::Ready(address) = self.sign else { return None };
        let answer = tokio::time::timeout(LOOK, get(address, "/metrics")).await.ok()?.ok()?;
        let samples =
            answer.lines().filter(|line| line.strip_prefix(name).is_some_and(|rest| rest.starts_with(['{', ' '])));
        let values: Vec<f64> = samples.filter_map(|line| line.rsplit(' ').next()?.parse().ok()).collect();
        (!values.is_empty()).then(|| values.iter().sum())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Nothing is left to be told.
        let _ = self.kill();
    }
}

async fn shows(sign: Sign) -> io::Result<bool> {
    match sign {
        Sign::Accepts(address) => TcpStream::connect(address).await.map(|_| true),
        Sign::Ready(address) => Ok(get(address, "/readyz").await?.split(' ').nth(1) == Some("200")),
    }
}

/// An HTTP answer, head and body.
async fn get(address: SocketAddr, path: &str) -> io::Result<String> {
    let mut stream = TcpStream::connect(address).await?;
    let request = format!("GET {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    Ok(answer)
}
