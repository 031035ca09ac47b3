//! banklink, in the order a message meets its modules.

pub mod clock;
pub mod record;
pub mod rules;
pub mod switch;
