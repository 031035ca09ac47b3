//! A snapshot: what was open when a segment was sealed, as a file beside it. It is whole or it does not count.

use super::{
    carry::Kept,
    codec::{self, Note},
    day::Day,
    disk::{Disk, read_whole, replace},
    error::JournalError,
    format::{Frame, OpenFrame},
    seal::KeyId,
    segment::snapshot_name,
};
use crate::clock::Wall;
use std::sync::Arc;

const MAGIC: [u8; 8] = *b"BLJOPEN\n";
const VERSION: u16 = 1;
const HEAD: usize = 48;
/// In front of an entry: position, epoch and day of its key, flags.
const ENTRY: usize = 20;
const FLAG_CARRIED: u32 = 1;
/// A snapshot is read in one piece: longer than any that a switch within its limits comes to.
const LONGEST: u64 = 2 << 30;

/// What was open at the end of a segment.
#[derive(PartialEq, Eq, Debug)]
pub(super) struct Snapshot {
    /// The segment.
    pub(super) number: u64,
    /// The highest boot epoch of any segment up to it.
    pub(super) epoch: u32,
    /// Position of the last record it knows of.
    pub(super) position: u64,
    /// When that happened.
    pub(super) at: Wall,
    /// Numbers that were given away.
    pub(super) notes: Vec<Note>,
    /// Records, in order.
    pub(super) kept: Vec<Arc<Kept>>,
}

impl Snapshot {
    /// Writes it in the place of an older one.
    pub(super) fn write(&self, disk: &dyn Disk) -> Result<(), JournalError> {
        replace(disk, &snapshot_name(self.number), &self.bytes())
    }

    /// Reads it; `None` where it is not there or not whole.
    pub(super) fn read(disk: &dyn Disk, number: u64) -> Result<Option<Self>, JournalError> {
        match read_whole(disk, &snapshot_name(number), LONGEST) {
            Ok(Some(bytes)) => Ok(Self::parse(&bytes).filter(|snapshot| snapshot.number == number)),
            Ok(None) | Err(JournalError::Corrupt { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The keys its records are sealed under.
    pub(super) fn keys(&self) -> impl Iterator<Item = KeyId> {
        self.kept.iter().map(|kept| kept.key)
    }

    fn bytes(&self) -> Vec<u8> {
        let mut out = vec![0; HEAD];
        out[..8].copy_from_slice(&MAGIC);
        out[8..10].copy_from_slice(&VERSION.to_le_bytes());
        out[12..16].copy_from_slice(&self.epoch.to_le_bytes());
        out[16..24].copy_from_slice(&self.number.to_le_bytes());
        out[24..32].copy_from_slice(&self.position.to_le_bytes());
        out[32..40].copy_from_slice(&self.at.0.to_le_bytes());
        let count = (self.notes.len() + self.kept.len()) as u32;
        out[40..44].copy_from_slice(&count.to_le_bytes());
        for note in &self.notes {
            out.extend_from_slice(&[0; ENTRY]);
            let mut frame = OpenFrame::begin(&mut out);
            let kind = codec::encode_note(note, &mut out);
            frame.clear_is_done(kind, codec::VERSION, &mut out);
            frame.finish(&mut out);
        }
        for kept in &self.kept {
            out.extend_from_slice(&kept.position.to_le_bytes());
            out.extend_from_slice(&kept.key.epoch.to_le_bytes());
            out.extend_from_slice(&kept.key.day.0.to_le_bytes());
            out.extend_from_slice(&if kept.carried { FLAG_CARRIED } else { 0 }.to_le_bytes());
            out.extend_from_slice(&kept.frame);
        }
        let crc = Self::crc(&out);
        out[44..HEAD].copy_from_slice(&crc.to_le_bytes());
        out
    }

    fn crc(bytes: &[u8]) -> u32 {
        crc32c::crc32c_append(crc32c::crc32c(&bytes[..44]), &bytes[HEAD..])
    }

    fn parse(bytes: &[u8]) -> Option<Self> {
        let head = bytes.get(..HEAD)?;
        let word = |at: usize| Some(u32::from_le_bytes(head.get(at..at + 4)?.try_into().ok()?));
        let long = |at: usize| Some(u64::from_le_bytes(head.get(at..at + 8)?.try_into().ok()?));
        if !head.starts_with(&MAGIC) || head[8..10] != VERSION.to_le_bytes() || word(44)? != Self::crc(bytes) {
            return None;
        }
        let mut snapshot = Self {
            number: long(16)?,
            epoch: word(12)?,
            position: long(24)?,
            at: Wall(long(32)? as i64),
            notes: Vec::new(),
            kept: Vec::new(),
        };
        let mut rest = &bytes[HEAD..];
        for _ in 0..word(40)? {
            snapshot.entry(&mut rest)?;
        }
        rest.is_empty().then_some(snapshot)
    }

    fn entry(&mut self, rest: &mut &[u8]) -> Option<()> {
        let (head, behind) = rest.split_first_chunk::<ENTRY>()?;
        *rest = behind;
        let frame = Frame::cut(rest).ok()?;
        let word = |at: usize| Some(u32::from_le_bytes(head.get(at..at + 4)?.try_into().ok()?));
        if let Some(note) = codec::decode_note(frame.kind(), frame.version(), frame.clear()) {
            self.notes.push(note);
            return Some(());
        }
        self.kept.push(Arc::new(Kept {
            position: u64::from_le_bytes(head[..8].try_into().ok()?),
            key: KeyId { epoch: word(8)?, day: Day(word(12)? as i32) },
            carried: word(16)? & FLAG_CARRIED != 0,
            frame: frame.bytes().into(),
        }));
        Some(())
    }
}
