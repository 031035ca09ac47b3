//! What a request means: a typed core, checked once at the door. Behind it nobody looks at raw fields again.

use super::{Refusal, amount, kept::Kept};
use crate::{record::CardEnds, rules::Acquirer};
use banklink_protocol::{
    Message, Mti,
    dialect::Version,
    element::{Currency, Money, OriginalData, Pan, ProcessingCode, Rrn, Stan, Track2, code::TransactionKind},
};
use zeroize::Zeroizing;

/// A request that passed the door.
pub(super) struct Instruction {
    pub(super) mti: Mti,
    /// DE2, else the number of track 2 (DE35).
    pub(super) pan: Option<Pan>,
    /// Did the number come in DE2 (and so goes back in the answer)?
    pub(super) pan_in_de2: bool,
    /// Of track 2, where the number came from there (YYMM).
    pub(super) expiry: Option<[u8; 4]>,
    /// DE3.
    pub(super) processing: Option<ProcessingCode>,
    /// DE4, minor units.
    pub(super) amount: Option<u64>,
    /// DE49; in 2003 it stands in front of DE4.
    pub(super) currency: Option<Currency>,
    /// DE11.
    pub(super) stan: Stan,
    /// DE18 (1993: DE26).
    pub(super) mcc: Option<u16>,
    /// DE37.
    pub(super) rrn: Option<Rrn>,
    /// DE100.
    pub(super) receiving: Option<u64>,
    /// DE32.
    pub(super) acquiring: Option<u64>,
    /// Which earlier message it speaks of (DE90, 1993: DE56).
    pub(super) original: Option<Original>,
    /// Does it say that it follows an approval, beside naming it?
    pub(super) follows_up: bool,
    /// May a part of the amount be approved, by the request's own word (1993: function code 181)?
    pub(super) takes_part: bool,
    /// The fields its answer gives back.
    pub(super) kept: Kept,
}

/// The original data elements of a reversal or completion, as the acquirer knows them.
#[derive(Clone, Copy)]
pub(super) enum Original {
    /// DE90 of 1987.
    De90(OriginalData),
    /// DE56 of the later editions.
    De56 { stan: Stan, local: Local },
}

/// DE12 of an original: twelve digits in 1993, fourteen in 2003.
#[derive(Clone, Copy)]
pub(super) struct Local {
    length: u8,
    digits: [u8; 14],
}

impl Local {
    fn parse(value: &[u8]) -> Option<Self> {
        let mut digits = [0; 14];
        digits.get_mut(..value.len())?.copy_from_slice(value);
        Some(Self { length: value.len() as u8, digits })
    }

    /// The digits as they came.
    pub(super) fn digits(&self) -> &[u8] {
        &self.digits[..usize::from(self.length)]
    }
}

/// Refused at the door.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Reject {
    pub(super) refusal: Refusal,
    /// The data element at fault, for DE44.
    pub(super) field: Option<u8>,
}

const fn reject<T>(refusal: Refusal, field: u8) -> Result<T, Reject> {
    Err(Reject { refusal, field: Some(field) })
}

impl Instruction {
    /// Parses a request of an acquirer: all that the switch will ever look at.
    pub(super) fn parse(message: &Message, profile: &Acquirer) -> Result<Self, Reject> {
        let mti = message.mti();
        let version = profile.dialect.version();
        check_type(mti, version)?;
        let kept = Kept::read(message).or_else(|field| reject(Refusal::Format, field))?;
        let processing = processing(message, &kept, mti, profile)?;
        let amount = amount(message, &kept, mti, processing)?;
        let pan_in_de2 = message.has(2);
        let (pan, expiry) = pan(message, pan_in_de2, profile.luhn)?;
        let mcc_field = if version == Version::V1987 { 18 } else { 26 };
        Ok(Self {
            mti,
            pan,
            pan_in_de2,
            expiry,
            processing,
            amount,
            currency: currency(message, &kept)?,
            stan: stan(&kept)?,
            mcc: message.number(mcc_field).and_then(|mcc| u16::try_from(mcc).ok()),
            receiving: message.number(100),
            rrn: kept.get(37).and_then(Rrn::parse),
            acquiring: kept.number(32),
            original: original(message)?,
            follows_up: follows_up(message, version),
            takes_part: version != Version::V1987 && message.number(24) == Some(181),
            kept,
        })
    }

    /// DE4 with DE49, where both came.
    pub(super) fn money(&self) -> Option<Money> {
        Some(Money { minor: i64::try_from(self.amount?).ok()?, currency: self.currency? })
    }

    /// The same for the Record: a currency that did not come is 000.
    pub(super) fn amount_received(&self) -> Option<Money> {
        let currency = self.currency.unwrap_or(Currency::numeric(0));
        Some(Money { minor: i64::try_from(self.amount?).ok()?, currency })
    }

    /// What may be shown of the card.
    pub(super) fn card(&self) -> Option<CardEnds> {
        self.pan.as_ref().and_then(CardEnds::of)
    }

    /// An advice: what it says has happened already.
    pub(super) const fn is_advice(&self) -> bool {
        self.mti.function() == 2
    }
}

/// Authorizations, financial messages and reversals, requests and advices, of this edition.
fn check_type(mti: Mti, version: Version) -> Result<(), Reject> {
    let edition = match version {
        Version::V1987 => 0,
        Version::V1993 => 1,
        Version::V2003 => 2,
    };
    let known = matches!(mti.class(), 1 | 2 | 4) && matches!(mti.function(), 0 | 2) && mti.origin() <= 5;
    if known && mti.version() == edition { Ok(()) } else { Err(Reject { refusal: Refusal::Unsupported, field: None }) }
}

fn processing(message: &Message, kept: &Kept, mti: Mti, profile: &Acquirer) -> Result<Option<ProcessingCode>, Reject> {
    let Some(value) = kept.get(3) else {
        return if mti.class() == 4 && !message.has(3) { Ok(None) } else { reject(Refusal::Format, 3) };
    };
    let Some(code) = ProcessingCode::parse(value) else { return reject(Refusal::Format, 3) };
    let kind = code.transaction_type();
    let taken =
        profile.processing.is_empty() || profile.processing.iter().any(|&(low, high)| (low..=high).contains(&kind));
    if taken { Ok(Some(code)) } else { reject(Refusal::Unsupported, 3) }
}

fn amount(message: &Message, kept: &Kept, mti: Mti, processing: Option<ProcessingCode>) -> Result<Option<u64>, Reject> {
    let amount = kept.get(4).and_then(amount::said);
    let moves_money = mti.class() != 4
        && !matches!(
            processing.map(|code| code.kind()),
            Some(TransactionKind::Inquiry | TransactionKind::Administrative | TransactionKind::Private)
        );
    if amount.is_none() && (moves_money || message.has(4)) { reject(Refusal::Amount, 4) } else { Ok(amount) }
}

/// The card number, and the expiry where both are those of track 2.
type Card = (Option<Pan>, Option<[u8; 4]>);

fn pan(message: &Message, in_de2: bool, luhn: bool) -> Result<Card, Reject> {
    let mut expiry = None;
    let mut track = Zeroizing::new([0; 40]);
    let track = message.look(35, &mut *track);
    let (pan, field) = if in_de2 {
        let mut digits = Zeroizing::new([0; Pan::MAX]);
        let pan = message.look(2, &mut *digits).and_then(Pan::parse);
        if let (Some(pan), Some(track)) = (&pan, track)
            && is_of_another(track, pan)
        {
            return reject(Refusal::Card, 35);
        }
        (pan, 2)
    } else if message.has(35) {
        let track = track.and_then(Track2::parse);
        expiry = track.as_ref().and_then(Track2::expiry);
        (track.map(|track| track.pan().clone()), 35)
    } else {
        return Ok((None, None));
    };
    match pan {
        Some(pan) if !luhn || pan.luhn() => Ok((Some(pan), expiry)),
        _ => reject(Refusal::Card, field),
    }
}

/// Is this the track of another card than DE2 says? The bank may go by the one, where we route by the other. (A track that
/// says nothing is the bank's to judge.)
fn is_of_another(track: &[u8], pan: &Pan) -> bool {
    #[expect(clippy::disallowed_methods, reason = "compared with the track beside it")]
    let rest = track.strip_prefix(pan.expose());
    let same = rest.and_then(<[u8]>::first).is_some_and(|next| matches!(next, b'=' | b'D'));
    !same && Track2::parse(track).is_some_and(|track| track.pan() != pan)
}

fn currency(message: &Message, kept: &Kept) -> Result<Option<Currency>, Reject> {
    if message.mti().version() == 2 {
        return Ok(kept.get(4).and_then(amount::currency));
    }
    match kept.get(49) {
        Some(code) => Currency::parse(code).map_or_else(|| reject(Refusal::Format, 49), |code| Ok(Some(code))),
        None if message.has(49) => reject(Refusal::Format, 49),
        None => Ok(None),
    }
}

/// DE11; of the twelve digits of the 2003 edition the last six.
fn stan(kept: &Kept) -> Result<Stan, Reject> {
    kept.number(11).map_or_else(|| reject(Refusal::Format, 11), |number| Ok(Stan((number % 1_000_000) as u32)))
}

/// The code of an approval in a request (DE38), where only answers have one; the condition of a pre-authorisation in a
/// financial request (1987: DE25 06); the function of an increment or a completion (from 1993 on: DE24 106, 107, 201, 202).
fn follows_up(message: &Message, version: Version) -> bool {
    let (class, function) = (message.mti().class(), message.mti().function());
    let says = || match version {
        Version::V1987 => class == 2 && message.number(25) == Some(6),
        Version::V1993 | Version::V2003 => matches!(message.number(24), Some(106 | 107 | 201 | 202)),
    };
    matches!((class, function), (1 | 2, 0)) && (message.has(38) || says())
}

fn original(message: &Message) -> Result<Option<Original>, Reject> {
    if message.mti().version() == 0 {
        if !message.has(90) {
            return Ok(None);
        }
        let parsed = message.array::<42>(90).and_then(|digits| OriginalData::parse(&digits));
        return parsed.map_or_else(|| reject(Refusal::Format, 90), |original| Ok(Some(Original::De90(original))));
    }
    if !message.has(56) {
        return Ok(None);
    }
    parse_de56(message).map_or_else(|| reject(Refusal::Format, 56), |original| Ok(Some(original)))
}

/// DE56: MTI (4), STAN (1993: 6, 2003: 12) and DE12 (12, 14), then the acquirer with its own length.
fn parse_de56(message: &Message) -> Option<Original> {
    let (stan, local) = if message.mti().version() == 2 { (12, 14) } else { (6, 12) };
    let mut value = [0; 41];
    let length = message.read(56, &mut value)?;
    let (number, rest) = value[4..length.max(4)].split_at_checked(stan)?;
    let number = banklink_protocol::element::trace::number(number)?;
    Some(Original::De56 { stan: Stan((number % 1_000_000) as u32), local: Local::parse(rest.get(..local)?)? })
}
