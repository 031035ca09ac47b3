//! The processes of the benchmark: started, asked for their CPU time and memory, and ended by their id.

use super::Outcome;
use std::{
    io::{BufRead, BufReader},
    net::TcpListener,
    path::Path,
    process::{Child, ChildStdout, Command, Stdio},
    time::Duration,
};

/// The product itself, built in the same profile.
pub(crate) const BANKLINK: &str = env!("CARGO_BIN_EXE_banklink");

/// Clock ticks a second in /proc: fixed by the kernel's interface to programs on every architecture Rust supports.
const TICKS: u64 = 100;

/// A running process; killed when dropped.
pub(crate) struct Process {
    child: Child,
    output: BufReader<ChildStdout>,
}

impl Process {
    pub(crate) fn banklink(arguments: &[&str]) -> Outcome<Self> {
        Self::start(BANKLINK, arguments)
    }

    pub(crate) fn start(program: &str, arguments: &[&str]) -> Outcome<Self> {
        let mut child = Command::new(program).args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).spawn()?;
        let output = child.stdout.take().ok_or("no standard output")?;
        Ok(Self { child, output: BufReader::new(output) })
    }

    /// The address it says that it listens on.
    pub(crate) fn listening(&mut self) -> Outcome<String> {
        let mut line = String::new();
        while self.output.read_line(&mut line)? > 0 {
            if let Some(address) = line.trim().strip_prefix("listening on ") {
                return Ok(address.to_owned());
            }
            line.clear();
        }
        Err("the process ended before it listened".into())
    }

    /// User and system time it has used (fields 14 and 15 of its stat, proc(5)).
    pub(crate) fn cpu(&self) -> Outcome<Duration> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        // The name in parentheses may hold anything; the fields after it are counted from 3.
        let fields = stat.rsplit_once(')').ok_or("an unknown form of /proc/PID/stat")?.1;
        let ticks: u64 = fields.split_whitespace().skip(11).take(2).map(|field| field.parse().unwrap_or(0)).sum();
        Ok(Duration::from_millis(ticks * 1000 / TICKS))
    }

    /// Resident memory in bytes.
    pub(crate) fn memory(&self) -> Outcome<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("no VmRSS")?;
        let kilobytes: u64 = line.trim().trim_end_matches("kB").trim().parse()?;
        Ok(kilobytes * 1024)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself; either way it is waited for.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A development authority with certificates for switch and bank.
pub(crate) fn certificates(folder: &Path) -> Outcome<()> {
    let made = Command::new(BANKLINK).args(["certs", "--force", "--out"]).arg(folder).stdout(Stdio::null()).status()?;
    if made.success() { Ok(()) } else { Err("banklink certs failed".into()) }
}

/// A port nobody listens on at the moment.
pub(crate) fn free_port() -> Outcome<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}
