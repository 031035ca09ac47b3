//! What says where a frame ends: a length in front, an ETX behind, both, or the header itself.

use super::{FrameError, Framing, HeaderKind, LengthForm, UnknownName};

/// End of text: the byte behind a frame on links that have one.
pub(super) const ETX: u8 = 3;

/// The keep-alive of links whose header says the length: four ASCII zeros.
const IDLE: &[u8; 4] = b"0000";

/// What says where a frame ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Delimiter {
    /// A length in front.
    Length {
        /// Its form.
        form: LengthForm,
        /// Does it count its own bytes?
        inclusive: bool,
        /// Does an ETX stand behind the frame, and does the length count it?
        etx: bool,
    },
    /// An ETX behind, and nothing in front: no frame may contain that byte, so bitmap and binary fields must be hex text.
    Etx,
    /// The header, which says the length of itself and the message ([`HeaderKind::says_length`]).
    Header,
}

/// A frame that was found, whole or not: the bytes before header and body, those, and the bytes behind.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Extent {
    pub(super) front: usize,
    pub(super) payload: usize,
    pub(super) behind: usize,
    /// Session control, and no message.
    pub(super) control: bool,
}

/// The names of the configuration.
pub(super) const NAMED: [(&str, Delimiter); 20] = [
    ("binary2", length(LengthForm::Binary2)),
    ("binary2-inclusive", inclusive(LengthForm::Binary2)),
    ("binary2-le", length(LengthForm::Binary2Le)),
    ("binary2-le-inclusive", inclusive(LengthForm::Binary2Le)),
    ("binary2-etx", and_etx(LengthForm::Binary2)),
    ("binary3", length(LengthForm::Binary3)),
    ("binary3-inclusive", inclusive(LengthForm::Binary3)),
    ("binary4", length(LengthForm::Binary4)),
    ("binary4-inclusive", inclusive(LengthForm::Binary4)),
    ("ascii4", length(LengthForm::Ascii4)),
    ("ascii4-inclusive", inclusive(LengthForm::Ascii4)),
    ("ascii4-etx", and_etx(LengthForm::Ascii4)),
    ("hex4", length(LengthForm::Hex4)),
    ("hex4-inclusive", inclusive(LengthForm::Hex4)),
    ("bcd2", length(LengthForm::Bcd2)),
    ("bcd2-inclusive", inclusive(LengthForm::Bcd2)),
    ("gicc", length(LengthForm::Gicc)),
    ("vap", length(LengthForm::Vap)),
    ("etx", Delimiter::Etx),
    ("header", Delimiter::Header),
];

const fn length(form: LengthForm) -> Delimiter {
    Delimiter::Length { form, inclusive: false, etx: false }
}

const fn inclusive(form: LengthForm) -> Delimiter {
    Delimiter::Length { form, inclusive: true, etx: false }
}

const fn and_etx(form: LengthForm) -> Delimiter {
    Delimiter::Length { form, inclusive: false, etx: true }
}

impl Delimiter {
    /// From a name of the configuration.
    pub(super) fn named(name: &str) -> Result<Self, UnknownName> {
        let found = NAMED.iter().find(|(known, _)| *known == name);
        found.map(|(_, delimiter)| *delimiter).ok_or_else(|| UnknownName::new("framing", name, &Framing::NAMES))
    }

    /// Its name in a configuration. (A combination that has none is named after its length.)
    pub(super) fn name(self) -> &'static str {
        let named = NAMED.iter().find(|(_, delimiter)| *delimiter == self);
        match (named, self) {
            (Some((name, _)), _) => name,
            (None, Self::Length { form, .. }) => form.name(),
            (None, Self::Etx | Self::Header) => unreachable!("both are named"),
        }
    }

    /// Bytes before the header.
    pub(super) const fn front(self) -> usize {
        match self {
            Self::Length { form, .. } => form.size(),
            Self::Etx | Self::Header => 0,
        }
    }

    /// The most bytes of header and body that it can delimit.
    pub(super) const fn most(self) -> usize {
        match self {
            Self::Length { form, inclusive, etx } => {
                form.max() - if inclusive { form.size() } else { 0 } - etx as usize
            }
            Self::Etx | Self::Header => usize::MAX,
        }
    }

    /// What a length says for so many bytes of header and body.
    pub(super) const fn announcement(form: LengthForm, inclusive: bool, etx: bool, payload: usize) -> usize {
        payload + if inclusive { form.size() } else { 0 } + etx as usize
    }

    /// Finds the frame at the front of `bytes`; `None` where too little of it is there to know.
    #[inline]
    pub(super) fn find(self, framing: &Framing, bytes: &[u8]) -> Result<Option<Extent>, FrameError> {
        match self {
            Self::Length { form, inclusive, etx } => {
                let Some(announced) = form.read(bytes)? else { return Ok(None) };
                let own = if inclusive { form.size() } else { 0 };
                let header = if announced.control { 0 } else { framing.header.size() };
                let (payload, behind) = payload(announced.length, own, header, etx)?;
                Ok(Some(Extent { front: form.size(), payload, behind, control: announced.control }))
            }
            Self::Etx => until_etx(framing, bytes),
            Self::Header => by_header(framing.header, bytes),
        }
    }

    /// The bytes of a keep-alive; nothing where the link has none.
    pub(super) fn keep_alive(self, out: &mut impl FnMut(&[u8])) {
        match self {
            Self::Length { form, inclusive, .. } => {
                let mut length = [0; 4];
                let length = &mut length[..form.size()];
                form.write(Self::announcement(form, inclusive, false, 0), length);
                out(length);
            }
            Self::Etx => out(&[ETX]),
            Self::Header => out(IDLE),
        }
    }
}

/// Bytes of header and body that an announced length stands for, and of the ETX behind them. Zero, and inclusive the length's
/// own size, are keep-alives: an inclusive 0 cannot mean anything else. So is an ETX alone.
const fn payload(announced: usize, own: usize, header: usize, etx: bool) -> Result<(usize, usize), FrameError> {
    if announced == 0 || announced == own {
        return Ok((0, 0));
    }
    if etx && announced == 1 {
        return Ok((0, 1));
    }
    let min = own + header + etx as usize;
    if announced < min {
        return Err(FrameError::TooSmall { min, had: announced });
    }
    Ok((announced - own - etx as usize, etx as usize))
}

/// A frame that ends with the first ETX.
fn until_etx(framing: &Framing, bytes: &[u8]) -> Result<Option<Extent>, FrameError> {
    let most = framing.max;
    let Some(payload) = bytes.iter().take(most + 1).position(|byte| *byte == ETX) else {
        return if bytes.len() > most { Err(FrameError::TooLarge { max: most, had: most + 1 }) } else { Ok(None) };
    };
    let min = framing.header.size();
    if payload > 0 && payload < min {
        return Err(FrameError::TooSmall { min, had: payload });
    }
    Ok(Some(Extent { front: 0, payload, behind: 1, control: false }))
}

/// A frame whose header says its length.
fn by_header(header: HeaderKind, bytes: &[u8]) -> Result<Option<Extent>, FrameError> {
    if bytes.starts_with(IDLE) {
        return Ok(Some(Extent { front: IDLE.len(), payload: 0, behind: 0, control: false }));
    }
    // What may still become a keep-alive is not judged as a header yet.
    if IDLE.starts_with(bytes) {
        return Ok(None);
    }
    let payload = header.total(bytes)?;
    Ok(payload.map(|payload| Extent { front: 0, payload, behind: 0, control: false }))
}
