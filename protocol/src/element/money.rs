//! Money: an integer in minor units with its currency. No floats.

mod amount;
mod currency;
mod iso4217;

pub use amount::{Money, MoneyError};
pub use currency::Currency;
