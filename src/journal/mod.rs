//! The journal: Records, durable, in order.
//!
//! The tour, in the order a Record meets its files. The machine's thread appends a unit of Records ([`writer`]) and goes
//! on; the [`committer`] lays them out ([`codec`]), seals what is card data ([`seal`]), puts them together as one
//! [`commit`] and writes it into the [`segment`] at hand; the writer then says how far all is durable. The [`keeper`]
//! holds the next segment ready, carries over what is open when one is sealed ([`carry`], [`snapshot`]), writes down by
//! which names its records are found ([`index`]) and removes what is old ([`retention`]). [`open()`] reads it all back;
//! [`Writer::recall`] reads back what is asked for; [`scan`], [`verify`] and [`repair`] are for people.
//!
//! # Files
//!
//! | name | what |
//! |---|---|
//! | `0000000001.segment` | records; numbers without a gap |
//! | `0000000001.open` | what was open at that segment's end, so that nothing up to it need be read again |
//! | `0000000001.index` | by which names its records are found ([`index`]); made again where it is damaged or missing |
//! | `spare`, `recycled` | the next segment, held ready; an expired one, to be made the next spare |
//! | `keys/2026-11-24-0000000001.key` | the data key of a day and a boot epoch, wrapped |
//! | `keys/digest.key` | the key of the records' digests, wrapped |
//! | `lock` | held by the process that has the journal open |
//! | `*.new` | being written; removed at the next opening |
//!
//! # Format, version 1
//!
//! All numbers are little endian; CRC is CRC-32C. A segment begins with a page of 4,096 bytes:
//!
//! | offset | bytes | |
//! |---|---|---|
//! | 0 | 8 | `BLJSEG\r\n` |
//! | 8 | 2 | format version |
//! | 10 | 2 | 1: the file was in use before, and what lies behind the last commit means nothing |
//! | 12 | 4 | boot epoch: how often the journal was opened when this was begun |
//! | 16 | 8 | segment number |
//! | 24 | 8 | position of its first record; the first of the journal has 1 |
//! | 32 | 8 | when it was begun, in microseconds since 1970 |
//! | 40 | 4 | day of its data key, in days since 1970; the key's epoch is the boot epoch |
//! | 44 | 4 | CRC of the bytes before |
//!
//! Commits follow, each at a multiple of 4,096 and filled up to one with zeros. What is in a commit becomes durable
//! together, by one write. The epoch and the segment number in it tell it from what a recycled file held before.
//!
//! | offset | bytes | |
//! |---|---|---|
//! | 0 | 4 | `BLC\x1A` |
//! | 4 | 4 | bytes of its records |
//! | 8 | 8 | position of its first record |
//! | 16 | 4 | how many records |
//! | 20 | 4 | boot epoch |
//! | 24 | 8 | segment number |
//! | 32 | 8 | when its last record happened |
//! | 40 | 4 | 1: this stands in the place of records that a repair could not read |
//! | 44 | 4 | CRC of the bytes before, and of the records |
//! | 48 | | the records |
//!
//! A record, in a commit as in a snapshot:
//!
//! | offset | bytes | |
//! |---|---|---|
//! | 0 | 4 | CRC of all that follows |
//! | 4 | 4 | bytes behind the first 12 |
//! | 8 | 1 | kind |
//! | 9 | 1 | version of the kind |
//! | 10 | 2 | bytes in the clear |
//! | 12 | | the clear part (`codec`) |
//! | | | its [`Body`](crate::record::Body), if it has one: AES-256-GCM, the tag behind it |
//!
//! The nonce of a body is the key's epoch (4 bytes, big endian) and the record's position (8 bytes, big endian); held fast
//! with it are kind, version, length and clear part. A snapshot begins with `BLJOPEN\n`, then version (2), 0 (2), epoch
//! (4), segment number (8), position (8), time (8), number of entries (4) and the CRC of all the rest (4); each entry is
//! position (8), epoch and day of the key (4, 4), flags (4; 1: sealed again under a later key, with the highest bit of the
//! nonce's epoch set) and a record. Three kinds are found in snapshots only: 240, the last trace numbers toward a bank, 241,
//! the next free payment number, and 242, the latest moments of terminals' clocks (terminal 2, seconds 4, for each).
//!
//! # What can happen to it
//!
//! Commits are written one after another, so a crash can tear the last one only: opening cuts it off. Anything else that
//! is not as it was written stops the opening, with file and offset: what cannot be explained by a crash is for people.
//! A write or a sync that fails is never tried again, since nobody can say what of it is on the disk: the writer fails,
//! and opening anew begins with what can be read, in a fresh segment.

mod carry;
mod codec;
mod commit;
mod committer;
mod day;
pub mod disk;
mod error;
mod facts;
mod format;
mod index;
mod json;
mod keeper;
mod open;
mod options;
mod paged;
mod read;
mod repair;
mod retention;
mod scan;
mod seal;
mod segment;
mod shared;
mod snapshot;
mod unseal;
mod verify;
mod writer;

#[cfg(test)]
mod tests;

pub use disk::Durability;
pub use error::{Failure, JournalError};
pub use facts::waits;
pub use index::recall::{Asked, Recalled};
pub use json::to_json;
pub use open::{Opened, Torn, open, open_on};
pub use options::Options;
pub use repair::{Repaired, repair, repair_on};
pub use scan::{Entry, Scan, scan, scan_on};
pub use seal::{KeySource, MasterKey, rekey};
pub use verify::{Damage, Report, SegmentReport, verify, verify_on};
pub use writer::Writer;

use crate::{
    clock::Wall,
    record::{PaymentId, Record},
    switch::BankId,
};
use banklink_protocol::element::{Stan, Transmission};

/// A position in the stream of Records: how many came before and with it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Position(pub u64);

/// What an opened journal hands out: from the newest snapshot the Records of what was open, then the numbers given away
/// up to it, and then every Record since.
#[derive(Clone, Debug)]
pub enum Restored {
    /// A Record; positions ascend.
    Record(Position, Record),
    /// The last trace numbers that a bank was sent up to the snapshot.
    Numbers {
        /// The bank.
        bank: BankId,
        /// DE11.
        stan: Stan,
        /// DE7.
        transmission: Transmission,
        /// When.
        at: Wall,
    },
    /// Every payment number below this one was or may have been given away up to the snapshot.
    NextPayment(PaymentId),
    /// The latest moment of a terminal's clock up to the snapshot ([`References`](crate::record::References)).
    Clock {
        /// The terminal.
        terminal: u16,
        /// The moment.
        clock: u32,
    },
}
