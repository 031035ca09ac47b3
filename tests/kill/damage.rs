//! What a crash of the machine does to a journal beyond what a killed process does: what was being written when the power
//! went is there in part, or is garbage, or the file is shorter.

use banklink::journal;
use std::{
    fs::OpenOptions,
    io::{self, Seek, SeekFrom, Write},
    path::Path,
};

/// Damages the tail of a journal between a kill and the restart.
pub(crate) struct Damage {
    /// Chooses where it is cut, and what stands behind.
    seed: u64,
    times: u32,
}

impl Damage {
    pub(crate) fn new(seed: u64) -> Self {
        Self { seed, times: 0 }
    }

    /// How often it was done.
    pub(crate) fn times(&self) -> u32 {
        self.times
    }

    /// Behind the last commit of the newest segment (all before it may have been acted on) the file is cut at a random
    /// length, or garbled, as if the next commit had been under way.
    pub(crate) fn inflict(&mut self, journal: &Path) -> io::Result<()> {
        self.times += 1;
        let report = journal::verify(journal).map_err(io::Error::other)?;
        assert!(report.damages.is_empty(), "a kill damages nothing but the last commit: {:?}", report.damages);
        let newest = report.segments.last().expect("a journal that was open has a segment");
        let file = journal.join(format!("{:010}.segment", newest.number));
        let length = std::fs::metadata(&file)?.len();
        if newest.bytes >= length {
            return Ok(());
        }
        let mut file = OpenOptions::new().write(true).open(file)?;
        let room = length - newest.bytes;
        if self.next().is_multiple_of(3) {
            return file.set_len(newest.bytes + self.next() % (room + 1));
        }
        let garbage: Vec<u8> = (0..1 + self.next() % room.min(20_000)).map(|_| self.next() as u8).collect();
        file.seek(SeekFrom::Start(newest.bytes))?;
        file.write_all(&garbage)
    }

    fn next(&mut self) -> u64 {
        self.seed = self.seed.wrapping_mul(0x5851_F42D_4C95_7F2D).wrapping_add(0x1405_7B7E_F767_814F);
        self.seed >> 33
    }
}
