//! Card data: types that cannot print themselves.

mod pan;
mod pin_block;
mod track2;

pub use pan::Pan;
pub use pin_block::PinBlock;
pub use track2::Track2;
