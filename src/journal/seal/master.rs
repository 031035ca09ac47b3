//! The master key: 32 bytes that the operator keeps, outside of the journal.

use super::{cipher, open};
use crate::journal::error::JournalError;
use aws_lc_rs::{
    aead::{Aad, LessSafeKey, NONCE_LEN, Nonce},
    rand,
};
use std::{fs, io::Read, path::PathBuf};
use zeroize::{Zeroize, Zeroizing};

/// In front of a wrapped key.
const MAGIC: [u8; 4] = *b"BLK\x01";

/// Where the master key is found, as 64 hexadecimal digits or as base64 of 32 bytes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum KeySource {
    /// A file that nobody but its owner (and group) can read.
    File(PathBuf),
    /// An environment variable.
    Variable(String),
}

impl KeySource {
    /// From `file:PATH` or `env:NAME`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text.split_once(':')? {
            ("file", path) => Some(Self::File(path.into())),
            ("env", name) => Some(Self::Variable(name.to_owned())),
            _ => None,
        }
    }
}

/// The key under which the data keys are wrapped. Its memory is wiped when it is dropped.
pub struct MasterKey {
    cipher: LessSafeKey,
}

impl MasterKey {
    /// Makes a key in a file that is not there yet and that only its owner can read.
    ///
    /// # Errors
    /// The file is there, or cannot be written.
    pub fn make(path: &std::path::Path) -> Result<(), JournalError> {
        let failed =
            |source| JournalError::Io { doing: "making a master key", file: path.display().to_string(), source };
        let mut key = Zeroizing::new([0; 32]);
        rand::fill(&mut *key).expect("the system has random bytes");
        let text = Zeroizing::new(key.iter().map(|byte| format!("{byte:02x}")).collect::<String>());
        let mut options = std::fs::OpenOptions::new();
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.write(true).create_new(true).open(path).map_err(failed)?;
        std::io::Write::write_all(&mut file, text.as_bytes()).map_err(failed)?;
        file.sync_all().map_err(failed)
    }

    /// From where the operator keeps it.
    ///
    /// # Errors
    /// It is not there, others can read it, or it is no key of 32 bytes.
    pub fn load(source: &KeySource) -> Result<Self, JournalError> {
        let (name, text) = match source {
            KeySource::File(path) => (path.display().to_string(), read_secret(path)?),
            KeySource::Variable(name) => {
                let missing = || JournalError::Key { name: name.clone(), why: "the environment has no such variable" };
                (name.clone(), Zeroizing::new(std::env::var(name).map_err(|_| missing())?))
            }
        };
        let why = "a master key is 64 hexadecimal digits, or base64 of 32 bytes";
        Self::parse(&text).ok_or(JournalError::Key { name, why })
    }

    /// From 64 hexadecimal digits or base64 of 32 bytes; space around it does not matter.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim().as_bytes();
        let bytes = if text.len() == 64 { hexadecimal(text) } else { base64(text) }?;
        Some(Self::new(&bytes))
    }

    /// Of these bytes.
    #[must_use]
    pub fn new(bytes: &[u8; 32]) -> Self {
        Self { cipher: cipher(bytes) }
    }

    /// Wraps a key; `name` is held fast with it, so that no wrapped key can stand in for another.
    pub(super) fn wrap(&self, name: &str, key: &[u8]) -> Vec<u8> {
        let mut nonce = [0; NONCE_LEN];
        rand::fill(&mut nonce).expect("the system has random bytes");
        let mut out = Vec::with_capacity(MAGIC.len() + NONCE_LEN + key.len() + super::TAG);
        out.extend_from_slice(&MAGIC);
        out.extend_from_slice(&nonce);
        let front = out.len();
        out.extend_from_slice(key);
        let nonce = Nonce::assume_unique_for_key(nonce);
        let sealed = self.cipher.seal_in_place_separate_tag(nonce, Aad::from(name.as_bytes()), &mut out[front..]);
        out.extend_from_slice(sealed.expect("a key is short").as_ref());
        out
    }

    /// A wrapped key of `N` bytes.
    pub(super) fn unwrap<const N: usize>(
        &self,
        name: &str,
        wrapped: &[u8],
    ) -> Result<Zeroizing<[u8; N]>, &'static str> {
        let rest = wrapped.strip_prefix(&MAGIC).ok_or("this is no wrapped key")?;
        let (nonce, sealed) = rest.split_first_chunk::<NONCE_LEN>().ok_or("the wrapped key is cut short")?;
        let mut sealed = Zeroizing::new(sealed.to_vec());
        let why = "the master key does not open it: it is another one, or the file was changed";
        let key = open(&self.cipher, *nonce, name.as_bytes(), &mut sealed).map_err(|_| why)?;
        (&*key).try_into().map(Zeroizing::new).map_err(|_| "the wrapped key is not of the right length")
    }
}

fn read_secret(path: &std::path::Path) -> Result<Zeroizing<String>, JournalError> {
    let name = || path.display().to_string();
    let failed = |source| JournalError::Io { doing: "reading the master key", file: name(), source };
    let mut file = fs::File::open(path).map_err(failed)?;
    #[cfg(unix)]
    {
        let mode = std::os::unix::fs::PermissionsExt::mode(&file.metadata().map_err(failed)?.permissions());
        if mode & 0o007 != 0 {
            return Err(JournalError::Key { name: name(), why: "others may read the master key: chmod o= it" });
        }
    }
    // Room for all of it at once, so that no copy is left behind by growing; longer than any form of a key.
    let mut bytes = Zeroizing::new(vec![0; 256]);
    let mut length = 0;
    while length < bytes.len() {
        match file.read(&mut bytes[length..]).map_err(failed)? {
            0 => break,
            more => length += more,
        }
    }
    let text = std::str::from_utf8(&bytes[..length]).unwrap_or_default();
    Ok(Zeroizing::new(text.to_owned()))
}

fn hexadecimal(text: &[u8]) -> Option<Zeroizing<[u8; 32]>> {
    let mut bytes = Zeroizing::new([0; 32]);
    for (byte, pair) in bytes.iter_mut().zip(text.chunks_exact(2)) {
        for &digit in pair {
            *byte = *byte << 4 | char::from(digit).to_digit(16)? as u8;
        }
    }
    Some(bytes)
}

/// Base64 in either alphabet, with or without its padding.
fn base64(text: &[u8]) -> Option<Zeroizing<[u8; 32]>> {
    let text = text.strip_suffix(b"=").unwrap_or(text);
    if text.len() != 43 {
        return None;
    }
    let mut bytes = Zeroizing::new([0; 32]);
    let (mut bits, mut held, mut next) = (0u32, 0, 0);
    for &character in text {
        let value = match character {
            b'A'..=b'Z' => character - b'A',
            b'a'..=b'z' => character - b'a' + 26,
            b'0'..=b'9' => character - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            _ => return None,
        };
        bits = bits << 6 | u32::from(value);
        held += 6;
        if held >= 8 {
            held -= 8;
            *bytes.get_mut(next)? = (bits >> held) as u8;
            next += 1;
        }
    }
    let left_over = bits & 0b11;
    bits.zeroize();
    (left_over == 0).then_some(bytes)
}
