//! Network management messages: sign-on, sign-off, echo. DE70 says which in 1987, DE24 from 1993 on.

use super::{outbound::set_stan, pending::Exchange};
use crate::{clock::Wall, rules::Bank};
use banklink_protocol::{
    FieldError, Message, Mti,
    dialect::Version,
    element::{Stan, Transmission},
};

/// What a network management request asks for, as far as we serve it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Function {
    SignOn,
    SignOff,
    Echo,
}

/// What a peer's network management request asks for; `None` for what we do not serve (key change, cutover …). A
/// request that does not say is an echo.
pub(super) fn function(message: &Message) -> Option<Function> {
    let (field, function) =
        if message.mti().version() == 0 { (70, message.number(70)) } else { (24, message.number(24)) };
    match function {
        Some(1 | 801) => Some(Function::SignOn),
        Some(2 | 802) => Some(Function::SignOff),
        Some(301 | 831) => Some(Function::Echo),
        None if !message.has(field) => Some(Function::Echo),
        _ => None,
    }
}

/// Our own request to a bank.
pub(super) fn request(
    bank: &Bank,
    exchange: Exchange,
    stan: Stan,
    transmission: Transmission,
    now: Wall,
) -> Result<Message, FieldError> {
    let version = bank.dialect.version();
    let mut message = Message::new(&bank.dialect, mti(version));
    message.set(7, &transmission.0)?;
    set_stan(&mut message, stan)?;
    match version {
        Version::V1987 => message.set(70, function_1987(exchange))?,
        Version::V1993 | Version::V2003 => {
            message.set(12, &local_time(version, transmission, now))?;
            message.set(24, function_1993(exchange))?;
        }
    }
    for (field, value) in &bank.link.fields {
        message.set(*field, value)?;
    }
    Ok(message)
}

/// 0800 in 1987; 1804 and 2804 in the later editions, where network messages have the origin "other".
const fn mti(version: Version) -> Mti {
    let packed = match version {
        Version::V1987 => 0x0800,
        Version::V1993 => 0x1804,
        Version::V2003 => 0x2804,
    };
    Mti::from_packed(packed).expect("four decimal digits")
}

const fn function_1987(exchange: Exchange) -> &'static [u8] {
    match exchange {
        Exchange::SignOn => b"001",
        Exchange::SignOff => b"002",
        Exchange::Echo => b"301",
        Exchange::Cutover => b"201",
    }
}

const fn function_1993(exchange: Exchange) -> &'static [u8] {
    match exchange {
        Exchange::SignOn => b"801",
        Exchange::SignOff => b"802",
        Exchange::Echo => b"831",
        Exchange::Cutover => b"821",
    }
}

/// DE12 of 1993 (YYMMDDhhmmss) or 2003 (CCYYMMDDhhmmss), in GMT: the year before the digits of DE7.
fn local_time(version: Version, transmission: Transmission, now: Wall) -> smallvec::SmallVec<[u8; 14]> {
    let year = now.year();
    let digit = |place: i64| b'0' + (year / place % 10) as u8;
    let century = if version == Version::V2003 { &[digit(1000), digit(100)][..] } else { &[] };
    century.iter().copied().chain([digit(10), digit(1)]).chain(transmission.0).collect()
}
