//! The first frames of the samples, cut with one framing and header.

use super::{MOST_FRAMES, WINDOW, refused::grouped};
use banklink_protocol::frame::{Delimiter, Frame, FrameError, Framing, Header, HeaderKind, LengthForm};
use bytes::{BufMut, Bytes, BytesMut};

/// The largest message that the codec addresses, in bytes.
const MOST: usize = u16::MAX as usize;

/// Keep-alives after which a stream is taken for zeros.
const MOST_KEEP_ALIVES: usize = 4 * MOST_FRAMES;

/// What one framing and header make of the samples.
pub(super) struct Cut {
    /// `None`: each sample is one bare message.
    pub(super) framing: Option<&'static str>,
    pub(super) header: HeaderKind,
    pub(super) messages: Vec<(Header, Bytes)>,
    pub(super) keep_alives: usize,
    /// Bytes behind the last whole frame that may be the beginning of another.
    pub(super) unfinished: usize,
    /// Where it could not go on.
    pub(super) stop: Option<Stop>,
    /// Did it leave off before the end because it had seen enough?
    pub(super) first_only: bool,
}

/// Why no further frame could be cut.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Stop {
    /// Frames that were cut before, keep-alives included.
    pub(super) after: usize,
    pub(super) why: String,
}

impl Cut {
    pub(super) fn make(framing: Option<Framing>, header: HeaderKind, samples: &[Bytes]) -> Self {
        let name = framing.as_ref().map(Framing::name);
        let mut cut = Self {
            framing: name,
            header,
            messages: Vec::new(),
            keep_alives: 0,
            unfinished: 0,
            stop: None,
            first_only: false,
        };
        let share = MOST_FRAMES.div_ceil(samples.len().max(1));
        for sample in samples {
            match &framing {
                Some(framing) => cut.stream(&framing.clone().with_header(header).with_max(MOST), sample, share),
                None => cut.bare(sample),
            }
        }
        cut
    }

    /// Frames off the front of a stream, at most `share` of them.
    fn stream(&mut self, framing: &Framing, sample: &Bytes, share: usize) {
        let window = &sample[..sample.len().min(WINDOW)];
        let mut buffer = BytesMut::from(window);
        let (begun, quiet) = (self.messages.len(), self.keep_alives);
        loop {
            let enough = self.messages.len() - begun >= share || self.keep_alives - quiet >= MOST_KEEP_ALIVES;
            if enough && !buffer.is_empty() {
                self.first_only = true;
                return;
            }
            match framing.split(&mut buffer) {
                Ok(Some(Frame::KeepAlive | Frame::Control { .. })) => self.keep_alives += 1,
                Ok(Some(Frame::Message { header, body })) => self.messages.push((header, body)),
                Ok(None) if window.len() < sample.len() => {
                    self.first_only = true;
                    return;
                }
                Ok(None) if buffer.is_empty() => return,
                Ok(None) => return self.ends_within(framing, &buffer),
                Err(error) => return self.stopped(too_large(framing, error, buffer.len())),
            }
        }
    }

    /// The sample ends before the length says so.
    fn ends_within(&mut self, framing: &Framing, left: &BytesMut) {
        // With a maximum of nothing, the length is told as too large.
        let announced = framing.clone().with_max(0).split(&mut left.clone());
        let why = match announced {
            Err(error) => too_large(framing, error, left.len()),
            Ok(_) => format!("{} are left, fewer than a length takes", bytes(left.len())),
        };
        // The first frame of all is not unfinished but wrong, as far as one can see.
        if self.messages.is_empty() { self.stopped(why) } else { self.unfinished += left.len() }
    }

    /// The whole sample as one message behind its header. The header is taken off as from a frame, so that a header that
    /// says its own size is no other case.
    fn bare(&mut self, sample: &Bytes) {
        if sample.len() > MOST {
            let why = format!("a message has at most {}, here are {}", bytes(MOST), grouped(sample.len()));
            return self.stopped(why);
        }
        let framing = Framing::new(LengthForm::Binary4).with_header(self.header).with_max(MOST);
        let mut frame = BytesMut::with_capacity(4 + sample.len());
        frame.put_u32(sample.len() as u32);
        frame.extend_from_slice(sample);
        match framing.split(&mut frame) {
            Ok(Some(Frame::Message { header, body })) => self.messages.push((header, body)),
            Ok(_) => self.stopped("nothing is there".into()),
            Err(FrameError::TooSmall { min, had }) => {
                self.stopped(format!("the header has {}, here are {}", bytes(min), grouped(had)));
            }
            Err(error) => self.stopped(error.to_string()),
        }
    }

    fn stopped(&mut self, why: String) {
        self.stop.get_or_insert(Stop { after: self.messages.len() + self.keep_alives, why });
    }
}

/// The error as one says it of captured bytes; a length that is too large is held against what is there.
fn too_large(framing: &Framing, error: FrameError, left: usize) -> String {
    match error {
        FrameError::TooLarge { had, .. } => {
            let front = match framing.delimiter {
                Delimiter::Length { form, .. } => form.size(),
                Delimiter::Etx | Delimiter::Header => 0,
            };
            let follow = left.saturating_sub(front);
            format!("the length says {}, {} follow", bytes(had), grouped(follow))
        }
        error => error.to_string(),
    }
}

fn bytes(count: usize) -> String {
    format!("{} byte{}", grouped(count), if count == 1 { "" } else { "s" })
}
