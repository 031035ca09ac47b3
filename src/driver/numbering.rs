//! Numbers of acquirers and banks in the journal. There they are by name, in the order in which the journal first saw
//! them, and never change; the configuration may change its order.

use crate::{
    record::Record,
    rules::Rules,
    switch::{AcquirerId, BankId, ConnectionId},
};
use std::{
    fmt, fs, io,
    io::Write,
    path::{Path, PathBuf},
};

/// The file with the names, in the journal's folder: `acquirer NAME` or `bank NAME` a line.
const FILE: &str = "names";

/// Why numbers cannot be found for names, or names for numbers.
#[derive(Debug)]
pub(super) enum NumberingError {
    /// The file cannot be read or written.
    File(PathBuf, io::Error),
    /// The journal speaks of somebody whom the configuration does not name any more.
    Unknown { kind: &'static str, name: String },
}

impl fmt::Display for NumberingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path, error) => write!(f, "{}: {error}", path.display()),
            Self::Unknown { kind, name } => {
                write!(
                    f,
                    "the journal has payments of {kind} \"{name}\", which the configuration does not name any more"
                )
            }
        }
    }
}

/// Both ways.
pub(super) struct Numbering {
    acquirers: Kind,
    banks: Kind,
    /// Connections of each bank of the configuration.
    connections: Vec<u16>,
}

#[derive(Default)]
struct Kind {
    /// All names, by the journal's number.
    names: Vec<String>,
    /// The journal's number of each of the configuration.
    ours: Vec<u16>,
    same: bool,
}

impl Kind {
    fn new(mut names: Vec<String>, configured: impl Iterator<Item = String>) -> Self {
        let mut ours = Vec::new();
        for name in configured {
            let place = names.iter().position(|known| *known == name).unwrap_or_else(|| {
                names.push(name);
                names.len() - 1
            });
            ours.push(place as u16);
        }
        let same = ours.iter().enumerate().all(|(index, number)| index == usize::from(*number));
        Self { names, ours, same }
    }

    fn read(&self, kind: &'static str, number: u16) -> Result<u16, NumberingError> {
        let place = self.ours.iter().position(|other| *other == number);
        place.map(|place| place as u16).ok_or_else(|| {
            let name = self.names.get(usize::from(number)).cloned().unwrap_or_else(|| format!("no. {number}"));
            NumberingError::Unknown { kind, name }
        })
    }
}

impl Numbering {
    /// Reads the names of a journal and adds those of the configuration.
    pub(super) fn load(folder: &Path, rules: &Rules) -> Result<Self, NumberingError> {
        let path = folder.join(FILE);
        let failed = |error| NumberingError::File(path.clone(), error);
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
            Err(error) => return Err(failed(error)),
        };
        let of = |kind: &str| {
            let names = text.lines().filter_map(|line| line.strip_prefix(kind)?.strip_prefix(' '));
            names.map(str::to_owned).collect::<Vec<_>>()
        };
        let acquirers = rules.acquirers.iter().map(|acquirer| acquirer.name.to_string());
        let banks = rules.banks.iter().map(|bank| bank.name.to_string());
        let (acquirers, banks) = (Kind::new(of("acquirer"), acquirers), Kind::new(of("bank"), banks));
        let lines =
            |kind: &str, names: &[String]| names.iter().map(|name| format!("{kind} {name}\n")).collect::<String>();
        let wanted = lines("acquirer", &acquirers.names) + &lines("bank", &banks.names);
        if wanted != text {
            write(&path, &wanted).map_err(failed)?;
        }
        let connections = rules.banks.iter().map(|bank| bank.connections).collect();
        Ok(Self { acquirers, banks, connections })
    }

    /// The configuration's number of a bank of the journal.
    pub(super) fn bank(&self, id: BankId) -> Option<BankId> {
        self.banks.read("bank", id.0).ok().map(BankId)
    }

    /// Puts the configuration's numbers into a Record of the journal.
    pub(super) fn read(&self, record: &mut Record) -> Result<(), NumberingError> {
        let fault = std::cell::RefCell::new(None);
        let note = |error| {
            *fault.borrow_mut() = Some(error);
            0
        };
        record.renumber(
            |id| AcquirerId(self.acquirers.read("acquirer", id.0).unwrap_or_else(note)),
            |id| {
                let bank = self.banks.read("bank", id.bank.0).unwrap_or_else(note);
                // A bank may have fewer connections than it had.
                let slot = id.slot.min(self.connections[usize::from(bank)] - 1);
                ConnectionId { bank: BankId(bank), slot }
            },
        );
        fault.into_inner().map_or(Ok(()), Err)
    }

    /// Puts the journal's numbers into Records for it.
    pub(super) fn write(&self, records: &mut [Record]) {
        if self.acquirers.same && self.banks.same {
            return;
        }
        for record in records {
            record.renumber(
                |id| AcquirerId(self.acquirers.ours[usize::from(id.0)]),
                |id| ConnectionId { bank: BankId(self.banks.ours[usize::from(id.bank.0)]), slot: id.slot },
            );
        }
    }
}

/// Replaces the file, so that it is whole whatever happens.
fn write(path: &Path, text: &str) -> io::Result<()> {
    let temporary = path.with_extension("new");
    let mut file = fs::File::create(&temporary)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(&temporary, path)?;
    path.parent().map_or(Ok(()), |folder| fs::File::open(folder)?.sync_all())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::{Acquirer, Bank};
    use banklink_protocol::Dialect;

    fn rules(acquirers: &[&str], banks: &[&str]) -> Rules {
        let dialect = Dialect::named("iso87-ascii").unwrap();
        let acquirers = acquirers.iter().map(|name| Acquirer::new(name, &dialect)).collect();
        Rules::new(acquirers, banks.iter().map(|name| Bank::new(name, &dialect)).collect(), Vec::new())
    }

    fn not_sent(bank: u16) -> Record {
        let stan = banklink_protocol::element::Stan(1);
        Record::NotSent { payment: crate::record::PaymentId(1), at: crate::clock::Wall(0), bank: BankId(bank), stan }
    }

    fn bank_of(record: &Record) -> u16 {
        let Record::NotSent { bank, .. } = record else { panic!("it stays what it is") };
        bank.0
    }

    #[test]
    fn names_keep_their_numbers_whatever_the_order_of_the_configuration() {
        let folder = tempfile::tempdir().unwrap();
        let first = Numbering::load(folder.path(), &rules(&["shop"], &["a", "b"])).unwrap();
        let mut records = [not_sent(1)];
        first.write(&mut records);
        assert_eq!(bank_of(&records[0]), 1);
        let second = Numbering::load(folder.path(), &rules(&["pos", "shop"], &["b", "c"])).unwrap();
        second.read(&mut records[0]).unwrap();
        assert_eq!(bank_of(&records[0]), 0, "b is the first now");
        second.write(&mut records);
        assert_eq!(bank_of(&records[0]), 1, "and the second in the journal for ever");
        let mut gone = not_sent(0);
        let error = second.read(&mut gone).unwrap_err().to_string();
        assert!(error.contains("bank \"a\""), "{error}");
        let text = fs::read_to_string(folder.path().join(FILE)).unwrap();
        assert_eq!(text, "acquirer shop\nacquirer pos\nbank a\nbank b\nbank c\n");
    }
}
