//! Records of every kind, and how two are compared.

use crate::{
    clock::Wall,
    journal::codec,
    record::{
        Body, CardEnds, Cause, Decision, Doubt, Follows, Hold, Operation, Outcome, Park, Part, PaymentId, Record,
        References, Stored, Unanswered,
    },
    switch::{AcquirerId, BankId, ConnectionId},
};
use banklink_protocol::{
    Mti,
    element::{Currency, Money, OriginalData, ProcessingCode, ResponseCode, Rrn, Stan, Transmission},
};

/// A card number that must be found nowhere.
pub(super) const PAN: &str = "4929123412341234";
/// 2026-11-23T03:18:46Z.
pub(super) const NOW: Wall = Wall(1_795_403_926_000_000);
pub(super) const DAY: i64 = 86_400_000_000;
/// So many kinds of record there are.
pub(super) const KINDS: u64 = 17;

/// Numbers that decide what a record is made of.
pub(super) struct Dice {
    numbers: Vec<u64>,
    next: usize,
}

impl Dice {
    pub(super) fn new(numbers: Vec<u64>) -> Self {
        assert!(!numbers.is_empty());
        Self { numbers, next: 0 }
    }

    pub(super) fn roll(&mut self) -> u64 {
        self.next += 1;
        let number =
            self.numbers[self.next % self.numbers.len()] ^ (self.next as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let number = (number ^ (number >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        number ^ (number >> 29)
    }

    fn below(&mut self, limit: u64) -> u64 {
        (self.roll() >> 16) % limit
    }

    fn maybe<T>(&mut self, made: impl FnOnce(&mut Self) -> T) -> Option<T> {
        (self.below(2) == 1).then(|| made(self))
    }

    fn bytes<const N: usize>(&mut self, alphabet: &[u8]) -> [u8; N] {
        std::array::from_fn(|_| alphabet[self.below(alphabet.len() as u64) as usize])
    }

    fn mti(&mut self) -> Mti {
        Mti::from_digits(self.bytes(b"0123456789")).unwrap()
    }

    fn code(&mut self) -> ResponseCode {
        let code: [u8; 4] = self.bytes(b"09AZaz5");
        ResponseCode::parse(&code[..2 + self.below(3) as usize]).unwrap()
    }

    fn original(&mut self) -> OriginalData {
        OriginalData {
            mti: self.mti(),
            stan: Stan(self.roll() as u32),
            transmission: Transmission(self.bytes(b"0123456789")),
            acquirer: self.roll(),
            forwarder: self.roll(),
        }
    }

    fn references(&mut self) -> References {
        let [duplicate, trace, rrn, card] = std::array::from_fn(|_| self.roll());
        References { duplicate, trace, rrn, card, terminal: self.roll() as u16, clock: self.roll() as u32 }
    }

    fn connection(&mut self) -> ConnectionId {
        ConnectionId { bank: BankId(self.roll() as u16), slot: self.roll() as u16 }
    }

    fn doubt(&mut self) -> Doubt {
        [Doubt::TimedOut, Doubt::Restarted, Doubt::Reversed, Doubt::UnknownCode, Doubt::Part][self.below(5) as usize]
    }

    fn outcome(&mut self) -> Outcome {
        let code = self.code();
        match self.below(5) {
            0 => Outcome::Approved {
                code,
                authorization: self.maybe(|dice| dice.bytes(b"0Az")),
                settlement: self.maybe(|dice| dice.bytes(b"019")),
                partial: self.maybe(Self::roll),
            },
            1 => Outcome::Declined { code },
            2 => Outcome::Unknown { why: self.doubt() },
            3 => Outcome::Refused { code },
            _ => Outcome::Taken { code },
        }
    }

    fn stored(&mut self) -> Stored {
        match self.below(7) {
            0 => Stored::Reversal(Cause::Doubt(self.doubt())),
            1 => Stored::Reversal(Cause::LateApproval),
            2 => Stored::Reversal(Cause::Undelivered),
            3 => Stored::Acquirers { left: self.maybe(Self::roll) },
            4 => Stored::Advice,
            5 => Stored::Uncovered,
            _ => Stored::Question,
        }
    }

    /// Sometimes empty, sometimes of one field, sometimes longer than what needs no memory of its own.
    fn body(&mut self) -> Body {
        let mut fields: Vec<(u8, Vec<u8>)> = Vec::new();
        if self.below(4) > 0 {
            fields.push((2, PAN.as_bytes().to_vec()));
            fields.push((14, b"2912".to_vec()));
        }
        if self.below(3) == 0 {
            let length = self.below(2000) as usize;
            fields.push((48, vec![b'x'; length]));
        }
        body(&fields)
    }
}

/// A body of these fields.
pub(super) fn body(fields: &[(u8, Vec<u8>)]) -> Body {
    let mut bytes = Vec::new();
    for (field, value) in fields {
        bytes.push(*field);
        bytes.extend_from_slice(&(value.len() as u16).to_le_bytes());
        bytes.extend_from_slice(value);
    }
    Body::from_bytes(&bytes).unwrap()
}

/// A record of one of the [`KINDS`].
pub(super) fn record(kind: u64, dice: &mut Dice) -> Record {
    let (payment, at) = (PaymentId(dice.roll()), Wall(dice.roll() as i64));
    of(kind, payment, at, dice)
}

/// A record of this payment (or item) at this time.
pub(super) fn of(kind: u64, payment: PaymentId, at: Wall, dice: &mut Dice) -> Record {
    let (item, acquirer, connection) = (payment, AcquirerId(dice.roll() as u16), dice.connection());
    match kind {
        0 => Record::Received {
            payment,
            at,
            acquirer,
            mti: dice.mti(),
            processing: dice.maybe(|dice| ProcessingCode::parse(&dice.bytes::<6>(b"0123456789")).unwrap()),
            amount: dice.maybe(|dice| Money::new(dice.roll() as i64, Currency::numeric(dice.roll() as u16))),
            stan: Stan(dice.roll() as u32),
            rrn: dice.maybe(|dice| Rrn(dice.bytes(b"0123456789AZ "))),
            card: dice.maybe(|dice| CardEnds { bin: dice.bytes(b"0123456789"), last4: dice.bytes(b"0123456789") }),
            references: dice.references(),
        },
        1 => Record::Sent {
            payment,
            at,
            acquirer,
            connection,
            original: dice.original(),
            rrn: dice.maybe(|dice| Rrn(dice.bytes(b"0123456789AZ "))),
            unanswered: [Unanswered::Reverse, Unanswered::Leave, Unanswered::Ask][dice.below(3) as usize],
            body: dice.body(),
        },
        2 => Record::NotSent { payment, at, bank: connection.bank, stan: Stan(dice.roll() as u32) },
        3 => Record::Outcome {
            payment,
            at,
            sent: dice.maybe(|dice| (BankId(dice.roll() as u16), Stan(dice.roll() as u32))),
            outcome: dice.outcome(),
            told: dice.code(),
            answer: dice.body(),
        },
        4 => Record::Answered { payment, at, code: dice.code() },
        5 => Record::Undelivered { payment, at, acquirer, connection, original: dice.original(), body: dice.body() },
        6 => Record::Delivered { payment, at },
        7 => Record::Queued {
            item,
            at,
            of: dice.maybe(|dice| PaymentId(dice.roll())),
            connection,
            kind: dice.stored(),
            mti: dice.mti(),
            original: dice.maybe(Dice::original),
            body: dice.body(),
        },
        8 => Record::Tried {
            item,
            at,
            connection,
            stan: Stan(dice.roll() as u32),
            transmission: Transmission(dice.bytes(b"0123456789")),
            tries: dice.below(4) as u32,
        },
        9 => Record::Failed { item, at, code: dice.maybe(Dice::code), strikes: dice.roll() as u32 },
        10 => Record::Done { item, at, code: dice.code() },
        11 => {
            let why = [Park::Strikes, Park::Unsendable, Park::Question, Park::Uncovered][dice.below(4) as usize];
            Record::Parked { item, at, why }
        }
        12 => {
            let decision = [Decision::Retry, Decision::Resolve][dice.below(2) as usize];
            let by = "anna: the bank has it, says Bo — é".repeat(dice.below(3) as usize);
            Record::Decided { item, at, decision, by: by.into() }
        }
        13 => Record::ApprovedLate { payment, at, bank: connection.bank, stan: Stan(dice.roll() as u32) },
        14 => held(payment, at, dice),
        16 => commanded(connection, at, dice),
        _ => Record::Tombstone { at, acquirer, references: dice.references() },
    }
}

/// What an operator commands.
fn commanded(connection: ConnectionId, at: Wall, dice: &mut Dice) -> Record {
    let name = "a route".repeat(dice.below(3) as usize);
    let operation = match dice.below(8) {
        0 => Operation::SignOn(connection),
        1 => Operation::SignOff(connection),
        2 => Operation::Drain(connection),
        3 => Operation::Echo(connection),
        4 => Operation::Close(connection),
        5 => Operation::Cutover(connection),
        6 => Operation::RouteOn(name.into()),
        _ => Operation::RouteOff(name.into()),
    };
    Record::Commanded { at, operation, by: "ann (uid 0): why — é".into() }
}

/// What a hold has come to.
fn held(payment: PaymentId, at: Wall, dice: &mut Dice) -> Record {
    Record::Hold {
        payment,
        at,
        by: PaymentId(dice.roll()),
        part: dice.maybe(|dice| Part {
            kind: [Follows::Increment, Follows::Completion][dice.below(2) as usize],
            amount: dice.roll(),
            under_way: dice.below(2) == 1,
        }),
        hold: Hold {
            held: dice.roll(),
            taken: dice.roll(),
            completions: dice.roll() as u32,
            under_way: dice.below(3) as u32,
            until: Wall(NOW.0 + dice.below(400) as i64 * DAY),
            currency: Currency::numeric(dice.roll() as u16),
            voided: dice.below(2) == 1,
        },
    }
}

/// All a record is, in a form that can be compared: what it prints, and its body's bytes.
pub(super) fn essence(record: &Record) -> (String, Vec<u8>) {
    let (mut clear, mut body) = (Vec::new(), Vec::new());
    if let (_, Some(sealed)) = codec::encode(record, &mut clear) {
        #[expect(clippy::disallowed_methods, reason = "made up, for comparing")]
        body.extend_from_slice(sealed.expose());
    }
    (format!("{record:?}"), body)
}

/// So many records, of all kinds in turn, a millisecond apart.
pub(super) fn many(count: u64, from: u64) -> Vec<Record> {
    let mut dice = Dice::new(vec![from + 1, 77, 31_337]);
    let at = |index| Wall(NOW.0 + (from + index) as i64 * 1000);
    (0..count).map(|index| of((from + index) % KINDS, PaymentId(from + index + 1), at(index), &mut dice)).collect()
}
