//! `banklink run` as a program of its own, and what it writes.

use super::PATIENCE;
use std::{
    io::{BufRead, BufReader, Read},
    net::SocketAddr,
    path::Path,
    process::{Child, Command, ExitStatus, Stdio},
    sync::mpsc,
    thread,
};

/// A running `banklink run` and what it writes.
pub(crate) struct Program {
    pub(crate) child: Child,
    lines: mpsc::Receiver<String>,
    /// What was read from `lines` so far.
    pub(crate) log: String,
}

impl Program {
    pub(crate) fn start(config: &Path) -> Self {
        Self::run(Command::new(env!("CARGO_BIN_EXE_banklink")), config)
    }

    /// The same, so that a write beyond the limit of a file's length fails instead of ending it.
    pub(crate) fn start_without_file_signal(config: &Path) -> Self {
        let mut shell = Command::new("sh");
        shell.args(["-c", "trap '' XFSZ; exec \"$0\" \"$@\"", env!("CARGO_BIN_EXE_banklink")]);
        Self::run(shell, config)
    }

    fn run(mut command: Command, config: &Path) -> Self {
        command.arg("run").arg(config).env("RUST_BACKTRACE", "1");
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("our own program");
        let stderr = BufReader::new(child.stderr.take().expect("piped"));
        let (sender, lines) = mpsc::channel();
        thread::spawn(move || stderr.lines().map_while(Result::ok).try_for_each(|line| sender.send(line)));
        Self { child, lines, log: String::new() }
    }

    /// Reads on until a line has both texts; that line.
    pub(crate) fn line_with(&mut self, texts: [&str; 2]) -> String {
        loop {
            let line = self.lines.recv_timeout(PATIENCE);
            let line = line.unwrap_or_else(|_| panic!("waited in vain for {texts:?} in\n{}", self.log));
            self.log.push_str(&line);
            self.log.push('\n');
            if texts.iter().all(|text| line.contains(text)) {
                return line;
            }
        }
    }

    pub(crate) fn address(&mut self, texts: [&str; 2]) -> SocketAddr {
        let line = self.line_with(texts);
        let value: serde_json::Value = serde_json::from_str(&line).expect("one JSON object a line");
        value["address"].as_str().and_then(|text| text.parse().ok()).expect("an address")
    }

    /// Sends it a signal.
    pub(crate) fn signal(&self, name: &str) {
        let kill = format!("kill -{name} {}", self.child.id());
        assert!(Command::new("sh").args(["-c", &kill]).status().expect("a shell").success());
    }

    /// SIGTERM, and all that it wrote: exit status, log, standard output.
    pub(crate) fn end(self) -> (ExitStatus, String, String) {
        self.signal("TERM");
        self.ended()
    }

    /// Its end, and all that it wrote.
    pub(crate) fn ended(mut self) -> (ExitStatus, String, String) {
        let status = self.child.wait().expect("our own child");
        for line in self.lines.iter() {
            self.log.push_str(&line);
            self.log.push('\n');
        }
        let mut stdout = String::new();
        self.child.stdout.take().expect("piped").read_to_string(&mut stdout).expect("text");
        (status, std::mem::take(&mut self.log), stdout)
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // A failed test leaves nothing running behind.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
