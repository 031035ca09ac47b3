//! Processing codes (DE3) and response codes (DE39).

mod processing;
mod response;

pub use processing::{ProcessingCode, TransactionKind};
pub use response::ResponseCode;
