//! The journal alone, on this machine's disk: how fast records become durable, what a record costs in processor time
//! (of all threads of the process), and how long a unit waits that is alone.
//!
//! `cargo bench --bench journal -- [FOLDER]` writes into a new folder below FOLDER (default: the folder for temporary
//! files). `cargo bench --bench journal -- FOLDER --past 10000000` writes so many payments (about a kilobyte each), and says
//! how long opening takes then, and looking up one of them.

use banklink::{
    clock::Wall,
    journal::{
        Asked, Durability, MasterKey, Options, Writer,
        disk::{Disk, Folder},
        open_on,
    },
    record::{Body, Name, PaymentId, Record, References, Unanswered},
    switch::{AcquirerId, BankId, ConnectionId},
};
use banklink_protocol::element::{Currency, Money, OriginalData, ResponseCode, Rrn, Stan, Transmission};
use std::{
    path::{Path, PathBuf},
    sync::Arc,
    task::{Wake, Waker},
    thread::Thread,
    time::{Duration, Instant},
};

/// 2026-11-23T03:18:46Z.
const NOW: Wall = Wall(1_795_403_926_000_000);
/// A cell is measured for so long.
const CELL: Duration = Duration::from_secs(3);
/// Units that may be on their way at once.
const WINDOW: u64 = 4;

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

#[expect(clippy::disallowed_methods, reason = "a benchmark measures time")]
fn instant() -> Instant {
    Instant::now()
}

#[cfg(target_os = "linux")]
fn processor() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

#[cfg(not(target_os = "linux"))]
fn processor() -> Duration {
    Duration::ZERO
}

/// Field, length, value: what a reversal of a purchase repeats.
fn body() -> Body {
    let mut bytes = Vec::new();
    for (field, value) in [
        (2u8, "4929123412341234"),
        (3, "000000"),
        (4, "000000001234"),
        (14, "2912"),
        (18, "5411"),
        (22, "051"),
        (32, "12345"),
        (37, "632703000001"),
        (41, "TERM0001"),
        (42, "MERCHANT0000001"),
        (49, "840"),
    ] {
        bytes.push(field);
        bytes.extend_from_slice(&(value.len() as u16).to_le_bytes());
        bytes.extend_from_slice(value.as_bytes());
    }
    Body::from_bytes(&bytes).expect("a body")
}

/// A digest, spread as keyed ones are.
const fn digest(number: u64, kind: u64) -> u64 {
    let mixed = (number + kind).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    (mixed ^ (mixed >> 29)).wrapping_mul(0xBF58_476D_1CE4_E5B9) | 1
}

/// What a switch appends, a payment after another: received and sent, outcome, answered.
struct Payments {
    next: u64,
    step: u8,
    body: Body,
    code: ResponseCode,
}

impl Payments {
    fn new() -> Self {
        Self { next: 1, step: 0, body: body(), code: ResponseCode::parse(b"00").expect("a code") }
    }

    fn fill(&mut self, unit: &mut Vec<Record>, records: usize) {
        while unit.len() < records {
            unit.push(self.record());
        }
    }

    fn record(&mut self) -> Record {
        let (payment, at) = (PaymentId(self.next), Wall(NOW.0 + self.next as i64));
        let (connection, stan) = (ConnectionId { bank: BankId(0), slot: 0 }, Stan((self.next % 999_999) as u32 + 1));
        let rrn = Some(Rrn(*b"632703000001"));
        self.step = (self.step + 1) % 4;
        match self.step {
            1 => Record::Received {
                payment,
                at,
                acquirer: AcquirerId(0),
                mti: "0200".parse().expect("an MTI"),
                processing: None,
                amount: Some(Money::new(1234, Currency::numeric(840))),
                stan,
                rrn,
                card: None,
                references: References {
                    duplicate: digest(self.next, 1),
                    trace: digest(self.next, 2),
                    rrn: digest(self.next, 3),
                    card: digest(self.next % 100_000, 4),
                    terminal: self.next as u16,
                    clock: self.next as u32,
                },
            },
            2 => Record::Sent {
                payment,
                at,
                acquirer: AcquirerId(0),
                connection,
                original: OriginalData {
                    mti: "0200".parse().expect("an MTI"),
                    stan,
                    transmission: Transmission(*b"1123031846"),
                    acquirer: 12_345,
                    forwarder: 0,
                },
                rrn,
                unanswered: Unanswered::Reverse,
                body: self.body.clone(),
            },
            3 => Record::Outcome {
                payment,
                at,
                sent: Some((connection.bank, stan)),
                outcome: banklink::record::Outcome::Declined { code: self.code },
                told: self.code,
                answer: Body::default(),
            },
            _ => {
                self.next += 1;
                Record::Answered { payment, at, code: self.code }
            }
        }
    }
}

struct Journal {
    writer: Writer,
    waker: Waker,
}

impl Journal {
    fn open(folder: &Path, how: How) -> Self {
        let mut options = Options::new(folder, MasterKey::new(&[1; 32]), NOW);
        options.durability = if how == How::Os { Durability::Os } else { Durability::Disk };
        let folder = Folder::new(folder);
        let disk: Arc<dyn Disk> = Arc::new(if how == How::Direct { folder } else { folder.buffered() });
        let (writer, _) = open_on(disk, &options, |_| {}).unwrap_or_else(|error| panic!("{error}"));
        Self { writer, waker: Waker::from(Arc::new(Unpark(std::thread::current()))) }
    }

    /// Waits until `position` is durable.
    fn wait(&self, position: u64) {
        loop {
            self.writer.register(&self.waker);
            if let Some(failure) = self.writer.failed() {
                panic!("{failure}");
            }
            if self.writer.durable().0 >= position {
                return;
            }
            std::thread::park();
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum How {
    Direct,
    Synced,
    Os,
}

/// Units of so many records, a few of them on their way at any time.
fn throughput(folder: &Path, how: How, records: usize) -> [f64; 2] {
    let mut journal = Journal::open(folder, how);
    let (mut payments, mut unit) = (Payments::new(), Vec::new());
    let mut sent = std::collections::VecDeque::new();
    let (began, busy) = (instant(), processor());
    let mut count = 0;
    while began.elapsed() < CELL {
        payments.fill(&mut unit, records);
        count += unit.len();
        sent.push_back(journal.writer.append(&mut unit).0);
        if sent.len() as u64 >= WINDOW {
            journal.wait(sent.pop_front().expect("just seen"));
        }
    }
    journal.wait(sent.pop_back().unwrap_or_default());
    let (took, busy) = (began.elapsed(), processor().saturating_sub(busy));
    [count as f64 / took.as_secs_f64(), busy.as_secs_f64() * 1e6 / count as f64]
}

/// One unit of two records at a time: how long until it is durable, in microseconds (median, 99th percentile).
fn latency(folder: &Path, how: How) -> [f64; 2] {
    let mut journal = Journal::open(folder, how);
    let (mut payments, mut unit) = (Payments::new(), Vec::new());
    let mut taken = Vec::new();
    let began = instant();
    while began.elapsed() < CELL {
        payments.fill(&mut unit, 2);
        let start = instant();
        journal.writer.append(&mut unit);
        journal.wait(journal.writer.awaited().0);
        taken.push(start.elapsed());
    }
    taken.sort_unstable();
    let at = |part: f64| taken[((taken.len() - 1) as f64 * part) as usize].as_secs_f64() * 1e6;
    [at(0.5), at(0.99)]
}

/// Opens what a full segment and a part of another hold: seconds, and how many records were handed out.
fn start(folder: &Path) -> (f64, u64) {
    let mut journal = Journal::open(folder, How::Direct);
    let (mut payments, mut unit) = (Payments::new(), Vec::new());
    for _ in 0..400 {
        payments.fill(&mut unit, 1024);
        let position = journal.writer.append(&mut unit);
        journal.wait(position.0.saturating_sub(8 * 1024));
    }
    journal.writer.close().expect("all is written");
    let options = Options::new(folder, MasterKey::new(&[1; 32]), NOW);
    let (began, mut count) = (instant(), 0);
    let opened = open_on(Arc::new(Folder::new(folder)), &options, |_| count += 1);
    drop(opened.unwrap_or_else(|error| panic!("{error}")));
    (began.elapsed().as_secs_f64(), count)
}

/// Bytes of all files whose name ends so.
fn size(folder: &Path, end: &str) -> u64 {
    let files = std::fs::read_dir(folder).expect("our folder").flatten();
    let named = files.filter(|file| file.file_name().to_string_lossy().ends_with(end));
    named.filter_map(|file| file.metadata().ok()).map(|file| file.len()).sum()
}

/// Looks up by the duplicate key; how long it took, in microseconds.
fn look_up(journal: &Journal, payment: u64) -> f64 {
    let began = instant();
    let names = [Name::Duplicate(digest(payment, 1))].as_slice().into();
    assert!(journal.writer.recall(Asked { ticket: payment, names, around: None }), "there is room");
    loop {
        journal.writer.register(&journal.waker);
        if let Some(answer) = journal.writer.recalled() {
            let found = answer.records.unwrap_or_else(|error| panic!("{error}"));
            assert_eq!(found.len(), 3, "received, sent and outcome of payment {payment}");
            return began.elapsed().as_secs_f64() * 1e6;
        }
        std::thread::park();
    }
}

/// So many payments; then opening, and looking up.
fn past(folder: &Path, count: u64) {
    let mut journal = Journal::open(folder, How::Os);
    let (mut payments, mut unit) = (Payments::new(), Vec::new());
    let mut last = 0;
    while payments.next <= count {
        payments.fill(&mut unit, 1024);
        last = journal.writer.append(&mut unit).0;
        journal.wait(last.saturating_sub(32 * 1024));
    }
    journal.wait(last);
    let per_payment = |end| size(folder, end) as f64 / count as f64;
    println!(
        "{count} payments: {:.0} bytes of segments and {:.0} of index each",
        per_payment(".segment"),
        per_payment(".index")
    );
    journal.writer.close().expect("all is written");
    let options = Options::new(folder, MasterKey::new(&[1; 32]), NOW);
    let (began, mut read) = (instant(), 0);
    let (writer, _) =
        open_on(Arc::new(Folder::new(folder)), &options, |_| read += 1).unwrap_or_else(|error| panic!("{error}"));
    println!("opened in {:.3} s: {read} records and notes handed out", began.elapsed().as_secs_f64());
    let journal = Journal { writer, waker: Waker::from(Arc::new(Unpark(std::thread::current()))) };
    println!("first look-up (all filters are read for it): {:.0} us", look_up(&journal, 1));
    let mut taken: Vec<f64> =
        (0..2000_u64).map(|turn| look_up(&journal, 1 + turn.wrapping_mul(2_654_435_761) % (count - 1))).collect();
    taken.sort_unstable_by(f64::total_cmp);
    println!("look-up: {:.0} us median, {:.0} us 99th percentile", taken[1000], taken[1980]);
    println!("memory of the process: {} MiB", memory());
}

/// Resident memory in MiB.
fn memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.trim().split(' ').next()?.parse::<u64>().ok()).unwrap_or(0) / 1024
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let base = arguments.iter().find(|argument| !argument.starts_with('-') && argument.parse::<u64>().is_err());
    let base = base.map_or_else(std::env::temp_dir, PathBuf::from);
    if let Some(place) = arguments.iter().position(|argument| argument == "--past") {
        let count = arguments.get(place + 1).and_then(|count| count.parse().ok()).expect("--past N payments");
        let folder = tempfile::tempdir_in(&base).expect("a folder");
        return past(folder.path(), count);
    }
    println!("records of payments (received, sent with a sealed body, outcome, answered), {WINDOW} units on their way");
    println!("{:<24}{:>12}{:>14}{:>14}", "", "unit", "records/s", "CPU us/record");
    for (how, name) in [(How::Direct, "direct"), (How::Synced, "write and fdatasync"), (How::Os, "left to the system")]
    {
        for records in [64, 256, 1024] {
            let folder = tempfile::tempdir_in(&base).expect("a folder");
            let [rate, cost] = throughput(folder.path(), how, records);
            println!("{name:<24}{records:>12}{rate:>14.0}{cost:>14.2}");
        }
        let folder = tempfile::tempdir_in(&base).expect("a folder");
        let [median, high] = latency(folder.path(), how);
        println!("{name:<24}{:>12}{median:>14.0}{high:>14.0} us, median and 99th percentile", "2, alone");
    }
    let folder = tempfile::tempdir_in(&base).expect("a folder");
    let (seconds, records) = start(folder.path());
    println!("opened in {seconds:.3} s: {records} records handed out");
}
