//! Card data at rest. A record's body is sealed with AES-256-GCM under the data key of its day; the data keys lie beside
//! the segments, each wrapped under the master key, which is no part of the journal. When a day's key is destroyed, its
//! records stay and their bodies are gone.

mod data;
mod master;
mod rekey;
mod ring;

pub(super) use data::DataKey;
pub use master::{KeySource, MasterKey};
pub use rekey::rekey;
pub(super) use ring::{KeyId, KeyRing};

use aws_lc_rs::{
    aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    error::Unspecified,
};

/// Bytes a seal adds.
pub(super) const TAG: usize = 16;

/// An AES-256-GCM key of 32 bytes.
fn cipher(key: &[u8; 32]) -> LessSafeKey {
    LessSafeKey::new(UnboundKey::new(&AES_256_GCM, key).expect("32 bytes are a key"))
}

fn open<'a>(
    cipher: &LessSafeKey,
    nonce: [u8; NONCE_LEN],
    associated: &[u8],
    sealed: &'a mut [u8],
) -> Result<&'a mut [u8], Unspecified> {
    cipher.open_in_place(Nonce::assume_unique_for_key(nonce), Aad::from(associated), sealed)
}
