//! Data elements with a meaning of their own, parsed once at the door; the types carry the proof from there on.

pub mod card;
pub mod code;
pub mod money;
pub mod trace;

pub use card::{Pan, PinBlock, Track2};
pub use code::{ProcessingCode, ResponseCode, TransactionKind};
pub use money::{Currency, Money, MoneyError};
pub use trace::{OriginalData, Rrn, Stan, Transmission};
