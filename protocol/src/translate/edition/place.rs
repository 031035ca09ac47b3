//! Name and place of the merchant (DE43). 1987 writes 40 characters by place: name (25), city (13), country (2). Later it is
//! `name\street\city\` and behind it postal code (10), region (3) and country (3).

use super::{Said, Way, put, unsayable, used};
use crate::{Message, dialect::Version};
use smallvec::SmallVec;

/// Postal code and region, where neither is said.
const NEITHER: &[u8; 13] = b"             ";

pub(super) fn make(from: &Message, to: &mut Message, made: u8, way: Way) -> Said {
    let value = from.logical(made).unwrap_or_default();
    let mut out = SmallVec::<[u8; 64]>::new();
    if way.from == Version::V1987 {
        let (Some(name), Some(city), Some(country)) = (value.get(..25), value.get(25..38), value.get(38..40)) else {
            return Err(unsayable("a name and place of another length"));
        };
        if value.contains(&b'\\') {
            return Err(unsayable("a name with a backslash"));
        }
        out.extend_from_slice(name.trim_ascii_end());
        out.extend_from_slice(b"\\\\");
        out.extend_from_slice(city.trim_ascii_end());
        out.push(b'\\');
        out.extend_from_slice(NEITHER);
        out.extend_from_slice(country);
        out.push(b' ');
    } else {
        let mut parts = value.splitn(4, |&byte| byte == b'\\');
        let (Some(name), Some(_street), Some(city), Some(rest)) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            // By place already, as many hosts of the later editions go on writing it.
            put(to, made, &value)?;
            return Ok(used([made]));
        };
        let country = rest.get(13..).unwrap_or_default().trim_ascii();
        for (part, width) in [(name, 25), (city, 13), (country, 2)] {
            // Two letters of three are another country's as often as not.
            let part = if width == 2 && part.len() != 2 { &[][..] } else { part };
            let cut = &part[..part.len().min(width)];
            out.extend_from_slice(cut);
            out.extend(std::iter::repeat_n(b' ', width - cut.len()));
        }
    }
    put(to, made, &out)?;
    Ok(used([made]))
}
