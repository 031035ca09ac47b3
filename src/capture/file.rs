//! Capture files: pcap and pcapng, told apart by their first four bytes.

mod ng;
mod old;

use super::Nanos;
use std::{
    fmt,
    io::{self, Read},
};

/// The largest packet that is taken, in bytes: four times what capture programs keep at most.
const MOST_PACKET: usize = 1 << 20;

/// One packet.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Packet {
    /// When it was captured.
    pub time: Nanos,
    /// The kind of link, as the formats number them (`LINKTYPE_…`).
    pub link: u16,
    /// What was captured of it.
    pub data: Vec<u8>,
    /// Bytes of it that were not captured.
    pub missing: usize,
}

/// What is wrong with a capture file.
#[derive(Debug)]
pub struct FileError {
    /// Offset of the record concerned, in bytes from the beginning of the file.
    pub offset: u64,
    /// What is wrong.
    pub why: String,
}

impl fmt::Display for FileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "at byte {}: {}", self.offset, self.why)
    }
}
impl std::error::Error for FileError {}

/// The packets of a capture file, in its order. After an error there are no more.
pub struct Packets<R> {
    source: Source<R>,
    format: Format,
    done: bool,
}

enum Format {
    Old(old::Head),
    Ng(ng::Section),
}

impl<R: Read> Packets<R> {
    /// Reads the head of the file.
    ///
    /// # Errors
    /// It is neither pcap nor pcapng, or ends within its head.
    pub fn new(reader: R) -> Result<Self, FileError> {
        let mut source = Source { reader, offset: 0, begun: 0 };
        let magic = source.array()?.ok_or_else(|| source.error("the file is empty"))?;
        let format = match magic {
            ng::MAGIC => Format::Ng(ng::Section::read(&mut source)?),
            [0x1F, 0x8B, _, _] => return Err(source.error("the file is compressed (gzip): unpack it first")),
            [0x28, 0xB5, 0x2F, 0xFD] => return Err(source.error("the file is compressed (zstd): unpack it first")),
            magic => Format::Old(old::Head::read(magic, &mut source)?),
        };
        Ok(Self { source, format, done: false })
    }

    fn read(&mut self) -> Result<Option<Packet>, FileError> {
        self.source.begun = self.source.offset;
        match &mut self.format {
            Format::Old(head) => head.packet(&mut self.source),
            Format::Ng(section) => section.packet(&mut self.source),
        }
    }
}

impl<R: Read> Iterator for Packets<R> {
    type Item = Result<Packet, FileError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.done {
            return None;
        }
        let packet = self.read().transpose();
        self.done = !matches!(packet, Some(Ok(_)));
        packet
    }
}

/// What is read from, and how far.
struct Source<R> {
    reader: R,
    offset: u64,
    /// Where the record in hand begins: the place that errors name.
    begun: u64,
}

impl<R: Read> Source<R> {
    fn error(&self, why: impl Into<String>) -> FileError {
        FileError { offset: self.begun, why: why.into() }
    }

    /// The next `N` bytes; `None` where the file ends before the first of them.
    fn array<const N: usize>(&mut self) -> Result<Option<[u8; N]>, FileError> {
        let mut bytes = [0; N];
        let read = self.fill(&mut bytes)?;
        if read == 0 {
            return Ok(None);
        }
        if read < N { Err(self.cut_off()) } else { Ok(Some(bytes)) }
    }

    /// The next bytes, which must be there.
    fn take(&mut self, count: usize) -> Result<Vec<u8>, FileError> {
        let mut bytes = vec![0; count];
        if self.fill(&mut bytes)? < count { Err(self.cut_off()) } else { Ok(bytes) }
    }

    /// Passes over bytes, which must be there.
    fn skip(&mut self, count: u64) -> Result<(), FileError> {
        let skipped = io::copy(&mut self.reader.by_ref().take(count), &mut io::sink());
        let skipped = skipped.map_err(|error| self.error(error.to_string()))?;
        self.offset += skipped;
        if skipped < count { Err(self.cut_off()) } else { Ok(()) }
    }

    fn fill(&mut self, bytes: &mut [u8]) -> Result<usize, FileError> {
        let mut filled = 0;
        while filled < bytes.len() {
            match self.reader.read(&mut bytes[filled..]) {
                Ok(0) => break,
                Ok(read) => filled += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(self.error(error.to_string())),
            }
        }
        self.offset += filled as u64;
        Ok(filled)
    }

    fn cut_off(&self) -> FileError {
        self.error(format!("the file ends within what begins here, after {} bytes of it", self.offset - self.begun))
    }
}

/// Byte order of a file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Order {
    Big,
    Little,
}

impl Order {
    fn u16(self, bytes: [u8; 2]) -> u16 {
        match self {
            Self::Big => u16::from_be_bytes(bytes),
            Self::Little => u16::from_le_bytes(bytes),
        }
    }

    fn u32(self, bytes: [u8; 4]) -> u32 {
        match self {
            Self::Big => u32::from_be_bytes(bytes),
            Self::Little => u32::from_le_bytes(bytes),
        }
    }
}
