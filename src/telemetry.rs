//! What an operator sees: one structured line a payment, lines for what is unusual, and metrics. No card data: all of it
//! is made from Notes, which have none.

mod events;
mod logging;
mod metrics;
mod said;
mod stored;

pub use events::{Names, note, payment};
pub use logging::{Logging, start};
pub use metrics::Metrics;
pub use said::said;
