//! A record from what lies on the disk.

use super::{codec, format::Frame, seal::DataKey};
use crate::record::{Body, Record};
use zeroize::Zeroizing;

/// A record, and whether its body could not be had because its key is gone.
pub(super) struct Unsealed {
    pub(super) record: Record,
    pub(super) erased: bool,
}

/// The record of a frame. Without its key it has an empty body.
pub(super) fn unseal(
    frame: &Frame<'_>,
    position: u64,
    key: Option<&DataKey>,
    carried: bool,
) -> Result<Unsealed, &'static str> {
    let (body, erased) = match (frame.sealed(), key) {
        ([], _) => (Body::default(), false),
        (_, None) => (Body::default(), true),
        (sealed, Some(key)) => {
            let mut room = Zeroizing::new(sealed.to_vec());
            let clear = key.open(position, carried, frame.associated(), &mut room);
            let clear = clear.ok_or("a record's seal does not fit its key")?;
            (Body::from_bytes(clear).ok_or("a record's body is none of ours")?, false)
        }
    };
    let record = codec::decode(frame.kind(), frame.version(), frame.clear(), body);
    Ok(Unsealed { record: record.ok_or("a record is of a kind that this version does not know")?, erased })
}
