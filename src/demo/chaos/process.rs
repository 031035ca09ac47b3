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
        let child = Command::new(&self.program)
            .args(&self.args)
            .stdin(Stdio::null())
            .stdout(log(&self.log)?)
            .stderr(log(&self.log)?)
            .spawn()?;
        self.child = Some(child);
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
}

impl Drop for Process {
    fn drop(&mut self) {
        // Nothing is left to be told.
        let _ = self.kill();
    }
}

async fn shows(sign: Sign) -> io::Result<bool> {
    let address = match sign {
        Sign::Accepts(address) => return TcpStream::connect(address).await.map(|_| true),
        Sign::Ready(address) => address,
    };
    let mut stream = TcpStream::connect(address).await?;
    let request = format!("GET /readyz HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).await?;
    Ok(answer.ends_with(b" 200"))
}
