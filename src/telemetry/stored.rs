//! Log lines about what is stored for banks, and what did not reach an acquirer.

use super::Names;
use crate::{record::PaymentId, switch::Note};
use tracing::{error, info, warn};

/// One line.
pub(super) fn note(names: &Names, note: &Note) {
    match note {
        Note::Stored { bank, item, of, kind } => {
            let of = of.map(|PaymentId(of)| of);
            info!(bank = names.bank(*bank), item = item.0, of, kind = ?kind, "stored");
        }
        Note::StoredDone { bank, item, code, tries, after } => {
            let after_ms = after.as_millis();
            info!(bank = names.bank(*bank), item = item.0, %code, tries, after_ms, "delivered");
        }
        Note::StoredFailed { bank, item, code, tries } => {
            let code = code.map(tracing::field::display);
            warn!(bank = names.bank(*bank), item = item.0, code, tries, "a stored message is not settled yet");
        }
        Note::Parked { bank, item, why } => {
            let bank = names.bank(*bank);
            error!(bank, item = item.0, why = ?why, "ALARM: a stored message goes no further by itself");
        }
        Note::Decided { item, found: true } => info!(item = item.0, "decided"),
        Note::Decided { item, found: false } => warn!(item = item.0, "nothing of this number is stored"),
        Note::Undelivered { acquirer, payment } => {
            warn!(acquirer = names.acquirer(*acquirer), payment = payment.0, "an approval did not reach its acquirer");
        }
        Note::UnknownReversed { acquirer, mti } => {
            warn!(acquirer = names.acquirer(*acquirer), %mti, "reversal of something never seen");
        }
        Note::Recovered { in_flight, stored, undelivered } => {
            warn!(in_flight, stored, undelivered, "after a restart: what was with a bank is taken back");
        }
        _ => {}
    }
}
