//! The folder of a chaos run and what stands in it: certificates, the banks' rules and books, the switch's configuration
//! and journal, and where everybody is. Addresses stay the same over all restarts.

use super::{
    Settings,
    process::{Process, Sign},
};
use crate::{
    clock::Wall,
    demo::{
        DemoError,
        network::{self, ACQUIRERS, BANKS, BankPart, Credentials},
    },
    security::pki::Folder,
};
use std::{
    fs, io,
    net::{SocketAddr, TcpListener},
    path::{Path, PathBuf},
};

/// What the banks of a chaos run do beside their usual manners. Each is a payment or a reversal that goes wrong on the way,
/// and none may leave a trace in the end.
const MISHAPS: [&str; 3] = [
    // Booked and never answered; a reversal is refused twice before it is taken.
    "[[rule]]\nname = 'booked in silence'\nmti = '02'\nevery = 90\nthen = 'silence'\nbooks = true\n\
     [[rule]]\nname = 'reversal refused at first'\nmti = '04'\nevery = 3\ntimes = 2\nanswer = '96'\n",
    // Answered after the time-out; a reversal is taken and not answered at first.
    "[[rule]]\nname = 'too late'\nmti = '02'\nevery = 80\ndelay = '1500ms'\n\
     [[rule]]\nname = 'reversal taken in silence'\nmti = '04'\nevery = 2\ntimes = 1\nthen = 'silence'\nbooks = true\n",
    // The connection is dropped over a payment that is booked, and over a reversal that is not taken.
    "[[rule]]\nname = 'booked and gone'\nmti = '02'\nevery = 150\nthen = 'close'\nbooks = true\n\
     [[rule]]\nname = 'reversal lost with the connection'\nmti = '04'\nevery = 4\ntimes = 1\nthen = 'close'\n",
];

/// Where everything is.
pub(super) struct Stage {
    folder: PathBuf,
    acquirers: Vec<SocketAddr>,
    banks: Vec<SocketAddr>,
    admin: SocketAddr,
}

impl Stage {
    /// Writes everything that the processes read.
    pub(super) fn set(settings: &Settings) -> Result<Self, DemoError> {
        let folder = settings.folder.clone();
        fs::create_dir_all(&folder)?;
        let wall = Wall(jiff::Timestamp::now().as_microsecond());
        let credentials = Credentials::new(wall)?;
        let written = Folder::new(&folder);
        let issued = BANKS.iter().map(|bank| bank.name).zip(&credentials.banks);
        for (name, credential) in issued.chain([("switch", &credentials.switch)]) {
            written.write_credential(name, credential).map_err(io::Error::other)?;
        }
        written.write_root("ca", &credentials.authority).map_err(io::Error::other)?;
        let mut free = free_addresses(ACQUIRERS.len() + BANKS.len() + 1)?;
        let admin = free.pop().expect("one more than there are parties");
        let banks = free.split_off(ACQUIRERS.len());
        let stage = Self { folder, acquirers: free, banks, admin };
        stage.write_config(&settings.switch)?;
        for (bank, mishaps) in BANKS.iter().zip(MISHAPS) {
            fs::write(stage.bank_file(bank, "rules.toml"), format!("{mishaps}{}", bank.rules))?;
        }
        Ok(stage)
    }

    fn write_config(&self, switch: &str) -> io::Result<()> {
        let head = format!("\n[switch]\n{switch}\n[admin]\nlisten = \"{}\"\n", self.admin);
        let (ca, cert, key) = (self.path("ca.pem"), self.path("switch.pem"), self.path("switch.key"));
        let tls = [ca.as_str(), cert.as_str(), key.as_str()];
        let places = network::Places { acquirers: &self.acquirers, banks: &self.banks, head: &head, tls };
        fs::write(self.folder.join("config.toml"), network::config(&places))
    }

    /// The switch's process.
    pub(super) fn switch(&self, program: &Path) -> Process {
        let args = vec!["run".to_owned(), self.path("config.toml")];
        Process::new("switch", program, args, self.folder.join("switch.log"), Sign::Ready(self.admin))
    }

    /// The process of each bank.
    pub(super) fn bank_processes(&self, program: &Path) -> Vec<Process> {
        let process = |(bank, address): (&BankPart, &SocketAddr)| {
            let (rules, books) = (self.bank_file(bank, "rules.toml"), self.books(bank));
            let (cert, key, ca) = (
                self.path(&format!("{}.pem", bank.name)),
                self.path(&format!("{}.key", bank.name)),
                self.path("ca.pem"),
            );
            let address_text = address.to_string();
            let args = [
                ["--listen", &address_text],
                ["--name", bank.name],
                ["--dialect", bank.dialect],
                ["--frame", bank.framing],
                ["--header", bank.header],
                ["--rules", &rules.display().to_string()],
                ["--books", &books.display().to_string()],
                ["--cert", &cert],
                ["--key", &key],
                ["--ca", &ca],
            ];
            let args = ["bank"].into_iter().chain(args.into_iter().flatten()).map(str::to_owned).collect();
            Process::new(bank.name, program, args, self.bank_file(bank, "log"), Sign::Accepts(*address))
        };
        BANKS.iter().zip(&self.banks).map(process).collect()
    }

    /// Where each acquirer is to send to.
    pub(super) fn acquirers(&self) -> &[SocketAddr] {
        &self.acquirers
    }

    /// The books of a bank.
    pub(super) fn books(&self, bank: &BankPart) -> PathBuf {
        self.bank_file(bank, "books.jsonl")
    }

    /// The switch's journal.
    pub(super) fn journal(&self) -> PathBuf {
        self.folder.join("journal")
    }

    fn bank_file(&self, bank: &BankPart, name: &str) -> PathBuf {
        self.folder.join(format!("{}.{name}", bank.name))
    }

    fn path(&self, name: &str) -> String {
        self.folder.join(name).display().to_string()
    }
}

/// Addresses of this machine that nobody listens on; all are held until all are found, so that none comes twice.
fn free_addresses(count: usize) -> io::Result<Vec<SocketAddr>> {
    let held: io::Result<Vec<_>> = (0..count).map(|_| TcpListener::bind("127.0.0.1:0")).collect();
    held?.iter().map(TcpListener::local_addr).collect()
}
