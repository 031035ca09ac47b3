//! From a [`Message`] to bytes: what came in goes out in whole runs, what was set goes out from the scratch.

use crate::{
    Dialect, Mti,
    bitmap::FieldSet,
    dialect::{BitmapForm, MtiForm},
    encoding::write::hex,
    error::{EncodeError, FieldError, Reason},
    field::Case,
    message::Message,
};
use bytes::{BufMut, BytesMut};

/// Appends `message` to `out`.
pub(crate) fn message(message: &Message, out: &mut BytesMut) -> Result<(), EncodeError> {
    if let Some(field) = message.misfit() {
        return Err(EncodeError::Field(FieldError { field, reason: Reason::OtherForm }));
    }
    let start = out.len();
    out.reserve(message.frame.len() + message.scratch.len() + 64);
    mti(message.dialect(), message.mti(), out);
    if message.head > 0 && !message.presence_changed {
        out.put_slice(&message.frame[message.dialect().mti_form.width()..message.head as usize]);
    } else {
        bitmap(&message.dialect().bitmap_form, &message.present, out);
    }
    message.runs(|run| out.put_slice(run));
    let had = out.len() - start;
    if had > u16::MAX as usize {
        out.truncate(start);
        return Err(EncodeError::FrameTooLarge { max: u16::MAX as usize, had });
    }
    Ok(())
}

fn mti(dialect: &Dialect, mti: Mti, out: &mut BytesMut) {
    match dialect.mti_form {
        MtiForm::Ascii => out.put_slice(&mti.digits()),
        MtiForm::Ebcdic => out.put_slice(&mti.digits().map(|digit| digit + 0xC0)),
        MtiForm::Bcd => out.put_u16(mti.packed()),
        MtiForm::Hex => mti.digits().into_iter().for_each(|digit| out.put_slice(&[b'3', digit])),
    }
}

/// Writes the bitmap of `present` in the dialect's form.
pub(crate) fn bitmap(form: &BitmapForm, present: &FieldSet, out: &mut impl BufMut) {
    let mut words = present.words();
    let blocks = form.blocks_for(&words);
    if form.announces(&words, blocks, 1) {
        words[0] |= 1 << 63;
    }
    if form.announces(&words, blocks, 2) {
        words[1] |= 1 << 63;
    }
    for word in &words[..blocks] {
        let raw = word.to_be_bytes();
        if !form.hex {
            out.put_slice(&raw[..form.block_width()]);
            continue;
        }
        let case = if form.lower { Case::Lower } else { Case::Upper };
        let mut text = [0; 16];
        hex(&raw, case, &mut text);
        if form.ebcdic {
            text = text.map(|byte| crate::ebcdic::PAGE_500.from_latin[byte as usize]);
        }
        out.put_slice(&text[..form.block_width()]);
    }
}
