//! Taking back: what is reversed, and how a reversal is written.
//!
//! A reversal repeats what its original said, names it in DE90 (1993: DE56) exactly as it was sent, and says why: in DE39,
//! from 1993 on in DE25. Never a track, a PIN block or chip data: they are not kept.

use super::{
    amount,
    instruction::Instruction,
    outbound::{Named, de56},
};
use crate::{
    record::{Body, Cause, Doubt, Unanswered},
    rules::Bank,
};
use banklink_protocol::{
    FieldError, Message, Mti,
    dialect::Version,
    element::{OriginalData, ResponseCode, code::TransactionKind},
};

/// What is to be done about a payment that is not answered: by its class, by DE3, and by the bank's tables.
pub(super) fn unanswered(instruction: &Instruction, bank: &Bank) -> Unanswered {
    let Some(processing) = instruction.processing else { return Unanswered::Reverse };
    let kind = processing.transaction_type();
    let among = |ranges: &[(u8, u8)]| ranges.iter().any(|&(low, high)| (low..=high).contains(&kind));
    let moves_nothing = matches!(processing.kind(), TransactionKind::Inquiry | TransactionKind::Administrative);
    if moves_nothing || among(&bank.reversal.never) {
        Unanswered::Leave
    } else if instruction.mti.class() == 2 && among(&bank.reversal.ask) {
        Unanswered::Ask
    } else {
        Unanswered::Reverse
    }
}

/// The type of a reversal toward a bank: 0420 or 0400; from 1993 on always the advice.
pub(super) fn mti(bank: &Bank) -> Mti {
    let packed = match (bank.dialect.version(), bank.reversal.advice) {
        (Version::V1987, true) => 0x0420,
        (Version::V1987, false) => 0x0400,
        (Version::V1993, _) => 0x1420,
        (Version::V2003, _) => 0x2420,
    };
    Mti::from_packed(packed).expect("four decimal digits")
}

/// What is to be taken back, and why.
pub(super) struct Reason {
    pub(super) cause: Cause,
    /// The amount that was approved, where it is not the one that was asked for.
    pub(super) amount: Option<u64>,
    /// DE38 of the approval, where there was one.
    pub(super) authorization: Option<[u8; 6]>,
}

impl Reason {
    pub(super) const fn of(cause: Cause) -> Self {
        Self { cause, amount: None, authorization: None }
    }
}

/// The reversal of what `body` was kept of, without its trace numbers.
pub(super) fn compose(body: &Body, original: OriginalData, reason: &Reason, bank: &Bank) -> Body {
    let written = body.message(&bank.dialect, mti(bank)).and_then(|mut message| {
        write(&mut message, original, reason, bank)?;
        Ok(Body::of(&message, &message.field_set()))
    });
    // Where the dialect was changed since so that it does not fit any more, the try fails and people see it.
    written.unwrap_or_else(|_| body.clone())
}

fn write(message: &mut Message, original: OriginalData, reason: &Reason, bank: &Bank) -> Result<(), FieldError> {
    if let Some(amount) = reason.amount {
        amount::set(message, amount, None)?;
    }
    if let Some(authorization) = reason.authorization {
        message.set(38, &authorization)?;
    }
    match bank.dialect.version() {
        Version::V1987 => {
            let code = ResponseCode::parse(code_1987(reason.cause)).expect("two digits");
            let code = bank.codes_out.get(&code).copied().unwrap_or(code);
            message.set(39, code.as_bytes())?;
            message.set(90, &original.digits())
        }
        Version::V1993 | Version::V2003 => {
            message.set(24, b"400")?;
            message.set(25, reason_1993(reason.cause))?;
            let named = de56(message, Named { original, clock: 0 });
            message.set(56, &named)
        }
    }
}

/// DE39 of a reversal of 1987: 68 too late, 22 suspected malfunction, 17 cancelled, 20 invalid answer, 32 done in part.
const fn code_1987(cause: Cause) -> &'static [u8] {
    match cause {
        Cause::Doubt(Doubt::TimedOut) | Cause::LateApproval => b"68",
        Cause::Doubt(Doubt::Restarted) | Cause::Undelivered => b"22",
        Cause::Doubt(Doubt::Reversed) => b"17",
        Cause::Doubt(Doubt::UnknownCode) => b"20",
        Cause::Doubt(Doubt::Part) => b"32",
    }
}

/// DE25 from 1993 on.
const fn reason_1993(cause: Cause) -> &'static [u8] {
    match cause {
        Cause::Doubt(Doubt::TimedOut) => b"4021",
        Cause::LateApproval => b"4006",
        Cause::Doubt(Doubt::Restarted) => b"4002",
        Cause::Undelivered => b"4013",
        Cause::Doubt(Doubt::Reversed) => b"4000",
        Cause::Doubt(Doubt::UnknownCode) => b"4020",
        Cause::Doubt(Doubt::Part) => b"4004",
    }
}
