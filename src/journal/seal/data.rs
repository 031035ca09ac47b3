//! A data key: what the bodies of one day and one run are sealed under.

use super::{TAG, cipher, open};
use aws_lc_rs::aead::{Aad, LessSafeKey, NONCE_LEN, Nonce};
use zeroize::Zeroizing;

/// Set in the nonce's epoch for a body that a snapshot carried over to a later key: the record's position was given out
/// under another key, and may be given out under this one too.
const CARRIED: u32 = 1 << 31;

/// A data key, ready for use. Its memory is wiped when it is dropped.
pub(in crate::journal) struct DataKey {
    cipher: LessSafeKey,
    epoch: u32,
}

impl DataKey {
    pub(super) fn new(key: &Zeroizing<[u8; 32]>, epoch: u32) -> Self {
        assert!(epoch & CARRIED == 0, "a boot epoch is below 2^31");
        Self { cipher: cipher(key), epoch }
    }

    /// Unique for this key: an epoch's positions are given out once, and a record that is carried over twice is the same
    /// text both times.
    fn nonce(&self, position: u64, carried: bool) -> [u8; NONCE_LEN] {
        let epoch = if carried { self.epoch | CARRIED } else { self.epoch };
        let mut nonce = [0; NONCE_LEN];
        nonce[..4].copy_from_slice(&epoch.to_be_bytes());
        nonce[4..].copy_from_slice(&position.to_be_bytes());
        nonce
    }

    /// Seals `body` where it is; the result goes behind it.
    pub(in crate::journal) fn seal(
        &self,
        position: u64,
        carried: bool,
        associated: &[u8],
        body: &mut [u8],
    ) -> [u8; TAG] {
        let nonce = Nonce::assume_unique_for_key(self.nonce(position, carried));
        let sealed = self.cipher.seal_in_place_separate_tag(nonce, Aad::from(associated), body);
        let tag = sealed.expect("a record is far below what the cipher takes");
        tag.as_ref().try_into().expect("a tag is 16 bytes")
    }

    /// Opens `sealed` where it is; `None` where it is not what was sealed at this position with this clear part.
    pub(in crate::journal) fn open<'a>(
        &self,
        position: u64,
        carried: bool,
        associated: &[u8],
        sealed: &'a mut [u8],
    ) -> Option<&'a [u8]> {
        open(&self.cipher, self.nonce(position, carried), associated, sealed).ok().map(|body| &*body)
    }
}
