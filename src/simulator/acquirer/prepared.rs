//! A message laid out once, of which each payment changes a few digits in place: no encoding, no allocation a payment.

use super::template::TemplateError;
use crate::simulator::stream::write_frame;
use banklink_protocol::{Message, frame::Framing};
use bytes::BytesMut;

/// How a dialect writes digits.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Form {
    /// One byte a digit: the bytes for 0 to 9.
    Each([u8; 10]),
    /// Two digits a byte.
    Packed,
}

/// Where a field of digits stands in a frame, and how.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Place {
    at: usize,
    digits: usize,
    form: Form,
}

/// A frame and the places of what varies in it.
pub struct Prepared {
    frame: Vec<u8>,
    stan: Place,
    amount: Option<Place>,
    rrn: Option<Place>,
    transmission: Option<Place>,
    time: Option<Place>,
    date: Option<Place>,
}

/// The moment a message carries, as digits; only changed once a second.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Moment {
    /// DE7: MMDDhhmmss.
    pub transmission: u64,
    /// Year, two digits.
    pub year: u64,
    /// First six digits of DE37: YDDDhh.
    pub rrn: u64,
}

impl Prepared {
    /// Lays `message` out.
    ///
    /// # Errors
    /// It does not fit the dialect or the framing, or has no STAN.
    pub fn new(message: &Message, framing: &Framing) -> Result<Self, TemplateError> {
        let find = |field, digits| message.has(field).then(|| place(message, framing, field, digits)).transpose();
        let local = if message.mti().version() == 0 { 6 } else { 12 };
        let stan = find(11, 6)?.ok_or_else(|| TemplateError("fields: 11 (the STAN) is needed".into()))?;
        Ok(Self {
            frame: layout(message, framing)?.to_vec(),
            stan,
            amount: find(4, 12)?,
            rrn: find(37, 12)?,
            transmission: find(7, 10)?,
            time: find(12, local)?,
            date: if local == 6 { find(13, 4)? } else { None },
        })
    }

    /// Puts date and time in.
    pub fn stamp(&mut self, moment: &Moment) {
        let Self { frame, rrn, transmission, time, date, .. } = self;
        if let Some(place) = transmission {
            place.write(frame, moment.transmission);
        }
        if let Some(place) = time {
            let local = if place.digits == 6 {
                moment.transmission % 1_000_000
            } else {
                moment.year * 10_000_000_000 + moment.transmission
            };
            place.write(frame, local);
        }
        if let Some(place) = date {
            place.write(frame, moment.transmission / 1_000_000);
        }
        if let Some(place) = rrn {
            place.write(frame, moment.rrn * 1_000_000);
        }
    }

    /// Appends one payment: the frame with this STAN (also the tail of its RRN) and amount.
    pub fn write(&self, stan: u32, amount: u64, out: &mut BytesMut) {
        let start = out.len();
        out.extend_from_slice(&self.frame);
        let frame = &mut out[start..];
        self.stan.write(frame, stan.into());
        if let Some(place) = &self.amount {
            place.write(frame, amount);
        }
        if let Some(place) = &self.rrn {
            place.tail(6).write(frame, stan.into());
        }
    }

    /// Does the message carry an amount?
    #[must_use]
    pub fn has_amount(&self) -> bool {
        self.amount.is_some()
    }
}

impl Place {
    /// The last `digits` digits of the field.
    fn tail(&self, digits: usize) -> Self {
        let skipped = self.digits - digits;
        let at = match self.form {
            Form::Each(_) => self.at + skipped,
            Form::Packed => self.at + skipped / 2,
        };
        Self { at, digits, form: self.form }
    }

    /// Writes a number, zero-filled; digits that do not fit are cut off on the left.
    fn write(&self, frame: &mut [u8], mut number: u64) {
        match &self.form {
            Form::Each(bytes) => {
                for place in frame[self.at..self.at + self.digits].iter_mut().rev() {
                    *place = bytes[(number % 10) as usize];
                    number /= 10;
                }
            }
            Form::Packed => {
                for place in frame[self.at..self.at + self.digits / 2].iter_mut().rev() {
                    let pair = (number % 100) as u8;
                    *place = ((pair / 10) << 4) | (pair % 10);
                    number /= 100;
                }
            }
        }
    }
}

fn layout(message: &Message, framing: &Framing) -> Result<BytesMut, TemplateError> {
    let mut out = BytesMut::new();
    write_frame(framing, &framing.header.first(), message, &mut out)
        .map_err(|error| TemplateError(error.to_string()))?;
    Ok(out)
}

/// Finds a field by laying the message out with all its digits 0, then 1, … then 9: what differs is the field, and how
/// it differs is how the dialect writes digits. Needs to know nothing about dialects.
fn place(message: &Message, framing: &Framing, field: u8, digits: usize) -> Result<Place, TemplateError> {
    let mut message = message.clone();
    let mut frames = Vec::with_capacity(10);
    for digit in b'0'..=b'9' {
        message.set(field, &vec![digit; digits]).map_err(|error| TemplateError(error.to_string()))?;
        frames.push(layout(&message, framing)?);
    }
    let differs = |at: &usize| frames[0].get(*at) != frames[1].get(*at);
    let at = (0..frames[0].len()).find(differs);
    let at = at.ok_or_else(|| TemplateError(format!("DE{field} does not show in the frame")))?;
    let width = (at..frames[0].len()).take_while(differs).count();
    let mut bytes = [0; 10];
    for (byte, frame) in bytes.iter_mut().zip(&frames) {
        *byte = frame[at];
    }
    let uniform = frames.iter().zip(bytes).all(|(frame, byte)| frame[at..at + width].iter().all(|each| *each == byte));
    let packed = bytes.iter().zip(0_u8..).all(|(byte, digit)| *byte == digit << 4 | digit);
    match () {
        () if uniform && width == digits => Ok(Place { at, digits, form: Form::Each(bytes) }),
        () if uniform && width * 2 == digits && packed => Ok(Place { at, digits, form: Form::Packed }),
        () => Err(TemplateError(format!("DE{field}: the dialect writes its digits in a way that cannot be varied"))),
    }
}
